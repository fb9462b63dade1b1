# SPDX-License-Identifier: GPL-3.0-or-later
"""oriel-host with real QEMU; its guests boot nothing, or a boot sector of a few bytes."""

import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import uuid

import pytest

from host_support import DEADLINE, ApiError, Host, read_pid_file, start_time, wait_for


@pytest.fixture(name="host", scope="module")
def host_fixture():
    """One host for the tests that leave it as it was."""
    with Host() as host:
        host.import_image("t")
        yield host


@pytest.fixture(name="api")
def api_fixture(host):
    api = host.watch()
    yield api
    for desktop in api.call("desktop.list")["items"]:
        api.call("desktop.delete", desktop=desktop["id"])
    api.close()


def refused(api, kind, call, /, **args):
    """The call is answered with this error; its message."""
    with pytest.raises(ApiError) as caught:
        api.call(call, **args)
    assert caught.value.type == kind, caught.value
    return caught.value.message


# The host and its API


def test_info_tells_the_accelerator_and_why(api):
    info = api.call("host.info")
    flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").split()
    if "vmx" not in flags and "svm" not in flags:
        assert info["accelerator"] == "tcg"
    assert info["accelerator_reason"].endswith(".")
    assert info["cpus"] == os.cpu_count()
    assert 0 < info["memory_free_mib"] < info["memory_mib"]


def test_unknown_calls_and_wrong_types_are_named(api):
    refused(api, "invalid", "no.such.call")
    create = {"desktop": str(uuid.uuid4()), "name": "x", "image": "t", "cpus": 1, "memory_mib": 64, "width": 800, "height": 600}
    for field, wrong in (("desktop", "../../x"), ("desktop", 5), ("name", ""), ("name", "a\nb"), ("image", {}),
                         ("cpus", "1"), ("cpus", -1), ("memory_mib", 1.5), ("width", 10 ** 18), ("height", None)):
        assert field in refused(api, "invalid", "desktop.create", **{**create, field: wrong})
    assert "force" in refused(api, "invalid", "desktop.stop", desktop=create["desktop"], force="yes")
    refused(api, "not-found", "desktop.get", desktop=create["desktop"])
    refused(api, "not-found", "desktop.create", **{**create, "image": "nothing"})
    assert "protocol" in refused(api, "invalid", "desktop.open", desktop=create["desktop"], protocol="rdp")


@pytest.mark.parametrize("junk", [b"{nope\n", b"[1,2]\n", b"\xff\xfe\n", b'{"id":"1","id":"2","call":"host.info"}\n',
                                  b"x" * 2_000_000])
def test_malformed_lines_are_answered_and_end_the_connection(host, junk):
    api = host.api()
    try:
        api.sock.sendall(junk)
    except ConnectionError:
        pass
    try:
        answer = api.read_line()
        assert answer is None or answer["error"]["type"] == "invalid"
        assert answer is None or api.read_line() is None
    except ConnectionResetError:
        pass
    other = host.api()
    assert other.call("host.info")["version"]
    other.close()
    api.close()


def test_a_client_that_does_not_read_hurts_nobody(host, api):
    lazy = host.watch()
    for _ in range(3000):
        try:
            lazy.sock.settimeout(1)
            lazy.send("image.list")
        except OSError:
            break
    assert api.call("host.info")["desktops"] == 0
    lazy.close()


def test_a_second_host_on_the_same_state_is_refused(host):
    second = subprocess.run(host.command(), capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert second.returncode == 1
    assert "Another oriel-host" in second.stderr


def test_root_is_refused_without_the_option(host):
    if os.geteuid() != 0:
        pytest.skip("this asks for root")
    command = [word for word in host.command() if word != "--allow-root"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1 and "does not run as root" in done.stderr


# Images


def test_an_image_is_imported_and_frozen(host, api):
    raw = host.folder / "data.raw"
    raw.write_bytes(os.urandom(4 * 1024 * 1024))
    kernel = host.folder / "k"
    kernel.write_bytes(b"kernel")
    first = api.call("image.import", name="frozen", path=str(raw), kernel=str(kernel), initrd=str(kernel), title="A disk")
    assert first["state"] == "importing"
    image = api.until_state("image", "frozen", "ready", "failed")
    assert image["state"] == "ready", image
    folder = host.state / "images" / "frozen"
    disk = folder / "disk.qcow2"
    assert image["sha256"] == hashlib.sha256(disk.read_bytes()).hexdigest()
    assert image["virtual_size_bytes"] == 4 * 1024 * 1024
    assert image["title"] == "A disk" and image["progress"] == 100
    for name in ("disk.qcow2", "kernel", "initrd"):
        assert (folder / name).stat().st_mode & 0o777 == 0o400
    compare = ["qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", raw, disk]
    assert subprocess.run(compare, check=False).returncode == 0
    refused(api, "exists", "image.import", name="frozen", path=str(raw))
    api.call("image.delete", name="frozen")
    assert not folder.exists()
    refused(api, "not-found", "image.get", name="frozen")


def corrupt_image(host):
    """A qcow2 whose tables point beyond its end: only qemu-img check sees it."""
    path = host.disk("corrupt.qcow2")
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 5 0 4M", path], check=True, stdout=subprocess.DEVNULL)
    with open(path, "r+b") as file:
        file.seek(40)
        table = int.from_bytes(file.read(8), "big")
        file.seek(table)
        file.write((0x8000_0000_0000_0000 | 0x7fff_0000).to_bytes(8, "big"))
    return path


def test_a_corrupt_image_fails_with_a_reason(host, api):
    path = corrupt_image(host)
    image = host.import_image("corrupt", path)
    assert image["state"] == "failed" and "corrupt" in image["reason"]
    assert [entry.name for entry in (host.state / "images" / "corrupt").iterdir()] == ["image.json"]
    assert "not ready" in refused(api, "refused", "desktop.create", desktop=str(uuid.uuid4()), name="x", image="corrupt",
                                  cpus=1, memory_mib=64, width=800, height=600)
    # A failed import may be tried again under its name.
    assert host.import_image("corrupt", host.disk("good.qcow2"))["state"] == "ready"
    api.call("image.delete", name="corrupt")


def test_images_that_lead_elsewhere_are_refused(host, api):
    base = host.disk("base.qcow2")
    overlay, split = host.folder / "overlay.qcow2", host.folder / "split.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", f"data_file={host.folder}/split.raw", split, "1M"],
                   check=True)
    for path, word in ((overlay, "backing file"), (split, "data in another file")):
        image = host.import_image("elsewhere", path)
        assert image["state"] == "failed" and word in image["reason"]
    refused(api, "not-found", "image.import", name="x", path="/no/such/file")
    refused(api, "invalid", "image.import", name="x", path="relative.qcow2")
    refused(api, "invalid", "image.import", name="x", path="/dev/zero")
    refused(api, "invalid", "image.import", name="../x", path=str(base))
    refused(api, "invalid", "image.import", name="x", path=str(base), kernel=str(base))
    api.call("image.delete", name="elsewhere")


def test_an_interrupted_import_is_cleaned_up():
    with Host() as host:
        # As slow as an import can be: it begins to convert and then waits.
        slow = host.folder / "qemu-img"
        slow.write_text('#!/bin/sh\nfor last; do :; done\ncase $1 in convert) echo half > "$last"; exec sleep 1000 ;; esac\n')
        slow.chmod(0o755)
        host.stop()
        host.configure(qemu_img_program=slow)
        host.start()
        api = host.watch()
        api.call("image.import", name="t", path=str(host.disk()))
        disk = host.state / "images" / "t" / "disk.qcow2"
        wait_for(disk.exists, DEADLINE, "converting begins")
        host.stop(signal.SIGKILL)
        host.start()
        image = host.api().call("image.get", name="t")
        assert image["state"] == "failed" and "interrupted" in image["reason"]
        assert not disk.exists()


def test_a_full_disk_is_told_as_such():
    mount = "mkdir -p $0 && mount -t tmpfs -o size=290m none $0 && exec \"$@\""
    host = Host()
    host.prefix = ["unshare", "-rm", "sh", "-c", mount, str(host.state)]
    with host:
        # Small as it is, and 160 MiB once it is converted: more than the room that is left beside it.
        raw, packed = host.folder / "large.raw", host.folder / "large.qcow2"
        raw.write_bytes(b"\x55" * (320 * 1024 * 1024))
        subprocess.run(["qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, packed], check=True)
        image = host.import_image("large", packed)
        assert image["state"] == "failed" and "no-space" in image["reason"]
        api = host.api()
        api.call("image.delete", name="large")
        raw.unlink()
        raw.write_bytes(os.urandom(64 * 1024 * 1024))
        assert "MiB" in refused(api, "no-space", "image.import", name="large", path=str(raw))


# Desktops


def test_a_desktop_lives_and_leaves_nothing(host, api):
    desktop = host.create(api)
    seen = []

    def ready(event):
        item = event.get("desktop", {})
        if item.get("id") == desktop:
            seen.append((item["state"], item["step"], item["progress"]))
        return item.get("state") in ("ready", "failed")
    item = api.until(ready)["desktop"]
    assert item["state"] == "ready", item
    steps = [step for _, step, _ in seen]
    assert [step for at, step in enumerate(steps) if step not in steps[:at]] == ["disk", "machine", "boot", "ready"]
    assert [progress for _, _, progress in seen] == sorted(progress for _, _, progress in seen)
    assert item["display"]["state"] == "running" and item["pid"] == host.pid(desktop, "qemu")
    refused(api, "refused", "image.delete", name="t")
    # Nothing that is secret, and everything that shuts QEMU in.
    arguments = pathlib.Path(f"/proc/{item['pid']}/cmdline").read_bytes().split(b"\0")
    assert b"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny" in arguments
    pids = [host.pid(desktop, what) for what in ("qemu", "bus", "net", "display")]
    assert all(pids)
    api.call("desktop.delete", desktop=desktop)
    assert api.until(lambda event: event["event"] == "desktop.deleted")["id"] == desktop
    assert not any(start_time(pid) for pid in pids)
    assert not (host.state / "desktops" / desktop).exists() and not (host.run / desktop).exists()
    assert api.call("desktop.list")["items"] == []
    assert api.call("desktop.delete", desktop=desktop) == {}


def test_a_repeated_create_is_executed_once(host, api):
    identifier = str(uuid.uuid4())
    for _ in range(3):
        host.create(api, desktop=identifier)
    assert len(api.call("desktop.list")["items"]) == 1
    assert api.until_state("desktop", identifier, "ready", "failed")["state"] == "ready"
    qemu = host.pid(identifier, "qemu")
    assert host.create(api, desktop=identifier.upper()) == identifier
    assert host.pid(identifier, "qemu") == qemu


def test_too_much_memory_is_refused_with_the_numbers(host, api):
    message = refused(api, "refused", "desktop.create", desktop=str(uuid.uuid4()), name="x", image="t", cpus=1,
                      memory_mib=4_000_000, width=800, height=600)
    assert "4000192 MiB" in message


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_desktops_outlive_the_host(number):
    with Host() as host:
        host.import_image()
        desktop = host.ready_desktop(host.watch())
        before = {what: host.pid(desktop, what) for what in ("qemu", "bus", "net", "display")}
        status = host.stop(number)
        assert status == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        assert {what: host.pid(desktop, what) for what in before} == before
        began = time.monotonic()
        host.start()
        api = host.watch()
        item = api.call("desktop.get", desktop=desktop)
        assert time.monotonic() - began < 5
        assert item["state"] == "ready" and item["pid"] == before["qemu"]
        if item["display"]["state"] != "running":
            api.until(lambda event: event.get("desktop", {}).get("display", {}).get("state") == "running")
        assert {what: host.pid(desktop, what) for what in before} == before
        assert api.call("desktop.open", desktop=desktop, protocol="vnc") == {"fds": 1}
        # It is watched like before, though it is nobody's child now.
        os.kill(before["qemu"], signal.SIGKILL)
        assert "QEMU ended" in api.until_state("desktop", desktop, "failed")["reason"]
        api.call("desktop.delete", desktop=desktop)
        assert not (host.run / desktop).exists()


def test_half_a_start_is_completed():
    with Host() as host:
        host.import_image()
        for step in ("disk", "machine", "boot"):
            api = host.watch()
            desktop = host.create(api)
            api.until(lambda event, step=step: event.get("desktop", {}).get("step") == step)
            host.stop(signal.SIGKILL)
            host.start()
            api = host.watch()
            if api.call("desktop.get", desktop=desktop)["state"] != "ready":
                assert api.until_state("desktop", desktop, "ready", "failed")["state"] == "ready"
            api.call("desktop.delete", desktop=desktop)


def test_half_a_template_is_made_anew():
    """Killed while its machine boots; nothing on its disk tells when it is ready."""
    shape = {"cpus": 1, "memory_mib": 64, "width": 800, "height": 600}
    with Host() as host:
        host.import_image()

        def making(but=None):
            pids = {path.parent.name: read_pid_file(path) for path in host.run.glob("*/qemu.pid")}
            return next(((name, pid) for name, pid in pids.items() if pid and pid != but), None)
        host.watch().call("template.make", name="warm", image="t", **shape)
        first, pid = wait_for(making, DEADLINE, "the template's machine")
        host.stop(signal.SIGKILL)
        assert start_time(pid), "the machine does not hang on the host"
        host.start()
        second, _ = wait_for(lambda: making(but=pid), DEADLINE, "the next machine")
        assert second != first and not start_time(pid)
        assert [path.name for path in (host.state / "templates" / "warm").iterdir() if path.is_dir()] == [second]
        api = host.watch()
        api.call("template.delete", name="warm")
        wait_for(lambda: not list(host.run.iterdir()) and not (host.state / "templates" / "warm").exists(), DEADLINE, "its end")


def test_a_killed_qemu_is_told_and_can_be_started_again(host, api):
    desktop = host.ready_desktop(api)
    os.kill(host.pid(desktop, "qemu"), signal.SIGKILL)
    item = api.until_state("desktop", desktop, "failed")
    assert "QEMU was killed (signal 9)" in item["reason"]
    wait_for(lambda: not host.pid(desktop, "display"), DEADLINE, "the display's end")
    assert not host.pid(desktop, "bus")
    api.call("desktop.start", desktop=desktop)
    api.until_state("desktop", desktop, "starting")
    assert api.until_state("desktop", desktop, "ready", "failed")["state"] == "ready"


def test_a_missing_qemu_is_told():
    with Host(qemu_program="oriel-no-such-qemu") as other:
        other.import_image()
        api = other.watch()
        desktop = other.create(api)
        item = api.until_state("desktop", desktop, "failed", "ready")
        assert "oriel-no-such-qemu" in item["reason"] and "not installed" in item["reason"]
        assert not other.pid(desktop, "bus")


def test_a_qemu_that_refuses_is_quoted():
    with Host(accelerator="kvm", qemu_program="false") as host:
        host.import_image()
        api = host.watch()
        item = api.until_state("desktop", host.create(api), "failed", "ready")
        assert "QEMU exited with status 1" in item["reason"]


def test_a_guest_that_shuts_down_is_stopped(host, api):
    # mov dx,0x604; mov ax,0x2000; out dx,ax; hlt: the power management of a q35 as SeaBIOS sets it up.
    sector = bytes.fromhex("ba0406b80020ef f4ebfd".replace(" ", "")).ljust(510, b"\0") + b"\x55\xaa"
    disk = host.folder / "off.raw"
    disk.write_bytes(sector.ljust(1024 * 1024, b"\0"))
    assert host.import_image("off", disk)["state"] == "ready"
    desktop = host.create(api, image="off")
    item = api.until_state("desktop", desktop, "stopped", "failed", "ready")
    assert (item["state"], item["reason"]) == ("stopped", "The guest shut down.")
    api.call("desktop.delete", desktop=desktop)
    api.call("image.delete", name="off")


def test_a_desktop_with_a_volume_and_limits_comes_up(host, api):
    volume = str(uuid.uuid4())
    desktop = host.create(api, volumes=[{"volume": volume, "size_mib": 64}], limits={"disk_iops": 500, "disk_gib": 1, "cpu_percent": 50})
    item = api.until_state("desktop", desktop, "ready", "failed")
    assert item["state"] == "ready", item
    info = subprocess.run(["qemu-img", "info", "-U", host.state / "desktops" / desktop / "disk.qcow2"], check=True, capture_output=True, text=True)
    assert "1 GiB" in info.stdout
    api.call("desktop.delete", desktop=desktop)
    api.call("volume.delete", volume=volume)


def test_a_desktop_without_an_agent_is_suspended_and_resumed(host, api):
    desktop = host.ready_desktop(api)
    api.now("desktop.suspend", desktop=desktop)
    assert api.until_state("desktop", desktop, "suspended", "ready", "failed")["state"] == "suspended"
    wait_for(lambda: not any(host.pid(desktop, what) for what in ("qemu", "bus", "net")), DEADLINE, "the end of its processes")
    api.now("desktop.resume", desktop=desktop)
    item = api.until_state("desktop", desktop, "ready", "failed")
    assert (item["state"], item["origin"], item["notes"]) == ("ready", "resume", [])


def test_stop_by_force_and_by_the_power_button():
    with Host(stop_timeout=1) as host:
        host.import_image()
        api = host.watch()
        desktop = host.ready_desktop(api)
        for force in (True, False):  # nothing listens to the button, so its time runs out
            assert api.call("desktop.stop", desktop=desktop, force=force)["state"] == "stopping"
            refused(api, "refused", "desktop.start", desktop=desktop)
            item = api.until_state("desktop", desktop, "stopped", "failed")
            assert (item["state"], item["reason"], item["pid"]) == ("stopped", "The desktop was stopped.", 0)
            assert api.call("desktop.stop", desktop=desktop)["state"] == "stopped"
            api.call("desktop.start", desktop=desktop)
            api.until_state("desktop", desktop, "ready")


# Machines that are there and do not answer


def told_to_answer(api, desktop, answers):
    """The desktop, once it is told whether its machine answers."""
    return wait_for(lambda: (item := api.now("desktop.get", desktop=desktop))["answers"] == answers and item, DEADLINE, f"answers: {answers}")


def test_a_machine_that_does_not_answer_is_told_until_it_does():
    with Host(answer_timeout=1) as host:
        host.import_image()
        api = host.watch()
        desktop = host.ready_desktop(api)
        qemu = host.pid(desktop, "qemu")
        os.kill(qemu, signal.SIGSTOP)
        item = told_to_answer(api, desktop, False)
        assert item["state"] == "ready" and item["pid"] == qemu
        assert "has not answered since 20" in item["paused"] and item["reason"] == item["paused"] == item["notes"][-1]["text"]
        assert refused(api, "refused", "desktop.suspend", desktop=desktop) == item["paused"]
        os.kill(qemu, signal.SIGCONT)
        item = told_to_answer(api, desktop, True)
        assert (item["state"], item["paused"], item["reason"], item["pid"]) == ("ready", None, None, qemu)
        assert "answers again" in host.log
        # By force it ends, and starts anew.
        os.kill(qemu, signal.SIGSTOP)
        told_to_answer(api, desktop, False)
        api.now("desktop.stop", desktop=desktop, force=True)
        item = api.until_state("desktop", desktop, "stopped", "failed")
        assert (item["state"], item["reason"], item["paused"]) == ("stopped", "The desktop was stopped.", None)
        assert not start_time(qemu)
        api.now("desktop.start", desktop=desktop)
        assert api.until(lambda event: event.get("desktop", {}).get("step") == "boot")["desktop"]["answers"]


def test_a_host_that_finds_a_machine_that_does_not_answer():
    """It holds up nothing else, is told, and taken up when it answers; and it can be deleted."""
    with Host(answer_timeout=1) as host:
        host.import_image()
        api = host.watch()
        desktop, other = host.create(api), host.create(api)
        wait_for(lambda: {item["state"] for item in api.now("desktop.list")["items"]} == {"ready"}, DEADLINE, "both are ready")
        qemu = host.pid(desktop, "qemu")
        os.kill(qemu, signal.SIGSTOP)
        for _ in range(3):  # each leaves a connection behind that QEMU has not seen yet
            host.stop(signal.SIGKILL)
            host.start()
        api = host.watch()
        assert api.now("desktop.suspend", desktop=other)["state"] == "suspending"
        assert api.until_state("desktop", other, "suspended", "ready", "failed")["state"] == "suspended"
        item = told_to_answer(api, desktop, False)
        assert item["state"] == "ready" and item["pid"] == qemu
        os.kill(qemu, signal.SIGCONT)
        assert told_to_answer(api, desktop, True)["pid"] == qemu
        os.kill(qemu, signal.SIGSTOP)
        host.stop(signal.SIGKILL)
        host.start()
        api = host.watch()
        told_to_answer(api, desktop, False)
        api.call("desktop.delete", desktop=desktop)
        assert not start_time(qemu) and not (host.run / desktop).exists()


# Networks


def test_a_killed_network_is_back_and_the_guest_stays(host, api):
    desktop = host.ready_desktop(api)
    qemu, net = host.pid(desktop, "qemu"), host.pid(desktop, "net")
    assert api.call("desktop.get", desktop=desktop)["network"] == {
        "state": "running", "pid": net, "restarts": 0, "sent_bytes": 0, "received_bytes": 0}
    arguments = pathlib.Path(f"/proc/{net}/cmdline").read_bytes().split(b"\0")
    assert b"--isolated" in arguments and arguments[arguments.index(b"--rate") + 1] == b"0"
    os.kill(net, signal.SIGKILL)
    wait_for(lambda: host.pid(desktop, "net") not in (None, net), DEADLINE, "the next oriel-net")
    item = api.call("desktop.get", desktop=desktop)
    assert (item["state"], item["network"]["state"], item["network"]["restarts"]) == ("ready", "running", 1)
    assert host.pid(desktop, "qemu") == qemu
    assert api.call("desktop.stats", desktop=desktop)["network"]["state"] == "running"


def test_a_network_ends_with_its_machine():
    """Also when nobody is there who would end it."""
    with Host(network="nat") as host:
        host.import_image()
        desktop = host.create(api := host.watch(), limits={"net_mbps": 25})
        assert api.until_state("desktop", desktop, "ready", "failed")["state"] == "ready"
        qemu, net = host.pid(desktop, "qemu"), host.pid(desktop, "net")
        arguments = pathlib.Path(f"/proc/{net}/cmdline").read_bytes().split(b"\0")
        assert b"--isolated" not in arguments and arguments[arguments.index(b"--rate") + 1] == b"25"
        assert "net_mbps" in api.call("host.info")["limits"]
        host.stop(signal.SIGKILL)
        assert host.pid(desktop, "net") == net
        os.kill(qemu, signal.SIGKILL)
        wait_for(lambda: not start_time(net), DEADLINE, "the end of oriel-net")
        host.start()
        api = host.watch()
        api.call("desktop.delete", desktop=desktop)
        assert not (host.run / desktop).exists()


def test_a_missing_network_is_told_and_the_desktop_stands():
    with Host(net_program="oriel-no-such-net") as host:
        host.import_image()
        api = host.watch()
        desktop = host.ready_desktop(api)
        assert api.call("desktop.get", desktop=desktop)["network"]["state"] == "failed"
        assert "oriel-no-such-net" in host.log


# Displays


def test_a_stream_is_handed_over(host, api):
    desktop = host.ready_desktop(api)
    assert api.call("desktop.open", desktop=desktop, protocol="vnc") == {"fds": 1}
    with socket.socket(fileno=api.fds.pop()) as stream:
        stream.settimeout(DEADLINE)
        assert stream.recv(12) == b"RFB 003.008\n"
    assert api.call("desktop.open", desktop=desktop, protocol="spice") == {"fds": 1}
    os.close(api.fds.pop())
    assert api.call("desktop.stats", desktop=desktop)["width"] == 1280


def test_a_killed_display_is_back_and_the_guest_stays(host, api):
    desktop = host.ready_desktop(api)
    qemu, display = host.pid(desktop, "qemu"), host.pid(desktop, "display")
    os.kill(display, signal.SIGKILL)
    wait_for(lambda: not start_time(display), DEADLINE, "the display's end")
    began = time.monotonic()
    # Asked while it is away: the answer waits for it.
    assert api.call("desktop.open", desktop=desktop, protocol="vnc") == {"fds": 1}
    assert time.monotonic() - began < 3
    os.close(api.fds.pop())
    item = api.call("desktop.get", desktop=desktop)
    assert item["state"] == "ready" and item["display"]["restarts"] == 1
    assert host.pid(desktop, "qemu") == qemu and host.pid(desktop, "display") != display


def test_a_missing_display_is_told():
    with Host(display_program="oriel-no-such-display") as host:
        host.import_image()
        api = host.watch()
        item = api.until_state("desktop", host.create(api), "failed", "ready")
        assert "oriel-no-such-display" in item["reason"]


def test_a_desktop_that_never_stands_fails_in_time():
    with Host(agent_wait=1000, start_timeout=2) as host:
        host.import_image()
        api = host.watch()
        desktop = host.create(api)
        item = api.until_state("desktop", desktop, "failed", "ready")
        assert "not ready after 2 seconds" in item["reason"]
        assert not host.pid(desktop, "qemu")

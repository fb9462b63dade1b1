# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates, clones and suspended desktops of oriel-host, with machines that are simulated: they do as a script says."""

import os
import pathlib
import re
import signal
import subprocess
import uuid

import pytest

from host_support import DEADLINE, ApiError, Host, paths, read_pid_file, wait_for

SHAPE = {"cpus": 1, "memory_mib": 64, "width": 800, "height": 600}
SOURCE = pathlib.Path(__file__).resolve().parents[2] / "host/agent/fault-point.c"
FAULT_POINTS = re.findall(r'^    "([a-z-]+)",', SOURCE.read_text(encoding="utf-8"), re.MULTILINE)


class SimulatedHost(Host):
    """A host without guests: one image, "t", and a script that lets everything work."""

    def __init__(self):
        super().__init__()
        self.configure(provider="simulated", simulated_script=self.simulate())

    def start(self):
        super().start()
        if not (self.state / "images" / "t").exists():
            assert self.import_image("t")["state"] == "ready"

    def make_template(self, api, name="warm"):
        """The template, when it is ready or failed."""
        api.call("template.make", name=name, image="t", **SHAPE)
        return self.template(api, name)

    def template(self, api, name="warm"):
        item = api.now("template.get", name=name)
        return item if item["state"] in ("ready", "failed") else api.until_state("template", name, "ready", "failed")

    def clone(self, api, desktop=None, template="warm", **more):
        """The desktop, when it is ready or failed."""
        desktop = desktop or str(uuid.uuid4())
        api.call("desktop.create", desktop=desktop, name="Anna", template=template, **more)
        return self.settled(api, desktop)

    def settled(self, api, desktop):
        item = api.now("desktop.get", desktop=desktop)
        states = ("ready", "failed", "stopped", "suspended")
        return item if item["state"] in states else api.until_state("desktop", desktop, *states)

    def expect_empty(self):
        """Nothing is left but the image."""
        for folder in (self.state / "desktops", self.state / "templates", self.run):
            assert not list(folder.iterdir()), folder
        left = [path for path in self.folder.glob("**/*.pid") if path.name != "host.pid" and read_pid_file(path)]
        assert not left

    def processes(self):
        """How many machines and displays run on this host's folders."""
        marks = (str(self.run).encode(), )
        count = 0
        for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = line.read_bytes()
            except OSError:
                continue
            count += any(mark in text for mark in marks) and b"fake_display" in text
        return count


@pytest.fixture(name="host")
def host_fixture():
    with SimulatedHost() as host:
        yield host


@pytest.fixture(name="api")
def api_fixture(host):
    api = host.watch()
    yield api
    api.close()


def texts(item):
    return [note["text"] for note in item["notes"]]


def refused(api, kind, call, /, **args):
    with pytest.raises(ApiError) as caught:
        api.call(call, **args)
    assert caught.value.type == kind, caught.value
    return caught.value.message


def test_a_template_and_its_clone(host, api):
    template = host.make_template(api)
    assert template["state"] == "ready" and template["progress"] == 100
    assert template["made_with"] == {"provider": "simulated", "version": "1", "cpu": "none", "accelerator": "tcg"}
    frozen = {path.name: path.stat().st_mode & 0o777 for path in host.state.glob("templates/warm/*/*")}
    assert frozen["state"] == frozen["disk.qcow2"] == 0o400
    item = host.clone(api)
    assert (item["state"], item["origin"], item["template"], item["image"]) == ("ready", "clone", "warm", "t")
    assert item["cpus"] == 1 and item["memory_mib"] == 64 and item["notes"] == []
    assert {"restored", "ready"} <= set(item["timings"])
    assert api.call("template.get", name="warm")["desktops"] == 1
    assert "desktops" in refused(api, "refused", "image.delete", name="t")
    assert "desktops" in refused(api, "refused", "template.delete", name="warm")
    api.call("desktop.delete", desktop=item["id"])
    assert "template" in refused(api, "refused", "image.delete", name="t")
    assert api.call("template.delete", name="warm") == {}
    assert api.call("template.delete", name="warm") == {}
    host.expect_empty()


def test_a_repeated_making_is_executed_once(host, api):
    first = host.make_template(api)
    assert api.call("template.make", name="warm", image="t", **SHAPE) == first
    refused(api, "exists", "template.make", name="warm", image="t", **{**SHAPE, "cpus": 2})
    refused(api, "invalid", "template.make", name="../warm", image="t", **SHAPE)
    refused(api, "not-found", "template.make", name="other", image="none", **SHAPE)
    refused(api, "not-found", "desktop.create", desktop=str(uuid.uuid4()), name="x", template="none")
    assert [item["name"] for item in api.call("template.list")["items"]] == ["warm"]


def test_a_failed_making_is_told_and_can_be_repeated(host, api):
    host.simulate({"on": "boot", "fail": "No such luck."})
    template = host.make_template(api)
    assert template["state"] == "failed" and "No such luck." in template["reason"]
    assert not list(host.state.glob("templates/warm/*-*"))
    host.simulate({"on": "suspend", "fail": "The disk is full."})
    assert "The disk is full." in host.make_template(api)["reason"]
    host.simulate()
    assert host.make_template(api)["state"] == "ready"


def test_a_making_can_be_ended(host, api):
    host.simulate({"on": "boot", "delay_ms": 3600000})
    api.call("template.make", name="warm", image="t", **SHAPE)
    api.until(lambda event: event.get("template", {}).get("step_text", "").startswith("The system"))
    api.call("template.delete", name="warm")
    api.until(lambda event: event["event"] == "template.deleted")
    host.expect_empty()


def test_a_making_can_be_cancelled_and_begun_again(host, api):
    host.simulate({"on": "boot", "delay_ms": 3600000})
    api.call("template.make", name="warm", image="t", **SHAPE)
    api.call("template.make", name="second", image="t", **SHAPE)
    api.until(lambda event: event.get("template", {}).get("step_text", "").startswith("The system"))
    assert api.call("template.cancel", name="second")["state"] == "failed"
    assert api.call("template.cancel", name="warm")["state"] == "making"
    item = api.until_state("template", "warm", "failed")
    assert item["reason"] == "The making was cancelled." and item["progress"] == 0
    assert not list(host.state.glob("templates/*/*-*"))
    assert api.call("template.cancel", name="warm")["state"] == "failed"
    host.stop()
    host.start()
    api = host.watch()
    assert [item["state"] for item in api.call("template.list")["items"]] == ["failed", "failed"]
    host.simulate()
    assert host.make_template(api)["state"] == "ready"
    assert api.call("template.cancel", name="warm")["state"] == "ready"
    assert refused(api, "not-found", "template.cancel", name="none")


@pytest.mark.parametrize("operation", ["clone", "identity"])
def test_what_cannot_be_cloned_boots_cold(host, api, operation):
    host.make_template(api)
    host.simulate({"on": operation, "fail": "The guest does not answer."})
    item = host.clone(api)
    assert (item["state"], item["origin"]) == ("ready", "cold")
    assert len(texts(item)) == 1 and texts(item)[0].endswith("The guest does not answer.")
    # Its template is made anew, and serves the next.
    host.simulate()
    assert host.template(api)["state"] == "ready"
    assert host.clone(api)["origin"] == "clone"


def test_a_clone_that_dies_while_it_wakes_boots_cold(host, api):
    host.make_template(api)
    host.simulate({"on": "clone", "delay_ms": 3600000})
    desktop = str(uuid.uuid4())
    api.call("desktop.create", desktop=desktop, name="Anna", template="warm")
    machine = wait_for(lambda: host.pid(desktop, "machine"), DEADLINE, "the machine")
    os.kill(machine, signal.SIGKILL)
    item = host.settled(api, desktop)
    assert (item["state"], item["origin"]) == ("ready", "cold")
    assert texts(item) == ["It could not be cloned, so it boots from its image. The machine died."]


# The host's namespace has a tiny file system of its own at the folder.
FULL = 'mkdir -p "$0" && mount -t tmpfs -o "size=$1" none "$0" && shift && exec "$@" --allow-root'


def test_a_full_disk_is_told_and_its_template_is_not_blamed():
    with SimulatedHost() as host:
        host.make_template(host.watch())
        host.stop()
        host.configure(provider="simulated", simulated_script=host.simulate(), disk_reserve=0)
        # Room for a record and its next version, and not for a disk.
        host.prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", FULL, str(host.state / "desktops"), "12k"]
        host.start()
        api = host.watch()
        item = host.clone(api)
        assert item["state"] == "failed" and "No space left" in item["reason"], item
        template = api.call("template.get", name="warm")
        assert (template["state"], template["reason"]) == ("ready", None)
        api.call("desktop.delete", desktop=item["id"])
        host.stop()
        host.prefix[-1] = "4k,nr_inodes=2"  # for two folders
        host.start()
        assert "No space left" in refused(host.watch(), "no-space", "desktop.create", desktop=item["id"], name="Anna", template="warm")


def small_disk(host, size):
    """From its next start on, the host's desktops lie on a file system of that size; the folder's path from outside."""
    host.prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", FULL, str(host.state / "desktops"), size]
    host.start()
    return pathlib.Path(f"/proc/{host.process.pid}/root{host.state}/desktops")


def test_a_disk_that_fills_pauses_desktops_and_refuses_new_ones():
    writing = {"on": "write", "delay_ms": 10}
    with SimulatedHost() as host:
        host.make_template(host.watch())
        host.stop()
        host.configure(provider="simulated", simulated_script=host.simulate(writing), disk_reserve=48)
        desktops = small_disk(host, "96m")
        api = host.watch()
        desktop = host.clone(api)["id"]
        assert api.call("desktop.get", desktop=desktop)["paused"] is None
        (desktops / "filler").write_bytes(bytes(90 << 20))
        host.simulate({**writing, "fail": "No space left on device"})
        item = api.until(lambda event: event.get("desktop", {}).get("paused"))["desktop"]
        assert item["state"] == "ready" and "disk is full" in item["paused"] and "full" in item["step_text"]
        assert texts(item) == [item["paused"]]
        assert "full" in refused(api, "refused", "desktop.suspend", desktop=desktop)
        message = refused(api, "no-space", "desktop.create", desktop=str(uuid.uuid4()), name="Anna", template="warm")
        assert "nearly full" in message and "48 MiB" in message
        info = api.call("host.info")
        assert info["desktops_fit"] == 0 and info["disk_free_mib"] <= info["disk_reserve_mib"] == 48
        # Not a byte can be written: the next host knows it all the same.
        (desktops / "more").write_bytes(bytes(info["disk_free_mib"] << 20))
        with open(desktops / "rest", "wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(bytes(4096))
        machine = host.pid(desktop, "machine")
        host.prefix = ["nsenter", "--target", str(machine), "--user", "--mount", "--preserve-credentials"]
        host.stop(signal.SIGKILL)
        host.start()
        desktops = pathlib.Path(f"/proc/{host.process.pid}/root{host.state}/desktops")
        api = host.watch()
        item = api.now("desktop.get", desktop=desktop)
        item = item if item["paused"] else api.until(lambda event: event.get("desktop", {}).get("paused"))["desktop"]
        assert item["state"] == "ready" and host.pid(desktop, "machine") == machine
        host.simulate(writing)
        for name in ("filler", "more", "rest"):
            (desktops / name).unlink()
        item = api.until(lambda event: event.get("desktop", {}).get("paused", "") is None)["desktop"]
        assert item["state"] == "ready" and len(item["notes"]) == 1
        assert host.clone(api)["state"] == "ready"


def test_what_ends_while_it_is_paused_is_paused_no_more(host, api):
    desktop = host.clone(api, template=host.make_template(api)["name"])["id"]
    host.simulate({"on": "write", "delay_ms": 10, "fail": "No space left on device"})
    host.stop(signal.SIGKILL)  # the next host is told, too
    host.start()
    api = host.watch()
    item = api.now("desktop.get", desktop=desktop)
    assert item["paused"] or api.until(lambda event: event.get("desktop", {}).get("paused"))
    host.simulate()
    api.call("desktop.stop", desktop=desktop, force=True)
    item = api.until_state("desktop", desktop, "stopped")
    assert item["paused"] is None
    api.call("desktop.delete", desktop=desktop)


def test_a_machine_that_does_not_answer_is_told_until_it_does(host, api):
    desktop = host.clone(api, template=host.make_template(api)["name"])["id"]
    host.configure(provider="simulated", simulated_script=host.simulate({"on": "answer", "fail": "It hangs."}), answer_timeout=1)
    for _ in range(2):  # the next host is told, too
        host.stop(signal.SIGKILL)
        host.start()
        api = host.watch()
        assert api.now("desktop.get", desktop=desktop)["answers"] is True  # nobody has waited for it yet
        item = api.until(lambda event: not event.get("desktop", {}).get("answers", True))["desktop"]
        assert item["state"] == "ready" and "not answer" in item["step_text"]
        assert "has not answered since 20" in item["paused"] and item["reason"] == item["paused"]
        assert texts(item) == [item["paused"]]
        assert refused(api, "refused", "desktop.suspend", desktop=desktop) == item["paused"]
    host.simulate()
    item = api.until(lambda event: event.get("desktop", {}).get("answers"))["desktop"]
    assert (item["state"], item["paused"], item["reason"], len(item["notes"])) == ("ready", None, None, 1)
    # What ends does not have to answer.
    host.simulate({"on": "answer", "fail": "It hangs."})
    api.until(lambda event: not event.get("desktop", {}).get("answers", True))
    api.call("desktop.stop", desktop=desktop, force=True)
    assert api.until_state("desktop", desktop, "stopped")["paused"] is None


def test_until_the_template_is_ready_desktops_boot_cold(host, api):
    host.simulate({"on": "boot", "machine": "warm", "delay_ms": 3600000})
    api.call("template.make", name="warm", image="t", **SHAPE)
    item = host.clone(api)
    assert (item["state"], item["origin"]) == ("ready", "cold")
    assert "not ready" in texts(item)[0]


def test_other_sizes_than_the_templates_boot_cold(host, api):
    host.make_template(api)
    item = host.clone(api, memory_mib=128)
    assert (item["state"], item["origin"], item["memory_mib"]) == ("ready", "cold", 128)
    assert "memory" in texts(item)[0]


def test_a_home_and_limits_are_a_clones_as_well(host, api):
    host.make_template(api)
    volumes = [{"volume": str(uuid.uuid4()), "size_mib": 64}]
    item = host.clone(api, volumes=volumes, limits={"disk_gib": 9, "disk_iops": 500})
    assert (item["state"], item["origin"], item["notes"]) == ("ready", "clone", [])


def test_nobody_sees_a_clone_before_it_is_itself(host, api):
    host.make_template(api)
    host.simulate({"on": "identity", "delay_ms": 3600000})
    desktop = str(uuid.uuid4())
    api.call("desktop.create", desktop=desktop, name="Anna", template="warm")
    api.until(lambda event: event.get("desktop", {}).get("step") == "boot")
    refused(api, "unavailable", "desktop.open", desktop=desktop, protocol="vnc")
    api.call("desktop.delete", desktop=desktop)


def test_a_damaged_template_is_not_used_and_made_anew(host, api):
    first = host.make_template(api)
    memory = next(host.state.glob("templates/warm/*/memory"))
    memory.write_text("something else", encoding="ascii")
    item = host.clone(api)
    assert (item["state"], item["origin"]) == ("ready", "cold")
    assert "“memory” was changed" in texts(item)[0]
    assert host.template(api)["state"] == "ready"
    wait_for(lambda: not memory.exists(), DEADLINE, "the damaged one's end")
    assert host.clone(api)["origin"] == "clone"
    assert api.call("template.get", name="warm")["made_at"] >= first["made_at"]


def test_another_qemu_makes_the_template_anew_and_leaves_its_clones_alone(host, api):
    host.make_template(api)
    old = host.clone(api)
    generation = next(host.state.glob("templates/warm/*-*"))
    host.stop()
    host.simulate(version="2")
    host.start()
    api = host.watch()
    assert host.settled(api, old["id"])["state"] == "ready"
    template = host.template(api)
    assert (template["state"], template["made_with"]["version"]) == ("ready", "2")
    assert host.clone(api)["origin"] == "clone"
    assert generation.exists()
    api.call("desktop.delete", desktop=old["id"])
    assert not generation.exists()


def test_suspend_and_resume(host, api):
    host.make_template(api)
    desktop = host.clone(api)["id"]
    assert api.call("desktop.suspend", desktop=desktop)["state"] == "suspending"
    item = api.until_state("desktop", desktop, "suspended")
    assert item["pid"] == 0 and api.call("desktop.suspend", desktop=desktop)["state"] == "suspended"
    assert not host.pid(desktop, "machine")
    wait_for(lambda: not host.pid(desktop, "display"), DEADLINE, "the display's end")
    # It outlives the host, and can be asked for again.
    host.stop(signal.SIGKILL)
    host.start()
    api = host.watch()
    assert api.call("desktop.get", desktop=desktop)["state"] == "suspended"
    api.call("desktop.resume", desktop=desktop)
    item = host.settled(api, desktop)
    assert (item["state"], item["origin"], item["notes"]) == ("ready", "resume", [])
    assert not (host.state / "desktops" / desktop / "suspended").exists()


def test_what_cannot_be_suspended_runs_on(host, api):
    desktop = host.create(api)
    api.until_state("desktop", desktop, "ready")
    host.simulate({"on": "suspend", "fail": "The disk is full."})
    api.now("desktop.suspend", desktop=desktop)
    item = host.settled(api, desktop)
    assert item["state"] == "ready" and "The disk is full." in texts(item)[0]
    assert host.pid(desktop, "machine")


# data/quickstart --stop

def put_to_sleep(host):
    return subprocess.run(["/usr/bin/python3", paths.TOP / "data/lib/quickstart/sleep.py", host.socket], capture_output=True, text=True,
                          timeout=100, check=False)


def test_all_desktops_are_put_to_sleep(host, api):
    assert put_to_sleep(host).returncode == 0
    desktops = [host.create(api) for _ in range(3)]
    api.until_state("desktop", desktops[0], "ready")  # the others are ready soon
    done = put_to_sleep(host)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [api.call("desktop.get", desktop=desktop)["state"] for desktop in desktops] == ["suspended"] * 3
    assert put_to_sleep(host).returncode == 0


def test_what_cannot_sleep_gets_the_power_button(host, api):
    desktop = host.create(api)
    api.until_state("desktop", desktop, "ready")
    host.simulate({"on": "suspend", "fail": "The disk is full."})
    assert put_to_sleep(host).returncode == 0
    assert api.call("desktop.get", desktop=desktop)["state"] == "stopped"


def test_a_host_that_is_away_puts_nothing_to_sleep(host, tmp_path):
    host.socket = tmp_path / "none"
    done = put_to_sleep(host)
    assert done.returncode == 1 and done.stderr.startswith("The desktops cannot be put to sleep: ")


@pytest.mark.parametrize("script", [{"rules": [{"on": "resume", "fail": "It is damaged."}]}, {"rules": [], "version": "2"}])
def test_what_cannot_be_resumed_boots_cold(host, api, script):
    desktop = host.create(api)
    api.until_state("desktop", desktop, "ready")
    api.call("desktop.suspend", desktop=desktop)
    api.until_state("desktop", desktop, "suspended")
    host.simulate(*script["rules"], version=script.get("version", "1"))
    api.call("desktop.start", desktop=desktop)
    item = host.settled(api, desktop)
    assert (item["state"], item["origin"], len(item["notes"])) == ("ready", "cold", 1)
    assert not (host.state / "desktops" / desktop / "suspended").exists()


def test_a_suspended_desktop_can_be_stopped_and_deleted(host, api):
    desktop = host.create(api)
    api.until_state("desktop", desktop, "ready")
    api.call("desktop.suspend", desktop=desktop)
    api.until_state("desktop", desktop, "suspended")
    assert api.call("desktop.stop", desktop=desktop)["state"] == "stopped"
    assert not (host.state / "desktops" / desktop / "suspended").exists()
    api.call("desktop.delete", desktop=desktop)
    host.expect_empty()


def test_limits_are_checked_and_kept(host, api):
    desktop = str(uuid.uuid4())
    refused(api, "invalid", "desktop.create", desktop=desktop, name="x", image="t", **SHAPE, limits={"disk_iops": -1})
    refused(api, "invalid", "desktop.create", desktop=desktop, name="x", image="t", **SHAPE, limits=3)
    limits = {"disk_iops": 500, "cpu_percent": 50}
    item = api.call("desktop.create", desktop=desktop, name="x", image="t", **SHAPE, limits=limits)
    assert item["limits"] == limits


def test_a_volume_outlives_its_desktop(host, api):
    volume, one, other = (str(uuid.uuid4()) for _ in range(3))
    volumes = [{"volume": volume, "size_mib": 64}]
    item = api.call("desktop.create", desktop=one, name="x", image="t", **SHAPE, volumes=volumes)
    assert item["volumes"] == [volume]
    assert api.until(lambda event: event["event"] == "volume.changed")["volume"]["desktop"] == one
    api.call("desktop.create", desktop=one, name="x", image="t", **SHAPE, volumes=volumes)
    disk = host.state / "volumes" / volume / "disk.qcow2"
    disk.chmod(0o640)  # what a user has written, so to say
    assert volume in refused(api, "refused", "desktop.create", desktop=other, name="y", image="t", **SHAPE, volumes=volumes)
    assert one in refused(api, "refused", "volume.delete", volume=volume)
    api.call("desktop.delete", desktop=one)
    host.stop(signal.SIGKILL)
    host.start()
    api = host.watch()
    assert [(item["id"], item["size_mib"], item["desktop"]) for item in api.call("volume.list")["items"]] == [(volume, 64, None)]
    api.call("desktop.create", desktop=other, name="y", image="t", **SHAPE, volumes=volumes)
    assert api.call("volume.get", volume=volume)["desktop"] == other and disk.stat().st_mode & 0o777 == 0o640
    api.call("desktop.delete", desktop=other)
    assert api.call("volume.delete", volume=volume) == {} and api.call("volume.delete", volume=volume) == {}
    assert not disk.exists()
    bad = [{"volume": "../x", "size_mib": 64}], [{"volume": volume, "size_mib": 0}], [{"volume": volume}] * 5, "x"
    for volumes in bad:
        refused(api, "invalid", "desktop.create", desktop=other, name="y", image="t", **SHAPE, volumes=volumes)
    assert not list((host.state / "volumes").iterdir())


# Killed at each step


def do_everything(host, api, desktop):
    """Each operation once; what an earlier, broken try has left is taken as it is."""
    assert host.make_template(api)["state"] == "ready"
    item = host.clone(api, desktop=desktop)
    for _ in range(2):
        if item["state"] == "ready":
            api.now("desktop.suspend", desktop=desktop)
            item = host.settled(api, desktop)
        assert item["state"] == "suspended", item
        api.call("desktop.resume", desktop=desktop)
        item = host.settled(api, desktop)
        assert item["state"] == "ready", item
    api.call("desktop.delete", desktop=desktop)


@pytest.mark.parametrize("point", FAULT_POINTS)
def test_killed_at_each_step_nothing_is_lost_and_nothing_stays(point):
    with SimulatedHost() as host:
        host.stop()
        desktop = str(uuid.uuid4())
        host.environment["ORIEL_HOST_DIES_AT"] = point
        host.start()
        with pytest.raises((ConnectionError, TimeoutError, TypeError, AttributeError)):
            do_everything(host, host.watch(), desktop)
        assert host.process.wait(DEADLINE) == -signal.SIGKILL
        del host.environment["ORIEL_HOST_DIES_AT"]
        host.start()
        api = host.watch()
        # What runs is what is recorded, however it was found.
        for item in api.call("desktop.list")["items"]:
            host.settled(api, item["id"])
        if not point.startswith("delete"):
            do_everything(host, api, desktop)
        else:
            wait_for(lambda: not (host.state / "desktops" / desktop).exists(), DEADLINE, "the deletion's end")
        api.call("template.delete", name="warm")
        host.expect_empty()
        wait_for(lambda: host.processes() == 0, DEADLINE, "the end of all displays")

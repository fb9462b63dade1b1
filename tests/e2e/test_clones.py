# SPDX-License-Identifier: GPL-3.0-or-later
"""Clones of the demo desktop: each is a machine of its own, and nothing of one is seen in another."""

import signal
import uuid

import pytest

from harness import clones
from harness.processes import kill
from harness.wait import wait_for


@pytest.fixture(name="template", scope="module")
def template_fixture(stack):
    stack.import_image("draws", clones.DRAWING)
    # No boot is lost by that: it is found whole.
    clones.die_at(stack, "template-published", lambda api: clones.make_template(api, image="draws"))
    return clones.ready_template(stack, image="draws")


@pytest.fixture(name="api")
def api_fixture(stack, template):
    assert template["state"] == "ready"
    api = clones.watch(stack)
    yield api
    api.close()


def test_two_clones_have_nothing_in_common(stack, api):
    memory = next(stack.state_dir.glob("templates/warm/*/memory"))
    before = memory.stat()
    pair = [clones.clone(api) for _ in range(2)]
    guests = [stack.guest(item["id"]) for item in pair]
    (one, clock_one), (other, clock_other) = (clones.facts(guest) for guest in guests)
    assert all(one.values()) and all(other.values())
    same = [name for name in one if one[name] == other[name]]
    assert not same, f"the same in both: {same}"
    assert max(clock_one, clock_other) < 30, "the clock is the host's"
    # What one writes is not in the other, nor in a third that comes after it.
    guests[0].run_in_session("echo secret > /home/user/Documents/secret && sync")
    assert not guests[1].file_exists("/home/user/Documents/secret")
    for item in pair:
        api.call("desktop.delete", desktop=item["id"])
    third = clones.clone(api)
    assert not stack.guest(third["id"]).file_exists("/home/user/Documents/secret")
    # Its screen is the desktop's, and not an empty one.
    assert len(stack.guest(third["id"]).screenshot().getcolors(1 << 24)) > 100
    # What they freed is theirs alone: in their template's memory it would be holes.
    stack.guest(third["id"]).run("test ! -e /sys/bus/virtio/drivers/virtio_balloon || ! ls /sys/bus/virtio/drivers/virtio_balloon | grep virtio")
    api.call("desktop.delete", desktop=third["id"])
    after = memory.stat()
    assert (after.st_mtime_ns, after.st_blocks) == (before.st_mtime_ns, before.st_blocks), "a clone wrote into its template"


def test_a_suspended_desktop_goes_on_where_it_was(stack, api):
    item = clones.clone(api)
    guest = stack.guest(item["id"])
    guest.run("echo kept > /run/only-in-memory; sleep 100000 > /dev/null 2>&1 & echo $! > /run/sleeper")
    boot, uptime = guest.run("cat /proc/sys/kernel/random/boot_id"), guest.uptime()
    api.now("desktop.suspend", desktop=item["id"])
    assert clones.settled(api, item["id"])["state"] == "suspended"
    wait_for(lambda: guest.pid("qemu") is None and guest.pid("display") is None, 30, "the processes' end")
    stack.stop("host", signal.SIGKILL)
    stack.start_host()
    again = clones.watch(stack)
    again.now("desktop.resume", desktop=item["id"])
    found = clones.settled(again, item["id"])
    assert (found["state"], found["origin"], found["notes"]) == ("ready", "resume", [])
    assert guest.run("cat /run/only-in-memory").strip() == "kept"
    guest.run("kill -0 $(cat /run/sleeper)")
    assert guest.run("cat /proc/sys/kernel/random/boot_id") == boot and guest.uptime() >= uptime
    again.call("desktop.delete", desktop=item["id"])
    again.close()


def folder_of(guest, program):
    """The file system and inode that the newest of this name stands in."""
    return guest.run(f"stat -Lc '%d %i' /proc/$(pgrep -nx {program})/cwd").split()


def test_a_home_moves_from_one_clone_to_the_next(stack, api):
    volume = str(uuid.uuid4())
    missing = "cat: Documents/kept: No such file or directory"
    for visit, kept in enumerate((missing, "mine", "cut off")):
        item = clones.clone(api, volumes=[{"volume": volume, "size_mib": 256}], limits={"disk_iops": 2000, "disk_mibps": 200})
        guest = stack.guest(item["id"])
        assert "home" in item["timings"], "the session was begun anew"
        assert guest.run_in_session("cat Documents/kept", check=False).strip() == kept
        # The terminal's shell stands in it, and the disk is no wider than was asked for.
        home = guest.run("stat -c '%d %i' /home/user").split()
        assert folder_of(guest, "bash") == home and guest.run("stat -c %d /home").strip() != home[0]
        assert 200 < int(guest.run("df -m --output=size /home/user | tail -n 1")) < 256
        # Who has settings for the window manager has one that knows them.
        assert (folder_of(guest, "icewm") == home) == (visit > 0)
        if visit == 0:  # not written to the disk yet when the user logs off
            guest.run_in_session("mkdir .icewm && echo 'ShowWindowList=1' > .icewm/preferences && echo mine > Documents/kept")
        if visit == 1:  # the power fails: what has come to the disk is there, on a file system that was not unmounted
            guest.run_in_session("echo 'cut off' > Documents/kept && sync")
            kill(guest.pid("qemu"), signal.SIGKILL)
            api.until_state("desktop", item["id"], "failed")
        api.call("desktop.delete", desktop=item["id"])
    api.call("volume.delete", volume=volume)


def test_a_clone_has_the_disk_that_was_asked_for(stack, api):
    item = clones.clone(api, limits={"disk_gib": 9})
    guest = stack.guest(item["id"])
    assert guest.run("cat /sys/block/vda/size").strip() == str(9 << 21)
    wait_for(lambda: int(guest.run("df --block-size=1G --output=size / | tail -n 1")) >= 8, 60, "the file system has grown")
    api.call("desktop.delete", desktop=item["id"])


def test_an_unknown_template_is_told(api):
    with pytest.raises(Exception, match="no template"):
        api.call("desktop.create", desktop=str(uuid.uuid4()), name="x", template="none")

# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop that booted by itself gives back what its guest has freed; also after it slept."""

import uuid

import pytest

from harness import clones
from harness.stack import Stack
from harness.wait import wait_for

MIB = 400
# A file in memory, written and deleted.
USE = f"mount -t tmpfs -o size={MIB + 8}m none /mnt && head -c {MIB}M /dev/zero | tr '\\0' x > /mnt/much"
FREE = "umount /mnt"


@pytest.fixture(name="stack", scope="module")
def stack_fixture():
    with Stack() as stack:
        stack.start()
        stack.import_image()
        yield stack


def resident_mib(guest):
    with open(f"/proc/{guest.pid('qemu')}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Rss:")) / 1024


def use_and_free(guest):
    """MiB that the machine's process has when the guest uses them, and the least it comes to when they are freed."""
    guest.run(USE, seconds=clones.SECONDS)
    used = resident_mib(guest)
    guest.run(FREE)
    return used


def test_what_is_freed_comes_back(stack):
    desktop = str(uuid.uuid4())
    api = clones.watch(stack)
    api.call("desktop.create", desktop=desktop, name="Cold", image="demo", **clones.SHAPE)
    assert clones.settled(api, desktop)["state"] == "ready"
    guest = stack.guest(desktop)
    for origin in ("cold", "resume"):
        assert api.call("desktop.get", desktop=desktop)["origin"] == origin
        used = use_and_free(guest)
        wait_for(lambda used=used: resident_mib(guest) < used - MIB * 0.8, 120, "the freed memory comes back", 0.5)
        print(f"{origin}: {used:.0f} MiB in use, {resident_mib(guest):.0f} MiB when freed")
        api.now("desktop.suspend", desktop=desktop)
        assert clones.settled(api, desktop)["state"] == "suspended"
        api.now("desktop.resume", desktop=desktop)
        assert clones.settled(api, desktop)["state"] == "ready"
    api.call("desktop.delete", desktop=desktop)
    api.close()

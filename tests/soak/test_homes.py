# SPDX-License-Identifier: GPL-3.0-or-later
"""Homes that a real guest cannot take, when it boots."""

import subprocess
import uuid

import pytest

from harness import clones
from harness.stack import Stack


@pytest.fixture(name="stack")
def stack_fixture():
    with Stack() as stack:
        stack.start()
        stack.import_image()
        yield stack


def boot(api, volume):
    desktop = str(uuid.uuid4())
    api.call("desktop.create", desktop=desktop, name="Cold", image="demo", volumes=[{"volume": volume, "size_mib": 256}], **clones.SHAPE)
    return desktop


def test_what_holds_no_home_is_told_and_left_alone(stack):
    api, volume = clones.watch(stack), str(uuid.uuid4())
    api.call("desktop.delete", desktop=boot(api, volume))
    disk = stack.state_dir / "volumes" / volume / "disk.qcow2"
    subprocess.run(["qemu-io", "-c", "write -P 0x41 0 65536", str(disk)], check=True, timeout=60)

    desktop = boot(api, volume)
    item = clones.settled(api, desktop)
    assert (item["state"], item["reason"]) == ("failed", "The guest cannot let its user in: the volume holds something that is no home.")
    api.call("desktop.delete", desktop=desktop)
    subprocess.run(["qemu-io", "-c", "read -P 0x41 0 65536", str(disk)], check=True, timeout=60)
    api.close()

# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the host at each step of a clone's life, with real guests; and templates that are damaged."""

import os
import pathlib
import re
import uuid

import pytest

from harness import clones
from harness.processes import read_pid_file
from harness.stack import Stack
from harness.wait import wait_for

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "host/agent/fault-point.c"
FAULT_POINTS = re.findall(r'^    "([a-z-]+)",', SOURCE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(name="stack", scope="module")
def stack_fixture():
    with Stack() as stack:
        stack.start()
        stack.import_image()
        clones.ready_template(stack)
        yield stack


def live(api, desktop):
    """A clone's whole life; what an earlier, broken try has left is taken as it is."""
    api.call("desktop.create", desktop=desktop, name="Clone", template="warm")
    item = clones.settled(api, desktop)
    if item["state"] == "ready":
        api.now("desktop.suspend", desktop=desktop)
        item = clones.settled(api, desktop)
    assert item["state"] == "suspended", item
    api.now("desktop.resume", desktop=desktop)
    item = clones.settled(api, desktop)
    assert (item["state"], item["notes"]) == ("ready", []), item
    api.call("desktop.delete", desktop=desktop)


def expect_nothing(stack):
    assert not list((stack.state_dir / "desktops").iterdir()) and not list(stack.run_dir.iterdir())
    left = [path for path in stack.folder.glob("**/*.pid") if path.parent != stack.folder and read_pid_file(path)]
    assert not left


@pytest.mark.parametrize("point", [point for point in FAULT_POINTS if not point.startswith("template")])
def test_killed_at_each_step(stack, point):
    desktop = str(uuid.uuid4())
    clones.die_at(stack, point, lambda api: live(api, desktop))
    api = clones.watch(stack)
    if point.startswith("delete"):
        wait_for(lambda: not (stack.state_dir / "desktops" / desktop).exists(), 60, "the deletion's end")
    else:
        clones.settled(api, desktop)
        live(api, desktop)
    api.close()
    expect_nothing(stack)


@pytest.mark.parametrize("point", [point for point in FAULT_POINTS if point.startswith("template")])
def test_killed_while_a_template_is_made(stack, point):
    """Each but the last costs a boot of its guest, which takes a minute here."""
    clones.die_at(stack, point, lambda api: clones.make_template(api, "other"))
    api = clones.watch(stack)
    clones.make_template(api, "other")
    generations = [path for path in (stack.state_dir / "templates" / "other").iterdir() if path.is_dir()]
    assert len(generations) == 1, generations
    api.call("desktop.delete", desktop=clones.clone(api, template="other")["id"])
    api.call("template.delete", name="other")
    api.close()
    assert not generations[0].parent.exists()
    expect_nothing(stack)


def test_a_state_that_cannot_be_read(stack):
    """The same size and time, and other content: only QEMU finds out, and ends."""
    state = next(stack.state_dir.glob("templates/warm/*/state"))
    times = state.stat()
    state.chmod(0o600)
    with open(state, "r+b") as file:
        file.seek(times.st_size // 2)
        file.write(os.urandom(1 << 20))
    os.utime(state, ns=(times.st_atime_ns, times.st_mtime_ns))
    desktop = str(uuid.uuid4())
    api = clones.watch(stack)
    api.call("desktop.create", desktop=desktop, name="Clone", template="warm")
    item = clones.settled(api, desktop)
    assert (item["state"], item["origin"]) == ("ready", "cold"), item
    assert "QEMU" in item["notes"][0]["text"]
    api.call("desktop.delete", desktop=desktop)
    clones.ready_template(stack)
    api.call("desktop.delete", desktop=clones.clone(api)["id"])
    api.close()

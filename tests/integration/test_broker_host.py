# SPDX-License-Identifier: GPL-3.0-or-later
"""The real broker and the real host together, with machines that are simulated: what one says, the other understands."""

import json
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import paths  # noqa: E402  pylint: disable=wrong-import-position
from harness.stack import Stack  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(scope="module")
def stack():
    """A broker and a host of simulated machines, with the image “demo” and the pool of clones “lab”."""
    with Stack() as running:
        config = running.folder / "host.conf"
        fake_display = pathlib.Path(__file__).resolve().with_name("fake_display.py")
        config.write_text(config.read_text(encoding="utf-8").replace(paths.program("oriel-display"), str(fake_display))
                          + f"provider=simulated\nanswer-timeout=1\nsimulated-script={running.folder / 'script.json'}\n", encoding="utf-8")
        running.start()
        disk = running.folder / "disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
        running.admin.post("images", {"name": "demo", "path": str(disk)})
        wait_for(lambda: running.admin.get("images/demo")["state"] == "ready", 30, "the image is imported")
        running.admin.post("pools", {"name": "lab", "image": "demo", "cpus": 1, "memory_mib": 256, "entitled": ["everyone"],
                                     "policy": "floating", "limits": {"cpu_percent": 150}})
        wait_for(lambda: [item["state"] for item in running.admin.get("templates")["items"]] == ["ready"], 30, "the template is made")
        running.ann = running.rest(*running.make_user("ann"))
        yield running


def wait_for_state(stack, session, state):
    return wait_for(lambda: (now := stack.ann.get(f"sessions/{session['id']}"))["state"] == state and now, 30, f"it is {state}")


def spares_of(stack):
    return [item["id"] for item in stack.admin.get("desktops")["items"] if item["spare"] and item["state"] == "ready"]


def test_a_clone_sleeps_and_wakes(stack):
    session = wait_for_state(stack, stack.ann.post("sessions", {"pool": "lab"}), "ready")
    desktop = stack.admin.get(f"desktops/{session['desktop']}")
    assert desktop["origin"] == "clone" and desktop["limits"] == {"cpu_percent": 150}
    stack.admin.post(f"desktops/{session['desktop']}/suspend")
    wait_for_state(stack, session, "suspended")
    stack.stop("broker", signal.SIGKILL)
    stack.stop("host", signal.SIGKILL)
    stack.start_host()
    stack.start_broker()
    assert stack.ann.post("sessions", {"pool": "lab"})["id"] == session["id"]
    wait_for_state(stack, session, "ready")
    why = [step["text"] for step in stack.ann.get(f"sessions/{session['id']}/why")["items"]]
    assert any(text.startswith("Cloned from the template “auto.demo.1c-256m-") for text in why)
    assert any(text.startswith("Resumed from disk in ") for text in why)
    stack.ann.delete(f"sessions/{session['id']}")
    wait_for(lambda: stack.admin.get("desktops")["items"] == [], 20, "it is thrown away")


def script(stack, *rules):
    (stack.folder / "script.new").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    (stack.folder / "script.new").rename(stack.folder / "script.json")


def until_paused(stack, session, wanted):
    """The session, once it is paused or is not, and its last two whys."""
    now = stack.ann.get(f"sessions/{session['id']}?wait=30&state=ready&paused={int(not wanted)}")
    assert (now["state"], now["paused"]) == ("ready", wanted)
    return now, [step["text"] for step in stack.ann.get(f"sessions/{session['id']}/why")["items"]][-2:]


def test_a_desktop_that_stands_still_is_told_until_it_goes_on(stack):
    script(stack, {"on": "write", "delay_ms": 10})
    session = wait_for_state(stack, stack.ann.post("sessions", {"pool": "lab"}), "ready")
    assert (session["paused"], session["answers"], session["reason"]) == (False, True, None)
    script(stack, {"on": "write", "delay_ms": 10, "fail": "No space left on device"})
    now, _ = until_paused(stack, session, True)
    assert "disk is full" in now["reason"] and now["answers"] is True
    script(stack, {"on": "write", "delay_ms": 10})
    now, why = until_paused(stack, session, False)
    assert now["reason"] is None and "disk is full" in why[0] and why[1] == "The desktop goes on."

    # Its machine does not answer, and answers again.
    script(stack, {"on": "answer", "fail": "It hangs."})
    now, _ = until_paused(stack, session, True)
    assert "has not answered" in now["reason"] and now["answers"] is False
    found = next(item for item in stack.admin.get("desktops")["items"] if item["id"] == session["desktop"])
    assert found["answers"] is False and found["reason"] == found["paused"] == now["reason"]
    script(stack)
    now, why = until_paused(stack, session, False)
    assert (now["answers"], now["reason"]) == (True, None) and why == [found["reason"], "The desktop goes on."]

    # By force it ends, and starts anew.
    script(stack, {"on": "answer", "fail": "It hangs."})
    until_paused(stack, session, True)
    stack.admin.post(f"desktops/{session['desktop']}/stop", {"force": True})
    wait_for_state(stack, session, "failed")
    script(stack)
    stack.admin.post(f"desktops/{session['desktop']}/start")
    assert wait_for_state(stack, session, "ready")["answers"] is True
    stack.ann.delete(f"sessions/{session['id']}")
    wait_for(lambda: stack.admin.get("desktops")["items"] == [], 20, "it is thrown away")


def test_spares_outlive_both(stack):
    stack.admin.patch("pools/lab", {"spares": 2})
    waiting = wait_for(lambda: len(found := spares_of(stack)) == 2 and found, 30, "two spares wait")
    stack.stop("host", signal.SIGKILL)
    stack.stop("broker", signal.SIGKILL)
    stack.start_host()
    stack.start_broker()
    wait_for(lambda: sorted(spares_of(stack)) == sorted(waiting), 20, "the same spares wait")
    session = stack.ann.post("sessions", {"pool": "lab"})
    assert session["desktop"] in waiting and session["state"] == "ready"
    stack.admin.delete("pools/lab")
    wait_for(lambda: stack.admin.get("desktops")["items"] == [] and stack.admin.get("templates")["items"] == [], 30,
             "nothing is left of the pool")

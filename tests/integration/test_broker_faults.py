# SPDX-License-Identifier: GPL-3.0-or-later
"""What the broker makes of desktops and hosts that fail, and of its own end."""

import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from broker_support import make_stack, ready_session, refused, restart  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position


def test_a_desktop_that_cannot_be_made(stack):
    stack.host.create_error = {"type": "no-space", "message": "The disk is full."}
    session = stack.ann.post("sessions", {"pool": "demo"})
    failed = wait_for(lambda: (now := stack.ann.get(f"sessions/{session['id']}"))["state"] == "failed" and now,
                      10, "the session fails")
    assert failed["reason"] == "The disk is full."
    assert "The disk is full." in stack.ann.get(f"sessions/{session['id']}/why")["items"][-1]["text"]
    stack.host.create_error = None
    again = stack.ann.post("sessions", {"pool": "demo"})
    assert again["id"] != session["id"] and again["state"] == "starting"


def fail_desktop(stack, session):
    stack.host.change(session["desktop"], state="failed", reason="QEMU ended.")
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["reason"] == "QEMU ended.", 10, "it fails")


def test_a_failed_desktop_that_is_thrown_away_gives_way_to_a_new_one(stack):
    stack.admin.patch("pools/demo", {"on_logoff": "delete"})
    session = ready_session(stack)
    fail_desktop(stack, session)
    again = stack.ann.post("sessions", {"pool": "demo"})
    assert again["desktop"] != session["desktop"]
    wait_for(lambda: list(stack.host.desktops) == [again["desktop"]], 10, "the failed one is deleted")


def test_a_failed_desktop_that_is_kept_is_started_again(stack):
    """Its disk holds what its user did: a machine that failed is no reason to throw that away."""
    session = ready_session(stack)
    fail_desktop(stack, session)
    again = stack.ann.post("sessions", {"pool": "demo"})
    assert (again["desktop"], again["state"]) == (session["desktop"], "starting")
    wait_for(lambda: len(stack.host.called("desktop.start")) == 1, 10, "it is started")
    stack.host.change(session["desktop"], state="starting", step="boot", reason=None)
    stack.host.change(session["desktop"], state="ready", step="ready", progress=100)
    wait_for(lambda: stack.ann.get(f"sessions/{again['id']}")["state"] == "ready", 10, "it is ready again")
    # When that fails too, the session says so, and nothing is deleted.
    fail_desktop(stack, again)
    assert stack.host.called("desktop.delete") == []


def test_a_stopped_desktop_is_started_again(stack):
    session = ready_session(stack)
    stack.host.change(session["desktop"], state="stopped")
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["state"] == "failed", 10, "the session ends")
    again = stack.ann.post("sessions", {"pool": "demo"})
    assert again["desktop"] == session["desktop"]
    wait_for(lambda: stack.host.called("desktop.start"), 10, "it is started")
    # One that stops itself again at once is broken, and not started for ever.
    stack.host.change(session["desktop"], state="stopped")
    wait_for(lambda: stack.ann.get(f"sessions/{again['id']}")["state"] == "failed", 10, "the session fails")
    assert len(stack.host.called("desktop.start")) == 1


def test_no_host(stack):
    stack.host.stop()
    wait_for(lambda: stack.admin.get("hosts")["items"][0]["state"] == "down", 10, "the host is seen to be away")
    assert stack.admin.get("hosts/local")["reason"]
    refused(503, "host-unavailable", stack.ann.post, "sessions", {"pool": "demo"})
    assert stack.admin.call("GET", "/healthz").status == 200
    assert stack.admin.call("GET", "/readyz").status == 503
    stack.host.start()
    wait_for(lambda: stack.admin.call("GET", "/readyz").status == 200, 10, "the host is found again")


def test_image_is_missing(stack):
    """A name that no host knows is no image; one that is away may know it."""
    error = refused(400, "invalid", stack.admin.patch, "pools/demo", {"image": "other"})
    assert "image" in error.problem["detail"]
    stack.host.stop()
    wait_for(lambda: stack.admin.get("hosts")["items"][0]["state"] == "down", 10, "the host is seen to be away")
    stack.admin.patch("pools/demo", {"image": "other"})
    stack.host.start()
    wait_for(lambda: stack.admin.call("GET", "/readyz").status == 200, 10, "the host is found again")
    error = refused(409, "conflict", stack.ann.post, "sessions", {"pool": "demo"})
    assert "other" in error.problem["detail"]


# Crashes

def test_a_killed_broker_forgets_nothing(stack):
    session = ready_session(stack)
    restart(stack)
    assert stack.ann.get("me")["name"] == "ann"
    assert stack.ann.get(f"sessions/{session['id']}")["state"] == "ready"
    assert stack.ann.post("sessions", {"pool": "demo"})["id"] == session["id"]
    assert len(stack.host.called("desktop.create")) == 1


def test_a_creation_that_got_lost_is_sent_again(stack):
    stack.host.lose_creates = True
    session = stack.ann.post("sessions", {"pool": "demo"})
    wait_for(lambda: stack.host.called("desktop.create"), 10, "the command is sent")
    stack.stop("broker", signal.SIGKILL)
    stack.host.lose_creates = False
    stack.start_broker()
    wait_for(lambda: list(stack.host.desktops) == [session["desktop"]], 10, "the same desktop is made")
    assert stack.ann.get(f"sessions/{session['id']}")["state"] == "starting"


def test_a_deletion_while_the_host_is_away_is_done_later(stack):
    session = ready_session(stack)
    stack.host.stop()
    wait_for(lambda: stack.admin.get("hosts/local")["state"] == "down", 10, "the host is away")
    stack.admin.delete(f"desktops/{session['desktop']}")
    restart_without_host = stack.stop("broker", signal.SIGKILL)
    assert restart_without_host == -signal.SIGKILL
    stack.host.start()
    stack.start_broker()
    wait_for(lambda: not stack.host.desktops, 10, "the desktop is deleted")
    assert stack.admin.get("desktops")["items"] == []


def test_a_lost_desktop_fails_its_session(stack):
    session = ready_session(stack)
    stack.host.drop(session["desktop"])
    lost = wait_for(lambda: (now := stack.ann.get(f"sessions/{session['id']}"))["state"] == "failed" and now,
                    10, "the session fails")
    assert "no longer has" in lost["reason"]
    # The same when it went while nobody looked.
    second = ready_session(stack)
    stack.host.stop()
    del stack.host.desktops[second["desktop"]]
    stack.host.start()
    wait_for(lambda: stack.ann.get(f"sessions/{second['id']}")["state"] == "failed", 10, "the session fails")


def test_unknown_desktops_are_left_alone(stack):
    stack.host.stop()
    stranger = "0f8fad5b-d9cb-469f-a165-70867728950e"
    stack.host.desktops[stranger] = {"id": stranger, "name": "stranger", "state": "ready"}
    stack.host.start()
    item = wait_for(lambda: stack.admin.get("desktops")["items"], 10, "it is listed")[0]
    assert item["id"] == stranger and item["known"] is False
    restart(stack)
    assert stranger in stack.host.desktops and not stack.host.called("desktop.delete")
    # An administrator may.
    stack.admin.delete(f"desktops/{stranger}")
    assert not stack.host.desktops

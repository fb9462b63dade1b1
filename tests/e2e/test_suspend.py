# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop that is a clone sleeps on disk, and its user finds everything as it was."""

from harness.wait import wait_for
from vnc import VncClient, client_program


def connect(user, session):
    answer = user.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    return VncClient(client_program(), answer["websocket"], answer["ticket"])


def why_of(user, session):
    return [step["text"] for step in user.get(f"sessions/{session['id']}/why")["items"]]


def test_the_desktop_is_a_clone(stack, user, session):
    desktop = stack.admin.get(f"desktops/{session['desktop']}")
    assert desktop["template"] and desktop["notes"] == []
    assert any(text.startswith("Cloned from the template “auto.demo.") for text in why_of(user, session))


def test_a_suspended_desktop_resumes_where_it_was(stack, user, session, guest, tmp_path):
    guest.run_in_session("setsid sh -c 'exec sleep 54321' </dev/null >/dev/null 2>&1 & echo kept > ~/kept")
    before = guest.run("cat /proc/sys/kernel/random/boot_id")
    stack.admin.post(f"desktops/{session['desktop']}/suspend")
    wait_for(lambda: user.get(f"sessions/{session['id']}")["state"] == "suspended", 120, "the desktop sleeps")
    wait_for(lambda: guest.pid("qemu") is None, 20, "nothing of it runs")

    again = stack.ready_session(user)
    assert again["id"] == session["id"]
    assert stack.admin.get(f"desktops/{session['desktop']}")["origin"] == "resume"
    assert any(text.startswith("Resumed from disk in ") for text in why_of(user, session))
    assert guest.run("cat /proc/sys/kernel/random/boot_id") == before
    assert guest.run_in_session("pgrep -f 'sleep 5432[1]' && cat ~/kept && pkill -f 'sleep 5432[1]'").split()[-1] == "kept"
    with connect(user, session) as client:
        client.wait_updates(1)
        picture = client.picture(tmp_path / "awake.ppm")
        assert len(picture.getcolors(1 << 24)) > 100, "a desktop is on the screen"

# SPDX-License-Identifier: GPL-3.0-or-later
"""The vv text opens in stock remote-viewer, unmodified."""

import os
import signal

from harness.wait import wait_for
from seat import Seat
from terminal import open_terminal


def open_remote_viewer(seat, user, session, name="remote-viewer"):
    answer = user.post(f"sessions/{session['id']}/connect", {"protocol": "spice"})
    path = seat.folder / f"{name}.vv"
    path.write_text(answer["vv"], encoding="utf-8")
    return seat.start(["remote-viewer", "--debug", str(path)], name)


def test_opens_and_types(user, session, guest):
    guest.run("rm -f /home/user/from-remote-viewer")
    with Seat(1400, 950) as seat:
        viewer = open_remote_viewer(seat, user, session)
        window = seat.wait_window(window_class="remote-viewer", seconds=60)
        wait_for(lambda: seat.find(guest.screenshot()), 60, "remote-viewer shows the desktop", 0.3)
        assert viewer.poll() is None
        open_terminal(guest)
        x, y, width, height = seat.geometry(window)
        seat.run(["xdotool", "windowfocus", window])

        def typed():
            seat.click(x + 250, y + 220)
            seat.type("echo Oriel>from-remote-viewer\n")
            return guest.file_exists("/home/user/from-remote-viewer")
        wait_for(typed, 60, "the typed command ran in the guest", 1)
        assert guest.run("cat /home/user/from-remote-viewer").strip() == "Oriel"


def test_made_up_ticket(user, session, guest):
    """A ticket that is made up: remote-viewer is refused and shows no desktop."""
    with Seat(800, 600) as seat:
        answer = user.post(f"sessions/{session['id']}/connect", {"protocol": "spice"})
        path = seat.folder / "wrong.vv"
        path.write_text(answer["vv"].replace(answer["ticket"], "A" * len(answer["ticket"])), encoding="utf-8")
        seat.start(["remote-viewer", "--debug", str(path)], "wrong")
        wait_for(lambda: any(word in seat.log("wrong").read_text(errors="replace").lower()
                             for word in ("auth", "error")), 40, "remote-viewer is refused", 0.2)
        assert seat.find(guest.screenshot()) is None


def test_display_killed_ends_the_stream(user, session, guest):
    with Seat(1400, 950) as seat:
        viewer = open_remote_viewer(seat, user, session)
        wait_for(lambda: seat.find(guest.screenshot()), 60, "remote-viewer shows the desktop", 0.3)
        before = guest.pid("display")
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: guest.pid("display") not in (None, before), 10, "the display is started again")
        assert viewer  # remote-viewer itself does not reconnect; a new ticket opens it again
        open_remote_viewer(seat, user, session, "again")
        wait_for(lambda: seat.find(guest.screenshot()), 60, "remote-viewer shows the desktop again", 0.3)

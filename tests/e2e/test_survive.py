# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the display, the host and the broker while a client works: the guest goes on, the client is back without a new sign-in."""

import os
import signal

from harness.rest import RestError
from harness.wait import wait_for
from vnc import Refused, VncClient, client_program

BACK_SECONDS = 3  # what the project promises, from the moment the process is back


def open_client(user, session):
    answer = user.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    client = VncClient(client_program(), answer["websocket"], answer["ticket"])
    client.wait_updates(1)
    return client


def client_again(user, session, seconds):
    """What every client does: asks for a ticket and opens the stream, until it works."""
    def attempt():
        try:
            return open_client(user, session)
        except (Refused, RestError, AssertionError) as error:
            raise OSError(str(error)) from error
    return wait_for(attempt, seconds, "the client is back", 0.1)


def assert_same_guest(guest, pid, uptime):
    assert guest.pid("qemu") == pid
    assert guest.uptime() > uptime


def test_display_killed(user, session, guest):
    pid, uptime, display = guest.pid("qemu"), guest.uptime(), guest.pid("display")
    with open_client(user, session) as client:
        os.kill(display, signal.SIGKILL)
        client.wait_closed(10)
    wait_for(lambda: guest.pid("display") not in (None, display), 10, "the host starts the display again")
    with client_again(user, session, BACK_SECONDS):
        assert_same_guest(guest, pid, uptime)


def test_host_killed(stack, user, session, guest):
    pid, uptime, display = guest.pid("qemu"), guest.uptime(), guest.pid("display")
    with open_client(user, session) as client:
        stack.stop("host", signal.SIGKILL)
        guest.run_in_session("setsid sh -c 'sleep 1; xterm -e sleep 3' >/dev/null 2>&1 &")
        client.wait_updates(1)  # the stream does not even notice
        stack.start_host()
        with client_again(user, session, BACK_SECONDS):
            pass
        assert guest.pid("display") == display
        assert_same_guest(guest, pid, uptime)
    found = wait_for(lambda: user.get(f"sessions/{session['id']}")["state"] == "ready", 5, "the session is ready again")
    assert found


def test_broker_killed(stack, user, session, guest):
    pid, uptime = guest.pid("qemu"), guest.uptime()
    with open_client(user, session) as client:
        stack.stop("broker", signal.SIGKILL)
        client.wait_closed(10)
    stack.start_broker()
    with client_again(user, session, BACK_SECONDS):  # with the token from before
        assert_same_guest(guest, pid, uptime)
    assert user.get(f"sessions/{session['id']}")["desktop"] == session["desktop"]


def test_same_desktop_again(user, session):
    """Asking again gives the session that lives."""
    again = user.call("POST", "sessions", {"pool": "demo"})
    assert again.status == 200
    assert again.json["id"] == session["id"]

# SPDX-License-Identifier: GPL-3.0-or-later
"""A real desktop in the portal: broker, host, display and guest as they are, Chromium in front of them."""

import shlex
import signal

import pytest

from harness.processes import kill
from harness.wait import wait_for
from portal_page import PortalPage
import screen

# What a person would call "back at once"; counted from the process being there again.
BACK_WITHIN = 3


@pytest.fixture
def portal(stack, account, session):  # pylint: disable=unused-argument
    """A page with the shared desktop on it."""
    with PortalPage() as page:
        page.do("allowClipboard", origin=stack.url)
        page.enter_desktop(stack, account)
        yield page
        trouble = page.do("trouble")
        assert trouble["violations"] == []
        assert [error for error in trouble["errors"] if "WebSocket" not in error and "connecting" not in error] == []


def open_terminal(portal, guest):
    """A fresh terminal in a known place, with the keyboard's focus; its prompt is there."""
    guest.run_in_session("pkill -x xterm; rm -f /tmp/prompt; "
                         "PROMPT_COMMAND='touch /tmp/prompt' setsid xterm -geometry 70x14+40+60 </dev/null >/dev/null 2>&1 &")
    wait_for(lambda: guest.file_exists("/tmp/prompt"), 40, "the shell's prompt", 0.3)
    portal.do("clickScreen", x=200, y=160)


def read(guest, path):
    return guest.run(f"cat {shlex.quote(path)} 2>/dev/null || true").strip()


def connected(portal):
    return portal.do("link") == "connected"


def test_shows_what_the_guest_shows(portal, guest):
    portal.do("settled", timeout=30000)
    assert screen.is_desktop(portal.picture())

    def same():
        here, there = portal.picture(), guest.screenshot()
        return here.size == there.size and screen.differing(here, there, tolerance=24) < 0.03
    wait_for(same, 30, "the page shows the guest's own screen", 0.5)


def test_typing_reaches_the_terminal(portal, guest):
    open_terminal(portal, guest)
    before = portal.picture()
    portal.do("type", text='echo "Portal: $((6*7)) & {so} on~" > /tmp/typed-in-portal\n')
    wait_for(lambda: read(guest, "/tmp/typed-in-portal") == "Portal: 42 & {so} on~", 30, "the guest's shell has the line", 0.3)
    wait_for(lambda: screen.differing(before, portal.picture()) > 0, 10, "the letters are seen", 0.3)


def test_the_guest_follows_the_window(portal, guest):
    for width, height in ((1120, 720), (1280, 800)):
        portal.do("viewport", width=width, height=height)
        wait_for(lambda size=(width, height): guest.screen_size() == size, 40, f"the guest is {width}×{height}", 0.5)
        wait_for(lambda size=(width, height): portal.picture().size == size, 20, "the page has the new size", 0.3)


def test_the_clipboard_goes_both_ways(portal, guest):
    guest.run_in_session("printf 'from the guest: äß €' | xclip -i -selection clipboard >/dev/null 2>&1 &")
    wait_for(lambda: portal.do("readClipboard") == "from the guest: äß €", 30, "the browser has the guest's text", 0.3)
    portal.do("writeClipboard", text="from the browser: öé € 😀")
    wait_for(lambda: guest.run_in_session("xclip -o -selection clipboard", check=False) == "from the browser: öé € 😀",
             30, "the guest has the browser's text", 0.5)


def test_comes_back_when_the_display_was_killed(portal, guest):
    uptime, old = guest.uptime(), guest.pid("display")
    kill(old, signal.SIGKILL)
    wait_for(lambda: guest.pid("display") not in (None, old), 30, "the display runs again")
    wait_for(lambda: connected(portal), BACK_WITHIN, "the page is connected again")
    portal.do("desktopShown", timeout=10000)
    assert guest.uptime() > uptime


def test_comes_back_when_the_broker_was_killed(stack, portal, guest):
    uptime = guest.uptime()
    stack.stop("broker", signal.SIGKILL)
    portal.do("waitFor", selector=".curtain", text="The connection was lost", timeout=10000)
    stack.start_broker()
    wait_for(lambda: connected(portal), BACK_WITHIN, "the page is connected again, without a new sign-in")
    portal.do("desktopShown", timeout=10000)
    stack.admin.login("admin", stack.admin_password)
    assert guest.uptime() > uptime


def test_disconnecting_leaves_it_running(portal, guest):
    uptime = guest.uptime()
    portal.do("toolbar", name="Disconnect")
    portal.do("waitFor", selector=".card-state", text="Running – continue", timeout=10000)
    portal.do("click", role="button", name="Continue with Demo desktop")
    portal.do("desktopShown", timeout=20000)
    assert guest.uptime() > uptime


def test_nothing_jumps(portal):
    portal.do("settled", timeout=30000)
    shift = portal.do("trouble")["shift"]
    assert shift < 0.02, shift


def test_no_secret_in_an_address_or_a_log(stack, portal, account):
    assert "ticket" not in portal.do("address")
    for service in ("broker", "host"):
        text = stack.log(service).read_text(errors="replace")
        assert account[1] not in text
        assert "oriel.ticket." not in text


def test_logging_off_ends_the_session(portal, user):
    portal.do("toolbar", name="Log off")
    portal.do("click", role="button", name="Log off", within="dialog")
    portal.do("waitFor", selector=".page-message", text="You are logged off from Demo desktop.", timeout=20000)
    assert user.get("sessions")["items"] == []

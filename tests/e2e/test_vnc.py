# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign in over REST, open the desktop with a stock VNC client through the WebSocket, see it, use it."""

import pytest

import screen
from harness.wait import wait_for
from terminal import open_terminal
from vnc import VncClient, client_program


def connect(user, session, encodings=None):
    answer = user.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    return VncClient(client_program(), answer["websocket"], answer["ticket"], encodings)


@pytest.mark.parametrize("encodings", [None, "raw", "zrle", "hextile"])
def test_sees_the_desktop(user, session, guest, tmp_path, encodings):
    with connect(user, session, encodings) as client:
        client.wait_updates(1)
        client.quiet(700)
        picture = client.picture(tmp_path / "client.ppm")
        truth = guest.screenshot()
    assert screen.is_desktop(picture)
    # The clock in the task bar may tick between the two pictures; nothing else may differ.
    assert screen.differing(picture, truth) < 0.005


def test_types_into_the_terminal(user, session, guest, tmp_path):
    with connect(user, session) as client:
        open_terminal(guest)
        client.quiet(700)
        before = client.picture(tmp_path / "before.ppm")
        client.type("echo Oriel | tee typed")
        client.wait_updates(1)
        client.type("\n")
        client.quiet(700)
        after = client.picture(tmp_path / "after.ppm")
    wait_for(lambda: guest.file_exists("/home/user/typed"), 20, "the typed command ran")
    assert guest.run("cat /home/user/typed").strip() == "Oriel"
    box = screen.changed_box(before, after)
    assert box, "nothing changed on the screen"
    assert "Oriel" in screen.text(after, box)


def test_keys_with_shift_and_symbols(user, session, guest):
    wanted = r"""aZ09 !@#$%^&*()_+-=[]{};:,.<>/?|~"""
    with connect(user, session) as client:
        open_terminal(guest)
        client.type("cat > symbols\n" + wanted + "\n")
        client.quiet(700)
        client.key(0xffe3) # Control alone does nothing
        client.type("exit\n")
    got = wait_for(lambda: guest.run("cat /home/user/symbols", check=False).strip(), 20, "the typed line")
    assert got.splitlines()[0] == wanted


def test_guest_follows_the_window(user, session, guest):
    with connect(user, session) as client:
        client.wait_updates(1)
        try:
            for size in ((1024, 768), (1400, 900)):
                client.resize(*size)
                client.until_size(*size)
                assert guest.screen_size() == size
        finally:
            client.resize(1280, 800)
            client.until_size(1280, 800)


def test_clipboard_both_ways(user, session, guest):
    with connect(user, session) as client:
        client.wait_updates(1)
        client.clip("from the client")
        wait_for(lambda: guest.run_in_session("xclip -selection clipboard -o || true").strip() == "from the client", 30, "the guest has the text")
        guest.run_in_session("printf 'from the guest' | xclip -selection clipboard -i >/dev/null 2>&1")
        client.wait_cut("from the guest")


def test_two_see_the_same(user, session, guest, tmp_path):
    with connect(user, session) as first, connect(user, session, "zrle") as second:
        for client in (first, second):
            client.wait_updates(1)
        open_terminal(guest)
        first.type("clear; echo both\n")
        first.quiet(700)
        second.quiet(700)
        one, two = first.picture(tmp_path / "1.ppm"), second.picture(tmp_path / "2.ppm")
        assert screen.differing(one, two) < 0.005
        assert screen.is_desktop(one)

# SPDX-License-Identifier: GPL-3.0-or-later
"""oriel-display with a real QEMU and stock clients."""

import os
import signal
import socket
import stat

import pytest

from display_support import DEADLINE, Desk
from harness.wait import wait_for


@pytest.fixture(scope="module")
def guest():
    desk = Desk()
    desk.start_display()
    wait_for(lambda: desk.screenshot().getcolors() != [(640 * 480, (0, 0, 0))], DEADLINE, "the boot text")
    yield desk
    desk.close()


@pytest.fixture
def desk(guest):
    if guest.display.poll() is not None:
        guest.start_display()
    yield guest
    guest.close_clients()


def shows_same(desk, client):
    """The client shows the guest's own screen, pixel by pixel (the text cursor blinks, so now and then)."""
    return desk.picture_of(client).tobytes() == desk.screenshot().tobytes()


def type_and_see(desk, press):
    """A key changes the guest's screen beyond a blinking cursor: two of them move it on."""
    before = desk.screenshot()
    for _ in range(8):
        press()
    wait_for(lambda: differing(before, desk.screenshot()) > 8 * 20, DEADLINE, "the letters on the screen")


def differing(one, other):
    if one.size != other.size:
        return one.size[0] * one.size[1]
    return sum(a != b for a, b in zip(one.getdata(), other.getdata()))


def test_spice_shows_the_guest_and_types(desk):
    client = desk.spice()
    wait_for(lambda: shows_same(desk, client), DEADLINE, "the same picture")
    assert "mode 2" in client.seen, "the pointer is absolute"
    type_and_see(desk, lambda: client.do("key 35"))
    wait_for(lambda: shows_same(desk, client), DEADLINE, "the same picture after typing")


def test_vnc_shows_the_guest_and_types(desk):
    client = desk.vnc()
    wait_for(lambda: shows_same(desk, client), DEADLINE, "the same picture")
    type_and_see(desk, lambda: client.do("type W"))
    wait_for(lambda: shows_same(desk, client), DEADLINE, "the same picture after typing")


def test_many_clients_see_the_same(desk):
    spice = [desk.spice() for _ in range(3)]
    vnc = [desk.vnc() for _ in range(2)]
    wait_for(lambda: desk.call("stats")["spice_clients"] == 3, DEADLINE, "three SPICE clients")
    assert desk.call("stats")["vnc_clients"] == 2
    type_and_see(desk, lambda: spice[0].do("key 21"))
    for client in spice + vnc:
        wait_for(lambda client=client: shows_same(desk, client), DEADLINE, "the same picture")
    desk.close_clients()
    wait_for(lambda: desk.call("stats")["spice_clients"] == 0, DEADLINE, "their leaving to be seen")


def test_text_goes_from_viewer_to_viewer(desk):
    one, other, vnc = desk.spice(), desk.spice(), desk.vnc()
    for client in (one, other):  # once for the agent, once for what it can do
        while client.seen.count("agent 1") < 2:
            client.expect("agent 1")
    one.do("clip Grüße aus dem Erker")
    other.expect("offered")
    other.do("paste")
    assert other.expect("text").removeprefix("text ") == "Grüße aus dem Erker"
    vnc.expect("cut")
    vnc.do("clip plain text")
    wait_for(lambda: pasted(one) == "plain text", DEADLINE, "the VNC client's text")


def pasted(client):
    client.do("paste")
    return client.expect("text").removeprefix("text ")


def test_killed_display_leaves_the_guest(desk):
    client = desk.spice()
    type_and_see(desk, lambda: client.do("key 37"))
    before = desk.screenshot()
    desk.display.send_signal(signal.SIGKILL)
    desk.display.wait()
    client.expect("closed")
    desk.start_display()
    assert differing(before, desk.screenshot()) < 100, "the guest went on where it was"
    again = desk.spice()
    wait_for(lambda: shows_same(desk, again), DEADLINE, "the picture after the display came back")


def test_garbage_harms_nobody(desk):
    client = desk.spice()
    for name in ("vnc", "spice", "control"):
        for junk in (b"", b"REDQ", b"RFB 003.008\n\x01\x01", b"{" * 5000, os.urandom(4000)):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(desk.path(name))
                try:
                    sock.sendall(junk)
                except BrokenPipeError:
                    pass
    half_open = []
    for _ in range(80):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(desk.path("spice"))
        half_open.append(sock)
    for sock in half_open:
        sock.close()
    wait_for(lambda: shows_same(desk, client), DEADLINE, "the picture after all that")
    assert desk.display.poll() is None


def test_screenshots_stay_in_their_folder(desk):
    for path in ("../x.png", "/tmp/oriel-x.png", "", ".", "..", desk.path("sub/x.png")):
        with pytest.raises(RuntimeError, match="refused"):
            desk.call("screenshot", path=path)
    with pytest.raises(RuntimeError, match="exists"):
        desk.call("screenshot", path="bus.conf")
    os.symlink("/tmp/oriel-elsewhere.png", desk.path("link.png"))
    with pytest.raises(RuntimeError):
        desk.call("screenshot", path="link.png")
    assert stat.S_IMODE(os.stat(desk.path("control")).st_mode) == 0o600


def test_terminate_ends_it_cleanly(desk):
    desk.spice()
    desk.display.terminate()
    assert desk.display.wait(DEADLINE) == 0
    assert not os.path.exists(desk.path("vnc"))


def test_end_of_qemu_ends_it(desk):
    desk.qemu.kill()
    assert desk.display.wait(DEADLINE) == 3

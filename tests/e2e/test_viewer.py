# SPDX-License-Identifier: GPL-3.0-or-later
"""oriel-viewer as a person uses it: a window on a screen, keys, sound, and what happens when something goes away."""

import os
import signal
import subprocess

import pytest

import screen
from harness import paths
from harness.wait import wait_for
from seat import Seat, loudest_tone
from terminal import open_terminal

WINDOW = {"window_class": "oriel"}


def start_viewer(seat, stack, account, *more, password=None, address=None, within=()):
    """Starts the viewer signed in, on the pool demo, with the certificate accepted by its fingerprint."""
    process = seat.start([*within, paths.program("oriel-viewer"), "--user", account[0], "--password-stdin",
                          "--accept-fingerprint", stack.fingerprint(), *more, f"oriel://{address or stack.address}/demo"],
                         "viewer", stdin=subprocess.PIPE)
    process.stdin.write(((password or account[1]) + "\n").encode())
    process.stdin.close()
    return process


@pytest.fixture
def seat():
    with Seat(1300, 900, sound=True) as place:
        yield place


@pytest.fixture
def terminal(guest):
    open_terminal(guest)


def type_until(seat, guest, command, path):
    """Types a command that makes a file, clicking into the terminal first, until the file is there."""
    window = seat.wait_window(**WINDOW)
    x, y, _, _ = seat.geometry(window)

    def typed():
        seat.click(x + 250, y + 240)
        seat.type(command + "\n")
        return guest.file_exists(path)
    wait_for(typed, 60, "what was typed arrived in the guest", 1)


def test_shows_and_types(stack, account, session, guest, seat, terminal):
    guest.run("rm -f /home/user/from-viewer")
    start_viewer(seat, stack, account)
    part = wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)
    assert screen.is_desktop(part)
    type_until(seat, guest, "echo Oriel>from-viewer", "/home/user/from-viewer")
    assert guest.run("cat /home/user/from-viewer").strip() == "Oriel"
    part = wait_for(lambda: seat.find(guest.screenshot()), 30, "the viewer still shows the guest's screen", 0.5)
    assert screen.differing(part, guest.screenshot(), 16) < 0.01
    # The guest has the size of the window it is shown in.
    assert guest.screen_size() == part.size
    if paths.results():
        seat.picture().save(paths.results() / "viewer.png")


def test_guest_follows_the_window(stack, account, session, guest, seat):
    start_viewer(seat, stack, account)
    wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)
    window = seat.wait_window(**WINDOW)
    before = guest.screen_size()
    seat.resize(window, 1000, 700)
    wait_for(lambda: guest.screen_size() != before and guest.screen_size()[0] <= 1000, 30, "the guest takes the window's size", 0.3)


def picture_with_hint(seat):
    """What is seen, once the hint's dark ground is in the middle of the lower edge. It stays for seconds only: nothing is read here."""
    picture = seat.picture()
    ground = picture.getpixel((picture.width // 2, picture.height - 28 - 4))
    return picture if all(abs(a - b) <= 14 for a, b in zip(ground, (0x18, 0x20, 0x29))) else None


def test_full_screen_and_menu_by_keys(stack, account, session, guest, seat):
    """The way out of the full screen is told, and leads out while the desktop has the keys; the size is kept for the next window."""
    process = start_viewer(seat, stack, account)
    wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)
    window = seat.wait_window(**WINDOW)
    before = seat.geometry(window)[2:]
    seat.key("F11")
    hint = wait_for(lambda: picture_with_hint(seat), 30, "the full screen says something", 0.1)
    assert "F11 leaves" in screen.text(hint)
    wait_for(lambda: seat.geometry(window)[2:] == (1300, 900), 30, "the window is as large as the screen")
    seat.key("ctrl+alt+m")
    wait_for(lambda: "Share the clipboard" in screen.text(seat.picture()), 30, "keys alone open the menu", 0.3)
    seat.key("Escape")
    seat.key("F11")
    wait_for(lambda: seat.geometry(window)[2:] == before, 30, "F11 leads out", 0.3)
    seat.resize(window, 1000, 700)
    wait_for(lambda: guest.screen_size()[0] <= 1000, 30, "the guest takes the window's size", 0.3)
    seat.key("ctrl+alt+m")
    wait_for(lambda: "Disconnect" in screen.text(seat.picture()), 30, "the menu is open again", 0.3)
    seat.key("Up")
    seat.key("Up")  # past "Log off", to "Disconnect"
    seat.key("Return")
    wait_for(lambda: process.poll() == 0, 30, "the viewer ends", 0.3)
    kept = (seat.folder / "config" / "oriel" / "viewer.conf").read_text(encoding="utf-8")
    width = int(kept.partition("width=")[2].split()[0])
    assert 950 < width <= 1000  # without the window's frame
    assert account[1] not in kept


def test_tone_is_heard(stack, account, session, guest, seat):
    start_viewer(seat, stack, account)
    wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)
    heard = seat.listen()
    guest.run_in_session("setsid timeout 40 speaker-test -t sine -f 660 -c 2 >/dev/null 2>&1 &")
    try:
        def tone():
            frequency, share = loudest_tone(heard)
            return abs(frequency - 660) < 8 and share > 0.5
        wait_for(tone, 40, "a tone of 660 Hz is heard", 0.5)
    finally:
        guest.run("pkill speaker-test", check=False)


def test_clipboard_both_ways(stack, account, session, guest, seat):
    start_viewer(seat, stack, account)
    wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)
    window = seat.wait_window(**WINDOW)
    seat.run(["xdotool", "windowfocus", window])
    guest.run_in_session("printf 'guest to viewer' | xclip -selection clipboard -i >/dev/null 2>&1")
    wait_for(lambda: seat.run(["xclip", "-selection", "clipboard", "-o"], check=False).stdout == "guest to viewer", 30,
             "the guest's text is in the person's clipboard", 0.3)
    seat.start(["xclip", "-selection", "clipboard", "-quiet"], "xclip", stdin=subprocess.PIPE).stdin.write(b"")
    process = seat.processes[-1]
    process.stdin.write(b"viewer to guest")
    process.stdin.close()
    wait_for(lambda: guest.run_in_session("timeout 5 xclip -selection clipboard -o || true").strip() == "viewer to guest", 30,
             "the person's text is in the guest's clipboard", 0.5)


@pytest.mark.parametrize("what", ["display", "broker", "host"])
def test_reconnects(stack, account, session, guest, seat, terminal, what):
    pid, uptime = guest.pid("qemu"), guest.uptime()
    start_viewer(seat, stack, account)
    wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)
    if what == "display":
        display = guest.pid("display")
        os.kill(display, signal.SIGKILL)
        wait_for(lambda: guest.pid("display") not in (None, display), 10, "the display is back")
    else:
        stack.stop(what, signal.SIGKILL)
        (stack.start_host if what == "host" else stack.start_broker)()
    wait_for(lambda: guest.display("stats")["spice_clients"] > 0, 3, "the viewer is back within 3 s", 0.05)
    wait_for(lambda: seat.find(guest.screenshot()), 20, "the viewer shows the guest's screen again", 0.3)
    path = f"/home/user/after-{what}"
    guest.run(f"rm -f {path}")
    type_until(seat, guest, f"touch after-{what}", path)
    assert guest.pid("qemu") == pid and guest.uptime() > uptime


def test_wrong_password_is_said(stack, account, seat):
    start_viewer(seat, stack, account, password="certainly-wrong-1")
    seat.wait_window(**WINDOW)
    wait_for(lambda: "password" in screen.text(seat.picture()).lower(), 30, "the window says that the password is wrong", 0.5)


def test_changed_certificate_is_refused(stack, account, seat):
    """A fingerprint that is not the broker's: no sign-in happens."""
    wrong = ":".join(["AB"] * 32)
    process = seat.start([paths.program("oriel-viewer"), "--user", account[0], "--password-stdin", "--accept-fingerprint", wrong,
                          f"oriel://{stack.address}/demo"], "viewer", stdin=subprocess.PIPE)
    process.stdin.write((account[1] + "\n").encode())
    process.stdin.close()
    seat.wait_window(**WINDOW)
    wait_for(lambda: "certificate" in screen.text(seat.picture()).lower(), 30, "the window shows the certificate", 0.5)


def test_vv_file_opens(user, session, guest, seat):
    answer = user.post(f"sessions/{session['id']}/connect", {"protocol": "spice"})
    path = seat.folder / "desktop.vv"
    path.write_text(answer["vv"], encoding="utf-8")
    seat.start([paths.program("oriel-viewer"), str(path)], "viewer")
    wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)


@pytest.mark.skipif(os.geteuid() != 0, reason="a hosts file of one's own needs root")
def test_a_name_whose_first_address_does_not_answer(stack, account, session, guest, seat, tmp_path):
    """The broker listens at 127.0.0.1 alone, and the name means ::1 first."""
    hosts = tmp_path / "hosts"
    hosts.write_text("::1 localhost\n127.0.0.1 localhost\n", encoding="utf-8")
    within = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /etc/hosts; exec "$@"', str(hosts)]
    found = subprocess.run([*within, "getent", "ahosts", "localhost"], capture_output=True, text=True, timeout=20, check=True).stdout
    if not found.startswith("::1"):
        pytest.skip("this machine has no ::1 to be the first address")
    start_viewer(seat, stack, account, address=f"localhost:{stack.port}", within=within)
    part = wait_for(lambda: seat.find(guest.screenshot()), 90, "the viewer shows the guest's screen", 0.5)
    assert screen.is_desktop(part)

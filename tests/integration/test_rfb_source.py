# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that shows its screen by VNC (an Xvnc), seen through oriel-display; and servers that mean no good."""

import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading

import pytest
from PIL import Image, ImageGrab

from display_support import DEADLINE, Display
from harness.janitor import Janitor
from harness.processes import write_pid_file
from harness.stack import free_port
from harness.wait import wait_for

PASSWORD = "password"
# The same as the file that Xvnc wants: DES with the key that all VNC programs share.
PASSWORD_FILE = bytes.fromhex("dbd83cfd727a1458")


class Machine:
    """An X server that is its own VNC server, as on a machine without Oriel."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.display = None
        (folder / "xvnc.password").write_bytes(PASSWORD_FILE)

    def start(self):
        read, write = os.pipe()
        log = open(self.folder / "xvnc.log", "ab")
        self.process = subprocess.Popen(
            ["Xvnc", "-displayfd", str(write), "-rfbport", str(self.port), "-localhost", "-SecurityTypes", "VncAuth",
             "-PasswordFile", str(self.folder / "xvnc.password"), "-geometry", "800x600", "-depth", "24", "-nolisten", "tcp",
             "-AcceptSetDesktopSize"], stdout=log, stderr=log, pass_fds=[write])
        write_pid_file(self.folder / "xvnc.pid", self.process.pid)
        os.close(write)
        with os.fdopen(read) as stream:
            self.display = ":" + stream.readline().strip()
        self.run("xsetroot", "-solid", "#305070")
        return self

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def environment(self):
        return dict(os.environ, DISPLAY=self.display, HOME=str(self.folder))

    def run(self, *command, **more):
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=True, timeout=60, **more).stdout

    def begin(self, name, *command):
        process = subprocess.Popen(command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        write_pid_file(self.folder / f"{name}.pid", process.pid)

    def picture(self):
        return ImageGrab.grab(xdisplay=self.display).convert("RGB")


class Screen(Display):
    """An oriel-display of such a machine."""

    def __init__(self, folder, port, password=PASSWORD):
        super().__init__(pathlib.Path(tempfile.mkdtemp(prefix="s", dir=folder)))
        source = f"rfb:127.0.0.1:{port}"
        if password is not None:
            (self.folder / "password").write_text(password + "\n", encoding="ascii")
            source += f",password-file={self.folder}/password"
        self.run("--source", source)

    def wait_source(self, state):
        wait_for(lambda: self.call("stats")["source"] == state, DEADLINE, f"the source is {state}")

    def close(self):
        self.close_clients()
        self.display.terminate()
        return self.display.wait(DEADLINE)


@pytest.fixture(name="folder", scope="module")
def make_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="o", dir="/tmp"))
    janitor = Janitor(folder)
    yield folder
    janitor.finish()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(name="machine", scope="module")
def make_machine(folder):
    machine = Machine(folder).start()
    yield machine
    machine.stop()


@pytest.fixture(name="screen")
def make_screen(folder, machine):
    screen = Screen(folder, machine.port)
    screen.wait_source("connected")
    yield screen
    assert screen.close() == 0


def picture_of(screen, client):
    path = screen.path("seen.ppm")
    client.do(f"save {path}")
    with Image.open(path) as image:
        return image.convert("RGB")


def test_the_picture_is_the_machines(machine, screen):
    client = screen.vnc()
    for colour in ("#a01020", "#2080c0"):
        machine.run("xsetroot", "-solid", colour)
        wait_for(lambda: picture_of(screen, client).tobytes() == machine.picture().tobytes(), DEADLINE, "the same picture")
    assert picture_of(screen, client).getpixel((5, 5)) == (0x20, 0x80, 0xc0)


def test_keys_and_pointer_arrive(machine, screen):
    typed = pathlib.Path(screen.path("typed"))
    machine.begin("xterm", "xterm", "-e", "sh", "-c", f"cat > {typed}")
    machine.run("xdotool", "search", "--sync", "--onlyvisible", "--class", "xterm")
    client = screen.vnc()
    client.do("pointer 50 50 0")  # without a window manager, the keys go where the pointer is
    wait_for(typed.exists, DEADLINE, "the shell")
    client.do("type Hello, 42 & {all}!")
    client.do("key ff0d")
    wait_for(lambda: typed.read_text() == "Hello, 42 & {all}!\n", DEADLINE, "what was typed")
    client.do("pointer 321 123 0")
    wait_for(lambda: machine.run("xdotool", "getmouselocation").startswith("x:321 y:123"), DEADLINE, "the pointer")


def test_the_clipboard_goes_both_ways(machine, screen):
    client = screen.vnc()
    client.do("clip from a viewer")

    def pasted():
        done = subprocess.run(["xclip", "-o", "-selection", "clipboard"], env=machine.environment(), capture_output=True, text=True,
                              timeout=30, check=False)
        return done.stdout == "from a viewer"
    wait_for(pasted, DEADLINE, "the viewer's text")
    machine.run("sh", "-c", "printf 'from the machine' | xclip -i -selection clipboard >/dev/null 2>&1")
    assert client.expect("cut") == "cut from the machine"


def test_it_takes_another_size(machine, screen):
    client = screen.vnc()

    def has_it():  # the client may not know yet that it can wish
        client.do("resize 1024 768")
        return machine.run("xdotool", "getdisplaygeometry").split() == ["1024", "768"]
    wait_for(has_it, DEADLINE, "the machine's new size", 0.3)
    wait_for(lambda: picture_of(screen, client).size == (1024, 768), DEADLINE, "the client's new size")


def test_the_password_is_in_no_argument_and_no_log(screen):
    arguments = pathlib.Path(f"/proc/{screen.display.pid}/cmdline").read_bytes()
    assert f"{screen.folder}/password".encode() in arguments
    assert b"password\0" not in arguments.replace(b"/password\0", b"")
    assert "password" not in screen.log().replace("password-file", "")


@pytest.mark.parametrize("password, words", [("wrong", "does not let us in"), (None, "wants a password")])
def test_a_password_that_does_not_fit_is_told(folder, machine, password, words):
    screen = Screen(folder, machine.port, password)
    wait_for(lambda: words in screen.log(), DEADLINE, "the reason")
    assert screen.call("stats")["source"] == "lost"
    assert screen.close() == 0


def test_it_comes_back_when_the_machine_does(folder):
    own = folder / "again"
    own.mkdir()
    machine = Machine(own).start()
    screen = Screen(folder, machine.port)
    screen.wait_source("connected")
    client = screen.vnc()
    machine.stop()
    screen.wait_source("lost")
    machine.start()
    screen.wait_source("connected")
    machine.run("xsetroot", "-solid", "#10b010")
    wait_for(lambda: picture_of(screen, client).getpixel((700, 500)) == (0x10, 0xb0, 0x10), DEADLINE, "the new picture")
    assert screen.close() == 0
    machine.stop()


def test_a_machine_that_is_away_has_a_black_screen(folder):
    screen = Screen(folder, free_port())
    client = screen.vnc()
    assert picture_of(screen, client).getcolors() == [(1024 * 768, (0, 0, 0))]
    assert "is not there" in screen.log()
    assert screen.close() == 0


# Servers that mean no good. Each says what follows its greeting.

def rectangle(x, y, width, height, encoding, data=b""):
    return struct.pack(">BxHHHHHi", 0, 1, x, y, width, height, encoding) + data


def greeting(width, height, name=b"x"):
    return struct.pack(">HHBBBBHHHBBB3xI", width, height, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0, len(name)) + name


HOSTILE = {
    "a huge screen": greeting(65535, 65535),
    "no screen": greeting(0, 0),
    "grows too large": greeting(64, 64) + rectangle(0, 0, 65535, 65535, -223),
    "shrinks to nothing": greeting(64, 64) + rectangle(0, 0, 0, 0, -223),
    "outside": greeting(64, 64) + rectangle(60, 60, 64, 64, 0, bytes(64 * 64 * 4)),
    "a copy from outside": greeting(64, 64) + rectangle(0, 0, 64, 64, 1, struct.pack(">HH", 65535, 65535)),
    "a long name": struct.pack(">HHBBBBHHHBBB3xI", 64, 64, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0, 0xffffffff),
    "a huge cursor": greeting(64, 64) + rectangle(0, 0, 65535, 65535, -239),
    "much text": greeting(64, 64) + struct.pack(">BxxxI", 3, 0xffffffff),
    "no zlib stream": greeting(64, 64) + rectangle(0, 0, 64, 64, 16, struct.pack(">I", 8) + b"nonsense"),
    "a wide gradient": greeting(4096, 64) + rectangle(0, 0, 4096, 64, 7, bytes([0x40, 0x02, 0xff, 0xff, 0x7f]) + b"\xee" * 4096),
    "an unknown message": greeting(64, 64) + bytes([99]) * 64,
    "many cursors": greeting(64, 64) + rectangle(0, 0, 512, 512, -239, bytes(512 * 512 * 4 + 512 * 64)) * 8,
}


class Server:
    """Lets everybody in, says its words, and listens until it is closed."""

    def __init__(self, words):
        self.words = words
        self.served = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                try:
                    self._talk(peer)
                except OSError:
                    pass
            self.served += 1

    def _talk(self, peer):
        peer.settimeout(DEADLINE)
        peer.sendall(b"RFB 003.008\n")
        peer.recv(12)
        peer.sendall(b"\x01\x01")
        peer.recv(1)
        peer.sendall(b"\0\0\0\0")
        peer.recv(1)
        peer.sendall(self.words)
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("what", HOSTILE)
def test_a_server_that_means_no_good(folder, what):
    server = Server(HOSTILE[what])
    screen = Screen(folder, server.port)
    wait_for(lambda: server.served >= 1, DEADLINE, "the display has had enough")
    screen.wait_source("lost")
    assert screen.call("stats")["width"] <= 8192
    server.close()
    assert screen.close() == 0


def test_a_server_that_says_nothing_does_not_keep_the_display_from_ending(folder):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        screen = Screen(folder, silent.getsockname()[1])
        peer, _ = silent.accept()
        with peer:
            assert screen.close() == 0

# SPDX-License-Identifier: GPL-3.0-or-later
"""A private QEMU on a bus of its own, an oriel-display for it, and stock clients."""

import json
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import paths  # noqa: E402
from harness.janitor import Janitor  # noqa: E402
from harness.processes import write_pid_file  # noqa: E402
from harness.wait import wait_for  # noqa: E402

DEADLINE = 60

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
"""

# Reads a key, writes it, again: mov ah,0; int 16h; mov ah,0eh; int 10h; jmp -10
ECHO_BOOT = bytes.fromhex("b400cd16b40ecd10ebf6").ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20)


class Client:
    """A client program that is steered by lines."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def expect(self, start, seconds=DEADLINE):
        """The next line that begins with start; those before it are kept in seen."""
        while True:
            line = self.lines.get(timeout=seconds)
            assert line is not None, f"the client ended instead of saying {start!r}; it said {self.seen}"
            self.seen.append(line)
            if line.startswith(start):
                return line

    def do(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self.expect("ok " + command.split()[0])

    def close(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE)


class Bridge:
    """A loopback port in front of a Unix socket, for clients that only know TCP."""

    def __init__(self, path):
        self.path = str(path)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.path)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        try:
            other.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.server.close()


class Display:
    """An oriel-display with its files in a folder, whose janitor ends it; and clients of it."""

    def __init__(self, folder):
        self.folder = folder
        self.clients = []
        self.display = None

    def _start(self, name, *command):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        write_pid_file(self.folder / f"{name}.pid", process.pid)
        return process

    def path(self, name):
        return str(self.folder / name)

    def run(self, *options):
        self.display = self._start(
            "display", paths.program("oriel-display"), *options, "--vnc-unix", self.path("vnc"),
            "--spice-unix", self.path("spice"), "--control-unix", self.path("control"))
        wait_for((self.folder / "control").exists, DEADLINE, "oriel-display")

    def log(self):
        return (self.folder / "display.log").read_text(errors="replace")

    def call(self, name, **args):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE)
            sock.connect(self.path("control"))
            sock.sendall(json.dumps({"id": "1", "call": name, "args": args}).encode() + b"\n")
            answer = json.loads(sock.makefile().readline())
        if "error" in answer:
            raise RuntimeError(answer["error"]["type"])
        return answer["result"]

    def vnc_port(self):
        bridge = Bridge(self.folder / "vnc")
        self.clients.append(bridge)
        return bridge.port

    def vnc(self):
        client = Client(paths.program("vnc-client"), str(self.vnc_port()), "raw")
        self.clients.insert(-1, client)
        client.expect("ok connected")
        return client

    def close_clients(self):
        for client in self.clients:
            client.close()
        self.clients.clear()


class Desk(Display):
    """One guest without an operating system that shows what is typed, and its display."""

    def __init__(self):
        super().__init__(pathlib.Path(tempfile.mkdtemp(prefix="o", dir="/tmp")))
        self.janitor = Janitor(self.folder)
        self.shots = 0
        (self.folder / "bus.conf").write_text(BUS_CONFIG.format(path=self.folder / "bus"), encoding="utf-8")
        (self.folder / "boot").write_bytes(ECHO_BOOT)
        self._start("bus-daemon", "dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork")
        wait_for((self.folder / "bus").exists, DEADLINE, "the bus")
        self.qemu = self._start(
            "qemu", "qemu-system-x86_64", "-machine", "q35,accel=tcg", "-m", "64", "-nodefaults",
            "-vga", "none", "-device", "virtio-vga", "-display", f"dbus,addr=unix:path={self.folder}/bus,audiodev=snd",
            "-audiodev", "dbus,id=snd", "-device", "intel-hda", "-device", "hda-duplex,audiodev=snd",
            "-device", "qemu-xhci", "-device", "usb-tablet", "-device", "virtio-serial",
            "-chardev", f"socket,id=agent,path={self.folder}/agent,server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=com.redhat.spice.0",
            "-drive", f"file={self.folder}/boot,format=raw,if=ide")

    def start_display(self):
        self.run("--name", "test", "--source", f"dbus:unix:path={self.folder}/bus", "--agent-unix", self.path("agent"))
        wait_for(lambda: self.call("stats")["width"] > 0, DEADLINE, "the guest's screen")
        assert self.call("stats")["source"] == "connected"

    def screenshot(self):
        self.shots += 1
        name = f"shot{self.shots}.png"
        self.call("screenshot", path=name)
        with Image.open(self.folder / name) as image:
            return image.convert("RGB")

    def spice(self):
        client = Client(paths.program("spice-client"), self.path("spice"))
        self.clients.append(client)
        client.expect("size")
        return client

    def picture_of(self, client):
        """What a client shows."""
        path = self.path("client.ppm")
        client.do(f"save {path}")
        with Image.open(path) as image:
            return image.convert("RGB")

    def close(self):
        self.close_clients()
        self.janitor.finish()
        for process in (self.display, self.qemu):
            if process:
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

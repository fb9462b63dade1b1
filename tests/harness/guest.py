# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop's guest, seen from inside (its agent) and from behind (QEMU's own picture of the screen)."""

import base64
import contextlib
import json
import os
import pathlib
import shlex
import socket
import tempfile
import time

from .processes import read_pid_file
from .wait import wait_for


def _connect(path, seconds):
    """A connected socket. QEMU takes one client at a time and needs a moment after the last one: until then it is full."""
    def attempt():
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(seconds)
        try:
            sock.connect(str(path))
            return sock
        except OSError:
            sock.close()
            raise
    return wait_for(attempt, seconds, f"a connection to {path}")


@contextlib.contextmanager
def _lines(path, seconds):
    """A JSON-lines conversation on a Unix socket."""
    with _connect(path, seconds) as sock:
        with sock.makefile("rwb") as stream:
            def ask(command, **arguments):
                message = {"execute": command, "arguments": arguments}
                stream.write(json.dumps(message).encode() + b"\n")
                stream.flush()
                while line := stream.readline():
                    answer = json.loads(line.lstrip(b"\xff"))
                    if "error" in answer:
                        raise RuntimeError(f"{command}: {answer['error']}")
                    if "return" in answer:
                        return answer["return"]
                raise ConnectionError(f"{path} closed")
            ask.stream = stream
            yield ask


class Guest:
    """The guest of one desktop. run_dir: RUN/UUID of the host; state_dir: STATE/desktops/UUID."""

    def __init__(self, desktop_id, run_dir, state_dir):
        self.id = desktop_id
        self.run_dir, self.state_dir = pathlib.Path(run_dir), pathlib.Path(state_dir)

    def pid(self, what="qemu"):
        """The pid of qemu, display or bus; None when it does not run."""
        return read_pid_file(self.run_dir / f"{what}.pid")

    def run(self, command, seconds=60, check=True):
        """Runs a shell command as root in the guest; returns its output. The host leaves the agent alone once the desktop is ready."""
        deadline = time.monotonic() + seconds
        with _lines(self.run_dir / "qga", seconds) as ask:
            # Whatever an earlier client left in the line is passed over, up to the answer with this number.
            mark = int.from_bytes(os.urandom(3), "big")
            while ask("guest-sync", id=mark) != mark:
                pass
            pid = ask("guest-exec", path="/bin/sh", arg=["-c", command], **{"capture-output": True})["pid"]

            def ended():
                status = ask("guest-exec-status", pid=pid)
                return status if status["exited"] else None
            status = wait_for(ended, max(1, deadline - time.monotonic()), f"the end of “{command}” in the guest", 0.1)
        output = "".join(base64.b64decode(status.get(part, "")).decode(errors="replace") for part in ("out-data", "err-data"))
        if check and status.get("exitcode", -1) != 0:
            raise AssertionError(f"“{command}” ended with {status.get('exitcode')} in the guest: {output}")
        return output

    def run_in_session(self, command, **more):
        """The same as the desktop's user, with the screen at hand (DISPLAY)."""
        return self.run(f"cd /home/user && DISPLAY=:0 XDG_RUNTIME_DIR=/run/user/1000 "
                        f"runuser -u user -- sh -c {shlex.quote(command)}", **more)

    def uptime(self):
        """Seconds since the guest's kernel started."""
        return float(self.run("cat /proc/uptime").split()[0])

    def file_exists(self, path):
        return self.run(f"test -e {shlex.quote(path)} && echo yes || echo no").strip() == "yes"

    def screen_size(self):
        """(width, height) as the guest's X server has it."""
        text = self.run_in_session("xrandr --current")
        words = text.split("current ", 1)[1].split(",", 1)[0].split()
        return int(words[0]), int(words[2])

    def screenshot(self):
        """What QEMU holds as the guest's screen, as a PIL image: the truth to compare clients with."""
        from PIL import Image  # pylint: disable=import-outside-toplevel
        with tempfile.TemporaryDirectory(dir=self.run_dir) as folder:
            path = os.path.join(folder, "screen.png")
            self.monitor("screendump", filename=path, format="png")
            with Image.open(path) as image:
                return image.convert("RGB")

    def monitor(self, command, **arguments):
        """One QMP command on the second monitor."""
        with _lines(self.run_dir / "qmp2", 30) as ask:
            ask.stream.readline()
            ask("qmp_capabilities")
            return ask(command, **arguments)

    def display(self, call, **arguments):
        """One call on oriel-display's control socket ("stats", "screenshot")."""
        with _connect(self.run_dir / "control", 30) as sock:
            sock.sendall(json.dumps({"id": "t", "call": call, "args": arguments}).encode() + b"\n")
            with sock.makefile("rb") as stream:
                answer = json.loads(stream.readline())
        if "error" in answer:
            raise RuntimeError(f"{call}: {answer['error']}")
        return answer["result"]

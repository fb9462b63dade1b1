# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies between a client and the scripted guest: oriel-display alone, or oriel-broker's gateway, oriel-host and it."""

import contextlib
import os
import pathlib
import shlex
import subprocess
import sys

from .programs import TOP, Failed, running, wait_for_socket

TUNNEL = pathlib.Path(__file__).with_name("tunnel.py")


class Display:
    """A client talks to the display's own socket."""

    name = "display"

    def __init__(self, programs, place, address, stack):
        command = [programs.display, "--name", "bench", "--source", f"dbus:{address}", "--vnc-unix", place / "vnc",
                   "--control-unix", place / "control"]
        wait_for_socket(place / "vnc", stack.enter_context(running(command, stderr=subprocess.DEVNULL)))
        self.programs = programs
        self.near = place / "vnc"
        self.control = place / "control"

    def far_end(self):
        """Where a link leads to, as bench-link takes it."""
        return self.near

    def near_end(self, place, far, stack):  # pylint: disable=unused-argument
        """A Unix socket for a VNC client whose bytes come out at far."""
        return far


class Broker:
    """A client talks TLS and WebSocket to the broker's port, as oriel-viewer and browsers do. The host's machines are
    simulated; the display it starts is told to look at our guest instead."""

    name = "gateway"

    def __init__(self, programs, place, address, stack):
        os.environ["ORIEL_BUILD"] = str(programs.build)
        if str(TOP / "tests") not in sys.path:
            sys.path.append(str(TOP / "tests"))
        from harness.rest import RestError
        from harness.stack import Stack  # knows the build from the environment
        from harness.wait import wait_for
        self.stack = stack.enter_context(Stack())
        self._configure(programs, address)
        try:
            self.stack.start()
            self._make_pool(place, wait_for)
            self.session = self.user.post("sessions", {"pool": "bench"})
            wait_for(lambda: self.user.get(f"sessions/{self.session['id']}")["state"] == "ready", 30, "the desktop stands")
        except (AssertionError, OSError, RestError) as error:
            raise Failed(f"the broker: {error}") from error
        self.control = self.stack.run_dir / self.session["desktop"] / "control"

    def _configure(self, programs, address):
        """As the host's display program, one that hears another source."""
        script = self.stack.folder / "display"
        script.write_text('#!/bin/bash\nwords=()\nfor word; do case $word in dbus:* | replay:*) word=' +
                          shlex.quote(f"dbus:{address}") + ' ;; esac; words+=("$word"); done\n'
                          f'exec {shlex.quote(str(programs.display))} "${{words[@]}}"\n', encoding="utf-8")
        script.chmod(0o755)
        config = self.stack.folder / "host.conf"
        text = config.read_text(encoding="utf-8").replace(str(programs.display), str(script))
        config.write_text(text + "provider=simulated\n", encoding="utf-8")

    def _make_pool(self, place, wait_for):
        disk = place / "disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
        self.stack.admin.post("images", {"name": "bench", "path": str(disk)})
        wait_for(lambda: self.stack.admin.get("images/bench")["state"] == "ready", 30, "the image is imported")
        self.stack.make_pool("bench", "bench", cpus=1, memory_mib=256, start="cold")
        self.user = self.stack.rest(*self.stack.make_user())

    def far_end(self):
        return str(self.stack.port)

    def near_end(self, place, far, stack):
        asked = self.user.post(f"sessions/{self.session['id']}/connect", {"protocol": "vnc"})
        near = place / "tunnel"
        near.unlink(missing_ok=True)
        tunnel = stack.enter_context(running([sys.executable, TUNNEL, near, far, asked["ticket"]]))
        wait_for_socket(near, tunnel)
        return near


@contextlib.contextmanager
def between(programs, place, address):
    """The whole chain; where it cannot be (no qemu-img, nothing but the display built), the display alone."""
    with contextlib.ExitStack() as stack:
        try:
            chain = Broker(programs, place, address, stack)
        except (Failed, OSError, subprocess.CalledProcessError) as error:
            print(f"  without the broker: {error}", file=sys.stderr)
            chain = Display(programs, place, address, stack)
        yield chain

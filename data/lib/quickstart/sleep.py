#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts every desktop of a host to sleep; what cannot sleep gets the power button.

    sleep.py SOCKET

It speaks with oriel-host itself: that needs no sign-in, and no broker, which would wake a desktop at
once for whoever looks at it. Exit status 1 when some still run in the end.
"""

import json
import socket
import sys
import time

PATIENCE = 40  # seconds for all to sleep, and again for the rest to shut down
AT_REST = ("suspended", "stopped", "failed")


class Host:
    """A connection to oriel-host, and what it tells of its desktops (ARCHITECTURE.md, "The host's API")."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""
        self.desktops = {}
        self.asked = set()  # desktops that were told something, with the answer yet to come
        self.watching = False
        self.send("watch", "watch")
        self.follow(lambda: self.watching)

    def send(self, identifier, call, **args):
        self.socket.sendall(json.dumps({"id": identifier, "call": call, "args": args}).encode() + b"\n")

    def take(self, message):
        """One line of the host's."""
        event, result = message.get("event"), message.get("result", {})
        if event == "desktop.changed":
            self.desktops[message["desktop"]["id"]] = message["desktop"]
        elif event == "desktop.deleted":
            self.desktops.pop(message["id"], None)
        elif message.get("id") == "watch":
            self.desktops = {desktop["id"]: desktop for desktop in result["desktops"]}
            self.watching = True
        elif not event:
            self.asked.discard(message["id"])
            if result:
                self.desktops[result["id"]] = result

    def follow(self, done):
        """Reads until done(), or patience ends."""
        until = time.monotonic() + PATIENCE
        while not done() and time.monotonic() < until:
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return
            if not data:
                raise ConnectionError("oriel-host has ended")
            *lines, self.buffer = (self.buffer + data).split(b"\n")
            for line in lines:
                self.take(json.loads(line))

    def running(self):
        """The machines of ours that are not at rest; one that only shows its screen here goes on."""
        return [desktop for desktop in self.desktops.values() if desktop["state"] not in AT_REST and not desktop.get("vnc")]

    def tell(self, call, states):
        """Tells each running desktop once, as soon as it is in one of the states; returns when nothing more comes of it."""
        told = set()

        def done():
            for desktop in self.running():
                if desktop["state"] in states and desktop["id"] not in told:
                    told.add(desktop["id"])
                    self.asked.add(desktop["id"])
                    self.send(desktop["id"], call, desktop=desktop["id"])
            return all(desktop["state"] == "ready" and desktop["id"] not in self.asked for desktop in self.running())

        self.follow(done)


def main():
    try:
        host = Host(sys.argv[1])
        host.tell("desktop.suspend", ("ready",))
        if host.running():
            host.tell("desktop.stop", ("starting", "ready"))
    except OSError as error:
        return f"The desktops cannot be put to sleep: {error}"
    return 1 if host.running() else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands where oriel-display would, for tests of oriel-host alone: the same options and sockets, and made-up numbers."""

import json
import os
import selectors
import signal
import socket
import sys

STATS = {"vnc_clients": 0, "spice_clients": 0, "frames": 5, "width": 1280, "height": 800}


def listen(path):
    if os.path.exists(path):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen()
    return sock


def answer(connection):
    """One chunk of calls; the test's host sends one line at a time. FALSE at the end."""
    try:
        data = connection.recv(65536)
    except ConnectionError:
        data = b""
    for line in data.splitlines():
        connection.sendall(json.dumps({"id": json.loads(line)["id"], "result": STATS}).encode() + b"\n")
    return bool(data)


def main(arguments):
    options = dict(zip(arguments[::2], arguments[1::2]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    selector = selectors.DefaultSelector()
    for kind in ("vnc", "spice", "control"):
        selector.register(listen(options[f"--{kind}-unix"]), selectors.EVENT_READ, (kind, True))
    while True:
        for key, _ in selector.select():
            kind, listening = key.data
            if listening:
                connection, _ = key.fileobj.accept()
                selector.register(connection, selectors.EVENT_READ, (kind, False))
                if kind == "vnc":
                    connection.sendall(b"RFB 003.008\n")
            elif not answer(key.fileobj):
                selector.unregister(key.fileobj)
                key.fileobj.close()


if __name__ == "__main__":
    main(sys.argv[1:])

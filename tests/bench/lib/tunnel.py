#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What oriel-viewer and a browser do for their VNC client: a Unix socket whose bytes go as a WebSocket's frames, in TLS, to the
gateway's port. One connection, and then it ends.

    tunnel.py SOCKET PORT TICKET"""

import base64
import os
import select
import socket
import ssl
import struct
import sys

CHUNK = 256 * 1024


def upgrade(tls, ticket):
    """Returns what came behind the answer's head."""
    key = base64.b64encode(os.urandom(16)).decode()
    tls.sendall(("GET /stream/vnc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                 f"Sec-WebSocket-Protocol: binary, oriel.ticket.{ticket}\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = tls.recv(CHUNK)
        if not part:
            sys.exit("tunnel: the gateway closed")
        answer += part
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n")[0]:
        sys.exit(f"tunnel: {head.decode(errors='replace')}")
    return rest


def frame(data):
    """Masked with zeros, which leaves the bytes as they are."""
    size = len(data)
    if size < 126:
        return struct.pack("!BBI", 0x82, 0x80 | size, 0) + data
    if size < 65536:
        return struct.pack("!BBHI", 0x82, 0x80 | 126, size, 0) + data
    return struct.pack("!BBQI", 0x82, 0x80 | 127, size, 0) + data


class Frames:
    """Takes bytes of the stream and returns those of the frames' payloads, as they come."""

    def __init__(self):
        self.head, self.left, self.opcode = b"", 0, 0

    def payload(self, data):
        parts = []
        while data:
            if self.left:
                part, data = data[:self.left], data[self.left:]
                self.left -= len(part)
                if self.opcode < 8:  # what controls the connection is no payload
                    parts.append(part)
                continue
            self.head, data = self.head + data[:1], data[1:]
            needed = 2 if len(self.head) < 2 else {126: 4, 127: 10}.get(self.head[1] & 127, 2)
            if len(self.head) == needed:
                self.opcode = self.head[0] & 15
                self.left = self.head[1] if needed == 2 else int.from_bytes(self.head[2:], "big")
                self.head = b""
        return b"".join(parts)


def forward(near, tls, rest):
    frames = Frames()
    near.sendall(frames.payload(rest))
    while True:
        ready = [tls] if tls.pending() else select.select([near, tls], [], [])[0]
        if tls in ready:
            data = tls.recv(CHUNK)
            if not data:
                return
            near.sendall(frames.payload(data))
        if near in ready:
            data = near.recv(CHUNK)
            if not data:
                return
            tls.sendall(frame(data))


def main(path, port, ticket):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    near, _ = listener.accept()
    far = socket.create_connection(("127.0.0.1", int(port)))
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # what is measured is not whom it trusts
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with near, context.wrap_socket(far) as tls:
        try:
            forward(near, tls, upgrade(tls, ticket))
        except ConnectionError:
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])

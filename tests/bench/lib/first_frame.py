# SPDX-License-Identifier: GPL-3.0-or-later
"""A VNC client that only looks: through the broker's WebSocket, until it has been sent every pixel of the screen once."""

import base64
import os
import socket
import ssl
import struct
import time
import urllib.parse

RAW, LAST_RECT, SIZE = 0, -224, -223


class _Socket:
    """A WebSocket with next to no cost of its own, so that the server's is measured."""

    def __init__(self, url, ticket, seconds):
        where = urllib.parse.urlsplit(url)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection((where.hostname, where.port), seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = context.wrap_socket(plain, server_hostname=where.hostname)
        self.file = self.stream.makefile("rb", 1 << 18)
        self.left = 0  # bytes of the frame that is being read
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                            f"Sec-WebSocket-Protocol: binary, oriel.ticket.{ticket}\r\n\r\n".encode())
        status = self.file.readline()
        assert b" 101 " in status, status
        while self.file.readline().strip():
            pass

    def send(self, data):
        assert len(data) < 126
        mask = os.urandom(4)
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.stream.sendall(bytes([0x82, 0x80 | len(data)]) + mask + body)

    def _begin_frame(self):
        kind, size = self.file.read(2)
        assert kind & 0x0f in (0, 2), f"frame {kind:#x}"
        if size >= 126:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        self.left = size

    def take(self, count):
        piece = bytearray()
        while len(piece) < count:
            while self.left == 0:
                self._begin_frame()
            part = self.file.read(min(self.left, count - len(piece)))
            assert part, "the stream ended"
            piece += part
            self.left -= len(part)
        return piece

    def numbers(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def close(self):
        self.file.close()
        self.stream.close()


class _Screen:
    """Which pixels came, and what they are (rows of 4 bytes each)."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.missing = width * height
        self.seen = bytearray(width * height)
        self.pixels = bytearray(width * height * 4)

    def take(self, x, y, width, height, data):
        for row in range(height):
            at = (y + row) * self.width + x
            self.missing -= self.seen.count(0, at, at + width)
            self.seen[at:at + width] = b"\1" * width
            self.pixels[4 * at:4 * (at + width)] = data[4 * row * width:4 * (row + 1) * width]

    def colours(self):
        return len({bytes(self.pixels[at:at + 3]) for at in range(0, len(self.pixels), 4 * 97)})


def _greet(socket):
    socket.send(socket.take(12))
    count, = socket.numbers(">B")
    assert 1 in socket.take(count), "no security type “none” behind the ticket"
    socket.send(b"\1")
    assert socket.numbers(">I") == (0,)
    socket.send(b"\1")
    width, height = socket.numbers(">HH")
    socket.take(16)
    socket.take(socket.numbers(">I")[0])
    socket.send(struct.pack(">BxH3i", 2, 3, RAW, LAST_RECT, SIZE))
    return _Screen(width, height)


def _update(socket, screen):
    count, = socket.numbers(">xH")
    while count > 0:
        x, y, width, height, encoding = socket.numbers(">4Hi")
        if encoding == LAST_RECT:
            break
        if encoding == SIZE:
            screen.__init__(width, height)
        elif encoding == RAW:
            screen.take(x, y, width, height, socket.take(width * height * 4))
        count -= count < 0xffff


def look(url, ticket, seconds=60):
    """The screen, when all of it has come, and the ms from the beginning until each step was done."""
    began, marks = time.monotonic(), {}

    def mark(name):
        marks[name] = (time.monotonic() - began) * 1000

    stream = _Socket(url, ticket, seconds)
    mark("socket")
    screen = _greet(stream)
    mark("greeting")
    asked = 0
    while screen.missing:
        stream.send(struct.pack(">BB4H", 3, asked > 0, 0, 0, screen.width, screen.height))
        asked += 1
        kind = stream.take(1)
        assert kind == b"\0", f"message {kind}"
        if asked == 1:
            mark("first bytes")
        _update(stream, screen)
    mark("complete")
    stream.close()
    return screen, marks

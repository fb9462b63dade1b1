# SPDX-License-Identifier: GPL-3.0-or-later
"""A VNC client that only looks: through the broker's WebSocket, until it has been sent every pixel of the screen once."""

import asyncio
import ssl
import struct
import time

import websockets

RAW, LAST_RECT, SIZE, EXTENDED_SIZE = 0, -224, -223, -308


class _Reader:
    """Whole pieces out of a WebSocket's messages."""

    def __init__(self, socket):
        self.socket, self.rest = socket, bytearray()

    async def take(self, count):
        while len(self.rest) < count:
            self.rest += await self.socket.recv()
        piece = bytes(self.rest[:count])
        del self.rest[:count]
        return piece

    async def numbers(self, form):
        return struct.unpack(form, await self.take(struct.calcsize(form)))


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


async def _greet(reader, socket):
    await socket.send(await reader.take(12))
    count, = await reader.numbers(">B")
    assert 1 in await reader.take(count), "no security type “none” behind the ticket"
    await socket.send(b"\1")
    assert await reader.numbers(">I") == (0,)
    await socket.send(b"\1")
    width, height = await reader.numbers(">HH")
    await reader.take(16)
    await reader.take((await reader.numbers(">I"))[0])
    await socket.send(struct.pack(">BxH3i", 2, 3, RAW, LAST_RECT, SIZE))
    return _Screen(width, height)


async def _update(reader, screen):
    count, = await reader.numbers(">xH")
    while count > 0:
        x, y, width, height, encoding = await reader.numbers(">4Hi")
        if encoding == LAST_RECT:
            break
        if encoding == SIZE:
            screen.__init__(width, height)
        elif encoding == RAW:
            screen.take(x, y, width, height, await reader.take(width * height * 4))
        count -= count < 0xffff


async def _look(url, ticket):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    began, marks = time.monotonic(), {}

    def mark(name):
        marks[name] = (time.monotonic() - began) * 1000

    async with websockets.connect(url, ssl=context, max_size=None, compression=None,
                                  subprotocols=["binary", f"oriel.ticket.{ticket}"]) as socket:
        mark("socket")
        reader = _Reader(socket)
        screen = await _greet(reader, socket)
        mark("greeting")
        asked = 0
        while screen.missing:
            await socket.send(struct.pack(">BB4H", 3, asked > 0, 0, 0, screen.width, screen.height))
            asked += 1
            kind = await reader.take(1)
            assert kind == b"\0", f"message {kind}"
            if asked == 1:
                mark("first bytes")
            await _update(reader, screen)
        mark("complete")
        return screen, marks


def look(url, ticket, seconds=60):
    """The screen, when all of it has come, and the ms from the beginning until each step was done."""
    return asyncio.run(asyncio.wait_for(_look(url, ticket), seconds))

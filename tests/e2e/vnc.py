# SPDX-License-Identifier: GPL-3.0-or-later
"""A stock VNC client (libvncclient) behind a bridge from a loopback port to the broker's WebSocket."""

import asyncio
import os
import queue
import ssl
import subprocess
import threading

import websockets
from PIL import Image

from harness import paths


class Refused(Exception):
    """The broker did not open the stream; status is its HTTP status."""

    def __init__(self, status):
        super().__init__(f"the broker answered {status}")
        self.status = status


async def open_stream(url, ticket, origin=None):
    """Opens the WebSocket as a browser would, or raises Refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return await websockets.connect(
            url, ssl=context, origin=origin, max_size=None, compression=None,
            subprotocols=["binary", f"oriel.ticket.{ticket}"])
    except websockets.InvalidStatusCode as error:
        raise Refused(error.status_code) from error


def try_stream(url, ticket, origin=None):
    """Opens the stream and reads the server's first bytes; raises Refused."""
    async def attempt():
        socket = await open_stream(url, ticket, origin)
        first = await asyncio.wait_for(socket.recv(), 20)
        await socket.close()
        return first
    return asyncio.run(attempt())


class Bridge:
    """Carries one TCP connection on a loopback port to a WebSocket, in a thread of its own."""

    def __init__(self, url, ticket):
        self.url, self.ticket = url, ticket
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.error = self.port = self.close_code = None
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait(30)
        if self.error:
            raise self.error

    def _run(self):
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._serve())
        except Exception as error:  # told to the thread that made the bridge
            self.error = error
        finally:
            self.ready.set()
            self.closed.set()

    async def _serve(self):
        self.socket = await open_stream(self.url, self.ticket)
        accepted = self.loop.create_future()
        server = await asyncio.start_server(
            lambda reader, writer: accepted.set_result((reader, writer)), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        reader, writer = await accepted
        server.close()
        tasks = {asyncio.ensure_future(self._up(reader)), asyncio.ensure_future(self._down(writer))}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        await self.socket.close()
        self.close_code = self.socket.close_code

    async def _up(self, reader):
        while data := await reader.read(65536):
            await self.socket.send(data)

    async def _down(self, writer):
        async for data in self.socket:
            writer.write(data)
            await writer.drain()


class VncClient:
    """Starts the client; its methods return when the client has done it."""

    def __init__(self, program, url, ticket, encodings=None):
        self.bridge = Bridge(url, ticket)
        command = [program, str(self.bridge.port)] + ([encodings] if encodings else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.size = None
        self.cut = queue.Queue()
        self.answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._expect("ok connected")

    def _read(self):
        for line in self.process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "size":
                self.size = tuple(map(int, rest.split()))
            elif word == "cut":
                self.cut.put(rest.encode().decode("unicode_escape"))
            else:
                self.answers.put(line.rstrip("\n"))
        self.answers.put("closed")

    def _expect(self, wanted, timeout=60):
        answer = self.answers.get(timeout=timeout)
        assert answer == wanted, f"the VNC client said “{answer}”, not “{wanted}”"

    def _do(self, command, timeout=60):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self._expect("ok " + command.split()[0], timeout)

    def type(self, text):
        for i, line in enumerate(text.split("\n")):
            if i:
                self._do("key ff0d")
            if line:
                self._do("type " + line)

    def key(self, keysym):
        self._do(f"key {keysym:x}")

    def pointer(self, x, y, mask=0):
        self._do(f"pointer {x} {y} {mask}")

    def click(self, x, y):
        self.pointer(x, y)
        self.pointer(x, y, 1)
        self.pointer(x, y)

    def resize(self, width, height):
        self._do(f"resize {width} {height}")

    def until_size(self, width, height, timeout=60):
        self._do(f"until {width} {height}", timeout)

    def clip(self, text):
        self._do("clip " + text)

    def wait_cut(self, text, timeout=60):
        """Returns when the server's clipboard has this text; it may first be told of what was there before."""
        while self.cut.get(timeout=timeout) != text:
            pass

    def wait_updates(self, count=1, timeout=60):
        self._do(f"wait {count}", timeout)

    def quiet(self, milliseconds=500, timeout=60):
        self._do(f"quiet {milliseconds}", timeout)

    def picture(self, path):
        """The screen as this client sees it now."""
        self._do(f"save {path}")
        with Image.open(path) as image:
            return image.convert("RGB")

    def wait_closed(self, timeout=60):
        while self.answers.get(timeout=timeout) != "closed":
            pass

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        self.bridge.closed.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.close()


def client_program():
    return paths.program("vnc-client")

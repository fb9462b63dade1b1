# SPDX-License-Identifier: GPL-3.0-or-later
"""A video in a browser: noVNC as it comes, decoding H.264 by Chromium's WebCodecs. No guest: oriel-display plays a recording."""

import asyncio
import base64
import http
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

import numpy
from PIL import Image
import websockets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import paths  # noqa: E402

PORTAL = pathlib.Path(__file__).parent / "portal"
NOVNC = pathlib.Path(__file__).resolve().parents[2] / "broker/web/node_modules/@novnc/novnc"
WIDTH, HEIGHT = 480, 352
BOX = (64, 48, 320, 240)  # the video: x, y, width, height
LEFT, RIGHT = (190, 60, 90), (40, 150, 200)
FRAMES, RATE = 90, 15


def write_recording(path):
    """Grey, and in it a video of two halves whose mean colours stay. Returns the last frame (RGB)."""
    random = numpy.random.default_rng(3)
    x, y, width, height = BOX
    frame = numpy.full((HEIGHT, WIDTH, 4), 96, numpy.uint8)
    with open(path, "wb") as file:
        for time in range(FRAMES):
            rows, columns = numpy.mgrid[0:height, 0:width]
            wave = 24 * numpy.sin((columns + 5 * time) / 11) + 16 * numpy.cos((rows - 3 * time) / 9)
            base = numpy.where(columns[..., None] < width // 2, LEFT, RIGHT)
            noisy = base + wave[..., None] + random.integers(-3, 4, (height, width, 1))
            frame[y:y + height, x:x + width, :3] = numpy.clip(noisy, 0, 255)[..., ::-1]
            file.write(frame.tobytes())
    return frame[..., 2::-1].copy()


class Bridge:
    """A WebSocket in front of a Unix socket, as the broker's gateway is, and noVNC's files beside it."""

    def __init__(self, path):
        self.path, self.port = path, None
        self.connected = threading.Event()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    async def _carry(self, client, *_):
        self.connected.set()
        while not pathlib.Path(self.path).exists():
            await asyncio.sleep(0.02)
        reader, writer = await asyncio.open_unix_connection(self.path)

        async def down():
            while data := await reader.read(65536):
                await client.send(data)

        task = asyncio.ensure_future(down())
        try:
            async for message in client:
                writer.write(message)
        finally:
            task.cancel()
            writer.close()

    @staticmethod
    async def _answer(path, _):
        if path == "/desktop":
            return None
        if path == "/":
            return http.HTTPStatus.OK, [("Content-Type", "text/html")], b'<!DOCTYPE html><title>video</title><div id="screen"></div>'
        file = (NOVNC / path.lstrip("/")).resolve()
        if not file.is_relative_to(NOVNC.resolve()) or not file.is_file():
            return http.HTTPStatus.NOT_FOUND, [], b""
        return http.HTTPStatus.OK, [("Content-Type", "text/javascript")], file.read_bytes()

    async def _serve(self):
        self._end = asyncio.Event()
        async with websockets.serve(self._carry, "127.0.0.1", 0, subprotocols=["binary"], max_size=None,
                                    process_request=self._answer) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._end.wait()

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)


def watch(place, recording, size, rate):
    """Plays a recording to noVNC, from when it is there; what video.mjs says of it. place: a short folder."""
    display = None
    with Bridge(f"{place}/vnc") as bridge:
        page = subprocess.Popen(["node", "video.mjs", f"127.0.0.1:{bridge.port}"], cwd=PORTAL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)
        try:
            if bridge.connected.wait(60):
                display = subprocess.Popen([paths.program("oriel-display"), "--name", "video", "--source", f"replay:{recording}",
                                            "--size", size, "--rate", str(rate), "--vnc-unix", f"{place}/vnc"])
            said, errors = page.communicate(timeout=120)
        finally:
            page.kill()
            if display:
                display.terminate()
                display.wait(30)
    assert page.returncode == 0, errors
    return json.loads(said)


def picture_of(seen):
    """What was on the canvas in the end."""
    with Image.open(io.BytesIO(base64.b64decode(seen["picture"]))) as picture:
        return numpy.asarray(picture.convert("RGB"))


def test_video_in_a_browser():
    with tempfile.TemporaryDirectory(prefix="o") as place:
        last = write_recording(f"{place}/video.raw")
        seen = watch(place, f"{place}/video.raw", f"{WIDTH}x{HEIGHT}", RATE)
    assert seen["supported"], "this Chromium decodes no H.264"
    assert seen["pictures"] >= 15 and seen["errors"] == [] and seen["ended"] is None
    assert seen["halves"], "no look at a picture"
    for left, right in seen["halves"]:
        for got, wanted in ((left, LEFT), (right, RIGHT)):
            assert max(abs(a - b) for a, b in zip(got, wanted)) <= 4, seen["halves"]
    shown = picture_of(seen)
    assert shown.shape == last.shape
    assert int((shown != last).sum()) == 0, "every pixel is exact once it is still"

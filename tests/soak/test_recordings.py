# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded screens (*.raw.zst, 1920x1080, in the folder ORIEL_WORKLOADS) in stock clients: settled, no pixel is wrong.

Each viewer with each encoding sees each recording alone; then all encodings of VNC see it at once, from one display, while
SPICE viewers see it, too."""

import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import test_stock_clients as stock  # noqa: E402  (it brings e2e's modules, too)
import test_novnc_video as novnc  # noqa: E402
from display_support import DEADLINE, Client  # noqa: E402
from harness import paths  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from seat import Seat  # noqa: E402

WIDTH, HEIGHT = 1920, 1080
RECORDINGS = sorted(pathlib.Path(os.environ.get("ORIEL_WORKLOADS") or "/nonexistent").glob("*.raw.zst"))


@pytest.fixture(scope="module")
def seat():
    with Seat(WIDTH + 200, HEIGHT + 200) as place:
        yield place


@pytest.fixture(scope="module", params=RECORDINGS, ids=lambda path: path.name.split(".")[0])
def recorded(request):
    """The recording and its last picture."""
    decoder = subprocess.run(["zstd", "-dcq", "--long=27", request.param], stdout=subprocess.PIPE, check=True)
    last = numpy.frombuffer(decoder.stdout[-WIDTH * HEIGHT * 4:], dtype=numpy.uint8).reshape(HEIGHT, WIDTH, 4)
    return request.param, last[:, :, 2::-1].copy()


@pytest.fixture
def replay(recorded):
    display = stock.Replay(recorded[0], f"{WIDTH}x{HEIGHT}")
    yield display
    display.close()


@pytest.mark.parametrize(("viewer", "encoding"), stock.VIEWERS, ids=stock.VIEWER_NAMES)
def test_viewer(replay, recorded, seat, viewer, encoding):
    stock.watch(seat, viewer(replay, encoding), recorded[1])


def test_novnc(recorded):
    with tempfile.TemporaryDirectory(prefix="o", dir="/tmp") as place:
        seen = novnc.watch(place, recorded[0], f"{WIDTH}x{HEIGHT}", 30)
    shown = novnc.picture_of(seen)
    assert shown.shape == recorded[1].shape and seen["errors"] == []
    assert int((shown != recorded[1]).any(axis=2).sum()) == 0, "wrong pixels"


def wrong_pixels(client, replay, wanted):
    return int((stock.picture_of(client, replay.folder) != wanted).any(axis=2).sum())


def test_all_at_once(replay, recorded):
    clients = [(name, stock.start_spice(replay)) for name in ("spice", "another spice")]
    for encodings in ("tight copyrect", "zrle copyrect", "hextile", "raw", "zlib copyrect"):
        client = Client(paths.program("vnc-client"), str(replay.vnc_port()), encodings)
        replay.clients.append(client)
        client.expect("ok connected")
        clients.append((encodings, client))
    for name, client in clients:
        wait_for(lambda c=client: wrong_pixels(c, replay, recorded[1]) == 0, DEADLINE, f"{name} shows the picture", 0.3)

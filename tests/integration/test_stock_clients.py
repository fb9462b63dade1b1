# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded screen in the windows of clients as everybody has them: settled, no pixel is wrong."""

import os
import pathlib
import shutil
import sys
import tempfile

import numpy
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import recording  # noqa: E402
from display_support import DEADLINE, Client, Display  # noqa: E402
from harness import paths  # noqa: E402
from harness.janitor import Janitor  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from PIL import Image  # noqa: E402
from seat import Seat  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


class Replay(Display):
    """An oriel-display that plays a recording, whose last picture then stays."""

    def __init__(self, path, size):
        super().__init__(pathlib.Path(tempfile.mkdtemp(prefix="o", dir="/tmp")))
        self.janitor = Janitor(self.folder)
        self.run("--source", f"replay:{path}", "--size", size, "--rate", "30")

    def close(self):
        self.close_clients()
        self.janitor.finish()
        self.display.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def recorded():
    """The recording and its last picture."""
    with tempfile.TemporaryDirectory(prefix="o", dir="/tmp") as folder:
        path = pathlib.Path(folder) / "recording"
        yield path, recording.write(path)


@pytest.fixture(scope="module")
def seat():
    with Seat(1000, 700) as place:
        yield place


@pytest.fixture
def replay(recorded):
    display = Replay(recorded[0], f"{recording.WIDTH}x{recording.HEIGHT}")
    yield display
    display.close()


def shows(seat, wanted):
    return recording.where(numpy.asarray(seat.picture()), wanted)


def watch(seat, command, wanted):
    """Runs a viewer until its window shows the wanted picture."""
    process = seat.start(command, pathlib.Path(command[0]).name)
    try:
        wait_for(lambda: process.poll() is not None or shows(seat, wanted), DEADLINE, f"{command} shows the picture", 0.1)
        assert process.poll() is None, f"{command} ended"
    finally:
        process.terminate()
        process.wait()


TIGERVNC = {
    "tight": ["-PreferredEncoding=Tight", "-NoJPEG=1"],
    "tight-jpeg": ["-PreferredEncoding=Tight", "-NoJPEG=0", "-QualityLevel=8"],
    "tight-jpeg-low": ["-PreferredEncoding=Tight", "-NoJPEG=0", "-QualityLevel=2"],
    "zrle": ["-PreferredEncoding=ZRLE"],
    "hextile": ["-PreferredEncoding=Hextile"],
    "raw": ["-PreferredEncoding=Raw"],
}


def tigervnc(replay, encoding):
    return ["xtigervncviewer", "-SecurityTypes=None", "-AutoSelect=0", "-RemoteResize=0", "-ReconnectOnError=0",
            "-AlertOnFatalError=0", *TIGERVNC[encoding], f"127.0.0.1::{replay.vnc_port()}"]


def gtk_vnc(replay, quality):
    return ["/usr/bin/python3", str(HERE / "gtk-vnc-viewer.py"), replay.path("vnc"), quality]


def remote_viewer(replay, _):
    return ["remote-viewer", f"spice+unix://{replay.path('spice')}"]


# Each viewer with each encoding that it negotiates: a function that makes its command, and what it is told.
VIEWERS = [(tigervnc, encoding) for encoding in TIGERVNC] + [(gtk_vnc, "lossless"), (gtk_vnc, "lossy"), (remote_viewer, "")]
VIEWER_NAMES = [f"{viewer.__name__}-{encoding}".rstrip("-") for viewer, encoding in VIEWERS]


@pytest.mark.parametrize(("viewer", "encoding"), VIEWERS, ids=VIEWER_NAMES)
def test_viewer(replay, recorded, seat, viewer, encoding):
    watch(seat, viewer(replay, encoding), recorded[1])
    assert replay.call("stats")["updates"] > 0


def picture_of(client, folder):
    path = str(folder / "client.ppm")
    client.do(f"save {path}")
    with Image.open(path) as image:
        return numpy.asarray(image.convert("RGB"))


def start_spice(replay):
    client = Client(paths.program("spice-client"), replay.path("spice"))
    client.expect("size")
    replay.clients.append(client)
    return client


def test_spice_library(replay, recorded):
    """As remote-viewer draws it, and what it cost: libspice-server compresses, counts, and moves what moved."""
    client = start_spice(replay)
    wait_for(lambda: (picture_of(client, replay.folder) == recorded[1]).all(), DEADLINE, "the last picture")
    stats = wait_for(lambda: replay.call("stats") if replay.call("stats")["spice"][0]["settled"] else None, DEADLINE, "settled")
    viewer = stats["spice"][0]
    assert 0 < viewer["bytes"] < recording.WIDTH * recording.HEIGHT * 4 * 10, "not whole frames without compression"
    assert viewer["updates"] > 5
    wait_for(lambda: replay.call("stats")["spice"][0]["round_trip_us"] > 0, DEADLINE, "the answer to a ping")


def test_spice_viewer_that_stalls(replay, recorded):
    """One that stops reading neither holds up the other nor makes the display grow."""
    stalled = start_spice(replay)
    os.kill(stalled.process.pid, 19)  # SIGSTOP
    try:
        other = start_spice(replay)
        other_shows = wait_for(lambda: replay.call("stats")["spice_clients"] >= 1 and picture_of(other, replay.folder) is not None,
                               DEADLINE, "the other viewer")
        assert other_shows
    finally:
        os.kill(stalled.process.pid, 18)  # SIGCONT
    for client in (stalled, other):
        wait_for(lambda c=client: (picture_of(c, replay.folder) == recorded[1]).all(), DEADLINE, "the last picture")

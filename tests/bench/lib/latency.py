# SPDX-License-Identifier: GPL-3.0-or-later
"""From a key to the pixel it changes, through the whole chain: client, link, gateway, oriel-display, D-Bus, a scripted guest,
and back."""

import contextlib
import json
import socket
import statistics
import subprocess

from . import chain
from .measure import note
from .players import MODES
from .programs import Failed, folder, running, wait_for_line

# name, what bench-link is told: kbit/s, round trip in ms, losses of 1000; None: no link between
LINKS = [("loopback", None), ("20 Mbit/s, 40 ms", (20000, 40, 0)), ("5 Mbit/s, 150 ms, 1 % loss", (5000, 150, 10))]
WARM_UP_MS, WARM_UP_TRIPS, LEARN_MS = 500, 20, 3000  # the first screen comes; and a moving screen's link is learned
SEEN = ("base_us", "round_trip_us", "bandwidth", "queued", "in_flight", "quality")  # of what the display counts


def percentile(numbers, share):
    numbers = sorted(numbers)
    return numbers[min(len(numbers) - 1, int(len(numbers) * share))]


def ask_display(path):
    """What the display says of its client, as the typing ends."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(path))
        control.sendall(b'{"id":"1","call":"stats"}\n')
        with control.makefile("rb") as lines:
            result = json.loads(lines.readline())["result"]
    return {key: client.get(key) for client in result["vnc"][-1:] for key in SEEN}


class Typing:
    """Types through one chain, over one link after the other."""

    def __init__(self, programs, place, guest, between):
        self.programs, self.place, self.guest, self.between = programs, place, guest, between

    def type(self, link, keys, warm_up, fences):
        """One row: times from the key to the guest, and from the guest to the pixel, and both."""
        with contextlib.ExitStack() as stack:
            far = self.between.far_end()
            if link:
                near = self.place / "link" if str(far).startswith("/") else "0"
                self.place.joinpath("link").unlink(missing_ok=True)
                relay = stack.enter_context(running([self.programs.bench("bench-link"), near, far, *link],
                                                    stdout=subprocess.PIPE, text=True))
                far = wait_for_line(relay, "bench-link")
            path = self.between.near_end(self.place, far, stack)
            encodings, quality, _ = MODES["lossy"]
            command = [self.programs.bench("bench-typist"), path, encodings, quality, keys, warm_up]
            command += ["fences"] if fences else []
            typist = stack.enter_context(running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            times = json.loads(wait_for_line(typist, "bench-typist"))
            display = ask_display(self.between.control)
        return [self._stages(begin, end) for begin, end in times], display

    def _stages(self, begin, end):
        """The guest also told of keys that a typist before this one gave up."""
        at = 0
        while at < begin:
            at = int(wait_for_line(self.guest, "bench-guest"))
        return at - begin, end - at, end - begin


@contextlib.contextmanager
def typing(programs, video):
    """video: a Workload that the guest plays all the while, or None."""
    width, height = (video.width, video.height) if video else (1920, 1080)
    with folder() as place:
        command = [programs.bench("bench-guest"), width, height] + ([video.raw] if video else [])
        with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as guest:
            with chain.between(programs, place, wait_for_line(guest, "bench-guest")) as between:
                yield Typing(programs, place, guest, between)


def warm_up(link, moving):
    return WARM_UP_MS + (WARM_UP_TRIPS * link[1] if link else 0) + (LEARN_MS if moving else 0)


def row(name, link, times, display):
    up, down, whole = ([time / 1000 for time in column] for column in zip(*times))
    return {"link": name, "round_trip_ms": link[1] if link else 0, "keys": len(times), "to_guest_ms": statistics.median(up),
            "to_screen_ms": statistics.median(down), "p50_ms": statistics.median(whole), "p95_ms": percentile(whole, 0.95),
            "display": display}


def measure(programs, video, keys):
    """A row for each link, kind of client, and what else goes on on the screen."""
    rows = []
    for moving in (None, video) if video else (None,):
        with typing(programs, moving) as typist:
            for name, link in LINKS:
                for fences in (True, False):
                    try:
                        times, display = typist.type(link, keys, warm_up(link, moving), fences)
                    except (Failed, OSError) as error:
                        note(f"  latency, {name}: {error}")
                        continue
                    rows.append(row(name, link, times, display) | {"video": bool(moving), "fences": fences, "through": typist.between.name})
                    note(f"  {name}{', video' if moving else ''}{', fences' if fences else ''}: p50 {rows[-1]['p50_ms']:.1f} ms "
                         f"(to guest {rows[-1]['to_guest_ms']:.1f}), p95 {rows[-1]['p95_ms']:.1f} ms")
    return rows

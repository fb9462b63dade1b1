# SPDX-License-Identifier: GPL-3.0-or-later
"""A screen that stands still costs nothing, also with viewers: nothing is computed, sent, or woken up for."""

import time

import recording
from display_support import DEADLINE, Client
from harness import paths
from harness.processes import spent
from harness.wait import wait_for
from test_stock_clients import Replay, start_spice

WINDOW = 2  # seconds
# Turns on a processor in that time, of all threads together: a timer for each frame (60 Hz) would take 120. What is left are
# libspice-server's own pings, one every few seconds for each viewer, and the question that this test asks.
TURNS = 30
TICKS = 2  # of the clock by which the kernel counts processor time: 10 ms


def test_still_screen_costs_nothing(tmp_path):
    path = tmp_path / "recording"
    recording.write(path)
    replay = Replay(path, f"{recording.WIDTH}x{recording.HEIGHT}")
    try:
        start_spice(replay)
        vnc = Client(paths.program("vnc-client"), str(replay.vnc_port()))
        replay.clients.append(vnc)
        vnc.expect("ok connected")

        def settled():
            clients = (stats := replay.call("stats"))["vnc"] + stats["spice"]
            return len(clients) == 2 and all(client["settled"] for client in clients)

        wait_for(settled, DEADLINE, "both viewers show the last picture")

        def still():
            before, counted = replay.call("stats"), spent(replay.display.pid)
            time.sleep(WINDOW)  # nothing happens now: there is no event to wait for
            turns, ticks = (b - a for a, b in zip(counted, spent(replay.display.pid)))
            after = replay.call("stats")
            return turns <= TURNS and ticks <= TICKS and all(before[what] == after[what] for what in ("frames", "updates"))

        wait_for(still, DEADLINE, f"{WINDOW} s in which the display does nothing")
    finally:
        replay.close()

# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cost grows: several viewers of one desktop, several desktops that stand still, a screen four times as large."""

import contextlib
import json
import pathlib
import re
import socket
import statistics
import subprocess
import time

from .measure import note
from .players import MODES, Oriel
from .programs import DEADLINE, Failed, cpu_seconds, folder, running, wait_for_socket
from .workloads import Workload

VIEWERS = (1, 2, 4)
DESKTOPS = (1, 4, 16)
IDLE_SECONDS = 10


def play_to(programs, workload, mode, viewers):
    """Processor seconds and bytes of one lockstep run to so many equal viewers. The first frame is shown when every
    connection has come in and asked: one that says nothing holds it back until all viewers are there."""
    player = Oriel(programs)
    with folder() as place, contextlib.ExitStack() as stack:
        log = stack.enter_context(open(place / "log", "w", encoding="utf-8"))
        display = stack.enter_context(running(player.command(place, workload), stdout=log, stderr=log))
        wait_for_socket(place / "vnc", display)
        gate = stack.enter_context(socket.socket(socket.AF_UNIX))
        gate.connect(str(place / "vnc"))
        clients = [stack.enter_context(player.client(place / "vnc", workload, mode, False)) for _ in range(viewers)]
        for client in clients:
            if client.stdout.readline().strip() != "ready":
                raise Failed("a viewer did not get in")
        gate.close()
        if display.wait(DEADLINE) != 0:
            raise Failed(f"oriel-display ended with {display.returncode}")
        stats = json.loads((place / "stats.json").read_text(encoding="utf-8"))
    if len(stats["clients"]) != viewers:
        raise Failed(f"{len(stats['clients'])} of {viewers} viewers stayed")
    return stats["cpu_seconds"], stats["bytes"]


def viewers(programs, workload, repeats):
    """Medians for 1, 2 and 4 viewers, in turn."""
    rows = []
    for mode in ("lossless", "lossy"):
        runs = {n: [] for n in VIEWERS}
        for _ in range(repeats):
            for n in VIEWERS:
                runs[n].append(play_to(programs, workload, mode, n))
        one = statistics.median(cpu for cpu, _ in runs[1])
        for n in VIEWERS:
            cpu = statistics.median(cpu for cpu, _ in runs[n])
            rows.append({"workload": workload.name, "mode": mode, "viewers": n, "cpu_seconds": cpu, "ratio": cpu / one,
                         "bytes": statistics.median(size for _, size in runs[n])})
        note(f"  {workload.name} {mode} viewers: " + ", ".join(f"{r['viewers']}: {r['ratio']:.2f}" for r in rows[-3:]))
    return rows


def idle(programs, workload, seconds=IDLE_SECONDS):
    """Processor time of desktops with a connected viewer each, while nothing on them changes."""
    rows = []
    for n in DESKTOPS:
        with folder() as place, contextlib.ExitStack() as stack:
            still = place / "still.raw"
            with open(workload.raw, "rb") as source:
                still.write_bytes(source.read(workload.width * workload.height * 4))
            displays = []
            for i in range(n):
                command = [programs.display, "--name", "idle", "--source", f"replay:{still}", "--size",
                           f"{workload.width}x{workload.height}", "--vnc-unix", place / f"vnc{i}"]
                displays.append(stack.enter_context(running(command, stdout=subprocess.DEVNULL,
                                                            stderr=subprocess.DEVNULL)))
            for i, display in enumerate(displays):
                wait_for_socket(place / f"vnc{i}", display)
                command = [programs.bench("bench-client"), place / f"vnc{i}", *map(str, MODES["lossy"])]
                stack.enter_context(running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            spent = settle(displays)
            time.sleep(seconds)
            after = [cpu_seconds(display.pid) for display in displays]
        total = sum(after) - sum(spent)
        rows.append({"desktops": n, "seconds": seconds, "cpu_seconds": total})
        note(f"  {n} idle desktops: {total * 1000:.2f} ms of processor time in {seconds} s")
    return rows


def settle(displays):
    """Waits until what came first is over: no processor time for a second."""
    end = time.monotonic() + 60
    before = None
    while True:
        now = [cpu_seconds(display.pid) for display in displays]
        if before and sum(now) - sum(before) < 0.001 * len(displays) or time.monotonic() > end:
            return now
        before = now
        time.sleep(1)


def walk(programs):
    """Milliseconds of the damage walk over a full 1920x1080 screen beyond the cache, by its fastest kernel, from the
    micro-benchmarks."""
    said = subprocess.run([programs.bench("bench-kernels")], stdout=subprocess.PIPE, text=True, check=True).stdout
    best = {}
    for case, milliseconds in re.findall(r"^compare, ([a-z ]+?)  .* ([0-9.]+) ms", said, re.MULTILINE):
        best[case] = min(best.get(case, 1e9), float(milliseconds))
    note(f"  the damage walk: {best}")
    return best


def tiled(workload, place, most_frames=8):
    """The recording four times beside and below itself: 3840x2160 where it was 1920x1080."""
    row = workload.width * 4
    path = pathlib.Path(place) / f"{workload.name}-{workload.width * 2}x{workload.height * 2}.raw"
    with open(workload.raw, "rb") as source, open(path, "wb") as out:
        for _ in range(min(most_frames, workload.frames)):
            frame = source.read(row * workload.height)
            rows = b"".join(frame[i:i + row] * 2 for i in range(0, len(frame), row))
            out.write(rows + rows)
    large = Workload(path, pathlib.Path(place) / "large")
    large.raw = large.source = path
    return large

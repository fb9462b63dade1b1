#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast desktops wake from a template, where the time goes, and what many of them take of the memory.

Usage: ORIEL_BUILD=build tests/bench/clones.py [CLONES [AT-ONCE]]     (20 one after another, then 12 that stay)
Prints Markdown; the host's own marks (ms since the start) tell where the time went.
"""

import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import clones  # noqa: E402
from harness.stack import Stack  # noqa: E402

MARKS = ("disk", "bus", "qemu", "display", "restored", "identity", "ready")


def row(cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def measure_speed(api, count):
    waits, marks = [], []
    for _ in range(count):
        began = time.monotonic()
        item = clones.clone(api)
        waits.append((time.monotonic() - began) * 1000)
        marks.append(item["timings"])
        api.call("desktop.delete", desktop=item["id"])
    waits.sort()
    print(f"\n{count} clones, ms from desktop.create to ready: median {statistics.median(waits):.0f}, "
          f"p95 {waits[min(count - 1, round(count * 0.95))]:.0f}, from {waits[0]:.0f} to {waits[-1]:.0f}\n")
    row(["median ms until"] + list(MARKS))
    row(["---"] * (len(MARKS) + 1))
    row([""] + [round(statistics.median(mark.get(name, 0) for mark in marks)) for name in MARKS])


def measure_memory(api, count):
    print(f"\n{count} clones at once\n")
    row(["desktops", "asked MiB", "used MiB", "used MiB each", "shared MiB", "more that fit"])
    row(["---"] * 6)
    for number in range(1, count + 1):
        clones.clone(api)
        info = api.call("host.info")
        memory = info["memory"]
        row([number, memory["asked_mib"], memory["used_mib"], round(memory["used_mib"] / number), memory["shared_mib"],
             info["desktops_fit"]])


def main(arguments):
    count = int(arguments[0]) if arguments else 20
    at_once = int(arguments[1]) if len(arguments) > 1 else 12
    with Stack() as stack:
        stack.start()
        stack.import_image()
        began = time.monotonic()
        template = clones.ready_template(stack)
        print(f"The template took {time.monotonic() - began:.0f} s and {template['size_bytes'] >> 20} MiB of disk.")
        api = clones.watch(stack)
        measure_speed(api, count)
        measure_memory(api, at_once)


if __name__ == "__main__":
    main(sys.argv[1:])

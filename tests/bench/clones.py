#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast desktops wake from a template, where the time goes, and what many of them take of the memory.

Prints Markdown. The host's own marks (ms since a start began) tell where its part of the time went."""

import argparse
import math
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import clones  # noqa: E402
from harness.stack import Stack  # noqa: E402
from harness.wait import wait_for  # noqa: E402
from lib import first_frame  # noqa: E402

MARKS = ("disk", "bus", "qemu", "display", "restored", "identity", "home", "ready")
CLIENT_MARKS = ("ticket", "socket", "greeting", "first bytes", "complete")
PARTS = ("sessions", "spares", "homes", "resume", "clones", "memory")


def row(cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def heading(cells):
    row(cells)
    row(["---"] * len(cells))


def spread(values):
    """median, p95, least, most; whole numbers."""
    values = sorted(values)
    p95 = values[math.ceil(len(values) * 0.95) - 1]  # the nearest rank
    return [round(value) for value in (statistics.median(values), p95, values[0], values[-1])]


def to_first_frame(user, pool):
    """The session, ms from POST /sessions to: the desktop is ready, the first complete frame. And the marks of the client."""
    began = time.monotonic()
    session = user.post("sessions", {"pool": pool})
    while session["state"] != "ready":
        assert session["state"] == "starting", session
        session = user.get(f"sessions/{session['id']}?wait=30&state={session['state']}&step={session['step']}"
                           f"&progress={session['progress']}")
    ready = time.monotonic()
    opened = user.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    asked = time.monotonic()
    screen, marks = first_frame.look(opened["websocket"], opened["ticket"])
    seen = time.monotonic()
    assert screen.colours() > 50, "the screen is empty"
    return session, (ready - began) * 1000, (seen - began) * 1000, {"ticket": (asked - ready) * 1000, **marks}


def one_session(stack, user, pool):
    """ms from POST /sessions to: the desktop is ready, the first complete frame. And the marks of its host and its client."""
    session, ready, seen, marks = to_first_frame(user, pool)
    desktop = stack.admin.get(f"desktops/{session['desktop']}")
    assert desktop["origin"] == "clone", desktop
    user.delete(f"sessions/{session['id']}")
    wait_for(lambda: not (stack.state_dir / "desktops" / session["desktop"]).exists(), 120, "the desktop's end")
    return ready, seen, desktop["timings"], marks


def medians(marks, names=MARKS):
    return [round(statistics.median(mark.get(name, 0) for mark in marks)) for name in names]


def waiting_spare(stack):
    return any(item["spare"] and item["state"] == "ready" for item in stack.admin.get("desktops")["items"])


def wait_for_template(stack):
    wait_for(lambda: any(item["state"] == "ready" for item in stack.admin.get("templates")["items"]), clones.SECONDS,
             "the template is ready", 0.5)


def measure_sessions(stack, user, count, spares):
    name = f"bench-{spares}"
    stack.admin.post("pools", {"name": name, "image": "demo", "memory_mib": 1024, "cpus": 2, "entitled": ["everyone"],
                               "policy": "floating", "spares": spares, "maximum": 12})
    wait_for_template(stack)
    times = []
    for _ in range(count):
        if spares:
            wait_for(lambda: waiting_spare(stack), 120, "a spare", 0.2)
        times.append(one_session(stack, user, name))
    for title, values in (("ready", [time[0] for time in times]), ("first complete frame", [time[1] for time in times])):
        row([f"`POST /sessions` to {title}, {spares or 'no'} spare", count, *spread(values)])
    stack.admin.delete(f"pools/{name}")
    return medians([time[2] for time in times]), medians([time[3] for time in times], CLIENT_MARKS)


def one_resume(stack, user, pool, forget):
    """The same for a desktop that sleeps on disk; forget: what it saved is not in the kernel's memory any more."""
    session = stack.ready_session(user, pool)
    saved = stack.state_dir / "desktops" / session["desktop"] / "suspended"
    began = time.monotonic()
    stack.admin.post(f"desktops/{session['desktop']}/suspend")
    wait_for(lambda: stack.admin.get(f"desktops/{session['desktop']}")["state"] == "suspended", 300, "the desktop sleeps", 0.02)
    slept, size = time.monotonic() - began, saved.stat().st_blocks / 2048
    if forget:
        with open(saved, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    session, ready, seen, _ = to_first_frame(user, pool)
    desktop = stack.admin.get(f"desktops/{session['desktop']}")
    assert desktop["origin"] == "resume", desktop
    return ready, seen, desktop["timings"], slept * 1000, size


def measure_resume(stack, user, count):
    name, marks = "bench-resume", []
    stack.admin.post("pools", {"name": name, "image": "demo", "memory_mib": 1024, "cpus": 2, "entitled": ["everyone"], "policy": "persistent",
                               "start": "clone", "maximum": 2})
    wait_for_template(stack)
    for title, forget in (("from the page cache", False), ("from the disk", True)):
        times = [one_resume(stack, user, name, forget) for _ in range(count)]
        row([f"suspended, `POST /sessions` to ready, {title}", count, *spread([time[0] for time in times])])
        row([f"suspended, `POST /sessions` to first complete frame, {title}", count, *spread([time[1] for time in times])])
        marks.append(medians([time[2] for time in times]))
    row(["suspend to asleep", count, *spread([time[3] for time in times])])
    row(["MiB saved", count, *spread([time[4] for time in times])])
    return marks


def measure_homes(stack, count):
    """Each user comes twice: to a home that is made then, and to the same one again."""
    name = "bench-homes"
    stack.admin.post("pools", {"name": name, "image": "demo", "memory_mib": 1024, "cpus": 2, "entitled": ["everyone"],
                               "policy": "persistent", "home_mib": 1024, "maximum": 12})
    wait_for_template(stack)
    users = [stack.rest(*stack.make_user()) for _ in range(count)]
    visits = {home: [one_session(stack, user, name) for user in users] for home in ("a new home", "a home that is there")}
    for home, times in visits.items():
        for number, title in enumerate(("ready", "first complete frame")):
            row([f"`POST /sessions` to {title}, {home}", count, *spread([time[number] for time in times])])
    return {home: medians([time[2] for time in times]) for home, times in visits.items()}


def measure_clones(stack, count):
    """The host alone."""
    api = clones.watch(stack)
    waits, marks = [], []
    for _ in range(count):
        began = time.monotonic()
        item = clones.clone(api)
        waits.append((time.monotonic() - began) * 1000)
        marks.append(item["timings"])
        api.call("desktop.delete", desktop=item["id"])
    api.close()
    row(["`desktop.create` to ready, the host alone", count, *spread(waits)])
    return medians(marks)


def measure_memory(stack, count):
    api = clones.watch(stack)
    print(f"\n{count} clones at once, MiB:\n")
    heading(["desktops", "asked", "used", "used each", "shared", "more that fit", "agents that answer"])
    items = []
    for number in range(1, count + 1):
        items.append(clones.clone(api))
        info = api.call("host.info")
        memory = info["memory"]
        if number in (1, 2, 4, 8, count):
            answering = sum(stack.guest(item["id"]).run("hostname").strip() == f"oriel-{item['id'][:8]}" for item in items)
            row([number, memory["asked_mib"], memory["used_mib"], round(memory["used_mib"] / number), memory["shared_mib"],
                 info["desktops_fit"], answering])
    for item in items:
        api.call("desktop.delete", desktop=item["id"])
    api.close()


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="sessions and clones, one after another")
    parser.add_argument("--at-once", type=int, default=12, help="clones that run at the same time")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART[,PART]", help="of " + ", ".join(PARTS))
    return parser.parse_args()


def main():
    options = parse()
    parts = options.only.split(",")
    with Stack() as stack:
        stack.start()
        stack.import_image()
        user, marks, client_marks = stack.rest(*stack.make_user()), {}, {}
        heading(["ms", "times", "median", "p95", "least", "most"])
        for part, spares in (("sessions", 0), ("spares", 1)):
            if part in parts:
                marks[part], client_marks[part] = measure_sessions(stack, user, options.count, spares)
        if "homes" in parts:
            marks.update(measure_homes(stack, options.count))
        if "resume" in parts:
            marks["resume, page cache"], marks["resume, disk"] = measure_resume(stack, user, options.count)
        if "clones" in parts or "memory" in parts:
            clones.ready_template(stack)
        if "clones" in parts:
            marks["clones"] = measure_clones(stack, options.count)
        print("\nWhere the host's part goes, ms from its beginning until, medians:\n")
        heading(["", *MARKS])
        for part, each in marks.items():
            row([part, *each])
        print("\nWhere the client's part goes: ms for its ticket; ms from its connection's beginning until, medians:\n")
        heading(["", *CLIENT_MARKS])
        for part, values in client_marks.items():
            row([part, *values])
        if "memory" in parts:
            measure_memory(stack, options.at_once)


if __name__ == "__main__":
    main()

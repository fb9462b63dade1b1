# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack can tell about itself when a test has failed: a machine that cannot be visited says no more than its output."""

import json
import os
import pathlib
import shutil

LOG_LINES = 25
GUEST_SECONDS = 10


def _tail(path, lines=LOG_LINES):
    return path.read_text(errors="replace").splitlines()[-lines:]


def _threads(pid):
    """Each thread's name, state and what it waits for in the kernel."""
    for task in sorted(pathlib.Path(f"/proc/{pid}/task").iterdir()):
        name, state = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
        yield f"  {name} {state.split()[0]} {(task / 'wchan').read_text()}"


def _machine():
    memory = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    disk = shutil.disk_usage("/tmp")
    yield f"load {os.getloadavg()}, memory available {memory['MemAvailable'].strip()}, disk free {disk.free >> 20} MiB"


def _desktop(guest):
    for what in ("qemu", "display", "bus", "net"):
        if pid := guest.pid(what):
            yield f"{what} {pid}:"
            yield from _threads(pid)
    for log in sorted(guest.state_dir.glob("*.log")):
        yield f"{log.name}:"
        yield from _tail(log)


def _guest(guest):
    yield json.dumps(guest.display("stats"))
    yield guest.run("loginctl; cat /proc/loadavg; df / | tail -1; "
                    "ps axo stat,time,args | grep -E '[s]pice-vdagent|[X]org|[i]cewm'; journalctl --no-pager -q -n 200 | grep -v qemu-ga | tail -n 20", GUEST_SECONDS)


def _lines(part, *arguments):
    """What a part says, line by line, up to where it cannot go on."""
    try:
        yield from part(*arguments)
    except Exception as error:  # pylint: disable=broad-except  # evidence is taken of what is broken
        yield f"  ({type(error).__name__}: {error})"


def of_stack(stack):
    """Some screenfuls of text, in seconds, whatever state the stack is in."""
    lines = list(_lines(_machine))
    for service in ("broker", "host"):
        lines += [f"--- {service}.log", *_lines(_tail, stack.log(service))]
    lines += ["--- desktops", *_lines(lambda: map(json.dumps, stack.admin.get("desktops")["items"]))]
    for folder in _lines(stack.run_dir.iterdir):
        guest = stack.guest(getattr(folder, "name", ""))
        lines += [f"--- desktop {guest.id}", *_lines(_desktop, guest), *_lines(_guest, guest)]
    return "\n".join(lines)

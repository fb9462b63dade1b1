# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that are known by pid files: "PID START-TIME BOOT-ID", as oriel-host writes them."""

import os
import pathlib
import signal

from .wait import wait_for


def start_time(pid):
    """Field 22 of /proc/PID/stat, or None when there is no such process (a zombie is none)."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="latin-1")
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return None if fields[0] in "ZX" else int(fields[19])


def write_pid_file(path, pid):
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    pathlib.Path(path).write_text(f"{pid} {start_time(pid)} {boot}\n", encoding="ascii")


def read_pid_file(path):
    """The pid, if the process that the file names still runs; else None."""
    try:
        fields = pathlib.Path(path).read_text(encoding="ascii").split()
        pid, started = int(fields[0]), int(fields[1])
    except (OSError, ValueError, IndexError):
        return None
    return pid if start_time(pid) == started else None


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def kill_all_below(folder):
    """Kills whatever a pid file below folder names: services first, so that they start nothing anew."""
    folder = pathlib.Path(folder)
    for pattern in ("*.pid", "**/*.pid"):
        found = {pid for path in folder.glob(pattern) if (pid := read_pid_file(path))}
        for pid in found:
            kill(pid)
        wait_for(lambda found=found: not any(start_time(pid) for pid in found), 20, f"the end of {found}")


def spent(pid):
    """How often the process's threads were put on a processor, and their time there in ticks."""
    turns = ticks = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text().splitlines()
        turns += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line and not line.startswith("non"))
        ticks += sum(int(field) for field in (task / "stat").read_text().rpartition(")")[2].split()[11:13])
    return turns, ticks

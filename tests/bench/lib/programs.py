# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that are measured, and those that measure."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
DEADLINE = 100  # seconds; only what hangs takes as long


class Failed(Exception):
    """Something could not be measured; the text says what."""


class Programs:
    """Paths into a build folder."""

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.display = self.build / "host/display/oriel-display"

    def bench(self, name):
        return str(self.build / "tests/bench" / name)

    def has(self, name):
        return (self.build / "tests/bench" / name).exists()


def make_build():
    """$ORIEL_BUILD, or a release build in build-bench."""
    if os.environ.get("ORIEL_BUILD"):
        return Programs(os.path.abspath(os.environ["ORIEL_BUILD"]))  # what it starts stands elsewhere
    build = TOP / "build-bench"
    if not (build / "build.ninja").exists():
        subprocess.run(["meson", "setup", "--buildtype=release", "-Dportal=disabled", "-Dviewer=false",
                        str(build), str(TOP)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(build), "--quiet"], check=True)
    return Programs(build)


@contextlib.contextmanager
def folder():
    """A short private folder, for sockets."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="o", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def running(command, **options):
    """A program that is ended at the latest when the block is."""
    process = subprocess.Popen([str(word) for word in command], **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()


def listens(path):
    """Whether somebody listens there: the file comes first. (Connecting would be a viewer.)"""
    for line in pathlib.Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(maxsplit=7)
        if fields[-1] == str(path) and int(fields[3], 16) & 0x10000:  # __SO_ACCEPTCON
            return True
    return False


def wait_for_socket(path, process):
    end = time.monotonic() + 60
    while not listens(path):
        if process.poll() is not None or time.monotonic() > end:
            raise Failed(f"{process.args[0]} did not listen")
        time.sleep(0.01)


def wait_for_line(process, what):
    """The next line that it says."""
    line = process.stdout.readline().strip()
    if not line:
        raise Failed(f"{what} ended")
    return line


def last_json(text, what):
    lines = text.strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        raise Failed(f"{what} said nothing: {text[-200:]!r}") from None


def cpu_seconds(pid):
    """User and system time of a process, all its threads."""
    return time.clock_gettime((~pid << 3) | 2)

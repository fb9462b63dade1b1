# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's place at a machine of their own: a screen, a keyboard and pointer, and ears."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import numpy
from PIL import Image, ImageGrab

from harness.wait import wait_for


class Seat:
    """An X server without a monitor, a private home, and (with sound=True) a PulseAudio server that keeps what it is told to play."""

    def __init__(self, width=1280, height=800, sound=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="seat", dir="/tmp"))
        self.processes = []
        self.environment = dict(os.environ, HOME=str(self.folder), XDG_CONFIG_HOME=str(self.folder / "config"),
                                XDG_CACHE_HOME=str(self.folder / "cache"), XDG_DATA_HOME=str(self.folder / "data"),
                                XDG_RUNTIME_DIR=str(self.folder), NO_AT_BRIDGE="1", GDK_BACKEND="x11",
                                GSETTINGS_BACKEND="memory", LIBGL_ALWAYS_SOFTWARE="1")
        self.environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
        os.chmod(self.folder, 0o700)
        self.display = self._start_screen(width, height)
        self.environment["DISPLAY"] = self.display
        if sound:
            self._start_sound()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start_screen(self, width, height):
        read, write = os.pipe()
        self.start(["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp",
                    "-noreset"],
                   "xvfb", pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as stream:
            return ":" + stream.readline().strip()

    def _start_sound(self):
        socket = self.folder / "sound"
        self.environment["PULSE_SERVER"] = f"unix:{socket}"
        self.start(["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
                    "-L", "module-null-sink sink_name=ears rate=44100 channels=2",
                    "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"], "pulseaudio")
        wait_for(lambda: self.run(["pactl", "info"], check=False).returncode == 0, 20, "PulseAudio answers")

    def log(self, name):
        return self.folder / f"{name}.log"

    def start(self, command, name, **more):
        """Starts a program here; it ends with the seat. Its output goes to log(name)."""
        with open(self.log(name), "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=more.pop("stdin", subprocess.DEVNULL),
                                       env=dict(self.environment, **more.pop("env", {})), **more)
        self.processes.append(process)
        return process

    def run(self, command, check=True, **more):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=check, timeout=60, **more)

    # Seeing

    def picture(self):
        return ImageGrab.grab(xdisplay=self.display).convert("RGB")

    def find(self, wanted):
        """The part of what is seen here that shows the wanted picture at its own size, or None."""
        picture = numpy.asarray(self.picture()).astype(numpy.int16)
        wanted = numpy.asarray(wanted.convert("RGB")).astype(numpy.int16)
        height, width = wanted.shape[:2]
        # A thin grid decides where it may stand; a few places are then compared whole.
        grid = wanted[::37, ::41]
        for top in range(picture.shape[0] - height + 1):
            for left in range(picture.shape[1] - width + 1):
                if abs(picture[top, left] - wanted[0, 0]).max() > 8:
                    continue
                part = picture[top:top + height, left:left + width]
                if (abs(part[::37, ::41] - grid).max(axis=2) > 8).mean() < 0.05:
                    return Image.fromarray(part.astype(numpy.uint8))
        return None

    def windows(self, name=None, window_class=None):
        """The visible windows with this title (a pattern) or class."""
        what = ["--name", name] if name else ["--class", window_class]
        done = self.run(["xdotool", "search", "--onlyvisible", *what], check=False)
        return done.stdout.split()

    def wait_window(self, seconds=30, **what):
        return wait_for(lambda: self.windows(**what), seconds, f"a window {what}", 0.1)[-1]

    def geometry(self, window):
        """(x, y, width, height)"""
        done = self.run(["xdotool", "getwindowgeometry", "--shell", window])
        values = dict(line.split("=") for line in done.stdout.split())
        return tuple(int(values[key]) for key in ("X", "Y", "WIDTH", "HEIGHT"))

    # Doing

    def type(self, text, delay=30):
        for i, line in enumerate(text.split("\n")):
            if i:
                self.key("Return")
            if line:
                self.run(["xdotool", "type", "--delay", str(delay), line])

    def key(self, *names):
        self.run(["xdotool", "key", *names])

    def click(self, x, y):
        self.run(["xdotool", "mousemove", str(x), str(y), "click", "1"])

    def resize(self, window, width, height):
        self.run(["xdotool", "windowsize", window, str(width), str(height)])

    # Hearing

    def listen(self, name="heard"):
        """Starts to record what is played; the file grows at path."""
        path = self.folder / f"{name}.raw"
        with open(path, "wb") as target:
            process = subprocess.Popen(["parec", "--device=ears.monitor", "--format=s16le", "--rate=44100", "--channels=1"],
                                       stdout=target, stderr=subprocess.DEVNULL, env=self.environment)
        self.processes.append(process)
        return path


def loudest_tone(path, seconds=1.0, rate=44100):
    """(frequency in Hz, its share of the power) of the last seconds of a recording; (0, 0) for silence."""
    samples = numpy.fromfile(path, dtype="<i2")[-int(seconds * rate):].astype(float)
    if len(samples) < rate * seconds or numpy.abs(samples).max() < 200:
        return 0, 0
    power = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)))) ** 2
    peak = int(power.argmax())
    return peak * rate / len(samples), float(power[max(0, peak - 3):peak + 4].sum() / power.sum())

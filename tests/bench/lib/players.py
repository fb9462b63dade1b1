# SPDX-License-Identifier: GPL-3.0-or-later
"""Each plays one workload once to one draining client and says what it took: a dict with cpu_seconds (of the whole
process that serves, from just before the first frame until the client was sent the last), bytes, wall_seconds, each also
_first (the first frame alone) and, for Oriel, _settled; judged ones also psnr, ssim, frames_delivered, wrong_pixels."""

import itertools
import shutil
import subprocess

from .programs import DEADLINE, Failed, folder, json, last_json, running, wait_for_socket

MODES = {  # encodings, quality level, compression level
    "lossless": ("tight copyrect", -1, 1),
    "lossy": ("tight copyrect", 8, 1),
    "zrle": ("zrle copyrect", -1, 1),
    "h264": ("h264 tight copyrect", 8, 1),  # only Oriel has it among those measured here
}


class Player:
    """A server that can play workloads."""

    name = ""
    settles = False

    def __init__(self, programs):
        self.programs = programs

    def modes(self):
        return ("lossless", "lossy", "zrle")

    def play(self, workload, mode, judge):
        raise NotImplementedError

    def client(self, socket, workload, mode, judge):
        encodings, quality, compress = MODES[mode]
        command = [self.programs.bench("bench-client"), socket, encodings, quality, compress]
        if judge:
            command += [workload.raw, workload.width, workload.height]
        return running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Oriel(Player):
    """oriel-display, with a recording as its source. It is told nothing about damage, but for workloads that are hinted."""

    name = "oriel"
    settles = True

    def modes(self):
        return tuple(MODES)

    def command(self, place, workload):
        return [self.programs.display, "--name", "bench", "--source", f"replay:{workload.source}",
                "--size", f"{workload.width}x{workload.height}", "--rate", "lockstep",
                "--vnc-unix", place / "vnc", "--stats-json", place / "stats.json"]

    def play(self, workload, mode, judge):
        with folder() as place, open(place / "log", "w+", encoding="utf-8") as log:
            with running(self.command(place, workload), stdout=log, stderr=log) as display:
                wait_for_socket(place / "vnc", display)
                with self.client(place / "vnc", workload, mode, judge) as client:
                    text, _ = client.communicate(timeout=DEADLINE)
                if display.wait(DEADLINE) != 0:
                    log.seek(0)
                    raise Failed(f"oriel-display ended with {display.returncode}: {log.read()[-300:]}")
            result = json.loads((place / "stats.json").read_text(encoding="utf-8"))
        result.update({key: value for key, value in last_json(text, "the client").items() if key not in result})
        return result


class LibVncServer(Player):
    """libvncserver's own encoder; it is told which squares of 64 pixels differ, at no cost."""

    name = "libvncserver"

    def play(self, workload, mode, judge):
        with folder() as place:
            server = [self.programs.bench("bench-libvncserver"), workload.raw, workload.width, workload.height,
                      place / "vnc"]
            with running(server, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as peer:
                if peer.stdout.readline().strip() != "listening":
                    raise Failed("bench-libvncserver did not listen")
                with self.client(place / "vnc", workload, mode, judge) as client:
                    seen, _ = client.communicate(timeout=DEADLINE)
                said, _ = peer.communicate(timeout=DEADLINE)
        result = last_json(said, "bench-libvncserver")
        result.update({key: value for key, value in last_json(seen, "the client").items() if key not in result})
        return result


class TigerVnc(Player):
    """TigerVNC's Xvnc; an X client draws the squares of 64 pixels that differ, by shared memory."""

    name = "tigervnc"
    numbers = itertools.count(90)

    @staticmethod
    def is_there(programs):
        return bool(shutil.which("Xvnc")) and programs.has("bench-xvnc")

    def play(self, workload, mode, judge):
        encodings, quality, compress = MODES[mode]
        with folder() as place:
            server = ["Xvnc", "-displayfd", 1, "-rfbunixpath", place / "vnc", "-rfbport", -1, "-SecurityTypes", "None",
                      "-geometry", f"{workload.width}x{workload.height}", "-depth", 24, "-nolisten", "tcp",
                      "-auth", place / "none"]
            with running(server, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as peer:
                display = ":" + peer.stdout.readline().strip()
                wait_for_socket(place / "vnc", peer)
                command = [self.programs.bench("bench-xvnc"), workload.raw, workload.width, workload.height, display,
                           peer.pid, place / "vnc", encodings, quality, compress] + (["judge"] if judge else [])
                with running(command, stdout=subprocess.PIPE, text=True) as client:
                    said, _ = client.communicate(timeout=DEADLINE)
        return last_json(said, "bench-xvnc")


def all_players(programs):
    players = [Oriel(programs), LibVncServer(programs)]
    if TigerVnc.is_there(programs):
        players.append(TigerVnc(programs))
    return players

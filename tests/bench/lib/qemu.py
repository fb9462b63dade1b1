# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's own VNC server as a peer. Its machine never runs: the frame buffer (ramfb) is told to it over its test interface, as a
firmware would, and lies in a file that bench-qemu draws into. It looks at the screen when its own timer says so, which makes
lockstep slow (some hundred ms a frame): it plays only when it is asked for, its bytes can be held against Oriel's, its processor
time has the looks in it that found nothing, and its wall time says nothing."""

import shutil
import struct
import subprocess

from .players import MODES, Player
from .programs import DEADLINE, Failed, folder, last_json, running, wait_for_socket

PROGRAM = "qemu-system-x86_64"
MEMORY_MIB = 128
PIXELS_AT = 32 << 20  # of the machine's memory; what is told lies below
SELECT, READ_BYTE, DMA = 0x510, 0x511, 0x514  # ports of QEMU's configuration device
FILES = 0x19  # its table of contents
DMA_SELECT, DMA_WRITE = 8, 16
XRGB = 0x34325258  # "XR24"


class Machine:
    """What QEMU's test interface takes, as far as needed; by standard input and output."""

    def __init__(self, process):
        self.process = process

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if answer[:1] != ["OK"]:
            raise Failed(f"QEMU: {command}: {answer}")
        return answer[1:]

    def read(self, size):
        return bytes(int(self.ask(f"inb {READ_BYTE:#x}")[0], 16) for _ in range(size))

    def write(self, address, data):
        self.ask(f"write {address:#x} {len(data)} 0x{data.hex()}")

    def find_file(self, wanted):
        """The key of a configuration file."""
        self.ask(f"outw {SELECT:#x} {FILES:#x}")
        for _ in range(struct.unpack(">I", self.read(4))[0]):
            _, key, _, name = struct.unpack(">IHH56s", self.read(64))
            if name.rstrip(b"\0") == wanted:
                return key
        raise Failed("this QEMU has no ramfb")

    def show(self, width, height):
        """Points its screen at PIXELS_AT."""
        settings = struct.pack(">QIIIII", PIXELS_AT, XRGB, 0, width, height, width * 4)
        control = self.find_file(b"etc/ramfb") << 16 | DMA_SELECT | DMA_WRITE
        self.write(0x2000, settings)
        self.write(0x1000, struct.pack(">IIQ", control, len(settings), 0x2000))
        self.ask(f"outl {DMA:#x} 0")
        self.ask(f"outl {DMA + 4:#x} {int.from_bytes((0x1000).to_bytes(4, 'big'), 'little'):#x}")


class Qemu(Player):
    """QEMU's VNC server. It compares the whole screen by itself, as Oriel does, and refreshes every 30 ms at best."""

    name = "qemu"

    @staticmethod
    def is_there(programs):
        return bool(shutil.which(PROGRAM)) and programs.has("bench-qemu")

    def play(self, workload, mode, judge):
        encodings, quality, compress = MODES[mode]
        with folder() as place:
            memory = place / "memory"
            server = [PROGRAM, "-accel", "tcg", "-S", "-nodefaults", "-machine", "pc,memory-backend=m", "-m", MEMORY_MIB,
                      "-object", f"memory-backend-file,id=m,size={MEMORY_MIB}M,mem-path={memory},share=on",
                      "-vga", "none", "-device", "ramfb", "-qtest", "stdio", "-qtest-log", "/dev/null",
                      "-vnc", f"unix:{place / 'vnc'}" + (",lossy=on,non-adaptive=on" if quality >= 0 else "")]
            with running(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as peer:
                wait_for_socket(place / "vnc", peer)
                Machine(peer).show(workload.width, workload.height)
                command = [self.programs.bench("bench-qemu"), workload.raw, workload.width, workload.height, memory, PIXELS_AT,
                           peer.pid, place / "vnc", encodings, quality, compress] + (["judge"] if judge else [])
                with running(command, stdout=subprocess.PIPE, text=True) as client:
                    said, _ = client.communicate(timeout=DEADLINE)
        return last_json(said, "bench-qemu")

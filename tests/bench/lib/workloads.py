# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded screens that are played: those of a folder, or, where there is none, drawn ones."""

import os
import pathlib
import re
import subprocess

from .programs import TOP, Failed

KNOWN = ["scroll", "doc", "drag", "switch", "photo", "video", "type", "idle"]
HINTED = ("type", "idle")  # a live source reports such small changes; played with the damage file beside
WIDTH, HEIGHT = 1920, 1080


class Workload:
    """A recording, unpacked into the folder place for as long as the workload is played."""

    def __init__(self, path, place):
        name = re.sub(r"\.raw(\.zst)?$", "", path.name)
        size = re.search(r"-(\d+)x(\d+)$", name)
        self.name = name
        self.width, self.height = (int(size[1]), int(size[2])) if size else (WIDTH, HEIGHT)
        self.hinted = name in HINTED
        self.path = path
        self.raw = place / f"{name}.raw"
        self.source = place / f"{name}-hinted.raw" if self.hinted else self.raw

    @property
    def frames(self):
        return self.raw.stat().st_size // (self.width * self.height * 4)

    def unpack(self, programs, most_frames=None):
        if self.path.suffix == ".zst":
            subprocess.run(["zstd", "-q", "-d", "--long=27", "-f", self.path, "-o", self.raw], check=True)
        else:
            self.raw.write_bytes(self.path.read_bytes())
        if most_frames and self.frames > most_frames:
            os.truncate(self.raw, most_frames * self.width * self.height * 4)
        if self.frames < 1:
            raise Failed(f"{self.path} holds no frame of {self.width}x{self.height}")
        if self.hinted:
            self.source.symlink_to(self.raw)
            with open(f"{self.source}.damage", "wb") as file:
                subprocess.run([programs.bench("bench-damage"), self.raw, str(self.width), str(self.height)],
                               stdout=file, check=True)

    def remove(self):
        for path in (self.raw, self.source, pathlib.Path(f"{self.source}.damage")):
            path.unlink(missing_ok=True)


def find(asked_folder, names, place):
    """Workloads by name, or all of the folder in their usual order."""
    there = asked_folder or os.environ.get("ORIEL_WORKLOADS") or TOP.parent / "shared/workloads"
    paths = sorted(pathlib.Path(there).glob("*.raw*")) if pathlib.Path(there).is_dir() else []
    paths = [path for path in paths if path.suffix in (".raw", ".zst")]
    if not paths:
        from . import draw  # numpy and Pillow are needed only here
        paths = draw.all_workloads(names)
    workloads = [Workload(path, place) for path in paths]
    workloads.sort(key=lambda w: (KNOWN.index(w.name) if w.name in KNOWN else len(KNOWN), w.name))
    missing = set(names) - {w.name for w in workloads}
    if missing:
        raise Failed(f"there is no workload {', '.join(sorted(missing))}")
    return [w for w in workloads if not names or w.name in names]

# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/bench/run on a small recording: every frame arrives and every pixel is right, and keys come back as pixels over
each link. No times are looked at."""

import json
import os
import subprocess
import sys

from display_support import paths

WIDTH, HEIGHT, FRAMES = 320, 208, 6
BENCH = paths.TOP / "tests/bench/run"


def frame(number):
    """Stripes that move down, with a square of noise that changes."""
    rows = []
    for y in range(HEIGHT):
        shade = (y - 3 * number) * 7 % 251
        row = bytearray(bytes((shade, 255 - shade, shade // 2, 0)) * WIDTH)
        if 40 <= y < 104:
            for x in range(64, 128):
                row[4 * x:4 * x + 3] = bytes(((x * y * (number + 3)) >> k & 255 for k in (0, 2, 5)))
        rows.append(bytes(row))
    return b"".join(rows)


def run_bench(tmp_path, *options):
    """What it wrote to results.json, for a recording of a few small frames."""
    recording = tmp_path / f"small-{WIDTH}x{HEIGHT}.raw"
    recording.write_bytes(b"".join(frame(number) for number in range(FRAMES)))
    environment = dict(os.environ, ORIEL_BUILD=str(paths.BUILD))
    bench = subprocess.run(
        [sys.executable, BENCH, "--quick", "--workloads", tmp_path, "--output", tmp_path / "results", *options],
        env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert bench.returncode in (0, 1), bench.stderr  # 1: a target is missed, which is not looked at here
    return json.loads((tmp_path / "results/results.json").read_text(encoding="utf-8")), bench.stderr


def test_bench_plays_and_judges(tmp_path):
    rows = run_bench(tmp_path, "--only", "workloads", "--modes", "lossless,lossy,zrle", "--players", "oriel,libvncserver")[0]["workloads"]
    assert {row["mode"] for row in rows} >= {"lossless", "lossy", "zrle"}
    for row in rows:
        oriel = row["players"]["oriel"]
        assert oriel["wrong_pixels"] == 0, row
        assert oriel["frames_shown"] == oriel["frames_delivered"] == FRAMES, row
        assert oriel["settled"] and oriel["bytes_settled"] >= oriel["bytes"] > 0
        if row["mode"] != "lossy":
            assert oriel["psnr"] is None and row["players"]["libvncserver"]["wrong_pixels"] == 0, row
    assert (tmp_path / "results/plot.svg").read_text(encoding="utf-8").startswith("<svg")


def test_keys_come_back_over_each_link(tmp_path):
    figures, said = run_bench(tmp_path, "--only", "latency", "--keys", "2")
    rows = figures["latency"]
    assert len(figures["targets"]) == 2, figures["targets"]
    assert len(rows) == 6, said
    for row in rows:
        assert row["through"] == "gateway", said
        assert row["p95_ms"] >= row["p50_ms"] >= row["round_trip_ms"], row

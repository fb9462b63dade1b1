# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays workloads through all players, in turn, and takes medians."""

import statistics
import subprocess
import sys

from .programs import Failed

NUMBERS = ("cpu_seconds", "cpu_seconds_first", "cpu_seconds_settled", "wall_seconds", "wall_seconds_settled", "bytes",
           "bytes_first", "bytes_settled")
JUDGED = ("psnr", "ssim", "frames_distinct", "frames_delivered", "wrong_pixels")


def note(text):
    print(text, file=sys.stderr, flush=True)


def median(runs):
    """The runs' medians, number by number; the spread of the processor time as least and most."""
    result = {key: statistics.median(run[key] for run in runs) for key in NUMBERS if key in runs[0]}
    result["cpu_least"] = min(run["cpu_seconds"] for run in runs)
    result["cpu_most"] = max(run["cpu_seconds"] for run in runs)
    for key in ("frames_shown", "settled", "grown"):
        if key in runs[0]:
            result[key] = runs[0][key]
    return result


def one(player, workload, mode, judge=False):
    try:
        return player.play(workload, mode, judge)
    except (Failed, subprocess.TimeoutExpired) as error:
        note(f"  {player.name} {workload.name} {mode}: {error}")
        return None


def workload(players, item, modes, repeats):
    """{(name, mode): {player: medians}}, interleaved: each round has every player once."""
    results = {}
    for mode in modes:
        runs = {player.name: [] for player in players if mode in player.modes()}
        for _ in range(repeats):
            for player in players:
                if mode in player.modes() and (result := one(player, item, mode)):
                    runs[player.name].append(result)
        row = results[item.name, mode] = {name: median(list_) for name, list_ in runs.items() if list_}
        for player in players:
            if player.name in row and (judged := one(player, item, mode, judge=True)):
                row[player.name].update({key: judged[key] for key in JUDGED if key in judged})
        note("  " + mode + "".join(f"  {name} {r['cpu_seconds']:.3f} s {r['bytes'] / 1e6:.2f} MB" for name, r in row.items()))
    return results

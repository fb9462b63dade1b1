# SPDX-License-Identifier: GPL-3.0-or-later
"""What the frame path is to reach, as ratios to the best peer in the same run."""

# workload, mode, what, at least so many times less than the best peer
RATIOS = [
    ("doc", "lossless", "cpu", 10), ("doc", "lossless", "bytes", 12),
    ("doc", "lossy", "cpu", 3), ("doc", "lossy", "bytes", 14),
    ("scroll", "lossless", "cpu", 4), ("scroll", "lossless", "bytes", 5),
    ("scroll", "lossy", "cpu", 1.5), ("scroll", "lossy", "bytes", 3),
    ("drag", "lossy", "cpu", 2), ("drag", "lossy", "bytes", 8),
    ("video", "lossless", "cpu", 5), ("video", "lossless", "bytes", 0.95),
    ("video", "lossy", "cpu", 1.2), ("video", "lossy", "bytes", 1),
    ("video", "h264", "cpu", 1), ("video", "h264", "bytes", 3.5),
    ("photo", "lossy", "cpu", 1.3), ("photo", "lossy", "wall", 2.2), ("photo", "lossy", "bytes", 1),
    ("type", "lossless", "bytes", 1), ("type", "lossy", "bytes", 1),
    ("idle", "lossless", "bytes", 1), ("idle", "lossy", "bytes", 1),
]
FRAME_MS = [("type", 0.2), ("idle", 0.2)]  # processor time of a changed frame after the first, at most
VIEWERS_RATIO = 1.2  # four viewers to one
LATENCY_LINK, LATENCY_MS = "20 Mbit/s, 40 ms", 20  # above the round trip, 95 of 100
WALK_MS = 1.2  # damage with the shadow copy, a full 1920x1080 screen beyond the cache
SAME_SSIM = 0.005  # H.264 is to save its bytes at equal SSIM
H264_PEER_MODE = "lossy"  # no peer here has H.264: it is held against their JPEG


def value(result, what, changes=False):
    """changes: without the first, full frame."""
    key = {"cpu": "cpu_seconds", "bytes": "bytes", "wall": "wall_seconds"}[what]
    number = result[key]
    if changes and what != "wall":
        number -= result[f"{key}_first"]
    return number


def check(results):
    """results: {(workload, mode): {player: medians}} → a list of {text, wanted, got, met}."""
    rows = []
    for workload, mode, what, wanted in RATIOS:
        ours = results.get((workload, mode), {}).get("oriel")
        peers = results.get((workload, H264_PEER_MODE if mode == "h264" else mode), {})
        peers = {name: peer for name, peer in peers.items() if name != "oriel"}
        if not ours or not peers:
            continue
        changes = workload in ("type", "idle")
        best = min(value(peer, what, changes) for peer in peers.values())
        got = best / max(value(ours, what, changes), 1e-9)
        rows.append({"text": f"{workload}, {mode}: {what}", "wanted": f"≥ {wanted}", "got": round(got, 2),
                     "met": got >= wanted, "ratio": [workload, mode, what]})
        if mode == "h264" and what == "bytes" and all("ssim" in player for player in [ours, *peers.values()]):
            wanted = max(peer["ssim"] for peer in peers.values()) - SAME_SSIM
            rows.append({"text": f"{workload}, {mode}: SSIM", "wanted": f"≥ {wanted:.4f}", "got": round(ours["ssim"], 4),
                         "met": ours["ssim"] >= wanted})
    for workload, wanted in FRAME_MS:
        for mode in ("lossless", "lossy"):
            ours = results.get((workload, mode), {}).get("oriel")
            if not ours or ours["frames_shown"] < 2:
                continue
            got = (ours["cpu_seconds"] - ours["cpu_seconds_first"]) * 1000 / (ours["frames_shown"] - 1)
            rows.append({"text": f"{workload}, {mode}: ms a frame", "wanted": f"≤ {wanted}", "got": round(got, 3),
                         "met": got <= wanted})
    for (workload, mode), players in sorted(results.items()):
        ours = players.get("oriel", {})
        if ours.get("wrong_pixels") is not None:
            rows.append({"text": f"{workload}, {mode}: wrong pixels once settled", "wanted": "= 0",
                         "got": ours["wrong_pixels"], "met": ours["wrong_pixels"] == 0 and ours["settled"]})
    return rows


def check_others(figures):
    rows = []
    for row in figures.get("viewers", []):
        if row["viewers"] == 4:
            rows.append({"text": f"{row['workload']}, {row['mode']}: CPU of four viewers to one",
                         "wanted": f"≤ {VIEWERS_RATIO}", "got": round(row["ratio"], 2), "met": row["ratio"] <= VIEWERS_RATIO})
    for row in figures.get("idle", []):
        rows.append({"text": f"{row['desktops']} idle desktops: CPU ms in {row['seconds']} s", "wanted": "= 0 (less than a clock tick)",
                     "got": round(row["cpu_seconds"] * 1000, 2), "met": row["cpu_seconds"] < 0.01})
    for row in figures.get("latency", []):
        if row["link"] == LATENCY_LINK:
            screen, client = "video" if row["video"] else "still", "fences" if row["fences"] else "requests"
            most = row["round_trip_ms"] + LATENCY_MS
            rows.append({"text": f"key to pixel at {row['link']}, {screen}, {client}: p95 ms", "wanted": f"≤ {most}",
                         "got": round(row["p95_ms"], 1), "met": row["p95_ms"] <= most})
    if figures.get("walk_ms"):
        got = max(figures["walk_ms"].values())
        rows.append({"text": "damage and shadow copy, 1920x1080: ms", "wanted": f"≤ {WALK_MS}", "got": round(got, 2),
                     "met": got <= WALK_MS})
    return rows

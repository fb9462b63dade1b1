# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for people, from medians."""

from .targets import value


def ratio(row, what):
    peers = [value(result, what) for name, result in row.items() if name != "oriel"]
    if not peers or "oriel" not in row:
        return ""
    return f"{min(peers) / max(value(row['oriel'], what), 1e-9):.2f}"


def quality(result):
    if "ssim" not in result:
        return ""
    if result.get("psnr") is None:
        return "exact"
    return f"{result['psnr']:.1f} / {result['ssim']:.4f}"


def table(results):
    """Markdown: a line a workload and mode."""
    names = sorted({name for row in results.values() for name in row}, key=lambda n: (n != "oriel", n))
    head = ["workload"] + [f"{n} CPU s" for n in names] + ["ratio"] + [f"{n} MB" for n in names] + ["ratio"] + \
        [f"{n} PSNR dB / SSIM" for n in names] + ["frames", "settled: MB, CPU s, wrong"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for (workload, mode), row in results.items():
        ours = row.get("oriel", {})
        cells = [f"{workload}, {mode}"]
        cells += [f"{row[n]['cpu_seconds']:.3f}" if n in row else "" for n in names] + [ratio(row, "cpu")]
        cells += [f"{row[n]['bytes'] / 1e6:.2f}" if n in row else "" for n in names] + [ratio(row, "bytes")]
        cells += [quality(row.get(n, {})) for n in names]
        cells.append(f"{ours.get('frames_delivered', '')} of {ours.get('frames_distinct', '')}")
        cells.append(f"{ours['bytes_settled'] / 1e6:.2f}, {ours['cpu_seconds_settled']:.3f}, {ours.get('wrong_pixels', '')}"
                     if ours else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def scale_tables(figures):
    """Several viewers and idle desktops; "" where they were left out."""
    text = ""
    if figures.get("viewers"):
        text += "| workload | viewers | CPU s | to one viewer | MB |\n|---|---|---|---|---|\n"
        for row in figures["viewers"]:
            text += (f"| {row['workload']}, {row['mode']} | {row['viewers']} | {row['cpu_seconds']:.3f} | {row['ratio']:.2f} | "
                     f"{row['bytes'] / 1e6:.2f} |\n")
        text += "\n"
    if figures.get("idle"):
        text += "| idle desktops | CPU ms | in s |\n|---|---|---|\n"
        for row in figures["idle"]:
            text += f"| {row['desktops']} | {row['cpu_seconds'] * 1000:.2f} | {row['seconds']} |\n"
        text += "\n"
    return text


def latency_table(rows):
    """From key to pixel; "" where it was left out. p50 and p95 in ms, and the median's two halves."""
    if not rows:
        return ""
    text = ("| link | screen | client | p50 ms | p95 ms | key to guest, guest to pixel (p50) | link as measured, ms | JPEG level |\n"
            "|---|---|---|---|---|---|---|---|\n")
    for row in rows:
        seen = row["display"]
        text += (f"| {row['link']} | {'video' if row['video'] else 'still'} | {'fences' if row['fences'] else 'requests'} | "
                 f"{row['p50_ms']:.1f} | {row['p95_ms']:.1f} | {row['to_guest_ms']:.1f}, {row['to_screen_ms']:.1f} | "
                 f"{seen.get('base_us', 0) / 1000:.1f} | {seen.get('quality', '')} |\n")
    through = "the whole chain: TLS and WebSocket, gateway, display, D-Bus" if rows[0]["through"] == "gateway" else \
        "the display's socket and D-Bus alone, without the gateway"
    return text + f"\nThrough {through}. *Fences*: a client that has Fence and ContinuousUpdates; *requests*: one that asks.\n\n"


def target_table(rows):
    lines = ["| target | wanted | got | |", "|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['text']} | {row['wanted']} | {row['got']} | {'met' if row['met'] else '**not met**'} |")
    return "\n".join(lines)

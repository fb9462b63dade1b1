# SPDX-License-Identifier: GPL-3.0-or-later
"""A plot of the ratios to the best peer, as SVG written by hand: bars on a scale of powers of two."""

import math
from xml.sax.saxutils import escape

from .targets import value

LEFT, TOP, ROW, WIDTH = 150, 70, 34, 860
LEAST, MOST = 0.5, 64
COLOURS = {"cpu": "#2a6fb0", "bytes": "#d9822b"}


def x_of(ratio):
    ratio = min(max(ratio, LEAST), MOST)
    return LEFT + (WIDTH - LEFT - 60) * math.log2(ratio / LEAST) / math.log2(MOST / LEAST)


def text(x, y, words, size=12, anchor="start", weight="normal", fill="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{fill}">{escape(words)}</text>')


def bars(results):
    """(label, {what: ratio}) for each workload and mode that some peer played too."""
    for (workload, mode), row in results.items():
        peers = [result for name, result in row.items() if name != "oriel"]
        if "oriel" in row and peers:
            yield f"{workload}, {mode}", {what: min(value(peer, what) for peer in peers) / max(value(row["oriel"], what), 1e-9)
                                          for what in COLOURS}


def draw(results, caption):
    rows = list(bars(results))
    height = TOP + ROW * len(rows) + 60
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             text(10, 24, "Oriel's frame path: times less than the best peer in the same run", 16, weight="bold")]
    for i, (what, colour) in enumerate(COLOURS.items()):
        parts.append(f'<rect x="{LEFT + 150 * i}" y="38" width="12" height="12" fill="{colour}"/>')
        parts.append(text(LEFT + 150 * i + 18, 48, {"cpu": "processor time", "bytes": "bytes"}[what]))
    tick = LEAST
    while tick <= MOST:
        dash = "" if tick == 1 else ' stroke-dasharray="2 3"'
        parts.append(f'<line x1="{x_of(tick):.1f}" x2="{x_of(tick):.1f}" y1="{TOP - 6}" y2="{TOP + ROW * len(rows)}" '
                     f'stroke="{"#000" if tick == 1 else "#bbb"}"{dash}/>')
        parts.append(text(x_of(tick), TOP + ROW * len(rows) + 16, f"{tick:g}×", 11, "middle"))
        tick *= 2
    for i, (label, ratios) in enumerate(rows):
        top = TOP + ROW * i
        parts.append(text(LEFT - 8, top + 19, label, 12, "end"))
        for j, (what, colour) in enumerate(COLOURS.items()):
            begin, end = sorted((x_of(1), x_of(ratios[what])))
            parts.append(f'<rect x="{begin:.1f}" y="{top + 3 + 13 * j}" width="{max(end - begin, 1):.1f}" height="11" '
                         f'fill="{colour}"/>')
            parts.append(text(max(end, x_of(1)) + 4, top + 12 + 13 * j, f"{ratios[what]:.1f}", 10))
    parts.append(text(10, height - 12, caption, 10, fill="#555"))
    return "\n".join(parts + ["</svg>"]) + "\n"

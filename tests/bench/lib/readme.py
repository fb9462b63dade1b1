# SPDX-License-Identifier: GPL-3.0-or-later
"""What README.md shows of the figures, between two marks; the whole tables and the plot go beside it."""

from . import plot
from .programs import TOP, Failed

BEGIN, END = "<!-- tests/bench/run --readme -->", "<!-- end -->"
PLOT = "data/screenshots/frame-path.svg"
RESULTS = "tests/bench/RESULTS.md"


def cell(row):
    text = f"{row['got']:.1f} ({row['wanted']})"
    return text if row["met"] else f"**{text}**"


def ratio_table(rows):
    """A line a workload and mode, from the targets that are ratios."""
    cells = {}
    for row in rows:
        if "ratio" in row:
            workload, mode, what = row["ratio"]
            cells.setdefault((workload, mode), {})[what] = cell(row)
    lines = ["| screen | CPU time, times less | bytes, times fewer |", "|---|---|---|"]
    for (workload, mode), found in cells.items():
        cpu = found.get("cpu", "")
        if "wall" in found:
            cpu += f"; on all processors {found['wall']}"
        lines.append(f"| {workload}, {mode} | {cpu} | {found.get('bytes', '')} |")
    return "\n".join(lines)


def other_table(rows):
    """The targets that are no ratios to a peer, a line each; wrong pixels only in sum."""
    exact = [row for row in rows if "wrong pixels" in row["text"]]
    lines = ["| also | measured |", "|---|---|"]
    for row in rows:
        if "ratio" not in row and row not in exact:
            text = f"{row['got']:g} ({row['wanted'].split(' (')[0]})"
            lines.append(f"| {row['text']} | {text if row['met'] else f'**{text}**'} |")
    if exact:
        lines.append(f"| every pixel exact once the screen is still | {sum(row['met'] for row in exact)} of {len(exact)} |")
    return "\n".join(lines)


def section(figures, caption):
    rows = figures["targets"]
    met = sum(row["met"] for row in rows)
    return (f"{BEGIN}\nAgainst the best of libvncserver and TigerVNC's Xvnc in the same run, with the same stock client "
            f"([how](tests/bench/README.md), [all figures]({RESULTS})): {met} of {len(rows)} targets are met; what is wanted stands in "
            f"brackets, what is missed is bold. Pictures with loss are not equal: PSNR and SSIM of each stand with the figures.\n\n{ratio_table(rows)}\n\n{other_table(rows)}\n\n"
            f"![Ratios to the best peer]({PLOT})\n\n{caption}\n{END}")


def put(figures, results, tables, caption):
    """Writes all three; README.md must have the marks."""
    readme = TOP / "README.md"
    before, found, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    if not found or END not in rest:
        raise Failed("README.md has no place for the figures")
    readme.write_text(before + section(figures, caption) + rest.partition(END)[2], encoding="utf-8")
    (TOP / PLOT).write_text(plot.draw(results, caption), encoding="utf-8")
    (TOP / RESULTS).write_text("<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n# What the benchmark measured\n\n"
                               f"{caption} Written by `tests/bench/run --readme`; [README.md](README.md) tells how to read it.\n\n"
                               + tables, encoding="utf-8")

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the GResource description of the portal: our own files, the icon, and what a browser needs of noVNC.

    list-resources.py OUTPUT SOURCE-DIR ICON FILE…

Paths in the description are absolute, so that it can stand in the build folder.
"""

import pathlib
import sys
import xml.sax.saxutils

PREFIX = "/oriel/web"
NOVNC = pathlib.Path("node_modules/@novnc/novnc")


def novnc_files(source):
    root = source / NOVNC
    if not (root / "core" / "rfb.js").is_file():
        raise SystemExit("noVNC is missing: run “npm ci --ignore-scripts” in broker/web, or data/quickstart.")
    yield "novnc/LICENSE.txt", root / "LICENSE.txt"
    for folder in ("core", "vendor"):
        for file in sorted((root / folder).rglob("*.js")):
            yield f"novnc/{file.relative_to(root)}", file


def main():
    output, source, icon, *files = sys.argv[1:]
    source = pathlib.Path(source).resolve()
    entries = [(name, source / name) for name in files]
    entries.append(("icon.svg", pathlib.Path(icon).resolve()))
    entries.extend(novnc_files(source))
    quote = xml.sax.saxutils.quoteattr
    lines = [f"    <file alias={quote(name)}>{xml.sax.saxutils.escape(str(path))}</file>" for name, path in entries]
    pathlib.Path(output).write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<gresources>\n'
        f'  <gresource prefix="{PREFIX}">\n' + "\n".join(lines) + "\n  </gresource>\n</gresources>\n",
        encoding="utf-8")


if __name__ == "__main__":
    main()

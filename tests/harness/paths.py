# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the programs under test and the demo desktop's image are."""

import os
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ORIEL_BUILD") or TOP / "build").resolve()

_PLACES = {
    "oriel-host": "host/agent",
    "oriel-display": "host/display",
    "oriel-net": "host/net",
    "oriel-broker": "broker",
    "orielctl": "broker/cli",
    "oriel-viewer": "viewer",
    "vnc-client": "tests/e2e/clients",
    "spice-client": "tests/e2e/clients",
}


def program(name):
    """The path of a program of ours in the build that is tested (ORIEL_BUILD, else build/)."""
    path = BUILD / _PLACES[name] / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built; ORIEL_BUILD names the build folder")
    return str(path)


def guest_image():
    """The folder with disk.qcow2, kernel, initrd and cmdline (ORIEL_GUEST, else built if need be)."""
    folder = os.environ.get("ORIEL_GUEST")
    if not folder:
        built = subprocess.run([TOP / "data/guest/build"], stdout=subprocess.PIPE, text=True, check=True)
        folder = built.stdout.split()[-1]
    return pathlib.Path(folder).resolve()


def results():
    """Where logs of failed runs go, or None."""
    folder = os.environ.get("ORIEL_RESULTS")
    return pathlib.Path(folder) if folder else None

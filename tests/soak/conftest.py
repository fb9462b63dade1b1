# SPDX-License-Identifier: GPL-3.0-or-later
"""What the long runs share."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

if not os.environ.get("ORIEL_WORKLOADS"):
    collect_ignore = ["test_recordings.py"]

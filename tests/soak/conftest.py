# SPDX-License-Identifier: GPL-3.0-or-later
"""What the long runs share."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

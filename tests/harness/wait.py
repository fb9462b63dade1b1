# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something with a deadline, instead of sleeping and hoping."""

import os
import time

# How much longer everything may take: programs under sanitizers are several times slower.
PATIENCE = float(os.environ.get("ORIEL_PATIENCE") or 1)


def wait_for(condition, seconds, what, interval=0.05):
    """Calls condition until it gives something true, which is returned; AssertionError says what did not happen.

    What condition raises as OSError counts as "not yet".
    """
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except OSError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s: {what}" + (f" ({last})" if last else ""))
        time.sleep(interval)

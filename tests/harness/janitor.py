# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleans up after a test run, also one that was killed.

A process of its own, in its own session, that waits at a pipe: when the test run ends, however it
ends, the pipe closes; then everything that pid files below the folder name is killed, and the folder removed.
"""

import os
import shutil
import signal
import subprocess
import sys

from .processes import kill_all_below


class Janitor:
    """Watches over one folder until finish() or the end of this process."""

    def __init__(self, folder):
        environment = dict(os.environ, PYTHONPATH=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "harness.janitor", str(folder)],
            stdin=subprocess.PIPE, env=environment, cwd="/", start_new_session=True)

    def finish(self):
        """Cleans up now; returns when all is gone."""
        self.process.stdin.close()
        if self.process.wait(60) != 0:
            raise RuntimeError("the janitor could not clean up")


def main(folder):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    kill_all_below(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])

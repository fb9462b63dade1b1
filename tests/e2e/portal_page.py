# SPDX-License-Identifier: GPL-3.0-or-later
"""The portal in a headless Chromium, steered from Python: portal/driver.mjs does the work."""

import base64
import io
import json
import pathlib
import subprocess

FOLDER = pathlib.Path(__file__).parent / "portal"
MODULES = FOLDER / "node_modules/playwright-core"


class PortalPage:
    """One page. Every method waits until it is done; AssertionError says what the page did not do."""

    def __init__(self):
        assert MODULES.is_dir(), "playwright-core is missing: run “npm ci --ignore-scripts” in tests/e2e/portal"
        self._node = subprocess.Popen(["node", "driver.mjs"], cwd=FOLDER, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """The browser ends with the line to it."""
        self._node.stdin.close()
        try:
            self._node.wait(30)
        except subprocess.TimeoutExpired:
            self._node.kill()
            self._node.wait()

    def do(self, command, /, **values):
        """One command of driver.mjs."""
        self._node.stdin.write(json.dumps({"do": command, **values}) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        assert line, "the browser ended"
        answer = json.loads(line)
        assert "error" not in answer, f"{command} {values}: {answer['error']}"
        return answer["result"]

    def enter_desktop(self, stack, account, pool="demo", seconds=60):
        """Signs in at a deep link; returns when the desktop's picture stands."""
        self.do("open", url=f"{stack.url}/#/desktop/{pool}")
        self.do("signIn", user=account[0], password=account[1])
        self.do("desktopShown", timeout=seconds * 1000)

    def picture(self):
        """The desktop as the page has it: a PIL image."""
        from PIL import Image  # pylint: disable=import-outside-toplevel
        with Image.open(io.BytesIO(base64.b64decode(self.do("canvas")))) as image:
            return image.convert("RGB")

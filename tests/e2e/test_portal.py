# SPDX-License-Identifier: GPL-3.0-or-later
"""The portal in a real browser, against a broker that a test can make misbehave: one test for each scenario in portal/*.test.mjs.

A file's scenarios share one browser, so node runs a whole file once and its TAP says how each of them went.
"""

import functools
import os
import pathlib
import re
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent / "portal"
FILES = ["sign-in.test.mjs", "choice.test.mjs", "desktop.test.mjs", "look.test.mjs"]
LIMIT = 600  # seconds for a file: far more than it takes, so that only a hang meets it


@functools.lru_cache(maxsize=None)
def run(command, limit=LIMIT, **environment):
    """Runs node with tests; returns {scenario: (passed, text)} and everything it printed."""
    finished = subprocess.run(
        ["node", "--test-reporter=tap", *command], cwd=FOLDER, text=True, timeout=limit,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment})
    return parse(finished.stdout), finished.stdout


def parse(tap):
    results = {}
    current = None
    for line in tap.splitlines():
        match = re.match(r"(not ok|ok) \d+ - (.*)$", line)
        if match:
            current = match[2].replace("\\#", "#")
            results[current] = (match[1] == "ok", [])
        elif current and line.startswith("  "):
            results[current][1].append(line)
    return {name: (passed, "\n".join(text)) for name, (passed, text) in results.items()}


def check(result, name):
    results, everything = result
    assert name in results, f"“{name}” did not run:\n{everything}"
    passed, text = results[name]
    assert passed, text


def listed():
    """The scenarios, by asking node for their names: it loads the files, and skips what they say."""
    names = []
    for file in FILES:
        listing = subprocess.run(["node", "list.mjs", file], cwd=FOLDER, text=True, timeout=60, stdout=subprocess.PIPE, check=True).stdout
        names += [pytest.param(file, name, id=name) for name in listing.splitlines()]
    return names


def pytest_generate_tests(metafunc):
    if not (FOLDER / "node_modules/playwright-core").is_dir():
        pytest.fail("playwright-core is missing: run “npm ci --ignore-scripts” in tests/e2e/portal.", pytrace=False)
    metafunc.parametrize(("file", "name"), listed())


def test_scenario(file, name):
    check(run((file,)), name)

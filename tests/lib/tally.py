#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up JUnit reports: what failed, why something was skipped, and one closing line.

tally.py REPORT.xml… — exit status 1 when a test failed, when none ran, or when a report cannot be read.
"""

import sys
import xml.etree.ElementTree as xml


def outcome(case):
    """passed, failed or skipped, with the reason's first line."""
    for tag, word in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        node = case.find(tag)
        if node is not None:
            reason = (node.get("message") or node.text or "").strip()
            return word, reason.splitlines()[0] if reason else "no reason given"
    return "passed", ""


def cases(path):
    """The test cases of one report as (name, outcome, reason)."""
    try:
        for case in xml.parse(path).getroot().iter("testcase"):
            name = "::".join(filter(None, (case.get("classname"), case.get("name"))))
            yield (name, *outcome(case))
    except (OSError, xml.ParseError) as error:
        yield path, "failed", f"the report cannot be read: {error}"


def main(paths):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    told = {"failed": [], "skipped": []}
    for path in paths:
        for name, word, reason in cases(path):
            counts[word] += 1
            if word in told:
                told[word].append(f"{word}: {name}: {reason}")
    for line in told["skipped"] + told["failed"]:
        print(line)
    print(", ".join(f"{counts[word]} {word}" for word in counts))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

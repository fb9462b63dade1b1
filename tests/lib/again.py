#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes over what a second try said into the report of the first, and tells each test that needed one.

again.py FIRST.xml AGAIN.xml
"""

import sys
import xml.etree.ElementTree as xml


def key(case):
    return case.get("classname"), case.get("name")


def bad(case):
    return case.find("failure") is not None or case.find("error") is not None


def main(first, again):
    report = xml.parse(first)
    second = {key(case): case for case in xml.parse(again).getroot().iter("testcase")}
    for case in report.getroot().iter("testcase"):
        other = second.get(key(case))
        if not bad(case) or other is None or bad(other):
            continue
        reason = next(node.get("message") or "" for node in case if node.tag in ("failure", "error"))
        print(f"passed at the second try: {'::'.join(key(case))}: {(reason.splitlines() or [''])[0]}")
        for node in list(case):
            case.remove(node)
    report.write(first)


if __name__ == "__main__":
    main(*sys.argv[1:])

# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced: results in the form of JUnit reports, one file for each thing that ran, in $results.

# report_escape — text for an XML attribute, from standard input.
report_escape() { tr -d '\000-\010\013\014\016-\037' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }

# report_case SUITE NAME passed|failed [REASON] — one result that no test program reports itself.
report_case() {
    local reason="" body=""
    reason=$(printf '%s' "${4:-}" | report_escape)
    [ "$3" = passed ] || body="<failure message=\"$reason\"/>"
    printf '<testsuite><testcase classname="%s" name="%s">%s</testcase></testsuite>\n' "$1" "$2" "$body" \
        > "$results/$1-${2//[^a-zA-Z0-9]/-}.xml"
}

# report_sanitizer SUITE — each report that a sanitizer wrote while SUITE ran is a failure. (A warning is none: spice-gtk's
# coroutines make ASan say that it cannot follow them.)
report_sanitizer() {
    local file
    for file in "$results/sanitizer/$1".*; do
        grep -qsE 'ERROR: |runtime error' "$file" || continue
        cat "$file" >&2
        report_case "$1" "sanitizer ${file##*.}" failed "$(grep -m1 -E 'ERROR|runtime error' "$file")"
    done
}

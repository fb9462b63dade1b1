# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced: how the scripts here speak. `step` and `note` go to the person, `die` ends with one clear line.
# A script that another one runs for one of its steps (ORIEL_WITHIN_STEP) tells its own as notes of that one.

step() {
    if [ -n "${ORIEL_WITHIN_STEP:-}" ]; then
        note "$*"
    elif [ -t 2 ]; then
        printf '\033[1;36m==>\033[0m \033[1m%s\033[0m\n' "$*" >&2
    else
        printf '==> %s\n' "$*" >&2
    fi
}

note() { printf '    %s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# need_programs LIST PROGRAM… — ends unless each is there; data/packages/LIST.txt names the
# packages that bring them. Debian keeps some in /sbin, off a user's PATH.
need_programs() {
    local list=$1 program missing=""
    shift
    PATH=$PATH:/usr/sbin:/sbin
    for program; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    [ -z "$missing" ] || die "missing programs:$missing (install the packages of data/packages/$list.txt)"
}

# need_space MIB DIR — ends unless the file system of DIR has that much free.
need_space() {
    local free
    free=$(($(df -Pk "$2" | awk 'NR == 2 { print $4 }') / 1024))
    [ "$free" -ge "$1" ] || die "$2 has $free MiB free, but $1 MiB are needed"
}

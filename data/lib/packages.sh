# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced after say.sh: Debian packages and npm modules, fetched only where they are missing.

# packages_missing FILE… — those of the lists that are not installed, one a line.
packages_missing() {
    local package
    grep -hv '^#\|^$' "$@" | sort -u | while read -r package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
    done
}

# packages_apt ARGUMENT… — apt-get as root, with sudo where the caller is not. What it says is shown
# where it fails; until then, how far it is.
packages_apt() {
    local log status=0
    # Its standard output, because sudo closes every other descriptor.
    local -a run=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o APT::Status-Fd=1 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    [ "$(id -u)" = 0 ] || run=(sudo "${run[@]}")
    log=$(mktemp)
    "${run[@]}" "$@" < /dev/null 2>&1 | packages_apt_progress "$log" || status=1
    [ $status = 0 ] || { grep -E '^(E|W|Err):?' "$log" || tail -n 5 "$log"; } | sed 's/^/    /' >&2
    rm -f "$log"
    return $status
}

# packages_apt_progress LOG — "dlstatus:N:PERCENT:TEXT" (fetching) and "pmstatus:PACKAGE:PERCENT:TEXT"
# (installing) as a line for each fifth of either; everything else into the log.
packages_apt_progress() {
    local line kind percent doing="" next=20
    while IFS= read -r line; do
        case $line in
            dlstatus:*) kind=Fetching ;;
            pmstatus:*) kind=Installing ;;
            *) printf '%s\n' "$line" >> "$1"; continue ;;
        esac
        if [ "$kind" != "$doing" ]; then doing=$kind next=20; fi
        line=${line#*:*:}
        percent=${line%%[.:]*}
        [[ $percent =~ ^[0-9]{1,3}$ ]] || continue
        if [ "$percent" -ge "$next" ]; then
            note "$kind packages: $percent %"
            next=$((percent - percent % 20 + 20))
        fi
    done
}

# packages_install FILE… — installs what the lists name and is missing, or ends with one clear line.
packages_install() {
    local -a missing
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "these Debian packages are missing: ${missing[*]}"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "these packages are missing and there is no sudo; as root: apt-get install ${missing[*]}"
    if [ ${#missing[@]} = 1 ]; then note "Installing ${missing[*]}"; else note "Installing ${#missing[@]} packages: ${missing[*]}"; fi
    packages_apt install --no-install-recommends "${missing[@]}" && return
    # The lists of what there is may be missing or old.
    note "The lists of packages are fetched anew, then that is tried again"
    packages_apt update || die "apt-get update failed: see above"
    packages_apt install --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: $(packages_missing "$@" | paste -sd' ')"
}

# packages_npm_program — makes sure there is an npm. A nodejs from elsewhere brings its own
# and conflicts with Debian's package: so whatever is on the PATH is taken.
packages_npm_program() {
    command -v npm >/dev/null && return
    note "Installing npm"
    packages_apt install --no-install-recommends npm ||
        { packages_apt update && packages_apt install --no-install-recommends npm; } ||
        die "npm could not be installed"
}

# packages_npm FOLDER — the modules that FOLDER/package-lock.json names, if they are not there already.
packages_npm() {
    local stamp=$1/node_modules/.oriel-lock
    cmp -s "$1/package-lock.json" "$stamp" && return
    packages_npm_program
    note "Fetching the modules that $1/package.json names"
    # Its standard output only counts them.
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error < /dev/null > /dev/null) ||
        die "npm could not fetch the modules of $1"
    cp "$1/package-lock.json" "$stamp"
}

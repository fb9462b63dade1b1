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

# packages_apt ARGUMENT… — apt-get as root, with sudo where the caller is not.
packages_apt() {
    local -a run=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    [ "$(id -u)" = 0 ] || run=(sudo "${run[@]}")
    "${run[@]}" "$@" < /dev/null >&2
}

# packages_install FILE… — installs what the lists name and is missing, or ends with one clear line.
packages_install() {
    local -a missing
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "these Debian packages are missing: ${missing[*]}"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "these packages are missing and there is no sudo; as root: apt-get install ${missing[*]}"
    step "Installing ${#missing[@]} packages: ${missing[*]}"
    packages_apt install --no-install-recommends "${missing[@]}" && return
    # The lists of what there is may be missing or old.
    packages_apt update || die "apt-get update failed: see above"
    packages_apt install --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: $(packages_missing "$@" | paste -sd' ')"
}

# packages_npm_program — makes sure there is an npm. A nodejs from elsewhere brings its own
# and conflicts with Debian's package: so whatever is on the PATH is taken.
packages_npm_program() {
    command -v npm >/dev/null && return
    step "Installing npm"
    packages_apt install --no-install-recommends npm ||
        { packages_apt update && packages_apt install --no-install-recommends npm; } ||
        die "npm could not be installed"
}

# packages_npm FOLDER — the modules that FOLDER/package-lock.json names, if they are not there already.
packages_npm() {
    local stamp=$1/node_modules/.oriel-lock
    cmp -s "$1/package-lock.json" "$stamp" && return
    packages_npm_program
    step "Fetching the modules that $1 names"
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error < /dev/null >&2) ||
        die "npm could not fetch the modules of $1"
    cp "$1/package-lock.json" "$stamp"
}

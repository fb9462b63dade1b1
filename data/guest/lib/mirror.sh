# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced: where Debian's packages come from, as this machine's own apt configuration says.

# mirror_suite — the name of the release this machine runs, "bookworm" for example.
mirror_suite() {
    local ID VERSION_CODENAME
    . /etc/os-release
    [ "$ID" = debian ] || die "the demo image is built on Debian from the machine's own package sources; this is ${ID:-unknown}"
    printf '%s\n' "$VERSION_CODENAME"
}

# mirror_sources SUITE — one apt source line for each of Debian's own archives that apt is
# set up with (release, updates, security). Other people's repositories are left out.
mirror_sources() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
        awk -v suite="$1" '
            $1 ~ /^cdrom:/ || $3 != "main" { next }
            $4 != "Debian" && $4 !~ /^\$/ { next }          # $(ORIGIN) stays as it is before the first apt-get update
            $2 == suite || $2 == suite "-updates" || $2 == suite "-security" { print "deb", $1, $2, $3 }' |
        sort -u
}

# mirror_keyrings — the key files those sources may be signed with, one a line.
mirror_keyrings() {
    local file
    {
        ls /usr/share/keyrings/debian-archive-*.gpg /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d/* 2>/dev/null
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
            sed -nE 's/^Signed-By:[[:space:]]*//Ip; s/^deb .*signed-by=([^] ]*).*/\1/Ip' | tr ', ' '\n\n'
    } | sort -u | while read -r file; do
        if [ -f "$file" ] && [ -r "$file" ]; then printf '%s\n' "$file"; fi
    done
}

# mirror_apt_options — how this machine fetches (proxies, certificates, retries, passwords),
# as lines of apt.conf.
mirror_apt_options() {
    apt-config dump Acquire | grep -E '^Acquire::(http|https|mirror|Check-|Retries|Force)[^ ]* ".+";$' || true
    [ ! -r /etc/apt/auth.conf ] || echo 'Dir::Etc::netrc "/etc/apt/auth.conf";'
    [ ! -d /etc/apt/auth.conf.d ] || echo 'Dir::Etc::netrcparts "/etc/apt/auth.conf.d/";'
}

# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced: the root file system, from Debian's packages and the files of this folder.

# rootfs_overlay RECIPE WORK — packs root/, the drawn wallpaper and what is compiled, as root owns them.
rootfs_overlay() {
    local png=$2/overlay/usr/share/backgrounds/oriel.png program
    mkdir -p "$2/overlay"
    cp -a "$1/root/." "$2/overlay/"
    install -D -m 755 "$1/setup" "$2/overlay/usr/lib/oriel-guest/setup"
    mkdir -p "${png%/*}"
    rsvg-convert --width 1920 --height 1200 --output "$png" "$1/wallpaper.svg"
    # Static: it fits to whatever C library the guest has.
    for program in identity home-main; do
        cc -O2 -static -s -Wall -Wextra -Werror -o "$2/overlay/usr/lib/oriel-guest/${program%-main}" "$1/src/$program.c" "$1/src/home.c"
    done
    chmod -R u=rwX,go=rX "$2/overlay"
    tar -C "$2/overlay" --owner=0 --group=0 --numeric-owner -cf "$2/overlay.tar" .
}

# rootfs_build RECIPE WORK SUITE — leaves WORK/root.tar. The overlay goes in before most packages
# are set up, so that the kernel's first initrd is already the small one.
rootfs_build() {
    local recipe=$1 work=$2 suite=$3 keyring path
    local -a options=(--variant=minbase --components=main --skip=check/qemu
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"')

    mirror_sources "$suite" > "$work/sources.list"
    [ -s "$work/sources.list" ] || die "apt on this machine has no source for Debian $suite, main"
    mirror_apt_options > "$work/apt.conf"
    while read -r keyring; do options+=(--keyring="$keyring"); done < <(mirror_keyrings)
    while read -r path; do options+=(--dpkgopt="path-exclude=$path"); done < <(grep -v '^#\|^$' "$recipe/exclude")

    rootfs_overlay "$recipe" "$work"
    # A user's subordinate ids may not reach below a private home: then it is built in /tmp.
    [ "$(id -u)" != 0 ] || export TMPDIR=$work
    mmdebstrap "${options[@]}" --aptopt="$work/apt.conf" \
        --include="$(grep -v '^#\|^$' "$recipe/packages" | paste -sd,)" \
        --essential-hook="tar-in $work/overlay.tar /" \
        --customize-hook='chroot "$1" /usr/lib/oriel-guest/setup && rm "$1/usr/lib/oriel-guest/setup"' \
        "$suite" "$work/root.tar" "$work/sources.list"
}

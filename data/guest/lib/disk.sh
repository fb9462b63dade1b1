# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced: from the root file system to a disk, a kernel and an initrd, without loop devices.

# What the guest sees; the file holds only what is used.
disk_size=6G

# disk_as_root COMMAND… — as root in fact, or in a user namespace where the user's
# subordinate ids stand for the owners of the files.
disk_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        unshare --map-root-user --map-auto -- "$@"
    fi
}

# disk_need_root — ends where disk_as_root cannot work. The first try is without --map-auto, with
# which unshare leaves a process behind that waits for ever when the kernel refuses.
disk_need_root() {
    [ "$(id -u)" != 0 ] || return 0
    unshare --map-root-user -- true 2>/dev/null ||
        die "the image is built by root, or in a user namespace, and users may not make any here: run this as root"
    unshare --map-root-user --map-auto -- true ||
        die "$(id -un) needs subordinate ids in /etc/subuid and /etc/subgid, as adduser gives them"
}

# disk_build WORK OUT — reads WORK/root.tar; leaves disk.qcow2, kernel and initrd in OUT.
disk_build() {
    local work=$1 out=$2
    disk_as_root sh -ec '
        mkdir "$1/root"
        # No device nodes: a user may not make them, and the guest makes its own.
        tar -C "$1/root" --numeric-owner --exclude="./dev/*" -xpf "$1/root.tar"
        cp "$1"/root/boot/vmlinuz-* "$2/kernel"
        cp "$1"/root/boot/initrd.img-* "$2/initrd"
        rm -rf "$1"/root/boot/* "$1/root.tar"
        truncate -s "$3" "$1/disk.ext4"
        mke2fs -q -t ext4 -L oriel-demo -m 0 -N 200000 -J size=16 \
            -E lazy_itable_init=0,lazy_journal_init=0 -d "$1/root" "$1/disk.ext4"
        rm -rf "$1/root"
    ' sh "$work" "$out" "$disk_size"
    local progress=""
    [ ! -t 2 ] || progress=-p
    # shellcheck disable=SC2086 # an option or nothing
    qemu-img convert $progress -c -m 4 -W -O qcow2 -o compression_type=zstd "$work/disk.ext4" "$out/disk.qcow2" >&2
    rm -f "$work/disk.ext4"
    chmod 644 "$out"/*
}

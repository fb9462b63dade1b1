# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034
# Sourced by data/quickstart: where everything is, and who owns it. The variables set here are
# what the other files stand on.

# The longest path that still leaves room for a desktop's sockets: oriel-host takes 61 bytes for
# its folder, RUN/desktops.
places_longest_run=52

# places_set DIR — for root, for a user, or all below DIR when it is not empty.
places_set() {
    if [ -n "$1" ]; then
        base=$(realpath -m "$1")
        run=$base/run
    elif [ "$(id -u)" = 0 ]; then
        base=/var/lib/oriel-quickstart
        run=/run/oriel-quickstart
    else
        base=${XDG_DATA_HOME:-$HOME/.local/share}/oriel-quickstart
        run=${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/oriel-quickstart}
        # Without a login session there is no such folder.
        run=${run:-$base/run}
    fi
    build=$base/build
    prefix=$base/prefix
    credentials=$base/credentials.json
    [ "${#run}" -le $places_longest_run ] ||
        die "the path $run is too long for sockets ($places_longest_run bytes at most); choose a shorter one with --dir"
}

# places_account host|broker — the user that daemon runs as: its own when root starts it.
places_account() {
    if [ "$(id -u)" = 0 ]; then echo "oriel-$1"; else id -un; fi
}

# places_accounts_make — the unprivileged system users, and the group that may talk to the host.
places_accounts_make() {
    local service
    [ "$(id -u)" = 0 ] || return 0
    getent group oriel >/dev/null || groupadd --system oriel
    for service in host broker; do
        getent passwd "oriel-$service" >/dev/null ||
            useradd --system --user-group --groups oriel --no-create-home --home-dir /nonexistent \
                --shell /usr/sbin/nologin "oriel-$service"
        id -nG "oriel-$service" | grep -qw oriel || usermod --append --groups oriel "oriel-$service"
    done
    if [ -e /dev/kvm ] && [ "$(stat -c %G /dev/kvm)" = kvm ]; then usermod --append --groups kvm oriel-host; fi
}

# places_folder MODE OWNER FOLDER… — makes or corrects folders.
places_folder() {
    local mode=$1 owner=$2
    shift 2
    mkdir -p "$@"
    chmod "$mode" "$@"
    [ "$(id -u)" != 0 ] || chown "$owner" "$@"
}

# places_base — the folder that holds all others. As root, the daemons' users must get through it.
places_base() {
    mkdir -p "$base" || die "$base cannot be made"
    if [ "$(id -u)" = 0 ]; then chmod 0755 "$base"; fi
}

# places_make — every folder the daemons need, each readable by those who need it only.
places_make() {
    local host broker
    host=$(places_account host)
    broker=$(places_account broker)
    places_folder 0755 root:root "$run" "$base/image" "$base/etc"
    places_folder 0750 "$host:" "$base/host" "$run/desktops"
    places_folder 0700 "$broker:" "$base/broker"
    places_folder 0750 "root:root" "$base/log" "$base/pid"
    places_folder 0700 root:root "$base/ctl"
    if [ "$(id -u)" = 0 ]; then
        places_folder 0750 "$host:oriel" "$run/host"
        setpriv --reuid "$host" --regid "$host" --init-groups test -r "$base/etc" ||
            die "the user $host cannot reach $base; choose another folder with --dir"
    else
        places_folder 0700 "" "$run/host"
    fi
}

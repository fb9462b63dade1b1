# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced by data/quickstart: what an administrator would do with orielctl.

desktop_ctl() {
    env -u ORIEL_TOKEN HOME="$base/ctl" XDG_CONFIG_HOME="$base/ctl" "$prefix/bin/orielctl" --broker "localhost:$port" "$@"
}

# desktop_try WHAT COMMAND… — a command whose error is shown as one line.
desktop_try() {
    local what=$1 output
    shift
    output=$("$@" 2>&1) || die "$what: $(printf '%s' "$output" | tail -n 1)"
}

desktop_sign_in() {
    credentials_get admin_password |
        desktop_try "The administrator could not sign in" \
            desktop_ctl login --user admin --password-stdin --accept-fingerprint "$(credentials_get fingerprint)"
}

desktop_user() {
    desktop_ctl user show demo >/dev/null 2>&1 && return
    credentials_get password |
        desktop_try "The user could not be made" desktop_ctl user create demo --full-name "Demo user" --password-stdin
}

# desktop_image_state — importing, ready, failed; nothing when there is none.
desktop_image_state() {
    desktop_ctl image show demo --output=json 2>/dev/null | sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' | head -n 1
}

# desktop_image FOLDER — imports the image that data/guest/build made. The host's user cannot read
# the caller's cache: it gets a copy, for as long as the import takes.
desktop_image() {
    case $(desktop_image_state) in
        ready) return ;;
        failed) desktop_try "The image that failed could not be removed" desktop_ctl image delete demo ;;
    esac
    cp --reflink=auto "$1/disk.qcow2" "$1/kernel" "$1/initrd" "$base/image/" || die "the image could not be copied to $base/image"
    chmod 644 "$base"/image/*
    desktop_try "The image could not be imported" desktop_ctl image import demo --title "Debian with IceWM" \
        --path "$base/image/disk.qcow2" --kernel "$base/image/kernel" --initrd "$base/image/initrd" \
        --cmdline "$(cat "$1/cmdline")"
    rm -f "$base"/image/*
}

desktop_pool() {
    desktop_ctl pool show demo >/dev/null 2>&1 && return
    desktop_try "The pool could not be made" desktop_ctl pool create demo --title "Demo desktop" --image demo \
        --cpus 2 --memory 1024 --maximum 4 --entitle everyone --policy persistent --start clone --spares 1
}

# desktop_template_progress — "NAME: 12 % TEXT" lines as one for each tenth; others as they are.
desktop_template_progress() {
    local line next=0
    while IFS= read -r line; do
        if ! [[ $line =~ :\ ([0-9]+)\ %\ (.*)$ ]]; then
            printf '%s\n' "$line" >&2
        elif [ "${BASH_REMATCH[1]}" -ge "$next" ]; then
            next=$((BASH_REMATCH[1] - BASH_REMATCH[1] % 10 + 10))
            note "${BASH_REMATCH[1]} %  ${BASH_REMATCH[2]}"
        fi
    done
}

# desktop_template — what desktops are cloned from is made once. Without it they boot, so this is
# nothing to end for.
desktop_template() {
    local -a make=(desktop_ctl template make demo)
    [ "$(desktop_ctl pool show demo --output=json | sed -n 's/.*"start": *"\([a-z]*\)".*/\1/p')" = clone ] || return 0
    if [ -t 2 ]; then
        "${make[@]}" >/dev/null || note "Desktops boot each time until the template can be made."
    elif ! "${make[@]}" 2>&1 >/dev/null | desktop_template_progress; then
        note "Desktops boot each time until the template can be made."
    fi
}

# desktop_stop_all — the desktops that this quickstart's host runs sleep on disk: their users find
# them as they were, and need not wait for a boot. What cannot sleep gets the power button.
desktop_stop_all() {
    services_running host || return 0
    desktop_any_runs || return 0
    /usr/bin/python3 "$top/data/lib/quickstart/sleep.py" "$run/host/host.sock" || true
}

desktop_any_runs() {
    local file
    for file in "$run"/desktops/*/qemu.pid; do
        if services_pid "$file" >/dev/null; then return 0; fi
    done
    return 1
}

# desktop_end_leftovers — whatever did not end by itself, when the host is gone.
desktop_end_leftovers() {
    local file
    for file in "$run"/desktops/*/*.pid; do
        [ ! -e "$file" ] || services_end "$file"
    done
}

# desktop_viewer — in the caller's session, where there is one.
desktop_viewer() {
    local -a become=()
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || return 0
    step "Opening the viewer"
    if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ]; then become=(runuser -u "$SUDO_USER" --); fi
    (
        exec 7>&- 8>&- 9>&-
        credentials_get password | setsid "${become[@]}" "$prefix/bin/oriel-viewer" --user demo --password-stdin \
            --accept-fingerprint "$(credentials_get fingerprint)" "oriel://localhost:$port/demo"
    ) > "$base/log/viewer.log" 2>&1 &
}

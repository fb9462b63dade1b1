# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced by data/quickstart: oriel-host and oriel-broker as processes that outlive this script,
# known by pid files ("PID START-TIME").

# services_start_time PID — field 22 of /proc/PID/stat; nothing when there is no such process, or a dead one.
services_start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # The name in brackets may hold blanks.
    set -- ${stat##*) }
    [ "$1" = Z ] || printf '%s\n' "${20}"
}

# services_pid FILE — the pid that a pid file names, while that very process runs.
services_pid() {
    local pid="" started="" rest
    read -r pid started rest 2>/dev/null < "$1" || [ -n "$pid" ] || return 1
    [[ $pid =~ ^[0-9]+$ ]] && [ "$(services_start_time "$pid")" = "$started" ] || return 1
    printf '%s\n' "$pid"
}

services_running() { services_pid "$base/pid/$1.pid" >/dev/null; }

# services_as NAME COMMAND… — becomes the command, as the daemon's user.
services_as() {
    local account
    account=$(places_account "$1")
    shift
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid "$account" --regid "$account" --init-groups --inh-caps=-all -- "$@"
    fi
    exec "$@"
}

# services_write FILE — standard input into the file, which is touched only if that changes it.
services_write() {
    cat > "$1.new"
    chmod 644 "$1.new"
    if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi
}

# services_addresses — the loopback addresses of this machine: "localhost" may mean either of them.
services_addresses() {
    echo 127.0.0.1
    if grep -qs '^0\{31\}1 ' /proc/net/if_inet6; then echo ::1; fi
}

# services_configure — the two configuration files.
services_configure() {
    local group=""
    [ "$(id -u)" != 0 ] || group="socket-group=oriel"
    services_write "$base/etc/host.conf" <<END
[host]
name=$(uname -n)
state-dir=$base/host
run-dir=$run/desktops
socket=$run/host/host.sock
$group
END
    services_write "$base/etc/broker.conf" <<END
[broker]
listen=$(services_addresses | paste -sd,)
port=$port
state-dir=$base/broker

[hosts]
local=unix:$run/host/host.sock
END
}

# services_start NAME — oriel-NAME in a session of its own, unless it runs already. A new program
# or configuration is reason enough to start it again: desktops do not mind.
services_start() {
    local pid file=$base/pid/$1.pid
    if pid=$(services_pid "$file"); then
        [ "$prefix/bin/oriel-$1" -nt "$file" ] || [ "$base/etc/$1.conf" -nt "$file" ] || return 0
        note "oriel-$1 is started again, as it has changed"
        services_stop "$1"
    fi
    (
        cd /
        exec 7>&- 8>&- 9>&-
        services_as "$1" env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 \
            HOME="$base/$1" setsid "$prefix/bin/oriel-$1" --config "$base/etc/$1.conf"
    ) < /dev/null >> "$base/log/$1.log" 2>&1 &
    pid=$!
    printf '%s %s\n' "$pid" "$(services_start_time "$pid")" > "$file"
}

# services_stop NAME — asks it to end, then insists.
services_stop() {
    services_end "$base/pid/$1.pid"
    rm -f "$base/pid/$1.pid"
}

# services_end PIDFILE — ends that process, and returns when it is gone.
services_end() {
    local pid i
    for i in {1..100}; do
        pid=$(services_pid "$1") || return 0
        case $i in
            1) kill -TERM "$pid" 2>/dev/null || true ;;
            80) kill -KILL "$pid" 2>/dev/null || true ;;
        esac
        sleep 0.1
    done
}

# services_wait NAME WHAT COMMAND… — until the command succeeds; the service's own last words if it ends instead.
services_wait() {
    local name=$1 what=$2 i
    shift 2
    for i in {1..300}; do
        if "$@" 2>/dev/null; then return; fi
        services_running "$name" || break
        sleep 0.2
    done
    die "oriel-$name does not $what: $(tail -n 1 "$base/log/$name.log" | cut -c1-300) (all of it: $base/log/$name.log)"
}

services_host_listens() { [ -S "$run/host/host.sock" ]; }
services_broker_ready() { [ "$(curl -sk -m 5 -o /dev/null -w '%{http_code}' "https://localhost:$port/readyz")" = 200 ]; }

# services_check_port — ends when somebody else has the port.
services_check_port() {
    local address
    if services_running broker && grep -qx "port=$port" "$base/etc/broker.conf"; then return 0; fi
    for address in $(services_addresses); do
        if (exec 3<> "/dev/tcp/$address/$port") 2>/dev/null; then
            die "port $port is used by another program; choose another one with --port"
        fi
    done
}

# services_admin — the administrator, once, before the broker serves anyone.
services_admin() {
    [ ! -e "$base/pid/admin-made" ] || return 0
    credentials_get admin_password |
        (services_as broker "$prefix/bin/oriel-broker" --config "$base/etc/broker.conf" --init-admin admin) \
            >> "$base/log/broker.log" 2>&1 ||
        die "the administrator could not be made: $(tail -n 1 "$base/log/broker.log")"
    touch "$base/pid/admin-made"
}

services_fingerprint() {
    (services_as broker "$prefix/bin/oriel-broker" --config "$base/etc/broker.conf" --fingerprint 2>> "$base/log/broker.log") ||
        die "the certificate's fingerprint cannot be told: $(tail -n 1 "$base/log/broker.log")"
}

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A little internet of its own, for tests of oriel-net: run by `unshare --user --map-root-user --net --mount`, with a command
as arguments that is started in it. At 192.0.2.1, and at this world's own loopback, which no guest should reach, stand

    port 7001, TCP: is told a number in a line, and sends as many bytes (see pattern)
    port 7002, TCP: reads to the end, and says how many bytes there were
    port 7003, UDP: sends back what it gets

and at loopback alone the name server that /etc/resolv.conf names here, which sends back what it gets, too.

Says "ready PID" on standard output, then "loopback PORT" for each connection or datagram that came to the loopback address.
Ends with the command, as it did; or the command with it, when it is killed, or standard input is a pipe and ends."""

import ctypes
import fcntl
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading

OUTSIDE = "192.0.2.1"
SOURCE, SINK, ECHO, NAMES = 7001, 7002, 7003, 53
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1
IP_PKTINFO = 8
PR_SET_PDEATHSIG, MS_BIND = 1, 4096
LIBC = ctypes.CDLL(None, use_errno=True)


def pattern(count):
    """What the source sends: no two places look the same, so that lost and doubled bytes show."""
    return b"".join(struct.pack(">I", at) for at in range(0, count + 3, 4))[:count]


def set_up_addresses():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
        address = struct.pack("16sHH4s16x", b"lo:0", socket.AF_INET, 0, socket.inet_aton(OUTSIDE))
        fcntl.ioctl(sock, SIOCSIFADDR, address)


def tell_loopback(address, port):
    if address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1"):
        print("loopback", port, flush=True)


def source(connection):
    count = int(connection.makefile("rb").readline())
    connection.sendall(pattern(count))


def sink(connection):
    count = 0
    while data := connection.recv(65536):
        count += len(data)
    connection.sendall(b"%d\n" % count)


def serve(port, handle):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)

    def talk(connection):
        with connection:
            try:
                tell_loopback(connection.getsockname()[0].removeprefix("::ffff:"), port)
                handle(connection)
            except (OSError, ValueError):
                pass

    def accept():
        while True:
            threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def serve_echo():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("0.0.0.0", ECHO))

    def answer():
        while True:
            data, ancillary, _, peer = sock.recvmsg(65536, 256)
            local = socket.inet_ntoa(ancillary[0][2][4:8])
            tell_loopback(local, ECHO)
            sock.sendto(data, peer)

    threading.Thread(target=answer, daemon=True).start()


def serve_names():
    """The name server; what this world's programs read as /etc/resolv.conf leads to it."""
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", NAMES))

    def answer():
        while True:
            sock.sendto(*sock.recvfrom(65536))

    threading.Thread(target=answer, daemon=True).start()
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"nameserver 127.0.0.1\n")
        file.flush()
        os.chmod(file.name, 0o644)
        target = os.path.realpath("/etc/resolv.conf")
        if LIBC.mount(file.name.encode(), target.encode(), None, MS_BIND, None) != 0:
            raise OSError(ctypes.get_errno(), f"{target} cannot be replaced")


def main(command):
    set_up_addresses()
    serve_names()
    serve(SOURCE, source)
    serve(SINK, sink)
    serve_echo()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    print("ready", child.pid, flush=True)

    def end_with_input():
        sys.stdin.read()
        child.kill()

    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=end_with_input, daemon=True).start()
    status = child.wait()
    print("ended", status, flush=True)
    sys.exit(status if status >= 0 else 1)


if __name__ == "__main__":
    main(sys.argv[1:])

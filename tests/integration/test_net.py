# SPDX-License-Identifier: GPL-3.0-or-later
"""oriel-net without a guest: frames at one end, a little internet (net_world.py) at the other."""

import contextlib
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time

import pytest

import net_world
import wire_guest as guest
from harness import paths
from harness.processes import spent
from harness.wait import PATIENCE, wait_for

MBIT = 125000
# The burst that net-link.c allows, for rates below 10 Mbit a second.
BURST = 24 * 1024
COUNTERS = ("sent_bytes", "sent_frames", "received_bytes", "received_frames", "refused_frames", "dropped_frames")


class Net:
    """An oriel-net in its world, with a guest's wire."""

    def __init__(self, folder, *options):
        self.counters_path = folder / "counters"
        self.wire = guest.Wire(folder / "net")
        command = [paths.program("oriel-net"), "--qemu-unix", str(folder / "net"), "--counters", str(self.counters_path), *options]
        world = pathlib.Path(net_world.__file__)
        self.world = subprocess.Popen(["unshare", "--user", "--map-root-user", "--net", "--mount", sys.executable, str(world), *command],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = int(self.world.stdout.readline().split()[1])
        self.wire.accept()

    def counters(self):
        values = struct.unpack("7Q", self.counters_path.read_bytes())
        return dict(zip(COUNTERS, values[1:]))

    def end(self):
        """What the world has said since it was ready."""
        self.wire.close()
        said = self.world.stdout.readline()
        while not said.startswith("ended"):
            said += self.world.stdout.readline()
        return said

    def close(self):
        self.wire.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.world.communicate(timeout=20 * PATIENCE)
        self.world.kill()
        self.world.wait()


@pytest.fixture
def start():
    with contextlib.ExitStack() as stack:
        def make(*options):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="o", dir="/tmp"))
            net = Net(pathlib.Path(folder), *options)
            stack.callback(net.close)
            return net
        yield make


def download(net, count):
    connection = net.wire.tcp(net_world.OUTSIDE, net_world.SOURCE).connect()
    connection.write(b"%d\n" % count)
    data = connection.read()
    connection.finish()
    assert data == net_world.pattern(count)


def upload(net, count):
    connection = net.wire.tcp(net_world.OUTSIDE, net_world.SINK).connect()
    connection.write(bytes(count))
    connection.finish()
    assert connection.read() == b"%d\n" % count


def expect_address(net):
    net.wire.send(guest.dhcp_discover())
    offer = net.wire.until(lambda packet: packet.protocol == guest.UDP and packet.ports() == (67, 68))
    assert offer.source == guest.GATEWAY
    assert offer.data[8 + 16:8 + 20] == bytes(map(int, guest.ADDRESS.split(".")))


def test_carries_tcp_udp_and_addresses(start):
    net = start()
    expect_address(net)
    download(net, 1 << 20)
    upload(net, 300000)
    net.wire.send(guest.udp(net_world.OUTSIDE, net_world.ECHO, b"to and fro"))
    answer = net.wire.until(lambda packet: packet.protocol == guest.UDP)
    assert (answer.source, answer.data[8:]) == (net_world.OUTSIDE, b"to and fro")
    counters = net.counters()
    assert counters["received_bytes"] >= 1 << 20 and counters["sent_bytes"] >= 300000
    assert counters["received_bytes"] == net.wire.carried
    assert (counters["refused_frames"], counters["dropped_frames"]) == (0, 0)
    assert net.end() == "ended 0\n"


def test_many_connections_lose_nothing_of_their_own(start):
    """Their windows together are far more than the queue holds: what is dropped comes again."""
    net = start("--rate", "40")
    connections = [net.wire.tcp(net_world.OUTSIDE, net_world.SOURCE).connect() for _ in range(8)]
    for connection in connections:
        connection.write(b"100000\n")
    deadline = time.monotonic() + guest.DEADLINE
    while not all(connection.ended for connection in connections):
        packet = net.wire.until(lambda packet: packet.protocol == guest.TCP, deadline - time.monotonic())
        for connection in connections:
            if connection.mine(packet):
                connection.handle(packet)
    assert all(connection.received == net_world.pattern(100000) for connection in connections)


def test_rate_is_held_in_both_directions(start):
    """However long it takes: no more than a burst and the rate's share of the time that has passed."""
    net = start("--rate", "4")
    rate, began = 4 * MBIT, time.monotonic()

    def allowed():
        return BURST + rate * (time.monotonic() - began)

    download(net, 500000)
    assert 500000 < net.wire.carried <= allowed()
    upload(net, 500000)
    assert 500000 < net.counters()["sent_bytes"] <= allowed()


LOOPBACKS = ["10.0.2.2", "127.0.0.1", "127.1.2.3", "0.0.0.0", "255.255.255.255", "fec0::2", "fec0::1234", "::1", "::",
             "::ffff:127.0.0.1", "::127.0.0.1"]


def test_own_loopback_is_out_of_reach(start):
    net = start()
    for address in LOOPBACKS:
        net.wire.tcp(address, net_world.SOURCE).ask()
        net.wire.send(guest.udp(address, net_world.ECHO, b"is anybody there?"))
    # What comes in their place, if anything, is no "yes"; and the last question is answered after all of theirs.
    net.wire.send(guest.udp(net_world.OUTSIDE, net_world.ECHO, b"end"))

    def is_end(packet):
        assert packet.protocol != guest.TCP or packet.data[13] & guest.RST, "a connection was made"
        return packet.protocol == guest.UDP and packet.data[8:] == b"end"
    net.wire.until(is_end)
    download(net, 1000)
    assert net.end() == "ended 0\n", "somebody heard it"


def test_names_are_asked_of_the_hosts_own_server(start):
    """Though that is at loopback: there its name server alone may be asked."""
    net = start()
    net.wire.send(guest.udp(guest.NAMES, net_world.NAMES, b"where is it?"))
    answer = net.wire.until(lambda packet: packet.protocol == guest.UDP)
    assert (answer.source, answer.data[8:]) == (guest.NAMES, b"where is it?")
    net.wire.send(guest.udp(guest.NAMES, net_world.ECHO, b"is anybody there?"))
    net.wire.tcp(guest.NAMES, net_world.SOURCE).ask()
    download(net, 1000)
    assert net.end() == "ended 0\n", "somebody heard it"


def test_isolated_guest_gets_an_address_and_nothing_else(start):
    net = start("--isolated")
    expect_address(net)
    before = net.counters()["refused_frames"]
    net.wire.tcp(net_world.OUTSIDE, net_world.SOURCE).ask()
    net.wire.send(guest.udp(net_world.OUTSIDE, net_world.ECHO, b"is anybody there?"), guest.udp(guest.NAMES, 53, bytes(12)))
    expect_address(net)
    assert net.counters()["refused_frames"] == before + 3


def test_nonsense_is_survived(start):
    net = start()
    numbers = random.Random(7)
    frames = [numbers.randbytes(numbers.choice([1, 13, 14, 33, 60, 1518, 1519, 9000, 65000])) for _ in range(300)]
    good = guest.udp(net_world.OUTSIDE, net_world.ECHO, bytes(100))
    for _ in range(2000):
        bad = bytearray(good)
        for _ in range(numbers.randrange(1, 6)):
            bad[numbers.randrange(12, 60)] = numbers.randrange(256)
        # Nobody there would answer a connection, and waiting for one would only cost time.
        frames.append(bytes(bad[:numbers.randrange(14, len(bad) + 1)]))
    for at in range(0, len(frames), 50):
        net.wire.send(*frames[at:at + 50])
        while net.wire.receive(0) is not None:
            pass
    download(net, 1000)
    # A length that QEMU never sends ends it: nothing that follows could be trusted.
    net.wire.socket.sendall(b"\xff\xff\xff\xff" + bytes(100))
    wait_for(lambda: not net.wire.socket.recv(65536), 20, "oriel-net ends")


def test_idle_costs_nothing(start):
    for options in ((), ("--isolated",), ("--rate", "10")):
        net = start(*options)
        expect_address(net)

        def still(net=net):
            counted = spent(net.pid)
            time.sleep(1.2)  # nothing happens now: there is no event to wait for, and libslirp would want one a second
            return spent(net.pid) == counted

        wait_for(still, 20, "1.2 s in which oriel-net does nothing")
        net.close()

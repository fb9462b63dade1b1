# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that is only a network card: it speaks to oriel-net as QEMU does (frames, each after four bytes of length), with the
least of ARP, DHCP, UDP and TCP that such a conversation takes."""

import pathlib
import random
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.wait import PATIENCE  # noqa: E402

MAC, GATEWAY_MAC = bytes.fromhex("525400123456"), bytes.fromhex("52550a000202")
ADDRESS, GATEWAY, NAMES = "10.0.2.15", "10.0.2.2", "10.0.2.3"
ADDRESS6 = "fec0::5054:ff:fe12:3456"
BROADCAST = b"\xff" * 6
TCP, UDP, ICMP = 6, 17, 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
DEADLINE = 30 * PATIENCE


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(kind, payload, to=GATEWAY_MAC):
    return to + MAC + struct.pack(">H", kind) + payload


def ipv4(protocol, to, payload, source=ADDRESS, **more):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), random.getrandbits(16), more.get("fragment", 0), 64, protocol,
                       0, socket.inet_aton(source), socket.inet_aton(to))
    return ethernet(0x0800, head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload, more.get("mac", GATEWAY_MAC))


def ipv6(protocol, to, payload):
    head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
    return ethernet(0x86dd, head + socket.inet_pton(socket.AF_INET6, ADDRESS6) + socket.inet_pton(socket.AF_INET6, to) + payload)


def with_checksum(protocol, segment, to, source=ADDRESS):
    """The segment (its checksum 0) with the one that its addresses make it have; and the place of it."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    source = ADDRESS6 if ":" in to else source
    pseudo = socket.inet_pton(family, source) + socket.inet_pton(family, to) + struct.pack(">II", len(segment), protocol)
    place = 16 if protocol == TCP else 6
    return segment[:place] + struct.pack(">H", checksum(pseudo + segment)) + segment[place + 2:]


def tcp(to, segment):
    segment = with_checksum(TCP, segment, to)
    return ipv6(TCP, to, segment) if ":" in to else ipv4(TCP, to, segment)


def udp(to, port, data, source_port=4000, **more):
    segment = struct.pack(">HHHH", source_port, port, 8 + len(data), 0) + data
    segment = with_checksum(UDP, segment, to, more.get("source", ADDRESS))
    return ipv6(UDP, to, segment) if ":" in to else ipv4(UDP, to, segment, **more)


def arp(operation, to=GATEWAY, source=ADDRESS):
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + MAC + socket.inet_aton(source) + bytes(6) + socket.inet_aton(to)
    return ethernet(0x0806, body, BROADCAST)


def dhcp_discover():
    body = struct.pack(">BBBBIHH", 1, 1, 6, 0, 0x12345678, 0, 0x8000) + bytes(16) + MAC + bytes(10) + bytes(192)
    body += b"\x63\x82\x53\x63" + bytes([53, 1, 1, 255])
    return udp("255.255.255.255", 67, body.ljust(300, b"\0"), 68, source="0.0.0.0", mac=BROADCAST)


class Packet:
    """What came: the parts that the tests look at."""

    def __init__(self, frame):
        self.frame, self.kind = frame, struct.unpack(">H", frame[12:14])[0]
        self.protocol = self.source = self.data = None
        if self.kind == 0x0800:
            header = (frame[14] & 15) * 4
            total = struct.unpack(">H", frame[16:18])[0]
            self.protocol, self.source = frame[23], socket.inet_ntoa(frame[26:30])
            self.data = frame[14 + header:14 + total]
        elif self.kind == 0x86dd:
            self.protocol, self.source = frame[20], socket.inet_ntop(socket.AF_INET6, frame[22:38])
            self.data = frame[54:54 + struct.unpack(">H", frame[18:20])[0]]

    def ports(self):
        return struct.unpack(">HH", self.data[:4])


class Wire:
    """QEMU's end. It answers who has the guest's address by itself."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.socket, self.buffer, self.carried = None, b"", 0

    def accept(self):
        self.listener.settimeout(DEADLINE)
        self.socket, _ = self.listener.accept()
        self.send(arp(1))  # the gateway learns who is here
        self.until(lambda packet: packet.kind == 0x0806 and packet.frame[20:22] == b"\0\2")

    def close(self):
        for sock in (self.socket, self.listener):
            if sock is not None:
                sock.close()

    def send(self, *frames):
        self.socket.settimeout(DEADLINE)
        self.socket.sendall(b"".join(struct.pack(">I", len(frame)) + frame for frame in frames))

    def receive(self, seconds=DEADLINE):
        """The next packet, or None when none comes in that time."""
        deadline = time.monotonic() + seconds
        while True:
            if len(self.buffer) >= 4 and len(self.buffer) >= 4 + (size := struct.unpack(">I", self.buffer[:4])[0]):
                packet, self.buffer = Packet(self.buffer[4:4 + size]), self.buffer[4 + size:]
                self.carried += size
                if packet.kind == 0x0806 and packet.frame[20:22] == b"\0\1":
                    self.send(arp(2, socket.inet_ntoa(packet.frame[28:32])))
                return packet
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(1 << 20)
            except TimeoutError:
                return None
            if not data:
                raise ConnectionError("oriel-net closed the wire")
            self.buffer += data

    def until(self, wanted, seconds=DEADLINE):
        """The first packet that is wanted."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            packet = self.receive(left)
            if packet is not None and wanted(packet):
                return packet
        raise AssertionError(f"not within {seconds} s: a packet that is wanted")

    def tcp(self, to, port):
        return Tcp(self, to, port)


class Tcp:
    """One connection, of which everything is read in order and acknowledged at once."""

    def __init__(self, wire, to, port):
        self.wire, self.to, self.port = wire, to, port
        self.local, self.next, self.acked = random.randrange(20000, 60000), random.getrandbits(32), 0
        self.expected, self.received, self.ended, self.unacked = 0, bytearray(), False, b""

    def segment(self, flags, data=b"", sequence=None):
        head = struct.pack(">HHIIBBHHH", self.local, self.port, (self.next if sequence is None else sequence) & 0xffffffff,
                           self.expected, 5 << 4, flags, 65535, 0, 0)
        return tcp(self.to, head + data)

    def mine(self, packet):
        return packet.protocol == TCP and packet.data and packet.ports() == (self.port, self.local)

    def ask(self):
        self.wire.send(self.segment(SYN))

    def connect(self):
        self.ask()
        answer = self.wire.until(self.mine).data
        assert answer[13] & (SYN | ACK) == SYN | ACK, f"refused: flags {answer[13]:#x}"
        self.expected = (struct.unpack(">I", answer[4:8])[0] + 1) & 0xffffffff
        self.next = (self.next + 1) & 0xffffffff
        self.acked = self.next
        self.wire.send(self.segment(ACK))
        return self

    def handle(self, packet):
        sequence, acknowledged = struct.unpack(">II", packet.data[4:12])
        flags, data = packet.data[13], packet.data[(packet.data[12] >> 4) * 4:]
        assert not flags & RST, "the connection was reset"
        if (acknowledged - self.acked) & 0xffffffff < 1 << 31:
            self.acked = acknowledged
        if sequence == self.expected and (data or flags & FIN):
            self.received += data
            self.ended = bool(flags & FIN)
            self.expected = (self.expected + len(data) + self.ended) & 0xffffffff
        if data or flags & FIN:
            self.wire.send(self.segment(ACK))

    def read(self, count=None, seconds=DEADLINE):
        """Everything up to count bytes, or to the end."""
        deadline = time.monotonic() + seconds
        while not self.ended and (count is None or len(self.received) < count):
            self.handle(self.wire.until(self.mine, deadline - time.monotonic()))
        return bytes(self.received)

    def write(self, data, seconds=DEADLINE):
        """Sends it all, 32 KiB ahead of what is acknowledged; what is not after a while goes out again."""
        deadline, start, size = time.monotonic() + seconds, self.next, 1400
        sent = 0
        while (done := (self.acked - start) & 0xffffffff) < len(data):
            while sent < len(data) and sent - done < 32768:
                part = data[sent:sent + size]
                self.wire.send(self.segment(ACK | PSH, part, start + sent))
                sent += len(part)
            packet = self.wire.receive(1)
            if packet is None:
                assert time.monotonic() < deadline, "what was sent is not acknowledged"
                sent = done
            elif self.mine(packet):
                self.handle(packet)
        self.next = (start + len(data)) & 0xffffffff

    def finish(self):
        self.wire.send(self.segment(FIN | ACK))
        self.next = (self.next + 1) & 0xffffffff

# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway with its tickets: WebSockets and SPICE channels to displays that the test plays itself."""
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import tempfile
import threading

import pytest

from gateway_support import (DEADLINE, Server, frame, is_closed, read_answer, read_close_code, read_exactly, read_head,
                             read_payload, tls_over, upgrade)

OK, ERROR, DENIED = 0, 1, 7


class Displays:
    """Listens where the backend looks for displays; accept() gives the next connection."""

    def __init__(self, folder):
        self.listeners = {}
        for name in ("vnc", "spice"):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(os.path.join(folder, name))
            listener.listen(64)
            listener.settimeout(DEADLINE)
            self.listeners[name] = listener

    def accept(self, name):
        sock, _ = self.listeners[name].accept()
        sock.settimeout(DEADLINE)
        return sock

    def close(self):
        for listener in self.listeners.values():
            listener.close()


@pytest.fixture(scope="module")
def gateway():
    with tempfile.TemporaryDirectory(prefix="o") as folder:
        displays = Displays(folder)
        running = Server("gateway-test-server", folder)
        running.displays = displays
        running.issued = []
        yield running
        log = running.log()
        running.close()
        displays.close()
    for ticket in running.issued:
        assert ticket not in log


def issue(gateway, protocol, session, route=""):
    gateway.tell(f"{protocol} {session} {route}".strip())
    ticket = gateway.line()
    gateway.issued.append(ticket)
    return ticket


def offer(ticket):
    return f"binary, oriel.ticket.{ticket}"


def open_vnc(gateway, ticket, *headers):
    sock = gateway.tls()
    sock.sendall(upgrade("/stream/vnc", *headers, protocols=offer(ticket)))
    status, answered = read_head(sock)
    assert status == 101 and answered["sec-websocket-protocol"] == "binary"
    return sock


def refused_vnc(gateway, ticket, *headers):
    with gateway.tls() as sock:
        sock.sendall(upgrade("/stream/vnc", *headers, protocols=offer(ticket)))
        answer = read_answer(sock)
        assert answer.headers["content-type"] == "application/problem+json"
        assert ticket.encode() not in answer.body or not ticket
        return answer.status


def test_vnc_bytes_pass_both_ways(gateway):
    with open_vnc(gateway, issue(gateway, "vnc", "s1")) as client, gateway.displays.accept("vnc") as display:
        display.sendall(b"RFB 003.008\n")
        assert read_payload(client, 12) == b"RFB 003.008\n"
        data = os.urandom(300000)
        sender = threading.Thread(target=client.sendall, args=(frame(data),))
        sender.start()
        assert read_exactly(display, len(data)) == data
        sender.join()
        sender = threading.Thread(target=display.sendall, args=(data * 10,))
        sender.start()
        assert read_payload(client, len(data) * 10)[:len(data) * 10] == data * 10
        sender.join()


def test_vnc_bytes_sent_at_once_arrive(gateway):
    """The client need not wait for the display to be open."""
    with gateway.tls() as client:
        client.sendall(upgrade("/stream/vnc", protocols=offer(issue(gateway, "vnc", "s1"))) + frame(b"early") + frame(b"bird"))
        assert read_head(client)[0] == 101
        with gateway.displays.accept("vnc") as display:
            assert read_exactly(display, 9) == b"earlybird"


def test_vnc_ticket_works_once(gateway):
    ticket = issue(gateway, "vnc", "s1")
    with open_vnc(gateway, ticket), gateway.displays.accept("vnc"):
        assert refused_vnc(gateway, ticket) == 403
    assert refused_vnc(gateway, ticket) == 403


@pytest.mark.parametrize("ticket", ["", "xyzzy", "A" * 43, "A" * 60])
def test_vnc_wrong_tickets(gateway, ticket):
    assert refused_vnc(gateway, ticket) == 403


def test_vnc_without_a_ticket(gateway):
    with gateway.tls() as sock:
        sock.sendall(upgrade("/stream/vnc"))
        assert read_answer(sock).status == 403


def test_spice_ticket_is_no_vnc_ticket(gateway):
    assert refused_vnc(gateway, issue(gateway, "spice", "s1", "r-swap")) == 403


def test_vnc_origins(gateway):
    ticket = issue(gateway, "vnc", "s1")
    for origin in ("https://evil.example", "http://localhost", "https://localhost.evil.example", "null", "https://"):
        assert refused_vnc(gateway, ticket, f"Origin: {origin}") == 403
    # a refused origin has not used the ticket up
    for origin in ("https://localhost", "https://portal.example"):
        with open_vnc(gateway, ticket, f"Origin: {origin}"), gateway.displays.accept("vnc"):
            ticket = issue(gateway, "vnc", "s1")


def test_vnc_display_ends(gateway):
    with open_vnc(gateway, issue(gateway, "vnc", "s1")) as client:
        gateway.displays.accept("vnc").close()
        assert read_close_code(client) == 1012


def test_vnc_revoked(gateway):
    with open_vnc(gateway, issue(gateway, "vnc", "s-gone")) as client, gateway.displays.accept("vnc") as display:
        unused = issue(gateway, "vnc", "s-gone")
        gateway.tell("revoke s-gone")
        assert gateway.line() == "revoked"
        assert read_close_code(client) == 1008
        assert display.recv(1) == b""
        assert refused_vnc(gateway, unused) == 403


def test_vnc_client_leaves(gateway):
    client = open_vnc(gateway, issue(gateway, "vnc", "s1"))
    with gateway.displays.accept("vnc") as display:
        client.close()
        assert display.recv(1) == b""


# SPICE

def link(*, connection=0, channel=1, caps=(0x0B,), major=2, size=None, offset=18, magic=b"REDQ"):
    body = struct.pack("<IBBIII", connection, channel, 0, len(caps), 0, offset)
    body += b"".join(struct.pack("<I", word) for word in caps)
    return magic + struct.pack("<III", major, 2, len(body) if size is None else size) + body


def reply(key, caps=(0x0F,), error=OK):
    body = struct.pack("<I", error) + key + struct.pack("<III", len(caps), 0, 178)
    body += b"".join(struct.pack("<I", word) for word in caps)
    return b"REDQ" + struct.pack("<III", 2, 2, len(body)) + body


def read_link(sock):
    """A link message's or reply's body."""
    head = read_exactly(sock, 16)
    assert head[:4] == b"REDQ"
    return read_exactly(sock, struct.unpack("<I", head[12:])[0])


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def display_key():
    with tempfile.TemporaryDirectory(prefix="o") as folder:
        path = os.path.join(folder, "key.pem")
        openssl("genrsa", "-out", path, "1024")
        public = openssl("rsa", "-in", path, "-pubout", "-outform", "DER")
        assert len(public) == 162
        yield path, public


def encrypt(key, text):
    with tempfile.NamedTemporaryFile(prefix="o") as file:
        file.write(key)
        file.flush()
        return openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", file.name, "-pkeyopt",
                       "rsa_padding_mode:oaep", data=text)


def connect(gateway, route, port=8443):
    sock = gateway.tcp()
    sock.sendall(f"CONNECT {route}:{port} HTTP/1.0\r\nHost: {route}:{port}\r\n\r\n".encode())
    return sock


def tunnel(gateway, route):
    sock = connect(gateway, route)
    assert read_head(sock)[0] == 200
    return tls_over(sock)


def offer_channel(gateway, route, public, **options):
    """Up to the reply: the client's and the display's socket, and the key the client was given."""
    client = tunnel(gateway, route)
    message = link(**options)
    client.sendall(message)
    display = gateway.displays.accept("spice")
    assert read_exactly(display, len(message)) == message
    display.sendall(reply(public))
    body = read_link(client)
    assert struct.unpack("<I", body[:4])[0] == OK and body[4:166] != public
    assert struct.unpack("<I", body[178:182])[0] == 0x0B  # SASL is not offered
    return client, display, body[4:166]


def open_channel(gateway, route, ticket, display_key, **options):
    path, public = display_key
    client, display, key = offer_channel(gateway, route, public, **options)
    client.sendall(struct.pack("<I", 1) + encrypt(key, ticket.encode() + b"\0"))
    told = read_exactly(display, 132)
    assert told[:4] == struct.pack("<I", 1)
    assert openssl("pkeyutl", "-decrypt", "-inkey", path, "-pkeyopt", "rsa_padding_mode:oaep", data=told[4:]) == b"\0"
    display.sendall(struct.pack("<I", OK))
    assert read_exactly(client, 4) == struct.pack("<I", OK)
    return client, display


def refused_channel(gateway, route, secret, public, mechanism=1):
    client, display, key = offer_channel(gateway, route, public)
    with client, display:
        client.sendall(struct.pack("<I", mechanism) + (encrypt(key, secret) if isinstance(secret, bytes) else os.urandom(128)))
        assert read_exactly(client, 4) == struct.pack("<I", DENIED)
        assert is_closed(client)
        assert display.recv(1) == b""


def test_spice_bytes_pass_both_ways(gateway, display_key):
    ticket = issue(gateway, "spice", "s1", "r-pass")
    client, display = open_channel(gateway, "r-pass", ticket, display_key)
    with client, display:
        data = os.urandom(3000000)
        for source, sink in ((client, display), (display, client)):
            sender = threading.Thread(target=source.sendall, args=(data,))
            sender.start()
            assert read_exactly(sink, len(data)) == data
            sender.join()


def test_spice_further_channels(gateway, display_key):
    ticket = issue(gateway, "spice", "s1", "r-more")
    first, first_display = open_channel(gateway, "r-more", ticket, display_key)
    second, second_display = open_channel(gateway, "r-more", ticket, display_key, connection=77, channel=2)
    first.close()
    assert first_display.recv(1) == b""
    first_display.close()
    third, third_display = open_channel(gateway, "r-more", ticket, display_key, connection=77, channel=3)
    for sock in (second, third):
        sock.close()
    for sock in (second_display, third_display):
        assert sock.recv(1) == b""
        sock.close()
    # the last stream has ended: so has the ticket
    with connect(gateway, "r-more") as sock:
        assert read_head(sock)[0] == 403


def test_spice_wrong_tickets(gateway, display_key):
    good = issue(gateway, "spice", "s1", "r-wrong")
    other = issue(gateway, "spice", "s2", "r-other")
    for secret in (b"", b"\0", b"x" * 43 + b"\0", other.encode() + b"\0", good.encode() + b"\0x", None):
        refused_channel(gateway, "r-wrong", secret, display_key[1])
    refused_channel(gateway, "r-wrong", good.encode() + b"\0", display_key[1], mechanism=2)
    client, display = open_channel(gateway, "r-wrong", good, display_key)
    client.close()
    display.close()


@pytest.mark.parametrize("data, status", [
    (b"CONNECT unknown:1 HTTP/1.0\r\n\r\n", 403),
    (b"CONNECT r:1 HTTP/1.0\r\n\r\n\x16\x03\x01", 400),
    (b"CONNECT r HTTP/1.0\r\n\r\n", 400),
    (b"CONNECT / HTTP/1.1\r\n\r\n", 400),
    (b"CONNECT r:1 HTTP/1.0\r\nX: " + b"a" * 9000, None),
    (b"COPY / HTTP/1.0\r\n\r\n", 400),
])
def test_connect_refused(gateway, data, status):
    with gateway.tcp() as sock:
        sock.sendall(data)
        if status:
            assert read_head(sock)[0] == status
        else:
            assert sock.recv(12) in (b"", b"HTTP/1.0 400")
        while sock.recv(4096):
            pass


@pytest.mark.parametrize("message", [
    link(magic=b"REDX"), link(major=1), link(size=5), link(size=0x7fffffff), link(offset=17), link(offset=0xffffffff),
    link()[:26] + b"\xff\xff\xff\xff" + link()[30:], b"GET / HTTP/1.1\r\n\r\n",
])
def test_spice_malformed_links(gateway, message):
    issue(gateway, "spice", "s-bad", "r-bad")
    with tunnel(gateway, "r-bad") as client:
        client.sendall(message)
        body = read_link(client)
        assert struct.unpack("<I", body[:4])[0] == ERROR
        assert is_closed(client)
    gateway.tell("revoke s-bad")
    gateway.line()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"REDQ" + b"\xff" * 60, reply(b"\0" * 162)])
def test_spice_hostile_display(gateway, answer):
    ticket = issue(gateway, "spice", "s-host", "r-host")
    with tunnel(gateway, "r-host") as client:
        client.sendall(link())
        with gateway.displays.accept("spice") as display:
            display.sendall(answer)
            body = read_link(client)
            if struct.unpack("<I", body[:4])[0] == OK:
                client.sendall(struct.pack("<I", 1) + encrypt(body[4:166], ticket.encode() + b"\0"))
                assert read_exactly(client, 4) == struct.pack("<I", ERROR)
            assert is_closed(client)
    gateway.tell("revoke s-host")
    gateway.line()


def test_spice_revoked_and_display_ends(gateway, display_key):
    ticket = issue(gateway, "spice", "s-end", "r-end")
    client, display = open_channel(gateway, "r-end", ticket, display_key)
    display.sendall(b"last words")
    display.close()
    assert read_exactly(client, 10) == b"last words" and is_closed(client)
    client.close()
    ticket = issue(gateway, "spice", "s-end", "r-end2")
    client, display = open_channel(gateway, "r-end2", ticket, display_key)
    gateway.tell("revoke s-end")
    assert gateway.line() == "revoked"
    assert is_closed(client) and display.recv(1) == b""
    client.close()
    display.close()


def test_spice_back_pressure(gateway, display_key):
    """A client that does not read stops the display, in bounded memory."""
    ticket = issue(gateway, "spice", "s1", "r-slow")
    client, display = open_channel(gateway, "r-slow", ticket, display_key)
    with client, display:
        display.settimeout(1)
        sent = 0
        try:
            while sent < 200 << 20:
                sent += display.send(b"x" * 65536)
        except TimeoutError:
            pass
        assert sent < 50 << 20
        status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
        resident = int([line for line in status.splitlines() if line.startswith("VmRSS")][0].split()[1])
        assert resident < 300 * 1024
        assert read_exactly(client, sent) == b"x" * sent


def test_spice_slow_beginnings(gateway):
    """Whatever stage it stops at, a silent client is gone in time."""
    issue(gateway, "spice", "s1", "r-silent")
    socks = [gateway.tcp(), gateway.tcp(), connect(gateway, "r-silent"), tunnel(gateway, "r-silent")]
    socks[1].sendall(b"CONNECT r-sil")
    assert read_head(socks[2])[0] == 200
    socks[3].sendall(link()[:20])
    for sock in socks:
        assert is_closed(sock)
        sock.close()


def test_spice_one_address_cannot_take_all(gateway):
    """So many beginnings an address may have; those of another go on."""
    issue(gateway, "spice", "s1", "r-many")
    socks = []
    try:
        for _ in range(256):
            socks.append(gateway.tcp())
            socks[-1].sendall(b"CONNECT r-m")
        with gateway.tcp() as one_more:
            one_more.sendall(b"CONNECT r-m")
            one_more.settimeout(5)
            assert is_closed(one_more)
        socks[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            socks[-1].recv(1)
        with socket.create_connection(("127.0.0.1", gateway.port), 5, ("127.0.0.2", 0)) as other:
            other.sendall(b"CONNECT r-many:8443 HTTP/1.0\r\n\r\n")
            assert read_head(other)[0] == 200
    finally:
        for sock in socks:
            sock.close()


def test_no_display(gateway, display_key):
    gateway.displays.close()
    with open_vnc(gateway, issue(gateway, "vnc", "s1")) as client:
        assert read_close_code(client) == 1013
    issue(gateway, "spice", "s1", "r-none")
    with tunnel(gateway, "r-none") as client:
        client.sendall(link())
        assert struct.unpack("<I", read_link(client)[:4])[0] == ERROR
        assert is_closed(client)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP and WebSocket server behind its port, spoken to byte by byte."""
import json
import os
import select
import ssl
import time

import pytest

from gateway_support import (DEADLINE, Server, frame, is_closed, post, read_answer, read_close_code, read_frame,
                             read_head, read_payload, request, upgrade)


@pytest.fixture(scope="module")
def server():
    running = Server("http-test-server", "30")
    yield running
    running.close()


@pytest.fixture(scope="module")
def hasty():
    """Gives its clients two seconds."""
    running = Server("http-test-server", "2")
    yield running
    running.close()


def ask(server, data):
    with server.tls() as sock:
        sock.sendall(data)
        return read_answer(sock)


def until(condition):
    """Asks again until it holds; each asking is a round trip to the server."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it never came true"


def test_get_with_all_parts(server):
    answer = ask(server, request("GET", "/hello/a%20b%C3%A4?x=1&q=%2B%26+c", "X-Oriel-Test: yes"))
    assert answer.status == 200
    assert json.loads(answer.body) == {"method": "GET", "path": "/hello/a bä", "name": "a bä", "q": "+& c", "x": "yes"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "date" in answer.headers


def test_keep_alive_and_head(server):
    with server.tls() as sock:
        for _ in range(50):
            sock.sendall(request("GET", "/hello"))
            assert read_answer(sock).status == 200
        sock.sendall(request("HEAD", "/hello"))
        answer = read_answer(sock, head_only=True)
        assert answer.status == 200 and int(answer.headers["content-length"]) > 0
        sock.sendall(request("DELETE", "/hello/x"))
        assert json.loads(read_answer(sock).body)["method"] == "DELETE"
        sock.sendall(request("GET", "/hello", "Connection: close"))
        assert read_answer(sock).headers["connection"] == "close"
        assert is_closed(sock)


def test_pipelining(server):
    with server.tls() as sock:
        sock.sendall(b"".join(request("GET", f"/hello/{i}") for i in range(20)))
        for i in range(20):
            assert json.loads(read_answer(sock).body)["name"] == str(i)
        # one after the other is no pipelining
        for i in range(20):
            sock.sendall(post("/echo", b'{"a":1}'))
            assert json.loads(read_answer(sock).body) == {"a": 1}


@pytest.mark.parametrize("tail", [post("/echo", b'{"a":1}'), post("/echo", b'{"a":1}')[:-2], request("POST", "/hello"),
                                  request("PUT", "/hello", "Content-Length: 100"),
                                  request("GET", "/hello", "Content-Length: 9")])
def test_pipelined_bodies_are_refused(server, tail):
    """The library would loop for ever on these."""
    with server.tls() as sock:
        sock.sendall(request("GET", "/hello") * 3 + tail + request("GET", "/hello") * 3)
        for _ in range(3):
            assert read_answer(sock).status == 200
        assert read_answer(sock).status == 503
        assert is_closed(sock)
    before = server.cpu_seconds()
    assert ask(server, request("GET", "/hello")).status == 200
    assert server.cpu_seconds() - before < 0.3


def test_post_in_pieces(server):
    body = json.dumps({"text": "x" * 50000}).encode()
    with server.tls() as sock:
        whole = post("/echo", body)
        for at in range(0, len(whole), 7001):
            sock.sendall(whole[at:at + 7001])
        assert json.loads(read_answer(sock).body) == json.loads(body)
        sock.sendall(request("PATCH", "/echo", "Content-Length: 2", "Content-Type: application/json", body=b"{}"))
        assert read_answer(sock).body == b"{}"
        sock.sendall(request("POST", "/hello", "Content-Length: 0"))
        assert read_answer(sock).status == 200
        sock.sendall(request("GET", "/hello"))
        assert read_answer(sock).status == 200


def test_post_without_length_is_empty(server):
    assert ask(server, request("POST", "/hello")).status == 200


def test_large_answer_to_a_slow_reader(server):
    with server.tls() as sock:
        sock.sendall(request("GET", "/big") + request("GET", "/hello"))
        before = server.cpu_seconds()
        until(lambda: select.select([sock], [], [], 1)[0])
        # the answer does not fit, and another request lies there: the server must not spin
        select.select([], [], [], 1.0)
        assert server.cpu_seconds() - before < 0.5
        answer = read_answer(sock)
        assert answer.body == b"x" * (4 << 20) and answer.headers["cache-control"] == "max-age=60"
        assert read_answer(sock).status == 200


@pytest.mark.parametrize("data, status", [
    (request("GET", "/nothing"), 404),
    (request("PUT", "/hello", "Content-Length: 0"), 405),
    (request("GET", "/hello", host=False), 400),
    (request("GET", "/hello", "Host: other"), 400),
    (request("GET", "/hello", "Authorization: Bearer a", "Authorization: Bearer b"), 400),
    (request("GET", "/hello", "Cookie: a=b", "Cookie: a=c"), 400),
    (request("GET", "/hello", "Origin: https://a", "Origin: https://b"), 400),
    (request("POST", "/echo", "Content-Length: 2", "Content-Length: 2", body=b"{}"), 400),
    (request("POST", "/echo", "Content-Length: 2", "Content-Length: 30", body=b"{}"), 400),
    (request("POST", "/echo", "Content-Length: -2", body=b"{}"), 400),
    (request("POST", "/echo", "Content-Length: 2x", body=b"{}"), 400),
    (request("POST", "/echo", "Content-Length: 99999999999999999999999", body=b"{}"), 400),
    (request("POST", "/echo", "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"), 411),
    (request("GET", "/hel%0alo"), 400),
    (request("GET", "/hello&x"), 400),
    (request("GET", "/hello/%ff"), 400),
    (post("/echo", b"[]"), 400),
    (post("/echo", b""), 415),
    (post("/echo", b"{"), 400),
    (post("/echo", b'{"a":1,"a":2}'), 400),
    (post("/echo", b'{"a":"\\u0000"}'), 400),
    (post("/echo", b"[" * 30000), 400),
    (request("POST", "/echo", "Content-Length: 2", "Content-Type: text/plain", body=b"{}"), 415),
    (b"GET /hello HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
])
def test_refused_with_a_problem(server, data, status):
    if data == post("/echo", b""):
        data = request("POST", "/echo", "Content-Length: 0")
    answer = ask(server, data)
    assert answer.status == status
    problem = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status and problem["type"].startswith("https://oriel.invalid/problems/")
    if status == 405:
        assert answer.headers["allow"] == "DELETE, GET, HEAD, POST" or answer.headers["allow"] == "GET, HEAD, POST"


def test_too_long_a_body(server):
    """413 is readable although the client goes on sending."""
    size = 3 << 20
    with server.tls() as sock:
        sock.sendall(request("POST", "/echo", f"Content-Length: {size}", "Content-Type: application/json"))
        assert read_answer(sock).status == 413
    with server.tls() as sock:
        try:
            sock.sendall(post("/echo", b"x" * size))
        except (ConnectionError, ssl.SSLError):
            pass
        assert read_answer(sock).status == 413
        assert is_closed(sock)


@pytest.mark.parametrize("data", [
    b"\r\n\r\n\r\n",
    b"BREW /coffee HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x00" * 4096,
    b"\xff" * 4096,
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    request("GET", "/hello", "X-Long: " + "a" * 100000),
    request("GET", "/hello", *(f"X-Many-{i}: {i}" for i in range(5000))),
    request("GET", "/hello?" + "a=b&" * 4000),
    b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
])
def test_garbage_ends_the_connection(server, data):
    with server.tls() as sock:
        try:
            sock.sendall(data)
            answer = sock.recv(65536)
        except (ConnectionError, ssl.SSLError):
            answer = b""
        assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer
    assert ask(server, request("GET", "/hello")).status == 200


def test_mutations_leave_it_alive(server):
    """Random damage to good requests: whatever is answered, the server stands."""
    import random
    generator = random.Random(1)
    seeds = [request("GET", "/hello/x?q=1", "Cookie: a=b"), post("/echo", b'{"a":1}'), upgrade("/ws"),
             request("GET", "/hello") * 3, upgrade("/ws") + frame(b"abc") + frame(b"", 8)]
    for _ in range(300):
        data = bytearray(generator.choice(seeds))
        for _ in range(generator.randrange(1, 6)):
            at = generator.randrange(len(data))
            kind = generator.randrange(3)
            if kind == 0:
                data[at] = generator.randrange(256)
            elif kind == 1:
                del data[at:at + generator.randrange(1, 20)]
            else:
                data[at:at] = data[at:at + generator.randrange(40)]
            if not data:
                break
        with server.tls() as sock:
            sock.sendall(bytes(data) or b"\n")
    assert ask(server, request("GET", "/hello")).status == 200


def test_long_poll_and_a_client_that_leaves(server):
    with server.tls() as waiting, server.tls() as leaving:
        waiting.sendall(request("GET", "/wait") + request("GET", "/hello"))
        leaving.sendall(post("/wait", b"{}"))
        with server.tls() as control:
            def counts():
                control.sendall(request("GET", "/count"))
                return json.loads(read_answer(control).body)
            until(lambda: counts()["waiting"] == 2)
            leaving.close()
            until(lambda: counts()["gone"] == 1)
            # nobody reads what waits there: it must not spin
            before = server.cpu_seconds()
            select.select([waiting], [], [], 1.0)
            assert server.cpu_seconds() - before < 0.3
            control.sendall(request("GET", "/release"))
            assert json.loads(read_answer(control).body) == {"waiting": 2, "gone": 1}
        assert json.loads(read_answer(waiting).body) == {"released": True}
        assert read_answer(waiting).status == 200


@pytest.mark.parametrize("start", [
    b"", request("GET", "/hello")[:20], post("/echo", b'{"a":1}')[:-3],
])
def test_slow_clients_are_timed_out(hasty, start):
    with hasty.tls() as sock:
        sock.sendall(start)
        begun = time.monotonic()
        assert sock.recv(65536) == b""
        assert time.monotonic() - begun < 8


def test_slowloris(hasty):
    """A byte now and then does not prolong it."""
    with hasty.tls() as sock:
        begun = time.monotonic()
        data = b"GET /hello HTTP/1.1\r\nX: " + b"a" * 1000
        for at in range(len(data)):
            try:
                sock.sendall(data[at:at + 1])
            except (ConnectionError, ssl.SSLError):
                break
            if select.select([sock], [], [], 0.3)[0]:
                assert is_closed(sock)
                break
        assert time.monotonic() - begun < 8


def test_slow_body(hasty):
    with hasty.tls() as sock:
        begun = time.monotonic()
        sock.sendall(request("POST", "/echo", "Content-Length: 1000", "Content-Type: application/json"))
        while time.monotonic() - begun < 10:
            try:
                sock.sendall(b"x")
            except (ConnectionError, ssl.SSLError):
                break
            if select.select([sock], [], [], 0.3)[0]:
                assert is_closed(sock)
                break
        assert time.monotonic() - begun < 8


def test_silent_and_plain_clients(hasty):
    with hasty.tcp() as silent, hasty.tcp() as plain, hasty.tcp() as half:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 400 ")
        half.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert is_closed(half)
        assert is_closed(silent)


def test_two_hundred_at_once(server):
    socks = [server.tls() for _ in range(200)]
    for i, sock in enumerate(socks):
        sock.sendall(request("GET", f"/hello/{i}"))
    for i, sock in enumerate(socks):
        assert json.loads(read_answer(sock).body)["name"] == str(i)
    for sock in socks:
        sock.close()


def test_more_connections_than_allowed(server):
    socks = []
    try:
        for _ in range(320):
            try:
                socks.append(server.tls())
            except (ConnectionError, ssl.SSLError):
                break
        assert 250 <= len(socks) <= 300
    finally:
        for sock in socks:
            sock.close()
    def served():
        try:
            return ask(server, request("GET", "/hello")).status == 200
        except (ConnectionError, EOFError, ssl.SSLError):
            return False
    until(served)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(server, version):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        server.tls(maximum=version)


def test_only_http_1(server):
    with server.tls(alpn=["h2", "http/1.1"]) as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"


def open_socket(server, *headers, protocols="binary"):
    sock = server.tls()
    sock.sendall(upgrade("/ws", *headers, protocols=protocols))
    status, answered = read_head(sock)
    assert status == 101 and answered["sec-websocket-protocol"] == "binary"
    return sock


def test_websocket_echo(server):
    with open_socket(server, protocols="oriel.ticket.A_b-9, binary") as sock:
        for size in (1, 125, 126, 65535, 65536, 200000):
            data = os.urandom(size)
            sock.sendall(frame(data))
            assert read_payload(sock, size) == data
        sock.sendall(frame(b"hi", 9))
        assert read_frame(sock) == (10, b"hi")


def test_websocket_back_pressure(server):
    """The client does not read: the server stops reading instead of piling up."""
    with open_socket(server) as sock:
        chunk = frame(os.urandom(65536))
        sock.settimeout(2)
        sent = 0
        pending = b""
        while sent < 2000:
            try:
                sock.sendall(chunk)
            except (TimeoutError, ssl.SSLWantWriteError):
                break
            sent += 1
        assert 1 < sent < 600, sent
        status = open(f"/proc/{server.process.pid}/status").read()
        resident = int([line for line in status.splitlines() if line.startswith("VmRSS")][0].split()[1])
        assert resident < 400 * 1024
        before = server.cpu_seconds()
        select.select([], [], [], 1.0)
        assert server.cpu_seconds() - before < 0.3
        sock.settimeout(DEADLINE)
        assert len(read_payload(sock, sent * 65536)) >= sent * 65536


def test_websocket_closing(server):
    with open_socket(server) as sock:
        sock.sendall(frame(b"quit"))
        assert read_close_code(sock) == 1012
    with open_socket(server) as sock:
        sock.sendall(frame(b"\x03\xe8", 8))
        assert read_close_code(sock) == 1000
    with open_socket(server) as sock:
        sock.sendall(frame(b"text", 1))
        assert read_close_code(sock) == 1003


@pytest.mark.parametrize("data, status", [
    (upgrade("/ws", "X-Refuse: 1"), 403),
    (upgrade("/other"), 404),
    (upgrade("/ws", protocols=None), 400),
    (upgrade("/ws", protocols="chat, oriel.ticket.x"), 400),
    (upgrade("/ws").replace(b"Version: 13", b"Version: 8"), 400),
    (upgrade("/ws").replace(b"Upgrade: websocket", b"Upgrade: h2c"), 400),
    (upgrade("/ws").replace(b"keep-alive, Upgrade", b"keep-alive"), 400),
    (upgrade("/ws", "Sec-WebSocket-Protocol: binary"), 400),
    (upgrade("/ws").replace(b"GET", b"POST"), 400),
], ids=["origin", "path", "no protocol", "protocols", "version", "upgrade", "connection", "protocols twice", "method"])
def test_websocket_refused(server, data, status):
    with server.tls() as sock:
        sock.sendall(data)
        assert read_answer(sock).status == status
        assert is_closed(sock)


def test_nothing_secret_in_the_log(server):
    assert "A_b-9" not in server.log() and "Bearer" not in server.log()

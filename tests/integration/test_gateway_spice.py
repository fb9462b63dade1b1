# SPDX-License-Identifier: GPL-3.0-or-later
"""The stock SPICE client library through the gateway to the stock SPICE server library."""
import os
import select
import subprocess
import tempfile

import pytest

from gateway_support import DEADLINE, Server, program

AUTHENTICATION_FAILED = 23  # SPICE_CHANNEL_ERROR_AUTH of the library


class Program:
    """Ends with its standard input, so also when this process is killed."""

    def __init__(self, name, *arguments):
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        self.process = subprocess.Popen([program(name), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=environment)

    def tell(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def line(self):
        text = b""
        while not text.endswith(b"\n"):
            assert select.select([self.process.stdout], [], [], DEADLINE)[0], text
            byte = os.read(self.process.stdout.fileno(), 1)
            assert byte, text
            text += byte
        return text.decode().strip()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(DEADLINE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory(prefix="o") as folder:
        display = Program("spice-test-display", os.path.join(folder, "spice"))
        assert display.line() == "listening"
        gateway = Server("gateway-test-server", folder)
        gateway.display = display
        yield gateway
        display.close()
        gateway.close()


def start_client(gateway, route, ticket):
    client = Program("spice-test-client", f"http://127.0.0.1:{gateway.port}", route, "8443", gateway.certificate)
    client.tell(ticket)
    return client


def issue(gateway, route):
    gateway.tell(f"spice s1 {route}")
    return gateway.line()


def test_stock_client_opens_its_channels(place):
    client = start_client(place, "r-stock", issue(place, "r-stock"))
    assert client.line() == "main opened"
    assert client.line() == "inputs opened"
    assert place.display.line() == "key 30"
    assert place.display.line() == f"key {30 | 0x80}"
    place.tell("revoke s1")
    assert place.line() == "revoked"
    lines = {client.line().split()[0], client.line().split()[0]}
    assert lines <= {"main", "inputs"}
    client.close()


def test_two_stock_clients(place):
    clients = [start_client(place, route, issue(place, route)) for route in ("r-one", "r-two")]
    for client in clients:
        assert client.line() == "main opened"
    for client in clients:
        client.close()


def test_stock_client_with_a_wrong_ticket(place):
    issue(place, "r-wrong")
    client = start_client(place, "r-wrong", "A" * 43)
    assert client.line() == f"main {AUTHENTICATION_FAILED}"
    client.close()

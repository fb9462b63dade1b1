# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may what, and what it may take: rights that are taken away, secrets at rest, connections of one address."""

import contextlib
import os
import pathlib
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fake_host import FakeHost  # noqa: E402  pylint: disable=wrong-import-position
from harness import paths  # noqa: E402  pylint: disable=wrong-import-position
from harness.rest import RestError  # noqa: E402  pylint: disable=wrong-import-position
from harness.stack import Stack  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position

LIMIT = 12


@pytest.fixture(name="stack", scope="module")
def make_stack():
    """A broker with few connections for each address, and a host that makes what it is asked for."""
    with Stack() as running:
        config = running.folder / "broker.conf"
        config.write_text(config.read_text().replace("[hosts]", f"connections-of-address={LIMIT}\n[hosts]"))
        running.host = FakeHost(running.socket).start()
        running.host.auto_ready = True
        running.init_admin()
        running.start_broker()
        running.admin.login("admin", running.admin_password)
        wait_for(lambda: running.admin.get("hosts/local")["state"] == "up", 20, "the host is there")
        yield running
        running.host.stop()


@pytest.fixture
def ann(stack):
    """A new user's client; ann.name is their name."""
    name, password = stack.make_user()
    client = stack.rest(name, password)
    client.name = name
    return client


@pytest.fixture
def pool(stack):
    """Makes pools that go with the test."""
    made = []

    def make(**more):
        made.append(stack.admin.post("pools", {"name": f"p{len(made)}", "title": "Lab", "image": "demo", "start": "cold", **more})["name"])
        return made[-1]
    yield make
    for name in made:
        stack.admin.delete(f"pools/{name}")


def session_of(client, pool):
    session = client.post("sessions", {"pool": pool})
    return wait_for(lambda: (now := client.get(f"sessions/{session['id']}"))["state"] == "ready" and now, 10, "the session is ready")


def ended(client, session):
    """Why it is no more, as its user is told."""
    def gone():
        answer = client.call("GET", f"sessions/{session['id']}")
        return answer.status == 404 and answer.json["detail"]
    return wait_for(gone, 10, "the session ended")


def told(stack, session):
    """What the administrator finds: the end of its why, and of the audit trail."""
    last = stack.admin.get(f"sessions/{session['id']}/why")["items"][-1]
    entry = next(item for item in stack.admin.get("audit")["items"] if item["object"] == session["id"] and item["action"] == "session.delete")
    assert last["verdict"] == "no" and entry["actor"] == "oriel-broker"
    assert last["text"] in stack.log("broker").read_text()
    return last["text"], entry["detail"]


# Rights that are taken away

def test_who_is_no_longer_named_loses_the_session(stack, ann, pool):
    name = pool(policy="floating", entitled=[f"user:{ann.name}", "user:admin"])
    session, other = session_of(ann, name), session_of(stack.admin, name)
    answers = []
    waiter = threading.Thread(target=lambda: answers.append(ann.call("GET", f"sessions/{session['id']}?wait=30&state=ready&progress=100&step=ready")))
    waiter.start()
    ticket = ann.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    stack.admin.patch(f"pools/{name}", {"title": "Another"})
    assert ann.get(f"sessions/{session['id']}")["state"] == "ready"
    stack.admin.patch(f"pools/{name}", {"entitled": ["user:admin"]})
    reason = f"“{ann.name}” may no longer use the pool “{name}”."
    assert ended(ann, session) == reason and told(stack, session) == (reason, reason)
    waiter.join(10)
    assert answers[0].status == 404 and answers[0].json["detail"] == reason
    with pytest.raises(RestError):
        ann.post("sessions", {"pool": name})
    assert _handshake(stack, ticket["ticket"]) == 403
    wait_for(lambda: session["desktop"] not in stack.host.desktops, 10, "the floating desktop is deleted")
    assert stack.admin.get(f"sessions/{other['id']}")["state"] == "ready"


def _handshake(stack, ticket):
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    with socket.create_connection((stack.host_name, stack.port), 10) as raw, context.wrap_socket(raw) as tls:
        tls.sendall((f"GET /stream/vnc HTTP/1.1\r\nHost: {stack.address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     f"Sec-WebSocket-Protocol: binary, oriel.ticket.{ticket}\r\n\r\n").encode())
        return int(tls.recv(4096).split()[1])


def test_leaving_a_group_ends_sessions_and_keeps_what_is_kept(stack, ann, pool):
    stack.admin.post("groups", {"name": "staff", "members": [ann.name]})
    name = pool(policy="persistent", entitled=["group:staff"])
    session = session_of(ann, name)
    stack.admin.patch("groups/staff", {"members": []})
    assert "may no longer use" in ended(ann, session)
    assert session["desktop"] in stack.host.desktops
    stack.admin.patch("groups/staff", {"members": [ann.name]})
    again = session_of(ann, name)
    assert again["desktop"] == session["desktop"] and again["id"] != session["id"]
    stack.admin.delete("groups/staff")
    assert "may no longer use" in ended(ann, again)


def test_another_entitlement_is_enough(stack, ann, pool):
    name = pool(policy="floating", entitled=["everyone", f"user:{ann.name}"])
    session = session_of(ann, name)
    stack.admin.patch(f"pools/{name}", {"entitled": ["everyone"]})
    stack.admin.patch(f"pools/{name}", {"entitled": [f"user:{ann.name}"]})
    other = stack.rest(*stack.make_user())
    wait_for(lambda: other.call("POST", "sessions", {"pool": name}).status == 404, 10, "others are out")
    assert ann.get(f"sessions/{session['id']}")["state"] == "ready"


def test_rights_that_went_while_the_broker_was_away(stack, ann, pool):
    name = pool(policy="floating", entitled=["everyone"])
    session = session_of(ann, name)
    stack.stop("broker", signal.SIGKILL)
    with contextlib.closing(sqlite3.connect(stack.folder / "broker/oriel.db")) as database, database:
        database.execute("UPDATE users SET disabled = 1 WHERE name = ?", (ann.name,))
    stack.start_broker()
    wait_for(lambda: stack.admin.call("GET", f"sessions/{session['id']}").status == 404, 20, "the session ended")


def test_a_disabled_or_deleted_user_loses_every_session(stack, ann, pool):
    session = session_of(ann, pool(policy="persistent", entitled=["everyone"]))
    stack.admin.patch(f"users/{ann.name}", {"disabled": True})
    assert told(stack, session)[0] == f"The user “{ann.name}” was disabled."
    assert session["desktop"] in stack.host.desktops
    stack.admin.delete(f"users/{ann.name}")
    wait_for(lambda: session["desktop"] not in stack.host.desktops, 10, "the desktop went with its user")


# Secrets at rest

def _files_say(stack, word):
    return [path.name for path in (stack.folder / "broker").iterdir() if word.encode() in path.read_bytes()]


def _machine_password(stack, client, pool):
    session = session_of(client, pool)
    made = next(call["machine"] for call in stack.host.called("desktop.create") if call["desktop"] == session["desktop"])
    client.delete(f"sessions/{session['id']}")
    return made.get("password")


def test_machine_passwords_are_sealed(stack, ann, pool):
    name = pool(policy="static", entitled=["everyone"], machines=[{"name": "desk", "vnc": "desk:1", "password": "tell-nobody-1"}])
    assert not _files_say(stack, "tell-nobody") and "tell-nobody" not in stack.log("broker").read_text()
    assert os.stat(stack.folder / "broker/secrets.key").st_mode & 0o777 == 0o600
    assert _machine_password(stack, ann, name) == "tell-nobody-1"


def test_plain_passwords_from_before_are_sealed_at_start(stack, ann, pool):
    name = pool(policy="static", entitled=["everyone"], machines=[{"name": "desk", "vnc": "desk:1"}])
    stack.stop("broker")
    with contextlib.closing(sqlite3.connect(stack.folder / "broker/oriel.db")) as database, database:
        database.execute("UPDATE machines SET password = 'tell-nobody-2', sealed = ''")
    assert _files_say(stack, "tell-nobody-2")
    stack.start_broker()
    assert not _files_say(stack, "tell-nobody-2")
    wait_for(lambda: stack.admin.get("hosts/local")["state"] == "up", 20, "the host is there")
    assert stack.admin.get(f"pools/{name}")["machines"][0]["has_password"] is True
    assert _machine_password(stack, ann, name) == "tell-nobody-2"


def test_a_lost_key_is_told(stack, ann, pool):
    name = pool(policy="static", entitled=["everyone"], machines=[{"name": "desk", "vnc": "desk:1", "password": "tell-nobody-3"}])
    key = stack.folder / "broker/secrets.key"
    kept = key.read_bytes()
    stack.stop("broker")
    key.unlink()
    stack.start_broker()
    wait_for(lambda: stack.admin.get("hosts/local")["state"] == "up", 20, "the host is there")
    with pytest.raises(RestError) as caught:
        ann.post("sessions", {"pool": name})
    assert "“desk” cannot be read, and has to be given again" in caught.value.problem["detail"]
    stack.stop("broker")
    key.write_bytes(kept)
    stack.start_broker()
    wait_for(lambda: stack.admin.get("hosts/local")["state"] == "up", 20, "the host is there")
    assert _machine_password(stack, ann, name) == "tell-nobody-3"


def test_a_damaged_key_file_is_one_clear_line(stack):
    key = stack.folder / "broker/secrets.key"
    kept = key.read_bytes()
    stack.stop("broker")
    key.write_bytes(b"rubbish\n")
    try:
        done = subprocess.run([paths.program("oriel-broker"), "--config", str(stack.folder / "broker.conf")],
                              capture_output=True, text=True, timeout=30, check=False)
    finally:
        key.write_bytes(kept)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "secrets.key" in done.stderr and "is damaged" in done.stderr
    stack.start_broker()


# Connections of one address

def _open(stack, address="127.0.0.1"):
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    raw = socket.create_connection((stack.host_name, stack.port), 10, source_address=(address, 0))
    try:
        return context.wrap_socket(raw)
    except OSError:
        raw.close()
        raise


def _status(tls, head="GET /healthz"):
    tls.sendall(f"{head} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    return int(tls.recv(4096).split()[1])


def test_an_address_has_so_many_connections(stack):
    with contextlib.ExitStack() as opened:
        mine = [opened.enter_context(_open(stack, "127.0.0.9")) for _ in range(LIMIT)]
        assert [_status(tls) for tls in mine] == [200] * LIMIT
        told_so = opened.enter_context(_open(stack, "127.0.0.9"))
        told_so.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while part := told_so.recv(4096):  # it ends: the connection is closed with the answer
            answer += part
        assert b" 429 " in answer and b"Retry-After: 5" in answer and b"Too many connections come from your address" in answer
        # others are not concerned, and those that stand go on
        assert _status(opened.enter_context(_open(stack, "127.0.0.10"))) == 200
        assert _status(mine[0]) == 200
        mine[1].close()
        wait_for(lambda: _one_more(stack), 10, "one that was closed makes room")


def _one_more(stack):
    with _open(stack, "127.0.0.9") as tls:
        return _status(tls) == 200


def test_a_flood_is_closed_at_once(stack):
    with contextlib.ExitStack() as opened:
        def flood():
            for _ in range(LIMIT + 40):
                opened.enter_context(_open(stack, "127.0.0.11"))
        with pytest.raises(OSError):
            flood()
        assert _status(opened.enter_context(_open(stack, "127.0.0.12"))) == 200
    wait_for(lambda: stack.admin.call("GET", "/healthz").status == 200, 10, "it serves on")

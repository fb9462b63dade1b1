# SPDX-License-Identifier: GPL-3.0-or-later
"""The real oriel-broker against a host that does what a test wants."""

import http.client
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from broker_support import make_stack, ready_session, refused, restart  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import
from fake_host import FakeHost  # noqa: E402  pylint: disable=wrong-import-position
from harness import paths  # noqa: E402  pylint: disable=wrong-import-position
from harness.rest import Rest, RestError  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position


# Signing in

def test_login_and_logout(stack):
    me = stack.ann.get("me")
    assert me["name"] == "ann" and me["roles"] == ["user"] and "csrf" not in me
    stack.ann.post("logout")
    refused(401, "unauthorized", stack.ann.get, "me")


def test_wrong_password_and_unknown_user_look_the_same(stack):
    client = stack.rest()
    wrong = refused(401, "unauthorized", client.login, "ann", "wrong-password")
    unknown = refused(401, "unauthorized", client.login, "nobody", "wrong-password")
    assert wrong.problem == unknown.problem


def test_guessing_is_slowed_down(stack):
    client = stack.rest()
    # On a slow machine the first wait, of 2 s, may be over before the next try; they double.
    statuses = []
    while 429 not in statuses and len(statuses) < 15:
        answer = client.call("POST", "login", {"username": "ann", "password": "wrong-password"})
        statuses.append(answer.status)
    assert statuses[:5] == [401] * 5 and answer.status == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 300
    assert stack.admin.get("me")["name"] == "admin"


def test_many_logins_at_once_are_answered(stack):
    name, password = stack.make_user()
    statuses = []

    def login():
        statuses.append(stack.rest().call("POST", "login", {"username": name, "password": password}).status)
    threads = [threading.Thread(target=login) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Tries count before they are checked: five go through, and the rest are told to wait.
    assert len(statuses) == 40 and set(statuses) <= {200, 429, 503} and statuses.count(200) >= 1


def test_cookie_needs_csrf(stack):
    name, password = stack.make_user()
    client = stack.rest()
    answer = client.call("POST", "login", {"username": name, "password": password, "cookie": True})
    assert answer.status == 200 and "token" not in answer.json
    cookie = answer.headers["set-cookie"]
    for rule in ("__Host-oriel=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert rule in cookie
    sent = {"Cookie": cookie.split(";")[0]}
    assert client.call("GET", "me", headers=sent).json["csrf"] == answer.json["csrf"]
    assert client.call("POST", "sessions", {"pool": "demo"}, headers=sent).status == 403
    assert client.call("POST", "sessions", {"pool": "demo"}, headers={**sent, "X-CSRF-Token": "0" * 64}).status == 403
    sent["X-CSRF-Token"] = answer.json["csrf"]
    assert client.call("POST", "sessions", {"pool": "demo"}, headers=sent).status == 201
    assert client.call("POST", "logout", {}, headers=sent).status == 200
    assert client.call("GET", "me", headers=sent).status == 401


def test_logins_end_with_the_right_to_them(stack):
    stack.admin.patch("users/ann", {"password": "another-password"})
    refused(401, "unauthorized", stack.ann.get, "me")
    stack.ann.login("ann", "another-password")
    stack.admin.patch("users/ann", {"disabled": True})
    refused(401, "unauthorized", stack.ann.get, "me")
    refused(401, "unauthorized", stack.ann.login, "ann", "another-password")
    stack.admin.patch("users/ann", {"disabled": False})
    stack.ann.login("ann", "another-password")
    stack.admin.delete("users/ann")
    refused(401, "unauthorized", stack.ann.get, "me")


def test_a_new_password_takes_nothing_back(stack):
    """What is changed about a user while their new password is hashed stays changed."""
    other = stack.rest("admin", stack.admin_password)
    hashing = http.client.HTTPSConnection(stack.host_name, stack.port, timeout=30, context=other.tls)
    hashing.request("PATCH", "/api/v1/users/ann", body='{"password": "another-password"}', headers={
        "Authorization": f"Bearer {stack.admin.token}", "Content-Type": "application/json"})
    other.patch("users/ann", {"disabled": True, "full_name": "Ann Other"})
    assert hashing.getresponse().status == 200
    hashing.close()
    now = other.get("users/ann")
    assert now["disabled"] and now["full_name"] == "Ann Other"


# Administration

def test_users_are_no_administrators(stack):
    for path in ("users", "groups", "images", "hosts", "desktops", "audit", "pools/demo"):
        refused(403, "forbidden", stack.ann.get, path)
    refused(403, "forbidden", stack.ann.post, "users", {"name": "eve", "password": "12345678"})
    refused(403, "forbidden", stack.ann.delete, "pools/demo")
    refused(401, "unauthorized", stack.rest().get, "users")


@pytest.mark.parametrize("path, body, named", [
    ("users", {"name": "Eve", "password": "12345678"}, "name"),
    ("users", {"name": "eve"}, "password"),
    ("users", {"name": "eve", "password": "1234567"}, "password"),
    ("users", {"name": "eve", "password": "12345678", "roles": ["god"]}, "roles"),
    ("users", {"name": "eve", "password": "12345678", "admin": True}, "admin"),
    ("users", {"name": "eve", "password": 12345678}, "password"),
    ("pools", {"name": "p"}, "image"),
    ("pools", {"name": "p", "image": "demo", "cpus": 0}, "cpus"),
    ("pools", {"name": "p", "image": "demo", "memory_mib": "1024"}, "memory_mib"),
    ("pools", {"name": "p", "image": "demo", "entitled": ["user:nobody"]}, "entitled"),
    ("pools", {"name": "p", "image": "demo", "host": "elsewhere"}, "host"),
    ("pools", {"name": "p", "image": "../demo"}, "image"),
    ("groups", {"name": "g", "members": ["nobody"]}, "members"),
    ("sessions", {}, "pool"),
    ("sessions", {"pool": ["demo"]}, "pool"),
])
def test_bad_input_is_named(stack, path, body, named):
    error = refused(400, "invalid", stack.admin.post, path, body)
    assert named in error.problem["detail"]


def test_malformed_and_oversized_json(stack):
    for body, status in ((b"{", 400), (b"[]", 400), (b"\xff\xfe", 400), (b'{"name":' + b"[" * 5000, 400),
                         (b'{"name":"' + b"x" * 400_000 + b'"}', 413)):
        answer = stack.admin.call("POST", "users", body, headers={"Content-Type": "application/json"})
        assert answer.status == status and answer.headers["content-type"] == "application/problem+json"
    assert stack.admin.call("POST", "users", b"name=x", headers={"Content-Type": "text/plain"}).status == 415
    assert stack.admin.get("me")["name"] == "admin"


def test_names_are_taken_once(stack):
    refused(409, "conflict", stack.admin.post, "users", {"name": "ann", "password": "12345678"})
    refused(409, "conflict", stack.admin.post, "pools", {"name": "demo", "image": "demo"})
    refused(404, "not-found", stack.admin.get, "users/nobody")


def test_the_last_administrator_stays(stack):
    refused(409, "conflict", stack.admin.delete, "users/admin")
    refused(409, "conflict", stack.admin.patch, "users/admin", {"disabled": True})
    refused(409, "conflict", stack.admin.patch, "users/admin", {"roles": ["user"]})
    assert stack.admin.get("users/admin")["disabled"] is False
    assert stack.admin.get("me")["name"] == "admin"


def test_lists_come_in_pages(stack):
    for number in range(5):
        stack.make_user(f"page-{number}")
    names, after = [], ""
    while after is not None:
        page = stack.admin.get(f"users?limit=2{after and '&after=' + after}")
        assert len(page["items"]) <= 2
        names += [user["name"] for user in page["items"]]
        after = page.get("next")
    assert names == sorted(names) and len(names) == len(set(names)) == 7
    for limit in ("0", "501", "x", "-1"):
        refused(400, "invalid", stack.admin.get, f"users?limit={limit}")


def test_pools_are_shown_to_the_entitled(stack):
    stack.admin.post("groups", {"name": "staff", "members": []})
    stack.admin.post("pools", {"name": "secret", "image": "demo", "entitled": ["group:staff"]})
    assert [pool["name"] for pool in stack.ann.get("pools")["items"]] == ["demo"]
    assert len(stack.ann.get("pools?all=1")["items"]) == 1
    assert len(stack.admin.get("pools?all=1")["items"]) == 2
    refused(404, "not-found", stack.ann.post, "sessions", {"pool": "secret"})
    stack.admin.patch("groups/staff", {"members": ["ann"]})
    assert [pool["name"] for pool in stack.ann.get("pools")["items"]] == ["demo", "secret"]
    assert stack.ann.post("sessions", {"pool": "secret"})["state"] == "starting"


# Sessions

def test_session_from_asking_to_leaving(stack):
    first = stack.ann.call("POST", "sessions", {"pool": "demo"})
    assert first.status == 201 and first.json["state"] == "starting"
    again = stack.ann.call("POST", "sessions", {"pool": "demo"})
    assert again.status == 200 and again.json["id"] == first.json["id"]
    session, desktop = first.json["id"], first.json["desktop"]
    assert refused(409, "conflict", stack.ann.post, f"sessions/{session}/connect", {"protocol": "vnc"})

    wait_for(lambda: desktop in stack.host.desktops, 10, "the host makes the desktop")
    stack.host.change(desktop, step="boot", step_text="Booting", progress=40)
    wait_for(lambda: stack.ann.get(f"sessions/{session}")["step"] == "boot", 10, "the step is seen")
    stack.host.change(desktop, progress=41, step_text="Booting (2 s)")
    wait_for(lambda: stack.ann.get(f"sessions/{session}")["progress"] == 41, 10, "progress is seen")
    assert stack.ann.get(f"sessions/{session}")["step_text"] == "Booting (2 s)"
    stack.host.change(desktop, state="ready", step="ready")
    wait_for(lambda: stack.ann.get(f"sessions/{session}")["state"] == "ready", 10, "it is ready")

    why = stack.ann.get(f"sessions/{session}/why")["items"]
    assert [step["verdict"] for step in why][:3] == ["yes", "yes", "yes"] and why[-1]["text"] == "The desktop is ready."
    assert not [step for step in why if "2 s" in step["text"]]
    stack.ann.delete(f"sessions/{session}")
    refused(404, "not-found", stack.ann.get, f"sessions/{session}")
    assert stack.ann.get(f"sessions/{session}/why")["items"] == why
    # The pool keeps desktops: the next session stands on the same one, at once.
    assert stack.ann.post("sessions", {"pool": "demo"})["desktop"] == desktop
    assert stack.ann.get("sessions")["items"][0]["state"] == "ready"


def test_long_poll(stack):
    session = stack.ann.post("sessions", {"pool": "demo"})
    wait_for(lambda: session["desktop"] in stack.host.desktops, 10, "the host makes the desktop")
    answers = []

    def wait(query):
        answers.append(stack.rest_as_ann.call("GET", f"sessions/{session['id']}?wait=30{query}"))
    stack.rest_as_ann = stack.ann
    poll = threading.Thread(target=wait, args=("",))
    poll.start()
    stack.host.change(session["desktop"], progress=50)  # no change of state: the poll goes on
    started = time.monotonic()
    timed = stack.ann.get(f"sessions/{session['id']}?wait=1")
    # GLib rounds a timer of whole seconds, by a quarter of one at most.
    assert timed["state"] == "starting" and time.monotonic() - started >= 0.7 and not answers
    stack.host.change(session["desktop"], state="ready", step="ready")
    poll.join(10)
    assert answers[0].json["state"] == "ready"

    # What the caller has not seen is told at once; progress counts where they say it.
    assert stack.ann.get(f"sessions/{session['id']}?wait=30&state=starting")["state"] == "ready"
    poll = threading.Thread(target=wait, args=("&state=ready",))
    poll.start()
    stack.ann.delete(f"sessions/{session['id']}")
    poll.join(10)
    assert answers[1].status == 404


def test_logging_off_deletes_where_the_pool_says_so(stack):
    stack.admin.patch("pools/demo", {"on_logoff": "delete"})
    session = ready_session(stack)
    stack.ann.delete(f"sessions/{session['id']}")
    wait_for(lambda: not stack.host.desktops, 10, "the desktop is deleted")
    assert stack.ann.post("sessions", {"pool": "demo"})["desktop"] != session["desktop"]


def test_the_pool_is_full(stack):
    stack.admin.patch("pools/demo", {"maximum": 1})
    ready_session(stack)
    bob = stack.rest(*stack.make_user("bob"))
    assert bob.get("pools")["items"][0]["available"] is False
    refused(503, "busy", bob.post, "sessions", {"pool": "demo"})
    assert stack.ann.get("pools")["items"][0]["available"] is True


def test_an_image_tells_how_many_desktops_stand_on_it(stack):
    assert stack.admin.get("images/demo")["desktops"] == 0
    ready_session(stack)
    assert stack.admin.get("images/demo")["desktops"] == 1
    assert stack.admin.get("images")["items"][0]["desktops"] == 1


# Connecting

def test_connect(stack):
    session = ready_session(stack)
    vnc = stack.ann.call("POST", f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    assert vnc.status == 201 and vnc.headers["cache-control"] == "no-store"
    assert vnc.json["websocket"] == f"wss://{stack.address}/stream/vnc" and len(vnc.json["ticket"]) == 43
    spice = stack.ann.post(f"sessions/{session['id']}/connect", {"protocol": "spice"})
    assert spice["proxy"] == f"http://{stack.address}" and spice["tls_port"] == stack.port
    assert spice["ca"].startswith("-----BEGIN CERTIFICATE-----") and spice["host_subject"].startswith("O=Oriel,CN=")
    vv = dict(line.split("=", 1) for line in spice["vv"].splitlines() if "=" in line)
    assert vv["type"] == "spice" and vv["password"] == spice["ticket"] and vv["host"] == spice["host"]
    assert vv["ca"].replace("\\n", "\n") == spice["ca"] and vv["delete-this-file"] == "1"
    refused(400, "invalid", stack.ann.post, f"sessions/{session['id']}/connect", {"protocol": "rdp"})


def test_a_bad_host_header_is_not_handed_out(stack):
    session = ready_session(stack)
    answer = stack.ann.call("POST", f"sessions/{session['id']}/connect", {"protocol": "vnc"},
                            headers={"Host": "evil.example/x?"})
    assert answer.status == 400 or answer.json["websocket"].startswith("wss://localhost:")


def test_other_peoples_sessions(stack):
    session = ready_session(stack)
    bob = stack.rest(*stack.make_user("bob"))
    refused(404, "not-found", bob.get, f"sessions/{session['id']}")
    refused(404, "not-found", bob.delete, f"sessions/{session['id']}")
    refused(404, "not-found", bob.get, f"sessions/{session['id']}/why")
    refused(404, "not-found", bob.post, f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    assert bob.get("sessions")["items"] == [] and bob.get("sessions?all=1")["items"] == []
    # An administrator sees that there is one, and not what is on its screen.
    assert stack.admin.get(f"sessions/{session['id']}")["user"] == "ann"
    refused(403, "forbidden", stack.admin.post, f"sessions/{session['id']}/connect", {"protocol": "vnc"})


# The rest

def test_audit_tells_who_did_what_and_no_secret(stack):
    session = ready_session(stack)
    ticket = stack.ann.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})["ticket"]
    with pytest.raises(RestError):
        stack.rest().login("ann", "a-wrong-password")
    entries = stack.admin.get("audit?limit=500")["items"]
    seen = {(entry["actor"], entry["action"], entry["outcome"]) for entry in entries}
    assert {("admin", "login", "ok"), ("admin", "pool.create", "ok"), ("ann", "session.create", "ok"),
            ("ann", "session.connect", "ok"), ("ann", "login", "refused")} <= seen
    everything = str(entries) + stack.log("broker").read_text() \
        + "".join(path.read_bytes().decode("latin-1") for path in (stack.folder / "broker").glob("oriel.db*"))
    for secret in (ticket, stack.ann.token, stack.admin.token, stack.admin_password, "a-wrong-password"):
        assert secret not in everything


def test_openapi_names_every_route(stack):
    document = stack.rest().get("openapi.json")
    assert document["openapi"].startswith("3.")
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item
                 if method in ("get", "post", "patch", "delete")}
    sources = (paths.TOP / "broker" / "api").glob("*.c")
    routes = {(method, re.sub(r":(\w+)", r"{\1}", path)) for source in sources for method, path in
              re.findall(r'http_server_route\(api->server, "(\w+)", "([^"]+)"', source.read_text())}
    assert described == {route for route in routes if route[1] not in ("/", "/*")}


def test_metrics(stack):
    text = stack.rest().call("GET", "/metrics").body.decode()
    assert "\noriel_hosts_up 1\n" in text and re.search(r"^oriel_logins_total [1-9]", text, re.M)


def test_stats_of_a_session(stack):
    session = ready_session(stack)
    stats = stack.ann.get(f"sessions/{session['id']}/stats")
    assert stats["frames"] == 7 and stats["bytes"] == 4321 and stats["send_us"] == 0
    assert [client["protocol"] for client in stats["clients"]] == ["vnc", "spice"]
    assert "name" not in stats
    assert stack.admin.get(f"sessions/{session['id']}/stats") == stats
    stack.admin.post("users", {"name": "eve", "password": "eves-own-password"})
    eve = stack.rest()
    eve.login("eve", "eves-own-password")
    refused(404, "not-found", eve.get, f"sessions/{session['id']}/stats")
    stack.admin.delete("users/eve")
    text = stack.rest().call("GET", "/metrics").body.decode()
    assert f'\noriel_desktop_sent_bytes_total{{desktop="{session["desktop"]}"}} 4321\n' in text
    assert f'\noriel_desktop_encode_seconds_total{{desktop="{session["desktop"]}"}} 2.500000\n' in text
    assert f'\noriel_desktop_clients{{desktop="{session["desktop"]}"}} 2\n' in text
    assert f'\noriel_desktop_network_received_bytes_total{{desktop="{session["desktop"]}"}} 22\n' in text
    assert "ann" not in text


def test_unknown_paths(stack):
    assert stack.rest().call("GET", "/nothing/here").status == 404
    assert stack.rest().call("GET", "/../etc/passwd").status in (400, 404)
    answer = stack.rest().call("PUT", "/api/v1/login", {})
    assert answer.status == 405 and "POST" in answer.headers["allow"]


def test_a_used_port_is_one_clear_line(stack):
    done = subprocess.run([paths.program("oriel-broker"), "--config", str(stack.folder / "broker.conf")],
                          capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and str(stack.port) in done.stderr


def test_init_admin_resets(stack):
    stack.admin_password = "a-new-password"
    stack.init_admin()
    refused(401, "unauthorized", stack.admin.get, "me")
    stack.admin.login("admin", "a-new-password")
    short = subprocess.run([paths.program("oriel-broker"), "--config", str(stack.folder / "broker.conf"),
                            "--init-admin", "admin"], input="short\n", capture_output=True, text=True, check=False)
    assert short.returncode == 1 and "8 characters" in short.stderr


def test_bad_options():
    for arguments, status in ((["--nonsense"], 2), (["--port", "99999"], 2), (["word"], 2),
                              (["--config", "/nowhere/broker.conf"], 1), (["--version"], 0), (["--help"], 0)):
        done = subprocess.run([paths.program("oriel-broker"), *arguments], capture_output=True, text=True,
                              check=False, timeout=30)
        assert done.returncode == status, (arguments, done.stderr)


def test_hosts_added_and_forgotten(stack):
    """A host made known while the broker runs is there after a restart; one of the configuration stays."""
    added = stack.admin.post("hosts", {"name": "second", "address": f"unix:{stack.folder}/second.sock"})
    assert added["name"] == "second" and added["state"] == "down"
    refused(409, "conflict", stack.admin.post, "hosts", {"name": "second", "address": "unix:/x"})
    refused(400, "invalid", stack.admin.post, "hosts", {"name": "third", "address": "tcp:1.2.3.4"})
    refused(400, "invalid", stack.admin.post, "hosts", {"name": "third"})
    restart(stack)
    assert [host["name"] for host in stack.admin.get("hosts")["items"]] == ["local", "second"]
    stack.admin.delete("hosts/second")
    refused(404, "not-found", stack.admin.get, "hosts/second")
    refused(409, "conflict", stack.admin.delete, "hosts/local")


def test_a_host_speaks_for_its_own_desktops_only(stack):
    """What another host says of a desktop that is not its own changes nothing."""
    session = ready_session(stack)
    other = FakeHost(stack.folder / "second.sock").start()
    stack.admin.post("hosts", {"name": "second", "address": f"unix:{other.path}"})
    wait_for(lambda: stack.admin.get("hosts/second")["state"] == "up", 10, "the second host is there")
    for desktop in (session["desktop"], "00000000-0000-4000-8000-000000000001"):
        other.desktops[desktop] = {"id": desktop, "state": "starting"}
        other.change(desktop, state="failed", reason="Said by another host.")
    wait_for(lambda: stack.admin.get("hosts/second")["desktops"] == 2, 10, "both were told")
    assert stack.ann.get(f"sessions/{session['id']}")["state"] == "ready"
    other.stop()


def test_it_listens_at_several_addresses(stack):
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", stack.port))
        except OSError:
            pytest.skip("this machine has no ::1, or something else has its port")
    config = stack.folder / "broker.conf"
    config.write_text(config.read_text().replace("listen=127.0.0.1", "listen=127.0.0.1, ::1"))
    restart(stack)
    for address in ("127.0.0.1", "::1"):
        assert Rest(address, stack.port).call("GET", "/readyz").status == 200, address
    stack.ann.host = "::1"
    session = ready_session(stack)
    answer = stack.ann.post(f"sessions/{session['id']}/connect", {"protocol": "spice"})
    assert answer["proxy"] == f"http://[::1]:{stack.port}"

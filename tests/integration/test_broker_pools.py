# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools by policy: named machines, templates and clones, images that change, and what a crash leaves of them."""

import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from broker_support import refused, restart  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position
from pools_support import log_off, make_pool, make_servers, make_stack, session_of, template_of, why_of  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import


# What a pool says

def test_the_older_word_and_the_policy_agree(stack):
    pool = stack.admin.post("pools", {"name": "old", "image": "demo"})
    assert (pool["policy"], pool["on_logoff"], pool["start"], pool["spares"]) == ("persistent", "keep", "cold", 0)
    pool = stack.admin.patch("pools/old", {"on_logoff": "delete"})
    assert (pool["policy"], pool["start"]) == ("floating", "cold")
    pool = stack.admin.patch("pools/old", {"policy": "persistent", "home_mib": 2048})
    assert (pool["on_logoff"], pool["home_mib"]) == ("delete", 2048)
    assert stack.admin.post("pools", {"name": "fresh", "image": "demo", "policy": "floating"})["start"] == "clone"
    restart(stack)
    assert stack.admin.get("pools/old")["home_mib"] == 2048


@pytest.mark.parametrize("body, named", [
    ({"policy": "tidal"}, "policy"),
    ({"start": "hot"}, "start"),
    ({"policy": "floating", "on_logoff": "keep"}, "on_logoff"),
    ({"policy": "floating", "home_mib": 5}, "home_mib"),
    ({"policy": "persistent", "home_mib": 1024, "spares": 1}, "spares"),
    ({"policy": "persistent", "home_mib": 15}, "home_mib"),
    ({"policy": "persistent", "home_mib": (4 << 20) + 1}, "home_mib"),
    ({"spares": 3, "maximum": 2}, "spares"),
    ({"limits": {"disk_gib": -1}}, "disk_gib"),
    ({"limits": {"speed": 1}}, "speed"),
    ({"limits": []}, "limits"),
    ({"idle_suspend_minutes": "soon"}, "idle_suspend_minutes"),
    ({"policy": "static"}, "machines"),
    ({"machines": [{"name": "m", "vnc": "h:1"}]}, "machines"),
    ({"policy": "static", "machines": [{"name": "m", "vnc": "h:1"}], "idle_suspend_minutes": 5}, "idle_suspend_minutes"),
    ({"policy": "static", "machines": [{"name": "m", "vnc": "nowhere"}]}, "vnc"),
    ({"policy": "static", "machines": [{"name": "m", "vnc": "a b:1"}]}, "vnc"),
    ({"policy": "static", "machines": [{"name": "m", "vnc": "h:1"}, {"name": "m", "vnc": "h:2"}]}, "name"),
    ({"policy": "static", "machines": [{"name": "m", "vnc": "h:1", "user": "nobody"}]}, "machines"),
])
def test_bad_pools_are_named(servers, body, named):
    assert named in refused(400, "invalid", servers.admin.post, "pools", {"name": "p", "image": "demo", **body}).problem["detail"]
    refused(404, "not-found", servers.admin.get, "pools/p")


PRESS = {"name": "press", "vnc": "press.example:5900", "user": "ann"}
LATHE = {"name": "lathe", "vnc": "[::1]:5901", "user": None}


def make_shop(stack, *machines, **more):
    """A pool of machines that are there anyway."""
    return stack.admin.post("pools", {"name": "shop", "title": "Shop", "policy": "static", "machines": list(machines),
                                      "entitled": ["everyone"], **more})


def test_machines_are_given_out_one_by_one(stack):
    make_shop(stack, LATHE, {**PRESS, "password": "sesame"})
    bob = stack.rest(*stack.make_user())
    assert [client.get("pools")["items"][0]["available"] for client in (stack.ann, bob)] == [True, True]
    session = session_of(stack, pool="shop")
    assert session["state"] == "ready"
    assert stack.host.called("desktop.create")[0] == {
        "desktop": session["desktop"], "name": "press", "machine": {"vnc": PRESS["vnc"], "password": "sesame"}}
    assert stack.admin.get(f"desktops/{session['desktop']}")["machine"] == "press"
    session_of(stack, bob, "shop")
    assert stack.host.called("desktop.create")[1]["machine"] == {"vnc": LATHE["vnc"]}
    third = stack.rest(*stack.make_user())
    assert third.get("pools")["items"][0]["available"] is False
    assert "in use" in refused(503, "busy", third.post, "sessions", {"pool": "shop"}).problem["detail"]


def test_a_machine_is_free_again_after_log_off(stack):
    make_shop(stack, LATHE)
    session = session_of(stack, pool="shop")
    assert "The machine answered in 0.4 s." in why_of(stack, session)
    log_off(stack, session)
    wait_for(lambda: stack.host.called("desktop.delete"), 10, "the connection is ended")
    bob = stack.rest(*stack.make_user())
    assert wait_for(lambda: bob.call("POST", "sessions", {"pool": "shop"}).status == 201, 10, "the next one gets it")


def test_a_machines_password_is_told_to_nobody(stack):
    make_shop(stack, {**PRESS, "password": "sesame"}, LATHE)
    assert stack.admin.get("pools/shop")["machines"] == [{**PRESS, "has_password": True}, {**LATHE, "has_password": False}]
    stack.admin.patch("pools/shop", {"machines": [LATHE, {**PRESS, "vnc": "press:1"}]})
    session_of(stack, pool="shop")
    assert stack.host.called("desktop.create")[0]["machine"] == {"vnc": "press:1", "password": "sesame"}
    stack.admin.patch("pools/shop", {"machines": [{**PRESS, "password": ""}]})
    assert stack.admin.get("pools/shop")["machines"] == [{**PRESS, "has_password": False}]
    assert "sesame" not in stack.log("broker").read_text() and "sesame" not in str(stack.admin.get("audit"))


def test_a_machine_that_is_away_says_so_and_can_be_asked_for_again(stack):
    make_shop(stack, LATHE)
    stack.host.auto_ready = False
    session = stack.ann.post("sessions", {"pool": "shop"})
    stack.host.change(session["desktop"], state="failed", reason="The machine does not answer.")
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["state"] == "failed", 10, "it failed")
    stack.host.auto_ready = True
    assert session_of(stack, pool="shop")["state"] == "ready"


def test_no_host_that_knows_machines(stack):
    make_shop(stack, LATHE)
    stack.host.info["machines"] = False
    stack.host.restart()
    wait_for(lambda: stack.ann.get("pools")["items"][0]["available"] is False, 10, "the host is back")
    assert "No host" in refused(503, "host-unavailable", stack.ann.post, "sessions", {"pool": "shop"}).problem["detail"]


def test_limits_reach_the_host(stack):
    stack.host.info["limits"] = ["disk_gib"]
    stack.host.restart()
    wait_for(lambda: stack.admin.get("hosts/local").get("limits"), 10, "the host says what it can")
    make_pool(stack, limits={"disk_gib": 20, "cpu_percent": 150})
    why = why_of(stack, session_of(stack))
    assert [text for text in why if "does not count" in text] == ["Host “local” cannot hold the pool's limit cpu_percent: it does not count."]
    assert stack.host.called("desktop.create")[0]["limits"] == {"disk_gib": 20, "cpu_percent": 150}


# Templates and clones

def test_a_pool_of_clones(stack):
    make_pool(stack)
    made = stack.host.called("template.make")[0]
    assert (made["image"], made["cpus"], made["memory_mib"]) == ("demo", 1, 512)
    listed = stack.admin.get("templates")["items"]
    assert [item["pools"] for item in listed] == [["lab"]] and listed[0]["host"] == "local"
    session = session_of(stack)
    created = stack.host.called("desktop.create")[0]
    assert created["template"] == made["name"] and created["image"] == "demo"
    why = why_of(stack, session)
    assert f"Cloned from the template “{made['name']}” in 0.4 s." in why and why[-1] == "The desktop is ready."
    # Thrown away at log-off, and cloned fresh.
    log_off(stack, session)
    wait_for(lambda: not stack.host.desktops, 10, "the desktop is deleted")
    assert session_of(stack)["desktop"] != session["desktop"]


def test_cold_boots_are_explained(stack):
    stack.host.auto_templates = False
    make_pool(stack)
    name = wait_for(lambda: stack.host.called("template.make"), 10, "the template is begun")[0]["name"]
    session = session_of(stack)
    assert "template" not in stack.host.called("desktop.create")[0]
    assert "Its template is still being made: the desktop boots cold." in why_of(stack, session)
    assert "Booted cold in 0.4 s." in why_of(stack, session)
    log_off(stack, session)
    # What failed is left alone, and said, until somebody asks for it again.
    stack.host.change_item("template", name, state="failed", reason="The guest never answered.")
    wait_for(lambda: stack.admin.get(f"templates/{name}")["state"] == "failed", 10, "it failed")
    assert any("The guest never answered." in text for text in why_of(stack, session_of(stack)))
    assert len(stack.host.called("template.make")) == 1
    stack.host.auto_templates = True
    again = stack.admin.post("templates", {"pool": "lab"})
    assert (again["name"], again["state"]) == (name, "ready")


def test_a_host_that_does_not_clone_boots_cold(stack):
    stack.host.clones = False
    stack.host.stop()
    stack.host.start()
    wait_for(lambda: stack.admin.call("GET", "/readyz").status == 200, 10, "the host is back")
    make_pool(stack)
    session = session_of(stack)
    assert session["state"] == "ready" and any("makes no clones" in text for text in why_of(stack, session))
    refused(409, "conflict", stack.admin.post, "templates", {"pool": "lab"})


def test_the_hosts_notes_come_once(stack):
    stack.host.auto_ready = False
    make_pool(stack)
    session = stack.ann.post("sessions", {"pool": "lab"})
    wait_for(lambda: session["desktop"] in stack.host.desktops, 10, "the desktop is made")
    note = {"at": "2026-01-01T00:00:00Z", "text": "The template was damaged: it boots cold."}
    stack.host.change(session["desktop"], notes=[note], step="boot", origin="cold")
    wait_for(lambda: note["text"] in why_of(stack, session), 10, "who waits is told why")
    assert stack.ann.get(f"sessions/{session['id']}")["state"] == "starting"
    stack.host.change(session["desktop"], state="ready", notes=[note])
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["state"] == "ready", 10, "it is ready")
    stack.host.change(session["desktop"], state="failed", reason="Ended.", notes=[note])
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["state"] == "failed", 10, "it failed")
    assert why_of(stack, session).count(note["text"]) == 1


def test_templates_that_nobody_wants_go(stack):
    make_pool(stack)
    session_of(stack)
    stack.host.change_item("template", "by-hand", image="demo", state="ready")
    stack.admin.delete("pools/lab")
    wait_for(lambda: list(stack.host.templates) == ["by-hand"], 10, "the pool's template goes, another one stays")


def test_a_template_that_got_lost_is_made_again(stack):
    stack.host.lose.add("template.make")
    make_pool(stack)
    restart(stack)
    assert template_of(stack) and len(stack.host.templates) == 1
    stack.host.lose.clear()
    stack.host.stop()
    stack.host.templates.clear()
    stack.host.start()
    wait_for(lambda: template_of(stack), 10, "the template is made again")


def test_a_making_is_cancelled_until_it_is_asked_for(stack):
    stack.host.auto_templates = False
    make_pool(stack)
    name = wait_for(lambda: stack.admin.get("templates")["items"], 10, "it is being made")[0]["name"]
    assert stack.admin.post(f"templates/{name}/cancel")["reason"] == "The making was cancelled."
    stack.admin.patch("pools/lab", {"title": "Lab two"})  # the caretaker looks again
    session = session_of(stack)
    assert stack.admin.get(f"templates/{name}")["state"] == "failed"
    assert any("The making was cancelled." in text for text in why_of(stack, session))
    assert len(stack.host.called("template.make")) == 1
    assert stack.admin.post("templates", {"pool": "lab"})["state"] == "making"
    assert any(item["action"] == "template.cancel" for item in stack.admin.get("audit")["items"])


# Images that change

def test_a_new_image_without_an_outage(stack):
    make_pool(stack)
    old = session_of(stack)
    pool = stack.admin.patch("pools/lab", {"image": "new"})
    assert (pool["image"], pool["previous_image"]) == ("new", "demo")
    wait_for(lambda: template_of(stack, "new"), 10, "the new image's template is there")
    bob = stack.rest(*stack.make_user("bob"))
    session_of(stack, bob)
    assert [args["image"] for args in stack.host.called("desktop.create")] == ["demo", "new"]
    assert stack.ann.get(f"sessions/{old['id']}")["state"] == "ready"
    assert template_of(stack, "demo"), "what a rollback needs is kept"
    assert stack.admin.post("pools/lab/rollback")["image"] == "demo"
    log_off(stack, old)
    session_of(stack)
    assert stack.host.called("desktop.create")[-1]["image"] == "demo"


def test_nothing_to_go_back_to(stack):
    make_pool(stack)
    refused(409, "conflict", stack.admin.post, "pools/lab/rollback")


def test_an_import_is_followed_and_cancelled(stack):
    stack.admin.post("images", {"name": "big", "path": "/srv/big.qcow2"})
    stack.host.change_item("image", "big", progress=40)
    seen = stack.admin.get("images/big?wait=30&state=importing&progress=0")
    assert seen["progress"] == 40
    assert stack.admin.post("images/big/cancel")["reason"] == "The import was cancelled."
    seen = stack.admin.get("images/big?wait=30&state=importing&progress=40")
    assert seen["state"] == "failed"
    stack.admin.post("images", {"name": "bigger", "path": "/srv/bigger.qcow2"})
    wait_for(lambda: stack.admin.call("GET", "images/bigger").status == 200, 10, "it begins")
    stack.admin.delete("images/bigger")
    assert [args["name"] for args in stack.host.called("image.cancel")] == ["big", "bigger"]
    refused(404, "not-found", stack.admin.get, "images/bigger")
    refused(400, "invalid", stack.admin.get, "images/big?wait=x")


def test_an_image_is_deleted_only_when_nothing_stands_on_it(stack):
    make_pool(stack)
    assert "template" in refused(409, "conflict", stack.admin.delete, "images/demo").problem["detail"]
    assert re.match("auto.demo.", template_of(stack)) and stack.admin.get("images/demo")["templates"] == 1

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pool keeps while nobody uses it: homes, desktops that sleep, spares, and the room for more."""

import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from broker_support import refused, restart  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position
from pools_support import log_off, make_pool, make_servers, make_stack, session_of, why_of  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import


@pytest.mark.parametrize("pool, keeps", [
    ({"policy": "persistent"}, "all"), ({"policy": "persistent", "home_mib": 1024}, "home"), ({"policy": "floating"}, "nothing")])
def test_a_session_says_what_a_log_off_keeps(stack, pool, keeps):
    make_pool(stack, **pool)
    assert session_of(stack)["keeps"] == keeps


# Homes

def test_a_home_comes_along(stack):
    make_pool(stack, policy="persistent", home_mib=1024)
    first = session_of(stack)
    home = stack.host.called("desktop.create")[0]["volumes"]
    assert home[0]["size_mib"] == 1024
    log_off(stack, first)
    stack.admin.patch("pools/lab", {"image": "new"})
    second = session_of(stack)
    again = stack.host.called("desktop.create")[-1]
    assert second["desktop"] != first["desktop"] and (again["volumes"], again["image"]) == (home, "new")
    listed = stack.admin.get("volumes")["items"]
    assert [(item["user"], item["pool"], item["desktop"]) for item in listed] == [("ann", "lab", second["desktop"])]


def test_a_home_waits_for_its_last_desktop(stack):
    make_pool(stack, policy="persistent", home_mib=1024)
    first = session_of(stack)
    stack.host.errors["desktop.delete"] = {"type": "unavailable", "message": "Not now."}
    log_off(stack, first)
    second = stack.ann.post("sessions", {"pool": "lab"})
    assert second["state"] == "starting" and "put away" in second["step_text"]
    assert len(stack.host.called("desktop.create")) == 1
    del stack.host.errors["desktop.delete"]
    restart(stack)
    wait_for(lambda: stack.ann.get(f"sessions/{second['id']}")["state"] == "ready", 10, "the home is free")
    assert list(stack.host.desktops) == [second["desktop"]]


def test_a_desktop_without_its_home_is_given_to_nobody(stack):
    """What its user kept there would be thrown away at log-off."""
    stack.host.homes = False
    make_pool(stack, policy="persistent", home_mib=1024)
    session = session_of(stack)
    assert (session["state"], session["reason"]) == ("failed", "The host made the desktop without your home.")
    wait_for(lambda: not stack.host.desktops, 10, "the desktop is deleted")
    stack.host.homes = True
    assert session_of(stack)["state"] == "ready"


def test_homes_are_deleted_by_name_only(stack):
    make_pool(stack, policy="persistent", home_mib=1024)
    session = session_of(stack)
    volume = stack.admin.get("volumes")["items"][0]["id"]
    refused(409, "conflict", stack.admin.delete, f"volumes/{volume}")
    log_off(stack, session)
    stack.admin.delete("pools/lab")
    stack.admin.delete("users/ann")
    wait_for(lambda: not stack.host.desktops, 10, "the desktops are gone")
    left = wait_for(lambda: stack.admin.get(f"volumes/{volume}"), 10, "the home is there")
    assert (left["user"], left["pool"]) == (None, None) and volume in stack.host.volumes
    # A deletion that got lost is sent again.
    stack.host.stop()
    wait_for(lambda: stack.admin.get("hosts/local")["state"] == "down", 10, "the host is away")
    stack.admin.delete(f"volumes/{volume}")
    assert stack.admin.get(f"volumes/{volume}")["state"] == "deleting"
    stack.stop("broker", signal.SIGKILL)
    stack.host.start()
    stack.start_broker()
    wait_for(lambda: not stack.host.volumes and stack.admin.get("volumes")["items"] == [], 10, "the home is deleted")


# Suspended desktops

def suspended_session(stack):
    session = session_of(stack)
    stack.admin.post(f"desktops/{session['desktop']}/suspend")
    return wait_for(lambda: (now := stack.ann.get(f"sessions/{session['id']}"))["state"] == "suspended" and now,
                    10, "the session is suspended")


def test_a_suspended_session_wakes_when_asked_for(stack):
    make_pool(stack)
    session = suspended_session(stack)
    stack.host.auto_ready = False
    again = stack.ann.post("sessions", {"pool": "lab"})
    assert (again["id"], again["state"]) == (session["id"], "starting") and "Waking" in again["step_text"]
    wait_for(lambda: stack.host.called("desktop.resume"), 10, "it is resumed")
    stack.host.change(session["desktop"], state="ready", timings={"ready": 1100})
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["state"] == "ready", 10, "it is ready")
    assert "Resumed from disk in 1.1 s." in why_of(stack, session)
    assert len(stack.host.called("desktop.resume")) == 1


def test_a_suspended_session_wakes_when_connected_to(stack):
    make_pool(stack)
    session = suspended_session(stack)
    refused(409, "conflict", stack.ann.post, f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["state"] == "ready", 10, "it is ready")
    assert stack.ann.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})["ticket"]


def test_a_resume_that_got_lost_is_sent_again(stack):
    make_pool(stack)
    session = suspended_session(stack)
    stack.host.stop()
    wait_for(lambda: stack.admin.get("hosts/local")["state"] == "down", 10, "the host is away")
    assert stack.ann.post("sessions", {"pool": "lab"})["state"] == "starting"
    stack.stop("broker", signal.SIGKILL)
    stack.host.start()
    stack.start_broker()
    wait_for(lambda: stack.ann.get(f"sessions/{session['id']}")["state"] == "ready", 10, "it is resumed")


def test_a_kept_desktop_that_sleeps_wakes_for_the_next_session(stack):
    make_pool(stack, policy="persistent")
    session = session_of(stack)
    log_off(stack, session)
    stack.admin.post(f"desktops/{session['desktop']}/suspend")
    wait_for(lambda: stack.admin.get(f"desktops/{session['desktop']}")["state"] == "suspended", 10, "it sleeps")
    again = session_of(stack)
    assert (again["desktop"], again["state"]) == (session["desktop"], "ready")
    assert len(stack.host.called("desktop.resume")) == 1


# Spares

def spares_of(stack):
    return [item for item in stack.admin.get("desktops")["items"] if item["spare"] and item["state"] == "ready"]


def wait_for_spares(stack, number):
    return wait_for(lambda: len(found := spares_of(stack)) == number and (found or True), 15,
                    f"{number} spares wait")


def test_a_spare_is_given_to_one_user_and_replaced(stack):
    make_pool(stack, spares=2)
    waiting = {item["id"] for item in wait_for_spares(stack, 2)}
    bob = stack.rest(*stack.make_user("bob"))
    first, second = session_of(stack), session_of(stack, bob)
    assert {first["desktop"], second["desktop"]} == waiting
    assert first["state"] == "ready" and any("ready and waiting" in text for text in why_of(stack, first))
    again = {item["id"] for item in wait_for_spares(stack, 2)}
    assert not again & waiting
    log_off(stack, first)
    wait_for(lambda: first["desktop"] not in stack.host.desktops, 10, "what was used is not used again")


def hold(stack, number):
    """So many desktops fit on the host, and the broker knows."""
    stack.host.holds = number
    stack.host.restart()
    wait_for(lambda: stack.admin.get("hosts/local").get("desktops_fit") == number - len(stack.host.desktops), 20, "the host says so")


def test_spares_keep_within_bounds(stack):
    hold(stack, 1)
    make_pool(stack, spares=3, maximum=3)
    wait_for_spares(stack, 1)
    hold(stack, 9)
    wait_for_spares(stack, 3)
    session_of(stack)
    wait_for_spares(stack, 2)
    stack.admin.patch("pools/lab", {"spares": 0})
    wait_for_spares(stack, 0)
    wait_for(lambda: len(stack.host.desktops) == 1, 10, "those that are too many are deleted")


def test_spares_follow_the_pools_image(stack):
    make_pool(stack, spares=1)
    wait_for_spares(stack, 1)
    stack.admin.patch("pools/lab", {"image": "new"})
    wait_for(lambda: [item["image"] for item in wait_for_spares(stack, 1)] == ["new"], 15, "the spare is of the new image")
    assert len(stack.host.desktops) == 1


def test_a_spare_whose_creation_got_lost(stack):
    make_pool(stack)
    stack.host.lose_creates = True
    stack.admin.patch("pools/lab", {"spares": 1})
    wait_for(lambda: stack.host.called("desktop.create"), 10, "the spare is asked for")
    stack.stop("broker", signal.SIGKILL)
    stack.host.lose_creates = False
    stack.start_broker()
    assert len(wait_for_spares(stack, 1)) == 1 and len(stack.host.desktops) == 1


def test_a_spare_that_the_host_lost_is_replaced(stack):
    make_pool(stack, spares=1)
    lost = wait_for_spares(stack, 1)[0]["id"]
    stack.host.stop()
    del stack.host.desktops[lost]
    stack.host.start()
    wait_for(lambda: [item["id"] for item in spares_of(stack)] not in ([], [lost]), 15, "another one waits")


def test_a_spare_that_fails_is_not_made_again_at_once(stack):
    stack.host.auto_ready = False
    make_pool(stack, spares=1)
    spare = wait_for(lambda: list(stack.host.desktops), 10, "it starts")[0]
    stack.host.change(spare, state="failed", reason="QEMU ended.")
    wait_for(lambda: not stack.host.desktops, 10, "it is thrown away")
    # Who asks gets one all the same.
    stack.host.auto_ready = True
    assert session_of(stack)["state"] == "ready"
    assert len(stack.host.called("desktop.create")) == 2


def test_the_memory_of_what_starts_is_kept(stack):
    stack.host.auto_ready = False
    stack.host.info["memory_free_mib"] = 900
    stack.host.restart()
    wait_for(lambda: stack.admin.get("hosts/local").get("memory_free_mib") == 900, 10, "the host says so")
    make_pool(stack, start="cold")
    first = stack.ann.post("sessions", {"pool": "lab"})
    bob = stack.rest(*stack.make_user("bob"))
    refused(503, "busy", bob.post, "sessions", {"pool": "lab"})
    wait_for(lambda: first["desktop"] in stack.host.desktops, 10, "it is being made")
    stack.host.change(first["desktop"], state="ready")
    wait_for(lambda: stack.ann.get(f"sessions/{first['id']}")["state"] == "ready", 10, "it runs")
    assert bob.post("sessions", {"pool": "lab"})["state"] == "starting"


def test_capacity_is_told(stack):
    stack.host.info |= {"memory": {"asked_mib": 4096, "used_mib": 1500, "shared_mib": 700}, "desktops_fit": 9}
    stack.host.restart()
    wait_for(lambda: stack.admin.get("hosts/local").get("desktops_fit") == 9, 10, "the host says so")
    make_pool(stack, spares=1)
    session_of(stack)
    wait_for_spares(stack, 1)
    host = stack.admin.get("hosts/local")
    assert host["memory"]["shared_mib"] == 700 and (host["templates"], host["desktops"]) == (1, 2)
    lines = stack.rest().call("GET", "/metrics").body.decode().splitlines()
    for line in ('oriel_host_memory_mib{host="local",kind="asked"} 4096', 'oriel_host_memory_mib{host="local",kind="shared"} 700',
                 'oriel_host_memory_mib{host="local",kind="total"} 8192', 'oriel_host_desktops_fit{host="local"} 9',
                 'oriel_templates{state="ready"} 1', 'oriel_pool_desktops{pool="lab",kind="used"} 1',
                 'oriel_pool_desktops{pool="lab",kind="spare"} 1'):
        assert line in lines

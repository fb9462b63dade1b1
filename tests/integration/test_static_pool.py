# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that Oriel does not run, from its VNC server to a client at the broker: the real programs, and an Xvnc."""

import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.stack import Stack, free_port  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position
from test_rfb_source import PASSWORD, Machine  # noqa: E402  pylint: disable=wrong-import-position
from vnc import VncClient, client_program  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(scope="module")
def stack():
    """Host and broker without any image, a machine, and the pool “shop” that has it and one that is away."""
    with Stack() as running:
        config = running.folder / "host.conf"
        config.write_text(config.read_text(encoding="utf-8") + "provider=simulated\n", encoding="utf-8")
        running.start()
        running.machine = Machine(running.folder).start()
        running.ann = running.rest(*running.make_user("ann"))
        running.bob = running.rest(*running.make_user("bob"))
        running.admin.post("pools", {"name": "shop", "policy": "static", "entitled": ["everyone"], "machines": [
            {"name": "desk", "vnc": f"127.0.0.1:{running.machine.port}", "user": "ann", "password": PASSWORD},
            {"name": "away", "vnc": f"127.0.0.1:{free_port()}", "user": "bob"}]})
        yield running
        running.machine.stop()


def settled(client, session):
    return wait_for(lambda: (now := client.get(f"sessions/{session['id']}"))["state"] != "starting" and now, 30, "it is settled")


def seen(stack, session, path):
    """What a client at the gateway sees."""
    answer = stack.ann.post(f"sessions/{session['id']}/connect", {"protocol": "vnc"})
    with VncClient(client_program(), answer["websocket"], answer["ticket"]) as client:
        client.wait_updates(1)
        wait_for(lambda: client.picture(path).tobytes() == stack.machine.picture().tobytes(), 20, "the machine's picture")
        return client.picture(path)


def test_its_user_sees_it_also_after_host_and_broker_were_killed(stack, tmp_path):
    session = settled(stack.ann, stack.ann.post("sessions", {"pool": "shop"}))
    assert session["state"] == "ready", session["reason"]
    assert seen(stack, session, tmp_path / "1.ppm").size == (800, 600)
    stack.stop("host", signal.SIGKILL)
    stack.stop("broker", signal.SIGKILL)
    stack.start_host()
    stack.start_broker()
    wait_for(lambda: stack.admin.get("hosts/local")["state"] == "up", 20, "the host is back")
    stack.machine.run("xsetroot", "-solid", "#40a020")
    again = settled(stack.ann, stack.ann.post("sessions", {"pool": "shop"}))
    assert again["id"] == session["id"]
    assert seen(stack, again, tmp_path / "2.ppm").getpixel((9, 9)) == (0x40, 0xa0, 0x20)
    assert stack.admin.get("hosts/local")["memory"]["asked_mib"] == 0
    stack.ann.delete(f"sessions/{session['id']}")
    wait_for(lambda: not stack.admin.get("desktops")["items"], 20, "the connection is gone")
    assert not list((stack.folder / "host" / "desktops").glob("*"))
    assert stack.machine.process.poll() is None


def test_one_that_is_away_says_so(stack):
    session = settled(stack.bob, stack.bob.post("sessions", {"pool": "shop"}))
    assert session["state"] == "failed" and "does not answer at 127.0.0.1:" in session["reason"]

# SPDX-License-Identifier: GPL-3.0-or-later
"""A broker and a host that outlive a test, and what tests of pools ask of them."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from broker_support import with_fake_host  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(name="servers", scope="module")
def make_servers():
    """A broker and a host that makes what it is asked for; they outlive a test, for they take seconds to start."""
    with with_fake_host() as running:
        yield running


@pytest.fixture(name="stack")
def make_stack(servers):
    """The servers with no pool, no home and no template, and a new user (stack.ann)."""
    if "broker" not in servers.processes:
        servers.start_broker()
    for kind in ("pools", "volumes", "users"):
        for item in servers.admin.get(f"{kind}?all=1" if kind == "pools" else kind)["items"]:
            if item.get("name") != "admin":
                clean_away(servers, kind, item["id"])
    servers.host.stop()
    servers.host.reset()
    servers.host.auto_ready = True
    servers.host.images["new"] = {"name": "new", "title": "New", "state": "ready", "sha256": "22"}
    servers.host.start()
    wait_for(lambda: servers.admin.get("hosts/local")["images"] == 2 and not servers.admin.get("desktops")["items"],
             20, "the host is there, and nothing of the test before")
    servers.ann = servers.rest(*servers.make_user("ann"))
    servers.host.calls.clear()
    return servers


def clean_away(servers, kind, item):
    """Deletes what a test left; a home goes once its desktop has gone."""
    def gone():
        return servers.admin.call("DELETE", f"{kind}/{item}").status in (200, 404)
    wait_for(gone, 20, f"{kind}/{item} is deleted")


def make_pool(stack, **more):
    """A pool of clones whose template is ready."""
    pool = stack.admin.post("pools", {"name": "lab", "title": "Lab", "image": "demo", "cpus": 1, "memory_mib": 512,
                                      "entitled": ["everyone"], "policy": "floating", **more})
    if pool["start"] == "clone" and stack.host.auto_templates and stack.host.clones:
        wait_for(lambda: template_of(stack), 10, "the template is there")
    return pool


def template_of(stack, image="demo"):
    return next((item["name"] for item in stack.admin.get("templates")["items"]
                 if item["image"] == image and item["state"] == "ready"), None)


def session_of(stack, client=None, pool="lab"):
    client = client or stack.ann
    session = client.post("sessions", {"pool": pool})
    return wait_for(lambda: (now := client.get(f"sessions/{session['id']}"))["state"] != "starting" and now,
                    10, "the session is settled")


def log_off(stack, session, client=None):
    (client or stack.ann).delete(f"sessions/{session['id']}")


def why_of(stack, session):
    return [step["text"] for step in stack.admin.get(f"sessions/{session['id']}/why")["items"]]

# SPDX-License-Identifier: GPL-3.0-or-later
"""A broker, a host that does what a test wants, and one user."""

import contextlib
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fake_host import FakeHost  # noqa: E402  pylint: disable=wrong-import-position
from harness.rest import RestError  # noqa: E402  pylint: disable=wrong-import-position
from harness.stack import Stack  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position


@contextlib.contextmanager
def with_fake_host():
    """A broker with a fake host (.host), and its administrator signed in (.admin)."""
    with Stack() as running:
        running.host = FakeHost(running.socket).start()
        running.init_admin()
        running.start_broker()
        running.admin.login("admin", running.admin_password)
        yield running
        running.host.stop()


@pytest.fixture(name="stack")
def make_stack():
    """The same with the pool “demo” and the user “ann” (stack.ann)."""
    with with_fake_host() as running:
        running.make_pool()
        running.ann = running.rest(*running.make_user("ann"))
        yield running


def refused(status, kind, call, *arguments):
    with pytest.raises(RestError) as caught:
        call(*arguments)
    assert (caught.value.status, caught.value.kind) == (status, kind), caught.value
    return caught.value


def restart(stack):
    stack.stop("broker", signal.SIGKILL)
    stack.start_broker()


def ready_session(stack):
    session = stack.ann.post("sessions", {"pool": "demo"})
    wait_for(lambda: session["desktop"] in stack.host.desktops, 10, "the host makes the desktop")
    stack.host.change(session["desktop"], state="ready", step="ready", progress=100)
    return wait_for(lambda: (now := stack.ann.get(f"sessions/{session['id']}"))["state"] == "ready" and now,
                    10, "the session is ready")

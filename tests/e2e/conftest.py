# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests share: one host, one broker, one guest for the whole run."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import evidence  # noqa: E402  pylint: disable=wrong-import-position
from harness.stack import Stack  # noqa: E402  pylint: disable=wrong-import-position


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test's report says how the stack was at that moment."""
    outcome = yield
    report = outcome.get_result()
    stacks = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Stack)]
    if report.failed and stacks:
        report.sections.append(("the stack", evidence.of_stack(stacks[0])))


@pytest.fixture(scope="session")
def stack():
    """Host and broker with the image, the pool “demo” and the template its desktops are cloned from; stack.admin is signed in."""
    with Stack() as running:
        running.start()
        running.import_image()
        running.make_pool(start="clone")
        running.ready_template()
        yield running


@pytest.fixture(scope="session")
def account(stack):
    """(name, password) of the user whose desktop is shared."""
    return stack.make_user("kim", full_name="Kim Beispiel")


@pytest.fixture
def user(stack, account):
    """A REST client, signed in as that user."""
    return stack.rest(*account)


@pytest.fixture(scope="session")
def _first_session(stack, account):
    return stack.ready_session(stack.rest(*account))


@pytest.fixture
def session(stack, user, _first_session):
    """That user's session on “demo”, ready. The guest is shared: leave it as you found it."""
    return stack.ready_session(user)


@pytest.fixture
def guest(stack, session):
    """The shared guest from behind: run(), run_in_session(), screenshot(), uptime(), pid()."""
    return stack.guest(session)

# SPDX-License-Identifier: GPL-3.0-or-later
"""oriel-viewer's windows before there is a desktop: by keys alone, in small windows, at a kiosk. No guest is started."""

import pytest

import screen
from harness import paths
from harness.stack import Stack
from harness.wait import wait_for
from seat import Seat

WINDOW = {"window_class": "oriel"}


@pytest.fixture(scope="module")
def broker():
    """Host and broker, and nothing that could be opened."""
    with Stack() as running:
        running.start()
        yield running


@pytest.fixture(scope="module")
def person(broker):
    return broker.make_user("kim", full_name="Kim Beispiel")


@pytest.fixture
def seat():
    with Seat(900, 700) as place:
        yield place


def start(seat, broker, *arguments):
    process = seat.start([paths.program("oriel-viewer"), "--accept-fingerprint", broker.fingerprint(), *arguments], "viewer")
    seat.wait_window(**WINDOW)
    return process


def says(seat, words, what):
    wait_for(lambda: words.lower() in screen.text(seat.picture()).lower(), 30, what, 0.3)


def remembered(seat):
    path = seat.folder / "config" / "oriel" / "viewer.conf"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_by_keys_alone(broker, person, seat):
    start(seat, broker)
    says(seat, "Sign in to your desktop", "the sign-in is there")
    seat.type(f"{broker.address}\n{person[0]}\ncertainly-wrong-1\n")
    says(seat, "password is not right", "the refusal is said in the viewer's words")
    seat.type(f"{person[1]}\n")
    says(seat, "no desktop for you", "the empty list is shown")
    seat.key("F10")
    says(seat, "About Oriel", "F10 opens the menu")
    seat.key("Escape")
    wait_for(lambda: "About Oriel" not in screen.text(seat.picture()), 30, "Escape closes it", 0.3)
    kept = remembered(seat)
    assert broker.address in kept and person[0] in kept
    assert person[1] not in kept


def test_a_low_screen_scrolls_to_the_focus(broker):
    with Seat(640, 400) as low:
        start(low, broker)
        says(low, "Sign in to your desktop", "the sign-in is there")
        window = low.wait_window(**WINDOW)
        low.resize(window, 600, 380)
        wait_for(lambda: low.geometry(window)[3] <= 380, 20, "the window is as low as the screen")
        low.type(f"{broker.address}\nnobody\n")
        wait_for(lambda: "Password" in screen.text(low.picture()), 20, "what has the focus is seen", 0.3)


def test_escape_leaves_the_question(broker, seat):
    """A certificate that is asked about is not trusted by whoever wants to get away."""
    wrong = ":".join(["AB"] * 32)
    seat.start([paths.program("oriel-viewer"), "--accept-fingerprint", wrong], "viewer")
    seat.wait_window(**WINDOW)
    says(seat, "Sign in to your desktop", "the sign-in is there")
    seat.type(f"{broker.address}\nnobody\nnothing-at-all\n")
    says(seat, "certificate", "the certificate is a question")
    seat.key("Escape")
    says(seat, "Sign in to your desktop", "the sign-in is back")
    assert not (seat.folder / "config" / "oriel" / "known-brokers").exists()


def test_a_kiosk_forgets_who_was_there(broker, person, seat):
    start(seat, broker, "--kiosk", f"oriel://{broker.address}")
    says(seat, "User name", "the sign-in is there")
    seat.type(f"{person[0]}\n{person[1]}\n")
    says(seat, "no desktop for you", "the empty list is shown")
    assert person[0] not in remembered(seat)
    seat.key("Tab")  # from "Look again" to "Sign out"
    seat.key("space")
    says(seat, "User name", "the sign-in is back")
    assert person[0] not in screen.text(seat.picture())

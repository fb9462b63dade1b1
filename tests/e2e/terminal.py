# SPDX-License-Identifier: GPL-3.0-or-later
"""A terminal in the guest, in a known place, that takes what is typed."""

from harness.wait import wait_for

COMMAND = ("rm -f ~/.ready; pkill -x xterm; "
           "setsid xterm -title Typing -geometry 60x12+40+40 -fa 'DejaVu Sans Mono' -fs 14 "
           "-e sh -c 'touch ~/.ready; exec bash' </dev/null >/dev/null 2>&1 &")
# Its window is the active one: "_NET_ACTIVE_WINDOW(WINDOW): window id # 0x…", and that one has the title.
ACTIVE = "xprop -id $(xprop -root _NET_ACTIVE_WINDOW | sed 's/.*# //') WM_NAME; test -e ~/.ready && echo ready"
INSIDE = (200, 150)  # a place inside, in the guest's pixels


def open_terminal(guest):
    """Returns when a fresh terminal has the keyboard and its shell has started."""
    guest.run_in_session(COMMAND)

    def stands():
        told = guest.run_in_session(ACTIVE, check=False)
        return "Typing" in told and "ready" in told
    wait_for(stands, 60, "a terminal that takes keys", 0.3)

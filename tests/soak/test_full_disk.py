# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's disk fills while real guests write to it: they stand still, lose nothing, and go on when there is room."""

import signal
import subprocess

import pytest

from harness import clones
from harness.stack import Stack
from harness.wait import wait_for

# oriel-host, in a namespace where its desktops lie on a file system of their own.
SMALL = 'mkdir -p "$0" && mount -t tmpfs -o "size=$1" none "$0" && shift && exec "$@"'
WRITE = ("rm -f /run/written; (head -c 160M /dev/urandom | tee /var/tmp/much | sha256sum > /run/sum; sync; "
         "echo 3 > /proc/sys/vm/drop_caches; sha256sum < /var/tmp/much > /run/read; touch /run/written) > /dev/null 2>&1 &")


@pytest.fixture(name="stack")
def stack_fixture():
    with Stack() as stack:
        desktops = str(stack.state_dir / "desktops")
        with open(stack.folder / "host.conf", "a", encoding="utf-8") as config:
            config.write("disk-reserve=64\n")
        stack.prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL, desktops, "128m"]
        stack.start()
        stack.import_image()
        stack.make_pool(start="clone")
        stack.ready_template()
        yield stack


def paused(client, session, wanted):
    """The session, once it is paused or is not."""
    def look():
        now = client.get(f"sessions/{session['id']}?wait=20&state={session['state']}&paused={int(not wanted)}")
        assert now["state"] == "ready", now
        return now["paused"] == wanted and now
    return wait_for(look, clones.SECONDS, f"paused: {wanted}")


def in_namespace(process, *command):
    return ["nsenter", "--target", str(process), "--user", "--mount", "--preserve-credentials", *command]


def test_a_disk_that_fills_while_a_guest_writes(stack):
    client = stack.rest(*stack.make_user())
    session = stack.ready_session(client)
    guest = stack.guest(session)
    guest.run(WRITE)
    found = paused(client, session, True)
    assert "disk is full" in found["reason"]
    assert guest.monitor("query-status")["status"] == "io-error"
    assert found["reason"] in [item["text"] for item in client.get(f"sessions/{session['id']}/why")["items"]]
    # New ones are refused, and told why.
    other = stack.rest(*stack.make_user())
    with pytest.raises(Exception, match="disk"):
        other.post("sessions", {"pool": "demo"})
    # The next host finds it so, too.
    qemu = guest.pid("qemu")
    stack.prefix = in_namespace(qemu)
    stack.stop("host", signal.SIGKILL)
    stack.start_host()
    wait_for(lambda: stack.admin.get("hosts")["items"][0]["state"] == "up", 60, "the broker has its host again")
    assert paused(client, session, True) and guest.pid("qemu") == qemu
    subprocess.run(in_namespace(qemu, "mount", "-o", "remount,size=640m", stack.state_dir / "desktops"), check=True)
    paused(client, session, False)
    wait_for(lambda: guest.file_exists("/run/written"), clones.SECONDS, "all is written", 1)
    assert guest.run("cat /run/sum") == guest.run("cat /run/read"), "something was lost"
    assert stack.ready_session(other)["state"] == "ready"

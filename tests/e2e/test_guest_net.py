# SPDX-License-Identifier: GPL-3.0-or-later
"""A real guest's way out: what it downloads, how fast at most, what stays closed, and what becomes of it when oriel-net dies.
Its oriel-net runs in a little internet of its own (net_world.py), so that no other network is needed."""

import hashlib
import pathlib
import shlex
import signal
import sys
import time

import pytest

from harness import clones, paths
from harness.processes import kill
from harness.wait import wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import net_world  # noqa: E402  pylint: disable=wrong-import-position

MBIT = 125000
BURST = 60000  # for 20 Mbit a second: 20 ms of it, and the frames' headers of what is counted here

# Asks for so many bytes and says the sum of what comes (perl is what every guest of ours has). It gives up in time: a clone
# gets its own address just after it is ready, and what was connected until then may stand still for long.
DOWNLOAD = """
use IO::Socket::INET; use Digest::MD5;
alarm $ARGV[3];
my $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 10) or die "no connection: $!\\n";
print $socket "$ARGV[2]\\n"; $socket->flush; print Digest::MD5->new->addfile($socket)->hexdigest;
"""


@pytest.fixture(name="outward", scope="module")
def outward_fixture(stack):
    """The stack, with a host that lets its guests out into the little internet."""
    program = stack.folder / "net-in-its-world"
    command = ["unshare", "--user", "--map-root-user", "--net", "--mount", sys.executable, net_world.__file__, paths.program("oriel-net")]
    program.write_text(f"#!/bin/sh\nexec {shlex.join(command)} \"$@\"\n", encoding="utf-8")
    program.chmod(0o700)
    more = stack.folder / "host.conf.d"
    more.mkdir(exist_ok=True)
    (more / "net.conf").write_text(f"[host]\nnetwork=nat\nnet-program={program}\n", encoding="utf-8")
    stack.stop("host")
    stack.start_host()
    yield stack
    (more / "net.conf").unlink()
    stack.stop("host")
    stack.start_host()


def download(guest, count, address=net_world.OUTSIDE, seconds=20):
    script = shlex.quote(DOWNLOAD)
    return guest.run(f"perl -e {script} {address} {net_world.SOURCE} {count} {seconds} 2>&1", seconds=seconds + 100, check=False)


def expected(count):
    return hashlib.md5(net_world.pattern(count)).hexdigest()


def test_a_guest_gets_out_within_its_rate(outward):
    api = clones.watch(outward)
    templates = [item["name"] for item in api.now("template.list")["items"] if (item["image"], item["state"]) == ("demo", "ready")]
    item = clones.clone(api, template=templates[0], limits={"net_mbps": 20})
    guest = outward.guest(item["id"])
    wait_for(lambda: download(guest, 100) == expected(100), 240, "the guest has its network")
    before, began = api.call("desktop.get", desktop=item["id"])["network"], time.monotonic()
    assert download(guest, 5000000, seconds=200) == expected(5000000)
    after = api.call("desktop.get", desktop=item["id"])["network"]
    carried = after["received_bytes"] - before["received_bytes"]
    assert 5000000 < carried <= BURST + 20 * MBIT * (time.monotonic() - began)
    assert after["sent_bytes"] > before["sent_bytes"]
    # What is called its gateway is not this world's loopback.
    assert "no connection" in download(guest, 100, "10.0.2.2")
    # Another oriel-net: the guest keeps its address, and notices nothing but what it had open.
    kill(guest.pid("net"), signal.SIGKILL)
    wait_for(lambda: download(guest, 100) == expected(100), 240, "the guest has its network again")
    assert api.call("desktop.get", desktop=item["id"])["network"]["restarts"] == 1
    api.call("desktop.delete", desktop=item["id"])
    api.close()

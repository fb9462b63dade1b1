# SPDX-License-Identifier: GPL-3.0-or-later
"""Clones of a real guest, by the host's API alone."""

import signal
import time
import uuid

from .host_api import Api
from .wait import wait_for

# A guest without KVM, beside compilers, takes its time.
SECONDS = 900
SHAPE = {"cpus": 2, "memory_mib": 1024, "width": 1280, "height": 800}


def watch(stack):
    api = Api(stack.socket, SECONDS)
    api.call("watch")
    return api


def make_template(api, name="warm", image="demo"):
    """The template, made if it is not there."""
    item = api.now("template.make", name=name, image=image, **SHAPE)
    if item["state"] not in ("ready", "failed"):
        item = api.until_state("template", name, "ready", "failed")
    assert item["state"] == "ready", item
    return item


def ready_template(stack, name="warm", image="demo"):
    """The same, asked for on a connection of its own."""
    api = watch(stack)
    item = make_template(api, name, image)
    api.close()
    return item


def settled(api, desktop):
    """The desktop, when it is on its way to nothing any more."""
    states = ("ready", "failed", "stopped", "suspended")
    item = api.now("desktop.get", desktop=desktop)
    return item if item["state"] in states else api.until_state("desktop", desktop, *states)


def clone(api, desktop=None, template="warm", **more):
    """A clone that is ready."""
    desktop = desktop or str(uuid.uuid4())
    api.call("desktop.create", desktop=desktop, name="Clone", template=template, **more)
    item = settled(api, desktop)
    assert (item["state"], item["origin"], item["notes"]) == ("ready", "clone", []), item
    return item


def die_at(stack, point, act):
    """A host kills itself at that point (host/agent/fault-point.c) of what act(api) asks for; then the next host is up."""
    stack.stop("host")
    stack.environment["ORIEL_HOST_DIES_AT"] = point
    stack.start_host()
    api = watch(stack)
    try:
        act(api)
    except (ConnectionError, TimeoutError, TypeError, AttributeError):
        pass  # cut off, or told of the last step just before
    finally:
        api.close()
    status = stack.processes.pop("host").wait(60)
    del stack.environment["ORIEL_HOST_DIES_AT"]
    assert status == -signal.SIGKILL, status
    stack.start_host()


# In place of init: leaves a process that runs in the template already. It draws random numbers, from the file that it has
# open and from the system call, as soon as the machine it finds itself in has become another. (No double quotes.)
DRAW = ("exec q(/sbin/init) if fork; open U, q(</dev/urandom); sysread U, $x, 32; "
        "until ($n ne $o) { select undef, undef, undef, .02; open B, q(</proc/sys/kernel/random/boot_id); $n = <B>; $o ||= $n } "
        "sysread U, $x, 32; $y = q(.) x 32; syscall 318, $y, 32, 0; "
        "open O, q(>/run/drawn.new); print O unpack(q(H*), $_), $/ for $x, $y; close O; rename q(/run/drawn.new), q(/run/drawn)")
DRAWING = f'init=/usr/bin/perl -- -e "{DRAW}"'

FACTS = {
    "machine id": "cat /etc/machine-id",
    "boot id": "cat /proc/sys/kernel/random/boot_id",
    "hostname": "hostname",
    "MAC": "cat /sys/class/net/e*/address",
    "drawn from the open file": "sed -n 1p /run/drawn",
    "drawn by the system call": "sed -n 2p /run/drawn",
    "random numbers": "head -c 32 /dev/urandom | od -An -tx1",
    "SSH host key": "cat /etc/ssh/ssh_host_ed25519_key.pub",
}


def facts(guest):
    """What makes this guest itself; the random numbers first, as soon as may be."""
    drawn = guest.run(FACTS["random numbers"])
    wait_for(lambda: guest.file_exists("/run/drawn"), 60, "random numbers of the process that runs")
    found = {name: guest.run(command) for name, command in FACTS.items() if name not in ("random numbers", "SSH host key")}
    # Made after the desktop stands: nobody waits for it.
    key = guest.run(f"for i in $(seq 300); do [ -e /etc/ssh/ssh_host_ed25519_key.pub ] && break; sleep 0.2; done; {FACTS['SSH host key']}", seconds=120)
    clock = abs(float(guest.run("date +%s.%N")) - time.time())
    return {"random numbers": drawn, **found, "SSH host key": key}, clock

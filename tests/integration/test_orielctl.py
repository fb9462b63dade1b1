# SPDX-License-Identifier: GPL-3.0-or-later
"""orielctl against the real broker: what an administrator types, what it prints, and how it ends."""

import json
import pathlib
import signal
import stat
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from broker_support import with_fake_host  # noqa: E402  pylint: disable=wrong-import-position
from fake_host import FakeHost  # noqa: E402  pylint: disable=wrong-import-position
from harness import paths  # noqa: E402  pylint: disable=wrong-import-position
from harness.stack import Stack  # noqa: E402  pylint: disable=wrong-import-position
from harness.wait import wait_for  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(scope="module")
def stack():
    """A broker with a host that does what it is told, and orielctl signed in as the administrator."""
    with with_fake_host() as running:
        running.orielctl("login", running.address, "--user", "admin", "--password-stdin", "--accept-fingerprint",
                         running.fingerprint(), stdin=running.admin_password + "\n")
        wait_for(lambda: running.admin.get("hosts")["items"][0]["state"] == "up", 20, "the host is up")
        yield running


def said(stack, *words, **more):
    """What it printed as JSON."""
    return json.loads(stack.orielctl("--output=json", *words, **more).stdout)


def names(stack, noun):
    return [item["name"] for item in said(stack, noun, "list")]


def test_the_login_is_for_its_owner_alone(stack):
    kept = stack.folder / "ctl" / "oriel" / "orielctl"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert said(stack, "whoami")["name"] == "admin"


@pytest.mark.parametrize("spelling", ["{}", "oriel://{}", "https://{}/", " {} "])
def test_a_broker_is_the_same_however_it_is_spelled(stack, spelling):
    assert said(stack, "--broker", spelling.format(stack.address), "whoami")["name"] == "admin"


def test_a_login_is_shown_to_no_other_broker(stack):
    done = stack.orielctl("--broker", "localhost:1", "whoami", check=False)
    assert done.returncode == 1 and "not signed in to localhost:1" in done.stderr


def test_users(stack):
    stack.orielctl("user", "create", "ada", "--full-name", "Ada Lovelace", "--password-stdin", stdin="analytical-1\n")
    assert said(stack, "user", "show", "ada")["full_name"] == "Ada Lovelace"
    assert stack.rest("ada", "analytical-1").get("me")["name"] == "ada"
    stack.orielctl("user", "password", "ada", "--password-stdin", stdin="analytical-2\n")
    stack.rest("ada", "analytical-2")
    stack.orielctl("user", "set", "ada", "--disabled")
    assert said(stack, "user", "show", "ada")["disabled"] is True
    stack.orielctl("user", "delete", "ada")
    assert "ada" not in names(stack, "user")


def test_groups(stack):
    for name in ("bea", "carl"):
        stack.orielctl("user", "create", name, "--password-stdin", stdin="long-enough-1\n")
    stack.orielctl("group", "create", "students", "--member", "bea")
    stack.orielctl("group", "add", "students", "carl")
    assert said(stack, "group", "show", "students")["members"] == ["bea", "carl"]
    stack.orielctl("group", "remove", "students", "bea")
    assert said(stack, "group", "show", "students")["members"] == ["carl"]
    stack.orielctl("group", "delete", "students")
    assert names(stack, "group") == []


def test_pools_and_sessions(stack):
    stack.orielctl("pool", "create", "lab", "--title", "Lab desktop", "--image", "demo", "--cpus", "1", "--memory", "512",
                   "--maximum", "2", "--entitle", "everyone", "--on-logoff", "delete")
    pool = said(stack, "pool", "show", "lab")
    assert (pool["title"], pool["memory_mib"], pool["entitled"], pool["on_logoff"]) == ("Lab desktop", 512, ["everyone"], "delete")
    stack.orielctl("pool", "set", "lab", "--maximum", "3")
    assert said(stack, "pool", "show", "lab")["maximum"] == 3

    session = said(stack, "session", "create", "lab", "--no-wait")
    stack.host.change(session["desktop"], state="ready", step="ready", progress=100)
    wait_for(lambda: said(stack, "session", "show", session["id"])["state"] == "ready", 10, "the session is ready")
    assert stack.orielctl("session", "vv", session["id"]).stdout.startswith("[virt-viewer]\n")
    assert said(stack, "session", "why", session["id"])
    assert said(stack, "desktop", "show", session["desktop"])["state"] == "ready"
    stack.orielctl("session", "delete", session["id"])
    wait_for(lambda: said(stack, "desktop", "list") == [], 10, "the desktop is gone with its session")
    stack.orielctl("pool", "delete", "lab")


def test_pools_by_policy(stack):
    stack.orielctl("pool", "create", "clones", "--image", "demo", "--policy", "floating", "--cpu-limit", "150", "--spares", "1",
                   "--idle-suspend", "30", "--entitle", "everyone")
    pool = said(stack, "pool", "show", "clones")
    assert (pool["policy"], pool["start"], pool["spares"], pool["limits"]["cpu_percent"]) == ("floating", "clone", 1, 150)
    assert "limits.cpu_percent:" in stack.orielctl("pool", "show", "clones").stdout
    wait_for(lambda: said(stack, "template", "list"), 10, "the template is made")
    made = said(stack, "template", "make", "clones")
    assert made["state"] == "ready" and said(stack, "template", "show", made["name"])["image"] == "demo"
    mistyped = stack.orielctl("pool", "set", "clones", "--image", "other", check=False)
    assert mistyped.returncode == 1 and "import it first" in mistyped.stderr
    stack.admin.post("images", {"name": "other", "path": "/srv/other.qcow2"})
    stack.host.change_item("image", "other", state="ready", progress=100)
    stack.orielctl("pool", "set", "clones", "--image", "other")
    stack.orielctl("pool", "rollback", "clones")
    assert said(stack, "pool", "show", "clones")["image"] == "demo"
    stack.orielctl("pool", "delete", "clones")
    assert said(stack, "volume", "list") == []


def test_static_pools(stack):
    stack.orielctl("pool", "create", "shop", "--policy", "static", "--machine", "press=press.example:5900",
                   "--machine", "lathe=[::1]:5901,admin")
    press = {"name": "press", "vnc": "press.example:5900", "user": None, "has_password": False}
    lathe = {"name": "lathe", "vnc": "[::1]:5901", "user": "admin", "has_password": False}
    assert said(stack, "pool", "show", "shop")["machines"] == [press, lathe]
    stack.orielctl("pool", "machine-password", "shop", "lathe", "--password-stdin", stdin="knock knock\n")
    assert said(stack, "pool", "show", "shop")["machines"] == [press, {**lathe, "has_password": True}]
    done = stack.orielctl("pool", "machine-password", "shop", "saw", "--password-stdin", stdin="x\n", check=False)
    assert done.returncode == 1 and "no machine “saw”" in done.stderr
    done = stack.orielctl("pool", "set", "shop", "--machine", "press", check=False)
    assert done.returncode == 2 and "NAME=HOST:PORT" in done.stderr
    stack.orielctl("pool", "delete", "shop")


def import_while(stack, happens, *words):
    """What an import ended with, during which that happens."""
    helper = threading.Thread(target=lambda: (wait_for(lambda: "big" in stack.host.images, 20, "it begins"), happens()))
    helper.start()
    done = stack.orielctl(*words, check=False)
    helper.join(20)
    stack.orielctl("image", "delete", "big")
    return done


def test_an_import_shows_how_far_it_is(stack):
    def happens():
        stack.host.change_item("image", "big", progress=40)
        wait_for(lambda: len(stack.host.called("image.import")) == 1, 10, "it was asked for")
        stack.host.change_item("image", "big", state="ready", progress=100)
    stack.host.clear_calls()
    done = import_while(stack, happens, "image", "import", "big", "--path", "/srv/big.qcow2")
    assert done.returncode == 0 and "image big: ready." in done.stdout and "big: 0 % importing" in done.stderr


def test_an_import_that_nobody_waits_for_any_more_goes_on(stack):
    home = stack.folder / "ctl"
    environment = dict(stack.environment, HOME=str(home), XDG_CONFIG_HOME=str(home), ORIEL_BROKER=stack.address, LC_ALL="C.UTF-8")
    with subprocess.Popen([paths.program("orielctl"), "image", "import", "big", "--path", "/srv/big.qcow2"], stderr=subprocess.PIPE,
                          text=True, env=environment) as process:
        assert process.stderr.readline().startswith("big: 0 % importing")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 130 and "It goes on at the host; “orielctl image cancel big” stops it." in told
    assert stack.host.images["big"]["state"] == "importing"
    stack.orielctl("image", "cancel", "big")
    stack.orielctl("image", "delete", "big")


def test_an_import_that_is_cancelled(stack):
    done = import_while(stack, lambda: stack.orielctl("image", "cancel", "big"), "image", "import", "big", "--path", "/srv/big.qcow2")
    assert done.returncode == 1 and "cancelled" in done.stderr


def test_what_is_ready_cannot_be_cancelled(stack):
    done = stack.orielctl("image", "cancel", "demo", check=False)
    assert done.returncode == 1 and done.stderr == "orielctl: The image demo is ready: there is nothing to cancel.\n"
    assert said(stack, "image", "show", "demo")["state"] == "ready"


def test_an_image_is_built_by_a_recipe(stack, tmp_path):
    result = tmp_path / "out"
    result.mkdir()
    for name in ("disk.qcow2", "kernel", "initrd"):
        (result / name).write_text("x", encoding="utf-8")
    (result / "cmdline").write_text("root=/dev/vda quiet\n", encoding="utf-8")
    build = tmp_path / "build"
    build.write_text(f"#!/bin/sh\necho working\necho {result}\n", encoding="utf-8")
    build.chmod(0o755)
    stack.host.clear_calls()
    stack.orielctl("image", "build", "built", str(tmp_path), "--no-wait")
    assert stack.host.called("image.import") == [{"name": "built", "path": f"{result}/disk.qcow2", "kernel": f"{result}/kernel",
                                                  "initrd": f"{result}/initrd", "cmdline": "root=/dev/vda quiet"}]
    build.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    done = stack.orielctl("image", "build", "again", str(tmp_path), check=False)
    assert done.returncode == 1 and "code 3" in done.stderr
    done = stack.orielctl("image", "build", "again", str(result), check=False)
    assert done.returncode == 1 and "no recipe" in done.stderr
    stack.orielctl("image", "delete", "built")


def test_a_table_for_people(stack):
    lines = stack.orielctl("host", "list").stdout.splitlines()
    assert lines[0].split()[:2] == ["NAME", "STATE"] and lines[1].split()[:2] == ["local", "up"]
    assert {"FREE", "USED", "SHARED", "FIT"} <= set(lines[0].split())
    assert stack.orielctl("audit", "list").stdout.startswith("TIME")
    stack.host.change_item("image", "demo", size_bytes=5 << 20, state="ready")
    wait_for(lambda: "5.0 MiB" in stack.orielctl("image", "list").stdout.replace("\u00a0", " "), 10, "a size that people read")


@pytest.mark.parametrize("words,status", [
    (("user", "show", "nobody"), 1),
    (("pool", "create", "UPPER CASE"), 1),
    (("user", "show"), 2),
    (("user", "frob"), 2),
    (("frob",), 2),
    (("pool", "set", "lab", "--cpus", "two"), 2),
    (("--output=xml", "user", "list"), 2),
    ((), 2),
    (("--help",), 0),
    (("user", "--help"), 0),
    (("user", "create", "--help"), 0),
    (("--version",), 0),
])
def test_how_it_ends(stack, words, status):
    done = stack.orielctl(*words, check=False)
    assert done.returncode == status, done.stderr
    assert (status == 0 or words == ()) or (done.stderr.startswith("orielctl: ") and done.stderr.count("\n") == 1)


def test_another_certificate_is_refused(stack):
    known = stack.folder / "ctl" / "oriel" / "known-brokers"
    text = known.read_text(encoding="utf-8")
    with Stack() as other:  # another broker at an address that is trusted for this one's certificate
        other.host = FakeHost(other.socket).start()
        other.init_admin()
        other.start_broker()
        known.write_text(text.replace(stack.address, other.address), encoding="utf-8")
        done = stack.orielctl("--broker", other.address, "login", "--user", "admin", "--password-stdin",
                              stdin=other.admin_password + "\n", check=False)
        other.host.stop()
    known.write_text(text, encoding="utf-8")
    assert done.returncode == 1 and "certificate" in done.stderr.lower()

# SPDX-License-Identifier: GPL-3.0-or-later
"""data/quickstart, as a person runs it: from the checkout to a service that answers, and back."""

import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import tempfile
import threading

import pytest
from harness import paths
from harness.janitor import Janitor
from harness.processes import read_pid_file, start_time
from harness.rest import Rest
from harness.stack import free_port
from harness.wait import wait_for

SCRIPT = str(paths.TOP / "data/quickstart")
LONG = 1800


class Quickstart:
    """One installation in a folder of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="q", dir="/tmp"))
        self.janitor = Janitor(self.folder)
        self.port = free_port()

    def run(self, *arguments, seconds=LONG):
        """The finished process of data/quickstart."""
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith(("DISPLAY", "WAYLAND_", "ASAN_", "UBSAN_", "LSAN_"))}
        return subprocess.run([SCRIPT, "--dir", str(self.folder), *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds, check=False, env=environment)

    def start(self, *more):
        done = self.run("--no-viewer", "--port", str(self.port), *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def status(self):
        return json.loads(self.run("--status", "--json", seconds=30).stdout)

    def pids(self):
        return {name: read_pid_file(self.folder / "pid" / f"{name}.pid") for name in ("host", "broker")}


def _has_loopback6():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.fixture(scope="module")
def quickstart():
    """Started once, and gone afterwards whatever happens."""
    one = Quickstart()
    try:
        one.first = one.start()
        yield one
    finally:
        keep = paths.results()
        if keep:
            shutil.copytree(one.folder / "log", keep / "logs" / one.folder.name, dirs_exist_ok=True)
        one.janitor.finish()


def test_it_says_who_may_sign_in_where(quickstart):
    status = quickstart.status()
    assert set(status) == {"address", "fingerprint", "user", "password", "admin", "admin_password"}
    assert status["address"] == f"https://localhost:{quickstart.port}"
    assert len(status["fingerprint"].split(":")) == 32
    for value in status.values():
        assert value in quickstart.first.stdout


def test_localhost_is_reached_by_each_of_its_addresses(quickstart):
    for address in ["127.0.0.1"] + (["::1"] if _has_loopback6() else []):
        client = Rest(address, quickstart.port)
        assert client.call("GET", "/readyz", timeout=10).status == 200, address


def test_the_output_is_steps_and_notes(quickstart):
    for line in quickstart.first.stderr.splitlines():
        assert line.startswith(("==> ", "    ", "I: ")), line
    assert "added" not in quickstart.first.stderr


def test_the_passwords_are_for_the_caller_alone(quickstart):
    mode = os.stat(quickstart.folder / "credentials.json")
    assert stat.S_IMODE(mode.st_mode) == 0o600 and mode.st_uid == os.getuid()


def test_user_and_administrator_can_sign_in(quickstart):
    status = quickstart.status()
    client = Rest("127.0.0.1", quickstart.port)
    client.login(status["user"], status["password"])
    assert [pool["name"] for pool in client.get("pools")["items"]] == ["demo"]
    client.login(status["admin"], status["admin_password"])
    assert client.get("images/demo")["state"] == "ready"


def test_desktops_are_cloned_and_one_waits(quickstart):
    status = quickstart.status()
    admin = Rest("127.0.0.1", quickstart.port)
    admin.login(status["admin"], status["admin_password"])
    assert [template["state"] for template in admin.get("templates")["items"]] == ["ready"]
    wait_for(lambda: [item["state"] for item in admin.get("desktops")["items"] if item["spare"]] == ["ready"], LONG, "a spare waits")
    client = Rest("127.0.0.1", quickstart.port)
    client.login(status["user"], status["password"])
    session = client.post("sessions", {"pool": "demo"})
    assert session["state"] == "ready"
    assert admin.get(f"desktops/{session['desktop']}")["origin"] == "clone"


@pytest.mark.skipif(os.geteuid() != 0, reason="a user's daemons run as that user")
def test_the_daemons_are_not_root(quickstart):
    for name, pid in quickstart.pids().items():
        assert os.stat(f"/proc/{pid}").st_uid not in (0, None), name


def test_a_second_run_changes_nothing(quickstart):
    before, pids = quickstart.status(), quickstart.pids()
    quickstart.start()
    assert quickstart.status() == before
    assert quickstart.pids() == pids and all(pids.values())


def test_no_password_in_logs(quickstart):
    status = quickstart.status()
    for log in quickstart.folder.glob("log/*.log"):
        text = log.read_text(errors="replace")
        assert status["password"] not in text and status["admin_password"] not in text, log


def test_it_comes_back_after_its_programs_were_killed(quickstart):
    before = quickstart.status()
    for pid in quickstart.pids().values():
        os.kill(pid, 9)
    assert quickstart.run("--status", seconds=30).returncode == 3
    quickstart.start()
    assert quickstart.status() == before


def test_a_port_in_use_is_one_clear_line(quickstart):
    del quickstart  # it has installed what is checked before the port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = Quickstart()
        try:
            other.port = taken.getsockname()[1]
            done = other.run("--no-viewer", "--port", str(other.port))
        finally:
            other.janitor.finish()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"quickstart: port {other.port} is used by another program; choose another one with --port")


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "99999"], ["--port", "x"]])
def test_a_bad_port_is_refused(arguments):
    done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "a port is a number" in done.stderr


def test_a_path_too_long_for_sockets_is_refused():
    done = subprocess.run([SCRIPT, "--dir", "/tmp/" + "x" * 44], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "too long for sockets" in done.stderr


def test_help_and_wrong_usage():
    told = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, timeout=30, check=False)
    assert told.returncode == 0 and "--no-viewer" in told.stdout
    wrong = subprocess.run([SCRIPT, "--wrong"], capture_output=True, text=True, timeout=30, check=False)
    assert wrong.returncode == 2 and "Usage" in wrong.stderr and '"--wrong"' in wrong.stderr.splitlines()[-1]


class Onlooker:
    """Somebody whose page asks for the desktop again whenever it is away."""

    def __init__(self, quickstart):
        status = quickstart.status()
        self.client = Rest("127.0.0.1", quickstart.port)
        self.client.login(status["user"], status["password"])
        self.away = threading.Event()
        self.thread = threading.Thread(target=self._look)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.away.set()
        self.thread.join()

    def _look(self):
        while not self.away.wait(0.1):
            try:
                self.client.call("POST", "sessions", {"pool": "demo"}, timeout=5)
            except OSError:
                pass  # nobody answers any more


def test_stop_ends_everything(quickstart):
    """Also while somebody looks, and when the sign-in of the start is over, as it is after a night. Desktops sleep: see below."""
    pids = quickstart.pids()
    assert all(pids.values())
    (quickstart.folder / "ctl/oriel/orielctl").unlink()
    with Onlooker(quickstart):
        assert quickstart.run("--stop", seconds=120).returncode == 0
    assert not any(quickstart.pids().values())
    assert not any(start_time(pid) for pid in pids.values())
    assert quickstart.run("--stop", seconds=60).returncode == 0
    assert quickstart.run("--status", seconds=30).returncode == 3


def test_a_desktop_goes_on_where_it_was(quickstart):
    """Nobody waits for a boot after a stop."""
    quickstart.start()
    status = quickstart.status()
    client = Rest("127.0.0.1", quickstart.port)
    client.login(status["user"], status["password"])
    session = client.post("sessions", {"pool": "demo"})
    while session["state"] == "starting":
        session = client.get(f"sessions/{session['id']}?wait=30&state=starting")
    assert session["state"] == "ready", session
    admin = Rest("127.0.0.1", quickstart.port)
    admin.login(status["admin"], status["admin_password"])
    assert admin.get(f"desktops/{session['desktop']}")["origin"] == "resume"

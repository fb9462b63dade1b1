# SPDX-License-Identifier: GPL-3.0-or-later
"""A private oriel-host and oriel-broker, with all they keep in one folder that goes with the test run."""

import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile

from . import paths
from .guest import Guest
from .janitor import Janitor
from .processes import kill, write_pid_file
from .rest import Rest
from .wait import wait_for

# A guest without KVM, beside compilers, takes its time.
READY_SECONDS = 420


def free_port():
    """A TCP port on loopback that nobody has at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Stack:
    """host and broker of the build under test. Close it, or leave the block it is used in; the janitor does, otherwise."""

    def __init__(self, environment=None):
        # Short: a Unix socket's path ends at 107 bytes.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="o", dir="/tmp"))
        self.janitor = Janitor(self.folder)
        self.environment = dict(os.environ, **(environment or {}))
        self.processes = {}
        self.prefix = []  # in front of oriel-host's command: a namespace, say
        self.host_name, self.port = "127.0.0.1", free_port()
        self.run_dir, self.state_dir = self.folder / "run", self.folder / "host"
        self.socket = self.folder / "host.sock"
        self.admin_password = secrets.token_urlsafe(12)
        self.admin = self.rest()
        self._write_config()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return f"{self.host_name}:{self.port}"

    @property
    def url(self):
        return f"https://{self.address}"

    # The services

    def _write_config(self):
        (self.folder / "host.conf").write_text(
            f"[host]\nname=test\nstate-dir={self.state_dir}\nrun-dir={self.run_dir}\nsocket={self.socket}\n"
            f"display-program={paths.program('oriel-display')}\n", encoding="utf-8")
        (self.folder / "broker.conf").write_text(
            f"[broker]\nlisten={self.host_name}\nport={self.port}\nstate-dir={self.folder / 'broker'}\n"
            f"[hosts]\nlocal=unix:{self.socket}\n", encoding="utf-8")

    def log(self, service):
        """The path of a service's log: "host" or "broker"."""
        return self.folder / f"{service}.log"

    def _spawn(self, service, command):
        with open(self.log(service), "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env=self.environment, cwd="/", start_new_session=True)
        self.processes[service] = process
        write_pid_file(self.folder / f"{service}.pid", process.pid)
        return process

    def _expect_alive(self, service):
        if self.processes[service].poll() is not None:
            raise AssertionError(f"oriel-{service} ended with {self.processes[service].returncode}: "
                                 + self.log(service).read_text(errors="replace")[-2000:])

    def start_host(self):
        """Returns when the host's API answers."""
        command = [paths.program("oriel-host"), "--config", str(self.folder / "host.conf")]
        self._spawn("host", self.prefix + command + (["--allow-root"] if os.geteuid() == 0 else []))

        def answers():
            self._expect_alive("host")
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(self.socket))
                return True
        wait_for(answers, 30, "oriel-host listens")

    def start_broker(self):
        """Returns when the broker is ready (/readyz)."""
        self._spawn("broker", [paths.program("oriel-broker"), "--config", str(self.folder / "broker.conf")])

        def ready():
            self._expect_alive("broker")
            return self.admin.call("GET", "/readyz", timeout=5).status == 200
        wait_for(ready, 60, "oriel-broker is ready")

    def init_admin(self, name="admin"):
        subprocess.run([paths.program("oriel-broker"), "--config", str(self.folder / "broker.conf"), "--init-admin", name],
                       input=self.admin_password + "\n", text=True, check=True, timeout=60, env=self.environment)

    def start(self):
        """Everything up, and self.admin signed in."""
        self.start_host()
        self.init_admin()
        self.start_broker()
        self.admin.login("admin", self.admin_password)
        return self

    def stop(self, service, number=signal.SIGTERM):
        """Ends "host" or "broker" with a signal (SIGKILL is as good); returns when it is gone."""
        process = self.processes.pop(service)
        kill(process.pid, number)
        return process.wait(30)

    def close(self):
        """Ends everything, desktops included, and removes the folder; logs go to ORIEL_RESULTS."""
        for service in ("broker", "host"):
            if service in self.processes:
                self.stop(service)
        self._keep_logs()
        self.janitor.finish()

    def _keep_logs(self):
        if paths.results() is None:
            return
        target = paths.results() / "logs" / self.folder.name
        target.mkdir(parents=True, exist_ok=True)
        for log in [*self.folder.glob("*.log"), *self.folder.glob("host/desktops/*/*.log")]:
            shutil.copy(log, target / f"{log.parent.name[:8]}-{log.name}")

    # What one does with it

    def rest(self, name=None, password=None):
        """A REST client of its own; signed in when a name is given."""
        client = Rest(self.host_name, self.port)
        if name:
            client.login(name, password)
        return client

    def fingerprint(self):
        done = subprocess.run([paths.program("oriel-broker"), "--config", str(self.folder / "broker.conf"), "--fingerprint"],
                              capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    def make_user(self, name=None, **more):
        """A new user; returns (name, password)."""
        name = name or f"user-{secrets.token_hex(3)}"
        password = secrets.token_urlsafe(12)
        self.admin.post("users", {"name": name, "password": password, **more})
        return name, password

    def import_image(self, name="demo", cmdline=""):
        """The demo desktop's image, with more on its kernel's command line; returns when it is ready."""
        guest = paths.guest_image()
        self.admin.post("images", {
            "name": name, "path": str(guest / "disk.qcow2"), "kernel": str(guest / "kernel"),
            "initrd": str(guest / "initrd"), "cmdline": f"{(guest / 'cmdline').read_text(encoding='utf-8').strip()} {cmdline}".strip()})

        def ready():
            image = self.admin.get(f"images/{name}")
            assert image["state"] != "failed", image
            return image["state"] == "ready" and image
        return wait_for(ready, 180, f"the image {name} is imported", 0.2)

    def make_pool(self, name="demo", image="demo", **more):
        return self.admin.post("pools", {
            "name": name, "title": "Demo desktop", "kind": "desktop", "image": image, "cpus": 2,
            "memory_mib": 1024, "maximum": 4, "entitled": ["everyone"], "on_logoff": "keep", **more})

    def ready_template(self):
        """The one template there is, when it is made."""
        def ready():
            items = self.admin.get("templates")["items"]
            assert not items or items[0]["state"] != "failed", json.dumps(items[0])
            return items and items[0]["state"] == "ready" and items[0]
        return wait_for(ready, READY_SECONDS, "the template is made", 0.5)

    def ready_session(self, client, pool="demo"):
        """The session of whoever client is signed in as, when its desktop stands."""
        session = client.post("sessions", {"pool": pool})

        def ready():
            now = client.get(f"sessions/{session['id']}?wait=20&state=starting")
            assert now["state"] != "failed", json.dumps(now)
            return now["state"] == "ready" and now
        return wait_for(ready, READY_SECONDS, f"the desktop of {session['id']} stands")

    def guest(self, session):
        """The Guest of a session (or of a desktop's id)."""
        desktop = session["desktop"] if isinstance(session, dict) else session
        if isinstance(desktop, dict):
            desktop = desktop["id"]
        return Guest(desktop, self.run_dir / desktop, self.state_dir / "desktops" / desktop)

    def orielctl(self, *arguments, stdin="", check=True):
        """Runs orielctl with a home of its own; returns the finished process."""
        home = self.folder / "ctl"
        home.mkdir(exist_ok=True)
        environment = dict(self.environment, HOME=str(home), XDG_CONFIG_HOME=str(home), ORIEL_BROKER=self.address)
        return subprocess.run([paths.program("orielctl"), *arguments], input=stdin, capture_output=True,
                              text=True, check=check, timeout=120, env=environment)

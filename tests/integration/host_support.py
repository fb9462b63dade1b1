# SPDX-License-Identifier: GPL-3.0-or-later
"""A private oriel-host with real QEMU, a stand-in for oriel-display, and a client of its API."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import paths  # noqa: E402
from harness.host_api import DEADLINE, Api, ApiError  # noqa: E402,F401
from harness.janitor import Janitor  # noqa: E402
from harness.processes import read_pid_file, start_time, write_pid_file  # noqa: E402,F401
from harness.wait import wait_for  # noqa: E402

FAKE_DISPLAY = pathlib.Path(__file__).resolve().with_name("fake_display.py")


class Host:
    """The host's process and folders. Close it, or the janitor does."""

    def __init__(self, prefix=(), **config):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="o", dir="/tmp"))
        self.janitor = Janitor(self.folder)
        self.prefix = list(prefix)
        self.state, self.run, self.socket = self.folder / "s", self.folder / "r", self.folder / "h.sock"
        self.process = None
        self.environment = dict(os.environ)
        self.configure(**config)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def configure(self, **config):
        values = {"display-program": FAKE_DISPLAY, "agent-wait": 1}
        values.update({key.replace("_", "-"): value for key, value in config.items()})
        lines = "".join(f"{key}={value}\n" for key, value in values.items())
        (self.folder / "host.conf").write_text(f"[host]\n{lines}", encoding="utf-8")

    @property
    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def command(self):
        command = [paths.program("oriel-host"), "--config", str(self.folder / "host.conf"), "--state-dir",
                   str(self.state), "--run-dir", str(self.run), "--socket", str(self.socket)]
        return command + (["--allow-root"] if os.geteuid() == 0 else [])

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.prefix + self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd="/", start_new_session=True, env=self.environment)
        write_pid_file(self.folder / "host.pid", self.process.pid)

        def answers():
            assert self.process.poll() is None, self.log
            self.api().close()
            return True
        wait_for(answers, DEADLINE, "oriel-host listens", 0.01)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def close(self):
        if self.process.poll() is None:
            status = self.stop()
            assert status == 0, f"oriel-host ended with {status}: {self.log}"
        self.janitor.finish()

    def api(self):
        return Api(self.socket)

    def watch(self):
        api = self.api()
        api.call("watch")
        return api

    def pid(self, desktop, what):
        return read_pid_file(self.run / desktop / f"{what}.pid")

    # What most tests begin with

    def simulate(self, *rules, version="1"):
        """How the machines of provider=simulated behave from now on."""
        path = self.folder / "script.json"
        path.with_suffix(".new").write_text(json.dumps({"version": version, "rules": rules}), encoding="utf-8")
        path.with_suffix(".new").rename(path)
        return path

    def disk(self, name="t.qcow2", megabytes=64):
        """An empty qcow2: SeaBIOS finds nothing to boot on it and waits."""
        path = self.folder / name
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, f"{megabytes}M"], check=True)
        return path

    def import_image(self, name="t", path=None, **more):
        api = self.watch()
        api.call("image.import", name=name, path=str(path or self.disk()), **more)
        image = api.until_state("image", name, "ready", "failed")
        api.close()
        return image

    def create(self, api, image="t", **more):
        """A desktop that is being started."""
        args = {"desktop": str(uuid.uuid4()), "name": "Anna", "cpus": 1, "memory_mib": 64, "width": 1280, "height": 800}
        return api.call("desktop.create", **{**args, "image": image, **more})["id"]

    def ready_desktop(self, api):
        """api watches."""
        desktop = self.create(api)
        item = api.until_state("desktop", desktop, "ready", "failed")
        assert item["state"] == "ready", item
        return desktop

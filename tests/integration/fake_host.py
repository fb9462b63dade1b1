# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's API of which a test says how it behaves: for what a real host does not do on demand."""

import json
import os
import socket
import threading


class FakeHost:
    """Listens at path. Desktops and images are dicts that a test may change; calls are kept in .calls."""

    def __init__(self, path):
        self.path = str(path)
        self.desktops = {}
        self.images = {"demo": {"name": "demo", "title": "Demo", "state": "ready"}}
        self.calls = []
        self.create_error = None    # {"type":…, "message":…}: desktop.create is answered with it
        self.lose_creates = False   # desktop.create is taken and never answered
        self.lock = threading.Lock()
        self.connections = set()
        self.listener = None
        self.thread = None

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._accept, args=(self.listener,), daemon=True)
        self.thread.start()
        return self

    def stop(self):
        """Like a host that was killed: connections break; what it had stays in .desktops."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in self.connections:
                connection.shutdown(socket.SHUT_RDWR)
            self.connections.clear()
        self.thread.join(5)

    def called(self, name):
        """The arguments of each such call so far."""
        with self.lock:
            return [args for call, args in self.calls if call == name]

    def change(self, desktop, **fields):
        """Changes a desktop and tells who watches."""
        with self.lock:
            self.desktops[desktop].update(fields)
            self._tell({"event": "desktop.changed", "desktop": self.desktops[desktop]})

    def lose(self, desktop):
        with self.lock:
            del self.desktops[desktop]
            self._tell({"event": "desktop.deleted", "id": desktop})

    def _tell(self, message):
        line = json.dumps(message).encode() + b"\n"
        for connection in list(self.connections):
            try:
                connection.sendall(line)
            except OSError:
                self.connections.discard(connection)

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.lock:
            self.connections.add(connection)
        try:
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    call = json.loads(line)
                    with self.lock:
                        self.calls.append((call["call"], call.get("args") or {}))
                        answer = self._answer(call["call"], call.get("args") or {})
                        if answer is not None:
                            connection.sendall(json.dumps({"id": call["id"], **answer}).encode() + b"\n")
        except (OSError, ValueError):
            pass
        with self.lock:
            self.connections.discard(connection)

    def _answer(self, call, args):
        if call == "host.info":
            return {"result": {"name": "fake", "memory_mib": 8192, "memory_free_mib": 8192, "cpus": 2}}
        if call == "watch":
            return {"result": {"desktops": list(self.desktops.values()), "images": list(self.images.values())}}
        if call == "desktop.create":
            return self._create(args)
        if call == "desktop.delete":
            if self.desktops.pop(args["desktop"], None):
                self._tell({"event": "desktop.deleted", "id": args["desktop"]})
            return {"result": {}}
        if call in ("desktop.start", "desktop.stop"):
            desktop = self.desktops[args["desktop"]]
            desktop["state"] = "starting" if call == "desktop.start" else "stopped"
            self._tell({"event": "desktop.changed", "desktop": desktop})
            return {"result": desktop}
        return {"error": {"type": "invalid", "message": f"There is no call “{call}”."}}

    def _create(self, args):
        if self.lose_creates:
            return None
        if self.create_error:
            return {"error": self.create_error}
        desktop = self.desktops.setdefault(args["desktop"], {
            "id": args["desktop"], "name": args["name"], "image": args["image"], "state": "starting",
            "step": "disk", "step_text": "Making the disk", "progress": 5})
        self._tell({"event": "desktop.changed", "desktop": desktop})
        return {"result": desktop}

# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's API of which a test says how it behaves: for what a real host does not do on demand."""

import json
import os
import socket
import threading

STATS = {"frames": 7, "width": 1280, "height": 800, "bytes": 4321, "updates": 6, "merged": 1, "encode_us": 2500000,
         "network": {"sent_bytes": 11, "received_bytes": 22},
         "vnc_clients": 1, "spice_clients": 1, "vnc": [{"protocol": "vnc", "encoding": "tight", "bytes": 4000}],
         "spice": [{"protocol": "spice", "bytes": 321}], "name": "not for everybody"}


class FakeHost:
    """Listens at path. Desktops and images are dicts that a test may change; calls are kept in .calls."""

    def __init__(self, path):
        self.path = str(path)
        self.calls = []
        self.lock = threading.Lock()
        self.connections = set()
        self.listener = None
        self.thread = None
        self.reset()

    def reset(self):
        """Nothing there but the image “demo”, and everything works."""
        self.desktops = {}
        self.images = {"demo": {"name": "demo", "title": "Demo", "state": "ready"}}
        self.templates = {}
        self.volumes = {}
        self.info = {}              # over what host.info says
        self.holds = None           # so many desktops fit in all
        self.clones = True          # False: like a host that knows no templates
        self.homes = True           # False: volumes are taken for nothing, as a host does that knows none
        self.auto_ready = False     # a desktop is ready as soon as it is made, started or resumed
        self.auto_templates = True  # a template is ready as soon as it is made
        self.errors = {}            # call → {"type":…, "message":…}: it is answered with it
        self.lose = set()           # calls that are carried out and never answered
        self.create_error = None    # {"type":…, "message":…}: desktop.create is answered with it
        self.lose_creates = False   # desktop.create is taken and never answered
        self.calls.clear()

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

    def restart(self):
        """Ends and comes back: what it says of itself is read again."""
        self.stop()
        self.start()

    def called(self, name):
        """The arguments of each such call so far."""
        with self.lock:
            return [args for call, args in self.calls if call == name]

    def change(self, desktop, **fields):
        """Changes a desktop and tells who watches."""
        with self.lock:
            self.desktops[desktop].update(fields)
            self._tell({"event": "desktop.changed", "desktop": self.desktops[desktop]})

    def drop(self, desktop):
        with self.lock:
            self._free_volumes(desktop)
            del self.desktops[desktop]
            self._tell({"event": "desktop.deleted", "id": desktop})

    def change_item(self, noun, name, **fields):
        """Changes an image, template or volume and tells who watches."""
        with self.lock:
            item = getattr(self, noun + "s").setdefault(name, {"name": name})
            item.update(fields)
            self._tell({"event": f"{noun}.changed", noun: item})

    def clear_calls(self):
        with self.lock:
            self.calls.clear()

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
        if call in self.errors:
            return {"error": self.errors[call]}
        handler = getattr(self, "_" + call.replace(".", "_"), None)
        if handler is None or (not self.clones and call.startswith(("template.", "volume."))):
            return {"error": {"type": "invalid", "message": f"There is no call “{call}”."}}
        answer = handler(args)
        return None if call in self.lose else answer

    def _host_info(self, _):
        if self.holds is not None:
            self.info["desktops_fit"] = max(self.holds - len(self.desktops), 0)
        return {"result": {"name": "fake", "memory_mib": 8192, "memory_free_mib": 8192, "cpus": 2, "machines": True,
                           **self.info}}

    def _watch(self, _):
        told = {"desktops": list(self.desktops.values()), "images": list(self.images.values())}
        if self.clones:
            told |= {"templates": list(self.templates.values()), "volumes": list(self.volumes.values())}
        return {"result": told}

    # Images

    def _image_import(self, args):
        image = self.images.setdefault(args["name"], {"name": args["name"], "title": args.get("title", args["name"]),
                                                      "state": "importing", "progress": 0, "path": args["path"]})
        self._tell({"event": "image.changed", "image": image})
        return {"result": image}

    def _image_cancel(self, args):
        image = self.images[args["name"]]
        if image["state"] == "importing":
            image.update(state="failed", reason="The import was cancelled.")
            self._tell({"event": "image.changed", "image": image})
        return {"result": image}

    def _image_delete(self, args):
        if any(template["image"] == args["name"] for template in self.templates.values()):
            return {"error": {"type": "refused", "message": "A template stands on this image."}}
        if self.images.pop(args["name"], None):
            self._tell({"event": "image.deleted", "name": args["name"]})
        return {"result": {}}

    # Templates

    def _template_make(self, args):
        template = self.templates.get(args["name"])
        if template is None or template["state"] == "failed":
            template = {**args, "state": "making", "progress": 0, "reason": None, "desktops": 0}
            self.templates[args["name"]] = template
            if self.auto_templates:
                template.update(state="ready", progress=100)
            self._tell({"event": "template.changed", "template": template})
        return {"result": template}

    def _template_cancel(self, args):
        template = self.templates[args["name"]]
        if template["state"] == "making":
            template.update(state="failed", reason="The making was cancelled.")
            self._tell({"event": "template.changed", "template": template})
        return {"result": template}

    def _template_delete(self, args):
        if self.templates.pop(args["name"], None):
            self._tell({"event": "template.deleted", "name": args["name"]})
        return {"result": {}}

    # Volumes

    def _volume_delete(self, args):
        if self.volumes.get(args["volume"], {}).get("desktop"):
            return {"error": {"type": "refused", "message": "A desktop has this volume."}}
        if self.volumes.pop(args["volume"], None):
            self._tell({"event": "volume.deleted", "id": args["volume"]})
        return {"result": {}}

    def _free_volumes(self, desktop):
        for volume in self.volumes.values():
            if volume["desktop"] == desktop:
                volume["desktop"] = None
                self._tell({"event": "volume.changed", "volume": volume})

    def _take_volumes(self, args):
        """None, or the error of a volume that another desktop has."""
        for wanted in args.get("volumes", []):
            volume = self.volumes.setdefault(wanted["volume"], {
                "id": wanted["volume"], "size_mib": wanted["size_mib"], "used_bytes": 0, "desktop": None})
            if volume["desktop"] not in (None, args["desktop"]):
                return {"error": {"type": "refused", "message": "Another desktop has this volume."}}
            volume["desktop"] = args["desktop"]
            self._tell({"event": "volume.changed", "volume": volume})
        return None

    # Desktops

    def _desktop_stats(self, _):
        return {"result": dict(STATS)}

    def _desktop_create(self, args):
        if self.lose_creates:
            return None
        if self.create_error:
            return {"error": self.create_error}
        if args["desktop"] not in self.desktops:
            error = self._take_volumes(args)
            if error:
                return error
        desktop = self.desktops.setdefault(args["desktop"], {
            "id": args["desktop"], "name": args["name"], "image": args.get("image", ""), "state": "starting",
            "step": "disk", "step_text": "Making the disk", "progress": 5, "template": args.get("template"),
            "vnc": args.get("machine", {}).get("vnc"),
            "origin": "clone" if args.get("template") else "cold", "notes": [], "timings": {},
            "volumes": [volume["volume"] for volume in args.get("volumes", [])] if self.homes else []})
        return self._began(desktop)

    def _began(self, desktop):
        if self.auto_ready and desktop["state"] == "starting":
            desktop.update(state="ready", step="ready", progress=100, timings={"disk": 20, "ready": 417})
        self._tell({"event": "desktop.changed", "desktop": desktop})
        return {"result": desktop}

    def _desktop_delete(self, args):
        if self.desktops.pop(args["desktop"], None):
            self._free_volumes(args["desktop"])
            self._tell({"event": "desktop.deleted", "id": args["desktop"]})
        return {"result": {}}

    def _desktop_start(self, args):
        desktop = self.desktops[args["desktop"]]
        desktop["state"] = "starting"
        return self._began(desktop)

    def _desktop_resume(self, args):
        desktop = self.desktops[args["desktop"]]
        desktop.update(state="starting", origin="resume", step="machine", step_text="Waking the desktop", progress=0)
        return self._began(desktop)

    def _desktop_stop(self, args):
        desktop = self.desktops[args["desktop"]]
        desktop["state"] = "stopped"
        return self._began(desktop)

    def _desktop_suspend(self, args):
        desktop = self.desktops[args["desktop"]]
        desktop["state"] = "suspended"
        return self._began(desktop)

# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of oriel-host's API: see ARCHITECTURE.md."""

import array
import json
import socket
import time

DEADLINE = 60


class ApiError(Exception):
    """The host's "error" answer."""

    def __init__(self, error):
        super().__init__(f"{error['type']}: {error['message']}")
        self.type, self.message = error["type"], error["message"]


class Api:
    """One connection to a host's API."""

    def __init__(self, path, seconds=DEADLINE):
        self.seconds = seconds
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(seconds)
        self.sock.connect(str(path))
        self.buffer, self.events, self.fds, self.last_id = b"", [], [], 0

    def close(self):
        self.sock.close()

    def read_line(self):
        """The next line as JSON; None at the end."""
        while b"\n" not in self.buffer:
            data, ancillary, _, _ = self.sock.recvmsg(65536, socket.CMSG_SPACE(16))
            for _, _, content in ancillary:
                numbers = array.array("i")
                numbers.frombytes(content[:len(content) - len(content) % numbers.itemsize])
                self.fds += numbers
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def send(self, call, **args):
        self.last_id += 1
        message = {"id": str(self.last_id), "call": call, "args": args}
        self.sock.sendall(json.dumps(message).encode() + b"\n")
        return str(self.last_id)

    def call(self, call, /, **args):
        identifier = self.send(call, **args)
        while (line := self.read_line()) is not None:
            if line.get("id") == identifier:
                if "error" in line:
                    raise ApiError(line["error"])
                return line["result"]
            self.events.append(line)
        raise ConnectionError("the host closed the connection")

    def now(self, call, /, **args):
        """The answer; what was told before it is forgotten."""
        result = self.call(call, **args)
        self.events.clear()
        return result

    def until(self, wanted):
        """The first event for which wanted is true; the passed ones are in self.events."""
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            event = self.events.pop(0) if self.events else self.read_line()
            if wanted(event):
                return event
        raise AssertionError("the event did not come")

    def until_state(self, kind, name, *states):
        """The image, template or desktop, when it has come to one of these states."""
        def there(event):
            item = event.get(kind)
            return item and name in (item.get("name"), item.get("id")) and item["state"] in states
        return self.until(there)[kind]

# SPDX-License-Identifier: GPL-3.0-or-later
"""A small REST client from the standard library."""

import http.client
import json
import ssl


class RestError(Exception):
    """The broker answered with an error; kind is the last part of the problem's type."""

    def __init__(self, answer):
        problem = answer.json if isinstance(answer.json, dict) else {}
        self.status, self.problem = answer.status, problem
        self.kind = str(problem.get("type", "")).rsplit("/", 1)[-1]
        super().__init__(f"{answer.status} {self.kind}: {problem.get('detail') or problem.get('title') or answer.body[:200]}")


class Answer:
    """One answer: status, headers (names in lower case), body (bytes) and json (or None)."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()
        try:
            self.json = json.loads(self.body) if self.body else None
        except ValueError:
            self.json = None


class Rest:
    """Calls to one broker. A connection for each call: nothing is left over when the broker is killed."""

    def __init__(self, host, port, ca=None, token=None):
        """ca: a PEM file to check the broker's certificate with; None trusts any."""
        self.host, self.port, self.token = host, port, token
        self.tls = ssl.create_default_context(cafile=ca)
        if ca is None:
            self.tls.check_hostname = False
            self.tls.verify_mode = ssl.CERT_NONE

    def call(self, method, path, body=None, headers=None, timeout=90):
        """The Answer, whatever its status. body: bytes, or something to send as JSON. OSError: nobody answers."""
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if path.startswith("/api") is False and not path.startswith(("/healthz", "/readyz", "/metrics")):
            path = "/api/v1/" + path.lstrip("/")
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)
        try:
            connection.request(method, path, body=body, headers=sent)
            return Answer(connection.getresponse())
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def ask(self, method, path, body=None, **more):
        """The JSON of a successful answer, or RestError."""
        answer = self.call(method, path, body, **more)
        if answer.status >= 400:
            raise RestError(answer)
        return answer.json

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, {} if body is None else body, **more)

    def patch(self, path, body, **more):
        return self.ask("PATCH", path, body, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def login(self, name, password):
        """Signs in; further calls carry the token. Returns what the broker said."""
        answer = self.post("login", {"username": name, "password": password})
        self.token = answer["token"]
        return answer

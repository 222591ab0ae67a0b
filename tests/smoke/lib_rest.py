# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""A client of the REST interface, as plain as they come.

    rest = Rest(8008)
    rest.get("/activeflows/ALL/pair/json")    # parsed JSON; the status must be 200
    rest.ask("PUT", "/flow/pair/json", "{keys:'ipsource',value:bytes}")   # (status, body)
"""

import http.client
import json

import lib_sandbox as sandbox


class Rest:
    def __init__(self, port=8008, headers=None):
        self.port = port
        self.headers = headers or {}
        self.check = None  # called with (method, path, status, type, body) of each answer

    def ask(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read().decode()
            if self.check is not None:
                self.check(method, path, answer.status, answer.getheader("Content-Type"), content)
            return answer.status, content
        finally:
            connection.close()

    def get(self, path, timeout=60):
        status, body = self.ask("GET", path, timeout=timeout)
        if status != 200:
            sandbox.fail(f"GET {path}: status {status}: {body}")
        return json.loads(body)

    def wait_ready(self):
        def ready():
            try:
                return self.ask("GET", "/weir/readyz")[0] == 200
            except OSError:
                return False
        sandbox.wait_until("HTTP is ready", ready, 30)

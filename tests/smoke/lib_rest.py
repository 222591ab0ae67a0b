# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""A client of the REST interface, as plain as they come. Every answer that it gets in any test must
be one that the OpenAPI document knows.

    rest = Rest(8008)
    rest.get("/activeflows/ALL/pair/json")    # parsed JSON; the status must be 200
    rest.ask("PUT", "/flow/pair/json", "{keys:'ipsource',value:bytes}")   # (status, body)
"""

import http.client
import json

import lib_sandbox as sandbox


TYPES = {"object": dict, "array": list, "number": (int, float), "integer": int, "string": str,
         "boolean": bool}


def mismatch(value, schema, where="answer"):
    """Why a value is not as the schema says, or None."""
    if "oneOf" in schema:
        found = [mismatch(value, s, where) for s in schema["oneOf"]]
        return None if found.count(None) == 1 else f"{where}: {found}"
    if value is None and schema.get("nullable"):
        return None
    kind = schema.get("type")
    if kind is None:
        return None
    if not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        return f"{where}: expected {kind}, got {value!r:.80}"
    if kind == "array":
        found = (mismatch(v, schema["items"], f"{where}[{i}]") for i, v in enumerate(value[:1000]))
        return next((f for f in found if f), None)
    if kind != "object":
        return None
    missing = [m for m in schema.get("required", ()) if m not in value]
    if missing:
        return f"{where}: without {missing}: {value!r:.200}"
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, v in value.items():
        rule = known.get(name, others)
        if rule is False:
            return f"{where}.{name} is not documented"
        found = mismatch(v, rule, f"{where}.{name}") if rule is not True else None
        if found:
            return found
    return None


def matches(pattern, path):
    pattern, path = pattern.split("/"), path.split("?")[0].split("/")
    return len(pattern) == len(path) and all(a == b or a[:1] == "{" for a, b in zip(pattern, path))


class Rest:
    documents = {}  # by port: all that a test starts there are of one build

    def __init__(self, port=8008, headers=None, documented=True):
        self.port = port
        self.headers = headers or {}
        self.documented = documented

    def document(self):
        """The OpenAPI document; None as long as it cannot be had."""
        if self.port not in self.documents:
            status, _, body = self.exchange("GET", "/weir/openapi.json", None, self.headers, 60)
            if status == 200:
                self.documents[self.port] = json.loads(body)
        return self.documents.get(self.port)

    def validate(self, method, path, status, kind, body):
        api = self.document()
        if api is None:
            return
        asked = f"{method} {path}: {status} {kind}: {body[:200]}"
        known = [o for p, o in api["paths"].items() if matches(p, path)]
        operation = next((o[method.lower()] for o in known if method.lower() in o), None)
        if operation is None:
            if status < 400:
                sandbox.fail(f"not in the OpenAPI document: {asked}")
            return
        response = operation["responses"].get(str(status), operation["responses"]["default"])
        content = response.get("content")
        if content is None or "*/*" in content:
            if content is None and body:
                sandbox.fail(f"no body is documented: {asked}")
            return
        media = (kind or "").split(";")[0]
        if media not in content:
            sandbox.fail(f"documented as {list(content)}: {asked}")
        value = json.loads(body) if media == "application/json" else body
        found = mismatch(value, content[media]["schema"])
        if found:
            sandbox.fail(f"not as documented: {found}: {asked}")

    def exchange(self, method, path, body, headers, timeout):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read().decode()
        finally:
            connection.close()

    def ask(self, method, path, body=None, headers=None, timeout=60):
        headers = {**self.headers, **(headers or {})}
        status, kind, content = self.exchange(method, path, body, headers, timeout)
        if self.documented:
            self.validate(method, path, status, kind, content)
        return status, content

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

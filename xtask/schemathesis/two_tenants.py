"""Makes two workspaces on a fresh platform, by its public API alone, and writes what schemathesis needs.

Usage: two_tenants.py URL CA LINK OUT, with the bootstrap code on standard input.

OUT gets `first.token` and `first.refresh` (the owner of the first workspace), `first.json` and `second.json` (ids of each workspace)
and `canary` (a text that only the second workspace's rows hold, and that no answer to the first may contain).
"""

import base64
import hashlib
import hmac
import json
import pathlib
import ssl
import struct
import sys
import time
import urllib.request

URL, CA, LINK, OUT = sys.argv[1:5]
CODE = sys.stdin.readline().strip()
OUT = pathlib.Path(OUT)
CONTEXT = ssl.create_default_context(cafile=CA)
PASSWORD = "a long sentence nobody guesses 1"
CANARY = "canary-of-the-second-workspace"


def call(method, path, body=None, token=None):
    """One request; returns the decoded answer, or stops with the problem."""
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("accept", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("content-type", "application/json")
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, context=CONTEXT, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as problem:
        sys.exit(f"{method} {path}: {problem.code} {problem.read().decode()}")


def totp(secret, step):
    """The code of RFC 6238 for one step."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Person:
    """A person with an authenticator app that never shows a step twice."""

    def __init__(self, email, link, code):
        self.email = email
        self.step = 0
        start = call("POST", "/v1/enrolments", {
            "link": link, "code": code, "email": email, "password": PASSWORD})
        self.secret = start["totp_secret"]
        done = call("POST", f"/v1/enrolments/{start['enrolment_id']}/confirm",
                    {"totp_code": self.code()})
        self.token, self.refresh = done["access_token"], done["refresh_token"]

    def code(self):
        step = int(time.time()) // 30
        while step <= self.step:
            time.sleep(0.5)
            step = int(time.time()) // 30
        self.step = step
        return totp(self.secret, step)

    def enter(self, workspace):
        tokens = call("POST", "/v1/sessions/current/workspace", {"workspace": workspace}, self.token)
        self.token, self.refresh = tokens["access_token"], tokens["refresh_token"]


def furnish(person, name, text):
    """A workspace with a project, an environment and a secret; returns their ids."""
    workspace = call("POST", "/v1/workspaces", {"name": name}, person.token)["id"]
    person.enter(workspace)
    project = call("POST", "/v1/projects", {"name": text}, person.token)["id"]
    listed = call("GET", f"/v1/projects/{project}/environments", token=person.token)
    environment = next(e["id"] for e in listed["items"] if e["name"] == "development")
    call("POST", f"/v1/projects/{project}/environments/{environment}/secrets",
         {"name": "API_TOKEN", "value_base64": base64.b64encode(text.encode()).decode()},
         person.token)
    return {"team": workspace, "workspace": workspace, "project": project,
            "environment": environment, "name": "API_TOKEN"}


first = Person("first@example.org", LINK, CODE)
ids = furnish(first, "first", "first-project")
invitation = call("POST", f"/v1/teams/{ids['team']}/members",
                  {"email": "second@example.org", "role": "viewer"}, first.token)
second = Person("second@example.org", invitation["id"], invitation["code"])
other = furnish(second, CANARY, CANARY)

OUT.mkdir(parents=True, exist_ok=True)
(OUT / "first.json").write_text(json.dumps(ids))
(OUT / "second.json").write_text(json.dumps(other))
(OUT / "canary").write_text(CANARY)
(OUT / "first.token").write_text(first.token)
(OUT / "first.refresh").write_text(first.refresh)

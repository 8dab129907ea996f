"""Keeps the session of the generated requests going: a sensitive act makes it move on to new tokens.

Reads `first.refresh` in the working folder and writes the next refresh token there.
"""

import json
import os
import pathlib
import ssl
import threading
import urllib.request

import schemathesis

CONTEXT = ssl.create_default_context(cafile=os.environ["CASEMATE_CA"])
KEPT = pathlib.Path("first.refresh")
LOCK = threading.Lock()
NEWEST = pathlib.Path("first.token").read_text()


def renewed():
    """The session's next access token. Where operations may end the session, the newest one again once it has ended;
    elsewhere an end is a fault, since requests without a session show nothing."""
    global NEWEST
    with LOCK:
        request = urllib.request.Request(os.environ["CASEMATE_URL"] + "/v1/sessions/refresh", method="POST")
        request.add_header("content-type", "application/json")
        request.data = json.dumps({"refresh_token": KEPT.read_text()}).encode()
        try:
            with urllib.request.urlopen(request, context=CONTEXT, timeout=30) as answer:
                tokens = json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            if "CASEMATE_SESSION_MAY_END" in os.environ:
                return NEWEST
            os.write(2, f"the session ended: {problem.read().decode()}\n".encode())
            os._exit(3)
        KEPT.write_text(tokens["refresh_token"])
        NEWEST = tokens["access_token"]
        return NEWEST


# Tokens of before a sensitive act end ten seconds after it.
@schemathesis.auth(refresh_interval=3)
class Session:
    """The bearer credential of every request."""

    def get(self, case, context):
        return renewed()

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"

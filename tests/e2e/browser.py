# SPDX-License-Identifier: Apache-2.0
"""A browser as the console's door sees it: HTTPS, cookies, one connection."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
from http.cookies import SimpleCookie

from harness import DEADLINE_S, until

PASSWORD = "correct horse battery"


class Browser:
    """Somebody with a browser, at an address of this machine."""

    def __init__(self, scene, address="127.0.0.1", language="en"):
        host, port = scene.overrides["gateway.console.listen"].rsplit(":", 1)
        self.host, self.port, self.address, self.language = host, int(port), address, language
        self.authority = scene.state / "console" / "authority.crt"
        self.cookies = {}
        self.connection = None

    def context(self):
        return ssl.create_default_context(cafile=self.authority)

    def connect(self):
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=DEADLINE_S, context=self.context(),
                                                 source_address=(self.address, 0))
        connection.connect()
        return connection

    def headers(self, **more):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Accept-Language": self.language, **({"Cookie": cookies} if cookies else {}), **more}

    def ask(self, method, path, body=None, connection=None, **headers):
        """Ask, and return the status, the headers and the body: as JSON where it is that."""
        own = connection or self.connect()
        if body is not None or method not in ("GET", "HEAD"):
            headers = {"Content-Type": "application/json", **headers}
            body = body if isinstance(body, (str, bytes)) else json.dumps({} if body is None else body)
        own.request(method, path, body, self.headers(**{k.replace("_", "-"): v for k, v in headers.items()}))
        answer = own.getresponse()
        read = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                assert morsel["secure"] and morsel["httponly"] and morsel["samesite"] == "Strict" and morsel["path"] == "/", line
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        if connection is None:
            own.close()
        is_json = "json" in (answer.headers.get("Content-Type") or "")
        return answer.status, answer.headers, json.loads(read) if is_json and read else read

    def get(self, path):
        status, _headers, body = self.ask("GET", path)
        assert status == 200, f"GET {path}: {status} {body}"
        return body

    def try_get(self, path):
        """What is there, or None while the console is away."""
        try:
            status, _headers, body = self.ask("GET", path)
        except (OSError, http.client.HTTPException):
            return None
        return body if status == 200 else None

    def sign_in(self, person, password=PASSWORD):
        return self.ask("POST", "/api/v1/session", {"id": person, "password": password})


def add_user(gateway, person, role, name=None, password=PASSWORD):
    return gateway.try_cli("user", "add", person, role, "--name", name or person, standard_input=password + "\n")


def metric(gateway, name):
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(DEADLINE_S)
        link.connect(str(gateway.socket))
        link.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = b"".join(iter(lambda: link.recv(65536), b"")).decode()
    found = re.search(rf"^tocsin_{name}(?:{{[^}}]*}})? (\S+)", text, re.MULTILINE)
    assert found, f"no {name} in {text[-3000:]}"
    return float(found[1])


def until_slowed(gateway, browser, person, password="not this one"):
    """Guess until one has to wait for its turn; what becomes of that one is not waited for."""
    def held_up():
        return metric(gateway, "console_sign_ins_held_up_total")

    def guess():
        with contextlib.suppress(OSError, http.client.HTTPException):
            browser.sign_in(person, password)

    before = held_up()
    while held_up() == before:
        trying = threading.Thread(target=guess, daemon=True)
        trying.start()
        until(lambda: held_up() > before or not trying.is_alive(), "an answer, or the guesser to be slowed")


def signed_in(scene, gateway, person, role, name=None, **browser):
    """A person of the house, and a browser in which they are signed in."""
    code, out, err = add_user(gateway, person, role, name)
    assert code == 0, out + err
    somebody = Browser(scene, **browser)
    status, _headers, body = somebody.sign_in(person)
    assert status == 200, body
    return somebody

# SPDX-License-Identifier: Apache-2.0
"""People that are called on their phones: a push service and phones of our own, which read what is sealed for them by
another implementation (python3-cryptography) of RFC 8291, 8188 and 8292 than the gateway's."""

import base64
import http.server
import json
import re
import stat
import threading
import time
import urllib.parse

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from browser import Browser, add_user, signed_in
from harness import free_port, until
from test_chains import BUTTON, CALL, Authority, own_site, press, steps

CONTACT = "mailto:duty@site.example"
SUBSCRIPTIONS, RECEIPTS = "/api/v1/push/subscriptions", "/api/v1/push/receipts"


def pack(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unpack(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key):
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def hkdf(salt, secret, info, size):
    return HKDF(hashes.SHA256(), size, salt, info).derive(secret)


class Phone:
    """A browser on a phone: its keys, what it is sent, and what it says to that."""

    def __init__(self, service, name, confirms=True):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = bytes(range(16))
        self.path = f"/push/{name}"
        self.endpoint = f"https://127.0.0.1:{service.port}{self.path}"
        self.confirms = confirms
        self.shown = []  # of alarms
        self.tests = []
        self.headers = []
        service.phones[self.path] = self

    def subscription(self, lang=None):
        return {"endpoint": self.endpoint, "expirationTime": None, **({"lang": lang} if lang else {}),
                "keys": {"p256dh": pack(point(self.key.public_key())), "auth": pack(self.auth)}}

    def read(self, body):
        """RFC 8291, 3.4, backwards."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        theirs, sealed = body[21:21 + length], body[21 + length:]
        assert size >= len(sealed) and length == 65 and len(body) <= 4096
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        info = b"WebPush: info\0" + point(self.key.public_key()) + theirs
        secret = hkdf(self.auth, shared, info, 32)
        plain = AESGCM(hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)).decrypt(
            hkdf(salt, secret, b"Content-Encoding: nonce\0", 12), sealed, None)
        text, mark, padding = plain.rpartition(b"\2")
        assert mark and not padding.strip(b"\0")
        return json.loads(text)


class Service:
    """A push service: refuses what RFC 8030 and 8292 let it refuse, and otherwise answers what it is told to."""

    def __init__(self, scene, answers=(), authority=None):
        self.answers = list(answers)  # (status, headers) of the next messages about alarms; "hang": none
        self.port = free_port()
        self.phones, self.faults, self.asked = {}, [], []
        self.sender = None  # whose key they come with: the same always
        self.scene, self.browser, self.hung = scene, None, threading.Event()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = service.take(self.path, self.headers, body)
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                service.confirm()

            def log_message(self, *_):
                pass

        self.confirmations = []
        self.authority = authority or Authority(scene.site.parent, "ours")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.socket = self.authority.context("IP:127.0.0.1").wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        scene.keep(self)

    def stop(self):
        self.hung.set()
        self.server.shutdown()
        self.server.server_close()

    def signed(self, header):
        """RFC 8292: an ES256 token for this service, of the same sender as all before."""
        token, key = re.fullmatch(r"vapid t=([\w.-]+), k=([\w-]+)", header).groups()
        head, claims, signature = token.split(".")
        numbers = unpack(signature)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpack(key)).verify(
            encode_dss_signature(int.from_bytes(numbers[:32], "big"), int.from_bytes(numbers[32:], "big")),
            f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        said = json.loads(unpack(claims))
        assert json.loads(unpack(head)) == {"typ": "JWT", "alg": "ES256"} and len(numbers) == 64
        assert said["aud"] == f"https://127.0.0.1:{self.port}" and said["sub"] == CONTACT
        assert time.time() < said["exp"] <= time.time() + 24 * 3600
        assert self.sender in (None, key), "another key"
        self.sender = key

    def take(self, path, headers, body):
        phone = self.phones.get(path)
        if phone is None:
            return 410, {}
        try:
            self.signed(headers["Authorization"])
            assert headers["Content-Encoding"] == "aes128gcm" and int(headers["TTL"]) > 0
            assert re.fullmatch(r"[\w-]{1,32}", headers["Topic"])
            message = phone.read(body)
        except (AssertionError, InvalidSignature, Exception) as fault:  # whatever it is, the test tells it
            self.faults.append(repr(fault))
            return 400, {}
        if message.get("test"):
            phone.tests.append(message)
        else:
            self.asked.append((path, time.monotonic()))
            answer = self.answers.pop(0) if self.answers else (201, {})
            if answer == "hang":
                self.hung.wait(60)
                return 500, {}
            if answer[0] != 201:
                return answer
            phone.shown.append(message)
            phone.headers.append(dict(headers))
        if phone.confirms:
            self.confirmations.append(message["token"])
        return 201, {}

    def confirm(self):
        """A phone has shown a message: its service worker says so, whoever is signed in."""
        while self.confirmations and self.browser:
            status, _headers, _body = self.browser.ask("POST", RECEIPTS, {"token": self.confirmations.pop(0)})
            assert status in (204, 404, 503), status  # 404: of an uplink that was killed since


def push_scene(scene, answers=(), first="role manager, by: push"):
    """The manager is called first, on phones alone, and the shift by a sounder a minute later."""
    own_site(scene, ("{after: 0 s,   to: role caregiver, place: own, output: call_lamp}", "{after: 0 s, to: %s}" % first),
             ("    - {after: 180 s, to: role manager, by: webhook}\n", ""), ("to: shift care}", "to: shift care, output: sounder}"),
             ('  manager: {url: "http://127.0.0.1:9099/hook", secret_file: webhook.key}\n', ""), ("webhooks:\n", ""))
    scene.site.write_text(scene.site.read_text() + f"\npush: {{contact: \"{CONTACT}\", ca: ours.pem}}\n")
    return Service(scene, answers)


def living(scene, service):
    backend, field, gateway = scene.everything()
    gateway.process.until_said("event=console_open")
    add_user(gateway, "root", "engineer")
    service.browser = Browser(scene)  # nobody is signed in in it
    return backend, field, gateway


def subscribe(browser, phone, lang=None):
    status, _headers, body = browser.ask("POST", SUBSCRIPTIONS, phone.subscription(lang))
    assert status == 204, body


def listed(browser):
    return {(phone["person"], phone["role"]): phone for phone in browser.get(SUBSCRIPTIONS)["phones"]}


def until_reachable(browser, person, role):
    return until(lambda: listed(browser).get((person, role), {}).get("reachable"), f"{person}'s phone to answer its first test")


def test_everybody_of_the_role_is_called_in_his_language_and_one_receipt_is_enough(scene):
    service = push_scene(scene)
    backend, field, gateway = living(scene, service)
    li, zhao = signed_in(scene, gateway, "li", "manager", "李强"), signed_in(scene, gateway, "zhao", "manager")
    wang = signed_in(scene, gateway, "wang", "caregiver")
    chinese, english, other = Phone(service, "li"), Phone(service, "zhao", confirms=False), Phone(service, "wang")
    subscribe(li, chinese)
    subscribe(zhao, english, "en-GB")
    subscribe(wang, other)
    until_reachable(li, "li", "manager")
    until(lambda: chinese.tests and english.tests and other.tests, "the first tests")
    assert chinese.tests[0]["body"] == "这部手机能收到告警。无需处理。" and english.tests[0]["title"] == "Tocsin: daily test"
    assert not listed(wang)["zhao", "manager"]["reachable"], "that a service has taken it says nothing"
    assert listed(wang)["li", "manager"]["name"] == "李强" and listed(wang)["li", "manager"]["service"] == f"127.0.0.1:{service.port}"

    press(backend, field)
    shown, told = until(lambda: chinese.shown, "the call")[0], until(lambda: english.shown, "the call in English")[0]
    assert shown["title"] == "【紧急】日间照料室：紧急呼叫" and shown["body"].startswith("立即到场，查看老人状况，必要时拨打 120\n")
    assert told["title"] == "[EMERGENCY] Day-care room: emergency call" and told["body"].endswith(" · step 1 of 2")
    assert (shown["alarm"], shown["priority"], shown["lang"], told["lang"]) == (CALL, "emergency", "zh", "en")
    assert set(shown) == {"token", "title", "body", "alarm", "priority", "lang"}, "nothing that the alarm does not say"
    assert shown["token"] != told["token"] and other.shown == []
    assert chinese.headers[0]["Urgency"] == "high"
    gateway.cli("ack", CALL, "--by", "li", "--role", "manager")
    backend.until_event(type="alarm.acknowledged", subject=BUTTON)
    event = backend.events(type="alarm.escalated", subject=BUTTON)[0]
    assert steps(backend) == [(1, "role manager", "due")] and event["data"]["by"] == "push"
    assert service.faults == []
    for secret in (chinese.path, english.path, service.phones[chinese.path].subscription()["keys"]["p256dh"], shown["token"]):
        assert secret not in gateway.process.text()
    for name in ("push.key", "phones"):
        assert stat.S_IMODE((scene.state / "uplink" / name).stat().st_mode) == 0o600


def test_a_message_that_nobody_confirms_is_no_receipt_and_the_next_step_comes(scene):
    service = push_scene(scene)
    backend, field, gateway = living(scene, service)
    li = signed_in(scene, gateway, "li", "manager")
    phone = Phone(service, "li")
    subscribe(li, phone)
    until_reachable(li, "li", "manager")
    phone.confirms = False
    press(backend, field)
    backend.until_event(type="alarm.escalated", subject=BUTTON, count=2, deadline_s=60)
    assert steps(backend) == [(1, "role manager", "due"), (2, "shift care", "no_receiver")]
    # The next step calls the same phone, sooner or later.
    assert len([message for message in phone.shown if "第 1 步" in message["body"]]) == 1
    # It says so all the same, later: noted once, and never again.
    late = {"token": phone.shown[0]["token"]}
    assert service.browser.ask("POST", RECEIPTS, late)[0] == 204
    assert service.browser.ask("POST", RECEIPTS, late)[0] == 404


def test_a_role_whose_phones_are_all_out_of_reach_is_passed_over_at_once(scene):
    service = push_scene(scene)
    backend, field, gateway = living(scene, service)
    li = signed_in(scene, gateway, "li", "manager")
    phone = Phone(service, "li", confirms=False)
    subscribe(li, phone)
    until(lambda: phone.tests, "the first test")
    press(backend, field)
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    assert steps(backend) == [(1, "role manager", "due"), (2, "shift care", "no_receiver")]
    assert events[0]["data"]["by"] == "push"


def test_a_subscription_that_its_service_has_ended_is_forgotten_and_nobody_waits_for_it(scene):
    service = push_scene(scene, answers=[(410, {})])
    backend, field, gateway = living(scene, service)
    li = signed_in(scene, gateway, "li", "manager")
    phone = Phone(service, "li")
    subscribe(li, phone)
    until_reachable(li, "li", "manager")
    press(backend, field)
    backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    assert steps(backend) == [(1, "role manager", "due"), (2, "shift care", "no_receiver")]
    gateway.process.until_said("event=push_ended person=li")
    assert listed(li) == {} and phone.shown == []
    gateway.kill("uplink")
    until(lambda: li.ask("GET", SUBSCRIPTIONS)[0] == 200, "the uplink to come back")
    assert listed(li) == {}


@pytest.mark.parametrize("answer", [(429, {"Retry-After": "3"}), (500, {}), "hang"], ids=["429", "500", "hangs"])
def test_what_a_service_does_not_take_now_is_brought_again(scene, answer):
    service = push_scene(scene, answers=[answer])
    backend, field, gateway = living(scene, service)
    li = signed_in(scene, gateway, "li", "manager")
    phone = Phone(service, "li")
    subscribe(li, phone)
    until_reachable(li, "li", "manager")
    press(backend, field)
    until(lambda: phone.shown, "the call", deadline_s=60)
    assert len(service.asked) == 2 and len(phone.shown) == 1 and service.faults == []
    if answer != "hang":
        assert service.asked[1][1] - service.asked[0][1] >= int(answer[1].get("Retry-After", 1))
    gateway.process.until_said(f"event=push_failed person=li service=https://127.0.0.1:{service.port} ")
    until_reachable(li, "li", "manager")


def test_a_service_that_swallows_everything_holds_up_no_other(scene):
    """As where one of them is blocked: twelve phones there, which all answered before, and one elsewhere."""
    service = push_scene(scene, answers=200 * ["hang"])
    other = Service(scene, authority=service.authority)
    backend, field, gateway = living(scene, service)
    other.browser = service.browser
    people = [signed_in(scene, gateway, f"p{n}", "manager") for n in range(3)]
    for n, person in enumerate(people):
        for phone in range(4):
            subscribe(person, Phone(service, f"{n}-{phone}"))
    last = signed_in(scene, gateway, "last", "manager")
    phone = Phone(other, "last")
    subscribe(last, phone)
    until(lambda: sum(phone["reachable"] for phone in last.get(SUBSCRIPTIONS)["phones"]) == 13, "all phones to answer")
    press(backend, field)
    until(lambda: phone.shown, "the call")
    assert len(other.asked) == 1 and not gateway.process.has("event=push_failed person=last")
    assert steps(backend) == [(1, "role manager", "due")]


def test_nobody_is_called_for_what_somebody_has_taken_over(scene):
    service = push_scene(scene, answers=200 * [(500, {})])
    backend, field, gateway = living(scene, service)
    li = signed_in(scene, gateway, "li", "manager")
    phone = Phone(service, "li")
    subscribe(li, phone)
    until_reachable(li, "li", "manager")
    field.press(BUTTON)
    until(lambda: service.asked, "an attempt")
    gateway.cli("ack", CALL, "--by", "li", "--role", "manager")
    backend.until_event(type="alarm.acknowledged", subject=BUTTON)
    waiting = "tocsin_push_messages_waiting 0"
    until(lambda: waiting in li.ask("GET", "/api/v1/metrics")[2].decode(), "the call to be withdrawn")
    tried = len(service.asked)
    service.answers.clear()
    other = Phone(service, "again")
    subscribe(li, other)
    until(lambda: other.tests, "something that comes later")
    assert len(service.asked) == tried and phone.shown == []


def test_phones_survive_the_uplinks_death_and_their_key_with_them(scene):
    service = push_scene(scene)
    backend, field, gateway = living(scene, service)
    li = signed_in(scene, gateway, "li", "manager")
    phone = Phone(service, "li")
    key = li.get("/api/v1/push/key")["key"]
    subscribe(li, phone)
    gateway.kill("uplink")  # at once: what it has said is kept, it has
    until(lambda: (li.try_get("/api/v1/push/key") or {}).get("key") == key, "the same key")
    assert [*listed(li)] == [("li", "manager")]
    until_reachable(li, "li", "manager")
    assert service.sender == key and service.faults == []
    press(backend, field)
    until(lambda: phone.shown, "the call")


def test_who_is_removed_or_gets_another_role_is_called_no_more_or_in_that_one(scene):
    service = push_scene(scene)
    _backend, _field, gateway = living(scene, service)
    li, zhao = signed_in(scene, gateway, "li", "manager"), signed_in(scene, gateway, "zhao", "manager")
    root = Browser(scene)
    root.sign_in("root")
    subscribe(li, Phone(service, "li"))
    subscribe(zhao, Phone(service, "zhao"))
    gateway.cli("user", "change", "li", "security")
    until(lambda: ("li", "security") in listed(root), "the new role")
    gateway.cli("user", "remove", "zhao")
    until(lambda: [*listed(root)] == [("li", "security")], "the phone of who was removed to go")
    gateway.process.until_said("event=phone_removed person=zhao")


def test_only_what_a_browser_says_is_kept_and_only_ones_own_phone_can_be_taken_away(scene):
    service = push_scene(scene)
    _backend, _field, gateway = living(scene, service)
    li, wang = signed_in(scene, gateway, "li", "manager"), signed_in(scene, gateway, "wang", "caregiver")
    phone = Phone(service, "li")
    good = phone.subscription()
    for change in ({"endpoint": "http://127.0.0.1/"}, {"endpoint": ""}, {"endpoint": "https://a/" + 2000 * "a"}, {"endpoint": 7},
                   {"keys": {}}, {"keys": {**good["keys"], "p256dh": "AAAA"}}, {"keys": {**good["keys"], "auth": good["keys"]["p256dh"]}},
                   {"keys": {**good["keys"], "p256dh": pack(b"\4" + 64 * b"\1")}}, {"keys": None}, {"lang": 7}):
        status, _headers, body = li.ask("POST", SUBSCRIPTIONS, {**good, **change})
        assert (status, body["type"]) == (400, "tocsin:problem/push_body"), change
    for body in ("", "[", "[]", "{}", '{"token":7}', '{"token":"a","more":1}', json.dumps({"token": 100 * "a"})):
        assert service.browser.ask("POST", RECEIPTS, body)[0] == 400, body
    for token in ("", "a", 22 * "a", 23 * "a"):
        assert service.browser.ask("POST", RECEIPTS, {"token": token})[0] == 404, token
    assert service.browser.ask("POST", SUBSCRIPTIONS, good)[0] == 401 and service.browser.ask("GET", SUBSCRIPTIONS)[0] == 401
    assert gateway.ask(SUBSCRIPTIONS, "POST", body=good).status == 403, "somebody at this machine is nobody's phone"
    assert listed(li) == {}

    subscribe(li, phone)
    subscribe(li, phone)
    at = f"{SUBSCRIPTIONS}?endpoint={urllib.parse.quote(phone.endpoint, safe='')}"
    assert wang.ask("DELETE", at)[0] == 404 and [*listed(li)] == [("li", "manager")]
    assert li.ask("DELETE", SUBSCRIPTIONS)[0] == 400
    assert li.ask("DELETE", at)[0] == 204 and listed(li) == {} and li.ask("DELETE", at)[0] == 404
    subscribe(wang, phone)
    assert [*listed(li)] == [("wang", "caregiver")], "a phone is of who is signed in on it"


def test_a_role_that_no_phone_reaches_is_an_alarm_before_anybody_calls(scene):
    push_scene(scene)
    scene.start_broker()
    backend = scene.backend()
    clock = ["--clock", "2026-11-22T15:00:00+08:00@60"]
    scene.field(arguments=clock)
    scene.gateway(arguments=clock)
    raised = backend.until_event(type="alarm.raised", rule="system_nobody_listening", subject="role/manager")[0]
    assert raised["data"]["priority"] == "high"
    assert raised["time"] >= "2026-11-22T07:10:00"
    assert "手机" in raised["data"]["response"]["zh"] and "phones" in raised["data"]["response"]["en"]

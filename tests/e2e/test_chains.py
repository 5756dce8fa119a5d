# SPDX-License-Identifier: Apache-2.0
"""Escalation through the real processes: lamps that light, people that are told in turn, webhooks that are called."""

import hashlib
import hmac
import http.server
import json
import re
import shutil
import ssl
import subprocess
import threading
import time
from datetime import datetime

import pytest

from harness import SITE, free_port, until

BUTTON = "care/day-care/button-1"
CALL = f"emergency_call/{BUTTON}"
LAMP = "care/hallway/lamp"
SECRET = "the manager's own secret"


def own_site(scene, *changes, **files):
    """Take a copy of the example site, with some of its rules' text replaced."""
    directory = scene.directory / "site"
    shutil.copytree(SITE.parent, directory)
    rules = directory / "rules.yaml"
    text = rules.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    rules.write_text(text)
    for name, content in files.items():
        (directory / name.replace("_", ".")).write_text(content)
    scene.site = directory / "site.yaml"


def lamp_is(field, lit, point=LAMP):
    until(lambda: field.say(f"coil {point}") == str(int(lit)), f"{point} to be {'lit' if lit else 'dark'}")


def steps(backend, subject=BUTTON):
    """What was told of the escalation so far: (step, to, reason)."""
    return [(event["data"]["step"], event["data"]["to"], event["data"]["reason"])
            for event in backend.events(type="alarm.escalated", subject=subject)]


class Receiver:
    """Whoever is called: an HTTP server that answers what it is told to, and verifies each call's signature."""

    def __init__(self, scene, statuses=(), port=None, tls=None, refuse=lambda type, body: None, refuses_tests=False):
        self.port = port or free_port()
        self.statuses = list(statuses)  # of the next calls; then 200
        self.calls = []  # (status, body as it came)
        self.types = []  # of their content
        self.tests, self.refuses_tests = [], refuses_tests  # the daily ones, which are no calls
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kind = self.headers["Content-Type"].split(";")[0]
                if b'"tocsin.webhook.test"' in body:
                    receiver.verify(self.headers["Tocsin-Signature"], body)
                    receiver.tests.append(json.loads(body))
                    self.send_response(403 if receiver.refuses_tests else 200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                status = refuse(kind, body) or (receiver.statuses.pop(0) if receiver.statuses else 200)
                receiver.verify(self.headers["Tocsin-Signature"], body)
                receiver.types.append(kind)
                receiver.calls.append((status, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.forged = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        scene.keep(self)

    def verify(self, header, body):
        parts = dict(part.split("=", 1) for part in header.split(","))
        wanted = hmac.new(SECRET.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, parts["v1"]):
            self.forged.append(header)

    def taken(self):
        """The events that were taken, in order."""
        return [json.loads(body) for status, body in self.calls if 200 <= status < 300]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def webhook_site(scene, port, *changes):
    """The example's chain with a receiver at every step, so that each waits for its own time."""
    own_site(scene, ("http://127.0.0.1:9099/hook", f"http://127.0.0.1:{port}/hook"),
             ("to: shift care}", "to: shift care, output: sounder}"), *changes, webhook_key=SECRET + "\n")


def at(event):
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


def everything_at(scene, rate):
    clock = ["--clock", f"2026-11-22T15:00:00+08:00@{rate}"]
    scene.start_broker()
    backend = scene.backend()
    return backend, scene.field(arguments=clock), scene.gateway(arguments=clock)


def press(backend, field, point=BUTTON):
    """Press, release when it has been heard, and wait until that is known as well."""
    field.press(point)
    backend.until_event(type="alarm.raised", subject=point)
    field.release(point)
    backend.until_event(type="alarm.cleared", subject=point)


def test_a_call_lights_its_lamp_until_somebody_is_there(scene):
    backend, field, gateway = scene.everything()
    lamp_is(field, False)
    press(backend, field)
    lamp_is(field, True)
    event = backend.until_event(type="alarm.escalated", subject=BUTTON)[0]
    assert event["topic"].endswith("/event/alarm/call/emergency")
    assert (event["data"]["step"], event["data"]["steps"], event["data"]["to"]) == (1, 3, "role caregiver")
    assert event["data"]["outputs"] == ["call_lamp"] and event["data"]["reason"] == "due"
    until(lambda: json.loads(backend.latest(f"/point/{LAMP}") or b'{"value":0}')["value"] in (True, 1),
          "the lamp to be told as lit")
    gateway.cli("ack", CALL, "--by", "wang", "--role", "caregiver")
    assert field.say(f"coil {LAMP}") == "1"
    gateway.cli("attend", CALL, "--by", "wang", "--role", "caregiver")
    lamp_is(field, False)
    gateway.cli("reset", CALL, "--by", "wang", "--role", "caregiver")
    backend.until_event(type="alarm.closed", subject=BUTTON)
    assert steps(backend) == [(1, "role caregiver", "due")]


def test_a_lamp_is_lit_again_by_a_field_process_that_has_died(scene):
    backend, field, gateway = scene.everything()
    press(backend, field)
    lamp_is(field, True)
    gateway.kill("field-0")
    until(lambda: gateway.pids().get("field-0"), "another field process")
    lamp_is(field, True)
    gateway.cli("attend", CALL, "--by", "wang", "--role", "caregiver")
    lamp_is(field, False)


def test_each_step_comes_at_its_own_time_and_the_last_one_calls(scene):
    receiver = Receiver(scene, statuses=[503, 404])
    webhook_site(scene, receiver.port)
    backend, field, gateway = everything_at(scene, 20)
    begin = time.monotonic()
    press(backend, field)
    raised = backend.until_event(type="alarm.raised", subject=BUTTON)[0]
    lamp_is(field, True)
    sounds = field.say("coil care/hallway/sounder") == "1"
    assert not sounds or time.monotonic() - begin >= 60 / 20, "the sounder's step has not come before its time"
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)
    assert steps(backend) == [(1, "role caregiver", "due"), (2, "shift care", "due"), (3, "role manager", "due")]
    for event, after in zip(events, (0, 60, 180)):
        assert at(event) - at(raised) >= after - 0.001
    assert events[1]["data"]["on_duty"] is True and events[2]["data"]["by"] == "webhook"
    lamp_is(field, True, "care/hallway/sounder")

    # Refused twice, then taken: the very event that was published, and not called again.
    called = until(receiver.taken, "the webhook to take the call")
    assert called[0]["id"] == events[2]["id"] and called[0]["data"] == events[2]["data"]
    assert [status for status, _body in receiver.calls] == [503, 404, 200]
    assert not receiver.forged
    gateway.cli("ack", CALL, "--by", "li", "--role", "manager")
    backend.until_event(type="alarm.acknowledged", subject=BUTTON)
    assert len(receiver.taken()) == 1


def desk_site(scene, port):
    """Two alarms of each button and none of them an emergency, of which the manager is called at once."""
    desk = "chains:\n  desk:\n    - {after: 0 s, to: role manager, by: webhook}\n    - {after: 300 s, to: role security}\n"
    second = ("rules:\n  - rule: second_call\n    each: point emergency_button\n    raise: value\n"
              "    class: call.assist\n    chain: desk\n    message: {zh: \"{place}\", en: \"{place}\"}\n")
    webhook_site(scene, port, ("chains:\n", desk), ("rules:\n", second),
                 ("class: call.emergency\n    chain: care-call", "class: call.assist\n    chain: desk"),
                 ("class: call.bathroom\n    chain: care-call", "class: call.bathroom\n    chain: desk"))


def test_what_is_no_emergency_is_called_together_with_others_of_its_place(scene):
    receiver = Receiver(scene)
    desk_site(scene, receiver.port)
    backend, field, _gateway = everything_at(scene, 10)
    field.press(BUTTON)
    backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    field.press("care/dining/button")
    backend.until_event(type="alarm.escalated", subject="care/dining/button", count=2)
    field.press("care/bath/cord")
    calls = until(lambda: receiver.taken() if len(receiver.taken()) >= 3 else None, "three calls")
    emergency, *gathered = calls
    care, dining = sorted(gathered, key=lambda call: call[0]["subject"])  # each on a connection of its own
    assert emergency["data"]["rule"] == "bathroom_call", "an emergency does not wait"
    assert {e["data"]["rule"] for e in care} == {"emergency_call", "second_call"}
    assert {e["subject"] for e in care} == {BUTTON} and {e["subject"] for e in dining} == {"care/dining/button"}
    assert receiver.types == ["application/cloudevents+json"] + 2 * ["application/cloudevents-batch+json"]
    assert not receiver.forged

    # They were received in time: nobody else is called before his time has come.
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=4)
    assert [e["data"]["reason"] for e in events] == 4 * ["due"]


@pytest.mark.parametrize("refuse, taken", [
    (lambda kind, body: 415 if "batch" in kind else None, {"emergency_call", "second_call"}),
    (lambda kind, body: 400 if b'"second_call"' in body else None, {"emergency_call"})],
    ids=["arrays", "one"])
def test_an_array_that_a_receiver_refuses_is_called_for_one_by_one(scene, refuse, taken):
    receiver = Receiver(scene, refuse=refuse)
    desk_site(scene, receiver.port)
    backend, field, gateway = everything_at(scene, 10)
    gateway.process.until_said("event=webhook_answers webhook=manager")
    field.press(BUTTON)
    told = backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    until(lambda: len(receiver.calls) >= 3, "the array, and each of its events")
    until(lambda: {event["data"]["rule"] for event in receiver.taken()} == taken, "what is not disliked to be taken")
    assert receiver.types[0] == "application/cloudevents-batch+json" and receiver.calls[0][0] in (400, 415)
    assert set(receiver.types[1:]) == {"application/cloudevents+json"}
    assert {event["id"] for event in receiver.taken()} <= {event["id"] for event in told}
    assert not receiver.forged
    gateway.process.until_said("event=webhook_splits webhook=manager")
    if taken == {"emergency_call", "second_call"}:
        assert not gateway.process.has("event=webhook_failed"), "the role is reached all the same"
    else:
        gateway.process.until_said("event=webhook_failed webhook=manager")


def test_a_step_that_nobody_can_receive_moves_on_at_once(scene):
    own_site(scene, ("http://127.0.0.1:9099/hook", f"http://127.0.0.1:{free_port()}/hook"))
    backend, field, gateway = everything_at(scene, 20)
    until(lambda: any(row["to"] == "shift" and row["reachable"] is False for row in gateway.ask("/api/v1/reach").body["audiences"]),
          "the shift to be known as out of reach")
    press(backend, field)
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)
    assert steps(backend) == [
        (1, "role caregiver", "due"), (2, "shift care", "due"), (3, "role manager", "no_receiver")]
    assert at(events[2]) - at(events[1]) < 100, "the shift has no devices yet: nobody is waited for until 180 s are over"


def test_a_call_is_made_when_the_webhooks_secret_comes(scene):
    receiver = Receiver(scene)
    own_site(scene, ("http://127.0.0.1:9099/hook", f"http://127.0.0.1:{receiver.port}/hook"))
    (scene.directory / "site" / "webhook.key").unlink(missing_ok=True)
    backend, field, _gateway = everything_at(scene, 20)
    press(backend, field)
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)
    assert events[2]["data"]["reason"] == "no_receiver"
    assert receiver.calls == []
    (scene.directory / "site" / "webhook.key").write_text(SECRET + "\n")
    until(receiver.taken, "the call that waits")
    assert [event["subject"] for event in receiver.taken()] == [BUTTON] and not receiver.forged


def test_escalation_goes_on_where_it_was_when_the_engine_dies(scene):
    webhook_site(scene, free_port())
    backend, field, gateway = everything_at(scene, 20)
    press(backend, field)
    raised = backend.until_event(type="alarm.raised", subject=BUTTON)[0]
    lamp_is(field, True)
    gateway.kill("engine")
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    assert [step for step, *_ in steps(backend)][:2] == [1, 2], "no step is told twice"
    assert at(events[1]) - at(raised) >= 59.999
    lamp_is(field, True)
    gateway.until_healthy()
    until(lambda: gateway.try_cli("ack", CALL, "--by", "wang", "--role", "caregiver")[0] == 0, "the call to be acknowledged")
    gateway.cli("attend", CALL, "--by", "wang", "--role", "caregiver")
    lamp_is(field, False)


def test_a_call_that_was_not_taken_is_made_again_by_the_next_uplink(scene):
    port = free_port()
    webhook_site(scene, port, ("{after: 180 s, to: role manager", "{after: 61 s, to: role manager"))
    backend, field, gateway = everything_at(scene, 20)
    press(backend, field)
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)
    gateway.process.until_said(r"process=uplink event=webhook_failed webhook=manager")
    first = gateway.kill("uplink")
    until(lambda: gateway.pids().get("uplink") not in (None, first), "another uplink")
    receiver = Receiver(scene, port=port)
    called = until(receiver.taken, "the webhook to be called")
    assert called[0]["id"] == events[2]["id"]
    assert not receiver.forged


def test_a_call_that_was_not_taken_is_made_again_after_a_whole_restart(scene):
    port = free_port()
    webhook_site(scene, port, ("{after: 180 s, to: role manager", "{after: 61 s, to: role manager"))
    backend, field, gateway = everything_at(scene, 20)
    press(backend, field)
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)
    gateway.kill("engine")
    gateway.kill("uplink")
    receiver = Receiver(scene, port=port)
    called = until(receiver.taken, "the webhook to be called")
    assert called[0]["id"] == events[2]["id"]


def test_a_role_that_cannot_be_reached_for_ten_minutes_is_an_alarm(scene):
    port = free_port()
    webhook_site(scene, port)
    backend, _field, _gateway = everything_at(scene, 60)
    listening = {"rule": "system_nobody_listening", "subject": "role/manager"}
    raised = backend.until_event(type="alarm.raised", **listening)[0]
    assert raised["data"]["priority"] == "high"
    Receiver(scene, port=port)
    backend.until_event(type="alarm.cleared", **listening)


def test_a_webhook_that_refuses_its_daily_test_is_an_alarm_before_anybody_calls(scene):
    receiver = Receiver(scene, refuses_tests=True)
    webhook_site(scene, receiver.port)
    backend, _field, gateway = everything_at(scene, 60)
    listening = {"rule": "system_nobody_listening", "subject": "role/manager"}
    gateway.process.until_said('event=webhook_failed webhook=manager reason="it answers with HTTP status 403"')
    backend.until_event(type="alarm.raised", deadline_s=60, **listening)
    receiver.refuses_tests = False
    backend.until_event(type="alarm.cleared", deadline_s=120, **listening)
    test = receiver.tests[-1]
    assert (test["specversion"], test["type"], test["subject"]) == ("1.0", "tocsin.webhook.test", "role/manager")
    assert test["source"] == "/tocsin/gulou-demo/main" and test["data"]["text"]["zh"] and test["id"] == receiver.tests[0]["id"]
    assert receiver.calls == [] and not receiver.forged


def test_the_ten_minutes_of_a_role_are_of_its_shift(scene):
    webhook_site(scene, free_port())
    text = scene.site.read_text()
    assert "\nshifts:" in text
    scene.site.write_text(re.sub(r"(\nshifts:[^\n]*\n)", r'\1  lead: {role: manager, mon-sun: "15:05-19:00"}\n', text))
    backend, _field, _gateway = everything_at(scene, 60)
    raised = backend.until_event(type="alarm.raised", rule="system_nobody_listening", subject="role/manager")[0]
    assert raised["time"] >= "2026-11-22T07:15:00", "ten minutes after the shift began at 15:05"


def test_a_fire_sounds_in_its_zone_and_a_confirmed_one_everywhere(scene):
    backend, field, gateway = scene.everything()
    field.set("care/dining/smoke-1", 1)
    lamp_is(field, True, "care/hallway/sounder")
    assert field.say("coil sport/court/siren") == "0"
    gateway.cli("silence", "fire_alarm/care/dining/smoke-1", "--by", "guo", "--role", "security")
    lamp_is(field, False, "care/hallway/sounder")
    field.set("care/dining/heat-1", 1)
    lamp_is(field, True, "sport/court/siren")
    told = backend.until_event(type="alarm.escalated", rule="fire_confirmed")[0]
    assert told["data"]["outputs"] == ["sounder", "door_release"] and told["data"]["to"] == "everyone"


def test_a_lamp_that_does_not_light_is_a_grave_fault(scene):
    """The gateway looks for the lamp at a coil that the module does not have."""
    scene.start_broker()
    backend, field = scene.backend(), scene.field()
    scene.overrides["devices.care-io.points.15.write"] = "coil 99"
    scene.gateway()
    fault = backend.until_event(type="alarm.raised", rule="system_sensor_fault", subject=LAMP)[0]
    assert fault["data"]["priority"] == "high" and fault["data"]["quality"] == "fault"
    press(backend, field)
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)
    assert [event["data"]["reason"] for event in events] == ["due", "no_receiver", "no_receiver"]


class Authority:
    """Somebody who signs certificates, made by openssl in the scratch directory."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.key, self.file = directory / f"{name}.key", directory / f"{name}.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-keyout", self.key, "-out", self.file, "-subj", f"/CN={name}")

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)

    def context(self, host, days=1):
        """What a server needs to show a certificate for the host; over yesterday with -1 days."""
        key, request, file, extra = (self.directory / f"leaf.{end}" for end in ("key", "csr", "pem", "ext"))
        extra.write_text(f"subjectAltName={host}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                     "-out", request, "-subj", "/CN=receiver")
        self.openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                     "-days", days, "-extfile", extra, "-out", file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file, key)
        return context


HERE, ELSEWHERE = "IP:127.0.0.1", "DNS:elsewhere.example"
UNKNOWN = "unable to get local issuer certificate"


def tls_scene(scene, host=HERE, days=1, signer="ours", ca="ours.pem"):
    """The manager is called first, over TLS, and the shift a minute later."""
    port = free_port()
    own_site(scene, ("{after: 0 s,   to: role caregiver, place: own, output: call_lamp}", "{after: 0 s, to: role manager, by: webhook}"),
             ("    - {after: 180 s, to: role manager, by: webhook}\n", ""), ("to: shift care}", "to: shift care, output: sounder}"),
             ('"http://127.0.0.1:9099/hook", ', f'"https://127.0.0.1:{port}/hook", ' + (f"ca: {ca}, " if ca else "")),
             webhook_key=SECRET + "\n")
    authorities = {name: Authority(scene.site.parent, name) for name in ("ours", "theirs")}
    return Receiver(scene, port=port, tls=authorities[signer].context(host, days))


def test_a_webhook_is_called_over_tls_by_the_authority_that_the_site_names(scene):
    receiver = tls_scene(scene)
    backend, field, gateway = scene.everything()
    gateway.process.until_said("event=webhook_answers webhook=manager")
    field.press(BUTTON)
    event = backend.until_event(type="alarm.escalated", subject=BUTTON)[0]
    assert until(receiver.taken, "the webhook to be called")[0]["id"] == event["id"]
    assert not receiver.forged and not gateway.process.has("event=webhook_failed")


@pytest.mark.parametrize("reason, wrong", [
    (UNKNOWN, {"signer": "theirs"}), (UNKNOWN, {"ca": None}),  # of no authority that the site or the system knows
    ("it is for another host", {"host": ELSEWHERE}), ("certificate has expired", {"days": -1})],
    ids=["unknown", "system", "host", "expired"])
def test_a_receiver_that_cannot_show_who_it_is_is_not_called_and_the_chain_goes_on(scene, reason, wrong):
    receiver = tls_scene(scene, **wrong)
    backend, field, gateway = scene.everything()
    gateway.process.until_said(f'event=webhook_failed webhook=manager reason="its certificate is refused: {reason}"')
    field.press(BUTTON)
    backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    assert steps(backend) == [(1, "role manager", "due"), (2, "shift care", "no_receiver")]
    assert receiver.calls == []
    assert gateway.process.text().count("event=webhook_failed") == 1

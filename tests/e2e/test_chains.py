# SPDX-License-Identifier: Apache-2.0
"""Escalation through the real processes: lamps that light, people that are told in turn, webhooks that are called."""

import hashlib
import hmac
import http.server
import json
import re
import shutil
import signal
import threading

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

# SPDX-License-Identifier: Apache-2.0
"""Who receives a step: the phones of a shift, a person and everyone."""

import re

from browser import signed_in
from harness import until
from test_chains import BUTTON, press, steps
from test_push import Phone, living, push_scene, subscribe, until_reachable


def own_shift(scene, people):
    """The shift `care` of the site, which is always on, has these people."""
    text = scene.site.read_text()
    assert "  care: {" in text
    scene.site.write_text(text.replace("  care: {", "  care: {people: [%s], " % people, 1))


def called_at(phone):
    """The steps that the phone was called at."""
    return sorted(int(re.search(r"(?:第 |step )(\d+)", message["body"])[1]) for message in phone.shown)


def test_a_step_to_a_shift_a_person_or_everyone_calls_their_phones_and_no_others(scene):
    service = push_scene(scene, first="shift care, by: push}\n    - {after: 0 s, to: person 李强, by: push}\n"
                                      "    - {after: 0 s, to: everyone, by: push")
    own_shift(scene, "王敏, zhao, 李强")
    backend, field, gateway = living(scene, service)
    people = {"wang": ("caregiver", "王敏"), "zhao": ("security", "赵刚"), "li": ("manager", "李强"), "chen": ("auditor", "zhao")}
    phones = {}
    for person, (role, name) in people.items():
        browser, phones[person] = signed_in(scene, gateway, person, role, name), Phone(service, person)
        subscribe(browser, phones[person])
        until_reachable(browser, person, role)
    press(backend, field)
    called = {"wang": [1, 3], "zhao": [1, 3], "li": [1, 2, 3], "chen": [1, 3]}  # chen is called like one of the list
    until(lambda: {person: called_at(phone) for person, phone in phones.items()} == called, "the calls")
    told = backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)
    assert steps(backend) == [(1, "shift care", "due"), (2, "person", "due"), (3, "everyone", "due")]
    assert {event["data"]["by"] for event in told} == {"push"}

    # Another name is another person: it is known within a minute, and at once where it was changed.
    gateway.cli("user", "change", "li", "manager", "--name", "李刚")
    gateway.process.until_said("event=phone_owner_changed person=li")


def test_a_person_whom_nothing_reaches_is_passed_over_at_once_and_no_name_leaves_the_gateway(scene):
    service = push_scene(scene, first="person 李强, by: push")
    own_shift(scene, "李强")
    backend, field, gateway = living(scene, service)
    zhao = signed_in(scene, gateway, "zhao", "manager", "赵刚")
    other = Phone(service, "zhao")
    subscribe(zhao, other)
    until_reachable(zhao, "zhao", "manager")
    press(backend, field)
    events = backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    assert steps(backend) == [(1, "person", "due"), (2, "shift care", "no_receiver")] and other.shown == []
    assert "李强" not in str(events) and "李强" not in gateway.process.text()

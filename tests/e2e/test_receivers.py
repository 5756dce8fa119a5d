# SPDX-License-Identifier: Apache-2.0
"""Who receives a step: the phones of a shift, a person and everyone."""

import http.client
import json
import re
import socket
import threading

from browser import Browser, add_user, signed_in
from harness import until
from test_chains import BUTTON, CALL, everything_at, press, steps
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


PAGES, REACH = "/api/v1/pages", "/api/v1/reach"


class Page:
    """An open page as the gateway sees it: a live stream, and a word now and then; which it confirms only if told to."""

    def __init__(self, scene, browser, name, confirms=True):
        self.browser, self.name, self.confirms = browser, f"the-open-page-of-{name}", confirms
        self.connection = browser.connect()
        self.socket = self.connection.sock
        self.connection.request("GET", "/api/v1/stream", headers=browser.headers())
        self.stream = self.connection.getresponse()
        assert self.stream.status == 200
        self.ended = threading.Event()
        self.shown = 0
        threading.Thread(target=self.read, daemon=True).start()
        self.say()
        scene.keep(self)

    def say(self, **more):
        status, _headers, body = self.browser.ask("POST", PAGES, {"page": self.name, **more})
        assert status == 204, body

    def read(self):
        """What the app does with each escalation, and every five seconds without one: a line of the stream is enough."""
        try:
            for line in self.stream:
                if line.startswith(b"data: {\"specversion\""):
                    event = json.loads(line[6:])
                    if self.confirms and event["type"] == "tocsin.alarm.escalated":
                        data = event["data"]
                        self.shown += 1
                        self.say(shown=[{"alarm": f"{data['rule']}/{event['subject']}", "step": data["step"], "run": data["run"]}])
                elif line.startswith(b": ping") and not self.ended.is_set():
                    self.say()
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the end

    def freeze(self):
        """The line stays, and the page says nothing more."""
        self.ended.set()
        self.confirms = False

    def kill(self):
        """As the system does it to a browser: the line is cut."""
        self.ended.set()
        self.socket.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.ended.set()
        self.connection.close()


def reached(browser):
    return {(row["to"], row["name"]): row for row in browser.get(REACH)["audiences"]}


def until_pages(browser, count, audience=("role", "manager"), deadline_s=60):
    return until(lambda: (row := reached(browser)[audience]).get("pages") == count and row, f"{count} pages to be known", deadline_s)


def test_a_page_that_shows_the_call_has_received_it_and_one_that_dies_is_nobody(scene):
    service = push_scene(scene)
    rules = scene.site.parent / "rules.yaml"
    rules.write_text(rules.read_text().replace("{after: 60 s,  to: shift care", "{after: 20 s,  to: shift care"))
    backend, field, gateway = living(scene, service)
    li, chen = signed_in(scene, gateway, "li", "manager", "李强"), signed_in(scene, gateway, "chen", "caregiver")
    other, page = Page(scene, chen, "chen"), Page(scene, li, "li")
    row = until_pages(chen, 1)
    assert row["reachable"] is True and row["phones"] == 0 and row["on_duty"] is True
    whose = {(each["person"], each["name"], each["role"], each["pages"]) for each in li.get(REACH)["pages"]}
    assert whose == {("li", "李强", "manager", 1), ("chen", "chen", "caregiver", 1)}

    press(backend, field)
    backend.until_event(type="alarm.escalated", subject=BUTTON, count=2)
    assert steps(backend) == [(1, "role manager", "due"), (2, "shift care", "due")]
    for verb in ("ack", "attend", "reset"):
        gateway.cli(verb, CALL, "--by", "li", "--role", "manager")
    backend.until_event(type="alarm.closed", subject=BUTTON)

    # The page of a caregiver goes on showing everything: it is no manager's.
    page.kill()
    assert until_pages(chen, 0)["reachable"] is False
    field.press(BUTTON)
    backend.until_event(type="alarm.escalated", subject=BUTTON, count=4)
    assert steps(backend)[2:] == [(1, "role manager", "due"), (2, "shift care", "no_receiver")]
    until(lambda: other.shown >= 3, "the caregiver's page to show it as well")


def test_nobody_listening_ends_with_a_page_and_a_screen_on_the_wall_is_told_no_names(scene):
    service = push_scene(scene, first="person 李强, by: push}\n    - {after: 0 s, to: role manager, by: push")
    own_shift(scene, "李强")
    backend, _field, gateway = everything_at(scene, 60)
    gateway.process.until_said("event=console_open")
    add_user(gateway, "root", "engineer")
    service.browser = Browser(scene)
    li = signed_in(scene, gateway, "li", "manager", "李强")
    assert reached(li)["role", "manager"]["reachable"] is not True
    backend.until_event(type="alarm.raised", subject="role/manager", rule="system_nobody_listening", deadline_s=60)
    page = Page(scene, li, "li")
    row = until_pages(li, 1)
    assert row["reachable"] is True and reached(li)["person", "李强"]["pages"] == 1
    backend.until_event(type="alarm.cleared", subject="role/manager", deadline_s=60)

    root = Browser(scene)
    root.sign_in("root")
    _status, _headers, screen = root.ask("POST", "/api/v1/users", {"id": "hall", "name": "大厅", "role": "wall"})
    wall = Browser(scene)
    assert wall.ask("POST", "/api/v1/session", {"token": screen["token"]})[0] == 200
    seen = wall.get(REACH)
    assert ("role", "manager") in {(row["to"], row["name"]) for row in seen["audiences"]} and "pages" not in seen
    assert "person" not in {row["to"] for row in seen["audiences"]} and "李强" not in str(seen)
    assert wall.ask("POST", PAGES, {"page": "a-page-of-the-wall"})[0] == 403

    # The line stays, and the page says nothing more: a frozen tab is no receiver.
    page.freeze()
    assert until_pages(li, 0)["reachable"] is False


def test_a_page_says_what_it_may_and_counts_only_with_a_stream(scene):
    service = push_scene(scene)
    _backend, _field, gateway = living(scene, service)
    li = signed_in(scene, gateway, "li", "manager")
    shown = {"alarm": CALL, "step": 1, "run": 1}
    for body in ("", "[]", "{}", {"page": "short"}, {"page": 41 * "a"}, {"page": 16 * "/"}, {"page": 16 * "a", "more": 1},
                 {"page": 16 * "a", "shown": {}}, {"page": 16 * "a", "shown": [7]}, {"page": 16 * "a", "shown": 33 * [shown]},
                 {"page": 16 * "a", "shown": [{**shown, "alarm": "no/such"}]}, {"page": 16 * "a", "shown": [{**shown, "step": 0}]},
                 {"page": 16 * "a", "shown": [{**shown, "run": -1}]}):
        status, _headers, answer = li.ask("POST", PAGES, body)
        assert (status, answer["type"]) == (400, "tocsin:problem/page_body"), body
    assert gateway.ask(PAGES, "POST", body={"page": 16 * "a"}).status == 403, "somebody at this machine is nobody's page"
    assert service.browser.ask("POST", PAGES, {"page": 16 * "a"})[0] == 401
    for _ in range(3):
        assert li.ask("POST", PAGES, {"page": 16 * "a", "shown": [shown]})[0] == 204
    assert li.get(REACH)["pages"] == []
    page = Page(scene, li, "li")
    until_pages(li, 1)
    page.say(gone=True)
    page.freeze()
    until_pages(li, 0)

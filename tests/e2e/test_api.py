# SPDX-License-Identifier: Apache-2.0
"""The console's addresses, as a page or a program of somebody else uses them."""

import json
import shlex
import subprocess
from urllib.parse import quote

from browser import add_user
from harness import DEADLINE_S, ROOT, button_site, free_port, until

BUTTON = "care/day-care/button-1"


def rows(gateway, path, key):
    """A list by the first member of its rows."""
    answer = gateway.ask(path)
    assert answer.status == 200
    return {next(iter(row.values())): row for row in answer.body[key]}


def instance(gateway, alarm):
    """What the rule of an alarm says at present, and why it does not know."""
    rule, _, _ = alarm.partition("/")
    found = rows(gateway, "/api/v1/rules", "rules")[rule]["instances"]
    return next(row for row in found if row["alarm"] == alarm)


def test_a_device_that_dies_is_shown_as_lost_and_what_reads_it_as_not_known(scene):
    scene.start_broker()
    dead, well = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    button_site(scene, [(dead, "100 ms"), (well, "100 ms", "20 s")])  # however slow this machine is
    field, gateway = scene.field(), scene.gateway()
    until(lambda: instance(gateway, "call/room/button-0")["truth"] == "false", "the button to be known to be at rest")
    device = rows(gateway, "/api/v1/devices", "devices")["d0"]
    assert (device["state"], device["lost_since"], device["places"]) == ("answering", None, ["room"])
    field.set("room/button-1", 1)
    until(lambda: instance(gateway, "call/room/button-1")["truth"] == "true", "the button to be known to be pressed")
    field.say("device d0 silent")
    until(lambda: rows(gateway, "/api/v1/devices", "devices")["d0"]["state"] == "lost", "the device to be lost")
    until(lambda: instance(gateway, "call/room/button-0")["truth"] == "unknown", "the rule to be undecided")
    assert instance(gateway, "call/room/button-0")["reason"] == {"cause": "points", "point_count": 1, "points": [
        {"point": "room/button-0", "quality": "stale", "why": "lost"}]}
    devices = rows(gateway, "/api/v1/devices", "devices")
    assert devices["d0"]["lost_since"] and devices["d0"]["qualities"]["stale"] == 1
    assert devices["d1"]["state"] == "answering" and instance(gateway, "call/room/button-1")["truth"] == "true"
    # The figures of its line come once a second, by themselves.
    until(lambda: rows(gateway, "/api/v1/devices", "buses")[dead]["counts"]["failures"]["timeout"] > 0, "time-outs")
    assert rows(gateway, "/api/v1/devices", "buses")[well]["counts"]["failures"]["timeout"] == 0
    field.say("device d0 up")
    until(lambda: instance(gateway, "call/room/button-0")["truth"] == "false", "the rule to know again")
    until(lambda: rows(gateway, "/api/v1/devices", "devices")["d0"]["state"] == "answering", "the device to be back")


def test_a_rule_that_can_never_know_says_that_it_is_for_the_site(scene):
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    scene.site.write_text(scene.site.read_text().replace(
        "devices:\n", "  - {id: attic, kind: day_care_room, name: {zh: 阁, en: Attic}}\ndevices:\n").replace(
        "id: room, kind: day_care_room,", "id: room, kind: day_care_room, capacity: 9,").replace(
        "kind: emergency_button, read: discrete 0}\n", "kind: emergency_button, read: discrete 0}\n"
        "      - {point: warmth, place: room, kind: temperature, read: input 0, type: i16, scale: 0.1, unit: °C}\n"))
    rules = scene.directory / "button-rules.yaml"
    told = "    class: space.climate\n    message: {zh: 多, en: many}\n    response: {zh: 去, en: go}\n"
    rules.write_text(rules.read_text() +
                     f"  - rule: many\n    each: place day_care_room\n    raise: count(emergency_button) > capacity\n{told}"
                     f"  - rule: warm\n    each: place day_care_room\n    raise: max(temperature) > 60 °C\n{told}")
    scene.field()
    gateway = scene.gateway()
    for rule in ("many", "warm"):
        until(lambda: instance(gateway, f"{rule}/room")["truth"] == "false", f"{rule} to be known of the room")
        assert instance(gateway, f"{rule}/attic")["truth"] == "unknown"
        assert instance(gateway, f"{rule}/attic")["reason"] == {"cause": "site", "point_count": 0, "points": []}


def test_without_the_engine_no_rule_and_no_device_is_shown_as_if_it_were_known(scene):
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    scene.field()
    gateway = scene.gateway()
    until(lambda: instance(gateway, "call/room/button-0")["truth"] == "false", "the button to be known to be at rest")
    gateway.kill("engine")
    # Either none is there, or another, which knows no more than what it has heard itself.
    until(lambda: instance(gateway, "call/room/button-0")["truth"] == "unknown", "the console to notice")
    until(lambda: instance(gateway, "call/room/button-0")["truth"] == "false", "the next engine to know")


def recorded(gateway, query):
    """All that is recorded of a question, page by page, and what the last page said of where it ended."""
    found, after = [], 0
    while True:
        answer = gateway.ask(f"/api/v1/events?limit=3&after={after}{query}")
        assert answer.status == 200 and len(answer.body["events"]) <= 3
        if answer.body["last_seq"] == 0:
            return found
        found += answer.body["events"]
        after = answer.body["last_seq"]


def test_what_is_recorded_is_found_by_place_point_type_class_priority_and_time(scene):
    _backend, field, gateway = scene.everything()
    field.press(BUTTON)
    until(lambda: any(alarm["entity"] == BUTTON for alarm in gateway.alarms()), "the alarm")
    assert gateway.ask("/api/v1/places/sport/court/test-begin", "POST", body={"reason": "yearly", "minutes": 5}).status == 200
    until(lambda: any(event["type"] == "tocsin.test.begun" for event in recorded(gateway, "&type=test")), "the test")
    # Life goes on meanwhile: only what was recorded before is looked at.
    everything = recorded(gateway, "")
    end = everything[-1]["sequence"] + 1
    middle = everything[len(everything) // 2]["time"]
    asked = {
        ("--place", "care"): lambda event: (event["data"].get("place") or "").split("/")[0] == "care",
        ("--point", BUTTON): lambda event: event["subject"] == BUTTON,
        ("--type", "alarm.raised"): lambda event: event["type"] == "tocsin.alarm.raised",
        ("--type", "test"): lambda event: event["type"].startswith("tocsin.test."),
        ("--class", "call"): lambda event: event["data"].get("class", "").startswith("call."),
        ("--priority", "emergency"): lambda event: event["data"].get("priority") == "emergency",
        ("--since", middle): lambda event: event["time"] >= middle,
        ("--until", middle): lambda event: event["time"] <= middle,
        ("--place", "care", "--type", "alarm", "--since", middle):
            lambda event: (event["data"].get("place") or "").startswith("care/") and
            event["type"].startswith("tocsin.alarm.") and event["time"] >= middle,
        ("--place", "attic"): lambda event: False,
    }
    for options, fits in asked.items():
        pairs = zip(options[::2], options[1::2], strict=True)
        query = "".join(f"&{option[2:]}={quote(value)}" for option, value in pairs)
        wanted = [event["sequence"] for event in everything if fits(event)]
        assert bool(wanted) == (options[-1] != "attic"), options
        assert [event["sequence"] for event in recorded(gateway, f"&before={end}{query}")] == wanted, options
        newest = gateway.ask(f"/api/v1/events?newest=1&limit=1000&before={end}{query}").body["events"]
        assert [event["sequence"] for event in newest] == wanted[::-1], options
        shown = [json.loads(line) for line in gateway.cli("events", "--json", "--limit", "1000", *options).splitlines()]
        assert [event["sequence"] for event in shown if event["sequence"] < end] == wanted, options
        told = gateway.cli("events", "--json", "--after", "0", *options).splitlines()
        assert [seq for seq in (json.loads(line)["sequence"] for line in told) if seq < end] == wanted, options


def test_what_the_manual_says_to_programs_works_as_it_stands_there(scene):
    _backend, field, gateway = scene.everything()
    field.press("care/day-care/button-1")
    until(lambda: any(alarm["rule"] == "emergency_call" for alarm in gateway.alarms()), "the alarm")
    code, out, err = add_user(gateway, "program", "wall")
    assert code == 0, out + err
    here = {"/run/tocsin/console.sock": str(gateway.socket), "authority.crt": str(scene.state / "console" / "authority.crt"),
            "TOKEN": out.split()[-1], "HOST:PORT": scene.overrides["gateway.console.listen"]}
    manual = (ROOT / "deploy" / "README.md").read_text().partition("## Programs of your own")[2].partition("\n## ")[0]
    commands = [line for line in manual.splitlines() if line.startswith("    curl ")]
    assert len(commands) == 6
    for command in commands:
        for word, meant in here.items():
            command = command.replace(word, meant)
        done = subprocess.run(shlex.split(command) + ["--silent", "--show-error", "--fail"], capture_output=True, text=True,
                              timeout=DEADLINE_S)
        assert done.returncode == 0, command + done.stderr
        assert done.stdout.startswith("{") or "openapi: 3.1" in done.stdout, command
    [alarm] = [alarm for alarm in gateway.alarms() if alarm["rule"] == "emergency_call"]
    assert alarm["state"]["acked"] is True

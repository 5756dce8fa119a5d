# SPDX-License-Identifier: Apache-2.0
"""The whole life of an alarm through the real processes: every command, its refusals, and what a restart keeps."""

import datetime
import json
import re

import pytest
from harness import SECOND, until
from test_chains import everything_at, own_site
from test_reload import edit, point_of

BUTTON = "care/day-care/button-1"
CALL = f"emergency_call/{BUTTON}"
SMOKE = "care/dining/smoke-1"
FIRE = f"fire_alarm/{SMOKE}"
HEAT = "care/dining/heat-1"
PROMOTED = "system_fire_promoted/care"
CONFIRMED = "fire_confirmed/care"
COLD = "too_cold/care/day-care/temperature"


def refused(gateway, rule, *arguments):
    """A command is refused, by that rule and in words of both languages."""
    said = {}
    for language in ("zh", "en"):
        code, out, err = gateway.try_cli(*arguments, "--lang", language)
        assert code == 1 and out == "", (arguments, out, err)
        said[language] = err
    assert said["zh"] != said["en"] and rule in said["en"], (rule, said)


def shown(gateway, alarm):
    found = [row for row in gateway.alarms() if row["alarm"] == alarm]
    return found[0] if found else None


def test_every_command_of_a_call_is_done_or_says_by_which_rule_it_was_refused(scene):
    backend, field, gateway = scene.everything()
    refused(gateway, "normal at present", "ack", CALL)
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", subject=BUTTON)
    refused(gateway, "never shelved", "shelve", CALL, "--minutes", "5", "--reason", "noise")
    refused(gateway, "two people", "out-of-service", CALL, "--minutes", "5", "--reason", "repair")
    refused(gateway, "two people", "out-of-service", CALL, "--minutes", "5", "--reason", "repair", "--by", "li",
            "--second", "li", "--second-role", "manager")
    refused(gateway, "fire alarm", "investigate", CALL, "real")
    refused(gateway, "120 s", "silence", CALL, "--seconds", "121")
    gateway.cli("silence", CALL, "--seconds", "120", "--by", "wang")
    refused(gateway, "comes back", "silence", CALL)
    event = backend.until_event(type="alarm.silenced", subject=BUTTON)[0]
    assert event["data"]["state"]["silenced"] is True and event["data"]["until"]
    gateway.cli("ack", CALL, "--by", "wang", "--as", "genuine")
    refused(gateway, "acknowledged this alarm already", "ack", CALL)
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", subject=BUTTON)
    refused(gateway, "after somebody has been there", "reset", CALL)
    gateway.cli("attend", CALL)
    gateway.cli("reset", CALL)
    closed = backend.until_event(type="alarm.closed", subject=BUTTON)[0]
    assert closed["data"]["disposition"] == "genuine"
    gateway.cli("disposition", CALL, "misuse", "--by", "li", "--role", "manager")
    event = backend.until_event(type="alarm.disposed", subject=BUTTON)[0]
    assert (event["data"]["disposition"], event["data"]["role"]) == ("misuse", "manager")


def test_a_managed_alarm_is_put_out_of_service_by_two_roles_and_a_restart_keeps_it(scene):
    backend, field, gateway = scene.everything()
    gateway.cli("out-of-service", CALL, "--minutes", "90", "--reason", "new button", "--by", "li", "--role", "manager",
                "--second", "wang", "--second-role", "engineer")
    event = backend.until_event(type="alarm.out_of_service", subject=BUTTON)[0]
    assert event["data"]["second_actor"].startswith("wang") and event["data"]["second_role"] == "engineer"
    until_before = shown(gateway, CALL)["out_of_service_until"]
    assert "out of service" in gateway.cli("alarms", "--lang", "en")
    gateway.kill_engine()
    row = until(lambda: shown(gateway, CALL), "the alarm to be shown after the restart")
    assert row["state"]["suppression"] == "out_of_service" and row["normal"] is True
    assert abs(minute(row["out_of_service_until"]) - minute(until_before)) <= 1
    retained = until(lambda: backend.latest(f"/alarm/{CALL}"), "the retained state")
    assert json.loads(retained)["state"]["suppression"] == "out_of_service"
    # What is pressed meanwhile is recorded, and nobody is sent; in service again it is as if it were new.
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", subject=BUTTON)
    gateway.cli("ack", CALL)
    assert not backend.events(type="alarm.escalated", subject=BUTTON)
    gateway.cli("in-service", CALL)
    event = backend.until_event(type="alarm.in_service", subject=BUTTON)[0]
    assert event["data"]["state"]["acked"] is False and event["data"]["state"]["active"] is True
    backend.until_event(type="alarm.escalated", subject=BUTTON)


def minute(time):
    """Minutes of the day of a time like 2026-11-22T07:17:00.123Z, rounded."""
    hours, minutes, seconds = time[11:19].split(":")
    return int(hours) * 60 + int(minutes) + round(int(seconds) / 60)


def test_a_real_fire_is_confirmed_by_whoever_saw_it(scene):
    backend, field, gateway = scene.everything()
    field.press(SMOKE)
    backend.until_event(type="alarm.raised", subject=SMOKE)
    refused(gateway, "acknowledge it first", "investigate", FIRE, "real")
    gateway.cli("ack", FIRE)
    gateway.cli("investigate", FIRE, "real", "--by", "zhao", "--role", "security")
    event = backend.until_event(type="alarm.raised", rule="system_fire_promoted")[0]
    assert (event["subject"], event["data"]["class"]) == ("care", "fire.confirmed")
    # It has the chain of the site's own rule: sounders everywhere, and doors released.
    assert backend.until_event(type="alarm.escalated", rule="system_fire_promoted")[0]["data"]["outputs"]
    field.release(SMOKE)
    backend.until_event(type="alarm.cleared", subject=SMOKE)
    gateway.cli("ack", PROMOTED)
    refused(gateway, "still true", "reset", PROMOTED)
    gateway.cli("reset", FIRE)
    gateway.cli("reset", PROMOTED)
    assert shown(gateway, PROMOTED) is None


def test_a_confirmed_fire_that_is_over_is_reset_as_soon_as_its_detectors_are_heard_after_a_start(scene):
    """Its rule looks back over a minute, and was unknown for a minute after each start."""
    backend, field, gateway = everything_at(scene, rate=15)
    for detector in (SMOKE, HEAT):
        field.press(detector)
    backend.until_event(type="alarm.raised", rule="fire_confirmed")
    for detector in (SMOKE, HEAT):
        field.release(detector)
    backend.until_event(type="alarm.cleared", rule="fire_confirmed")
    gateway.cli("ack", CONFIRMED)
    gateway.kill_engine()
    for detector in (SMOKE, HEAT):
        until(lambda: point_of(gateway, detector)["quality"] == "good", f"{detector} to be heard")
    gateway.cli("reset", CONFIRMED)
    assert shown(gateway, CONFIRMED) is None


def test_a_walk_test_ticks_off_what_is_tripped_and_calls_nobody(scene):
    backend, field, gateway = scene.everything()
    code, _out, err = gateway.try_cli("walk-test", "care/day-care", "--lang", "en")
    assert code == 1 and "never under test" in err
    code, _out, err = gateway.try_cli("walk-test", "day-care", "--lang", "en")
    assert code == 2 and "there is no place `day-care`: did you mean `care/day-care`?" in err
    assert "there is no place `nowhere`" in gateway.try_cli("walk-test", "nowhere", "--lang", "en")[2]
    refused(gateway, "for how long", "test", "begin", "care/day-care")
    refused(gateway, "Say why", "test", "begin", "care/day-care", "--minutes", "30")
    # Nobody takes the fires of a room, or of one in it, away from everybody by himself.
    alone = ("--minutes", "30", "--by", "wang", "--reason", "monthly test")
    refused(gateway, "two people", "test", "begin", "care/day-care", *alone)
    refused(gateway, "two people", "test", "begin", "care", *alone, "--role", "manager")
    refused(gateway, "two people", "test", "begin", "care/day-care", *alone, "--second", "wang", "--second-role", "security")
    refused(gateway, "two people", "test", "begin", "care/day-care", *alone, "--second", "guo", "--second-role", "engineer")
    refused(gateway, "act on nothing", "test", "begin", "care/day-care", *alone, "--role", "auditor")
    assert not backend.events(type="test.begun")
    gateway.cli("test", "begin", "care/day-care", *alone, *SECOND)
    refused(gateway, "under test already", "test", "begin", "care", "--minutes", "30", "--reason", "monthly test")
    begun = backend.until_event(type="test.begun", subject="care/day-care")[0]["data"]
    assert begun["actor"].startswith("wang") and begun["reason"] == "monthly test" and begun["until"]
    assert begun["second_actor"].startswith("guo") and begun["second_role"] == "security"
    field.press(BUTTON)
    raised = backend.until_event(type="alarm.raised", subject=BUTTON)[0]
    assert raised["data"]["state"]["test"] is True
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", subject=BUTTON)
    code, out, _err = gateway.try_cli("walk-test", "care/day-care", "--json")
    rows = {row["point"]: row["tested"] for row in map(json.loads, out.splitlines())}
    assert code == 1 and rows == {"care/day-care/button-1": True, "care/day-care/button-2": False,
                                  "care/day-care/smoke-1": False}
    gateway.cli("test", "end", "care/day-care")
    untested = {event["subject"] for event in backend.until_event(type="test.untested", count=2)}
    assert untested == {"care/day-care/button-2", "care/day-care/smoke-1"}
    backend.until_event(type="test.ended", subject="care/day-care")
    assert not backend.events(type="alarm.escalated", subject=BUTTON)
    assert "The test is over" in gateway.try_cli("walk-test", "care/day-care", "--lang", "en")[1]


def test_a_badge_at_the_place_attends_what_is_open_there_and_only_there(scene):
    own_site(scene)
    check = "{point: check,  place: care/hallway, kind: checkpoint,"
    edit(scene.site, check, "{point: check,  place: care/day-care, kind: checkpoint, attends: true,")
    reader = "{point: reader, place: hall/gate,    kind: access_reader,"
    edit(scene.site, reader, "{point: reader, place: care/club, kind: access_reader, attends: true,")
    edit(scene.site.parent / "tours.yaml", "care/hallway/check", "care/day-care/check")
    rules = scene.site.parent / "rules.yaml"
    rules.write_text(re.sub(r"and not within\(access_reader == granted, 6 s\) ", "", rules.read_text()))
    club = "care/club/button"
    backend, field, gateway = scene.everything()
    for button in (BUTTON, club):
        field.press(button)
        backend.until_event(type="alarm.raised", subject=button)

    def card(topic, number, hours_ago=0, **more):
        at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=hours_ago)
        field.say(f"mqtt field/{topic} " + json.dumps(
            {"card": number, "at": at.isoformat(timespec="milliseconds"), **more},
            separators=(",", ":")))
    card("gate/reader", 40213345, granted=False)
    backend.until_event(type="access.denied")
    card("gate/reader", 40213346, hours_ago=1, granted=True)  # kept by the reader until now
    backend.until_event(type="access.granted")
    field.say('mqtt field/gate/reader {"card":40213346,"granted":true,"at":"just_now"}')  # when, nobody knows
    backend.until_event(type="access.granted", count=2)
    card("patrol/care", 40213344)
    [attended] = backend.until_event(type="alarm.attended", subject=BUTTON)
    assert attended["data"]["actor"] == "badge" and "role" not in attended["data"]
    assert attended["data"]["state"]["attended"] is True
    assert "40213344" not in json.dumps(attended)
    assert shown(gateway, f"emergency_call/{club}")["state"]["attended"] is False
    card("gate/reader", 40213346, granted=True)
    [attended] = backend.until_event(type="alarm.attended", subject=club)
    assert attended["data"]["actor"] == "badge" and "40213346" not in json.dumps(attended)
    # The reader whose time could not be read was at fault, which is another alarm of that place.
    assert sorted(event["data"]["rule"] for event in backend.until_event(type="alarm.attended", count=3)) == [
        "emergency_call", "emergency_call", "system_sensor_fault"]


def test_an_acknowledgement_that_ends_no_call_says_so_and_says_whose_would(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.escalated", subject=BUTTON)
    assert shown(gateway, CALL)["calling"] == ["caregiver", "manager"]
    said = gateway.cli("ack", CALL, "--by", "wang", "--lang", "en")
    assert "people are called for it still" in said and "caregiver, manager" in said
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", subject=BUTTON)
    until(lambda: "to be attended, still calling" in gateway.cli("alarms", "--lang", "en"), "what is missing to be shown")
    assert "待到场·仍在呼叫" in gateway.cli("alarms", "--lang", "zh")
    refused(gateway, "If people are still being called", "ack", CALL, "--by", "li")
    gateway.kill_engine()
    until(lambda: shown(gateway, CALL)["calling"] == ["caregiver", "manager"], "the calls to go on after a restart")
    said = gateway.cli("ack", CALL, "--by", "li", "--role", "caregiver", "--lang", "en")
    assert "called for it still" not in said
    told = backend.until_event(type="alarm.acknowledged", subject=BUTTON, count=2)
    assert [event["data"]["calling"] for event in told] == [["caregiver", "manager"], []]
    until(lambda: "still calling" not in gateway.cli("alarms", "--lang", "en"), "the end of the calls to be shown")
    assert json.loads(gateway.cli("attend", CALL, "--by", "li", "--json"))["calling"] == []
    until(lambda: "to be reset" in gateway.cli("alarms", "--lang", "en"), "what is left to be done")
    row = shown(gateway, CALL)
    assert row["attend_required"] is False and row["calling"] == []
    assert row["managed"] is True


@pytest.mark.parametrize("wrong, says", [
    (("ack", CALL, "--as", "nonsense"), "What it was (--as) is genuine"),
    (("ack", CALL, "--by", "x" * 43), "by (--by) is a name of 1 to 42 bytes"),
    (("shelve", CALL, "--reason", "x", "--until", "yesterday"), "until (--until) is a time to come within a year"),
])
def test_a_wrong_argument_is_named_with_what_it_can_be(scene, wrong, says):
    _backend, _field, gateway = scene.everything()
    refused(gateway, says, *wrong)

# SPDX-License-Identifier: Apache-2.0
"""Test mode through the real processes: a test outlives the engine, a reload and itself, and calls nobody."""

import json
import re
import signal

from harness import until
from test_chains import Receiver, own_site, webhook_site
from test_reload import edit, hang_up, until_watching

BUTTON = "care/day-care/button-1"
OTHER = "care/day-care/button-2"
ELSEWHERE = "care/dining/button"
CALL = f"emergency_call/{BUTTON}"
ROOM = "care/day-care"


def call_of(gateway, alarm=CALL):
    return next((row for row in gateway.alarms() if row["alarm"] == alarm), None)


def is_tested(gateway):
    row = call_of(gateway)
    return row is not None and row["state"]["test"]


def ticked(gateway):
    """Which points the walk test shows as tripped."""
    out = gateway.try_cli("walk-test", ROOM, "--json")[1]
    return {row["point"] for row in map(json.loads, out.splitlines()) if row["tested"]}


def until_shown(gateway, shown):
    """Whoever looks at alarms, points or the gateway is told where nobody is called; or is not any more."""
    said = "Day-care room (care/day-care) is under test until"
    for command in ("alarms", "points", "health"):
        until(lambda command=command: (said in gateway.try_cli(command, "--lang", "en")[2]) == shown,
              f"`tocsin {command}` to {'say' if shown else 'say no longer'} that the room is under test")


def begin(backend, field, gateway, minutes):
    """Begin a test of the room and press one of its buttons, which stays pressed."""
    gateway.cli("test", "begin", ROOM, "--minutes", str(minutes), "--by", "wang", "--reason", "yearly test")
    field.press(BUTTON)
    backend.until_event(type="test.tripped", subject=BUTTON)
    backend.until_event(type="alarm.raised", subject=BUTTON)


def until_back(gateway, old):
    until(lambda: gateway.pids().get("engine") not in (None, old), "another engine")
    gateway.until_healthy()


def test_a_test_outlives_the_engine_and_calls_nobody(scene):
    receiver = Receiver(scene)
    webhook_site(scene, receiver.port, ("{after: 180 s, to: role manager", "{after: 0 s, to: role manager"),
                 ("{after: 60 s,  to: shift care", "{after: 0 s,  to: shift care"))
    backend, field, gateway = scene.everything()
    begin(backend, field, gateway, 30)
    until_shown(gateway, True)
    until_back(gateway, gateway.kill("engine", signal.SIGKILL))
    assert is_tested(gateway)
    until_shown(gateway, True)
    err = gateway.try_cli("alarms", "--lang", "zh")[2]
    assert "wang" in err and "yearly test" in err, "who and why are known after a restart as well"
    code, _out, err = gateway.try_cli("test", "begin", "care", "--minutes", "5", "--reason", "again", "--lang", "en")
    assert code == 1 and "under test already" in err
    # Pressed again it is a test still, and is not ticked off twice; another button is ticked off beside it.
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", subject=BUTTON)
    field.press(BUTTON)
    again = backend.until_event(type="alarm.reraised", subject=BUTTON)[0]
    assert again["data"]["state"]["test"] is True
    field.press(OTHER)
    backend.until_event(type="test.tripped", subject=OTHER)
    assert len(backend.events(type="test.tripped", subject=BUTTON)) == 1
    assert ticked(gateway) == {BUTTON, OTHER}
    # A call from elsewhere is in earnest, and the one that reaches people; nothing was waiting before it.
    field.press(ELSEWHERE)
    backend.until_event(type="alarm.escalated", subject=ELSEWHERE)
    called = until(receiver.taken, "the webhook to be called for the call that is no test")
    assert {event["subject"] for event in called} == {ELSEWHERE}
    assert not backend.events(type="alarm.escalated", subject=BUTTON)
    assert not backend.events(type="alarm.realarmed", subject=BUTTON)
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", subject=BUTTON)
    gateway.cli("test", "end", ROOM)
    ended = backend.until_event(type="test.ended", subject=ROOM)
    assert len(ended) == 1 and ended[0]["data"]["actor"]
    until_shown(gateway, False)
    assert {event["subject"] for event in backend.events(type="test.untested")} == {"care/day-care/smoke-1"}


def test_a_test_outlives_a_reload(scene):
    own_site(scene)
    backend, field, gateway = scene.everything()
    begin(backend, field, gateway, 30)
    edit(scene.site.parent / "rules.yaml", "{place}:紧急呼叫", "{place}:急呼")
    hang_up(gateway)
    backend.until_event(type="system.config_changed")
    until_watching(gateway, 2)
    assert is_tested(gateway) and ticked(gateway) == {BUTTON}
    # What is still pressed at the end was no test.
    gateway.cli("test", "end", ROOM)
    backend.until_event(type="alarm.realarmed", subject=BUTTON)
    backend.until_event(type="alarm.escalated", subject=BUTTON)


def test_a_test_whose_time_ran_out_meanwhile_ends_at_the_start_and_says_so(scene):
    clock = ["--clock", "2026-11-22T15:00:00+08:00@60"]
    scene.start_broker()
    backend, field = scene.backend(), scene.field(arguments=["--still", *clock])
    gateway = scene.gateway(clock)
    begin(backend, field, gateway, 30)
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", subject=BUTTON)
    gateway.stop()
    assert not backend.events(type="test.ended")
    gateway = scene.gateway(["--clock", "2026-11-22T15:40:00+08:00@60"])
    [ended] = backend.until_event(type="test.ended", subject=ROOM)
    assert ended["time"] < "2026-11-22T07:41", "long before 30 minutes had passed of this life"
    untested = {event["subject"] for event in backend.until_event(type="test.untested", count=2)}
    assert untested == {OTHER, "care/day-care/smoke-1"}
    # And what is pressed from now on is in earnest.
    field.press(BUTTON)
    again = backend.until_event(type="alarm.reraised", subject=BUTTON)[0]
    assert again["data"]["state"]["test"] is False
    backend.until_event(type="alarm.escalated", subject=BUTTON)


def test_a_test_of_a_place_that_is_gone_ends_with_a_word(scene):
    own_site(scene)
    site = scene.site
    backend, _field, gateway = scene.everything()
    place = "sport/court"
    gateway.cli("test", "begin", place, "--minutes", "30", "--reason", "new sensors")
    backend.until_event(type="test.begun", subject=place)
    gateway.stop()
    # The court has a new name, in the site and in everything that is in it.
    for path in site.parent.rglob("*.yaml"):
        path.write_text(re.sub(r"\bcourt\b(?!:)", "arena", path.read_text()))
    gateway = scene.gateway()
    [ended] = backend.until_event(type="test.ended", subject=place)
    assert ended["data"]["reason"] == "place removed" and ended["data"]["place"] == place
    assert ended["data"]["text"]["zh"] != ended["data"]["text"]["en"]
    code, _out, err = gateway.try_cli("test", "end", "sport/arena", "--lang", "en")
    assert code == 1 and "not under test" in err
    gateway.stop()
    scene.gateway()
    backend.until_event(type="system.started", count=3)
    assert len(backend.events(type="test.ended")) == 1


def test_who_walks_through_nothing_is_reminded_after_a_week_that_restarts_and_reloads_do_not_prolong(scene):
    own_site(scene)
    scene.start_broker()
    backend, field = scene.backend(), scene.field(arguments=["--still"])
    # The clock of each life is a week of days apart; the last minute of the week passes in a second.
    gateway = scene.gateway(["--clock", "2026-11-16T15:00:00+08:00@60"])
    for point in (BUTTON, OTHER):
        gateway.cli("test", "begin", ROOM, "--minutes", "30", "--reason", "weekly")
        field.press(point)
        backend.until_event(type="test.tripped", subject=point)
        field.release(point)
        gateway.cli("test", "end", ROOM)
    edit(scene.site.parent / "rules.yaml", "{place}:紧急呼叫", "{place}:急呼")
    hang_up(gateway)
    backend.until_event(type="system.config_changed")
    until_watching(gateway, 2)
    gateway.stop()
    gateway = scene.gateway(["--clock", "2026-11-23T14:58:00+08:00@60"])
    due = {event["subject"]: event for event in backend.until_event(type="system.walk_test_due", count=3)}
    assert set(due) == {"hall", "care", "sport"}
    assert all(event["time"] >= "2026-11-23T06:59:58" for event in due.values()), "not before the week is over"
    points = json.loads(gateway.try_cli("walk-test", ROOM, "--json")[1].splitlines()[0])
    assert points, "the walk test of the first life is still there to look at"
    assert due["sport"]["data"]["untested"] == 4
    care = due["care"]["data"]
    assert care["text"]["zh"] != care["text"]["en"] and str(care["untested"]) in care["text"]["en"]
    gateway.stop()
    # A day later nothing is told again: the next week has begun. It is over at last.
    gateway = scene.gateway(["--clock", "2026-11-24T15:00:00+08:00@60"])
    gateway.until_healthy()
    gateway.stop()
    assert len(backend.events(type="system.walk_test_due")) == 3
    scene.gateway(["--clock", "2026-11-30T15:10:00+08:00@60"])
    again = backend.until_event(type="system.walk_test_due", count=6)[3:]
    untested = {event["subject"]: event["data"]["untested"] for event in again}
    assert untested["care"] == care["untested"] + 2, "what was tested two weeks ago counts no longer"

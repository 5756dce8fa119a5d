# SPDX-License-Identifier: Apache-2.0
"""Test mode through the real processes: a test outlives the engine, a reload and itself, and calls nobody."""

import json
import os
import re
import subprocess
import termios

from harness import SECOND, TOCSIN, until
from test_chains import Receiver, lamp_is, own_site, webhook_site
from test_reload import edit, hang_up, until_watching

BUTTON = "care/day-care/button-1"
OTHER = "care/day-care/button-2"
ELSEWHERE = "care/dining/button"
CALL = f"emergency_call/{BUTTON}"
ROOM = "care/day-care"
CLUB, DINING, HEAT = "care/club/smoke-1", "care/dining/smoke-1", "care/dining/heat-1"
CONFIRMED = "fire_confirmed/care"
SIREN = "sport/court/siren"


def call_of(gateway, alarm=CALL):
    return next((row for row in gateway.alarms() if row["alarm"] == alarm), None)


def is_tested(gateway):
    row = call_of(gateway)
    return row is not None and row["state"]["test"]


def ticked(gateway):
    """Which points the walk test shows as tripped."""
    out = gateway.try_cli("walk-test", ROOM, "--json")[1]
    return {row["point"] for row in map(json.loads, out.splitlines()) if row["tested"]}


def is_shown(gateway, command):
    """Whoever looks at alarms, points or the gateway is told where nobody is called."""
    return "Day-care room (care/day-care) is under test until" in gateway.try_cli(command, "--lang", "en")[2]


def until_shown(gateway, shown):
    for command in ("alarms", "points", "health"):
        until(lambda command=command: is_shown(gateway, command) == shown,
              f"`tocsin {command}` to {'say' if shown else 'say no longer'} that the room is under test")


def test_the_next_look_after_a_test_began_or_ended_knows_it(scene):
    scene.start_broker()
    gateway = scene.gateway()
    for _ in range(5):
        gateway.cli("test", "begin", ROOM, "--minutes", "5", "--by", "wang", "--reason", "yearly test", *SECOND)
        assert is_shown(gateway, "alarms")
        gateway.cli("test", "end", ROOM, "--by", "wang")
        assert not is_shown(gateway, "alarms")


def begin(backend, field, gateway, minutes):
    """Begin a test of the room and press one of its buttons, which stays pressed."""
    gateway.cli("test", "begin", ROOM, "--minutes", str(minutes), "--by", "wang", "--reason", "yearly test", *SECOND)
    field.press(BUTTON)
    backend.until_event(type="test.tripped", subject=BUTTON)
    backend.until_event(type="alarm.raised", subject=BUTTON)


def test_a_test_outlives_the_engine_and_calls_nobody(scene):
    receiver = Receiver(scene)
    webhook_site(scene, receiver.port, ("{after: 180 s, to: role manager", "{after: 0 s, to: role manager"),
                 ("{after: 60 s,  to: shift care", "{after: 0 s,  to: shift care"))
    backend, field, gateway = scene.everything()
    begin(backend, field, gateway, 30)
    until_shown(gateway, True)
    gateway.kill_engine()
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
    edit(scene.site.parent / "rules.yaml", "{place}：紧急呼叫", "{place}：急呼")
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
    assert ended["time"] < "2026-11-22T08:10", "before 30 minutes had passed of this life"
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
        gateway.cli("test", "begin", ROOM, "--minutes", "30", "--reason", "weekly", *SECOND)
        field.press(point)
        backend.until_event(type="test.tripped", subject=point)
        field.release(point)
        gateway.cli("test", "end", ROOM)
    edit(scene.site.parent / "rules.yaml", "{place}：紧急呼叫", "{place}：急呼")
    hang_up(gateway)
    backend.until_event(type="system.config_changed")
    until_watching(gateway, 2)
    gateway.stop()
    gateway = scene.gateway(["--clock", "2026-11-23T14:58:00+08:00@60"])
    due = {event["subject"]: event for event in backend.until_event(type="system.walk_test_due", count=3)}
    assert set(due) == {"hall", "care", "sport"}
    assert min(event["time"] for event in due.values()) >= "2026-11-23T06:59:58", "not before the week is over"
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


def test_what_a_walk_test_left_latched_is_reset_one_by_one_in_the_name_of_who_asks(scene):
    backend, field, gateway = scene.everything()

    def left():
        return {row["alarm"] for row in gateway.alarms() if not row["alarm"].startswith("system_")}
    begin(backend, field, gateway, 30)
    field.press(OTHER)
    smoke = "care/day-care/smoke-1"
    field.press(smoke)
    backend.until_event(type="test.tripped", subject=smoke)
    field.press(ELSEWHERE)
    backend.until_event(type="alarm.raised", subject=ELSEWHERE)
    for point in (BUTTON, smoke, ELSEWHERE):
        field.release(point)
        backend.until_event(type="alarm.cleared", subject=point)
    # Neither the button that is still pressed nor the call from elsewhere is a test's leftover.
    out = gateway.cli("test", "reset", ROOM, "--by", "wang", "--reason", "yearly test", "--lang", "en")
    assert f"reset  {CALL}" in out and f"reset  fire_alarm/{smoke}" in out
    assert OTHER not in out and ELSEWHERE not in out
    for point in (BUTTON, smoke):
        for kind in ("alarm.acknowledged", "alarm.reset", "alarm.closed"):
            [event] = backend.until_event(type=kind, subject=point)
            assert "wang" in event["data"]["actor"], kind
        assert backend.events(type="alarm.closed", subject=point)[0]["data"]["disposition"] == "test"
    assert backend.events(type="alarm.attended", subject=BUTTON) and not backend.events(type="alarm.attended", subject=smoke)
    assert left() == {f"emergency_call/{OTHER}", f"emergency_call/{ELSEWHERE}"}

    # After the end of the test it is the same; a second time there is nothing to do, and a wrong place is said to be.
    field.release(OTHER)
    backend.until_event(type="alarm.cleared", subject=OTHER)
    gateway.cli("test", "end", ROOM)
    backend.until_event(type="test.ended", subject=ROOM)
    gateway.cli("test", "reset", "care")
    backend.until_event(type="alarm.closed", subject=OTHER)
    code, out, err = gateway.try_cli("test", "reset", "care", "--lang", "en")
    assert code == 0 and out == "" and "no alarm of a test" in err
    assert left() == {f"emergency_call/{ELSEWHERE}"}
    code, out, err = gateway.try_cli("test", "reset", "care/no-such-room")
    assert code == 1 and out == "" and "care/no-such-room" in err
    # Whoever may not act is refused at the first alarm.
    gateway.cli("test", "begin", ROOM, "--minutes", "5", "--reason", "again", *SECOND)
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", subject=BUTTON, count=2)
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", subject=BUTTON, count=2)
    code, out, err = gateway.try_cli("test", "reset", ROOM, "--role", "auditor")
    assert code == 1 and out == "" and CALL in left()


def test_a_call_while_tests_are_reset_is_left_to_those_who_are_called(scene):
    backend, field, gateway = scene.everything()
    buttons = [BUTTON, OTHER, ELSEWHERE, "care/rehab/button", "care/talk/button", "care/club/button", "care/read/button"]
    gateway.cli("test", "begin", "care", "--minutes", "30", "--reason", "monthly", *SECOND)
    for button in buttons:
        field.press(button)
        backend.until_event(type="alarm.raised", subject=button)
        field.release(button)
        backend.until_event(type="alarm.cleared", subject=button)
    gateway.cli("test", "end", "care")
    # A command line behind a link that stands still: it has begun with the first alarm, and cannot tell of it yet.
    reader, writer = os.openpty()
    termios.tcflow(writer, termios.TCOOFF)
    reset = subprocess.Popen([TOCSIN, "test", "reset", "care", "--by", "wang", "--lang", "en"], stdout=writer, stderr=writer,
                             env={**os.environ, "TOCSIN_SOCKET": str(gateway.socket)})
    [first] = backend.until_event(type="alarm.acknowledged")
    left = [row["entity"] for row in gateway.alarms() if row["state"]["test"]]
    assert sorted(left) == sorted(buttons)
    real = next(button for button in left if button != first["subject"])
    field.press(real)
    backend.until_event(type="alarm.escalated", subject=real)
    field.release(real)
    backend.until_event(type="alarm.cleared", subject=real, count=2)
    termios.tcflow(writer, termios.TCOON)
    assert reset.wait(30) == 1
    os.close(writer)
    for button in set(left) - {real}:
        backend.until_event(type="alarm.closed", subject=button)
    row = call_of(gateway, f"emergency_call/{real}")
    assert not row["state"]["acked"] and not row["state"]["attended"]
    assert not [e for e in backend.events(subject=real) if e["type"] in (
        "tocsin.alarm.acknowledged", "tocsin.alarm.attended", "tocsin.alarm.closed")]
    said = b""
    while b"raised again after" not in said:
        said += os.read(reader, 4096)
    os.close(reader)


def test_whoever_begins_a_test_is_told_what_there_is_still_in_earnest(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", subject=BUTTON)
    code, _out, err = gateway.try_cli("test", "begin", ELSEWHERE.rsplit("/", 1)[0], "--minutes", "5", "--reason", "x", *SECOND)
    assert code == 0 and CALL not in err
    code, _out, err = gateway.try_cli("test", "begin", ROOM, "--minutes", "5", "--reason", "x", "--lang", "en",
                                    *SECOND)
    told = err.splitlines()
    assert code == 0 and told[told.index(f"  {CALL}") - 1].endswith("Reset them first:")
    # A test around it is no test of it, and is named as that.
    code, _out, err = gateway.try_cli("test", "end", "care", "--lang", "en")
    assert code == 1 and "a place around it" in err


def until_heard(gateway, *points):
    def heard():
        rows = {row["point"]: row for row in map(json.loads, gateway.cli("points", "--json").splitlines())}
        return all(rows[point]["quality"] == "good" for point in points)
    until(heard, f"{points} to be heard")


def test_a_walk_test_from_room_to_room_evacuates_nobody_though_the_engine_is_killed_as_it_ends(scene):
    backend, field, gateway = scene.everything()
    for room, detector in (("care/club", CLUB), ("care/dining", DINING)):
        gateway.cli("test", "begin", room, "--minutes", "5", "--reason", "weekly", *SECOND)
        field.press(detector)
        backend.until_event(type="test.tripped", subject=detector)
        field.release(detector)
        backend.until_event(type="alarm.cleared", subject=detector)
        gateway.cli("test", "end", room)
        backend.until_event(type="test.ended", subject=room)
    # Both have tripped within a minute, which is what confirms a fire; and both in a test.
    [confirmed] = backend.until_event(type="alarm.raised", rule="fire_confirmed")
    assert confirmed["data"]["state"]["test"] is True
    gateway.kill_engine()
    until_heard(gateway, CLUB, DINING)
    # Somebody who calls in earnest now is heard, behind whatever the engine had to say before.
    field.press(BUTTON)
    backend.until_event(type="alarm.escalated", subject=BUTTON)
    assert call_of(gateway, CONFIRMED)["state"]["test"] is True
    for kind in ("alarm.realarmed", "alarm.escalated"):
        assert not backend.events(type=kind, rule="fire_confirmed"), kind
    assert field.say(f"coil {SIREN}") == "0"


def test_a_fire_that_is_confirmed_beside_a_test_sounds_though_the_engine_is_killed_in_between(scene):
    backend, field, gateway = scene.everything()
    gateway.cli("test", "begin", "care/club", "--minutes", "30", "--reason", "weekly", *SECOND)
    field.press(CLUB)
    backend.until_event(type="test.tripped", subject=CLUB)
    gateway.kill_engine()
    until_heard(gateway, CLUB)
    # One in a test and one in earnest confirm no fire; the second one in earnest does.
    field.press(DINING)
    [confirmed] = backend.until_event(type="alarm.raised", rule="fire_confirmed")
    assert confirmed["data"]["state"]["test"] is True
    assert backend.until_event(type="alarm.raised", subject=DINING)[0]["data"]["state"]["test"] is False
    field.press(HEAT)
    [earnest] = backend.until_event(type="alarm.realarmed", rule="fire_confirmed")
    assert earnest["data"]["state"]["test"] is False
    backend.until_event(type="alarm.escalated", rule="fire_confirmed")
    lamp_is(field, True, SIREN)

# SPDX-License-Identifier: Apache-2.0
"""SIGHUP takes a changed site: what can be kept is kept, what ends says why, a bad site changes nothing."""

import json
import re
import shutil
import signal
import subprocess
from datetime import timedelta

import pytest
from harness import ROOT, until
from test_rules import MONDAY_NOON, SUNDAY_NIGHT, at, until_clock, until_seen, wall

BUTTON = "care/day-care/button-1"
CALL = f"emergency_call/{BUTTON}"


def own_copy(scene):
    """Let the scene watch a copy of the example that a test may edit; return its directory."""
    shutil.copytree(ROOT / "deploy" / "example", scene.directory / "site")
    scene.site = scene.directory / "site" / "site.yaml"
    return scene.directory / "site"


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def hang_up(gateway):
    gateway.process.child.send_signal(signal.SIGHUP)


def until_watching(gateway, times):
    """Wait until all components work, for the given time."""
    until(lambda: len(re.findall("event=watching", gateway.process.text())) >= times, f"{times} times watching",
          context=lambda: "\n" + gateway.process.text()[-6000:])
    gateway.until_healthy()


def call_of(gateway):
    return next((alarm for alarm in gateway.alarms() if alarm["alarm"] == CALL), None)


def test_a_changed_rule_keeps_open_alarms_and_the_change_is_told(scene):
    directory = own_copy(scene)
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    gateway.cli("ack", CALL, "--by", "wang")
    before = gateway.pids()
    edit(directory / "rules.yaml", "{place}：紧急呼叫", "{place}：急呼")
    hang_up(gateway)
    [changed] = backend.until_event(type="system.config_changed")
    until_watching(gateway, 2)
    first, second = list(dict.fromkeys(re.findall("generation=([0-9a-f]{16})", gateway.process.text())))
    said = changed["data"]
    assert (said["class"], said["generation_before"], said["generation"]) == ("system.config_changed", first, second)
    # The gateway went on: nobody is sent to look why it started.
    assert len(backend.events(type="system.started")) == 1
    after = gateway.pids()
    assert {name for name in before if before[name] == after[name]} == {"field-0"}, "nothing that is polled has changed"
    assert call_of(gateway)["state"]["acked"]
    gateway.cli("attend", CALL, "--by", "wang")
    [told] = backend.until_event(type="alarm.attended", rule="emergency_call")
    assert told["data"]["text"]["zh"].endswith("急呼")
    assert not backend.events(type="alarm.raised", rule="system_component_lost")


def test_a_shelved_alarm_whose_rule_becomes_a_call_for_help_is_heard(scene):
    """A call is never shelved: the shelving ends with its event, and people are called."""
    directory, door = own_copy(scene), "door_held/sport/room/door"
    clock = ["--clock", "2026-11-23T23:00:00+08:00@5"]
    scene.start_broker()
    backend, field, gateway = scene.backend(), scene.field(arguments=clock), scene.gateway(arguments=clock)
    field.set("sport/room/door", 1)
    backend.until_event(type="alarm.raised", rule="door_held")
    gateway.cli("ack", door)
    gateway.cli("shelve", door, "--minutes", "60", "--reason", "delivery")
    edit(directory / "rules.yaml", "    raise_after: 30 s\n    class: door.held\n",
         "    class: call.emergency\n    chain: care-call\n")
    hang_up(gateway)
    [told] = backend.until_event(type="alarm.unshelved", rule="door_held")
    state = told["data"]["state"]
    assert (state["active"], state["acked"], state["latched"], state["suppression"]) == (True, False, True, "none")
    backend.until_event(type="alarm.escalated", rule="door_held")


@pytest.mark.parametrize("agreed", [False, True])
def test_a_door_that_one_person_put_out_of_service_is_back_when_it_becomes_a_call_for_help(scene, agreed):
    """That takes two people in two roles for a call. Where a second one agreed it stays out of service."""
    directory, door = own_copy(scene), "door_held/sport/room/door"
    clock = ["--clock", "2026-11-23T23:00:00+08:00@5"]
    scene.start_broker()
    backend, field, gateway = scene.backend(), scene.field(arguments=clock), scene.gateway(arguments=clock)
    field.set("sport/room/door", 1)
    backend.until_event(type="alarm.raised", rule="door_held")
    second = ["--second", "wang", "--second-role", "engineer"] if agreed else []
    gateway.cli("out-of-service", door, "--minutes", "600", "--reason", "repair", "--by", "li", "--role", "manager",
                *second)
    backend.until_event(type="alarm.out_of_service", rule="door_held")
    edit(directory / "rules.yaml", "    raise_after: 30 s\n    class: door.held\n",
         "    class: call.emergency\n    chain: care-call\n")
    reload(backend, gateway)
    if agreed:
        until_watching(gateway, 2)
        [row] = [row for row in map(json.loads, gateway.cli("alarms", "--json").splitlines()) if row["alarm"] == door]
        assert row["class"] == "call.emergency" and row["state"]["suppression"] == "out_of_service"
        assert not backend.events(type="alarm.in_service")
        return
    [told] = backend.until_event(type="alarm.in_service", rule="door_held")
    state = told["data"]["state"]
    assert (state["active"], state["acked"], state["suppression"]) == (True, False, "none")
    backend.until_event(type="alarm.escalated", rule="door_held")


def test_an_alarm_whose_rule_was_removed_closes_and_says_why(scene):
    directory = own_copy(scene)
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    rules = (directory / "rules.yaml").read_text()
    begin, end = rules.index("  - rule: emergency_call"), rules.index("  - rule: bathroom_call")
    (directory / "rules.yaml").write_text(rules[:begin] + rules[end:])
    hang_up(gateway)
    [closed] = backend.until_event(type="alarm.closed", rule="emergency_call")
    assert "rule removed" in str(closed["data"])
    until_watching(gateway, 2)
    assert call_of(gateway) is None


def retained_alarms(scene):
    """What somebody who comes now is told of alarms, by the end of the topic."""
    newcomer = scene.backend("tocsin/v1/+/+/alarm/#")
    publish(scene, "tocsin/v1/x/y/alarm/the-end", "{}")
    until(lambda: any(topic.endswith("/the-end") for topic, *_rest in newcomer.all()), "all that is retained")
    return {topic.split("/alarm/")[1] for topic, payload, *_rest in newcomer.all() if payload} - {"the-end"}


def test_the_broker_forgets_the_alarm_of_a_renamed_rule_however_full_the_window_is(scene):
    scene.broker.extra = "max_inflight_messages 2\n"  # told as the receive maximum: less than a round of values
    directory = own_copy(scene)
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    until(lambda: CALL in retained_alarms(scene), "the alarm's state")
    edit(directory / "rules.yaml", "rule: emergency_call", "rule: call_for_help")
    hang_up(gateway)
    backend.until_event(type="alarm.raised", rule="call_for_help")
    until_watching(gateway, 2)
    until(lambda: CALL not in retained_alarms(scene), "the old name to be emptied")
    until(lambda: f"call_for_help/{BUTTON}" in retained_alarms(scene), "the new name")


def test_a_bad_site_changes_nothing(scene):
    directory = own_copy(scene)
    backend, field, gateway = scene.everything()
    before = gateway.pids()
    edit(directory / "rules.yaml", "each: point emergency_button", "each: point emergency_buton")
    hang_up(gateway)
    [refused] = backend.until_event(type="system.config_refused")
    assert refused["data"]["class"] == "system.config_changed"
    assert f"generation={refused['data']['generation']}" in gateway.process.text(), "the one that stays in force"
    gateway.process.until_said(r"event=site_refused .*the old site stays in force")
    assert gateway.process.has(r"rules.yaml:\d+:\d+: .*emergency_buton")
    assert gateway.pids() == before
    field.press(BUTTON)
    until(lambda: call_of(gateway), "the old rule to work")


def test_a_bad_site_is_noted_in_the_language_of_the_gateway(scene):
    directory = own_copy(scene)
    gateway = scene.gateway(["--lang", "zh"])
    edit(directory / "rules.yaml", "each: point emergency_button", "each: point emergency_buton")
    hang_up(gateway)
    gateway.process.until_said(r"event=site_refused .*the old site stays in force")
    assert gateway.process.has(r"rules.yaml:\d+:\d+: 错误：`emergency_buton` 不是测点的类型")
    assert gateway.process.has(r"建议：是不是 `emergency_button`？")


def test_a_drawn_floor_plan_is_served_and_changed_and_a_wrong_one_leaves_the_one_before(scene):
    drawing = own_copy(scene) / "care.svg"
    backend, _field, gateway = scene.everything()

    def tag():
        return next(place["plan"] for place in gateway.ask("/api/v1/places").body["places"] if place["place"] == "care")

    first = gateway.ask("/api/v1/plans/care", role="wall")
    assert (first.status, first.type, first.headers["ETag"]) == (200, "image/svg+xml", f'"{tag()}"')
    assert b'data-place="care/dining"' in first.bytes and b"M4 64V4H236V123H4V78" in first.bytes
    assert not re.search(rb"#fff|#000|title|<!|style", first.bytes), "shapes alone"
    had = [("If-None-Match", first.headers["ETag"])]
    assert gateway.ask("/api/v1/plans/care", headers=had).status == 304
    assert {gateway.ask(path).status for path in ("/api/v1/plans/sport", "/api/v1/plans/care/dining", "/api/v1/plans")} == {404}

    good, before = drawing.read_text(), tag()
    drawing.write_text(good.replace("<g id", "<script>alert(1)</script><g id", 1))
    hang_up(gateway)
    backend.until_event(type="system.config_refused")
    backend.until_event(type="alarm.raised", rule="system_site_refused")
    assert gateway.process.has(r"care.svg:\d+:\d+: error: `script` has no place in a drawing")
    assert gateway.ask("/api/v1/plans/care").bytes == first.bytes

    drawing.write_text(good.replace("M4 64V4", "M4 62V4"))
    hang_up(gateway)
    backend.until_event(type="system.config_changed")
    backend.until_event(type="alarm.cleared", rule="system_site_refused")
    until_watching(gateway, 2)
    assert tag() != before
    assert b"M4 62V4" in gateway.ask("/api/v1/plans/care", headers=had).bytes


def test_a_reload_without_a_change_restarts_nothing(scene):
    own_copy(scene)
    backend, _field, gateway = scene.everything()
    before = gateway.pids()
    hang_up(gateway)
    gateway.process.until_said(r"event=reload_unchanged")
    assert not backend.events(type="system.config_refused")
    assert gateway.pids() == before


def test_the_site_of_another_gateway_is_refused(scene):
    directory = own_copy(scene)
    backend, _field, gateway = scene.everything()
    before = gateway.pids()
    edit(directory / "site.yaml", "  id: gulou-demo", "  id: gulou-two")
    hang_up(gateway)
    backend.until_event(type="system.config_refused")
    gateway.process.until_said(r"event=reload_refused .*the journal belongs to the old")
    assert gateway.pids() == before


def test_hang_ups_that_come_together_end_with_the_newest_site(scene):
    directory = own_copy(scene)
    backend, field, gateway = scene.everything()
    words = ["{place}：紧急呼叫", *(f"{{place}}：急呼{number}" for number in range(5))]
    for before, after in zip(words, words[1:]):
        edit(directory / "rules.yaml", before, after)
        hang_up(gateway)

    def called_in_the_newest_words():
        field.press(BUTTON)
        field.release(BUTTON)
        return [event for event in backend.events(rule="emergency_call") if event["data"]["text"]["zh"].endswith("急呼4")]
    until(called_in_the_newest_words, "a call in the newest words")
    gateway.until_healthy()


def test_a_stop_during_a_reload_stops(scene):
    directory = own_copy(scene)
    _backend, _field, gateway = scene.everything()
    edit(directory / "rules.yaml", "{place}：紧急呼叫", "{place}：急呼")
    hang_up(gateway)
    gateway.process.until_said(r"event=reloading")
    assert gateway.stop() == 0


# ---- what is under way ----

def press_and_tell(backend, field):
    """Press the button; return when its call was raised."""
    field.press(BUTTON)
    return raised_at(backend, "emergency_call")


def nth(backend, count, **wanted):
    """Wait for so many of these events; return when the last of them was."""
    return wall(backend.until_event(count=count, deadline_s=60, **wanted)[count - 1]["time"])


def test_a_clock_that_runs_keeps_its_time_and_the_next_one_has_the_changed_number(scene):
    directory = own_copy(scene)
    backend, field, gateway = at(scene, MONDAY_NOON, 30)
    press_and_tell(backend, field)
    gateway.cli("ack", CALL, "--by", "wang")
    first = nth(backend, 1, type="alarm.acknowledged", rule="emergency_call")
    site = directory / "site.yaml"
    site.write_text(f"{site.read_text()}\nalarms:\n  attend_within: {{emergency: 30 s}}\n")
    reload(backend, gateway)
    called_again = nth(backend, 1, type="alarm.realarmed", rule="emergency_call")
    assert called_again - first >= timedelta(minutes=5)
    gateway.until_healthy()
    gateway.cli("ack", CALL, "--by", "wang")
    second = nth(backend, 2, type="alarm.acknowledged", rule="emergency_call")
    called_again = nth(backend, 2, type="alarm.realarmed", rule="emergency_call")
    assert timedelta(seconds=30) <= called_again - second < timedelta(minutes=5)


SECOND, THIRD = "{after: 60 s,  to: shift care}", "{after: 180 s, to: role manager, by: webhook}"


def second_step_of_a_call(scene, after, changed_to, changed_at):
    """
    Change the time of a chain's second step, `changed_at` seconds after a call that nobody acknowledges began. Return
    when the call, the new site and the step came.
    """
    directory = own_copy(scene)
    rules = directory / "rules.yaml"
    edit(rules, THIRD, "{after: 20 min, to: role manager, by: webhook}")
    edit(rules, SECOND, f"{{after: {after} s, to: shift care}}")
    backend, field, gateway = at(scene, MONDAY_NOON, 10)
    raised = press_and_tell(backend, field)
    until_clock(backend, field, raised, seconds=changed_at)
    edit(rules, f"{{after: {after} s, to: shift care}}", f"{{after: {changed_to} s, to: shift care}}")
    changed = reload(backend, gateway)
    step = nth(backend, 2, type="alarm.escalated", subject=BUTTON)
    told = [(event["data"]["step"], event["data"]["reason"]) for event in backend.events(type="alarm.escalated", subject=BUTTON)]
    assert told[:2] == [(1, "due"), (2, "due")]
    return raised, changed, step


def test_a_step_that_was_put_off_counts_from_the_beginning_of_its_call(scene):
    raised, changed, step = second_step_of_a_call(scene, after=120, changed_to=150, changed_at=15)
    assert step - raised >= timedelta(seconds=150)
    assert step - changed < timedelta(seconds=150)


def test_a_step_whose_changed_time_is_past_comes_at_once(scene):
    raised, changed, step = second_step_of_a_call(scene, after=600, changed_to=30, changed_at=60)
    assert changed - raised >= timedelta(seconds=60)
    assert step - raised < timedelta(seconds=600)


def told_of_a_call_whose_chain_changes(scene, old, new):
    """Whom an open call is told to, after `old` in the rules became `new` behind the chain's first step."""
    directory = own_copy(scene)
    backend, field, gateway = at(scene, MONDAY_NOON, 10)
    press_and_tell(backend, field)
    edit(directory / "rules.yaml", old, new)
    reload(backend, gateway)

    def told(to):
        until(lambda: any(e["data"]["to"] == to for e in backend.events(type="alarm.escalated", subject=BUTTON)), f"{to} to be told")

    return told


CHAIN = "  care-call:\n"
LAMP = "    - {after: 0 s,   to: role caregiver, place: own, output: call_lamp}\n"
CARE_CALL = "    class: call.emergency\n    chain: care-call\n"


def test_who_comes_into_the_chain_of_an_open_call_is_told(scene):
    told_of_a_call_whose_chain_changes(scene, CHAIN, CHAIN + "    - {after: 0 s, to: role security, output: sounder}\n")("role security")


def test_who_comes_next_is_told_when_the_step_of_before_is_removed(scene):
    told_of_a_call_whose_chain_changes(scene, LAMP, "")("shift care")


def test_an_open_call_that_gets_another_chain_is_told_to_all_of_it(scene):
    told_of_a_call_whose_chain_changes(scene, CARE_CALL, CARE_CALL.replace("care-call", "fire"))("everyone")


# ---- what rules remember ----

PRESENCE = "care/bath/presence"
OVERSTAY = "held(any(presence), 30 min)"
SOON = "held(any(presence), 10 min)"
CROWD = "over_capacity/sport/room"


def somebody_in_the_bathroom(scene, directory):
    """A bathroom that is told of after 10 min, with somebody in it for a few; when they came in."""
    edit(directory / "rules.yaml", OVERSTAY, SOON)
    backend, field, gateway = at(scene, MONDAY_NOON, 60)
    until_seen(backend, PRESENCE, 0)
    field.set(PRESENCE, 1)
    since = until_seen(backend, PRESENCE, 1)
    until_clock(backend, field, since, minutes=2)
    return backend, gateway, since


def reload(backend, gateway, times=1):
    """Take the changed site; return when, on the gateway's clock, the rules began to be those of now."""
    hang_up(gateway)
    changes = backend.until_event(type="system.config_changed", count=times)
    return wall(changes[times - 1]["time"])


def not_kept(gateway):
    return re.findall(r"event=past_not_kept rule=(\S+) .*begins_anew=\"([^\"]*)\"", gateway.process.text())


def raised_at(backend, rule):
    [raised] = backend.until_event(type="alarm.raised", rule=rule, deadline_s=60)
    return wall(raised["time"])


def test_an_edited_operand_begins_anew_and_is_named(scene):
    directory = own_copy(scene)
    backend, gateway, _since = somebody_in_the_bathroom(scene, directory)
    edit(directory / "rules.yaml", SOON, "held(count(presence) >= 1, 10 min)")
    changed = reload(backend, gateway)
    assert raised_at(backend, "bathroom_overstay") - changed >= timedelta(minutes=10)
    assert not_kept(gateway) == [("bathroom_overstay", "held")]


def test_an_edited_duration_keeps_the_past(scene):
    directory = own_copy(scene)
    backend, gateway, since = somebody_in_the_bathroom(scene, directory)
    edit(directory / "rules.yaml", SOON, "held(any(presence), 11 min)")
    changed = reload(backend, gateway)
    raised = raised_at(backend, "bathroom_overstay")
    assert raised - since >= timedelta(minutes=11)
    assert raised - changed < timedelta(minutes=10)
    assert not_kept(gateway) == []


def test_the_edit_of_another_rule_keeps_every_past(scene):
    directory = own_copy(scene)
    backend, gateway, since = somebody_in_the_bathroom(scene, directory)
    edit(directory / "rules.yaml", "{place}：紧急呼叫", "{place}：急呼")
    changed = reload(backend, gateway)
    raised = raised_at(backend, "bathroom_overstay")
    assert raised - since >= timedelta(minutes=10)
    assert raised - changed < timedelta(minutes=9)
    assert not_kept(gateway) == []
    assert gateway.process.has(r"event=engine_started .*memories_kept=[1-9]\d* memories_anew=0 memories_dropped=0")


def test_a_rule_that_comes_back_does_not_remember_what_was_before(scene):
    directory = own_copy(scene)
    backend, gateway, _since = somebody_in_the_bathroom(scene, directory)
    rules = (directory / "rules.yaml").read_text()
    begin, end = rules.index("  - rule: bathroom_overstay"), rules.index("  - rule: no_activity")
    (directory / "rules.yaml").write_text(rules[:begin] + rules[end:])
    reload(backend, gateway)
    until_watching(gateway, 2)
    (directory / "rules.yaml").write_text(rules)
    changed = reload(backend, gateway, times=2)
    assert raised_at(backend, "bathroom_overstay") - changed >= timedelta(minutes=10)


def crowd_of(gateway):
    gateway.until_healthy()  # the console of the new site may not be there yet
    return next((alarm for alarm in gateway.alarms() if alarm["alarm"] == CROWD), None)


def test_a_room_stays_over_capacity_when_it_gets_another_people_counter(scene):
    directory = own_copy(scene)
    counter = "      - {point: in-2,   place: sport/room,  kind: people_in,  read: holding 104, type: u32}\n"
    motion = "      - {point: motion, place: sport/court, kind: motion,     read: discrete 0}\n"
    clock = ["--clock", f"{MONDAY_NOON}@60"]
    scene.start_broker()
    backend = scene.backend()
    edit(directory / "site.yaml", motion, counter + motion)
    field = scene.field(arguments=["--still", *clock])
    edit(directory / "site.yaml", counter, "")
    gateway = scene.gateway(clock)
    field.set("sport/room/in-2", 5000)
    until_seen(backend, "sport/room/in", 0)
    until_seen(backend, "sport/room/out", 0)
    field.set("sport/room/in", 50)
    raised_at(backend, "over_capacity")
    edit(directory / "site.yaml", motion, counter + motion)
    reload(backend, gateway)
    until_seen(backend, "sport/room/in-2", 5000)
    assert not_kept(gateway) == [("over_capacity", "counter")]
    field.set("sport/room/out", 9)
    until_seen(backend, "sport/room/out", 9)
    assert crowd_of(gateway)["state"]["active"]
    assert not backend.events(type="alarm.cleared", rule="over_capacity")
    field.set("sport/room/out", 10)
    backend.until_event(type="alarm.cleared", rule="over_capacity")


def test_a_room_stays_over_capacity_when_its_rule_gets_another_term(scene):
    directory = own_copy(scene)
    backend, field, gateway = at(scene, MONDAY_NOON, 60)
    until_seen(backend, "sport/room/in", 0)
    until_seen(backend, "sport/room/out", 0)
    field.set("sport/room/in", 50)
    raised_at(backend, "over_capacity")
    before = "raise: sum(people_in) - sum(people_out) > capacity * 1.1"
    edit(directory / "rules.yaml", before, f"{before} or all(held(door_contact, 3 h)) and sum(people_in) > 30")
    reload(backend, gateway)
    until_watching(gateway, 2)
    assert not_kept(gateway) == [("over_capacity", "held")]
    field.set("sport/room/out", 9)
    until_seen(backend, "sport/room/out", 9)
    assert crowd_of(gateway)["state"]["active"]
    assert not backend.events(type="alarm.cleared", rule="over_capacity")
    field.set("sport/room/out", 10)
    backend.until_event(type="alarm.cleared", rule="over_capacity")


# ---- what the points said last ----

DOOR_SHUT = 'mqtt field/gate/door {"open": false}'
DOOR_OPEN = 'mqtt field/gate/door {"open": true}'


def publish(scene, topic, message):
    """As a sensor that the simulated field does not know."""
    scene.until_heard()
    subprocess.run(["mosquitto_pub", "-p", str(scene.broker.port), "-q", "1", "-t", topic, "-m", message], check=True)


def a_closed_gate_at_night(scene, directory, rate=1):
    """The gate's contact has said once that it is closed; nothing of what it publishes is retained."""
    backend, field, gateway = at(scene, SUNDAY_NIGHT, rate)
    gateway.process.until_said("event=device_answers device=doors")  # it hears what is published from now on
    field.say(DOOR_SHUT)
    field.say('mqtt field/gate/rex {"pressed": false}')
    until_seen(backend, "hall/gate/door", 0)
    edit(directory / "rules.yaml", "{place}：紧急呼叫", "{place}：急呼")
    return backend, field, gateway


def values_kept(gateway, times):
    """What the engine said of the values at its last start."""
    pattern = r"event=values_kept kept=(\d+) begin_anew=(\d+) too_old=(\d+) waiting=(\d+)"
    found = until(lambda: len(re.findall(pattern, gateway.process.text())) >= times
                  and re.findall(pattern, gateway.process.text()), "the engine to say what it kept")
    return dict(zip(("kept", "begin_anew", "too_old", "waiting"), map(int, found[-1])))


def point_of(gateway, point):
    """What is shown of it; while the engine is away that is the past, shown as stale."""
    _code, out, _err = gateway.try_cli("points", "--json")
    return next(row for row in map(json.loads, out.splitlines()) if row["point"] == point)


def open_until_forced(backend, field, since):
    """Past the second of `changes` that must have been watched: the gate opens, and nobody had a card."""
    until_clock(backend, field, since, seconds=7)
    field.say(DOOR_OPEN)
    return backend.until_event(type="alarm.raised", rule="door_forced")


def test_a_gate_that_opens_after_a_reload_is_forced_still(scene):
    directory = own_copy(scene)
    backend, field, gateway = a_closed_gate_at_night(scene, directory)
    changed = reload(backend, gateway)
    until_watching(gateway, 2)
    kept = values_kept(gateway, 2)
    assert (kept["begin_anew"], kept["too_old"]) == (0, 0)
    assert point_of(gateway, "hall/gate/door")["quality"] == "good"
    [forced] = open_until_forced(backend, field, changed)
    assert forced["subject"] == "hall/gate/door"


def test_a_gate_that_opens_after_the_engine_died_behind_a_reload_is_forced_still(scene):
    """The field process is new since the reload as well: nobody has heard the gate but the engine before."""
    directory = own_copy(scene)
    backend, field, gateway = a_closed_gate_at_night(scene, directory)
    edit(directory / "site.yaml", "poll: 100 ms", "poll: 110 ms")
    field.say('mqtt field/desk/people {"count": 3}')
    until_seen(backend, "hall/desk/people", 3)
    reload(backend, gateway)
    until_watching(gateway, 2)
    field.say('mqtt field/desk/people {"count": 4}')
    until_seen(backend, "hall/desk/people", 4)
    gateway.kill("engine")
    started = until(lambda: backend.events(type="system.started")[1:], "the third engine")
    assert values_kept(gateway, 3)["kept"] > 0
    until(lambda: point_of(gateway, "hall/gate/door")["quality"] == "good", "what the engine kept")
    assert until(lambda: point_of(gateway, "hall/desk/people").get("value") == 4, "what the field process heard")
    [forced] = open_until_forced(backend, field, wall(started[0]["time"]))
    assert forced["subject"] == "hall/gate/door"


def test_what_a_gate_said_before_a_reload_is_said_again_to_an_engine_after_the_next(scene):
    """The field process has lived through the reload: it has heard the gate itself."""
    directory = own_copy(scene)
    backend, field, gateway = a_closed_gate_at_night(scene, directory)
    reload(backend, gateway)
    until_watching(gateway, 2)
    gateway.kill("engine")
    started = until(lambda: backend.events(type="system.started")[1:], "the third engine")
    until(lambda: point_of(gateway, "hall/gate/door")["quality"] == "good", "what the field process heard")
    [forced] = open_until_forced(backend, field, wall(started[0]["time"]))
    assert forced["subject"] == "hall/gate/door"


def test_a_gate_that_opens_after_a_restart_is_forced_still(scene):
    directory = own_copy(scene)
    backend, field, gateway = a_closed_gate_at_night(scene, directory)
    assert gateway.stop() == 0
    again = scene.gateway(["--clock", "2026-11-22T23:01:00+08:00@1"])
    assert values_kept(again, 1)["kept"] > 0
    until(lambda: len(backend.events(type="system.started")) == 2, "the second gateway")
    [forced] = open_until_forced(backend, field, wall(backend.events(type="system.started")[1]["time"]))
    assert forced["subject"] == "hall/gate/door"


def test_a_clock_that_is_set_back_over_a_restart_costs_no_value(scene):
    directory = own_copy(scene)
    backend, field, gateway = a_closed_gate_at_night(scene, directory)
    assert gateway.stop() == 0
    again = scene.gateway(["--clock", "2026-11-22T22:40:00+08:00@1"])
    assert values_kept(again, 1)["kept"] > 0
    assert point_of(again, "hall/gate/door")["quality"] == "good"
    until(lambda: len(backend.events(type="system.started")) == 2, "the second gateway")
    [forced] = open_until_forced(backend, field, wall(backend.events(type="system.started")[1]["time"]))
    assert forced["subject"] == "hall/gate/door"


def test_a_gate_that_is_read_elsewhere_after_a_reload_begins_unknown(scene):
    directory = own_copy(scene)
    backend, field, gateway = a_closed_gate_at_night(scene, directory)
    waiting = values_kept(gateway, 1)["waiting"]
    edit(directory / "site.yaml", "topic: field/gate/door,", "topic: field/gate/contact,")
    changed = reload(backend, gateway)
    until_watching(gateway, 2)
    kept = values_kept(gateway, 2)
    assert kept["begin_anew"] == 1
    assert kept["waiting"] < waiting, "but for the gate, what had spoken before is kept"
    assert point_of(gateway, "hall/gate/door").get("value") is None
    until_clock(backend, field, changed, seconds=7)
    publish(scene, "field/gate/contact", '{"open": true}')
    seen = until_seen(backend, "hall/gate/door", 1)
    until_clock(backend, field, seen, seconds=2)  # the rule says nothing in the first second of a value
    assert not backend.events(type="alarm.raised", rule="door_forced"), "its first value is no opening"


def test_a_gate_held_open_over_a_reload_is_told_without_another_word_of_it(scene):
    directory = own_copy(scene)
    backend, field, gateway = a_closed_gate_at_night(scene, directory, rate=10)
    field.say(DOOR_OPEN)
    opened = until_seen(backend, "hall/gate/door", 1)
    changed = reload(backend, gateway)
    raised = raised_at(backend, "door_held")
    assert raised > changed
    assert raised - opened >= timedelta(seconds=30)


def fault_of(gateway, point):
    return next((row for row in gateway.alarms() if row["alarm"] == f"system_sensor_fault/{point}"), None)


def test_a_silence_runs_on_over_reloads_for_a_point_that_spoke_and_for_one_that_never_did(scene):
    directory = own_copy(scene)
    clock = ["--clock", f"{SUNDAY_NIGHT}@60"]
    scene.start_broker()
    backend = scene.backend()
    scene.field(arguments=["--still", *clock])
    edit(directory / "site.yaml", "topic: field/gate/rex,", "silence: 10 min, topic: field/own/rex,")
    edit(directory / "site.yaml", "topic: field/desk/people, ", "topic: field/own/people, ")
    gateway = scene.gateway(clock)
    publish(scene, "field/own/rex", '{"pressed": false}')
    spoke = until_seen(backend, "hall/gate/exit", 0)
    words = ["{place}：紧急呼叫", *(f"{{place}}：急呼{number}" for number in range(4))]
    last = spoke
    for times, (before, after) in enumerate(zip(words, words[1:]), 1):
        edit(directory / "rules.yaml", before, after)
        last = reload(backend, gateway, times)
        until_watching(gateway, times + 1)
    raised = {event["subject"]: wall(event["time"]) for event in
              backend.until_event(type="alarm.raised", rule="system_sensor_fault", count=2, deadline_s=60)}
    assert raised["hall/gate/exit"] - spoke >= timedelta(minutes=10)
    assert raised["hall/gate/exit"] - last < timedelta(minutes=10), "the reloads did not begin it anew"
    assert "hall/desk/people" in raised

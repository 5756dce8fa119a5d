# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end: a contact closes in a room, and a backend hears of it, whatever happens between."""

import hashlib
import json
import re
import signal
import sqlite3
import time

from harness import button_site, free_port, until

CALL = "emergency_call/care/day-care/button-1"
BUTTON = "care/day-care/button-1"


def journal_rows(scene):
    """Every recorded event, read the way any other program would."""
    with sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True) as journal:
        return journal.execute("SELECT seq, lane, type, alarm, body, digest FROM event ORDER BY seq").fetchall()


def assert_chain(rows, before=bytes(32)):
    """Gapless, and each digest is SHA-256 of the one before and the body."""
    assert rows, "the journal is empty"
    digest = before
    for expected, (seq, _lane, _type, _alarm, body, stored) in enumerate(rows, start=rows[0][0]):
        assert seq == expected, f"seq {expected} is missing"
        body = body.encode() if isinstance(body, str) else body
        assert hashlib.sha256(digest + body).digest() == stored, f"digest of seq {seq}"
        digest = stored


def test_a_pressed_button_becomes_an_event_as_the_design_writes_it(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    event = backend.until_event(type="alarm.raised", rule="emergency_call")[0]
    field.release(BUTTON)

    assert event["topic"] == "tocsin/v1/gulou-demo/main/event/alarm/call/emergency"
    assert event["specversion"] == "1.0"
    assert event["source"] == "/tocsin/gulou-demo/main"
    assert event["subject"] == BUTTON
    assert re.fullmatch(r"gulou-demo\.main\.\d+\.%d" % event["sequence"], event["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert event["durable"] is True and event["replayed"] is False
    data = event["data"]
    assert data["class"] == "call.emergency" and data["priority"] == "emergency"
    assert data["place"] == "care/day-care" and data["occurrence"] == 1
    assert data["value"] == 1 and data["quality"] == "good" and data["actor"] is None
    assert data["state"]["active"] is True and data["state"]["acked"] is False and data["state"]["latched"] is True
    assert data["text"] == {"zh": "日间照料室：紧急呼叫", "en": "Day-care room: emergency call"}
    assert data["response"]["zh"] == "立即到场，查看老人状况，必要时拨打 120"

    # What was published is what was recorded, to the byte, but for the two attributes a sink adds.
    recorded = {row[0]: row[4] for row in journal_rows(scene)}[event["sequence"]]
    published = next(p for t, p, *_ in backend.all() if "/event/alarm/call/" in t).decode()
    recorded = recorded if isinstance(recorded, str) else recorded.decode()
    assert published == recorded[:-1] + ',"durable":true,"replayed":false}'
    assert "日间照料室" in gateway.cli("events", "--lang", "zh")
    assert "Day-care room: emergency call" in gateway.cli("events", "--lang", "en")


def test_an_alarm_lives_until_somebody_was_there(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")

    def refused(words):
        code, _out, err = gateway.try_cli("reset", CALL, "--by", "wang")
        assert code == 1 and words in err, err

    refused("still true")
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", rule="emergency_call")
    refused("acknowledge")
    gateway.cli("ack", CALL, "--by", "wang")
    acknowledged = backend.until_event(type="alarm.acknowledged", rule="emergency_call")[0]
    assert "wang" in acknowledged["data"]["actor"]
    refused("somebody has been there")
    gateway.cli("attend", CALL, "--by", "wang")
    gateway.cli("reset", CALL, "--by", "wang", "--reason", "helped up")
    closed = backend.until_event(type="alarm.closed", rule="emergency_call")[0]
    assert closed["data"]["state"]["active"] is False
    assert [e["type"] for e in backend.events(rule="emergency_call")] == [
        f"tocsin.alarm.{t}" for t in ("raised", "escalated", "cleared", "acknowledged", "attended", "reset", "closed")]
    until(lambda: backend.latest(f"/alarm/{CALL}") == b"", "the retained state to be emptied")
    assert CALL not in gateway.cli("alarms")
    code, _out, err = gateway.try_cli("ack", CALL, "--by", "wang")
    assert code == 1, "there is nothing to acknowledge any more"
    code, _out, err = gateway.try_cli("ack", "emergency_call/care/nowhere", "--by", "wang")
    assert code == 1 and err


def test_two_detectors_in_one_centre_confirm_a_fire(scene):
    backend, field, _gateway = scene.everything()
    field.set("care/dining/smoke-1", 1)
    backend.until_event(type="alarm.raised", rule="fire_alarm", subject="care/dining/smoke-1")
    assert backend.events(type="alarm.raised", rule="fire_confirmed") == []
    field.set("care/dining/heat-1", 1)
    confirmed = backend.until_event(type="alarm.raised", rule="fire_confirmed")[0]
    assert confirmed["subject"] == "care" and confirmed["data"]["priority"] == "emergency"
    field.set("sport/room/mcp-1", 1)
    by_hand = backend.until_event(type="alarm.raised", rule="fire_confirmed", subject="sport")[0]
    assert by_hand["data"]["class"] == "fire.confirmed"


def test_a_lost_fire_panel_never_clears_a_fire_and_is_an_alarm_of_its_own(scene):
    backend, field, gateway = scene.everything()
    field.set("care/dining/smoke-1", 1)
    backend.until_event(type="alarm.raised", rule="fire_alarm")
    field.say("device fire-panel down")
    lost = backend.until_event(type="alarm.raised", rule="system_device_lost", subject="device/fire-panel")[0]
    assert lost["data"]["priority"] == "high", "it serves an emergency class"
    until(lambda: json.loads(backend.latest("/point/care/dining/smoke-1") or b"{}").get("quality") == "stale",
          "the detector to be shown as stale")
    assert backend.events(type="alarm.cleared", rule="fire_alarm") == []
    assert any(a for a in gateway.alarms() if "fire_alarm" in json.dumps(a))
    assert backend.events(type="alarm.raised", rule="system_sensor_fault") == [], "one cause, one alarm"
    field.say("device fire-panel up")
    backend.until_event(type="alarm.cleared", rule="system_device_lost", subject="device/fire-panel")
    until(lambda: json.loads(backend.latest("/point/care/dining/smoke-1")).get("quality") == "good",
          "the detector to be good again")
    assert backend.events(type="alarm.cleared", rule="fire_alarm") == []


def test_a_door_is_held_only_while_the_centre_is_closed(scene):
    scene.start_broker()
    backend = scene.backend()
    clock = ["--clock", "2026-11-22T23:00:00+08:00@10"]  # a Sunday night: the service centre is closed
    field = scene.field(arguments=clock)
    scene.gateway(arguments=clock)
    field.say('mqtt field/gate/door {"open":true}')
    held = backend.until_event(type="alarm.raised", rule="door_held", subject="hall/gate/door")[0]
    assert held["time"].startswith("2026-11-22T15:"), "events carry the scaled wall time, in UTC"
    field.say('mqtt field/gate/door {"open":false}')
    backend.until_event(type="alarm.cleared", rule="door_held", subject="hall/gate/door")


def test_a_card_number_never_leaves_the_gateway(scene):
    backend, field, _gateway = scene.everything()
    field.say('mqtt field/gate/reader {"card":40213344,"granted":true}')
    granted = backend.until_event(type="access.granted")[0]
    assert granted["topic"].endswith("/event/activity/access/granted")
    field.say('mqtt field/gate/reader {"card":40213345,"granted":false}')
    backend.until_event(type="access.denied")
    for topic, payload, *_ in backend.all():
        assert b"4021334" not in payload, topic
        assert "/point/hall/gate/reader" not in topic
    assert all("4021334" not in str(row) for row in journal_rows(scene))


def test_a_broker_away_for_10_s_loses_nothing_and_doubles_nothing(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    scene.broker.stop(signal.SIGKILL)
    gateway.process.until_said(r"process=uplink event=broker_lost")

    # A whole life of alarms happens while nobody outside can hear.
    field.release(BUTTON)
    for point in ("care/dining/button", "care/rehab/button", "care/bath/cord", "care/club/smoke-1"):
        field.set(point, 1)
    until(lambda: len(gateway.alarms()) >= 5, "the alarms to be seen at the gateway")
    gateway.cli("ack", CALL, "--by", "li")
    away_until = time.monotonic() + 10
    until(lambda: time.monotonic() > away_until, "10 s to pass", 15)

    scene.broker.start()
    until(lambda: {r[0] for r in journal_rows(scene)} <= {e.get("sequence") for e in backend.events()},
          "every recorded event to be received", 60,
          lambda: f"\nmissing {sorted({r[0] for r in journal_rows(scene)} - {e.get('sequence') for e in backend.events()})}")
    by_id = {}
    for event in backend.events():
        by_id.setdefault(event["id"], set()).add(json.dumps(event["data"], sort_keys=True))
    assert all(len(bodies) == 1 for bodies in by_id.values()), "one id means one event"
    late = backend.events(type="alarm.raised", rule="bathroom_call")
    assert late and late[0]["replayed"] is True
    assert_chain(journal_rows(scene))


def test_an_engine_killed_in_mid_alarm_still_has_the_alarm(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    gateway.kill_engine()
    alarm = [a for a in gateway.alarms() if "emergency_call" in json.dumps(a)]
    assert len(alarm) == 1
    field.release(BUTTON)
    gateway.cli("ack", CALL, "--by", "wang")
    backend.until_event(type="alarm.acknowledged", rule="emergency_call")
    backend.until_event(type="alarm.cleared", rule="emergency_call")
    assert len(backend.events(type="alarm.raised", rule="emergency_call")) >= 1
    ids = {e["id"] for e in backend.events(type="alarm.raised", rule="emergency_call")}
    assert len(ids) == 1, "the same press is not raised again by a restart"
    boots = {e["id"].split(".")[2] for e in backend.events()}
    assert len(boots) == 2, "each life of the engine has a boot number of its own"
    assert_chain(journal_rows(scene))


def test_an_alarm_whose_rule_was_removed_is_closed_by_an_event_that_says_so(scene):
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms") for _ in range(2)])
    backend, field, gateway = scene.everything()
    field.press("room/button-0")
    raised = backend.until_event(type="alarm.raised", rule="call")[0]
    until(lambda: backend.latest("/alarm/call/room/button-0"), "the retained alarm")
    gateway.cli("ack", "call/room/button-0", "--by", "wang")
    gateway.stop()

    rules = scene.directory / "button-rules.yaml"
    rules.write_text(rules.read_text().replace("rule: call", "rule: call_again"))
    gateway = scene.gateway()
    closed = backend.until_event(type="alarm.closed", rule="call")[0]
    assert closed["topic"].endswith("/event/alarm/call/emergency")
    assert closed["subject"] == "room/button-0" and closed["sequence"] > raised["sequence"]
    data = closed["data"]
    assert data["reason"] == "rule removed" and data["actor"] is None
    assert (data["class"], data["priority"], data["place"]) == ("call.emergency", "emergency", "room")
    state = {key: data["state"][key] for key in ("active", "acked", "latched", "attended")}
    assert state == {"active": False, "acked": True, "latched": False, "attended": False}
    assert data["occurrence"] == 1 and "rule was removed" in data["text"]["en"] and "规则" in data["text"]["zh"]
    assert gateway.process.has(r'event=alarm_without_rule alarm="call/room/button-0" effect=".*closed')
    until(lambda: backend.latest("/alarm/call/room/button-0") == b"", "the retained alarm to be emptied")
    backend.until_event(type="alarm.raised", rule="call_again")  # the button is still pressed
    assert [a for a in gateway.alarms("--all") if "call/" in json.dumps(a)] == []

    gateway.stop()
    gateway = scene.gateway()
    assert len({event["id"] for event in backend.events(type="alarm.closed", rule="call")}) == 1, "it ends once"
    assert not re.search("alarm_without_rule", gateway.process.text().split("event=stopped")[-1])
    rows = journal_rows(scene)
    assert_chain(rows)
    assert [row[3] for row in rows if row[2] == "alarm.closed"] == ["call/room/button-0"]


def test_a_pending_delay_goes_on_after_the_engine_was_killed(scene):
    scene.start_broker()
    backend = scene.backend()
    clock = ["--clock", "2026-11-22T23:00:00+08:00@4"]
    field = scene.field(arguments=clock)
    gateway = scene.gateway(arguments=clock)
    field.say('mqtt field/gate/door {"open":true}')
    until(lambda: any(a["state"]["pending"] for a in gateway.alarms("--all") if a["alarm"] == "door_held/hall/gate/door"),
          "the delay to run")
    gateway.kill("engine")
    held = backend.until_event(type="alarm.raised", rule="door_held", deadline_s=60)[0]
    assert held["subject"] == "hall/gate/door"


def test_every_component_that_is_killed_comes_back_and_is_told(scene):
    backend, field, gateway = scene.everything()
    before = gateway.pids()
    assert set(before) == {"engine", "field-0", "uplink", "console"}
    for name in ("field-0", "uplink", "console"):
        gateway.kill(name)
        until(lambda: gateway.pids().get(name) not in (None, before[name]), f"a new {name}")
        backend.until_event(type="alarm.raised", rule="system_component_lost", subject=f"component/{name}")
        backend.until_event(type="alarm.cleared", rule="system_component_lost", subject=f"component/{name}")
    gateway.until_healthy()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")


def test_children_of_a_killed_supervisor_end_by_themselves(scene):
    _backend, _field, gateway = scene.everything()
    children = gateway.pids()
    gateway.stop(signal.SIGKILL)

    def gone(pid):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                return stat.read().split(") ")[1][0] == "Z"
        except OSError:
            return True
    until(lambda: all(gone(pid) for pid in children.values()), "the children to end")


def test_a_clean_stop_says_offline_and_a_killed_uplink_is_told_by_the_broker(scene):
    backend, _field, gateway = scene.everything()
    status = "tocsin/v1/gulou-demo/main/status"
    assert json.loads(until(lambda: backend.latest("/status"), "the status"))["state"] == "online"
    gateway.kill("uplink", signal.SIGSTOP)  # it says nothing any more; the supervisor kills it, the broker tells
    until(lambda: any(t == status and json.loads(p)["state"] == "offline" for t, p, *_ in backend.all()),
          "the last will", 60)
    until(lambda: json.loads(backend.latest("/status"))["state"] == "online", "the uplink to be back", 60)
    assert gateway.stop() == 0
    until(lambda: json.loads(backend.latest("/status"))["state"] == "offline", "the status offline")


def test_a_second_gateway_on_one_state_directory_refuses(scene):
    _backend, _field, gateway = scene.everything()
    second = scene.gateway(["--run", str(scene.directory / "run2")], wait=False)
    assert second.process.child.wait(20) == 1
    assert second.process.has(r"event=state_in_use .*effect=\"not started")
    gateway.until_healthy()


def test_what_is_retained_says_what_is_not_normal(scene):
    backend, field, _gateway = scene.everything()
    field.press(BUTTON)
    state = json.loads(until(lambda: backend.latest(f"/alarm/{CALL}"), "the alarm's state"))
    assert state["state"]["active"] is True

    def point():
        return json.loads(backend.latest(f"/point/{BUTTON}") or "{}")
    until(lambda: point().get("value") == 1, "the pressed point")  # its value of before may have come just now
    assert point()["quality"] == "good"
    field.release(BUTTON)
    until(lambda: json.loads(backend.latest(f"/point/{BUTTON}"))["value"] == 0, "the released point")
    backend.until_event(type="alarm.cleared", rule="emergency_call")  # else the newcomer hears of it as it happens
    newcomer = scene.backend()
    until(lambda: newcomer.latest(f"/alarm/{CALL}"), "the retained alarm")
    until(lambda: newcomer.latest(f"/point/{BUTTON}"), "the retained point")
    until(lambda: newcomer.latest("/status"), "the retained status")
    # One may happen just now; but none is told that happened before somebody came.
    assert [topic for topic, _, retained, _ in newcomer.all() if retained and "/event/" in topic] == []
    kinds = {t.split("/point/")[1].rsplit("/", 1)[1] for t, *_ in newcomer.all() if "/point/" in t}
    assert "reader" not in kinds and "check" not in kinds

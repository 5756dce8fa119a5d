# SPDX-License-Identifier: Apache-2.0
"""SIGHUP takes a changed site: what can be kept is kept, what ends says why, a bad site changes nothing."""

import re
import shutil
import signal

from harness import ROOT, until

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
    edit(directory / "rules.yaml", "{place}:紧急呼叫", "{place}:急呼")
    hang_up(gateway)
    backend.until_event(type="system.config_changed")
    until_watching(gateway, 2)
    assert set(before.values()).isdisjoint(gateway.pids().values())
    assert call_of(gateway)["state"]["acked"]
    gateway.cli("attend", CALL, "--by", "wang")
    [told] = backend.until_event(type="alarm.attended", rule="emergency_call")
    assert told["data"]["text"]["zh"].endswith("急呼")
    assert not backend.events(type="alarm.raised", rule="system_component_lost")


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


def test_a_bad_site_changes_nothing(scene):
    directory = own_copy(scene)
    _backend, field, gateway = scene.everything()
    before = gateway.pids()
    edit(directory / "rules.yaml", "each: point emergency_button", "each: point emergency_buton")
    hang_up(gateway)
    gateway.process.until_said(r"event=site_refused .*the old site stays in force")
    assert gateway.process.has(r"rules.yaml:\d+:\d+: .*emergency_buton")
    assert gateway.pids() == before
    field.press(BUTTON)
    until(lambda: call_of(gateway), "the old rule to work")


def test_a_reload_without_a_change_restarts_nothing(scene):
    own_copy(scene)
    _backend, _field, gateway = scene.everything()
    before = gateway.pids()
    hang_up(gateway)
    gateway.process.until_said(r"event=reload_unchanged")
    assert gateway.pids() == before


def test_the_site_of_another_gateway_is_refused(scene):
    directory = own_copy(scene)
    _backend, _field, gateway = scene.everything()
    before = gateway.pids()
    edit(directory / "site.yaml", "  id: gulou-demo", "  id: gulou-two")
    hang_up(gateway)
    gateway.process.until_said(r"event=reload_refused .*the journal belongs to the old")
    assert gateway.pids() == before


def test_hang_ups_that_come_together_end_with_the_newest_site(scene):
    directory = own_copy(scene)
    backend, field, gateway = scene.everything()
    words = ["{place}:紧急呼叫", *(f"{{place}}:急呼{number}" for number in range(5))]
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
    edit(directory / "rules.yaml", "{place}:紧急呼叫", "{place}:急呼")
    hang_up(gateway)
    gateway.process.until_said(r"event=reloading")
    assert gateway.stop() == 0

# SPDX-License-Identifier: Apache-2.0
"""The wall clock is set under a running gateway: to the future, to the past, to 1970."""

import os
import struct
import time
from pathlib import Path

import pytest

from databases import Influx
from harness import TOCSIN, button_site, free_port, until
from test_database import with_database
from test_figures import figure

LIBRARY = Path(TOCSIN).parents[1] / "tests" / "libstep_clock.so"
HOUR_S = 3600
RULES = """rules:
  - rule: at_once
    each: point emergency_button
    raise: value
    class: door.held
    message: {zh: 呼叫, en: call}
    response: {zh: 去, en: go}
  - rule: held
    each: point emergency_button
    raise: value
    raise_after: 5 s
    class: door.held
    message: {zh: 呼叫, en: call}
    response: {zh: 去, en: go}
"""


class Clock:
    """By how much the gateway's wall clock is off."""

    def __init__(self, scene):
        self.path = scene.directory / "clock"
        self.path.write_bytes(struct.pack("q", 0))
        self.environment = {"LD_PRELOAD": str(LIBRARY), "STEP_CLOCK": str(self.path)}

    def set(self, seconds):
        with self.path.open("r+b") as file:
            file.write(struct.pack("q", int(seconds * 1e9)))


def site_with_a_delay(scene):
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    (scene.directory / "button-rules.yaml").write_text(RULES)


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, -40 * 365 * 24 * HOUR_S, 13 * 365 * 24 * HOUR_S, -1, 0.4])
def test_a_step_of_the_clock_moves_no_delay(scene, step_s):
    site_with_a_delay(scene)
    clock = Clock(scene)
    backend, field = scene.backend(), scene.field()
    scene.gateway(environment=clock.environment)
    field.set("room/button-0", 1)
    [raised] = backend.until_event(type="alarm.raised", rule="at_once")
    clock.set(step_s)
    [later] = backend.until_event(type="alarm.raised", rule="held")
    assert later["monotonicms"] - raised["monotonicms"] >= 5000, "not before its time, and not hidden: it has come"
    stepped = backend.events(type="system.clock_stepped")
    if abs(step_s) >= 1:
        assert [round(event["data"]["step_s"]) for event in stepped] == [step_s]
    else:
        assert not stepped, "a clock that is kept right makes no noise"
    assert later["clock"] == ("behind" if step_s < -1 else "good")
    assert bool(backend.events(type="alarm.raised", rule="system_clock")) == (step_s < -60)


def test_nothing_is_written_over_the_history_while_the_clock_is_behind(scene):
    database = with_database(scene, Influx(scene.directory)).start()
    clock = Clock(scene)
    backend, field = scene.start_broker() and scene.backend(), scene.field()
    gateway = scene.gateway(environment=clock.environment)
    until(lambda: len(database.points()) >= 45, "a first history")
    before = database.points()
    clock.set(-HOUR_S)
    backend.until_event(type="alarm.raised", rule="system_clock")
    field.press("care/day-care/button-1")
    backend.until_event(type="alarm.raised", rule="emergency_call")
    until(lambda: figure(gateway, "database_lines_untimed_total") > 0, "lines that are not written")
    clock.set(0)
    backend.until_event(type="alarm.cleared", rule="system_clock")
    field.release("care/day-care/button-1")
    until(lambda: any(point == "care/day-care/button-1" and value == (0, 0) and key not in before
                      for key, value in database.points().items() for point in [key[1]]), "values to be written again")
    newest = max(when for _, _, when in before)
    after = set(database.points()) - set(before)
    assert after and min(when for _, _, when in after) > newest - 2e9, "nothing from before"


def test_a_gateway_that_starts_in_1970_writes_no_history_of_1970(scene):
    database = with_database(scene, Influx(scene.directory)).start()
    clock = Clock(scene)
    backend, _field = scene.start_broker() and scene.backend(), scene.field()
    gateway = scene.gateway(environment=clock.environment)
    until(lambda: len(database.points()) >= 45, "a first history")
    gateway.stop()
    written = set(database.points())
    clock.set(-56 * 365 * 24 * HOUR_S)
    gateway = scene.gateway(environment=clock.environment)
    backend.until_event(type="alarm.raised", rule="system_clock")
    until(lambda: figure(gateway, "database_lines_untimed_total") >= 45, "lines that are not written")
    assert set(database.points()) == written
    clock.set(0)
    backend.until_event(type="alarm.cleared", rule="system_clock")
    until(lambda: len(database.points()) > len(written), "history to go on", 60)
    assert min(when for _, _, when in database.points()) > 1e18


def test_a_new_gateway_that_starts_in_1970_says_so_in_every_event_and_writes_no_history_of_it(scene):
    """Nothing was ever recorded: that the clock is wrong can only be known from the program's own date."""
    database = with_database(scene, Influx(scene.directory)).start()
    clock = Clock(scene)
    clock.set(-56 * 365 * 24 * HOUR_S)
    backend, field = scene.start_broker() and scene.backend(), scene.field()
    gateway = scene.gateway(environment=clock.environment)
    gateway.process.until_said("process=engine event=clock_impossible .*effect=")
    backend.until_event(type="alarm.raised", rule="system_clock")
    field.press("care/day-care/button-1")
    backend.until_event(type="alarm.raised", rule="emergency_call")
    until(lambda: figure(gateway, "database_lines_untimed_total") >= 45, "lines that are not written")
    assert not database.points()
    events = backend.events()
    assert {event["clock"] for event in events} == {"behind"}
    assert all(event["time"] < "1971" for event in events)
    clock.set(0)
    backend.until_event(type="alarm.cleared", rule="system_clock")
    field.release("care/day-care/button-1")
    until(lambda: len(database.points()) > 0, "a history", 60)
    assert min(when for _, _, when in database.points()) > 1e18
    field.press("care/talk/button")
    [call] = backend.until_event(type="alarm.raised", rule="emergency_call", subject="care/talk/button")
    assert call["clock"] == "good"


@pytest.mark.parametrize("after_s,clock_is", [(-120, "behind"), (120, "good")])
def test_a_new_gateway_believes_a_clock_that_is_past_its_programs_own_date(scene, after_s, clock_is):
    site_with_a_delay(scene)
    clock = Clock(scene)
    clock.set(os.stat(TOCSIN).st_mtime + after_s - time.time())
    backend, field = scene.backend(), scene.field()
    scene.gateway(environment=clock.environment)
    field.set("room/button-0", 1)
    [raised] = backend.until_event(type="alarm.raised", rule="at_once")
    assert raised["clock"] == clock_is
    assert bool(backend.events(type="alarm.raised", rule="system_clock")) == (clock_is == "behind")

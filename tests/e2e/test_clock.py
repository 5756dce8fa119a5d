# SPDX-License-Identifier: Apache-2.0
"""The wall clock is set under a running gateway: to the future, to the past, to 1970; and what time itself does to it."""

import os
import struct
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from databases import Influx
from harness import TOCSIN, button_site, free_port, until
from test_database import value_of, with_database
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


def held_over_a_step(clock, backend, field, step_s, delay_s):
    """The alarm of a press that is held for so long while the clock is set, and how late it was, by our own clock."""
    pressed = time.monotonic()
    field.set("room/button-0", 1)
    raised = backend.until_event(type="alarm.raised", rule="at_once", subject="room/button-0")[0]
    clock.set(step_s)
    later = backend.until_event(type="alarm.raised", rule="held", subject="room/button-0")[0]
    late_s = later["arrived"] - pressed
    assert late_s >= delay_s, "not before its time; and it has come"
    assert later["monotonicms"] - raised["monotonicms"] >= 1000 * delay_s
    return later, late_s


def test_control_a_gateway_whose_delays_go_by_a_clock_that_is_set_is_found_out(scene):
    """A step that is shorter than what anybody may be silent, and half a delay that is longer."""
    site_with_a_delay(scene)
    rules = scene.directory / "button-rules.yaml"
    rules.write_text(rules.read_text().replace("raise_after: 5 s", "raise_after: 14 s"))
    clock = Clock(scene)
    backend, field = scene.backend(), scene.field()
    scene.gateway(environment={**clock.environment, "STEP_CLOCK_INSTANTS": "1"})
    with pytest.raises(AssertionError, match="not before its time"):
        held_over_a_step(clock, backend, field, 7, 14)
    print("row: control delays by a clock that is set reported=yes")


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, -40 * 365 * 24 * HOUR_S, 13 * 365 * 24 * HOUR_S,
                                    -1.2, -0.8, 0.4])
def test_a_step_of_the_clock_moves_no_delay(scene, step_s):
    site_with_a_delay(scene)
    clock = Clock(scene)
    backend, field = scene.backend(), scene.field()
    scene.gateway(environment=clock.environment)
    later, late_s = held_over_a_step(clock, backend, field, step_s, 5)
    stepped = backend.events(type="system.clock_stepped")
    if abs(step_s) >= 1:
        assert [round(event["data"]["step_s"]) for event in stepped] == [round(step_s)]
    else:
        assert not stepped, "a clock that is kept right makes no noise"
    assert later["clock"] == ("behind" if step_s < -60 else "good")
    assert bool(backend.events(type="alarm.raised", rule="system_clock")) == (step_s < -60)
    print(f"row: clock step_s={step_s} delay_s={late_s:.2f} (of 5, and the way to the broker) lost=0")


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
    # Values of before may be written late, and are of their time; what is an hour off is nothing of before.
    assert after and min(when for _, _, when in after) > newest - HOUR_S / 2 * 1e9, "nothing from before"


def test_a_gateway_that_starts_in_1970_writes_no_history_of_1970(scene):
    database = with_database(scene, Influx(scene.directory)).start()
    clock = Clock(scene)
    backend, _field = scene.start_broker() and scene.backend(), scene.field()
    gateway = scene.gateway(environment=clock.environment)
    until(lambda: len(database.points()) >= 45, "a first history")
    gateway.stop()
    stopped_ns, written = time.time_ns(), set(database.points())
    clock.set(-56 * 365 * 24 * HOUR_S)
    gateway = scene.gateway(environment=clock.environment)
    backend.until_event(type="alarm.raised", rule="system_clock")
    until(lambda: figure(gateway, "database_lines_untimed_total") >= 45, "lines that are not written")
    # What the first life had not written yet may come, and is of its time.
    assert all(1e18 < when <= stopped_ns for _, _, when in set(database.points()) - written)
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


@pytest.mark.parametrize("wrong", ["while_it_runs", "at_the_start"])
def test_a_clock_that_was_years_ahead_and_was_set_right_is_trusted_after_the_next_start_too(scene, wrong):
    """Else what was recorded meanwhile would make every time a wrong one until those years are over."""
    database = with_database(scene, Influx(scene.directory)).start()
    clock, years_s = Clock(scene), 13 * 365 * 24 * HOUR_S
    backend, field = scene.start_broker() and scene.backend(), scene.field()
    clock.set(years_s if wrong == "at_the_start" else 0)
    gateway = scene.gateway(environment=clock.environment)
    backend.until_event(type="system.started")
    clock.set(years_s)
    field.press("care/day-care/button-1")
    [ahead] = backend.until_event(type="alarm.raised", rule="emergency_call")
    assert ahead["time"] > "2038"
    for off_s, step_s in [(0, -years_s), (-5, -5)]:  # set right; and how a clock is kept right
        clock.set(off_s)
        until(lambda: step_s in [round(event["data"]["step_s"]) for event in backend.events(type="system.clock_stepped")],
              f"a step of {step_s} s", 15)
    gateway.stop()
    gateway = scene.gateway(environment=clock.environment)
    field.press("care/talk/button")
    [call] = backend.until_event(type="alarm.raised", rule="emergency_call", subject="care/talk/button")
    assert call["clock"] == "good" and call["time"] < "2038"
    until(lambda: any(when < 2e18 for _, _, when in database.points()), "history of today", 60)
    assert not backend.events(type="alarm.raised", rule="system_clock")


def next_change(zone, forward):
    """The next moment at which the clocks of a zone are put forward, or back, in seconds of UTC."""
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    while True:
        before, after = (when.astimezone(zone).utcoffset() for when in (hour - timedelta(seconds=1), hour))
        if after != before and (after > before) == forward:
            return hour.timestamp()
        hour += timedelta(hours=1)


def next_june():
    """When leap seconds have come: at the end of a June, as the last second of a day of UTC."""
    year = datetime.now(timezone.utc).year + 1
    return datetime(year, 7, 1, tzinfo=timezone.utc).timestamp()


BERLIN = ZoneInfo("Europe/Berlin")
LOCAL_RULES = "".join(f"""  - rule: local_{hour}
    each: point emergency_button
    raise: value and between 0{hour}:00 and 0{hour + 1}:00
    class: door.held
    message: {{zh: 呼叫, en: call}}
    response: {{zh: 去, en: go}}
""" for hour in (1, 2, 3))


class Toggles:
    """A button that is pressed and let go, each time until the gateway has the value; and each value."""

    def __init__(self, field, gateway):
        self.field, self.gateway, self.shown, self.ended = field, gateway, [0], threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.ended.is_set() or self.shown[-1] != 0:
            self.shown.append(1 - self.shown[-1])
            self.field.set("room/button-1", self.shown[-1])
            until(lambda: value_of(self.gateway, "room/button-1") == self.shown[-1], "the value")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


SMEAR_STEP_S = 0.01


def leap(clock, offset_s, smeared):
    """The second before the turn twice; or every second a little longer, until that is one."""
    if not smeared:
        clock.set(offset_s - 1)
    for part in range(1, round(1 / SMEAR_STEP_S) + 1 if smeared else 1):
        clock.set(offset_s - part * SMEAR_STEP_S)
        time.sleep(2 * SMEAR_STEP_S)


@pytest.mark.parametrize("what", ["spring", "autumn", "leap second repeated", "leap second smeared"])
def test_what_time_itself_does_to_the_clock_moves_no_delay_and_no_line(scene, what):
    turn = {"spring": next_change(BERLIN, True), "autumn": next_change(BERLIN, False)}.get(what, next_june())
    database = scene.keep(Influx(scene.directory)).start()
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "50 ms") for _ in range(2)])
    scene.site.write_text(scene.site.read_text().replace("Asia/Shanghai", "Europe/Berlin").replace(
        "rules:", f"influx: {{url: '{database.url}', database: tocsin}}\nrules:", 1))
    (scene.directory / "button-rules.yaml").write_text(RULES + LOCAL_RULES)
    clock = Clock(scene)
    backend, field = scene.backend(), scene.field()
    clock.set(turn - HOUR_S / 2 - time.time())
    gateway = scene.gateway(environment=clock.environment)
    backend.until_event(type="system.started")
    # Pressed in the hour before the turn, however slow this machine is: it comes in the midst of the delay.
    pressed = time.monotonic()
    field.set("room/button-0", 1)
    raised = backend.until_event(type="alarm.raised", rule="at_once", subject="room/button-0")[0]
    backend.until_event(type="alarm.raised", rule="local_2" if what == "autumn" else "local_1", subject="room/button-0")
    offset_s = turn - 3 - time.time()
    clock.set(offset_s)
    backend.until_event(type="system.clock_stepped")
    with Toggles(field, gateway) as toggles:
        if what.startswith("leap"):
            until(lambda: time.time() + offset_s >= turn, "the turn")
            leap(clock, offset_s, what.endswith("smeared"))
        later = backend.until_event(type="alarm.raised", rule="held", subject="room/button-0")[0]
        until(lambda: time.time() + offset_s > turn + 3, "some time after the turn")
    # Delays
    delay_ms = later["monotonicms"] - raised["monotonicms"]
    assert delay_ms >= 5000 and later["arrived"] - pressed >= 5
    # Stamps
    events = sorted((event for event in backend.events() if event["durable"]), key=lambda event: event["sequence"])
    since = [event for event in events if event["monotonicms"] > raised["monotonicms"]]
    assert since and {event["clock"] for event in events} == {"good"}
    assert [event["monotonicms"] for event in events] == sorted(event["monotonicms"] for event in events)
    if what != "leap second repeated":
        assert len(backend.events(type="system.clock_stepped")) == 1, "ours, to come to this day"
        # A smear is a hundred steps here, by each of which the clock itself goes back.
        back = timedelta(seconds=SMEAR_STEP_S if what.endswith("smeared") else 0)
        times = [datetime.fromisoformat(event["time"]) for event in since]
        assert all(later >= before - back for before, later in zip(times, times[1:])), times
    assert not backend.events(type="alarm.raised", rule="system_clock")
    # What is local goes by the zone: from 01:59 to 03:00, from 02:59 to 02:00; and from 01:59 to 02:00 in summer
    local = {event["data"]["rule"]: event["data"]["state"]["active"] for event in events
             if event.get("subject") == "room/button-0" and event["data"]["rule"].startswith("local_")}
    assert local == {"spring": {"local_1": False, "local_3": True}, "autumn": {"local_2": True}}.get(
        what, {"local_1": False, "local_2": True})
    # Lines: every value in its order, none before one that was there
    until(lambda: figure(gateway, "database_batches_waiting") == 0, "every value to be written")
    until(lambda: shown_in(database)[-1] == 0 and len(shown_in(database)) >= len(toggles.shown), "every value", 20,
          lambda: f": {shown_in(database)} of {toggles.shown}")
    assert shown_in(database) == toggles.shown
    assert figure(gateway, "database_lines_untimed_total") == figure(gateway, "database_lines_lost_total") == 0
    print(f"row: clock {what} delay_ms={delay_ms} (of 5000) events={len(events)} values={len(toggles.shown)} "
          f"in_order={len(shown_in(database))} lost={len(toggles.shown) - len(shown_in(database))}")


def shown_in(database):
    """What the history says of the button that is toggled, in the order of its lines; what stays the same once."""
    lines = sorted((when, value) for (_, point, when), (value, _) in database.points().items() if point == "room/button-1")
    values = [value for _, value in lines if value is not None]
    return [value for before, value in zip([None, *values], values) if value != before]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hides a file of the kernel's")
def test_an_engine_that_cannot_tell_a_start_of_the_machine_from_its_own_says_so(scene):
    """As under a unit of systemd with ProcSubset=pid."""
    site_with_a_delay(scene)
    scene.field()
    known = scene.gateway()
    known.stop()
    assert not known.process.has("event=boot_unknown")
    scene.before = ["unshare", "--mount", "bash", "-c", 'mount -t proc -o subset=pid proc /proc; exec "$@"', "hidden"]
    said = scene.gateway().process.until_said(r"event=boot_unknown .*")[0]
    assert "file=/proc/sys/kernel/random/boot_id" in said and "delay" in said and "ProcSubset=pid" in said

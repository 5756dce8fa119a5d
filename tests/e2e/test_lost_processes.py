# SPDX-License-Identifier: Apache-2.0
"""A process of the gateway that dies or hangs is told outside: once for each time, whichever it is.

What counts is what arrives at the broker; the gateway's own log is not asked.
"""

import contextlib
import os
import signal
import sqlite3
import subprocess

import pytest

from harness import TOCSIN, button_site, free_port, until

NAMES = ["engine", "field-0", "uplink", "console"]


def house(scene):
    """A gateway with three buttons that answer, and its backend."""
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms") for _ in range(3)])
    backend, field, gateway = scene.backend(), scene.field(), scene.gateway()
    backend.until_event(type="system.started")
    return backend, field, gateway


def recorded(backend):
    """All that was received, by its sequence; what a slow disk let go out early comes again with one."""
    return {event["sequence"]: event for event in backend.events() if "sequence" in event}


def told(backend, name):
    """The events that say that the process was lost, in their order."""
    return [event for _, event in sorted(recorded(backend).items()) if event["subject"] == f"component/{name}"
            and event["type"] in ("tocsin.alarm.raised", "tocsin.alarm.reraised")]


def over(backend, name, count=1):
    return backend.until_event(type="alarm.cleared", rule="system_component_lost", subject=f"component/{name}",
                               count=count)


def press_reaches_the_backend(backend, field, button):
    """What comes after all that happened before: whatever else was to be told has been by then."""
    field.set(f"room/button-{button}", 1)
    backend.until_event(type="alarm.raised", rule="call", subject=f"room/button-{button}")
    until(lambda: any(event["subject"] == f"room/button-{button}" for event in recorded(backend).values()) and
          set(recorded(backend)) == set(range(1, max(recorded(backend)) + 1)), "every event to have come")


def killed(gateway, name, number=signal.SIGKILL):
    before = gateway.kill(name, number)
    until(lambda: gateway.pids().get(name) not in (None, before), f"another {name}")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("name", NAMES)
def test_a_process_that_is_lost_is_told_to_the_backend_once(scene, name, number):
    backend, field, gateway = house(scene)
    killed(gateway, name, number)
    over(backend, name)
    gateway.until_healthy()
    press_reaches_the_backend(backend, field, 1)
    assert len(told(backend, name)) == 1
    for other in NAMES:
        assert other == name or told(backend, other) == []


@pytest.mark.parametrize("number, how, gone_ms_min",
                         [(signal.SIGKILL, "killed by signal 9", 0), (signal.SIGABRT, "killed by signal 6", 0),
                          (signal.SIGSTOP, "did not answer and was killed", 8000)])
def test_an_engine_that_was_lost_says_how_since_when_and_for_how_long(scene, number, how, gone_ms_min):
    backend, _field, gateway = house(scene)
    killed(gateway, "engine", number)
    over(backend, "engine")
    [event] = told(backend, "engine")
    lost = event["data"]["lost"]
    assert lost["how"] == how
    assert lost["gone_ms"] >= gone_ms_min
    assert backend.events(type="system.started")[0]["time"] < lost["since"] <= event["time"]
    assert how in event["data"]["text"]["en"] and "engine" in event["data"]["text"]["zh"]
    assert event["data"]["priority"] == "high"

    gateway.stop()
    done = subprocess.run([TOCSIN, "replay", str(scene.state), "--journal", str(scene.state), "--lang", "en"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "different: 0" in done.stdout and "not in the journal: 0" in done.stdout


def test_an_engine_that_is_lost_several_times_in_a_row_is_told_each_time(scene):
    backend, field, gateway = house(scene)
    for _ in range(4):
        killed(gateway, "engine")  # the next one is killed as soon as it is there, whatever it has told by then
    over(backend, "engine", count=1)
    gateway.until_healthy()
    press_reaches_the_backend(backend, field, 1)
    events = told(backend, "engine")
    assert len(events) == 4
    assert len({event["data"]["lost"]["since"] for event in events}) == 4


def losses_recorded(scene):
    with contextlib.closing(sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True, timeout=10)) as journal:
        return journal.execute("SELECT count(*) FROM event WHERE alarm = 'system_component_lost/component/engine' "
                               "AND type IN ('alarm.raised', 'alarm.reraised')").fetchone()[0]


def test_an_engine_that_is_lost_once_it_has_recorded_the_loss_before_it_is_not_told_twice(scene):
    backend, field, gateway = house(scene)
    lost = 0
    for _ in range(6):
        os.kill(gateway.pids()["engine"], signal.SIGKILL)
        lost += 1
        until(lambda: losses_recorded(scene) >= lost, "the loss to be recorded")
    killed(gateway, "engine")
    lost += 1
    gateway.until_healthy()
    press_reaches_the_backend(backend, field, 1)
    assert len(told(backend, "engine")) == lost


def test_those_that_are_lost_together_with_the_engine_are_told_as_well(scene):
    backend, field, gateway = house(scene)
    before = gateway.pids()
    for name in ("uplink", "field-0", "console", "engine"):  # in this order: another engine begins at once
        os.kill(before[name], signal.SIGKILL)
    until(lambda: len({*gateway.pids().values()} - {*before.values()}) == 4, "four others")
    gateway.until_healthy()
    for name in NAMES:
        over(backend, name)
    press_reaches_the_backend(backend, field, 1)
    assert {name: len(told(backend, name)) for name in NAMES} == dict.fromkeys(NAMES, 1)


def test_an_uplink_that_is_lost_while_the_engine_hangs_is_told(scene):
    backend, field, gateway = house(scene)
    hung = gateway.kill("engine", signal.SIGSTOP)
    killed(gateway, "uplink")
    until(lambda: gateway.pids().get("engine") not in (None, hung), "another engine")
    gateway.until_healthy()
    over(backend, "uplink")
    press_reaches_the_backend(backend, field, 1)
    assert {name: len(told(backend, name)) for name in NAMES} == {"engine": 1, "uplink": 1, "field-0": 0, "console": 0}


@pytest.mark.parametrize("name", ["field-0", "uplink", "console"])
def test_a_process_that_dies_before_the_new_engine_has_heard_of_it_is_told(scene, name):
    """It stands still from before the engine's end, so that it cannot connect to the next one, and is killed so."""
    backend, field, gateway = house(scene)
    still = gateway.kill(name, signal.SIGSTOP)
    engine = gateway.kill("engine")
    until(lambda: losses_recorded(scene) == 1, "another engine at work")
    assert gateway.pids()["engine"] != engine and gateway.pids()[name] == still
    killed(gateway, name)
    over(backend, name)
    gateway.until_healthy()
    press_reaches_the_backend(backend, field, 1)
    lost = {"engine", name}
    assert {other: len(told(backend, other)) for other in NAMES} == {other: int(other in lost) for other in NAMES}
    [event] = told(backend, name)
    assert event["data"]["lost"]["how"] == "killed by signal 9"


def test_a_loss_that_an_engine_had_told_and_not_recorded_is_told_by_the_next_one(scene):
    backend, field, gateway = house(scene)
    with contextlib.closing(sqlite3.connect(scene.state / "journal.db", timeout=30, isolation_level=None)) as journal:
        journal.execute("BEGIN IMMEDIATE")  # nothing can be recorded now
        console = gateway.kill("console")
        until(lambda: any(event["subject"] == "component/console" for event in backend.events(type="alarm.raised")),
              "the loss to be told before it is recorded")
        until(lambda: gateway.pids().get("console") not in (None, console), "another console")
        engine = gateway.kill("engine")
        journal.execute("ROLLBACK")
    until(lambda: gateway.pids().get("engine") not in (None, engine), "another engine")
    over(backend, "console")
    over(backend, "engine")
    gateway.until_healthy()
    press_reaches_the_backend(backend, field, 1)
    assert {name: len(told(backend, name)) for name in NAMES} == {"engine": 1, "uplink": 0, "field-0": 0, "console": 1}


def test_an_engine_that_is_lost_while_the_broker_is_away_is_told_when_it_is_back(scene):
    backend, field, gateway = house(scene)
    scene.broker.stop()
    killed(gateway, "engine")
    until(lambda: losses_recorded(scene) == 1, "the loss to be recorded")
    scene.broker.start()
    over(backend, "engine")
    gateway.until_healthy()
    press_reaches_the_backend(backend, field, 1)
    assert len(told(backend, "engine")) == 1


def test_a_restart_and_a_reload_lose_nothing(scene):
    backend, field, gateway = house(scene)
    before = gateway.pids()["engine"]
    scene.site.write_text(scene.site.read_text().replace("en: Buttons", "en: Buttons of the house"))
    gateway.process.child.send_signal(signal.SIGHUP)
    until(lambda: gateway.pids().get("engine") not in (None, before), "another engine")
    gateway.until_healthy()
    gateway.stop()
    gateway = scene.gateway()
    press_reaches_the_backend(backend, field, 1)
    assert [name for name in NAMES if told(backend, name)] == []

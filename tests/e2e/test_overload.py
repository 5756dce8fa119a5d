# SPDX-License-Identifier: Apache-2.0
"""Too much of everything: no descriptor left, and a child that does not move. Rows of `tests/run faults` are printed."""

import re
import resource
import signal
import socket
import time

import pytest
from harness import ROOT, until
from test_faults import BUTTON, CALL, Proxy, assert_not_busy

OTHER = "care/dining/button"
SMOKE = "care/day-care/smoke-1"


class Scarce:
    """A process that may open no further descriptor, until the end; those that it has stay good."""

    def __init__(self, pid):
        self.pid = pid
        self.limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    def __enter__(self):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (1, self.limits[1]))

    def __exit__(self, *_):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.limits)


def told_used_up(gateway, name):
    gateway.process.until_said(rf"process={name} event=descriptors_used_up limit=1 effect=\"\S.*\"")


def recorded_call(backend, field, point):
    field.press(point)
    [event] = backend.until_event(type="alarm.raised", rule="emergency_call", subject=point)
    assert event["durable"] is True, "it was recorded before it was told"


def test_an_engine_without_a_descriptor_decides_on_and_takes_a_restarted_uplink_in_when_it_has_one(scene):
    backend, field, gateway = scene.everything()
    engine = gateway.pids()["engine"]
    with Scarce(engine):
        gateway.kill("uplink")
        gateway.process.until_said(r"process=engine event=accept_failed")
        told_used_up(gateway, "engine")
        field.press(BUTTON)
        until(lambda: any(alarm["alarm"] == CALL for alarm in gateway.alarms()), "the call to be decided")
        assert_not_busy(gateway)
    [event] = backend.until_event(type="alarm.raised", rule="emergency_call", subject=BUTTON)
    assert event["durable"] is True
    assert gateway.pids()["engine"] == engine
    print("row: descriptors engine lost=0")


def test_a_console_without_a_descriptor_delays_no_alarm_and_answers_when_it_has_one(scene):
    backend, field, gateway = scene.everything()
    console = gateway.pids()["console"]
    clients = [socket.socket(socket.AF_UNIX) for _ in range(100)]
    with Scarce(console):
        for client in clients:
            client.setblocking(False)
            try:
                client.connect(str(gateway.socket))
            except BlockingIOError:
                break  # as many wait as the kernel lets
        gateway.process.until_said(r"process=console event=console_full")
        told_used_up(gateway, "console")
        recorded_call(backend, field, BUTTON)
        assert_not_busy(gateway)
    for client in clients:
        client.close()
    until(lambda: gateway.try_cli("health")[0] == 0, "the console to answer again")
    recorded_call(backend, field, OTHER)
    assert gateway.pids()["console"] == console
    print(f"row: descriptors console clients={len(clients)} lost=0")


def test_a_field_process_without_a_descriptor_loses_the_bus_that_broke_and_no_other(scene):
    scene.start_broker()
    backend, field = scene.backend(), scene.field()
    proxy = scene.keep(Proxy(int(scene.overrides["devices.care-io.address"].rsplit(":", 1)[1])))
    scene.overrides["devices.care-io.address"] = f"tcp://127.0.0.1:{proxy.port}"
    gateway = scene.gateway()
    recorded_call(backend, field, OTHER)
    pid = gateway.pids()["field-0"]
    with Scarce(pid):
        proxy.cut()
        gateway.process.until_said(r"process=field-0 event=device_lost device=care-io")
        told_used_up(gateway, "field-0")
        field.press(SMOKE)
        [fire] = backend.until_event(type="alarm.raised", rule="fire_alarm", subject=SMOKE)
        assert fire["durable"] is True
        assert_not_busy(gateway)
    recorded_call(backend, field, BUTTON)
    assert gateway.pids()["field-0"] == pid
    print("row: descriptors field lost=0")


def test_an_uplink_without_a_descriptor_comes_back_to_its_broker_when_it_has_one(scene):
    scene.broker.persistent = True
    backend, field, gateway = scene.everything()
    pid = gateway.pids()["uplink"]
    with Scarce(pid):
        scene.broker.stop()
        gateway.process.until_said(r"process=uplink event=broker_lost")
        told_used_up(gateway, "uplink")
        scene.broker.start()
        field.press(BUTTON)
        until(lambda: any(alarm["alarm"] == CALL for alarm in gateway.alarms()), "the call to be decided")
        assert_not_busy(gateway)
        assert not backend.events(type="alarm.raised", rule="emergency_call", subject=BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call", subject=BUTTON, deadline_s=90)
    assert gateway.pids()["uplink"] == pid
    print("row: descriptors uplink lost=0")


def test_a_supervisor_without_a_descriptor_keeps_what_runs_and_starts_what_died_when_it_has_one(scene):
    scene.broker.persistent = True
    backend, field, gateway = scene.everything()
    with Scarce(gateway.process.child.pid):
        told_used_up(gateway, "supervisor")
        died = gateway.kill("uplink")
        gateway.process.until_said(r'event=component_lost component=uplink .*how="could not be started"')
        field.press(BUTTON)
        until(lambda: any(alarm["alarm"] == CALL for alarm in gateway.alarms()), "the call to be decided")
        assert_not_busy(gateway)
    until(lambda: gateway.pids().get("uplink") not in (None, died), "a new uplink")
    backend.until_event(type="alarm.raised", rule="emergency_call", subject=BUTTON, deadline_s=90)
    gateway.process.until_said("process=supervisor event=descriptors_left ")
    gateway.until_healthy()
    print("row: descriptors supervisor lost=0")


def deadline_ms(name):
    """A named deadline of the supervisor's, from its header."""
    return int(re.search(rf"{name} = (\d+)", (ROOT / "gateway" / "children.h").read_text()).group(1))


def test_the_deadlines_for_a_child_that_does_not_move_leave_time_within_ten_seconds():
    assert deadline_ms("CHILDREN_PROGRESS_MS") < deadline_ms("CHILDREN_SILENCE_MS")
    assert deadline_ms("CHILDREN_SILENCE_MS") + deadline_ms("CHILDREN_WATCH_MS") < 10_000


@pytest.mark.parametrize("name", ["engine", "field-0", "uplink", "console"])
def test_a_child_that_does_not_move_is_told_and_replaced(scene, name):
    backend, field, gateway = scene.everything()
    stopped, begun = gateway.kill(name, signal.SIGSTOP), time.monotonic()
    gateway.process.until_said(rf"event=component_hangs component={name} .*silent_ms={deadline_ms('CHILDREN_SILENCE_MS')} ")
    noticed_s = time.monotonic() - begun
    until(lambda: gateway.pids().get(name) not in (None, stopped), f"a new {name}")
    restarted_s = time.monotonic() - begun
    backend.until_event(type="alarm.raised", rule="system_component_lost", subject=f"component/{name}")
    recorded_call(backend, field, BUTTON)
    gateway.until_healthy()
    print(f"row: stopped {name} noticed_s={noticed_s:.1f} restarted_s={restarted_s:.1f} (aim <= 10)")

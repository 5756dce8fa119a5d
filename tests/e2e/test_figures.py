# SPDX-License-Identifier: Apache-2.0
"""Figures in /metrics that move when something goes wrong, read as a monitoring system reads them."""

import re
import socket

import pytest

from harness import DEADLINE_S, button_site, free_port, until
from test_chains import BUTTON, everything_at, press, webhook_site


def metrics(gateway):
    """Every sample of /metrics: {(name, labels): value}; nothing while the console does not answer."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(DEADLINE_S)
        try:
            link.connect(str(gateway.socket))
            link.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: link.recv(65536), b"")).decode()
        except OSError:
            return {}
    found = {}
    for line in answer.partition("\r\n\r\n")[2].splitlines():
        sample = re.fullmatch(r"(tocsin_\w+)(?:\{(.*)\})? (\S+)", line)
        if sample:
            labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', sample[2] or ""))
            found[sample[1], labels] = float(sample[3])
    return found


def figure(gateway, name, **labels):
    return metrics(gateway).get((f"tocsin_{name}", frozenset(labels.items())), 0)


@pytest.mark.parametrize("answer,cause", [("silent", "timeout"), ("down", "unreachable"), ("exception", "exception"),
                                          ("wrong_unit", "unit"), ("short", "short")])
def test_a_device_that_is_dead_is_counted_by_its_cause_and_the_others_are_not(scene, answer, cause):
    scene.start_broker()
    dead, well = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    button_site(scene, [(dead, "100 ms"), (well, "100 ms", "20 s")])  # however slow this machine is
    field, gateway = scene.field(), scene.gateway()
    until(lambda: figure(gateway, "bus_answers_total", bus=dead) > 0, "the device to be polled")
    assert figure(gateway, "bus_failures_total", bus=dead, cause=cause) == 0
    field.say(f"device d0 {answer}")
    until(lambda: figure(gateway, "bus_failures_total", bus=dead, cause=cause) > 1, f"failures by {cause}")
    answers = figure(gateway, "bus_answers_total", bus=well)
    until(lambda: figure(gateway, "bus_answers_total", bus=well) > answers, "the other device to be polled on")
    told = metrics(gateway)
    assert sum(value for (name, labels), value in told.items()
               if name == "tocsin_bus_failures_total" and ("bus", well) in labels) == 0


def test_a_webhook_that_nobody_answers_is_counted(scene):
    webhook_site(scene, free_port(), ("{after: 180 s, to: role manager", "{after: 61 s, to: role manager"))
    backend, field, gateway = everything_at(scene, 20)
    press(backend, field)
    until(lambda: figure(gateway, "webhook_failures_total") > 1, "failed calls")
    until(lambda: figure(gateway, "notices_waiting") >= 1, "the engine's figure, until it is taken")
    told = metrics(gateway)
    plain = {name: value for (name, labels), value in told.items() if not labels}
    assert plain["tocsin_webhook_attempts_total"] >= plain["tocsin_webhook_failures_total"]
    assert plain["tocsin_webhook_notices_waiting"] >= 1 and plain["tocsin_webhook_notices_delivered_total"] == 0
    assert backend.until_event(type="alarm.escalated", subject=BUTTON, count=3)


def test_every_queue_has_its_figures(scene):
    _backend, field, gateway = scene.everything()
    field.press(BUTTON)
    # Of field, uplink and engine: each speaks once a second.
    until(lambda: figure(gateway, "uplink_events_live_total") > 0, "published events")
    until(lambda: figure(gateway, "recording_inputs_total") > 0, "recorded inputs")
    until(lambda: figure(gateway, "uplink_alarm_events_unconfirmed") == 0, "the broker to have confirmed all")
    told = metrics(gateway)
    for name in ("field_readings_waiting", "field_events_refused_total", "field_edges_merged_total"):
        assert (f"tocsin_{name}", frozenset({("component", "field-0")})) in told
    for name in ("uplink_overtakes_refused_total", "notices_displaced_total", "recording_inputs_dropped_total",
                 "journal_alarm_events_dropped_total", "events_lost_total"):
        assert told[f"tocsin_{name}", frozenset()] == 0, name


def test_messages_of_sensors_are_counted_and_so_are_those_that_make_no_sense(scene):
    backend, field, gateway = scene.everything()
    mine = {"component": "field-0"}
    until(lambda: figure(gateway, "field_broker_connections_total", **mine) == 1, "the sensors' broker")
    messages = figure(gateway, "field_messages_total", **mine)
    assert figure(gateway, "field_messages_refused_total", **mine) == 0
    field.say('mqtt field/gate/door {"open":true}')
    until(lambda: figure(gateway, "field_messages_total", **mine) > messages, "a message to be counted")
    backend.client.publish("field/gate/door", "no JSON", qos=1)
    until(lambda: figure(gateway, "field_messages_refused_total", **mine) == 1, "a refused message")
    assert figure(gateway, "field_messages_overflowed_total", **mine) == 0

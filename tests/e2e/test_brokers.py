# SPDX-License-Identifier: Apache-2.0
"""Brokers that go: with a word, without one, and one after the other."""

import re
import sys
from pathlib import Path

from harness import Backend, Broker, button_site, free_port

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))

from mqtt_fault_proxy import FaultProxy  # noqa: E402

BUTTON = "room/button-0"


def site(scene, *ports):
    """A site with one button and these brokers."""
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    text = scene.site.read_text()
    brokers = ", ".join(f'"tcp://127.0.0.1:{port}"' for port in ports)
    edited = re.sub(r"brokers: \[.*?\]", f"brokers: [{brokers}]", text)
    assert edited != text
    scene.site.write_text(edited)


def test_a_line_that_goes_dead_without_a_word_is_noticed_though_nothing_is_sent(scene):
    """Whoever is at the far end of the hole acknowledges every byte and answers none."""
    scene.start_broker()
    proxy = scene.keep(FaultProxy(scene.broker.port, 1))
    site(scene, proxy.port)
    backend, field, gateway = scene.backend(), scene.field(), scene.gateway()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="call")
    connections = proxy.connections
    proxy.fault = "black_hole"
    # By our own deadlines (unit.mqtt_limits holds that they end within 30 s) or the library's, if that is sooner.
    said = gateway.process.until_said(
        r'event=broker_lost broker=\S+ reason="(?:the broker no longer answers|the connection broke off|'
        r'the broker has closed the connection|the connection has ended)" silent_ms=(\d+) ', 60)
    print(f"row: half-open line noticed silent_ms={said[1]} promised_ms=30000")
    assert proxy.done["black_hole"] > 0 and proxy.connections == connections
    proxy.fault = None
    gateway.cli("ack", f"call/{BUTTON}")
    event, = backend.until_event(type="alarm.acknowledged", rule="call", deadline_s=60)
    assert event["data"]["actor"]


def test_the_second_broker_serves_while_the_first_is_away_and_the_other_way_round(scene):
    second = scene.keep(Broker(scene.directory / "second"))
    second.directory.mkdir()
    site(scene, scene.broker.port, second.port)
    scene.start_broker()
    second.start()
    at_first, at_second = scene.backend(), scene.keep(Backend(second.port))
    field, gateway = scene.field(), scene.gateway()
    field.press(BUTTON)
    at_first.until_event(type="alarm.raised", rule="call")
    assert not at_second.events()
    scene.broker.stop()
    gateway.cli("ack", f"call/{BUTTON}")
    at_second.until_event(type="alarm.acknowledged", rule="call", deadline_s=60)
    assert b'"online"' in at_second.latest("/status")
    assert b'"acked":true' in at_second.latest(f"/alarm/call/{BUTTON}")
    scene.broker.start()
    second.stop()
    gateway.cli("attend", f"call/{BUTTON}")
    at_first.until_event(type="alarm.attended", rule="call", deadline_s=60)
    # Every event was taken by one of the two.
    told = {event["sequence"] for backend in (at_first, at_second) for event in backend.events()}
    assert told == set(range(1, max(told) + 1))

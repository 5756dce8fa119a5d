# SPDX-License-Identifier: Apache-2.0
"""Brokers that go: with a word, without one, and one after the other."""

import json
import re
import socket
import sys
import threading
from pathlib import Path

from harness import Backend, Broker, button_site, free_port, until
from test_figures import figure

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


class SlowBroker:
    """A way to a broker whose first word comes late, and all the rest at once."""

    def __init__(self, target, late_s):
        self.target, self.late_s = target, late_s
        self.port = free_port()
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.ended.is_set():
            try:
                client, _ = self.listener.accept()
                broker = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client, broker, 0), daemon=True).start()
            threading.Thread(target=self.carry, args=(broker, client, self.late_s), daemon=True).start()

    def carry(self, source, sink, late_s):
        try:
            while data := source.recv(65536):
                self.ended.wait(late_s)
                late_s = 0
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def stop(self):
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def uplink(gateway):
    return json.loads(gateway.try_cli("health", "--json")[1])["uplink"]


def test_the_line_goes_back_to_the_first_broker_when_it_is_well_and_health_names_the_one_in_use(scene):
    second = scene.keep(Broker(scene.directory / "second"))
    second.directory.mkdir()
    site(scene, scene.broker.port, second.port)
    second.start()
    at_second = scene.keep(Backend(second.port))
    field, gateway = scene.field(), scene.gateway()
    first_url, second_url = (f"tcp://127.0.0.1:{port}" for port in (scene.broker.port, second.port))
    until(lambda: uplink(gateway)["broker"] == second_url and uplink(gateway)["waiting"] == 0, "the second broker, and no backlog")
    since = uplink(gateway)["since"]
    assert since and figure(gateway, "uplink_broker_number") == 2
    assert second_url + ", since " in gateway.cli("health", "--lang", "en")
    field.press(BUTTON)
    at_second.until_event(type="alarm.raised", rule="call")
    scene.start_broker()
    at_first = scene.backend()
    gateway.process.until_said(f'event=broker_lost broker="?{second_url}"? reason="the first broker takes connections again', 150)
    until(lambda: uplink(gateway)["state"] == "connected" and uplink(gateway)["broker"] == first_url, "the first broker", 30)
    assert uplink(gateway)["since"] != since and figure(gateway, "uplink_broker_returns_total") == 1
    gateway.cli("ack", f"call/{BUTTON}")
    at_first.until_event(type="alarm.acknowledged", rule="call")
    # Nothing is lost on the way over, and what both were told is no event.
    told = [event["sequence"] for backend in (at_second, at_first) for event in backend.events()]
    assert sorted(told) == list(range(1, max(told) + 1))
    scene.broker.stop()
    second.stop()
    gateway.cli("attend", f"call/{BUTTON}")
    until(lambda: uplink(gateway)["state"] == "away" and uplink(gateway)["waiting"] > 0, "events that wait", 60)


def test_a_broker_that_needs_long_to_welcome_the_gateway_is_reached(scene):
    """Longer than the first attempt waits, which is short so that the next broker is tried soon."""
    scene.start_broker()
    slow = scene.keep(SlowBroker(scene.broker.port, 7))
    site(scene, slow.port)
    backend, field, gateway = scene.backend(), scene.field(), scene.gateway(wait=False)
    gateway.process.until_said("event=broker_unreachable ")
    gateway.process.until_said("event=broker_connected ", 60)
    gateway.until_healthy()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="call")


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
    # It is the line of before: until then there was no other.
    before, _lost, _after = gateway.process.text().partition("event=broker_lost")
    assert proxy.done["black_hole"] > 0 and before.count("event=broker_connected") == connections == 1
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

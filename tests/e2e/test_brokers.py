# SPDX-License-Identifier: Apache-2.0
"""Brokers that go: with a word, without one, and one after the other."""

import json
import re
import socket
import sys
import threading
from pathlib import Path

import pytest

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
    # Who looks at the broker that was left is not to take the gateway for one that watches there.
    until(lambda: b'"offline"' in (at_second.latest("/status") or b""), "the second broker to hold that it was left")
    until(lambda: b'"online"' in (at_first.latest("/status") or b""), "the first one that it was not")
    gateway.cli("ack", f"call/{BUTTON}")
    at_first.until_event(type="alarm.acknowledged", rule="call")
    # Nothing is lost on the way over, and what both were told is no event.
    def told():
        return [event["sequence"] for backend in (at_second, at_first) for event in backend.events()]
    until(lambda: set(told()) == set(range(1, max(told()) + 1)), "every event to have come")
    assert len(told()) == len(set(told()))
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
    until(lambda: b'"online"' in (at_second.latest("/status") or b""), "the status")
    gateway.process.until_said(f'event=broker_connected broker="tcp://127.0.0.1:{second.port}"', 10)
    until(lambda: b'"acked":true' in (at_second.latest(f"/alarm/call/{BUTTON}") or b""), "the state of the call")
    scene.broker.start()
    second.stop()
    gateway.cli("attend", f"call/{BUTTON}")
    at_first.until_event(type="alarm.attended", rule="call", deadline_s=60)
    # Every event was taken by one of the two.
    def told():
        return {event["sequence"] for backend in (at_first, at_second) for event in backend.events()}
    until(lambda: told() == set(range(1, max(told()) + 1)), "every event to have come")


class Welcoming:
    """A broker that welcomes whoever comes, and from then on reads and answers nothing."""

    def __init__(self):
        self.welcomed = 0
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.welcome, args=(client,), daemon=True).start()

    def welcome(self, client):
        try:
            if client.recv(65536):
                client.sendall(b"\x20\x03\x00\x00\x00")  # MQTT 5.0, 3.2: success
                self.welcomed += 1
            while client.recv(65536):
                pass
        except OSError:
            pass
        client.close()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def with_second(scene, first_port):
    """A site whose second broker is a good one, and its backend."""
    second = scene.keep(Broker(scene.directory / "second"))
    second.directory.mkdir()
    site(scene, first_port, second.port)
    second.start()
    return scene.keep(Backend(second.port))


def uplink_lost(gateway):
    return [alarm["state"] for alarm in gateway.alarms() if alarm["alarm"] == "system_uplink_lost/gateway"]


def test_a_first_broker_that_welcomes_and_answers_nothing_keeps_no_alarm_from_the_second(scene):
    first = scene.keep(Welcoming())
    at_second = with_second(scene, first.port)
    field, gateway = scene.field(), scene.gateway(wait=False)
    until(lambda: first.welcomed, "the first broker to welcome the gateway")
    field.press(BUTTON)
    at_second.until_event(type="alarm.raised", rule="call", deadline_s=90)
    assert gateway.process.has(r'event=broker_unreachable .*reason="the broker welcomes this gateway and then answers nothing"')
    until(lambda: uplink(gateway)["state"] == "connected", "the second broker to be told as the one in use")


def test_a_broker_that_welcomes_the_gateway_again_and_again_and_answers_nothing_is_an_alarm(scene):
    only = scene.keep(Welcoming())
    site(scene, only.port)
    scene.field()
    gateway = scene.gateway()
    until(lambda: any(state["active"] for state in uplink_lost(gateway)), "the standing alarm", 90)
    assert only.welcomed > 1
    assert not gateway.process.has("event=broker_connected"), "nothing reaches the outside by it"
    until(lambda: uplink(gateway)["state"] == "away", "a health that says so")


@pytest.mark.parametrize("version,reason", [
    ("3.1.1", "the broker confirms what it is sent and passes nothing on: the next one is tried"),
    (5, "the broker refuses alarms or events: the next one is tried")])
def test_a_first_broker_that_takes_no_alarms_gives_way_to_the_second(scene, version, reason):
    """By its access rules: with MQTT 5 it says so, with 3.1.1 it cannot."""
    rights = scene.directory / "rights"
    rights.write_text("topic read tocsin/#\n")
    scene.broker.extra = f"acl_file {rights}\n"
    scene.start_broker()
    at_second = with_second(scene, scene.broker.port)
    scene.site.write_text(scene.site.read_text().replace("version: 5}", f"version: {json.dumps(version)}}}"))
    field, gateway = scene.field(), scene.gateway()
    field.press(BUTTON)
    at_second.until_event(type="alarm.raised", rule="call", deadline_s=120)
    assert f'reason="{reason}"' in gateway.process.text()
    # What the first had confirmed and dropped is here too; activity comes behind alarms.
    at_second.until_event(type="system.started")
    told = sorted(event["sequence"] for event in at_second.events())
    assert told[0] == 1
    until(lambda: uplink(gateway)["state"] == "connected" and figure(gateway, "uplink_broker_number") == 2, "health to name it")

# SPDX-License-Identifier: Apache-2.0
"""A sensor that publishes something that is no value: what it said before does not stay good."""

import json

import pytest

from harness import until
from test_figures import figure

NO_VALUES = ['{"value":null}', '{"value":NaN}', '{"value":1e400}', '{"value":[1]}', '{"value":"unavailable"}',
             '{"other":1}', 'null', 'offline', '']


def sensors(scene, points):
    """A gateway with MQTT points of these lines, and a backend that can publish as the sensors do."""
    scene.start_broker()
    scene.site, scene.overrides = scene.directory / "sensors.yaml", {}
    scene.site.write_text(
        "tocsin: 1\nsite: {id: sensors, name: {zh: 传感, en: Sensors}, timezone: Asia/Shanghai}\n"
        f"gateway: {{id: main, state: {scene.state}}}\n"
        f'mqtt: {{brokers: ["tcp://127.0.0.1:{scene.broker.port}"], version: 5}}\n'
        "rules: []\nplaces:\n  - {id: room, kind: day_care_room, name: {zh: 房, en: Room}}\n"
        f"devices:\n  - id: m\n    driver: mqtt\n    broker: tcp://127.0.0.1:{scene.broker.port}\n    points:\n"
        + "".join(f"      - {{{point}, silence: 1 h}}\n" for point in points))
    backend, gateway = scene.backend(), scene.gateway()
    gateway.process.until_said("event=device_answers device=m")
    return backend, gateway


def told(backend, point):
    payload = backend.latest(f"/point/{point}")
    return json.loads(payload) if payload else {}


def say(backend, topic, text):
    backend.client.publish(topic, text, qos=1).wait_for_publish()


@pytest.mark.parametrize("form, good, place", [("pointer", '{"value":21.5}', "value: /value"),
                                               ("whole message", "21.5", 'value: ""'),
                                               ("whole message, unsaid", "21.5", "unit: °C")])
def test_what_is_no_value_is_a_fault_and_one_alarm_until_there_is_one(scene, form, good, place):
    backend, gateway = sensors(scene, [f"point: warmth, place: room, kind: temperature, topic: field/warmth, {place}"])
    say(backend, "field/warmth", good)
    until(lambda: told(backend, "room/warmth").get("quality") == "good", "the value")
    assert told(backend, "room/warmth")["value"] == 21.5
    for text in NO_VALUES:
        say(backend, "field/warmth", text)
        until(lambda: told(backend, "room/warmth").get("quality") == "fault", f"{form}: {text} to be a fault")
        assert told(backend, "room/warmth")["value"] is None
    until(lambda: figure(gateway, "field_messages_refused_total", component="field-0") == len(NO_VALUES), "the counter")
    backend.until_event(type="alarm.raised", rule="system_sensor_fault", subject="room/warmth")
    say(backend, "field/warmth", good)
    until(lambda: told(backend, "room/warmth")["quality"] == "good", "the value again")
    backend.until_event(type="alarm.cleared", rule="system_sensor_fault", subject="room/warmth")
    assert len(backend.events(rule="system_sensor_fault", type="alarm.raised")) == 1, "one for all the messages"
    assert backend.events(rule="system_sensor_fault", type="alarm.reraised") == []
    assert gateway.process.has(r'event=value_refused device=m point=room/warmth .*reason=".*effect="the point is in fault')


def test_a_point_of_a_shared_topic_that_a_message_leaves_out_stays_as_it_is(scene):
    backend, _gateway = sensors(scene, [
        "point: warmth, place: room, kind: temperature, topic: field/air, value: /t",
        "point: noise, place: room, kind: noise, topic: field/air, value: /n"])
    say(backend, "field/air", '{"t":21.5,"n":40}')
    until(lambda: told(backend, "room/noise").get("value") == 40, "the noise")
    say(backend, "field/air", '{"n":41}')
    until(lambda: told(backend, "room/noise").get("value") == 41, "the noise alone")
    assert told(backend, "room/warmth")["quality"] == "good"
    say(backend, "field/air", '{"t":null,"n":42}')
    until(lambda: told(backend, "room/noise").get("value") == 42, "the noise alone")
    until(lambda: told(backend, "room/warmth")["quality"] == "fault", "a null to be a fault")
    say(backend, "field/air", '{"t":22,"n":43}')
    until(lambda: told(backend, "room/warmth")["quality"] == "good", "the warmth again")
    say(backend, "field/air", '{"battery":80}')
    until(lambda: (told(backend, "room/warmth")["quality"], told(backend, "room/noise")["quality"]) == ("fault", "fault"),
          "a message of neither to be a fault of both")


def test_a_contact_that_is_the_whole_message_is_what_the_message_says(scene):
    backend, _gateway = sensors(scene, [
        'point: door, place: room, kind: door_contact, topic: field/door, value: ""'])
    for text, value in (("true", 1), ("false", 0), ('"on"', 1), ("0", 0)):
        say(backend, "field/door", text)
        until(lambda: told(backend, "room/door").get("value") == value, f"{text} to be {value}")

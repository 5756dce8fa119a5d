# SPDX-License-Identifier: Apache-2.0
"""Announcements to Home Assistant, as it would read them from a real broker: what is there, and what is gone."""

import json
import re

import yaml

from harness import until
from test_figures import figure
from test_reload import edit, hang_up, own_copy, until_watching

NODE = "tocsin_gulou-demo_main"
# What carries a card, and what is silent at the place.
NEVER = {"access_reader", "checkpoint", "panic_button"}
NUMBERS = {"occupancy_count", "people_in", "people_out", "turnstile", "battery", "temperature", "humidity", "co2",
           "illuminance", "noise"}


def announced_site(scene, option="  home_assistant: {prefix: homeassistant, language: en}\n"):
    """A copy of the example with the option, and its directory."""
    directory = own_copy(scene)
    edit(scene.site, "  version: 5 ", f"{option}  version: 5 ")
    return directory


def entities(scene, prefix="homeassistant"):
    """{topic of the announcement: id of the point, None for the gateway}, from the site file alone."""
    found = {f"{prefix}/binary_sensor/{NODE}/status/config": None}
    for device in yaml.safe_load(scene.site.read_text())["devices"]:
        for point in device["points"]:
            if point["kind"] not in NEVER:
                name = f"{point['place']}/{point['point']}"
                component = "sensor" if point["kind"] in NUMBERS else "binary_sensor"
                found[f"{prefix}/{component}/{NODE}/{name.replace('/', '_')}/config"] = name
    return found


def held(backend):
    """What the broker holds of announcements, as the newest message of each topic tells."""
    newest = {topic: payload for topic, payload, *_ in backend.all() if topic.endswith("/config")}
    return {topic: json.loads(payload) for topic, payload in newest.items() if payload}


def until_held(backend, topics):
    until(lambda: set(held(backend)) == set(topics), "the announcements", 60,
          lambda: f"\nmissing {set(topics) - set(held(backend))}\nbeyond {set(held(backend)) - set(topics)}")


def test_every_point_is_announced_once_and_every_topic_that_is_named_gets_a_message(scene):
    announced_site(scene)
    scene.start_broker()
    backend = scene.backend("#")
    scene.field()
    scene.gateway()
    expected = entities(scene)
    assert len(expected) > 35
    until_held(backend, expected)
    configs = [(topic, payload) for topic, payload, *_ in backend.all() if topic.endswith("/config")]
    assert len(configs) == len(expected)
    named = set()
    unique = set()
    for topic, payload in configs:
        assert len(payload) <= 8192
        config = json.loads(payload)
        point = expected[topic]
        unique.add(config["unique_id"])
        assert config["origin"] == {"name": "Tocsin"}
        assert config["name"] and config["device"]["name"] and config["device"]["identifiers"]
        named.add(config["state_topic"])
        if point is None:
            assert config["state_topic"] == "tocsin/v1/gulou-demo/main/status"
            assert config["device"]["identifiers"] == [NODE]
        else:
            assert config["state_topic"] == f"tocsin/v1/gulou-demo/main/point/{point}"
            assert config["device"]["via_device"] == NODE
            assert config["availability_mode"] == "all"
            named.update(entry["topic"] for entry in config["availability"])
            assert ("payload_on" in config) == topic.startswith("homeassistant/binary_sensor/")
    assert len(unique) == len(configs)

    def heard():
        return {topic for topic, payload, *_ in backend.all() if payload}
    until(lambda: named <= heard(), "a message under every topic that is named", 60,
          lambda: f"\nsilent: {sorted(named - heard())}")
    # And what the templates of the announcements look for is in them.
    newest = {topic: json.loads(payload) for topic, payload, *_ in backend.all() if topic in named and payload}
    for topic in named:
        wanted = {"state"} if topic.endswith("/status") else {"value", "quality"}
        assert wanted <= set(newest[topic])


def test_what_left_the_site_is_emptied_under_each_prefix_and_all_of_it_when_the_option_goes(scene):
    announced_site(scene)
    scene.start_broker()
    backend = scene.backend("#")
    foreign = "homeassistant/sensor/somebody_else/x/config"
    backend.client.publish(foreign, '{"name": "x"}', qos=1, retain=True)
    scene.field()
    gateway = scene.gateway()
    first = entities(scene)
    until_held(backend, [*first, foreign])
    # A point leaves the site.
    topic = next(topic for topic, point in first.items() if point == "sport/room/door")
    edit(scene.site, re.search(r".*point: door, +place: sport/room.*\n", scene.site.read_text()).group(0), "")
    hang_up(gateway)
    until_watching(gateway, 2)
    second = entities(scene)
    assert set(first) - set(second) == {topic}
    until_held(backend, [*second, foreign])
    # The prefix becomes another: what stood under the old one goes.
    edit(scene.site, "prefix: homeassistant", "prefix: home/assistant")
    hang_up(gateway)
    until_watching(gateway, 3)
    until_held(backend, [*entities(scene, "home/assistant"), foreign])
    # The option is taken out: nothing of ours is left, and nothing of others' is touched.
    edit(scene.site, "  home_assistant: {prefix: home/assistant, language: en}\n", "")
    hang_up(gateway)
    until_watching(gateway, 4)
    until_held(backend, [foreign])


def test_without_the_option_nothing_is_announced(scene):
    scene.start_broker()
    backend = scene.backend("#")
    scene.field()
    scene.gateway()
    until(lambda: backend.latest("/status") and backend.latest("/point/care/day-care/button-1"), "values")
    assert not held(backend)
    assert not (scene.state / "uplink" / "home_assistant").exists()


def test_a_broker_that_does_not_allow_it_is_told_once_and_alarms_go_on(scene):
    announced_site(scene)
    (scene.directory / "acl").write_text("topic readwrite tocsin/#\ntopic readwrite field/#\ntopic read #\n")
    scene.broker.extra = f"acl_file {scene.directory}/acl\n"
    backend, field, gateway = scene.everything()
    gateway.process.until_said(r"event=broker_refuses_announcement prefix=homeassistant reason=\S.* effect=")
    field.press("care/day-care/button-1")
    backend.until_event(type="alarm.raised", rule="emergency_call")
    until(lambda: figure(gateway, "uplink_sessions_total") > 0, "the figures")
    assert figure(gateway, "uplink_sessions_total") == 1
    assert len(re.findall("event=broker_refuses_", gateway.process.text())) == 1

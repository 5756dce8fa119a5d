# SPDX-License-Identifier: Apache-2.0
"""What a broker holds of points and names that are no longer: it is emptied, and nothing of others' is.

Each look is that of a subscriber who comes afterwards, and so gets what is retained and nothing else.
"""

import json
import signal

import pytest

from harness import Backend, button_site, free_port, until
from test_figures import figure

OPTION = "home_assistant: {prefix: homeassistant, language: en}"


def house(scene, version=5):
    """A gateway with three buttons that answer, announced to Home Assistant."""
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms") for _ in range(3)])
    edit(scene, "version: 5", f"version: {version}, {OPTION}")
    scene.kept_field = scene.field()
    return scene.gateway()


def edit(scene, before, after):
    text = scene.site.read_text()
    assert before in text
    scene.site.write_text(text.replace(before, after))


def without_the_last_button(scene):
    text = scene.site.read_text()
    scene.site.write_text(text[:text.index("  - id: d2\n")])


def held(scene):
    """{topic: payload} of all that is retained."""
    late = Backend(scene.broker.port, "#")
    late.client.publish("end/of/it", "x", qos=1)
    until(lambda: late.latest("end/of/it"), "what is retained to have come")
    late.stop()
    return {topic: payload for topic, payload, retained, _ in late.all() if retained and payload}


def until_held(scene, condition, what):
    until(lambda: condition(held(scene)), what, 60, lambda: "\n" + "\n".join(sorted(held(scene))))


def of_button(scene, number, gateway="main"):
    return {topic for topic in held(scene)
            if topic.startswith((f"tocsin/v1/buttons/{gateway}/", "homeassistant/"))
            and f"button-{number}" in topic and (gateway in topic)}


def until_published(scene, gateway="main"):
    until(lambda: len(of_button(scene, 2, gateway)) >= 2, "the value and the announcement of the last button")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_point_that_left_by_a_reload_is_emptied(scene, version):
    gateway = house(scene, version)
    until_published(scene)
    without_the_last_button(scene)
    gateway.process.child.send_signal(signal.SIGHUP)
    until(lambda: not of_button(scene, 2), "the button that left to be emptied", 60)
    assert len(of_button(scene, 0)) == 2 and len(of_button(scene, 1)) == 2


def test_a_point_that_left_while_the_gateway_was_off_is_emptied_with_its_open_alarm(scene):
    scene.broker.persistent = True
    gateway = house(scene)
    until_published(scene)
    backend = scene.backend()
    gateway.stop()
    backend.client.publish("tocsin/v1/buttons/main/alarm/call/room/button-2", '{"active":true}', qos=1, retain=True)
    until(lambda: len(of_button(scene, 2)) == 3, "an alarm's state as an older life left it")
    without_the_last_button(scene)
    scene.gateway()
    until(lambda: not of_button(scene, 2), "the button that left to be emptied", 60)
    assert len(of_button(scene, 0)) == 2


def test_what_stands_under_a_name_that_the_gateway_left_is_emptied(scene):
    gateway = house(scene)
    until_published(scene)
    gateway.stop()
    edit(scene, "gateway: {id: main", "gateway: {id: second")
    gateway = scene.gateway()
    until_published(scene, "second")
    until_held(scene, lambda topics: [t for t in topics if "buttons/main" in t or "buttons_main" in t] ==
               ["tocsin/v1/buttons/main/status"], "all that stood under the old name to be emptied")
    assert json.loads(held(scene)["tocsin/v1/buttons/main/status"])["state"] == "offline"
    # And back again: it is the other name that is left now.
    gateway.stop()
    edit(scene, "gateway: {id: second", "gateway: {id: main")
    scene.gateway()
    until_published(scene, "main")
    until_held(scene, lambda topics: [t for t in topics if "buttons/second" in t or "buttons_second" in t] ==
               ["tocsin/v1/buttons/second/status"], "all that stood under the second name to be emptied")


def test_what_another_gateway_has_under_the_old_name_is_left_alone(scene):
    gateway = house(scene)
    until_published(scene)
    gateway.stop()
    # Another gateway takes the name over, with a state directory of its own …
    own = scene.site.read_text()
    scene.site.write_text(own.replace(f"state: {scene.state}", f"state: {scene.directory}/other"))
    other = scene.gateway()
    until_published(scene)
    other.stop()  # … and is away for a while, when the first one comes back by another name
    before = {topic for topic in held(scene) if "buttons/main" in topic or "buttons_main" in topic}
    scene.site.write_text(own.replace("gateway: {id: main", "gateway: {id: second"))
    first = scene.gateway()
    until_published(scene, "second")
    first.process.until_said("event=broker_connected")
    backend = scene.backend()
    until(lambda: backend.latest("/second/status"), "the session to be well under way")
    assert before == {topic for topic in held(scene) if "buttons/main" in topic or "buttons_main" in topic}


@pytest.mark.parametrize("forged", ['{"active":false}', ""], ids=["forged", "emptied"])
def test_a_state_that_somebody_else_overwrites_while_the_gateway_is_connected_is_put_right_at_once(scene, forged):
    gateway = house(scene)
    field, backend = scene.kept_field, scene.backend()
    topic = "tocsin/v1/buttons/main/alarm/call/room/button-0"
    field.set("room/button-0", 1)
    until_held(scene, lambda found: topic in found, "the state of the call")
    true = json.loads(held(scene)[topic])["state"]
    backend.client.publish(topic, forged, qos=1, retain=True)
    gateway.process.until_said(rf'event=state_overwritten topic="{topic}" ')
    until_held(scene, lambda found: topic in found and json.loads(found[topic]).get("state") == true, "the true state")
    # What is said of an alarm that is at rest, or of none of the site, is emptied.
    false = [f"tocsin/v1/buttons/main/alarm/{name}" for name in ("call/room/button-1", "no_rule/nowhere")]
    for each in false:
        backend.client.publish(each, '{"active":true}', qos=1, retain=True)
    until_held(scene, lambda found: topic in found and not set(false) & set(found), "what is not true to be emptied")
    until(lambda: figure(gateway, "uplink_states_overwritten_total") == 3, "all three to be counted")

# SPDX-License-Identifier: Apache-2.0
"""Brokers that confirm what they are sent, and pass it on to nobody or do not let the gateway look."""

import signal

from harness import button_site, free_port, until
from test_figures import figure
from test_uplink import call, calls, line_state, one_button

ROOT = "tocsin/v1/buttons/main"


def old_protocol(scene):
    text = scene.site.read_text()
    scene.site.write_text(text.replace("version: 5}", 'version: "3.1.1"}'))
    assert scene.site.read_text() != text


def with_rights(scene, text):
    """A site that speaks MQTT 3.1.1 to a broker with these access rules."""
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    old_protocol(scene)
    rights = scene.directory / "rights"
    rights.write_text(text)
    scene.broker.extra = f"acl_file {rights}\n"
    scene.start_broker()
    return rights


def test_a_broker_that_confirms_alarms_and_drops_them_is_told_of_and_has_them_all_when_it_passes_them_on(scene):
    """MQTT 3.1.1 has no code for what access rules forbid: mosquitto confirms it and tells nobody."""
    rights = with_rights(scene, "topic read tocsin/#\n")
    backend, field, gateway = scene.backend(), scene.field(), scene.gateway()
    call(field, gateway)
    line = gateway.process.until_said(r"event=broker_passes_nothing_on .*", 90).group(0)
    assert f"write below {ROOT}/ and to read {ROOT}/loopback" in line, line
    until(lambda: line_state(gateway) == ("degraded", "refusing"), "a health that says so")
    until(lambda: figure(gateway, "uplink_delivery_broken") == 1, "the figure, which comes once a second")
    assert figure(gateway, "uplink_delivers") == 0 and figure(gateway, "uplink_connected") == 1
    until(lambda: any(alarm["alarm"] == "system_uplink_lost/gateway" and alarm["state"]["active"]
                      for alarm in gateway.alarms()), "the standing alarm", 60)
    confirmed = figure(gateway, "uplink_confirmed_seq", lane="alarm")
    call(field, gateway)
    assert backend.events() == []
    # Nothing that it confirms counts while nobody hears of it.
    assert figure(gateway, "uplink_confirmed_seq", lane="alarm") == confirmed
    sessions = figure(gateway, "uplink_sessions_total")
    assert sessions == 1, "another session would not help"
    rights.write_text("topic readwrite #\n")
    scene.broker.process.child.send_signal(signal.SIGHUP)
    gateway.process.until_said(r"event=broker_passes_on again_from=1 ", 60)
    until(lambda: len(set(calls(backend))) == 4, "all calls", 60)
    until(lambda: line_state(gateway) == ("ok", "connected"), "health", 60)
    until(lambda: figure(gateway, "uplink_confirmed_seq", lane="alarm") > confirmed, "the events to count as delivered")
    assert b'"online"' in backend.latest("/status")
    until(lambda: (figure(gateway, "uplink_delivery_proven"), figure(gateway, "uplink_delivery_broken")) == (1, 0), "the figures")


def test_a_broker_that_stops_to_pass_messages_on_is_left_for_a_new_session_once(scene):
    rights = with_rights(scene, "topic readwrite #\n")
    backend, field, gateway = scene.backend(), scene.field(), scene.gateway()
    until(lambda: figure(gateway, "uplink_delivery_proven") == 1, "the proof")
    rights.write_text("topic read tocsin/#\n")
    scene.broker.process.child.send_signal(signal.SIGHUP)
    gateway.process.until_said(r'event=broker_lost .*reason="the broker confirms what it is sent and no longer passes it on"', 90)
    until(lambda: figure(gateway, "uplink_sessions_total") == 2, "another session")
    missed = figure(gateway, "uplink_loopback_missed_total")
    until(lambda: figure(gateway, "uplink_loopback_missed_total") >= missed + 3, "silence in it too", 90)
    assert figure(gateway, "uplink_sessions_total") == 2
    until(lambda: line_state(gateway) == ("degraded", "refusing"), "a health that says so")


def test_a_broker_that_forbids_the_gateway_to_look_still_gets_every_event(scene):
    """With MQTT 5 it says by a code that the word is forbidden, and would say so of events too."""
    rights = scene.directory / "rights"
    rights.write_text("topic read tocsin/#\n" + "".join(f"topic write {ROOT}/{part}\n" for part in (
        "status", "event/#", "alarm/#", "point/#")))
    scene.broker.extra = f"acl_file {rights}\n"
    backend, field, gateway = one_button(scene)
    line = gateway.process.until_said(r"event=delivery_unproven .*").group(0)
    assert 'reason="Not authorized"' in line and f"{ROOT}/loopback" in line, line
    call(field, gateway)
    until(lambda: len(calls(backend)) == 2, "the events")
    until(lambda: line_state(gateway) == ("ok", "connected"), "health")
    assert figure(gateway, "uplink_delivery_proven") == 0 and figure(gateway, "uplink_delivery_broken") == 0

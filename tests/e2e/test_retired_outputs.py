# SPDX-License-Identifier: Apache-2.0
"""An output that a reload takes out of the site while it is on: it is switched off, or people are told to do it."""

import re

import pytest

from harness import free_port, until
from test_reload import hang_up, until_watching

BUTTON, LAMP, SIREN = "room/button", "room/lamp", "room/siren"
LAMP_LINE = "      - {point: lamp, place: room, kind: call_lamp, write: coil 0}\n"
SIREN_LINE = "      - {point: siren, place: room, kind: sounder, write: coil 1}\n"


def device(name, address, points):
    return (f"  - id: {name}\n    driver: modbus\n    address: {address}\n    unit: 1\n    poll: 50 ms\n"
            f"    timeout: 300 ms\n    points:\n{points}")


def read(point, place, address):
    return f"      - {{point: {point}, place: {place}, kind: motion, read: discrete {address}}}\n"


class House:
    """A room with a button at one module, and lamp and siren at another; `write` gives the gateway another site."""

    def __init__(self, scene, bells=None):
        self.scene = scene
        self.panel, self.bells, self.other = (f"tcp://127.0.0.1:{free_port()}" for _ in range(3))
        self.bells = bells or self.bells
        (scene.directory / "rules.yaml").write_text(
            "chains:\n  help:\n    - {after: 0 s, to: role caregiver, place: own, output: [call_lamp, sounder]}\n"
            "rules:\n  - rule: call\n    each: point emergency_button\n    raise: value\n    class: call.emergency\n"
            "    chain: help\n    message: {zh: 呼叫, en: call}\n    response: {zh: 去, en: go}\n")
        scene.site, scene.overrides = scene.directory / "site.yaml", {}

    def panel_device(self):
        return device("panel", self.panel, "      - {point: button, place: room, kind: emergency_button, read: discrete 0}\n")

    def bell_device(self, outputs=LAMP_LINE + SIREN_LINE, name="bells"):
        return device(name, self.bells, read("motion", "room", 0) + outputs)

    def write(self, *devices):
        self.scene.site.write_text(
            "tocsin: 1\nsite: {id: house, name: {zh: 楼, en: House}, timezone: Asia/Shanghai}\n"
            f"gateway: {{id: main, state: {self.scene.state}}}\n"
            f'mqtt: {{brokers: ["tcp://127.0.0.1:{self.scene.broker.port}"], version: 5}}\n'
            "rules: [rules.yaml]\nplaces:\n  - {id: room, kind: day_care_room, name: {zh: 房, en: Room}}\n"
            "  - {id: attic, kind: corridor, name: {zh: 廊, en: Attic}}\ndevices:\n" + "".join(devices))

    def howling(self, *devices):
        """Start everything with these devices and press the button; return when lamp and siren are on."""
        # The field also has what a test moves an output to, at a module that the gateway does not know yet.
        self.write(*(devices or (self.panel_device(), self.bell_device())),
                   device("other", self.other, read("else", "attic", 0)
                          + "      - {point: horn, place: attic, kind: beacon, write: coil 1}\n"))
        self.scene.start_broker()
        self.backend, self.field = self.scene.backend(), self.scene.field()
        self.write(*(devices or (self.panel_device(), self.bell_device())))
        self.gateway = self.scene.gateway()
        self.field.press(BUTTON)
        self.until_on(LAMP)
        self.until_on(SIREN)

    def is_on(self, point):
        return self.field.say(f"coil {point}") == "1"

    def until_on(self, point):
        until(lambda: self.is_on(point), f"{point} to be on", context=self.log)

    def until_off(self, point):
        until(lambda: not self.is_on(point), f"{point} to be off", context=self.log)

    def log(self):
        return "\n" + self.gateway.process.text()[-5000:]

    def reload(self, *devices, times=2):
        self.write(*devices)
        hang_up(self.gateway)
        until_watching(self.gateway, times)

    def said(self, event):
        """The points that the log has told of by this event, sorted."""
        return sorted(re.findall(rf"event={event} device=\S+ point=(\S+)", self.gateway.process.text()))


@pytest.fixture
def house(scene):
    return House(scene)


def test_a_siren_that_is_taken_out_while_it_is_on_is_switched_off_and_the_log_says_so(house):
    house.howling()
    house.reload(house.panel_device(), house.bell_device(LAMP_LINE))
    assert not house.is_on(SIREN), "before the new site is in force"
    assert house.is_on(LAMP)
    told = re.search(r"event=output_switched_off (.*)", house.gateway.process.text())[1]
    assert f'device=bells point={SIREN} address="{house.bells}" unit=1 coil=1' in told
    assert "taken out of the site; it has been switched off and reads back off" in told
    assert not house.said("output_may_be_on")
    assert f"call/{BUTTON}" in [alarm["alarm"] for alarm in house.gateway.alarms()], "the call is still open"


def test_outputs_of_a_serial_line_are_switched_off_too(scene):
    house = House(scene, f'"rtu:{scene.directory}/bells.tty?baud=9600&parity=none&stop=1"')
    house.howling()
    house.reload(house.panel_device(), house.bell_device(LAMP_LINE))
    assert not house.is_on(SIREN) and house.is_on(LAMP)
    house.reload(house.panel_device(), times=3)
    assert not house.is_on(LAMP), "with its line"
    assert house.said("output_switched_off") == [LAMP, SIREN]


def test_a_lamp_that_is_moved_to_another_module_goes_out_here_and_lights_there(house):
    house.howling()
    moved = device("other", house.other, "      - {point: lamp, place: room, kind: call_lamp, write: coil 1}\n")
    house.reload(house.panel_device(), house.bell_device(SIREN_LINE), moved)
    house.until_on("attic/horn")  # what the field calls that coil
    assert not house.is_on(LAMP)
    assert house.is_on(SIREN)
    assert house.said("output_switched_off") == [LAMP]


def test_outputs_that_swap_names_and_one_that_is_renamed_are_no_orphans(house):
    house.howling()
    swapped = (LAMP_LINE.replace("coil 0", "coil 1").replace("point: lamp", "point: light")
               + SIREN_LINE.replace("coil 1", "coil 0"))
    house.reload(house.panel_device(), house.bell_device(swapped, name="module"))
    house.gateway.cli("ack", f"call/{BUTTON}")
    assert house.is_on(LAMP) and house.is_on(SIREN)
    assert not house.said("output_switched_off") + house.said("output_may_be_on")


def test_outputs_of_a_module_that_is_taken_out_altogether_are_switched_off(house):
    house.howling()
    house.reload(house.panel_device())
    assert not house.is_on(SIREN) and not house.is_on(LAMP)
    assert house.said("output_switched_off") == [LAMP, SIREN]


def test_a_silent_module_that_is_taken_out_is_told_with_what_to_do(house):
    house.howling()
    house.field.say("device bells down")
    house.gateway.process.until_said("event=device_lost device=bells")
    house.reload(house.panel_device())
    assert house.said("output_may_be_on") == [LAMP, SIREN]
    told = re.search(rf"event=output_may_be_on (.* point={SIREN} .*)", house.gateway.process.text())[1]
    assert f'device=bells point={SIREN} address="{house.bells}" unit=1 coil=1' in told
    assert "its device does not answer" in told
    assert "may still be on: go there and switch it off by hand" in told
    assert not house.said("output_switched_off")


def test_a_silent_module_is_switched_off_when_it_answers_again_however_many_reloads_came_between(house):
    house.howling()
    house.field.say("device bells down")
    house.gateway.process.until_said("event=device_lost device=bells")
    house.reload(house.panel_device(), house.bell_device(LAMP_LINE))
    house.reload(house.panel_device().replace("50 ms", "60 ms"), house.bell_device(LAMP_LINE), times=3)
    assert house.said("output_may_be_on") == [SIREN]
    assert not house.said("output_switched_off")
    house.gateway.kill("field-0")  # whoever comes after it still knows what is to be done
    house.field.say("device bells up")
    house.until_off(SIREN)
    until(lambda: house.said("output_switched_off") == [SIREN], "the log to say so", context=house.log)
    assert house.is_on(LAMP)


def test_an_output_that_was_switched_off_is_not_touched_again(house):
    """A coil that is no output of the site belongs to somebody else from then on."""
    from pymodbus.client import ModbusTcpClient
    house.howling()
    house.reload(house.panel_device(), house.bell_device(LAMP_LINE))
    assert house.said("output_switched_off") == [SIREN]
    host, port = house.bells.removeprefix("tcp://").split(":")
    with ModbusTcpClient(host, port=int(port), timeout=5) as somebody:
        assert not somebody.write_coil(1, True, slave=1).isError()
    house.gateway.kill("field-0")
    polls = house.field.polls("bells")
    until(lambda: house.field.polls("bells") > polls + 20, "the module to be polled again", context=house.log)
    assert house.is_on(SIREN)
    house.reload(house.panel_device().replace("50 ms", "60 ms"), house.bell_device(LAMP_LINE), times=3)
    assert house.is_on(SIREN)
    assert house.said("output_switched_off") == [SIREN]


def test_a_field_process_that_is_killed_switches_nothing_off(house):
    house.howling()
    for _ in range(3):
        before = house.gateway.kill("field-0")
        until(lambda: house.gateway.pids().get("field-0", before) != before, "another field process")
        polls = house.field.polls("bells")
        until(lambda: house.field.polls("bells") > polls + 10, "the module to be polled again", context=house.log)
        assert house.is_on(SIREN) and house.is_on(LAMP)
    assert not house.said("output_switched_off")


def test_a_stop_while_a_reload_waits_for_a_silent_module_stops(house):
    house.howling()
    house.field.say("device bells down")
    house.write(house.panel_device())
    hang_up(house.gateway)
    house.gateway.process.until_said("event=reloading")
    assert house.gateway.stop() == 0

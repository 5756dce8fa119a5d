# SPDX-License-Identifier: Apache-2.0
"""The simulated field, seen by programs that share no code with it: pymodbus, paho-mqtt, and a shell's eyes.

What these tests hold is what the rest of the product's tests stand on: that the field is right when it
answers rightly, and wrong in the way that it says when it does not.
"""

import json
import re
import signal
import socket
import subprocess
import time

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from harness import TOCSIN, free_port, until

BUTTON = "care/day-care/button-1"


def port_of(scene, device):
    return int(scene.overrides[f"devices.{device}.address"].rsplit(":", 1)[1])


def master(scene, device):
    client = ModbusTcpClient("127.0.0.1", port=port_of(scene, device), timeout=2)
    assert client.connect()
    return client


def story(scene, text):
    path = scene.directory / "story.yaml"
    path.write_text(text)
    return path


def control(scene, line):
    """Say a line and return the answer, whichever it is."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(scene.directory / "sim.sock"))
        link.sendall((line + "\n").encode())
        return link.makefile().readline().strip()


def test_an_independent_master_reads_what_was_set(scene):
    field = scene.field(arguments=["--still"])
    client = master(scene, "care-io")
    assert client.read_discrete_inputs(0, 15, slave=1).bits[:15] == [False] * 15
    field.set(BUTTON, 1)
    assert client.read_discrete_inputs(0, 1, slave=1).bits[0] is True  # the very next request
    field.set(BUTTON, 0)
    assert client.read_discrete_inputs(0, 1, slave=1).bits[0] is False

    panel = master(scene, "fire-panel")
    field.set("care/dining/heat-1", 1)
    field.set("care/hallway/mcp-1", "true")
    assert panel.read_holding_registers(0, 9, slave=1).registers == [0b100100] + [0] * 8

    sport = master(scene, "sport-io")
    field.set("sport/room/in", 0x00012345)
    assert sport.read_holding_registers(100, 4, slave=3).registers == [0x0001, 0x2345, 0, 0]
    assert field.polls("sport-io") == 1
    for each in (client, panel, sport):
        each.close()


def test_an_independent_master_reads_the_serial_line(scene):
    field = scene.field(arguments=["--still"])
    field.set("care/day-care/temperature", -4.5)
    field.set("care/club/temperature", 23.125)
    client = ModbusSerialClient(port=str(scene.directory / "climate.tty"), baudrate=9600, timeout=2)
    assert client.connect()
    answer = client.read_input_registers(0, 17, slave=11).registers
    assert answer[0] == 0x10000 - 45
    word = client.read_input_registers(16, 2, slave=11).registers
    assert word == [0x0000, 0x41b9]  # 23.125 is 41B9 0000; the low word first
    client.close()


def test_an_output_that_was_written_can_be_looked_at(scene):
    field = scene.field(arguments=["--still"])
    client = master(scene, "care-io")
    assert field.say("coil care/hallway/lamp") == "0"
    assert not client.write_coil(0, True, slave=1).isError()
    assert field.say("coil care/hallway/lamp") == "1"
    assert not client.write_coils(0, [False, True], slave=1).isError()
    assert field.say("coil care/hallway/lamp") == "0"
    assert field.say("coil care/hallway/sounder") == "1"
    client.close()


def test_an_independent_master_is_refused_with_the_right_exception(scene):
    scene.field(arguments=["--still"])
    client = master(scene, "fire-panel")
    assert client.read_holding_registers(9, 1, slave=1).exception_code == 2
    assert client.read_coils(0, 1, slave=1).exception_code == 2
    assert client.read_exception_status(slave=1).exception_code == 1
    client.close()


def test_a_device_that_is_down_refuses_and_comes_back(scene):
    field = scene.field(arguments=["--still"])
    field.say("device fire-panel down")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port_of(scene, "fire-panel"))) != 0
    master(scene, "care-io").close()  # the others are not touched
    field.say("device fire-panel up")
    client = master(scene, "fire-panel")
    assert client.read_holding_registers(0, 1, slave=1).registers == [0]
    client.close()


@pytest.mark.parametrize("answer", ["garbage", "drip", "wrong_unit", "short", "long", "close", "late", "silent"])
def test_a_wrong_answer_is_wrong_for_an_independent_eye(scene, answer):
    field = scene.field(arguments=["--still"])
    field.say(f"device care-io {answer}")
    request = bytes.fromhex("0009 0000 0006 01 02 0000 000f")
    right = bytes.fromhex("0009 0000 0005 01 02 02 0000")
    with socket.create_connection(("127.0.0.1", port_of(scene, "care-io"))) as link:
        begin = time.monotonic()
        link.sendall(request)
        link.settimeout(0.6 if answer == "silent" else 10)
        try:
            got = link.recv(1 if answer == "drip" else 300)
        except socket.timeout:
            got = None
        if answer == "silent":
            assert got is None
        elif answer == "late":
            assert got == right and time.monotonic() - begin > 0.5, "after the device's time-out"
        elif answer == "close":
            assert got == b""
        elif answer == "drip":
            assert got + link.recv(1) == right[:2] and time.monotonic() - begin > 0.35, "400 ms between two drops"
        elif answer == "wrong_unit":
            assert got == right[:6] + b"\x02" + right[7:]
        elif answer == "short":
            assert got == bytes.fromhex("0009 0000 0004 01 02 01 00")
        elif answer == "long":
            assert got == bytes.fromhex("0009 0000 0007 01 02 04 00000000")
        else:
            assert got != right and len(got) == len(right)
    field.say("device care-io up")
    with socket.create_connection(("127.0.0.1", port_of(scene, "care-io"))) as link:
        link.sendall(request)
        link.settimeout(10)
        assert link.recv(300) == right


def test_a_story_is_acted_out_and_the_field_lives_on(scene):
    field = scene.field(story(scene, """
story:
  speed: 10
  acts:
    - {at: 2 s, set: {care/day-care/button-1: 1}, for: 3 s}
    - {at: 6 s, device: fire-panel, answer: exception, for: 2 s}
    - {at: 9 s, set: {care/talk/button: 1}}
"""))
    field.process.until_said(r"event=act_begins point=care/day-care/button-1 value=1")
    field.process.until_said(r"event=act_ends point=care/day-care/button-1")
    field.process.until_said(r"event=act_begins device=fire-panel answer=exception")
    field.process.until_said(r"event=story_over")
    client = master(scene, "care-io")
    bits = client.read_discrete_inputs(0, 8, slave=1).bits
    assert (bits[0], bits[4]) == (False, True)
    client.close()


def test_the_clock_makes_the_story_run_faster(scene):
    field = scene.field(story(scene, """
story:
  acts:
    - {at: 2 min, set: {care/day-care/button-1: 1}}
"""), arguments=["--clock", "2026-11-22T07:00:00+08:00@60"])
    field.process.until_said(r"event=story_over", deadline_s=20)


def test_a_subscriber_hears_the_state_at_start_on_change_and_after_the_broker_was_away(scene):
    scene.start_broker()
    listener = scene.backend("field/#")
    field = scene.field(arguments=["--still"])

    def said(topic, payload):
        return lambda: [m for m in listener.all() if m[0] == topic and json.loads(m[1]) == payload]

    until(said("field/gate/door", {"open": False}), "the state at start")
    until(said("field/desk/people", {"count": 0}), "the count at start")
    assert not [m for m in listener.all() if m[0] == "field/gate/reader"], "a reader has no state"

    field.set("hall/gate/door", 1)
    until(said("field/gate/door", {"open": True}), "the change")
    field.say('mqtt field/gate/reader {"card": 40213344, "granted": true}')
    until(said("field/gate/reader", {"card": 40213344, "granted": True}), "the card")

    before = len(said("field/gate/door", {"open": True})())
    scene.broker.stop()
    field.process.until_said("event=broker_lost")
    field.say('mqtt field/gate/reader {"card": 7, "granted": false}')  # kept until the broker is back
    scene.broker.start()
    until(lambda: len(said("field/gate/door", {"open": True})()) > before, "the state after the return")
    until(said("field/gate/reader", {"card": 7, "granted": False}), "the card read meanwhile")


def test_sensors_that_are_down_publish_nothing(scene):
    scene.start_broker()
    listener = scene.backend("field/#")
    field = scene.field(arguments=["--still"])
    until(lambda: [m for m in listener.all() if m[0] == "field/gate/door"], "the state at start")
    field.say("device doors down")
    field.set("hall/gate/door", 1)
    assert control(scene, 'mqtt field/gate/reader {"card": 1}').startswith("error")
    field.say("device doors up")
    until(lambda: [m for m in listener.all() if json.loads(m[1]) == {"open": True}], "the state after the return")
    assert not [m for m in listener.all() if m[0] == "field/gate/reader"]


def test_life_goes_on_in_the_background(scene):
    field = scene.field(arguments=["--clock", "2026-11-22T07:00:00+08:00@60"])
    client = master(scene, "care-io")
    seen = set()

    def flickers():
        seen.add(tuple(client.read_discrete_inputs(8, 6, slave=1).bits[:6]))
        return len(seen) > 5
    until(flickers, "motion in the rooms")
    assert not any(client.read_discrete_inputs(0, 8, slave=1).bits[:8]), "nobody calls for help by itself"
    client.close()


@pytest.mark.parametrize("line, reason", [
    ("set care/day-care/buton-1 1", "no point"),
    ("set care/hallway/lamp 1", "output"),
    ("set hall/gate/reader 1", "mqtt field/gate/reader"),
    ("device care-io sideways", "garbage"),
    ("dance", "commands"),
])
def test_a_wrong_command_is_answered_with_its_reason(scene, line, reason):
    scene.field(arguments=["--still"])
    answer = control(scene, line)
    assert answer.startswith("error ") and reason in answer


def test_a_command_line_may_come_in_pieces_and_in_heaps(scene):
    scene.field(arguments=["--still"])
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(scene.directory / "sim.sock"))
        for piece in (b"po", b"lls care-io\nset ", BUTTON.encode(), b" 1\r\ncoil care/hallway/lamp\n"):
            link.sendall(piece)
        answers = link.makefile()
        assert [answers.readline().strip() for _ in range(3)] == ["ok 0", "ok", "ok 0"]
        link.sendall(b"x" * 20000)  # longer than any command: hung up on
        with pytest.raises((ConnectionError, AssertionError)):
            assert answers.readline() != ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_leaves_nothing(scene, number):
    scene.start_broker()
    field = scene.field()
    line = scene.directory / "climate.tty"
    assert line.is_symlink()
    field.process.until_said("event=broker_connected")
    client = master(scene, "care-io")
    assert field.process.stop(number) == 0, "by itself, with a client that is still connected"
    assert not line.is_symlink() and not field.control.exists()
    client.close()


def test_it_says_when_it_is_ready_and_ends_when_told(scene):
    done = subprocess.run([TOCSIN, "sim", str(scene.site), *scene.settings(), "--for", "300ms"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    assert re.fullmatch(r"event=sim_ready site=gulou-demo devices=5 points=\d+ tcp=3 rtu=1 mqtt=1 acts=0\n", done.stdout)


def refused(scene, *arguments):
    return subprocess.run([TOCSIN, "sim", str(scene.site), *scene.settings(), *arguments],
                          capture_output=True, text=True, timeout=20)


def test_a_wrong_story_is_refused_with_its_place(scene):
    path = story(scene, "story:\n  acts:\n    - {at: 1 s, set: {care/day-care/buton-1: 1}}\n")
    done = refused(scene, "--story", str(path))
    assert done.returncode == 2 and done.stdout == ""
    assert f"{path}:3:23: error: no point `care/day-care/buton-1`" in done.stderr
    assert "^" in done.stderr and "did you mean `care/day-care/button-1`" in done.stderr


def test_a_wrong_command_line_is_refused(scene):
    assert refused(scene, "--for", "soon").returncode == 2
    assert refused(scene, "--seed", "x").returncode == 2
    assert refused(scene, "--clock", "noon").returncode == 2
    assert refused(scene, "--bogus").returncode == 2
    assert refused(scene, "--set", "devices.care-io.unit=500").returncode == 2
    long = refused(scene, "--control", "/tmp/" + "x" * 120)
    assert long.returncode == 1 and "107" in long.stderr


def test_what_stands_in_the_way_is_named_with_the_way_out(scene):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        scene.overrides["devices.sport-io.address"] = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        done = refused(scene)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1 and "sport-io" in done.stderr
        assert "--set devices.sport-io.address=" in done.stderr
    line = scene.directory / "climate.tty"
    line.write_text("precious")
    scene.overrides["devices.sport-io.address"] = f"tcp://127.0.0.1:{free_port()}"
    done = refused(scene)
    assert done.returncode == 1 and "climate" in done.stderr
    assert line.read_text() == "precious"


def test_the_same_seed_is_the_same_evening(scene):
    """Two fields with one seed and one clock show the same steps of life; another seed shows others."""
    def evening(seed):
        """The counts at the desk, as published, until five differed."""
        listener = scene.backend("field/desk/people")
        field = scene.field(arguments=["--clock", "2026-11-22T07:00:00+08:00@60", "--seed", str(seed)])
        counts = lambda: [json.loads(m[1])["count"] for m in listener.all()]  # noqa: E731
        changes = lambda: [c for i, c in enumerate(counts()) if i == 0 or counts()[i - 1] != c]  # noqa: E731
        until(lambda: len(changes()) >= 5, "people to come and go")
        field.stop()
        listener.stop()
        scene.started.remove(field)
        scene.started.remove(listener)
        return changes()[:5]

    scene.start_broker()
    assert evening(7) == evening(7)
    assert evening(7) != evening(8)

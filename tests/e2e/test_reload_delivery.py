# SPDX-License-Identifier: Apache-2.0
"""What a reload sends again: what was in flight at most, also when much has gone ahead of a backlog."""

import re
import sqlite3
import sys
from pathlib import Path

from harness import until
from test_reload import edit, hang_up, until_watching

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))

import mqtt_fault_proxy  # noqa: E402
from ledger_device import RAISES, Device  # noqa: E402

WINDOW = 20  # what mosquitto lets be in flight, and less than the gateway's own window
ROUNDS = 3


def register_site(scene, device, broker_port):
    scene.site, scene.overrides = scene.directory / "site.yaml", {}
    (scene.directory / "rules.yaml").write_text(
        "rules:\n  - rule: number\n    each: point illuminance\n"
        f"    raise: value >= {RAISES} lx\n    clear: value < {RAISES} lx\n    class: space.climate\n"
        '    message: {zh: "{place}", en: "{place}"}\n')
    scene.site.write_text(
        "tocsin: 1\nsite: {id: reload, name: {zh: 载, en: Reload}, timezone: Asia/Shanghai}\n"
        f"gateway: {{id: main, state: {scene.state}}}\n"
        f'mqtt: {{brokers: ["tcp://127.0.0.1:{broker_port}"], version: 5}}\n'
        "rules: [rules.yaml]\nplaces:\n  - {id: room, kind: day_care_room, name: {zh: 房, en: Room}}\ndevices:\n"
        f"  - id: d0\n    driver: modbus\n    address: tcp://127.0.0.1:{device.port}\n    unit: 1\n"
        "    poll: 50 ms\n    timeout: 1 s\n    points:\n" +
        "".join(f"      - {{point: p{register}, place: room, kind: illuminance, read: holding {register}, unit: lx}}\n"
                for register in range(device.points)))


def numbers_of(alarms):
    return {alarm["alarm"] for alarm in alarms if alarm["state"]["active"]}


def recorded(scene):
    with sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True) as journal:
        return {seq for seq, in journal.execute("SELECT seq FROM event")}


def sequences(backend):
    return [event["sequence"] for event in backend.events() if "sequence" in event]


def test_a_reload_sends_again_what_was_in_flight_and_not_what_went_ahead_of_a_backlog(scene, monkeypatch):
    """The broker was away while every point changed several times, and then takes its time for each event: new alarms
    go ahead of the rest, reload after reload."""
    monkeypatch.setattr(mqtt_fault_proxy, "DELAY_S", 0.3)
    scene.broker.persistent = True
    scene.start_broker()
    proxy = scene.keep(mqtt_fault_proxy.FaultProxy(scene.broker.port, 1))
    device = scene.keep(Device())
    register_site(scene, device, proxy.port)
    backend, gateway = scene.backend(), scene.gateway()
    gateway.process.until_said(r"process=uplink event=broker_connected")
    proxy.fault = "reset"
    gateway.process.until_said(r"process=uplink event=broker_lost")
    for number in (1, 2, 3, 4):
        for register in range(device.points):
            device.show(register, number)
        until(lambda: len(numbers_of(gateway.alarms())) == device.points * (number % 2), f"all to show {number}")
    proxy.fault = "puback_delayed"
    ahead = 0
    for turn in range(ROUNDS):
        before = len(sequences(backend))
        until(lambda: len(sequences(backend)) > before, "a session, with the backlog on its way", 60)
        came = len(set(sequences(backend)))
        for register in range(12 * turn, 12 * (turn + 1)):
            device.show(register, 5)
        # The past of each, which is four events, and the new one.
        until(lambda: len(set(sequences(backend))) >= came + 45, "much to go ahead", 60)
        edit(scene.directory / "rules.yaml", 'en: "{place}' + "!" * turn, 'en: "{place}!' + "!" * turn)
        hang_up(gateway)
        until_watching(gateway, 2 + turn)
        told = re.findall(r"event=taken_recalled events=(\d+)", gateway.process.text())
        ahead += int(told[-1])
        assert len(told) == turn + 1
    proxy.fault = None
    until(lambda: set(sequences(backend)) >= recorded(scene), "every recorded event to be delivered", 60)
    came = sequences(backend)
    duplicates = len(came) - len(set(came))
    print(f"row: reloads behind a backlog count={ROUNDS} ahead={ahead} duplicates={duplicates} "
          f"allowed={ROUNDS * WINDOW} lost=0")
    assert ahead > ROUNDS * WINDOW, "little went ahead: this proves nothing"
    assert duplicates <= ROUNDS * WINDOW

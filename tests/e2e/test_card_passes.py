# SPDX-License-Identifier: Apache-2.0
"""A card that a reader has told of is recorded once, whatever becomes of the engine that it was on its way to."""

import json
import signal
import sqlite3
import sys
from pathlib import Path

from harness import until

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))

from ledger_device import Publisher  # noqa: E402

TOPIC = "sensors"
KILLS = 5


def reader_site(scene):
    scene.start_broker()
    scene.site, scene.overrides = scene.directory / "site.yaml", {}
    scene.site.write_text(
        "tocsin: 1\nsite: {id: cards, name: {zh: 卡, en: Cards}, timezone: Asia/Shanghai}\n"
        f"gateway: {{id: main, state: {scene.state}}}\n"
        f'mqtt: {{brokers: ["tcp://127.0.0.1:{scene.broker.port}"], version: 5}}\n'
        "places:\n  - {id: room, kind: day_care_room, name: {zh: 房, en: Room}}\ndevices:\n"
        f"  - id: published\n    driver: mqtt\n    broker: tcp://127.0.0.1:{scene.broker.port}\n    points:\n"
        f"      - {{point: reader, place: room, kind: access_reader, topic: {TOPIC}/reader, code: /card, "
        "result: /granted}\n")
    publisher, gateway = scene.keep(Publisher(scene.broker.port, TOPIC)), scene.gateway()
    gateway.process.until_said("event=device_answers device=published")
    return publisher, gateway


def passes(scene):
    try:
        with sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True, timeout=5) as journal:
            return journal.execute("SELECT count(*) FROM event WHERE type LIKE 'access.%'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def walk(publisher, count):
    """One behind the other, as fast as the broker takes them: all at once would be more than is taken of one topic."""
    for card in range(count):
        publisher.client.publish(f"{TOPIC}/reader", json.dumps({"card": card + 1, "granted": True}),
                                 qos=1).wait_for_publish()
    return count


def until_recorded(scene, gateway, count):
    until(lambda: passes(scene) >= count, f"{count} passes to be recorded", 60,
          lambda: f": {passes(scene)}\n{gateway.process.text()[-3000:]}")


def test_no_pass_is_lost_or_doubled_when_the_engine_is_killed(scene):
    """Some have been recorded before it dies, some lie in its socket, and some come while it is away."""
    publisher, gateway = reader_site(scene)
    passed = 0
    for _ in range(KILLS):
        passed += walk(publisher, 20)
        gateway.kill("engine", signal.SIGSTOP)
        passed += walk(publisher, 20)
        gateway.kill_engine()
        passed += walk(publisher, 20)
        until_recorded(scene, gateway, passed)
    print(f"row: card passes engine_kills={KILLS} passed={passed} recorded={passes(scene)}")
    assert passes(scene) == passed


def test_no_pass_is_lost_or_doubled_when_the_engine_hangs(scene):
    """What was sent to it lies in a socket that nobody reads, and goes with it."""
    publisher, gateway = reader_site(scene)
    passed = walk(publisher, 10)
    until_recorded(scene, gateway, passed)
    gateway.kill("engine", signal.SIGSTOP)
    passed += walk(publisher, 60)
    gateway.process.until_said("event=component_hangs component=engine ", 60)
    until_recorded(scene, gateway, passed)
    passed += walk(publisher, 1)
    until_recorded(scene, gateway, passed)
    print(f"row: card passes engine_hangs=1 passed={passed} recorded={passes(scene)}")
    assert passes(scene) == passed


def test_passes_that_the_broker_keeps_while_the_gateway_is_off_are_all_recorded(scene):
    """It hands them over all at once, more than are read of one topic in the meantime."""
    publisher, gateway = reader_site(scene)
    passed = walk(publisher, 10)
    until_recorded(scene, gateway, passed)
    gateway.stop()
    passed += walk(publisher, 900)
    gateway = scene.gateway()
    until_recorded(scene, gateway, passed)
    assert not gateway.process.has("event=topic_crowded")
    assert passes(scene) == passed

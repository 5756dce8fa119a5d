# SPDX-License-Identifier: Apache-2.0
"""An hour without a broker costs nothing: nothing lost, nothing twice, nobody who cannot act, no memory.

The hour is one of the site's clock, which runs sixty times as fast; TOCSIN_OUTAGE_S=3600 makes it a
real one, and 1440 with TOCSIN_OUTAGE_RATE=60 a day of that fast clock.
"""

import os
import re
import sqlite3
import sys
import time
from pathlib import Path

from harness import until

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))

import mqtt_fault_proxy  # noqa: E402

OUTAGE_S = int(os.environ.get("TOCSIN_OUTAGE_S", "60"))
RATE = int(os.environ.get("TOCSIN_OUTAGE_RATE", min(60, max(1, 3600 // OUTAGE_S))))
BUTTONS = ("care/day-care/button-1", "care/dining/button", "care/rehab/button")
CALLS_MAX = 2000  # spread over the outage
WATCHED_KIB_MAX = 4096  # by how much a component may have grown: its buffers, not the backlog


def resident_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])


def recorded(scene):
    with sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True) as journal:
        return journal.execute("SELECT count(*), max(seq) FROM event").fetchone()


def a_call(field, gateway, button):
    """Somebody calls, is heard at the gateway, and is helped."""
    call = f"emergency_call/{button}"
    field.press(button)
    until(lambda: any(a["alarm"] == call and a["state"]["active"] for a in gateway.alarms()), f"{call} to be raised")
    gateway.cli("ack", call, "--by", "li")
    gateway.cli("attend", call, "--by", "li")
    field.release(button)
    until(lambda: any(a["alarm"] == call and not a["state"]["active"] for a in gateway.alarms()), f"{call} to clear")
    gateway.cli("reset", call, "--by", "li", "--reason", "helped up")


def test_an_hour_without_a_broker_costs_nothing(scene, monkeypatch):
    # Once it is back the broker takes its time, so that the backlog is not over before anything new can happen.
    monkeypatch.setattr(mqtt_fault_proxy, "DELAY_S", 1)
    clock = ["--clock", f"2026-11-23T12:00:00+08:00@{RATE}"]
    scene.broker.persistent = True
    scene.start_broker()
    proxy = scene.keep(mqtt_fault_proxy.FaultProxy(scene.broker.port, 1))
    scene.overrides["mqtt.brokers.0"] = f"tcp://127.0.0.1:{proxy.port}"
    backend, field, gateway = scene.backend(), scene.field(arguments=["--still", *clock]), scene.gateway(clock)
    a_call(field, gateway, BUTTONS[0])
    scene.until_all_is_taken()  # what is in flight when the broker ends comes again, under its id
    before = gateway.pids()
    memory = {name: resident_kib(pid) for name, pid in before.items()}

    scene.broker.stop()
    gateway.process.until_said(r"process=uplink event=broker_lost")
    _count, last_before = recorded(scene)
    gone_at = time.monotonic()
    calls = 0
    while time.monotonic() < gone_at + OUTAGE_S:
        a_call(field, gateway, BUTTONS[calls % len(BUTTONS)])
        calls += 1
        until(lambda: time.monotonic() >= gone_at + OUTAGE_S * calls / CALLS_MAX, "the next call", OUTAGE_S)
    assert gateway.pids() == before, "nobody died of it"
    for name, pid in before.items():
        assert resident_kib(pid) <= memory[name] + WATCHED_KIB_MAX, name
    told = gateway.process.text().count("process=uplink event=broker_")
    assert told <= 5 + OUTAGE_S // 60, "an absent broker is told once a minute, not at each attempt"

    proxy.fault = "puback_delayed"
    scene.broker.start()
    until(lambda: any(e["sequence"] > last_before for e in backend.events()), "the backlog to begin", 60)
    field.press("care/bath/cord")
    [late] = backend.until_event(type="alarm.raised", rule="bathroom_call")
    proxy.fault = None
    until(lambda: {e["sequence"] for e in backend.events()} >= set(range(1, recorded(scene)[1] + 1)),
          "every recorded event to be received", 120)
    count, last = recorded(scene)
    events = backend.events()
    assert count == last and last - last_before >= 6 * calls, "the journal is gapless and holds each step of each call"
    assert len({e["id"] for e in events}) == len(events), "nothing came twice"
    backlog = [e for e in events if last_before < e["sequence"] < late["sequence"]]
    assert all(e["replayed"] for e in backlog if e["sequence"] <= last_before + 6 * calls)
    behind = [e for e in backlog if e["arrived"] > late["arrived"] and e["type"].startswith("tocsin.alarm.")]
    assert behind, "a new alarm does not wait for an hour's alarms"
    by_alarm = {}
    for event in events:
        if event["type"].startswith("tocsin.alarm."):
            by_alarm.setdefault((event["data"]["rule"], event["subject"]), []).append(event["sequence"])
    for alarm, order in by_alarm.items():
        assert order == sorted(order), f"the story of {alarm} arrives in its order"
    grown = {name: resident_kib(pid) - memory[name] for name, pid in gateway.pids().items()}
    print(f"row: outage site_s={OUTAGE_S * RATE} real_s={OUTAGE_S} clock=x{RATE} calls={calls} events={last - last_before} "
          f"grown_kib={max(grown.values())} overtaken={len(behind)} duplicates={len(events) - len({e['id'] for e in events})} "
          f"lost={last - len({e['sequence'] for e in events})}")

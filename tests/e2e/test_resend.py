# SPDX-License-Identifier: Apache-2.0
"""A broker that has lost its store gets its events once more, when somebody asks."""

import json
import os
import signal
import sqlite3
from datetime import datetime, timedelta, timezone

from databases import Influx
from harness import button_site, free_port, until
from test_figures import figure

BUTTON = "care/day-care/button-1"
PRESSES = 6


def recorded(scene, upto):
    with sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True) as journal:
        return {seq: json.loads(body) for seq, body in
                journal.execute("SELECT seq, body FROM event WHERE seq <= ? ORDER BY seq", (upto,))}


def lived(scene):
    """A gateway whose events a broker has taken that then lost its store. Returns it, and the last of them."""
    scene.start_broker()
    field, gateway = scene.field(), scene.gateway()
    for _ in range(PRESSES):
        field.press(BUTTON)
        until(lambda: gateway.alarms("--all") and any(
            alarm["state"]["active"] for alarm in gateway.alarms() if BUTTON in alarm["alarm"]), "the call")
        field.release(BUTTON)
        gateway.cli("ack", f"emergency_call/{BUTTON}")
        gateway.cli("attend", f"emergency_call/{BUTTON}")
        until(lambda: gateway.try_cli("reset", f"emergency_call/{BUTTON}")[0] == 0, "the reset")
    newest = scene.until_all_is_taken()
    scene.broker.stop(signal.SIGKILL)
    scene.broker.start()
    backend = scene.backend("tocsin/v1/+/+/event/#")
    until(lambda: figure(gateway, "uplink_sessions_total") >= 2, "the next session", 60)
    return backend, gateway, newest


def sequences(backend, upto):
    return [event["sequence"] for event in backend.events() if event["sequence"] <= upto]


def test_what_a_broker_has_forgotten_is_given_to_it_again(scene):
    backend, gateway, newest = lived(scene)
    wanted = recorded(scene, newest)
    assert len(wanted) > PRESSES and not sequences(backend, newest)  # the control: nothing comes by itself
    said = gateway.cli("resend", "--since", "1", "--by", "wang")
    assert "asked for" in said and "no longer kept" not in said
    gateway.process.until_said(r"event=resend_asked to=broker first_seq=1 .*by=\"?wang \(engineer, local\)")
    gateway.process.until_said(r"event=resend_over to=broker first_seq=1 ")
    until(lambda: len(sequences(backend, newest)) >= len(wanted), "the events", context=lambda: str(wanted.keys()))
    assert sequences(backend, newest) == sorted(wanted)
    for event in backend.events():
        if event["sequence"] <= newest:
            assert event["replayed"] is True and event["durable"] is True
            bare = {key: value for key, value in event.items()
                    if key not in ("replayed", "durable", "topic", "arrived", "first_sent_as")}
            assert bare == wanted[event["sequence"]]
    until(lambda: figure(gateway, "uplink_events_resent_total") >= len(wanted), "the figure")
    assert figure(gateway, "uplink_resend_left") == 0


def test_a_part_is_asked_for_by_number_or_by_time_and_nothing_else_comes(scene):
    backend, gateway, newest = lived(scene)
    gateway.cli("resend", "--since", "3", "--until", "5")
    gateway.process.until_said(r"event=resend_over to=broker first_seq=3 last_seq=5 ")
    until(lambda: sequences(backend, newest) == [3, 4, 5], "the three", context=lambda: str(sequences(backend, newest)))
    at = recorded(scene, newest)[newest - 1]["time"]
    answer = json.loads(gateway.cli("resend", "--json", "--since", at))
    assert answer["to"] == "broker" and answer["whole"] is True and answer["newest_seq"] >= newest
    until(lambda: newest in sequences(backend, newest)[3:], "the last", context=lambda: str(sequences(backend, newest)))
    assert all(recorded(scene, newest)[seq]["time"] >= at for seq in sequences(backend, newest)[3:])


def test_an_uplink_that_is_killed_over_it_is_followed_by_one_that_does_it(scene):
    backend, gateway, newest = lived(scene)
    stopped = gateway.kill("uplink", signal.SIGSTOP)  # it hears nothing of it any more
    gateway.cli("resend", "--since", "1")
    gateway.process.until_said("event=resend_asked")
    os.kill(stopped, signal.SIGKILL)
    gateway.process.until_said("event=resend_over to=broker", 60)
    wanted = sorted(recorded(scene, newest))
    until(lambda: sorted(set(sequences(backend, newest))) == wanted, "the events",
          context=lambda: str(sequences(backend, newest)))


def test_a_database_that_was_emptied_gets_its_events_again(scene):
    database = scene.keep(Influx(scene.directory)).start()
    scene.overrides["influx.url"] = database.url
    _backend, gateway, newest = lived(scene)
    until(lambda: max(database.events(), default=0) >= newest, "the events in the database", 60)
    database.ask("DROP MEASUREMENT event")
    assert not database.events()
    gateway.cli("resend", "--since", "3", "--to", "database")
    gateway.process.until_said("event=resend_over to=database first_seq=3 ", 60)
    assert sorted(seq for seq in database.events() if seq <= newest) == list(range(3, newest + 1))


def test_what_cannot_be_sent_again_is_answered_with_words(scene):
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "1 s")])
    scene.start_broker()
    gateway = scene.gateway()
    tomorrow = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for words, code, said in (
            ((), 2, "--since takes the number of an event"),
            (("--since", "yesterday"), 1, "a time that has been, with its zone"),
            (("--since", tomorrow), 1, "since (--since) lies in the future"),
            (("--since", tomorrow, "--lang", "zh"), 1, "将来的时刻"),
            (("--since", "0"), 1, "the number of the first event"),
            (("--since", "5", "--until", "4"), 1, "not before since"),
            (("--since", "1.5"), 1, "or a day: 2026-11-25, from its midnight at the site"),
            (("--since", "1", "--until", "x"), 1, "until (--until) is the last event"),
            (("--since", "1", "--by", "x" * 43), 1, "by (--by) is a name of 1 to 42 bytes"),
            (("--since", "1", "--to", "moon"), 1, "to (--to) is broker, which it is without it, or database"),
            (("--since", "1", "--to", "database"), 1, "The site names no database (`influx` in its file)"),
            (("--since", "1000000"), 1, "Nothing of this range is in the journal"),
            (("--since", "1", "--until", "2001-01-01T00:00:00Z"), 1, "Nothing of this range is in the journal"),
            *((("--since", "1", "--role", role), 1, "only an engineer may ask for it")
              for role in ("auditor", "caregiver", "security", "manager")),
            (("--since", "1", "--lang", "zh", "--until", "x"), 1, "until（--until）为最后一个"),
            (("--since", "1", "more"), 2, "takes no arguments")):
        ended, _out, err = gateway.try_cli("resend", *words)
        assert ended == code and said in err and len(err) < 400, (words, ended, err)
    assert not gateway.process.has("event=resend_asked")

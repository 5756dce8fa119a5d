# SPDX-License-Identifier: Apache-2.0
"""What the journal lets go of: by age, by size, on a full disk; and that it lets go of nothing else."""

import contextlib
import hashlib
import sqlite3
import subprocess

import pytest

from harness import TOCSIN, button_site, disk_in_memory, fill, free_port, until
from test_figures import figure

BUTTON = "care/day-care/button-1"
MIB = 1 << 20
DISK_MIB, RESERVE_MIB = 192, 192 // 16  # a small disk's share


def ask(scene, question, *values):
    with contextlib.closing(sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True, timeout=10)) as db:
        return db.execute(question, values).fetchone()[0]


def assert_chain_is_whole(scene):
    done = subprocess.run([TOCSIN, "audit", "verify", str(scene.state), "--lang", "en"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def confirmed(scene, seq):
    return until(lambda: ask(scene, "SELECT coalesce(max(seq), 0) FROM sink WHERE sink = 'mqtt' AND lane = 0") >= seq,
                 f"event {seq} to be confirmed and that to be recorded")


def noted(scene, marks):
    """The journal has looked at what it may let go of, and noted how far all had confirmed."""
    return until(lambda: ask(scene, "SELECT count(*) FROM mark") > marks, "a mark")


def test_what_all_have_confirmed_goes_after_its_time_and_what_nobody_has_stays(scene):
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms") for _ in range(2)])  # its one sink is the broker
    scene.overrides["gateway.journal.keep"] = "7 d"
    backend, field = scene.backend(), scene.field()
    gateway = scene.gateway(["--clock", "2026-11-01T08:00:00+08:00@1"])
    field.press("room/button-0")
    had = int(backend.until_event(type="alarm.raised", rule="call")[0]["sequence"])
    confirmed(scene, had)
    gateway.stop()
    scene.broker.stop()

    # Eight hours on: it is noted what has been confirmed. From now on there is no broker.
    marks = ask(scene, "SELECT count(*) FROM mark")
    gateway = scene.gateway(["--clock", "2026-11-01T16:00:00+08:00@1"], wait=False)
    noted(scene, marks)
    field.press("room/button-1")
    nobodys = until(lambda: ask(scene, "SELECT max(seq) FROM event WHERE alarm = 'call/room/button-1'"),
                    "the call to be recorded")
    gateway.stop()

    # Before the week is over nothing goes.
    oldest, marks = ask(scene, "SELECT min(seq) FROM event"), ask(scene, "SELECT max(at_wall) FROM mark")
    gateway = scene.gateway(["--clock", "2026-11-08T15:30:00+08:00@1"], wait=False)
    until(lambda: ask(scene, "SELECT max(at_wall) FROM mark") > marks, "a mark of the seventh day")
    gateway.stop()
    assert ask(scene, "SELECT min(seq) FROM event") == oldest

    gateway = scene.gateway(["--clock", "2026-11-09T08:00:00+08:00@1"], wait=False)
    until(lambda: ask(scene, "SELECT min(seq) FROM event") > had, "what all have to go")
    gateway.stop()
    assert ask(scene, "SELECT min(seq) FROM event") <= nobodys
    assert ask(scene, "SELECT count(*) FROM event WHERE seq >= ?", nobodys) == \
        ask(scene, "SELECT max(seq) FROM event") - nobodys + 1, "without a gap"
    assert_chain_is_whole(scene)


def add_activity(scene, count, size):
    """Events of the activity lane that nobody has, as the gateway would have recorded them."""
    with contextlib.closing(sqlite3.connect(scene.state / "journal.db")) as db, db:
        seq, digest = db.execute("SELECT seq, digest FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        wall, body = db.execute("SELECT max(at_wall) FROM event").fetchone()[0], '{"x":"' + "." * size + '"}'
        for seq in range(seq + 1, seq + count + 1):
            digest = hashlib.sha256(digest + body.encode()).digest()
            db.execute("INSERT INTO event VALUES(?, '1', ?, 1, 'access.granted', NULL, NULL, NULL, ?, ?)",
                       (seq, wall, body, digest))


def bytes_in_use(scene):
    return ask(scene, "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, "
                      "pragma_page_size")


def test_activity_over_the_size_goes_oldest_first_counted_and_told_and_alarms_stay(scene):
    scene.overrides["gateway.journal.size"] = "64 MiB"
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    gateway.stop()
    scene.broker.stop()
    alarms = ask(scene, "SELECT count(*) FROM event WHERE lane = 0")
    last = ask(scene, "SELECT max(seq) FROM event")
    add_activity(scene, 2000, 40000)
    assert bytes_in_use(scene) > 64 * MIB

    gateway = scene.gateway(wait=False)
    gateway.process.until_said(r"event=journal_crowded .*effect=\"the oldest activity")
    until(lambda: bytes_in_use(scene) <= 64 * MIB, "the journal to be no larger than it may be")
    until(lambda: ask(scene, "SELECT count(*) FROM event WHERE type = 'alarm.raised' AND alarm LIKE 'system_storage/%'"),
          "the alarm of the storage")
    there = "FROM event WHERE lane = 1 AND seq > ? AND seq <= ?", last, last + 2000
    gone = 2000 - ask(scene, "SELECT count(*) " + there[0], *there[1:])
    assert gone > 0
    until(lambda: figure(gateway, "journal_activity_events_lost_total") >= gone, "what is gone to be counted")
    oldest = "SELECT min(seq) + count(*) "  # of one moment: more may go at any time
    assert ask(scene, oldest + there[0], *there[1:]) == last + 2000 + 1, "oldest first"
    assert ask(scene, "SELECT count(*) FROM event WHERE lane = 0 AND seq <= ?", last) == alarms
    gateway.stop()
    assert_chain_is_whole(scene)


@pytest.fixture
def disk(scene):
    """The state directory on a file system of its own, in memory."""
    with disk_in_memory(scene, scene.directory / "disk", f"size={DISK_MIB}m") as mount:
        scene.state = mount / "state"
        scene.overrides["gateway.state"] = str(scene.state)
        yield mount


def test_a_full_disk_is_told_alarms_are_recorded_from_the_reserve_and_all_resumes(scene, disk):
    reserve = scene.state / "reserve"
    backend, field, gateway = scene.everything()
    until(lambda: reserve.exists() and reserve.stat().st_size == RESERVE_MIB * MIB, "the reserve to be whole")
    gateway.stop()
    scene.broker.stop()  # nobody has what comes now
    last = ask(scene, "SELECT max(seq) FROM event")
    add_activity(scene, 200, 40000)
    gateway = scene.gateway(wait=False)
    until(lambda: ask(scene, "SELECT max(seq) FROM event") > last + 200, "the gateway to record")

    ballast = fill(disk)
    storage = "SELECT count(*) FROM event WHERE type = ? AND alarm LIKE 'system_storage/%'"
    until(lambda: ask(scene, storage, "alarm.raised") == 1, "a full disk to be told")
    assert gateway.process.has(r"event=journal_disk_full .*effect=.*advice=")

    # Calls one after the other, until the reserve has had to be given up, and then some.
    call = f"emergency_call/{BUTTON}"
    calls = "SELECT count(*) FROM event WHERE lane = 0 AND alarm = ?"

    def press_once():
        for state in (1, 0):
            before = ask(scene, calls, call)
            field.set(BUTTON, state)
            until(lambda: ask(scene, calls, call) > before, "the call to be recorded on a full disk")

    until(lambda: press_once() or not reserve.exists(), "the reserve to be given up", 120)
    for _ in range(5):
        press_once()
    until(lambda: figure(gateway, "journal_reserves_spent_total") == 1, "the reserve to be counted")
    until(lambda: press_once() or figure(gateway, "journal_activity_events_lost_total") > 0,
          "old activity to make room", 60)
    assert figure(gateway, "journal_alarm_events_dropped_total") == 0
    assert gateway.process.has(r"event=journal_reserve_spent .*effect=.*advice=")
    assert not gateway.process.has("event=journal_records|event=journal_overflow"), "it never ceased to record"

    ballast.unlink()
    until(lambda: ask(scene, storage, "alarm.cleared") == 1, "the storage to be well again", 60)
    assert reserve.stat().st_size == RESERVE_MIB * MIB
    press_once()
    lost = figure(gateway, "journal_activity_events_lost_total")
    scene.broker.start()
    backend.until_event(type="alarm.raised", rule="system_storage", deadline_s=90)
    backend.until_event(type="alarm.cleared", rule="system_storage", deadline_s=90)
    gateway.stop()
    assert ask(scene, "SELECT max(seq) - count(*) FROM event") == lost, "nothing but what was counted is missing"
    assert_chain_is_whole(scene)

# SPDX-License-Identifier: Apache-2.0
"""
Whoever can write journal.db changes it, and `tocsin audit verify` has to find it.

Every column of every table is gone through as the file itself lists them: a table or column that nobody has
thought of fails here. What is not found stands in OUTSIDE with the reason, and in deploy/README.md for people.
"""

import contextlib
import hashlib
import shutil
import sqlite3
import struct
import subprocess

import pytest

from harness import TOCSIN, Scene, button_site, free_port, until

ZERO = bytes(32)

# Tables of the gateway's present, not of its record: what happened stands in the events.
PRESENT = "the state that a gateway goes on from; what it came from stands in the events"
OUTSIDE_TABLES = {
    "alarm": PRESENT, "test": PRESENT, "flood": PRESENT, "walk": PRESENT, "trip": PRESENT, "clock": PRESENT, "present": PRESENT,
    "sink": "what the outside has confirmed is asked there, not here; only an end that was taken away shows in it",
    "mark": "when things were confirmed, for retention; a false one lets it let go as `keep` would",
    "first_sent": "under which number an event went out before its commit: its body is under its digest before that is known",
}
# Columns of `meta` are its keys.
OUTSIDE_META = {"boot", "generation", "timeline", "activity_lost"}
# Of events that are not signed yet, what their bodies do not say.
OUTSIDE_UNSIGNED = {"point": "an alarm's point stands in its row alone", "at_wall": "a body says milliseconds"}


def tocsin(*arguments):
    done = subprocess.run([TOCSIN, *map(str, arguments), "--lang", "en"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Journal:
    """A journal that is sound, with its public key; copies of it are changed."""

    def __init__(self, state, public, scratch):
        self.state, self.public, self.scratch, self.count = state, public, scratch, 0
        self.signed = self.ask("SELECT max(seq) FROM seal")[0][0]
        self.rows = self.ask("SELECT seq, lane, type FROM event ORDER BY seq")

    def ask(self, question, *values, path=None):
        with contextlib.closing(sqlite3.connect(f"file:{path or self.state}/journal.db?mode=ro", uri=True)) as db:
            return db.execute(question, values).fetchall()

    def row(self, lane, signed=True, nth=1):
        """The n-th row of a lane, counted from the oldest that is here: with older ones of its lane before it."""
        return [seq for seq, its, _ in self.rows if its == lane and (seq <= self.signed) == signed][nth]

    def columns(self):
        for (table,) in self.ask("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name"):
            for _, column, kind, *_ in self.ask(f"PRAGMA table_info({table})"):
                yield table, column, kind

    @contextlib.contextmanager
    def changed(self, change):
        """A copy of the state directory in which `change` was made: statements, or a function of the database."""
        self.count += 1
        path = self.scratch / f"changed-{self.count}"
        shutil.copytree(self.state, path)
        with contextlib.closing(sqlite3.connect(path / "journal.db")) as db, db:
            if callable(change):
                change(db)
            else:
                for statement in filter(None, map(str.strip, change.split(";"))):
                    db.execute(statement)
        yield path
        shutil.rmtree(path)

    def verdicts(self, change):
        """What the audit says with the key and without: (exit code, text) each."""
        with self.changed(change) as path:
            return tocsin("audit", "verify", path, "--key", self.public), tocsin("audit", "verify", path)

    def found(self, change, said="", without_key=True):
        with_key, without = self.verdicts(change)
        assert with_key[0] == 1 and said in with_key[1], (change, with_key)
        assert "all is as it was recorded" not in with_key[1], (change, with_key)
        if without_key:
            assert without[0] == 1, (change, without)


def press(gateway, field, button):
    alarm = f"call/room/button-{button}"
    field.set(f"room/button-{button}", 1)
    until(lambda: any(a["alarm"] == alarm and a["state"]["active"] for a in gateway.alarms()), "the call")
    field.set(f"room/button-{button}", 0)
    until(lambda: all(not a["state"]["active"] for a in gateway.alarms() if a["alarm"] == alarm), "its end")


# What has left its leaf in a stretch of which events are still here. Of whole stretches that are gone leaves may stand
# for a while, of which nobody can prove anything, nor has to.
GONE = ("FROM gone g JOIN seal s ON g.seq > s.after AND g.seq <= s.seq "
        "WHERE EXISTS(SELECT 1 FROM event e WHERE e.seq > s.after AND e.seq <= s.seq)")


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """Days of calls, each signed on the next; the oldest was let go of; the newest is not signed yet."""
    scene = Scene()
    try:
        scene.start_broker()
        button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms") for _ in range(2)])
        key, public = scene.directory / "key", scene.directory / "public"
        code, said = tocsin("audit", "key", key, "--make")
        assert code == 0, said
        public.write_text(said)
        scene.overrides["gateway.journal.signing_key_file"] = str(key)
        scene.overrides["gateway.journal.keep"] = "7 d"
        backend, field = scene.backend(), scene.field()

        def ask(question):
            with contextlib.closing(sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True, timeout=10)) as db:
                return db.execute(question).fetchone()[0]

        # A week after the afternoon of the third, its morning is let go of, which stands under one checkpoint with its
        # evening. That has three starts, be the last one signed or not.
        for number, day in ((1, "2026-11-01T08"), (2, "2026-11-02T08"), (3, "2026-11-03T08"), (3, "2026-11-03T15"),
                            (3, "2026-11-03T20"), (3, "2026-11-03T21"), (3, "2026-11-03T22"), (4, "2026-11-10T16")):
            gateway = scene.gateway(["--clock", f"{day}:00:00+00:00@1"])
            until(lambda: ask("SELECT count(*) FROM seal") == number, f"the checkpoint of {day}")
            if day.endswith("03T15"):
                afternoon = "CAST(strftime('%s', '2026-11-03 15:00') AS INTEGER)"
                until(lambda: ask(f"SELECT count(*) FROM mark WHERE at_wall / 1000000000 >= {afternoon}"), "the afternoon's mark")
            if number != 4:
                for button in 0, 1:
                    press(gateway, field, button)
            else:
                until(lambda: ask("SELECT count(*) " + GONE), "a part of a day to be let go of")
                press(gateway, field, 0)
                press(gateway, field, 1)
            newest = ask("SELECT max(seq) FROM event")
            until(lambda: all(ask(f"SELECT ifnull(max(seq), 0) FROM sink WHERE lane={lane}") >=
                              ask(f"SELECT ifnull(max(seq), 0) FROM event WHERE lane={lane} AND seq<={newest}") for lane in (0, 1)),
                  "the backend to have all")
            gateway.stop()
        assert backend.events()
        shutil.copytree(scene.state, tmp_path_factory.mktemp("sound") / "state")
        state = next(tmp_path_factory.getbasetemp().glob("sound*/state"))
        shutil.copy(public, state.parent / "public")
        yield Journal(state, state.parent / "public", tmp_path_factory.mktemp("changed"))
    finally:
        scene.close()


def test_the_sound_journal_is_said_to_be_sound_and_what_of_it_is_signed(journal):
    (code, said), (code_without, said_without) = journal.verdicts("")
    assert code == 0 and "all is as it was recorded" in said, said
    assert f"not signed yet: from event {journal.signed + 1} on" in said, said
    assert "are of alarms" in said and "4 checkpoints" in said, said
    assert code_without == 0 and "only --key can tell" in said_without, said_without


def other(column, kind):
    """An expression that is another value of the column."""
    if column == "digest" or kind == "BLOB":
        return f"CASE WHEN {column} IS NULL THEN zeroblob(32) ELSE zeroblob(31) || x'5a' END"
    return f"{column} + 1" if kind in ("INTEGER", "REAL") else f"ifnull({column}, '') || 'x'"


def test_each_column_of_each_table_is_found_or_is_known_to_be_outside(journal):
    seen = set()
    for table, column, kind in journal.columns():
        seen.add(table)
        if table in OUTSIDE_TABLES:
            continue
        if table == "event":
            for lane in 0, 1:
                for seq in journal.row(lane), journal.row(lane, nth=2):
                    number = seq if column != "seq" else None
                    value = other(column, kind) if number else str(-seq)
                    journal.found(f"UPDATE event SET {column} = {value} WHERE seq = {seq}")
        elif table == "seal":
            for number in 2, 4:
                value = other(column, kind) if column != "number" else "99"
                journal.found(f"UPDATE seal SET {column} = {value} WHERE number = {number}")
        elif table == "gone":
            seq = journal.ask("SELECT min(g.seq) " + GONE)[0][0]
            value = other(column, kind) if column != "seq" else "999"
            journal.found(f"UPDATE gone SET {column} = {value} WHERE seq = {seq}")
        elif table == "run":
            value = "first + 1" if column == "first" else "zeroblob(32)"
            journal.found(f"UPDATE run SET {column} = {value}")
        elif table == "meta":
            continue
        else:
            pytest.fail(f"nobody has thought of {table}.{column}: is it found, or why is it outside?")
    assert seen == set(OUTSIDE_TABLES) | {"event", "seal", "gone", "run", "meta"}, "all that stand here are there"
    keys = {key for (key,) in journal.ask("SELECT key FROM meta")}
    for key in keys - OUTSIDE_META:
        journal.found(f"UPDATE meta SET value = value || 'x' WHERE key = '{key}'")
    assert keys - OUTSIDE_META == {"site", "gateway"}, "a new key is found, or stands above with its reason"


def test_columns_of_events_that_are_not_signed_yet_are_held_against_their_bodies(journal):
    """Without a seal only the body proves them; what it does not say is outside."""
    for lane in 0, 1:
        if not any(its == lane and seq > journal.signed for seq, its, _ in journal.rows):
            continue
        seq = journal.row(lane, signed=False, nth=0)
        for table, column, kind in journal.columns():
            if table != "event":
                continue
            change = f"UPDATE event SET {column} = {other(column, kind)} WHERE seq = {seq}"
            if column in OUTSIDE_UNSIGNED:
                (code, _), _ = journal.verdicts(change)
                assert code in (0, 1)
            elif column == "seq":
                journal.found(f"UPDATE event SET seq = -{seq} WHERE seq = {seq}")
            else:
                journal.found(change)
        journal.found(f"UPDATE event SET at_wall = at_wall + 1000000 WHERE seq = {seq}", "column `at_wall`")


def leaf(db, seq):
    """As journal_ledger.h says."""
    digest = hashlib.sha256()
    for value in db.execute("SELECT seq, boot, at_wall, lane, type, alarm, place, point, body, digest FROM event WHERE seq=?",
                            (seq,)).fetchone():
        kind, data = {int: (1, lambda: struct.pack("<q", value)), str: (3, lambda: value.encode()), bytes: (4, lambda: value),
                      type(None): (5, lambda: b"")}[type(value)]
        digest.update(bytes([kind]) + struct.pack("<Q", len(data())) + data())
    return digest.digest()


def remove(db, seq, trace):
    """Take an event away as retention would: nothing else, its digest, or also what it leaves behind."""
    lane, digest = db.execute("SELECT lane, digest FROM event WHERE seq=?", (seq,)).fetchone()
    if trace:
        db.execute("INSERT OR IGNORE INTO run VALUES(?, ?)", (seq + 1, digest if trace != "lost" else None))
    if trace == "leaf":
        db.execute("INSERT INTO gone VALUES(?, ?, ?)", (seq, lane, leaf(db, seq)))
    if trace == "other lane":
        db.execute("INSERT INTO gone VALUES(?, ?, ?)", (seq, 1 - lane, leaf(db, seq)))
    db.execute("DELETE FROM event WHERE seq=?", (seq,))


def test_the_leaf_that_retention_leaves_behind_is_what_its_header_says(journal):
    """Else the changes below would be found for a wrong reason. The control: what was let go of, let go of again, is sound."""
    oldest = [seq for seq, lane, _ in journal.rows if lane == 1][0]
    (code, said), _ = journal.verdicts(lambda db: remove(db, oldest, "leaf"))
    assert code == 0 and "all is as it was recorded" in said, said


@pytest.mark.parametrize("trace", ["", "digest", "lost", "leaf", "other lane"])
def test_each_event_that_is_removed_is_missed(journal, trace):
    oldest = {lane: min(seq for seq, its, _ in journal.rows if its == lane) for lane in (0, 1)}
    for seq, lane, _ in journal.rows[:-1]:
        as_retention_does = seq == oldest[lane] and (trace == "leaf" or lane == 1 and trace)
        if as_retention_does or (trace and seq > journal.signed):
            continue  # outside, as the second one is that is not signed yet: README
        journal.found(lambda db, seq=seq: remove(db, seq, trace))


def test_all_alarms_up_to_one_of_this_week_are_not_let_go_of_by_retention(journal):
    """The oldest of the lane, as retention would, with all traces of it; but too early."""
    recent = [seq for seq, lane, _ in journal.rows if lane == 0 and seq <= journal.signed][-1]

    def change(db):
        for (seq,) in db.execute("SELECT seq FROM event WHERE lane=0 AND seq<=? ORDER BY seq", (recent,)).fetchall():
            remove(db, seq, "leaf")

    (code, said), (without, _) = journal.verdicts(change)
    days = journal.ask("SELECT (max(at_wall) - (SELECT at_wall FROM event WHERE seq=?)) / 86400e9 FROM event", recent)[0][0]
    assert (code, without) == (1, 1) if days < 6 else True, (days, said)
    assert days >= 6 or "is gone within a week" in said, (days, said)


def test_events_slipped_in_moved_or_made_up_are_found(journal):
    first, second = journal.row(0), journal.row(0, nth=2)

    def swap(db):
        rows = {seq: db.execute("SELECT body, digest FROM event WHERE seq=?", (seq,)).fetchone() for seq in (first, second)}
        for seq, from_ in (first, second), (second, first):
            db.execute("UPDATE event SET body=?, digest=? WHERE seq=?", (*rows[from_], seq))

    def slip_in(db):
        db.execute("INSERT INTO event SELECT 0, boot, at_wall, lane, type, alarm, place, point, body, digest FROM event "
                   "WHERE seq=?", (first,))

    def double(db):
        seq = db.execute("SELECT max(seq) FROM event").fetchone()[0] + 1
        db.execute("INSERT INTO event SELECT ?, boot, at_wall, lane, type, alarm, place, point, body, digest FROM event "
                   "WHERE seq=?", (seq, first))

    def rewrite(db, until_seq=None):
        """Change a body and compute the chain anew from there."""
        digest = None
        for seq, body in db.execute("SELECT seq, body FROM event WHERE seq>=? ORDER BY seq", (first,)).fetchall():
            digest = digest or db.execute("SELECT digest FROM event WHERE seq=?", (first - 1,)).fetchone()[0]
            body = body.replace('"en":"', '"en":"no ') if seq == first else body
            digest = hashlib.sha256(digest + body.encode()).digest()
            db.execute("UPDATE event SET body=?, digest=? WHERE seq=?", (body, digest, seq))

    def unproven(db):
        db.execute("UPDATE event SET body=replace(body, '\"en\":\"', '\"en\":\"no ') WHERE seq=?", (first,))
        db.execute("INSERT INTO run VALUES(?, NULL), (?, NULL)", (first, first + 1))

    def noted(db):
        unproven(db)
        db.execute("INSERT INTO meta VALUES('unproven', '2')")

    for change in swap, slip_in, double, rewrite, unproven, noted:
        journal.found(change)


def test_an_unproven_place_behind_the_newest_checkpoint_is_not_sound_with_the_key(journal):
    newest = journal.rows[-1][0]

    def change(db):
        db.execute("INSERT INTO run VALUES(?, NULL)", (newest,))
        db.execute("UPDATE event SET body=replace(body, '\"en\":\"', '\"en\":\"no ') WHERE seq=?", (newest,))

    journal.found(change, "cannot be proven")

    def noted(db):  # as a salvage notes it
        change(db)
        db.execute("INSERT INTO meta VALUES('unproven', '1')")

    (code, said), (without, said_without) = journal.verdicts(noted)
    assert code == 1 and "not all of it can be proven" in said, said
    assert without == 0 and "was lost with a damaged file and cannot be proven" in said_without, said_without


def test_checkpoints_that_are_taken_out_are_missed(journal):
    for number in 1, 2, 3, 4:
        journal.found(f"DELETE FROM seal WHERE number={number}")
    journal.found("DELETE FROM seal WHERE number>2", "it is the newest by the file `checkpoint`")
    journal.found("DELETE FROM seal", "there is no checkpoint")
    with journal.changed("DELETE FROM seal WHERE number=4") as path:  # and the file beside it, too
        (path / "checkpoint").unlink()
        code, said = tocsin("audit", "verify", path, "--key", journal.public)
        assert "not signed yet" in said, said


def test_an_end_that_is_cut_off_is_missed(journal):
    newest = journal.rows[-1][0]
    for count in 1, 2, 5:
        journal.found(f"DELETE FROM event WHERE seq > {newest - count}", "events at its end were removed")
        journal.found(f"DELETE FROM event WHERE seq > {newest - count}; DELETE FROM sink", "events at its end were removed")

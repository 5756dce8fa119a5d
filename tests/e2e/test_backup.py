# SPDX-License-Identifier: Apache-2.0
"""A journal is audited, backed up while its gateway works, and brought back on a clean machine."""

import datetime
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from harness import TOCSIN, until

BUTTON, CALL = "care/day-care/button-1", "emergency_call/care/day-care/button-1"


def tocsin(*arguments):
    done = subprocess.run([TOCSIN, *map(str, arguments), "--lang", "en"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def rows(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return dict((seq, rest) for seq, *rest in db.execute("SELECT seq, body, digest FROM event ORDER BY seq"))


def press(gateway, field, times=1):
    for _ in range(times):
        field.set(BUTTON, 1)
        until(lambda: any(alarm["alarm"] == CALL and alarm["state"]["active"] for alarm in gateway.alarms()), "the call")
        field.set(BUTTON, 0)
        until(lambda: all(not alarm["state"]["active"] for alarm in gateway.alarms() if alarm["alarm"] == CALL), "its end")


def test_a_backup_taken_at_work_is_the_journal_and_goes_on_where_it_was(scene):
    backend, field, gateway = scene.everything()
    press(gateway, field, 3)
    backup = scene.directory / "night.backup"
    code, said = tocsin("backup", scene.state, "--to", backup)
    assert code == 0, said
    assert (backup.stat().st_mode & 0o777) == 0o600
    press(gateway, field)  # after it: not in there
    code, said = tocsin("restore", backup, "--verify")
    assert code == 0 and "backup of gulou-demo/main" in said, said
    saved = rows(backup)
    assert saved and saved.items() <= rows(scene.state / "journal.db").items()
    before = {event["id"] for event in backend.events()}
    last = max(int(event["id"].split(".")[2]) for event in backend.events())
    gateway.stop()

    # A clean box: the old state directory is gone.
    old, scene.state = scene.state, scene.directory / "clean"
    scene.overrides["gateway.state"] = str(scene.state)
    code, said = tocsin("restore", backup, "--into", scene.state)
    assert code == 0, said
    assert rows(scene.state / "journal.db") == saved
    gateway = scene.gateway()
    assert any(alarm["alarm"] == CALL for alarm in gateway.alarms()), "the latched call is still open"
    press(gateway, field)
    raised = until(lambda: [event for event in backend.events(type="alarm.reraised") if event["id"] not in before],
                   "the call under a new id")
    assert all(int(event["id"].split(".")[2]) > last for event in raised), "a boot that was never used"
    assert tocsin("audit", "verify", scene.state)[0] == 0
    assert tocsin("audit", "verify", old)[0] == 0


def stopped_with_events(scene):
    _backend, field, gateway = scene.everything()
    press(gateway, field, 2)
    code, said = tocsin("audit", "verify", scene.state)
    assert code == 0 and re.search(r"\d+ events, 1 to \d+", said), said
    gateway.stop()
    return scene.state / "journal.db"


def change(path, sql):
    with sqlite3.connect(path) as db:
        db.execute(sql)
    db.close()


@pytest.mark.parametrize("sql,named", [
    ("UPDATE event SET body = replace(body, 'Day-care', 'Dark-care') WHERE seq = 4", 4),
    ("UPDATE event SET digest = randomblob(32) WHERE seq = 4", 4),
    ("DELETE FROM event WHERE seq = 4", 5),
    ("UPDATE event SET seq = -4 WHERE seq = 4", None),
])
def test_the_first_row_that_was_tampered_with_is_named(scene, sql, named):
    journal = stopped_with_events(scene)
    change(journal, sql)
    code, said = tocsin("audit", "verify", scene.state)
    assert code == 1, said
    if named:
        assert f"event {named} is not what was recorded" in said


def test_events_taken_from_the_end_are_missed(scene):
    journal = stopped_with_events(scene)
    newest = max(rows(journal))
    change(journal, f"DELETE FROM event WHERE seq > {newest - 2}")
    code, said = tocsin("audit", "verify", journal)
    assert code == 1 and "events at its end were removed" in said, said


def test_what_is_wrong_with_a_backup_is_said_and_changes_nothing(scene):
    journal = stopped_with_events(scene)
    backup, damaged = scene.directory / "a.backup", scene.directory / "b.backup"
    assert tocsin("backup", scene.state, "--to", backup)[0] == 0
    # Where it cannot go.
    code, said = tocsin("backup", scene.state, "--to", backup)
    assert code == 1 and "File exists" in said, said
    code, said = tocsin("restore", backup, "--into", scene.state)
    assert code == 1 and "it has a journal already" in said, said
    code, said = tocsin("backup", scene.directory / "nothing", "--to", scene.directory / "c.backup")
    assert code == 1 and not (scene.directory / "c.backup").exists() and not list(scene.directory.glob("*.partial")), said
    # What is not one, and what was changed.
    code, said = tocsin("restore", journal, "--verify")
    assert code == 1, said
    damaged.write_bytes(b"no backup")
    assert tocsin("restore", damaged, "--verify")[0] == 1
    whole = backup.read_bytes()
    clean = scene.directory / "clean"
    for at in range(100, len(whole), len(whole) // 12):
        damaged.write_bytes(whole[:at])
        code, said = tocsin("restore", damaged, "--into", clean)
        assert code == 1 and not (clean / "journal.db").exists(), said
    shutil.copy(backup, damaged)
    change(damaged, "UPDATE event SET body = body || ' ' WHERE seq = 2")
    code, said = tocsin("restore", damaged, "--into", clean)
    assert code == 1 and "event 2 is not what was recorded" in said, said
    code, said = tocsin("restore", damaged, "--verify")
    assert code == 1 and "event 2 is not what was recorded" in said, said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root restores for others")
def test_what_root_restores_belongs_to_whoever_has_the_directory(scene):
    stopped_with_events(scene)
    backup, clean = scene.directory / "a.backup", scene.directory / "clean"
    assert tocsin("backup", scene.state, "--to", backup)[0] == 0
    clean.mkdir(mode=0o700)
    os.chown(clean, 4321, 4322)
    code, said = tocsin("restore", backup, "--into", clean)
    assert code == 0, said
    assert {(path.stat().st_uid, path.stat().st_gid) for path in clean.iterdir()} == {(4321, 4322)}


def test_a_backup_is_not_restored_under_a_running_gateway(scene):
    _backend, field, gateway = scene.everything()
    press(gateway, field)
    backup = scene.directory / "a.backup"
    assert tocsin("backup", scene.state, "--to", backup)[0] == 0
    (scene.state / "journal.db").rename(scene.state / "moved")
    code, said = tocsin("restore", backup, "--into", scene.state)
    assert code == 1 and "a gateway runs with it" in said, said
    (scene.state / "moved").rename(scene.state / "journal.db")


def seals(scene):
    with sqlite3.connect(f"file:{scene.state / 'journal.db'}?mode=ro", uri=True) as db:
        return list(db.execute("SELECT number, day, seq FROM seal ORDER BY number"))


def chain_anew(path):
    """As somebody who can write to the file, and knows how it is made."""
    with sqlite3.connect(path) as db:
        digest = bytes(32)
        for seq, body in db.execute("SELECT seq, body FROM event ORDER BY seq").fetchall():
            digest = hashlib.sha256(digest + body.encode()).digest()
            db.execute("UPDATE event SET digest = ? WHERE seq = ?", (digest, seq))
    db.close()


def make_key(scene, name):
    key, public = scene.directory / f"{name}.key", scene.directory / f"{name}.pub"
    code, said = tocsin("audit", "key", key, "--make")
    assert code == 0 and said.startswith("-----BEGIN PUBLIC KEY-----"), said
    assert (key.stat().st_mode & 0o777) == 0o600
    public.write_text(said)
    scene.overrides["gateway.journal.signing_key_file"] = str(key)
    return public


def test_signed_checkpoints_find_out_whoever_computes_the_chain_anew(scene):
    public = make_key(scene, "first")
    _backend, field, gateway = scene.everything()
    press(gateway, field)
    until(lambda: len(seals(scene)) == 1, "the first checkpoint")
    gateway.stop()
    # Two days later, under another key that it cannot read at first: the rooms are watched all the same.
    other = make_key(scene, "second")
    (scene.directory / "second.key").chmod(0o644)
    day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    gateway = scene.gateway(["--clock", f"{day:%Y-%m-%dT%H:%M:%S}+00:00@1"])
    until(lambda: "event=journal_unsigned" in gateway.process.text(), "the key to be refused")
    press(gateway, field)
    assert len(seals(scene)) == 1
    (scene.directory / "second.key").chmod(0o600)
    (_, first_day, first), (_, second_day, second) = until(lambda: len(seals(scene)) == 2 and seals(scene), "the second")
    assert second_day == first_day + 2 and second > first
    press(gateway, field)
    backup = scene.directory / "night.backup"
    assert tocsin("backup", scene.state, "--to", backup)[0] == 0
    gateway.stop()

    code, said = tocsin("audit", "verify", scene.state)
    assert code == 0 and "2 checkpoints" in said and "only --key can tell" in said, said
    code, said = tocsin("audit", "verify", scene.state, "--key", public)
    assert code == 1 and "checkpoint 2 of " in said and "unknown key" in said, said
    both = scene.directory / "both.pub"
    both.write_text(public.read_text() + other.read_text())
    for path in scene.state, backup:
        code, said = tocsin("audit", "verify", path, "--key", both)
        assert code == 0 and "2 checkpoints" in said and f"signed are {second} events" in said, said

    journal, changed = scene.state / "journal.db", scene.directory / "changed.db"
    for sql, anew, named in [
        (f"UPDATE event SET body = body || ' ' WHERE seq = {first}", False, f"event {first} is not what was recorded"),
        (f"UPDATE event SET body = body || ' ' WHERE seq = {first}", True, f"checkpoint 1 of .* event {first}: .*another digest"),
        (f"UPDATE event SET body = body || ' ' WHERE seq = {second}", True, "checkpoint 2 of .*another digest"),
        (f"DELETE FROM event WHERE seq = {first}", True, "checkpoint 1 of .*another digest|checkpoint 2 of .*another digest"),
        (f"DELETE FROM event WHERE seq >= {second}; DELETE FROM sink", False, "checkpoint 2 of .*ends at .*removed"),
        ("UPDATE seal SET digest = zeroblob(32) WHERE number = 1", False, "checkpoint 1 of .*signature does not fit"),
        ("UPDATE seal SET signature = randomblob(64) WHERE number = 2", False, "checkpoint 2 of .*signature does not fit"),
        ("UPDATE seal SET key = (SELECT key FROM seal WHERE number = 1)", False, "checkpoint 2 of .*signature does not fit"),
        ("DELETE FROM seal WHERE number = 1", False, "checkpoint 2 of .*checkpoints 1 to 1 before it are missing"),
        ("DELETE FROM seal", False, "there is no checkpoint"),
    ]:
        shutil.copy(journal, changed)
        with sqlite3.connect(changed) as db:
            db.executescript(sql)
        db.close()
        if anew:
            chain_anew(changed)
        code, said = tocsin("audit", "verify", changed, "--key", both)
        assert code == 1 and re.search(named, said), (sql, said)


@pytest.mark.parametrize("arguments,said", [
    (["audit"], "needs `verify`"), (["audit", "sign", "x"], "only `verify`"),
    (["audit", "verify", "x", "--make"], "takes no --make"), (["audit", "key", "x", "--key", "y"], "takes no --key"), (["audit", "verify"], "needs `verify`"),
    (["backup", "x"], "needs --to"), (["backup"], "needs a state directory"),
    (["restore", "x"], "needs --into"), (["restore", "x", "--verify", "--into", "y"], "needs --into"),
])
def test_a_wrong_use_says_what_is_missing(arguments, said):
    code, output = tocsin(*arguments)
    assert code == 2 and said in output, output

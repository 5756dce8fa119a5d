# SPDX-License-Identifier: Apache-2.0
"""A journal is audited, backed up while its gateway works, and brought back on a clean machine."""

import contextlib
import datetime
import fcntl
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from browser import Browser, signed_in
from harness import TOCSIN, button_site, free_port, until

BUTTON, CALL = "care/day-care/button-1", "emergency_call/care/day-care/button-1"


def tocsin(*arguments):
    done = subprocess.run([TOCSIN, *map(str, arguments), "--lang", "en"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def rows(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:  # else it holds the log for a while
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
    code, said = tocsin("backup", scene.state / "journal.db", "--to", scene.directory / "other.backup")
    assert code == 2 and "give the state directory that the journal is in, not a file" in said, said
    press(gateway, field)  # after it: not in there
    code, said = tocsin("restore", backup, "--verify")
    assert code == 0 and "backup of gulou-demo/main" in said, said
    saved = rows(backup)
    assert saved and saved.items() <= rows(scene.state / "journal.db").items()
    backend.until_event(type="alarm.cleared", subject=BUTTON, count=4)  # or it would hear of this life in the next one
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


def test_a_restored_gateway_whose_site_file_is_wrong_watches_the_site_of_the_backup(scene):
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    backend, field, gateway = scene.backend(), scene.field(), scene.gateway()
    gateway.process.until_said("event=site_kept ")
    backup = scene.directory / "night.backup"
    code, said = tocsin("backup", scene.state, "--to", backup)
    assert code == 0 and "with the site that was accepted last" in said, said
    code, said = tocsin("restore", backup, "--verify")
    assert code == 0 and "with the site that was accepted last" in said, said
    gateway.stop()

    shutil.move(scene.state, scene.directory / "old")
    code, said = tocsin("restore", backup, "--into", scene.state)
    assert code == 0 and "with the site that was accepted last" in said, said
    assert (scene.state / "site.kept").read_bytes() == (scene.directory / "old" / "site.kept").read_bytes()
    assert (scene.state / "site.kept").stat().st_mode & 0o777 == 0o600
    scene.site.write_text("broken: [\n")
    (scene.directory / "gateway.log").rename(scene.directory / "gateway-before.log")
    gateway = scene.gateway(arguments=["--set", f"gateway.state={scene.state}"])
    assert gateway.process.has("event=site_refused errors=1 accepted=")
    field.press("room/button-0")
    backend.until_event(type="alarm.raised", rule="call")

    # Damaged in it, the site does not come back; the journal does.
    with sqlite3.connect(backup) as db:
        db.execute("UPDATE backup SET beside = substr(beside, 1, length(beside) - 1) || x'21'")
    db.close()
    code, said = tocsin("restore", backup, "--verify")
    assert code == 1 and "is damaged in it and does not come back" in said, said
    code, said = tocsin("restore", backup, "--into", scene.directory / "new")
    assert code == 0 and "is damaged in it and does not come back" in said, said
    assert sorted(path.name for path in (scene.directory / "new").iterdir()) == ["boot", "journal.db"]


def test_whoever_could_sign_in_can_sign_in_to_a_restored_gateway(scene):
    scene.start_broker()
    scene.field()
    gateway = scene.gateway()
    gateway.process.until_said("event=console_open")
    signed_in(scene, gateway, "wang", "engineer", "王敏")
    backup = scene.directory / "night.backup"
    code, said = tocsin("backup", scene.state, "--to", backup)
    assert code == 0 and "with the list of the console's people" in said, said
    gateway.stop()

    shutil.move(scene.state, scene.directory / "old")
    (scene.directory / "gateway.log").rename(scene.directory / "gateway-before.log")
    code, said = tocsin("restore", backup, "--into", scene.state)
    assert code == 0 and "with the list of the console's people" in said, said
    people = scene.state / "console" / "people.json"
    assert (people.stat().st_mode & 0o777, people.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert people.read_bytes() == (scene.directory / "old" / "console" / "people.json").read_bytes()
    gateway = scene.gateway()
    gateway.process.until_said("event=console_open")
    assert "console_claim" not in gateway.process.text()
    status, _headers, body = Browser(scene).sign_in("wang")
    assert (status, body["user"]["name"]) == (200, "王敏"), body
    assert Browser(scene).sign_in("wang", "another password")[0] == 401
    gateway.stop()

    # Who may sign in now stays, whatever the backup says; damaged in it, the list does not come back.
    (scene.state / "journal.db").rename(scene.directory / "journal.old")
    people.write_text('{"people": []}')
    code, said = tocsin("restore", backup, "--into", scene.state)
    assert code == 0 and "has a list of the console's people, which stays" in said, said
    assert people.read_text() == '{"people": []}'
    with contextlib.closing(sqlite3.connect(backup)) as db, db:
        db.execute("UPDATE backup SET people = CAST('{\"people\": [{}]}' AS BLOB)")
    code, said = tocsin("restore", backup, "--verify")
    assert code == 1 and "people is damaged in it and does not come back" in said, said


def test_a_state_directory_that_is_put_back_gives_no_event_the_id_of_another(scene):
    """A snapshot of the machine or a copy of the directory: a backend that knows an id drops what comes under it."""
    backend, field, gateway = scene.everything()
    gateway.stop()
    snapshot, other = scene.directory / "snapshot", "care/talk/button"
    shutil.copytree(scene.state, snapshot)
    gateway = scene.gateway()
    press(gateway, field)
    until(lambda: backend.events(type="alarm.cleared", subject=BUTTON), "the backend to have the first call")
    gateway.stop()
    shutil.rmtree(scene.state)
    shutil.copytree(snapshot, scene.state)
    gateway = scene.gateway()
    field.set(other, 1)
    backend.until_event(type="alarm.raised", subject=other)
    called = {}
    for event in backend.events():
        if not event.get("replayed"):
            called.setdefault(event["id"], set()).add((event["type"], event.get("subject"), event["time"]))
    first, second = ({name for name, events in called.items() if any(subject == button for _, subject, _ in events)}
                     for button in (BUTTON, other))
    assert first and second and all(len(events) == 1 for events in called.values()), called


def test_the_log_of_a_dead_journal_is_not_played_into_the_backup_that_replaces_it(scene):
    backend, field, gateway = scene.everything()
    press(gateway, field)
    backup = scene.directory / "night.backup"
    assert tocsin("backup", scene.state, "--to", backup)[0] == 0
    saved = rows(backup)
    press(gateway, field, 2)
    backend.until_event(type="alarm.cleared", subject=BUTTON, count=3)
    before = {event["id"]: event for event in backend.events()}
    gateway.crash()
    (scene.state / "journal.db").rename(scene.directory / "moved")
    log = (scene.state / "journal.db-wal").read_bytes()
    code, said = tocsin("restore", backup, "--into", scene.state)
    assert code == 0, said
    [kept] = scene.state.glob("journal.db.bad-*-wal")
    assert kept.read_bytes() == log and kept.name in said, said
    assert rows(scene.state / "journal.db") == saved
    code, said = tocsin("audit", "verify", scene.state)
    assert code == 0, said
    gateway = scene.gateway()
    assert not gateway.process.has("event=journal_damaged")
    press(gateway, field)
    new = until(lambda: [event for event in backend.events(type="alarm.reraised") if event["id"] not in before], "a new call")
    last = max(int(name.split(".")[2]) for name in before)
    assert all(int(event["id"].split(".")[2]) > last for event in new), "under a boot that was never used"


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


@pytest.mark.parametrize("how", ["deleted", "older", "gone"])
def test_events_lost_at_the_end_are_still_missed_once_a_gateway_has_gone_on_without_them(scene, how):
    """Removed, lost with an older file in its place, or all of them: a start tells it, and every audit after it."""
    public = make_key(scene, "key")
    backend, field, gateway = scene.everything()
    until(lambda: seals(scene), "the first checkpoint")
    press(gateway, field)
    gateway.stop()
    journal, older = scene.state / "journal.db", scene.directory / "older"
    shutil.copy(journal, older)
    gateway = scene.gateway()
    press(gateway, field, 2)
    gateway.stop()
    newest = max(rows(journal))
    if how == "deleted":
        change(journal, f"DELETE FROM event WHERE seq > {newest - 4}")
        change(journal, "VACUUM")  # nothing of them is left in a free page, from which they would be salvaged
    elif how == "older":
        shutil.copy(older, journal)
    else:
        journal.unlink()
    last = max(rows(journal), default=0) if journal.exists() else 0
    gateway = scene.gateway()
    gateway.process.until_said("event=journal_missing" if how == "gone" else "event=journal_salvaged")
    for _ in range(2):
        press(gateway, field)
        gateway.stop()
        seqs = sorted(rows(journal))
        after = max((seq for seq in seqs if seq <= newest), default=0)
        assert last <= after < newest < min(seq for seq in seqs if seq > after), seqs
        for arguments in [], ["--key", public]:
            code, said = tocsin("audit", "verify", scene.state, *arguments)
            assert code == 1 and f"events had been recorded between {after} and {newest + 1} and are not here" in said, said
            assert "never used" not in said and "all is as it was recorded" not in said, said
        gateway = scene.gateway()


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


def test_two_backups_under_one_name_leave_one_that_is_whole_and_say_what_happened(scene):
    stopped_with_events(scene)
    # One that is under way has its file to itself, and is not disturbed.
    slow = scene.directory / "slow.backup"
    partial = scene.directory / "slow.backup.partial"
    with partial.open("wb") as under_way:
        fcntl.flock(under_way, fcntl.LOCK_EX)
        under_way.write(b"what has been copied so far")
        under_way.flush()
        code, said = tocsin("backup", scene.state, "--to", slow)
        assert code == 1 and "another backup is being made under this name" in said and "damaged" not in said, said
        assert partial.read_bytes() == b"what has been copied so far" and not slow.exists()
    # One that was killed has left its file to whoever comes.
    assert tocsin("backup", scene.state, "--to", slow)[0] == 0
    assert not partial.exists()
    for turn in range(8):
        backup = scene.directory / f"{turn}.backup"
        rivals = [subprocess.Popen([TOCSIN, "backup", scene.state, "--to", backup], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True) for _ in range(2)]
        said = [rival.communicate(timeout=60)[0] for rival in rivals]
        assert sorted(rival.returncode for rival in rivals) == [0, 1], said
        refused = said[0] if rivals[0].returncode else said[1]
        assert "another backup is being made" in refused or "File exists" in refused, refused
        assert tocsin("restore", backup, "--verify")[0] == 0


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
    with contextlib.closing(sqlite3.connect(f"file:{scene.state / 'journal.db'}?mode=ro", uri=True)) as db:
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
    # People are told: in health, and as a condition of the storage that says where to look.
    until(lambda: "cannot sign its checkpoints" in gateway.cli("health"), "health to say it")
    raised = until(lambda: any(alarm["alarm"].startswith("system_storage/") and alarm["state"]["active"]
                               for alarm in gateway.alarms()), "the alarm of the storage")
    assert raised and "degraded" in gateway.cli("health")
    (scene.directory / "second.key").chmod(0o600)
    (_, first_day, first), (_, second_day, second) = until(lambda: len(seals(scene)) == 2 and seals(scene), "the second")
    assert second_day == first_day + 2 and second > first
    until(lambda: not any(alarm["alarm"].startswith("system_storage/") and alarm["state"]["active"]
                          for alarm in gateway.alarms()), "the storage to be well")
    until(lambda: "cannot sign" not in gateway.cli("health"), "health to say so")
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


def test_the_journal_of_another_site_is_said_to_be_one_and_kept(scene):
    _backend, field, gateway = scene.everything()
    press(gateway, field)
    gateway.stop()
    before = rows(scene.state / "journal.db")
    scene.overrides["site.id"] = "elsewhere"
    gateway = scene.gateway()
    gateway.process.until_said('event=journal_foreign reason="it belongs to gulou-demo.main, not to elsewhere.main"')
    assert not gateway.process.has("event=journal_damaged") and not gateway.process.has("taken over as far as")
    kept, = scene.state.glob("journal.db.bad-*Z")
    assert rows(kept) == before
    assert not any(alarm["alarm"] == CALL for alarm in gateway.alarms()), "nothing of the other site's is open"

# SPDX-License-Identifier: Apache-2.0
"""What a real gateway heard, heard again: the same events to the byte; and what other rules would have said."""

import gzip
import json
import shutil
import signal
import sqlite3
import struct
import subprocess

from databases import Victoria
from harness import ROOT, TOCSIN, until
from test_database import value_of, with_database, written_all

CALL = "emergency_call/care/day-care/button-1"
BUTTON = "care/day-care/button-1"
SMOKE = "care/dining/smoke-1"
RULES = ROOT / "deploy" / "example" / "rules.yaml"


def tocsin(*arguments):
    return subprocess.run([TOCSIN, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def bodies(scene):
    with sqlite3.connect(f"file:{scene.state}/journal.db?mode=ro", uri=True) as journal:
        rows = journal.execute("SELECT body FROM event ORDER BY seq").fetchall()
    return [row[0] if isinstance(row[0], str) else row[0].decode() for row in rows]


def live(scene):
    """A call that is acknowledged and cleared, a fire, a device that is lost and comes back."""
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    gateway.cli("ack", CALL, "--by", "wang", "--reason", "on my way")
    field.release(BUTTON)
    backend.until_event(type="alarm.cleared", rule="emergency_call")
    field.press(SMOKE)
    backend.until_event(type="alarm.raised", rule="fire_alarm")
    field.say("device sport-io down")
    backend.until_event(type="alarm.raised", rule="system_device_lost")
    field.say("device sport-io up")
    backend.until_event(type="alarm.cleared", rule="system_device_lost")
    return backend, field, gateway


def test_a_replay_is_the_journal_to_the_byte(scene):
    live(scene)[2].stop()
    recorded = bodies(scene)
    assert len(recorded) >= 7

    done = tocsin("replay", scene.state)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == recorded

    done = tocsin("replay", scene.state / "recordings", "--journal", scene.state / "journal.db", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert f"equal to the journal: {len(recorded)}  different: 0  not in the journal: 0" in done.stdout

    # The site file as it stands, with other ports, has the same rules.
    done = tocsin("replay", scene.state, "--site", scene.site, "--journal", scene.state)
    assert done.returncode == 0, done.stderr
    assert "Day-care room: emergency call" in tocsin("replay", scene.state, "--text", "--lang", "en").stdout
    assert "日间照料室" in tocsin("replay", scene.state, "--text", "--lang", "zh").stdout


def test_a_journal_that_is_not_there_is_said_not_to_be(scene):
    _backend, _field, gateway = scene.everything()
    assert gateway.stop() == 0
    for path in (scene.directory / "nowhere", scene.directory / "nowhere" / "journal.db"):
        done = tocsin("replay", scene.state, "--journal", path, "--lang", "en")
        assert done.returncode == 1 and "there is no journal (journal.db) to compare with" in done.stderr
        assert str(path) in done.stderr and done.stdout == ""


def test_a_journal_that_says_something_else_is_shown(scene):
    live(scene)[2].stop()
    copy = scene.directory / "copy"
    copy.mkdir()
    with sqlite3.connect(scene.state / "journal.db") as journal:
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(scene.state / "journal.db", copy / "journal.db")
    with sqlite3.connect(copy / "journal.db") as journal:
        seq, body = journal.execute("SELECT seq, body FROM event WHERE type LIKE '%acknowledged%'").fetchone()
        body = body if isinstance(body, str) else body.decode()
        journal.execute("UPDATE event SET body = ? WHERE seq = ?", (body.replace("wang", "wong"), seq))
    done = tocsin("replay", scene.state, "--journal", copy, "--lang", "en")
    assert done.returncode == 1
    assert "different: 1 " in done.stdout
    assert f"#{seq} is not what was recorded" in done.stderr and "wong" in done.stderr and "wang" in done.stderr

    # An event that nothing in the recording can have caused is noticed as well.
    with sqlite3.connect(copy / "journal.db") as journal:
        journal.execute("UPDATE event SET body = ? WHERE seq = ?", (body, seq))
        columns = [row[1] for row in journal.execute("PRAGMA table_info(event)")]
        values = ", ".join("seq + (SELECT count(*) FROM event)" if name == "seq" else name for name in columns)
        journal.execute(f"INSERT INTO event ({', '.join(columns)}) SELECT {values} FROM event WHERE seq = 1")
    done = tocsin("replay", scene.state, "--journal", copy, "--lang", "en")
    assert done.returncode == 1 and "different: 0 " in done.stdout and "only in the journal: 1" in done.stdout
    assert f"#{len(bodies(scene)) + 1} was recorded, and the replay did not make it" in done.stderr


def test_a_killed_engine_leaves_a_recording_that_is_equal_as_far_as_it_goes(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    # The recording follows within a second; wait until it has the press.
    until(lambda: "alarm.raised" in tocsin("replay", scene.state).stdout, "the press in the recording")
    gateway.kill_engine()
    gateway.cli("ack", CALL, "--by", "wang")
    backend.until_event(type="alarm.acknowledged", rule="emergency_call")
    gateway.stop()
    assert len(list((scene.state / "recordings").glob("*.recording"))) == 2
    done = tocsin("replay", scene.state, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "different: 0" in done.stdout and "not in the journal: 0" in done.stdout
    replayed = tocsin("replay", scene.state).stdout
    assert replayed.count("tocsin.system.started") == 2 and "tocsin.alarm.acknowledged" in replayed


def three_lives(scene):
    """Three boots of the gateway, a recording each."""
    backend, field, gateway = live(scene)
    gateway.stop()
    gateway = scene.gateway()
    field.press("care/dining/button")
    backend.until_event(type="alarm.raised", subject="care/dining/button")
    gateway.stop()
    gateway = scene.gateway()
    field.press("care/club/smoke-1")
    backend.until_event(type="alarm.raised", subject="care/club/smoke-1")
    gateway.stop()
    done = tocsin("replay", scene.state, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 0 and "only in the journal: 0" in done.stdout, done.stdout + done.stderr
    assert done.stderr == ""
    recordings = sorted((scene.state / "recordings").glob("*.recording"))
    assert [path.name[:10] for path in recordings] == ["0000000001", "0000000002", "0000000003"]
    return recordings


def seqs(lines):
    return [json.loads(line)["sequence"] for line in lines]


def inputs_of(recording):
    """Where the blocks of inputs stand in a recording: gateway/engine/recording_file.h."""
    bytes_ = recording.read_bytes()
    at, found = 0, []
    while at < len(bytes_):
        kind, size = struct.unpack_from("<II", bytes_, at)
        if kind == 4:
            found.append((at, size))
        at += 12 + size
    return found


def test_a_recording_that_is_gone_is_told_and_what_is_not_shown(scene):
    recordings = three_lives(scene)
    recorded = bodies(scene)
    recordings[1].unlink()
    done = tocsin("replay", scene.state, "--lang", "en")
    assert done.returncode == 1
    shown = done.stdout.splitlines()
    gone = [body for body in recorded if body not in shown]
    first, last = seqs(gone)[0], seqs(gone)[-1]
    assert len(gone) >= 2 and shown == [body for body in recorded if body not in gone]
    assert f"{recordings[2].name}: recordings that are missing before this one: 1" in done.stderr
    assert "not replayed: what was heard from " in done.stderr and f"events #{first}–#{last}" in done.stderr

    done = tocsin("replay", scene.state, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 1
    assert f"different: 0  not in the journal: 0  only in the journal: {len(gone)}" in done.stdout
    assert f"#{first} was recorded, and the replay did not make it\n  recorded: {gone[0]}" in done.stderr

    done = tocsin("replay", scene.state, "--into", scene.directory / "into", "--lang", "en")
    assert done.returncode == 1 and "the recording is not whole, and neither is this journal" in done.stderr
    done = tocsin("replay", scene.state, "--site", scene.site, "--against", RULES, "--lang", "en")
    assert done.returncode == 1 and "recordings that are missing before this one: 1" in done.stderr


def test_a_damaged_recording_is_told_with_its_place_and_the_next_one_is_heard(scene):
    recordings = three_lives(scene)
    recorded = bodies(scene)
    blocks = inputs_of(recordings[0])
    at, size = blocks[len(blocks) // 2]
    whole = bytearray(recordings[0].read_bytes())
    whole[at + 12 + size // 2] ^= 1
    recordings[0].write_bytes(whole)
    done = tocsin("replay", scene.state, "--lang", "en")
    assert done.returncode == 1
    assert f"{recordings[0].name}: the file is damaged at byte {at}: " in done.stderr
    assert f"bytes that cannot be read from there: {len(whole) - at}" in done.stderr
    shown = done.stdout.splitlines()
    gone = [body for body in recorded if body not in shown]
    assert shown == [body for body in recorded if body not in gone] and len(shown) >= 5
    if gone:
        assert f"events #{seqs(gone)[0]}–#{seqs(gone)[-1]}" in done.stderr
    done = tocsin("replay", scene.state, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 1 and f"only in the journal: {len(gone)}" in done.stdout
    done = tocsin("replay", scene.state, "--into", scene.directory / "into", "--lang", "en")
    assert done.returncode == 1 and "the recording is not whole" in done.stderr

    # What a kill leaves of the newest recording is no damage, nor is one that was lost before all others.
    whole[at + 12 + size // 2] ^= 1
    recordings[0].write_bytes(whole)
    recordings[2].write_bytes(recordings[2].read_bytes()[:-5])
    done = tocsin("replay", scene.state, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    recordings[0].unlink()
    done = tocsin("replay", scene.state, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 0 and "only in the journal: 0" in done.stdout, done.stdout + done.stderr


def test_each_recording_is_heard_with_the_site_it_was_made_under(scene):
    directory = scene.directory / "site"
    shutil.copytree(ROOT / "deploy" / "example", directory)
    scene.site = directory / "site.yaml"
    rules = directory / "rules.yaml"
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    rules.write_text(rules.read_text().replace("{place}: emergency call", "{place}: HELP"))
    gateway.process.child.send_signal(signal.SIGHUP)
    backend.until_event(type="system.config_changed")
    field.press("care/dining/button")
    backend.until_event(type="alarm.raised", subject="care/dining/button")
    gateway.stop()
    done = tocsin("replay", scene.state, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 0 and "different: 0  not in the journal: 0" in done.stdout, done.stderr
    replayed = tocsin("replay", scene.state).stdout
    assert replayed.count("tocsin.system.started") == 1 and replayed.count("tocsin.system.config_changed") == 1
    # With the changed site the words of the call before the change are others, and that is seen.
    done = tocsin("replay", scene.state, "--site", scene.site, "--journal", scene.state, "--lang", "en")
    assert done.returncode == 1 and "Day-care room: HELP" in done.stderr


def test_other_rules_show_what_would_have_been_different(scene):
    live(scene)[2].stop()
    other = scene.directory / "other.yaml"
    text = RULES.read_text()
    assert "within(heat, 60 s)) >= 2" in text
    other.write_text(text.replace("within(heat, 60 s)) >= 2", "within(heat, 60 s)) >= 1")
                         .replace("{place}: emergency call", "{place}: HELP"))
    done = tocsin("replay", scene.state, "--site", scene.site, "--against", other, "--lang", "en")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("+ ") and "fire_confirmed/care" in line for line in lines)
    assert any(line.startswith("~ ") and "emergency call" in line for line in lines)
    assert "    text: Day-care room: emergency call → Day-care room: HELP" in lines
    assert not any(line.startswith("- ") for line in lines)
    assert "differences: " in done.stderr

    same = tocsin("replay", scene.state, "--site", scene.site, "--against", RULES, "--lang", "en")
    assert same.returncode == 0 and same.stdout == "" and "differences: 0" in same.stderr

    other.write_text("rules:\n  - rule: broken\n    each: point smoke\n    raise: valeu\n    class: fire.alarm\n"
                     "    message: {en: x}\n")
    done = tocsin("replay", scene.state, "--site", scene.site, "--against", other)
    assert done.returncode == 2 and f"{other}:4:12: error: " in done.stderr


def test_of_events_that_look_alike_what_differs_is_told(scene):
    directory = scene.directory / "site"
    shutil.copytree(ROOT / "deploy" / "example", directory)
    scene.site = directory / "site.yaml"
    backend, field, gateway = live(scene)
    rules = directory / "rules.yaml"
    rules.write_text(rules.read_text().replace("{place}: fire confirmed", "{place}: FIRE"))
    gateway.process.child.send_signal(signal.SIGHUP)
    backend.until_event(type="system.config_changed")
    gateway.stop()
    # The person who acknowledges does so of an alarm that is another only in its state.
    other = scene.directory / "other.yaml"
    text = rules.read_text()
    head, rule, rest = text.partition("  - rule: emergency_call\n")
    assert "class: call.emergency" in rest
    other.write_text(head + rule + rest.replace("class: call.emergency", "class: care.bed_exit\n    priority: emergency", 1))
    done = tocsin("replay", scene.state, "--site", scene.site, "--against", other, "--lang", "en")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    acknowledged = next(i for i, line in enumerate(lines) if line.startswith("~ ") and "acknowledged" in line)
    assert "    class: call.emergency → care.bed_exit" in lines[acknowledged:acknowledged + 3]
    assert "    state.latched: true → false" in lines[acknowledged:acknowledged + 3]
    # The site that was changed is another one on each side, which is no doing of the rules.
    assert not any("site changed" in line for line in lines), done.stdout


def test_an_alarm_of_other_rules_stays_open_over_a_restart(scene):
    backend, field, gateway = live(scene)
    gateway.stop()
    gateway = scene.gateway()
    field.press("care/club/smoke-1")
    backend.until_event(type="alarm.raised", subject="care/club/smoke-1")
    gateway.stop()
    other = scene.directory / "other.yaml"
    # A page on each smoke detector, which the site does not have: open from before the restart until the end.
    other.write_text(RULES.read_text() + """
  - rule: smoke_page
    each: point smoke
    raise: value
    class: space.climate
    message: {zh: 有烟, en: Smoke}
""")
    done = tocsin("replay", scene.state, "--site", scene.site, "--against", other, "--lang", "en")
    assert done.returncode == 0, done.stderr
    added = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert len([line for line in added if "smoke_page/care/dining/smoke-1" in line]) == 1, done.stdout
    assert len([line for line in added if "smoke_page/care/club/smoke-1" in line]) == 1, done.stdout
    assert "differences: 2" in done.stderr, done.stderr
    same = tocsin("replay", scene.state, "--site", scene.site, "--against", RULES, "--lang", "en")
    assert same.returncode == 0 and same.stdout == "" and "differences: 0" in same.stderr


def test_a_rule_is_tried_on_an_export_of_the_database(scene):
    export = scene.directory / "month.lp"
    begin = 1_795_446_000_000_000_000  # a Monday at eleven in the evening in Xuzhou
    lines = [f"door_contact,gateway=main,place=hall/gate,point=hall/gate/door,site=gulou-demo value={value},quality=0i {begin + t}"
             for value, t in ((0, 0), (1, 10**9), (0, 50 * 10**9))]
    export.write_text("# DML\n" + "\n".join(reversed(lines)) + "\n")
    done = tocsin("replay", export, "--site", scene.site)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["type"] for event in events if event["data"].get("rule") == "door_held"][0] == "tocsin.alarm.raised"
    assert events[0]["time"] == "2026-11-23T15:00:31.000Z"

    # One line of another age is told, and is no mistake of ours.
    ages = scene.directory / "ages.lp"
    ages.write_text("\n".join([lines[0].rpartition(" ")[0] + " 1000000000000000001"] + lines) + "\n")
    refused = tocsin("replay", ages, "--site", scene.site)
    assert refused.returncode == 1 and refused.stdout == "", refused.stderr
    assert "more than 12 years" in refused.stderr, refused.stderr

    # As `influx_inspect export` writes it: a line for each field, those of one after those of the other.
    apart = scene.directory / "apart.lp"
    heads = [line.partition(" ")[0] for line in lines]
    fields = [line.split(" ")[1].split(",") + [line.split(" ")[2]] for line in lines]
    apart.write_text("".join(f"{head} {quality} {time}\n" for head, (_, quality, time) in zip(heads, fields)) +
                     "".join(f"{head} {value} {time}\n" for head, (value, _, time) in zip(heads, fields)))
    again = tocsin("replay", apart, "--site", scene.site)
    assert again.returncode == 0 and again.stderr == "" and again.stdout == done.stdout, again.stderr

    # What is not in it for a day is missed by nobody; what it says is stale is, until it is read again.
    lines = [f"occupancy_count,place=hall/desk,point=hall/desk/people,site=gulou-demo value=4,quality={quality}i {begin + t}"
             for quality, t in ((0, 0), (2, 86400 * 10**9), (0, 86460 * 10**9))]
    silent = scene.directory / "silent.lp"
    silent.write_text("\n".join(lines) + "\n")
    done = tocsin("replay", silent, "--site", scene.site)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(event["type"], event["time"][:19]) for event in events if event["data"].get("rule") == "system_sensor_fault"] == [
        ("tocsin.alarm.raised", "2026-11-24T15:00:00"), ("tocsin.alarm.cleared", "2026-11-24T15:01:00")]

    against = tocsin("replay", export, "--site", scene.site, "--against", RULES, "--lang", "en")
    assert against.returncode == 0 and "readings: 3  events: 2 → 2  differences: 0" in against.stderr

    # What is so from the beginning, by the clock alone, is told as well.
    night = scene.directory / "night.yaml"
    night.write_text(RULES.read_text() + """
  - rule: night
    each: point door_contact in hall/gate
    raise: between 22:00 and 06:00
    class: door.held
    message: {zh: 夜间, en: Night}
""")
    against = tocsin("replay", export, "--site", scene.site, "--against", night, "--lang", "en")
    assert against.returncode == 0 and "readings: 3  events: 2 → 3  differences: 1" in against.stderr, against.stderr
    [added] = [line for line in against.stdout.splitlines() if line.startswith("+ ")]
    assert "23:00:00" in added and "night/hall/gate/door" in added, against.stdout

    export.write_text(export.read_text() + "door_contact,point=hall/gate/door value=open 1\n")
    done = tocsin("replay", export, "--site", scene.site)
    assert done.returncode == 1 and f"{export}:5:41: not a number" in done.stderr
    done = tocsin("replay", export, "--site", scene.site, "--into", scene.directory / "into", "--lang", "en")
    assert done.returncode == 1 and "some lines of the export were left out" in done.stderr

    nothing = scene.directory / "nothing.lp"
    nothing.write_text("# DML\n")
    done = tocsin("replay", nothing, "--site", scene.site, "--lang", "en")
    assert done.returncode == 1 and "it has no reading of this site" in done.stderr


WANTED = ["influx_inspect export -database", "influxd inspect export-lp --bucket-id",
          """/api/v1/export --data-urlencode 'match[]={site="gulou-demo"}' -d max_rows_per_line="""]


def test_an_export_that_cannot_be_read_is_told_what_it_is_and_what_is_wanted(scene):
    line = "smoke,gateway=main,point=care/club/smoke-1,site=gulou-demo value=1,quality=0i 1795446000000000000\n"
    for name, content, words in (
            ("empty.lp", b"", "the file is empty"),
            ("month.lp.gz", gzip.compress(line.encode()), "unpack it first, by gunzip"),
            ("gz.lp", gzip.compress(line.encode()), "unpack it first, by gunzip"),
            ("wide.lp", line.encode("utf-16"), "save it as UTF-8"),
            ("month.csv", b"name,tags,time,point,value\nsmoke,,1795446000000000000,care/club/smoke-1,1\n", "the file is CSV"),
            ("month.json", b'{"results":[{"statement_id":0}]}\n', "it may be the answer to a query"),
            ("words.lp", b"hello\nworld\n", "it has no reading of this site")):
        export = scene.directory / name
        export.write_bytes(content)
        done = tocsin("replay", export, "--site", scene.site, "--lang", "en")
        assert done.returncode == 1 and done.stdout == "", (name, done)
        assert f"tocsin replay: {export}: " in done.stderr and words in done.stderr, (name, done.stderr)
        assert all(command in done.stderr for command in WANTED), (name, done.stderr)
        assert "InfluxDB 行协议" in tocsin("replay", export, "--site", scene.site, "--lang", "zh").stderr
    other = scene.directory / "export"
    other.write_text(line)
    done = tocsin("replay", other, "--site", scene.site, "--lang", "en")
    assert done.returncode == 1 and "if it is the export of a database, give it a name that ends in .lp or .jsonl" in done.stderr
    marked = scene.directory / "marked.lp"
    marked.write_bytes(b"\xef\xbb\xbf" + line.encode())
    done = tocsin("replay", marked, "--site", scene.site)
    assert done.returncode == 0 and done.stderr == "" and "fire_alarm" in done.stdout, done.stderr


def test_an_export_of_another_site_is_not_taken_for_this_one(scene):
    def line(site, gateway, second):
        return (f"smoke,gateway={gateway},point=care/club/smoke-1,site={site} value=1,quality=0i "
                f"{1_795_446_000 + second}000000000\n")
    export = scene.directory / "month.lp"
    export.write_text(line("gulou", "main", 0) + line("gulou", "main", 1))
    done = tocsin("replay", export, "--site", scene.site, "--lang", "en")
    assert done.returncode == 1 and done.stdout == ""
    assert ("lines left out of another site or gateway: 2 (the first is of gulou/main, this one is gulou-demo/main)"
            in done.stderr), done.stderr
    # What it says then can be done as it stands.
    [advice] = [line for line in done.stderr.splitlines() if "which had that name then, add" in line]
    words = advice.partition(" add ")[2].split()
    done = tocsin("replay", export, "--site", scene.site, *words)
    assert done.returncode == 0 and "fire_alarm" in done.stdout and done.stderr == "", done.stderr

    export.write_text(line("gulou-demo", "main", 0) + line("gulou-demo", "west", 1))
    done = tocsin("replay", export, "--site", scene.site, "--lang", "en")
    assert done.returncode == 0 and "fire_alarm" in done.stdout
    assert "another site or gateway: 1 (the first is of gulou-demo/west," in done.stderr


def test_a_value_that_cannot_be_raises_no_alarm_but_a_fault(scene):
    export = scene.directory / "cold.lp"
    export.write_text("".join(
        f"temperature,gateway=main,point=care/club/temperature,site=gulou-demo value={value} {1_795_402_800 + second}000000000\n"
        for value, second in ((21, 0), (-400, 60), (-400, 3600))))  # a Monday at eleven in the morning in Xuzhou
    done = tocsin("replay", export, "--site", scene.site, "--lang", "en")
    assert done.returncode == 0 and "outside the range of their point, which are faults: 2" in done.stderr, done.stderr
    raised = [json.loads(line)["data"]["rule"] for line in done.stdout.splitlines() if "alarm.raised" in line]
    assert raised == ["system_sensor_fault"]


def test_a_rule_is_tried_on_what_victoria_metrics_has_kept(scene):
    """What the real gateway wrote into the real database, by the command that `replay --help` names."""
    database = with_database(scene, Victoria(scene.directory)).start()
    _backend, field, gateway = live(scene)
    field.set("care/day-care/temperature", 23.5)
    until(lambda: value_of(gateway, "care/day-care/temperature") == 23.5, "the temperature")
    written_all(scene, gateway, database)
    gateway.stop()
    database.request("/internal/force_flush")
    kept = database.points()
    assert {quality for _, quality in kept.values()} >= {0, 2}, "a device was lost, so that some are stale"
    lines = database.request("/api/v1/export", **{"match[]": '{site="gulou-demo"}', "max_rows_per_line": 3}).splitlines()
    assert max(len(json.loads(line)["values"]) for line in lines) == 3
    export = scene.directory / "month.jsonl"
    export.write_text("\n".join(lines) + "\n")

    done = tocsin("replay", export, "--site", scene.site)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    told = [(event["type"], event["data"]["rule"], event["subject"]) for event in map(json.loads, done.stdout.splitlines())
            if event["type"] in ("tocsin.alarm.raised", "tocsin.alarm.cleared")]
    assert [event for event in told if event[1] in ("emergency_call", "fire_alarm")] == [
        ("tocsin.alarm.raised", "emergency_call", BUTTON), ("tocsin.alarm.cleared", "emergency_call", BUTTON),
        ("tocsin.alarm.raised", "fire_alarm", SMOKE)]
    # Every reading is there, and a rule that is left out is missed.
    other = scene.directory / "other.yaml"
    other.write_text(RULES.read_text().replace("each: point emergency_button", "each: point pull_cord"))
    against = tocsin("replay", export, "--site", scene.site, "--against", other, "--lang", "en")
    assert against.returncode == 0 and f"readings: {len(kept)}  " in against.stderr, (against.stderr, len(kept))
    assert len([line for line in against.stdout.splitlines() if line.startswith("- ") and CALL in line]) >= 2


def test_a_recording_becomes_a_journal_that_a_gateway_goes_on_from(scene):
    live(scene)[2].stop()
    recorded = [json.loads(body) for body in bodies(scene)]
    scene.state = scene.directory / "again"
    done = tocsin("replay", scene.directory / "state", "--site", scene.site, "--into", scene.state, "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert f"events recorded: {len(recorded)}" in done.stdout
    again = [json.loads(body) for body in bodies(scene)]
    for before, after in zip(recorded, again, strict=True):
        assert before.pop("id") != after.pop("id")  # of another boot
        assert before == after
    refused = tocsin("replay", scene.directory / "state", "--site", scene.site, "--into", scene.state)
    assert refused.returncode == 1 and len(bodies(scene)) == len(recorded)

    scene.overrides["gateway.state"] = str(scene.state)
    alarms = {f"{alarm['rule']}/{alarm['entity']}": alarm for alarm in scene.gateway().alarms()}
    assert alarms[CALL]["state"]["acked"] is True and f"fire_alarm/{SMOKE}" in alarms


def test_what_does_not_go_together_is_a_usage_error(scene):
    for arguments in ((), ("a", "b"), ("a.lp",), ("a", "--against", "b"), ("a", "--set", "b=c"), ("a", "--lang", "fr"),
                      ("a.lp", "--site", "s", "--journal", "j"), ("a.lp", "--into", "b"),
                      ("a", "--site", "s", "--into", "b", "--journal", "j"), ("a", "--site", "s", "--against", "b", "--journal", "j")):
        done = tocsin("replay", *arguments)
        assert done.returncode == 2 and "tocsin replay --help" in done.stderr, arguments
    assert tocsin("replay", scene.directory / "nothing").returncode == 1
    assert tocsin("replay", "--help").returncode == 0


def test_the_rules_of_the_example_pass_their_own_tests():
    done = tocsin("test-rules", ROOT / "deploy" / "example" / "rules-test.yaml", "--lang", "en")
    assert done.returncode == 0 and ", failed: 0" in done.stdout, done.stderr
    assert tocsin("test-rules").returncode == 2
    assert tocsin("test-rules", ROOT / "deploy" / "example" / "rules-test.yaml", "--site", "/nowhere").returncode == 2

# SPDX-License-Identifier: Apache-2.0
"""Days of a story, written as a recording without any process, and replayed into a state directory."""

import json
import resource
import signal
import sqlite3
import subprocess

import pytest

from harness import TOCSIN

CALL = "emergency_call/care/day-care/button-1"
BEGIN = "2026-03-02T07:00:00+08:00@1"  # a Monday

# Each thing that a field can do: press, burn, fail in two ways, publish, and live on in between.
DAYS = """story:
  name: three days
  background: {seed: 7, people: {care/dining: 18}, climate: {care/club: {temperature: 23.1}}}
  acts:
    - {at: 5 s,  set: {care/day-care/button-1: 1}, for: 2 s}
    - {at: 17 h, set: {hall/gate/door: 1}, for: 50 s}
    - {at: 26 h, device: sport-io, down: 15 s}
    - {at: 27 h, device: climate, answer: garbage, for: 20 s}
    - {at: 28 h, device: fire-panel, answer: garbage, for: 200 ms}
    - {at: 50 h, set: {care/dining/smoke-1: 1}, for: 10 min}
    - {at: 60 h, mqtt: {field/gate/reader: {card: 40213344, granted: true}}}
"""


def tocsin(*arguments, **options):
    return subprocess.run([TOCSIN, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


@pytest.fixture
def story(scene):
    path = scene.directory / "days.yaml"
    path.write_text(DAYS)
    return path


def record(scene, story, name, *arguments):
    done = tocsin("sim", scene.site, "--story", story, "--record", scene.directory / name, "--clock", BEGIN, *arguments)
    assert done.returncode == 0, done.stderr
    return scene.directory / name, done.stdout


def journal(state):
    with sqlite3.connect(f"file:{state}/journal.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT body FROM event ORDER BY seq").fetchall()
    return [row[0] if isinstance(row[0], str) else row[0].decode() for row in rows]


def told(lines):
    """(local day and time, type, rule) of each event."""
    result = []
    for line in lines:
        event = json.loads(line)
        result.append((event["time"], event["type"].removeprefix("tocsin."), event["data"].get("rule")))
    return result


def test_days_of_a_story_are_recorded_and_replayed_into_a_state_directory(scene, story):
    first, said = record(scene, story, "first.recording", "--for", "3 d")
    assert "seconds=259200 " in said
    assert record(scene, story, "second.recording", "--for", "3 d")[0].read_bytes() == first.read_bytes()
    other = record(scene, story, "other.recording", "--for", "3 d", "--seed", "8")[0]
    assert other.read_bytes() != first.read_bytes()

    replayed = tocsin("replay", first, "--lang", "en")
    assert replayed.returncode == 0 and replayed.stderr == "", replayed.stderr  # exact: nothing to remark
    events = told(replayed.stdout.splitlines())
    assert f"events={len(events)}\n" in said
    for expected in (
            ("2026-03-01T23:00:00.000Z", "system.started", None),
            ("2026-03-01T23:00:05.000Z", "alarm.raised", "emergency_call"),
            ("2026-03-01T23:00:07.000Z", "alarm.cleared", "emergency_call"),
            ("2026-03-02T01:30:00.000Z", "alarm.raised", "no_activity"),  # two hours after the care centre opens
            ("2026-03-02T12:00:00.000Z", "alarm.cleared", "no_activity"),  # … until it closes
            ("2026-03-02T16:00:30.000Z", "alarm.raised", "door_held"),
            ("2026-03-02T16:00:50.000Z", "alarm.cleared", "door_held"),
            ("2026-03-03T01:00:15.000Z", "alarm.cleared", "system_device_lost"),
            ("2026-03-03T02:00:20.000Z", "alarm.cleared", "system_device_lost"),
            ("2026-03-04T01:00:00.000Z", "alarm.raised", "fire_alarm"),
            ("2026-03-04T01:00:15.000Z", "alarm.raised", "system_fire_promoted"),  # nobody looked after it
            ("2026-03-04T01:10:00.000Z", "alarm.cleared", "fire_alarm"),
            ("2026-03-04T11:00:00.000Z", "access.granted", None)):
        assert expected in events, (expected, events)
    lost = [time for time, kind, rule in events if (kind, rule) == ("alarm.raised", "system_device_lost")]
    # A fifth of a second of nonsense loses no device.
    assert len(lost) == 2 and lost[0].startswith("2026-03-03T01:00:0") and lost[1].startswith("2026-03-03T02:00:0")

    # The same core and the same journal: the state directory says the same, each time.
    for name in ("again", "once-more"):
        done = tocsin("replay", first, "--into", name, "--lang", "en", cwd=scene.directory)
        assert done.returncode == 0 and f"events recorded: {len(events)}\n" in done.stdout, done.stderr
    again, once_more = ([{**json.loads(body), "id": None} for body in journal(scene.directory / name)]  # of two boots
                        for name in ("again", "once-more"))
    assert again == once_more
    assert told(journal(scene.directory / "again")) == events

    scene.overrides["gateway.state"] = str(scene.directory / "again")
    alarms = {f"{alarm['rule']}/{alarm['entity']}": alarm for alarm in scene.gateway().alarms()}
    assert alarms[CALL]["state"]["acked"] is False and "fire_alarm/care/dining/smoke-1" in alarms


def test_other_rules_are_tried_on_a_story(scene, story):
    recording, _ = record(scene, story, "a.recording", "--for", "18 h")
    rules = scene.directory / "other.yaml"
    text = (scene.site.parent / "rules.yaml").read_text()
    assert "{place}: emergency call" in text
    rules.write_text(text.replace("{place}: emergency call", "{place}: HELP"))
    done = tocsin("replay", recording, "--site", scene.site, "--against", rules, "--lang", "en")
    assert done.returncode == 0 and "HELP" in done.stdout, done.stderr


def test_without_a_span_it_ends_with_the_story(scene):
    story = scene.directory / "short.yaml"
    story.write_text("story:\n  acts:\n    - {at: 10 s, set: {care/day-care/button-1: 1}, for: 1 min}\n")
    recording, said = record(scene, story, "short.recording")
    assert "seconds=70 " in said
    assert tocsin("replay", recording).stdout.count("tocsin.alarm.cleared") == 1


def test_a_recording_that_cannot_be_is_said_so(scene, story):
    kept = scene.directory / "kept.recording"
    kept.write_text("mine")
    for arguments, code, words in (
            (("--record", kept), 1, "is there already, and is kept"),
            (("--record", scene.directory / "nowhere" / "a"), 1, "No such file or directory"),
            (("--record", scene.directory / "a.lp"), 2, "no export of a database"),
            (("--record", scene.directory / "a", "--control", scene.directory / "s"), 2, "exclude each other")):
        done = tocsin("sim", scene.site, "--story", story, *arguments)
        assert done.returncode == code and words in done.stderr and done.stderr.count("\n") == 1, done
    assert kept.read_text() == "mine"
    done = tocsin("sim", scene.site, "--record", scene.directory / "b")
    assert done.returncode == 2 and "--for" in done.stderr and not (scene.directory / "b").exists()

    # A disk that is full: told, and what was whole stays readable.
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    full = scene.directory / "full.recording"
    done = tocsin("sim", scene.site, "--story", story, "--record", full, "--for", "3 d", preexec_fn=small)
    assert done.returncode == 1 and "File too large" in done.stderr, done
    done = tocsin("replay", full)
    assert done.returncode == 0 and "alarm.raised" in done.stdout, done.stderr

    # Without the site beside it, it says what to do, and does it.
    for image in scene.directory.glob("*.site"):
        image.unlink()
    done = tocsin("replay", full, "--into", scene.directory / "x", "--lang", "en")
    assert done.returncode == 1 and "--site" in done.stderr and not (scene.directory / "x").exists()
    assert tocsin("replay", full, "--into", scene.directory / "x", "--site", scene.site).returncode == 0

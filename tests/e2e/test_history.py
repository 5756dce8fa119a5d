# SPDX-License-Identifier: Apache-2.0
"""The history for charts: a day of minutes and 13 months of quarters, kept by the console and by nobody else.

The gateway's clock runs sixty times as fast, so that a minute takes a second.
"""

import calendar
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import button_site, free_port, until
from test_clock import Clock
from test_frozen_disk import Disk
from test_reload import edit, hang_up, until_watching

BEGIN = "2026-11-22T07:00:00Z"
BEGIN_S = calendar.timegm(time.strptime(BEGIN, "%Y-%m-%dT%H:%M:%SZ"))
CLOCK = ["--clock", "2026-11-22T07:00:00+00:00@60"]
POINT = "room/button-0"


def chart(gateway, step=60, point=POINT, since=BEGIN):
    """The buckets of a point since then, by the second at which each begins; those that nobody watched are left out."""
    answer = gateway.ask(f"/api/v1/history/{point}?step={step}&since={since}")
    assert answer.status == 200, answer.bytes
    (series,), found = answer.body["points"], {}
    for i, watched in enumerate(series["watched_s"]):
        if watched > 0:
            found[answer.body["from"] + i * step] = {name: column[i] for name, column in series.items()
                                                     if isinstance(column, list)}
    return found


def minutes(gateway, **wanted):
    """How many minutes there are that were watched from begin to end and are as they are wanted."""
    return sum(1 for row in chart(gateway).values() if row["watched_s"] == 60 and wanted.items() <= row.items())


def figure(gateway, name):
    lines = gateway.ask("/metrics").bytes.decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"tocsin_{name}_total "))


def site(scene, rate=CLOCK):
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms") for _ in range(2)])
    return scene.field(), scene.gateway(rate)


def test_what_a_point_did_stands_in_its_minutes_and_in_its_quarter(scene):
    field, gateway = site(scene)
    until(lambda: minutes(gateway, min=0, max=0, good_s=60) >= 2, "two quiet minutes")
    field.set(POINT, 1)
    until(lambda: minutes(gateway, min=1, max=1, last=1, changes=0) >= 2, "two minutes pressed")
    rows = chart(gateway)
    (edge,) = [row for row in rows.values() if row["changes"] == 1]
    assert (edge["min"], edge["max"], edge["last"], edge["good_s"]) == (0, 1, 1, 60)
    assert 0 <= edge["mean"] <= 1
    # A quarter is there before it ends, with all its minutes so far, and of the other button likewise.
    quarter = chart(gateway, step=900)[BEGIN_S]
    assert (quarter["min"], quarter["max"], quarter["changes"]) == (0, 1, 1)
    assert quarter["watched_s"] >= sum(row["watched_s"] for at, row in rows.items() if at < BEGIN_S + 900) - 120
    both = gateway.ask(f"/api/v1/history?point=room/button-1&point={POINT}&since={BEGIN}").body
    assert [series["point"] for series in both["points"]] == ["room/button-1", POINT]
    assert 1 not in both["points"][0]["max"] and 1 in both["points"][1]["max"]


def test_a_console_that_is_killed_leaves_a_gap_and_goes_on(scene):
    _, gateway = site(scene)
    until(lambda: minutes(gateway, good_s=60) >= 3, "three minutes")
    kept = {at: row for at, row in chart(gateway).items() if row["watched_s"] == 60}
    gateway.kill("console", 19)  # SIGSTOP: for some minutes nobody hears anything
    time.sleep(4)  # four minutes of its clock, at least: how long it stands still is what the test does, not what it waits for
    gateway.kill("console")
    gateway.until_healthy()
    until(lambda: minutes(gateway, good_s=60) >= len(kept) + 2, "two minutes more")
    rows = chart(gateway)
    assert all(rows[at] == row for at, row in kept.items() if at in rows and at < max(kept)), "what was written stays"
    newest = max(rows)
    missing = [at for at in range(BEGIN_S + 120, newest, 60) if at not in rows]
    assert missing, "what nobody watched is a gap, and no line through it"
    columns = gateway.ask(f"/api/v1/history/{POINT}?since={BEGIN}").body
    index = (missing[0] - columns["from"]) // 60
    assert [columns["points"][0][name][index] for name in ("min", "max", "mean", "last")] == [None] * 4


def test_while_a_device_is_silent_its_point_is_watched_and_not_good(scene):
    field, gateway = site(scene)
    until(lambda: minutes(gateway, good_s=60) >= 1, "a good minute")
    field.say("device d0 silent")
    until(lambda: minutes(gateway, good_s=0, min=None, last=None) >= 1, "a minute without a value")
    assert minutes(gateway, good_s=60) >= 1
    field.say("device d0 up")
    before = len(chart(gateway))
    until(lambda: list(chart(gateway).values())[before + 1:] and
          any(row["good_s"] == 60 for row in list(chart(gateway).values())[before:]), "values again")


def test_without_an_engine_nothing_is_watched(scene):
    _, gateway = site(scene)
    until(lambda: minutes(gateway, good_s=60) >= 2, "two minutes")
    supervisor, pid = gateway.process.child.pid, gateway.pids()["engine"]
    os.kill(supervisor, 19)  # which would begin another one
    os.kill(pid, 19)
    try:
        until(lambda: gateway.try_cli("health")[0] != 0, "the console to notice")
        seen = max(chart(gateway))
        # Two minutes later there is none that nobody could know of.
        until(lambda: gateway.ask(f"/api/v1/history/{POINT}").body["from"] + 86400 > seen + 240, "time to pass")
        assert max(chart(gateway)) <= seen + 60
    finally:
        os.kill(pid, 18)
        os.kill(supervisor, 18)
    gateway.until_healthy()
    until(lambda: max(chart(gateway)) > seen + 240, "minutes to go on")
    rows = chart(gateway)
    assert any(at not in rows or rows[at]["watched_s"] < 60 for at in range(seen, max(rows), 60))


def test_a_history_of_garbage_is_left_out_and_told(scene):
    _, gateway = site(scene)
    until(lambda: minutes(gateway, good_s=60) >= 3, "three minutes")
    directory = scene.state / "console" / "history"
    gateway.stop()
    (blocks,) = directory.glob("minutes-*.blocks")
    whole = blocks.read_bytes()
    blocks.write_bytes(whole[:-7])
    (directory / "minutes-0000009999.runs").write_bytes(os.urandom(5000))
    (directory / "quarters-0000000001.blocks").write_bytes(b"TOCTREND\x09\x00\x00\x00" + bytes(100))
    gateway = scene.gateway(CLOCK)
    gateway.process.until_said("event=history path=.*damaged=1 other_versions=2")
    assert figure(gateway, "history_damaged") == 1
    until(lambda: minutes(gateway, good_s=60) >= 3, "minutes again")
    assert (directory / "minutes-0000009999.runs").stat().st_size == 5000, "what another version wrote is left alone"


@pytest.fixture
def small(scene):
    """The state directory is a file system of 100 MiB of its own."""
    scene.state.mkdir()
    if os.system(f"mount -t tmpfs -o size=100m tocsin-test {scene.state} 2> /dev/null") != 0:
        pytest.skip("this test needs to mount a tmpfs: run it as root")
    yield scene.state
    scene.close(kept=True)
    until(lambda: subprocess.run(["umount", scene.state], capture_output=True).returncode == 0, "the disk to be free")


def test_a_full_disk_ends_the_history_and_neither_alarms_nor_the_journal(scene, small):
    field, gateway = site(scene)
    backend = scene.backend()
    until(lambda: minutes(gateway, good_s=60) >= 2, "two minutes")
    # Less is left than the history spares, and enough for the journal.
    filler = small / "filler"
    filler.write_bytes(bytes(40 << 20))
    free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
    assert 1 << 20 < free < 64 << 20
    gateway.process.until_said("event=history_dropped")
    dropped = figure(gateway, "history_dropped")
    assert dropped > 0
    field.set(POINT, 1)
    event = backend.until_event(type="alarm.raised", rule="call", subject=POINT)[0]
    assert event["durable"] is True
    filler.unlink()
    before = len(chart(gateway))
    until(lambda: len(chart(gateway)) >= before + 2, "the history to go on")


def test_pages_of_charts_that_open_at_once_are_all_answered(scene):
    _, gateway = site(scene)
    until(lambda: minutes(gateway, good_s=60) >= 1, "a minute")
    with ThreadPoolExecutor(24) as pages:
        answers = list(pages.map(lambda n: gateway.ask(f"/api/v1/history/room/button-{n % 2}?step={60 if n % 3 else 900}"),
                                 range(24)))
    assert [answer.status for answer in answers] == [200] * 24
    assert all(answer.body["points"][0]["point"] == f"room/button-{n % 2}" for n, answer in enumerate(answers))


def test_a_point_that_gets_another_name_ends_and_the_others_go_on(scene):
    _, gateway = site(scene)
    until(lambda: minutes(gateway, good_s=60) >= 2, "two minutes")
    before = chart(gateway, point="room/button-1")
    edit(scene.site, "point: button-0,", "point: bell,")
    hang_up(gateway)
    until_watching(gateway, 2)
    until(lambda: len(chart(gateway, point="room/bell")) >= 3, "minutes of it")
    assert gateway.ask(f"/api/v1/history/{POINT}").status == 404
    assert min(chart(gateway, point="room/bell")) > min(before), "it begins with its name"
    after = chart(gateway, point="room/button-1")
    assert len(after) >= len(before) + 3 and all(after[at] == before[at] for at in list(before)[:-1])


def test_a_clock_that_is_set_makes_no_minute_up_and_loses_none(scene):
    clock = Clock(scene)
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    scene.field()
    began = time.time()
    gateway = scene.gateway(environment=clock.environment)

    def watched(since_s):
        found = gateway.ask(f"/api/v1/history/{POINT}?since={int(since_s)}&until={int(since_s) + 1200}").body
        return {found["from"] + 60 * i: s for i, s in enumerate(found["points"][0]["watched_s"]) if s > 0}

    until(lambda: sum(watched(began - 60).values()) >= 3, "some seconds")
    clock.set(10 * 86400)
    until(lambda: sum(watched(began + 10 * 86400 - 60).values()) >= 3, "some seconds ten days later")
    clock.set(0)
    until(lambda: sum(watched(began - 60).values()) >= 6, "some seconds more of today")
    today, later = watched(began - 60), watched(began + 10 * 86400 - 60)
    assert sum(today.values()) + sum(later.values()) <= time.time() - began + 2, "no more than has passed"
    assert all(at <= time.time() or at >= began + 10 * 86400 - 60 for at in {**today, **later}), "and nothing between"


def test_a_disk_that_hangs_keeps_nobody_waiting_but_who_asks_for_the_past(scene):
    if os.geteuid() != 0:
        pytest.skip("no disk can be frozen here: that takes root")
    scene.state.mkdir()
    disk = scene.keep(Disk(scene.directory / "disk.img", scene.state))
    try:
        field, gateway = site(scene)
        backend = scene.backend()
        until(lambda: minutes(gateway, good_s=60) >= 2, "two minutes")
        disk.freeze()
        gateway.process.until_said("event=history_behind")
        problem = gateway.ask(f"/api/v1/history/{POINT}")
        assert (problem.status, problem.body["type"]) == (503, "tocsin:problem/history")
        field.set(POINT, 1)
        event = backend.until_event(type="alarm.raised", rule="call", subject=POINT)[0]
        assert event["durable"] is False, "the journal hangs, too, and the alarm goes out all the same"
        until(lambda: any(POINT in str(row) for row in gateway.alarms()), "the console to show it")
        disk.thaw()
        before = figure(gateway, "history_dropped")
        assert before > 0
        until(lambda: minutes(gateway, max=1, good_s=60) >= 2, "the history to go on")
    finally:
        disk.thaw()


def test_what_cannot_be_asked_is_said_and_card_readers_have_no_history(scene):
    scene.everything()
    gateway = next(part for part in scene.started if hasattr(part, "ask"))

    def problem(path):
        answer = gateway.ask(f"/api/v1/history{path}")
        assert answer.type == "application/problem+json"
        return answer.status, answer.body["type"].removeprefix("tocsin:problem/")

    points = {row["point"]: row["kind"] for row in gateway.ask("/api/v1/points").body["points"]}
    readers = [point for point, kind in points.items() if kind in ("access_reader", "checkpoint")]
    point = next(point for point, kind in points.items() if kind == "temperature")
    assert readers and all(problem(f"/{reader}") == (404, "no_history") for reader in readers)
    assert problem("/no/such/point") == (404, "not_found")
    for query in ("step=61", "step=", "since=yesterday", "until=-1", "since=2026-11-22T07:00:00Z&until=2026-11-22T07:00:00Z",
                  "until=99999999999", "since=5&until=4"):
        assert problem(f"/{point}?{query}") == (400, "parameter"), query
    assert problem("") == (400, "parameter")
    assert problem("?" + "&".join([f"point={point}"] * 9)) == (400, "parameter")
    assert gateway.ask(f"/api/v1/history/{point}", "POST", body={}).status == 405
    # Pages: of a year of minutes the first, and where the next one begins.
    body = gateway.ask(f"/api/v1/history/{point}?since=2025-01-01T00:00:00Z&until=2026-01-01T00:00:00Z").body
    assert len(body["points"][0]["min"]) == 3000 and body["next"] == body["until"] == "2025-01-03T02:00:00.000Z"
    assert gateway.ask(f"/api/v1/history/{point}?until=9000000000&since=8999999940").body["next"] is None


def test_no_history_is_kept_where_the_site_says_so(scene):
    scene.overrides["gateway.history"] = "0 MiB"
    scene.everything()
    gateway = next(part for part in scene.started if hasattr(part, "ask"))
    answer = gateway.ask("/api/v1/history/care/day-care/button-1")
    assert (answer.status, answer.body["type"]) == (404, "tocsin:problem/no_history")
    assert not (scene.state / "console" / "history").exists()

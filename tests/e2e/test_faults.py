# SPDX-License-Identifier: Apache-2.0
"""Bad input and faults: each is one clear line, loses nothing recorded, and never a busy loop or a crash."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
from harness import ROOT, TOCSIN, Broker, button_site, free_port, is_alive, until
from test_backup import press
from test_reload import publish

BUTTON = "care/day-care/button-1"
CALL = "emergency_call/care/day-care/button-1"


def processor_s(pids):
    return sum(int((task / "schedstat").read_text().split()[0])
               for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def assert_not_busy(gateway, seconds=2.0):
    """All processes together use less than half of one processor while a fault lasts: no loop spins."""
    pids = gateway.pids().values()
    begin, before = time.monotonic(), processor_s(pids)
    until(lambda: time.monotonic() - begin > seconds, "the window to pass", seconds + 10)
    share = (processor_s(pids) - before) / (time.monotonic() - begin)
    assert share < 0.5, f"{share:.0%} of a processor"


@pytest.mark.parametrize("answer, told", [
    ("drip", r"short|in time"),
    ("wrong_unit", r"unit"),
    ("short", r"short|fewer|in time|500 ms|closed"),
    ("long", r"long|more bytes|asked"),
    ("exception", r"exception"),
    ("close", r"closed|reset"),
    ("garbage", r"no sense|another|more bytes|in time"),
    ("silent", r"in time|500 ms|no answer"),
])
def test_a_device_that_answers_wrongly_is_lost_and_told_and_comes_back(scene, answer, told):
    backend, field, gateway = scene.everything()
    until(lambda: field.polls("care-io") > 3, "polling")
    gateways = gateway.pids()
    field.say(f"device care-io {answer}")
    [lost] = backend.until_event(type="alarm.raised", rule="system_device_lost", subject="device/care-io")
    assert re.fullmatch(r"设备 care-io 失联：1\d 个传感器没有新数据，这些房间出事可能不会告警", lost["data"]["text"]["zh"])
    assert re.fullmatch(r"care-io is lost: .* sensors \(1\d\), so alarms of their rooms may not come", lost["data"]["text"]["en"])
    line = gateway.process.until_said(r"event=device_lost .*device=care-io.*").group(0)
    assert re.search(told, line, re.I), line
    assert re.search(r'effect="17 points|effect="15 points', line), line
    before = field.polls("sport-io")
    until(lambda: field.polls("sport-io") > before + 5, "the other bus to be polled on")
    assert_not_busy(gateway)
    field.say("device care-io up")
    backend.until_event(type="alarm.cleared", rule="system_device_lost", subject="device/care-io", deadline_s=60)
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    assert gateway.pids() == gateways, "no process died of it"


def test_one_dead_device_among_ten_does_not_move_the_others_polls(scene):
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "50 ms") for _ in range(10)])
    backend, field, gateway = scene.everything()
    living = [f"d{n}" for n in range(10) if n != 4]
    until(lambda: all(field.polls(f"d{n}") > 10 for n in range(10)), "all ten to be polled")

    def counts(device, polls):
        """How often each living device is polled while `device` gets `polls` more."""
        begin = {d: field.polls(d) for d in living}
        until(lambda: field.polls(device) >= begin[device] + polls, f"{polls} polls of {device}")
        return {d: field.polls(d) - begin[d] for d in living}

    field.say("device d4 silent")
    dead_before = field.polls("d4")
    during = counts("d0", 200)  # 10 s at 50 ms: ten time-outs of the dead one
    for device, polls in during.items():
        assert abs(polls - 200) <= 20, f"{device} was polled {polls} times while d0 was polled 200 times"
    assert field.polls("d4") - dead_before < 20, "the dead one is left to its back-off"
    field.press("room/button-7")
    backend.until_event(type="alarm.raised", rule="call", subject="room/button-7")
    assert gateway.process.has(r"event=device_lost .*device=d4")
    assert not gateway.process.has(r"event=device_lost .*device=d[^4]")


def test_a_value_that_is_not_a_number_is_a_fault_and_never_a_value(scene):
    backend, field, _gateway = scene.everything()
    point = "care/club/temperature"
    until(lambda: backend.latest(f"/point/{point}"), "the first temperature")
    field.set(point, "nan")
    backend.until_event(type="alarm.raised", rule="system_sensor_fault", subject=point)
    until(lambda: json.loads(backend.latest(f"/point/{point}"))["quality"] == "fault", "the fault to be published")
    assert json.loads(backend.latest(f"/point/{point}"))["value"] is None
    field.set(point, 22.5)
    backend.until_event(type="alarm.cleared", rule="system_sensor_fault", subject=point)
    for _topic, payload, *_ in backend.all():
        assert b"nan" not in payload.lower() and b"inf," not in payload.lower()


def test_a_message_that_makes_no_sense_is_told_with_its_topic(scene):
    _backend, _field, gateway = scene.everything()
    publish(scene, "field/gate/door", "{nonsense")
    gateway.process.until_said(r"event=value_refused device=doors point=hall/gate/door topic=\"?field/gate/door\"? reason=")


def test_a_broker_that_is_absent_at_the_start_costs_nothing(scene):
    gateway_field = scene.field()
    gateway = scene.gateway(wait=False)
    until(lambda: gateway.try_cli("alarms")[0] == 0, "the console to answer")
    gateway.process.until_said(r"process=uplink event=broker_\w+ .*effect=")
    gateway_field.press(BUTTON)
    until(lambda: CALL.split("/", 1)[1] in gateway.cli("alarms"), "the alarm at the gateway")
    assert_not_busy(gateway)
    scene.start_broker()
    backend = scene.backend()
    event = backend.until_event(type="alarm.raised", rule="emergency_call", deadline_s=60)[0]
    assert event["replayed"] is True


def test_a_broker_that_refuses_is_told_once_and_not_stormed(scene):
    (scene.directory / "passwords").write_text("")
    scene.broker = Broker(scene.directory, f"password_file {scene.directory}/passwords\n", anonymous=False)
    scene.keep(scene.broker)
    scene.overrides["mqtt.brokers.0"] = f"tcp://127.0.0.1:{scene.broker.port}"
    scene.broker.start()
    gateway = scene.gateway(wait=False)
    line = gateway.process.until_said(r"process=uplink event=broker_\w+ .*").group(0)
    assert re.search(r"refus|not authori", line, re.I), line
    assert "effect=" in line
    assert_not_busy(gateway, 5)
    assert len(re.findall(r"process=uplink event=broker_", gateway.process.text())) <= 3


def test_a_broker_that_is_gone_half_way_is_noticed(scene):
    """A link that accepts everything and answers nothing: TCP says it is well."""
    scene.start_broker()
    real = scene.broker.port
    proxy = Proxy(real)
    scene.overrides["mqtt.brokers.0"] = f"tcp://127.0.0.1:{proxy.port}"
    scene.keep(proxy)
    backend = scene.backend()
    field = scene.field()
    gateway = scene.gateway()
    proxy.swallow = True
    field.press(BUTTON)
    gateway.process.until_said(r"process=uplink event=broker_lost", 45)
    proxy.cut()
    proxy.swallow = False
    backend.until_event(type="alarm.raised", rule="emergency_call", deadline_s=90)


class Proxy:
    """Carries bytes between the uplink and the broker, or swallows them."""

    def __init__(self, target):
        self.target, self.swallow, self.links = target, False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                inner, _ = self.listener.accept()
                outer = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.links += [inner, outer]
            for source, sink in ((inner, outer), (outer, inner)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source, sink):
        try:
            while data := source.recv(65536):
                if not self.swallow:
                    sink.sendall(data)
        except OSError:
            pass

    def cut(self):
        for link in self.links:
            link.close()
        self.links = []

    def stop(self):
        self.listener.close()
        self.cut()


def test_a_state_directory_that_is_missing_is_made(scene):
    scene.state = scene.directory / "deep" / "er" / "state"
    scene.overrides["gateway.state"] = str(scene.state)
    scene.everything()
    assert (scene.state / "journal.db").exists()
    assert scene.state.stat().st_mode & 0o777 == 0o700


def test_another_directory_in_place_of_the_state_directory_is_told_as_that_until_the_old_one_is_back(scene):
    backend, field, gateway = scene.everything()
    if re.search(r"event=confined .*landlock=0", gateway.process.text()):
        pytest.skip("this kernel lets a process use any directory: the other one is simply used")
    press(gateway, field)
    backend.until_event(type="alarm.cleared", rule="emergency_call")
    before = max(int(event["sequence"]) for event in backend.events() if "sequence" in event)
    aside = scene.directory / "state.old"
    scene.state.rename(aside)
    shutil.copytree(aside, scene.state)
    field.press("care/talk/button")
    backend.until_event(type="alarm.raised", rule="emergency_call", count=2)
    told = gateway.process.until_said(r"event=journal_failed .*another directory.*").group(0)
    assert "put the state directory back" in told and "restart the gateway" in told, told
    assert not gateway.process.has("nearly full")
    shutil.rmtree(scene.state)
    aside.rename(scene.state)
    gateway.process.until_said("event=journal_records", 60)
    kept = [json.loads(line) for line in gateway.cli("events", "--json").splitlines()]
    calls = [int(event["sequence"]) for event in kept if event["type"].endswith("alarm.raised")]
    assert len(calls) == 3 and calls[-1] > before, calls  # both calls, and that the storage was unwell


def test_without_a_usable_journal_alarms_still_go_out_and_say_so(scene):
    blocker = scene.directory / "blocker"
    blocker.write_text("a file where the directory should be")
    scene.overrides["gateway.state"] = str(blocker / "state")
    scene.start_broker()
    backend, field = scene.backend(), scene.field()
    gateway = scene.gateway(wait=False)
    gateway.process.until_said(r"event=\w+ .*effect=\".*nothing is recorded")
    field.press(BUTTON)
    event = backend.until_event(type="alarm.raised", rule="emergency_call")[0]
    assert event["durable"] is False and "sequence" not in event
    assert re.fullmatch(r"gulou-demo\.main\.r[0-9a-f]{16}\.u\d+", event["id"])
    backend.until_event(type="alarm.raised", rule="system_storage")
    until(lambda: gateway.try_cli("ack", CALL, "--by", "wang")[0] == 0, "the alarm to be acknowledged")
    assert_not_busy(gateway)


@contextlib.contextmanager
def small_disk(scene):
    """The journal's directory is on a file system of 3 MiB of its own; yields where that is mounted."""
    mount = scene.directory / "small"
    mount.mkdir()
    if os.system(f"mount -t tmpfs -o size=3m tocsin-test {mount} 2> /dev/null") != 0:
        pytest.fail("this test needs to mount a tmpfs: run it as root")
    try:
        scene.overrides["gateway.state"] = str(mount / "state")
        scene.state = mount / "state"
        yield mount
    finally:
        for part in reversed(scene.started):
            try:
                part.stop()
            except (AssertionError, OSError, ValueError):
                pass
        scene.started.clear()
        os.system(f"umount {mount}")


def test_a_full_disk_silences_no_alarm_and_loses_no_recorded_event(scene):
    """The disk is filled to the brim, then freed."""
    with small_disk(scene) as mount:
        backend, field, gateway = scene.everything()
        field.press("care/talk/button")
        before = backend.until_event(type="alarm.raised", rule="emergency_call")[0]
        ballast = mount / "ballast"
        file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(file, b"x" * 4096):
                pass
        except OSError:
            os.close(file)
        field.press(BUTTON)
        early = backend.until_event(type="alarm.raised", rule="emergency_call", subject=BUTTON)[0]
        backend.until_event(type="alarm.raised", rule="system_storage")
        if early["durable"] is False:
            assert "sequence" not in early
        gateway.process.until_said(r"event=\w+ .*(No space|full).*effect=")
        assert_not_busy(gateway)
        ballast.unlink()
        again = until(lambda: [e for e in backend.events(type="alarm.raised", rule="emergency_call", subject=BUTTON)
                               if e["durable"]], "the event to be recorded after all", 60)[0]
        if early["durable"] is False:
            assert again["first_sent_as"] == early["id"]
        backend.until_event(type="alarm.cleared", rule="system_storage", deadline_s=60)
        assert before["sequence"] < again["sequence"]
        gateway.stop()


def acknowledged(gateway):
    """The open alarms, each with whether somebody has acknowledged it."""
    return {row["alarm"]: row["state"]["acked"] for row in gateway.alarms()}


@pytest.mark.parametrize("ending", ["stop", "crash"])
def test_a_start_on_a_read_only_disk_forgets_no_open_alarm_and_records_again_when_it_can(scene, ending):
    """Two calls stand when the gateway ends; the next one finds the disk read-only, until somebody mends it."""
    talk, talk_call = "care/talk/button", "emergency_call/care/talk/button"
    dining, dining_call = "care/dining/button", "emergency_call/care/dining/button"
    with small_disk(scene) as mount:
        backend, field, gateway = scene.everything()
        for button in (BUTTON, talk):
            field.press(button)
            backend.until_event(type="alarm.raised", subject=button)
            field.release(button)
            backend.until_event(type="alarm.cleared", subject=button)
        getattr(gateway, ending)()
        (scene.state / "journal.db-shm").unlink(missing_ok=True)  # as a power cut may leave it
        until(lambda: os.system(f"mount -o remount,ro {mount} 2> /dev/null") == 0, "the last writer to be gone")

        gateway = scene.gateway()
        backend.until_event(type="alarm.raised", rule="system_storage")
        until(lambda: {CALL: False, talk_call: False}.items() <= acknowledged(gateway).items(), "both calls to be known")
        field.press(dining)
        early = backend.until_event(type="alarm.raised", subject=dining)[0]
        assert early["durable"] is False
        until(lambda: gateway.try_cli("ack", CALL, "--by", "wang")[0] == 0, "the alarm to be acknowledged")
        until(lambda: acknowledged(gateway)[CALL], "the acknowledgement to be known")
        assert_not_busy(gateway)

        assert os.system(f"mount -o remount,rw {mount}") == 0
        again = until(lambda: [e for e in backend.events(type="alarm.raised", subject=dining) if e["durable"]],
                      "the event to be recorded after all", 60)[0]
        assert again["first_sent_as"] == early["id"]
        backend.until_event(type="alarm.cleared", rule="system_storage", deadline_s=60)
        gateway.stop()

        gateway = scene.gateway()
        until(lambda: {CALL: True, talk_call: False, dining_call: False}.items() <= acknowledged(gateway).items(),
              "all three calls to be known, one of them acknowledged")
        states = [payload for topic, payload, *_ in backend.all() if topic.endswith(f"alarm/{talk_call}")]
        assert states and all(states), "the state of an alarm that stands was taken from the broker"
        # After a crash an event may be sent again, and is the same one then.
        raised = {e["id"]: e["subject"] for e in backend.events(type="alarm.raised", rule="emergency_call") if e["durable"]}
        assert sorted(raised.values()) == sorted((BUTTON, talk, dining))
        gateway.stop()


def test_a_port_in_use_is_one_line_that_says_what_to_do(scene):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        scene.overrides["devices.care-io.address"] = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        from harness import TOCSIN, Process
        process = scene.keep(Process("sim", [TOCSIN, "sim", str(scene.site), *scene.settings()], scene.directory))
        assert process.child.wait(20) == 1
        assert re.search(r"care-io.*", process.text()) and "--set" in process.text()


def test_a_command_without_a_gateway_says_what_is_missing(scene):
    from harness import Gateway
    gateway = Gateway.__new__(Gateway)
    gateway.socket = scene.directory / "nobody.sock"
    code, _out, err = gateway.try_cli("alarms")
    assert code == 1 and str(gateway.socket) in err
    gateway.socket = scene.directory / ("x" * 120)
    code, _out, err = gateway.try_cli("alarms")
    assert code == 2 and "107" in err


def test_a_clock_that_is_behind_what_it_had_shown_is_an_alarm_until_it_has_caught_up(scene):
    """A gateway without a clock battery comes back a quarter of an hour ago; a minute of the site passes in a second."""
    scene.start_broker()
    backend = scene.backend()
    gateway = scene.gateway(["--clock", "2026-11-22T15:00:00+08:00@60"])
    gateway.stop()
    assert not backend.events(type="system.clock_stepped")
    gateway = scene.gateway(["--clock", "2026-11-22T14:45:00+08:00@60"])
    [stepped] = backend.until_event(type="system.clock_stepped")
    assert stepped["data"]["class"] == "system.clock" and stepped["data"]["step_s"] < -60
    [raised] = backend.until_event(type="alarm.raised", rule="system_clock")
    assert raised["data"]["class"] == "system.clock" and raised["subject"] == "gateway"
    # Another start does not make it right, and is no step of its own.
    gateway.kill("engine", signal.SIGKILL)
    [cleared] = backend.until_event(type="alarm.cleared", rule="system_clock", deadline_s=120)
    assert cleared["time"] >= "2026-11-22T07:00:00", "not before it is past what it had shown"
    assert len(backend.events(type="system.clock_stepped")) == 1


@pytest.mark.parametrize("table", ["alarm", "test", "walk", "clock", "flood", "present", "meta"])
def test_a_damaged_page_of_what_a_start_reads_keeps_nobody_from_watching(scene, table):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    gateway.stop()
    field.release(BUTTON)
    journal = scene.state / "journal.db"
    with sqlite3.connect(journal) as db:
        [page] = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]).fetchone()
        [size] = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with journal.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    gateway = scene.gateway()
    gateway.process.until_said("event=journal_damaged")
    field.set("care/dining/smoke-1", 1)
    backend.until_event(type="alarm.raised", rule="fire_alarm")
    assert not gateway.process.has("component_lost component=engine")
    assert list(scene.state.glob("journal.db.bad-*")), "what was there is kept for whoever looks into it"


def log_deleted(state):
    (state / "journal.db-wal").unlink()


def log_changed(state):
    with (state / "journal.db-wal").open("r+b") as log:  # the salt in the header of its second frame
        log.seek(32 + 24 + 4096 + 8)
        log.write(b"\x5a")


def file_emptied(state):
    os.truncate(state / "journal.db", 0)


# A log that was changed is still read where somebody lives who knows what is in it.
@pytest.mark.parametrize("dead,damage", [("all", log_deleted), ("all", log_changed), ("all", file_emptied),
                                         ("engine", log_deleted), ("engine", file_emptied)])
def test_newest_events_that_are_lost_are_told_and_no_number_goes_out_twice(scene, damage, dead):
    backend, field, gateway = scene.everything()
    press(gateway, field, 5)

    def newest_recorded():
        with contextlib.closing(sqlite3.connect(f"file:{scene.state / 'journal.db'}?mode=ro", uri=True)) as db:
            return db.execute("SELECT max(seq) FROM event").fetchone()[0]
    # The uplink, where it lives on, has told the broker all of it, and knows up to where.
    until(lambda: {event.get("sequence") for event in backend.events()} >= set(range(1, newest_recorded() + 1)),
          "all of it at the broker")
    newest = newest_recorded()
    before = {event["id"]: event["time"] for event in backend.events()}
    if dead == "all":
        gateway.crash()
        damage(scene.state)
        gateway = scene.gateway()
    else:
        os.kill(gateway.process.child.pid, signal.SIGSTOP)
        engine = gateway.kill("engine")
        until(lambda: not is_alive(engine), "the engine to be gone")
        damage(scene.state)
        os.kill(gateway.process.child.pid, signal.SIGCONT)
    gateway.process.until_said("event=journal_damaged")
    lost = gateway.process.until_said(r"event=journal_salvaged .*lost=(\d+)")[1]
    assert (int(lost) > 0) == (damage is log_deleted)
    backend.until_event(type="alarm.raised", rule="system_storage")
    field.set("care/dining/smoke-1", 1)
    backend.until_event(type="alarm.raised", rule="fire_alarm")
    for event in backend.events():
        if event["id"] in before:  # sent again: whoever has it drops it
            assert event["time"] == before[event["id"]]
        else:
            assert event.get("sequence", newest + 1) > newest, event


def test_a_stopped_child_is_noticed_and_replaced(scene):
    backend, field, gateway = scene.everything()
    stopped = gateway.kill("field-0", signal.SIGSTOP)
    gateway.process.until_said(r"event=component_hangs component=field-0")
    # What its devices are blamed for has its cause named, once.
    assert len(re.findall(r"event=field_silent component=field-0 silent_ms=\d+ devices=5 ", gateway.process.text())) == 1
    until(lambda: gateway.pids().get("field-0") not in (None, stopped), "a new field process")
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")


def test_a_cut_line_of_a_supervised_button_is_a_fault_and_a_press_is_a_call(scene):
    scene.site = scene.directory / "site.yaml"
    shutil.copytree(ROOT / "deploy" / "example", scene.directory, dirs_exist_ok=True)
    edited = scene.site.read_text().replace(
        "kind: emergency_button, read: discrete 0}",
        "kind: emergency_button, read: holding 40, states: {normal: 512, alarm: 768, open: 1023, short: 0}}")
    assert "states:" in edited
    scene.site.write_text(edited)
    backend, field, gateway = scene.everything()
    field.set(BUTTON, 2)  # what the simulated field takes for a cut line; 3 is a shorted one
    [fault] = backend.until_event(type="alarm.raised", rule="system_sensor_fault", subject=BUTTON)
    assert all(BUTTON in fault["data"]["text"][language] for language in ("zh", "en"))
    assert fault["data"]["priority"] == "high"
    gateway.process.until_said(r'event=value_refused .*holding 40: the line is cut')
    field.set(BUTTON, 0)
    backend.until_event(type="alarm.cleared", rule="system_sensor_fault", subject=BUTTON)
    field.set(BUTTON, 1)
    backend.until_event(type="alarm.raised", rule="emergency_call", subject=BUTTON)
    field.set(BUTTON, 3)  # a line that is shorted while somebody calls clears nothing
    backend.until_event(type="alarm.reraised", rule="system_sensor_fault", subject=BUTTON)
    assert not backend.events(type="alarm.cleared", rule="emergency_call")


def test_a_name_in_another_encoding_is_refused_and_no_act_recorded_under_another(scene):
    backend, field, gateway = scene.everything()
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    for words in ((b"--by", b"\xcd\xf5"), (b"--by", b"wang\nli"), (b"--by", b"wang", b"--reason", b"\xff")):
        done = subprocess.run([TOCSIN.encode(), b"ack", CALL.encode(), *words], capture_output=True,
                              env={**os.environ, "TOCSIN_SOCKET": str(gateway.socket)})
        assert done.returncode == 2 and b"UTF-8" in done.stderr
    gateway.cli("ack", CALL, "--by", "王")
    [acknowledged] = backend.until_event(type="alarm.acknowledged", rule="emergency_call")
    assert acknowledged["data"]["actor"].startswith("王")


def test_following_events_ends_when_nobody_reads_them(scene):
    _backend, field, gateway = scene.everything()
    field.press(BUTTON)
    with subprocess.Popen([TOCSIN, "events", "--follow"], stdout=subprocess.PIPE,
                          env={**os.environ, "TOCSIN_SOCKET": str(gateway.socket)}) as follower:
        assert follower.stdout.readline()
        follower.stdout.close()
        assert follower.wait(30) in (0, -signal.SIGPIPE)

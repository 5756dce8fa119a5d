# SPDX-License-Identifier: Apache-2.0
"""The processes: what systemd hears, how what fails is started again, who polls what, and a clock that runs fast."""

import asyncio
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from harness import button_site, free_port, until
from test_figures import figure

BUTTON = "care/day-care/button-1"


class Systemd:
    """The other end of NOTIFY_SOCKET: every datagram, in the order in which it was sent."""

    def __init__(self, directory):
        self.path = Path(directory) / "notify.sock"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.heard = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except OSError:
                return

    def until_heard(self, text, since=0, deadline_s=30):
        """The position of the first datagram at or after `since` that holds the line `text`."""
        def position():
            for at, datagram in enumerate(self.heard[since:], since):
                if text in datagram.split("\n"):
                    return at + 1
            return None
        return until(position, f"systemd to hear {text}", deadline_s, lambda: f"\nheard: {self.heard}") - 1

    def stop(self):
        self.socket.close()


def watched(scene, watchdog_us):
    """A gateway that systemd watches; returns what systemd hears and the gateway."""
    systemd = scene.keep(Systemd(scene.directory))
    environment = {"NOTIFY_SOCKET": str(systemd.path)}
    if watchdog_us:
        environment["WATCHDOG_USEC"] = str(watchdog_us)
    return systemd, scene.gateway(environment=environment)


def test_systemd_hears_ready_then_that_all_is_well_then_the_stop(scene):
    scene.start_broker()
    systemd, gateway = watched(scene, 200_000)
    ready = systemd.until_heard("READY=1")
    assert "STATUS=watching" in systemd.heard[ready].split("\n")
    assert gateway.process.has(r"event=watching ")
    assert not any("WATCHDOG=1" in datagram for datagram in systemd.heard[:ready])
    first = systemd.until_heard("WATCHDOG=1", ready)
    second = systemd.until_heard("WATCHDOG=1", first + 1)
    systemd.until_heard("WATCHDOG=1", second + 1)
    assert gateway.stop() == 0
    stopping = systemd.until_heard("STOPPING=1")
    assert not any("WATCHDOG=1" in datagram for datagram in systemd.heard[stopping:])
    assert sum("READY=1" in datagram for datagram in systemd.heard) == 1


def test_who_asks_when_systemd_hears_ready_is_told_that_rooms_are_watched(scene):
    scene.start_broker()
    scene.field()
    systemd = scene.keep(Systemd(scene.directory))
    for times in range(1, 6):
        gateway = scene.gateway(wait=False, environment={"NOTIFY_SOCKET": str(systemd.path)})
        until(lambda: sum("READY=1" in datagram for datagram in systemd.heard) == times, "READY=1")
        code, said, _ = gateway.try_cli("health")
        assert code == 0, said
        gateway.stop()


def test_the_watchdog_is_not_fed_while_a_component_makes_no_progress(scene):
    scene.start_broker()
    backend = scene.backend()
    field = scene.field()
    systemd, gateway = watched(scene, 200_000)
    fed = systemd.until_heard("WATCHDOG=1")
    stopped = gateway.kill("field-0", signal.SIGSTOP)
    silent = systemd.until_heard("STATUS=field-0 makes no progress; it is started again", fed)
    again = systemd.until_heard("STATUS=watching", silent)
    assert systemd.heard[silent + 1:again] == [], "nothing is fed in between"
    systemd.until_heard("WATCHDOG=1", again)

    assert gateway.process.has(rf"event=component_hangs component=field-0 pid={stopped} .*effect=")
    assert gateway.process.has(rf'event=component_lost component=field-0 pid={stopped} how="killed by signal 9"')
    until(lambda: gateway.pids().get("field-0") not in (None, stopped), "a new field process")
    backend.until_event(type="alarm.raised", rule="system_component_lost", subject="component/field-0")
    backend.until_event(type="alarm.cleared", rule="system_component_lost", subject="component/field-0")
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")


def test_a_machine_that_stood_still_blames_no_device_and_starts_nothing_again(scene):
    backend, field, gateway = scene.everything()
    backend.until_event(type="system.started")
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    pids = gateway.pids()
    everyone = [*pids.values(), gateway.process.child.pid]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(12)  # longer than any device or process may be silent
    for pid in everyone:
        os.kill(pid, signal.SIGCONT)
    until(lambda: gateway.process.has(r"event=stood_still stood_ms=1\d{4} .*no device is blamed"), "the engine to say so")
    until(lambda: figure(gateway, "standstills_total") == 1, "the counter")
    field.press("care/bath/cord")
    backend.until_event(type="alarm.raised", rule="bathroom_call")
    assert not backend.events(rule="system_device_lost")
    assert not backend.events(rule="system_component_lost")
    assert gateway.pids() == pids


def test_who_does_not_want_a_watchdog_hears_none_but_the_state(scene):
    scene.start_broker()
    systemd, gateway = watched(scene, None)
    ready = systemd.until_heard("READY=1")
    gateway.kill("uplink", signal.SIGSTOP)
    silent = systemd.until_heard("STATUS=uplink makes no progress; it is started again", ready)
    systemd.until_heard("STATUS=watching", silent)
    assert not any("WATCHDOG" in datagram for datagram in systemd.heard)


def test_a_component_that_dies_while_all_are_stopped_is_not_told_as_lost(scene):
    backend, _field, gateway = scene.everything()
    backend.until_event(type="system.started")
    os.kill(scene.broker.process.child.pid, signal.SIGSTOP)  # the uplink waits for it, for a while
    gateway.process.child.send_signal(signal.SIGTERM)
    until(lambda: "console" not in gateway.pids(), "the first to be stopped")
    gateway.kill("field-0")
    assert "uplink" in gateway.pids(), "the field was killed before its turn"
    gateway.stop()
    os.kill(scene.broker.process.child.pid, signal.SIGCONT)
    gateway = scene.gateway()
    backend.until_event(type="system.started", count=2)
    told = gateway.cli("events", "--json")
    assert "system.started" in told and "component_lost" not in told


def lost(gateway, component):
    """(how long it lived, when it comes back) of each life that ended, in ms, as the supervisor tells."""
    return [(int(lived), int(wait)) for lived, wait in re.findall(
        rf"event=component_lost component={component} .*lived_ms=(\d+) restart_in_ms=(\d+) ", gateway.process.text())]


def test_the_back_off_grows_only_after_short_lives_and_ends_at_five_seconds(scene):
    scene.start_broker()
    gateway = scene.gateway()
    while len(lost(gateway, "uplink")) < 9:
        told = len(lost(gateway, "uplink"))
        gateway.kill("uplink")
        until(lambda: len(lost(gateway, "uplink")) > told, "the loss to be told")
    lives = lost(gateway, "uplink")
    ladder = [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]
    step = 0
    for lived_ms, wait_ms in lives:
        step = 0 if lived_ms >= 5000 else step
        assert wait_ms == ladder[min(step, 8)], lives
        step += 1
    assert lives[-1][1] == 5000, lives

    # One long life, and the next restart is at once again.
    until(lambda: "uplink" in gateway.pids(), "the next life")
    begin = time.monotonic()
    until(lambda: time.monotonic() - begin > 5.5, "a long life")
    gateway.kill("uplink")
    until(lambda: len(lost(gateway, "uplink")) > len(lives), "the loss to be told")
    lived_ms, wait_ms = lost(gateway, "uplink")[-1]
    assert lived_ms >= 5000 and wait_ms == 0


def test_a_component_that_never_comes_up_does_not_keep_the_others_from_starting(scene):
    scene.start_broker()
    backend = scene.backend()
    gateway = scene.gateway(wait=False)
    ended = threading.Event()

    def kill_each():
        while not ended.is_set():
            pid = gateway.pids().get("tocsin")  # its name as long as it has not read its setup
            pid = pid if pid and (gateway.pids().keys() & {"engine"}) else gateway.pids().get("field-0")
            if pid:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
    killer = threading.Thread(target=kill_each)
    killer.start()
    try:
        until(lambda: {"uplink", "console"} <= gateway.pids().keys(), "the others to be started")
        until(lambda: gateway.try_cli("alarms")[0] == 0, "the console to answer")
        backend.until_event(type="alarm.raised", rule="system_component_lost", subject="component/field-0")
    finally:
        ended.set()
        killer.join()
    gateway.until_healthy()
    gateway.process.until_said("event=watching")


class ButtonServer:
    """One socket on all loopback addresses: each is a device whose button is not pressed, or is."""

    def __init__(self):
        self.port = free_port()
        self.pressed, self.requests = set(), {}
        self.loop = asyncio.new_event_loop()
        self.listening = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()
        assert self.listening.wait(30)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.serve, "0.0.0.0", self.port, backlog=1024))
        self.listening.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        device = writer.get_extra_info("sockname")[0]
        try:
            while True:
                head = await reader.readexactly(7)
                body = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
                assert body == bytes.fromhex("0200000001"), "read one discrete input"
                self.requests[device] = self.requests.get(device, 0) + 1
                writer.write(head[:4] + b"\0\4" + head[6:7] + b"\2\1" + bytes([device in self.pressed]))
        except asyncio.IncompleteReadError:
            writer.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)


def connections(pid, port):
    """The remote addresses of a process's connections to `port`, as the kernel tells."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(descriptor)))
        except OSError:
            continue
    found = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        address, remote_port = words[2].split(":")
        if words[9] in inodes and int(remote_port, 16) == port and words[3] == "01":
            found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]))
    return found


def test_more_than_800_connections_are_shared_by_several_field_processes(scene):
    server = scene.keep(ButtonServer())
    addresses = [f"127.1.{n // 200}.{n % 200 + 1}" for n in range(805)]
    # None is lost because one thread here has 805 to answer, on a machine that has other things to do.
    button_site(scene, [(f"tcp://{address}:{server.port}", "1 s", "20 s") for address in addresses])
    scene.start_broker()
    backend, gateway = scene.backend(), scene.gateway()
    pids = gateway.pids()
    assert set(pids) == {"engine", "field-0", "field-1", "uplink", "console"}
    until(lambda: all(server.requests.get(address, 0) >= 2 for address in addresses), "all devices to be polled")
    until(lambda: connections(pids["field-0"], server.port) == set(addresses[:800]), "the first one's share")
    until(lambda: connections(pids["field-1"], server.port) == set(addresses[800:]), "the other's share")
    assert backend.events(rule="system_device_lost") == []

    server.pressed.update((addresses[799], addresses[800]))
    for n in (799, 800):
        backend.until_event(type="alarm.raised", rule="call", subject=f"room/button-{n}")

    # One of them dies: the other's devices are polled on, and the dead one's come back.
    gateway.kill("field-1")
    backend.until_event(type="alarm.raised", rule="system_component_lost", subject="component/field-1")
    backend.until_event(type="alarm.cleared", rule="system_component_lost", subject="component/field-1")
    until(lambda: connections(gateway.pids()["field-1"], server.port) == set(addresses[800:]), "its share again")
    assert gateway.pids()["field-0"] == pids["field-0"]
    assert backend.events(type="alarm.raised", rule="system_component_lost", subject="component/field-0") == []


def wall(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_at_sixty_times_the_pace_a_delay_still_takes_its_time_on_the_clock(scene):
    scene.start_broker()
    backend = scene.backend()
    clock = ["--clock", "2026-11-22T23:00:00+08:00@60"]  # a Sunday night: the service centre is closed
    field = scene.field(arguments=clock)
    scene.gateway(arguments=clock)
    field.say('mqtt field/gate/door {"open":true}')
    held = backend.until_event(type="alarm.raised", rule="door_held", subject="hall/gate/door")[0]
    opened = until(lambda: next((json.loads(payload) for topic, payload, *_ in backend.all()
                                 if topic.endswith("/point/hall/gate/door") and json.loads(payload)["value"] == 1), None), "the value")
    assert wall(opened["time"]) >= wall("2026-11-22T15:00:00Z"), "the clock begins where it was told to"
    assert wall(held["time"]) - wall(opened["time"]) >= timedelta(seconds=30)
    assert wall(held["data"]["measured"]) == wall(opened["time"])


def test_at_sixty_times_the_pace_no_poll_is_closer_than_10_ms_and_nothing_falls_silent(scene):
    """600 ms and 100 ms at this pace are 10 ms and 1.7 ms of real time: both are polled each 10 ms."""
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", poll) for poll in ("600 ms", "100 ms", "30 s")])
    scene.start_broker()
    backend = scene.backend()
    clock = ["--clock", "2026-11-22T10:00:00+08:00@60"]
    field = scene.field(arguments=clock)
    gateway = scene.gateway(arguments=clock)
    until(lambda: field.polls("d2") > 3, "polling")
    begin = [field.polls(f"d{n}") for n in range(3)]
    until(lambda: field.polls("d0") >= begin[0] + 300, "300 polls of d0")
    polls = [field.polls(f"d{n}") - begin[n] for n in range(3)]
    assert abs(polls[1] - polls[0]) <= 45, f"{polls}: d1 would be polled six times as often without the limit"
    assert polls[2] * 2 < polls[0], f"{polls}: d2 keeps its own pace, fifty times slower"
    assert backend.events(type="alarm.raised") == []
    assert not gateway.process.has("event=device_lost")


def test_every_thread_of_every_component_is_confined_and_the_first_lines_of_the_log_say_so(scene):
    _backend, _field, gateway = scene.everything()
    for name, pid in gateway.pids().items():
        for thread in Path(f"/proc/{pid}/task").iterdir():
            status = (thread / "status").read_text()
            assert "\nNoNewPrivs:\t1\n" in status and "\nSeccomp:\t2\n" in status, f"{name}: {status}"
        first = next(line for line in gateway.process.text().splitlines() if f"process={name} " in line)
        assert re.search(r'event=confined user=\d+ seccomp=on landlock=\d+ effect=".+"$', first), first


def test_started_as_root_the_components_become_another_user_and_the_state_is_theirs(scene):
    assert os.geteuid() == 0, "this test needs root"
    nobody = pwd.getpwnam("nobody")
    scene.directory.chmod(0o711)
    backend, field, gateway = scene.everything()  # an earlier life, as root, leaves its files behind
    field.press(BUTTON)
    backend.until_event(type="alarm.raised", rule="emergency_call")
    gateway.stop()
    assert (scene.state / "journal.db").stat().st_uid == 0

    os.symlink("/etc/hostname", scene.state / "link")
    before = os.stat("/etc/hostname").st_uid
    gateway = scene.gateway(["--user", "nobody"])
    for name, pid in gateway.pids().items():
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(rf"\nUid:(\t{nobody.pw_uid}){{4}}\nGid:(\t{nobody.pw_gid}){{4}}\n", status), status
        assert re.search(r"\nCapEff:\t0+\n", status), f"{name} has kept a capability"
        assert gateway.process.has(rf"process={name} event=confined user={nobody.pw_uid} ")
    for file in (scene.state, scene.state / "journal.db", scene.state / "boot", scene.directory / "run"):
        assert file.stat().st_uid == nobody.pw_uid, file
    assert os.stat("/etc/hostname").st_uid == before, "what a link points to is not given away"
    gateway.cli("ack", "emergency_call/care/day-care/button-1", "--by", "wang")
    backend.until_event(type="alarm.acknowledged", rule="emergency_call")
    field.press("care/dining/button")
    backend.until_event(type="alarm.raised", rule="emergency_call", subject="care/dining/button")


def test_a_user_that_cannot_be_is_one_line_and_no_start(scene):
    gateway = scene.gateway(["--user", "no-such-user"], wait=False)
    assert gateway.process.child.wait(20) == 2
    assert gateway.process.has(r'event=user_unusable user="no-such-user" error="there is no such user" '
                               r'effect="not started')


def test_a_confined_uplink_reads_its_certificate_and_key_even_when_they_are_renewed(scene):
    secrets = scene.directory / "secrets"
    secrets.mkdir()

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, cwd=secrets, capture_output=True)

    def issue(name, host):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={host}")
        (secrets / "san").write_text(f"subjectAltName=DNS:{host},IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "san", "-out", f"{name}.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=test")
    issue("server", "127.0.0.1")
    issue("client", "gateway")
    port = free_port()
    scene.broker.extra = (f"listener {port} 127.0.0.1\ncafile {secrets}/ca.pem\ncertfile {secrets}/server.pem\n"
                          f"keyfile {secrets}/server.key\nrequire_certificate true\n")
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    scene.site.write_text(scene.site.read_text().replace(
        f'brokers: ["tcp://127.0.0.1:{scene.broker.port}"]',
        f'brokers: ["ssl://127.0.0.1:{port}"], ca: secrets/ca.pem, cert: secrets/client.pem, key: secrets/client.key'))
    backend, field, gateway = scene.everything()
    field.press("room/button-0")
    backend.until_event(type="alarm.raised", rule="call")

    scene.broker.stop()
    gateway.process.until_said("event=broker_lost")
    for old in ("client.pem", "client.key"):
        (secrets / old).unlink()
    issue("client", "gateway-renewed")
    field.release("room/button-0")
    scene.broker.start()
    backend.until_event(type="alarm.cleared", rule="call", deadline_s=60)

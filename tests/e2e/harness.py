# SPDX-License-Identifier: Apache-2.0
"""The real thing, in a scratch directory: a broker, a simulated field, a gateway, a backend that listens.

Every part is a real process on free loopback ports. Nothing here waits by the clock: `until` looks for a
condition and fails, with the logs, when a deadline passes.
"""

import contextlib
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOCSIN = os.environ.get("TOCSIN", str(ROOT / "build" / "gcc" / "gateway" / "tocsin"))
SITE = ROOT / "deploy" / "example" / "site.yaml"
DEADLINE_S = 30.0


# Below the ports that the kernel gives to whoever connects, or a connection could take one before it is
# used; each process that runs tests begins somewhere else.
PORTS = range(10000, 32768)
next_port = itertools.cycle([*PORTS[os.getpid() * 2003 % len(PORTS):], *PORTS[:os.getpid() * 2003 % len(PORTS)]])


def free_port():
    """A loopback port that nobody has, and nobody was given by us for a long time."""
    for port in next_port:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def until(condition, what, deadline_s=DEADLINE_S, context=None):
    """Return the first true value of condition(); fail, saying `what` never came, after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s:g} s in vain for {what}" + (context() if context else ""))
        threading.Event().wait(0.01)


@contextlib.contextmanager
def disk_in_memory(scene, place, options):
    """A file system of its own at `place`, until what the scene has started has been stopped."""
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tocsin-test", place]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here: run it as root")
    yield place
    for part in reversed(scene.started):
        with contextlib.suppress(AssertionError, OSError, ValueError):
            part.stop()
    scene.started.clear()
    subprocess.run(["umount", place], check=True)


def fill(place):
    """Somebody else takes all that is left."""
    ballast = place / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with contextlib.suppress(OSError):
        while os.write(file, b"x" * 4096):
            pass
    os.close(file)
    return ballast


# Who stands beside the engineer that the command line acts as, where something takes two people.
SECOND = ("--second", "guo", "--second-role", "security")


def button_site(scene, devices):
    """Give the scene a site of Modbus devices d0, d1 … with an emergency button each: (address, poll) per device, and
    a time-out where it is not a second."""
    (scene.directory / "button-rules.yaml").write_text(
        "rules:\n  - rule: call\n    each: point emergency_button\n    raise: value\n    class: call.emergency\n"
        '    message: {zh: 呼叫, en: call}\n    response: {zh: 去, en: go}\n')
    scene.site, scene.overrides = scene.directory / "buttons.yaml", {}
    scene.site.write_text(
        "tocsin: 1\nsite: {id: buttons, name: {zh: 按钮, en: Buttons}, timezone: Asia/Shanghai}\n"
        f"gateway: {{id: main, state: {scene.state}}}\n"
        f'mqtt: {{brokers: ["tcp://127.0.0.1:{scene.broker.port}"], version: 5}}\n'
        "rules: [button-rules.yaml]\nplaces:\n  - {id: room, kind: day_care_room, name: {zh: 房, en: Room}}\n"
        "devices:\n" + "".join(
            f"  - id: d{n}\n    driver: modbus\n    address: {address}\n    unit: 1\n    poll: {poll}\n"
            f"    timeout: {timeout or '1 s'}\n    points:\n"
            f"      - {{point: button-{n}, place: room, kind: emergency_button, read: discrete 0}}\n"
            for n, (address, poll, timeout) in enumerate((*device, None)[:3] for device in devices)))


class Process:
    """A child with its output in a file."""

    def __init__(self, name, arguments, directory, environment=None):
        self.name = name
        self.log_path = Path(directory) / f"{name}.log"
        self.log = open(self.log_path, "ab")
        self.begin = self.log.tell()  # of what it says: an earlier life may have the same file
        self.child = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})})

    def text(self):
        return self.log_path.read_text(errors="replace")

    def said_by_now(self):
        """What it has said itself, without earlier lives in its file."""
        return self.log_path.read_bytes()[self.begin:].decode(errors="replace")

    def has(self, pattern):
        return re.search(pattern, self.text())

    def until_said(self, pattern, deadline_s=DEADLINE_S):
        return until(lambda: self.has(pattern), f"{self.name} to say /{pattern}/", deadline_s,
                     lambda: "\n" + self.text()[-4000:])

    def stop(self, number=signal.SIGTERM, deadline_s=15):
        """Stop it and return its exit code (negative: killed by that signal)."""
        if self.child.poll() is None:
            self.child.send_signal(number)
        try:
            return self.child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.name} did not stop within {deadline_s} s\n" + self.text()[-4000:])
        finally:
            self.log.close()


class Broker:
    """A mosquitto of its own."""

    def __init__(self, directory, extra="", anonymous=True):
        self.directory = Path(directory)
        self.port = free_port()
        self.extra = extra
        self.anonymous = anonymous
        self.persistent = False  # remember subscribers over a clean stop
        self.process = None

    def start(self):
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text(f"listener {self.port} 127.0.0.1\nuser root\n"
                                 f"persistence {str(self.persistent).lower()}\n"
                                 f"persistence_location {self.directory}/\n"
                                 f"allow_anonymous {str(self.anonymous).lower()}\n"
                                 f"max_queued_messages 100000\n{self.extra}")
        self.process = Process("mosquitto", ["/usr/sbin/mosquitto", "-c", str(configuration)], self.directory)
        until(self.answers, "mosquitto to listen", context=lambda: "\n" + self.process.text())
        return self

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.stop(number)
            self.process = None


class Backend:
    """A monitoring backend: an independent MQTT client that keeps everything it receives."""

    def __init__(self, port, topic="tocsin/#"):
        self.lock = threading.Lock()
        self.messages = []  # (topic, payload bytes, retained, when on time.monotonic)
        self.client = mqtt.Client(client_id=f"backend-{os.getpid()}-{id(self)}", clean_session=False)
        self.subscribed = threading.Event()
        self.topic = topic
        self.client.on_connect = lambda client, *_: client.subscribe(self.topic, qos=1)
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self.received
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.client.connect("127.0.0.1", port, keepalive=30)
        self.client.loop_start()
        assert self.subscribed.wait(DEADLINE_S)

    def received(self, _client, _data, message):
        with self.lock:
            # A broker that ends before it has our PUBACK sends a message again (MQTT 3.1.1, 4.4); that says
            # nothing of the gateway, whose own repetitions arrive without this flag (3.3.1.1).
            if message.dup and any(known[:2] == (message.topic, message.payload) for known in self.messages):
                return
            self.messages.append((message.topic, message.payload, message.retain, time.monotonic()))

    def all(self):
        with self.lock:
            return list(self.messages)

    def events(self, type=None, rule=None, subject=None):
        """Every event received, in order of arrival, with its topic under "topic". One that went out before a slow disk had
        recorded it comes again under its number, and is then here as that, once."""
        found, places = [], {}
        for topic, payload, _retained, when in self.all():
            if "/event/" not in topic:
                continue
            event = json.loads(payload)
            event["topic"], event["arrived"] = topic, when
            if type is not None and event["type"] != f"tocsin.{type}":
                continue
            if rule is not None and event["data"].get("rule") != rule:
                continue
            if subject is not None and event.get("subject") != subject:
                continue
            place = places.get(event.get("first_sent_as"))
            if place is None:
                places[event["id"]] = len(found)
                found.append(event)
            else:
                found[place] = event
        return found

    def until_event(self, deadline_s=DEADLINE_S, count=1, **wanted):
        def enough():
            events = self.events(**wanted)
            return events if len(events) >= count else None
        return until(enough, f"{count} event(s) {wanted}", deadline_s,
                     lambda: "\nreceived: " + "\n".join(f"{t} {p[:200]!r}" for t, p, *_ in self.all()[-20:]))

    def latest(self, topic_end):
        """The newest payload of the topic that ends so; None if there was none."""
        for topic, payload, _retained, _when in reversed(self.all()):
            if topic.endswith(topic_end):
                return payload
        return None

    def stop(self):
        self.client.loop_stop()
        self.client.disconnect()


class Field:
    """`tocsin sim` with its control line."""

    def __init__(self, scene, story=None, arguments=()):
        self.scene = scene
        self.control = scene.directory / "sim.sock"
        command = [TOCSIN, "sim", str(scene.site), "--control", str(self.control), *scene.settings(), *arguments]
        if story:
            command += ["--story", str(story)]
        self.process = Process("sim", command, scene.directory)
        self.process.until_said("event=sim_ready")  # the socket's name is there before it is listened to

    def say(self, line):
        if line.startswith("mqtt "):
            self.scene.until_heard()
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(DEADLINE_S)
            link.connect(str(self.control))
            link.sendall((line + "\n").encode())
            answer = link.makefile().readline().strip()
        assert answer.startswith("ok"), f"{line!r} was answered {answer!r}"
        return answer[2:].strip()

    def set(self, point, value):
        return self.say(f"set {point} {value}")

    def press(self, point):
        """Press and release: as long as it takes until the device has been read once in between."""
        self.set(point, 1)

    def release(self, point):
        self.set(point, 0)

    def polls(self, device):
        return int(self.say(f"polls {device}"))

    def stop(self):
        return self.process.stop()


class Line(http.client.HTTPConnection):
    """HTTP over the console's socket."""

    def __init__(self, path):
        super().__init__("gateway", timeout=DEADLINE_S)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    """What the console answered: status, headers, and the body as bytes and, where it is that, JSON."""

    def __init__(self, response):
        self.status, self.headers, self.bytes = response.status, response.headers, response.read()
        self.type = self.headers.get_content_type() if "Content-Type" in self.headers else None
        self.body = json.loads(self.bytes) if self.type and self.type.endswith("json") and self.bytes else None


class Gateway:
    """`tocsin run` and its command line."""

    def __init__(self, scene, arguments=(), wait=True, environment=None):
        self.scene, self.is_listening = scene, False
        self.socket = scene.directory / "run" / "console.sock"
        self.process = Process("gateway", [*scene.before, TOCSIN, "run", str(scene.site), "--run", str(scene.directory / "run"),
                                           *scene.settings(), *arguments], scene.directory, environment)
        if wait:
            self.until_healthy()

    def until_healthy(self, deadline_s=DEADLINE_S):
        until(lambda: self.try_cli("health")[0] == 0, "the gateway to be healthy", deadline_s,
              lambda: "\n" + self.process.text()[-6000:])

    def try_cli(self, *arguments, standard_input=None):
        """Run a command; return its exit code, output and errors."""
        done = subprocess.run([TOCSIN, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, input=standard_input,
                              env={**os.environ, "TOCSIN_SOCKET": str(self.socket), "LANG": "C.UTF-8"})
        return done.returncode, done.stdout, done.stderr

    def cli(self, *arguments):
        code, out, err = self.try_cli(*arguments)
        assert code == 0, f"tocsin {' '.join(arguments)} ended with {code}\n{out}\n{err}"
        return out

    def ask(self, path, method="GET", role=None, body=None, headers=()):
        """Ask the console as somebody in the role, or as who may do everything."""
        line = Line(self.socket)
        told = {"Content-Type": "application/json", **dict(headers), **({"Tocsin-Role": role} if role else {})}
        try:
            line.request(method, path, body=None if body is None else json.dumps(body), headers=told)
            return Answer(line.getresponse())
        finally:
            line.close()

    def alarms(self, *arguments):
        return [json.loads(line) for line in self.cli("alarms", "--json", *arguments).splitlines()]

    def pids(self):
        """The components by name, as the kernel tells: {"engine": pid, …}."""
        found = {}
        for task in Path("/proc").glob("[0-9]*"):
            try:
                status = (task / "status").read_text()
                if f"\nPPid:\t{self.process.child.pid}\n" in status:
                    found[(task / "comm").read_text().strip()] = int(task.name)
            except OSError:
                continue
        found.pop("keeper", None)  # who keeps the site that was accepted is there only while it writes
        return found

    def kill(self, name, number=signal.SIGKILL):
        pid = until(lambda: self.pids().get(name), f"a process {name}")
        os.kill(pid, number)
        return pid

    def boot(self):
        """That of the engine which the console has heard last."""
        return json.loads(self.cli("version", "--json"))["gateway"]["boot"]

    def kill_engine(self):
        """Kill it and wait for another. Health alone would not do: it may be read before the loss is seen."""
        before = self.boot()
        self.kill("engine")
        until(lambda: self.boot() != before, "another engine")
        self.until_healthy()

    def crash(self):
        """As a power cut: all of its processes at once, and none gets to put anything in order."""
        os.kill(self.process.child.pid, signal.SIGSTOP)
        pids = self.pids().values()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.stop(signal.SIGKILL)
        until(lambda: not any(is_alive(pid) for pid in pids), "all of its processes to be gone")

    def stop(self, number=signal.SIGTERM):
        return self.process.stop(number)


def is_alive(pid):
    """Is there such a process, with its files open? One that was killed has them until its last thread is gone."""
    def lives(thread):
        try:
            return "\nState:\tZ" not in (thread / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
    return any(map(lives, Path(f"/proc/{pid}/task").glob("*")))


class Scene:
    """A site on free ports in a scratch directory, and what a test starts of it."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="tocsin-e2e."))
        self.site = SITE
        self.state = self.directory / "state"
        self.broker = Broker(self.directory)
        self.overrides = {
            "gateway.state": str(self.state),
            "gateway.console.listen": f"127.0.0.1:{free_port()}",
            "mqtt.brokers.0": f"tcp://127.0.0.1:{self.broker.port}",
            "devices.doors.broker": f"tcp://127.0.0.1:{self.broker.port}",
            "devices.climate.address": f"rtu:{self.directory}/climate.tty?baud=9600&parity=none&stop=1",
        }
        for device in ("care-io", "fire-panel", "sport-io"):
            self.overrides[f"devices.{device}.address"] = f"tcp://127.0.0.1:{free_port()}"
        self.before = []  # words before `tocsin run`
        self.started = []

    def settings(self):
        return [word for path, value in self.overrides.items() for word in ("--set", f"{path}={value}")]

    def keep(self, part):
        self.started.append(part)
        return part

    def start_broker(self):
        return self.keep(self.broker).start()

    def backend(self, topic="tocsin/#"):
        return self.keep(Backend(self.broker.port, topic))

    def field(self, story=None, arguments=()):
        return self.keep(Field(self, story, arguments))

    def gateway(self, arguments=(), wait=True, environment=None):
        return self.keep(Gateway(self, arguments, wait, environment))

    def until_heard(self):
        """Wait until every gateway that lives listens to sensors that publish: what they say before is kept for nobody."""
        for gateway in self.started:
            if isinstance(gateway, Gateway) and not gateway.is_listening and gateway.process.child.poll() is None:
                until(lambda: "event=device_answers device=doors " in gateway.process.said_by_now(), "the gateway to listen to sensors",
                      context=lambda: "\n" + gateway.process.text()[-3000:])
                gateway.is_listening = True

    def everything(self, story=None):
        """Broker, backend, field and gateway, all at work."""
        self.start_broker()
        return self.backend(), self.field(story), self.gateway()

    def until_all_is_taken(self):
        """The last event of the journal, once the gateway knows that the broker has all up to it."""
        def taken():
            with sqlite3.connect(f"file:{self.state}/journal.db?mode=ro", uri=True) as journal:
                lanes = dict(journal.execute("SELECT lane, max(seq) FROM event GROUP BY lane"))
                sent = dict(journal.execute("SELECT lane, seq FROM sink WHERE sink = 'mqtt'"))
            whole = lanes and all(sent.get(lane, 0) >= seq for lane, seq in lanes.items())
            return max(lanes.values()) if whole else 0
        return until(taken, "the broker to have taken all")

    def close(self, kept=False):
        """Stop all that was started; the scratch directory goes, unless it is kept."""
        failures = []
        for part in reversed(self.started):
            try:
                part.stop()
            except AssertionError as failure:
                failures.append(str(failure))
            except (OSError, ValueError):
                pass  # a test stopped it already
        if not kept:
            shutil.rmtree(self.directory, ignore_errors=True)
        assert not failures, "\n".join(failures)

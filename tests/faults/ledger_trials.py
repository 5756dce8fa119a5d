# SPDX-License-Identifier: Apache-2.0
"""What a run of the ledger goes through instead of kills: children that do not move, and a site that changes.

A child hangs when its process is stopped (SIGSTOP), or only the thread of its loop while its other threads go on
(ptrace(2), PTRACE_INTERRUPT): to its supervisor both are silent.
"""

import ctypes
import os
import re
import signal
import threading
import time

from harness import until

PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
NOTICED_S = 40   # a hang that has not been noticed by then never will be
BLIND_S = 15     # the same, where nobody is there to notice
RELOADED_S = 60
LONG_LIFE_S = 5.2  # a child that lived so long is started again at once


class StoppedThread:
    """The first thread of a process does not move until the process is killed or this is let go."""

    def __init__(self, pid):
        self.pid, self.stopped, self.error = pid, threading.Event(), None
        self.thread = threading.Thread(target=self.hold, daemon=True)
        self.thread.start()
        self.stopped.wait(10)
        if self.error is not None:
            raise self.error

    def hold(self):
        library = ctypes.CDLL(None, use_errno=True)
        for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
            if library.ptrace(request, self.pid, None, None) != 0:
                self.error = OSError(ctypes.get_errno(), "ptrace")
                self.stopped.set()
                return
        try:
            while os.WIFSTOPPED(os.waitpid(self.pid, WALL)[1]):
                self.stopped.set()
        except ChildProcessError:
            pass
        self.stopped.set()


class Hangs:
    """Each is noticed, told and ended by a new process; `noticed_s` and `restarted_s` say after which time."""

    WAYS = ("process", "thread")

    def __init__(self, stage, victims):
        self.stage, self.victims = stage, victims
        self.noticed_s, self.restarted_s = [], []
        self.by_way = dict.fromkeys(self.WAYS, 0)
        self.unnoticed = []
        self.by_name = dict.fromkeys(victims, 0)

    def told(self, name):
        return len(re.findall(rf"event=component_hangs component={name} ", self.stage.gateway.process.text()))

    def run(self, count, deadline_s=NOTICED_S):
        """Each of the victims in turn, or two at once, in either way."""
        turns = [(name, way) for way in self.WAYS for name in self.victims]
        self.stage.random.shuffle(turns)
        for number in range(count):
            name, way = turns[number % len(turns)]
            until(lambda: self.lives_long(name), f"{name} to have lived for a while", 60)
            self.hang(name, way, deadline_s)

    def lives_long(self, name):
        pid = self.stage.gateway.pids().get(name)
        born = self.stage.born.setdefault(pid, time.monotonic())
        return pid is not None and time.monotonic() - born >= LONG_LIFE_S

    def hang(self, name, way, deadline_s):
        told, pid, begun = self.told(name), self.stage.gateway.pids()[name], time.monotonic()
        if way == "thread":
            StoppedThread(pid)
        else:
            os.kill(pid, signal.SIGSTOP)
        self.by_way[way] += 1
        self.by_name[name] += 1
        try:
            until(lambda: self.told(name) > told, f"the hang of {name} to be noticed", deadline_s)
        except AssertionError as failure:
            self.unnoticed.append(str(failure).splitlines()[0])
            return
        self.noticed_s.append(time.monotonic() - begun)
        until(lambda: self.stage.gateway.pids().get(name) not in (None, pid), f"a new {name}", NOTICED_S)
        self.restarted_s.append(time.monotonic() - begun)

    def told_outside(self):
        """How often an alarm said that a component is lost."""
        return sum(len(self.stage.backend.events(type=f"alarm.{word}", rule="system_component_lost"))
                   for word in ("raised", "reraised"))

    def line(self):
        ways = " ".join(f"{way}={count}" for way, count in self.by_way.items())
        names = " ".join(f"{name}={count}" for name, count in self.by_name.items())
        worst = f"noticed_s_max={max(self.noticed_s):.1f} restarted_s_max={max(self.restarted_s):.1f} (aim <= 10) " \
            if self.restarted_s else ""
        return (f"row: hangs count={sum(self.by_way.values())} {ways} {names} {worst}"
                f"told_outside={self.told_outside()} unnoticed={len(self.unnoticed)}")


class Reloads:
    """The site changes under the load: in what a rule says, in how a device is polled, by a rule more and that rule
    less, and in a way that has to be refused."""

    EXTRA = "extra"

    def __init__(self, stage):
        self.stage, self.counts = stage, dict.fromkeys(("text", "poll", "rule", "bad"), 0)
        self.rules, self.site = stage.scene.directory / "rules.yaml", stage.scene.site
        self.has_extra = False  # the rule more

    def told(self, word):
        return len(re.findall(rf"event={word}\b", self.stage.gateway.process.text()))

    def run(self, count):
        """Some of each kind; at the end there is no extra rule."""
        for number in range(count):
            what = ("text", "rule", "poll", "rule", "text", "bad")[number % 6]
            getattr(self, what)(number)
            self.counts[what] += 1
            if number % 50 == 49:
                print(f"progress reloads={number + 1} events={self.stage.reader.newest}", flush=True)
        if self.has_extra:
            self.rule(count)
            self.counts["rule"] += 1

    def reload(self, word="watching"):
        before = self.told(word)
        self.stage.gateway.process.child.send_signal(signal.SIGHUP)
        until(lambda: self.told(word) > before, f"the reload to end in {word}", RELOADED_S,
              lambda: "\n" + self.stage.gateway.process.text()[-3000:])

    def edit(self, path, pattern, text):
        before = path.read_text()
        after = re.sub(pattern, text, before, count=1)
        assert after != before, f"nothing to change in {path}"
        path.write_text(after)
        return before

    def text(self, number):
        self.edit(self.rules, r'en: "\{place\}[^"]*"', f'en: "{{place}} {number}"')
        self.reload()

    def poll(self, number):
        self.edit(self.site, r"poll: \d+ ms", f"poll: {50 + number % 7 + 1} ms")
        self.reload()

    def rule(self, _number):
        text = self.rules.read_text()
        if self.has_extra:
            self.rules.write_text(text[:text.index(f"  - rule: {self.EXTRA}")])
        else:
            self.rules.write_text(text + text[text.index("  - rule:"):].replace(
                "rule: number", f"rule: {self.EXTRA}").replace("each: point illuminance", "each: point illuminance in few"))
        self.has_extra = not self.has_extra
        self.reload()

    def bad(self, _number):
        good = self.edit(self.rules, "each: point illuminance", "each: point illuminanse")
        self.reload("site_refused")
        self.rules.write_text(good)

    def disappeared(self, rows):
        """Alarms of the extra rule that came up although nothing had ended them before, or are up without the rule."""
        is_up, wrong = {}, []
        for seq in sorted(rows):
            alarm, _type, body = rows[seq]
            if alarm is not None and alarm.startswith(self.EXTRA + "/"):
                active = body["data"]["state"]["active"]
                if active and is_up.get(alarm):
                    wrong.append((seq, alarm))
                is_up[alarm] = active
        return wrong + [(None, alarm) for alarm, active in is_up.items() if active and not self.has_extra]

    def count(self):
        return sum(self.counts.values())

    def line(self, rows, duplicates):
        kinds = " ".join(f"{name}={count}" for name, count in self.counts.items())
        extra = [(type, body) for alarm, type, body in rows.values() if alarm is not None and alarm.startswith(self.EXTRA)]
        closed = sum(type == "alarm.closed" and "rule removed" in str(body["data"]) for type, body in extra)
        return (f"row: reloads count={self.count()} {kinds} extra_events={len(extra)} "
                f"closed_with_their_rule={closed} disappeared={len(self.disappeared(rows))} duplicates={duplicates}")

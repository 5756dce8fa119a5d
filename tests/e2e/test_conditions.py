# SPDX-License-Identifier: Apache-2.0
"""What `tocsin check` says of conditions, held against what they do.

Random rules are put into the example site. What is called never true must raise nothing in an evening that the
simulated field acts out, and what is called always true must be there at its end. TOCSIN_CONDITION_SEEDS is how
many sites are made so (3).
"""

import json
import os
import random
import re
import shutil
import subprocess

import pytest

from harness import ROOT, TOCSIN

SEEDS = int(os.environ.get("TOCSIN_CONDITION_SEEDS", "3"))
RULES = 100
SIGNS = ["==", "!=", "<", "<=", ">", ">="]


class Conditions:
    """Conditions of the rule language, of a temperature or of a care centre."""

    def __init__(self, seed, each):
        self.random = random.Random(f"{seed} {each}")
        self.point = each == "point"

    def pick(self, *choices):
        choice = self.random.choice(choices)
        return choice() if callable(choice) else choice

    def number(self, depth):
        if self.point:
            leaf = ["value", *(f"({n} °C)" for n in (-300, 0, 22, 23, 60))]
            deep = [lambda: f"({self.number(depth - 1)} {self.pick('+', '-')} {self.number(depth - 1)})",
                    lambda: f"({self.number(depth - 1)} {self.pick('*', '/')} {self.pick('0', '2', '3')})",
                    lambda: f"{self.pick('avg', 'min', 'max', 'rate')}({self.number(depth - 1)}, 10 s)"]
        else:
            leaf = ["0", "1", "5", "capacity", "changes(any(smoke), 20 s)",
                    *(f"count({c})" for c in ("smoke", "smoke, heat", "temperature > 22 °C", "held(smoke, 5 s)",
                                              "temperature > -300 °C", "within(heat, 10 s)"))]
            deep = [lambda: f"({self.number(depth - 1)} {self.pick('+', '-', '*', '/')} {self.number(depth - 1)})"]
        return self.pick(*leaf, *(deep * 3 if depth > 0 else []))

    def time(self, depth):
        return self.pick("0 s", "5 s", "2 h", "age" if self.point else "since(any(heat))",
                         lambda: f"since({self.condition(depth)})")

    def compared(self, kind, depth):
        return f"({kind(depth)} {self.pick(*SIGNS)} {kind(depth)})"

    def condition(self, depth):
        leaf = ["true", "false", "open", "weekday", "between 22:00 and 06:00", lambda: self.compared(self.number, 1)]
        leaf += ["quality == good", "quality != fault"] if self.point else [
            "any(smoke)", "all(smoke)", "any(heat, smoke)", "all(temperature > -300 °C)", "max(temperature) > 22 °C"]
        deep = [lambda: f"({self.condition(depth - 1)} {self.pick('and', 'or')} {self.condition(depth - 1)})",
                lambda: f"(not {self.pick('held', 'within')}({self.condition(depth - 1)}, {self.pick('5 s', '20 s')}))",
                lambda: f"{self.pick('held', 'within')}({self.condition(depth - 1)}, {self.pick('5 s', '20 s')})",
                lambda: self.compared(self.time, depth - 1),
                lambda: f"(changes({self.condition(depth - 1)}, 20 s) {self.pick(*SIGNS)} {self.pick('0', '1')})"]
        return self.pick(*leaf, *(deep * 2 if depth > 0 else []))


def tocsin(*arguments):
    return subprocess.run([TOCSIN, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def site_of(directory, seed):
    """The example with random rules r0, r1 …; returns the lines of its rules."""
    shutil.copytree(ROOT / "deploy" / "example", directory)
    lines = (directory / "rules.yaml").read_text().splitlines()
    for each, subject in (("point", "point temperature"), ("place", "place home_care_centre")):
        conditions = Conditions(seed, each)
        for number in range(RULES):
            lines += [f"  - rule: {each}{number}", f"    each: {subject}", f"    raise: {conditions.condition(3)}",
                      "    class: space.climate", "    message: {en: x}"]
    (directory / "rules.yaml").write_text("\n".join(lines) + "\n")
    return lines


def called(directory, lines):
    """By check: the rules that are never raised, and those that are always there."""
    done = json.loads(tocsin("check", "--json", directory / "site.yaml").stdout)
    assert done["ok"], [note for note in done["notes"] if note["severity"] == "error"]
    found = {"never raised": set(), "always there": set()}
    for note in done["notes"]:
        head = next((line for line in reversed(lines[:note["line"]]) if line.startswith("  - rule: ")), "")
        for words, rules in found.items():
            if words in note["message"]:
                rules.add(head.removeprefix("  - rule: "))
    return found["never raised"], found["always there"]


def acted_out(directory):
    """What an evening brings: the types of the events of each random rule, in their order."""
    recording = directory / "evening.recording"
    done = tocsin("sim", directory / "site.yaml", "--story", directory / "story-evening.yaml", "--record", recording,
                  "--for", "3 min")
    assert done.returncode == 0, done.stderr
    types = {}
    for line in tocsin("replay", recording, "--site", directory / "site.yaml").stdout.splitlines():
        event = json.loads(line)
        if re.fullmatch(r"(point|place)\d+", event["data"].get("rule") or ""):
            types.setdefault(event["data"]["rule"], []).append(event["type"].removeprefix("tocsin.alarm."))
    return types


def is_over(events):
    return events[-1] in ("cleared", "closed")


def contradictions(never, always, types):
    """What is always true may be false at the very start, before a `held` in it has had its time."""
    return sorted([rule for rule in never if rule in types] +
                  [rule for rule in always if is_over(types.get(rule, [""]))])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_called_impossible_does_not_happen(seed, tmp_path):
    lines = site_of(tmp_path / "site", seed)
    never, always = called(tmp_path / "site", lines)
    types = acted_out(tmp_path / "site")
    wrong = contradictions(never, always, types)
    assert not wrong, [lines[lines.index(f"  - rule: {rule}") + 2] for rule in wrong]
    # It is not for want of rules of either kind, or of alarms; and a wrong word about one would have been seen.
    assert len(never) >= 10 and len(always) >= 10 and len(types) >= 20
    raised = sorted(types.keys() - always)
    over = sorted(rule for rule in types if is_over(types[rule]))
    assert raised and contradictions(set(raised[:1]), set(), types) == raised[:1]
    assert over and contradictions(set(), set(over[:1]), types) == over[:1]

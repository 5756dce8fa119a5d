# SPDX-License-Identifier: Apache-2.0
"""The book: what was shown, recorded, delivered and stands at the end, and whether these agree.

Knows neither processes nor sockets, so that a falsified book shows that it does find what is missing.
"""

import json
from dataclasses import dataclass, field


@dataclass
class Book:
    """What a run leaves behind. Numbers are those of the stimuli, sequences those of the journal."""
    shown: dict = field(default_factory=dict)      # alarm -> [number, …] in order
    recorded: dict = field(default_factory=dict)   # sequence -> (alarm or None, type, body as an object)
    delivered: list = field(default_factory=list)  # event objects in the order in which they came
    ends: dict = field(default_factory=dict)       # who says so -> {alarm: is it active}
    refused: set = field(default_factory=set)      # sequences that the broker's line has refused at least once
    ahead: list = field(default_factory=list)      # (first, last) of what was told to go ahead of the journal


@dataclass
class Verdict:
    lost: list        # recorded and never delivered
    gaps: list        # sequences that the journal lacks
    unknown: list     # delivered as recorded, and not what the journal has
    disorder: list    # an alarm's event that came first after a later one of it, unless mended (disorder())
    missed: list      # shown until it was recorded, and not in the journal
    repeated: list    # recorded more often than shown, or never shown
    ends: list        # alarms whose end is told differently
    duplicates: int   # came more than once under the same id: allowed
    early: int        # came before they were recorded: allowed

    def faults(self):
        return {name: getattr(self, name) for name in
                ("lost", "gaps", "unknown", "disorder", "missed", "repeated", "ends") if getattr(self, name)}

    def counts(self):
        return " ".join(f"{name}={len(getattr(self, name))}" for name in
                        ("lost", "gaps", "unknown", "disorder", "missed", "repeated", "ends")) + \
            f" duplicates={self.duplicates} early={self.early}"


def check(book):
    newest = max(book.recorded, default=0)
    durable = [event for event in book.delivered if event["durable"]]
    came = {}
    for event in durable:
        came[event["sequence"]] = came.get(event["sequence"], 0) + 1
    return Verdict(
        lost=sorted(seq for seq in book.recorded if seq not in came),
        gaps=[seq for seq in range(1, newest + 1) if seq not in book.recorded],
        unknown=[event["id"] for event in durable if not is_recorded(book, event)],
        disorder=disorder(book, durable),
        **stimuli(book),
        ends=ends(book),
        duplicates=sum(count - 1 for count in came.values()),
        early=len(book.delivered) - len(durable))


def is_recorded(book, event):
    """Is a delivered event, but for the marks that a sink adds, what the journal has under its sequence?"""
    bare = {key: value for key, value in event.items() if key not in ("durable", "replayed", "first_sent_as")}
    return event["sequence"] in book.recorded and book.recorded[event["sequence"]][2] == bare


def disorder(book, durable):
    """Several events of an alarm may be in flight when the first of them is refused, and those behind it are taken. Then
    those are promised once more after it, in their order, so that what is heard last is the newest. And what goes ahead
    of a journal that stays unreadable is told; no other event may overtake."""
    first, last = {}, {}
    for at, event in enumerate(durable):
        first.setdefault(event["sequence"], at)
        last[event["sequence"]] = at
    alarms, wrong = {}, []
    for seq in sorted(first, key=first.get):
        alarm = book.recorded.get(seq, (None,))[0]
        if alarm is None:
            continue
        came = alarms.setdefault(alarm, [])
        overtook = overtakers(book, came, seq)
        again = [first[seq], *(last[other] for other in overtook)]
        if overtook and not (seq in book.refused and again == sorted(again)):
            wrong.append(seq)
        came.append(seq)
    return wrong


def overtakers(book, came, seq):
    """Which of the events that came are newer, and were not told to go ahead of the journal."""
    return sorted(other for other in came if other > seq and
                  not any(first <= other <= last for first, last in book.ahead))


def stimuli(book):
    """Each number that was shown is the value of one event of its alarm; odd ones raise, even ones clear."""
    told = {}
    for seq in sorted(book.recorded):
        alarm, type, body = book.recorded[seq]
        if alarm in book.shown:
            told.setdefault(alarm, []).append((body["data"]["value"], type != "alarm.cleared"))
    missed, repeated = [], []
    for alarm, numbers in book.shown.items():
        wanted = [(number, number % 2 == 1) for number in numbers]
        found = told.get(alarm, [])
        missed += [f"{alarm} {number}" for number, raises in wanted if (number, raises) not in found]
        if len(found) > len(set(found)) or not set(found) <= set(wanted) or found != sorted(found):
            repeated.append(f"{alarm}: {found}")
    return {"missed": missed, "repeated": repeated}


def ends(book):
    """Everybody says of every alarm what was shown last."""
    wrong = []
    for alarm, numbers in book.shown.items():
        if numbers:
            active = numbers[-1] % 2 == 1
            wrong += [f"{alarm}: shown {active}, {who} says {not active}" for who, says in book.ends.items()
                      if says.get(alarm, False) != active]
    return wrong


# SPDX-License-Identifier: Apache-2.0
"""The book finds what is missing: each way of falsifying a good one is told by the name of what is wrong."""

import copy

import pytest
from ledger_book import Book, check

ALARM = "number/room/d0-0"
OTHER = "number/room/d0-1"


def event(seq, number, durable=True, id=None):
    return {"id": id or f"l.m.1.{seq}", "sequence": seq, "type": "tocsin.alarm.raised", "data": {"value": number},
            "durable": durable, "replayed": False}


def bare(seq, number):
    return {key: value for key, value in event(seq, number).items() if key not in ("durable", "replayed")}


def good():
    """Three numbers of one alarm and one of another; the second delivery of 2 and an early one are no faults."""
    numbers = {1: (ALARM, "alarm.raised", 1), 2: (ALARM, "alarm.cleared", 2), 3: (OTHER, "alarm.raised", 1),
               4: (ALARM, "alarm.reraised", 3)}
    early = {"id": "l.m.1.u1", "data": {"value": 1}, "durable": False, "replayed": False}
    return Book(shown={ALARM: [1, 2, 3], OTHER: [1]},
                recorded={seq: (alarm, type, bare(seq, number)) for seq, (alarm, type, number) in numbers.items()},
                delivered=[early] + [event(seq, numbers[seq][2]) for seq in (1, 3, 2, 2, 4)],
                ends={"journal": {ALARM: True, OTHER: True}})


def test_a_good_book_is_good():
    verdict = check(good())
    assert verdict.faults() == {}
    assert (verdict.duplicates, verdict.early) == (1, 1)


def without(book, seq):
    book.delivered = [event for event in book.delivered if event.get("sequence") != seq]


def another_body(book):
    book.delivered[1] = event(1, 7)


def never_recorded(book):
    book.delivered.append(event(5, 4))


def swapped(book):
    book.delivered[1], book.delivered[3] = book.delivered[3], book.delivered[1]


def late(book, *came):
    """The events of ALARM come in this order; the broker's line had refused the first of them."""
    numbers = {1: 1, 2: 2, 3: 1, 4: 3}
    book.refused = {1}
    book.delivered = [event(seq, numbers[seq]) for seq in (3, *came)]


def not_in_the_journal(book):
    del book.recorded[4]
    without(book, 4)


def recorded_twice(book):
    book.recorded[5] = (ALARM, "alarm.reraised", bare(5, 3))
    book.delivered.append(event(5, 3))


def hole(book):
    book.recorded[6] = (None, "system.started", bare(6, None))
    book.delivered.append(event(6, None))


def other_end(book):
    book.ends["retained"] = {ALARM: True}


@pytest.mark.parametrize("falsify, told", [
    (lambda book: without(book, 2), {"lost"}),
    (lambda book: without(book, 4), {"lost"}),
    (another_body, {"unknown"}),
    (never_recorded, {"unknown"}),
    (swapped, {"disorder"}),
    (lambda book: late(book, 2, 1, 4), {"disorder"}),
    (lambda book: late(book, 2, 4, 1, 2), {"disorder"}),
    (lambda book: late(book, 2, 4, 1, 4, 2), {"disorder"}),
    (lambda book: (late(book, 2, 1, 2, 4), book.refused.clear()), {"disorder"}),
    (not_in_the_journal, {"missed"}),
    (recorded_twice, {"repeated"}),
    (hole, {"gaps"}),
    (other_end, {"ends"}),
])
def test_a_falsified_book_is_found_out(falsify, told):
    book = copy.deepcopy(good())
    falsify(book)
    assert set(check(book).faults()) == told


def test_what_is_told_to_have_gone_ahead_of_the_journal_is_no_disorder_and_what_is_not_told_is_one():
    book = good()
    late(book, 2, 1, 4)
    book.refused, book.ahead = set(), [(2, 2)]
    assert check(book).faults() == {}
    late(book, 2, 4, 1)
    book.refused = set()
    assert set(check(book).faults()) == {"disorder"}


@pytest.mark.parametrize("came", [(2, 1, 2, 4), (2, 4, 1, 2, 4)])
def test_what_overtook_a_refused_event_and_comes_once_more_is_in_order(came):
    book = good()
    late(book, *came)
    assert check(book).faults() == {}

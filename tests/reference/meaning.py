# SPDX-License-Identifier: Apache-2.0
"""What an expression means, by definition and over everything that ever happened.

A life is a list of moments in the order of time: each input is one, after which the world is what it
says, and between the inputs stand moments at which nothing but time went on. All changes happen at
moments: whoever makes the list puts one where a time runs out. The value of every part of an
expression is worked out for every moment, and an operation over time looks at all the moments before:
nothing is kept from one to the next, so that there is no state to be wrong.

A truth is True, False or None for unknown. A number is a pair of bounds, since what is not known
exactly still decides some comparisons; an unknown one is (-inf, inf).
"""

import math

from language import COMPARISONS, MOMENTS, QUALITIES, SECOND_NS, is_timed

UNKNOWN = (-math.inf, math.inf)


class Point:
    """One signal at one moment."""

    def __init__(self, value=0.0, quality=None, heard_ns=None, is_moment=False):
        self.value = value
        self.quality = quality      # None: nobody has said anything yet
        self.heard_ns = heard_ns    # when a reading last confirmed it
        self.is_moment = is_moment  # this very moment is a reading of it

    @property
    def usable(self):
        return self.quality in ("good", "uncertain")


class Moment:
    """The world at one instant; `points` by index."""

    def __init__(self, at_ns, points, open_=None, weekday=None, betweens=None, levelled=False):
        self.at_ns, self.points = at_ns, points
        self.levelled = levelled        # the counters begin anew at this very moment
        self.open, self.weekday = open_, weekday
        self.betweens = betweens or {}  # (begin, end): truth


# --- three values ---


def not_(a):
    return None if a is None else not a


def and_(truths):
    return False if False in truths else None if None in truths else True


def or_(truths):
    return not_(and_([not_(truth) for truth in truths]))


def as_bounds(value):
    """Of what can be compared: bounds, a quality or a truth."""
    if isinstance(value, tuple):
        return value
    number = QUALITIES.index(value) if isinstance(value, str) else value
    return (0.0, 1.0) if number is None else (float(number), float(number))


# --- numbers between bounds ---


def bounded(low, high):
    """Bounds; a low one of plus infinity, or a high one of minus infinity, says nothing."""
    return UNKNOWN if low == math.inf or high == -math.inf else (low, high)


def add(a, b):
    return bounded(a[0] + b[0], a[1] + b[1])


def negate(a):
    return (-a[1], -a[0])


def corners(a, b, combine):
    found = [0.0 if math.isnan(corner) else corner
             for corner in (combine(x, y) for x in a for y in b)]
    return bounded(min(found), max(found))


def multiply(a, b):
    return corners(a, b, lambda x, y: x * y)


def divide(a, b):
    """By what may be zero: unknown."""
    return UNKNOWN if b[0] <= 0 <= b[1] else corners(a, b, lambda x, y: x / y)


def less(a, b):
    return True if a[1] < b[0] else False if a[0] >= b[1] else None


def equal(a, b):
    if a[1] < b[0] or b[1] < a[0]:
        return False
    return True if a[0] == a[1] == b[0] == b[1] else None


def compare(sign, a, b):
    return {"==": lambda: equal(a, b), "!=": lambda: not_(equal(a, b)),
            "<": lambda: less(a, b), ">=": lambda: not_(less(a, b)),
            ">": lambda: less(b, a), "<=": lambda: not_(less(b, a))}[sign]()


# --- over time: each gets the moments and a value for each, and gives a value for each ---


def first_known(truths):
    return next((i for i, truth in enumerate(truths) if truth is not None), len(truths))


def ends_ns(moments, i):
    """When the stretch that moment i begins is over: at the next moment."""
    return moments[i + 1].at_ns


def within(moments, truths, span_ns):
    """True if it was true at any time of the last span; else unknown if any part of it was. What was
    before it was first known is not looked at. A stretch counts until just before its end + span."""
    begin = first_known(truths)

    def seen(wanted, i):
        return truths[i] is wanted or any(
            truths[j] is wanted and moments[i].at_ns < ends_ns(moments, j) + span_ns
            for j in range(begin, i))

    return [None if i < begin else True if seen(True, i) else None if seen(None, i) else False
            for i in range(len(moments))]


def held(moments, truths, span_ns):
    """True once it has been true for the span without a break; time in which it is unknown neither
    counts nor breaks, and gives unknown."""
    def told(i):
        if truths[i] is not True:
            return truths[i]
        counted_ns = 0
        for j in range(i - 1, -1, -1):
            if truths[j] is False:
                break
            if truths[j] is True:
                counted_ns += ends_ns(moments, j) - moments[j].at_ns
        return counted_ns >= span_ns

    return [told(i) for i in range(len(moments))]


def since(moments, truths):
    """0 while it is true, else the time since, in seconds. It may have been true while it was unknown;
    if it was never seen true, what is certain is the time in which it was watched and false."""
    begin = first_known(truths)

    def told(i):
        if truths[i] is True:
            return (0.0, 0.0)
        now_ns = moments[i].at_ns
        true_until = [ends_ns(moments, j) for j in range(begin, i) if truths[j] is True]
        perhaps_until = [ends_ns(moments, j) for j in range(i) if truths[j] is not False]
        longest_s = (now_ns - true_until[-1]) / SECOND_NS if true_until else math.inf
        if truths[i] is None:
            return (0.0, longest_s)
        watched_from_ns = perhaps_until[-1] if perhaps_until else moments[0].at_ns
        return ((now_ns - watched_from_ns) / SECOND_NS, longest_s)

    return [told(i) for i in range(len(moments))]


# --- counters ---


WRAP_SHARE = 16  # a step across the top of no more than this part of the range is a wrap


def counted_on(was, now):
    """How far a counter that is at `now` went on from `was`; None if that is a step down which counts nothing."""
    if now >= was:
        return now - was
    for top in (2.0 ** 16, 2.0 ** 32):
        if was < top and top - was + now <= top / WRAP_SHARE:
            return top - was + now
    return now if now * 2 < was else None


def count_since_levelling(moments, index):
    """By moment: what it went on since the last levelling, or since it was first read."""
    told = []
    reached = None
    count = 0.0
    for moment in moments:
        point = moment.points[index]
        if point.usable:
            more = 0.0 if reached is None else counted_on(reached, point.value)
            if more is not None:
                reached = point.value
                count += more
            elif moment.levelled:
                reached = point.value
        if moment.levelled:
            count = 0.0
        told.append((count, count) if point.usable else UNKNOWN)
    return told


# --- windows: over the slices of rules/expr_window.h, whose page says where they begin ---


SLICES = 64
SLICES_KNOWN = 48  # three quarters


class Window:
    """What a window sees at moment i: known values, each with how long it stood there."""

    def __init__(self, moments, values, span_ns, i):
        slice_ns = -(-span_ns // SLICES)
        now_ns = moments[i].at_ns
        self.begin_ns = max(0, now_ns // slice_ns - SLICES + 1) * slice_ns
        self.seen = []  # (value, ns)
        self.changes = 0
        for j in range(i + 1):
            begin_ns, end_ns = moments[j].at_ns, now_ns if j == i else ends_ns(moments, j)
            if max(begin_ns, self.begin_ns) > end_ns or values[j] is None or \
                    end_ns == self.begin_ns > begin_ns:
                continue
            self.seen.append((values[j], end_ns - max(begin_ns, self.begin_ns)))
            self.changes += begin_ns >= self.begin_ns and j > 0 and \
                (values[j - 1], values[j]) == (False, True)
        self.known_ns = sum(stood_ns for _, stood_ns in self.seen)
        self.tells = self.known_ns >= SLICES_KNOWN * slice_ns

    def told(self, name):
        values = [value for value, _ in self.seen]
        return {"changes": lambda: float(self.changes), "rate": lambda: values[-1] - values[0],
                "min": lambda: min(values), "max": lambda: max(values),
                "avg": lambda: sum(value * ns for value, ns in self.seen) / self.known_ns}[name]()


def window(name, moments, values, span_ns):
    """Unknown until it was known for three quarters of the span; then of the known time alone."""
    def told(i):
        seen = Window(moments, values, span_ns, i)
        return (seen.told(name),) * 2 if seen.tells else UNKNOWN

    return [told(i) for i in range(len(moments))]


def exact(bounds):
    """The number that bounds leave, or None."""
    return bounds[0] if bounds[0] == bounds[1] else None


# --- an expression ---


class Entity:
    """What a rule is for: the points that its words mean, and the numbers of its place."""

    def __init__(self, own, siblings, members, capacity, area):
        self.own, self.siblings = own, siblings  # point index; {kind: point index}
        self.members = members                   # {kind: [point index, …]}
        self.numbers = {"capacity": capacity, "area": area}


class Meaning:
    """Values of an expression for one entity at every moment of a life."""

    def __init__(self, entity, moments):
        self.entity, self.moments = entity, moments

    def each(self, tell):
        return [tell(moment) for moment in self.moments]

    def values(self, tree, member=None):
        """By moment: truths for a condition, bounds for a number, qualities for a quality."""
        sort = tree[0]
        if sort == "number":
            return self.each(lambda _: (float(tree[1]), float(tree[1])))
        if sort == "truth":
            return self.each(lambda _: tree[1])
        if sort == "between":
            return self.each(lambda moment: moment.betweens.get(tree[1:]))
        if sort == "word":
            return self.word(tree[1], member)
        if sort == "call":
            return self.over_time(tree, member) if is_timed(tree) else self.fold(tree)
        if sort in ("==", "!=") and (event := self.event_of(tree[1:], member)):
            return [truth if sort == "==" else not_(truth) for truth in event]
        parts = zip(*(self.values(part, member) for part in tree[1:]))
        return [self.combine(sort, *part) for part in parts]

    @staticmethod
    def combine(sort, a, b=None):
        if sort == "not":
            return not_(a)
        if sort in ("and", "or"):
            return and_([a, b]) if sort == "and" else or_([a, b])
        if sort in COMPARISONS:
            return compare(sort, as_bounds(a), as_bounds(b))
        return {"neg": lambda: negate(a), "+": lambda: add(a, b), "-": lambda: add(a, negate(b)),
                "*": lambda: multiply(a, b), "/": lambda: divide(a, b)}[sort]()

    def point_index(self, word, member):
        if word in ("value", "quality", "age"):
            return self.entity.own
        return self.entity.siblings[word] if member is None else member

    def word(self, word, member):
        if word in ("capacity", "area"):
            number = self.entity.numbers[word]
            return self.each(lambda _: UNKNOWN if number < 0 else (number, number))
        if word == "open":
            return self.each(lambda moment: moment.open)
        if word == "closed":
            return self.each(lambda moment: not_(moment.open))
        if word == "weekday":
            return self.each(lambda moment: moment.weekday)
        if word in QUALITIES:
            return self.each(lambda _: word)
        index = self.point_index(word, member)
        if word == "quality":
            return self.each(lambda moment: moment.points[index].quality or UNKNOWN)
        if word == "age":
            return self.each(lambda moment: self.age(moment, moment.points[index]))
        if self.is_counter(index):
            return count_since_levelling(self.moments, index)
        return self.each(lambda moment: self.value(moment.points[index], self.is_truth(index)))

    def is_truth(self, index):
        raise NotImplementedError  # told by the site, and so is the next

    def is_counter(self, index):
        raise NotImplementedError

    @staticmethod
    def value(point, truth):
        if truth:
            return point.value != 0 if point.usable else None
        return (point.value, point.value) if point.usable else UNKNOWN

    @staticmethod
    def age(moment, point):
        """Before it was ever heard, what is certain is for how long it was waited for."""
        if point.heard_ns is None:
            return (moment.at_ns / SECOND_NS, math.inf)
        return ((moment.at_ns - point.heard_ns) / SECOND_NS,) * 2

    def event_of(self, sides, member):
        """`access_reader == granted`, either way round: true at the moment of such a reading, and
        unknown while nobody could tell that there was one. When an uncertain one was, nobody knows.
        A reader at fault was heard, and said neither."""
        words = [side[1] for side in sides if side[0] == "word"]
        moment_words = [word for word in words if word in MOMENTS]
        if not moment_words:
            return None
        word = next(word for word in words if word not in MOMENTS)
        index = self.point_index(word, member)
        granted = moment_words[0] == "granted"

        def told(moment):
            point = moment.points[index]
            return None if not point.usable and point.quality != "fault" else \
                point.is_moment and point.quality == "good" and (point.value != 0) == granted
        return self.each(told)

    def over_time(self, tree, member):
        _, name, (argument,), span_ns = tree
        values = self.values(argument, member)
        if name == "since":
            return since(self.moments, values)
        if name in ("changes", "rate", "min", "max", "avg"):
            if name != "changes":
                values = [exact(bounds) for bounds in values]
            return window(name, self.moments, values, span_ns)
        return {"within": within, "held": held}[name](self.moments, values, span_ns)

    def fold(self, tree):
        _, name, arguments, _ = tree
        kinds = [kind_of(argument) for argument in arguments]
        members = [self.values(argument, member)
                   for argument, kind in zip(arguments, kinds)
                   for member in self.entity.members.get(kind, [])]
        return [fold(name, [values[i] for values in members]) for i in range(len(self.moments))]


def kind_of(tree):
    """The one kind that an aggregate's argument names."""
    from language import KINDS
    if tree[0] == "word":
        return tree[1] if tree[1] in KINDS else None
    if tree[0] == "call":
        return kind_of(tree[2][0])
    if tree[0] in ("number", "truth", "between"):
        return None
    return next(filter(None, map(kind_of, tree[1:])), None)


def fold(name, values):
    """An aggregate of the values of its members."""
    if name in ("any", "all"):
        return or_(values) if name == "any" else and_(values)
    if name == "count":
        values = [as_bounds(truth) for truth in values]
    if name in ("min", "max"):
        pick = min if name == "min" else max
        return (pick(low for low, _ in values), pick(high for _, high in values)) \
            if values else UNKNOWN
    total = (0.0, 0.0)
    for value in values:
        total = add(total, value)
    return divide(total, (float(len(values)),) * 2) if name == "avg" else total

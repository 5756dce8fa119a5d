# SPDX-License-Identifier: Apache-2.0
"""Random sites, rules and lives, each from a seed.

Expressions are written along the grammar and the types, so that each one is right; `spoiled` breaks
one. Instants and spans are whole seconds, so that a run of time ends at a whole second or, where a
number that grows is compared strictly, one nanosecond behind it: those are the moments of a life.
"""

import random

import language
from language import COUNTERS, KINDS, NUMBERS, QUALITIES, SECOND_NS, TRUTHS
from meaning import Entity, Meaning, Moment, Point

KINDS_USED = ["smoke", "smoke", "heat", "motion", "door_contact", "temperature", "temperature",
              "humidity", "occupancy_count", "access_reader", "people_in", "turnstile"]
PLACES = ["home_care_centre", "day_care_room"]
UNIT_OF = {None: "", "time": "s", "ratio": "%", "temperature": "°C", "concentration": "ppm",
           "illuminance": "lx", "area": "m2", "voltage": "V", "sound": "dB"}
CLAUSES = ["between 22:00 and 06:00", "between 08:30 and 12:00"]
MOVING = ("since", "age")
# Of windows: no multiple of their slices is a whole second within a life.
# Readings of a counter: it counts on, wraps at 16 and at 32 bits, nearly does, begins at 0 again, or steps down a little.
COUNTED = ["0", "1", "2", "3", "5", "350", "351", "700", "702", "65533", "65535", "4095", "4096", "65536",
           "4294967294", "4294967296"]
WINDOW_SPANS = ["3.1 s", "6.7 s", "9.7 s"]
NESTED_MAX = 3  # strict comparisons of growing numbers inside one another


class Site:
    """A centre with rooms, and points in both."""

    def __init__(self, rng):
        self.rooms = rng.randint(1, 3)
        self.capacity = [rng.choice([-1, 2, 4]) for _ in range(self.rooms + 1)]
        self.area = [rng.choice([-1, 20]) for _ in range(self.rooms + 1)]
        self.points = []  # (place, kind), by place
        for place in range(self.rooms + 1):
            for _ in range(rng.randint(0, 2) if place == 0 else rng.randint(1, 5)):
                self.points.append((place, rng.choice(KINDS_USED)))

    def text(self):
        for place in range(self.rooms + 1):
            yield (f"place {'-' if place == 0 else 0} {PLACES[place > 0]} "
                   f"{self.capacity[place]} {self.area[place]}")
        for place, kind in self.points:
            yield f"point {place} {kind}"

    def is_event(self, index):
        return KINDS[self.points[index][1]] == ("event",)

    def in_place(self, place, below):
        """{kind: [points]} of a place, with or without what lies below it."""
        found = {}
        for index, (where, kind) in enumerate(self.points):
            if where == place or below and place == 0:
                found.setdefault(kind, []).append(index)
        return found


class Rule:
    """A scope, the entities that it makes, and an expression for them."""

    def __init__(self, rng, site):
        self.site = site
        present = sorted({kind for _, kind in site.points})
        if rng.random() < 0.5 and present:
            self.each, self.kinds = "point", [rng.choice(present)]
            places = [where for where, kind in site.points if kind in self.kinds]
            # A sibling is the only one of its kind in every such place.
            self.siblings = [kind for kind in present
                             if all(len(site.in_place(place, False).get(kind, [])) == 1
                                    for place in places)]
        else:
            self.each, self.kinds = "place", rng.choice([[PLACES[0]], PLACES])
            self.siblings = []
        self.present = present
        self.scope = language.Scope(self.each, self.kinds if self.each == "point" else [])
        self.text = Writer(rng, self).condition(rng.randint(1, 3))
        self.tree = language.compile_rule(self.text, self.scope)

    def is_told(self, input_, entity):
        """Must the core's condition be the model's after this input?"""
        return True

    def line(self):
        return f"rule {self.each} {','.join(self.kinds)} {self.text}"

    def entities(self):
        """In the order of the core's alarms."""
        site = self.site
        if self.each == "place":
            for place in range(site.rooms + 1):
                if PLACES[place > 0] in self.kinds:
                    yield Entity(None, {}, site.in_place(place, True), site.capacity[place],
                                 site.area[place])
            return
        for index, (place, kind) in enumerate(site.points):
            if kind in self.kinds:
                alone = {kind: found[0] for kind, found in site.in_place(place, False).items()}
                yield Entity(index, alone, {}, site.capacity[place], site.area[place])


class WindowRule(Rule):
    """A rule over one window of its own point.

    What a window says is exact to one slice. Between two slices the core does not look, so that the
    two are compared where it must: at a reading of the point.
    """

    def __init__(self, rng, site):
        self.site = site
        kinds = [kind for _, kind in site.points if kind in TRUTHS or kind in NUMBERS]
        self.each, self.kinds = "point", [rng.choice(kinds)]
        self.scope = language.Scope(self.each, self.kinds)
        sign, span = rng.choice(language.COMPARISONS), rng.choice(WINDOW_SPANS)
        if self.kinds[0] in TRUTHS:
            condition = rng.choice(["value", "not value", "value and open", "quality == good"])
            self.text = f"changes({condition}, {span}) {sign} {rng.randint(0, 3)}"
        else:
            unit = UNIT_OF[NUMBERS[self.kinds[0]]]
            number = rng.choice(["value", "value", "value * 2", "-value"])
            fixed = rng.choice(["0", "1", "2.5", "20", "22.5", "-3"])
            self.text = (f"{rng.choice(language.OVER_NUMBERS)}({number}, {span}) {sign} "
                         f"{fixed} {unit}").strip()
        self.tree = language.compile_rule(self.text, self.scope)

    def is_told(self, input_, entity):
        return input_[2:4] == ("reading", entity.own)


class Writer:
    """Writes an expression along the grammar, with the types in mind."""

    def __init__(self, rng, rule):
        self.rng, self.rule = rng, rule
        self.walked = None  # the kind that an aggregate's argument names

    def pick(self, *ways):
        return self.rng.choice([way for way in ways if way is not None])()

    def readable(self, form):
        """Words for points of a form here."""
        if self.rule.each == "place":
            return [self.walked] if self.walked and KINDS[self.walked] == form else []
        own = ["value"] if KINDS[self.rule.kinds[0]] == form else []
        return own * 2 + [kind for kind in self.rule.siblings if KINDS[kind] == form]

    def bracketed(self, text):
        return f"({text})"

    def condition(self, depth):
        if depth <= 0:
            return self.truth(depth)
        join = self.rng.choice(["and", "or"])
        return self.pick(
            lambda: self.truth(depth), lambda: self.truth(depth), lambda: self.comparison(depth),
            lambda: self.comparison(depth),
            lambda: f"not {self.pick(lambda: self.truth(depth), lambda: self.comparison(depth))}",
            lambda: f"{self.condition(depth - 1)} {join} {self.condition(depth - 1)}",
            lambda: f"{self.condition(depth - 1)} {join} {self.condition(depth - 1)}")

    def truth(self, depth):
        """A condition that may stand behind `not` or beside `==`."""
        words = self.readable(("truth",))
        events = self.readable(("event",))
        deeper = depth > 0
        return self.pick(
            lambda: self.rng.choice(["open", "closed", "weekday", "true", "false"] + CLAUSES),
            *[lambda: self.rng.choice(words)] * (4 if words else 0),
            (lambda: f"({self.rng.choice(events)} {self.rng.choice(['==', '!='])} "
                     f"{self.rng.choice(['granted', 'denied'])})") if events else None,
            (lambda: f"(quality {self.rng.choice(['==', '!='])} {self.rng.choice(QUALITIES)})")
            if self.rule.each == "point" else None,
            (lambda: self.bracketed(self.condition(depth - 1))) if deeper else None,
            *[lambda: self.timed(depth)] * (3 if deeper else 0),
            *[lambda: self.fold_of_truths(depth)] * (4 if deeper and self.may_fold() else 0))

    def span(self):
        return f"{self.rng.randint(1, 8)} s"

    def timed(self, depth):
        name = self.rng.choice(("within", "held"))
        return f"{name}({self.condition(depth - 1)}, {self.span()})"

    def may_fold(self):
        return self.rule.each == "place" and self.walked is None and self.rule.present

    def arguments(self, depth, kinds, write):
        """One to three arguments, each of which names one of `kinds`."""
        texts = []
        while not texts or self.rng.random() < 0.3 and len(texts) < 3:
            self.walked = self.rng.choice(kinds)
            text = write(depth - 1)
            texts.append(text if self.walked in text.replace("(", " ").replace(")", " ").replace(
                ",", " ").split() else self.named(text))
            self.walked = None
        return texts

    def named(self, text):
        """An argument that has not named its kind yet does now."""
        sort = KINDS[self.walked][0]
        if sort == "truth":
            return f"({text}) or {self.walked}"
        if sort == "event":
            return f"({text}) or {self.walked} == granted"
        return self.walked

    def fold_of_truths(self, depth):
        kinds = [kind for kind in self.rule.present
                 if kind in TRUTHS or KINDS[kind] == ("event",)]
        if not kinds:
            return "open"
        return self.call(["any", "all"], self.arguments(depth, kinds, self.condition))

    def call(self, names, arguments):
        return f"{self.rng.choice(names)}({', '.join(arguments)})"

    def comparison(self, depth):
        sign = self.rng.choice(language.COMPARISONS)
        words = self.readable(("truth",))
        growing = [name for name in MOVING if
                   (name != "age" or self.rule.each == "point")]
        return self.pick(
            (lambda: f"{self.rng.choice(words)} {self.rng.choice(['==', '!='])} "
                     f"{self.truth(depth - 1)}") if words else None,
            *[lambda: self.ordered(depth, sign)] * 3,
            *[lambda: self.growing(depth, sign, self.rng.choice(growing))] * (2 if growing else 0))

    def growing(self, depth, sign, name):
        """A number that grows by itself is compared so that they meet at whole seconds."""
        number = self.growing_number(depth, name)
        if self.rng.random() < 0.1:
            return f"{number} {sign} {self.growing_number(depth, name)}"
        fixed = f"{2 * self.rng.randint(0, 4)} s"
        number = self.rng.choice(["{}", "{}", "{} + 2 s", "{} - 3 s", "8 s - {}", "-{}", "2 * {}",
                                  "{} / 2", "{} * -2", "{} * 0"]).format(number)
        return self.rng.choice([f"{number} {sign} {fixed}", f"{fixed} {sign} {number}",
                                f"{number} {sign} -{fixed}"])

    def growing_number(self, depth, name):
        """One that grows by a second each second, or stands at 0."""
        kinds = [kind for kind in self.rule.present if kind in TRUTHS]
        if name == "since" and self.may_fold() and kinds and self.rng.random() < 0.5:
            conditions = self.arguments(depth, kinds, self.condition)
            return self.call(["min", "max"], [f"since({text})" for text in conditions])
        return f"since({self.condition(depth - 1)})" if name == "since" else name

    def dimensions(self):
        """Dimensions of the numbers that can be read here."""
        words = [NUMBERS[kind] for kind in NUMBERS if self.readable(("number", NUMBERS[kind]))]
        if self.may_fold():
            words += [NUMBERS[kind] for kind in self.rule.present if kind in NUMBERS]
        return words * 3 + [None, None, "area"]

    def ordered(self, depth, sign):
        dimension = self.rng.choice(self.dimensions())
        return f"{self.sum(depth, dimension)} {sign} {self.sum(depth, dimension)}"

    def sum(self, depth, dimension):
        text = self.product(depth, dimension)
        while depth > 0 and self.rng.random() < 0.2:
            text += f" {self.rng.choice('+-')} {self.product(depth - 1, dimension)}"
        return text

    def product(self, depth, dimension):
        text = self.unary(depth, dimension)
        if depth > 0 and self.rng.random() < 0.2:
            text += f" {self.rng.choice('*/')} {self.unary(depth - 1, None)}"
        return text

    def unary(self, depth, dimension):
        sign = "-" if self.rng.random() < 0.1 else ""
        return sign + self.number(depth, dimension)

    def number(self, depth, dimension):
        words = self.readable(("number", dimension))
        words += {None: ["capacity"], "area": ["area"]}.get(dimension, [])
        folds = self.may_fold() and depth > 0
        kinds = [kind for kind in self.rule.present
                 if kind in NUMBERS and NUMBERS[kind] == dimension]
        return self.pick(
            lambda: self.literal(dimension), *[lambda: self.rng.choice(words)] * (3 if words else 0),
            (lambda: self.bracketed(self.sum(depth - 1, dimension))) if depth > 0 else None,
            *[lambda: self.count(depth)] * (3 if folds and dimension is None else 0),
            *[lambda: self.fold_of_numbers(depth, kinds)] * (4 if folds and kinds else 0))

    def literal(self, dimension):
        number = self.rng.choice(["0", "1", "2", "3", "0.5", "2.25", "20", "22.5"])
        return f"{number} {UNIT_OF[dimension]}".strip()

    def count(self, depth):
        kinds = [kind for kind in self.rule.present if kind in TRUTHS]
        return self.call(["count"], self.arguments(depth, kinds, self.condition)) if kinds else "1"

    def fold_of_numbers(self, depth, kinds):
        dimension = NUMBERS[kinds[0]]
        return self.call(language.FOLDS_OF_NUMBERS,
                         self.arguments(depth, kinds, lambda d: self.sum(d, dimension)))


class Life:
    """What happens at a site, second by second."""

    def __init__(self, rng, site, clauses, watched):
        self.site, self.watched = site, watched  # points of which there is more to hear
        self.seconds = rng.randint(10, 30)
        self.inputs = sorted((rng.randint(0, self.seconds), rng.random(), self.event(rng, clauses))
                             for _ in range(rng.randint(5, 30)))
        self.inputs = [(at_s, event) for at_s, _, event in self.inputs]

    def event(self, rng, clauses):
        truth = rng.choice(["0", "1", "1", "?"])
        draw = rng.random()
        if draw < 0.1 or not self.site.points:
            return ("open", truth)
        if draw < 0.15:
            return ("weekday", truth)
        if draw < 0.2 and clauses:
            return ("between", rng.choice(clauses), truth)
        if draw < 0.26 and any(kind in COUNTERS for _, kind in self.site.points):
            return ("level",)
        index = rng.choice(self.watched) if self.watched and rng.random() < 0.5 else \
            rng.randrange(len(self.site.points))
        sort = KINDS[self.site.points[index][1]][0]
        value = rng.choice(["0", "1"] if sort != "number" else
                           COUNTED if self.site.points[index][1] in COUNTERS else
                           ["0", "1", "2", "3", "20", "22.5", "23", "-4.25"])
        if rng.random() < 0.05:
            value = rng.choice(["nan", "inf", "-inf"])
        quality = "good" if rng.random() < 0.8 else rng.choice(QUALITIES)
        return ("reading", index, value, quality)

    def moments(self, offsets):
        """(line for the core, Moment) of each, in order; time alone goes on at `offsets` of a second.
        The reading of an event point is a Moment without a line before the one that it leaves behind."""
        # Nothing is missed of an event point while its device is there: it has no value to be read.
        points = [Point(quality="good" if self.site.is_event(index) else None)
                  for index in range(len(self.site.points))]
        world = {"open_": None, "weekday": None, "betweens": {}}
        inputs = list(self.inputs)
        for second in range(self.seconds + 1):
            for offset in offsets:
                at_ns = second * SECOND_NS + offset
                yield ("at", at_ns, "tick"), self.snapshot(at_ns, points, world)
                while offset == 0 and inputs and inputs[0][0] == second:
                    event = inputs.pop(0)[1]
                    self.apply(self.site, event, at_ns, points, world)
                    if event[0] == "reading" and self.site.is_event(event[1]):
                        yield None, self.snapshot(at_ns, points, world)
                    points = [Point(point.value, point.quality, point.heard_ns) for point in points]
                    yield ("at", at_ns, *event), self.snapshot(at_ns, points, world,
                                                               event[0] == "level")

    @staticmethod
    def snapshot(at_ns, points, world, levelled=False):
        return Moment(at_ns, list(points), world["open_"], world["weekday"],
                      dict(world["betweens"]), levelled)

    @staticmethod
    def apply(site, event, at_ns, points, world):
        truth = {"0": False, "1": True}.get(event[-1])
        if event[0] == "open":
            world["open_"] = truth
        elif event[0] == "weekday":
            world["weekday"] = truth
        elif event[0] == "level":
            pass  # of its moment alone
        elif event[0] == "between":
            world["betweens"][event[1]] = truth
        else:
            _, index, value, quality = event
            value = float(value)
            if quality in ("good", "uncertain") and not abs(value) < float("inf"):
                quality = "fault"
            usable = quality in ("good", "uncertain")
            confirms = quality not in ("stale", "out_of_service")
            if quality == "stale" and site.is_event(index):
                quality = "good"
            points[index] = Point(value if usable else points[index].value, quality,
                                  at_ns if confirms else points[index].heard_ns, usable)


class SiteMeaning(Meaning):
    def __init__(self, site, entity, moments):
        super().__init__(entity, moments)
        self.site = site

    def is_truth(self, index):
        return KINDS[self.site.points[index][1]] == ("truth",)

    def is_counter(self, index):
        return self.site.points[index][1] in COUNTERS


def depth_of_growth(tree):
    """Strict comparisons of growing numbers inside one another."""
    if tree[0] in ("number", "truth", "between"):
        return 0
    if tree[0] == "word":
        return int(tree[1] == "age")
    parts = tree[2] if tree[0] == "call" else tree[1:]
    return int(tree[0] == "call" and tree[1] == "since") + max(map(depth_of_growth, parts))


class Case:
    """A site with rules, and what happens there."""

    def __init__(self, seed):
        self.seed = seed
        rng = random.Random(seed)
        self.site = Site(rng)
        self.rules = []
        wanted = rng.randint(1, 4)
        if rng.random() < 0.2 and any(KINDS[kind][0] in ("truth", "number")
                                      for _, kind in self.site.points):
            self.rules.append(WindowRule(rng, self.site))
        while len(self.rules) < wanted:
            rule = Rule(rng, self.site)
            if depth_of_growth(rule.tree) <= NESTED_MAX:
                self.rules.append(rule)
        growth = max(depth_of_growth(rule.tree) for rule in self.rules)
        self.offsets = range(growth + 1)
        clauses = sorted({clause for rule in self.rules for clause in clauses_of(rule.tree)})
        watched = [entity.own for rule in self.rules if isinstance(rule, WindowRule)
                   for entity in rule.entities()]
        self.life = Life(rng, self.site, clauses, watched)

    def expected(self):
        """(the core's inputs, by moment the truths of all entities)."""
        moments = list(self.life.moments(self.offsets))
        worlds = [world for _, world in moments]
        columns = [SiteMeaning(self.site, entity, worlds).values(rule.tree)
                   for rule in self.rules for entity in rule.entities()]
        rows = zip((line for line, _ in moments), zip(*columns))
        told = [(line, truths) for line, truths in rows if line is not None]
        return [line for line, _ in told], [truths for _, truths in told]


def clauses_of(tree):
    if tree[0] == "between":
        return {tree[1:]}
    if tree[0] in ("number", "truth", "word"):
        return set()
    parts = tree[2] if tree[0] == "call" else tree[1:]
    return set().union(*map(clauses_of, parts))


def spoiled(rng, text):
    """The text with one word left out, doubled, exchanged with another, or replaced."""
    words = [token for _, token in language.tokens_of(text)[:-1]]
    at, other = rng.randrange(len(words)), rng.randrange(len(words))
    extra = rng.choice(["and", "or", "not", "(", ")", ",", "3", "5 s", "value", "smoke", "open",
                        "==", "<", "+", "-", "*", "/", "any", "held", "min", "quality", "good",
                        "°C", "granted", "access_reader", "temperature", "age", "true", "between",
                        "22:00", "avg", "since", "call_lamp", "capacity"])
    way = rng.randrange(4)
    if way == 0:
        del words[at]
    elif way == 1:
        words.insert(at, extra)
    elif way == 2:
        words[at], words[other] = words[other], words[at]
    else:
        words[at] = extra
    return " ".join(words)

# SPDX-License-Identifier: Apache-2.0
"""The rule language as design.md 5 writes it: words, grammar and types, slowly and in the open.

Nothing here comes from rules/: the grammar is the EBNF, one method per line of it, and gives a tree
of tuples; `check` gives the tree's form or raises Refused. Which words stand wrong, and what is said
of them, is not modelled: only whether an expression is one.

    ("number", value in its base unit, dimension)   ("truth", bool)   ("word", name)
    ("not", a)   ("neg", a)   (sign, a, b) for and or == != < <= > >= + - * /
    ("between", begin in minutes, end)   ("call", name, [argument, …], span in ns or None)
"""

import re
from fractions import Fraction

SECOND_NS = 1_000_000_000
UNITS = {  # name: (dimension, how many base units)
    "s": ("time", Fraction(1)), "ms": ("time", Fraction(1, 1000)), "min": ("time", Fraction(60)),
    "h": ("time", Fraction(3600)), "d": ("time", Fraction(86400)), "%": ("ratio", Fraction(1)),
    "°C": ("temperature", Fraction(1)), "ppm": ("concentration", Fraction(1)),
    "ppb": ("concentration", Fraction(1, 1000)), "lx": ("illuminance", Fraction(1)),
    "m2": ("area", Fraction(1)), "V": ("voltage", Fraction(1)), "mV": ("voltage", Fraction(1, 1000)),
    "dB": ("sound", Fraction(1)),
}
TRUTHS = """motion presence emergency_button pull_cord pendant bed_exit fall assist_button
    panic_button attend_button smoke heat manual_call_point carbon_monoxide gas sprinkler_flow
    fire_panel_fault door_contact door_lock request_to_exit tamper mains_power water_leak""".split()
NUMBERS = {"occupancy_count": None, "people_in": None, "people_out": None, "turnstile": None,
           "battery": "ratio", "temperature": "temperature", "humidity": "ratio",
           "co2": "concentration", "illuminance": "illuminance", "noise": "sound"}
COUNTERS = ["people_in", "people_out", "turnstile"]
EVENTS = ["access_reader", "checkpoint"]
OUTPUTS = ["sounder", "beacon", "call_lamp", "door_release"]
KINDS = {**{kind: ("truth",) for kind in TRUTHS},
         **{kind: ("number", dimension) for kind, dimension in NUMBERS.items()},
         **{kind: ("event",) for kind in EVENTS}, **{kind: ("output",) for kind in OUTPUTS}}
QUALITIES = ["good", "uncertain", "stale", "fault", "out_of_service"]
MOMENTS = ["granted", "denied"]
OWN = ["value", "quality", "age"]
FOLDS_OF_TRUTHS, FOLDS_OF_NUMBERS = ["any", "all", "count"], ["sum", "min", "max", "avg"]
OVER_TRUTHS, OVER_NUMBERS = ["within", "held", "since", "changes"], ["rate", "min", "max", "avg"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
SPAN_MAX_NS = 366 * 86400 * SECOND_NS

TOKEN = re.compile(r"""\s*(?:
    (?P<clock>\d\d:\d\d(?!\d)) | (?P<number>\d+(?:\.\d+)?) | (?P<word>°?[A-Za-z_][A-Za-z_0-9]*|%)
  | (?P<sign>==|!=|<=|>=|[<>()+*/,-]) )""", re.VERBOSE)


class Refused(Exception):
    """The text is no expression, or not one that fits together."""


def tokens_of(text):
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise Refused(f"no word begins at {at}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens + [("end", "")]


class Parser:
    """The grammar, one method per line."""

    def __init__(self, text):
        self.tokens, self.at = tokens_of(text), 0

    @property
    def sort(self):
        return self.tokens[self.at][0]

    @property
    def text(self):
        return self.tokens[self.at][1]

    def take(self, *texts):
        """The present token, which is one of `texts` where some are given."""
        if texts and self.text not in texts:
            raise Refused(f"{self.text!r} where {texts} should stand")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def whole(self):
        tree = self.expr()
        if self.sort != "end":
            raise Refused(f"{self.text!r} behind the end")
        return tree

    def expr(self):
        tree = self.and_()
        while self.text == "or":
            tree = (self.take(), tree, self.and_())
        return tree

    def and_(self):
        tree = self.not_()
        while self.text == "and":
            tree = (self.take(), tree, self.not_())
        return tree

    def not_(self):
        return (self.take(), self.compare()) if self.text == "not" else self.compare()

    def compare(self):
        tree = self.sum()
        return (self.take(), tree, self.sum()) if self.text in COMPARISONS else tree

    def sum(self):
        tree = self.product()
        while self.text in ("+", "-"):
            tree = (self.take(), tree, self.product())
        return tree

    def product(self):
        tree = self.unary()
        while self.text in ("*", "/"):
            tree = (self.take(), tree, self.unary())
        return tree

    def unary(self):
        if self.text == "-":
            self.take()
            return ("neg", self.primary())
        return self.primary()

    def primary(self):
        if self.sort == "number":
            return self.number()
        if self.text == "(":
            self.take()
            tree = self.expr()
            self.take(")")
            return tree
        if self.sort != "word" or self.text in ("and", "or", "not"):
            raise Refused(f"no value begins with {self.text!r}")
        word = self.take()
        if word in ("true", "false"):
            return ("truth", word == "true")
        if word == "between":
            begin = self.clock()
            self.take("and")
            end = self.clock()
            if begin == end:
                raise Refused("a clause of nothing")
            return ("between", begin, end)
        if word in FOLDS_OF_TRUTHS + FOLDS_OF_NUMBERS + OVER_TRUTHS + OVER_NUMBERS:
            return self.call(word)
        return ("word", word)

    def clock(self):
        if self.sort != "clock":
            raise Refused("no time of day")
        hour, minute = map(int, self.take().split(":"))
        if hour > 23 or minute > 59:
            raise Refused("no time of day")
        return hour * 60 + minute

    def number(self):
        digits = self.take()
        if len(digits.replace(".", "").lstrip("0")) > 15 or len(digits.partition(".")[2]) > 15:
            raise Refused("too many digits")
        dimension, factor = None, Fraction(1)
        if self.sort == "word" and self.text in UNITS:
            dimension, factor = UNITS[self.take()]
        return ("number", Fraction(digits) * factor, dimension)

    def call(self, name):
        self.take("(")
        arguments = [self.expr()]
        while self.text == ",":
            self.take()
            arguments.append(self.expr())
        self.take(")")
        timed = name in OVER_TRUTHS + ["rate"] or \
            name in OVER_NUMBERS and len(arguments) == 2 and arguments[1][0] == "number"
        if not timed:
            return ("call", name, arguments, None)
        if len(arguments) != (1 if name == "since" else 2):
            raise Refused(f"{name} of {len(arguments)} arguments")
        return ("call", name, arguments[:1], None if name == "since" else span_of(arguments[1]))


def span_of(tree):
    """A duration in nanoseconds; a part of one is dropped."""
    if tree[0] != "number" or tree[2] != "time":
        raise Refused("no duration")
    span_ns = int(tree[1] * SECOND_NS)
    if not 0 < span_ns <= SPAN_MAX_NS:
        raise Refused("no such long time")
    return span_ns


def is_timed(tree):
    return tree[0] == "call" and (tree[3] is not None or tree[1] == "since")


class Scope:
    """Where an expression stands: `each` is "point" or "place", `kinds` the rule's own."""

    def __init__(self, each, kinds):
        self.each, self.kinds = each, kinds


def require(holds, why):
    if not holds:
        raise Refused(why)


def form_of_word(word, scope, walked):
    if word in OWN:
        require(scope.each == "point", "of no point")
        if word == "quality":
            return ("quality",)
        if word == "age":
            return ("number", "time")
        forms = {KINDS[kind] for kind in scope.kinds}
        require(len(forms) == 1 and forms != {("output",)}, "value of several forms")
        return forms.pop()
    if word in ("capacity", "area"):
        return ("number", "area" if word == "area" else None)
    if word in ("open", "closed", "weekday"):
        return ("truth",)
    if word in QUALITIES:
        return ("quality",)
    if word in MOMENTS:
        return ("moment",)
    require(word in KINDS and KINDS[word] != ("output",), f"{word!r} is nothing")
    if scope.each == "place":
        require(walked is not None, "a kind outside an aggregate")
        walked.add(word)
        require(len(walked) == 1, "two kinds in one argument")
    return KINDS[word]


def check(tree, scope, walked=None):
    """The form of a tree: ("truth",), ("number", dimension), ("quality",), ("event",), ("moment",).

    `walked` collects the kinds of an aggregate's argument, and is None outside of one.
    """
    sort = tree[0]
    if sort == "number":
        return ("number", tree[2])
    if sort in ("truth", "between"):
        return ("truth",)
    if sort == "word":
        return form_of_word(tree[1], scope, walked)
    if sort == "call":
        return check_call(tree, scope, walked)
    forms = [check(part, scope, walked) for part in tree[1:]]
    if sort in ("and", "or", "not"):
        require(all(form == ("truth",) for form in forms), "no condition")
        return ("truth",)
    if sort in COMPARISONS:
        left, right = forms
        numbers = left[0] == right[0] == "number" and left == right
        moment = {left[0], right[0]} == {"event", "moment"}
        equal = left == right and left[0] in ("truth", "quality")
        require(numbers or (moment or equal) and sort in ("==", "!="), "not to be compared")
        return ("truth",)
    require(all(form[0] == "number" for form in forms), "no number")
    if sort == "neg":
        return forms[0]
    (_, left), (_, right) = forms
    if sort in ("+", "-"):
        require(left == right, "other dimensions")
        return forms[0]
    if sort == "*":
        require(left is None or right is None, "a product of dimensions")
        return ("number", left or right)
    require(right is None or left == right, "a ratio of other dimensions")
    return ("number", left if right is None else None)


def check_call(tree, scope, walked):
    _, name, arguments, _ = tree
    if is_timed(tree):
        form = check(arguments[0], scope, walked)
        require(form[0] == ("truth" if name in OVER_TRUTHS else "number"), "the other form")
        if name in ("within", "held"):
            return ("truth",)
        return ("number", {"since": "time", "changes": None}.get(name, form[-1]))
    require(scope.each == "place" and walked is None, "an aggregate here")
    forms = []
    for argument in arguments:
        kinds = set()
        forms.append(check(argument, scope, kinds))
        require(len(kinds) == 1, "an argument of no kind")
    wanted = "truth" if name in FOLDS_OF_TRUTHS else "number"
    require(all(form[0] == wanted for form in forms), "the other form")
    require(len(set(forms)) == 1, "other dimensions")
    if name in ("any", "all"):
        return ("truth",)
    return ("number", None) if name == "count" else forms[0]


def compile_rule(text, scope):
    """The tree of a rule's condition, or Refused."""
    tree = Parser(text).whole()
    require(check(tree, scope) == ("truth",), "no condition")
    return tree

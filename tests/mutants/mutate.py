# SPDX-License-Identifier: Apache-2.0
"""Mutants of C sources: one small fault each, as a person might have written it.

    boundary    < becomes <=, and the other way; likewise > and >=
    relational  < becomes >=, == becomes !=, && becomes ||, and the other way each
    constant    a number becomes one more, and one less
    negation    the condition of an `if` or a `while` is turned round; a ! is left out
    statement   a statement that is no declaration and returns no value is left out

Assertions are no place for mutants: they hold, so that a weaker one changes nothing. Sources are
read as tokens, no deeper; a mutant that the compiler refuses is for the caller to leave out.
"""

import dataclasses
import hashlib
import re

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<string>"(?:\\.|[^"\\])*")
  | (?P<character>'(?:\\.|[^'\\])*')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)[uUlL]*)
  | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
  | (?P<sign><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\sA-Za-z_0-9])
""", re.VERBOSE | re.MULTILINE | re.DOTALL)

FUNCTION = re.compile(r"^[a-z][^;{}()=]*\b(\w+)\([^;{}]*\) \{$", re.MULTILINE)
BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
RELATIONAL = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==",
              "&&": "||", "||": "&&"}
ASSIGNING = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"}
JUMPS = {"break", "continue", "goto"}
NOT_CALLED = {"if", "while", "for", "switch", "return", "sizeof", "do", "else", "case", "default"}


@dataclasses.dataclass(frozen=True)
class Token:
    sort: str
    text: str
    begin: int

    @property
    def end(self):
        return self.begin + len(self.text)


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str      # "rules/alarm.c"
    function: str  # in which it stands; empty in front of the first
    line: int
    text: str      # the line as it stands, without its indentation
    operator: str
    change: str    # "`<` becomes `<=`"; numbered where equal lines of a function have more
    begin: int
    end: int
    instead: str

    def apply(self, source):
        return source[:self.begin] + self.instead + source[self.end:]

    @property
    def name(self):
        return f"{self.file} {self.function}: {self.text}\n{self.operator}: {self.change}"

    def rank(self, seed):
        """Where a sample by `seed` has it: of itself alone, so that other lines move nothing."""
        return hashlib.sha256(f"{seed}\n{self.name}".encode()).digest()


def tokens_of(source):
    return [Token(found.lastgroup, found.group(), found.start())
            for found in TOKEN.finditer(source)
            if found.lastgroup not in ("comment", "directive")]


def closing(tokens, at):
    """Index of the bracket that closes the one at index `at`."""
    depth = 0
    while True:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(tokens[at].text, 0)
        if depth == 0:
            return at
        at += 1


def without_assertions(tokens):
    """The tokens, those of each assertion replaced by nothing."""
    kept, at = [], 0
    while at < len(tokens):
        if tokens[at].text in ("assert", "_Static_assert"):
            at = closing(tokens, at + 1) + 1
        else:
            kept.append(tokens[at])
            at += 1
    return kept


def is_deletable(statement):
    """Is this a statement, up to before its semicolon, that may be left out?"""
    words = [token.text for token in statement]
    if not words:
        return False
    if words[0] in JUMPS or words == ["return"]:
        return True
    if words[0] in NOT_CALLED or statement[0].sort != "word" and words[0] not in ("*", "(", "++"):
        return False
    if words[0] == "(" and words[1:3] != ["void", ")"]:
        return False
    if len(words) > 1 and statement[1].sort == "word" or words[1:2] == ["*"]:
        return False  # "uint32_t count = …", "struct text *text = …"
    return words[0] in ("(", "*", "++") or words[1:2] == ["("] or bool(ASSIGNING & set(words))


def statements(tokens):
    """(first, last) indexes of every statement that may be left out, its semicolon included."""
    depth, begin = 0, None
    for at, token in enumerate(tokens):
        if token.text == "{" and depth == 0 or token.text == "}":
            begin = at + 1
        elif token.text in ("(", "["):
            depth += 1
        elif token.text in (")", "]"):
            depth -= 1
        elif token.text == ":" and depth == 0 and begin is not None and \
                tokens[begin].text in ("case", "default"):
            begin = at + 1
        elif token.text == ";" and depth == 0:
            if begin is not None and is_deletable(tokens[begin:at]):
                yield begin, at
            begin = at + 1


def changes(tokens):
    """(operator, first and last index of what goes, what comes, how it is told)."""
    for at, token in enumerate(tokens):
        for operator, table in (("boundary", BOUNDARY), ("relational", RELATIONAL)):
            if token.sort == "sign" and token.text in table:
                instead = table[token.text]
                yield operator, at, at, instead, f"`{token.text}` becomes `{instead}`"
        if token.sort == "number" and (found := re.fullmatch(r"(\d+)([uUlL]*)", token.text)):
            for step in (1, -1):
                if (number := int(found[1]) + step) >= 0:
                    yield ("constant", at, at, f"{number}{found[2]}",
                           f"`{token.text}` becomes `{number}{found[2]}`")
        if token.text == "!" and token.sort == "sign":
            yield "negation", at, at, "", "`!` is left out"
        if token.text in ("if", "while") and tokens[at + 1].text == "(":
            yield "negation", at + 1, closing(tokens, at + 1), None, \
                f"`{token.text}` is turned round"
    for first, last in statements(tokens):
        yield "statement", first, last, ";", "the statement is left out"


def mutants_of(file, source):
    """Every mutant of one source, in the order of the operators and places."""
    tokens = without_assertions(tokens_of(source))
    lines = source.splitlines()
    functions = [(found.start(), found[1]) for found in FUNCTION.finditer(source)]
    told = {}
    for operator, first, last, instead, change in changes(tokens):
        begin, end = tokens[first].begin, tokens[last].end
        line = source.count("\n", 0, begin) + 1
        if instead is None:
            instead = f"(!{source[begin:end]})"
        text = lines[line - 1].strip()
        function = max((found for found in functions if found[0] <= begin), default=(0, ""))[1]
        told[function, text, change] = count = told.get((function, text, change), 0) + 1
        if count > 1:
            change = f"{change} ({count})"
        yield Mutant(file, function, line, text, operator, change, begin, end, instead)

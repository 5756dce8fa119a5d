#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many branches of rules/ the tests take both ways.

    tests/coverage.py BUILD           a build with -DTOCSIN_COVERAGE=ON whose tests have run
    tests/coverage.py BUILD --lines   and each line with a side that was never taken

A branch is what gcc makes of the source without its optimiser: each side of an `if`, of `&&` and
`||`, each case of a `switch`. Only the failing side of an assertion is left out: a test that took
it would have found a bug. In `assert(a && b)` that is one side of `a` and one of `b`; in
`assert(a || b)` only one of `b`, so that an `a` which is always true still shows.

Prints a row for each file and the total, beside the aim; fails only when there is nothing to count.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

AIM_PERCENT = 95
ROOT = pathlib.Path(__file__).resolve().parent.parent


def gcov(counts):
    """What gcov says of one object's counts, without leaving files behind."""
    said = subprocess.run(
        ["gcov", "--stdout", "--json-format", "--branch-probabilities", counts],
        check=True, capture_output=True, text=True, cwd=counts.parent)
    return json.loads(said.stdout)


def operands(condition, sign):
    """Split at `sign` outside brackets, character constants and strings."""
    parts, depth, begin, quote, at = [], 0, 0, "", 0
    while at < len(condition):
        letter = condition[at]
        if quote:
            if letter == "\\":
                at += 1
            elif letter == quote:
                quote = ""
        elif letter in "'\"":
            quote = letter
        elif depth == 0 and condition.startswith(sign, at):
            parts.append(condition[begin:at])
            begin = at + len(sign)
            at += len(sign) - 1
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        at += 1
    return parts + [condition[begin:]]


def failing_sides(condition):
    """Of how many of its operands one side leads straight to the failed assertion."""
    condition = condition.strip()
    if condition.startswith('"'):
        return 0
    while condition.startswith("(") and operands(condition[1:], ")")[1:] == [""]:
        condition = condition[1:-1].strip()
    alternatives = operands(condition, "||")
    if len(alternatives) > 1:
        return failing_sides(alternatives[-1])
    parts = operands(condition, "&&")
    return sum(failing_sides(part) for part in parts) if len(parts) > 1 else 1


def assertions(source):
    """(first line, last line, failing sides) of each assertion, counted from 1."""
    for found in re.finditer(r"\bassert\s*\(", source):
        rest = operands(source[found.end():], ")")[0]
        first = source.count("\n", 0, found.start()) + 1
        yield first, first + rest.count("\n"), failing_sides(rest)


def lines_of(file):
    """{line: [how often each side was taken]} without the failing sides of assertions."""
    sides = {}
    for line in file["lines"]:
        if line["branches"]:
            sides.setdefault(line["line_number"], []).extend(
                branch["count"] for branch in line["branches"])
    source = (ROOT / file["file"]).read_text(encoding="utf-8")
    for first, last, failing in assertions(source):
        for line in range(first, last + 1):
            while failing > 0 and 0 in sides.get(line, []):
                sides[line].remove(0)
                failing -= 1
    return {line: taken for line, taken in sides.items() if taken}


def measure(build):
    """{file of rules/: lines_of} for everything that was compiled for coverage."""
    files = {}
    for counts in sorted(build.glob("rules/CMakeFiles/rules.dir/*.gcda")):
        for file in gcov(counts)["files"]:
            path = pathlib.Path(file["file"])
            path = (path if path.is_absolute() else ROOT / path).resolve()
            if path.parent == ROOT / "rules" and path.suffix == ".c":
                file["file"] = str(path.relative_to(ROOT))
                files[file["file"]] = lines_of(file)
    return files


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("--lines", action="store_true")
    options = options.parse_args()
    files = measure(options.build.resolve())
    total = taken_total = 0
    for name, lines in files.items():
        sides = [count for taken in lines.values() for count in taken]
        taken = sum(count > 0 for count in sides)
        total += len(sides)
        taken_total += taken
        share = 100 * taken / len(sides) if sides else 100
        print(f"{name:28} {taken:5} of {len(sides):5} branches  {share:5.1f} %")
        source = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for line, counts in sorted(lines.items()):
            if options.lines and 0 in counts:
                print(f"    {line:4} {counts.count(0)} of {len(counts)} never: "
                      f"{source[line - 1].strip()}")
    if total == 0:
        sys.exit(f"tests/coverage.py: nothing was counted in {options.build}")
    print(f"{'rules/':28} {taken_total:5} of {total:5} branches  {100 * taken_total / total:5.1f} %"
          f"  (aim: {AIM_PERCENT} %)")


if __name__ == "__main__":
    main()

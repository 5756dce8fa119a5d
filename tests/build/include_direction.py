#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point one way: rules/ <- sensors/ <- gateway/.

    include_direction.py ROOT       look at every C file below ROOT/rules, sensors and gateway
    include_direction.py --control  look at a tree with one wrong include for each wall: all of them
                                    must be found, and nothing else

rules/ includes itself, freestanding headers, <assert.h> and <string.h>. sensors/ includes itself,
system headers, libraries and, of rules/, the types of the values it hands over. No part of the
product includes anything of tests/, and a header of ours is named from the root, so that this test
can see where it lies.
"""

import pathlib
import re
import sys
import tempfile

FREESTANDING = {
    "float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
    "stdint.h", "stdnoreturn.h",
}
PURE_SYSTEM = FREESTANDING | {"assert.h", "string.h"}
VALUE_TYPES = {f"rules/{name}.h" for name in ("instant", "reading", "kind", "unit", "limits")}
# A directive of any spelling; an include that is computed by a macro is refused as well.
INCLUDE = re.compile(r'^\s*(?:#|%:)\s*(?:include|include_next|import)\b\s*(.*?)\s*$')
NAME = re.compile(r'^(?:<([^>]+)>|"([^"]+)")')


def complaint(folder, argument):
    """Why a file of `folder` may not have `#include argument`; None if it may."""
    name = NAME.match(argument)
    if not name:
        return "cannot be read by this test: name the header itself"
    system, ours = name.groups()
    if system:
        if re.match(r"(rules|sensors|gateway|tests)/", system) or ".." in system:
            return "is a header of ours: write it between quotes, from the root"
        if folder == "rules" and system not in PURE_SYSTEM:
            return "rules/ is pure: freestanding headers, <assert.h> and <string.h> only"
        return None
    top = ours.split("/")[0]
    if ".." in ours.split("/") or top not in ("rules", "sensors", "gateway"):
        return "name it from the root: rules/, sensors/ or gateway/"
    if folder == "rules" and top != "rules":
        return "rules/ knows nobody but itself"
    if folder == "sensors" and top == "gateway":
        return "sensors/ knows nothing of gateway/: hand it over through the sink"
    if folder == "sensors" and top == "rules" and ours not in VALUE_TYPES:
        return "sensors/ uses the value types of rules/ only: " + ", ".join(sorted(VALUE_TYPES))
    return None


def complaints(root):
    """All complaints about the tree at `root`, and how many includes were looked at."""
    found, looked = [], 0
    for folder in ("rules", "sensors", "gateway"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".c", ".h", ".def"):
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                directive = INCLUDE.match(line)
                if not directive:
                    continue
                looked += 1
                why = complaint(folder, directive.group(1))
                if why:
                    where = path.relative_to(root)
                    found.append(f"{where}:{number}: {directive.group(1)}: {why}")
    return found, looked


RIGHT = {
    "rules": ['"rules/kind.h"', "<string.h>", "<stdint.h>", '"rules/expr_ops.def"'],
    "sensors": ['"rules/reading.h"', '"sensors/driver.h"', "<modbus.h>", "<stdlib.h>"],
    "gateway": ['"rules/core.h"', '"sensors/driver.h"', '"gateway/err.h"', "<time.h>"],
}
WRONG = {
    "rules": ['"sensors/driver.h"', '"gateway/err.h"', '"kind.h"', "<stdio.h>", "<time.h>",
              "<math.h>", "<rules/kind.h>", "HEADER", '"rules/../gateway/err.h"'],
    "sensors": ['"gateway/log.h"', '"rules/core.h"', '"rules/expr.h"', '"tests/support/trial.h"'],
    "gateway": ['"tests/support/trial.h"', '"err.h"', "<gateway/err.h>"],
}


def control():
    """Each wrong include is found, on its line, and no right one is."""
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        expected = set()
        for folder, right in RIGHT.items():
            lines = [f"#include {name}" for name in right]
            lines += [f"#  include {name} /* why */" for name in WRONG[folder]]
            (root / folder / "below").mkdir(parents=True)
            (root / folder / "below" / "part.c").write_text("\n".join(lines) + "\n")
            for number in range(len(right) + 1, len(lines) + 1):
                expected.add(f"{folder}/below/part.c:{number}")
        found = {":".join(line.split(":")[:2]) for line in complaints(root)[0]}
    for line in sorted(expected - found):
        print(f"not found: {line}")
    for line in sorted(found - expected):
        print(f"found for nothing: {line}")
    return 0 if found == expected else 1


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if sys.argv[1] == "--control":
        return control()
    found, looked = complaints(pathlib.Path(sys.argv[1]))
    for line in found:
        print(line)
    if looked == 0:
        print(f"{sys.argv[1]}: there is not one include below rules/, sensors/ and gateway/")
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

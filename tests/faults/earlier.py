# SPDX-License-Identifier: Apache-2.0
"""What tests of this very build have said already, so that `tests/run` does nothing twice.

ctest leaves what each of its tests said in Testing/Temporary/LastTest.log of the build; a whole run of tests/e2e leaves
e2e-results.json there (tests/e2e/conftest.py). Either counts only when nothing that it tests has changed since.
"""

import json
import os
import re
import subprocess

from rows import BUILD, ROOT

TEST = re.compile(r'^\d+/\d+ Test: (\S+)\nCommand: "([^"]+)".*?\nOutput:\n-+\n(.*?)<end of output>\n.*?\n-+\nTest (\w+)',
                  re.M | re.S)


class Earlier:
    """`units` is what ctest ran, `end_to_end` what pytest did: (passed, what was said) by name."""

    def __init__(self, units=None, end_to_end=None):
        self.units, self.end_to_end = units or {}, end_to_end or {}

    @classmethod
    def of_this_build(cls):
        return cls(read_units(), read_end_to_end())

    def unit(self, name):
        """The end of a test of ctest's, as running it would give; None when it has to be run."""
        if name not in self.units:
            return None
        passed, said = self.units[name]
        text = f"{said}\n100% tests passed, 0 tests failed out of 1\n" if passed else said
        return ended(["ctest", "-R", f"^{name}$", "(earlier)"], passed, text)

    def tests(self, names):
        """The end of tests of tests/e2e, all of a file or of a function; None when they have to be run."""
        found = {}
        for name in names:
            mine = {node: end for node, end in self.end_to_end.items()
                    if node == name or node.startswith((name + "[", name + "::"))}
            if not mine:
                return None
            found.update(mine)
        failed = [node for node, (passed, _) in found.items() if not passed]
        said = "\n".join(line for _, lines in found.values() for line in lines)
        text = "\n".join(f"FAILED {node}" for node in failed) if failed else f"{said}\n{len(found)} passed"
        return ended(["pytest", *names, "(earlier)"], not failed, text)


def ended(command, passed, text):
    return subprocess.CompletedProcess(command, 0 if passed else 1, text)


def read_units():
    log = BUILD / "Testing" / "Temporary" / "LastTest.log"
    try:
        ran_at, text = log.stat().st_mtime, log.read_text(errors="replace")
    except OSError:
        return {}
    return {name: (word == "Passed", said) for name, program, said, word in TEST.findall(text)
            if changed_at([program, BUILD / "tests" / name.removeprefix("faults.")]) < ran_at}


def read_end_to_end():
    try:
        results = json.loads((BUILD / "e2e-results.json").read_text())
    except (OSError, ValueError):
        return {}
    tested = [BUILD / "gateway" / "tocsin", *(ROOT / "tests" / "e2e").glob("*.py"), *(BUILD / "tests").glob("*.so")]
    return results["tests"] if changed_at(tested) < results["began"] else {}


def changed_at(files):
    """When the newest of those of the files that there are was written."""
    return max((os.stat(file).st_mtime for file in files if os.path.exists(file)), default=0.0)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manual and the completion know every command and option that the program has, and no others.

  manual.py TOCSIN             compare deploy/debian/tocsin.1 and tocsin.completion with what TOCSIN says of itself
  manual.py TOCSIN --control   the same with a manual and a completion that must be refused
"""

import re
import subprocess
import sys
from pathlib import Path

DEBIAN = Path(__file__).resolve().parents[2] / "deploy" / "debian"
COMMON = "Common options"


def said(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


def program(tocsin):
    """Each command with its options, by its own help."""
    commands = re.findall(r"^  ([a-z][a-z-]*) ", said(tocsin, "--help"), re.M)
    return {name: set(re.findall(r"^ +(--[a-z][a-z-]*)", said(tocsin, name, "--help"), re.M)) | {"--help"}
            for name in commands}


def options(text):
    return {"-" + name for name in re.findall(r"\bFl (-[a-z][a-z-]*)", text)}


def manual(text):
    """Each command with (its options, the options that all of its section or of the page have)."""
    sections = dict(section.split("\n", 1) for section in re.split(r"^\.S[sh] ", text, flags=re.M)[1:])
    common = options(sections[COMMON])
    found = {}
    for section in sections.values():
        head, *entries = re.split(r"^\.It Cm (?=[a-z])", section, flags=re.M)
        for entry in entries:
            own, shared = found.get(name := re.match(r"[a-z-]+", entry)[0], (set(), set()))
            found[name] = own | options(entry), shared | options(head) | common
    return found


def completed(tocsin, completion, *words):
    """What the completion offers for the last of the words."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
             '_tocsin "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; printf "%s\\n" "${COMPREPLY[@]}"'
    return set(said("bash", "-c", script, "bash", completion, tocsin, *words).split())


def faults(tocsin, text, completion):
    has, described = program(tocsin), manual(text)
    assert len(has) > 20, "the help of the program was not understood"
    for name in sorted(has.keys() | described.keys()):
        if name not in described:
            yield f"tocsin.1 lacks the command {name}: add `.It Cm {name}` where `tocsin --help` has it"
        elif name not in has:
            yield f"tocsin.1 describes {name}, which the program does not have"
        else:
            own, shared = described[name]
            yield from (f"tocsin.1 lacks the option {o} of {name}" for o in sorted(has[name] - own - shared))
            yield from (f"tocsin.1 describes {o} of {name}, which it does not have" for o in sorted(own - has[name]))
    offered = completed(tocsin, completion, "")
    if offered != has.keys() | {"--help", "--version"}:
        yield f"the completion differs in the commands {sorted(offered ^ (has.keys() | {'--help', '--version'}))}"
    for name in has:
        if (offered := completed(tocsin, completion, name, "--")) != has[name]:
            yield f"the completion of {name} differs in {sorted(offered ^ has[name])}"


def main():
    tocsin, text, completion = sys.argv[1], (DEBIAN / "tocsin.1").read_text(), str(DEBIAN / "tocsin.completion")
    if sys.argv[2:] == ["--control"]:
        text = text.replace(".It Cm shelve", ".It Cm shelf").replace("Fl -record", "Fl -recall")
        completion = "/dev/null"
    found = list(faults(tocsin, text, completion))
    print("\n".join(found))
    sys.exit(bool(found))


main()

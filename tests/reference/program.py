# SPDX-License-Identifier: Apache-2.0
"""A program that holds the core, line by line."""

import subprocess


class Ended(Exception):
    pass


class Core:
    def __init__(self, program):
        self.process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, encoding="utf-8")

    def say(self, line):
        self.process.stdin.write(line + "\n")

    def ask(self, line=None):
        if line is not None:
            self.say(line)
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Ended(f"the core ended by itself ({self.process.wait()}) at: {line}")
        return answer.rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait()

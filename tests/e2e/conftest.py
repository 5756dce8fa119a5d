# SPDX-License-Identifier: Apache-2.0
import json
import os
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import TOCSIN, Scene  # noqa: E402


@pytest.fixture
def scene(request):
    """A fresh site on free ports; on failure the gateway's log is shown before everything ends."""
    scene = Scene()
    yield scene
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed:
        for log in sorted(scene.directory.glob("*.log")):
            print(f"---- {log.name}\n{log.read_text(errors='replace')[-6000:]}")
    scene.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report_call = outcome.get_result()


def is_whole(config):
    """Is this a run of all that is in this folder, and are we who hears of every test?"""
    wanted = config.option
    return ([Path(argument).resolve() for argument in config.args] == [HERE] and not wanted.keyword and
            not wanted.deselect and not wanted.collectonly and "PYTEST_XDIST_WORKER" not in os.environ)


class Ends:
    """What became of each test: it has passed when it and what is before and after it have."""

    def __init__(self):
        self.began, self.tests = time.time(), {}

    def add(self, report):
        passed, rows = self.tests.get(report.nodeid, (True, []))
        if report.when == "call":
            rows = [line for line in report.capstdout.splitlines() if line.startswith("row: ")]
        self.tests[report.nodeid] = (passed and report.passed, rows)


ends = Ends()


def pytest_runtest_logreport(report):
    ends.add(report)


def pytest_sessionfinish(session):
    """A run of everything leaves for tests/faults/run what became of every test, and what it said in rows."""
    if is_whole(session.config):
        (Path(TOCSIN).parents[1] / "e2e-results.json").write_text(json.dumps(vars(ends)))

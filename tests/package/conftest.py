# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from machine import Machine, base, package  # noqa: E402


@pytest.fixture(scope="session")
def deb():
    """The package of this tree."""
    return package()


@pytest.fixture(scope="session")
def newer(deb):
    """The same program as the next version."""
    return package(version="9999.1")


@pytest.fixture
def machine(request, deb):
    """A booted machine without the package; on failure its journal is shown before it ends."""
    machine = Machine(base(deb))
    try:
        yield machine.boot()
        report = getattr(request.node, "report_call", None)
        if report is not None and report.failed:
            print(machine.does("journalctl --no-pager -n 60 -u tocsin; systemctl status --no-pager -l tocsin")[1])
    finally:
        machine.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report_call = outcome.get_result()

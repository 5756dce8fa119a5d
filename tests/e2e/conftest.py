# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import Scene  # noqa: E402


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

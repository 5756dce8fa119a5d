# SPDX-License-Identifier: Apache-2.0
import itertools
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


# Those that wait for more than half a minute, all told, whatever the machine.
LONG = {
    "test_an_hour_without_a_broker_costs_nothing", "test_a_first_broker_that_takes_no_alarms_gives_way_to_the_second",
    "test_the_line_goes_back_to_the_first_broker_when_it_is_well_and_health_names_the_one_in_use",
    "test_a_broker_that_stops_to_pass_messages_on_is_left_for_a_new_session_once",
    "test_a_broker_that_confirms_alarms_and_drops_them_is_told_of_and_has_them_all_when_it_passes_them_on",
    "test_a_broker_whose_certificate_ends_soon_is_an_alarm_until_it_shows_another",
    "test_what_happened_while_the_database_was_away_is_filled_in", "test_lines_on_the_disk_survive_that_the_uplink_is_killed",
    "test_a_full_disk_is_told_alarms_are_recorded_from_the_reserve_and_all_resumes",
    "test_what_no_form_of_fits_is_counted_and_told_and_is_not_said_to_be_delivered",
    "test_a_broker_that_refuses_calls_is_told_of_and_has_them_in_their_order_when_it_takes_them",
    "test_a_broker_that_has_room_for_events_and_none_for_states_is_told_of_by_an_alarm",
    "test_what_is_no_emergency_is_called_together_with_others_of_its_place",
    "test_a_bathroom_that_is_occupied_for_half_an_hour_is_told", "test_somebody_who_leaves_the_bathroom_in_time_is_not_told",
    "test_signed_checkpoints_find_out_whoever_computes_the_chain_anew",
}


def pytest_collection_modifyitems(items):
    """Where several processes share the tests, each begins with its part of the long ones, so that none is left with one when
    the others are done. A process is given a quarter of its share of all tests at once, and then a few at a time."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers < 2:
        return
    at_once = max(len(items) // (4 * workers), 2)
    long = [item for item in items if item.originalname in LONG]
    others = (item for item in items if item.originalname not in LONG)
    dealt = [long[worker::workers] for worker in range(workers)]
    items[:] = [item for own in dealt for item in (*own, *itertools.islice(others, max(0, at_once - len(own))))] + [*others]


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

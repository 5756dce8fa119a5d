# SPDX-License-Identifier: Apache-2.0
"""From the console somebody asks whether the journal is still what was recorded, while the gateway records."""

import contextlib
import getpass
import os
import sqlite3
import subprocess

from harness import TOCSIN, until

BUTTON = "care/day-care/button-1"
AUDIT = "/api/v1/audit"


def audited(gateway, role="auditor"):
    """Ask for an audit, and what it has found."""
    begun = gateway.ask(AUDIT, "POST", role=role, body={})
    assert begun.status == 202, begun.body
    return until(lambda: (found := gateway.ask(AUDIT).body)["state"] != "running" and found, "the audit's end")


def change(scene, statement, *values):
    """As somebody does it who can write the file."""
    with contextlib.closing(sqlite3.connect(scene.state / "journal.db", timeout=20)) as db, db:
        assert db.execute(statement, values).rowcount == 1


def test_the_journal_is_audited_from_the_console_and_the_first_changed_event_is_named(scene):
    _backend, field, gateway = scene.everything()
    before = gateway.ask(AUDIT).body
    assert before.pop("state") == "none" and set(before.values()) == {None}
    field.press(BUTTON)
    raised = until(lambda: next((event["sequence"] for event in gateway.ask("/api/v1/events?limit=1000").body["events"]
                                 if event["type"] == "tocsin.alarm.raised" and event["subject"] == BUTTON), None), "the call in the journal")
    found = audited(gateway)
    assert found["state"] == "done" and found["good"] is True and found["fault_seq"] is None and found["by"] == getpass.getuser()
    assert found["newest_seq"] >= raised and "all is as it was recorded" in found["text"]["en"] and "与记录时一致" in found["text"]["zh"]
    # The command line says the same of the same end.
    done = subprocess.run([TOCSIN, "audit", "verify", str(scene.state), "--lang", "en"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    if f"to {found['newest_seq']}" in done.stdout:
        assert found["digest"] in done.stdout

    change(scene, "UPDATE event SET body = replace(body, 'care/day-care', 'care/day-cara') WHERE seq = ? AND body LIKE '%care/day-care%'", raised)
    found = audited(gateway)
    assert (found["state"], found["good"], found["fault_seq"]) == ("done", False, raised)
    assert str(raised) in found["text"]["en"] and str(raised) in found["text"]["zh"]
    gateway.process.until_said(f"event=audit by=.* fault_seq={raised} result=wrong")


def test_an_audit_that_cannot_be_made_says_so_and_calls_nothing_good(scene):
    _backend, _field, gateway = scene.everything()
    journal = scene.state / "journal.db"
    os.rename(journal, scene.state / "elsewhere.db")
    try:
        found = audited(gateway)
        assert found["state"] == "failed" and found["good"] is None and found["digest"] is None
        assert "cannot be read" in found["text"]["en"] and "无法读完" in found["text"]["zh"]
    finally:
        os.rename(scene.state / "elsewhere.db", journal)
    assert audited(gateway)["good"] is True


def test_what_is_sent_along_is_no_order_and_a_screen_begins_nothing(scene):
    _backend, _field, gateway = scene.everything()
    assert gateway.ask(AUDIT, "POST", role="auditor", body={"path": "/etc/shadow"}).status == 400
    assert gateway.ask(AUDIT).body["state"] == "none"

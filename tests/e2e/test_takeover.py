# SPDX-License-Identifier: Apache-2.0
"""Who takes over a shift is in the journal with what was open then, and a role's shift is taken over by that role."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from browser import signed_in
from harness import SITE, until

HANDOVER = "/api/v1/handover"
BUTTON = "care/club/button"


def test_a_shift_is_taken_over_with_what_is_open_and_by_its_own_role(scene):
    shutil.copytree(SITE.parent, scene.directory / "site")
    scene.site = scene.directory / "site" / "site.yaml"
    text = scene.site.read_text()
    assert "security: {name:" in text
    scene.site.write_text(text.replace("security: {name:", "security: {role: security, name:"))
    backend, field, gateway = scene.everything()
    wang = signed_in(scene, gateway, "wang", "caregiver", "王敏")
    li = signed_in(scene, gateway, "li", "security", "李强")
    audit = signed_in(scene, gateway, "audit", "auditor", "审计员")
    field.press(BUTTON)
    until(lambda: any(alarm["entity"] == BUTTON for alarm in gateway.alarms()), "the alarm")
    shifts = {row["shift"]: row for row in wang.get("/api/v1/shifts")["shifts"]}
    assert (shifts["security"]["role"], shifts["care"]["role"], shifts["care"]["name"]["zh"]) == ("security", None, "护理班")

    # Nobody takes over for another role, an auditor for nobody, and what is wrong is named; none of it is recorded.
    assert wang.ask("POST", HANDOVER, {"shift": "security"})[0] == 403
    assert audit.ask("POST", HANDOVER, {})[0] == 403
    # What is to come nobody hands over; 2^64 ns after yesterday would be yesterday to whoever counts in 64 bits.
    now = datetime.now(timezone.utc)
    soon, later = (now + timedelta(days=1)).isoformat(), (now + timedelta(days=-1, seconds=2**64 / 1e9)).isoformat()
    for wrong in ({"shift": "night"}, {"since": "tomorrow"}, {"since": soon}, {"since": "2262-04-11T23:47:16Z"}, {"since": later},
                  {"since": "2999-01-01T00:00:00Z"}, {"note": "a\nb"}, {"note": "x" * 256}, {"by": "chen"}, {"counts": {}}, []):
        assert wang.ask("POST", HANDOVER, wrong)[0] == 400, wrong

    done = wang.ask("POST", HANDOVER, {"shift": "care", "since": shifts["care"]["began"], "note": "电梯停用"})
    assert done[0] == 200 and done[2]["recorded"] is True, done
    assert li.ask("POST", HANDOVER, {"shift": "security"})[0] == 200
    told = backend.until_event(type="shift.taken_over", count=2)
    rows = wang.get("/api/v1/events?type=shift.taken_over")["events"]
    assert [row["sequence"] for row in rows] == [event["sequence"] for event in told] and rows[0]["sequence"] == done[2]["seq"]
    data = rows[0]["data"]
    assert (data["actor"], data["role"], data["shift"], data["reason"]) == ("王敏 (caregiver)", "caregiver", "care", "电梯停用")
    assert data["since"] == shifts["care"]["began"] and data["counts"]["unacknowledged"] == 1 and data["counts"]["tests"] == 0
    assert data["text"] == {"zh": "护理班已有人接班：未处理 1", "en": "Care shift is taken over: not acknowledged 1"}
    assert (rows[1]["data"]["actor"], rows[1]["data"]["shift"]) == ("李强 (security)", "security") and "reason" not in rows[1]["data"]
    shown = gateway.cli("events", "--lang", "zh")
    assert "接班" in shown and "电梯停用" in shown
    assert all("/event/activity/shift/taken_over" in event["topic"] for event in told)
    gateway.stop()
    assert gateway.try_cli("audit", "verify", str(scene.state))[0] == 0


def test_a_takeover_that_the_browser_sends_again_is_one_event(scene):
    """A POST whose answer is lost with its connection is sent again by the browser, and nobody is told."""
    backend, _, gateway = scene.everything()
    wang = signed_in(scene, gateway, "wang", "caregiver", "王敏")
    chen = signed_in(scene, gateway, "chen", "manager", "陈晨")
    body = {"shift": "care", "note": "电梯停用"}
    with ThreadPoolExecutor(3) as threads:
        at_once = list(threads.map(lambda _: wang.ask("POST", HANDOVER, body), range(3)))
    answers = [answer[2] for answer in [*at_once, wang.ask("POST", HANDOVER, body)]]
    assert answers[0]["recorded"] is True and all(answer == answers[0] for answer in answers), answers

    # Another note and another person are other takeovers.
    assert wang.ask("POST", HANDOVER, {"shift": "care"})[2]["recorded"] is True
    assert chen.ask("POST", HANDOVER, body)[2]["recorded"] is True
    told = backend.until_event(type="shift.taken_over", count=3)
    rows = wang.get("/api/v1/events?type=shift.taken_over")["events"]
    assert [row["sequence"] for row in rows] == [event["sequence"] for event in told] and rows[0]["sequence"] == answers[0]["seq"]
    assert [row["data"]["actor"] for row in rows] == ["王敏 (caregiver)", "王敏 (caregiver)", "陈晨 (manager)"]

# SPDX-License-Identifier: Apache-2.0
"""Who has been signed out stays signed out, and an old password stays old, also where the disk was full."""

import re

import pytest
from browser import PASSWORD, Browser, signed_in
from harness import disk_in_memory, fill, until

NEW = "another battery staple"


@pytest.fixture
def console_disk(scene):
    """Where the console keeps people and sessions: a file system of its own, so that nobody else makes room on it."""
    with disk_in_memory(scene, scene.state / "console", "size=1m,mode=0700") as place:
        yield place


def test_what_a_full_disk_has_not_taken_is_told_and_is_saved_as_soon_as_there_is_room(scene, console_disk):
    _backend, _field, gateway = scene.everything()
    boss = signed_in(scene, gateway, "boss", "engineer")
    wang = signed_in(scene, gateway, "wang", "caregiver")
    li = signed_in(scene, gateway, "li", "caregiver")
    assert boss.get("/api/v1/users")["saved"] is True and wang.get("/api/v1/session")["saved"] is True

    ballast = fill(console_disk)
    assert boss.ask("DELETE", "/api/v1/users/li/sessions")[2] == {"id": "li", "ended": 1, "saved": False}
    assert li.ask("GET", "/api/v1/alarms")[0] == 401
    gateway.process.until_said(r"event=sessions_unsaved .*effect=.*ended session is valid again.*advice=")
    status, _headers, body = wang.ask("PUT", "/api/v1/session/password", {"old": PASSWORD, "new": NEW})
    assert status == 200 and body["saved"] is False, "it holds, and whoever changed it knows for how long"
    gateway.process.until_said(r"event=people_unsaved .*effect=.*old password signs in again.*advice=")
    assert boss.get("/api/v1/users")["saved"] is False

    ballast.unlink()
    until(lambda: boss.get("/api/v1/users")["saved"], "it to be saved once there is room")
    assert gateway.process.has("event=sessions_saved ") and gateway.process.has("event=people_saved ")
    gateway.kill("console")
    until(lambda: len(re.findall("event=console_open", gateway.process.text())) == 2, "another console")
    assert until(lambda: boss.try_get("/api/v1/users"), "the console to answer")["saved"] is True
    assert li.ask("GET", "/api/v1/alarms")[0] == 401 and wang.ask("GET", "/api/v1/alarms")[0] == 200
    assert Browser(scene).sign_in("wang")[0] == 401 and Browser(scene).sign_in("wang", NEW)[0] == 200

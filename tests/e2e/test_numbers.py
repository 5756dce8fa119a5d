# SPDX-License-Identifier: Apache-2.0
"""Numbers that a site changes (`alarms:`), through the real processes."""

import json
import subprocess
from datetime import datetime, timedelta

from harness import TOCSIN, button_site, free_port

ROOM = "room/button-0"
CALL = f"call/{ROOM}"


def wall(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_site_with_numbers_of_its_own_goes_by_them(scene):
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms")])
    scene.site.write_text(scene.site.read_text() + "alarms: {silence_at_most: 30 s, attend_within: {emergency: 2 min}}\n")
    told = subprocess.run([TOCSIN, "check", str(scene.site), "--lang", "en"], capture_output=True, text=True).stdout
    assert [line.split() for line in told.splitlines() if "instead of" in line] == [
        ["attend_within.emergency", "2", "min", "instead", "of", "5", "min"],
        ["silence_at_most", "30", "s", "instead", "of", "2", "min"]]
    clock = ["--clock", "2026-11-23T12:00:00+08:00@20"]
    backend, field, gateway = scene.backend(), scene.field(arguments=clock), scene.gateway(arguments=clock)
    field.press(ROOM)
    backend.until_event(type="alarm.raised", subject=ROOM)
    code, _out, err = gateway.try_cli("silence", CALL, "--seconds", "31", "--lang", "en")
    assert code == 1 and "a silence lasts at most 30 s" in err
    gateway.cli("silence", CALL)
    silenced = backend.until_event(type="alarm.silenced", subject=ROOM)[0]
    assert abs(wall(silenced["data"]["until"]) - wall(silenced["time"]) - timedelta(seconds=30)) < timedelta(seconds=0.2)
    unsilenced = backend.until_event(type="alarm.unsilenced", subject=ROOM)[0]
    assert wall(unsilenced["time"]) - wall(silenced["time"]) >= timedelta(seconds=30)
    gateway.cli("ack", CALL)
    acknowledged = backend.until_event(type="alarm.acknowledged", subject=ROOM)[0]
    realarmed = backend.until_event(type="alarm.realarmed", subject=ROOM)[0]
    assert wall(realarmed["time"]) - wall(acknowledged["time"]) >= timedelta(minutes=2)
    assert wall(realarmed["time"]) - wall(acknowledged["time"]) < timedelta(minutes=5)


def test_check_says_all_numbers_to_a_script(scene):
    button_site(scene, [("tcp://127.0.0.1:502", "1 s")])
    done = subprocess.run([TOCSIN, "check", str(scene.site), "--json"], capture_output=True, text=True)
    numbers = json.loads(done.stdout)["site"]["numbers"]
    assert numbers["silence_at_most"] == 120 and numbers["flood.more_than"] == 10
    assert numbers["acknowledge_within.low"] == 8 * 3600

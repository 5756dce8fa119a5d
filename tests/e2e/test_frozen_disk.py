# SPDX-License-Identifier: Apache-2.0
"""The disk of the state directory hangs: nothing fails, nothing is written, and whoever writes cannot be killed.

A file system of its own is mounted for the state directory and frozen with fsfreeze. Where that cannot be done,
because the tests do not run as root or there are no loop devices, they are skipped.
"""

import os
import re
import signal
import subprocess

import pytest
from harness import button_site, free_port, until
from test_reload import edit, hang_up

IMAGE_MIB = 160


class Disk:
    """A file system in a file, mounted at `place`, that freezes and thaws."""

    def __init__(self, image, place):
        self.image, self.place, self.frozen = image, place, False
        with open(image, "wb") as file:
            file.truncate(IMAGE_MIB << 20)
        self.run("mkfs.ext4", "-q", "-m", "0", image)
        self.run("mount", "-o", "loop", image, place)

    @staticmethod
    def run(*words):
        try:
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        except OSError as failure:
            pytest.skip(f"no disk can be frozen here: {failure}")
        if done.returncode != 0:
            pytest.skip(f"no disk can be frozen here: {' '.join(map(str, words))}: {done.stderr.strip()}")

    def freeze(self):
        self.run("fsfreeze", "-f", self.place)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            self.frozen = False
            subprocess.run(["fsfreeze", "-u", self.place], check=True)

    def stop(self):
        until(lambda: subprocess.run(["umount", self.place], capture_output=True).returncode == 0, "the disk to be free")


@pytest.fixture
def frozen(scene):
    """A gateway with three buttons that answer, its backend, and the disk that its journal is on."""
    if os.geteuid() != 0:
        pytest.skip("no disk can be frozen here: that takes root")
    scene.state.mkdir()
    disk = scene.keep(Disk(scene.directory / "disk.img", scene.state))
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "100 ms") for _ in range(3)])
    backend, field, gateway = scene.backend(), scene.field(), scene.gateway()
    backend.until_event(type="system.started")
    yield backend, field, gateway, disk
    disk.thaw()  # or nobody who is stopped next could end


def pressed(backend, field, button):
    field.set(f"room/button-{button}", 1)
    return backend.until_event(type="alarm.raised", rule="call", subject=f"room/button-{button}")


def ended(gateway):
    """Its exit code once it has ended. Whoever does not is not waited for: it cannot be killed before the thaw."""
    gateway.process.child.send_signal(signal.SIGTERM)
    return until(lambda: (gateway.process.child.poll(),) if gateway.process.child.poll() is not None else None,
                 "the gateway to end", 60, lambda: "\n" + gateway.process.text()[-3000:])[0]


def recorded(backend, rule):
    """What is told of a rule's alarms and is recorded, in its order; what went out early comes again so."""
    told = {event["sequence"]: event for event in backend.events(rule=rule) if "sequence" in event}
    return [(event["subject"], event["type"]) for _, event in sorted(told.items())]


def until_recorded(backend, *buttons):
    until(lambda: {subject for subject, _ in recorded(backend, "call")} == {f"room/button-{n}" for n in buttons},
          "every call to be recorded")


def test_alarms_are_raised_while_the_disk_is_frozen_and_recorded_when_it_is_thawed(frozen):
    backend, field, gateway, disk = frozen
    pids = gateway.pids()
    disk.freeze()
    [first] = pressed(backend, field, 0)
    assert "sequence" not in first, "it was told before it could be recorded"
    backend.until_event(type="alarm.raised", rule="system_storage")
    gateway.process.until_said("event=journal_hangs ")
    pressed(backend, field, 1)
    assert gateway.pids() == pids, "whoever watches goes on"
    assert not backend.events(type="alarm.cleared", rule="system_storage")
    disk.thaw()
    backend.until_event(type="alarm.cleared", rule="system_storage")
    until_recorded(backend, 0, 1)
    assert [kind for _, kind in recorded(backend, "system_storage")] == ["tocsin.alarm.raised", "tocsin.alarm.cleared"], \
        "one that stood as long as the disk was frozen"
    pressed(backend, field, 2)
    assert gateway.pids() == pids


def test_a_reload_waits_for_a_frozen_disk_while_the_engine_watches(scene, frozen):
    backend, field, gateway, disk = frozen
    pids = gateway.pids()
    disk.freeze()
    edit(scene.site, "en: Buttons", "en: Buttons of the house")
    hang_up(gateway)
    gateway.process.until_said(r'event=reload_waits state=\S+ waited_s=\d+ effect=".*all rooms are watched as before')
    pressed(backend, field, 0)
    backend.until_event(type="alarm.raised", rule="system_storage")
    assert gateway.pids() == pids, "whoever watches goes on"
    assert not gateway.process.has("event=reloading ")

    hang_up(gateway)  # asked again, it waits again
    until(lambda: len(re.findall("event=reload_waits ", gateway.process.text())) >= 2, "the second to wait")
    pressed(backend, field, 1)
    assert gateway.pids() == pids

    disk.thaw()
    backend.until_event(type="system.config_changed")
    until(lambda: gateway.pids().get("engine") not in (None, pids["engine"]), "another engine")
    gateway.until_healthy()
    assert len({event["id"] for event in backend.events(type="system.config_changed")}) == 1
    pressed(backend, field, 2)
    until_recorded(backend, 0, 1, 2)


def test_a_reload_that_waits_for_the_disk_is_dropped_when_the_file_is_as_it_was(scene, frozen):
    backend, field, gateway, disk = frozen
    pids = gateway.pids()
    disk.freeze()
    edit(scene.site, "en: Buttons", "en: Buttons of the house")
    hang_up(gateway)
    gateway.process.until_said("event=reload_waits ")
    backend.until_event(type="alarm.raised", rule="system_storage")
    edit(scene.site, "en: Buttons of the house", "en: Buttons")
    hang_up(gateway)
    gateway.process.until_said("event=reload_unchanged ")
    disk.thaw()
    backend.until_event(type="alarm.cleared", rule="system_storage")
    pressed(backend, field, 0)
    assert gateway.pids() == pids and not gateway.process.has("event=reloading ")


def test_a_gateway_whose_disk_is_frozen_ends_when_it_is_told_to(frozen):
    backend, field, gateway, disk = frozen
    disk.freeze()
    pressed(backend, field, 0)
    gateway.process.until_said("event=journal_hangs ")
    assert ended(gateway) == 1
    assert gateway.process.has(r"event=component_left component=engine .*the gateway ends without it")


def test_a_gateway_that_is_keeping_its_site_on_a_frozen_disk_ends_when_it_is_told_to(frozen):
    _backend, _field, gateway, disk = frozen
    gateway.process.until_said("event=site_kept ")
    disk.freeze()
    hang_up(gateway)  # nothing has changed, and the site is kept once more
    gateway.process.until_said("event=reload_unchanged ")
    assert ended(gateway) == 1
    assert gateway.process.has("event=stopped ")

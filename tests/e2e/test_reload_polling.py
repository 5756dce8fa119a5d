# SPDX-License-Identifier: Apache-2.0
"""What is pressed during a reload: where nothing that is polled has changed, polling goes on without a gap."""

import threading

from harness import button_site, free_port, until
from test_reload import edit, hang_up, until_watching

ROUNDS = 8


def flickering_site(scene):
    """A button whose every press is an event of its own: its alarm neither latches nor waits for people."""
    scene.start_broker()
    button_site(scene, [(f"tcp://127.0.0.1:{free_port()}", "20 ms")])
    edit(scene.directory / "button-rules.yaml", "class: call.emergency", "class: door.held")
    return scene.backend(), scene.field(), scene.gateway()


def presses_told(backend):
    """How many presses became an event. One that was in flight when the uplink ended may come twice, under its id."""
    told = backend.events(type="alarm.raised", rule="call") + backend.events(type="alarm.reraised", rule="call")
    return len({event["id"] for event in told})


class Fingers:
    """Press and release without a pause; each press and each release lasts for two polls, about 0.05 s."""

    def __init__(self, field):
        self.field, self.presses, self.tired = field, 0, threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.failure = None

    def hold(self, value):
        self.field.set("room/button-0", value)
        polls = self.field.polls("d0")
        until(lambda: self.field.polls("d0") >= polls + 2, "two polls")

    def work(self):
        try:
            while not self.tired.is_set():
                self.hold(1)
                self.presses += 1
                self.hold(0)
        except (AssertionError, OSError) as failure:
            self.failure = failure

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.tired.set()
        self.thread.join()


def change_message(scene, number):
    edit(scene.directory / "button-rules.yaml", "en: call" + "!" * number + "}", "en: call" + "!" * (number + 1) + "}")


def change_poll(scene, number):
    edit(scene.site, f"poll: {20 + number} ms", f"poll: {21 + number} ms")


def press_during_reloads(scene, change):
    """Press on and on while `change` and a reload follow each other; every press has to be told, once."""
    backend, field, gateway = flickering_site(scene)
    poller = gateway.pids()["field-0"]
    with Fingers(field) as fingers:
        until(lambda: presses_told(backend) > 0, "the first press")
        for number in range(ROUNDS):
            change(scene, number)
            hang_up(gateway)
            until_watching(gateway, number + 2)
    assert fingers.failure is None
    until(lambda: presses_told(backend) >= fingers.presses, f"all {fingers.presses} presses",
          context=lambda: f"\nonly {presses_told(backend)}\n{gateway.process.text()[-3000:]}")
    assert presses_told(backend) == fingers.presses
    return backend, gateway, poller


def test_no_press_is_lost_while_reloads_change_the_rules(scene):
    backend, gateway, poller = press_during_reloads(scene, change_message)
    assert gateway.pids()["field-0"] == poller
    assert gateway.process.text().count("event=polling_goes_on component=field-0") == ROUNDS
    assert not backend.events(type="alarm.raised", rule="system_component_lost")


def test_polling_goes_on_while_there_is_no_engine(scene):
    """The device is asked while the engine that is to end hangs."""
    import signal
    _backend, field, gateway = flickering_site(scene)
    change_message(scene, 0)
    gateway.kill("engine", signal.SIGSTOP)
    hang_up(gateway)
    gateway.process.until_said("event=polling_goes_on")
    polls = field.polls("d0")
    until(lambda: field.polls("d0") > polls + 20, "polls without an engine")
    until_watching(gateway, 2)


def test_a_press_that_was_seen_is_told_though_its_field_process_ends(scene):
    """Each reload changes the poll, so that each has a gap; whoever presses holds on until it is polled."""
    _backend, gateway, poller = press_during_reloads(scene, change_poll)
    assert gateway.pids()["field-0"] != poller


def test_a_changed_poll_makes_another_field_process(scene):
    _backend, field, gateway = flickering_site(scene)
    poller = gateway.pids()["field-0"]
    edit(scene.site, "poll: 20 ms", "poll: 30 ms")
    hang_up(gateway)
    until_watching(gateway, 2)
    assert gateway.pids()["field-0"] != poller
    assert not gateway.process.has("event=polling_goes_on")


def test_a_field_process_that_dies_after_it_was_kept_comes_back_with_the_new_site(scene):
    backend, field, gateway = flickering_site(scene)
    for number in range(2):
        change_message(scene, number)
        hang_up(gateway)
        until_watching(gateway, number + 2)
    gateway.kill("field-0")
    told = presses_told(backend)
    field.press("room/button-0")
    until(lambda: presses_told(backend) == told + 1, "the press", context=lambda: gateway.process.text()[-3000:])
    assert not gateway.process.has("event=stranger")


def test_a_stop_while_a_field_process_is_kept_ends_it_too(scene):
    _backend, _field, gateway = flickering_site(scene)
    poller = gateway.pids()["field-0"]
    change_message(scene, 0)
    hang_up(gateway)
    gateway.process.until_said("event=polling_goes_on")
    assert gateway.stop() == 0
    until(lambda: not process_lives(poller), "the field process to end")


def process_lives(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False

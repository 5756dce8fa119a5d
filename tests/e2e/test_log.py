# SPDX-License-Identifier: Apache-2.0
"""Whoever reads the log may stop reading: no room is watched any less for it."""

import os
import signal
import socket
import subprocess
import termios

import pytest
from harness import DEADLINE_S, TOCSIN, until

BUTTON = "care/day-care/button-1"


def pipe():
    reader, writer = os.pipe()
    return reader, writer, lambda: None


def terminal():
    """Stopped by Ctrl-S, until somebody presses Ctrl-Q."""
    reader, writer = os.openpty()
    termios.tcflow(writer, termios.TCOOFF)
    return reader, writer, lambda: termios.tcflow(writer, termios.TCOON)


def stream():
    """As systemd connects a service to journald."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return ours.detach(), theirs.detach(), lambda: None


def fill(writer):
    """Leave no room in it, as its reader would that stands still for long enough."""
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"." * 512) > 0:
            pass
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)


@pytest.mark.parametrize("kind", [pipe, terminal, stream])
def test_a_reader_of_the_log_that_stands_still_keeps_nobody_from_watching(scene, kind):
    reader, writer, resume = kind()
    fill(writer)
    scene.start_broker()
    backend, field = scene.backend(), scene.field()
    gateway = subprocess.Popen([TOCSIN, "run", str(scene.site), "--run", str(scene.directory / "run"), *scene.settings()],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer)
    try:
        backend.until_event(type="system.started")
        for down in ("down", "up") * 3:  # each time some lines are written
            field.say(f"device care-io {down}")
            backend.until_event(type="alarm.raised" if down == "down" else "alarm.cleared", rule="system_device_lost")
        field.press(BUTTON)
        backend.until_event(type="alarm.raised", subject=BUTTON)
        [engine] = [task for task in os.listdir("/proc") if task.isdigit() and is_engine_of(task, gateway.pid)]
        os.kill(int(engine), signal.SIGKILL)  # the supervisor writes lines, too
        backend.until_event(type="system.started", count=2)
        resume()
        read = bytearray()
        os.set_blocking(reader, False)

        def told():
            field.say("device care-io down")
            field.say("device care-io up")
            try:
                read.extend(os.read(reader, 1 << 16))
            except BlockingIOError:
                pass
            return b"event=log_lines_lost count=" in read
        until(told, "the log to say how many lines are missing", 2 * DEADLINE_S)
    finally:
        gateway.terminate()
        try:
            assert gateway.wait(15) == 0
        finally:
            gateway.kill()
            os.close(reader)
            os.close(writer)


def is_engine_of(task, parent):
    try:
        with open(f"/proc/{task}/status", encoding="ascii", errors="replace") as status:
            text = status.read()
        return f"\nPPid:\t{parent}\n" in text and text.startswith("Name:\tengine\n")
    except OSError:
        return False

# SPDX-License-Identifier: Apache-2.0
"""Modbus TCP devices, and sensors that publish, which show numbered stimuli, each until the journal has it.

A register shows its stimulus' number, with the topmost bit set when the number is odd: a rule raises above that
bit and clears below it, and the event's value says which stimulus it was. What is shown is shown until it has been
recorded, so that a gateway that watches again at all has to record every one of them, once.
"""

import json
import random
import socket
import struct
import threading
import time

import paho.mqtt.client as mqtt

REGISTERS = 120  # of one device: read in one request
RAISES = 0x8000
NUMBER_MAX = 0x7FFF


class Device:
    """One server for one connection at a time and as many as come."""

    points = REGISTERS

    def __init__(self):
        self.registers = bytearray(2 * REGISTERS)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        with link:
            try:
                while request := link.recv(12, socket.MSG_WAITALL):
                    transaction, _, _, unit, function, first, count = struct.unpack(">HHHBBHH", request)
                    values = self.values(first, count)
                    link.sendall(struct.pack(">HHHBBB", transaction, 0, 3 + len(values), unit, function,
                                             len(values)) + values)
            except (OSError, struct.error):
                return

    def values(self, first, count):
        return bytes(self.registers[2 * first:2 * (first + count)])

    def show(self, register, number):
        struct.pack_into(">H", self.registers, 2 * register, number | (RAISES if number % 2 else 0))

    def stop(self):
        self.listener.close()


class Publisher:
    """Sensors that publish: each keeps its number at the broker, and people pass a card reader meanwhile."""

    points = 60

    def __init__(self, port, topic):
        self.port, self.topic, self.passed = port, topic, 0
        self.client = mqtt.Client()
        self.client.max_inflight_messages_set(1000)
        self.client.connect("127.0.0.1", port, keepalive=30)
        self.client.loop_start()

    def show(self, point, number):
        value = number | (RAISES if number % 2 else 0)
        self.client.publish(f"{self.topic}/{point}", json.dumps({"lux": value}), qos=1, retain=True)

    def pass_reader(self, card):
        self.client.publish(f"{self.topic}/reader", json.dumps({"card": card, "granted": card % 3 > 0}), qos=1)
        self.passed += 1

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Stimuli:
    """The next number of each point, at random moments; `shown` is the list of all, by alarm."""

    def __init__(self, devices, pause_s, seed, names):
        self.pause_s, self.random = pause_s, random.Random(seed)
        self.places = {names(number, point): (device, point)
                       for number, device in enumerate(devices) for point in range(device.points)}
        self.shown = {alarm: [] for alarm in self.places}
        now = time.monotonic()
        self.due = {alarm: now + self.random.uniform(0, pause_s) for alarm in self.shown}
        self.ended = False

    def recorded(self, alarm, number):
        """The journal has it: the next one may come."""
        if alarm in self.shown and self.shown[alarm] and self.shown[alarm][-1] == number and alarm not in self.due:
            self.due[alarm] = time.monotonic() + self.random.uniform(0.5, 1.5) * self.pause_s

    def turn(self):
        now = time.monotonic()
        for alarm in [] if self.ended else [alarm for alarm, at in self.due.items() if at <= now]:
            number = len(self.shown[alarm]) + 1
            assert number <= NUMBER_MAX
            del self.due[alarm]
            self.shown[alarm].append(number)
            device, point = self.places[alarm]
            device.show(point, number)

    def waiting(self):
        """How many are shown that the journal does not have yet."""
        return len(self.shown) - len(self.due)

    def oldest(self):
        """Some of those that wait, with the number that is shown."""
        return [(alarm, numbers[-1:]) for alarm, numbers in self.shown.items() if alarm not in self.due][:5]

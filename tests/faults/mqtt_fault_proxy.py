# SPDX-License-Identifier: Apache-2.0
"""A way between an MQTT client and its broker that fails as told.

Knows of MQTT only where one packet ends and what kind it is (MQTT 3.1.1 and 5.0, 2.1).
"""

import random
import select
import socket
import struct
import threading
import time

FAULTS = ("black_hole", "one_byte_a_second", "no_read", "reset", "puback_dropped", "puback_delayed",
          "close_after_connack", "refused")
CONNACK, PUBLISH, PUBACK = 2, 3, 4
DROPPED = 0.1     # share of PUBACKs
DELAY_S = 2.0
REFUSED = 0.5     # share of event messages
QUOTA_EXCEEDED = 0x97  # MQTT 5.0, 3.4.2.1
FALSE_ACKS = 0.05  # share of event messages, in the control run


def packets(buffer):
    """Cut whole packets off the front of `buffer`."""
    while len(buffer) >= 2:
        size, shift, at = 0, 0, 1
        while True:
            if at >= len(buffer):
                return
            size |= (buffer[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not buffer[at - 1] & 0x80:
                break
        if len(buffer) < at + size:
            return
        packet = bytes(buffer[:at + size])
        del buffer[:at + size]
        yield packet[0] >> 4, at, packet


class Link:
    """One connection of the client and ours to the broker, in one thread."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.broker = None
        self.late = []  # (when, bytes) to the client
        self.up, self.down = bytearray(), bytearray()        # read and no whole packet yet
        self.to_client, self.to_broker = bytearray(), bytearray()  # to be written
        self.byte_at = 0
        self.greeted = False

    def run(self):
        try:
            self.broker = socket.create_connection(("127.0.0.1", self.proxy.target), timeout=5)
            self.broker.settimeout(None)
            for end in (self.client, self.broker):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.turn() and not self.proxy.ended:
                pass
        except OSError:
            pass
        finally:
            self.close()

    def turn(self):
        fault = self.proxy.fault
        if fault == "reset":
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.proxy.done[fault] += 1
            return False
        if fault == "close_after_connack" and self.greeted:
            self.proxy.done[fault] += 1
            return False
        if fault == "no_read":
            self.proxy.done[fault] += 1
            time.sleep(0.05)
            return True
        readable, _, _ = select.select((self.client, self.broker), (), (), 0.05)
        for end in readable:
            data = end.recv(65536)
            if not data:
                return False
            if fault == "black_hole":
                self.proxy.done[fault] += 1
            elif end is self.client:
                self.forward_up(data, fault)
            else:
                self.forward_down(data, fault)
        now = time.monotonic()
        while self.late and self.late[0][0] <= now:
            self.to_client += self.late.pop(0)[1]
        self.write(fault, now)
        return True

    def write(self, fault, now):
        if fault == "one_byte_a_second":
            if now < self.byte_at:
                return
            self.byte_at = now + 1
        for end, waiting in ((self.client, self.to_client), (self.broker, self.to_broker)):
            size = min(1, len(waiting)) if fault == "one_byte_a_second" else len(waiting)
            if size > 0:
                end.sendall(bytes(waiting[:size]))
                del waiting[:size]
                self.proxy.done["one_byte_a_second"] += fault == "one_byte_a_second"

    def forward_up(self, data, fault):
        self.up += data
        for kind, head, packet in packets(self.up):
            event = kind == PUBLISH and self.is_event(head, packet)
            if event and fault == "refused" and self.proxy.random.random() < REFUSED:
                self.answer(head, packet, bytes((QUOTA_EXCEEDED,)))
                self.proxy.refused.append(packet)
                self.proxy.done[fault] += 1
            elif event and self.proxy.lies and self.proxy.random.random() < FALSE_ACKS:
                self.answer(head, packet, b"")
                self.proxy.done["false_ack"] += 1
            else:
                self.to_broker += packet

    def answer(self, head, packet, reason):
        """A PUBACK that is not the broker's."""
        length, = struct.unpack_from(">H", packet, head)
        self.to_client += bytes((PUBACK << 4, 2 + len(reason))) + packet[head + 2 + length:head + 4 + length] + reason

    @staticmethod
    def is_event(head, packet):
        length, = struct.unpack_from(">H", packet, head)
        return b"/event/" in packet[head + 2:head + 2 + length]

    def forward_down(self, data, fault):
        self.down += data
        for kind, _head, packet in packets(self.down):
            if kind == PUBACK and fault == "puback_dropped" and self.proxy.random.random() < DROPPED:
                self.proxy.done[fault] += 1
            elif kind == PUBACK and fault == "puback_delayed":
                self.late.append((time.monotonic() + DELAY_S, packet))
                self.proxy.done[fault] += 1
            else:
                self.to_client += packet
            self.greeted = self.greeted or kind == CONNACK

    def close(self):
        for end in (self.client, self.broker):
            if end is not None:
                end.close()


class FaultProxy:
    """`fault` is None or one of FAULTS and may be set at any time; `done` counts what each did, `refused` keeps the packets
    that were."""

    def __init__(self, target, seed):
        self.target, self.random = target, random.Random(seed)
        self.fault, self.lies, self.ended = None, False, False
        self.connected_at = []  # on time.monotonic, one for each connection
        self.refused = []
        self.done = dict.fromkeys((*FAULTS, "false_ack"), 0)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def connections(self):
        return len(self.connected_at)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connected_at.append(time.monotonic())
            threading.Thread(target=Link(self, client).run, daemon=True).start()

    def stop(self):
        self.ended = True
        self.listener.close()

# SPDX-License-Identifier: Apache-2.0
"""A name server that answers, refuses, stays silent, lies and comes back, for one gateway alone.

It listens on an address of 127.0.0.0/8 of its own, on port 53 because resolv.conf knows no other, and the
gateway runs in a mount namespace whose resolv.conf names it: both need root, as the tests have it. The
messages are those of RFC 1035, 4.1, as little of them as is asked for.
"""

import itertools
import os
import socket
import struct
import threading

A, AAAA, IN = 1, 28, 1
NXDOMAIN = 3

addresses = itertools.count(1)


class NameServer:
    def __init__(self, directory):
        number = next(addresses)
        self.address = f"127.53.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 200 + number}"
        self.known = {}  # name: address; others do not exist
        self.silent = False
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        self.file = directory / "resolv.conf"
        self.file.write_text(f"nameserver {self.address}\n")
        threading.Thread(target=self.serve, daemon=True).start()

    def before(self):
        """What to put before a command so that it asks here."""
        return ["unshare", "--mount", "sh", "-c", f'mount --bind {self.file} /etc/resolv.conf && exec "$@"', "sh"]

    def serve(self):
        while True:
            try:
                question, peer = self.socket.recvfrom(512)
            except OSError:
                return
            name, kind, end = self.parse(question)
            self.asked.append(name)
            if not self.silent:
                self.socket.sendto(self.answer(question[:end], name, kind), peer)

    @staticmethod
    def parse(message):
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
        return ".".join(labels).lower(), struct.unpack_from("!H", message, at + 1)[0], at + 5

    def answer(self, question, name, kind):
        address = self.known.get(name)
        found = address is not None and kind == A
        head = struct.pack("!2sHHHHH", question[:2], 0x8180 | (0 if address is not None else NXDOMAIN), 1, int(found),
                           0, 0)
        record = struct.pack("!HHHIH", 0xC00C, A, IN, 1, 4) + socket.inet_aton(address) if found else b""
        return head + question[12:] + record

    def stop(self):
        self.socket.close()

# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""An sFlow agent as small as can be: datagrams with exactly what a test wants in them.

    agent = Agent("10.99.0.1")
    agent.send(agent.counters(ds=5, speed=10**9, octets=125 * 10**6), ms=1000)
    agent.send(agent.flow(ds=5, header=ethernet, frame_length=1000))
"""

import socket
import struct


def record(tag, body):
    return struct.pack("!II", tag, len(body)) + body


def opaque(data):
    return struct.pack("!I", len(data)) + data + bytes(-len(data) % 4)


EVENT_MAC, EVENT_IP, EVENT_IP6 = 1, 2, 3


def event_field(value):
    if isinstance(value, str):
        return struct.pack("!I", 0) + opaque(value.encode())
    if isinstance(value, int):
        return struct.pack("!Ii", 4, value)
    if isinstance(value, float):
        return struct.pack("!Id", 7, value)
    kind, data = value
    return struct.pack("!I", kind) + data + bytes(-len(data) % 4)


class Agent:
    def __init__(self, address, collector=("127.0.0.1", 6343)):
        self.address = socket.inet_aton(address)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.collector = collector
        self.datagrams = self.uptime = 0
        self.sequence = {}  # per kind and data source

    def number(self, kind, ds):
        self.sequence[kind, ds] = self.sequence.get((kind, ds), 0) + 1
        return self.sequence[kind, ds]

    def counters(self, ds, speed, octets, name=None):
        """A counters sample of a port: ifSpeed in bit/s, ifInOctets."""
        interface = struct.pack("!IIQIIQ6IQ6I", ds, 6, speed, 1, 3, octets, *[0] * 6, 0, *[0] * 6)
        return self.counters_of(ds, record(1, interface),
                                record(1005, opaque((name or f"swp{ds}").encode())))

    def counters_of(self, ds, *records):
        """A counters sample of any records; the class of the data source is in its first byte."""
        head = struct.pack("!III", self.number("counters", ds), ds, len(records))
        return record(2, head + b"".join(records))

    def flow(self, ds, header, frame_length, rate=1000, ingress=True, output=0, records=()):
        """A flow sample with a raw packet header (Ethernet), and other records."""
        number = self.number("flow", ds)
        sampled = struct.pack("!III", 1, frame_length, 4) + opaque(header)
        head = struct.pack("!IIIIIIII", number, ds, rate, number * rate, 0, ds if ingress else 0,
                           output if ingress else ds, 1 + len(records))
        return record(1, head + record(1, sampled) + b"".join(records))

    def event(self, source, rate=1, **fields):
        """A custom event (rtflow): fields are texts, integers, floats, or (type, bytes)."""
        head = opaque(source.encode()) + struct.pack("!III", rate, 0, len(fields))
        return record(4300 << 12 | 1003, head + b"".join(
            opaque(name.encode()) + event_field(value) for name, value in fields.items()))

    def datagram(self, *samples, ms=0):
        self.datagrams += 1
        self.uptime += ms
        return struct.pack("!II", 5, 1) + self.address + struct.pack(
            "!IIII", 0, self.datagrams, self.uptime, len(samples)) + b"".join(samples)

    def send(self, *samples, ms=0):
        self.socket.sendto(self.datagram(*samples, ms=ms), self.collector)


def udp4(source, destination, sport=1000, dport=53, payload=bytes(26), mac="020000000002"):
    """An Ethernet frame."""
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + socket.inet_aton(
        source) + socket.inet_aton(destination)
    return bytes.fromhex("020000000001" + mac + "0800") + ip + udp

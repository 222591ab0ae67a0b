# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What truly left by interfaces of this namespace, smoothed as a flow definition smooths.

    with Reader(["to_server0", "to_server1"]) as truth:   # reads the counters all the while
        truth.frames(["to_server0"], time_ns, t)           # frames/s

A rate smoothed with the time constant t is the integral of r(s) e^(-(T-s)/t) / t over all s up to
T. Counters that are read every 10 ms give r as steps, for which the integral is a sum. So the true
rate is known at any moment, also while it changes, and to the frame.
"""

import bisect
import math
import threading
import time

INTERVAL = 0.01  # s
FORGET = 30      # time constants after which nothing is left


def sent(interfaces):
    """Frames that left by each of them."""
    frames = {}
    with open("/proc/net/dev") as f:
        for line in f:
            name, _, rest = line.partition(":")
            frames[name.strip()] = rest.split()
    return [int(frames[name][9]) for name in interfaces]


class Reader:
    def __init__(self, interfaces):
        self.interfaces = interfaces
        self.readings = []  # (ns, [frames])
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join()

    def read(self):
        while not self.stop.wait(INTERVAL):
            before = time.time_ns()
            counts = sent(self.interfaces)
            self.readings.append(((before + time.time_ns()) // 2, counts))

    def frames(self, interfaces, at, t):
        """Frames/s through all these together, smoothed, at that time (ns)."""
        total = 0.0
        for start, end, rate in self.steps(interfaces, at - int(FORGET * t * 1e9)):
            if start >= at:
                break
            total += contribution(start, min(end, at), rate, at, t)
        return total

    def crossed(self, interfaces, limit, t):
        """When (ns) their smoothed frames/s first reached the limit; None = not yet."""
        total, before = 0.0, 0
        for start, end, rate in self.steps(interfaces, 0):
            total *= math.exp((before - end) / 1e9 / t)
            total += contribution(start, end, rate, end, t)
            before = end
            if total >= limit:
                return end
        return None

    def longest_gap(self, since, until):
        """Longest time (s) without a reading; INTERVAL unless the machine is busy."""
        first = bisect.bisect_left(self.readings, (since,))
        times = [since, *(t for t, _ in self.readings[first:] if t < until), until]
        return max(b - a for a, b in zip(times, times[1:])) / 1e9

    def steps(self, interfaces, since):
        """(start, end, frames/s) between readings."""
        which = [self.interfaces.index(i) for i in interfaces]
        readings = self.readings[max(bisect.bisect_left(self.readings, (since,)) - 1, 0):]
        for (start, before), (end, after) in zip(readings, readings[1:]):
            yield start, end, sum(after[i] - before[i] for i in which) * 1e9 / (end - start)


def contribution(start, end, rate, at, t):
    """Of that rate, from start to end, to the rate smoothed at a time not before the end."""
    return rate * (math.exp((end - at) / 1e9 / t) - math.exp((start - at) / 1e9 / t))

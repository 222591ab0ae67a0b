# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The collector in a test, and what its feed says.

    weir = Weir(weir, weirctl, "weir", config_text, ["--no-huge"], namespace)
    weir.wait_ready()
    weir.messages("flow.pair")   # all messages of a topic so far, as dictionaries
    weir.stats()                 # the latest Stats
    weir.end(signal.SIGTERM)     # and what must be true then; wait_end() of a replay
"""

import json
import os
import socket
import subprocess

import lib_sandbox as sandbox

FEED = "ipc:///run/{}.ipc"


def stats_socket(prefix, command):
    """The answer of DPDK's stats socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(f"/run/dpdk/{prefix}/dpdk_telemetry.v2")
        s.recv(1024)
        s.send(command.encode())
        return json.loads(s.recv(65536))[command.split(",")[0]]


def check_refused(weir, text, expected):
    """A configuration that --check refuses, saying what is expected."""
    with open("/run/wrong.yaml", "w") as f:
        f.write(text)
    done = subprocess.run([weir, "--check", "--config", "/run/wrong.yaml"], capture_output=True,
                          text=True)
    sandbox.check(done.returncode != 0 and expected in done.stderr, f"refused: {expected}")


def with_card(card):
    """Environment of a weir whose ports behave like those of a card (card.c)."""
    return dict(os.environ, LD_PRELOAD=card)


class Lines:
    """A program that prints one JSON object a line, read while it runs."""

    def __init__(self, name, command):
        self.process = sandbox.Process(name, command, stdout=open(f"/run/{name}.json", "w"))
        self.file = open(f"/run/{name}.json")
        self.partial = ""
        self.all = []

    def read(self):
        *lines, self.partial = (self.partial + self.file.read()).split("\n")
        self.all += map(json.loads, lines)
        return self.all

    def text(self):
        """All of it as printed, when the program has ended."""
        with open(self.file.name) as f:
            return f.read()


class Weir:
    def __init__(self, weir, weirctl, name, config, arguments=(), namespace=None, **options):
        self.name = name
        feed = FEED.format(name)
        path = f"/run/{name}.yaml"
        with open(path, "w") as f:
            f.write(config)
        command = [weir, "--config", path, "--feed", feed, "--set", f"file_prefix={name}",
                   *arguments]
        self.process = sandbox.Process(name, command, namespace, **options)
        self.clients = {
            what: Lines(f"{name}-{what}", [weirctl, what, "--json", "--feed", feed, *more])
            for what, more in (("top", ()), ("events", ()), ("stats", ("--follow",)))
        }

    def messages(self, topic):
        kind = {"flow": "top", "event": "events", "stats": "stats"}[topic.split(".")[0]]
        return [m for m in self.clients[kind].read() if m["topic"] == topic]

    def rounds(self, flows):
        """All rounds in which every one of these definitions came, as {definition: message}."""
        topics = [{m["tick"]: m for m in self.messages(f"flow.{f}")} for f in flows]
        ticks = sorted(set.intersection(*map(set, topics)))
        return [dict(zip(flows, (topic[tick] for topic in topics))) for tick in ticks]

    def stats(self):
        return self.messages("stats")[-1]

    def counter(self, name):
        stats = self.stats()
        names = [c["name"] for c in stats["counters"]]
        return stats["total"][names.index(name)]

    def per_worker(self, name):
        stats = self.stats()
        names = [c["name"] for c in stats["counters"]]
        return [worker["values"][names.index(name)] for worker in stats["workers"]]

    def wait_ready(self):
        """All clients are connected: what is published from now on reaches each of them."""
        sandbox.wait_until("the feed has its subscribers", lambda: self.messages("stats")
                           and self.stats()["publisher"]["subscribers"] == len(self.clients), 30)

    def check_ledgers(self):
        """Nothing went where no counter knows."""
        stats = self.stats()
        sandbox.check(stats["ledgers"], "there are ledgers")
        for ledger in stats["ledgers"]:
            counts = [ledger[k] for k in ("received", "used", "reasons")]
            sandbox.check(counts[0] == counts[1] + counts[2],
                          "ledger {}: received {} = used {} + reasons {}".format(
                              ledger["name"], *counts))

    def end(self, number, seconds=1.0):
        """A signal ends it at once with status 0, and its subscribers with it, without losses."""
        for client in self.clients.values():
            client.process.may_end = True
        status, took = self.process.end(number, 20)
        sandbox.check(status == 0, f"status {status} after signal {number}")
        sandbox.check(took < seconds, f"ended after {took:.2f} s, less than {seconds}")
        self.check_clients()

    def wait_end(self, seconds):
        """It ends by itself, with status 0."""
        for process in self.process, *(client.process for client in self.clients.values()):
            process.may_end = True
        sandbox.wait_until("the replay has ended", lambda: self.process.poll() is not None, seconds)
        sandbox.check(self.process.returncode == 0, f"status {self.process.returncode} at the end")
        self.check_clients()

    def check_clients(self):
        for name, client in self.clients.items():
            status = client.process.wait(10)
            sandbox.check(status == 0, f"weirctl {name} ends with it: status {status}")
            lost = [m["lost"] for m in client.read()]
            sandbox.check(not any(lost), f"weirctl {name} got all of {len(lost)} messages")

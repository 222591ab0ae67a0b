# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""A place of its own for a test that needs networks and daemons.

    import lib_sandbox as sandbox
    sandbox.enter()                       # first of all: runs the program again, inside
    sandbox.need("iperf3")                # or skip, saying so
    client = sandbox.Namespace("client")  # a network namespace
    sandbox.veth("up0", None, "eth0", client)
    server = sandbox.Process("server", ["iperf3", "-s"], client)
    sandbox.wait_until("the server listens", lambda: ..., 10)
    sandbox.check(..., "what holds")

enter() makes network, mount and PID namespaces, and for others than root a user namespace:
interfaces get no name that matters outside, /run is empty and private (sockets, PID files, DPDK's
run-time files), and when the test ends, however it ends, the kernel ends every process in it and
takes the namespaces away. Nothing is left behind.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

SKIP = 77
MARK = "WEIR_TEST_SANDBOX"

processes = []


def skip(reason):
    print(f"SKIPPED: {reason}", flush=True)
    sys.exit(SKIP)


def fail(text):
    show_logs()
    sys.exit(f"FAILED: {text}")


def say(text):
    print(text, flush=True)


def check(holds, text):
    say(f"{'ok' if holds else 'NOT OK'}: {text}")
    if not holds:
        fail(text)


def need(*programs):
    missing = [p for p in programs if not (shutil.which(p) or os.access(p, os.X_OK))]
    if missing:
        skip(f"needs {', '.join(missing)} (scripts/setup installs packages)")


def enter():
    """Go on in new namespaces, or skip."""
    if os.environ.get(MARK) == str(os.getpid()):
        # PID 1 gets only the signals that it handles.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        return
    unshare = ["unshare", "--net", "--mount", "--pid", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    prepare = "mount -t tmpfs tmpfs /run && ip link set dev lo up"
    why = subprocess.run([*unshare, "sh", "-c", prepare], capture_output=True, text=True)
    if why.returncode != 0:
        skip(f"cannot make namespaces here: {why.stderr.strip()}")
    os.environ[MARK] = "1"
    inside = [sys.executable, *sys.argv]
    os.execvp(unshare[0], [*unshare, "sh", "-c", prepare + ' && exec "$@"', "sh", *inside])


def waited(holds, seconds, what="what comes next"):
    """Look until holds() is true and return what it said; None after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        for process in processes:
            if process.poll() is not None and not process.may_end:
                fail(f"{process.name} ended with status {process.returncode}, before: {what}")
        got = holds()
        if got:
            return got
        if time.monotonic() > end:
            return None
        time.sleep(0.01)


def wait_until(what, holds, seconds):
    """The same, and fail after so many seconds."""
    return waited(holds, seconds, what) or fail(f"not within {seconds} s: {what}")


class Namespace:
    """A network namespace, which lives as long as the process that holds it."""

    def __init__(self, name):
        self.name = name
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        theirs = f"/proc/{self.holder.pid}/ns/net"
        wait_until(f"namespace {name}", lambda: os.readlink(theirs) != ours, 10)
        self.run("ip", "link", "set", "dev", "lo", "up")

    def enter(self, command):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *command]

    def run(self, *command):
        return run(*self.enter(command))


class Here:
    """The test's own namespace, where one is asked for."""

    @staticmethod
    def enter(command):
        return list(command)

    @staticmethod
    def run(*command):
        return run(*command)


def run(*command):
    """Output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(command)}: status {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


class Process(subprocess.Popen):
    """A process whose output lies in a file. Its end fails the test unless it was asked for."""

    def __init__(self, name, command, namespace=None, may_end=False, **options):
        self.name = name
        self.may_end = may_end
        self.log = f"/run/{name}.log"
        if namespace is not None:
            command = namespace.enter(command)
        with open(self.log, "w") as log:
            super().__init__(command, stdout=options.pop("stdout", log), stderr=log, **options)
        processes.append(self)

    def text(self):
        with open(self.log) as log:
            return log.read()

    def end(self, number, seconds):
        """Send a signal; the exit status, and how long it took."""
        self.may_end = True
        start = time.monotonic()
        self.send_signal(number)
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            fail(f"{self.name} still runs {seconds} s after signal {number}")
        return self.returncode, time.monotonic() - start


def show_logs():
    """What the processes said, for whoever reads the log of a failed test."""
    for process in processes:
        lines = process.text().splitlines()
        say(f"-- {process.name}: {' '.join(process.args)}")
        for line in lines[-12:]:
            say(f"   {line}")


def veth(name, namespace, peer, peer_namespace, address=None, peer_address=None):
    """A cable between two namespaces, None being the test's own.

    Neither end computes checksums later than in the packet: who reads from a packet socket would
    get frames without one. IPv6 is off, for the sake of quiet.
    """
    ends = ((name, namespace, address), (peer, peer_namespace, peer_address))
    run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", peer)
    for link, where, _ in ends:
        if where is not None:
            run("ip", "link", "set", "dev", link, "netns", str(where.holder.pid))
    for link, where, ip in ends:
        inside = where.run if where is not None else run
        inside("sysctl", "-q", "-w", f"net.ipv6.conf.{link}.disable_ipv6=1")
        inside("ethtool", "-K", link, "tx", "off")
        if ip is not None:
            inside("ip", "address", "add", ip, "dev", link)
        inside("ip", "link", "set", "dev", link, "up")

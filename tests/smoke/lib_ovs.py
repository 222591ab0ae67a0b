# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""An Open vSwitch of the test's own, with a client and servers on it, as an sFlow agent.

        client -- to_client [br0] to_server0 -- server0
                                  to_server1 -- server1
                                  ...

ovsdb-server and ovs-vswitchd run in the foreground, with everything they write below /run, and with
the datapath in user space: it needs no kernel module. What its samples look like: one sample for a
frame that crosses the bridge, taken when it comes in, each frame with the probability 1/N
independently of all others; data source 2:1000 (class 2, physical entity) for the whole bridge,
input and output are ifIndexes, and the frame length counts the 4 bytes of the FCS. Counters samples
come from each port (0:ifIndex) and from the bridge.
"""

import os

import lib_sandbox as sandbox

RUN = "/run/ovs"
DB = f"unix:{RUN}/db.sock"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
PROGRAMS = ("ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "iperf3", "ethtool")
CLIENT = "10.9.0.1"


def vsctl(*arguments):
    return sandbox.run("ovs-vsctl", f"--db={DB}", "--timeout=20", *arguments)


def server_address(i):
    return f"10.9.0.{10 + i}"


def start_program(program, places, *arguments):
    sandbox.Process(program, [program, *arguments, f"--pidfile={RUN}/{program}.pid"],
                    env={**os.environ, **places})


def start():
    """The daemons, and a bridge br0 without ports."""
    sandbox.run("mkdir", RUN)
    sandbox.run("ovsdb-tool", "create", f"{RUN}/conf.db", SCHEMA)
    places = {f"OVS_{what}DIR": RUN for what in ("RUN", "LOG", "DB", "SYSCONF")}
    start_program("ovsdb-server", places, f"{RUN}/conf.db", f"--remote=p{DB}")
    sandbox.wait_until("the database listens", lambda: os.path.exists(f"{RUN}/db.sock"), 20)
    vsctl("--no-wait", "init")
    start_program("ovs-vswitchd", places, DB, "--disable-system")
    vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")


class Switch:
    def __init__(self, n_servers):
        self.client = sandbox.Namespace("client")
        sandbox.veth("to_client", None, "eth0", self.client, None, f"{CLIENT}/24")
        self.servers = [sandbox.Namespace(f"server{i}") for i in range(n_servers)]
        self.ports = [f"to_server{i}" for i in range(n_servers)]
        for i, (port, server) in enumerate(zip(self.ports, self.servers)):
            sandbox.veth(port, None, "eth0", server, None, f"{server_address(i)}/24")
        start()
        for port in ("to_client", *self.ports):
            vsctl("add-port", "br0", port)

    @staticmethod
    def export(target, device, sampling):
        """Sample 1 in `sampling` frames; the agent is known by the address of `device`."""
        vsctl("--", "--id=@s", "create", "sFlow", f"agent={device}", f'target="{target}"',
              "header=128", f"sampling={sampling}", "polling=1",
              "--", "set", "bridge", "br0", "sflow=@s")

    def iperf(self, i, frames, size, seconds):
        """UDP from the client to server i: `frames` a second with `size` bytes of payload each."""
        server = sandbox.Process(f"iperf3-server{i}", ["iperf3", "-s", "--forceflush"],
                                 self.servers[i])
        sandbox.wait_until("iperf3 listens", lambda: "listening" in server.text(), 20)
        return sandbox.Process(f"iperf3-client{i}", [
            "iperf3", "-c", server_address(i), "-u", "-b", str(frames * size * 8), "-l", str(size),
            "-t", str(seconds), "--forceflush"], self.client)

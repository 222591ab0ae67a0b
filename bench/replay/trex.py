# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""TRex (stateless): play an sFlow capture, again and again, from many source addresses.

    start -f bench/replay/trex.py -m 100kpps -t pcap=sflow.pcap,sources=256 --port 0

With sources=1 all frames are of one 5-tuple and fill one queue of the appliance; with 256 RSS
spreads them. Read the loss ledger as README.md says.
"""

import argparse

from trex_stl_lib.api import (STLPktBuilder, STLProfile, STLScVmRaw, STLVmFixIpv4, STLVmFlowVar,
                              STLVmWrFlowVar)


class Replay:
    def get_streams(self, direction=0, tunables=(), **kwargs):
        parser = argparse.ArgumentParser()
        parser.add_argument("--pcap", default="sflow.pcap")
        parser.add_argument("--sources", type=int, default=1)
        options = parser.parse_args(tunables)
        vm = STLScVmRaw([
            STLVmFlowVar("source", min_value=0x0a000001, size=4, op="inc",
                         max_value=0x0a000000 + options.sources),
            STLVmWrFlowVar(fv_name="source", pkt_offset="IP.src"),
            STLVmFixIpv4(offset="IP"),
        ])
        return STLProfile.load_pcap(options.pcap, ipg_usec=10, loop_count=0,
                                    vm=vm if options.sources > 1 else None).get_streams()


def register():
    return Replay()

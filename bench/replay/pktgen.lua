-- SPDX-License-Identifier: BSD-3-Clause
-- Copyright (c) 2026 The weir authors
--
-- Pktgen-DPDK: find the rate at which an appliance begins to lose. Built with Lua support and started
-- with a capture on port 0:
--
--   pktgen -l 0-2 -a 0000:01:00.1 -- -P -m '[1:2].0' -s 0:sflow.pcap -f bench/replay/pktgen.lua
--
-- It plays the capture at rising shares of the line rate, ten seconds each, and prints what it sent.
-- After each step read `weirctl stats` on the appliance: rx_frames plus missed, no_buffer and
-- kernel_drops must have grown by as many; the first step where one of those three grows is the limit.

package.path = package.path .. ";?.lua"
local port, seconds = "0", 10

pktgen.screen("off")
for _, rate in ipairs({1, 2, 5, 10, 20, 40, 60, 80, 100}) do
	pktgen.clr()
	pktgen.set(port, "rate", rate)
	local before = pktgen.portStats(port, "port")[0].opackets
	pktgen.start(port)
	pktgen.delay(seconds * 1000)
	pktgen.stop(port)
	pktgen.delay(1000)
	local sent = pktgen.portStats(port, "port")[0].opackets - before
	print(string.format("rate %3d %%: %d frames, %.0f a second", rate, sent, sent / seconds))
end
pktgen.quit()

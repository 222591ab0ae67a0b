#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""usage: check_decode.py [--table] WEIRCTL CAPTURES   compare `weirctl decode` with sflowtool 6.11

CAPTURES is a folder of captures whose sub-folder golden/ holds what sflowtool printed:
NAME.sflowtool.json.gz (-j -r) and NAME.sflowtool.txt.gz (-r). Datagrams must be equal but for the
differences that doc/decode.md lists; each is normalised by a function below that cites it. Without
the folder the test is skipped (status 77). --table prints what was found in each capture, and where
and why it differs from sflowtool, as a table in Markdown.
"""

import collections
import gzip
import itertools
import json
import os
import re
import subprocess
import sys

# Per capture: what must be found, so that a change is seen where sflowtool gave up too.
#   datagrams, samples, records, unknown, {lines that sflowtool did not finish: why}
EXPECTED = {
    "agent-hsflowd-v4": (34, 135, 390, 0, {}),
    "agent-ovs": (69, 281, 840, 0, {}),
    "agent-pmacct-sfprobe": (16, 51, 251, 0, {}),
    "cistern-discarded": (1, 1, 3, 0, {}),
    "cistern-dumps": (5, 8, 20, 0, {}),
    "ecmp": (9279, 56467, 60549, 0, {}),
    "flowparser-snapshots": (5, 13, 44, 0, {}),
    "fluent-sflow": (2, 2, 5, 0, {}),
    "goflow-utils": (1, 6, 0, 5, {0: "record lengths are wrong"}),
    "goflow2-drop": (3, 3, 3, 0, {2: "the length of a string is not a multiple of four"}),
    "goflow2": (2, 6, 11, 0, {}),
    "gopacket-handmade": (8, 7, 5, 0, {
        2: "a record is longer than its sample",
        5: "a record is longer than its sample",
        7: "a sample is longer than the datagram",
    }),
    "gopacket": (6, 20, 43, 0, {}),
    "libsflow-expanded-v4": (96, 96, 131, 0, {17: "next hop of unknown type"}),
    "logstash-codec-old": (2, 2, 5, 0, {}),
    "logstash-codec": (5, 22, 28, 0, {}),
    "nxthdr-1": (1, 1, 1, 0, {}),
    "nxthdr-17": (17, 20, 59, 0, {}),
    "overflowd-1000": (1000, 6357, 12714, 0, {}),
    "tcpdump-sflow-print-v6": (25, 61, 122, 0, {}),
    "tcpdump-sflow_expanded": (1, 1, 3, 0, {}),
    "tcpdump-sflow_multiple_counter_30_pdus": (30, 144, 296, 0, {}),
    "tcpdump-sflow_print-segv": (1, 0, 0, 0, {0: "the UDP payload is shorter than the frame"}),
    "telegraf-netflow-cases": (4, 10, 19, 0, {}),
    "vertex-hsflowd": (1, 1, 10, 0, {}),
    "vflow": (2, 10, 31, 0, {1: "padding behind the last record of a sample"}),
    "zeek-rlabs-25": (25, 149, 310, 0, {}),
    "zeek-rlabs-single": (1, 8, 16, 0, {}),
}

# doc/decode.md, "Records that sflowtool skips"
SKIPPED_BY_SFLOWTOOL = {"0:1037", "4300:2", "43874:2"}
# doc/decode.md, "Drop reasons": code -> what sflowtool prints
REASONS = {"33": "dev_hdr", "36": "tc_egress", "332": "NotFound", "366": "NotFound",
           "372": "NotFound"}
# doc/decode.md, "Long texts": member -> bytes that sflowtool keeps
CUT_TEXTS = {"os_release": 31}


# What a difference is called in the table.
WHY = {
    "skipped": "records that sflowtool skips are printed",
    "IPID": "IPID in network order",
    "reason": "name of a drop reason",
    "cut": "text not cut",
}


def base_name(member):
    return member[len("discarded_"):] if member.startswith("discarded_") else member


def normalise(members, why):
    """Our members, an ordered list of pairs, as sflowtool would have printed them; the kinds of
    differences that were met go to the set @why."""
    names = dict((base_name(name), value) for name, value in members)
    tag = names.get("flowBlock_tag") or names.get("counterBlock_tag")
    out = []
    for name, value in members:
        base = base_name(name)
        if base == "decodeError":
            continue
        if tag in SKIPPED_BY_SFLOWTOOL and not base.endswith("_tag"):
            why.add("skipped")
            continue
        theirs, kind = value, None
        if base == "IPID":
            theirs, kind = str(int(value) >> 8 | (int(value) & 255) << 8), "IPID"
        elif base == "discardReason":
            theirs, kind = REASONS.get(names["discardCode"], value), "reason"
        elif base in CUT_TEXTS:
            theirs, kind = value[:CUT_TEXTS[base]], "cut"
        elif isinstance(value, list):
            theirs = [normalise(v, why) if isinstance(v, list) else v for v in value]
        if kind and theirs != value:
            why.add(kind)
        out.append((name, theirs))
    return out


def pairs(line):
    return json.loads(line, object_pairs_hook=list)


def run(command):
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "TZ": "UTC"})
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def golden(path):
    with gzip.open(path, "rt", encoding="utf-8", errors="strict") as f:
        return f.read()


def check_json(weirctl, capture, path, unfinished):
    ours, summary = run([weirctl, "decode", "-j", "-s", capture])
    differences, reasons = [], collections.Counter()
    for i, (a, b) in enumerate(itertools.zip_longest(ours.splitlines(), golden(path).splitlines())):
        if i in unfinished:
            pairs(a)  # ours is JSON nevertheless
            reasons["not finished by sflowtool: " + unfinished[i]] += 1
        elif a is None or b is None:
            differences.append("datagram %d\n  ours %s\n  theirs %s" % (i, a, b))
        elif a != b:
            why = set()
            if normalise(pairs(a), why) != pairs(b):
                differences.append("datagram %d\n  ours %s\n  theirs %s" % (i, a, b))
            reasons.update(WHY[w] for w in sorted(why))
    return differences, summary, reasons


# The same differences, in lines of text.
SKIPPED_LINES = re.compile(
    r"skipping unknown \w+: (0:1037|4300:2|43874:2) len=\d+$|(discarded_)?acl_\w+ |xen_vif |tag2? "
    r"|(discarded_)?extendedType (acl|tag)$|decodeError ")


def text_lines(text):
    lines = []
    for line in text.splitlines():
        if SKIPPED_LINES.match(line):
            continue
        name, _, value = line.partition(" ")
        if base_name(name) in CUT_TEXTS:
            line = name + " " + value[:CUT_TEXTS[base_name(name)]]
        if base_name(name) == "discardReason" and lines[-1].split()[1] in REASONS:
            line = "discardReason " + REASONS[lines[-1].split()[1]]
        lines.append(line)
    return lines


def swap_ids(lines):
    for i, line in enumerate(lines):
        name, _, value = line.partition(" ")
        if base_name(name) == "IPID":
            lines[i] = "%s %d" % (name, int(value) >> 8 | (int(value) & 255) << 8)
    return lines


def datagrams(lines):
    out = []
    for line in lines:
        if line.startswith("startDatagram"):
            out.append([])
        out[-1].append(line)
    return out


def check_text(weirctl, capture, path, unfinished):
    ours = datagrams(swap_ids(text_lines(run([weirctl, "decode", capture])[0])))
    theirs = datagrams(text_lines(golden(path)))
    if len(ours) != len(theirs):
        return ["%d datagrams of text, sflowtool has %d" % (len(ours), len(theirs))]
    return ["text of datagram %d\n  ours %s\n  theirs %s" % (i, a, b)
            for i, (a, b) in enumerate(zip(ours, theirs)) if i not in unfinished and a != b]


def print_row(name, found, summary, reasons, differences):
    unknown = re.findall(r"unknown (\w+ \d+:\d+): (\d+)", summary)
    print("| %s | %d | %d | %d | %s | %s |" % (
        name, *found[:3], ", ".join("%s (%s)" % u for u in unknown) or "-",
        "; ".join(["%s (%d)" % r for r in reasons.items()]
                  + ["**%d unexplained**" % len(differences)] * bool(differences)) or "-"))


def check(weirctl, folder, name, table):
    capture = os.path.join(folder, name + ".pcap")
    prefix = os.path.join(folder, "golden", name + ".sflowtool.")
    expected = EXPECTED.get(name)
    if expected is None:
        return ["no expectation for it"]
    differences, summary, reasons = check_json(weirctl, capture, prefix + "json.gz", expected[4])
    found = tuple(int(n) for n in re.findall(r"\d+", summary.splitlines()[0]))
    if found != expected[:4]:
        differences.append("datagrams, samples, records, unknown: %s, expected %s"
                           % (found, expected[:4]))
    if os.path.exists(prefix + "txt.gz"):
        differences += check_text(weirctl, capture, prefix + "txt.gz", expected[4])
    if table:
        print_row(name, found, summary, reasons, differences)
        return differences
    print("%-40s %5d datagrams %6d samples %6d records %2d unknown  %s"
          % (name, *found, "equal" if not differences else "DIFFERENT")
          + (", %d not finished by sflowtool" % len(expected[4]) if expected[4] else ""))
    return differences


def main():
    table = "--table" in sys.argv
    weirctl, folder = (a for a in sys.argv[1:] if a != "--table")
    if not os.path.isdir(os.path.join(folder, "golden")):
        print("no %s: skipped" % folder)
        return 77
    names = sorted(f[:-5] for f in os.listdir(folder) if f.endswith(".pcap"))
    failures = 0
    if table:
        print("| capture | datagrams | samples | records | unknown types |"
              " datagrams that differ from sflowtool 6.11, and why |\n|---|---|---|---|---|---|")
    for name in names:
        for difference in check(weirctl, folder, name, table):
            failures += 1
            if failures <= 20:
                print("%s: %s" % (name, difference[:2000]))
    return 1 if failures else 0


sys.exit(main())

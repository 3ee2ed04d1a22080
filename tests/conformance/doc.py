#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes docs/conformance.md from what the other runners left: doc.py VERIFIER REAL ARRAYS > FILE

Each is a file of JSON lines, of scripts/conformance verifier, real and arrays; one that is
not there is left out.
"""
import collections
import json
import pathlib
import re
import sys

import compare

HEAD = """# Conformance

Made by `scripts/conformance doc`; not to be edited.

What Linux accepts and refuses, and with which words, is the specification of the verifier. These figures say how far
it is met. A case is one program, loaded alone, privileged or not. Right is what Linux 6.12 says to the same program
when the same libbpf loads it (`scripts/kernel-vm` boots Debian's kernel for that). A case is usable when Linux gives a
verdict, and the same one as the test's annotation where it has one. A message counts when the test names one and
Linux's own log has it: then ours must have it, too, by the rules of the selftests' own runner.

| corpus | usable | agree | false accepts | false rejects | not supported | messages |
|---|---:|---:|---:|---:|---:|---:|
"""

# The selftests by what they are about; the first that fits a file's name.
FAMILIES = [
    ("exceptions", r"exception"),
    ("dynptrs", r"dynptr|user_ringbuf"),
    ("iterators, open-coded", r"^iters|bits_iter|^verifier_iter"),
    ("lists, trees, objects of programs", r"linked_list|rbtree|refcounted|kptr|percpu_alloc|list_peek"),
    ("kfuncs", r"kfunc|cpumask|nested_trust|crypto|bpf_nf|wq|^preempt|rcu_read|cgrp_|task_"),
    ("struct_ops", r"struct_ops|tcp_ca|dctcp|cubic|bpf_cc|unsupp|st_ops"),
    ("freplace, fentry, fexit", r"freplace|fexit|fentry|fmod|trampoline|bpf2bpf|trace_ext|modify_return|get_func"),
    ("LSM", r"lsm|^ima|d_path|verify_pkcs|sig_in_xattr|fs_kfuncs|token"),
    ("BPF iterators", r"^bpf_iter"),
    ("arena", r"arena"),
    ("timers, locks", r"timer|spin_lock|spinlock|^irq"),
    ("global functions", r"global_func|global_sub|global_ptr"),
    ("precision, pruning, scalars", r"precis|scalar|bounds|search_pruning|loop|reg_equal|linked_|var_off|and$|sdiv|movsx"
                                    r"|ldsx|bswap|gotol|xadd|subreg|array_access|value_|may_goto|stack|spill|fastcall"),
    ("big programs", r"pyperf|strobemeta|verif_scale|balancer|^test_l4lb|xdp_noinline|profiler"),
    ("sockets", r"sock|^bind|connect|getpeer|getsock|sendmsg|recvmsg|tcp|udp|setget|reuseport|migrate|lookup"),
    ("packets", r"xdp|tc_|cls|skb|flow|lwt|tunnel|netif|pkt|direct_packet|ip_check|decap|vlan|netfilter|mtu"),
    ("maps", r"map|htab|hash|lru|bloom|queue|stack_map|storage|ringbuf|array"),
    ("CO-RE, BTF, externs", r"core|btf|ksym|extern|kconfig|linked|skeleton|probe_read|bitfield"),
    ("privileges", r"unpriv|leak"),
    ("tracing", r"kprobe|uprobe|tracing|trace|perf|raw_tp|tp_|stacktrace|signal|override|missed|usdt"),
]


def rows_of(path):
    try:
        return [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []


def percent(part, whole):
    return f"{part} ({100 * part / whole:.1f} %)" if whole else "0"


def counts(cases):
    """The cells of a table's row."""
    usable = [case for case in cases if case["class"] != "not usable"]
    found = collections.Counter(case["class"] for case in usable)
    judged = [case["words"] for case in usable if case.get("words") is not None]
    other = found["not supported"] + found["crash"] + found["timeout"]
    return (f"{len(usable)} | {percent(found['agree'], len(usable))} | {found['false accept']} | "
            f"{found['false reject']} | {other} | {f'{sum(judged)} of {len(judged)}' if judged else '-'}")


def arrays_counts(rows):
    usable = [row for row in rows if row["result"] != "unusable"]
    agree = sum(row["result"] == "agrees" for row in usable)
    accepts = sum(row["result"] == "false accept" for row in usable)
    missing = sum(row["result"] not in ("agrees", "false accept") and row["errno"] == 95 for row in usable)
    words = [row["message_agrees"] for row in usable if row.get("message")]
    return (f"{len(usable)} | {percent(agree, len(usable))} | {accepts} | {len(usable) - agree - accepts - missing} | "
            f"{missing} | {sum(words)} of {len(words)}")


def family(case):
    test = case["object"].removesuffix(".bpf.o")
    return next((title for title, pattern in FAMILIES if re.search(pattern, test)), "others")


def by_family(cases):
    groups = collections.defaultdict(list)
    for case in cases:
        groups[family(case)].append(case)
    print("\n## Selftests by feature\n\nA file belongs to the first feature that its name fits.\n")
    print("| feature | usable | agree | false accepts | false rejects | not supported | messages |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for title, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        print(f"| {title} | {counts(members)} |")


def listed(title, cases, text, limit):
    """A table of what the cases have in common, most frequent first."""
    if not cases:
        return
    groups = collections.defaultdict(list)
    for case in cases:
        groups[compare.shape(text(case)) or "(none)"].append(case)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    print(f"\n## {title}\n\n| cases | | for example |\n|---:|---|---|")
    for message, members in ranked[:limit]:
        quoted = message.replace("|", "\\|")
        print(f"| {len(members)} | `{quoted}` | {compare.name(members[0])} |")
    if len(ranked) > limit:
        print(f"| {sum(len(members) for _, members in ranked[limit:])} | in {len(ranked) - limit} more groups | |")


def main():
    selftests, real, arrays = map(rows_of, sys.argv[1:4])
    print(HEAD, end="")
    if selftests:
        print(f"| selftests, `progs/*.c` | {counts(selftests)} |")
        for mode, title in (("priv", "privileged"), ("unpriv", "unprivileged")):
            print(f"| - {title} | {counts([case for case in selftests if case['mode'] == mode])} |")
    if arrays:
        print(f"| selftests, the array tests | {arrays_counts(arrays)} |")
    for prefix, title in (("samples-", "samples/bpf"), ("tools-", "tools/"), ("own-", "this project's own")):
        cases = [case for case in real if case["object"].startswith(prefix)]
        if cases:
            print(f"| {title} | {counts(cases)} |")
    everything = selftests + real
    rejected = [case for case in everything if case["class"] == "agree" and case["ours"]["result"] == "reject" and
                case["linux"].get("message")]
    same = sum(case["ours"]["message"] == case["linux"]["message"] for case in rejected)
    print(f"\nOf {len(rejected)} programs that both refuse with words, {same} get the very same last line.")
    by_family(selftests)

    def of(name):
        return [case for case in everything if case["class"] == name]

    listed("False accepts, by what Linux says", of("false accept"), lambda case: case["why"], 60)
    listed("False rejects, by what is said", of("false reject"), lambda case: case["why"], 60)
    listed("Not supported, by what is said", of("not supported") + of("crash") + of("timeout"), lambda case: case["why"], 60)
    listed("Messages that are missing", [case for case in everything if case.get("words") is False],
           lambda case: case["ours"].get("missing", ""), 60)
    listed("Not usable", of("not usable"), lambda case: case["why"], 60)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Time and memory of verification, ours against the running kernel's in the same run.

Usage: speed.py BENCH OUT [ROUNDS] [OBJECT...]

BENCH is bench-verify, which loads every program of the objects on both engines in turn
and prints a JSON line for each; the lines go to OUT. Without objects it is all of Linux's selftests. Compared are the programs that both
accept. Times are what each verifier says of itself, the best of the rounds; memory is
the peak that a control group sees during one load, which holds the pages that machine
code takes, too.
"""
import json
import subprocess
import sys

import corpus


def load(bench, out, rounds, objects):
    rows = []
    with open(out, "w", encoding="utf-8") as log:
        for path in objects:
            done = subprocess.run([bench, str(rounds), path], capture_output=True, text=True)
            if done.returncode < 0:
                print(f"# {path}: killed by signal {-done.returncode}", file=sys.stderr)
            for line in done.stdout.splitlines():
                log.write(line + "\n")
                rows.append(json.loads(line))
    return rows


def total(rows, what):
    """Sums of ours and the kernel's over the rows where both are known."""
    known = [(r["user"][what], r["kernel"][what]) for r in rows
             if r["user"][what] is not None and r["kernel"][what] is not None]
    return sum(u for u, _ in known), sum(k for _, k in known)


def ratio(pair):
    return f"{pair[0] / pair[1]:.2f}" if pair[1] else "-"


def print_table(rows):
    print(f"{'program':44} {'insns':>6} {'explored':>17} {'ms':>15} {'ns/explored':>11} {'peak MB':>13} {'states':>15}")
    for r in rows:
        u, k = r["user"], r["kernel"]
        mb = [f"{s['kb'] / 1024:.1f}" if s["kb"] is not None else "-" for s in (u, k)]
        print(f"{(r['object'].split('.')[0] + ' ' + r['program'])[:44]:44} {r['insns']:6}"
              f" {u['explored']:8} {k['explored']:8} {u['us'] / 1000:7.1f} {k['us'] / 1000:7.1f}"
              f" {1000 * u['us'] / max(u['explored'], 1):5.0f} {1000 * k['us'] / max(k['explored'], 1):5.0f}"
              f" {mb[0]:>6} {mb[1]:>6} {u['peak_states']:7} {k['peak_states']:7}")


def print_flatness(rows):
    """What an explored instruction costs, by how many there are."""
    print(f"\n{'explored':>12} {'programs':>8} {'ns each':>8} {'kernel':>8}")
    for low, high in ((1, 100), (100, 1000), (1000, 10000), (10000, 100000), (100000, 10**9)):
        at = [r for r in rows if low <= r["user"]["explored"] < high]
        if at:
            n = sum(r["user"]["explored"] for r in at), sum(r["kernel"]["explored"] for r in at)
            us = total(at, "us")
            print(f"{'>= ' + str(low):>12} {len(at):8} {1000 * us[0] / n[0]:8.0f} {1000 * us[1] / max(n[1], 1):8.0f}")


def summary(name, rows):
    return (f"{name} ({len(rows)}): time {ratio(total(rows, 'us'))}, per explored instruction "
            f"{total(rows, 'us')[0] / max(total(rows, 'explored')[0], 1) / max(total(rows, 'us')[1] / max(total(rows, 'explored')[1], 1), 1e-9):.2f}, "
            f"memory {ratio(total(rows, 'kb'))}, whole load {ratio(total(rows, 'load_us'))}")


def main():
    bench, out = sys.argv[1:3]
    rest = sys.argv[3:]
    rounds = int(rest.pop(0)) if rest and rest[0].isdigit() else 5
    objects = rest or [str(path) for _, path in sorted(corpus.selftests(set(corpus.selftest_names()))[0].items())]
    rows = load(bench, out, rounds, objects)
    both = [r for r in rows if not r["user"]["error"] and not r["kernel"]["error"]]
    both.sort(key=lambda r: -r["kernel"]["us"])
    print_table(both[:25])
    print_flatness(both)
    one = [r for r in rows if bool(r["user"]["error"]) != bool(r["kernel"]["error"])]
    print(f"\n{len(rows)} programs, of which {len(both)} are accepted by both and {len(one)} by one, "
          f"{len(rows) - len(both) - len(one)} by none")
    for r in one if rest else []:
        side = "user" if r["user"]["error"] else "kernel"
        print(f"# only the {side} engine refuses {r['object']} {r['program']}: {r[side]['why']}")
    print(f"\nspeed, ours / kernel's: {summary('accepted programs', both)}; {summary('ten slowest', both[:10])}")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes `compared`, which says what of docs/coverage.md was compared with the running kernel, and how:

	calls		calls of helpers with right and wrong arguments (helpers/)
	operations	random operations on maps (tests/sys/mapdiff.c)
	programs	programs that check themselves there, too (tests/runs/)

from what these tests say when they are run. Then test-hook-coverage --write makes the page.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

import corpus

HERE = pathlib.Path(__file__).resolve().parent


def say(command):
    """What a test prints; nothing of it counts when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=corpus.ROOT, check=False)
    if done.returncode:
        raise corpus.Missing(f"{command[0]}:\n{done.stdout[-2000:]}")
    return done.stdout


def helpers(rows):
    binary = corpus.BUILD / "tests/conformance/helpers/helpers"
    for line in say([binary, "-l"]).splitlines():
        found = re.match(r"# (helper|program) (\w+): compared$", line)
        if found:
            rows[found.group(1), found.group(2)].add("calls")


def maps(rows):
    for line in say([corpus.BUILD / "tests/test-sys-mapdiff", "-l", "100000"]).splitlines():
        found = re.match(r"# map (\w+): equal$", line)
        if found:
            rows["map", found.group(1)].add("operations")


def ran_in_kernel(output, objects):
    """Those objects of a test that it says ran there: by name, or the only one."""
    lines = [line for line in output.splitlines() if re.match(r"ok .*\bkernel\b", line) and "# SKIP" not in line]
    if len(objects) == 1:
        return objects if lines else []
    return [path for path in objects if any(path.name in line for line in lines)]


def programs(rows):
    objects = set()
    for test in json.loads(corpus.run(["meson", "introspect", corpus.BUILD, "--tests"])):
        if "runs" not in "".join(test["suite"]) or test["name"] in ("soak", "memory"):
            continue
        done = subprocess.run(test["cmd"], stdout=subprocess.PIPE, text=True, cwd=corpus.BUILD, check=False)
        given = [corpus.BUILD / word for word in test["cmd"] if word.endswith(".bpf.o")]
        objects.update(ran_in_kernel(done.stdout, given))
    for line in say([corpus.BUILD / "tests/conformance/used/used", *sorted(objects)]).splitlines():
        kind, name = line.split()
        rows[kind, name].add("programs")


def main():
    rows = collections.defaultdict(set)
    corpus.run(["ninja", "-C", corpus.BUILD])
    helpers(rows)
    maps(rows)
    programs(rows)
    kernel = re.match(r"\d+\.\d+", corpus.run(["uname", "-r"])).group()
    text = f"# What was compared with Linux {kernel}, and how: made by compared.py.\n"
    text += "".join(f"{kind} {name} {' '.join(sorted(how))}\n" for (kind, name), how in sorted(rows.items()))
    (HERE / "compared").write_text(text)
    counts = collections.Counter(kind for kind, _ in rows)
    print("# compared:", ", ".join(f"{n} {kind}s" for kind, n in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except corpus.Missing as error:
        sys.exit(str(error))

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A fixed sample of the selftests as a test of every build: each file of `sample` must do as
its annotations say, verdicts and messages. Skipped where the packages of
`scripts/deps conformance` are not installed."""
import collections
import pathlib
import shutil
import subprocess
import sys

import compare
import corpus

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = ["clang-19", "qemu-system-x86_64", "busybox", "modprobe", "gcc", "xz"]


def missing():
    """What keeps the sample from running, or None."""
    lacking = [tool for tool in TOOLS if not shutil.which(tool)]
    if lacking:
        return f"no {lacking[0]}"
    if not pathlib.Path("/usr/src/linux-source-6.12.tar.xz").exists():
        return "linux-source-6.12 is not installed"
    if not pathlib.Path("/usr/lib/x86_64-linux-gnu/libelf.a").exists():
        return "no libelf.a for x86-64"
    return None


def problem(case):
    """What is wrong with a case, or None."""
    if case["class"] == "not usable":
        return None
    if case["class"] != "agree":
        return f"{compare.name(case)}: {case['class']}: {case['why'] or case['ours'].get('message', '')}"
    if case.get("words") is False:
        return f"{compare.name(case)}: the log has no '{case['ours']['missing']}'"
    return None


def last_line(error):
    return str(error).strip().splitlines()[-1] if str(error).strip() else "cannot be built"


def main():
    names = (HERE / "sample").read_text().split()
    why = missing()
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    try:
        good, bad = corpus.selftests(set(names))
        corpus.kernel_btf()
        corpus.libbpf()
    except (corpus.Missing, OSError, subprocess.SubprocessError) as error:
        print(f"1..0 # SKIP {last_line(error)}")
        return 0
    # From here on it is our own code that fails.
    try:
        rows = compare.user_run(sorted(good.values()), "*", 20, 2000)
    except (corpus.Missing, OSError, subprocess.SubprocessError) as error:
        print(f"1..1\nnot ok 1 - the loader\n# {last_line(error)}")
        return 1
    cases = collections.defaultdict(list)
    for row in rows:
        cases[row["object"].removesuffix(".bpf.o")].append(compare.join(row, compare.oracle.annotated(row)))
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        wrong = [text for text in map(problem, cases[name]) if text]
        usable = sum(case["class"] != "not usable" for case in cases[name])
        if name in bad or not usable:
            wrong.append("does not compile" if name in bad else "no program has an annotation")
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}: {usable} cases")
        for text in wrong:
            print(f"# {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs command-line tests: what a person types and what is printed.

    run.py ANYBPF SOURCE_ROOT FILE.t ...

A .t file holds commands and their output:

    # a comment, which names the case that follows
    $ anybpf asm --hex hello.s
    > (a second line of the command)
    b7 00 00 00 00 00 00 00
    [1]

Standard output and error are compared together. A line that ends in " (re)"
is a regular expression, a line "..." stands for any number of lines, and
"[N]" gives an exit status other than 0. "?need PROGRAM", "?need kernel",
"?need debugging", "?need profiling", "?need network namespaces" or "?need memory that cannot be made executable" skips the rest of the
file where that is missing. Each file runs in an empty
folder of its own; $EXAMPLES, $DATA and $WORK name folders. One TAP case per
command.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

anybpf, root = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
count = failed = 0


def report(ok, name, reason="", skip=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}" + (f" # SKIP {skip}" if skip else ""))
    for line in reason.splitlines():
        print(f"# {line}")
    sys.stdout.flush()


def parse(path):
    """The commands of a file: (name, command, expected lines, status), or ("?need", what)."""
    cases, name, case = [], "", None
    for line in path.read_text().splitlines():
        if line.startswith("?need "):
            cases.append(("?need", line[6:].strip()))
            case = None
        elif line.startswith("$ "):
            case = [name or line[2:], line[2:], [], 0]
            cases.append(case)
            name = ""
        elif line.startswith("> ") and case and not case[2]:
            case[1] += "\n" + line[2:]
        elif line.startswith("# ") and (case is None or not line.startswith("# SKIP")):
            name, case = line[2:], None
        elif case is not None and re.fullmatch(r"\[\d+\]", line):
            case[3] = int(line[1:-1])
        elif case is not None and line:
            case[2].append(line)
    return cases


def fits(expected, got):
    """Whether the lines match, with `...` for any number of them."""
    if not expected:
        return not got
    if expected[0] == "...":
        return any(fits(expected[1:], got[i:]) for i in range(len(got) + 1))
    if not got:
        return False
    if expected[0].endswith(" (re)"):
        same = re.fullmatch(expected[0][:-5], got[0]) is not None
    else:
        same = expected[0] == got[0]
    return same and fits(expected[1:], got[1:])


def kernel_allows_bpf():
    program = "$ANYBPF verify --engine kernel $EXAMPLES/xdp_count.bpf.c"
    return run(program, ".").returncode == 0


def run(command, folder):
    env = dict(os.environ, PATH=f"{anybpf.parent}:{os.environ['PATH']}", LC_ALL="C", ANYBPF=str(anybpf),
               EXAMPLES=str(root / "examples"), DATA=str(root / "tests" / "cli"), WORK=str(folder))
    return subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def missing(what):
    if what == "kernel":
        return not kernel_allows_bpf()
    if what == "network namespaces":
        name = f"anybpf-{os.getpid()}"
        usable = run(f"ip netns add {name} && ip netns exec {name} true", ".").returncode == 0
        run(f"ip netns del {name}", ".")
        return not usable
    if what == "memory that cannot be made executable":
        return run("python3 $DATA/no_exec.py true", ".").returncode != 0
    if what == "debugging":
        return b"exited normally" not in run("gdb -q --batch -ex run --args true 2>&1", ".").stdout
    if what == "profiling":
        return run("perf record -q -k mono -e cpu-clock -o /dev/null true", ".").returncode != 0
    return shutil.which(what) is None


def check(case, folder, file):
    name, command, expected, status = case
    try:
        done = run(command, folder)
    except subprocess.TimeoutExpired:
        report(False, f"{file}: {name}", "timed out")
        return
    got = [line.rstrip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    reason = ""
    if done.returncode != status:
        reason = f"exit status {done.returncode}, not {status}\n"
    if not fits(expected, got):
        reason += "expected:\n" + "\n".join("  " + x for x in expected) + "\ngot:\n" + "\n".join("  " + x for x in got)
    report(not reason, f"{file}: {name}", reason)


for path in map(pathlib.Path, sys.argv[3:]):
    skip = ""
    with tempfile.TemporaryDirectory() as folder:
        for case in parse(path):
            if case[0] == "?need":
                skip = skip or (f"needs {case[1]}" if missing(case[1]) else "")
            elif skip:
                report(True, f"{path.stem}: {case[0]}", skip=skip)
            else:
                check(case, folder, path.stem)
print(f"1..{count}")
sys.exit(1 if failed else 0)

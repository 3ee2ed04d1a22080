# SPDX-License-Identifier: BSD-2-Clause
"""What Linux says to the programs of object files: asked once, kept in the cache.

Linux 6.12 runs in a virtual machine (scripts/kernel-vm) and is slow there: all selftests
take about ten minutes. Answers are kept by the object's contents, so that only what is
new is asked.
"""
import fnmatch
import functools
import hashlib
import json
import os
import re
import subprocess
import sys

import corpus

FORMAT = 1  # of the loader's lines; to be raised when old answers will not do
BATCH = 40  # objects in a machine; what is answered is kept after each
TIMEOUT = 600  # seconds of a program


def digest(path):
    setup = "\n".join(setup_lines(path.name.removesuffix(".bpf.o")))
    return hashlib.sha256(path.read_bytes() + f"\n{FORMAT}{setup}".encode()).hexdigest()


def folder(which):
    return corpus.base() / ("oracle-6.12" if which == "vm" else f"oracle-running-{os.uname().release}")


def file_of(which, path):
    """Where the answers are: objects of the same name are in folders of their own."""
    flavor = path.parent.name if path.parent.name in corpus.FLAVORS else ""
    return folder(which) / flavor / f"{path.name}.jsonl"


def kept(which, path, stale=False):
    """The answers for an object, or None; stale: also those of another compilation of it."""
    try:
        lines = file_of(which, path).read_text().splitlines()
    except OSError:
        return None
    if not lines or not stale and json.loads(lines[0]).get("digest") != digest(path):
        return None
    return [json.loads(line) for line in lines[1:]]


def keep(which, path, rows):
    file = file_of(which, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text("\n".join(map(json.dumps, [{"digest": digest(path)}, *rows])) + "\n")
    partial.rename(file)


def setup_lines(name):
    """What the setup table says of an object."""
    return [line for line in corpus.SETUP.read_text().splitlines()
            if line.split() and fnmatch.fnmatch(name, line.split()[0])]


def setup_objects():
    """The objects whose programs others replace or trace."""
    rows = [line.split() for line in corpus.SETUP.read_text().splitlines()]
    return sorted({row[3] for row in rows if len(row) == 6 and row[2] == "target"})


def commands(which, paths):
    """The command that asks, and what it prints to."""
    loader = corpus.loader()
    options = ["--btf", "/sys/kernel/btf/vmlinux", "--setup", corpus.SETUP, "--timeout", str(TIMEOUT), "--log", "4000"]
    if which == "running":
        return [loader, *options, *paths]
    folder_of = paths[0].parent
    more = [folder_of / f"{name}.bpf.o" for name in setup_objects()] + sorted(folder_of.glob("btf__*.bpf.o"))
    extra = [path for path in more if path.exists() and path not in paths]
    files = ["--file", str(corpus.SETUP)]
    files += [word for path in [*paths, *extra] for word in ("--file", f"{path}:/objects/{path.name}")]
    modules = [word for module in corpus.MODULES for word in ("--module", module)]
    cpus = ["--cpus", str(corpus.JOBS), "--memory", "3072", "--timeout", "3600"]
    return [corpus.ROOT / "scripts/kernel-vm", *cpus, *modules, *files, "6.12", loader, *options,
            "--jobs", str(corpus.JOBS), *(f"/objects/{path.name}" for path in paths)]


def ask_now(which, paths):
    print(f"asking Linux {'6.12' if which == 'vm' else os.uname().release} about {len(paths)} objects ...",
          file=sys.stderr, flush=True)
    done = subprocess.run(commands(which, paths), stdout=subprocess.PIPE, check=False)
    rows = {}
    for line in done.stdout.decode(errors="replace").splitlines():
        row = json.loads(line)
        rows.setdefault(row["object"], []).append(row)
    if done.returncode:
        raise corpus.Missing(f"the oracle ended with {done.returncode}")
    for path in paths:
        keep(which, path, rows.get(path.name, []))


def ask(paths, which):
    """The lines of all programs of the objects. Only one process asks at a time; others make do
    with what there is."""
    missing = [path for path in paths if kept(which, path) is None]
    if missing:
        with corpus.locked(folder(which).with_suffix(".lock"), wait=False) as mine:
            for i in range(0, len(missing) if mine else 0, BATCH):
                ask_now(which, missing[i:i + BATCH])
        if not mine:
            print(f"another run is asking Linux; old or no answers for {len(missing)} objects", file=sys.stderr)
    return [row for path in paths for row in kept(which, path, stale=True) or []]


@functools.cache
def built_without():
    """[(file glob, program glob, option)] of the options that the kernel lacks."""
    config = next((corpus.kernel() / "unpacked/boot").glob("config-*")).read_text()
    rows = [line.split() for line in (corpus.ROOT / "tests/conformance/configured").read_text().splitlines()]
    return [tuple(row) for row in rows if len(row) == 3 and row[0] != "#" and f"\n{row[2]}=" not in config]


def lacking(case):
    """The option that the kernel would need to accept it, or None."""
    test, program = case["object"].removesuffix(".bpf.o"), case["program"]
    if case["linux"]["result"] != "reject":
        return None
    return next((option for file, name, option in built_without()
                 if fnmatch.fnmatch(test, file) and fnmatch.fnmatch(program, name)), None)


def annotated(row):
    """The answer that the test itself gives, without asking Linux."""
    if not row.get("expect"):
        return {"result": "unknown", "libbpf": "says nothing of its verdict"}
    return {"result": "accept" if row["expect"] == "success" else "reject", "expect": row["expect"], "errno": 0,
            "message": "", "patterns": row["patterns"], "matched": row["patterns"]}


# ---- why there is no verdict ----

def test_module_names():
    """Words of the kernel's test module, which Debian does not build."""
    found = set()
    for path in (corpus.sources() / "tools/testing/selftests/bpf/bpf_testmod").glob("*.[ch]"):
        found.update(re.findall(r"\w+", path.read_text()))
    return found


_names = None


def of_test_module(complaint):
    global _names
    if _names is None:
        _names = test_module_names()
    quoted = re.findall(r"(?:extern|ID of|struct|ksym\)) '?(\w+)'?", complaint) + re.findall(r"'([\w.]+)'", complaint)
    named = [word for word in quoted if word.startswith("bpf_") or "test" in word]
    return "testmod" in complaint or any(word in _names for word in named)


REASONS = [
    (r"attach program FD is not set|no BTF-based attach target|missing BPF prog type|isn't referenced anywhere",
     "the test sets its target or type up itself"),
    (r"failed to find BTF for ext|strong\): not resolved|not resolved", "is linked with another object"),
    (r"not found in kernel|not found in kernel BTF|failed to find kernel BTF type ID|failed to find BTF info",
     "the kernel has no such function or type"),
]


def reason(row):
    """Why Linux gave no verdict."""
    if not row:
        return "Linux was not asked"
    complaint = row.get("libbpf", "")
    if row["result"] == "unknown":
        return complaint
    if row["result"] in ("crash", "timeout"):
        return f"Linux: {row['result']}"
    if of_test_module(complaint):
        return "needs the kernel's test module"
    for pattern, text in REASONS:
        if re.search(pattern, complaint):
            return text
    if row.get("command") == 0:
        return "the test sets its maps up itself"
    return "other: " + (complaint.split("\n")[0])[:100]

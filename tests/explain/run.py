#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks the explanations of rejections.

    run.py [--update] ANYBPF [NAME ...]

Each NAME.bpf.c here has a program `bad` that is rejected and its twin `fixed`
that is accepted; NAME.txt is what `anybpf verify` says of `bad`. It is all
compared, and that JSON carries the same. Where the kernel allows bpf(), its
verdicts must be the same, and its log must lead to the same explanation (the
line with its id). What this project's verifier
does not know yet the kernel is asked. Comments in a program say what differs:

    /* options: --profile strict */   options for this program
    /* id on kernel: NAME */          newer kernels say something else
    /* fixed: none */                 no twin: nothing can be written instead

--update writes the NAME.txt anew: read the difference before it is committed.
"""
import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
args = sys.argv[1:]
update = args[:1] == ["--update"]
args = args[update:]
anybpf, names = pathlib.Path(args[0]).resolve(), args[1:]
clang = "clang-19"
count = failed = 0


def report(ok, name, reason="", skip=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}" + (f" # SKIP {skip}" if skip else ""))
    for line in reason.splitlines():
        print(f"# {line}")
    sys.stdout.flush()


def compile_bpf(name, folder):
    out = folder / f"{name}.bpf.o"
    machine = platform.machine()
    subprocess.run([clang, "-O2", "-g", "-target", "bpf", "-mcpu=v3", f"-I/usr/include/{machine}-linux-gnu",
                    f"-D__TARGET_ARCH_{'x86' if machine == 'x86_64' else 'arm64'}",
                    "-Wall", "-Wno-unused-value", "-c", f"{name}.bpf.c", "-o", str(out)], cwd=here, check=True)
    return out


def verify(obj, prog, *options):
    done = subprocess.run([anybpf, "verify", "--color", "never", "--prog", prog, *options, str(obj)], cwd=here,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    # a kernel function's number is that of its type in this machine's kernel
    return done.returncode, re.sub(r"(call \w+)#\d{5,}", r"\1#ID", done.stdout.decode(errors="replace"))


def directive(text, name):
    match = re.search(r"/\* " + name + r": (.*?) \*/", text)
    return match.group(1) if match else ""


def explanation_id(text):
    match = re.search(r"^error\[([a-z0-9-]+)\]", text, re.M)
    return match.group(1) if match else "none"


def difference(want, got):
    return "expected:\n" + "".join("  " + x + "\n" for x in want.splitlines()) + \
        "got:\n" + "".join("  " + x + "\n" for x in got.splitlines())


def is_missing(text):
    return "not supported yet" in text


def choose_engine(obj, options, kernel):
    """Options for an engine that knows what the program needs, or None."""
    for engine in [[], ["--engine", "kernel"]] if kernel else [[]]:
        if not any(is_missing(verify(obj, prog, *options, *engine)[1]) for prog in ("bad", "fixed")):
            return options + engine
    return None


def check_text(name, obj, options):
    status, got = verify(obj, "bad", *options)
    expected = here / f"{name}.txt"
    if update:
        expected.write_text(got)
    want = expected.read_text() if expected.exists() else ""
    reason = difference(want, got) if want != got else ""
    if status != 1:
        reason += f"exit status {status}, not 1\n"
    if explanation_id(got) in ("other", "none"):
        reason += "it is not explained\n"
    report(not reason, f"{name}: explained", reason)
    return got


def check_json(name, obj, options, text):
    status, got = verify(obj, "bad", "--json", *options)
    try:
        program = json.loads(got)["programs"][0]
        headline = f"error[{program['id']}]: {program['headline']}\n"
        ok = status == 1 and headline in text and all(note["text"] in text for note in program["chain"]) and \
            all(line in text for line in (program["message"] + "\n" + program["remedy"]).splitlines())
    except (ValueError, KeyError):
        ok = False
    report(ok, f"{name}: the same as JSON", "" if ok else got)


def check_fixed(name, obj, options):
    status, got = verify(obj, "fixed", *options)
    report(status == 0, f"{name}: the fixed twin is accepted", got if status else "")


def check_kernel(name, obj, source, text):
    want = directive(source, "id on kernel") or explanation_id(text)
    status, got = verify(obj, "bad", "--engine", "kernel")
    ok = status == 1 and explanation_id(got) == want
    report(ok, f"{name}: the kernel's log leads to the same", "" if ok else got)
    if directive(source, "fixed") != "none":
        status, got = verify(obj, "fixed", "--engine", "kernel")
        report(status == 0, f"{name}: the kernel accepts the fixed twin", got if status else "")


def kernel_allows_bpf(folder):
    return verify(compile_bpf("map-value-null", folder), "fixed", "--engine", "kernel")[0] == 0


def main():
    if not shutil.which(clang):
        print(f"1..0 # SKIP needs {clang}")
        return 0
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        kernel = kernel_allows_bpf(folder)
        for name in names or sorted(p.name[:-6] for p in here.glob("*.bpf.c")):
            source = (here / f"{name}.bpf.c").read_text()
            obj = compile_bpf(name, folder)
            options = choose_engine(obj, directive(source, "options").split(), kernel)
            if options is None:
                report(True, f"{name}: explained", skip="what it needs is not supported yet")
                continue
            text = check_text(name, obj, options)
            check_json(name, obj, options, text)
            if directive(source, "fixed") != "none":
                check_fixed(name, obj, options)
            if not options:
                if kernel:
                    check_kernel(name, obj, source, text)
                else:
                    report(True, f"{name}: the kernel's log leads to the same", skip="needs the kernel's bpf()")
    print(f"1..{count}")
    return 1 if failed else 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real programs on the user engine, judged by Linux 6.12: scripts/conformance real.

The programs of Linux's samples/bpf and tools/ as their Makefiles build them, and this
project's own examples and test programs.
"""
import concurrent.futures
import fnmatch
import os
import re
import shlex
import subprocess
import sys

import compare
import corpus

KERNEL_FLAGS = [
    "-include", "linux/compiler-version.h", "-include", "linux/kconfig.h", "-include", "asm_goto_workaround.h",
    "-D__KERNEL__", "-D__BPF_TRACING__", "-D__TARGET_ARCH_x86", "-w", "-g", "-O2", "-fno-asynchronous-unwind-tables",
    "-fno-stack-protector", "-fcf-protection",
]


def headers():
    """The kernel's own headers, which half of the samples include: (common, of the architecture)."""
    folder = corpus.base() / "headers"
    release = (corpus.kernel() / "release").read_text().strip()
    common = f"linux-headers-{release.removesuffix('-cloud-amd64')}-common"

    def unpack():
        folder.mkdir(parents=True, exist_ok=True)
        for package in (common, f"linux-headers-{release}"):
            corpus.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=folder)
        for deb in folder.glob("*.deb"):
            corpus.run(["dpkg-deb", "-x", deb, folder])
            deb.unlink()

    corpus.made(corpus.base() / "headers.done", unpack)
    return folder / "usr/src" / common, folder / "usr/src" / f"linux-headers-{release}"


def syscall_numbers():
    """The header that the samples' Makefile makes of syscall_nrs.c."""
    folder = corpus.base() / "real-include"
    folder.mkdir(parents=True, exist_ok=True)
    source = (corpus.sources() / "samples/bpf/syscall_nrs.c").read_text()
    names = sorted(set(re.findall(r"SYSNR\((__NR_\w+)\)", source)))
    text = "#include <asm/unistd.h>\n" + "".join(f"#define SYS{name} {name}\n" for name in names)
    file = folder / "syscall_nrs.h"
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    return folder


def kernel_command(source, output):
    """A sample that is compiled like a part of the kernel, for the kernel's target first."""
    common, arch = headers()
    linux = corpus.sources()
    resources = corpus.run([corpus.CLANG, "-print-resource-dir"]).strip()
    folders = [common / "arch/x86/include", arch / "arch/x86/include/generated", common / "include", arch / "include",
               common / "arch/x86/include/uapi", arch / "arch/x86/include/generated/uapi", common / "include/uapi",
               arch / "include/generated/uapi", linux / "samples/bpf", linux / "tools/testing/selftests/bpf",
               corpus.include()]
    flags = ["-nostdinc", "-isystem", f"{resources}/include", *(f"-I{folder}" for folder in folders), *KERNEL_FLAGS]
    quoted = " ".join(f"'{flag}'" for flag in flags)
    return ["sh", "-c", f"set -e; {corpus.CLANG} {quoted} -emit-llvm -Xclang -disable-llvm-passes -c '{source}' -o '{output}.0'; "
            f"opt-19 -O2 -mtriple=bpf-pc-linux '{output}.0' -o '{output}.1'; "
            f"llc-19 -march=bpf -mcpu=v3 -filetype=obj '{output}.1' -o '{output}'; rm '{output}.0' '{output}.1'"]


def plain_command(source, output):
    linux = corpus.sources()
    folders = [source.parent, syscall_numbers(), linux / "samples/bpf", linux / "tools/sched_ext/include",
               linux / "tools/perf/util", linux / "tools/include", linux / "include", linux / "tools/lib"]
    return [corpus.CLANG, *corpus.bpf_flags(), *(f"-I{folder}" for folder in folders), "-c", source, "-o", output]


def own_command(source, output):
    """As a user would, with the system's libbpf headers."""
    return [corpus.CLANG, "-g", "-O2", "--target=bpf", "-mcpu=v3", "-w", "-I/usr/include/x86_64-linux-gnu",
            f"-I{source.parent}", "-c", source, "-o", output]


def programs():
    """{name: (source, command)}"""
    linux = corpus.sources()
    samples = linux / "samples/bpf"
    found = {}
    for source in sorted([*samples.glob("*_kern.c"), *samples.glob("parse_*.c")]):
        found[f"samples-{source.stem}"] = source, kernel_command
    for source in sorted([*samples.glob("*.bpf.c"), samples / "test_lwt_bpf.c"]):
        command = router_command if source.name == "xdp_router_ipv4.bpf.c" else plain_command
        found[f"samples-{source.name.removesuffix('.c').removesuffix('.bpf')}"] = source, command
    for source in sorted((linux / "tools").glob("**/*.bpf.c")):
        if "selftests" not in source.parts:
            found[f"tools-{source.name.removesuffix('.bpf.c')}"] = source, plain_command
    files = corpus.run(["git", "ls-files", "*.bpf.c"], cwd=corpus.ROOT).split()
    for source in sorted(corpus.ROOT / file for file in files):
        found[f"own-{source.name.removesuffix('.bpf.c')}"] = source, own_command
    return found


def router_command(source, output):
    """The samples' Makefile links this one with another."""
    parts = [f"{output}.router", f"{output}.sample"]
    script = "; ".join(shlex.join(map(str, command)) for command in [
        plain_command(source, parts[0]), plain_command(source.with_name("xdp_sample.bpf.c"), parts[1]),
        [corpus.bpftool(), "gen", "object", output, *parts], ["rm", *parts]])
    return ["sh", "-ec", script]


def build(name, source, command):
    """The object, made again where its source is newer; or why it does not compile."""
    output = corpus.base() / "real" / f"{name}.bpf.o"
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.exists() and output.stat().st_mtime > source.stat().st_mtime:
        return output, ""
    partial = output.with_name(f".{output.name}.{os.getpid()}")
    done = subprocess.run(command(source, partial), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False)
    if done.returncode:
        partial.unlink(missing_ok=True)
        return None, done.stdout
    partial.rename(output)
    return output, ""


def collect(options):
    filters = compare.selected(options.filter)
    chosen = {name: how for name, how in programs().items() if any(fnmatch.fnmatch(name, file) for file, _ in filters)}
    if not chosen:
        raise corpus.Missing("no program has such a name")
    with concurrent.futures.ThreadPoolExecutor(corpus.JOBS) as pool:
        built = list(pool.map(lambda name: (name, *build(name, *chosen[name])), chosen))
    objects = [output for _, output, _ in built if output]
    return compare.cases_of(sorted(objects), options), {name: why for name, output, why in built if not output}


if __name__ == "__main__":
    sys.exit(compare.main("real", __doc__, collect))

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux's own tests of maps and of what programs do with them, on the user engine.

	maps.py [--tap] [--kernel] [-v] [-j N] [--sample | PATTERN...]

They are compiled from linux-source-6.12 as they are, with its libbpf, and run with a
shared object loaded before libc (preload/) that gives their bpf() to the user engine;
--kernel runs them on the running kernel instead. A test is one function: test_maps.c's
with each of its flags (maps:hashmap:prealloc), map_tests/ (map_tests:NAME), test_lru_map.c
and test_lpm_map.c (lru:..., lpm:...), test_tag.c (tag:all) and those prog_tests that need
no device, control group or event of the machine (progs:NAME). `maps_listed` says why a test
is not run, or fails. -v prints what failing tests print.

The last line is the figures; the exit status is 1 when a test fails that is not listed.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import corpus

HERE = pathlib.Path(__file__).resolve().parent
LIBS = ["-lelf", "-lz", "-lrt", "-lpthread"]
HELPERS = ["testing_helpers", "cgroup_helpers", "trace_helpers", "network_helpers", "btf_helpers", "cap_helpers",
           "unpriv_helpers", "netlink_helpers", "jit_disasm_helpers", "test_loader", "xsk", "disasm", "disasm_helpers",
           "json_writer"]
TIMEOUT = 60


def tests_folder():
    return corpus.sources() / "tools/testing/selftests/bpf"


def work():
    return corpus.base() / "maps"


def flags():
    tools, src = corpus.sources() / "tools", tests_folder()
    return ["-g", "-O1", "-w", "-rdynamic", "-fno-omit-frame-pointer", "-D_GNU_SOURCE", f"-I{src}", f"-I{work()}", f"-I{corpus.base()}/include",
            f"-I{tools}/lib", f"-I{tools}/include", f"-I{tools}/arch/x86/include", f"-I{tools}/include/uapi"]


def compiled(source, output, more=(), cwd=None):
    """The object file of a source of Linux's or one that was made for it; None with the reason in .log."""
    log = output.with_suffix(".log")
    if output.exists():
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        corpus.run(["gcc", *flags(), *more, "-c", source, "-o", output], cwd=cwd)
    except corpus.Missing as error:
        log.write_text(str(error))
        return None
    log.unlink(missing_ok=True)
    return output


def linked(output, objects):
    if output.exists() and all(output.stat().st_mtime >= path.stat().st_mtime for path in objects):
        return output
    corpus.run(["gcc", "-rdynamic", *objects, corpus.libbpf(), *LIBS, "-o", output])
    return output


def helper_objects(names=HELPERS):
    objects = []
    for name in names:
        objects.append(compiled(tests_folder() / f"{name}.c", work() / f"{name}.o"))
        if not objects[-1]:
            raise corpus.Missing((work() / f"{name}.log").read_text())
    return objects


# ---- skeletons ----


def skeletons_of(source):
    return {(found.group(1), found.group(2)) for found in
            re.finditer(r'#include "(\w+)\.(skel|lskel|subskel)\.h"', source.read_text())}


def skeleton(name, kind, obj):
    header = work() / f"{name}.{kind}.h"
    if header.exists():
        return
    once, twice = work() / f".{name}.{kind}.1.o", work() / f".{name}.{kind}.2.o"
    corpus.run([corpus.bpftool(), "gen", "object", once, obj])
    corpus.run([corpus.bpftool(), "gen", "object", twice, once])
    how = {"skel": ["skeleton"], "lskel": ["skeleton", "-L"], "subskel": ["subskeleton"]}[kind]
    text = subprocess.run([corpus.bpftool(), "gen", how[0], *how[1:], twice, "name",
                           name + ("_lskel" if kind == "lskel" else "")], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    once.unlink()
    twice.unlink()
    if text.returncode:
        raise corpus.Missing(f"bpftool gen {how[0]} {name}: {text.stderr.strip()}")
    header.write_text(text.stdout)


def skeletons(sources):
    """Makes those that the sources include."""
    wanted = set().union(*(skeletons_of(source) for source in sources))
    good, _ = corpus.selftests({name for name, _ in wanted})
    work().mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(corpus.JOBS) as pool:
        done = [pool.submit(skeleton, name, kind, good[name]) for name, kind in sorted(wanted) if name in good]
    for one in done:
        if isinstance(one.exception(), Exception) and not isinstance(one.exception(), corpus.Missing):
            raise one.exception()


# ---- what is built ----

class Test:
    """A test and how it is run."""
    def __init__(self, name, command, shared=True):
        self.name, self.command, self.shared = name, command, shared


def driver(name, source, calls, setup=""):
    """A program that runs one of the calls, by name, of a test program of Linux's: its main() is not used."""
    text = f'#define main kernel_main\n#include "{source}"\n#undef main\n'
    text += f"int main(int argc, char **argv)\n{{\n\tsetbuf(stdout, NULL);\n\t{setup}\n"
    for case, call in calls:
        text += f'\tif (!strcmp(argv[1], "{case}")) {{\n\t\t{call};\n\t\treturn 0;\n\t}}\n'
    text += "\treturn 2;\n}\n"
    made = work() / f"{name}_each.c"
    if not made.exists() or made.read_text() != text:
        work().mkdir(parents=True, exist_ok=True)
        made.write_text(text)
        made.with_suffix(".o").unlink(missing_ok=True)
        made.with_suffix(".log").unlink(missing_ok=True)
    return compiled(made, made.with_suffix(".o"), [f"-I{source.parent}"])


def body_of(text, function):
    return text.split(f"{function}", 1)[1].split("\n}\n", 1)[0]


def map_tests():
    """test_maps.c with map_tests/."""
    source, parts = tests_folder() / "test_maps.c", sorted((tests_folder() / "map_tests").glob("*.c"))
    skeletons(parts)
    header = work() / "map_tests/tests.h"
    header.parent.mkdir(parents=True, exist_ok=True)
    names, objects = [], []
    for part in parts:
        obj = compiled(part, work() / f"map_tests/{part.stem}.o")
        if obj:
            objects.append(obj)
            names += re.findall(r"^void test_(\w+)\(", part.read_text(), re.M)
    header.write_text("".join(f"DEFINE_TEST({name})\n" for name in names))
    calls = [(call.removeprefix("test_"), f"{call}({args})") for call, args in
             re.findall(r"\t(test_\w+)\((.*?)\);", body_of(source.read_text(), "static void run_all_tests(void)"))]
    calls += [(name, f"test_{name}()") for name in names]
    made = driver("test_maps", source, calls, "libbpf_set_strict_mode(LIBBPF_STRICT_ALL); map_opts.map_flags = atoi(argv[2]);")
    if not made:
        raise corpus.Missing((work() / "test_maps_each.log").read_text())
    program = linked(work() / "test_maps", [made, *objects, *helper_objects(["testing_helpers"])])
    for case, _ in calls:
        if case in names:
            yield Test(f"map_tests:{case}", [program, case, "0"])
            continue
        yield Test(f"maps:{case}:prealloc", [program, case, "0"])
        yield Test(f"maps:{case}:no_prealloc", [program, case, "1"])


def lru_tests():
    source = tests_folder() / "test_lru_map.c"
    calls = []
    for call, args in re.findall(r"\t(test_lru_\w+)\((.*?)\);", body_of(source.read_text(), "int main(")):
        for kind in ("BPF_MAP_TYPE_LRU_HASH", "BPF_MAP_TYPE_LRU_PERCPU_HASH"):
            for flag, free in (("0", "LOCAL_FREE_TARGET"), ("BPF_F_NO_COMMON_LRU", "PERCPU_FREE_TARGET")):
                case = f"{call.removeprefix('test_lru_')}:{kind.removeprefix('BPF_MAP_TYPE_').lower()}:{'common' if flag == '0' else 'percpu'}"
                given = args.replace("map_types[t]", kind).replace("map_flags[f]", flag).replace("tgt_free", free)
                calls.append((case, f"{call}({given})"))
    made = driver("test_lru_map", source, calls, "nr_cpus = bpf_num_possible_cpus(); libbpf_set_strict_mode(LIBBPF_STRICT_ALL);")
    program = linked(work() / "test_lru_map", [made])
    return [Test(f"lru:{case}", [program, case]) for case, _ in calls]


def lpm_tests():
    source = tests_folder() / "test_lpm_map.c"
    calls = [(call.removeprefix("test_"), f"{call}({args})") for call, args in
             re.findall(r"^\t+(test_\w+)\((.*?)\);", body_of(source.read_text(), "int main("), re.M)]
    expanded = []
    for case, call in calls:
        if "(i)" in call:
            expanded += [(f"{case}:{i}", call.replace("(i)", f"({i})")) for i in (1, 4, 5, 8, 16)]
        else:
            expanded.append((case, call))
    made = driver("test_lpm_map", source, expanded, "srand(0xf00ba1);")
    program = linked(work() / "test_lpm_map", [made])
    return [Test(f"lpm:{case}", [program, case]) for case, _ in expanded]


def tag_tests():
    obj = compiled(tests_folder() / "test_tag.c", work() / "test_tag.o")
    program = linked(work() / "test_tag", [obj, *helper_objects(["testing_helpers"])])
    return [Test("tag:all", [program], shared=False)]


def prog_tests(listed):
    """Those of prog_tests/ that are not listed as not to be run; and what does not compile."""
    wanted, absent = [], []
    for source in sorted((tests_folder() / "prog_tests").glob("*.c")):
        names = re.findall(r"^void (?:serial_)?test_(\w+)\((?:void)?\)", source.read_text(), re.M)
        if names and not all(listed.never(f"progs:{name}", source) for name in names):
            wanted.append((source, names))
    skeletons([source for source, _ in wanted])
    folder = work() / "prog_tests"
    with concurrent.futures.ThreadPoolExecutor(corpus.JOBS) as pool:
        objects = list(pool.map(lambda one: compiled(one[0], folder / f"{one[0].stem}.o", ["-I."], work()), wanted))
    good = [(obj, names) for obj, (_, names) in zip(objects, wanted) if obj]
    absent = [name for obj, (_, names) in zip(objects, wanted) if not obj for name in names]
    names = sorted(name for _, names in good for name in names)
    text = "".join(f"DEFINE_TEST({name})\n" for name in names)
    header = folder / "tests.h"
    if not header.exists() or header.read_text() != text:
        header.write_text(text)
        (work() / "test_progs.o").unlink(missing_ok=True)
    main = compiled(tests_folder() / "test_progs.c", work() / "test_progs.o")
    if not main:
        raise corpus.Missing((work() / "test_progs.log").read_text())
    program = linked(work() / "test_progs", [main, *(obj for obj, _ in good), *helper_objects()])
    return [Test(f"progs:{name}", [program, "-t", f"{name}"], shared=False) for name in names], absent


# ---- what is listed ----

class Listed:
    """The lines of `maps_listed`."""
    def __init__(self):
        self.nevers, self.sources, self.failing, self.saying = [], [], [], []
        for line in (HERE / "maps_listed").read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            what, pattern, reason = line.split(None, 2)
            {"never": self.nevers, "source": self.sources, "fails": self.failing, "says": self.saying}[what].append((pattern, reason))

    def never(self, name, source=None):
        for pattern, reason in self.nevers:
            if fnmatch.fnmatchcase(name, pattern):
                return reason
        text = source.read_text() if source else ""
        for pattern, reason in self.sources:
            if source and re.search(pattern, text):
                return reason
        return None

    def fails(self, name, out):
        for pattern, reason in self.failing:
            if fnmatch.fnmatchcase(name, pattern):
                return reason
        for pattern, reason in self.saying:
            if re.search(pattern, out):
                return reason
        return None


# ---- running ----

def environment(test, kernel):
    env = dict(os.environ)
    if not kernel:
        env["LD_PRELOAD"] = str(corpus.BUILD / "tests/conformance/libanybpf-preload.so")
        env["ANYBPF_VMLINUX"] = str(corpus.kernel_btf())
        if test.shared:
            env["ANYBPF_INTERPRET"] = "1"
    return env


def run(test, kernel):
    """("pass" or "skip" or "fail", what it printed)."""
    with subprocess.Popen(test.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(test, kernel),
                          cwd=corpus.base() / "selftests", start_new_session=True) as process:
        try:
            out = process.communicate(timeout=TIMEOUT)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out = process.communicate()[0].decode(errors="replace")
            return "fail", out + f"\nno end after {TIMEOUT} s"
    if process.returncode < 0:
        return "fail", out + f"\nended by {signal.Signals(-process.returncode).name}"
    if process.returncode:
        return "fail", out
    summary = re.search(r"^Summary: (\d+)/(\d+) PASSED, (\d+) SKIPPED", out, re.M)
    if summary and not int(summary.group(1)) or summary and re.search(r"^#\d+ +\S+:SKIP", out, re.M):
        return "skip", out
    return "pass", out


def chosen(tests, patterns):
    return [test for test in tests if not patterns or any(fnmatch.fnmatchcase(test.name, p) for p in patterns)]


def all_tests(patterns, listed):
    def wants(prefix):
        return not patterns or any(fnmatch.fnmatchcase(prefix, p.split(":")[0]) for p in patterns)

    tests, absent = [], []
    for prefix, make in (("maps", map_tests), ("lru", lru_tests), ("lpm", lpm_tests), ("tag", tag_tests)):
        if wants(prefix) or prefix == "maps" and wants("map_tests"):
            tests += list(make())
    if wants("progs"):
        more, absent = prog_tests(listed)
        tests += more
    return chosen(tests, patterns), absent


# What test_progs says in any case.
NOISE = re.compile(r"Failed to unload bpf_testmod|Summary:|All error logs:|bpf_testmod.ko|#\d")


def last_words(out):
    lines = [line for line in out.strip().splitlines() if line.strip() and not NOISE.match(line)]
    fails = [line for line in lines if ":FAIL:" in line or "Assertion" in line or "failed" in line.lower()]
    ended = [line for line in lines[-1:] if line.startswith(("ended by", "no end"))]
    return " | ".join((fails[:1] or lines[-1:]) + [line for line in ended if line not in fails[:1]])[:300]


def say(number, test, result, out, listed, options):
    """Prints a test's result; what it counts as."""
    reason = listed.fails(test.name, out) if result == "fail" else None
    if reason:
        result = "listed"
    if options.tap:
        why = {"skip": " # SKIP it says so", "listed": f" # TODO {reason}"}.get(result, "")
        print(f"{'not ok' if result in ('fail', 'listed') else 'ok'} {number} - {test.name}{why}")
    elif result != "pass":
        print(f"{test.name}: {result}{': ' + reason if reason else ''}: {last_words(out)}")
    if result == "fail" and options.tap or options.verbose and result in ("fail", "listed"):
        print("\n".join("# " + line for line in out.strip().splitlines()[-40:]))
    sys.stdout.flush()
    return result


def figures(counts, reasons):
    print("# listed:" if reasons else "", end="\n" if reasons else "")
    for reason, n in reasons.most_common():
        print(f"#   {n:4} {reason}")
    total = sum(counts.values())
    print(f"# maps: {total} tests of Linux, {counts['pass']} pass, {counts['fail']} fail, {counts['listed']} are listed with "
          f"the reason, {counts['skip']} say that they need more")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("--kernel", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("-j", type=int, default=corpus.JOBS)
    parser.add_argument("--sample", action="store_true", help="the patterns of maps_sample")
    parser.add_argument("patterns", nargs="*")
    options = parser.parse_args()
    listed = Listed()
    if options.sample:
        options.patterns = (HERE / "maps_sample").read_text().split()
    if "ANYBPF_BUILD" not in os.environ:
        corpus.run(["ninja", "-C", corpus.BUILD, "tests/conformance/libanybpf-preload.so"])
    tests, absent = all_tests(options.patterns, listed)
    tests = [test for test in tests if not listed.never(test.name)]
    if options.tap:
        print(f"1..{len(tests)}")
    counts, reasons = collections.Counter(), collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        for number, (test, (result, out)) in enumerate(zip(tests, pool.map(lambda t: run(t, options.kernel), tests)), 1):
            result = say(number, test, result, out, listed, options)
            counts[result] += 1
            if result == "listed":
                reasons[listed.fails(test.name, out)] += 1
    for name in absent:
        reasons["it does not compile here"] += 1
        counts["listed"] += 1
        if not options.tap:
            print(f"progs:{name}: listed: it does not compile here")
    figures(counts, reasons)
    return 1 if counts["fail"] else 0


def missing():
    """What keeps a machine from building them, or None."""
    if not corpus.ARCHIVE.exists():
        return "linux-source-6.12 is not installed"
    lacking = [tool for tool in ("clang-19", "gcc", "xz") if not shutil.which(tool)]
    return f"no {lacking[0]}" if lacking else None


if __name__ == "__main__":
    if "--tap" in sys.argv and missing():
        print(f"1..0 # SKIP {missing()}")
        sys.exit(0)
    try:
        sys.exit(main())
    except corpus.Missing as error:
        sys.exit(str(error))

# SPDX-License-Identifier: BSD-2-Clause
"""What the conformance runners share: Linux's sources, unpacked from Debian's package,
and what is built of them, in a cache that all working copies use.

	~/.cache/anybpf/linux-VERSION/	what scripts/linux-source unpacks
	~/.cache/anybpf/kernel-6.12/	what scripts/kernel-vm unpacks, and its BTF
	~/.cache/anybpf/corpus-VERSION/
		include/	vmlinux.h of the 6.12 kernel, libbpf's headers
		libbpf/		libbpf.a
		selftests/	NAME.bpf.o, or NAME.log where it does not compile

Nothing of them is copied into the project. Everything is made once, under a lock.
"""
import concurrent.futures
import contextlib
import fcntl
import functools
import io
import os
import pathlib
import subprocess
import sys
import tarfile

import merge_btf

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "anybpf"
CLANG = "clang-19"
ARCHIVE = pathlib.Path("/usr/src/linux-source-6.12.tar.xz")
MODULES = ["nf_conntrack", "nf_nat", "nf_flow_table", "xfrm_interface", "fou", "tcp_bbr", "tcp_dctcp"]  # of tested kfuncs
JOBS = os.cpu_count() or 1
BUILD = pathlib.Path(os.environ.get("ANYBPF_BUILD") or ROOT / "build")  # one that is up to date, where it is given

# What the selftests' Makefile gives single files besides the common flags.
NO_STRICT_ALIASING = {
    "bind4_prog", "bind6_prog", "dynptr_fail", "linked_list_fail", "map_kptr_fail", "syscall", "test_pkt_md_access",
    "test_sk_lookup", "timer_crash", "test_global_func9", "verifier_nocsr",
}
NO_INLINE = {"test_l4lb_noinline", "test_xdp_noinline"}


class Missing(Exception):
    """Something that the machine has not; the runner says so and ends."""


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **options)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command))}:\n{done.stdout[-3000:]}")
    return done.stdout


@contextlib.contextmanager
def locked(path, wait=True):
    """Gives whether the lock was had."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def made(path, make):
    """Runs make() once, under a lock; the stamp at path says that it was done."""
    if path.exists():
        return
    with locked(path.with_name(path.name + ".lock")):
        if not path.exists():
            make()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


@functools.cache
def sources():
    """The folder of the unpacked sources."""
    return pathlib.Path(run([ROOT / "scripts/linux-source"]).splitlines()[-1])


@functools.cache
def base():
    return CACHE / sources().name.replace("linux-", "corpus-").replace("~", "-")


def kernel():
    """The folder of the 6.12 kernel, with its BTF and its symbols in it."""
    folder = CACHE / "kernel-6.12"
    for name, option in (("vmlinux.btf", "--btf"), ("kallsyms", "--kallsyms")):
        if not (folder / name).exists():
            run([ROOT / "scripts/kernel-vm", option, "6.12"])
    return folder


def vmlinux_btf():
    return kernel() / "vmlinux.btf"


def kernel_btf():
    """The kernel's BTF with that of the modules which the oracle loads."""
    folder = kernel()

    def make():
        modules = [word for module in MODULES for word in ("--module", module)]
        script = "mkdir /btf && cd /sys/kernel/btf && for f; do cat $f >/btf/$f || exit 1; done; tar c -C /btf ."
        done = subprocess.run([ROOT / "scripts/kernel-vm", *modules, "6.12", "sh", "-c", script, "sh", *MODULES],
                              stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise Missing("cannot read the BTF of the kernel's modules")
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            parts = [archive.extractfile(f"./{module}").read() for module in MODULES]
        (folder / "all.btf").write_bytes(merge_btf.merge((folder / "vmlinux.btf").read_bytes(), parts))

    made(folder / "all-btf.done", make)
    return folder / "all.btf"


def bpftool():
    """The path of a bpftool that runs: distributions hide it in sbin."""
    for path in ("/usr/sbin/bpftool", "/usr/bin/bpftool", "/sbin/bpftool"):
        if os.access(path, os.X_OK):
            return path
    raise Missing("bpftool is not installed: scripts/deps conformance")


def include():
    """The folder with vmlinux.h and bpf/*.h."""
    folder = base() / "include"
    src = sources()

    def generate():
        (folder / "bpf").mkdir(parents=True, exist_ok=True)
        (folder / "vmlinux.h").write_text(run([bpftool(), "btf", "dump", "file", vmlinux_btf(), "format", "c"]))
        for header in (src / "tools/lib/bpf").glob("*.h"):
            (folder / "bpf" / header.name).write_bytes(header.read_bytes())
        defs = subprocess.run([sys.executable, src / "scripts/bpf_doc.py", "--header", "--file",
                               src / "tools/include/uapi/linux/bpf.h"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if defs.returncode:
            raise Missing(f"bpf_doc.py: {defs.stderr}")
        (folder / "bpf" / "bpf_helper_defs.h").write_text(defs.stdout)

    made(base() / "include.done", generate)
    return folder


def libbpf():
    """The path of libbpf.a."""
    folder = base() / "libbpf"

    def build():
        src = sources()
        include()
        tools = src / "tools"
        folder.mkdir(parents=True, exist_ok=True)
        flags = ["-O2", "-g", "-std=gnu89", "-w", "-D_LARGEFILE64_SOURCE", "-D_FILE_OFFSET_BITS=64", "-D_GNU_SOURCE",
                 f"-I{base()}/include/bpf", f"-I{tools}/include", f"-I{tools}/include/uapi", f"-I{tools}/arch/x86/include"]
        objects = []
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for file in sorted((tools / "lib/bpf").glob("*.c")):
                objects.append(folder / (file.stem + ".o"))
                pool.submit(run, ["gcc", *flags, "-c", file, "-o", objects[-1]])
        run(["ar", "rcs", folder / "libbpf.a", *objects])

    made(base() / "libbpf.done", build)
    return folder / "libbpf.a"


def system_includes():
    """Where clang itself looks, for the headers that BPF programs take from the system."""
    done = subprocess.run([CLANG, "-v", "-E", "-x", "c", "/dev/null", "-o", "/dev/null"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=True)
    lines = done.stderr.split("<...> search starts here:\n")[1].split("End of search list.")[0].splitlines()
    return [flag for line in lines for flag in ("-idirafter", line.strip())]


# The selftests' Makefile builds all of them several times: for test_progs and two more.
FLAVORS = {"": ["-mcpu=v3", "-DENABLE_ATOMICS_TESTS"], "no_alu32": ["-mcpu=v2"], "cpuv4": ["-mcpu=v4", "-DENABLE_ATOMICS_TESTS"]}


def bpf_flags(flavor=""):
    """As the selftests' Makefile has them."""
    tests = sources() / "tools/testing/selftests/bpf"
    return ["-g", "-O2", "--target=bpf", *FLAVORS[flavor], "-mlittle-endian", "-w", "-D__TARGET_ARCH_x86", f"-I{include()}", f"-I{tests}", f"-I{sources()}/tools/include/uapi",
            *system_includes()]


def compile_object(source, output, flags):
    """True, or False with the reason in output's .log."""
    log = output.with_suffix("").with_suffix(".log")
    if output.exists() or log.exists():
        return output.exists()
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.{os.getpid()}")
    done = subprocess.run([CLANG, *flags, "-c", source, "-o", partial], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, cwd=source.parent.parent, errors="replace", check=False)
    if done.returncode:
        partial.unlink(missing_ok=True)
        log.write_text(done.stdout)
        return False
    partial.rename(output)
    return True


# Objects that the tests link of several.
LINKED = {
    "linked_funcs": ["linked_funcs1", "linked_funcs2"],
    "linked_maps": ["linked_maps1", "linked_maps2"],
    "linked_vars": ["linked_vars1", "linked_vars2"],
    "test_static_linked": ["test_static_linked1", "test_static_linked2"],
    "test_subskeleton_all": ["test_subskeleton_lib2", "test_subskeleton_lib", "test_subskeleton"],
    "test_usdt_all": ["test_usdt", "test_usdt_multispec"],
}
PARTS = {part for parts in LINKED.values() for part in parts}


def selftest_names():
    progs = sources() / "tools/testing/selftests/bpf/progs"
    return sorted(({source.stem for source in progs.glob("*.c")} - PARTS) | set(LINKED))


def link(name, folder):
    """An object of several; the parts are compiled already."""
    output = folder / f"{name}.bpf.o"
    if not output.exists():
        run([bpftool(), "gen", "object", folder / f".{name}.o", *(folder / f"{part}.bpf.o" for part in LINKED[name])])
        (folder / f".{name}.o").rename(output)
    return output


def selftests(names, flavor=""):
    """Compiles the selftests' programs: ({name: object}, {name: why it does not compile})."""
    progs = sources() / "tools/testing/selftests/bpf/progs"
    folder = base() / "selftests" / flavor
    flags = bpf_flags(flavor)

    def one(source):
        name = source.stem
        more = ["-fno-strict-aliasing"] if name in NO_STRICT_ALIASING else []
        more += ["-fno-inline"] if name in NO_INLINE else []
        compile_object(source, folder / f"{name}.bpf.o", flags + more)

    parts = {part for name in names for part in LINKED.get(name, ())}
    wanted = [source for source in sorted(progs.glob("*.c")) if source.stem in names | parts]
    with locked(base() / "selftests.lock"), concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(one, wanted))
        good, bad = {name: link(name, folder) for name in names & set(LINKED)}, {}
    for source in wanted:
        if source.stem in parts:
            continue
        output = folder / f"{source.stem}.bpf.o"
        if output.exists():
            good[source.stem] = output
        else:
            bad[source.stem] = (folder / f"{source.stem}.log").read_text()
    return good, bad


WRAPPED = ["syscall", "close", "fcntl", "fcntl64", "mmap", "mmap64", "open", "open64", "fopen", "fopen64", "uname", "btf__free",
           "btf__load_vmlinux_btf", "bpf_prog_load"]
LOADER = ["load.c", "annotation.c", "route.c", "setup.c", "libbpf_features.c"]
ENGINE = ["user.c", "../capture.c"]  # what sees this project's headers, not libbpf's
SETUP = ROOT / "tests/conformance/setup"


def loader():
    """Builds and returns the loader, linked with libbpf and this working copy's engine."""
    here, build = ROOT / "tests/conformance", BUILD
    if not (build / "build.ninja").exists():
        run(["meson", "setup", build], cwd=ROOT)
    if "ANYBPF_BUILD" not in os.environ:
        rooms = [path.name for path in (ROOT / "src").iterdir() if (path / "meson.build").exists()]
        run(["ninja", "-C", build, *(f"src/libanybpf-{room}.a" for room in rooms)])
    rooms = sorted((build / "src").glob("libanybpf-*.a"))
    output = build / "conformance-load"
    made_of = [*(here / name for name in LOADER + ENGINE), *here.glob("*.h"), here / "../capture.h", libbpf(), *rooms]
    if output.exists() and all(output.stat().st_mtime > path.stat().st_mtime for path in made_of):
        return output
    linux = sources() / "tools"
    flags = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror"]
    theirs = [f"-I{include()}", f"-I{include()}/bpf", f"-I{linux}/include", f"-I{linux}/include/uapi"]
    ours = [f"-I{ROOT}/src", f"-I{ROOT}/include", f"-I{ROOT}/tests"]

    def compile(name, includes):
        made = build / f"conformance-{pathlib.Path(name).stem}.o"
        run(["gcc", *flags, *includes, "-c", here / name, "-o", made])
        return made

    objects = [compile(name, theirs) for name in LOADER]
    engine = [compile(name, ours) for name in ENGINE]
    whole = build / "conformance-engine.o"
    # Names of the engine's own must not meet those of libbpf.
    run(["gcc", "-r", "-nostdlib", *engine, "-Wl,--start-group", *rooms, "-Wl,--end-group", "-o", whole])
    keep = [f"--keep-global-symbol={name}" for name in ("user_open", "user_bpf", "user_close", "user_drop_privileges")]
    run(["objcopy", *keep, whole])
    wraps = [f"-Wl,--wrap={name}" for name in WRAPPED]
    run(["gcc", "-static", *objects, whole, *wraps, libbpf(), "-lelf", "-lz", "-lpthread", "-o", output])
    return output

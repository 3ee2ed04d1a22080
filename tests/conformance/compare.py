# SPDX-License-Identifier: BSD-2-Clause
"""Cases of the user engine joined with Linux's answers: what agrees, what does not, and the report.

What is right is what Linux 6.12 says; where an annotation of the test says something
else, the case is not usable.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import json
import re
import subprocess
import sys

import corpus
import oracle

NOT_SUPPORTED = 95  # EOPNOTSUPP


def user_run(objects, program, timeout, log):
    """Loads the objects on the user engine: the cases."""
    loader, kernel = corpus.loader(), corpus.kernel()
    release = (kernel / "release").read_text().strip()
    command = [loader, "--user", "--btf", corpus.kernel_btf(), "--release", release,
               "--symbols", kernel / "kallsyms",
               "--config", kernel / f"unpacked/boot/config-{release}",
               "--setup", corpus.SETUP, "--timeout", str(timeout), "--log", str(log), "--program", program]

    def chunk(paths):
        done = subprocess.run([*command, *paths], stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise corpus.Missing(f"the loader ended with {done.returncode} at {paths[0]} or after")
        return [json.loads(line) for line in done.stdout.decode(errors="replace").splitlines()]

    size = max(1, min(16, len(objects) // corpus.JOBS))
    chunks = [objects[i:i + size] for i in range(0, len(objects), size)]
    with concurrent.futures.ThreadPoolExecutor(corpus.JOBS) as pool:
        return [row for rows in pool.map(chunk, chunks) for row in rows]


def key(row):
    return row["object"], row["program"], row["mode"]


def name(case):
    file, program, mode = key(case)
    return f"{file.removesuffix('.bpf.o')}:{program}{' @unpriv' if mode == 'unpriv' else ''}"


def join(ours, theirs):
    """One case of ours and Linux's: its class, and what belongs to it."""
    case = {"object": ours["object"], "program": ours["program"], "mode": ours["mode"],
            "expect": theirs.get("expect", ""), "linux": theirs, "ours": ours}
    case["class"], case["why"] = classify(case)
    if case["class"] in ("agree", "false accept", "false reject", "not supported", "crash", "timeout"):
        case["words"] = words(case)
    return case


def unusable(case):
    """Why there is no verdict to compare with, or None."""
    theirs = case["linux"]
    result = theirs.get("result")
    if result not in ("accept", "reject"):
        return oracle.reason(theirs)
    option = oracle.lacking(case)
    if option:
        return f"the kernel is built without {option}"
    if case["expect"] and (result == "accept") != (case["expect"] == "success"):
        return "Linux 6.12 here differs from the annotation"
    return None


def classify(case):
    ours = case["ours"]
    why = unusable(case)
    if why:
        return "not usable", why
    accepted = case["linux"]["result"] == "accept"
    if ours["result"] in ("crash", "timeout"):
        return ours["result"], ours.get("message", "")
    if ours["result"] in ("setup", "open"):
        return "not supported", setup_reason(ours)
    if ours["result"] == "reject" and ours["errno"] == NOT_SUPPORTED:
        return "not supported", ours["message"] or "PROG_LOAD: EOPNOTSUPP"
    if (ours["result"] == "accept") == accepted:
        return "agree", ""
    return ("false reject", ours["message"] or f"errno {ours['errno']}") if accepted else \
        ("false accept", case["linux"]["message"] or f"errno {case['linux']['errno']}")


def setup_reason(ours):
    """Of a program that never came to the verifier."""
    if ours.get("command") == 0:
        return f"MAP_CREATE of type {ours['command_type']}: errno {ours['command_errno']}"
    complaint = re.sub(r"'[^']*'", "'...'", (ours.get("libbpf") or "").split("\n")[0])
    if "command" in ours and ours["command"] != 5:
        return f"bpf command {ours['command']}: errno {ours['command_errno']}; {complaint}"
    return complaint


def words(case):
    """Whether what the test wants to read is there; None where it wants nothing (of Linux)."""
    theirs, ours = case["linux"], case["ours"]
    if not theirs.get("patterns") or theirs["matched"] < theirs["patterns"]:
        return None
    return ours.get("matched", 0) == theirs["patterns"]


# ---- telling it ----

def shape(message):
    """The message without its numbers, to count by."""
    return re.sub(r"0x[0-9a-f]+|-?\d+", "N", message)[:110]


def groups(cases, text, limit):
    found = collections.defaultdict(list)
    for case in cases:
        found[shape(text(case))].append(case)
    ranked = sorted(found.items(), key=lambda item: -len(item[1]))
    for message, members in ranked[:limit]:
        examples = ", ".join(name(case) for case in members[:2])
        print(f"{len(members):5}  {message}    ({examples})")
    if len(ranked) > limit:
        rest = sum(len(members) for _, members in ranked[limit:])
        print(f"{rest:5}  in {len(ranked) - limit} other groups")


def show_logs(cases):
    for case in cases:
        print(f"---- {name(case)}: {case['class']} {case['why']}")
        print(case["ours"].get("log", "").rstrip())
        if case["ours"].get("missing"):
            print(f"  not found: {case['ours']['missing']}")
        theirs = case["linux"]
        print(f"  Linux: {theirs.get('result')}{' ' + theirs['message'] if theirs.get('message') else ''}")


def report(cases, limit):
    by_class = collections.defaultdict(list)
    for case in cases:
        by_class[case["class"]].append(case)
    titles = {"not usable": "not usable", "not supported": "not supported, by what we said",
              "false reject": "false rejects, by what we said", "crash": "crashes", "timeout": "out of time"}
    for title, heading in titles.items():
        if by_class[title]:
            print(f"== {heading}: {len(by_class[title])}")
            groups(by_class[title], lambda case: case["why"], limit)
    wrong = [case for case in cases if case.get("words") is False and case["class"] == "agree"]
    if wrong:
        print(f"== messages of agreeing programs that miss what is expected: {len(wrong)}")
        groups(wrong, lambda case: f"{case['ours']['missing']}  |  {case['ours']['message']}", limit)
    if by_class["false accept"]:
        print(f"== false accepts: {len(by_class['false accept'])}")
        for case in by_class["false accept"]:
            print(f"  {name(case)}: {case['why']}")
    return by_class


def before(path):
    """{key: (class, words)} of the last run."""
    try:
        with open(path, encoding="utf-8") as file:
            return {key(row): (row["class"], row.get("words")) for row in map(json.loads, file)}
    except (OSError, ValueError, KeyError):
        return {}


def report_worse(cases, last):
    """What agreed in the last run and does not now."""
    worse = [case for case in cases if last.get(key(case), ("",))[0] == "agree" and case["class"] != "agree"]
    silent = [case for case in cases if last.get(key(case)) == ("agree", True) and (case["class"], case.get("words")) == ("agree", False)]
    better = [case for case in cases if last.get(key(case), ("agree",))[0] != "agree" and case["class"] == "agree"]
    if worse or silent:
        print(f"== worse than in the last run here: {len(worse)} verdicts, {len(silent)} messages")
        for case in worse + silent:
            print(f"  {name(case)}: {case['class']}: {case['why'] or 'not found: ' + case['ours'].get('missing', '')}")
    if better:
        print(f"better than in the last run here: {len(better)} verdicts")


def figures(what, cases, by_class):
    usable = [case for case in cases if case["class"] != "not usable"]
    judged = [case for case in usable if case.get("words") is not None]
    rejected = [case for case in by_class["agree"] if case["ours"]["result"] == "reject" and case["linux"]["message"]]
    same = sum(case["ours"]["message"] == case["linux"]["message"] for case in rejected)
    print(f"last lines of programs that both refuse: {same} of {len(rejected)} to the letter")
    print(f"{what}: {len(usable)} usable, {len(by_class['agree'])} agree, {len(by_class['false accept'])} false accepts, "
          f"messages {sum(case['words'] for case in judged)} of {len(judged)}")


def selected(filters):
    """[(object name glob, program glob)]"""
    return [tuple((text.split(":", 1) + ["*"])[:2]) for text in filters] or [("*", "*")]


def wanted(row, filters):
    test, program = row["object"].removesuffix(".bpf.o"), row["program"].split("->")[0]
    return any(fnmatch.fnmatch(test, file) and fnmatch.fnmatch(program, glob) for file, glob in filters)


def cases_of(objects, options):
    """The cases of object files, joined with what Linux says."""
    filters = selected(options.filter)
    program = filters[0][1] if len(filters) == 1 else "*"
    log = 2 << 20 if options.verbose else 2000
    if options.oracle == "annotations":
        ours = user_run(objects, program, options.timeout, log)
        return [join(row, oracle.annotated(row)) for row in ours if wanted(row, filters)]
    theirs = {key(row): row for row in oracle.ask(objects, options.oracle)}
    ours = user_run(objects, program, options.timeout, log)
    return [join(row, theirs.get(key(row), {})) for row in ours if wanted(row, filters)]


def arguments(name, doc):
    parser = argparse.ArgumentParser(prog=f"scripts/conformance {name}", description=doc.split("\n")[0])
    parser.add_argument("filter", nargs="*", help="FILE or FILE:PROGRAM, globs; FILE is the source's name without .c")
    parser.add_argument("-v", "--verbose", action="store_true", help="our log and what is expected, of each that differs")
    parser.add_argument("-a", "--all", action="store_true", help="all groups, not the largest only; with -v all programs")
    parser.add_argument("--oracle", choices=["vm", "running", "annotations"], default="vm",
                        help="Linux 6.12 in a virtual machine, this kernel, or the tests' annotations alone")
    parser.add_argument("--timeout", type=int, default=20, help="seconds of a program")
    parser.add_argument("--json", help=f"where a line of each case goes: build/{name}.jsonl, or build/{name}-some.jsonl with filters")
    return parser


def main(name, doc, collect, flavors=()):
    """collect(options) -> (cases, {source: why it does not compile}); the exit status."""
    parser = arguments(name, doc)
    if flavors:
        parser.add_argument("--flavor", choices=list(flavors), default="", help="built for another instruction set")
    options = parser.parse_args()
    which = ("-" + options.flavor if flavors and options.flavor else "") + ("-some" if options.filter else "")
    options.json = options.json or str(corpus.BUILD / f"{name}{which}.jsonl")
    try:
        cases, bad = collect(options)
    except corpus.Missing as missing:
        print(f"scripts/conformance: {missing}", file=sys.stderr)
        return 2
    last = before(options.json)
    with open(options.json, "w", encoding="utf-8") as file:
        for case in cases:
            file.write(json.dumps(case) + "\n")
    for test, why in bad.items():
        print(f"{test} does not compile: {next((line for line in why.splitlines() if 'error' in line), '')}")
    if options.verbose:
        show_logs([case for case in cases if options.all or (case["class"], case.get("words")) not in
                   (("agree", True), ("agree", None))])
    by_class = report(cases, 10**9 if options.all else 40)
    report_worse(cases, last)
    figures(name, cases, by_class)
    return 1 if by_class["false accept"] or by_class["crash"] or by_class["timeout"] else 0

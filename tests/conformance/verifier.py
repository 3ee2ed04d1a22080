#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Linux's selftests of the verifier, on the user engine: scripts/conformance verifier.

Every program of every selftest is loaded on its own as the selftests' runner does it,
and Linux 6.12, asked once in a virtual machine, says what is right.
"""
import fnmatch
import sys

import compare
import corpus


def collect(options):
    filters = compare.selected(options.filter)
    names = {name for name in corpus.selftest_names() if any(fnmatch.fnmatch(name, file) for file, _ in filters)}
    if not names:
        raise corpus.Missing("no selftest has such a name")
    good, bad = corpus.selftests(names, options.flavor)
    return compare.cases_of(sorted(good.values()), options), bad


if __name__ == "__main__":
    sys.exit(compare.main("verifier", __doc__, collect, flavors=corpus.FLAVORS))

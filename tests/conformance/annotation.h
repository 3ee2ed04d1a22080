/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a selftest says about its own programs: the BTF declaration tags that
 * the selftests' bpf_misc.h puts on a function, and how its expected messages
 * are looked for in a log.
 */
#ifndef ANYBPF_CONFORMANCE_ANNOTATION_H
#define ANYBPF_CONFORMANCE_ANNOTATION_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

struct btf;

#define MODE_PRIV   1
#define MODE_UNPRIV 2

struct pattern {
	const char *text;
	regex_t regex;
	bool is_regex; /* text has {{...}} */
};

struct patterns {
	struct pattern *at;
	size_t len;
};

struct expectation {
	bool failure;
	bool stated; /* rather than taken from the privileged one */
	struct patterns messages;
};

struct annotation {
	unsigned int modes; /* MODE_*; 0: the program says nothing */
	struct expectation priv, unpriv;
	bool auxiliary;	 /* loaded with every other program, no case of its own */
	bool other_arch; /* not for x86-64 */
	bool rewrites;	 /* also says what the rewritten or compiled program looks like */
	bool invalid;	 /* a pattern that is no regular expression */
	int log_level;
	unsigned int flags; /* BPF_F_* of the load */
	const char *btf_path;
};

/* Strings stay the BTF's. */
void annotation_read(struct annotation *annotation, const struct btf *btf, const char *program,
		     unsigned int default_flags);
void annotation_free(struct annotation *annotation);

/*
 * Looks for the patterns in @log in their order; returns how many are there
 * before the first that is not.
 */
size_t patterns_match(const struct patterns *patterns, const char *log);

#endif

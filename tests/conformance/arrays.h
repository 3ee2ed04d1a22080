/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The array tests of Linux's selftests (tools/testing/selftests/bpf/verifier/),
 * as arrays_tests.c finds them in the package: what the runner needs of each,
 * without Linux's headers, which do not go together with ours.
 */
#ifndef ANYBPF_TESTS_CONFORMANCE_ARRAYS_H
#define ANYBPF_TESTS_CONFORMANCE_ARRAYS_H

#include <stdbool.h>
#include <stdint.h>

enum {
#define MAP(field, ...) ARRAY_MAP_##field,
#include "arrays_maps.def"
#undef MAP
	ARRAY_MAPS
};

#define ARRAY_KFUNCS 8
#define ARRAY_RUNS   8

enum array_result {
	ARRAY_UNDEF,
	ARRAY_ACCEPT,
	ARRAY_REJECT,
	ARRAY_VERBOSE_ACCEPT, /* the log is checked as well */
};

struct array_case {
	const char *file, *name;
	uint32_t prog_type, attach_type, prog_flags;
	bool unprivileged; /* is also loaded without capabilities */
	bool needs_jit;
	enum array_result result, result_unpriv;
	const char *message, *message_unpriv; /* parts between tabs, in this order; or NULL */
	uint32_t insn_processed;	      /* 0: not checked */
	const char *attach_func;
	const int *fixups[ARRAY_MAPS]; /* instructions that load each map's fd; ends with 0 */
	struct {
		const char *name;
		int insn;
	} kfuncs[ARRAY_KFUNCS];
	const void *func_info;
	uint32_t func_info_cnt;
	const uint32_t *btf_types; /* NULL: none */
	uint32_t btf_types_len, btf_strings_len;
	const char *btf_strings;
	int runs;
	struct {
		uint32_t retval, retval_unpriv;
		const void *data;
	} run[ARRAY_RUNS];
	/* made by array_case_open() */
	void *insns;
	uint32_t insn_cnt;
	void *filled; /* by the test's own function */
};

uint32_t array_case_count(void);
/* Fills in @c; 0 or -1 when there is no memory. */
int array_case_open(uint32_t index, struct array_case *c);
void array_case_close(struct array_case *c);

/* The types of values of maps with locks, timers and pointers. */
void array_map_btf(const uint32_t **types, uint32_t *types_len, const char **strings,
		   uint32_t *strings_len);
/* What test runs expect of a value that is an address. */
extern const uint32_t array_any_value;
extern const uint32_t array_data_len;

#endif

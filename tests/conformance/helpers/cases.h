/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls of helpers, made from their prototypes (helper.def): what is
 * passed, and the program that passes it and leaves in a map what became of it.
 * A case is the same for both engines but for the descriptors of its maps.
 */
#ifndef ANYBPF_CONFORMANCE_HELPERS_CASES_H
#define ANYBPF_CONFORMANCE_HELPERS_CASES_H

#include "helper/helper.h"

#define AREA 256 /* bytes of an argument's memory */

/* The value of the map that a program leaves its results in. */
struct results {
	u64 r0;
	u64 found; /* what a pointer that it got points to */
	u64 callbacks;
	u64 fields[13]; /* of the context, afterwards */
	u8 stack[128];
	u8 area[5][AREA]; /* memory of the arguments */
	u8 dynptr[AREA];
	u64 unknown[5]; /* numbers that the verifier does not know */
};

/* What is passed. */
enum passed {
	PASS_NOTHING,
	PASS_CONTEXT,
	PASS_MAP,
	PASS_AREA,	/* results.area[i] */
	PASS_STACK,	/* 128 bytes of the stack, which begin as results.stack */
	PASS_PACKET,	/* PACKET_BYTES from the packet's start */
	PASS_NUMBER,	/* as an immediate */
	PASS_UNKNOWN,	/* as a number that the verifier does not know */
	PASS_STRING,	/* of the map of strings, from .number on */
	PASS_CALLBACK,	/* counts its calls */
	PASS_COUNTER,	/* what the callback is given: the end of the stack */
	PASS_DYNPTR,	/* one of results.dynptr, .number bytes */
	PASS_NO_DYNPTR, /* room for one */
};

#define PACKET_BYTES 32

struct argument {
	enum passed how;
	u64 number;
};

enum test_map {
	TEST_HASH,
	TEST_ARRAY,
	TEST_PERCPU_ARRAY,
	TEST_LPM,
	TEST_QUEUE,
	TEST_STACK,
	TEST_BLOOM,
	TEST_RINGBUF,
	TEST_PERF,
	TEST_MAPS, /* of hashes */
	TEST_STACK_TRACE,
	TEST_CGROUPS,
	TEST_DEVMAP,
	TEST_MAP_CNT,
};

/* A program type that both engines can run a test of. */
struct runner {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	bool packet; /* takes one */
	bool direct; /* has data and data_end */
	bool sleepable;
	u16 fields[13]; /* of the context that are looked at afterwards: offset + 1 */
	u32 ctx_size;	/* bytes of the context that a test gives */
};

struct helper_case {
	const struct helper_proto *proto;
	const struct runner *runner;
	struct argument arg[5];
	enum test_map map;
	u32 packet; /* which one */
	struct results before;
};

/* Where strings begin in their map. */
extern const char case_strings[256];

/* Why calls of a prototype cannot be made, or NULL. */
const char *case_impossible(const struct helper_proto *proto);
/* Draws a case; @random is the state of the generator. @user is memory of this process. */
void case_draw(struct helper_case *c, u64 *random, u32 packet_size, const void *user);

struct case_maps {
	int results, strings, test[TEST_MAP_CNT];
};

#define CASE_INSNS 512

/* The number of instructions; where the callback begins, 0 without one. */
u32 case_program(const struct helper_case *c, const struct case_maps *maps, struct bpf_insn *insns,
		 u32 *callback);

/* A line that says what is called, with what. */
void case_print(const struct helper_case *c);

#endif

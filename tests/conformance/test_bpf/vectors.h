/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of Linux's lib/test_bpf.c as values; vectors.c takes them out of that file. */
#ifndef ANYBPF_CONFORMANCE_TEST_BPF_VECTORS_H
#define ANYBPF_CONFORMANCE_TEST_BPF_VECTORS_H

#include "isa/uapi.h"

#define VECTOR_RUNS 3	/* most subtests of one test */
#define VECTOR_DATA 128 /* bytes of a packet, and of what follows it as a fragment */

/* A program, and what each of its runs must return. */
struct vector {
	const char *name;
	bool classic;
	const struct sock_filter *filter; /* of a classic one */
	const struct bpf_insn *insns;	  /* of the others */
	u32 cnt, stack_depth;
	bool no_data;	   /* the context is NULL */
	bool large_memory; /* it is memory, no packet */
	bool fragment;	   /* a second part follows the packet */
	bool must_fail;	   /* with this error */
	int error;
	u8 data[VECTOR_DATA], fragment_data[VECTOR_DATA];
	struct {
		u32 size, result;
	} run[VECTOR_RUNS];
	u32 runs;
	void *filled; /* what vector_free() frees */
};

extern const u32 vector_cnt;
/* False when the function that fills the program fails. */
bool vector_get(u32 index, struct vector *v);
void vector_free(struct vector *v);

/* What the call instructions of tail call tests call, by their imm. */
enum vector_call {
	VECTOR_NUMA_NODE = 1,
	VECTOR_KTIME,
	VECTOR_BOOT_TIME,
	VECTOR_COARSE_TIME,
	VECTOR_JIFFIES,
	VECTOR_C_FUNCTION, /* any that uses many registers */
};

/* A wide load, or a 32-bit move, of this constant stands for the array, or the index in it. */
#define VECTOR_TAIL_MARK 0x7a11ca11
/* The move's off is the distance of the test to go on with, or one of these. */
#define VECTOR_TAIL_NULL    0x7fff
#define VECTOR_TAIL_INVALID 0x7ffe

/* One of a table of programs that tail-call each other. */
struct tail_vector {
	const char *name;
	const struct bpf_insn *insns;
	u32 cnt, stack_depth, times;
	bool has_state;	      /* the context is an int, else NULL */
	bool result_in_state; /* after it has run so many times */
	u32 result;
};

extern const u32 tail_vector_cnt;
void tail_vector_get(u32 index, struct tail_vector *v);

/* Tests of skb_segment() in the same file: of the kernel's network stack, not of programs. */
extern const u32 segment_vector_cnt;

#endif

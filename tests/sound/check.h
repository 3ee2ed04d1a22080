/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Execution that trusts nothing of what the verifier proved: before each
 * instruction it is asked whether that one may run. Numbers must be within
 * their facts, jumps go where facts say they can, memory is touched only
 * where the program has some, helpers get what their prototypes ask for.
 */
#ifndef ANYBPF_TESTS_SOUND_CHECK_H
#define ANYBPF_TESTS_SOUND_CHECK_H

#include <setjmp.h>

#include "interp/interp.h"
#include "prog/prog.h"
#include "verify/verify.h"

#define CHECK_FRAMES  64
#define CHECK_REGIONS 512
#define CHECK_STEPS   (1u << 22)

/* Of a byte of the stack. */
enum { READY_NOT, READY_NUMBER, READY_ADDRESS };

struct check_frame {
	u64 *regs;
	u32 subprog;
	u32 at; /* the instruction that was let go on last */
	bool ran;
	u64 map, size;		 /* of the helper call at work: map argument, second argument */
	u8 ready[MAX_BPF_STACK]; /* what was written to the bytes below r10, downwards */
};

struct check_region {
	u64 base;
	u32 size;
	bool rdonly, record;
};

struct check {
	const struct prog *prog;
	const struct prog_rules *rules;
	const struct insn_fact *facts;
	void *ctx;
	u32 ctx_size;
	struct check_frame frames[CHECK_FRAMES];
	u32 depth;
	struct check_region regions[CHECK_REGIONS];
	u32 region_cnt;
	u64 steps;
	u64 poison;
	/* Stack that nothing was written to was read, or an address as a number: results are by
	 * chance. */
	bool unready;
	bool stopped; /* took too many steps for us, though it may well end */
	jmp_buf leave;
	char text[256]; /* what it may not do, "" */
};

/* Runs it; r0 is valid unless .text or .stopped says otherwise. */
u64 check_run(struct check *check, struct run *run, const struct prog *prog,
	      const struct prog_rules *rules, const struct insn_fact *facts, void *ctx,
	      u32 ctx_size);

#endif

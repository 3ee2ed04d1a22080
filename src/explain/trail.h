/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking back along the path of a log: where the value in a register came
 * from, through copies, spills, arithmetic, calls and returns.
 */
#ifndef ANYBPF_EXPLAIN_TRAIL_H
#define ANYBPF_EXPLAIN_TRAIL_H

#include "explain/explain.h"
#include "explain/vlog.h"

struct path {
	const struct explain_input *in;
	const struct vlog *log;
	u8 *frame; /* call depth of each step */
	u32 cnt;
};

/* 0 or -ENOMEM; the path belongs to the arena. */
int path_init(struct path *path, const struct explain_input *in, const struct vlog *log,
	      struct arena *arena);
/* The instruction of a step, which is in the program. */
const struct bpf_insn *path_insn(const struct path *path, u32 step);

enum origin {
	ORIGIN_UNKNOWN,	  /* the log begins later, or memory that cannot be followed */
	ORIGIN_ARGUMENT,  /* of the program or the function: .reg */
	ORIGIN_CALL,	  /* result of a helper, kernel function or function verified apart */
	ORIGIN_CLOBBERED, /* a call that leaves nothing in r1 to r5 */
	ORIGIN_LOAD,	  /* from memory that is not a stack slot */
	ORIGIN_CONST,
	ORIGIN_WIDE,  /* a 64-bit constant, map or address */
	ORIGIN_OTHER, /* arithmetic that cannot be followed */
};

#define TRAIL_STEPS 16

struct trail {
	enum origin origin;
	u32 step;		/* of the origin */
	u32 reg;		/* in which it was then */
	u32 arith[TRAIL_STEPS]; /* latest first */
	u32 arith_cnt;
	u32 checks[TRAIL_STEPS]; /* comparisons of the value, latest first */
	u32 check_cnt;
};

/* Of register @reg before step @step. */
void trail_follow(const struct path *path, u32 step, u32 reg, struct trail *trail);

/* The last step before @step that runs instruction @insn; false without. */
bool path_last(const struct path *path, u32 step, u32 insn, u32 *found);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A verifier's log, ours or Linux's, taken apart: the path of instructions
 * that led to the verdict, the states printed along it, the message. Any text
 * is a log; what is not recognised is part of the message. Nothing is copied:
 * spans point into the log, which must stay.
 *
 * At log level 1 Linux keeps the path to the rejection alone. At level 2 all
 * paths are there, and the one that was rejected is put together from the
 * lines "from A to B".
 */
#ifndef ANYBPF_EXPLAIN_VLOG_H
#define ANYBPF_EXPLAIN_VLOG_H

#include <string.h>

#include "base/mem.h"
#include "base/vec.h"

/* A piece of text that is not terminated. */
struct span {
	const char *at;
	size_t len;
};

#define SPAN_ARGS(s) (int)(s).len, (s).at

static inline bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.at, text, s.len);
}

static inline bool span_starts(struct span s, const char *text)
{
	return s.len >= strlen(text) && !memcmp(s.at, text, strlen(text));
}

/* One instruction of the path. */
struct vlog_step {
	u32 insn;
	bool branched;	  /* a path that was put off here was taken up again */
	struct span text; /* "r1 = *(u32 *)(r1 +12)" */
};

/* What was known at one point of the path, or the part of it that changed. */
struct vlog_state {
	u32 step; /* how many steps came before */
	u32 frame;
	struct span text; /* "R1=ctx() R10=fp0 fp-8=mmmm????" */
};

struct vlog_stats {
	u64 processed, limit; /* processed is 0 when the log does not say */
	u64 total_states, peak_states, max_states_per_insn;
};

struct vlog {
	const struct mem *mem;
	VEC(struct vlog_step) steps;
	VEC(struct vlog_state) states;
	VEC(struct span) message;
	struct span function; /* the global function that was verified on its own, or empty */
	struct vlog_stats stats;
};

/* 0 or -ENOMEM; to be freed in both cases. */
int vlog_parse(struct vlog *log, const struct mem *mem, const char *text);
void vlog_free(struct vlog *log);

/*
 * What the log says of a register, or with @slot of the stack slot at that
 * negative offset, before step number @step in call frame @frame:
 * "map_value_or_null(id=1,map=m,ks=4,vs=8)". False when it says nothing.
 */
bool vlog_reg(const struct vlog *log, u32 step, u32 frame, u32 reg, struct span *value);
bool vlog_slot(const struct vlog *log, u32 step, u32 frame, s32 off, struct span *value);
/* The type in such a value: "map_value_or_null"; of a known number "scalar". */
struct span vlog_type(struct span value);
/* An attribute of such a value, as "map" or "umax"; false when it has none of the name. */
bool vlog_attribute(struct span value, const char *name, struct span *attribute);
/* Decimal or hexadecimal, with or without sign. */
bool span_number(struct span s, s64 *number);

#endif

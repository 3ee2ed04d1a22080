/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One rejection at work: which row of class.def it is, and what the names in
 * that row's texts stand for.
 */
#ifndef ANYBPF_EXPLAIN_CLASSIFY_H
#define ANYBPF_EXPLAIN_CLASSIFY_H

#include "explain/source.h"
#include "explain/trail.h"

/* Earlier steps that belong to an explanation. */
#define SHOW_ORIGIN	 BIT(0) /* where the value in the register came from */
#define SHOW_ARITH	 BIT(1) /* how it was moved */
#define SHOW_CHECK	 BIT(2) /* where it was last compared */
#define SHOW_BRANCH	 BIT(3) /* the last branches of the path */
#define SHOW_ACQUIRE	 BIT(4) /* where the reference was taken */
#define SHOW_RELEASE	 BIT(5) /* where it was given back */
#define SHOW_INVALIDATED BIT(6) /* the call that changed the packet */
#define SHOW_INDEX	 BIT(7) /* where the number that was added came from */
#define SHOW_VALUE	 BIT(8) /* where the returned value was set */
#define SHOW_LOCK	 BIT(9) /* where the lock was taken */
#define SHOW_LOOP	 BIT(10)

struct subject;

struct class
{
	const char *id, *pattern, *headline, *label, *remedy;
	bool (*when)(const struct subject *s);
	u32 show;
};

struct capture {
	struct span name, text;
};

#define CAPTURES 12

struct subject {
	const struct explain_input *in;
	const struct vlog *log;
	struct arena *arena;
	struct path path;
	const char *message; /* the log's lines, joined */
	const struct class *class;
	struct capture captures[CAPTURES];
	u32 capture_cnt;
	s64 insn; /* where it was rejected; -1 */
	u32 step; /* its step of the path; path.cnt when the path does not end there */
	s32 reg;  /* that the message is about; -1 */
	struct explain_place place;
	struct trail trail; /* of .reg */
};

/* Fills class and captures, then the rest; the class is NULL when no row fits. 0 or -ENOMEM. */
int classify(struct subject *s);

/* What the pattern took, or an empty span. */
struct span captured(const struct subject *s, const char *name);
bool captured_number(const struct subject *s, const char *name, s64 *number);
/* Whether the path to the rejected instruction is known. */
static inline bool has_step(const struct subject *s)
{
	return s->step < s->path.cnt;
}
/* "bpf_foo" of a step that calls a helper or kernel function, or a function of the program. */
bool step_call_name(const struct subject *s, u32 step, struct span *name);
bool insn_call_name(const struct subject *s, u32 insn, struct span *name);
/* Which expression at an instruction's place it stands for. */
enum expr_role role_of(const struct bpf_insn *insn);
/* What is in a register before a step, as the log has it. */
bool step_reg(const struct subject *s, u32 step, u32 reg, struct span *value);
/* The name of a function's parameter, from BTF. */
bool parameter_name(const struct subject *s, u32 insn, u32 reg, struct span *name);
/* The last step that gave back what .reg once held. */
bool find_release(const struct subject *s, u32 *step);
/* The last step that changed the packet. */
bool find_invalidation(const struct subject *s, u32 *step);
/* The step that added a number to the pointer in .reg, and the number's register. */
bool find_index(const struct subject *s, u32 *step, u32 *reg);

/* ---- names (names.c) ---- */

/* The text that a name of class.def stands for, in the arena; NULL when it is not known. */
const char *name_text(const struct subject *s, struct span name);
/* A template, expanded; NULL when out of memory. */
const char *expand(const struct subject *s, const char *template);
/* The variable that got the value where it came from, or the parameter; false when not known. */
bool variable_of_origin(const struct subject *s, const struct trail *trail, struct span *name);
/* The variable that holds what register @reg has before @step; false when not known. */
bool variable_of(const struct subject *s, u32 step, u32 reg, const struct trail *trail,
		 struct span *name);
const char *arena_printf(struct arena *arena, const char *fmt, ...) __printf(2, 3);

/* ---- notes (notes.c) ---- */

/* The earlier steps that the class shows. 0 or -ENOMEM. */
int add_notes(const struct subject *s, struct explanation *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all targets do while they write the code of a function: walk over its
 * blocks, and keep the places whose bytes depend on where code ends up.
 *
 * Such a place, a site, is written in one form and noted. When the function
 * is complete its target may choose another form, of other length, for some
 * sites; all that is behind them moves, and what is filled in follows.
 */
#ifndef ANYBPF_JIT_EMIT_H
#define ANYBPF_JIT_EMIT_H

#include "jit/code.h"
#include "jit/ir/ir.h"

struct jit_site {
	u8 kind; /* the target's, as .cc is */
	u8 cc;
	s8 grows; /* bytes that the form now chosen takes more than the one written */
	u32 at, target;
};

/* Where a jump goes: offset as written and how many sites come before. */
struct jit_label {
	u32 at, sites;
};

/* Of one function. Running out of memory is noted in .code->failed. */
struct jit_sites {
	struct jit_code *code;
	VEC(struct jit_site) all;
	VEC(struct jit_label) labels; /* the first are those of the blocks */
	VEC(u64) calls;		      /* addresses of C functions */
	/* By site, and one more: what those before it take more, modulo 2^32. */
	u32 *before;
	u32 first_line, first_fixup, first_frame; /* of the function, in .code */
};

/* Before anything of a function is written. */
void sites_init(struct jit_sites *s, struct jit_code *code);
void sites_free(struct jit_sites *s);

/* A label that is bound later; those of the first blocks, whose numbers they have, first. */
u32 sites_label(struct jit_sites *s);
/* The label is here. */
void sites_bind(struct jit_sites *s, u32 label);
void sites_add(struct jit_sites *s, struct jit_site site);
/* The number of an address in .calls. */
u32 sites_call(struct jit_sites *s, u64 address);

/* When all is written: makes .before, where nothing grows yet. False when out of memory. */
bool sites_complete(struct jit_sites *s);
/* .before anew, after .grows of sites have changed. */
void sites_sum(struct jit_sites *s);
/* Lines, fixups and frames of the function follow their code. */
void sites_move_notes(struct jit_sites *s);

/* Offsets, as things now stand. */
static inline u32 sites_at(const struct jit_sites *s, u32 site)
{
	return s->all.at[site].at + s->before[site];
}

static inline u32 sites_label_at(const struct jit_sites *s, u32 label)
{
	return s->labels.at[label].at + s->before[s->labels.at[label].sites];
}

/* By the target: the block begins, and which one follows (UINT32_MAX: none); an instruction. */
struct jit_emitter {
	void (*begin)(void *e, u32 block, u32 next);
	int (*insn)(void *e, const struct ir_insn *insn);
};

/*
 * Writes the blocks in their order but those that jumps pass by, see
 * jit_landings(). 0, -ENOMEM, -EOPNOTSUPP.
 */
int jit_emit_blocks(struct jit_code *code, const struct ir_fn *fn, const u32 *landing,
		    const struct jit_emitter *emitter, void *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The sink of machine code: what is noted of places in it. Out of memory is sticky. */
#include "jit/code.h"

#define NOTE(code, vec, ...)                                                                       \
	do {                                                                                       \
		if (!vec_push(&(code)->vec, (code)->unit->mem, __VA_ARGS__))                       \
			(code)->failed = true;                                                     \
	} while (0)

void code_line(struct jit_code *code, u32 pc)
{
	struct jit_line *last = code->lines.len ? &code->lines.at[code->lines.len - 1] : NULL;
	u32 at = code_at(code);

	if (last && last->pc == pc)
		return;
	if (last && last->offset == at)
		last->pc = pc; /* the one before made no code */
	else
		NOTE(code, lines, (struct jit_line){.offset = at, .pc = pc});
}

void code_fixup(struct jit_code *code, u32 at, u32 resume, u8 zero_reg)
{
	NOTE(code, fixups, (struct fault_fixup){.at = at, .resume = resume, .zero_reg = zero_reg});
}

void code_frame(struct jit_code *code, u32 depth, u8 nsaved)
{
	NOTE(code, frames,
	     (struct jit_frame){.offset = code_at(code), .depth = depth, .nsaved = nsaved});
}

void code_link(struct jit_code *code, u32 at, u32 subprog)
{
	NOTE(code, links, (struct jit_link){.at = at, .subprog = subprog});
}

u32 code_pool(struct jit_code *code, const struct ir_sym *sym)
{
	/* Doubles do no harm, so that a look at the newest few is enough. */
	for (size_t i = code->pool.len; i > 0 && i + 32 > code->pool.len; i--) {
		const struct jit_pooled *p = &code->pool.at[i - 1];

		if (p->kind == sym->kind && p->index == sym->index && p->addend == sym->addend)
			return (u32)i - 1;
	}
	NOTE(code, pool,
	     (struct jit_pooled){
		     .kind = (u8)sym->kind, .index = sym->index, .addend = sym->addend});
	return (u32)code->pool.len - 1;
}

void code_pool_use(struct jit_code *code, u32 at, u32 entry)
{
	NOTE(code, pool_uses, (struct jit_pool_use){.at = at, .entry = entry});
}

void code_free(struct jit_code *code)
{
	const struct mem *mem = code->unit->mem;

	buf_free(&code->buf);
	vec_free(&code->links, mem);
	vec_free(&code->lines, mem);
	vec_free(&code->pool, mem);
	vec_free(&code->pool_uses, mem);
	vec_free(&code->fixups, mem);
	vec_free(&code->funcs, mem);
	vec_free(&code->frames, mem);
}

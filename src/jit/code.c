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

void code_free(struct jit_code *code)
{
	const struct mem *mem = code->unit->mem;

	buf_free(&code->buf);
	vec_free(&code->links, mem);
	vec_free(&code->lines, mem);
	vec_free(&code->relocs, mem);
	vec_free(&code->fixups, mem);
	vec_free(&code->funcs, mem);
	vec_free(&code->frames, mem);
}

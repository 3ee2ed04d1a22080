/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks and sites of a function that is being written, see emit.h. */
#include "jit/emit.h"

#include <errno.h>

/* ---- sites ---- */

void sites_init(struct jit_sites *s, struct jit_code *code)
{
	*s = (struct jit_sites){
		.code = code,
		.first_line = (u32)code->lines.len,
		.first_fixup = (u32)code->fixups.len,
		.first_frame = (u32)code->frames.len,
	};
}

static const struct mem *mem_of(const struct jit_sites *s)
{
	return s->code->unit->mem;
}

void sites_free(struct jit_sites *s)
{
	vec_free(&s->all, mem_of(s));
	vec_free(&s->labels, mem_of(s));
	vec_free(&s->calls, mem_of(s));
	mem_free(mem_of(s), s->before);
}

u32 sites_label(struct jit_sites *s)
{
	if (!vec_push(&s->labels, mem_of(s), (struct jit_label){0})) {
		s->code->failed = true;
		return 0; /* the entry's; nobody jumps */
	}
	return (u32)s->labels.len - 1;
}

void sites_bind(struct jit_sites *s, u32 label)
{
	s->labels.at[label] = (struct jit_label){.at = code_at(s->code), .sites = (u32)s->all.len};
}

void sites_add(struct jit_sites *s, struct jit_site site)
{
	if (!vec_push(&s->all, mem_of(s), site))
		s->code->failed = true;
}

u32 sites_call(struct jit_sites *s, u64 address)
{
	if (!vec_push(&s->calls, mem_of(s), address)) {
		s->code->failed = true;
		return 0;
	}
	return (u32)s->calls.len - 1;
}

bool sites_complete(struct jit_sites *s)
{
	s->before = mem_zalloc_array(mem_of(s), s->all.len + 1, sizeof(*s->before));
	return s->before;
}

void sites_sum(struct jit_sites *s)
{
	s->before[0] = 0;
	for (u32 i = 0; i < s->all.len; i++) {
		s32 grows = s->all.at[i].grows;

		s->before[i + 1] = s->before[i] + (u32)grows;
	}
}

/* Where an offset is now; @site is the first that may be at or behind it, so that it only grows. */
static u32 moved(const struct jit_sites *s, u32 *site, u32 at)
{
	while (*site < s->all.len && s->all.at[*site].at < at)
		++*site;
	return at + s->before[*site];
}

void sites_move_notes(struct jit_sites *s)
{
	struct jit_code *code = s->code;
	u32 line = 0, fixup = 0, frame = 0;

	for (size_t i = s->first_line; i < code->lines.len; i++)
		code->lines.at[i].offset = moved(s, &line, code->lines.at[i].offset);
	for (size_t i = s->first_frame; i < code->frames.len; i++)
		code->frames.at[i].offset = moved(s, &frame, code->frames.at[i].offset);
	for (size_t i = s->first_fixup; i < code->fixups.len; i++) {
		code->fixups.at[i].at = moved(s, &fixup, code->fixups.at[i].at);
		code->fixups.at[i].resume = moved(s, &fixup, code->fixups.at[i].resume);
	}
}

/* ---- blocks ---- */

static int emit_insn(struct jit_code *code, const struct ir_insn *insn,
		     const struct jit_emitter *emitter, void *e)
{
	int ret;

	if ((ir_flags(insn) & IR_OP_PURE) && insn->loc == IR_LOC_NONE)
		return 0; /* folded into all of its users */
	ret = emitter->insn(e, insn);
	if (ret == -EOPNOTSUPP)
		err_set(code->unit->err, ret, "insn %u: no machine code for %s", insn->pc,
			ir_ops[insn->op].text);
	return ret;
}

static int emit_block(struct jit_code *code, const struct ir_fn *fn, u32 block,
		      const struct jit_emitter *emitter, void *e)
{
	ir_each (fn, block, ref) {
		const struct ir_insn *insn = ir_at(fn, ref);
		int ret;

		if (insn->op != IR_PHI)
			code_line(code, insn->pc);
		ret = emit_insn(code, insn, emitter, e);
		if (ret)
			return ret;
	}
	return code->failed ? -ENOMEM : 0;
}

/* Whether jumps pass the block by, so that it needs no code. */
static bool is_passed_by(const u32 *landing, u32 block)
{
	return block && landing[block] != block;
}

int jit_emit_blocks(struct jit_code *code, const struct ir_fn *fn, const u32 *landing,
		    const struct jit_emitter *emitter, void *e)
{
	for (u32 i = 0, next; i < fn->norder; i = next) {
		int ret;

		for (next = i + 1; next < fn->norder && is_passed_by(landing, fn->order[next]);)
			next++;
		emitter->begin(e, fn->order[i], next < fn->norder ? fn->order[next] : UINT32_MAX);
		ret = emit_block(code, fn, fn->order[i], emitter, e);
		if (ret)
			return ret;
	}
	return 0;
}

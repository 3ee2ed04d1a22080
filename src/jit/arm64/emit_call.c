/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of C functions and subprograms, and tail calls. */
#include "jit/arm64/arm64.h"
#include "map/prog_array.h"

/* Literals go to their registers at last: nothing that lives on is in them. */
static void put_literals(struct a64 *e, const struct ir_insn *insn)
{
	for (u8 i = 0; i < insn->nargs; i++) {
		if (insn->arg[i] && ir_is_literal(e->fn, insn->arg[i]))
			a64_materialise(e, jit_arm64.arg_regs[i], ir_at(e->fn, insn->arg[i]));
	}
}

/* From all of the code, which is smaller than half of what a call reaches. */
static bool within_reach(const struct a64 *e, u64 address)
{
	s64 distance = (s64)(address - ptr_to_u64(e->code->at_base));
	const s64 reach = 64 << 20;

	return e->code->at_base && distance > -reach && distance < reach &&
	       code_at(e->code) < reach / 2;
}

int a64_emit_call(struct a64 *e, const struct ir_insn *insn)
{
	const struct ir_sym *sym = &e->fn->syms[insn->sym];

	put_literals(e, insn);
	if (!e->code->unit->aot && within_reach(e, sym->addr)) {
		a64_site(e, SITE_CALL, A64_BL, sites_call(&e->sites, sym->addr));
		return 0;
	}
	if (e->code->unit->aot)
		a64_pool(e, A64_SCRATCH, insn->sym);
	else
		a64_mov_imm(e->code, A64_SCRATCH, sym->addr);
	a64_rr(e->code, A64_BLR, 0, A64_SCRATCH);
	return 0;
}

int a64_emit_call_sub(struct a64 *e, const struct ir_insn *insn)
{
	put_literals(e, insn);
	a64_site(e, SITE_LINK, A64_BL, (u32)insn->imm);
	return 0;
}

/* ---- tail calls ---- */

/* The array when it is known here and stays where it is, else NULL. */
static const struct prog_array *known_array(const struct a64 *e, const struct ir_insn *insn)
{
	const struct ir_insn *array = ir_at(e->fn, insn->arg[1]);

	if (array->op != IR_ADDR || e->code->unit->aot)
		return NULL;
	return u64_to_ptr((u64)array->imm);
}

static void load_field(struct a64 *e, u32 size, u8 rt, u8 rn, size_t offset)
{
	a64_mem(e->code, A64_LDR, size, rt, rn, (s64)offset);
}

/* Index against the array's size. */
static void check_index(struct a64 *e, const struct ir_insn *insn, const struct prog_array *known,
			u32 fail)
{
	u8 index = a64_reg(e, insn, 2);

	if (known && a64_is_imm12(known->map.desc.max_entries)) {
		a64_add_imm(e->code, A64_SUBS_IMM, A64_ZR, index, known->map.desc.max_entries);
	} else {
		if (known)
			a64_mov_imm(e->code, A64_SCRATCH, known->map.desc.max_entries);
		else
			load_field(e, 4, A64_SCRATCH, a64_reg(e, insn, 1),
				   offsetof(struct prog_array, map.desc.max_entries));
		a64_rrr(e->code, A64_SUBS, A64_ZR, index, A64_SCRATCH);
	}
	a64_jump_if(e, CC_HS, fail);
}

/* The number of tail calls so far in x17. */
static void check_count(struct a64 *e, u8 run, u32 fail)
{
	load_field(e, 4, A64_SCRATCH2, run, offsetof(struct run, tail_calls));
	a64_add_imm(e->code, A64_SUBS_IMM, A64_ZR, A64_SCRATCH2, MAX_TAIL_CALL_CNT);
	a64_jump_if(e, CC_HS, fail);
}

/* The target in x16. */
static void load_target(struct a64 *e, const struct ir_insn *insn, const struct prog_array *known,
			u32 fail)
{
	if (known)
		a64_mov_imm(e->code, A64_SCRATCH, ptr_to_u64(known->targets));
	else
		load_field(e, 8, A64_SCRATCH, a64_reg(e, insn, 1),
			   offsetof(struct prog_array, targets));
	a64_mem_index(e->code, A64_LDR, 8, A64_SCRATCH, A64_SCRATCH, a64_reg(e, insn, 2),
		      EXTEND_UXTW, true);
	a64_jump_zero(e, A64_CBZ | A64_X, A64_SCRATCH, fail);
}

/* Enters the target in this frame's place, with the context and the run as arguments. */
static void enter_target(struct a64 *e, u8 run)
{
	const u8 ctx = jit_arm64.arg_regs[0], arg_run = jit_arm64.arg_regs[5];

	a64_add_imm(e->code, A64_ADD_IMM, A64_SCRATCH2, A64_SCRATCH2, 1);
	a64_mem(e->code, A64_STR, 4, A64_SCRATCH2, run, offsetof(struct run, tail_calls));
	a64_mem(e->code, A64_STR, 8, A64_SCRATCH, run, offsetof(struct run, prog));
	a64_mov(e->code, arg_run, run);
	load_field(e, 8, ctx, arg_run, offsetof(struct run, ctx));
	load_field(e, 8, A64_SCRATCH, A64_SCRATCH, offsetof(struct prog, entry));
	a64_frame_drop(e);
	a64_rr(e->code, A64_BR, 0, A64_SCRATCH);
	a64_note_frame(e);
}

int a64_emit_tail_call(struct a64 *e, const struct ir_insn *insn)
{
	const struct prog_array *known = known_array(e, insn);
	u8 run = a64_reg(e, insn, 0);
	u32 fail = sites_label(&e->sites);

	check_index(e, insn, known, fail);
	check_count(e, run, fail);
	load_target(e, insn, known, fail);
	enter_target(e, run);
	sites_bind(&e->sites, fail);
	return 0;
}

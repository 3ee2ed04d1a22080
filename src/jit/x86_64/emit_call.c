/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of C functions and subprograms, and tail calls. */
#include "jit/x86_64/x86_64.h"
#include "map/prog_array.h"

/* Literals go to their registers at last: nothing that lives on is in them. */
static void put_literals(struct x86 *e, const struct ir_insn *insn)
{
	for (u8 i = 0; i < insn->nargs; i++) {
		if (insn->arg[i] && ir_is_literal(e->fn, insn->arg[i]))
			x86_materialise(e, jit_x86_64.arg_regs[i], ir_at(e->fn, insn->arg[i]),
					false);
	}
}

/* The whole of the code, which is less than that, reaches the address or does not. */
static bool within_reach(const struct x86 *e, u64 address)
{
	s64 distance = (s64)(address - ptr_to_u64(e->code->at_base));
	const s64 reach = INT32_MAX / 2;

	return e->code->at_base && distance > -reach && distance < reach;
}

int x86_emit_call(struct x86 *e, const struct ir_insn *insn)
{
	const struct ir_sym *sym = &e->fn->syms[insn->sym];
	struct x86_rm pool = x86_rip();

	put_literals(e, insn);
	if (e->code->unit->aot) {
		x86_op(e->code, OP_INDIRECT, 2, &pool);
		x86_site(e, SITE_POOL, code_pool(e->code, sym));
	} else if (within_reach(e, sym->addr)) {
		x86_put(e->code, 0xe8, 5);
		x86_site(e, SITE_CALL, sites_call(&e->sites, sym->addr));
	} else {
		x86_mov_imm(e->code, X86_SCRATCH, sym->addr);
		x86_op_reg(e->code, OP_INDIRECT, 2, X86_SCRATCH);
	}
	return 0;
}

int x86_emit_call_sub(struct x86 *e, const struct ir_insn *insn)
{
	put_literals(e, insn);
	x86_put(e->code, 0xe8, 5);
	x86_site(e, SITE_LINK, (u32)insn->imm);
	return 0;
}

/* ---- tail calls ---- */

/* The array when it is known here and stays where it is, else NULL. */
static const struct prog_array *known_array(const struct ir_fn *fn, const struct ir_insn *insn)
{
	const struct ir_insn *array = ir_at(fn, insn->arg[1]);

	if (array->op != IR_ADDR || fn->unit->aot)
		return NULL;
	return u64_to_ptr((u64)array->imm);
}

/* The array when it is known, and the index when it is, too, and within it. */
bool x86_tail_call_encodable(const struct ir_fn *fn, const struct ir_insn *insn, u32 i)
{
	const struct prog_array *array = known_array(fn, insn);
	const struct ir_insn *index = ir_at(fn, insn->arg[2]);

	if (i == 2)
		return array && index->op == IR_CONST &&
		       (u64)index->imm < array->map.desc.max_entries;
	return i == 1 && array;
}

/* Index against the array's size. */
static void check_index(struct x86 *e, const struct ir_insn *insn, const struct prog_array *known,
			u32 fail)
{
	struct x86_rm index = x86_in_reg((u8)insn->aloc[2]);

	if (ir_is_literal(e->fn, insn->arg[2]))
		return;
	if (known)
		x86_alu_imm(e->code, 0, ALU_CMP, &index, (s32)known->map.desc.max_entries);
	else
		x86_op_mem(e->code, 0x3b /* cmp */, index.base, (u8)insn->aloc[1],
			   offsetof(struct prog_array, map.desc.max_entries));
	x86_jump(e, CC_AE, fail);
}

/* The target in the scratch register. */
static void load_target(struct x86 *e, const struct ir_insn *insn, const struct prog_array *known,
			u32 fail)
{
	const struct ir_insn *index = ir_at(e->fn, insn->arg[2]);
	struct x86_rm target = x86_at(X86_SCRATCH, 0);

	if (index->op == IR_CONST) {
		x86_mov_imm(e->code, X86_SCRATCH, ptr_to_u64(&known->targets[index->imm]));
	} else {
		target.index = (u8)insn->aloc[2];
		target.scale = 3;
		if (known)
			x86_mov_imm(e->code, X86_SCRATCH, ptr_to_u64(known->targets));
		else
			x86_op_mem(e->code, OP_MOV_LOAD | OP_W, X86_SCRATCH, (u8)insn->aloc[1],
				   offsetof(struct prog_array, targets));
	}
	x86_op(e->code, OP_MOV_LOAD | OP_W, X86_SCRATCH, &target);
	x86_op_reg(e->code, OP_TEST | OP_W, X86_SCRATCH, X86_SCRATCH);
	x86_jump(e, CC_E, fail);
}

/* Both to where a function has them, whichever registers they are in. */
static void pass_to_target(struct x86 *e, u8 r1, u8 run)
{
	u8 to_r1 = jit_x86_64.arg_regs[0], to_run = jit_x86_64.arg_regs[5];

	if (run != to_r1) {
		x86_mov(e->code, to_r1, r1);
		x86_mov(e->code, to_run, run);
	} else if (r1 == to_run) {
		x86_op_reg(e->code, OP_XCHG | OP_W, r1, run);
	} else {
		x86_mov(e->code, to_run, run);
		x86_mov(e->code, to_r1, r1);
	}
}

/* Enters the target in this frame's place, with r1 and the run as arguments. */
static void enter_target(struct x86 *e, u8 r1, u8 run)
{
	struct x86_rm count = x86_at(run, offsetof(struct run, tail_calls));

	x86_alu_imm(e->code, 0, ALU_ADD, &count, 1);
	x86_op_mem(e->code, OP_MOV_STORE | OP_W, X86_SCRATCH, run, offsetof(struct run, prog));
	pass_to_target(e, r1, run);
	x86_frame_drop(e);
	x86_op_mem(e->code, OP_INDIRECT, 4, X86_SCRATCH, offsetof(struct prog, entry));
	x86_note_frame(e);
}

int x86_emit_tail_call(struct x86 *e, const struct ir_insn *insn)
{
	const struct prog_array *known = known_array(e->fn, insn);
	u8 run = (u8)insn->aloc[0];
	struct x86_rm count = x86_at(run, offsetof(struct run, tail_calls));
	u32 fail = sites_label(&e->sites);

	check_index(e, insn, known, fail);
	x86_alu_imm(e->code, 0, ALU_CMP, &count, MAX_TAIL_CALL_CNT);
	x86_jump(e, CC_AE, fail);
	load_target(e, insn, known, fail);
	enter_target(e, (u8)insn->aloc[3], run);
	x86_bind(e, fail);
	return 0;
}

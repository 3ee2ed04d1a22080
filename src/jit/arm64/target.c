/* SPDX-License-Identifier: BSD-2-Clause */
/* The arm64 target: its registers, which function emits which operation, whole functions. */
#include <errno.h>

#include "jit/arm64/arm64.h"

static int emit_nothing(struct a64 *e __unused, const struct ir_insn *insn __unused)
{
	return 0;
}

static const a64_emit_fn rows[IR_OP_CNT] = {
	[IR_PARAM] = emit_nothing,
	[IR_PHI] = emit_nothing,
	[IR_UNDEF] = emit_nothing,
	[IR_HIDE] = emit_nothing,
	[IR_FRAME] = a64_emit_frame,
	[IR_MOVE] = a64_emit_move,
	[IR_IMM] = a64_emit_imm,

	[IR_ADD] = a64_emit_add,
	[IR_SUB] = a64_emit_add,
	[IR_AND] = a64_emit_logic,
	[IR_OR] = a64_emit_logic,
	[IR_XOR] = a64_emit_logic,
	[IR_ANDN] = a64_emit_logic,
	[IR_MUL] = a64_emit_mul,
	[IR_UMULH] = a64_emit_umulh,
	[IR_SHL] = a64_emit_shift,
	[IR_SHR] = a64_emit_shift,
	[IR_SAR] = a64_emit_shift,
	[IR_ROL] = a64_emit_rotate,
	[IR_UDIV] = a64_emit_division,
	[IR_UMOD] = a64_emit_division,
	[IR_SDIV] = a64_emit_division,
	[IR_SMOD] = a64_emit_division,
	[IR_NEG] = a64_emit_unary,
	[IR_NOT] = a64_emit_unary,
	[IR_ZEXT8] = a64_emit_extend,
	[IR_ZEXT16] = a64_emit_extend,
	[IR_ZEXT32] = a64_emit_extend,
	[IR_SEXT8] = a64_emit_extend,
	[IR_SEXT16] = a64_emit_extend,
	[IR_SEXT32] = a64_emit_extend,
	[IR_BSWAP16] = a64_emit_bswap,
	[IR_BSWAP32] = a64_emit_bswap,
	[IR_BSWAP64] = a64_emit_bswap,
	[IR_POPCNT] = a64_emit_popcnt,
	[IR_SET] = a64_emit_set,
	[IR_SELECT] = a64_emit_select,

	[IR_LEA] = a64_emit_lea,
	[IR_LOAD] = a64_emit_load,
	[IR_STORE] = a64_emit_store,
	[IR_ATOMIC] = a64_emit_atomic,
	[IR_FENCE] = a64_emit_fence,

	[IR_CALL] = a64_emit_call,
	[IR_CALL_SUB] = a64_emit_call_sub,
	[IR_TAIL_CALL] = a64_emit_tail_call,

	[IR_JMP] = a64_emit_jmp,
	[IR_BR] = a64_emit_br,
	[IR_RET] = a64_emit_ret,
	[IR_TRAP] = a64_emit_trap,
};

static int emit_insn(void *arg, const struct ir_insn *insn)
{
	return rows[insn->op] ? rows[insn->op](arg, insn) : -EOPNOTSUPP;
}

static void begin_block(void *arg, u32 block, u32 next)
{
	struct a64 *e = arg;

	e->next = next;
	sites_bind(&e->sites, block);
}

static const struct jit_emitter emitter = {.begin = begin_block, .insn = emit_insn};

static int emit_function(struct a64 *e)
{
	struct jit_func func;
	int ret;

	for (u32 i = 0; i < e->fn->nblocks; i++)
		sites_label(&e->sites);
	e->leave = sites_label(&e->sites);
	e->landing = jit_landings(e->fn);
	if (e->code->failed || !e->landing)
		return -ENOMEM;
	a64_frame_init(e);
	a64_prologue(e);
	func = a64_unwind(e);
	func.prologue_end = code_at(e->code);
	ret = jit_emit_blocks(e->code, e->fn, e->landing, &emitter, e);
	if (ret)
		return ret;
	ret = a64_finish(e);
	func.end = code_at(e->code);
	if (!ret && !vec_push(&e->code->funcs, e->code->unit->mem, func))
		ret = -ENOMEM;
	return ret;
}

int a64_emit(struct jit_code *code, struct ir_fn *fn)
{
	struct a64 e = {
		.code = code,
		.fn = fn,
	};
	int ret;

	buf_add_zero(&code->buf, -code_at(code) % 16);
	e.start = code_at(code);
	sites_init(&e.sites, code);
	ret = emit_function(&e);
	sites_free(&e.sites);
	return ret;
}

static const char *const reg_names[] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",	 "x7",	"x8",  "x9",  "x10",
	"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
	"x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",
};

const struct jit_target jit_arm64 = {
	.name = "arm64",
	.nregs = 32,
	.padding = 0, /* udf #0 */
	.allocatable = A64_CALLER_SAVED | A64_CALLEE_SAVED,
	.callee_saved = A64_CALLEE_SAVED,
	.arg_regs = {0, 1, 2, 3, 4, 5},
	.ret_reg = 0,
	.scratch = A64_SCRATCH,
	.reg_names = reg_names,
	.elf_machine = 183, /* EM_AARCH64 */
	.dwarf_sp = 31,
	.dwarf_ra = 30,
	.features = a64_features,
	.feature_names = a64_feature_names,
	.feature_cnt = A64_FEATURE_CNT,
	.page_size = 65536,
	.lower = a64_lower,
	.constrain = a64_constrain,
	.emit = a64_emit,
	.link = a64_link,
	.link_pool = a64_link_pool,
};

const struct jit_target *const jit_native = &jit_arm64;

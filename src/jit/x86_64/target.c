/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 target: its registers, which function emits which operation, whole functions. */
#include <errno.h>

#include "jit/x86_64/x86_64.h"

static int emit_nothing(struct x86 *e __unused, const struct ir_insn *insn __unused)
{
	return 0;
}

/* Rows with .keeps leave the flags alone, whatever their operands. */
static const struct {
	x86_emit_fn emit;
	bool keeps;
} rows[IR_OP_CNT] = {
	[IR_PARAM] = {emit_nothing, true},
	[IR_PHI] = {emit_nothing, true},
	[IR_UNDEF] = {emit_nothing, true},
	[IR_HIDE] = {emit_nothing, true},
	[IR_FRAME] = {x86_emit_frame, true},
	[IR_MOVE] = {x86_emit_move, true},
	[IR_IMM] = {x86_emit_imm, true}, /* or forgets them itself */

	[IR_ADD] = {x86_emit_add, false},
	[IR_SUB] = {x86_emit_alu, false},
	[IR_AND] = {x86_emit_alu, false},
	[IR_OR] = {x86_emit_alu, false},
	[IR_XOR] = {x86_emit_alu, false},
	[IR_ANDN] = {x86_emit_andn, false},
	[IR_MUL] = {x86_emit_mul, false},
	[IR_UMULH] = {x86_emit_umulh, false},
	[IR_SHL] = {x86_emit_shift, false},
	[IR_SHR] = {x86_emit_shift, false},
	[IR_SAR] = {x86_emit_shift, false},
	[IR_ROL] = {x86_emit_shift, false},
	[IR_UDIV] = {x86_emit_division, false},
	[IR_UMOD] = {x86_emit_division, false},
	[IR_SDIV] = {x86_emit_division, false},
	[IR_SMOD] = {x86_emit_division, false},
	[IR_NEG] = {x86_emit_unary, false},
	[IR_NOT] = {x86_emit_unary, true},
	[IR_ZEXT8] = {x86_emit_extend, true},
	[IR_ZEXT16] = {x86_emit_extend, true},
	[IR_ZEXT32] = {x86_emit_extend, true},
	[IR_SEXT8] = {x86_emit_extend, true},
	[IR_SEXT16] = {x86_emit_extend, true},
	[IR_SEXT32] = {x86_emit_extend, true},
	[IR_BSWAP16] = {x86_emit_bswap, false},
	[IR_BSWAP32] = {x86_emit_bswap, true},
	[IR_BSWAP64] = {x86_emit_bswap, true},
	[IR_POPCNT] = {x86_emit_popcnt, false},
	[IR_SET] = {x86_emit_set, false},
	[IR_SELECT] = {x86_emit_select, false},

	[IR_LEA] = {x86_emit_lea, true},
	[IR_LOAD] = {x86_emit_load, true},
	[IR_STORE] = {x86_emit_store, false}, /* some change memory in place */
	[IR_ATOMIC] = {x86_emit_atomic, false},
	[IR_FENCE] = {x86_emit_fence, true},

	[IR_CALL] = {x86_emit_call, false},
	[IR_CALL_SUB] = {x86_emit_call_sub, false},
	[IR_TAIL_CALL] = {x86_emit_tail_call, false},

	[IR_JMP] = {x86_emit_jmp, false},
	[IR_BR] = {x86_emit_br, false},
	[IR_RET] = {x86_emit_ret, false},
	[IR_TRAP] = {x86_emit_trap, false},
};

static int emit_insn(void *arg, const struct ir_insn *insn)
{
	struct x86 *e = arg;
	int ret = rows[insn->op].emit ? rows[insn->op].emit(e, insn) : -EOPNOTSUPP;

	if (e->flags.fresh)
		e->flags.fresh = false;
	else if (!rows[insn->op].keeps || insn->loc == e->flags.reg)
		e->flags.reg = X86_NO_REG;
	return ret;
}

static void begin_block(void *arg, u32 block, u32 next)
{
	struct x86 *e = arg;

	e->next = next;
	x86_bind(e, block);
}

static const struct jit_emitter emitter = {.begin = begin_block, .insn = emit_insn};

static int emit_function(struct x86 *e)
{
	struct jit_func func;
	int ret;

	for (u32 i = 0; i < e->fn->nblocks; i++)
		sites_label(&e->sites);
	e->leave = sites_label(&e->sites);
	e->landing = jit_landings(e->fn);
	if (e->code->failed || !e->landing)
		return -ENOMEM;
	x86_frame_init(e);
	x86_prologue(e);
	func = x86_unwind(e);
	func.prologue_end = code_at(e->code);
	ret = jit_emit_blocks(e->code, e->fn, e->landing, &emitter, e);
	if (ret)
		return ret;
	ret = x86_finish(e);
	func.end = code_at(e->code);
	if (!ret && !vec_push(&e->code->funcs, e->code->unit->mem, func))
		ret = -ENOMEM;
	return ret;
}

int x86_emit(struct jit_code *code, struct ir_fn *fn)
{
	struct x86 e = {
		.code = code,
		.fn = fn,
		.flags = {.reg = X86_NO_REG},
	};
	int ret;

	if (!x86_hoist_moves(fn))
		return -ENOMEM;
	while (code_at(code) % 16)
		x86_put(code, jit_x86_64.padding, 1);
	e.start = code_at(code);
	sites_init(&e.sites, code);
	ret = emit_function(&e);
	sites_free(&e.sites);
	return ret;
}

static const char *const reg_names[] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
};

const struct jit_target jit_x86_64 = {
	.name = "x86_64",
	.nregs = 16,
	.padding = 0xcc, /* int3 */
	.allocatable = 0xffff & ~(BIT(RSP) | BIT(X86_SCRATCH)),
	.callee_saved = BIT(RBX) | BIT(RBP) | BIT(R12) | BIT(R13) | BIT(R14) | BIT(R15),
	.arg_regs = {RDI, RSI, RDX, RCX, R8, R9},
	.ret_reg = RAX,
	.scratch = X86_SCRATCH,
	.reg_names = reg_names,
	.elf_machine = 62, /* EM_X86_64 */
	.dwarf_sp = 7,
	.dwarf_ra = 16,
	.call_pushes = 8,
	.features = x86_features,
	.feature_names = x86_feature_names,
	.feature_cnt = X86_FEATURE_CNT,
	.page_size = 4096,
	.lower = x86_lower,
	.constrain = x86_constrain,
	.emit = x86_emit,
	.link = x86_link,
	.link_pool = x86_link_pool,
};

const struct jit_target *const jit_native = &jit_x86_64;

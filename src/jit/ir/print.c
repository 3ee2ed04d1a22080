/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The intermediate form as text; parse.c reads it back.
 *
 *	fn 0, frame 16
 *	b0:
 *		%1 = param 0
 *		%2 = add.w %1, 5
 *		%3 = load.1 [%1 + %2*4 + 12] packet
 *		store.4 [%1 + 0] = %2 stack
 *		br ult.d %2, 10, b1, b2
 *	b1:
 *		%4 = call helper:5 (%1, -, 7)
 *		jmp b2
 *	b2:
 *		%5 = phi b0 %3, b1 %4
 *		ret %5
 *
 * Literals stand where they are used: numbers are signed, an address is
 * @map:0+16. After an instruction come its flags and, in braces, the range of
 * its result when one is known. Once registers are given out, =rax and
 * =slot3 follow what they are for.
 */
#include <inttypes.h>

#include "jit/ir/text.h"

const char *const ir_mem_names[IR_MEM_CNT] = {
	[MEM_NONE] = "none",	 [MEM_STACK] = "stack",	      [MEM_CTX] = "ctx",
	[MEM_MAP_VALUE] = "map", [MEM_PACKET] = "packet",     [MEM_HELPER] = "helper",
	[MEM_SOCK] = "sock",	 [MEM_TCP_SOCK] = "tcp_sock", [MEM_XDP_SOCK] = "xdp_sock",
	[MEM_BTF] = "btf",	 [MEM_ARENA] = "arena",	      [MEM_OBJECT] = "object",
	[MEM_MIXED] = "mixed",	 [MEM_KERNEL] = "kernel",
};

const char *const ir_sym_names[IR_SYM_CNT] = {
	[SYM_NONE] = "none",	   [SYM_MAP] = "map",	   [SYM_MAP_VALUE] = "value",
	[SYM_SUBPROG] = "sub",	   [SYM_PROG] = "prog",	   [SYM_HELPER] = "helper",
	[SYM_RUNTIME] = "runtime", [SYM_MAP_OP] = "mapop", [SYM_KFUNC] = "kfunc",
	[SYM_KFUNC_TYPE] = "type",
};

const char *const ir_flag_names[8] = {
	"sext", "probe", "safe", "unaliased", "likely", "unlikely", "volatile", "pure",
};

static void print_sym(struct buf *out, const struct ir_fn *fn, u32 sym)
{
	const struct ir_sym *s = &fn->syms[sym];

	buf_printf(out, "%s:%u", ir_sym_names[s->kind], s->index);
	if (s->addend)
		buf_printf(out, "%+" PRId64, s->addend);
}

static void print_loc(struct buf *out, const struct ir_fn *fn, u16 loc)
{
	if (!fn->reg_names || loc == IR_LOC_NONE)
		return;
	if (loc >= IR_LOC_SLOT)
		buf_printf(out, "=slot%u", loc - IR_LOC_SLOT);
	else
		buf_printf(out, "=%s", fn->reg_names[loc]);
}

static void print_ref(struct buf *out, const struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(fn, ref);

	if (!ref) {
		buf_putc(out, '-');
	} else if (insn->op == IR_CONST) {
		buf_printf(out, "%" PRId64, insn->imm);
	} else if (insn->op == IR_ADDR) {
		buf_putc(out, '@');
		print_sym(out, fn, insn->sym);
	} else {
		buf_printf(out, "%%%u", ref);
	}
}

static void print_arg(struct buf *out, const struct ir_fn *fn, const struct ir_insn *insn, u32 i)
{
	print_ref(out, fn, insn->op == IR_PHI ? insn->phi[i] : insn->arg[i]);
	if (insn->op != IR_PHI)
		print_loc(out, fn, insn->aloc[i]);
}

static void print_address(struct buf *out, const struct ir_fn *fn, const struct ir_insn *insn)
{
	buf_puts(out, " [");
	print_arg(out, fn, insn, 0);
	if (insn->arg[1]) {
		buf_puts(out, " + ");
		print_arg(out, fn, insn, 1);
		buf_printf(out, "*%u", 1u << insn->scale);
	}
	buf_printf(out, " %c %" PRId64 "]", insn->disp < 0 ? '-' : '+',
		   insn->disp < 0 ? -(s64)insn->disp : (s64)insn->disp);
}

static void print_call(struct buf *out, const struct ir_fn *fn, const struct ir_insn *insn)
{
	if (insn->op == IR_CALL) {
		buf_putc(out, ' ');
		print_sym(out, fn, insn->sym);
	} else {
		buf_printf(out, " %" PRId64, insn->imm);
	}
	buf_puts(out, " (");
	for (u32 i = 0; i < insn->nargs; i++) {
		buf_puts(out, i ? ", " : "");
		print_arg(out, fn, insn, i);
	}
	buf_putc(out, ')');
}

static void print_phi(struct buf *out, const struct ir_fn *fn, const struct ir_insn *insn)
{
	const struct ir_block *b = ir_block(fn, insn->block);

	for (u32 i = 0; i < b->npreds; i++) {
		buf_printf(out, "%s b%u ", i ? "," : "", b->preds[i]);
		print_arg(out, fn, insn, i);
	}
}

static void print_operands(struct buf *out, const struct ir_fn *fn, const struct ir_insn *insn)
{
	u32 first = ir_flags(insn) & IR_OP_MEM ? 2 : 0, n = ir_nargs(fn, insn);
	bool store = insn->op == IR_STORE;

	if (first)
		print_address(out, fn, insn);
	for (u32 i = first; i < n; i++) {
		buf_puts(out, i == first && !first ? " " : store ? " = " : ", ");
		print_arg(out, fn, insn, i);
	}
}

static bool has_imm(const struct ir_insn *insn)
{
	return insn->op == IR_PARAM || insn->op == IR_FRAME || insn->op == IR_ATOMIC ||
	       (insn->op == IR_IMM && !insn->sym);
}

static void print_suffix(struct buf *out, const struct ir_insn *insn)
{
	u16 flags = ir_flags(insn);

	if (insn->op == IR_LOAD && insn->flags & IR_SEXT)
		buf_printf(out, ".%u.%c", insn->size, insn->width == 4 ? 'w' : 'd');
	else if (flags & IR_OP_MEM && insn->op != IR_LEA)
		buf_printf(out, ".%u", insn->size);
	else if (flags & IR_OP_W)
		buf_printf(out, ".%c", insn->width == 4 ? 'w' : 'd');
	if (flags & IR_OP_CC)
		buf_printf(out, " %s.%c", ir_cc_names[insn->cc], insn->cmp_width == 4 ? 'w' : 'd');
}

static void print_tail(struct buf *out, const struct ir_fn *fn, const struct ir_insn *insn)
{
	const struct ir_block *b = ir_block(fn, insn->block);

	for (u32 i = 0; ir_flags(insn) & IR_OP_TERM && i < b->nsucc; i++)
		buf_printf(out, "%sb%u", insn->op == IR_BR ? ", " : " ", b->succ[i]);
	if (ir_flags(insn) & (IR_OP_READ | IR_OP_WRITE) && ir_flags(insn) & IR_OP_MEM &&
	    !fn->reg_names) {
		buf_printf(out, " %s", ir_mem_names[insn->mem]);
		if (insn->map != FACT_NO_MAP)
			buf_printf(out, ":%u", insn->map);
	}
	for (u32 i = 0; i < 8; i++)
		if (insn->flags & BIT(i) && !(i == 0 && insn->op == IR_LOAD))
			buf_printf(out, " %s", ir_flag_names[i]);
	if (!(ir_flags(insn) & IR_OP_VOID) && (insn->umin || insn->umax != UINT64_MAX) &&
	    insn->op != IR_IMM && !fn->reg_names)
		buf_printf(out, " {%" PRIu64 "..%" PRIu64 "}", insn->umin, insn->umax);
}

void ir_print_insn(struct buf *out, const struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(fn, ref);

	buf_putc(out, '\t');
	if (!(ir_flags(insn) & IR_OP_VOID)) {
		buf_printf(out, "%%%u", ref);
		print_loc(out, fn, insn->loc);
		buf_puts(out, " = ");
	}
	buf_puts(out, ir_ops[insn->op].text);
	if (insn->op == IR_MOVE)
		print_loc(out, fn, insn->loc);
	print_suffix(out, insn);
	if (has_imm(insn))
		buf_printf(out, " %" PRId64, insn->imm);
	else if (insn->op == IR_IMM) {
		buf_puts(out, " @");
		print_sym(out, fn, insn->sym);
	}
	if (ir_flags(insn) & IR_OP_CALL && insn->op != IR_TAIL_CALL)
		print_call(out, fn, insn);
	else if (insn->op == IR_PHI)
		print_phi(out, fn, insn);
	else
		print_operands(out, fn, insn);
	print_tail(out, fn, insn);
	buf_putc(out, '\n');
}

static void print_block(struct buf *out, const struct ir_fn *fn, u32 block)
{
	buf_printf(out, "b%u:%s\n", block, ir_block(fn, block)->cold ? " cold" : "");
	ir_each (fn, block, ref)
		ir_print_insn(out, fn, ref);
}

void ir_print(struct buf *out, const struct ir_fn *fn)
{
	buf_printf(out, "fn %u, frame %u\n", fn->subprog, fn->frame_size);
	if (fn->norder) {
		for (u32 i = 0; i < fn->norder; i++)
			print_block(out, fn, fn->order[i]);
		return;
	}
	for (u32 b = 0; b < fn->nblocks; b++)
		if (ir_block(fn, b)->first)
			print_block(out, fn, b);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What operations give, for constant folding and for tests; BPF's meaning throughout (RFC 9669). */
#include "jit/ir/ir.h"

const char *const ir_cc_names[IR_CC_CNT] = {
	[IR_EQ] = "eq",	  [IR_NE] = "ne",   [IR_ULT] = "ult",	[IR_UGE] = "uge",
	[IR_ULE] = "ule", [IR_UGT] = "ugt", [IR_SLT] = "slt",	[IR_SGE] = "sge",
	[IR_SLE] = "sle", [IR_SGT] = "sgt", [IR_TEST] = "test", [IR_NTEST] = "ntest",
};

enum ir_cc ir_cc_not(enum ir_cc cc)
{
	return cc ^ 1; /* they stand in pairs */
}

enum ir_cc ir_cc_swap(enum ir_cc cc)
{
	static const u8 swapped[IR_CC_CNT] = {
		[IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_ULT] = IR_UGT,   [IR_UGE] = IR_ULE,
		[IR_ULE] = IR_UGE, [IR_UGT] = IR_ULT, [IR_SLT] = IR_SGT,   [IR_SGE] = IR_SLE,
		[IR_SLE] = IR_SGE, [IR_SGT] = IR_SLT, [IR_TEST] = IR_TEST, [IR_NTEST] = IR_NTEST,
	};

	return swapped[cc];
}

bool ir_eval_cc(enum ir_cc cc, u8 width, u64 a, u64 b)
{
	s64 sa = width == 4 ? (s32)a : (s64)a, sb = width == 4 ? (s32)b : (s64)b;

	if (width == 4) {
		a = (u32)a;
		b = (u32)b;
	}
	switch (cc) {
	case IR_EQ:
		return a == b;
	case IR_ULT:
		return a < b;
	case IR_ULE:
		return a <= b;
	case IR_SLT:
		return sa < sb;
	case IR_SLE:
		return sa <= sb;
	case IR_TEST:
		return a & b;
	default:
		return !ir_eval_cc(ir_cc_not(cc), width, a, b);
	}
}

static u64 divide(u64 a, u64 b, bool mod)
{
	if (!b)
		return mod ? a : 0;
	return mod ? a % b : a / b;
}

/* Signed, of numbers that are already sign-extended. */
static u64 divide_signed(s64 a, s64 b, bool mod)
{
	if (!b)
		return mod ? (u64)a : 0;
	if (b == -1)
		return mod ? 0 : 0 - (u64)a;
	return (u64)(mod ? a % b : a / b);
}

static u64 umulh(u64 a, u64 b)
{
	return (u64)((unsigned __int128)a * b >> 64);
}

/* @a and @b are cut to @bits and, for signed operations, extended again by @sa. */
static bool eval_binary(const struct ir_insn *insn, u64 a, u64 b, u64 *r)
{
	u32 bits = insn->width * 8u, count = (u32)b & (bits - 1);
	s64 sa = insn->width == 4 ? (s32)a : (s64)a, sb = insn->width == 4 ? (s32)b : (s64)b;

	switch (insn->op) {
	case IR_ADD:
		*r = a + b;
		return true;
	case IR_SUB:
		*r = a - b;
		return true;
	case IR_MUL:
		*r = a * b;
		return true;
	case IR_UMULH:
		*r = umulh(a, b);
		return true;
	case IR_AND:
		*r = a & b;
		return true;
	case IR_ANDN:
		*r = a & ~b;
		return true;
	case IR_OR:
		*r = a | b;
		return true;
	case IR_XOR:
		*r = a ^ b;
		return true;
	case IR_SHL:
		*r = a << count;
		return true;
	case IR_SHR:
		*r = a >> count;
		return true;
	case IR_SAR:
		*r = (u64)(sa >> count);
		return true;
	case IR_ROL:
		*r = count ? a << count | a >> (bits - count) : a;
		return true;
	case IR_UDIV:
	case IR_UMOD:
		*r = divide(a, b, insn->op == IR_UMOD);
		return true;
	case IR_SDIV:
	case IR_SMOD:
		*r = divide_signed(sa, sb, insn->op == IR_SMOD);
		return true;
	default:
		return false;
	}
}

static bool eval_unary(const struct ir_insn *insn, u64 a, u64 *r)
{
	switch (insn->op) {
	case IR_NEG:
		*r = 0 - a;
		return true;
	case IR_NOT:
		*r = ~a;
		return true;
	case IR_ZEXT8:
		*r = (u8)a;
		return true;
	case IR_ZEXT16:
		*r = (u16)a;
		return true;
	case IR_ZEXT32:
		*r = (u32)a;
		return true;
	case IR_SEXT8:
		*r = (u64)(s64)(s8)a;
		return true;
	case IR_SEXT16:
		*r = (u64)(s64)(s16)a;
		return true;
	case IR_SEXT32:
		*r = (u64)(s64)(s32)a;
		return true;
	case IR_BSWAP16:
		*r = __builtin_bswap16((u16)a);
		return true;
	case IR_BSWAP32:
		*r = __builtin_bswap32((u32)a);
		return true;
	case IR_BSWAP64:
		*r = __builtin_bswap64(a);
		return true;
	case IR_POPCNT:
		*r = (u64)__builtin_popcountll(a);
		return true;
	default:
		return false;
	}
}

bool ir_eval(const struct ir_insn *insn, const u64 *args, u64 *result)
{
	bool narrow = (ir_flags(insn) & IR_OP_W) && insn->width == 4;
	u64 a = narrow ? (u32)args[0] : args[0], b = narrow ? (u32)args[1] : args[1];

	if (insn->op == IR_SET) {
		*result = ir_eval_cc(insn->cc, insn->cmp_width, args[0], args[1]);
		return true;
	}
	if (insn->op == IR_SELECT) {
		*result =
			ir_eval_cc(insn->cc, insn->cmp_width, args[0], args[1]) ? args[2] : args[3];
		return true;
	}
	if (insn->op == IR_LEA) {
		*result = args[0] + (args[1] << insn->scale) + (u64)(s64)insn->disp;
		return true;
	}
	if (!eval_binary(insn, a, b, result) && !eval_unary(insn, a, result))
		return false;
	if (narrow)
		*result = (u32)*result;
	return true;
}

bool ir_upper_zero(const struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(fn, ref);

	if (insn->op == IR_COPY)
		return ir_upper_zero(fn, ir_resolve(fn, ref));
	if (insn->umax <= UINT32_MAX)
		return true;
	if (ir_flags(insn) & IR_OP_W)
		return insn->width == 4;
	switch (insn->op) {
	case IR_LOAD:
		return insn->flags & IR_SEXT ? insn->width == 4 : insn->size < 8;
	case IR_SET:
	case IR_ZEXT8:
	case IR_ZEXT16:
	case IR_ZEXT32:
	case IR_BSWAP16:
	case IR_BSWAP32:
		return true;
	default:
		return false;
	}
}

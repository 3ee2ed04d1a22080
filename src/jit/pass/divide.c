/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division by constants as multiplication (Granlund and Montgomery 1994). For
 * numbers up to n, x / c is (x * m) >> p with m = 2^p / c rounded up, if what
 * rounding adds, (m * c - 2^p) * n, stays below 2^p. The smaller n is known to
 * be, the smaller m and p may be: up to 32 bits an ordinary product does, else
 * its upper half is taken.
 */
#include "jit/pass/make.h"
#include "jit/pass/pass.h"

typedef unsigned __int128 u128;

/* m = 2^p / c rounded up: does it fit numbers up to @max? */
static bool magic_fits(u64 c, u64 max, u32 p, u128 *m)
{
	u128 power = (u128)1 << p;
	u128 error;

	*m = power / c + 1;
	if (*m > UINT64_MAX)
		return false;
	error = *m * c - power;
	return !error || (u128)max < (power + error - 1) / error;
}

/* ---- unsigned ---- */

/* With a product of 64 bits, or 0. */
static ir_ref by_product(const struct make *m, ir_ref x, u64 c, u64 max)
{
	for (u32 p = 1; p < 64; p++) {
		u128 magic;

		if (!magic_fits(c, max, p, &magic))
			continue;
		if (magic * max > UINT64_MAX)
			return 0;
		return make_by(m, IR_SHR, 8, make_by(m, IR_MUL, 8, x, (u64)magic), p);
	}
	return 0;
}

/* With the upper half of a product, or 0 when 64 bits of the factor are too few. */
static ir_ref by_upper_half(const struct make *m, ir_ref x, u64 c, u64 max)
{
	for (u32 p = 64; p < 128; p++) {
		u128 magic;
		ir_ref high;

		if (!magic_fits(c, max, p, &magic))
			continue;
		high = make_by(m, IR_UMULH, 8, x, (u64)magic);
		return p == 64 ? high : make_by(m, IR_SHR, 8, high, p - 64);
	}
	return 0;
}

/* With a factor of 65 bits: what its highest one adds is added so that nothing overflows. */
static ir_ref by_long_factor(const struct make *m, ir_ref x, u64 c)
{
	u32 p = 64 - (u32)__builtin_clzll(c);
	u128 power = p == 64 ? (u128)0 : (u128)1 << (64 + p);
	/* 2^(64+p) / c + 1 - 2^64; for p = 64 the power is 2^128, which wraps around to 0 */
	u64 factor = p == 64 ? (u64)((power - (u128)c) / c + 2) : (u64)(power / c + 1);
	ir_ref high = make_by(m, IR_UMULH, 8, x, factor);
	ir_ref half = make_by(m, IR_SHR, 8, make_binary(m, IR_SUB, 8, x, high), 1);

	return make_by(m, IR_SHR, 8, make_binary(m, IR_ADD, 8, half, high), p - 1);
}

/* x / c for c that is no power of two and x up to @max, all 64 bits of it. */
static ir_ref divide(const struct make *m, ir_ref x, u64 c, u64 max)
{
	u32 shift = (u32)__builtin_ctzll(c);
	ir_ref value;

	if (max < c)
		return ir_const(m->fn, 0);
	value = by_product(m, x, c, max);
	if (!value)
		value = by_upper_half(m, x, c, max);
	if (!value && shift)
		value = by_upper_half(m, make_by(m, IR_SHR, 8, x, shift), c >> shift, max >> shift);
	return value ? value : by_long_factor(m, x, c);
}

/* The operand with all 64 bits as the division means it. */
static ir_ref dividend(const struct make *m, const struct ir_insn *insn)
{
	if (insn->width == 8 || ir_upper_zero(m->fn, insn->arg[0]))
		return insn->arg[0];
	return make_unary(m, IR_ZEXT32, 8, insn->arg[0]);
}

static ir_ref quotient(const struct make *m, const struct ir_insn *insn, u64 c)
{
	u64 max = range_of_low(m->fn, insn->arg[0], insn->width).max;

	if (is_power_of_two(c))
		return make_by(m, IR_SHR, insn->width, insn->arg[0], (u64)__builtin_ctzll(c));
	return divide(m, dividend(m, insn), c, max);
}

/* ---- signed ---- */

static ir_ref negate(const struct make *m, u8 width, ir_ref x)
{
	return make_unary(m, IR_NEG, width, x);
}

/* By 2^n: numbers below 0 are rounded up, by adding 2^n - 1. */
static ir_ref signed_by_power(const struct make *m, ir_ref x, u32 n, u8 width)
{
	u32 bits = width * 8u;
	ir_ref sign = make_by(m, IR_SAR, width, x, bits - 1);
	ir_ref add = make_by(m, IR_SHR, width, sign, bits - n);

	return make_by(m, IR_SAR, width, make_binary(m, IR_ADD, width, x, add), n);
}

/* The number without its sign is divided, and gets it back. */
static ir_ref signed_by(const struct make *m, ir_ref x, u64 c, u8 width)
{
	ir_ref sign = make_by(m, IR_SAR, width, x, width * 8u - 1);
	ir_ref abs = make_binary(m, IR_SUB, width, make_binary(m, IR_XOR, width, x, sign), sign);
	ir_ref value = divide(m, abs, c, width_smax(width) + 1);

	return make_binary(m, IR_SUB, width, make_binary(m, IR_XOR, width, value, sign), sign);
}

/* @c: sign-extended, neither 0 nor 1 nor -1 */
static ir_ref signed_quotient(const struct make *m, const struct ir_insn *insn, s64 c)
{
	u64 abs = c < 0 ? -(u64)c : (u64)c;
	ir_ref value;

	if (is_power_of_two(abs))
		value = signed_by_power(m, insn->arg[0], (u32)__builtin_ctzll(abs), insn->width);
	else
		value = signed_by(m, insn->arg[0], abs, insn->width);
	return c < 0 ? negate(m, insn->width, value) : value;
}

/* ---- x % c == 0 ---- */

/* The number that c times gives 1, modulo 2^64; c is odd. */
static u64 inverse(u64 c)
{
	u64 x = c;

	for (u32 i = 0; i < 5; i++)
		x *= 2 - c * x;
	return x;
}

/*
 * Multiples of an odd c are what is at most max / c after multiplication by its
 * inverse; for an even one the bits that must be zero are rotated to the top.
 */
static bool test_multiple(struct ir_fn *fn, ir_ref at)
{
	struct make m = {fn, at};
	struct ir_insn *insn = ir_at(fn, at);
	const struct ir_insn *mod = ir_at(fn, insn->arg[0]);
	u64 c = (u64)ir_at(fn, mod->arg[1])->imm & width_mask(mod->width);
	u32 shift = c ? (u32)__builtin_ctzll(c) : 0;
	ir_ref value;

	if (!c || is_power_of_two(c))
		return false;
	value = make_by(&m, IR_MUL, mod->width, mod->arg[0],
			inverse(c >> shift) & width_mask(mod->width));
	if (shift)
		value = make_by(&m, IR_ROL, mod->width, value, mod->width * 8u - shift);
	insn->cc = insn->cc == IR_EQ ? IR_ULE : IR_UGT;
	insn->cmp_width = mod->width;
	insn->arg[0] = value;
	insn->arg[1] = ir_const(fn, width_mask(mod->width) / c);
	return true;
}

static bool is_multiple_test(const struct ir_fn *fn, const struct ir_insn *insn)
{
	const struct ir_insn *mod;

	if (!(ir_flags(insn) & IR_OP_CC) || (insn->cc != IR_EQ && insn->cc != IR_NE) ||
	    !ir_is_const_of(fn, insn->arg[1], 0))
		return false;
	mod = ir_at(fn, insn->arg[0]);
	return mod->op == IR_UMOD && mod->uses == 1 && ir_is_const(fn, mod->arg[1]) &&
	       (mod->width == 4 || insn->cmp_width == 8);
}

/* ---- the pass ---- */

static bool divide_insn(struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(fn, ref);
	struct make m = {fn, ref};
	bool sign = insn->op == IR_SDIV || insn->op == IR_SMOD;
	u64 c = (u64)ir_at(fn, insn->arg[1])->imm & width_mask(insn->width);
	s64 sc = insn->width == 4 ? (s32)c : (s64)c;
	ir_ref value;

	if (!c || c == 1 || (sign && sc == -1))
		return false; /* pass_fold knows */
	value = sign ? signed_quotient(&m, insn, sc) : quotient(&m, insn, c);
	if (insn->op == IR_UMOD || insn->op == IR_SMOD) {
		ir_ref back = make_by(&m, IR_MUL, insn->width, value, c);

		value = make_binary(&m, IR_SUB, insn->width, insn->arg[0], back);
	}
	make_narrow(&m, value, (struct range){insn->umin, insn->umax});
	ir_replace(fn, ref, value);
	return true;
}

bool pass_divide(struct ir_fn *fn)
{
	bool changed = false;

	ir_count_uses(fn);
	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			struct ir_insn *insn = ir_at(fn, ref);

			if (is_multiple_test(fn, insn))
				changed |= test_multiple(fn, ref);
		}
	}
	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			const struct ir_insn *insn = ir_at(fn, ref);

			if (insn->op >= IR_UDIV && insn->op <= IR_SMOD &&
			    ir_is_const(fn, insn->arg[1]))
				changed |= divide_insn(fn, ref);
		}
	}
	return changed;
}

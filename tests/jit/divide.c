/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division by constants, as pass_divide has it, against the division itself:
 * every operation by edge and random numbers, of numbers around multiples, with
 * all ranges of the dividend that change the way it is done.
 */
#include "base/arena.h"
#include "jit/pass/pass.h"
#include "tap.h"

static u64 state = 1;

static u64 random_u64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static const u64 edges[] = {
	2,	     3,		  5,
	6,	     7,		  9,
	10,	     11,	  12,
	13,	     14,	  25,
	28,	     60,	  100,
	125,	     127,	  128,
	255,	     641,	  1000,
	1461,	     3600,	  65535,
	65536,	     65537,	  1000000,
	0x7fffffff,  0x80000000,  0x80000001,
	0xfffffffe,  0xffffffff,  1000000000,
	0x100000000, 0x100000001, 10000000000,
	~0ull >> 1,  1ull << 63,  (1ull << 63) + 1,
	~0ull - 1,   ~0ull,	  -7ull,
	-10ull,	     -8ull,	  -2ull,
};

/* ---- a function of one block ---- */

struct scene {
	struct arena arena;
	struct jit_options options;
	struct jit_unit unit;
	struct ir_fn fn;
};

static void scene_open(struct scene *s, enum ir_op op, u8 width, u64 c, u64 max, bool test)
{
	ir_ref x, value;

	*s = (struct scene){.options.passes = JIT_PASSES_ALL};
	s->unit = (struct jit_unit){.options = &s->options, .mem = &mem_libc};
	arena_init(&s->arena, &mem_libc);
	ir_fn_init(&s->fn, &s->unit, &s->arena, 0);
	x = ir_append(&s->fn, 0, (struct ir_insn){.op = IR_PARAM, .umax = max});
	value = ir_append(&s->fn, 0, ir_binary(op, width, x, ir_const(&s->fn, c)));
	if (test) {
		struct ir_insn set = ir_binary(IR_SET, 8, value, ir_const(&s->fn, 0));

		set.cc = IR_EQ;
		set.cmp_width = width & 0xfu;
		value = ir_append(&s->fn, 0, set);
	}
	ir_ret(&s->fn, 0, value);
	ir_clean(&s->fn);
	ir_cfg(&s->fn);
}

static u64 run(struct ir_fn *fn, u64 x)
{
	u64 values[64] = {0};

	ir_each (fn, 0, ref) {
		struct ir_insn *insn = ir_at(fn, ref);
		u64 args[IR_MAX_ARGS] = {0};

		for (u32 i = 0; i < ir_nargs(fn, insn); i++) {
			const struct ir_insn *arg = ir_at(fn, insn->arg[i]);

			args[i] = arg->op == IR_CONST ? (u64)arg->imm : values[insn->arg[i]];
		}
		if (insn->op == IR_RET)
			return args[0];
		if (insn->op == IR_PARAM)
			values[ref] = x;
		else if (ref >= 64 || !ir_eval(insn, args, &values[ref]))
			tap_fail("what is %s for?", ir_ops[insn->op].text);
		if (values[ref] < insn->umin || values[ref] > insn->umax)
			tap_fail("%s is %#" PRIx64 ", out of its range", ir_ops[insn->op].text,
				 values[ref]);
	}
	return 0;
}

static bool has_division(struct ir_fn *fn)
{
	ir_each (fn, 0, ref)
		if (ir_at(fn, ref)->op >= IR_UDIV && ir_at(fn, ref)->op <= IR_SMOD)
			return true;
	return false;
}

/* ---- comparing ---- */

static void compare(struct scene *s, enum ir_op op, u8 width, u64 c, u64 max, bool test, u64 x)
{
	struct ir_insn insn = ir_binary(op, width, 0, 0);
	u64 args[2] = {x > max ? x & max : x, c}, want;

	ir_eval(&insn, args, &want);
	if (test)
		want = !want;
	if (run(&s->fn, args[0]) != want)
		tap_fail("%s width %u of %#" PRIx64 " by %#" PRIx64 " up to %#" PRIx64
			 " is %#" PRIx64,
			 ir_ops[op].text, width, args[0], c, max, run(&s->fn, args[0]));
}

static void test_constant(enum ir_op op, u8 width, u64 c, u64 max, bool test)
{
	struct scene s;

	scene_open(&s, op, width, c, max, test);
	pass_divide(&s.fn);
	ir_clean(&s.fn);
	check(!has_division(&s.fn));
	for (u32 i = 0; i < ARRAY_SIZE(edges); i++)
		compare(&s, op, width, c, max, test, edges[i]);
	for (u32 i = 0; i < 60; i++) {
		u64 x = random_u64() >> (random_u64() & 63);

		compare(&s, op, width, c, max, test, x);
		compare(&s, op, width, c, max, test, x / c * c);
		compare(&s, op, width, c, max, test, x / c * c - 1);
		compare(&s, op, width, c, max, test, max - i);
	}
	compare(&s, op, width, c, max, test, 0);
	arena_free(&s.arena);
}

static void test_ranges(enum ir_op op, u8 width, u64 c)
{
	static const u64 maxima[] = {~0ull, ~0ull >> 1, ~0u, ~0u >> 1, 0xffffff, 0xffff, 0xff};

	if (width == 4)
		c = (u32)c;
	if (c <= 1 || ((op == IR_SDIV || op == IR_SMOD) && c == (width == 4 ? ~0u : ~0ull)))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(maxima); i++)
		test_constant(op, width, c, maxima[i], false);
	if (op == IR_UMOD && (c & (c - 1)))
		test_constant(op, width, c, ~0ull, true);
}

static void test_op(enum ir_op op, u8 width)
{
	char name[64];

	snprintf(name, sizeof(name), "%s of %u bytes by constants", ir_ops[op].text, width);
	tap_begin(name);
	for (u32 i = 0; i < ARRAY_SIZE(edges); i++)
		test_ranges(op, width, edges[i]);
	for (u32 i = 0; i < 500; i++)
		test_ranges(op, width, random_u64() >> (random_u64() & 63));
	tap_end();
}

int main(void)
{
	for (enum ir_op op = IR_UDIV; op <= IR_SMOD; op++) {
		test_op(op, 4);
		test_op(op, 8);
	}
	return tap_done();
}

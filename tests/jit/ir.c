/* SPDX-License-Identifier: BSD-2-Clause */
/* The intermediate form itself: text and back, changes of blocks and edges, order and loops. */
#include "jit/ir/ir.h"

#include <string.h>

#include "engine.h"

static struct arena arena;

static struct ir_fn *parse(const char *text)
{
	static struct ir_fn fn;
	struct err err = {0};

	arena_free(&arena);
	arena_init(&arena, &mem_libc);
	check_eq(ir_fn_init(&fn, NULL, &arena, 0), 0);
	if (ir_parse(&fn, text, &err) || ir_check(&fn, &err))
		tap_fail("%s", err.text);
	return &fn;
}

static void expect_text(const struct ir_fn *fn, const char *want)
{
	struct buf out;

	buf_init(&out, &mem_libc);
	ir_print(&out, fn);
	check_str(buf_str(&out), want);
	buf_free(&out);
}

static const char all[] = "fn 3, frame 16\n"
			  "b0:\n"
			  "\t%1 = param 0\n"
			  "\t%2 = add.w %1, 5\n"
			  "\t%4 = load.1 [%1 + %2*4 + 12] packet {0..255}\n"
			  "\t%6 = load.2.w [%1 - 8] map:2 volatile\n"
			  "\tstore.4 [%1 + 0] = %2 stack\n"
			  "\t%8 = select ult.d %4, -1, %2, @map:1+16\n"
			  "\t%11 = atomic.8 1 [%8 + 0], %6, - map\n"
			  "\tbr sgt.w %2, 10, b1, b2 likely\n"
			  "b1:\n"
			  "\t%14 = call helper:5 (%1, -, 7)\n"
			  "\tjmp b2\n"
			  "b2:\n"
			  "\t%18 = phi b0 %11, b1 %14\n"
			  "\tret %18\n";

static void test_text(void)
{
	struct ir_fn *fn = parse(all);
	struct buf first, second;

	buf_init(&first, &mem_libc);
	buf_init(&second, &mem_libc);
	fn->norder = 0;
	ir_print(&first, fn);
	check(strstr(buf_str(&first), "select ult.d"));
	check(strstr(buf_str(&first), "{0..255}"));
	check(strstr(buf_str(&first), "map:2 volatile"));
	fn = parse(buf_str(&first));
	fn->norder = 0;
	ir_print(&second, fn);
	check_eq(strlen(buf_str(&first)), strlen(buf_str(&second)));
	check_str(buf_str(&second), buf_str(&first));
	buf_free(&first);
	buf_free(&second);
}

static void test_errors(void)
{
	static const char *const bad[] = {
		"\tret 0\n",
		"b0:\n\tret\n",
		"b0:\n\t%1 = frob 3\n",
		"b0:\n\t%1 = add.d 1\n",
		"b0:\n\tbr zz.d 1, 2, b1, b2\n",
		"b0:\n\tret 0 {3..\n",
		"b0:\n\t%1 = load.1 %3\n",
	};
	struct ir_fn fn;
	struct err err;

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		arena_free(&arena);
		arena_init(&arena, &mem_libc);
		check_eq(ir_fn_init(&fn, NULL, &arena, 0), 0);
		check(ir_parse(&fn, bad[i], &err) < 0);
		check(strstr(err.text, "line"));
	}
}

static void test_check(void)
{
	static const char *const bad[][2] = {
		{"b0:\n\t%1 = add.d %2, 1\n\t%2 = param 0\n\tret %1\n", "not there yet"},
		{"b0:\n\tbr eq.d 1, 2, b1, b2\nb1:\n\t%1 = param 0\n\tjmp b2\nb2:\n\tret %1\n",
		 "not there yet"},
		{"b0:\n\t%1 = param 0\n", "does not end"},
	};
	struct ir_fn fn;
	struct err err;

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		arena_free(&arena);
		arena_init(&arena, &mem_libc);
		check_eq(ir_fn_init(&fn, NULL, &arena, 0), 0);
		check_eq(ir_parse(&fn, bad[i][0], &err), 0);
		check(ir_check(&fn, &err) < 0);
		check(strstr(err.text, bad[i][1]));
	}
}

static void test_loops(void)
{
	struct ir_fn *fn = parse("fn 0, frame 0\n"
				 "b0:\n\t%1 = param 0\n\tjmp b1\n"
				 "b1:\n\t%2 = phi b0 0, b4 %3\n\tjmp b2\n"
				 "b2:\n\t%4 = phi b1 0, b3 %5\n\tbr ult.d %4, 9, b3, b4\n"
				 "b3:\n\t%5 = add.d %4, 1\n\tjmp b2\n"
				 "b4:\n\t%3 = add.d %2, 1\n\tbr ult.d %3, %1, b1, b5\n"
				 "b5:\n\tret %3\n");

	check(ir_block(fn, 1)->is_loop_header && ir_block(fn, 2)->is_loop_header);
	check_eq(ir_block(fn, 1)->loop_depth, 1);
	check_eq(ir_block(fn, 3)->loop_depth, 2);
	check_eq(ir_block(fn, 3)->loop, 2);
	check_eq(ir_block(fn, 2)->loop_parent, 1);
	check_eq(ir_block(fn, 4)->loop, 1);
	check_eq(ir_block(fn, 5)->loop, IR_NO_LOOP);
	check(ir_in_loop(fn, 3, 1) && !ir_in_loop(fn, 4, 2));
	check(ir_dominates(fn, 2, 4) && !ir_dominates(fn, 3, 4));
}

/* ---- dominators, against their definition ---- */

#define GRAPH_MAX 14

/* Blocks that are reached from the entry without passing @without, a bit each. */
static u32 reached(const struct ir_fn *fn, u32 without)
{
	u32 seen = without == 0 ? 0 : 1, work[GRAPH_MAX] = {0}, n = seen;

	while (n) {
		const struct ir_block *b = ir_block(fn, work[--n]);

		for (u32 i = 0; i < b->nsucc; i++) {
			if (b->succ[i] == without || seen & BIT(b->succ[i]))
				continue;
			seen |= BIT(b->succ[i]);
			work[n++] = b->succ[i];
		}
	}
	return seen;
}

static void make_graph(struct ir_fn *fn, u64 *state)
{
	u32 n = 2 + (u32)(random_next(state) % (GRAPH_MAX - 1));

	arena_free(&arena);
	arena_init(&arena, &mem_libc);
	check_eq(ir_fn_init(fn, NULL, &arena, 0), 0);
	while (fn->nblocks < n)
		ir_new_block(fn);
	for (u32 b = 0; b < n; b++) {
		u32 yes = 1 + (u32)(random_next(state) % (n - 1));
		u32 no = 1 + (u32)(random_next(state) % (n - 1));

		if (random_next(state) % 6)
			ir_br(fn, b, IR_EQ, 8, ir_const(fn, b), ir_const(fn, 0), yes, no);
		else
			ir_ret(fn, b, ir_const(fn, b));
	}
	ir_cfg(fn);
}

/* Loops with several entries among them. */
static void test_dominators(void)
{
	u64 state = 4;
	struct ir_fn fn;

	for (u32 round = 0; round < 20000; round++) {
		u32 blocks, wrong = 0;

		make_graph(&fn, &state);
		blocks = reached(&fn, UINT32_MAX);
		for (u32 a = 0; a < fn.nblocks; a++) {
			u32 rest = reached(&fn, a);

			for (u32 b = 0; b < fn.nblocks && blocks & BIT(a); b++)
				if (blocks & BIT(b))
					wrong += ir_dominates(&fn, a, b) == !!(rest & BIT(b));
		}
		check_eq(wrong, 0);
	}
}

static void test_fold_and_clean(void)
{
	struct ir_fn *fn =
		parse("fn 0, frame 0\n"
		      "b0:\n\t%1 = param 0\n\t%9 = add.d %1, 2\n\tbr eq.d %1, 0, b1, b2\n"
		      "b1:\n\tjmp b3\n"
		      "b2:\n\t%2 = add.d %1, 1\n\tjmp b3\n"
		      "b3:\n\t%3 = phi b1 7, b2 %2\n\tret %3\n");

	ir_branch_fold(fn, 0, 0);
	ir_clean(fn);
	ir_cfg(fn);
	expect_text(fn, "fn 0, frame 0\nb0:\n\tjmp b1\nb1:\n\tjmp b3\nb3:\n\tret 7\n");
}

/* A phi that goes leaves another, before it by way of the loop, with one value. */
static void test_clean_phis_around(void)
{
	struct ir_fn *fn =
		parse("fn 0, frame 0\n"
		      "b0:\n\t%1 = param 0\n\tjmp b1\n"
		      "b1:\n\t%2 = phi b0 0, b2 %3\n\t%4 = add.d %2, 1\n\tbr eq.d %4, %1, b3, b2\n"
		      "b2:\n\t%3 = phi b1 %2\n\tjmp b1\n"
		      "b3:\n\t%5 = add.d %2, 1\n\tret %5\n");

	ir_clean(fn);
	ir_cfg(fn);
	ir_each_block (fn, b) {
		ir_each (fn, b, ref)
			check(ir_at(fn, ref)->op != IR_PHI);
	}
}

/* The same, where what goes is used by what was looked at long before. */
static void test_clean_phis_far_around(void)
{
	struct ir_fn *fn = parse("fn 0, frame 0\n"
				 "b0:\n\t%1 = param 0\n\tjmp b1\n"
				 "b1:\n\t%2 = phi b0 0, b5 %3\n\tjmp b2\n"
				 "b2:\n\t%3 = phi b1 %2, b4 %4\n\tbr eq.d %1, 1, b3, b5\n"
				 "b3:\n\t%4 = phi b2 %3, b4 %5\n\tjmp b4\n"
				 "b4:\n\t%5 = phi b3 %4\n\tbr eq.d %1, 2, b3, b2\n"
				 "b5:\n\tbr eq.d %1, 3, b1, b6\n"
				 "b6:\n\tret %3\n");

	ir_clean(fn);
	ir_cfg(fn);
	expect_text(fn, "fn 0, frame 0\n"
			"b0:\n\t%1 = param 0\n\tjmp b1\n"
			"b1:\n\tjmp b2\n"
			"b2:\n\tbr eq.d %1, 1, b3, b5\n"
			"b5:\n\tbr eq.d %1, 3, b1, b6\n"
			"b6:\n\tret 0\n"
			"b3:\n\tjmp b4\n"
			"b4:\n\tbr eq.d %1, 2, b3, b2\n");
}

static void test_split(void)
{
	struct err err;
	struct ir_fn *fn = parse("fn 0, frame 0\n"
				 "b0:\n\t%1 = param 0\n\tbr eq.d %1, 0, b1, b2\n"
				 "b1:\n\tjmp b2\n"
				 "b2:\n\t%3 = phi b0 7, b1 8\n\tret %3\n");
	u32 between = ir_edge_split(fn, 0, 1);

	check_eq(ir_check(fn, &err), 0);
	check_eq(ir_block(fn, 0)->succ[1], between);
	check_eq(ir_pred_index(fn, 2, between), 0);
	check_eq(ir_block_split(fn, 2, ir_block(fn, 2)->last), 4);
	check_eq(ir_check(fn, &err), 0);
}

static void test_eval(void)
{
	struct ir_insn insn = ir_binary(IR_SDIV, 4, 1, 2);
	u64 args[4] = {0x80000000u, 0xffffffffu}, result;

	check(ir_eval(&insn, args, &result));
	check_eq(result, 0x80000000u);
	args[1] = 0;
	check(ir_eval(&insn, args, &result) && !result);
	insn.op = IR_SMOD;
	check(ir_eval(&insn, args, &result));
	check_eq(result, 0x80000000u);
	check(ir_eval_cc(IR_SLT, 4, 0x80000000u, 0) && !ir_eval_cc(IR_SLT, 8, 0x80000000u, 0));
	for (u32 cc = 0; cc < IR_CC_CNT; cc++) {
		check(ir_eval_cc((enum ir_cc)cc, 8, 3, 5) !=
		      ir_eval_cc(ir_cc_not((enum ir_cc)cc), 8, 3, 5));
		check(ir_eval_cc((enum ir_cc)cc, 8, 3, 5) ==
		      ir_eval_cc(ir_cc_swap((enum ir_cc)cc), 8, 5, 3));
	}
}

int main(void)
{
	run_test(test_text);
	run_test(test_errors);
	run_test(test_check);
	run_test(test_loops);
	run_test(test_dominators);
	run_test(test_fold_and_clean);
	run_test(test_clean_phis_around);
	run_test(test_clean_phis_far_around);
	run_test(test_split);
	run_test(test_eval);
	arena_free(&arena);
	return tap_done();
}

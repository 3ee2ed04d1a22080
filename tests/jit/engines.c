/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is more than one instruction: calls, callbacks, tail calls, packet
 * loads, faults, loops, threads. Each case runs in the interpreter, in the
 * compiler's intermediate form and, where there is one, as machine code, with
 * the same expectations.
 */
#include "interp/interp.h"

#include <errno.h>
#include <pthread.h>

#include "aot_code.h"
#include "engine.h"
#include "helper/helper.h"
#include "ir_eval.h"
#include "jit/jit.h"
#include "map/map.h"

/* The engine that the cases run on now. */
static struct {
	struct host *host;
	engine_fn run;
	bool jit, eval;
	int (*compile)(struct prog *prog, const struct jit_options *options, struct err *err);
	struct jit_options options; /* of the intermediate form */
	const char *name;
} engine;

#define PROG(...)                                                                                  \
	make((const struct bpf_insn[]){__VA_ARGS__},                                               \
	     sizeof((const struct bpf_insn[]){__VA_ARGS__}) / sizeof(struct bpf_insn))

static struct prog *compile(struct prog *prog)
{
	struct err err = {0};

	if (interp_check(prog, &err) || (engine.jit && engine.compile(prog, NULL, &err)) ||
	    (engine.eval && eval_prog_add(prog, &engine.options, NULL, NULL, &err)))
		tap_fail("%s", err.text);
	return prog;
}

static struct prog *make(const struct bpf_insn *insns, size_t cnt)
{
	return compile(engine_prog(engine.host, insns, (u32)cnt, 64));
}

static void drop(struct prog *prog)
{
	jit_free(prog);
	eval_prog_drop(prog);
	object_put(&prog->obj);
}

static u64 run_ctx(const struct prog *prog, void *ctx)
{
	if (engine.jit && !prog->jit)
		return 0xdead;
	return engine_run(engine.run, prog, ctx, NULL);
}

static void check_prog(struct prog *prog, u64 want)
{
	u64 ctx[8] = {0};

	check_eq(run_ctx(prog, ctx), want);
	drop(prog);
}

/* ---- calls ---- */

static void test_local_call(void)
{
	/* Arguments arrive, r6 to r9 and the stack survive, r0 returns. */
	check_prog(PROG(MOV64_K(6, 6), MOV64_K(7, 7), MOV64_K(8, 8), MOV64_K(9, 9),
			RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 1000), MOV64_K(1, 1),
			MOV64_K(2, 2), MOV64_K(3, 3), MOV64_K(4, 4), MOV64_K(5, 5), LOCAL_CALL(7),
			ALU64_X(BPF_ADD, 0, 6), ALU64_X(BPF_ADD, 0, 7), ALU64_X(BPF_ADD, 0, 8),
			ALU64_X(BPF_ADD, 0, 9), LOAD(BPF_DW, 1, 10, -8), ALU64_X(BPF_ADD, 0, 1),
			EXIT(),
			/* r1 - r2 * 2 + r3 * 3 ... as digits */
			MOV64_X(6, 1), ALU64_K(BPF_MUL, 6, 10), ALU64_X(BPF_ADD, 6, 2),
			ALU64_K(BPF_MUL, 6, 10), ALU64_X(BPF_ADD, 6, 3), ALU64_K(BPF_MUL, 6, 10),
			ALU64_X(BPF_ADD, 6, 4), ALU64_K(BPF_MUL, 6, 10), ALU64_X(BPF_ADD, 6, 5),
			MOV64_K(7, 0), MOV64_K(8, 0), MOV64_K(9, 0),
			RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 1), MOV64_X(0, 6), EXIT()),
		   12345 + 30 + 1000);
}

static void test_call_depth(void)
{
	struct bpf_insn insns[8 * 5];
	u32 n = 0;

	/* Each level keeps its number on its own stack and adds it after the call. */
	for (u32 i = 0; i < 8; i++) {
		insns[n++] = RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -64, 1 << i);
		insns[n++] = i < 7 ? LOCAL_CALL(3) : MOV64_K(0, 0);
		insns[n++] = LOAD(BPF_DW, 6, 10, -64);
		insns[n++] = ALU64_X(BPF_ADD, 0, 6);
		insns[n++] = EXIT();
	}
	check_prog(make(insns, n), 255);
}

static void test_backward_call(void)
{
	/* main at 0 calls 4, which calls 2 behind it. */
	check_prog(PROG(LOCAL_CALL(3), EXIT(), MOV64_K(0, 21), EXIT(), LOCAL_CALL(-3),
			ALU64_X(BPF_ADD, 0, 0), EXIT()),
		   42);
}

static void test_callback(void)
{
	/* bpf_loop(10, cb, fp - 8, 0): cb adds its index, stops after 5. */
	check_prog(PROG(RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 100), MOV64_K(6, 7),
			MOV64_K(1, 10),
			RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 9),
			RAW_INSN(0, 0, 0, 0, 0), MOV64_X(3, 10), ALU64_K(BPF_ADD, 3, -8),
			MOV64_K(4, 0), HELPER_CALL(loop), LOAD(BPF_DW, 1, 10, -8),
			ALU64_X(BPF_ADD, 0, 1), ALU64_X(BPF_ADD, 0, 6), EXIT(),
			/* callback(index, ctx) */
			MOV64_X(6, 1), LOAD(BPF_DW, 7, 2, 0), ALU64_X(BPF_ADD, 7, 6),
			STORE(BPF_DW, 2, 0, 7), MOV64_K(0, 0), JUMP_K(BPF_JLT, 6, 5, 1),
			MOV64_K(0, 1), EXIT()),
		   6 + 100 + 15 + 7);
}

static char printed[64];

static void keep_text(void *ctx __unused, const char *text, size_t len)
{
	snprintf(printed, sizeof(printed), "%.*s", (int)len, text);
}

/* What is printed are registers that the helper's prototype does not name. */
static void test_printk(void)
{
	static const char fmt[] = "%d %d %x";
	struct environment *env = &engine.host->env;
	void (*before)(void *, const char *, size_t) = env->printk;

	env->printk = keep_text;
	printed[0] = 0;
	check_prog(PROG(WIDE(1, ptr_to_u64(fmt)), MOV64_K(2, sizeof(fmt)), MOV64_K(3, -3),
			MOV64_K(4, 44), MOV64_K(5, 255), HELPER_CALL(trace_printk), EXIT()),
		   8);
	check_str(printed, "-3 44 ff");
	env->printk = before;
}

static void test_loop(void)
{
	/* bpf_loop(*ctx, cb, fp - 8, flags): counts in step with the index, stops at 7. */
	static const struct {
		u64 count, flags;
		s64 result;
		u64 calls;
	} loops[] = {
		{0, 0, 0, 0},
		{1, 0, 1, 1},
		{6, 0, 6, 6},
		{7, 0, 7, 7},
		{8, 0, 7, 7},
		{0x100000003, 0, 3, 3},
		{BPF_MAX_LOOPS, 0, 7, 7},
		{BPF_MAX_LOOPS + 1, 0, -E2BIG, 0},
		{~0ull, 0, -E2BIG, 0},
		{3, 1, -EINVAL, 0},
	};

	for (u32 i = 0; i < ARRAY_SIZE(loops); i++) {
		u64 ctx[8] = {loops[i].count, 0};
		struct prog *prog =
			PROG(MOV64_X(6, 1), RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0),
			     LOAD(BPF_DW, 1, 6, 0),
			     RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 8),
			     RAW_INSN(0, 0, 0, 0, 0), MOV64_X(3, 10), ALU64_K(BPF_ADD, 3, -8),
			     MOV64_K(4, (s32)loops[i].flags), HELPER_CALL(loop),
			     LOAD(BPF_DW, 1, 10, -8), STORE(BPF_DW, 6, 8, 1), EXIT(),
			     LOAD(BPF_DW, 3, 2, 0), ALU64_K(BPF_ADD, 3, 1), STORE(BPF_DW, 2, 0, 3),
			     ALU64_K(BPF_ADD, 1, 1), MOV64_K(0, 0), JUMP_X(BPF_JNE, 1, 3, 1),
			     JUMP_K(BPF_JNE, 3, 7, 1), MOV64_K(0, 1), EXIT());

		check_eq(run_ctx(prog, ctx), (u64)loops[i].result);
		check_eq(ctx[1], loops[i].calls);
		drop(prog);
	}
}

static struct map *new_array(enum bpf_map_type type)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = 4,
		.value_size = 12,
		.max_entries = 5,
	};
	struct map *map = NULL;
	struct err err = {0};

	if (map_create(engine.host, &attr, NULL, &map, &err))
		tap_fail("%s", err.text);
	return map;
}

/* What bpf_for_each_map_elem() gives, and the sum of keys and values by the way. */
static void check_each(struct map *map, s32 stop, u64 result, u64 sum)
{
	const struct bpf_insn insns[] = {
		MOV64_X(6, 1),
		RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0),
		WIDE(1, ptr_to_u64(map)),
		RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 8),
		RAW_INSN(0, 0, 0, 0, 0),
		MOV64_X(3, 10),
		ALU64_K(BPF_ADD, 3, -8),
		MOV64_K(4, 0),
		HELPER_CALL(for_each_map_elem),
		LOAD(BPF_DW, 1, 10, -8),
		STORE(BPF_DW, 6, 8, 1),
		EXIT(),
		/* callback(map, key, value, context) */
		LOAD(BPF_W, 5, 2, 0),
		LOAD(BPF_W, 1, 3, 8),
		ALU64_X(BPF_ADD, 1, 5),
		LOAD(BPF_DW, 0, 4, 0),
		ALU64_X(BPF_ADD, 1, 0),
		STORE(BPF_DW, 4, 0, 1),
		MOV64_K(0, 0),
		JUMP_K(BPF_JNE, 5, stop, 1),
		MOV64_K(0, 9),
		EXIT(),
	};
	struct prog *prog = engine_prog(engine.host, insns, ARRAY_SIZE(insns), 64);
	u64 ctx[8] = {0};

	/* As loaded, it named the map by a descriptor. */
	prog->orig[2].src_reg = BPF_PSEUDO_MAP_FD;
	prog->maps = &map;
	prog->map_cnt = 1;
	compile(prog);
	check_eq(run_ctx(prog, ctx), result);
	check_eq(ctx[1], sum);
	prog->map_cnt = 0;
	drop(prog);
}

static void test_each(void)
{
	static const enum bpf_map_type types[] = {BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY};

	for (u32 t = 0; t < ARRAY_SIZE(types); t++) {
		struct map *map = new_array(types[t]);

		for (u32 key = 0; key < 5; key++) {
			for (u32 cpu = 0; cpu < engine.host->env.nr_cpus; cpu++) {
				u8 *value = map->ops->lookup(map, &key, cpu);

				memset(value, 0xff, 8);
				memcpy(value + 8, &(u32){100u << key}, 4);
			}
		}
		check_each(map, 9, 5, 3100 + 10);
		check_each(map, 0, 1, 100);
		check_each(map, 3, 4, 1500 + 6);
		check_each(map, 4, 5, 3100 + 10);
		object_put(&map->obj);
	}
}

/* ---- tail calls ---- */

static struct map *new_prog_array(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_PROG_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 4,
	};
	struct map *map = NULL;
	struct err err = {0};

	if (map_create(engine.host, &attr, NULL, &map, &err))
		tap_fail("%s", err.text);
	return map;
}

static void put_prog(struct map *map, u32 index, struct prog *prog)
{
	int handle;

	object_get(&prog->obj);
	handle = handle_open(&prog->obj);
	check(handle >= 0);
	check_eq(map->ops->write(map, &index, &handle, BPF_ANY), 0);
	handle_close(engine.host, handle);
}

static void clear_prog(struct map *map, u32 index)
{
	check_eq(map->ops->delete (map, &index), 0);
}

#define TAIL_CALL() RAW_INSN(BPF_JMP | BPF_TAIL_CALL, 0, 0, 0, 0)

static void test_tail_call_limit(void)
{
	struct map *map = new_prog_array();
	struct prog *prog = PROG(MOV64_X(6, 1), LOAD(BPF_DW, 7, 6, 0), ALU64_K(BPF_ADD, 7, 1),
				 STORE(BPF_DW, 6, 0, 7), WIDE(2, ptr_to_u64(map)), MOV64_K(3, 1),
				 TAIL_CALL(), LOAD(BPF_DW, 0, 6, 0), EXIT());
	u64 ctx[2] = {0};

	put_prog(map, 1, prog);
	check_eq(run_ctx(prog, ctx), 1 + MAX_TAIL_CALL_CNT);
	check_eq(ctx[0], 1 + MAX_TAIL_CALL_CNT);
	ctx[0] = 0;
	check_eq(run_ctx(prog, ctx), 1 + MAX_TAIL_CALL_CNT);
	clear_prog(map, 1);
	drop(prog);
	object_put(&map->obj);
}

static void test_tail_call_misses(void)
{
	static const s64 indexes[] = {0, 4, -1, 0xffffffff, 0x100000002};
	struct map *map = new_prog_array();
	struct prog *target = PROG(MOV64_K(0, 5), EXIT());

	put_prog(map, 1, target);
	for (u32 i = 0; i < ARRAY_SIZE(indexes); i++) {
		struct prog *prog = PROG(WIDE(2, ptr_to_u64(map)), WIDE(3, (u64)indexes[i]),
					 TAIL_CALL(), MOV64_K(0, 77), EXIT());

		check_prog(prog, 77);
	}
	/* Only the lower half of the index counts. */
	check_prog(PROG(WIDE(2, ptr_to_u64(map)), WIDE(3, 0x700000001), TAIL_CALL(), MOV64_K(0, 77),
			EXIT()),
		   5);
	clear_prog(map, 1);
	drop(target);
	object_put(&map->obj);
}

static const struct prog *seen_prog[4];
static u32 seen;

static s64 note_prog(struct run *run, s32 off, u32 size)
{
	seen_prog[seen++ % 4] = run->prog;
	return off + (s32)size;
}

static void setup_note(struct run *run)
{
	run->legacy_load = note_prog;
}

/* A tail call in a subprogram replaces that subprogram: its target returns to the caller. */
static void test_tail_call_in_subprog(void)
{
	const struct bpf_insn note = RAW_INSN(BPF_LD | BPF_ABS | BPF_W, 0, 0, 0, 0);
	struct map *map = new_prog_array();
	struct prog *target = PROG(MOV64_K(6, 0), MOV64_K(8, 0), note, MOV64_K(0, 40), EXIT());
	struct prog *prog =
		PROG(MOV64_K(6, 2), LOCAL_CALL(5), ALU64_X(BPF_ADD, 6, 0), note, MOV64_X(0, 6),
		     EXIT(), EXIT(), MOV64_K(8, 9), WIDE(2, ptr_to_u64(map)), MOV64_K(3, 3),
		     TAIL_CALL(), MOV64_K(0, 1000), EXIT());

	put_prog(map, 3, target);
	seen = 0;
	check_eq(engine_run(engine.run, prog, NULL, setup_note), 42);
	check_eq(seen, 2);
	check(seen_prog[0] == target);
	check(seen_prog[1] == prog);
	clear_prog(map, 3);
	drop(target);
	drop(prog);
	object_put(&map->obj);
}

/* ---- packet loads ---- */

static s64 answer_load(struct run *run __unused, s32 off, u32 size)
{
	if (off == 99)
		return -EFAULT;
	return ((s64)size << 28) + off;
}

static void setup_answer(struct run *run)
{
	run->legacy_load = answer_load;
}

static void check_load(struct prog *prog, u64 want)
{
	check_eq(engine_run(engine.run, prog, NULL, setup_answer), want);
	drop(prog);
}

static void test_packet_loads(void)
{
	static const struct {
		u8 code;
		u64 want;
	} size[] = {{BPF_B, 1ull << 28}, {BPF_H, 2ull << 28}, {BPF_W, 4ull << 28}};

	for (u32 i = 0; i < 3; i++) {
		check_load(PROG(RAW_INSN(BPF_LD | BPF_ABS | size[i].code, 0, 0, 0, 14),
				ALU64_K(BPF_ADD, 0, 1), EXIT()),
			   size[i].want + 15);
		for (u32 r = 0; r < 10; r++)
			check_load(PROG(WIDE(r, 0xffffffff00000010),
					RAW_INSN(BPF_LD | BPF_IND | size[i].code, 0, r, 0, -3),
					EXIT()),
				   size[i].want + 13);
	}
	/* A miss ends the subprogram with 0, whatever comes after. */
	check_load(PROG(MOV64_K(6, 5), LOCAL_CALL(2), ALU64_X(BPF_ADD, 0, 6), EXIT(),
			RAW_INSN(BPF_LD | BPF_ABS | BPF_H, 0, 0, 0, 99), MOV64_K(0, 7), EXIT()),
		   5);
	/* A hook without packets: always a miss. */
	check_prog(PROG(RAW_INSN(BPF_LD | BPF_ABS | BPF_H, 0, 0, 0, 1), MOV64_K(0, 7), EXIT()), 0);
}

/* ---- probed loads ---- */

static void test_probe(void)
{
	static const u64 bad[] = {0, 4096, 0xdead000000000000, 0xffff888000000000, ~0ull};
	static const u8 size[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
	const u64 there = 0x8182838485868788;

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		for (u32 s = 0; s < 4; s++) {
			for (u32 dst = 0; dst < 10; dst++)
				check_prog(PROG(WIDE(dst, ~0ull), WIDE(3, bad[i]),
						RAW_INSN(BPF_LDX | BPF_PROBE_MEM | size[s], dst, 3,
							 0, 0),
						MOV64_X(0, dst), EXIT()),
					   0);
		}
		check_prog(PROG(WIDE(3, bad[i]),
				RAW_INSN(BPF_LDX | BPF_PROBE_MEMSX | BPF_W, 0, 3, 0, 0), EXIT()),
			   0);
	}
	check_prog(PROG(WIDE(3, ptr_to_u64(&there)),
			RAW_INSN(BPF_LDX | BPF_PROBE_MEM | BPF_DW, 0, 3, 0, 0), EXIT()),
		   there);
	check_prog(PROG(WIDE(3, ptr_to_u64(&there)),
			RAW_INSN(BPF_LDX | BPF_PROBE_MEMSX | BPF_B, 0, 3, 0, 0), EXIT()),
		   (u64)(s64)(s8) * (const u8 *)&there);
}

/* ---- addresses ---- */

/* A number leads far away from the frame and another one back: the sum is what counts. */
static void test_far_sums(void)
{
	static const s32 far[] = {0x7ffffff0, 0x7fffffff, INT32_MIN, INT32_MIN + 16, 0x7ffff000};

	for (u32 i = 0; i < 2 * ARRAY_SIZE(far); i++) {
		s32 number = far[i / 2], address = i % 2 ? number : 0; /* what leads away */
		u64 ctx[8] = {(u64)(-64 - (s64)number)};
		struct prog *prog = PROG(
			RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -64, 5), MOV64_X(6, 1),
			HELPER_CALL(get_prandom_u32), MOV64_X(3, 10), ALU64_K(BPF_ADD, 3, address),
			LOAD(BPF_DW, 2, 6, 0), ALU64_K(BPF_ADD, 2, number - address),
			ALU64_X(BPF_ADD, 3, 2), LOAD(BPF_DW, 4, 3, 0), ALU64_K(BPF_ADD, 4, 2),
			STORE(BPF_DW, 3, 0, 4), LOAD(BPF_DW, 0, 10, -64), EXIT());

		check_eq(run_ctx(prog, ctx), 7);
		drop(prog);
	}
}

/* ---- may_goto ---- */

static void test_may_goto(void)
{
	/* for (;;) { may_goto out; r0++; } out: exit */
	check_prog(PROG(MOV64_K(0, 0), RAW_INSN(BPF_JMP | BPF_JCOND, 0, 0, 2, 0),
			ALU64_K(BPF_ADD, 0, 1), RAW_INSN(BPF_JMP | BPF_JA, 0, 0, -3, 0), EXIT()),
		   BPF_MAX_LOOPS);
	/* Each frame has its own count; once used up it stays so. */
	check_prog(PROG(MOV64_K(6, 0), LOCAL_CALL(10), ALU64_X(BPF_ADD, 6, 0),
			RAW_INSN(BPF_JMP | BPF_JCOND, 0, 0, 2, 0), ALU64_K(BPF_ADD, 6, 1),
			RAW_INSN(BPF_JMP | BPF_JA, 0, 0, -3, 0),
			RAW_INSN(BPF_JMP | BPF_JCOND, 0, 0, 1, 0), ALU64_K(BPF_ADD, 6, 1),
			RAW_INSN(BPF_JMP | BPF_JCOND, 0, 0, 1, 0), ALU64_K(BPF_ADD, 6, 1),
			MOV64_X(0, 6), EXIT(), MOV64_K(0, 0),
			RAW_INSN(BPF_JMP | BPF_JCOND, 0, 0, 2, 0), ALU64_K(BPF_ADD, 0, 1),
			RAW_INSN(BPF_JMP | BPF_JA, 0, 0, -3, 0), EXIT()),
		   2 * BPF_MAX_LOOPS);
}

/* ---- size ---- */

static struct bpf_insn *long_program(u32 cnt)
{
	struct bpf_insn *insns = calloc(cnt, sizeof(*insns));

	/* r1 counts rounds; the middle is jumped over, forth and back. */
	insns[0] = MOV64_K(0, 0);
	insns[1] = MOV64_K(1, 3);
	insns[2] = RAW_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, cnt - 7);
	for (u32 i = 3; i < cnt - 4; i++)
		insns[i] = i % 3 ? ALU64_K(BPF_ADD, 0, 1) : JUMP_K(BPF_JEQ, 0, 12345678, 1);
	insns[cnt - 4] = ALU64_K(BPF_SUB, 1, 1);
	insns[cnt - 3] = JUMP_K(BPF_JEQ, 1, 0, 1);
	insns[cnt - 2] = RAW_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, 3 - (s32)cnt + 1);
	insns[cnt - 1] = EXIT();
	return insns;
}

static void test_long_program(void)
{
	const u32 cnt = BPF_COMPLEXITY_LIMIT_INSNS;
	struct bpf_insn *insns = long_program(cnt);
	u64 adds = 0;

	for (u32 i = 3; i < cnt - 4; i++)
		adds += i % 3 != 0;
	check_prog(make(insns, cnt), 2 * adds);
	free(insns);
}

/* ---- threads ---- */

#define THREADS 4
#define ADDS	20000

struct shared {
	const struct prog *prog;
	u64 ctx[2];
};

static void *adder(void *arg)
{
	struct shared *shared = arg;
	u64 failed = 0;

	for (u32 i = 0; i < ADDS; i++)
		failed += run_ctx(shared->prog, shared->ctx) != 1;
	return failed ? arg : NULL;
}

/* All of a host's slots at once; atomics lose nothing, faults are found. */
static void test_threads(void)
{
	struct shared shared = {0};
	pthread_t threads[THREADS];
	struct prog *prog = PROG(MOV64_K(2, 1), ATOMIC(BPF_DW, 1, 0, 2, BPF_ADD), MOV64_K(2, 1),
				 ATOMIC(BPF_DW, 1, 8, 2, BPF_ADD | BPF_FETCH), MOV64_K(3, 64),
				 RAW_INSN(BPF_LDX | BPF_PROBE_MEM | BPF_DW, 0, 3, 0, 0),
				 ALU64_K(BPF_ADD, 0, 1), EXIT());
	void *failed;

	shared.prog = prog;
	for (u32 i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, adder, &shared);
	for (u32 i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failed);
		check(!failed);
	}
	check_eq(shared.ctx[0], THREADS * ADDS);
	check_eq(shared.ctx[1], THREADS * ADDS);
	drop(prog);
}

/* ---- all of them, on one engine ---- */

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{"a call keeps r6 to r9 and the stack", test_local_call},
	{"calls nest eight deep", test_call_depth},
	{"calls go backward", test_backward_call},
	{"helpers call back", test_callback},
	{"bpf_trace_printk()", test_printk},
	{"bpf_loop()", test_loop},
	{"bpf_for_each_map_elem()", test_each},
	{"33 tail calls and no more", test_tail_call_limit},
	{"tail calls that fall through", test_tail_call_misses},
	{"a tail call in a subprogram", test_tail_call_in_subprog},
	{"packet loads", test_packet_loads},
	{"probed loads", test_probe},
	{"sums far away from the frame", test_far_sums},
	{"may_goto", test_may_goto},
	{"a million instructions", test_long_program},
	{"threads", test_threads},
};

static void run_cases(void)
{
	char name[128];

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(name, sizeof(name), "%s: %s", engine.name, cases[i].name);
		tap_begin(name);
		cases[i].fn();
		tap_end();
	}
}

int main(void)
{
	if (host_new(NULL, &engine.host))
		return 1;
	engine.run = interp_run;
	engine.name = "interpreter";
	run_cases();
	engine.run = eval_run;
	engine.eval = true;
	engine.name = "intermediate form";
	engine.options.passes = JIT_PASSES_ALL;
	run_cases();
	engine.name = "without inlining";
	engine.options.passes &= ~BIT_ULL(JIT_PASS_INLINE);
	run_cases();
	engine.eval = false;
	if (jit_present()) {
		engine.run = jit_run;
		engine.jit = true;
		engine.compile = jit_compile;
		engine.name = "JIT";
		run_cases();
		engine.compile = aot_compile;
		engine.name = "code of a file";
		run_cases();
	}
	host_free(engine.host);
	return tap_done();
}

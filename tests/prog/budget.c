/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets of executions: programs that would run for ever or for long end
 * with the verdict for that, in the interpreter and as machine code, and give
 * back what they held. (No verifier stands in between here: it would not let
 * the endless ones pass.)
 */
#include <time.h>

#include "base/os.h"
#include "engine.h"
#include "helper/helper.h"
#include "jit/jit.h"
#include "map/ringbuf.h"
#include "prog/prog.h"

#define STOPPED 77

static bool jit;
static u64 passes;

static struct host *host_with(u64 steps, u64 ns)
{
	struct host_options options;
	struct host *host;

	host_options_init(&options);
	options.limits = (struct host_limits){.steps = steps, .ns = ns};
	check_eq(host_new(&options, &host), 0);
	return host;
}

static struct prog *prog_in(struct host *host, const struct bpf_insn *insns, u32 cnt)
{
	const struct jit_options options = {.passes = passes, .limited = true};
	struct prog *prog = engine_prog(host, insns, cnt, 16);

	prog->stopped_verdict = STOPPED;
	if (jit)
		check_eq(jit_compile(prog, &options, NULL), 0);
	return prog;
}

static u64 run_once(struct host *host, const struct bpf_insn *insns, u32 cnt)
{
	struct prog *prog = prog_in(host, insns, cnt);
	u64 r0 = prog_run(prog, NULL);

	jit_free(prog);
	object_put(&prog->obj);
	return r0;
}

/* r0 counts up to @n. */
#define COUNT_TO(n)                                                                                \
	{                                                                                          \
		MOV64_K(0, 0), ALU64_K(BPF_ADD, 0, 1), JUMP_K(BPF_JNE, 0, n, -2), EXIT()           \
	}

static void test_steps(void)
{
	static const struct bpf_insn endless[] = COUNT_TO(-1), few[] = COUNT_TO(100);
	struct host *host = host_with(10000, 0);

	check_eq(run_once(host, endless, 4), STOPPED);
	check_eq(run_once(host, few, 4), 100);
	host_free(host);
	host = host_with(0, 0);
	check_eq(run_once(host, few, 4), 100);
	host_free(host);
}

/* Each execution has a budget of its own. */
static void test_again(void)
{
	static const struct bpf_insn few[] = COUNT_TO(1000);
	struct host *host = host_with(20000, 0);
	struct prog *prog = prog_in(host, few, 4);

	for (u32 i = 0; i < 100; i++)
		check_eq(prog_run(prog, NULL), 1000);
	jit_free(prog);
	object_put(&prog->obj);
	host_free(host);
}

static void test_time(void)
{
	static const struct bpf_insn endless[] = {
		ALU64_K(BPF_ADD, 0, 1),
		RAW_INSN(BPF_JMP | BPF_JA, 0, 0, -2, 0),
	};
	struct host *host = host_with(0, 3000000);
	u64 start = os_clock_ns(CLOCK_MONOTONIC), spent;

	check_eq(run_once(host, endless, 2), STOPPED);
	spent = os_clock_ns(CLOCK_MONOTONIC) - start;
	check(spent >= 3000000);
	check(spent < 5000000000);
	host_free(host);
}

/* All functions are left, also from within a helper's loop: nothing goes on behind a call. */
static void test_calls(void)
{
	u64 seen = 0;
	const struct bpf_insn insns[] = {
		WIDE(6, ptr_to_u64(&seen)),
		LOCAL_CALL(3),
		ALU64_K(BPF_ADD, 0, 1),
		STORE(BPF_DW, 6, 0, 0),
		EXIT(),
		/* callee */
		MOV64_K(0, 0),
		RAW_INSN(BPF_JMP | BPF_JA, 0, 0, -2, 0),
	};
	const struct bpf_insn callback[] = {
		MOV64_K(1, 1000000),
		RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 8),
		RAW_INSN(0, 0, 0, 0, 0),
		MOV64_K(3, 0),
		MOV64_K(4, 0),
		HELPER_CALL(loop),
		WIDE(6, ptr_to_u64(&seen)),
		STORE(BPF_DW, 6, 0, 0),
		EXIT(),
		/* callback */
		MOV64_K(0, 0),
		EXIT(),
	};
	struct host *host = host_with(1000, 0);

	check_eq(run_once(host, insns, ARRAY_SIZE(insns)), STOPPED);
	check_eq(seen, 0);
	check_eq(run_once(host, callback, ARRAY_SIZE(callback)), STOPPED);
	check_eq(seen, 0);
	host_free(host);
}

/*
 * Functions without loops pay on being entered, whoever calls them: a helper's
 * loop, or one another, each twice.
 */
static void test_entries(void)
{
	const struct bpf_insn called_back[] = {
		MOV64_K(1, BPF_MAX_LOOPS),
		RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 6),
		RAW_INSN(0, 0, 0, 0, 0),
		MOV64_X(3, 10),
		MOV64_K(4, 0),
		HELPER_CALL(loop),
		MOV64_K(0, 5),
		EXIT(),
		/* callback: the address of its counter is no constant */
		LOAD(BPF_DW, 1, 2, -8),
		ALU64_K(BPF_ADD, 1, 1),
		STORE(BPF_DW, 2, -8, 1),
		MOV64_K(0, 0),
		EXIT(),
	};
	const struct bpf_insn twice[] = {
		LOCAL_CALL(2), LOCAL_CALL(1), EXIT(), /* each calls the next one */
		LOCAL_CALL(2), LOCAL_CALL(1), EXIT(), LOCAL_CALL(2), LOCAL_CALL(1), EXIT(),
		LOCAL_CALL(2), LOCAL_CALL(1), EXIT(), LOCAL_CALL(2), LOCAL_CALL(1), EXIT(),
		LOCAL_CALL(2), LOCAL_CALL(1), EXIT(), LOCAL_CALL(2), LOCAL_CALL(1), EXIT(),
		LOCAL_CALL(2), LOCAL_CALL(1), EXIT(), LOCAL_CALL(2), LOCAL_CALL(1), EXIT(),
		LOCAL_CALL(2), LOCAL_CALL(1), EXIT(), MOV64_K(0, 1), EXIT(),
	};
	struct host *host = host_with(1000, 0);

	check_eq(run_once(host, called_back, ARRAY_SIZE(called_back)), STOPPED);
	check_eq(run_once(host, twice, ARRAY_SIZE(twice)), STOPPED);
	host_free(host);
}

/* A loop pays once for each turn, wherever its jump back stands. */
static void test_price(void)
{
	static const struct bpf_insn branch[] = COUNT_TO(1000);
	static const struct bpf_insn jump[] = {
		MOV64_K(0, 0),
		ALU64_K(BPF_ADD, 0, 1),
		JUMP_K(BPF_JEQ, 0, 1000, 1),
		RAW_INSN(BPF_JMP | BPF_JA, 0, 0, -3, 0),
		EXIT(),
	};
	struct host *host = host_with(6200, 0); /* a turn is six at most */

	check_eq(run_once(host, branch, ARRAY_SIZE(branch)), 1000);
	check_eq(run_once(host, jump, ARRAY_SIZE(jump)), 1000);
	host_free(host);
}

/* A function with a loop of its own that is called more than once, and nothing else needs the run.
 */
static void test_called_loop(void)
{
	static const struct bpf_insn insns[] = {
		HELPER_CALL(get_prandom_u32), /* which leaves nothing where arguments are */
		MOV64_K(1, 10),
		LOCAL_CALL(5),
		HELPER_CALL(get_prandom_u32),
		MOV64_X(6, 0),
		MOV64_K(1, -1),
		LOCAL_CALL(1),
		EXIT(),
		/* counts up to r1 */
		MOV64_K(0, 0),
		ALU64_K(BPF_ADD, 0, 1),
		RAW_INSN(BPF_JMP | BPF_JNE | BPF_X, 0, 1, -2, 0),
		EXIT(),
	};
	struct host *host = host_with(0, 20000000);

	check_eq(run_once(host, insns, ARRAY_SIZE(insns)), STOPPED);
	host_free(host);
}

static int count_record(void *arg, const void *data __unused, u32 size __unused)
{
	++*(u32 *)arg;
	return 0;
}

static void test_records(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096};
	struct host *host = host_with(1000, 0);
	struct map *map;
	u32 records = 0;

	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	{
		const struct bpf_insn insns[] = {
			WIDE(1, ptr_to_u64(map)),
			MOV64_K(2, 8),
			MOV64_K(3, 0),
			HELPER_CALL(ringbuf_reserve),
			MOV64_K(0, 0),
			RAW_INSN(BPF_JMP | BPF_JA, 0, 0, -2, 0),
		};
		static const struct bpf_insn fine[] = {MOV64_K(0, 3), EXIT()};

		check_eq(run_once(host, insns, ARRAY_SIZE(insns)), STOPPED);
		check_eq(ringbuf_consume(map, count_record, &records), 0);
		check_eq(ringbuf_query(map, BPF_RB_AVAIL_DATA), 0);
		check_eq(run_once(host, fine, 2), 3);
	}
	object_put(&map->obj);
	host_free(host);
}

static void run_all(void)
{
	run_test(test_steps);
	run_test(test_again);
	run_test(test_time);
	run_test(test_calls);
	run_test(test_entries);
	run_test(test_price);
	run_test(test_called_loop);
	run_test(test_records);
}

int main(void)
{
	run_all();
	jit = jit_present();
	passes = JIT_PASSES_ALL;
	if (jit)
		run_all();
	passes &= ~BIT_ULL(JIT_PASS_INLINE);
	if (jit)
		run_all();
	passes = 0;
	if (jit)
		run_all();
	return tap_done();
}

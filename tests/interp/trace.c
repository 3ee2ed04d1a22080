/* SPDX-License-Identifier: BSD-2-Clause */
/* The traced loop: what a tracer sees and what it may change. */
#include "interp/interp.h"

#include "engine.h"
#include "helper/helper.h"

struct seen {
	u32 count[64]; /* by instruction */
	u64 r1_at_start;
	u32 total;
};

static struct host *host;

static void note(void *arg, struct run *run, const struct prog *prog, u32 index, u64 *regs)
{
	struct seen *seen = arg;

	check(run->prog == prog);
	check(index < ARRAY_SIZE(seen->count));
	if (!seen->total++)
		seen->r1_at_start = regs[1];
	seen->count[index]++;
}

static u64 trace(const struct prog *prog, const struct interp_tracer *tracer)
{
	struct run run;
	u64 r0;

	run_begin(&run, host);
	run.prog = NULL;
	run.invoke = interp_run;
	r0 = interp_run_traced(&run, prog->subprogs, 7, tracer);
	check(run.invoke == interp_run);
	check(!run.tracer);
	check(!run.prog);
	run_end(&run);
	return r0;
}

/* A loop with a call, over a wide load: each instruction as often as it is executed. */
static void test_counts(void)
{
	const struct bpf_insn insns[] = {
		MOV64_K(6, 3),
		WIDE(7, 0x100000000),
		LOCAL_CALL(4), /* 3 */
		ALU64_K(BPF_SUB, 6, 1),
		JUMP_K(BPF_JNE, 6, 0, -3),
		MOV64_X(0, 7),
		EXIT(),
		MOV64_K(0, 0), /* 8 */
		EXIT(),
	};
	static const u32 want[] = {1, 1, 0, 3, 3, 3, 1, 1, 3, 3};
	struct prog *prog = engine_prog(host, insns, ARRAY_SIZE(insns), 0);
	struct seen seen = {0};
	const struct interp_tracer tracer = {.insn = note, .arg = &seen};

	check_eq(trace(prog, &tracer), 0x100000000);
	check_eq(seen.r1_at_start, 7);
	for (u32 i = 0; i < ARRAY_SIZE(want); i++)
		check_eq(seen.count[i], want[i]);
	object_put(&prog->obj);
}

/* Callbacks that a helper makes are seen as well. */
static void test_callbacks(void)
{
	const struct bpf_insn insns[] = {
		MOV64_K(1, 5),
		RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 5),
		RAW_INSN(0, 0, 0, 0, 0),
		MOV64_K(3, 0),
		MOV64_K(4, 0),
		HELPER_CALL(loop),
		EXIT(),
		MOV64_K(0, 0), /* 7 */
		EXIT(),
	};
	struct prog *prog = engine_prog(host, insns, ARRAY_SIZE(insns), 0);
	struct seen seen = {0};
	const struct interp_tracer tracer = {.insn = note, .arg = &seen};

	check_eq(trace(prog, &tracer), 5);
	check_eq(seen.count[5], 1);
	check_eq(seen.count[7], 5);
	check_eq(seen.count[8], 5);
	object_put(&prog->obj);
}

static void change(void *arg __unused, struct run *run __unused, const struct prog *prog __unused,
		   u32 index, u64 *regs)
{
	if (index == 1)
		regs[0] = 41;
}

static void test_changes(void)
{
	const struct bpf_insn insns[] = {MOV64_K(0, 1), ALU64_K(BPF_ADD, 0, 1), EXIT()};
	struct prog *prog = engine_prog(host, insns, ARRAY_SIZE(insns), 0);
	const struct interp_tracer tracer = {.insn = change};

	check_eq(trace(prog, &tracer), 42);
	object_put(&prog->obj);
}

int main(void)
{
	if (host_new(NULL, &host))
		return 1;
	run_test(test_counts);
	run_test(test_callbacks);
	run_test(test_changes);
	host_free(host);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What things cost in the interpreter, as machine code and in Linux, in
 * nanoseconds: one entry into a program, and single steps inside loops. Prints
 * a table; Linux is left out where it does not allow bpf().
 */
#include "interp/interp.h"

#include <time.h>

#include "base/os.h"
#include "engine.h"
#include "helper/helper.h"
#include "jit/jit.h"
#include "linux_oracle.h"

#define ROUNDS 1000 /* of the loop in a program */
#define RUNS   300  /* of a program */

struct step {
	const char *name;
	struct bpf_insn insns[6];
	u32 cnt;
	bool ours_only; /* helper numbers are those of the prepared form */
};

static const struct step steps[] = {
	{"empty loop", {{0}}, 0, false},
	{"add", {ALU64_X(BPF_ADD, 7, 6)}, 1, false},
	{"divide", {ALU64_X(BPF_DIV, 7, 6)}, 1, false},
	{"shift by register", {ALU64_X(BPF_LSH, 7, 6)}, 1, false},
	{"store and load", {STORE(BPF_DW, 10, -8, 6), LOAD(BPF_DW, 7, 10, -8)}, 2, false},
	{"atomic add", {ATOMIC(BPF_DW, 10, -8, 6, BPF_ADD)}, 1, false},
	{"branch not taken", {JUMP_K(BPF_JEQ, 6, -1, 1), MOV64_X(7, 6)}, 2, false},
	{"ktime_get_ns()", {HELPER_CALL(ktime_get_ns)}, 1, true},
	{"get_smp_processor_id()", {HELPER_CALL(get_smp_processor_id)}, 1, true},
};

struct code {
	struct bpf_insn insns[32];
	u32 n;
};

/* r6 counts down; the step stands in the loop. */
static void build(struct code *code, const struct step *step)
{
	const struct bpf_insn head[] = {RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0),
					MOV64_K(7, 1), MOV64_K(6, ROUNDS)};
	const struct bpf_insn tail[] = {ALU64_K(BPF_SUB, 6, 1),
					JUMP_K(BPF_JNE, 6, 0, -2 - (s32)step->cnt), MOV64_X(0, 7),
					EXIT()};

	memcpy(code->insns, head, sizeof(head));
	code->n = ARRAY_SIZE(head);
	memcpy(code->insns + code->n, step->insns, step->cnt * sizeof(*step->insns));
	code->n += step->cnt;
	memcpy(code->insns + code->n, tail, sizeof(tail));
	code->n += ARRAY_SIZE(tail);
}

static double per_run(engine_fn engine, const struct prog *prog, u32 runs)
{
	u64 start = os_clock_ns(CLOCK_MONOTONIC);

	for (u32 i = 0; i < runs; i++)
		engine_run(engine, prog, NULL, NULL);
	return (double)(os_clock_ns(CLOCK_MONOTONIC) - start) / runs;
}

static double linux_per_run(const struct code *code, u32 runs)
{
	u32 ns;

	return oracle_time(code->insns, code->n, runs, &ns) ? -1.0 : (double)ns;
}

static void print_cell(double ns)
{
	if (ns < 0)
		printf(" %12s", "-");
	else
		printf(" %12.2f", ns);
}

static void measure(struct host *host, const struct step *step)
{
	double ns[3] = {-1, -1, -1};
	struct prog *prog;
	struct code code;

	build(&code, step);
	prog = engine_prog(host, code.insns, code.n, 16);
	ns[0] = per_run(interp_run, prog, RUNS) / ROUNDS;
	if (!jit_compile(prog, NULL, NULL))
		ns[1] = per_run(jit_run, prog, RUNS) / ROUNDS;
	if (!step->ours_only && oracle_present())
		ns[2] = linux_per_run(&code, RUNS) / ROUNDS;
	printf("%-24s", step->name);
	for (u32 i = 0; i < 3; i++)
		print_cell(ns[i]);
	printf("\n");
	jit_free(prog);
	object_put(&prog->obj);
}

/* A program of two instructions: what entering one costs, the slot included. */
static void measure_entry(struct host *host)
{
	const struct code code = {.insns = {MOV64_K(0, 2), EXIT()}, .n = 2};
	struct prog *prog = engine_prog(host, code.insns, code.n, 0);

	printf("%-24s", "enter a program");
	print_cell(per_run(interp_run, prog, 1000000));
	print_cell(jit_compile(prog, NULL, NULL) ? -1 : per_run(jit_run, prog, 1000000));
	print_cell(oracle_present() ? linux_per_run(&code, 1000000) : -1);
	printf("\n");
	jit_free(prog);
	object_put(&prog->obj);
}

int main(void)
{
	struct host *host;

	if (host_new(NULL, &host))
		return 1;
	printf("%-24s %12s %12s %12s\n", "ns each", "interpreter", "JIT", "Linux");
	measure_entry(host);
	for (u32 i = 0; i < ARRAY_SIZE(steps); i++)
		measure(host, &steps[i]);
	host_free(host);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a compiled program is: pages, offsets, refusals, memory when there is none. */
#define _GNU_SOURCE
#include "jit/jit.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>

#include "engine.h"
#include "helper/helper.h"
#include "interp/interp.h"
#include "jit/image.h"
#include "jit/target.h"

/* An allocator that fails at its n-th call and knows what is still allocated. */
struct failing {
	u32 until_failure; /* 0: never */
	_Atomic s32 live;
	_Atomic size_t bytes, most;
};

/* In front of each piece. */
union piece {
	size_t size;
	_Alignas(16) u8 aligned[16];
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;
	union piece *piece = p ? (union piece *)p - 1 : NULL;

	if (size && f->until_failure && !--f->until_failure)
		return NULL;
	f->live += (p == NULL) - (size == 0);
	f->bytes += size - (p ? piece->size : 0);
	if (f->bytes > f->most)
		f->most = f->bytes;
	if (!size) {
		free(piece);
		return NULL;
	}
	piece = realloc(piece, sizeof(*piece) + size);
	if (!piece)
		return NULL;
	piece->size = size;
	return piece + 1;
}

static struct failing failing;
static const struct mem failing_mem = {.realloc = failing_realloc, .ctx = &failing};
static struct host *host;

/* Something of everything that takes memory: subprograms, jumps, a fault table. */
static struct prog *sample(void)
{
	const struct bpf_insn insns[] = {
		MOV64_K(6, 3),
		LOCAL_CALL(4),
		ALU64_K(BPF_SUB, 6, 1),
		JUMP_K(BPF_JNE, 6, 0, -3),
		MOV64_X(0, 6),
		EXIT(),
		MOV64_K(1, 8),
		RAW_INSN(BPF_LDX | BPF_PROBE_MEM | BPF_W, 0, 1, 0, 0),
		HELPER_CALL(ktime_get_ns),
		EXIT(),
	};

	return engine_prog(host, insns, ARRAY_SIZE(insns), 16);
}

/* Permissions of the mapping that holds @addr, as /proc tells; false where there is no /proc. */
static bool permissions(const void *addr, char perms[5])
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		found = sscanf(line, "%lx-%lx %4s", &from, &to, perms) == 3 &&
			(uintptr_t)addr >= from && (uintptr_t)addr < to;
	}
	if (f)
		fclose(f);
	return found;
}

static void test_never_writable_and_executable(void)
{
	struct prog *prog = sample();
	size_t size = 0;
	const u8 *code;
	char perms[5];

	check_eq(jit_compile(prog, NULL, NULL), 0);
	code = jit_code(prog, &size);
	check(code && size > 0);
	if (!permissions(code, perms)) {
		tap_skip("no /proc/self/maps");
	} else {
		check_str(perms, "r-xp");
		check(permissions(code + size - 1, perms));
		check_str(perms, "r-xp");
	}
	check(!permissions(&host, perms) || perms[2] != 'x');
	jit_free(prog);
	check(!jit_code(prog, &size));
	object_put(&prog->obj);
}

static void test_offsets(void)
{
	struct prog *prog = sample();
	const u32 *offsets;
	size_t size;
	u32 n = 0;

	check(!jit_insn_offsets(prog, &n));
	check_eq(jit_compile(prog, NULL, NULL), 0);
	offsets = jit_insn_offsets(prog, &n);
	jit_code(prog, &size);
	check_eq(n, prog->insn_cnt + 1);
	for (u32 i = 0; i + 1 < n; i++)
		check(offsets[i] < size || offsets[i] == UINT32_MAX); /* some have no code */
	check_eq(offsets[n - 1], size);
	check(prog->subprogs[0].entry != NULL); /* others may be part of their callers */
	jit_free(prog);
	for (u32 s = 0; s < prog->subprog_cnt; s++)
		check(prog->subprogs[s].entry == NULL);
	object_put(&prog->obj);
}

/* Every allocation fails in turn: -ENOMEM, nothing leaks, and the program still runs. */
static void test_out_of_memory(void)
{
	struct prog *prog = sample();
	s32 live = failing.live;
	u32 n = 1;
	int ret;

	for (;; n++) {
		failing.until_failure = n;
		ret = jit_compile(prog, NULL, NULL);
		if (!ret)
			break;
		check_eq(ret, -ENOMEM);
		check_eq(failing.live, live);
		check(!prog->jit);
	}
	failing.until_failure = 0;
	check(n > 4);
	check_eq(engine_run(jit_run, prog, NULL, NULL), 0);
	jit_free(prog);
	check_eq(failing.live, live);
	object_put(&prog->obj);
}

static void check_refused(struct bpf_insn insn, const char *text, bool jit_too)
{
	const struct bpf_insn insns[] = {MOV64_K(0, 0), insn, EXIT()};
	struct prog *prog = engine_prog(host, insns, 3, 0);
	struct err err = {0};

	check_eq(interp_check(prog, &err), -EOPNOTSUPP);
	check_str(err.text, text);
	if (jit_too) {
		check_eq(jit_compile(prog, NULL, &err), -EOPNOTSUPP);
		check(!prog->jit);
	}
	object_put(&prog->obj);
}

static void test_refusals(void)
{
	check_refused(RAW_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, 1),
		      "insn 1: call of unknown kernel function", true);
	check_refused(RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, HELPER_CNT),
		      "insn 1: call of unknown helper", true);
	check_refused(RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, BPF_ADDR_SPACE_CAST, 1),
		      "insn 1: opcode 0xbf cannot be run yet", true);
	check_refused(RAW_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, 0x90),
		      "insn 1: opcode 0xdb cannot be run yet", true);
	check_refused(RAW_INSN(BPF_JMP | BPF_JCOND, 0, 1, 0, 0),
		      "insn 1: opcode 0xe5 cannot be run yet", false);
	check_refused(RAW_INSN(0xff, 0, 0, 0, 0), "insn 1: opcode 0xff cannot be run yet", true);
	check_refused(RAW_INSN(0x0e, 0, 0, 0, 1), "insn 1: opcode 0xe cannot be run yet", false);
}

/* ---- faults ---- */

static sigjmp_buf escape;

static void foreign_handler(int sig __unused)
{
	siglongjmp(escape, 1);
}

/* Only the marked loads are caught: any other fault in machine code is as fatal as in C. */
static void test_other_faults_are_not_caught(void)
{
	const struct bpf_insn insns[] = {
		MOV64_K(1, 8),
		RAW_INSN(BPF_LDX | BPF_PROBE_MEM | BPF_W, 0, 1, 0, 0),
		LOAD(BPF_W, 0, 1, 0),
		EXIT(),
	};
	struct prog *prog = engine_prog(host, insns, ARRAY_SIZE(insns), 16);
	volatile bool passed_on = false;
	struct run run;

	check_eq(jit_compile(prog, NULL, NULL), 0);
	run_begin(&run, host);
	if (!sigsetjmp(escape, 1))
		jit_run(&run, prog->subprogs, 0, 0, 0, 0, 0);
	else
		passed_on = true;
	run_end(&run);
	check(passed_on);
	jit_free(prog);
	object_put(&prog->obj);
}

static void *compile_and_run(void *arg)
{
	u32 *failed = arg;

	for (u32 i = 0; i < 300; i++) {
		struct prog *prog = sample();

		*failed += jit_compile(prog, NULL, NULL) != 0;
		*failed += engine_run(jit_run, prog, NULL, NULL) != 0;
		jit_free(prog);
		object_put(&prog->obj);
	}
	return NULL;
}

/* Fault tables come and go while others fault. */
static void test_compile_in_threads(void)
{
	pthread_t threads[4];
	u32 failed[4] = {0};

	for (u32 i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, compile_and_run, &failed[i]);
	for (u32 i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		check_eq(failed[i], 0);
	}
}

/* ---- frames ---- */

/* @n products that are all asked for twice: who computes them once must keep them meanwhile. */
static struct prog *many_values(u32 n)
{
	struct bpf_insn *insns = calloc(6ull * n + 3, sizeof(*insns));
	struct prog *prog;
	u32 cnt = 0;

	insns[cnt++] = MOV64_X(6, 1);
	insns[cnt++] = MOV64_K(0, 0);
	for (u32 i = 0; i < 2 * n; i++) {
		insns[cnt++] = MOV64_X(2, 6);
		insns[cnt++] = ALU64_K(BPF_MUL, 2, 2 * (i % n) + 3);
		insns[cnt++] = ALU64_X(i < n ? BPF_XOR : BPF_ADD, 0, 2);
	}
	insns[cnt++] = EXIT();
	prog = engine_prog(host, insns, cnt, 8);
	free(insns);
	return prog;
}

/* Whatever lives at once, no function takes more of the stack than it may. */
static void test_frames(void)
{
	static const u32 counts[] = {100, 3000, 70000};

	for (u32 i = 0; i < ARRAY_SIZE(counts); i++) {
		struct prog *prog = many_values(counts[i]);
		struct run run;

		run_begin(&run, host);
		run.prog = prog;
		run.invoke = jit_run;
		check_eq(jit_compile(prog, NULL, NULL), 0);
		if (prog->jit) {
			check_eq(jit_run(&run, prog->subprogs, 0x123456789, 0, 0, 0, 0),
				 interp_run(&run, prog->subprogs, 0x123456789, 0, 0, 0, 0));
			check(prog->jit->funcs[0].frame_size <= JIT_FRAME_MOST + 256);
		}
		run_end(&run);
		jit_free(prog);
		object_put(&prog->obj);
	}
}

/* All of the stack is written, then @n ways part and meet, then it is read. */
static struct prog *many_ways(u32 n)
{
	struct bpf_insn *insns = calloc(3ull * n + 200, sizeof(*insns));
	struct prog *prog;
	u32 cnt = 0;

	insns[cnt++] = MOV64_X(0, 1);
	for (s32 at = 8; at <= MAX_BPF_STACK; at += 8)
		insns[cnt++] = RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -at, at);
	for (u32 i = 0; i < n; i++) {
		insns[cnt++] = JUMP_K(BPF_JEQ, 1, i, 1);
		insns[cnt++] = ALU64_K(BPF_ADD, 0, 5);
		insns[cnt++] = ALU64_K(BPF_XOR, 0, 3);
	}
	for (s32 at = 8; at <= MAX_BPF_STACK; at += 8) {
		insns[cnt++] = LOAD(BPF_DW, 2, 10, -at);
		insns[cnt++] = ALU64_X(BPF_ADD, 0, 2);
	}
	insns[cnt++] = EXIT();
	prog = engine_prog(host, insns, cnt, MAX_BPF_STACK);
	free(insns);
	return prog;
}

static void test_ways(void)
{
	struct prog *prog = many_ways(200000);
	struct run run;

	failing.most = failing.bytes;

	run_begin(&run, host);
	run.prog = prog;
	run.invoke = jit_run;
	check_eq(jit_compile(prog, NULL, NULL), 0);
	check(failing.most < 2048ull * prog->insn_cnt);
	if (prog->jit)
		check_eq(jit_run(&run, prog->subprogs, 5, 0, 0, 0, 0),
			 interp_run(&run, prog->subprogs, 5, 0, 0, 0, 0));
	run_end(&run);
	jit_free(prog);
	object_put(&prog->obj);
}

int main(void)
{
	struct sigaction act = {.sa_handler = foreign_handler};
	struct host_options options;

	sigaction(SIGSEGV, &act, NULL); /* before the library's own */
	host_options_init(&options);
	options.mem = &failing_mem;
	if (host_new(&options, &host))
		return 1;
	if (jit_present()) {
		run_test(test_never_writable_and_executable);
		run_test(test_offsets);
		run_test(test_out_of_memory);
		run_test(test_refusals);
		run_test(test_frames);
		run_test(test_ways);
		run_test(test_other_faults_are_not_caught);
		run_test(test_compile_in_threads);
	} else {
		tap_begin("machine code");
		tap_skip("no JIT for this machine");
		tap_end();
	}
	host_free(host);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random valid programs: the interpreter and the JIT must agree on every
 * register and the whole stack. An argument sets the number of programs, a
 * second one the seed.
 */
#include "interp/interp.h"

#include <errno.h>

#include "engine.h"
#include "ir_eval.h"
#include "jit/jit.h"
#include "jit/pass/pass.h"
#include "linux_oracle.h"

#define DEFAULT_PROGRAMS 20000
#define BODY_MAX	 60
#define STACK		 96
#define INSNS_MAX	 1024

struct gen {
	u64 state;
	bool for_linux; /* only what can be loaded as it is */
	struct bpf_insn insns[INSNS_MAX];
	u32 n;
};

static u32 below(struct gen *g, u32 n)
{
	return (u32)(random_next(&g->state) % n);
}

static u64 value(struct gen *g)
{
	static const u64 edges[] = {
		0,
		1,
		2,
		3,
		7,
		31,
		32,
		63,
		64,
		0x7f,
		0x80,
		0xff,
		0x7fff,
		0x8000,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		~0ull,
		~1ull,
		0xffffffff80000000,
		0xffffffff7fffffff,
	};

	switch (below(g, 4)) {
	case 0:
		return random_next(&g->state);
	case 1:
		return random_next(&g->state) >> below(g, 64);
	default:
		return edges[below(g, ARRAY_SIZE(edges))];
	}
}

static void put(struct gen *g, struct bpf_insn insn)
{
	g->insns[g->n++] = insn;
}

static void put_wide(struct gen *g, u32 reg, u64 v)
{
	const struct bpf_insn wide[] = {WIDE(reg, v)};

	put(g, wide[0]);
	put(g, wide[1]);
}

static u32 reg(struct gen *g)
{
	return below(g, 10);
}

static const u8 sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};

static void gen_alu(struct gen *g)
{
	static const u8 ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR,  BPF_AND,
				 BPF_LSH, BPF_RSH, BPF_MOD, BPF_XOR, BPF_ARSH};
	u8 op = ops[below(g, ARRAY_SIZE(ops))];
	bool is64 = below(g, 2), is_reg = below(g, 2);
	bool divides = op == BPF_DIV || op == BPF_MOD;
	s32 imm = (s32)value(g);

	if (!is_reg && divides && !imm)
		imm = 1;
	if (!is_reg && (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH))
		imm &= is64 ? 63 : 31;
	put(g, RAW_INSN((is64 ? BPF_ALU64 : BPF_ALU) | op | (is_reg ? BPF_X : BPF_K), reg(g),
			is_reg ? reg(g) : 0, divides && below(g, 2), is_reg ? 0 : imm));
}

static void gen_mov(struct gen *g)
{
	static const u8 bits[] = {0, 8, 16, 32};
	bool is64 = below(g, 2);

	switch (below(g, 4)) {
	case 0:
		put(g, RAW_INSN((is64 ? BPF_ALU64 : BPF_ALU) | BPF_MOV | BPF_K, reg(g), 0, 0,
				value(g)));
		break;
	case 1:
		put_wide(g, reg(g), value(g));
		break;
	default:
		put(g, RAW_INSN((is64 ? BPF_ALU64 : BPF_ALU) | BPF_MOV | BPF_X, reg(g), reg(g),
				bits[below(g, is64 ? 4 : 3)], 0));
	}
}

static void gen_unary(struct gen *g)
{
	static const u8 codes[] = {BPF_ALU | BPF_END | BPF_TO_LE, BPF_ALU | BPF_END | BPF_TO_BE,
				   BPF_ALU64 | BPF_END};

	if (below(g, 3))
		put(g, RAW_INSN(codes[below(g, 3)], reg(g), 0, 0, 16 << below(g, 3)));
	else
		put(g, RAW_INSN((below(g, 2) ? BPF_ALU64 : BPF_ALU) | BPF_NEG, reg(g), 0, 0, 0));
}

static s16 slot(struct gen *g, u32 size)
{
	return (s16)(-(s32)(size * (1 + below(g, STACK / size))));
}

/* Mostly relative to r10; sometimes to a copy of it in another register, which is then reset. */
static void gen_memory(struct gen *g)
{
	u32 s = below(g, 4), base = below(g, 4) ? 10 : reg(g), other = reg(g);
	u8 size = sizes[s], mem = BPF_PROBE_MEM, memsx = BPF_PROBE_MEMSX;
	s16 off = slot(g, 1u << s);

	if (g->for_linux || below(g, 3)) {
		mem = BPF_MEM;
		memsx = BPF_MEMSX;
	}
	if (base != 10) {
		if (other == base)
			other = (other + 1) % 10;
		put(g, MOV64_X(base, 10));
	}
	switch (below(g, 5)) {
	case 0:
		put(g, RAW_INSN(BPF_ST | BPF_MEM | size, base, 0, off, value(g)));
		break;
	case 1:
		put(g, STORE(size, base, off, other));
		break;
	case 2:
		if (size == BPF_DW)
			memsx = mem;
		put(g, RAW_INSN(BPF_LDX | memsx | size, other, base, off, 0));
		break;
	default:
		put(g, RAW_INSN(BPF_LDX | mem | size, other, base, off, 0));
	}
	if (base != 10)
		put_wide(g, base, value(g));
}

static void gen_atomic(struct gen *g)
{
	static const s32 ops[] = {
		BPF_ADD,
		BPF_AND,
		BPF_OR,
		BPF_XOR,
		BPF_ADD | BPF_FETCH,
		BPF_AND | BPF_FETCH,
		BPF_OR | BPF_FETCH,
		BPF_XOR | BPF_FETCH,
		BPF_XCHG,
		BPF_CMPXCHG,
	};
	u32 base = below(g, 3) ? 10 : reg(g), src = reg(g), s = 2 + below(g, 2);
	s32 op = ops[below(g, ARRAY_SIZE(ops))];
	s16 off = slot(g, 1u << s);

	if (op == BPF_CMPXCHG && base == 0)
		base = 10;
	if (base != 10) {
		if (src == base)
			src = base == 9 ? 8 : base + 1;
		put(g, MOV64_X(base, 10));
	}
	/* Make it likely that the comparison succeeds. */
	if (op == BPF_CMPXCHG && below(g, 2))
		put(g, LOAD(sizes[s], 0, base, off));
	put(g, ATOMIC(sizes[s], base, off, src, op));
	if (base != 10)
		put_wide(g, base, value(g));
}

static void gen_fault(struct gen *g)
{
	static const u64 bad[] = {0, 0x123456789abcdef0, 0xffff888000000000, 4096};
	u32 src = reg(g);

	put_wide(g, src, bad[below(g, ARRAY_SIZE(bad))]);
	put(g,
	    RAW_INSN(BPF_LDX | BPF_PROBE_MEM | sizes[below(g, 4)], reg(g), src, below(g, 100), 0));
	put_wide(g, src, value(g));
}

static void gen_one(struct gen *g)
{
	u32 kind = below(g, 100);

	if (kind < 50)
		gen_alu(g);
	else if (kind < 65)
		gen_mov(g);
	else if (kind < 72)
		gen_unary(g);
	else if (kind < 90)
		gen_memory(g);
	else if (kind < 99)
		gen_atomic(g);
	else if (!g->for_linux && !below(g, 8))
		gen_fault(g);
}

/* A jump over a few instructions, or a loop that is left after a few rounds. */
static void gen_jump(struct gen *g)
{
	static const u8 ops[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,	 BPF_JLT, BPF_JLE,
				 BPF_JSET, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE};
	u32 at = g->n++, kind = below(g, 12);
	bool is32 = below(g, 2), is_reg = below(g, 2);

	for (u32 n = below(g, below(g, 4) ? 4 : 30); n; n--)
		gen_one(g);
	if (g->for_linux && kind < 2)
		kind += 2; /* Linux refuses code that no path reaches */
	if (kind == 0)
		g->insns[at] = RAW_INSN(BPF_JMP | BPF_JA, 0, 0, g->n - at - 1, 0);
	else if (kind == 1)
		g->insns[at] = RAW_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, g->n - at - 1);
	else if (kind == 2)
		g->insns[at] = RAW_INSN(BPF_JMP | BPF_JCOND, 0, 0, g->n - at - 1, 0);
	else
		g->insns[at] =
			RAW_INSN((is32 ? BPF_JMP32 : BPF_JMP) | ops[below(g, ARRAY_SIZE(ops))] |
					 (is_reg ? BPF_X : BPF_K),
				 reg(g), is_reg ? reg(g) : 0, g->n - at - 1, is_reg ? 0 : value(g));
}

/* Counts in the lowest slot of the stack, which nothing else uses. */
static void gen_loop(struct gen *g)
{
	u32 start;

	put(g, RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -STACK - 8, 1 + below(g, 5)));
	start = g->n;
	for (u32 n = below(g, 5); n; n--)
		gen_one(g);
	put(g, LOAD(BPF_DW, 1, 10, -STACK - 8));
	put(g, ALU64_K(BPF_SUB, 1, 1));
	put(g, STORE(BPF_DW, 10, -STACK - 8, 1));
	put(g, JUMP_K(BPF_JNE, 1, 0, (s32)start - (s32)g->n - 1));
}

/* Everything that can be seen, as one number in r0. */
static void gen_digest(struct gen *g)
{
	for (u32 r = 1; r < 10; r++) {
		put(g, ALU64_K(BPF_MUL, 0, 0x01000193));
		put(g, ALU64_X(BPF_XOR, 0, r));
	}
	for (s32 off = 8; off <= STACK; off += 8) {
		put(g, LOAD(BPF_DW, 1, 10, -off));
		put(g, ALU64_K(BPF_MUL, 0, 0x01000193));
		put(g, ALU64_X(BPF_ADD, 0, 1));
	}
}

static void gen_body(struct gen *g)
{
	for (u32 n = below(g, BODY_MAX); n && g->n < 400; n--) {
		u32 kind = below(g, 20);

		if (kind == 0)
			gen_loop(g);
		else if (kind < 4)
			gen_jump(g);
		else
			gen_one(g);
	}
}

static void gen_init(struct gen *g)
{
	for (u32 r = 0; r < 10; r++)
		put_wide(g, r, value(g));
	for (s32 off = 8; off <= STACK; off += 8)
		put(g, STORE(BPF_DW, 10, -off, reg(g)));
}

/* Calls; each is followed by the subprogram's own body, to which it is patched. */
static void gen_program(struct gen *g, bool with_call)
{
	u32 call;

	g->n = 0;
	gen_init(g);
	gen_body(g);
	if (!with_call) {
		gen_digest(g);
		put(g, EXIT());
		return;
	}
	call = g->n++;
	for (u32 r = 1; r < 6; r++)
		put_wide(g, r, value(g));
	gen_body(g);
	gen_digest(g);
	put(g, EXIT());
	g->insns[call] = LOCAL_CALL(g->n - call - 1);
	for (u32 r = 6; r < 10; r++)
		put_wide(g, r, value(g));
	for (s32 off = 8; off <= STACK; off += 8)
		put(g, STORE(BPF_DW, 10, -off, 1 + below(g, 5)));
	put(g, MOV64_X(0, 3));
	gen_body(g);
	gen_digest(g);
	put(g, EXIT());
}

static void dump(const struct gen *g)
{
	for (u32 i = 0; i < g->n; i++)
		printf("# %3u: code %02x dst %u src %u off %d imm %#x\n", i, g->insns[i].code,
		       g->insns[i].dst_reg, g->insns[i].src_reg, g->insns[i].off,
		       (u32)g->insns[i].imm);
}

static bool compare_one(struct host *host, struct gen *g, u64 seed)
{
	struct prog *prog;
	u64 interpreted, compiled;
	struct err err = {0};
	bool same = false;

	g->state = seed;
	gen_program(g, below(g, 3) == 0);
	prog = engine_prog(host, g->insns, g->n, STACK + 8);
	if (interp_check(prog, &err) || jit_compile(prog, NULL, &err)) {
		tap_fail("seed %#" PRIx64 ": %s", seed, err.text);
		goto out;
	}
	interpreted = engine_run(interp_run, prog, NULL, NULL);
	compiled = engine_run(jit_run, prog, NULL, NULL);
	same = interpreted == compiled;
	if (!same) {
		tap_fail("seed %#" PRIx64 ": interpreter %#" PRIx64 ", JIT %#" PRIx64, seed,
			 interpreted, compiled);
		dump(g);
	}
	jit_free(prog);
out:
	object_put(&prog->obj);
	return same;
}

/* Runs the pass that the number at @arg says, or all. */
static int change_by_passes(struct ir_fn *fn, void *arg, struct err *err)
{
	const u32 *pass = arg;

	if (*pass == JIT_PASS_CNT && passes_run(fn))
		return err_set(err, -ENOMEM, "out of memory");
	if (*pass != JIT_PASS_CNT) {
		ir_clean(fn);
		ir_cfg(fn);
		pass_functions[*pass](fn);
		ir_clean(fn);
		ir_cfg(fn);
	}
	return ir_check(fn, err);
}

/* With the compiler's intermediate form instead of the JIT. */
static bool compare_changed(struct host *host, struct gen *g, u64 seed, eval_change change,
			    u32 pass)
{
	struct prog *prog;
	u64 interpreted, built = 0;
	struct err err = {0};
	bool same = false;

	g->state = seed;
	gen_program(g, below(g, 3) == 0);
	prog = engine_prog(host, g->insns, g->n, STACK + 8);
	interpreted = engine_run(interp_run, prog, NULL, NULL);
	if (eval_prog_add(prog, NULL, change, &pass, &err)) {
		tap_fail("seed %#" PRIx64 ": %s", seed, err.text);
	} else {
		built = engine_run(eval_run, prog, NULL, NULL);
		same = interpreted == built;
		if (!same)
			tap_fail("seed %#" PRIx64 ": interpreter %#" PRIx64 ", built %#" PRIx64,
				 seed, interpreted, built);
		eval_prog_drop(prog);
	}
	if (!same)
		dump(g);
	object_put(&prog->obj);
	return same;
}

/* As it is built. */
static bool compare_built(struct host *host, struct gen *g, u64 seed)
{
	return compare_changed(host, g, seed, NULL, 0);
}

/* After all passes. */
static bool compare_passed(struct host *host, struct gen *g, u64 seed)
{
	return compare_changed(host, g, seed, change_by_passes, JIT_PASS_CNT);
}

/* After one of them, each in turn. */
static bool compare_one_pass(struct host *host, struct gen *g, u64 seed)
{
	u32 pass = (u32)(seed % JIT_PASS_CNT);

	while (!pass_functions[pass])
		pass = (pass + 1) % JIT_PASS_CNT;
	return compare_changed(host, g, seed, change_by_passes, pass);
}

/* The same programs with Linux as another engine. r0 is folded, of which it tells 32 bits. */
static bool compare_with_linux(struct host *host, struct gen *g, u64 seed)
{
	const struct bpf_insn fold[] = {MOV64_X(1, 0), ALU64_K(BPF_RSH, 1, 32),
					ALU64_X(BPF_XOR, 0, 1), EXIT()};
	struct prog *prog;
	u32 theirs = 0, ours;
	int err;

	g->state = seed;
	gen_program(g, false);
	g->n--;
	for (u32 i = 0; i < ARRAY_SIZE(fold); i++)
		put(g, fold[i]);
	err = oracle_run(g->insns, g->n, &theirs);
	if (err) {
		tap_fail("seed %#" PRIx64 ": Linux: %s", seed, strerror(-err));
		return false;
	}
	prog = engine_prog(host, g->insns, g->n, STACK + 8);
	ours = (u32)engine_run(interp_run, prog, NULL, NULL);
	object_put(&prog->obj);
	if (ours == theirs)
		return true;
	tap_fail("seed %#" PRIx64 ": interpreter %#x, Linux %#x", seed, ours, theirs);
	dump(g);
	return false;
}

static void run_compare(const char *name, const char *skip, struct host *host, struct gen *g,
			u64 seed, u32 n,
			bool (*compare)(struct host *host, struct gen *g, u64 seed))
{
	tap_begin(name);
	if (skip)
		tap_skip(skip);
	for (u32 i = 0; !skip && i < n; i++) {
		if (!compare(host, g, seed + i))
			break;
	}
	tap_end();
}

int main(int argc, char **argv)
{
	u32 n = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : DEFAULT_PROGRAMS;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	static struct gen g;
	struct host *host;

	if (host_new(NULL, &host))
		return 1;
	run_compare("random programs: interpreter and JIT agree",
		    jit_present() ? NULL : "no JIT for this machine", host, &g, seed, n,
		    compare_one);
	run_compare("random programs: interpreter and intermediate form agree", NULL, host, &g,
		    seed, n / 4, compare_built);
	run_compare("random programs: interpreter and all passes agree", NULL, host, &g, seed,
		    n / 4, compare_passed);
	run_compare("random programs: interpreter and each pass agree", NULL, host, &g, seed, n / 4,
		    compare_one_pass);
	g.for_linux = true;
	run_compare("random programs: interpreter and Linux agree",
		    oracle_present() ? NULL : "the kernel does not allow bpf()", host, &g, seed,
		    n / 20, compare_with_linux);
	host_free(host);
	return tap_done();
}

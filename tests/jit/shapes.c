/* SPDX-License-Identifier: BSD-2-Clause */
#include "shapes.h"

#include "helper/helper.h"

struct shape_code {
	struct bpf_insn *insns;
	u32 n, size; /* there is room for SLACK more than .size */
};

#define SLACK	   1024
#define STACK_SIZE 512
#define SLOTS	   (STACK_SIZE / 8)
#define NEAR	   8000 /* jumps reach no farther */

static void put(struct shape_code *code, struct bpf_insn insn)
{
	if (code->n == code->size + SLACK)
		abort(); /* a shape that does not keep to its size */
	code->insns[code->n++] = insn;
}

/* Whether there is room for @n more. */
static bool more(const struct shape_code *code, u32 n)
{
	return code->n + n < code->size;
}

/* Every register and all of the stack hold something. */
static void start(struct shape_code *code)
{
	for (u32 i = 0; i < 10; i++)
		put(code, MOV64_K(i, i * 7));
	for (u32 i = 0; i < SLOTS; i++)
		put(code, STORE(BPF_DW, 10, -8 - (s32)i * 8, i % 10));
}

static void finish(struct shape_code *code)
{
	put(code, EXIT());
}

/* A jump of any length to an instruction that is there, or will be. */
static void put_goto(struct shape_code *code, u32 to)
{
	s32 off = (s32)to - (s32)code->n - 1;

	put(code, RAW_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, off));
}

/* ---- as people write them ---- */

static void make_straight(struct shape_code *code)
{
	start(code);
	for (u32 i = 0; more(code, 8); i++) {
		put(code, ALU64_K(BPF_ADD, i % 6, i));
		put(code, ALU64_X(BPF_XOR, (i + 1) % 6, i % 6));
		put(code, STORE(BPF_DW, 10, -8 - (s32)(i % SLOTS) * 8, i % 6));
		put(code, ALU32_K(BPF_LSH, (i + 2) % 6, i % 31));
		put(code, ALU64_X(BPF_MUL, (i + 3) % 6, (i + 2) % 6));
		put(code, LOAD(BPF_W, (i + 4) % 6, 10, -8 - (s32)(i * 7 % SLOTS) * 8));
		put(code, ALU64_X(BPF_OR, (i + 5) % 6, (i + 4) % 6));
	}
	finish(code);
}

/* A branch and a join in every five. */
static void make_joins(struct shape_code *code)
{
	start(code);
	for (u32 i = 0; more(code, 6); i++)
		put(code, i % 5 ? ALU64_K(BPF_ADD, i % 10, i) : JUMP_K(BPF_JNE, i % 7, i, 3));
	for (u32 i = 0; i < 4; i++)
		put(code, ALU64_X(BPF_ADD, 0, i));
	finish(code);
}

/* Loops of a few turns with a call of a helper and of a subprogram in each. */
static void make_loops(struct shape_code *code)
{
	u32 callee = 24; /* how far before the end the subprogram starts */

	start(code);
	while (more(code, callee + 16)) {
		put(code, MOV64_K(6, 10));
		put(code, MOV64_K(7, code->n));
		put(code, ALU64_X(BPF_ADD, 7, 6));
		put(code, HELPER_CALL(get_current_pid_tgid));
		put(code, ALU64_X(BPF_XOR, 7, 0));
		put(code, MOV64_X(1, 7));
		put(code, MOV64_X(2, 6));
		put(code, LOCAL_CALL(code->size - callee - code->n - 1));
		put(code, JUMP_K(BPF_JEQ, 0, 5, 1));
		put(code, ALU64_X(BPF_ADD, 8, 0));
		put(code, ALU64_K(BPF_SUB, 6, 1));
		put(code, JUMP_K(BPF_JNE, 6, 0, -10));
		put(code, STORE(BPF_DW, 10, -8, 7));
	}
	while (code->n < code->size - callee - 2)
		put(code, ALU64_K(BPF_ADD, 8, 1));
	put(code, MOV64_X(0, 8));
	finish(code);
	put(code, MOV64_X(0, 1));
	while (code->n < code->size)
		put(code, ALU64_X(code->n % 2 ? BPF_ADD : BPF_XOR, 0, 1 + code->n % 2));
	finish(code);
}

/* ---- made to be slow ---- */

/* All leave for one place, which so has predecessors without number. */
static void make_exits(struct shape_code *code)
{
	u32 exits[256], n = 0;

	while (more(code, 512)) {
		u32 out;

		/* Jumps reach 32767 far: a hop in every few thousand. */
		put(code, RAW_INSN(BPF_JMP | BPF_JA, 0, 0, 1, 0));
		exits[n % ARRAY_SIZE(exits)] = out = code->n++;
		for (u32 i = 0; i < NEAR && more(code, 256); i += 2) {
			put(code, ALU64_K(BPF_ADD, 0, i));
			put(code, JUMP_K(BPF_JEQ, 1, i, (s32)out - (s32)code->n - 1));
		}
		n++;
	}
	for (u32 i = 0; i < n; i++) {
		u32 end = code->n, at = exits[i];

		code->insns[at] = RAW_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, (s32)end - (s32)at - 1);
	}
	finish(code);
}

/* The same, and that none leaves turns out late. */
static void make_decided(struct shape_code *code)
{
	put(code, ALU64_K(BPF_AND, 1, 255));
	make_exits(code);
	for (u32 i = 0; i < code->n; i++)
		if (code->insns[i].code == (BPF_JMP | BPF_JEQ))
			code->insns[i].imm += 256;
}

/* Each jumps to the next one. */
static void make_blocks(struct shape_code *code)
{
	for (u32 i = 0; more(code, 2); i++)
		put(code, JUMP_K(BPF_JSET, 1, i, 1 + (s32)(i % 2)));
	for (u32 i = 0; i < 4; i++)
		put(code, MOV64_K(0, 0));
	finish(code);
}

/* Loops in loops in loops. */
static void make_nest(struct shape_code *code)
{
	u32 depth = code->size / 5;

	for (u32 i = 0; i < depth; i++)
		put(code, ALU64_K(BPF_ADD, i % 5, 1));
	for (u32 i = depth; i-- > 0;) {
		put(code, ALU64_K(BPF_ADD, 6, 1));
		put(code, JUMP_X(BPF_JLT, 6, i % 5, 1));
		put(code, RAW_INSN(BPF_JMP | BPF_JA, 0, 0, 1, 0));
		put_goto(code, i);
	}
	finish(code);
}

/* What was computed at first is computed once more at the end. */
static void make_again(struct shape_code *code)
{
	u32 n = code->size / 9;

	put(code, MOV64_X(6, 1));
	for (u32 round = 0; round < 2; round++) {
		for (u32 i = 0; i < n; i++) {
			put(code, MOV64_X(7, 6));
			put(code, ALU64_K(BPF_MUL, 7, i * 2 + 12345));
			put(code, ALU64_K(BPF_XOR, 7, i));
			put(code, ALU64_X(round ? BPF_SUB : BPF_ADD, 0, 7));
			if (i % 16 == 0) {
				put(code, JUMP_K(BPF_JEQ, 0, i, 1));
				put(code, ALU64_K(BPF_ADD, 0, 3));
			}
		}
	}
	finish(code);
}

/* Stack slots live past joins that do not change them. */
static void make_slots(struct shape_code *code)
{
	for (u32 i = 0; i < SLOTS; i++)
		put(code, STORE(BPF_DW, 10, -8 - (s32)i * 8, 1));
	for (u32 i = 0; more(code, 2 * SLOTS + 4); i++) {
		put(code, JUMP_K(BPF_JEQ, 0, i, 1));
		put(code, i % SLOTS ? ALU64_K(BPF_ADD, 0, i)
				    : STORE(BPF_DW, 10, -8 - (s32)(i / SLOTS % SLOTS) * 8, 0));
	}
	for (u32 i = 0; i < SLOTS; i++) {
		put(code, LOAD(BPF_DW, 1, 10, -8 - (s32)i * 8));
		put(code, ALU64_X(BPF_ADD, 0, 1));
	}
	finish(code);
}

/* The same of bytes, which are many more. */
static void make_bytes(struct shape_code *code)
{
	for (u32 i = 0; i < STACK_SIZE; i++)
		put(code, STORE(BPF_B, 10, -1 - (s32)i, 1));
	for (u32 i = 0; more(code, 2 * SLOTS + 4); i++) {
		put(code, JUMP_K(BPF_JEQ, 0, i, 1));
		put(code, STORE(BPF_B, 10, -1 - (s32)(i % STACK_SIZE), 0));
		put(code, LOAD(BPF_B, 1, 10, -1 - (s32)(i * 7 % STACK_SIZE)));
		put(code, ALU64_X(BPF_ADD, 0, 1));
	}
	finish(code);
}

/* Loops that are entered in two places, each within the one before. */
static void make_odd(struct shape_code *code)
{
	u32 n = code->size / 4;

	for (u32 i = 0; i < n; i++)
		put(code, JUMP_K(BPF_JSET, 1, i, n - i < 30000 ? (s32)(n - i) : 30000));
	for (u32 i = n; i-- > 0;) {
		put(code, ALU64_K(BPF_ADD, i % 5, i));
		put(code, JUMP_K(BPF_JSET, 1, i, 1));
		put_goto(code, i);
	}
	finish(code);
}

/* Subprograms that call the next one, and the one after it. */
static void make_subprogs(struct shape_code *code)
{
	u32 each = code->size / 250, n = 250;

	if (each < 8)
		each = 8;
	for (u32 s = 0; s < n; s++) {
		u32 start = code->n;

		while (code->n < start + each - 6)
			put(code, ALU64_K(BPF_ADD, 1, code->n));
		put(code, MOV64_X(6, 1));
		for (u32 i = 1; i <= 2; i++)
			put(code,
			    s + i < n ? LOCAL_CALL(start + i * each - code->n - 1) : MOV64_X(0, 6));
		put(code, ALU64_X(BPF_ADD, 0, 6));
		while (code->n < start + each - 1)
			put(code, MOV64_X(0, 0));
		finish(code);
	}
}

/* Everything lives at once and is wanted in memory and in registers by turns. */
static void make_pressure(struct shape_code *code)
{
	for (u32 i = 0; more(code, 4); i++) {
		put(code, LOAD(BPF_DW, i % 10, 10, -8 - (s32)(i * 13 % SLOTS) * 8));
		put(code, ALU64_X(i % 3 ? BPF_ADD : BPF_DIV, i % 10, (i + 1) % 10));
		put(code, STORE(BPF_DW, 10, -8 - (s32)(i * 29 % SLOTS) * 8, i % 10));
		if (i % 8 == 7)
			put(code, JUMP_K(BPF_JEQ, 0, i, -20));
	}
	finish(code);
}

const struct jit_shape jit_shapes[] = {
	{"straight", false, make_straight},
	{"joins", false, make_joins},
	{"loops", false, make_loops},
	{"exits", true, make_exits},
	{"decided", true, make_decided},
	{"blocks", true, make_blocks},
	{"nest", true, make_nest},
	{"again", true, make_again},
	{"slots", true, make_slots},
	{"bytes", true, make_bytes},
	{"odd", true, make_odd},
	{"subprogs", true, make_subprogs},
	{"pressure", true, make_pressure},
};

const u32 jit_shape_cnt = ARRAY_SIZE(jit_shapes);

struct prog *jit_shape_prog(struct host *host, const struct jit_shape *shape, u32 size)
{
	struct shape_code code = {.size = size};
	struct prog *prog;

	code.insns = calloc(size + SLACK, sizeof(*code.insns));
	shape->make(&code);
	prog = engine_prog(host, code.insns, code.n, STACK_SIZE);
	free(code.insns);
	return prog;
}

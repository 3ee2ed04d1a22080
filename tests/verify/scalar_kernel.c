/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a number, compared with the running kernel: random straight
 * programs with branches out are verified by Linux, whose log tells what it
 * knows after each instruction. From Linux's own knowledge before the
 * instruction ours is computed and held against Linux's after, so that every
 * instruction is a comparison by itself. Each state that Linux printed is also
 * printed by us and must come out the same to the letter.
 *
 * Kernels after 6.12 know more: of sums and differences that wrap and of
 * products, and they notice when a tnum and an interval share one number only.
 * In that, and in that alone, ours may be wider, in a small share of cases;
 * narrower it must not be, but for some products, of which newer kernels at
 * times know less. (Of kernels after 6.18, which may know more still, only the
 * latter is asked.) A branch that we know to be impossible Linux follows with
 * what it makes up; it is counted by itself.
 */
#include <sys/utsname.h>

#include "tap.h"

#include "isa/kernel.h"
#include "verify/scalar_text.h"
#include "verify/scalar.h"

#define PROGRAMS  1500
#define STEPS	  24
#define MAX_INSNS 200
#define MAX_LOG	  (1u << 20)
#define FIRST_REG BPF_REG_6
#define REGS	  4
#define MOVE	  (BPF_ALU64 | BPF_MOV | BPF_X)

static u64 seed = 1;

static u64 rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static u32 rnd_below(u32 n)
{
	return (u32)((rnd() >> 32) * n >> 32);
}

/* ---- random programs ---- */

struct program {
	struct bpf_insn insns[MAX_INSNS];
	u32 len;
	u32 jumps[STEPS], jump_cnt;
};

static void emit(struct program *p, u8 code, u8 dst, u8 src, s16 off, s32 imm)
{
	p->insns[p->len++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 15u, .src_reg = src & 15u, .off = off, .imm = imm};
}

static u8 rnd_reg(void)
{
	return (u8)(FIRST_REG + rnd_below(REGS));
}

/* One call of rnd() an expression, so that every compiler makes the same programs. */
static s32 rnd_imm(void)
{
	u32 bits = rnd_below(32), near = rnd_below(3), v = (u32)rnd();

	switch (rnd_below(4)) {
	case 0:
		return (s32)(0 - (v >> bits));
	case 1:
		return (s32)((1u << bits) + near - 1);
	default:
		return (s32)(v >> bits);
	}
}

/* r0 is overwritten so that the register is linked to no other. */
static void emit_unknown(struct program *p, u8 reg)
{
	emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, 7 /* bpf_get_prandom_u32 */);
	emit(p, MOVE, reg, 0, 0, 0);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
}

static void emit_alu(struct program *p)
{
	static const u8 ops[] = {BPF_ADD, BPF_SUB,  BPF_MUL, BPF_AND, BPF_OR,  BPF_XOR, BPF_LSH,
				 BPF_RSH, BPF_ARSH, BPF_ADD, BPF_SUB, BPF_AND, BPF_OR,	BPF_DIV};
	u8 class = rnd_below(2) ? BPF_ALU64 : BPF_ALU;
	u8 op = ops[rnd_below(ARRAY_SIZE(ops))];
	bool shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
	u8 dst = rnd_reg(), src = rnd_reg();
	s32 imm = rnd_imm();

	if (shift)
		imm = (s32)rnd_below(class == BPF_ALU64 ? 64 : 32);
	if (op == BPF_DIV && !imm)
		imm = 7;
	if (rnd_below(2) || shift)
		emit(p, class | op | BPF_K, dst, 0, 0, imm);
	else
		emit(p, class | op | BPF_X, dst, src, 0, 0);
}

/* Moves of a register onto itself: truncation and sign extension. */
static void emit_move(struct program *p)
{
	static const s16 sizes[] = {8, 16, 32};
	u8 reg = rnd_reg();

	if (rnd_below(3) == 0)
		emit(p, BPF_ALU | BPF_MOV | BPF_X, reg, reg, 0, 0);
	else if (rnd_below(2))
		emit(p, BPF_ALU | BPF_MOV | BPF_X, reg, reg, sizes[rnd_below(2)], 0);
	else
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, reg, reg, sizes[rnd_below(3)], 0);
}

/* A mask of the sign bit and its use, which Linux follows as two paths. */
static void emit_mask(struct program *p)
{
	bool half = rnd_below(2);
	u8 class = rnd_below(2) ? BPF_ALU : BPF_ALU64, op = rnd_below(2) ? BPF_AND : BPF_OR;
	u8 reg = rnd_reg();

	emit(p, (half ? BPF_ALU : BPF_ALU64) | BPF_ARSH | BPF_K, reg, 0, 0, half ? 31 : 63);
	emit(p, class | op | BPF_K, reg, 0, 0, rnd_imm());
}

static void emit_unknown_or_mask(struct program *p)
{
	if (rnd_below(4))
		emit_unknown(p, rnd_reg());
	else
		emit_mask(p);
}

static void emit_jump(struct program *p)
{
	static const u8 ops[] = {BPF_JEQ, BPF_JNE,  BPF_JSET, BPF_JGT,	BPF_JGE, BPF_JLT,
				 BPF_JLE, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE};
	u8 class = rnd_below(2) ? BPF_JMP : BPF_JMP32;
	u8 op = ops[rnd_below(ARRAY_SIZE(ops))];
	u8 dst = rnd_reg(), src = rnd_reg();

	p->jumps[p->jump_cnt++] = p->len;
	if (rnd_below(3) || dst == src)
		emit(p, class | op | BPF_K, dst, 0, 0, rnd_imm());
	else
		emit(p, class | op | BPF_X, dst, src, 0, 0);
}

/* Each jump goes to a place of its own, so that Linux has nothing to prune. */
static void make_program(struct program *p)
{
	u32 i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < REGS; i++)
		emit_unknown(p, (u8)(FIRST_REG + i));
	for (i = 0; i < STEPS; i++) {
		u32 kind = rnd_below(20);

		if (kind == 0)
			emit_unknown_or_mask(p);
		else if (kind < 4)
			emit_move(p);
		else if (kind < 11)
			emit_jump(p);
		else
			emit_alu(p);
	}
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (i = 0; i < p->jump_cnt; i++) {
		p->insns[p->jumps[i]].off = (s16)(p->len - p->jumps[i] - 1);
		emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
		emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
}

/* ---- Linux's log ---- */

struct state {
	struct scalar regs[REGS];
	bool known[REGS]; /* printed, as a scalar */
};

/* The same text must come out of ours. */
static void check_text(const char *s, const struct scalar *a)
{
	size_t len = strcspn(s, " \n");
	const char *inner = s;
	struct buf buf;

	while (s[len] && s[len] != '\n' && !(s[len] == ' ' && s[len - 1] != ';'))
		len += 1 + strcspn(s + len + 1, " \n");
	buf_init(&buf, &mem_libc);
	if (*s == 'P') {
		inner++;
		len--;
	}
	if (scalar_is_const(a)) {
		scalar_print_s64((s64)a->var_off.value, &buf);
	} else {
		const char *sep = "";

		buf_puts(&buf, "scalar(");
		if (!strncmp(inner + 7, "id=", 3)) {
			buf_add(&buf, inner + 7, strcspn(inner + 7, ",)"));
			sep = ",";
		}
		scalar_print(a, sep, &buf);
		buf_putc(&buf, ')');
	}
	if (strncmp(buf_str(&buf), inner, len) || buf_str(&buf)[len])
		tap_fail("Linux prints %.*s, we %s", (int)len, inner, buf_str(&buf));
	buf_free(&buf);
}

/* Updates what a line of the log says of the registers; false when it is not understood. */
static bool parse_state(const char *line, struct state *state)
{
	const char *s = line, *end = line + strcspn(line, "\n");

	while ((s = strstr(s, " R")) && s < end) {
		u32 reg;

		s += 2;
		reg = (u32)atoi(s);
		s += strcspn(s, "=\n");
		if (*s != '=' || reg < FIRST_REG || reg >= FIRST_REG + REGS)
			continue;
		reg -= FIRST_REG;
		state->known[reg] = parse_scalar(++s, &state->regs[reg]);
		if (!state->known[reg])
			return false;
		check_text(s, &state->regs[reg]);
	}
	return true;
}

/* The line that starts with @start. */
static const char *find_line(const char *log, const char *start)
{
	size_t len = strlen(start);

	while (log && strncmp(log, start, len)) {
		log = strchr(log, '\n');
		if (log)
			log++;
	}
	return log;
}

static const char *insn_line(const char *log, u32 i)
{
	char start[32];

	snprintf(start, sizeof(start), "%u: (", i);
	return find_line(log, start);
}

static const char *branch_line(const char *log, u32 from, u32 to)
{
	char start[64];

	snprintf(start, sizeof(start), "from %u to %u: R", from, to);
	return find_line(log, start);
}

/* ---- comparing ---- */

enum outcome { EQUAL, ONE_LEFT, WIDER, NARROWER, MIXED, IMPOSSIBLE, OUTCOMES };

struct count {
	u32 n[OUTCOMES];
};

enum { ALU_ROWS = 0, JUMP_ROWS = 32, DECIDE_ROWS = 64, ROWS = 96 };

static const char *const alu_names[16] = {"add", "sub", "mul", "div", "or",  "and",  "lsh",
					  "rsh", "neg", "mod", "xor", "mov", "arsh", "end"};
static const char *const jump_names[16] = {"ja",   "jeq",  "jgt",  "jge", "jset", "jne",  "jsgt",
					   "jsge", "call", "exit", "jlt", "jle",  "jslt", "jsle"};

static struct count counts[ROWS];
static u32 splits;
static bool verbose;

static const char *row_name(u32 row, char name[32])
{
	u32 op = row % 32 / 2;

	snprintf(name, 32, "%s%s%s", row >= DECIDE_ROWS ? "decide " : "",
		 row < JUMP_ROWS ? alu_names[op] : jump_names[op], row % 2 ? "32" : "64");
	return name;
}

static u32 row_of(u32 base, u8 code)
{
	bool half = BPF_CLASS(code) == BPF_ALU || BPF_CLASS(code) == BPF_JMP32;

	return base + BPF_OP(code) / 16u * 2 + half;
}

static enum outcome compare(const struct scalar *ours, const struct scalar *theirs)
{
	bool wider = scalar_contains(ours, theirs), narrower = scalar_contains(theirs, ours);

	if (wider && narrower)
		return EQUAL;
	if (wider && scalar_is_const(theirs))
		return ONE_LEFT;
	return wider ? WIDER : narrower ? NARROWER : MIXED;
}

static void tell(const char *what, const struct scalar *a)
{
	struct buf buf;

	buf_init(&buf, &mem_libc);
	if (scalar_is_const(a))
		scalar_print_s64((s64)a->var_off.value, &buf);
	else
		scalar_print(a, "", &buf);
	printf("#    %s scalar(%s)\n", what, buf_str(&buf));
	buf_free(&buf);
}

static void count_state(u32 row, const struct scalar *ours, const struct scalar *theirs,
			const struct scalar *dst, const struct scalar *src)
{
	enum outcome outcome = compare(ours, theirs);
	char name[32];

	counts[row].n[outcome]++;
	if (verbose && outcome != EQUAL) {
		printf("#  %s:\n", row_name(row, name));
		tell("dst  ", dst);
		tell("src  ", src);
		tell("ours ", ours);
		tell("Linux", theirs);
	}
}

static struct scalar operand(const struct bpf_insn *insn, const struct state *state)
{
	if (BPF_SRC(insn->code) == BPF_X)
		return state->regs[insn->src_reg - FIRST_REG];
	return scalar_const((u64)(s64)insn->imm);
}

static struct scalar our_alu(const struct bpf_insn *insn, struct scalar dst, struct scalar src)
{
	bool is64 = BPF_CLASS(insn->code) == BPF_ALU64;

	if (BPF_OP(insn->code) == BPF_MOV && insn->off)
		return scalar_sext(dst, (u8)(insn->off / 8), is64);
	if (BPF_OP(insn->code) == BPF_MOV)
		return scalar_mov32(dst);
	return scalar_alu(BPF_OP(insn->code), is64, insn->off, dst, src);
}

/*
 * False when Linux went on with two paths from here: the log has all that
 * follows twice. Not every 6.12 does, so that only when it has to be done, not
 * whether, is compared.
 */
static bool compare_alu(const struct program *p, u32 i, const char *log, const struct state *before,
			const struct state *after)
{
	const struct bpf_insn *insn = &p->insns[i];
	u32 reg = insn->dst_reg - (u32)FIRST_REG, row = row_of(ALU_ROWS, insn->code);
	struct scalar dst = before->regs[reg], src = operand(insn, before), ours, zero, ones;
	bool split = branch_line(log, i, i) != NULL;

	if (split) {
		if (!scalar_split(BPF_OP(insn->code), &dst, &src, &zero, &ones)) {
			counts[row].n[MIXED]++;
			return false;
		}
		splits++;
		dst = ones;
	}
	ours = our_alu(insn, dst, src);
	count_state(row, &ours, &after->regs[reg], &dst, &src);
	return !split;
}

/* @theirs: what Linux decided. */
static void compare_decision(const struct bpf_insn *insn, const struct state *before, int theirs)
{
	struct scalar dst = before->regs[insn->dst_reg - FIRST_REG], src = operand(insn, before);
	int ours = scalar_branch(BPF_OP(insn->code), BPF_CLASS(insn->code) == BPF_JMP, &dst, &src);
	u32 row = row_of(DECIDE_ROWS, insn->code);

	if (ours == theirs)
		counts[row].n[EQUAL]++;
	else
		counts[row].n[ours < 0 ? WIDER : theirs < 0 ? NARROWER : MIXED]++;
}

/* False when the branch is impossible. */
static bool compare_branch(const struct bpf_insn *insn, bool taken, const struct state *before,
			   const struct state *after)
{
	struct scalar dst = before->regs[insn->dst_reg - FIRST_REG], src = operand(insn, before);
	struct scalar rdst = dst, rsrc = src;
	u32 row = row_of(JUMP_ROWS, insn->code);

	if (!scalar_refine(BPF_OP(insn->code), BPF_CLASS(insn->code) == BPF_JMP, taken, &rdst,
			   &rsrc)) {
		counts[row].n[IMPOSSIBLE]++;
		return false;
	}
	count_state(row, &rdst, &after->regs[insn->dst_reg - FIRST_REG], &dst, &src);
	if (BPF_SRC(insn->code) == BPF_X)
		count_state(row, &rsrc, &after->regs[insn->src_reg - FIRST_REG], &src, &dst);
	return true;
}

/* False when what follows is impossible. */
static bool compare_jump(const struct program *p, u32 i, const char *log,
			 const struct state *before, const struct state *after)
{
	const struct bpf_insn *insn = &p->insns[i];
	const char *taken = branch_line(log, i, (u32)((s32)i + 1 + insn->off));
	bool fallen = insn_line(log, i + 1) != NULL;
	struct state there = *before;

	compare_decision(insn, before, taken ? -1 : fallen ? 0 : 1);
	if (!taken || !fallen)
		return fallen;
	if (!parse_state(taken, &there))
		tap_fail("not understood: %.*s", (int)strcspn(taken, "\n"), taken);
	else
		compare_branch(insn, true, before, &there);
	return compare_branch(insn, false, before, after);
}

/* False when the program's path ends here, or cannot be followed further. */
static bool compare_insn(const struct program *p, u32 i, const char *log,
			 const struct state *before, const struct state *after)
{
	const struct bpf_insn *insn = &p->insns[i];
	u8 class = BPF_CLASS(insn->code);

	if (class == BPF_ALU || class == BPF_ALU64) {
		if (insn->dst_reg < FIRST_REG || (insn->src_reg == 0 && insn->code == MOVE))
			return true;
		return compare_alu(p, i, log, before, after);
	}
	return BPF_OP(insn->code) == BPF_CALL || compare_jump(p, i, log, before, after);
}

static void compare_program(const struct program *p, const char *log)
{
	struct state before = {0}, after;
	const char *line;
	u32 i;

	for (i = 0; p->insns[i].code != (BPF_JMP | BPF_EXIT); i++) {
		line = insn_line(log, i);
		if (!line)
			return;
		after = before;
		if (!parse_state(line, &after)) {
			tap_fail("not understood: %.*s", (int)strcspn(line, "\n"), line);
			return;
		}
		if (!compare_insn(p, i, log, &before, &after))
			return;
		before = after;
	}
}

#define VERSION(major, minor) ((major)*1000u + (minor))

static u32 kernel_version(void)
{
	struct utsname name;
	u32 major = 0, minor = 0;

	if (!uname(&name))
		sscanf(name.release, "%u.%u", &major, &minor);
	return VERSION(major, minor);
}

/* In how many of 100 cases ours may be wider, and narrower. */
struct allowance {
	u32 wider, narrower;
};

static struct allowance allowance(u32 row)
{
	if (row < JUMP_ROWS) {
		switch (row / 2 * 16) {
		case BPF_ADD:
		case BPF_SUB:
			return (struct allowance){5, 0};
		case BPF_MUL:
			return (struct allowance){30, 2};
		}
	}
	return (struct allowance){0, 0};
}

static void check_row(u32 row, struct count *all)
{
	const u32 *n = counts[row].n;
	u32 total = 0, k;
	char name[32];

	for (k = 0; k < OUTCOMES; k++) {
		total += n[k];
		all->n[k] += n[k];
	}
	if (!total)
		return;
	if (n[EQUAL] != total)
		printf("# %-13s %6u equal %4u one left %4u wider %4u narrower %4u mixed"
		       " %4u impossible\n",
		       row_name(row, name), n[EQUAL], n[ONE_LEFT], n[WIDER], n[NARROWER], n[MIXED],
		       n[IMPOSSIBLE]);
	tap_begin(row_name(row, name));
	check(n[EQUAL] > 0);
	check((n[NARROWER] + n[MIXED]) * 100 <= total * allowance(row).narrower);
	if (kernel_version() <= VERSION(6, 18)) {
		check(n[WIDER] * 100 <= total * allowance(row).wider);
		check(n[ONE_LEFT] * 100 <= total * 2);
	}
	tap_end();
}

static void report(void)
{
	struct count all = {0};
	u32 i;

	for (i = 0; i < ROWS; i++)
		check_row(i, &all);
	printf("# all: %u equal, %u one left, %u wider, %u narrower, %u mixed, %u impossible\n",
	       all.n[EQUAL], all.n[ONE_LEFT], all.n[WIDER], all.n[NARROWER], all.n[MIXED],
	       all.n[IMPOSSIBLE]);
	printf("# followed as two paths: %u\n", splits);
}

static void test_programs(void)
{
	static struct program p;
	static char log[MAX_LOG];
	u32 i;

	for (i = 0; i < PROGRAMS && tap.ok; i++) {
		int err;

		make_program(&p);
		err = kernel_load(BPF_PROG_TYPE_SOCKET_FILTER, p.insns, p.len, 2, log, MAX_LOG);
		if (err)
			tap_fail("program %u: error %d: %.200s", i, err, log);
		else
			compare_program(&p, log);
	}
}

int main(int argc, char **argv)
{
	(void)argv;
	verbose = argc > 1;
	if (!kernel_answers() || kernel_version() < VERSION(6, 12)) {
		tap_begin("scalars as Linux knows them");
		tap_skip("no bpf() here of Linux 6.12 or later");
		tap_end();
		return tap_done();
	}
	run_test(test_programs);
	report();
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Register allocation on made-up machines with few registers and odd wishes:
 * small functions whose result can be read (regalloc.txt), and random ones
 * whose result is followed along all paths (ra_check.h).
 */
#include <errno.h>
#include <time.h>

#include "ra_check.h"
#include "tap.h"

#define MAX_BLOCKS 40
#define MAX_VARS   12

/* ---- machines ---- */

static const char *const reg_names[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "tmp"};

static void fixed(struct jit_operand *o, u8 reg)
{
	*o = (struct jit_operand){PLACE_FIXED, reg};
}

static void constrain_call(const struct ir_insn *insn, struct jit_constraints *c)
{
	static const u8 regs[] = {0, 1};

	for (u32 i = 0; i < insn->nargs; i++)
		if (insn->arg[i])
			fixed(&c->arg[i], regs[i]);
	c->clobbers = BIT(0) | BIT(1) | BIT(2);
	fixed(&c->result, 0);
}

static void constrain_op(const struct ir_insn *insn, struct jit_constraints *c)
{
	switch (insn->op) {
	case IR_ADD:
		c->arg[1].place = PLACE_ANY;
		c->result.place = PLACE_SAME;
		break;
	case IR_SUB:
	case IR_MUL:
		c->result.place = PLACE_SAME;
		break;
	case IR_OR:
		c->result = (struct jit_operand){PLACE_SAME, 1};
		break;
	case IR_AND:
		c->late_args = 3;
		break;
	case IR_SHL:
		fixed(&c->arg[1], 1);
		c->result.place = PLACE_SAME;
		break;
	case IR_UDIV:
		fixed(&c->arg[0], 0);
		fixed(&c->result, 0);
		c->clobbers = BIT(1);
		c->late_args = BIT(1);
		break;
	case IR_UMULH:
		fixed(&c->arg[0], 0);
		fixed(&c->result, 1);
		c->arg[1].place = PLACE_ANY;
		c->clobbers = BIT(0);
		break;
	case IR_SELECT:
		c->arg[0].place = c->arg[1].place = PLACE_ANY;
		c->result = (struct jit_operand){PLACE_SAME, 2};
		break;
	case IR_BR:
		c->arg[1].place = PLACE_ANY;
		break;
	case IR_RET:
		fixed(&c->arg[0], 0);
		break;
	case IR_SAR: /* takes a register for itself */
		c->clobbers = BIT(2);
		break;
	default:
		break;
	}
}

static void constrain(const struct ir_fn *fn, const struct ir_insn *insn, struct jit_constraints *c)
{
	u32 n = ir_nargs(fn, insn);

	if (ir_flags(insn) & IR_OP_CALL) {
		constrain_call(insn, c);
		return;
	}
	for (u32 i = 0; i < n; i++)
		c->arg[i].place = PLACE_REG;
	if (!(ir_flags(insn) & IR_OP_VOID))
		c->result.place = PLACE_REG;
	constrain_op(insn, c);
	for (u32 i = 0; i < n; i++)
		if (ir_is_literal(fn, insn->arg[i]) && c->arg[i].place != PLACE_FIXED)
			c->arg[i].place = PLACE_NONE;
}

static const struct jit_target machines[] = {
	{
		.name = "three registers",
		.nregs = 9,
		.allocatable = 7,
		.arg_regs = {0, 1, 2},
		.ret_reg = 0,
		.scratch = 8,
		.reg_names = reg_names,
		.constrain = constrain,
	},
	{
		.name = "four registers",
		.nregs = 9,
		.allocatable = 15,
		.callee_saved = 8,
		.arg_regs = {0, 1, 2},
		.ret_reg = 0,
		.scratch = 8,
		.reg_names = reg_names,
		.constrain = constrain,
	},
	{
		.name = "eight registers",
		.nregs = 9,
		.allocatable = 255,
		.callee_saved = 0xf8,
		.arg_regs = {0, 1, 2},
		.ret_reg = 0,
		.scratch = 8,
		.reg_names = reg_names,
		.constrain = constrain,
	},
};

/* ---- random functions ---- */

struct gen {
	struct ir_fn *fn;
	u64 state;
	u32 nblocks, nvars;
	u32 reach;		  /* how far branches go, in blocks */
	ir_ref (*vars)[MAX_VARS]; /* by block: what each holds at its end */
	ir_ref now[MAX_VARS];
};

static u32 below(struct gen *g, u32 n)
{
	g->state = g->state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(g->state >> 33) % n;
}

static ir_ref some(struct gen *g)
{
	return g->now[below(g, g->nvars)];
}

static ir_ref some_or_const(struct gen *g)
{
	return below(g, 4) ? some(g) : ir_const(g->fn, below(g, 100));
}

static struct ir_insn random_insn(struct gen *g)
{
	static const u8 binary[] = {IR_ADD, IR_ADD, IR_SUB, IR_OR,    IR_AND, IR_UDIV,
				    IR_SHL, IR_MUL, IR_XOR, IR_UMULH, IR_SAR};
	u32 sym = ir_sym(g->fn, SYM_HELPER, 1, 0, 0);
	u32 what = below(g, 20);

	if (what < 12)
		return ir_binary(binary[below(g, ARRAY_SIZE(binary))], 8, some(g), some(g));
	switch (what) {
	case 12:
		return (struct ir_insn){.op = IR_IMM, .imm = below(g, 8)};
	case 13:
		return (struct ir_insn){.op = IR_FRAME, .imm = -(s64)below(g, 4) * 8};
	case 14:
		return ir_select(IR_ULT, 8, some(g), ir_const(g->fn, 7), some(g), some(g));
	case 15:
		return ir_load(8, some(g), 8, MEM_STACK);
	case 16:
		return ir_binary(IR_ADD, 8, some(g), ir_const(g->fn, 1));
	default:
		return ir_call(sym, (ir_ref[]){some_or_const(g), some_or_const(g)},
			       (u8)below(g, 3));
	}
}

static void random_block(struct gen *g, u32 block)
{
	u32 n = below(g, 12);

	for (u32 i = 0; i < n; i++) {
		ir_ref ref;

		if (!below(g, 8)) {
			ir_append(g->fn, block, ir_store(8, some(g), 0, some(g), MEM_STACK));
			continue;
		}
		ref = ir_append(g->fn, block, random_insn(g));
		g->now[below(g, g->nvars)] = ref;
	}
}

/* A block that is not the entry, near @block. */
static u32 some_block(struct gen *g, u32 block)
{
	u32 low = block > g->reach / 4 ? block - g->reach / 4 : 1;
	u32 to = low + below(g, g->reach);

	return to < g->nblocks ? to : 1 + below(g, g->nblocks - 1);
}

static void random_end(struct gen *g, u32 block)
{
	u32 next = block + 1;

	if (next == g->nblocks || (g->reach >= g->nblocks && !below(g, 24)))
		ir_ret(g->fn, block, some(g));
	else if (!below(g, 4))
		ir_jmp(g->fn, block, below(g, 4) ? next : some_block(g, block));
	else
		ir_br(g->fn, block, IR_ULT, 8, some(g), some_or_const(g), some_block(g, block),
		      next);
}

/* A phi of each variable where a block has several predecessors; ir_clean() drops what is too much.
 */
static void random_fn(struct gen *g)
{
	ir_ref(*phis)[MAX_VARS] = calloc(g->nblocks, sizeof(*phis));

	for (u32 b = 1; b < g->nblocks; b++) {
		ir_new_block(g->fn);
		g->fn->blocks[b]->cold = !below(g, 5);
	}
	for (u32 b = 0; b < g->nblocks; b++) {
		for (u32 v = 0; v < g->nvars; v++) {
			if (b)
				g->now[v] = phis[b][v] = ir_phi(g->fn, b);
			else
				g->now[v] = ir_append(
					g->fn, b,
					v < 3 ? (struct ir_insn){.op = IR_PARAM, .imm = v}
					      : (struct ir_insn){.op = v < 4 ? IR_UNDEF : IR_IMM,
								 .imm = v});
		}
		random_block(g, b);
		random_end(g, b);
		memcpy(g->vars[b], g->now, sizeof(g->now));
	}
	for (u32 b = 1; b < g->nblocks; b++)
		for (u32 v = 0; v < g->nvars; v++)
			for (u32 i = 0; i < g->fn->blocks[b]->npreds; i++)
				ir_at(g->fn, phis[b][v])->phi[i] =
					g->vars[g->fn->blocks[b]->preds[i]][v];
	ir_clean(g->fn);
	ir_cfg(g->fn);
	free(phis);
}

static int random_case(const struct jit_target *machine, u64 seed, struct err *err)
{
	ir_ref vars[MAX_BLOCKS][MAX_VARS];
	struct gen g = {.state = seed, .vars = vars};
	struct arena arena;
	struct ir_fn fn;
	int ret;

	arena_init(&arena, &mem_libc);
	ret = ir_fn_init(&fn, NULL, &arena, 0);
	g.fn = &fn;
	below(&g, 2);
	g.nblocks = 1 + below(&g, MAX_BLOCKS);
	g.nvars = 4 + below(&g, MAX_VARS - 3);
	g.reach = g.nblocks;
	random_fn(&g);
	if (!ret)
		ret = ir_check(&fn, err);
	if (!ret)
		ret = jit_regalloc(machine, &fn);
	if (ret && !err->code)
		err_set(err, ret, "fails with %d", ret);
	if (!ret)
		ret = ra_check(machine, &fn, err);
	arena_free(&arena);
	return ret;
}

static void test_random(const struct jit_target *machine)
{
	u64 n = getenv("RA_TEST_CASES") ? strtoull(getenv("RA_TEST_CASES"), NULL, 0) : 1500;
	u64 first = getenv("RA_TEST_SEED") ? strtoull(getenv("RA_TEST_SEED"), NULL, 0) : 1;

	for (u64 seed = first; seed < first + n; seed++) {
		struct err err = {0};

		if (random_case(machine, seed, &err))
			tap_fail("%s: seed %" PRIu64 ": %s", machine->name, seed, err.text);
	}
}

/* ---- small functions ---- */

/* The machine that the title names, else the last one. */
static const struct jit_target *machine_for(const char *title)
{
	for (u32 i = 0; i < ARRAY_SIZE(machines); i++)
		if (strstr(title, machines[i].name))
			return &machines[i];
	return &machines[ARRAY_SIZE(machines) - 1];
}

/* What becomes of the function; reports what goes wrong. */
static void allocate_text(const char *title, const char *before, struct buf *out)
{
	const struct jit_target *machine = machine_for(title);
	struct err err = {0};
	struct arena arena;
	struct ir_fn fn;

	arena_init(&arena, &mem_libc);
	if (ir_fn_init(&fn, NULL, &arena, 0) || ir_parse(&fn, before, &err) || ir_check(&fn, &err))
		tap_fail("before: %s", err.text);
	else if (jit_regalloc(machine, &fn) || ra_check(machine, &fn, &err))
		tap_fail("after: %s", err.text);
	else
		ir_print(out, &fn);
	arena_free(&arena);
}

/* One case of regalloc.txt; @text is at its title and is left at the next one's. */
static void text_case(char **text, struct buf *updated)
{
	char *title = *text, *before = strchr(title, '\n') + 1;
	char *after = strstr(before, "=>\n"), *next;
	struct buf out;

	buf_init(&out, &mem_libc);
	before[-1] = 0;
	*after = 0;
	after += 3;
	next = strstr(after, "== ");
	if (next)
		*next = 0;
	tap_begin(title);
	allocate_text(title, before, &out);
	if (strcmp(buf_str(&out), after))
		tap_fail("it became\n%s", buf_str(&out));
	tap_end();
	buf_printf(updated, "== %s\n%s=>\n%s", title, before, buf_str(&out));
	buf_free(&out);
	*text = next ? next + 3 : NULL;
}

/* The cases of regalloc.txt; with ANYBPF_TEST_UPDATE set, what comes out is written there. */
static void test_texts(void)
{
	const char *dir = getenv("ANYBPF_TEST_DATA");
	static char data[65536];
	char path[4096], *text = data + 3;
	struct buf updated;
	FILE *file;

	snprintf(path, sizeof(path), "%s/regalloc.txt", dir ? dir : "tests/jit");
	file = fopen(path, "r");
	if (!file || !fread(data, 1, sizeof(data) - 1, file)) {
		printf("Bail out! no %s\n", path);
		exit(1);
	}
	fclose(file);
	buf_init(&updated, &mem_libc);
	while (text)
		text_case(&text, &updated);
	if (getenv("ANYBPF_TEST_UPDATE") && (file = fopen(path, "w"))) {
		fputs(buf_str(&updated), file);
		fclose(file);
	}
	buf_free(&updated);
}

/* What is given out must grow with the function, not with its square. */
static void test_large(void)
{
	u32 nblocks = getenv("RA_TEST_BLOCKS") ? (u32)atoi(getenv("RA_TEST_BLOCKS")) : 20000;
	struct gen g = {.state = 1, .nblocks = nblocks, .nvars = MAX_VARS, .reach = 40};
	struct timespec from, to;
	u32 n = 0;
	struct arena arena;
	struct ir_fn fn;

	arena_init(&arena, &mem_libc);
	g.vars = calloc(nblocks, sizeof(*g.vars));
	g.fn = &fn;
	check_eq(ir_fn_init(&fn, NULL, &arena, 0), 0);
	random_fn(&g);
	for (u32 b = 0; b < fn.nblocks; b++)
		ir_each (&fn, b, ref)
			n++;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	check_eq(jit_regalloc(&machines[ARRAY_SIZE(machines) - 1], &fn), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	printf("# %u blocks, %u instructions, %.0f ms\n", fn.norder, n,
	       (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6);
	free(g.vars);
	arena_free(&arena);
}

int main(void)
{
	test_texts();
	for (u32 i = 0; i < ARRAY_SIZE(machines); i++) {
		tap_begin(machines[i].name);
		test_random(&machines[i]);
		tap_end();
	}
	run_test(test_large);
	return tap_done();
}

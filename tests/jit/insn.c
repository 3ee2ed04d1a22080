/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every form of instruction with edge operands, from the tables in insn/: one
 * row is one instruction, its operands and what must come out. Each row runs
 * in the interpreter, in the compiler's intermediate form and as machine code with
 * every choice of registers, and all other registers are checked to be as before. Where the
 *machine's kernel allows it, Linux runs the row too: then the tables themselves are proven.
 *
 * What the columns are, the kind of instruction says:
 *	arithmetic	r0, r1; r0 after (two values with a slash between them: of
 *			a little and of a big endian machine)
 *	jump		r0, r1; 1 when taken
 *	load		value in memory; register after
 *	store		register; value in memory after
 *	store constant	value in memory after
 *	atomic		memory, r0, r1; all three after
 */
#include "interp/interp.h"

#include <dirent.h>
#include <errno.h>

#include "base/bytes.h"
#include "engine.h"
#include "ir_eval.h"
#include "isa/asm.h"
#include "isa/isa.h"
#include "jit/jit.h"
#include "linux_oracle.h"

#define COLUMNS_MAX 6

struct row {
	char text[96];
	struct bpf_insn insn[2];
	u32 slots, form;
	u8 kind; /* enum isa_kind */
	u64 column[COLUMNS_MAX];
	u32 columns;
};

/* What a row says of registers and memory before and after. */
struct state {
	u64 dst, src, r0, memory;
	bool taken;
};

/* The program's context: what it leaves behind. */
struct scene {
	u64 regs[10];
	u64 taken;
	u8 around[16];
	u8 memory[8];
	u8 behind[16];
};

static struct host *host;
static u32 rows_of_form[ISA_FORMS];

static bool uses_memory(const struct row *row)
{
	return row->kind == ISA_KIND_LOAD || row->kind == ISA_KIND_STORE ||
	       row->kind == ISA_KIND_STORE_IMM || row->kind == ISA_KIND_ATOMIC;
}

static bool base_is_src(const struct row *row)
{
	return row->kind == ISA_KIND_LOAD;
}

static u32 access_bytes(const struct row *row)
{
	static const u8 bytes[] = {4, 2, 1, 8};

	return bytes[BPF_SIZE(row->insn->code) >> 3];
}

static u64 get_value(const u8 *p, u32 size)
{
	switch (size) {
	case 1:
		return *p;
	case 2:
		return get_u16(p);
	case 4:
		return get_u32(p);
	default:
		return get_u64(p);
	}
}

static void put_value(u8 *p, u32 size, u64 v)
{
	if (size == 1)
		*p = (u8)v;
	else if (size == 2)
		put_u16(p, (u16)v);
	else if (size == 4)
		put_u32(p, (u32)v);
	else
		put_u64(p, v);
}

/* ---- what a row means ---- */

static const u8 columns_of_kind[] = {
	[ISA_KIND_ALU] = 3,    [ISA_KIND_NEG] = 3,	 [ISA_KIND_MOV] = 3,  [ISA_KIND_END] = 3,
	[ISA_KIND_WIDE] = 3,   [ISA_KIND_IF] = 3,	 [ISA_KIND_LOAD] = 2, [ISA_KIND_STORE] = 2,
	[ISA_KIND_ATOMIC] = 6, [ISA_KIND_STORE_IMM] = 1,
};

static void row_states(const struct row *row, struct state *before, struct state *after)
{
	const u64 *c = row->column;

	*before = (struct state){.dst = 0, .r0 = 0x5a5a5a5a5a5a5a5a};
	switch (row->kind) {
	case ISA_KIND_LOAD:
		before->memory = c[0];
		*after = *before;
		after->dst = c[1];
		break;
	case ISA_KIND_STORE:
	case ISA_KIND_STORE_IMM:
		before->src = c[0];
		before->memory = 0x9696969696969696;
		*after = *before;
		after->memory = c[row->columns - 1];
		break;
	case ISA_KIND_ATOMIC:
		*before = (struct state){.memory = c[0], .r0 = c[1], .src = c[2]};
		*after = (struct state){.memory = c[3], .r0 = c[4], .src = c[5]};
		break;
	case ISA_KIND_IF:
		before->dst = c[0];
		before->src = c[1];
		*after = *before;
		after->taken = c[2];
		break;
	default:
		before->dst = c[0];
		before->src = c[1];
		*after = *before;
		after->dst = c[2];
	}
}

/* ---- the program around an instruction ---- */

struct code {
	struct bpf_insn insns[128];
	u32 n;
};

static void put(struct code *code, struct bpf_insn insn)
{
	code->insns[code->n++] = insn;
}

static void put_wide(struct code *code, u32 reg, u64 v)
{
	const struct bpf_insn wide[] = {WIDE(reg, v)};

	put(code, wide[0]);
	put(code, wide[1]);
}

static u64 canary(u32 reg)
{
	return 0xc0ffee0000000000 | reg << 16 | 0x8001;
}

/* The row's instruction on these registers. */
static void put_insn(struct code *code, const struct row *row, u32 dst, u32 src)
{
	struct bpf_insn insn = row->insn[0];

	insn.dst_reg = (u8)(dst & 0xf);
	if (isa_row(&insn)->fields & ISA_S)
		insn.src_reg = (u8)(src & 0xf);
	if (row->kind == ISA_KIND_IF)
		insn.off = 1;
	put(code, insn);
	if (row->slots == 2)
		put(code, row->insn[1]);
	if (row->kind == ISA_KIND_IF) {
		put(code, RAW_INSN(BPF_JMP | BPF_JA, 0, 0, 1, 0));
		put(code, RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -16, 1));
	}
}

static void build(struct code *code, const struct row *row, const struct state *before,
		  const struct scene *scene, u32 dst, u32 src)
{
	u64 address = ptr_to_u64(scene->memory) - (u64)(s64)row->insn->off;

	code->n = 0;
	put(code, STORE(BPF_DW, 10, -8, 1));
	put(code, RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -16, 0));
	for (u32 r = 0; r < 10; r++)
		put_wide(code, r, r ? canary(r) : before->r0);
	put_wide(code, src, base_is_src(row) ? address : before->src);
	if (!base_is_src(row) || dst != src)
		put_wide(code, dst, uses_memory(row) && !base_is_src(row) ? address : before->dst);
	put_insn(code, row, dst, src);
	for (u32 r = 0; r < 10; r++)
		put(code, STORE(BPF_DW, 10, -24 - 8 * (s32)r, r));
	put(code, LOAD(BPF_DW, 1, 10, -8));
	for (u32 r = 0; r < 11; r++) {
		put(code, LOAD(BPF_DW, 2, 10, r < 10 ? -24 - 8 * (s32)r : -16));
		put(code, STORE(BPF_DW, 1, 8 * r, 2));
	}
	put(code, EXIT());
}

/* ---- judging ---- */

static u64 expected_reg(const struct row *row, const struct state *after, const struct scene *scene,
			u32 reg, u32 dst, u32 src)
{
	u64 address = ptr_to_u64(scene->memory) - (u64)(s64)row->insn->off;
	bool atomic = row->kind == ISA_KIND_ATOMIC;

	if (atomic && reg == src)
		return after->src;
	if (reg == dst)
		return uses_memory(row) && !base_is_src(row) ? address : after->dst;
	if (reg == src)
		return base_is_src(row) ? address : after->src;
	return reg ? canary(reg) : after->r0;
}

static void judge(const struct row *row, const struct state *after, const struct scene *scene,
		  const char *engine, u32 dst, u32 src)
{
	u32 size = access_bytes(row);

	for (u32 r = 0; r < 10; r++) {
		u64 want = expected_reg(row, after, scene, r, dst, src);

		if (scene->regs[r] != want)
			tap_fail("%s: %s, dst r%u, src r%u: r%u is %#" PRIx64 ", not %#" PRIx64,
				 row->text, engine, dst, src, r, scene->regs[r], want);
	}
	if (scene->taken != after->taken)
		tap_fail("%s: %s: %s", row->text, engine, scene->taken ? "taken" : "not taken");
	if (uses_memory(row) && get_value(scene->memory, size) != after->memory)
		tap_fail("%s: %s, dst r%u, src r%u: memory is %#" PRIx64, row->text, engine, dst,
			 src, get_value(scene->memory, size));
	for (u32 i = 0; i < sizeof(scene->around); i++) {
		if (scene->around[i] != 0xee || scene->behind[i] != 0xee)
			tap_fail("%s: %s: memory nearby changed", row->text, engine);
	}
	for (u32 i = size; i < sizeof(scene->memory); i++) {
		if (scene->memory[i] != 0xee)
			tap_fail("%s: %s: more than %u bytes changed", row->text, engine, size);
	}
}

static void run_on(engine_fn engine, const char *name, const struct row *row,
		   const struct prog *prog, struct scene *scene, u32 dst, u32 src)
{
	struct state before, after;

	row_states(row, &before, &after);
	memset(scene, 0xee, sizeof(*scene));
	if (uses_memory(row))
		put_value(scene->memory, access_bytes(row), before.memory);
	engine_run(engine, prog, scene, NULL);
	judge(row, &after, scene, name, dst, src);
}

static void run_with(const struct row *row, u32 dst, u32 src)
{
	struct state before, after;
	struct scene scene;
	struct code code;
	struct prog *prog;
	struct err err = {0};

	row_states(row, &before, &after);
	build(&code, row, &before, &scene, dst, src);
	prog = engine_prog(host, code.insns, code.n, 128);
	if (interp_check(prog, &err) || eval_prog_add(prog, NULL, NULL, NULL, &err) ||
	    (jit_present() && jit_compile(prog, NULL, &err)))
		tap_fail("%s: %s", row->text, err.text);
	run_on(interp_run, "interpreter", row, prog, &scene, dst, src);
	run_on(eval_run, "intermediate form", row, prog, &scene, dst, src);
	if (prog->jit)
		run_on(jit_run, "JIT", row, prog, &scene, dst, src);
	jit_free(prog);
	eval_prog_drop(prog);
	object_put(&prog->obj);
}

/* Which registers an instruction can have without its operands getting mixed up. */
static bool registers_make_sense(const struct row *row, u32 dst, u32 src)
{
	bool cmpxchg = row->kind == ISA_KIND_ATOMIC && row->insn->imm == BPF_CMPXCHG;
	const struct isa_row *isa = isa_row(row->insn);
	struct state before, after;

	row_states(row, &before, &after);
	if (!(isa->fields & ISA_S))
		return src == (dst + 1) % 10; /* once; it is another register that stays */
	if (row->kind == ISA_KIND_LOAD)
		return true;
	if (cmpxchg && (!dst || !src))
		return false; /* r0 is an operand of its own */
	return dst != src || (before.dst == before.src && !uses_memory(row));
}

static void run_row(const struct row *row)
{
	rows_of_form[row->form]++;
	for (u32 dst = 0; dst < 10; dst++) {
		for (u32 src = 0; src < 10; src++) {
			if (registers_make_sense(row, dst, src))
				run_with(row, dst, src);
		}
	}
}

/* ---- Linux's opinion ---- */

/* The row with memory on the stack, returning one of the things that it changes. */
static void build_for_linux(struct code *code, const struct row *row, u32 what, bool upper)
{
	static const u8 stored[] = {BPF_W, BPF_H, BPF_B, BPF_DW};
	u8 size = stored[BPF_SIZE(row->insn->code) >> 3];
	struct row moved = *row;
	struct state before, after;
	u32 dst = row->kind == ISA_KIND_ATOMIC ? 2 : 0, src = 1;

	row_states(row, &before, &after);
	code->n = 0;
	put(code, RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0));
	put(code, RAW_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -16, 0));
	put_wide(code, 0, row->kind == ISA_KIND_ATOMIC ? before.r0 : before.dst);
	put_wide(code, 1, uses_memory(row) ? before.memory : before.src);
	if (uses_memory(row)) {
		moved.insn->off = -8;
		put(code, STORE(size, 10, -8, 1));
		put_wide(code, 1, before.src);
		put(code, MOV64_X(base_is_src(row) ? src : dst, 10));
	}
	put_insn(code, &moved, dst, src);
	if (what == 0)
		put(code, LOAD(size, 0, 10, uses_memory(row) ? -8 : -16));
	else if (what == 1)
		put(code, MOV64_X(0, 1));
	if (upper)
		put(code, ALU64_K(BPF_RSH, 0, 32));
	put(code, EXIT());
}

static void ask_linux(const struct row *row, u32 what, u64 want)
{
	u64 got = 0;

	for (u32 half = 0; half < 2; half++) {
		struct code code;
		u32 part;
		int err;

		build_for_linux(&code, row, what, half);
		err = oracle_run(code.insns, code.n, &part);
		if (err) {
			tap_fail("%s: Linux: %s", row->text, strerror(-err));
			return;
		}
		got |= (u64)part << (32 * half);
	}
	if (got != want)
		tap_fail("%s: Linux has %#" PRIx64 ", not %#" PRIx64, row->text, got, want);
}

static void run_row_on_linux(const struct row *row)
{
	struct state before, after;

	row_states(row, &before, &after);
	if (row->kind == ISA_KIND_IF)
		ask_linux(row, 0, after.taken);
	else if (!uses_memory(row) || row->kind == ISA_KIND_LOAD)
		ask_linux(row, 2, after.dst);
	else
		ask_linux(row, 0, after.memory);
	if (row->kind == ISA_KIND_ATOMIC) {
		ask_linux(row, 1, after.src);
		ask_linux(row, 2, after.r0);
	}
}

/* ---- reading the tables ---- */

static bool parse_columns(struct row *row, char *at)
{
	for (row->columns = 0; at && row->columns < COLUMNS_MAX; row->columns++) {
		char *end;

		row->column[row->columns] = strtoull(at, &end, 0);
		end += strspn(end, " ");
		if (*end == '/') { /* little / big endian */
			if (HOST_BIG_ENDIAN)
				row->column[row->columns] = strtoull(end + 1, &end, 0);
			else
				strtoull(end + 1, &end, 0);
		}
		at = *end == '|' ? end + 1 : NULL;
	}
	return !at;
}

static bool parse_row(struct row *row, char *line, struct err *err)
{
	char *columns = strstr(line, " | "), text[128];
	struct bpf_insn *insns = NULL;
	u32 cnt;

	if (!columns)
		return err_set(err, -EINVAL, "no columns");
	*columns = 0;
	for (char *p = columns; p > line && p[-1] == ' ';)
		*--p = 0;
	snprintf(row->text, sizeof(row->text), "%.90s", line);
	snprintf(text, sizeof(text), "%s%s", row->text, strncmp(line, "if ", 3) ? "" : " goto +0");
	if (isa_assemble(&mem_libc, text, NULL, &insns, &cnt, err))
		return false;
	row->slots = cnt;
	memcpy(row->insn, insns, (cnt < 2 ? cnt : 2) * sizeof(*insns));
	mem_free(&mem_libc, insns);
	row->form = isa_form(row->insn);
	row->kind = isa_rows[row->form].kind;
	if (row->form == ISA_NONE || !parse_columns(row, columns + 3) ||
	    row->columns != columns_of_kind[row->kind]) {
		err_set(err, -EINVAL, "%s: wrong number of columns", row->text);
		return false;
	}
	return true;
}

/* One case per section, named by the comment above it. */
static void run_table(const char *path, const char *file, void (*run)(const struct row *),
		      const char *who)
{
	FILE *f = fopen(path, "r");
	char line[512], name[256];
	bool open = false;
	struct err err;
	u32 number = 0;

	while (f && fgets(line, sizeof(line), f)) {
		struct row row = {0};

		number++;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' && !open)
			snprintf(name, sizeof(name), "%s: %s: %.150s", who, file, line + 2);
		if (!line[0] && open) {
			tap_end();
			open = false;
		}
		if (!line[0] || line[0] == '#')
			continue;
		if (!open)
			tap_begin(name);
		open = true;
		if (parse_row(&row, line, &err))
			run(&row);
		else
			tap_fail("%s:%u: %s", file, number, err.text);
	}
	if (open)
		tap_end();
	if (f)
		fclose(f);
}

static void run_tables(void (*run)(const struct row *), const char *who)
{
	static const char *const files[] = {"alu",  "atomic", "byte_order", "division",
					    "jump", "memory", "move",	    "shift"};
	const char *data = getenv("ANYBPF_TEST_DATA");
	char path[512];

	for (u32 i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/insn/%s.txt", data ? data : "tests/jit", files[i]);
		run_table(path, files[i], run, who);
	}
}

/* Forms that no row can describe, and where their tests are. */
static const struct {
	u16 form;
	const char *where;
} elsewhere[] = {
	{ISA_JA, "engines.c: jumps and loops"},
	{ISA_GOTOL, "engines.c: a million instructions"},
	{ISA_MAY_GOTO, "engines.c: may_goto"},
	{ISA_CALL, "engines.c: helpers call back"},
	{ISA_CALL_KFUNC, "image.c: refused"},
	{ISA_CALL_LOCAL, "engines.c: calls"},
	{ISA_EXIT, "engines.c: calls"},
	{ISA_ADDR_SPACE_CAST, "image.c: refused"},
	{ISA_LD_ABS_B, "engines.c: packet loads"},
	{ISA_LD_ABS_H, "engines.c: packet loads"},
	{ISA_LD_ABS_W, "engines.c: packet loads"},
	{ISA_LD_IND_B, "engines.c: packet loads"},
	{ISA_LD_IND_H, "engines.c: packet loads"},
	{ISA_LD_IND_W, "engines.c: packet loads"},
	/* Of these the load pipeline makes LD_IMM64. */
	{ISA_LD_MAP_FD, "prog/"},
	{ISA_LD_MAP_VALUE, "prog/"},
	{ISA_LD_BTF_ID, "prog/"},
	{ISA_LD_FUNC, "engines.c: helpers call back"},
	{ISA_LD_MAP_IDX, "prog/"},
	{ISA_LD_MAP_IDX_VALUE, "prog/"},
};

static const char *tested_elsewhere(u32 form)
{
	for (u32 i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		if (elsewhere[i].form == form)
			return elsewhere[i].where;
	}
	return NULL;
}

/* Each form has its rows here, or is named above with the place of its tests; not both. */
static void test_no_form_forgotten(void)
{
	for (u32 form = 1; form < ISA_FORMS; form++) {
		const char *where = tested_elsewhere(form);

		if (!rows_of_form[form] && !where)
			tap_fail("no row for %s", isa_rows[form].name);
		if (rows_of_form[form] && where)
			tap_fail("%s has rows; it need not be in %s", isa_rows[form].name, where);
	}
}

int main(void)
{
	if (host_new(NULL, &host))
		return 1;
	run_tables(run_row, "engines");
	run_test(test_no_form_forgotten);
	if (oracle_present()) {
		run_tables(run_row_on_linux, "Linux");
	} else {
		tap_begin("Linux agrees with the tables");
		tap_skip("the kernel does not allow bpf()");
		tap_end();
	}
	host_free(host);
	return tap_done();
}

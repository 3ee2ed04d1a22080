/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every form of arithmetic and comparison in isa.def with many operands, which
 * no table could hold: constants at the edges of what machines encode, all
 * small divisors and powers of two with their neighbours, all shift counts,
 * every pair of registers. Operands are known to the compiler, or hidden from it
 * in the context, or one of each. The interpreter says what is right; the
 * tables of insn/ prove the interpreter.
 */
#include "variants.h"

#include "isa/disasm.h"
#include "isa/isa.h"

#define OUTS	 1024
#define INSNS	 (8 * OUTS)
#define HOLDER	 9 /* has the context where operands leave it free */
#define CTX_SLOT -8

struct scene {
	u64 a, b;
	u64 out[OUTS];
};

static const u64 values[] = {
	0,
	1,
	2,
	3,
	5,
	7,
	10,
	31,
	32,
	63,
	64,
	100,
	0x7f,
	0x80,
	0xff,
	0x100,
	0x7fff,
	0x8000,
	0xffff,
	0x10000,
	0x7ffffffe,
	0x7fffffff,
	0x80000000,
	0x80000001,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x17fffffff,
	0x8000000080000000,
	0x7ffffffffffffffe,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x8000000000000001,
	0xffffffff00000000,
	0xffffffff7fffffff,
	0xffffffff80000000,
	0xffffffffffffff80,
	0xfffffffffffffffe,
	0xffffffffffffffff,
	0x123456789abcdef0,
	0xfedcba9876543210,
	0xcccccccccccccccd,
	0x5555555555555556,
};
/* A few of them, for programs that have them as constants. */
static const u64 known[] = {0,
			    1,
			    7,
			    0xff,
			    0x80000000,
			    0xffffffff,
			    0x7fffffffffffffff,
			    0x8000000000000000,
			    ~0ull,
			    0x123456789abcdef0};

static struct {
	struct host *host;
	const struct isa_row *row;
	struct bpf_insn insns[INSNS];
	u32 cnt, outs;
	struct bpf_insn of[OUTS]; /* the instruction behind each result */
	struct scene scene, want;
	bool failed;
} sweep;

/* ---- programs ---- */

static void put(struct bpf_insn insn)
{
	sweep.insns[sweep.cnt++] = insn;
}

static void put_wide(u32 reg, u64 v)
{
	const struct bpf_insn wide[] = {WIDE(reg, v)};

	put(wide[0]);
	put(wide[1]);
}

static void begin(void)
{
	sweep.cnt = sweep.outs = 0;
	put(STORE(BPF_DW, 10, CTX_SLOT, 1));
}

static bool has_room(void)
{
	return sweep.outs + 4 <= OUTS && sweep.cnt + 24 <= INSNS;
}

static void put_out(u32 holder, u32 reg, struct bpf_insn insn)
{
	sweep.of[sweep.outs] = insn;
	put(STORE(BPF_DW, holder, (s32)(offsetof(struct scene, out) + 8 * sweep.outs), reg));
	sweep.outs++;
}

/* One instruction of the row; the operands are in place. */
static void put_insn(struct bpf_insn insn, u32 holder, u32 result)
{
	if (sweep.row->kind != ISA_KIND_IF) {
		put(insn);
		put_out(holder, insn.dst_reg, insn);
		return;
	}
	insn.off = 1;
	put(MOV64_K(result, 1));
	put(insn);
	put(MOV64_K(result, 0));
	put_out(holder, result, insn);
}

/* All values for the one with every third for the other. */
#define PAIRS (ARRAY_SIZE(values) * (ARRAY_SIZE(values) / 3))

static u64 value_a(u32 run)
{
	return values[run % ARRAY_SIZE(values)];
}

static u64 value_b(u32 run)
{
	return values[(run / ARRAY_SIZE(values) * 3 + run % 3) % ARRAY_SIZE(values)];
}

static void fill(void *arg __unused, void *ctx, u32 run)
{
	struct scene *scene = ctx;

	memset(scene, 0, sizeof(*scene));
	scene->a = value_a(run);
	scene->b = value_b(run);
}

static void report(void *arg, const char *make, u32 run, size_t at)
{
	const struct disasm_options opts = {.form = DISASM_ASM};
	size_t out = (at - offsetof(struct scene, out)) / 8;
	struct buf text;

	buf_init(&text, &mem_libc);
	isa_disasm(&text, &sweep.of[out], 1, &opts);
	tap_fail("%s, %s: %s with %#" PRIx64 " and %#" PRIx64 " gives %#" PRIx64 ", not %#" PRIx64,
		 make, (const char *)arg, buf_str(&text), value_a(run), value_b(run),
		 sweep.scene.out[out], sweep.want.out[out]);
	buf_free(&text);
}

/* Runs what has been put together on the first @runs pairs of values. */
static void finish(const char *how, u32 runs, u32 number_of_makes)
{
	const struct trial t = {
		.ctx = &sweep.scene,
		.want = &sweep.want,
		.size = sizeof(sweep.scene),
		.fill = fill,
		.runs = runs,
		.evaluations = runs < 3 ? runs : 3,
		.report = report,
		.arg = (void *)(uintptr_t)how,
	};
	struct prog *prog;

	put(EXIT());
	prog = engine_prog(sweep.host, sweep.insns, sweep.cnt, 16);
	if (!sweep.failed)
		sweep.failed = !trial(&t, prog, number_of_makes);
	object_put(&prog->obj);
}

/* ---- constants in the instruction ---- */

#define IMMS 512

static u32 all_imms(s32 *imms)
{
	static const s32 edges[] = {127,	128,	    129,	255,	    256,
				    257,	-127,	    -128,	-129,	    -255,
				    -256,	-257,	    4095,	4096,	    4097,
				    -4095,	-4096,	    -4097,	0xfff000,   0x1000000,
				    100,	1000,	    10000,	1000000,    641,
				    6700417,	0x7ffffffe, INT32_MAX,	INT32_MIN,  INT32_MIN + 1,
				    0x55555555, 0x33333333, 0x0f0f0f0f, 0x00ff00ff, 0x0000ffff,
				    -0x10000,	0x7f7f7f7f, 0x01010101, 0x12345678, -0x12345678};
	u64 state = 1;
	u32 n = 0;

	for (s32 i = -64; i <= 64; i++)
		imms[n++] = i;
	for (u32 bit = 7; bit < 31; bit++) {
		for (s32 by = -1; by <= 1; by++) {
			imms[n++] = (s32)BIT(bit) + by;
			imms[n++] = -((s32)BIT(bit) + by);
		}
	}
	for (u32 i = 0; i < ARRAY_SIZE(edges); i++)
		imms[n++] = edges[i];
	while (n < IMMS - 100)
		imms[n++] = (s32)random_next(&state) >> random_next(&state) % 24;
	return n;
}

/* What the form takes: shifts up to their width, no divisor 0, a selector's own. */
static bool imm_fits(const struct isa_row *row, s32 imm)
{
	u8 op = BPF_OP(row->code);
	s32 width = BPF_CLASS(row->code) == BPF_ALU64 ? 64 : 32;

	if (row->kind != ISA_KIND_ALU)
		return true;
	if (op == BPF_DIV || op == BPF_MOD)
		return imm;
	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		return imm >= 0 && imm < width;
	return true;
}

static struct bpf_insn insn_of(const struct isa_row *row, u32 dst, u32 src, s32 imm)
{
	struct bpf_insn insn = RAW_INSN(row->code, dst, row->fields & ISA_S ? src : 0, 0,
					row->fields & ISA_I ? imm : 0);

	if (row->selector == ISA_BY_OFF)
		insn.off = (s16)row->value;
	if (row->selector == ISA_BY_IMM)
		insn.imm = row->value;
	return insn;
}

/* The operand comes from the context, or is this constant. */
static void sweep_imms(const u64 *a)
{
	const struct isa_row *row = sweep.row;
	s32 imms[IMMS];
	u32 n = row->fields & ISA_I ? all_imms(imms) : 1;

	begin();
	put(MOV64_X(HOLDER, 1));
	for (u32 i = 0; i < n && has_room(); i++) {
		u32 dst = i % 9;

		if (n > 1 && !imm_fits(row, imms[i]))
			continue;
		if (a)
			put_wide(dst, *a);
		else
			put(LOAD(BPF_DW, dst, HOLDER, offsetof(struct scene, a)));
		put_insn(insn_of(row, dst, 0, n > 1 ? imms[i] : 0), HOLDER, (dst + 1) % 9);
	}
	finish(a ? "a known number" : "a hidden number", a ? 1 : ARRAY_SIZE(values),
	       a ? 2 : UINT32_MAX);
}

/* ---- two registers ---- */

/* The lowest register from r9 down that is none of these. */
static u32 another(u32 a, u32 b, u32 c)
{
	u32 reg = 9;

	while (reg == a || reg == b || reg == c)
		reg--;
	return reg;
}

static void put_operand(u32 reg, const u64 *v, u32 holder, size_t off)
{
	if (v)
		put_wide(reg, *v);
	else
		put(LOAD(BPF_DW, reg, holder, (s32)off));
}

static void sweep_pairs(const u64 *a, const u64 *b)
{
	u32 n = ARRAY_SIZE(values);

	begin();
	for (u32 pair = 0; pair < 100 && has_room(); pair++) {
		u32 dst = pair / 10, src = pair % 10, holder = another(dst, src, dst);
		struct bpf_insn insn = insn_of(sweep.row, dst, src, 0);

		put(LOAD(BPF_DW, holder, 10, CTX_SLOT));
		put_operand(dst, a, holder, offsetof(struct scene, a));
		if (src != dst)
			put_operand(src, b, holder, offsetof(struct scene, b));
		put_insn(insn, holder, another(dst, src, holder));
		put_out(holder, src, insn);
	}
	/* Known ones need no second value: the pairs of values are those of the first alone. */
	finish(a && b ? "two known numbers"
	       : a    ? "a known and a hidden number"
	       : b    ? "a hidden and a known number"
		      : "two hidden numbers",
	       a && b ? 1
	       : b    ? n
		      : n * n,
	       a || b ? 2 : UINT32_MAX);
}

static void sweep_row(const struct isa_row *row)
{
	sweep.row = row;
	sweep.failed = false;
	if (!(row->fields & ISA_S)) {
		sweep_imms(NULL);
		for (u32 i = 0; i < ARRAY_SIZE(known); i++)
			sweep_imms(&known[i]);
		return;
	}
	sweep_pairs(NULL, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(known); i++) {
		sweep_pairs(&known[i], NULL);
		sweep_pairs(NULL, &known[i]);
		for (u32 j = 0; j < ARRAY_SIZE(known); j += 3)
			sweep_pairs(&known[i], &known[j]);
	}
}

int main(void)
{
	if (host_new(NULL, &sweep.host))
		return 1;
	for (u32 form = 1; form < ISA_FORMS; form++) {
		const struct isa_row *row = &isa_rows[form];
		char name[128];

		if (row->kind != ISA_KIND_ALU && row->kind != ISA_KIND_NEG &&
		    row->kind != ISA_KIND_MOV && row->kind != ISA_KIND_END &&
		    row->kind != ISA_KIND_IF)
			continue;
		snprintf(name, sizeof(name), "%s with many operands", row->name);
		tap_begin(name);
		sweep_row(row);
		tap_end();
	}
	host_free(sweep.host);
	return tap_done();
}

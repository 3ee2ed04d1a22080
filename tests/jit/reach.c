/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every form of load, store and atomic in isa.def with offsets at the edges
 * of what machines encode and with every pair of registers, also where address and
 * operand are the same one or r0. The address is hidden from the compiler, a
 * constant of its, or in the frame. The interpreter says what is right; all
 * memory around is compared as well.
 */
#include "variants.h"

#include "base/bytes.h"
#include "isa/disasm.h"
#include "isa/isa.h"

#define REACH	 32768
#define OUTS	 512
#define INSNS	 4096
#define CTX_SLOT -512 /* behind the frame's words that are tested */
#define WORDS	 63
#define STACK	 512

struct scene {
	u8 *middle;
	u64 value, r0;
	u64 out[OUTS];
	u64 stack[WORDS];
	_Alignas(16) u8 memory[2 * REACH + 64];
};

enum place { HIDDEN, CONSTANT, FRAME, PLACES };
static const char *const place_names[PLACES] = {"a hidden address", "a known address", "the frame"};

static const s16 offsets[] = {
	-32768, -32767, -32761, -16384, -4104, -4097, -4096, -4095, -264,  -257,  -256,	 -255,
	-136,	-129,	-128,	-127,	-64,   -16,   -9,    -8,    -7,	   -4,	  -2,	 -1,
	0,	1,	2,	3,	4,     7,     8,     9,	    16,	   64,	  120,	 127,
	128,	129,	248,	255,	256,   257,   504,   511,   512,   1020,  2046,	 4088,
	4095,	4096,	4097,	8184,	8190,  16380, 16384, 32752, 32760, 32764, 32766, 32767,
};

static const u64 values[][2] = {
	/* of the source register, of r0 */
	{0, 0},
	{1, 0x9696969696969696},
	{0xffffffffffffffff, 0x96969696},
	{0x8000000000000000, 0x1234567896969696},
	{0x7fffffffffffffff, ~0ull},
	{0x80000000, 1},
	{0xfedcba9876543210, 0xfedcba9876543210},
	{0xffffffff, 0x80000000},
};

static struct {
	struct host *host;
	const struct isa_row *row;
	enum place place;
	struct bpf_insn insns[INSNS];
	u32 cnt, outs;
	struct bpf_insn of[OUTS];
	struct scene scene, want;
	bool failed;
} reach;

static void put(struct bpf_insn insn)
{
	reach.insns[reach.cnt++] = insn;
}

static void put_wide(u32 reg, u64 v)
{
	const struct bpf_insn wide[] = {WIDE(reg, v)};

	put(wide[0]);
	put(wide[1]);
}

static void put_out(u32 holder, u32 reg, struct bpf_insn insn)
{
	reach.of[reach.outs] = insn;
	put(STORE(BPF_DW, holder, (s32)(offsetof(struct scene, out) + 8 * reach.outs), reg));
	reach.outs++;
}

static u32 bytes_of(const struct isa_row *row)
{
	static const u8 bytes[] = {4, 2, 1, 8};

	return bytes[BPF_SIZE(row->code) >> 3];
}

/* ---- programs ---- */

static void begin(void)
{
	reach.cnt = reach.outs = 0;
	put(STORE(BPF_DW, 10, CTX_SLOT, 1));
	for (s32 i = 0; i < WORDS && reach.place == FRAME; i++) {
		put(RAW_INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -8 * (i + 1), 0x96969696u + (u32)i));
		put(RAW_INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -8 * (i + 1) + 4, 0x69696969 - i));
	}
}

static u32 another(u32 a, u32 b)
{
	u32 reg = 9;

	while (reg == a || reg == b || !reg)
		reg--;
	return reg;
}

/* The address of the middle; in the frame, of the middle of its 512 bytes. */
static void put_address(u32 reg, u32 holder)
{
	if (reach.place == HIDDEN) {
		put(LOAD(BPF_DW, reg, holder, offsetof(struct scene, middle)));
	} else if (reach.place == CONSTANT) {
		put_wide(reg, ptr_to_u64(reach.scene.memory + REACH));
	} else {
		put(MOV64_X(reg, 10));
		put(ALU64_K(BPF_SUB, reg, 256));
	}
}

/* One instruction on these registers and with r0, src and the address in place. */
static void put_access(u32 base, u32 operand, s16 off, s32 imm)
{
	const struct isa_row *row = reach.row;
	u32 holder = another(base, operand);
	bool load = row->kind == ISA_KIND_LOAD;
	struct bpf_insn insn = RAW_INSN(row->code, load ? operand : base, load ? base : operand,
					off, row->kind == ISA_KIND_ATOMIC ? row->value : imm);

	if (row->kind == ISA_KIND_STORE_IMM)
		insn.src_reg = 0;
	put(LOAD(BPF_DW, holder, 10, CTX_SLOT));
	put(LOAD(BPF_DW, 0, holder, offsetof(struct scene, r0)));
	put(LOAD(BPF_DW, operand, holder, offsetof(struct scene, value)));
	put_address(base, holder);
	put(insn);
	put_out(holder, base, insn);
	put_out(holder, operand, insn);
	if (row->kind == ISA_KIND_ATOMIC)
		put_out(holder, 0, insn);
}

/* ---- judging ---- */

static void fill(void *arg __unused, void *ctx, u32 run)
{
	struct scene *scene = ctx;
	u64 state = run;

	memset(scene, 0, offsetof(struct scene, memory));
	scene->middle = scene->memory + REACH;
	scene->value = values[run][0];
	scene->r0 = values[run][1];
	for (u32 i = 0; i < sizeof(scene->memory); i += 8) {
		/* Now and then what cmpxchg expects. */
		u64 v = random_next(&state);

		put_u64(scene->memory + i, v & 1 ? scene->r0 : v);
	}
}

static void report(void *arg __unused, const char *make, u32 run, size_t at)
{
	const struct disasm_options opts = {.form = DISASM_ASM};
	size_t out = (at - offsetof(struct scene, out)) / 8;
	struct buf text;

	if (at >= offsetof(struct scene, stack)) {
		tap_fail("%s, %s, value %#" PRIx64 ": memory differs %d bytes from the middle",
			 make, place_names[reach.place], values[run][0],
			 (s32)((s64)at - (s64)offsetof(struct scene, memory) - REACH));
		return;
	}
	buf_init(&text, &mem_libc);
	isa_disasm(&text, &reach.of[out], 1, &opts);
	tap_fail("%s, %s: %s with %#" PRIx64 " and r0 %#" PRIx64 " leaves %#" PRIx64
		 ", not %#" PRIx64,
		 make, place_names[reach.place], buf_str(&text), values[run][0], values[run][1],
		 reach.scene.out[out], reach.want.out[out]);
	buf_free(&text);
}

static void finish(void)
{
	const struct trial t = {
		.ctx = &reach.scene,
		.want = &reach.want,
		.size = sizeof(reach.scene),
		.fill = fill,
		.runs = ARRAY_SIZE(values),
		.evaluations = 2,
		.report = report,
	};
	struct prog *prog;

	put(LOAD(BPF_DW, 1, 10, CTX_SLOT));
	for (s32 i = 0; i < WORDS && reach.place == FRAME; i++) {
		put(LOAD(BPF_DW, 0, 10, -8 * (i + 1)));
		put(STORE(BPF_DW, 1, (s32)offsetof(struct scene, stack) + 8 * i, 0));
	}
	put(MOV64_K(0, 0));
	put(EXIT());
	prog = engine_prog(reach.host, reach.insns, reach.cnt, STACK);
	if (!reach.failed)
		reach.failed = !trial(&t, prog, UINT32_MAX);
	object_put(&prog->obj);
}

/* ---- sweeps ---- */

/* Where addresses in the frame differ from engine to engine they must not be what is seen. */
static bool tells_address(u32 base, u32 operand)
{
	return reach.place == FRAME && base == operand;
}

static void sweep_offsets(void)
{
	u32 bytes = bytes_of(reach.row);

	begin();
	for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
		s32 off = offsets[i];
		u32 base = 1 + i % 9, operand = (base + 3) % 10;

		/* Atomics are on aligned memory, and so is what lies in a frame. */
		if (reach.row->kind == ISA_KIND_ATOMIC || reach.place == FRAME)
			off &= -(s32)bytes;
		if (reach.place == FRAME && (off < -248 || off + (s32)bytes > 256))
			continue;
		put_access(base, operand, (s16)off, (s32)(0x80000000u >> i % 32) + (s32)i);
		if (reach.place == FRAME) /* the address */
			reach.insns[reach.cnt - (reach.row->kind == ISA_KIND_ATOMIC ? 3 : 2)] =
				RAW_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0);
	}
	finish();
}

static void sweep_pairs(void)
{
	begin();
	for (u32 pair = 0; pair < 100; pair++) {
		u32 base = pair / 10, operand = pair % 10;
		u32 outs = reach.row->kind == ISA_KIND_ATOMIC ? 3 : 2;

		if (tells_address(base, operand))
			continue;
		put_access(base, operand, (s16)(8 * (pair % 32)), (s32)pair);
		for (u32 n = outs; reach.place == FRAME && n; n--) {
			struct bpf_insn *insn = &reach.insns[reach.cnt - n];

			if (insn->src_reg == base) /* the address */
				*insn = RAW_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0);
		}
	}
	finish();
}

/* The same load of memory that may be bad, and is good. */
static void sweep_probes(const struct isa_row *row)
{
	struct isa_row probe = *row;

	probe.code = (u8)((row->code & ~0xe0u) |
			  (BPF_MODE(row->code) == BPF_MEM ? BPF_PROBE_MEM : BPF_PROBE_MEMSX));
	reach.row = &probe;
	for (reach.place = HIDDEN; reach.place <= CONSTANT; reach.place++) {
		sweep_offsets();
		sweep_pairs();
	}
}

static void sweep_row(const struct isa_row *row)
{
	reach.row = row;
	reach.failed = false;
	for (reach.place = HIDDEN; reach.place < PLACES; reach.place++) {
		sweep_offsets();
		sweep_pairs();
	}
	if (row->kind == ISA_KIND_LOAD)
		sweep_probes(row);
}

int main(void)
{
	if (host_new(NULL, &reach.host))
		return 1;
	for (u32 form = 1; form < ISA_FORMS; form++) {
		const struct isa_row *row = &isa_rows[form];
		char name[128];

		if (row->kind != ISA_KIND_LOAD && row->kind != ISA_KIND_STORE &&
		    row->kind != ISA_KIND_STORE_IMM && row->kind != ISA_KIND_ATOMIC)
			continue;
		snprintf(name, sizeof(name), "%s near and far", row->name);
		tap_begin(name);
		sweep_row(row);
		tap_end();
	}
	host_free(reach.host);
	return tap_done();
}

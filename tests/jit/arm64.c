/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The encoder of arm64 against an assembler: every instruction that the
 * compiler uses must have the bytes that arm64/encoding.txt says.
 * `test-jit-arm64 --print` prints the instructions; the file is made from that
 * by LLVM:
 *
 *	test-jit-arm64 --print | llvm-mc -triple=aarch64 -mattr=+lse -show-encoding
 *
 * of which the bytes are kept in front of each line printed. Immediates of
 * logic and constants in registers are compared with their meaning.
 */
#include "jit/arm64/arm64.h"

#include "encoding.h"

static struct jit_unit unit = {.mem = &mem_libc};

/* What the @encode call writes is @text. */
#define IS(text, encode)                                                                           \
	do {                                                                                       \
		t->code->buf.len = 0;                                                              \
		encode;                                                                            \
		if (t->file)                                                                       \
			check_bytes(t, text);                                                      \
		else                                                                               \
			printf("%s\n", text);                                                      \
	} while (0)

static void arithmetic(struct table *t)
{
	struct jit_code *c = t->code;

	IS("add x1, x2, x3", a64_rrr(c, A64_ADD | A64_X, 1, 2, 3));
	IS("add w28, w15, w30", a64_rrr(c, A64_ADD, 28, 15, 30));
	IS("add x1, x2, x3, lsl #63", a64_shifted(c, A64_ADD | A64_X, 1, 2, 3, SHIFT_LSL, 63));
	IS("sub w4, w5, w6, lsr #31", a64_shifted(c, A64_SUB, 4, 5, 6, SHIFT_LSR, 31));
	IS("sub x4, x5, x6, asr #7", a64_shifted(c, A64_SUB | A64_X, 4, 5, 6, SHIFT_ASR, 7));
	IS("neg x0, x9", a64_rrr(c, A64_SUB | A64_X, 0, A64_ZR, 9));
	IS("cmp w7, w8", a64_rrr(c, A64_SUBS, A64_ZR, 7, 8));
	IS("cmp x7, x8", a64_rrr(c, A64_SUBS | A64_X, A64_ZR, 7, 8));
	IS("add x1, sp, x3", a64_add_extended(c, 1, A64_SP, 3, EXTEND_UXTX, 0));
	IS("add x1, sp, x3, lsl #3", a64_add_extended(c, 1, A64_SP, 3, EXTEND_UXTX, 3));
	IS("add x1, x2, w3, uxtw #2", a64_add_extended(c, 1, 2, 3, EXTEND_UXTW, 2));
	IS("add sp, sp, x17", a64_add_extended(c, A64_SP, A64_SP, 17, EXTEND_UXTX, 0));
	IS("add x1, x2, #0", a64_add_imm(c, A64_ADD_IMM | A64_X, 1, 2, 0));
	IS("add x1, x2, #4095", a64_add_imm(c, A64_ADD_IMM | A64_X, 1, 2, 4095));
	IS("add x1, x2, #1, lsl #12", a64_add_imm(c, A64_ADD_IMM | A64_X, 1, 2, 4096));
	IS("add w1, w2, #4095, lsl #12", a64_add_imm(c, A64_ADD_IMM, 1, 2, 0xfff000));
	IS("sub x1, x2, #4095", a64_add_imm(c, A64_ADD_IMM | A64_X, 1, 2, -4095));
	IS("sub sp, sp, #4095, lsl #12", a64_add_imm(c, A64_ADD_IMM | A64_X, 31, 31, -0xfff000));
	IS("mov x29, sp", a64_add_imm(c, A64_ADD_IMM | A64_X, 29, 31, 0));
	IS("cmp x3, #0", a64_add_imm(c, A64_SUBS_IMM | A64_X, A64_ZR, 3, 0));
	IS("cmp w3, #77", a64_add_imm(c, A64_SUBS_IMM, A64_ZR, 3, 77));
	IS("cmn x3, #1, lsl #12", a64_add_imm(c, A64_SUBS_IMM | A64_X, A64_ZR, 3, -4096));
	IS("mul x1, x2, x3", a64_rrrr(c, A64_MADD | A64_X, 1, 2, 3, A64_ZR));
	IS("madd w1, w2, w3, w4", a64_rrrr(c, A64_MADD, 1, 2, 3, 4));
	IS("msub x1, x2, x3, x4", a64_rrrr(c, A64_MSUB | A64_X, 1, 2, 3, 4));
	IS("umulh x10, x11, x12", a64_rrr(c, A64_UMULH, 10, 11, 12));
	IS("udiv x1, x2, x3", a64_rrr(c, A64_UDIV | A64_X, 1, 2, 3));
	IS("sdiv w1, w2, w3", a64_rrr(c, A64_SDIV, 1, 2, 3));
}

static void logic(struct table *t)
{
	struct jit_code *c = t->code;

	IS("and x1, x2, x3", a64_rrr(c, A64_AND | A64_X, 1, 2, 3));
	IS("bic w1, w2, w3", a64_rrr(c, A64_BIC, 1, 2, 3));
	IS("orr x1, x2, x3, lsl #32", a64_shifted(c, A64_ORR | A64_X, 1, 2, 3, SHIFT_LSL, 32));
	IS("mvn w1, w3", a64_rrr(c, A64_ORN, 1, A64_ZR, 3));
	IS("eor x1, x2, x3, lsr #47", a64_shifted(c, A64_EOR | A64_X, 1, 2, 3, SHIFT_LSR, 47));
	IS("tst x2, x3", a64_rrr(c, A64_ANDS | A64_X, A64_ZR, 2, 3));
	IS("mov x20, x19", a64_mov(c, 20, 19));
	IS("mov w20, w19", a64_rrr(c, A64_ORR, 20, A64_ZR, 19));
	IS("and x1, x2, #0xff", a64_logical_imm(c, A64_AND_IMM | A64_X, 1, 2, 0xff));
	IS("and w1, w2, #0xfffffff8", a64_logical_imm(c, A64_AND_IMM, 1, 2, 0xfffffff8));
	IS("and x1, x2, #0xfffffffffffffff8", a64_logical_imm(c, A64_AND_IMM | A64_X, 1, 2, ~7ull));
	IS("orr w1, w2, #0x80000001", a64_logical_imm(c, A64_ORR_IMM, 1, 2, 0x80000001));
	IS("eor x1, x2, #0x5555555555555555",
	   a64_logical_imm(c, A64_EOR_IMM | A64_X, 1, 2, 0x5555555555555555));
	IS("eor x1, x2, #0x3e003e003e003e0",
	   a64_logical_imm(c, A64_EOR_IMM | A64_X, 1, 2, 0x3e003e003e003e0));
	IS("tst x2, #0x8000000000000000",
	   a64_logical_imm(c, A64_ANDS_IMM | A64_X, A64_ZR, 2, 1ull << 63));
	IS("lsl x1, x2, #0", a64_shift_imm(c, A64_X, SHIFT_LSL, 1, 2, 0));
	IS("lsl x1, x2, #63", a64_shift_imm(c, A64_X, SHIFT_LSL, 1, 2, 63));
	IS("lsl w1, w2, #5", a64_shift_imm(c, 0, SHIFT_LSL, 1, 2, 5));
	IS("lsr x1, x2, #1", a64_shift_imm(c, A64_X, SHIFT_LSR, 1, 2, 1));
	IS("lsr w1, w2, #31", a64_shift_imm(c, 0, SHIFT_LSR, 1, 2, 31));
	IS("asr x1, x2, #63", a64_shift_imm(c, A64_X, SHIFT_ASR, 1, 2, 63));
	IS("asr w1, w2, #9", a64_shift_imm(c, 0, SHIFT_ASR, 1, 2, 9));
	IS("ror x1, x2, #13", a64_rotate_right(c, A64_X, 1, 2, 13));
	IS("ror w1, w2, #13", a64_rotate_right(c, 0, 1, 2, 13));
	IS("lsl x1, x2, x3", a64_rrr(c, A64_LSLV | A64_X, 1, 2, 3));
	IS("lsr w1, w2, w3", a64_rrr(c, A64_LSRV, 1, 2, 3));
	IS("asr x1, x2, x3", a64_rrr(c, A64_ASRV | A64_X, 1, 2, 3));
	IS("ror w1, w2, w3", a64_rrr(c, A64_RORV, 1, 2, 3));
	IS("ubfx x1, x2, #8, #16", a64_extract(c, A64_UBFM | A64_X, 1, 2, 8, 16));
	IS("ubfx w1, w2, #31, #1", a64_extract(c, A64_UBFM, 1, 2, 31, 1));
	IS("uxtb w1, w2", a64_extract(c, A64_UBFM, 1, 2, 0, 8));
	IS("sxth x1, w2", a64_extract(c, A64_SBFM | A64_X, 1, 2, 0, 16));
	IS("sxtw x1, w2", a64_extract(c, A64_SBFM | A64_X, 1, 2, 0, 32));
	IS("rev16 w1, w2", a64_rr(c, A64_REV16, 1, 2));
	IS("rev w1, w2", a64_rr(c, A64_REV32, 1, 2));
	IS("rev x1, x2", a64_rr(c, A64_REV64, 1, 2));
	IS("csel x1, x2, x3, hi", a64_csel(c, A64_CSEL | A64_X, 1, 2, 3, CC_HI));
	IS("csinc x1, x2, xzr, lt", a64_csel(c, A64_CSINC | A64_X, 1, 2, A64_ZR, CC_LT));
	IS("csinv x1, x2, xzr, ls", a64_csel(c, A64_CSINV | A64_X, 1, 2, A64_ZR, CC_LS));
	IS("cset w1, ge", a64_csel(c, A64_CSINC, 1, A64_ZR, A64_ZR, CC_GE ^ 1));
}

static void constants(struct table *t)
{
	struct jit_code *c = t->code;

	IS("mov x1, #0", a64_mov_imm(c, 1, 0));
	IS("movn x1, #0", a64_mov_imm(c, 1, ~0ull));
	IS("movz x1, #0x1234, lsl #48", a64_mov_imm(c, 1, 0x1234ull << 48));
	IS("movn x1, #0x1234, lsl #16", a64_mov_imm(c, 1, ~0x12340000ull));
	IS("movn w1, #0x10", a64_mov_imm(c, 1, 0xffffffef));
	IS("mov x1, #0xff00ff00ff00ff00", a64_mov_imm(c, 1, 0xff00ff00ff00ff00));
	IS("orr w1, wzr, #0x7ffe7ffe", a64_mov_imm(c, 1, 0x7ffe7ffe));
}

static void memory(struct table *t)
{
	struct jit_code *c = t->code;

	IS("ldr x1, [x2]", a64_mem(c, A64_LDR, 8, 1, 2, 0));
	IS("ldr x1, [sp, #32760]", a64_mem(c, A64_LDR, 8, 1, A64_SP, 32760));
	IS("ldr w1, [x2, #16380]", a64_mem(c, A64_LDR, 4, 1, 2, 16380));
	IS("ldrh w1, [x2, #8190]", a64_mem(c, A64_LDR, 2, 1, 2, 8190));
	IS("ldrb w1, [x2, #4095]", a64_mem(c, A64_LDR, 1, 1, 2, 4095));
	IS("ldur x1, [x2, #-256]", a64_mem(c, A64_LDR, 8, 1, 2, -256));
	IS("ldur w1, [x2, #255]", a64_mem(c, A64_LDR, 4, 1, 2, 255));
	IS("ldurb w1, [x2, #-1]", a64_mem(c, A64_LDR, 1, 1, 2, -1));
	IS("ldrsb x1, [x2, #1]", a64_mem(c, A64_LDRS_X, 1, 1, 2, 1));
	IS("ldrsh w1, [x2, #2]", a64_mem(c, A64_LDRS_W, 2, 1, 2, 2));
	IS("ldrsw x1, [x2, #4]", a64_mem(c, A64_LDRS_X, 4, 1, 2, 4));
	IS("str x30, [x2, #8]", a64_mem(c, A64_STR, 8, 30, 2, 8));
	IS("str wzr, [x2]", a64_mem(c, A64_STR, 4, A64_ZR, 2, 0));
	IS("sturh w1, [x2, #-2]", a64_mem(c, A64_STR, 2, 1, 2, -2));
	IS("strb w1, [x2]", a64_mem(c, A64_STR, 1, 1, 2, 0));
	IS("ldr x1, [x2, x3]", a64_mem_index(c, A64_LDR, 8, 1, 2, 3, EXTEND_UXTX, false));
	IS("ldr x1, [x2, x3, lsl #3]", a64_mem_index(c, A64_LDR, 8, 1, 2, 3, EXTEND_UXTX, true));
	IS("ldr w1, [x2, w3, uxtw #2]", a64_mem_index(c, A64_LDR, 4, 1, 2, 3, EXTEND_UXTW, true));
	IS("ldrb w1, [x2, w3, uxtw]", a64_mem_index(c, A64_LDR, 1, 1, 2, 3, EXTEND_UXTW, false));
	IS("strh w1, [x2, w3, uxtw #1]", a64_mem_index(c, A64_STR, 2, 1, 2, 3, EXTEND_UXTW, true));
	IS("str x1, [sp, x17]", a64_mem_index(c, A64_STR, 8, 1, A64_SP, 17, EXTEND_UXTX, false));
	IS("stp x29, x30, [sp, #-512]!", a64_pair(c, A64_STP_PRE, 29, 30, A64_SP, -512));
	IS("ldp x29, x30, [sp], #504", a64_pair(c, A64_LDP_POST, 29, 30, A64_SP, 504));
	IS("stp x19, x20, [sp, #16]", a64_pair(c, A64_STP, 19, 20, A64_SP, 16));
	IS("ldp x19, x20, [x2, #-8]", a64_pair(c, A64_LDP, 19, 20, 2, -8));
	IS("str x19, [sp, #-256]!", a64_mem_step(c, A64_STR_PRE, 19, A64_SP, -256));
	IS("ldr x19, [sp], #240", a64_mem_step(c, A64_LDR_POST, 19, A64_SP, 240));
}

static void atomics(struct table *t)
{
	struct jit_code *c = t->code;

	IS("ldxr w1, [x2]", a64_rr(c, A64_LDXR, 1, 2));
	IS("ldxr x1, [x2]", a64_rr(c, A64_LDXR | A64_SIZE_X, 1, 2));
	IS("stxr w3, x1, [x2]", a64_rrr(c, A64_STXR | A64_SIZE_X, 1, 2, 3));
	IS("stlxr w3, w1, [x2]", a64_rrr(c, A64_STLXR, 1, 2, 3));
	IS("stadd w3, [x2]", a64_rrr(c, A64_LDADD, A64_ZR, 2, 3));
	IS("ldaddal x3, x1, [x2]", a64_rrr(c, A64_LDADD | A64_ACQREL | A64_SIZE_X, 1, 2, 3));
	IS("ldclral w3, w1, [x2]", a64_rrr(c, A64_LDCLR | A64_ACQREL, 1, 2, 3));
	IS("steor x3, [x2]", a64_rrr(c, A64_LDEOR | A64_SIZE_X, A64_ZR, 2, 3));
	IS("ldsetal x3, x1, [x2]", a64_rrr(c, A64_LDSET | A64_ACQREL | A64_SIZE_X, 1, 2, 3));
	IS("swpal x3, x1, [x2]", a64_rrr(c, A64_SWP | A64_ACQREL | A64_SIZE_X, 1, 2, 3));
	IS("casal w3, w1, [x2]", a64_rrr(c, A64_CASAL, 1, 2, 3));
	IS("casal x3, x1, [x2]", a64_rrr(c, A64_CASAL | A64_SIZE_X, 1, 2, 3));
	IS("dmb ish", a64_put(c, A64_DMB_ISH));
	IS("dsb nsh", a64_put(c, A64_DSB_NSH));
	IS("isb", a64_put(c, A64_ISB));
}

static void others(struct table *t)
{
	struct jit_code *c = t->code;

	IS("br x16", a64_rr(c, A64_BR, 0, 16));
	IS("blr x16", a64_rr(c, A64_BLR, 0, 16));
	IS("ret", a64_put(c, A64_RET));
	IS("udf #0", a64_put(c, A64_UDF));
	IS("adrp x5, #0", a64_put(c, A64_ADRP | 5));
	IS("ldr x5, [x4]", a64_put(c, A64_LDR_PAGE | 4 << 5 | 5));
	IS("fmov d31, x2", a64_rr(c, A64_FMOV_TO | A64_FMOV_TO_D | A64_X, 31, 2));
	IS("fmov s31, w2", a64_rr(c, A64_FMOV_TO, 31, 2));
	IS("cnt v31.8b, v31.8b", a64_rr(c, A64_CNT, 31, 31));
	IS("addv b31, v31.8b", a64_rr(c, A64_ADDV, 31, 31));
	IS("fmov w1, s31", a64_rr(c, A64_FMOV_FROM, 1, 31));
}

/* ---- ways ---- */

/* A jump to a label so many instructions away. */
static void jump(struct table *t, const char *text, u8 kind, u32 word, s32 distance)
{
	struct ir_fn fn = {0};
	struct a64 e = {.code = t->code, .fn = &fn};
	u32 label, at = 0;

	t->code->buf.len = 0;
	sites_init(&e.sites, t->code);
	label = sites_label(&e.sites);
	if (distance <= 0) {
		sites_bind(&e.sites, label);
		buf_add_zero(&t->code->buf, (size_t)-distance);
		at = (u32)-distance;
		a64_site(&e, kind, word, label);
	} else {
		a64_site(&e, kind, word, label);
		buf_add_zero(&t->code->buf, (size_t)distance - 4);
		sites_bind(&e.sites, label);
	}
	check_eq(a64_finish(&e), 0);
	memmove(t->code->buf.data, t->code->buf.data + at, 8);
	t->code->buf.len = strchr(text, ';') ? 8 : 4;
	if (t->file)
		check_bytes(t, text);
	else
		printf("%s\n", text);
	sites_free(&e.sites);
}

static void jumps(struct table *t)
{
	const s32 MB = 1 << 20;

	jump(t, "b #0", SITE_JUMP, A64_B, 0);
	jump(t, "b #1048576", SITE_JUMP, A64_B, MB);
	jump(t, "b #-16777216", SITE_JUMP, A64_B, -16 * MB);
	jump(t, "b.ne #1048572", SITE_COND, A64_B_COND | CC_NE, MB - 4);
	jump(t, "b.ne #-1048576", SITE_COND, A64_B_COND | CC_NE, -MB);
	jump(t, "b.eq #8; b #1048576", SITE_COND, A64_B_COND | CC_NE, MB);
	jump(t, "b.lt #8; b #-1048584", SITE_COND, A64_B_COND | CC_GE, -MB - 4);
	jump(t, "cbz x3, #1048572", SITE_COND, A64_CBZ | A64_X | 3, MB - 4);
	jump(t, "cbnz w3, #8; b #1048576", SITE_COND, A64_CBZ | 3, MB);
	jump(t, "cbz x3, #8; b #2097148", SITE_COND, A64_CBNZ | A64_X | 3, 2 * MB - 4);
	jump(t, "tbz w3, #0, #32764", SITE_BIT, A64_TBZ | 3, 32764);
	jump(t, "tbnz x3, #63, #-32768", SITE_BIT, A64_TBNZ | A64_X | 31u << 19 | 3, -32768);
	jump(t, "tbnz w3, #1, #8; b #32768", SITE_BIT, A64_TBZ | 1u << 19 | 3, 32768);
}

static void (*const parts[])(struct table *) = {
	arithmetic, logic, constants, memory, atomics, others, jumps,
};
static const char *const part_names[] = {
	"arithmetic", "logic", "constants", "memory", "atomics", "others", "jumps",
};

static void test_encoding(struct jit_code *code)
{
	struct table t = {.file = open_table("arm64"), .code = code};

	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		tap_begin(part_names[i]);
		if (t.file)
			parts[i](&t);
		else
			tap_fail("arm64/encoding.txt cannot be read");
		if (i == ARRAY_SIZE(parts) - 1)
			check_at_end(&t);
		tap_end();
	}
	if (t.file)
		fclose(t.file);
}

/* ---- meanings ---- */

/* What N:immr:imms stand for, as the architecture says it (DecodeBitMasks). */
static u64 decode_logical(u32 bits)
{
	u32 n = bits >> 12 & 1, immr = bits >> 6 & 63, imms = bits & 63;
	u32 len = 31 - (u32)__builtin_clz(n << 6 | (~imms & 63));
	u32 size = 1u << len, levels = size - 1, s = imms & levels, r = immr & levels;
	u64 mask = size == 64 ? ~0ull : (1ull << size) - 1, v;

	v = s == 63 ? ~0ull : (1ull << (s + 1)) - 1;
	if (r)
		v = (v >> r | v << (size - r)) & mask;
	for (; size < 64; size *= 2)
		v |= v << size;
	return v;
}

static void test_logical(void)
{
	u32 n = 0, bits;

	tap_begin("all immediates of logic");
	for (u32 size = 2; size <= 64; size *= 2) {
		for (u32 ones = 1; ones < size; ones++) {
			for (u32 rotate = 0; rotate < size; rotate++, n++) {
				u64 v = decode_logical((u32)(size == 64) << 12 | rotate << 6 |
						       ((~(size - 1) << 1 & 63) | (ones - 1)));

				if (!a64_logical(v, 8, &bits) || decode_logical(bits) != v)
					tap_fail("%#" PRIx64 " is not encoded", v);
			}
		}
	}
	check_eq(n, 5334); /* all there are */
	tap_end();
	tap_begin("numbers that are none");
	for (u64 v = 0, state = 1; state < 100000; state++) {
		v = v * 6364136223846793005 + 1442695040888963407;
		if (a64_logical(v, 8, &bits))
			check_eq(decode_logical(bits), v);
	}
	check(!a64_logical(0, 8, &bits));
	check(!a64_logical(~0ull, 8, &bits));
	check(!a64_logical(0, 4, &bits));
	check(!a64_logical(0xffffffff, 4, &bits));
	check(!a64_logical(5, 8, &bits));
	check(!a64_logical(0x100000003000, 8, &bits));
	check(a64_logical(0x1234567800000001, 4, &bits)); /* the upper half does not count */
	tap_end();
}

/* What the register holds after instructions that set constants. */
static u64 run_constants(const struct jit_code *code)
{
	u64 v = 0xdeadbeefdeadbeef;

	for (size_t i = 0; i < code->buf.len; i += 4) {
		const u8 *p = code->buf.data + i;
		u32 word = p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
		u32 shift = (word >> 21 & 3) * 16;
		u64 imm = (u64)(word >> 5 & 0xffff) << shift, ones = word & A64_X ? ~0ull : ~0u;

		switch (word & 0x7f800000) {
		case A64_MOVZ:
			v = imm;
			break;
		case A64_MOVN:
			v = ~imm & ones;
			break;
		case A64_MOVK:
			v = (v & ~((u64)0xffff << shift)) | imm;
			break;
		case A64_ORR_IMM:
			v = decode_logical(word >> 10 & 0x1fff) & ones;
			break;
		default:
			tap_fail("%08x is not expected", word);
		}
	}
	return v;
}

static void one_constant(struct jit_code *code, u64 v)
{
	code->buf.len = 0;
	a64_mov_imm(code, 1, v);
	if (run_constants(code) != v || code->buf.len > 16)
		tap_fail("%#" PRIx64 " becomes %#" PRIx64 " by %zu instructions", v,
			 run_constants(code), code->buf.len / 4);
}

static void test_constants(struct jit_code *code)
{
	static const u16 part[] = {0, 1, 0x00ff, 0x5555, 0x8000, 0xfffe, 0xffff};
	u64 v = 1;

	tap_begin("constants in registers");
	for (u32 i = 0; i < 7 * 7 * 7 * 7; i++)
		one_constant(code, (u64)part[i % 7] | (u64)part[i / 7 % 7] << 16 |
					   (u64)part[i / 49 % 7] << 32 | (u64)part[i / 343] << 48);
	for (u32 i = 0; i < 10000; i++) {
		v = v * 6364136223846793005 + 1442695040888963407;
		one_constant(code, v >> i % 64);
		one_constant(code, ~(v >> i % 64));
	}
	tap_end();
}

int main(int argc, char **argv)
{
	struct jit_code code = {.unit = &unit};
	struct table print = {.code = &code};

	buf_init(&code.buf, &mem_libc);
	if (argc > 1 && !strcmp(argv[1], "--print")) {
		for (u32 i = 0; i < ARRAY_SIZE(parts); i++)
			parts[i](&print);
		code_free(&code);
		return 0;
	}
	test_encoding(&code);
	test_logical();
	test_constants(&code);
	code_free(&code);
	return tap_done();
}

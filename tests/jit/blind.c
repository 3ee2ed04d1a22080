/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constant blinding on the machine at hand: numbers of a program that stand in
 * its code can be found there, and with blinding they cannot.
 */
#include "jit/code.h"
#include "jit/ir/ir.h"
#include "jit/target.h"

#include "tap.h"

static const char chosen[] = "fn 0, frame 0\n"
			     "b0:\n"
			     "\t%1 = param 0\n"
			     "\t%6 = frame 1212696649\n"
			     "\tstore.8 [%1 + 8] = %6 packet\n"
			     "\t%2 = add.d %1, 1128481603\n"
			     "\t%3 = sub.w %2, 1094861637\n"
			     "\tstore.4 [%1 + 0] = 1162167621 packet\n"
			     "\tbr ult.d %3, 4702394921427289928, b1, b2\n"
			     "b1:\n"
			     "\t%4 = load.8 [%1 + 1178992710] packet\n"
			     "\tjmp b2\n"
			     "b2:\n"
			     "\t%5 = phi b0 1195853639, b1 %4\n"
			     "\tret %5\n";

static const u64 numbers[] = {
	1128481603, 0 - 1094861637u, 1162167621, 4702394921427289928,
	1178992710, 1195853639,	     1212696649,
};

static bool holds_bytes(const struct buf *code, u64 value)
{
	size_t size = value <= UINT32_MAX ? 4 : 8;

	for (size_t i = 0; i + size <= code->len; i++) {
		if (!memcmp(code->data + i, &value, size))
			return true;
	}
	return false;
}

/*
 * Machines with instructions of one size put a number together by MOVZ or MOVN
 * and MOVK of 16 bits each (Arm ARM C6.2: sf opc 100101 hw imm16 Rd).
 */
static bool holds_moves(const struct buf *code, u64 value)
{
	u64 reg[32] = {0};

	for (size_t i = 0; i + 4 <= code->len; i += 4) {
		u32 insn, shift;
		u64 *rd, imm;

		memcpy(&insn, code->data + i, 4);
		if ((insn >> 23 & 0x3f) != 0x25)
			continue;
		rd = &reg[insn & 31];
		shift = (insn >> 21 & 3) * 16;
		imm = (u64)(insn >> 5 & 0xffff) << shift;
		switch (insn >> 29 & 3) {
		case 0:
			*rd = ~imm;
			break;
		case 2:
			*rd = imm;
			break;
		default:
			*rd = (*rd & ~(0xffffULL << shift)) | imm;
		}
		if (!(insn >> 31))
			*rd = (u32)*rd;
		if (*rd == value || (u32)*rd == value)
			return true;
	}
	return false;
}

static bool holds(const struct buf *code, u64 value)
{
	return !strcmp(jit_native->name, "arm64") ? holds_moves(code, value)
						  : holds_bytes(code, value);
}

static bool compile(struct jit_unit *unit, struct arena *arena, struct jit_code *code)
{
	struct ir_fn fn;

	if (ir_fn_init(&fn, unit, arena, 0) || ir_parse(&fn, chosen, unit->err)) {
		tap_fail("%s", unit->err->text);
		return false;
	}
	ir_clean(&fn);
	ir_cfg(&fn);
	jit_native->lower(&fn);
	ir_clean(&fn);
	ir_cfg(&fn);
	if (jit_regalloc(jit_native, &fn) || jit_native->emit(code, &fn)) {
		tap_fail("no code: %s", unit->err->text);
		return false;
	}
	return true;
}

/* Which of the numbers the code holds, one bit each. */
static u32 numbers_in_code(bool blind)
{
	struct jit_options options = {.passes = JIT_PASSES_ALL, .blind = blind};
	struct err err = {0};
	struct jit_unit unit = {.options = &options, .mem = &mem_libc, .err = &err};
	struct jit_code code = {.unit = &unit};
	struct arena arena;
	u32 held = 0;

	arena_init(&arena, &mem_libc);
	buf_init(&code.buf, &mem_libc);
	if (compile(&unit, &arena, &code)) {
		for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
			held |= (u32)holds(&code.buf, numbers[i]) << i;
	}
	code_free(&code);
	arena_free(&arena);
	return held;
}

static void test_blinding(void)
{
	check_eq(numbers_in_code(false), BIT(ARRAY_SIZE(numbers)) - 1);
	check_eq(numbers_in_code(true), 0);
}

int main(void)
{
	run_test(test_blinding);
	return tap_done();
}

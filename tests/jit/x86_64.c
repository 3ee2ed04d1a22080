/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The encoder of x86-64 against an assembler: every instruction that the
 * compiler uses, with registers and memory operands of all kinds, must have
 * the bytes that x86_64/encoding.txt says. `test-jit-x86_64 --print` prints the
 * instructions; the file is made from that by LLVM:
 *
 *	test-jit-x86_64 --print |
 *	llvm-mc -triple=x86_64 -x86-asm-syntax=intel -output-asm-variant=1 -show-encoding
 *
 * of which a line is kept as `bytes text`, in the order printed.
 */
#include "jit/x86_64/x86_64.h"

#include "encoding.h"

static struct jit_unit unit = {.mem = &mem_libc};

/* ---- operands ---- */

static const u8 sample_regs[] = {RAX, RBX, RBP, RSI, RDI, R8, R12, R13, R15};

static const char *reg_name(u8 reg, u32 size)
{
	static const char names[4][16][5] = {
		{"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b",
		 "r12b", "r13b", "r14b", "r15b"},
		{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w",
		 "r12w", "r13w", "r14w", "r15w"},
		{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d",
		 "r11d", "r12d", "r13d", "r14d", "r15d"},
		{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
		 "r12", "r13", "r14", "r15"},
	};

	return names[__builtin_ctz(size)][reg];
}

static void print_rm(char *out, size_t size, const struct x86_rm *rm, u32 bytes)
{
	static const char *const of[] = {[1] = "byte", [2] = "word", [4] = "dword", [8] = "qword"};
	const char *plus = "";
	int n;

	if (!rm->mem) {
		snprintf(out, size, "%s", reg_name(rm->base, bytes));
		return;
	}
	n = bytes == 16 ? snprintf(out, size, "[") : snprintf(out, size, "%s ptr [", of[bytes]);
	if (rm->base != X86_NO_REG) {
		n += snprintf(out + n, size - (size_t)n, "%s", reg_name(rm->base, 8));
		plus = " + ";
	}
	if (rm->index != X86_NO_REG) {
		n += snprintf(out + n, size - (size_t)n, "%s%u*%s", plus, 1u << rm->scale,
			      reg_name(rm->index, 8));
		plus = " + ";
	}
	if (rm->disp || !*plus)
		n += snprintf(out + n, size - (size_t)n, "%s%d", plus, rm->disp);
	snprintf(out + n, size - (size_t)n, "]");
}

/* ---- instructions ---- */

enum form {
	RM_OP,	    /* reg, r/m */
	RM_VEX,	    /* reg, vvvv, r/m */
	RM_ALU_IMM, /* r/m, immediate of .value */
	RM_SHIFT,   /* likewise */
	RM_ALU,	    /* reg, r/m */
	RM_ALU_TO,  /* r/m, reg */
};

/*
 * In the text r, v and m stand for the register, the second one of VEX and the
 * r/m operand, followed by their size in bytes (16: an address). M: memory
 * alone, where registers have another encoding.
 */
static const struct row {
	const char *text;
	enum form form;
	u32 op;
	u8 digit;
	s64 value;
} rows[] = {
	{"mov $r8, $M8", RM_OP, OP_MOV_LOAD | OP_W, 0, 0},
	{"mov $r4, $M4", RM_OP, OP_MOV_LOAD, 0, 0},
	{"mov $m8, $r8", RM_OP, OP_MOV_STORE | OP_W, 0, 0},
	{"mov $m4, $r4", RM_OP, OP_MOV_STORE, 0, 0},
	{"mov $m2, $r2", RM_OP, OP_MOV_STORE | OP_66, 0, 0},
	{"mov $M1, $r1", RM_OP, OP_MOV_STORE8, 0, 0},
	{"movzx $r4, $m1", RM_OP, OP_MOVZX8, 0, 0},
	{"movzx $r4, $m2", RM_OP, OP_MOVZX16, 0, 0},
	{"movsx $r4, $m1", RM_OP, OP_MOVSX8, 0, 0},
	{"movsx $r8, $m1", RM_OP, OP_MOVSX8 | OP_W, 0, 0},
	{"movsx $r8, $m2", RM_OP, OP_MOVSX16 | OP_W, 0, 0},
	{"movsxd $r8, $m4", RM_OP, OP_MOVSX32, 0, 0},
	{"lea $r8, $M16", RM_OP, OP_LEA | OP_W, 0, 0},
	{"lea $r4, $M16", RM_OP, OP_LEA, 0, 0},
	{"test $m8, $r8", RM_OP, OP_TEST | OP_W, 0, 0},
	{"test $m1, $r1", RM_OP, OP_TEST8, 0, 0},
	{"imul $r8, $m8", RM_OP, OP_IMUL | OP_W, 0, 0},
	{"imul $r4, $m4", RM_OP, OP_IMUL, 0, 0},
	{"not $m8", RM_OP, OP_UNARY | OP_W, 2, 0},
	{"neg $m4", RM_OP, OP_UNARY, 3, 0},
	{"mul $m8", RM_OP, OP_UNARY | OP_W, 4, 0},
	{"div $m4", RM_OP, OP_UNARY, 6, 0},
	{"idiv $m8", RM_OP, OP_UNARY | OP_W, 7, 0},
	{"shl $m8, cl", RM_OP, OP_SHIFT_CL | OP_W, SHIFT_SHL, 0},
	{"rol $m4, cl", RM_OP, OP_SHIFT_CL, SHIFT_ROL, 0},
	{"xchg $M8, $r8", RM_OP, OP_XCHG | OP_W, 0, 0},
	{"lock xadd $M8, $r8", RM_OP, OP_XADD | OP_W, 0, 0},
	{"lock cmpxchg $M4, $r4", RM_OP, OP_CMPXCHG, 0, 0},
	{"call $m8", RM_OP, OP_INDIRECT, 2, 0},
	{"jmp $m8", RM_OP, OP_INDIRECT, 4, 0},
	{"cmovae $r8, $m8", RM_OP, OP_CMOV | OP_W | CC_AE, 0, 0},
	{"cmovl $r4, $m4", RM_OP, OP_CMOV | CC_L, 0, 0},
	{"sete $m1", RM_OP, OP_SETCC | CC_E, 0, 0},
	{"setg $m1", RM_OP, OP_SETCC | CC_G, 0, 0},
	{"popcnt $r8, $m8", RM_OP, OP_POPCNT | OP_W, 0, 0},
	{"popcnt $r4, $m4", RM_OP, OP_POPCNT, 0, 0},
	{"movbe $r8, $M8", RM_OP, OP_MOVBE_LOAD | OP_W, 0, 0},
	{"movbe $M4, $r4", RM_OP, OP_MOVBE_STORE, 0, 0},
	{"movbe $M2, $r2", RM_OP, OP_MOVBE_STORE | OP_66, 0, 0},
	{"andn $r8, $v8, $m8", RM_VEX, VEX_ANDN | OP_W, 0, 0},
	{"andn $r4, $v4, $m4", RM_VEX, VEX_ANDN, 0, 0},
	{"shlx $r8, $m8, $v8", RM_VEX, VEX_SHLX | OP_W, 0, 0},
	{"shrx $r4, $m4, $v4", RM_VEX, VEX_SHRX, 0, 0},
	{"sarx $r8, $m8, $v8", RM_VEX, VEX_SARX | OP_W, 0, 0},
	{"mulx $r8, $v8, $m8", RM_VEX, VEX_MULX | OP_W, 0, 0},
	{"add $r8, $M8", RM_ALU, OP_W, ALU_ADD, 0},
	{"cmp $r4, $M4", RM_ALU, 0, ALU_CMP, 0},
	{"sub $m8, $r8", RM_ALU_TO, OP_W, ALU_SUB, 0},
	{"xor $m4, $r4", RM_ALU_TO, 0, ALU_XOR, 0},
	{"lock or $M8, $r8", RM_ALU_TO, OP_W | OP_LOCK, ALU_OR, 0},
	{"add $m8, 127", RM_ALU_IMM, OP_W, ALU_ADD, 127},
	{"and $m8, -128", RM_ALU_IMM, OP_W, ALU_AND, -128},
	{"sub $m8, 128", RM_ALU_IMM, OP_W, ALU_SUB, 128},
	{"cmp $m4, 2147483647", RM_ALU_IMM, 0, ALU_CMP, INT32_MAX},
	{"cmp $m2, 99", RM_ALU_IMM, OP_66, ALU_CMP, 99},
	{"xor $m8, -2147483648", RM_ALU_IMM, OP_W, ALU_XOR, INT32_MIN},
	{"shl $m8, 63", RM_SHIFT, OP_W, SHIFT_SHL, 63},
	{"shr $m4, 1", RM_SHIFT, 0, SHIFT_SHR, 1},
	{"sar $m8, 2", RM_SHIFT, OP_W, SHIFT_SAR, 2},
	{"ror $m4, 31", RM_SHIFT, 0, SHIFT_ROR, 31},
	{"rol $m2, 8", RM_SHIFT, OP_66, SHIFT_ROL, 8},
};

static void print_insn(char *out, size_t size, const struct row *row, u8 reg, u8 vvvv,
		       const struct x86_rm *rm)
{
	size_t n = 0;
	char *end;

	for (const char *p = row->text; *p;) {
		if (*p != '$') {
			out[n++] = *p++;
			continue;
		}
		if (p[1] == 'r' || p[1] == 'v')
			snprintf(out + n, size - n, "%s",
				 reg_name(p[1] == 'r' ? reg : vvvv, (u32)strtoul(p + 2, &end, 10)));
		else
			print_rm(out + n, size - n, rm, (u32)strtoul(p + 2, &end, 10));
		n += strlen(out + n);
		p = end;
	}
	out[n] = 0;
}

static void encode(struct jit_code *code, const struct row *row, u8 reg, u8 vvvv,
		   const struct x86_rm *rm)
{
	bool has_reg = strstr(row->text, "$r");

	switch (row->form) {
	case RM_OP:
		x86_op(code, row->op, has_reg ? reg : row->digit, rm);
		break;
	case RM_VEX:
		x86_vex(code, row->op, reg, vvvv, rm);
		break;
	case RM_ALU_IMM:
		x86_alu_imm(code, row->op, row->digit, rm, (s32)row->value);
		break;
	case RM_SHIFT:
		x86_shift_imm(code, row->op, row->digit, rm, (u8)row->value);
		break;
	case RM_ALU:
		x86_alu(code, row->op, row->digit, reg, rm);
		break;
	case RM_ALU_TO:
		x86_alu_to(code, row->op, row->digit, rm, reg);
		break;
	}
}

/* ---- each instruction with each operand ---- */

static void one(struct table *t, const struct row *row, u8 reg, const struct x86_rm *rm)
{
	u8 vvvv = sample_regs[(reg * 5u) % ARRAY_SIZE(sample_regs)];
	char text[128];

	print_insn(text, sizeof(text), row, reg, vvvv, rm);
	if (!t->file) {
		printf("%s\n", text);
		return;
	}
	t->code->buf.len = 0;
	encode(t->code, row, reg, vvvv, rm);
	check_bytes(t, text);
}

/* Memory operands: all of them for the first rows, some for the rest. */
static void memory_operands(struct table *t, const struct row *row, bool all)
{
	static const u8 bases[] = {RAX, RSP, RBP, RDI, R12, R13, X86_NO_REG};
	static const u8 indexes[] = {X86_NO_REG, RCX, RBP, R9, R12, R13};
	static const s32 disps[] = {0, 127, -128, 128, -129, 1000000};
	u32 n = 0;

	for (u32 b = 0; b < ARRAY_SIZE(bases); b++) {
		for (u32 i = 0; i < ARRAY_SIZE(indexes); i++) {
			for (u32 d = 0; d < ARRAY_SIZE(disps); d++, n++) {
				struct x86_rm rm = {
					.mem = true,
					.base = bases[b],
					.index = indexes[i],
					.scale = (u8)(indexes[i] == X86_NO_REG ? 0 : (n + b) % 4),
					.disp = disps[d],
				};

				/* LLVM writes an index without a base and a scale of 1 as a base.
				 */
				if (rm.base == X86_NO_REG && rm.index != X86_NO_REG && !rm.scale)
					rm.scale = 2;
				if (all || n % 29 == (u32)(row - rows) % 29)
					one(t, row, sample_regs[n % ARRAY_SIZE(sample_regs)], &rm);
			}
		}
	}
}

static void row_operands(struct table *t, const struct row *row)
{
	bool only_memory = strstr(row->text, "$M");

	for (u32 i = 0; i < ARRAY_SIZE(sample_regs) && !only_memory; i++) {
		struct x86_rm rm = x86_in_reg(sample_regs[(i * 2) % ARRAY_SIZE(sample_regs)]);

		one(t, row, sample_regs[i], &rm);
	}
	memory_operands(t, row, row == rows);
}

static void test_encoding(struct jit_code *code)
{
	struct table t = {.file = open_table("x86_64"), .code = code};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		tap_begin(rows[i].text);
		if (t.file)
			row_operands(&t, &rows[i]);
		else
			tap_fail("x86_64/encoding.txt cannot be read");
		if (i == ARRAY_SIZE(rows) - 1)
			check_at_end(&t);
		tap_end();
	}
	if (t.file)
		fclose(t.file);
}

int main(int argc, char **argv)
{
	struct jit_code code = {.unit = &unit};
	struct table print = {.code = &code};

	buf_init(&code.buf, &mem_libc);
	if (argc > 1 && !strcmp(argv[1], "--print")) {
		for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
			row_operands(&print, &rows[i]);
		return 0;
	}
	test_encoding(&code);
	code_free(&code);
	return tap_done();
}

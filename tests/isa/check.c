/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The legality of instructions: the words of tests/isa/check.txt, and every
 * opcode with every field disturbed, asked of our checks and of the running
 * kernel.
 */
#include "tap.h"

#include "isa/asm.h"
#include "isa/data.h"
#include "isa/isa.h"
#include "isa/kernel.h"

/* The instruction under test is number 10: r6 holds the context, r0 to r9 else scalars. */
#define AT 10

static u32 make_prog(struct bpf_insn *prog, struct bpf_insn insn)
{
	u32 n = 0;

	prog[n++] = (struct bpf_insn){
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1};
	for (u32 r = 0; r < 10; r++)
		if (r != BPF_REG_6)
			prog[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K,
						      .dst_reg = r & 15u};
	prog[n++] = insn;
	if (isa_is_wide(&insn))
		prog[n++] = (struct bpf_insn){0};
	prog[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K};
	prog[n++] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
	return n;
}

/* In the order that the verifier would ask. */
static int our_verdict(const struct bpf_insn *prog, u32 cnt, struct isa_error *err)
{
	bool calls = isa_is_local_call(&prog[AT]) || isa_is_func_ref(&prog[AT]);
	s64 callee = isa_target(&prog[AT], AT);
	u32 end = calls && callee > 0 && callee < cnt ? (u32)callee : cnt;
	int ret = isa_check_subprog(prog, 0, end, err);

	if (!ret)
		ret = isa_check_subprog(prog, end, cnt, err);
	for (u32 i = 0; i < cnt && !ret; i += isa_slots(&prog[i]))
		ret = isa_check_opcode(prog, cnt, i, err);
	return ret ? ret : isa_check_insn(prog, cnt, AT, err);
}

/* Words that only the checks under test say. */
static bool is_about_legality(const char *log)
{
	static const char *const words[] = {
		"reserved fields",  "unknown opcode",	   "invalid bpf_ld_imm64",
		"unrecognized",	    "uses invalid atomic", "jump out of range",
		"last insn",	    "is invalid\n",	   "frame pointer is read only",
		"div by zero",	    "invalid shift",	   "invalid may_goto",
		"can only convert",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(log, words[i]))
			return true;
	return false;
}

/* The kernel refused it for its flow, or a map or BTF that is not there, before it looked. */
static bool ended_before_fields(const char *log)
{
	return strstr(log, "unreachable insn") || strstr(log, "is not pointing to valid bpf_map") ||
	       strstr(log, "fd_idx without fd_array") || strstr(log, "FD 0 is not a BTF") ||
	       strstr(log, "kernel btf_id");
}

/* What kernels newer than our profile, Linux 6.12, take or say differently. */
static bool newer_than_profile(const struct bpf_insn *insn)
{
	bool atomic = BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;

	return (atomic && (BPF_SIZE(insn->code) == BPF_B || BPF_SIZE(insn->code) == BPF_H)) ||
	       (isa_is_may_goto(insn) &&
		(insn->off == 0 || insn->imm != 0 || insn->dst_reg || insn->src_reg));
}

static void compare(struct bpf_insn insn)
{
	static char log[65536];
	struct bpf_insn prog[AT + 4];
	u32 cnt = make_prog(prog, insn);
	struct isa_error err = {0};
	int ours, theirs;
	char line[160];

	if (newer_than_profile(&insn))
		return;
	ours = our_verdict(prog, cnt, &err);
	theirs = kernel_load(BPF_PROG_TYPE_SOCKET_FILTER, prog, cnt, 1, log, sizeof(log));
	snprintf(line, sizeof(line), "%s\n", err.text);
	if (ended_before_fields(log))
		return;
	if (ours && (!theirs || !strstr(log, line)))
		tap_fail("%02x dst=%u src=%u off=%d imm=%d: we say \"%s\", the kernel %d: %s",
			 insn.code, insn.dst_reg, insn.src_reg, insn.off, insn.imm, err.text,
			 theirs, log);
	if (!ours && theirs && is_about_legality(log))
		tap_fail("%02x dst=%u src=%u off=%d imm=%d: we take it, the kernel %d: %s",
			 insn.code, insn.dst_reg, insn.src_reg, insn.off, insn.imm, theirs, log);
}

static void test_fields_as_kernel(void)
{
	static const struct bpf_insn fields[] = {
		{0},
		{.dst_reg = 1},
		{.dst_reg = 10},
		{.dst_reg = 11},
		{.src_reg = 1},
		{.src_reg = 2},
		{.src_reg = 3},
		{.src_reg = 9},
		{.src_reg = 12},
		{.off = 1},
		{.off = 8},
		{.off = 32},
		{.off = -1},
		{.off = 1, .imm = 1},
		{.off = 1, .src_reg = 1},
		{.off = 1, .imm = 1 << 16},
		{.imm = 1},
		{.imm = 16},
		{.imm = 31},
		{.imm = 32},
		{.imm = 63},
		{.imm = 64},
		{.imm = -1},
		{.imm = 0xe1},
		{.imm = 0xf1},
		{.imm = 0x41, .dst_reg = 10, .off = -8},
		{.imm = 0xf1, .dst_reg = 10, .off = -8, .src_reg = 11},
		{.imm = 0x7fffffff},
		{.imm = (s32)0x80000000},
	};

	if (!kernel_answers()) {
		tap_skip("no kernel to ask: bpf() is refused");
		return;
	}
	for (u32 code = 0; code < 256; code++) {
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			struct bpf_insn insn = fields[i];

			insn.code = (u8)code;
			compare(insn);
		}
	}
}

/* In the order of a verifier, for programs whose instructions run one after the other. */
static void straight_verdict(const struct bpf_insn *prog, u32 cnt, struct isa_error *err)
{
	int ret = isa_check_subprog(prog, 0, cnt, err);

	for (u32 i = 0; i < cnt && !ret; i += isa_slots(&prog[i]))
		ret = isa_check_opcode(prog, cnt, i, err);
	for (u32 i = 0; i < cnt && !ret; i += isa_slots(&prog[i]))
		ret = isa_check_insn(prog, cnt, i, err);
}

static void words_case(const char *left, const char *right)
{
	static char log[65536];
	struct isa_error got = {0};
	struct bpf_insn *insns;
	struct err err = {0};
	char text[1024], want[256];
	u32 cnt;

	snprintf(text, sizeof(text), "%s", left);
	for (char *p = text; (p = strchr(p, '|')) != NULL;)
		*p = '\n';
	snprintf(want, sizeof(want), "%s\n", right);
	if (isa_assemble(NULL, text, NULL, &insns, &cnt, &err)) {
		tap_fail("\"%s\": %s", left, err.text);
		return;
	}
	straight_verdict(insns, cnt, &got);
	check_str(got.text, right);
	if (kernel_answers() &&
	    (!kernel_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, cnt, 1, log, sizeof(log)) ||
	     !strstr(log, want)))
		tap_fail("\"%s\": the kernel says otherwise: %s", left, log);
	mem_free(&mem_libc, insns);
}

static void test_words(void)
{
	data_each("check.txt", " -> ", words_case);
}

/* Linux 6.12 has so many opcodes; the others are unknown. */
static void test_opcodes(void)
{
	u32 known = 0;

	for (u32 code = 0; code < 256; code++) {
		struct bpf_insn insn = {.code = (u8)code};
		struct isa_error err = {0};

		if (isa_first[code] != ISA_NONE) {
			known++;
			check_eq(isa_rows[isa_first[code]].code, code);
		} else if (BPF_CLASS(code) != BPF_LDX) {
			char text[32];

			check_eq(isa_check_opcode(&insn, 1, 0, &err), -EINVAL);
			snprintf(text, sizeof(text), "unknown opcode %02x", code);
			check_str(err.text, text);
		}
	}
	check_eq(known, 126);
}

/* Every row is found by the instruction that it describes. */
static void test_rows(void)
{
	for (u32 form = ISA_NONE + 1; form < ISA_FORMS; form++) {
		const struct isa_row *row = &isa_rows[form];
		struct bpf_insn insn = {.code = row->code};

		if (row->selector == ISA_BY_OFF)
			insn.off = (s16)row->value;
		if (row->selector == ISA_BY_IMM)
			insn.imm = row->value;
		if (row->selector == ISA_BY_SRC)
			insn.src_reg = (u32)row->value & 15u;
		check_eq(isa_form(&insn), form);
	}
}

static void test_registers(void)
{
	struct bpf_insn cmpxchg = {.code = BPF_STX | BPF_ATOMIC | BPF_DW,
				   .dst_reg = 3,
				   .src_reg = 4,
				   .imm = BPF_CMPXCHG};
	struct bpf_insn call = {.code = BPF_JMP | BPF_CALL, .imm = 1};
	struct bpf_insn mov = {.code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = 3, .src_reg = 4};
	struct bpf_insn bad = {.code = 0xff};

	check_eq(isa_regs_read(&cmpxchg), BIT(0) | BIT(3) | BIT(4));
	check_eq(isa_regs_written(&cmpxchg), BIT(0));
	check_eq(isa_regs_read(&call), 0x3e);
	check_eq(isa_regs_written(&call), 0x3f);
	check_eq(isa_regs_read(&mov), BIT(4));
	check_eq(isa_regs_written(&mov), BIT(3));
	check_eq(isa_regs_read(&bad), 0);
	check_eq(isa_regs_written(&bad), 0);
}

int main(void)
{
	run_test(test_words);
	run_test(test_opcodes);
	run_test(test_rows);
	run_test(test_registers);
	run_test(test_fields_as_kernel);
	return tap_done();
}

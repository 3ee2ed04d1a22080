/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text of instructions: the kernel's form against the running kernel's own
 * log, llvm's form against known output (tests/isa/llvm.txt), and that the
 * assembler gives back what the disassembler was given.
 */
#include "tap.h"

#include "isa/asm.h"
#include "isa/disasm.h"
#include "isa/isa.h"
#include "isa/data.h"
#include "isa/kernel.h"

/* ---- the running kernel ---- */

/* Copies the text of instruction @at from a log: "3: (b7) r0 = 0    ; R0=0". */
static bool log_line(const char *log, u32 at, char *line, size_t size)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%u: ", at);
	for (const char *p = log; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		size_t len = strcspn(p, "\n");
		const char *note;

		if (strncmp(p, prefix, strlen(prefix)) || !strchr("(B", p[strlen(prefix)]))
			continue;
		p += strlen(prefix);
		len -= strlen(prefix);
		note = strstr(p, " ;");
		if (note && note < p + len)
			len = (size_t)(note - p);
		while (len && p[len - 1] == ' ')
			len--;
		snprintf(line, size, "%.*s", (int)len, p);
		return true;
	}
	return false;
}

/* What our helpers are called here: enough for the comparison. */
static const char *helper_name(void *ctx, u32 id)
{
	static const char *const names[] = {
		[0] = "bpf_unspec",	     [1] = "bpf_map_lookup_elem", [5] = "bpf_ktime_get_ns",
		[7] = "bpf_get_prandom_u32", [12] = "bpf_tail_call",
	};

	(void)ctx;
	return id < ARRAY_SIZE(names) ? names[id] : NULL;
}

static const struct disasm_options kernel_form = {.opcode = true, .helper_name = helper_name};

#define AT 10

/* r6 is the context, r10 the frame, the others are numbers; jumps are in range. */
static u32 surround(struct bpf_insn *prog, const struct bpf_insn *insn)
{
	u32 n = 0;

	prog[n++] = (struct bpf_insn){
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1};
	for (u32 r = 0; r < 10; r++)
		if (r != BPF_REG_6)
			prog[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K,
						      .dst_reg = r & 15u};
	prog[n++] = insn[0];
	if (isa_is_wide(insn))
		prog[n++] = insn[1];
	for (u32 i = 0; i < 4; i++)
		prog[n++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K};
	prog[n++] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
	return n;
}

/* Instructions that the kernel printed, so that the test can demand some. */
static u32 compared;

static void compare_with_kernel(const struct bpf_insn *insn)
{
	static char log[65536];
	struct bpf_insn prog[AT + 8];
	u32 cnt = surround(prog, insn);
	char line[256];
	struct buf text;

	kernel_load(BPF_PROG_TYPE_SCHED_CLS, prog, cnt, 2, log, sizeof(log));
	if (!log_line(log, AT, line, sizeof(line)))
		return;
	compared++;
	buf_init(&text, &mem_libc);
	isa_disasm(&text, &prog[AT], cnt - AT, &kernel_form);
	if (strcmp(buf_str(&text), line))
		tap_fail("code %02x dst %u src %u off %d imm %d: \"%s\", not \"%s\"", insn->code,
			 insn->dst_reg, insn->src_reg, insn->off, insn->imm, buf_str(&text), line);
	buf_free(&text);
}

/* @row with some values in its free fields. */
static void fill(struct bpf_insn insn[2], const struct isa_row *row, u8 dst, u8 src, s16 off,
		 s32 imm)
{
	memset(insn, 0, 2 * sizeof(*insn));
	insn->code = row->code;
	if (row->fields & ISA_D)
		insn->dst_reg = dst & 15u;
	if (row->fields & ISA_S)
		insn->src_reg = src & 15u;
	if (row->fields & ISA_O && row->kind != ISA_KIND_EXIT)
		insn->off = off;
	if (row->fields & ISA_I)
		insn->imm = imm;
	if (row->selector == ISA_BY_OFF)
		insn->off = (s16)row->value;
	if (row->selector == ISA_BY_IMM)
		insn->imm = row->value;
	if (row->selector == ISA_BY_SRC)
		insn->src_reg = (u32)row->value & 15u;
}

static bool is_jump_or_call(const struct isa_row *row)
{
	return row->kind >= ISA_KIND_IF && row->kind <= ISA_KIND_EXIT;
}

static void test_rows_as_kernel(void)
{
	static const s16 offs[] = {0, 4, -8, 32767, -32768};
	static const s32 imms[] = {0, 1, 5, -5, 0x7fffffff, (s32)0x80000000};

	if (!kernel_answers()) {
		tap_skip("no kernel to ask: bpf() is refused");
		return;
	}
	for (u32 form = ISA_NONE + 1; form < ISA_FORMS; form++) {
		const struct isa_row *row = &isa_rows[form];

		for (size_t i = 0; i < ARRAY_SIZE(imms); i++) {
			struct bpf_insn insn[2];
			s16 off = is_jump_or_call(row) ? 1 : offs[i % ARRAY_SIZE(offs)];
			s32 imm = row->kind == ISA_KIND_GOTO ? 1 : imms[i];

			fill(insn, row, 10, 3, off, imm);
			compare_with_kernel(insn);
			fill(insn, row, 3, 10, off, imm);
			insn[1].imm = row->kind == ISA_KIND_WIDE ? imms[i] : 0;
			compare_with_kernel(insn);
		}
	}
	check(compared > 1000);
}

/* What the kernel prints before it refuses: reserved fields, unknown selectors. */
static void test_refused_as_kernel(void)
{
	static const struct bpf_insn insns[][2] = {
		{{.code = 0xdc, .dst_reg = 1, .imm = 5}},
		{{.code = 0xd4, .dst_reg = 1, .imm = -5}},
		{{.code = 0xd7, .dst_reg = 1, .imm = 8}},
		{{.code = 0x87, .dst_reg = 1, .imm = 8}},
		{{.code = 0xbc, .dst_reg = 1, .src_reg = 2, .off = 32}},
		{{.code = 0xbc, .dst_reg = 1, .src_reg = 2, .off = 7}},
		{{.code = 0xbf, .dst_reg = 1, .src_reg = 2, .off = 24}},
		{{.code = 0xbf, .dst_reg = 1, .src_reg = 2, .off = -1}},
		{{.code = 0xbf, .dst_reg = 1, .src_reg = 2, .off = 1, .imm = -1}},
		{{.code = 0x0f, .dst_reg = 11, .src_reg = 15, .off = 1}},
		{{.code = 0x3f, .dst_reg = 1, .src_reg = 2, .off = 2}},
		{{.code = 0x37, .dst_reg = 1, .imm = 2, .off = -1}},
		{{.code = 0xdb, .dst_reg = 1, .src_reg = 2, .imm = 7}},
		{{.code = 0xc3, .dst_reg = 1, .src_reg = 2, .imm = 0x21}},
		{{.code = 0x85, .src_reg = 5, .imm = 77}},
		{{.code = 0x85, .imm = 7777}},
		{{.code = 0x85, .imm = -1}},
		{{.code = 0xe5, .src_reg = 5, .imm = 77, .off = 1}},
		{{.code = 0x18, .dst_reg = 1, .off = 7}},
	};

	if (!kernel_answers()) {
		tap_skip("no kernel to ask: bpf() is refused");
		return;
	}
	compared = 0;
	for (size_t i = 0; i < ARRAY_SIZE(insns); i++)
		compare_with_kernel(insns[i]);
	check_eq(compared, ARRAY_SIZE(insns));
}

/* ---- round trips ---- */

static void round_trip(const struct bpf_insn *insns, u32 left)
{
	static const struct disasm_options exact = {.form = DISASM_ASM};
	struct bpf_insn *got;
	struct err err = {0};
	struct buf text;
	u32 cnt, slots;

	buf_init(&text, &mem_libc);
	slots = isa_disasm(&text, insns, left, &exact);
	if (isa_assemble(NULL, buf_str(&text), NULL, &got, &cnt, &err))
		tap_fail("\"%s\": %s", buf_str(&text), err.text);
	else if (cnt != slots || memcmp(got, insns, slots * sizeof(*insns)))
		tap_fail("code %02x off %d imm %d: \"%s\" gives other bytes", insns->code,
			 insns->off, insns->imm, buf_str(&text));
	mem_free(&mem_libc, got);
	buf_free(&text);
}

static void test_round_trip_rows(void)
{
	static const s16 offs[] = {0, 1, -1, 32767, -32768};
	static const s32 imms[] = {0, 1, -1, 0x7fffffff, (s32)0x80000000};

	for (u32 form = ISA_NONE + 1; form < ISA_FORMS; form++) {
		for (u32 i = 0; i < 25; i++) {
			struct bpf_insn insn[2];

			fill(insn, &isa_rows[form], (u8)(i % 11), (u8)((i + 3) % 11), offs[i % 5],
			     imms[i / 5]);
			if (isa_is_wide(insn))
				insn[1].imm = imms[i % 5];
			round_trip(insn, 2);
		}
	}
}

/* Any bytes at all, of each opcode. */
static void test_round_trip_bytes(void)
{
	u64 x = 88172645463325252ull; /* xorshift; any odd start will do */

	for (u32 i = 0; i < 100000; i++) {
		struct bpf_insn insn[2];

		for (u32 j = 0; j < 2; j++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			memcpy(&insn[j], &x, sizeof(x));
		}
		insn[0].code = (u8)i;
		if (i & 256)
			insn[1] = (struct bpf_insn){.imm = insn[1].imm};
		if (i & 512)
			insn[0].off = (s16)(insn[0].off & 1);
		if (i & 1024)
			insn[0].imm &= 0xff;
		round_trip(insn, i & 2048 ? 1 : 2);
	}
}

/* ---- llvm ---- */

static void llvm_case(const char *hex, const char *want)
{
	struct disasm_options opts = {.form = DISASM_LLVM, .w_memory = true};
	struct bpf_insn insns[2] = {0};
	u32 n = data_insns(hex, insns, 2);
	char text_want[256];
	struct buf text;

	if (!n) {
		tap_fail("\"%s\" are no instructions", hex);
		return;
	}
	snprintf(text_want, sizeof(text_want), "%s", want);
	if (strstr(text_want, "0x"))
		opts.hex = true;
	buf_init(&text, &mem_libc);
	check_eq(isa_disasm(&text, insns, n, &opts), n);
	check_str(buf_str(&text), text_want);
	buf_free(&text);
}

static void test_llvm(void)
{
	data_each("llvm.txt", "\t", llvm_case);
}

int main(void)
{
	run_test(test_rows_as_kernel);
	run_test(test_refused_as_kernel);
	run_test(test_round_trip_rows);
	run_test(test_round_trip_bytes);
	run_test(test_llvm);
	return tap_done();
}

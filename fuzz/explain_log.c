/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any text as a verifier's log, of a program with line information whose
 * columns and lines are made of the same text: explaining and printing end.
 */
#include <string.h>

#include "explain/explain.h"
#include "explain/vlog.h"
#include "fuzz.h"

/* A program with everything that the walk back along a path looks at. */
static const struct bpf_insn insns[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1},
	{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1},
	{.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 10, .src_reg = 2, .off = -8},
	{.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 3, .src_reg = 10, .off = -8},
	{.code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = 3, .src_reg = 2},
	{.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = 3, .src_reg = 2, .off = 2},
	{.code = BPF_JMP | BPF_CALL, .imm = 1},
	{.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 2},
	{.code = BPF_LDX | BPF_MEM | BPF_B, .dst_reg = 0, .src_reg = 0},
	{.code = BPF_JMP | BPF_EXIT},
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0},
	{.code = BPF_JMP | BPF_EXIT},
};

/* Type information with a type, a file's name and the text as strings. */
static struct btf *make_btf(const char *text, size_t size)
{
	static const char start[] = "\0file.c";
	const u32 type[4] = {0, (u32)BTF_KIND_INT << 24, 4, 32};
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = sizeof(type),
		.str_off = sizeof(type),
		.str_len = (u32)(sizeof(start) + size + 1),
	};
	struct err err = {0};
	struct btf *btf = NULL;
	struct buf raw;

	buf_init(&raw, &mem_libc);
	buf_add(&raw, &header, sizeof(header));
	buf_add(&raw, type, sizeof(type));
	buf_add(&raw, start, sizeof(start));
	buf_add(&raw, text, size + 1);
	if (buf_error(&raw) || btf_parse(&mem_libc, raw.data, raw.len, NULL, &btf, NULL, &err))
		btf = NULL;
	buf_free(&raw);
	return btf;
}

/* Every instruction has a line somewhere in the text, at some column. */
static void make_lines(const uint8_t *data, size_t size, struct bpf_line_info *lines)
{
	for (u32 i = 0; i < ARRAY_SIZE(insns); i++) {
		u32 at = size ? data[i % size] * 7u % (u32)size : 0;
		u32 column = size ? data[(i + 12) % size] % 80u : 0;

		lines[i] = (struct bpf_line_info){
			.insn_off = i,
			.file_name_off = 1,
			.line_off = 8 + at,
			.line_col = (i / 2 + 1) << 10 | column,
		};
	}
}

static const char *source_line(void *arg, const char *file, u32 line)
{
	(void)file;
	return line % 3 ? arg : NULL;
}

static void check_queries(const char *text)
{
	struct span value, attribute;
	struct vlog log;

	if (!vlog_parse(&log, &mem_libc, text)) {
		for (u32 i = 0; i < log.steps.len && i < 8; i++) {
			fuzz_check(log.steps.at[i].text.at >= text);
			if (vlog_reg(&log, i, 0, i, &value)) {
				vlog_type(value);
				vlog_attribute(value, "umax", &attribute);
			}
			vlog_slot(&log, i, 0, -8, &value);
		}
	}
	vlog_free(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct explain_style style = {.color = size & 1, .context = 1};
	struct bpf_line_info lines[ARRAY_SIZE(insns)];
	struct explain_input in = {
		.type = "xdp",
		.insns = insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.line_info = lines,
		.line_info_cnt = ARRAY_SIZE(lines),
		.source_line = source_line,
	};
	struct explanation e;
	struct buf out;
	char *text;

	if (size > 8192)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	check_queries(text);
	make_lines(data, size, lines);
	in.btf = make_btf(text, size);
	in.log = text;
	in.arg = text;
	if (!explain(&in, &e)) {
		buf_init(&out, &mem_libc);
		explain_print(&in, &e, &style, &out);
		fuzz_check(!buf_error(&out) && out.len);
		buf_free(&out);
		explanation_free(&e);
	}
	btf_free((struct btf *)(uintptr_t)in.btf);
	free(text);
	return 0;
}

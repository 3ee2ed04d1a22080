/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function and line information of a program of two functions: what is said
 * of it here, and that the running kernel begins its log with the same.
 */
#include <errno.h>

#include "btf/btf.h"
#include "linux_oracle.h"
#include "text.h"

static const char *const types[] = {
	"INT int 4 32 SIGNED",
	"FUNC_PROTO - 1",
	"FUNC f 2",
	"FUNC g 2",
};

static const struct bpf_insn insns[] = {
	{.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1},
	{.code = 0},
	{.code = BPF_JMP | BPF_CALL, .src_reg = 1, .imm = 1},
	{.code = BPF_JMP | BPF_EXIT},
	{.code = BPF_ALU64 | BPF_MOV | BPF_K},
	{.code = BPF_JMP | BPF_EXIT},
};

static const u32 starts[] = {0, 4};

static const struct {
	const char *name;
	struct bpf_func_info info[2];
	const char *text;
} func_cases[] = {
	{"functions", {{0, 3}, {4, 4}}, ""},
	{"functions: first not at 0",
	 {{1, 3}, {4, 4}},
	 "nonzero insn_off 1 for the first func info record"},
	{"functions: the same twice",
	 {{0, 3}, {0, 4}},
	 "same or smaller insn offset (0) than previous func info record (0)"},
	{"functions: of an INT", {{0, 3}, {4, 1}}, "invalid type id 1 in func info"},
	{"functions: of void", {{0, 0}, {4, 4}}, "invalid type id 0 in func info"},
	{"functions: of no type", {{0, 99}, {4, 4}}, "invalid type id 99 in func info"},
	{"functions: far beyond", {{0, 0xffffffff}, {4, 4}}, "invalid type id -1 in func info"},
};

static const struct {
	const char *name;
	struct bpf_line_info info[3];
	u32 n;
	const char *text;
} line_cases[] = {
	{"lines", {{0, 1, 1, 0}, {4, 1, 1, 0}, {5, 1, 1, 0}}, 3, ""},
	{"lines: none", {{0}}, 0, ""},
	{"lines: behind the program",
	 {{0, 1, 1, 0}, {4, 1, 1, 0}, {6, 1, 1, 0}},
	 3,
	 "Invalid line_info[2].insn_off:6 (prev_offset:4 prog->len:6)\n"},
	{"lines: the same twice",
	 {{0, 1, 1, 0}, {4, 1, 1, 0}, {4, 1, 1, 0}},
	 3,
	 "Invalid line_info[2].insn_off:4 (prev_offset:4 prog->len:6)\n"},
	{"lines: the second half of a wide load",
	 {{0, 1, 1, 0}, {1, 1, 1, 0}, {4, 1, 1, 0}},
	 3,
	 "Invalid insn code at line_info[1].insn_off\n"},
	{"lines: text behind the strings",
	 {{0, 1, 999, 0}, {4, 1, 1, 0}},
	 2,
	 "Invalid line_info[0].line_off or .file_name_off\n"},
	{"lines: file behind the strings",
	 {{0, 1, 1, 0}, {4, 999, 1, 0}},
	 2,
	 "Invalid line_info[1].line_off or .file_name_off\n"},
	{"lines: none of the first function",
	 {{2, 1, 1, 0}, {4, 1, 1, 0}},
	 2,
	 "missing bpf_line_info for func#0\n"},
	{"lines: none at the start of the second",
	 {{0, 1, 1, 0}, {2, 1, 1, 0}, {5, 1, 1, 0}},
	 3,
	 "missing bpf_line_info for func#1\n"},
	{"lines: none of the second",
	 {{0, 1, 1, 0}, {2, 1, 1, 0}},
	 2,
	 "missing bpf_line_info for 1 funcs starting from func#1\n"},
};

static struct text_btf btf_text;
static struct btf *btf;
static int kernel_btf = -1; /* its file descriptor, or an error */

static void compare_kernel(const char *want, const struct bpf_func_info *funcs, u32 func_cnt,
			   const struct bpf_line_info *lines, u32 line_cnt)
{
	static char log[65536];
	union bpf_attr attr;
	int fd;

	if (kernel_btf < 0)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = ptr_to_u64("GPL");
	attr.log_level = 1;
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = sizeof(log);
	attr.prog_btf_fd = (u32)kernel_btf;
	attr.func_info = ptr_to_u64(funcs);
	attr.func_info_cnt = func_cnt;
	attr.func_info_rec_size = sizeof(*funcs);
	attr.line_info = ptr_to_u64(lines);
	attr.line_info_cnt = line_cnt;
	attr.line_info_rec_size = sizeof(*lines);
	log[0] = 0;
	fd = oracle_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close(fd);
	if (*want ? fd != -EINVAL || strncmp(log, want, strlen(want)) : fd < 0)
		tap_fail("the kernel says %d: %s", fd, log);
}

static void test_funcs(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(func_cases); i++) {
		const char *text = func_cases[i].text;
		struct log log;

		tap_begin(func_cases[i].name);
		log_init(&log, &mem_libc, 1);
		check_eq(btf_check_func_info(btf, func_cases[i].info, 2, &log),
			 *text ? -EINVAL : 0);
		check_eq(btf_check_func_info(btf, func_cases[i].info, 2, NULL),
			 *text ? -EINVAL : 0);
		check_str(buf_str(&log.text), text);
		log_free(&log);
		compare_kernel(text, func_cases[i].info, 2, NULL, 0);
		tap_end();
	}
}

static void test_lines(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(line_cases); i++) {
		const char *text = line_cases[i].text;
		struct log log;

		tap_begin(line_cases[i].name);
		log_init(&log, &mem_libc, 1);
		check_eq(btf_check_line_info(btf, line_cases[i].info, line_cases[i].n, insns,
					     ARRAY_SIZE(insns), starts, 2, &log),
			 *text ? -EINVAL : 0);
		check_str(buf_str(&log.text), text);
		log_free(&log);
		compare_kernel(text, func_cases[0].info, 2, line_cases[i].info, line_cases[i].n);
		tap_end();
	}
}

static void load_btf(void)
{
	union bpf_attr attr;

	text_begin(&btf_text);
	for (u32 i = 0; i < ARRAY_SIZE(types); i++)
		text_line(&btf_text, types[i]);
	text_end(&btf_text);
	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_to_u64(btf_text.raw);
	attr.btf_size = btf_text.size;
	kernel_btf = oracle_bpf(BPF_BTF_LOAD, &attr);
	tap_begin("types");
	check_eq(btf_parse(&mem_libc, btf_text.raw, btf_text.size, NULL, &btf, NULL, NULL), 0);
	tap_end();
}

int main(void)
{
	load_btf();
	if (btf) {
		test_funcs();
		test_lines();
	}
	if (kernel_btf < 0) {
		tap_begin("as the kernel");
		tap_skip("the kernel takes no BTF from us");
		tap_end();
	}
	btf_free(btf);
	return tap_done();
}

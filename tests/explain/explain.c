/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rejection explained without any file: from instructions, line information
 * and the log's text; with every allocation failing in turn; and from a log
 * that does not belong to the program.
 */
#include <errno.h>

#include "explain/explain.h"
#include "tap.h"

static const struct bpf_insn insns[] = {
	{.code = BPF_JMP | BPF_CALL, .imm = 1},
	{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 0},
	{.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 6},
	{.code = BPF_JMP | BPF_EXIT},
};

static const char rejection_log[] =
	"0: R1=map_ptr(map=m,ks=4,vs=8) R10=fp0\n"
	"; struct v *v = bpf_map_lookup_elem(&m, &k); @ f.c:7\n"
	"0: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8)\n"
	"1: (bf) r6 = r0                       ; R6_w=map_value_or_null(id=1,map=m,ks=4,vs=8)\n"
	"; v->n++; @ f.c:9\n"
	"2: (79) r1 = *(u64 *)(r6 +0)\n"
	"R6 invalid mem access 'map_value_or_null'\n"
	"processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 "
	"mark_read 0\n";

/* File name at 1, the two lines behind it. */
static const char strings[] = "\0f.c\0\tstruct v *v = bpf_map_lookup_elem(&m, &k);\0\tv->n++;";

#define LINE1 5
#define LINE2 (LINE1 + sizeof("\tstruct v *v = bpf_map_lookup_elem(&m, &k);"))

static const struct bpf_line_info lines[] = {
	{.insn_off = 0, .file_name_off = 1, .line_off = LINE1, .line_col = 7u << 10 | 16},
	{.insn_off = 2, .file_name_off = 1, .line_off = LINE2, .line_col = 9u << 10 | 5},
};

static struct btf *make_btf(void)
{
	const u32 type[4] = {0, (u32)BTF_KIND_INT << 24, 4, 32};
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = sizeof(type),
		.str_off = sizeof(type),
		.str_len = sizeof(strings),
	};
	struct btf *btf = NULL;
	struct buf raw;

	buf_init(&raw, &mem_libc);
	buf_add(&raw, &header, sizeof(header));
	buf_add(&raw, type, sizeof(type));
	buf_add(&raw, strings, sizeof(strings));
	if (btf_parse(&mem_libc, raw.data, raw.len, NULL, &btf, NULL, NULL))
		btf = NULL;
	buf_free(&raw);
	return btf;
}

static struct explain_input make_input(const struct btf *btf)
{
	return (struct explain_input){
		.log = rejection_log,
		.type = "xdp",
		.insns = insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.btf = btf,
		.line_info = lines,
		.line_info_cnt = ARRAY_SIZE(lines),
	};
}

static void test_all_of_it(void)
{
	struct btf *btf = make_btf();
	struct explain_input in = make_input(btf);
	struct explanation e;

	check(btf != NULL);
	check_eq(explain(&in, &e), 0);
	check_str(e.id, "map-value-null");
	check_str(e.headline, "`v` may be NULL here");
	check_str(e.linux_message, "R6 invalid mem access 'map_value_or_null'");
	check_str(e.insn, "r1 = *(u64 *)(r6 +0)");
	check_str(e.remedy,
		  "Test the result before it is used:\n    if (!v)\n        return XDP_PASS;");
	check_eq(e.reg, 6);
	check_eq(e.place.insn, 2);
	check_eq(e.place.line, 9);
	check_eq(e.place.column, 2);
	check_eq(e.place.end_column, 6);
	check_eq(e.processed, 3);
	check_eq(e.note_cnt, 1);
	check_str(e.notes[0].text, "`v` is the result of bpf_map_lookup_elem() on map `m`");
	check_eq(e.notes[0].place.line, 7);
	explanation_free(&e);
	btf_free(btf);
}

static void test_without_lines(void)
{
	struct explain_input in = make_input(NULL);
	struct explanation e;

	in.line_info_cnt = 0;
	check_eq(explain(&in, &e), 0);
	check_str(e.headline, "the result of bpf_map_lookup_elem() may be NULL here");
	check(!e.place.file);
	check_eq(e.note_cnt, 1);
	explanation_free(&e);
}

static void test_other_program(void)
{
	struct explain_input in = make_input(NULL);
	struct explanation e;

	in.insn_cnt = 1;
	in.line_info_cnt = 0;
	check_eq(explain(&in, &e), 0);
	check_str(e.id, "map-value-null");
	check_eq(e.place.insn, -1);
	explanation_free(&e);
	in.log = "something that no verifier has said\n";
	check_eq(explain(&in, &e), 0);
	check_str(e.id, "other");
	check_str(e.headline, "something that no verifier has said");
	explanation_free(&e);
	in.log = "";
	in.message = "the loader's own words";
	check_eq(explain(&in, &e), 0);
	check_str(e.headline, "the loader's own words");
	check(e.by_loader);
	explanation_free(&e);
}

/* ---- allocation failure ---- */

struct failing {
	u32 left; /* allocations until one fails */
	u32 live;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;
	void *q;

	if (!size) {
		f->live -= p != NULL;
		return mem_libc.realloc(mem_libc.ctx, p, 0);
	}
	if (!f->left--) {
		f->left = 0;
		return NULL;
	}
	q = mem_libc.realloc(mem_libc.ctx, p, size);
	f->live += q && !p;
	return q;
}

static void test_out_of_memory(void)
{
	struct btf *btf = make_btf();
	struct explain_input in = make_input(btf);
	struct explanation e;
	int ret = -ENOMEM;
	u32 n;

	for (n = 0; ret && n < 10000; n++) {
		struct failing f = {.left = n};
		const struct mem mem = {.realloc = failing_realloc, .ctx = &f};

		in.mem = &mem;
		ret = explain(&in, &e);
		if (ret != 0 && ret != -ENOMEM)
			tap_fail("%d after %u allocations", ret, n);
		if (!ret)
			explanation_free(&e);
		if (f.live)
			tap_fail("%u blocks lost after %u allocations", f.live, n);
	}
	check_eq(ret, 0);
	check(n > 10);
	btf_free(btf);
}

int main(void)
{
	run_test(test_all_of_it);
	run_test(test_without_lines);
	run_test(test_other_program);
	run_test(test_out_of_memory);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of cases do not reach: BTF on a base, the other byte order
 * of BTF_LOAD, .BTF.ext, and the failure of each allocation.
 */
#include <errno.h>

#include "btf/btf.h"
#include "text.h"

static struct text_btf btf_text;

static void build(const char *const *lines)
{
	text_begin(&btf_text);
	for (; *lines; lines++)
		check(text_line(&btf_text, *lines));
	text_end(&btf_text);
}

static struct btf *parse(const char *const *lines, const struct btf *base)
{
	struct btf *btf = NULL;
	struct err err = {0};

	build(lines);
	if (btf_parse(&mem_libc, btf_text.raw, btf_text.size, base, &btf, NULL, &err))
		tap_fail("%s", err.text);
	return btf;
}

static const char *const base_lines[] = {
	"INT int 4 32 SIGNED", "STRUCT list 16", ". next 3 0", ". prev 3 64", "PTR - 2", NULL,
};

/* ---- split ---- */

/* Ids and strings go on where those of the base end. */
static void test_split(void)
{
	static const char *const lines[] = {
		"STRINGS \"item\\0list\\0\"",
		"STRUCT @20 24",
		". @5 2 0",
		". @1 1 128",
		"TYPEDEF @25 2",
		NULL,
	};
	struct btf *base = parse(base_lines, NULL), *btf;
	u32 first;

	check_str(btf_str(base, 1), "int");
	check_str(btf_str(base, 5), "list");
	btf = parse(lines, base);
	if (!btf)
		goto out;
	first = btf_type_cnt(base);
	check_eq(first, 4);
	check_eq(btf_type_cnt(btf), 6);
	check_str(btf_name(btf, btf_type_by_id(btf, 4)), "item");
	check_eq(btf_find(btf, BTF_KIND_STRUCT, "item"), 4);
	check_eq(btf_find(btf, BTF_KIND_STRUCT, "list"), 2);
	check_eq(btf_find(btf, BTF_KIND_TYPEDEF, "list"), 5);
	check_eq(btf_find(base, BTF_KIND_STRUCT, "item"), -ENOENT);
	check(btf_type_by_id(btf, 2) == btf_type_by_id(base, 2));
	check(!btf_type_by_id(btf, 6));
	check(!btf_type_by_id(base, 4));
	check_eq(btf_size(btf, 4), 24);
	check_eq(btf_align(btf, 4), 8);
	check_eq(btf_size(btf, 5), 16);
out:
	btf_free(btf);
	btf_free(base);
}

static void test_split_of_nothing(void)
{
	struct btf_header h = {BTF_MAGIC, BTF_VERSION, 0, sizeof(h), 0, 0, 0, 0};
	struct btf *base = parse(base_lines, NULL), *btf = NULL;

	check_eq(btf_parse(&mem_libc, &h, sizeof(h), base, &btf, NULL, NULL), 0);
	if (btf) {
		check_eq(btf_type_cnt(btf), 4);
		check_eq(btf_find(btf, BTF_KIND_STRUCT, "list"), 2);
	}
	btf_free(btf);
	btf_free(base);
}

static void test_split_errors(void)
{
	static const struct {
		const char *lines[6], *text;
	} cases[] = {
		{{"STRINGS \"a\\0\"", "TYPEDEF @100 1"}, "[4] Invalid name_offset:100"},
		{{"STRINGS \"a\\0\"", "TYPEDEF @20 9"}, "[4] TYPEDEF a: Invalid type_id"},
		{{"STRINGS \"a\\0\"", "TYPEDEF @20 4"}, "[4] TYPEDEF a: Loop detected"},
		{{"STRINGS \"a\\0\"", "STRUCT @20 8", ". @20 2 0"},
		 "[4] STRUCT a.a: Member exceeds struct_size"},
	};
	struct btf *base = parse(base_lines, NULL);

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		struct btf *btf;

		build(cases[i].lines);
		check(btf_parse(&mem_libc, btf_text.raw, btf_text.size, base, &btf, NULL, &err));
		check_str(err.text, cases[i].text);
	}
	btf_free(base);
}

/* ---- byte order ---- */

static void test_load_is_native(void)
{
	struct btf_header h;
	struct btf *btf;
	struct log log;

	build(base_lines);
	memcpy(&h, btf_text.raw, sizeof(h));
	text_swap(btf_text.raw, btf_text.size, h.hdr_len, h.type_len);
	log_init(&log, &mem_libc, 1);
	check_eq(btf_load(&mem_libc, btf_text.raw, btf_text.size, &btf, &log), -EINVAL);
	check_str(buf_str(&log.text), "btf_header not found");
	log_free(&log);
	check_eq(btf_load(&mem_libc, btf_text.raw, (16u << 20) + 1, &btf, NULL), -E2BIG);
}

/* ---- allocations ---- */

struct failing {
	u32 left;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;

	if (!size) {
		free(p);
		return NULL;
	}
	if (!f->left)
		return NULL;
	f->left--;
	return realloc(p, size);
}

/* Fails the first, the second, ... allocation until none is left to fail. */
static void test_allocations(void)
{
	struct failing f;
	const struct mem mem = {failing_realloc, &f};
	struct btf *btf = NULL;
	int err = -ENOMEM;

	build(base_lines);
	for (u32 n = 0; n < 100 && err == -ENOMEM; n++) {
		struct err text = {0};

		f.left = n;
		err = btf_parse(&mem, btf_text.raw, btf_text.size, NULL, &btf, NULL, &text);
		check(err || n > 5);
		check_eq(text.code, err);
	}
	check_eq(err, 0);
	btf_free(btf);
}

/* ---- .BTF.ext ---- */

static const char *const prog_lines[] = {
	"INT int 4 32 SIGNED", "FUNC_PROTO - 1", "FUNC f 2", "FUNC g 2", "STRUCT s 4", ". a 1 0",
	"TYPEDEF xdp 1",       "TYPEDEF line 1", NULL,
};

static struct {
	u32 words[64];
	u32 n;
} ext;

static u32 str_off(const struct btf *btf, const char *name)
{
	for (u32 off = 1; *btf_str(btf, off); off += (u32)strlen(btf_str(btf, off)) + 1)
		if (!strcmp(btf_str(btf, off), name))
			return off;
	return 0;
}

static void build_ext(const struct btf *btf)
{
	u32 xdp = str_off(btf, "xdp"), line = str_off(btf, "line");
	const u32 words[] = {
		0,  32,	 0, 36, 36,   44,  80,	 28,	  /* header; the first word is put below */
		8,  xdp, 2, 0,	3,    8,   4,	 line, 0, /* func_info: of two sections, the second
							     cut */
		16, xdp, 2, 0,	line, xdp, 1024, 8,    line, xdp, 2048, /* line_info */
		16, xdp, 1, 8,	5,    xdp, 0,				/* core_relo */
	};

	memcpy(ext.words, words, sizeof(words));
	ext.words[3] = 28; /* without the cut one */
	memmove(ext.words + 15, ext.words + 17, sizeof(words) - 17 * 4);
	ext.words[4] = 28;
	ext.words[6] = 28 + 44;
	ext.n = ARRAY_SIZE(words) - 2;
	put_u16(ext.words, BTF_MAGIC);
	((u8 *)ext.words)[2] = BTF_VERSION;
}

static void check_ext(const struct btf *btf)
{
	struct btf_ext *e = NULL;
	struct err err = {0};
	const struct bpf_line_info *lines;
	const struct bpf_core_relo *relo;

	if (btf_ext_parse(&mem_libc, ext.words, 4 * ext.n, btf, &e, &err)) {
		tap_fail("%s", err.text);
		return;
	}
	check_eq(e->func_info.len, 1);
	check_eq(e->line_info.len, 1);
	check_eq(e->core_relo.len, 1);
	check_eq(e->func_info.at[0].num_info, 2);
	check_eq(((const struct bpf_func_info *)e->func_info.at[0].recs)[1].type_id, 4);
	check_str(btf_str(btf, e->line_info.at[0].sec_name_off), "xdp");
	lines = e->line_info.at[0].recs;
	check_eq(lines[1].insn_off, 8);
	check_eq(lines[1].line_col, 2048);
	relo = e->core_relo.at[0].recs;
	check_eq(relo->type_id, 5);
	btf_ext_free(e);
}

static void test_ext(void)
{
	struct btf *btf = parse(prog_lines, NULL);

	build_ext(btf);
	check_ext(btf);
	put_u16(ext.words, __builtin_bswap16(BTF_MAGIC));
	for (u32 i = 1; i < ext.n; i++)
		ext.words[i] = __builtin_bswap32(ext.words[i]);
	check_ext(btf);
	btf_free(btf);
}

static void test_ext_errors(void)
{
	static const struct {
		u32 word, value;
		const char *text;
	} cases[] = {
		{0, 0, "invalid magic 0x0"},
		{1, 20, "invalid header length 20"},
		{1, 4000, "invalid header length 4000"},
		{1, 30, "invalid header length 30"},
		{2, 4000, "func_info: is not within the section"},
		{2, 2, "func_info: is not within the section"},
		{3, 4000, "func_info: is not within the section"},
		{3, 2, "func_info: invalid size of a record"},
		{3, 8, "func_info: a section's head is cut off"},
		{3, 20, "func_info: records are cut off"},
		{8, 4, "func_info: invalid size of a record"},
		{8, 10, "func_info: invalid size of a record"},
		{9, 999, "func_info: offset of a section's name is out of range"},
		{10, 0, "func_info: a section has no records"},
		{10, 0xffffffff, "func_info: records are cut off"},
		{12, 1, "func_info: record 0 of section \"xdp\": type id is not a function's"},
		{14, 77, "func_info: record 1 of section \"xdp\": type id is not a function's"},
		{19, 999,
		 "line_info: record 0 of section \"xdp\": offset of a name is out of range"},
		{30, 999, "core_relo: record 0 of section \"xdp\": type id is out of range"},
		{31, 999,
		 "core_relo: record 0 of section \"xdp\": offset of a string is out of range"},
	};
	struct btf *btf = parse(prog_lines, NULL);

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct btf_ext *e = NULL;
		struct err err = {0};

		build_ext(btf);
		ext.words[cases[i].word] = cases[i].value;
		check_eq(btf_ext_parse(&mem_libc, ext.words, 4 * ext.n, btf, &e, &err), -EINVAL);
		check_str(err.text, cases[i].text);
	}
	btf_free(btf);
}

int main(void)
{
	run_test(test_split);
	run_test(test_split_of_nothing);
	run_test(test_split_errors);
	run_test(test_load_is_native);
	run_test(test_allocations);
	run_test(test_ext);
	run_test(test_ext_errors);
	return tap_done();
}

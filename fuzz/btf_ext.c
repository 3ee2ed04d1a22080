/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as .BTF.ext of a small program: an error, or records of which all is valid. */
#include <errno.h>
#include <string.h>

#include "btf/btf.h"
#include "fuzz.h"

/* int f(void), struct s { int a; } and a few names. */
static const struct {
	struct btf_header h;
	u32 types[16];
	char strs[24];
} program = {
	.h = {BTF_MAGIC, BTF_VERSION, 0, sizeof(struct btf_header), 0, 64, 64, 24},
	.types = {1, 0x01000000, 4, 32, 0, 0x0d000000, 1, 5, 0x0c000000, 2, 7, 0x04000001, 4, 9, 1,
		  0},
	.strs = "\0int\0f\0s\0a\0xdp\0a.c\0x=1;",
};

static void walk_lines(const struct btf *btf, const struct btf_ext_sec *sec)
{
	for (u32 i = 0; i < sec->num_info; i++) {
		struct bpf_line_info info;

		memcpy(&info, (const u8 *)sec->recs + (size_t)i * sec->rec_size, sizeof(info));
		fuzz_check(info.line_off < sizeof(program.strs));
		fuzz_check(strlen(btf_str(btf, info.line_off)) < sizeof(program.strs));
	}
}

static void walk_funcs(const struct btf *btf, const struct btf_ext_sec *sec)
{
	for (u32 i = 0; i < sec->num_info; i++) {
		struct bpf_func_info info;

		memcpy(&info, (const u8 *)sec->recs + (size_t)i * sec->rec_size, sizeof(info));
		fuzz_check(btf_kind(btf_type_by_id(btf, info.type_id)) == BTF_KIND_FUNC);
	}
}

static void walk_relos(const struct btf *btf, const struct btf_ext_sec *sec)
{
	for (u32 i = 0; i < sec->num_info; i++) {
		struct bpf_core_relo relo;

		memcpy(&relo, (const u8 *)sec->recs + (size_t)i * sec->rec_size, sizeof(relo));
		fuzz_check(btf_type_by_id(btf, relo.type_id));
		fuzz_check(relo.access_str_off < sizeof(program.strs));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf *btf = NULL;
	struct btf_ext *ext;
	struct err err = {0};
	int ret;

	fuzz_check(!btf_parse(&mem_libc, &program, sizeof(program), NULL, &btf, NULL, NULL));
	ret = btf_ext_parse(&mem_libc, data, size, btf, &ext, &err);
	fuzz_check(err.code == ret && (!ret || err.text[0]));
	if (!ret) {
		vec_each (&ext->func_info, sec)
			walk_funcs(btf, sec);
		vec_each (&ext->line_info, sec)
			walk_lines(btf, sec);
		vec_each (&ext->core_relo, sec)
			walk_relos(btf, sec);
		btf_ext_free(ext);
	}
	btf_free(btf);
	return 0;
}

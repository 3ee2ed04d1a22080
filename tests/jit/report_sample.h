/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of reports: a program of two functions with names, and lines of a source file. */
#ifndef ANYBPF_TESTS_JIT_REPORT_SAMPLE_H
#define ANYBPF_TESTS_JIT_REPORT_SAMPLE_H

#include "engine.h"
#include "helper/helper.h"
#include "jit/jit.h"
#include "object/btf_object.h"

#define SAMPLE_FILE "/src/sample.bpf.c"

/* In the order of the instructions: where each line begins. */
static const struct sample_line {
	u32 insn, line;
} sample_lines[] = {{0, 10}, {2, 11}, {4, 12}, {5, 20}, {7, 22}};

static inline u32 sample_string(char *strings, u32 *len, const char *s)
{
	u32 at = *len;

	memcpy(strings + at, s, strlen(s) + 1);
	*len += (u32)strlen(s) + 1;
	return at;
}

/* int entry(), int twice() and the name of the file: @file_name gets its offset. */
static inline struct btf_object *sample_btf(struct host *host, u32 *file_name)
{
	struct {
		struct btf_header header;
		u32 types[4 + 3 + 3 + 3];
		char strings[64];
	} blob = {0};
	struct btf_object *obj;
	struct btf *btf;
	u32 n = 1, name;
	u32 *t = blob.types;

	name = sample_string(blob.strings, &n, "int");
	*t++ = name, *t++ = 1u << 24, *t++ = 4, *t++ = 1u << 24 | 32;
	*t++ = 0, *t++ = 13u << 24, *t++ = 1;
	name = sample_string(blob.strings, &n, "entry");
	*t++ = name, *t++ = 12u << 24, *t++ = 2;
	name = sample_string(blob.strings, &n, "twice");
	*t++ = name, *t++ = 12u << 24, *t++ = 2;
	*file_name = sample_string(blob.strings, &n, SAMPLE_FILE);
	blob.header = (struct btf_header){
		.magic = 0xeb9f,
		.version = 1,
		.hdr_len = sizeof(blob.header),
		.type_len = sizeof(blob.types),
		.str_off = sizeof(blob.types),
		.str_len = n,
	};
	if (btf_load(&mem_libc, &blob, sizeof(blob.header) + sizeof(blob.types) + n, &btf, NULL))
		return NULL;
	return btf_object_new(host, btf, &obj) ? NULL : obj;
}

static inline struct prog *sample_prog(struct host *host)
{
	static const struct bpf_insn insns[] = {
		MOV64_K(6, 3),
		LOCAL_CALL(3),
		ALU64_X(BPF_ADD, 0, 6),
		HELPER_CALL(ktime_get_ns),
		EXIT(),
		HELPER_CALL(ktime_get_ns),
		MOV64_X(7, 0),
		HELPER_CALL(ktime_get_ns),
		ALU64_X(BPF_ADD, 0, 7),
		EXIT(),
	};
	static struct bpf_func_info funcs[] = {{.insn_off = 0, .type_id = 3},
					       {.insn_off = 5, .type_id = 4}};
	struct bpf_line_info *lines = calloc(ARRAY_SIZE(sample_lines), sizeof(*lines));
	struct prog *prog = engine_prog(host, insns, ARRAY_SIZE(insns), 16);
	u32 file_name = 0;

	prog->btf = sample_btf(host, &file_name);
	if (!prog->btf)
		abort();
	for (u32 i = 0; i < ARRAY_SIZE(sample_lines); i++)
		lines[i] = (struct bpf_line_info){
			.insn_off = sample_lines[i].insn,
			.file_name_off = file_name,
			.line_col = sample_lines[i].line << 10 | 3,
		};
	prog->func_info = funcs;
	prog->func_info_cnt = ARRAY_SIZE(funcs);
	prog->line_info = lines;
	prog->line_info_cnt = ARRAY_SIZE(sample_lines);
	strcpy(prog->name, "entry");
	return prog;
}

/* Both functions get code of their own. */
static inline int sample_compile(struct prog *prog)
{
	const struct jit_options options = {.passes = JIT_PASSES_ALL & ~BIT_ULL(JIT_PASS_INLINE)};

	return jit_compile(prog, &options, NULL);
}

static inline void sample_free(struct prog *prog)
{
	struct btf_object *btf = prog->btf;

	jit_free(prog);
	free(prog->line_info);
	object_put(&prog->obj);
	object_put(&btf->obj);
}

#endif

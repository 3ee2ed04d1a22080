/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one file that sees the package: takes the tests, what they are written
 * with and the functions that make long ones from Linux's test_verifier.c as
 * it is, and hands them out as struct array_case. Nothing of that runner runs.
 */
#define main static __attribute__((unused)) linux_main
#include "test_verifier.c"
#undef main

#include "arrays.h"

/* array_files.h: one array of tests per file, and FILES, an ARRAY_FILE() for each of them. */
#include "array_files.h"

static const struct test_file {
	const char *name;
	struct bpf_test *tests;
	unsigned int cnt;
} files[] = {
#define ARRAY_FILE(file, array) {file, array, sizeof(array) / sizeof(array[0])},
	FILES
#undef ARRAY_FILE
};

const uint32_t array_any_value = (uint32_t)POINTER_VALUE;
const uint32_t array_data_len = TEST_DATA_LEN;

uint32_t array_case_count(void)
{
	uint32_t n = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		n += files[i].cnt;
	return n;
}

static struct bpf_test *find(uint32_t index, const char **file)
{
	const struct test_file *f = files;

	for (; index >= f->cnt; f++)
		index -= f->cnt;
	*file = f->name;
	return &f->tests[index];
}

static uint32_t flags_of(const struct bpf_test *t)
{
	uint32_t flags = BPF_F_TEST_RND_HI32 | BPF_F_TEST_REG_INVARIANTS;

	if (t->flags & F_LOAD_WITH_STRICT_ALIGNMENT)
		flags |= BPF_F_STRICT_ALIGNMENT;
	if (t->flags & F_NEEDS_EFFICIENT_UNALIGNED_ACCESS)
		flags |= BPF_F_ANY_ALIGNMENT;
	/* Other bits are the kernel's own: of those that are ours one has the same number. */
	if (t->flags & ~3)
		flags |= t->flags;
	return flags;
}

static void read_records(struct bpf_test *t, struct array_case *c)
{
	uint32_t n = 0;

	for (int i = 0; i < MAX_FIXUPS && t->fixup_kfunc_btf_id[i].kfunc; i++) {
		c->kfuncs[i].name = t->fixup_kfunc_btf_id[i].kfunc;
		c->kfuncs[i].insn = t->fixup_kfunc_btf_id[i].insn_idx;
	}
	c->func_info = t->func_info;
	c->func_info_cnt = (uint32_t)t->func_info_cnt;
	if (t->btf_types[0]) {
		while (n < MAX_BTF_TYPES && t->btf_types[n] != BTF_END_RAW)
			n++;
		c->btf_types = t->btf_types;
		c->btf_types_len = n * (uint32_t)sizeof(uint32_t);
		c->btf_strings = t->btf_strings;
		c->btf_strings_len = sizeof(t->btf_strings);
	}
	c->runs = t->runs;
	for (int i = 0; i < MAX_TEST_RUNS; i++) {
		c->run[i].retval = t->retvals[i].retval;
		c->run[i].retval_unpriv = t->retvals[i].retval_unpriv;
		c->run[i].data = t->retvals[i].data;
	}
}

static int read_insns(struct bpf_test *t, struct array_case *c)
{
	uint32_t retval = t->retval;

	c->insns = t->insns;
	if (!t->fill_helper) {
		c->insn_cnt = (uint32_t)probe_filter_length(t->insns);
		return 0;
	}
	t->fill_insns = calloc(MAX_TEST_INSNS, sizeof(struct bpf_insn));
	if (!t->fill_insns)
		return -1;
	t->fill_helper(t);
	c->insns = c->filled = t->fill_insns;
	c->insn_cnt = (uint32_t)t->prog_len;
	/* Some take the size from it and leave the result in it. */
	c->run[0].retval = t->retval;
	t->retval = retval;
	return 0;
}

int array_case_open(uint32_t index, struct array_case *c)
{
	struct bpf_test *t;

	memset(c, 0, sizeof(*c));
	t = find(index, &c->file);
	c->name = t->descr;
	c->prog_type = t->prog_type ? t->prog_type : BPF_PROG_TYPE_SOCKET_FILTER;
	c->attach_type = t->expected_attach_type;
	c->prog_flags = flags_of(t);
	c->unprivileged = test_as_unpriv(t);
	c->needs_jit = t->flags & F_NEEDS_JIT_ENABLED;
	c->result = (enum array_result)t->result;
	c->result_unpriv = (enum array_result)t->result_unpriv;
	c->message = t->errstr;
	c->message_unpriv = t->errstr_unpriv;
	c->insn_processed = t->insn_processed;
	c->attach_func = t->kfunc;
#define MAP(field, ...) c->fixups[ARRAY_MAP_##field] = t->field;
#include "arrays_maps.def"
#undef MAP
	read_records(t, c);
	return read_insns(t, c);
}

void array_case_close(struct array_case *c)
{
	free(c->filled);
}

void array_map_btf(const uint32_t **types, uint32_t *types_len, const char **strings,
		   uint32_t *strings_len)
{
	*types = btf_raw_types;
	*types_len = sizeof(btf_raw_types);
	*strings = btf_str_sec;
	*strings_len = sizeof(btf_str_sec);
}

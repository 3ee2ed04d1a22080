/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's own BTF: that it parses, that nothing of how it is made is left
 * in it, and that functions are as kernels have them. That types lie where it
 * says is asserted where it is compiled (scripts/kernel-btf).
 */
#include <string.h>

#include "btf/btf.h"
#include "kernel/btf.h"
#include "tap.h"

static struct btf *btf;

static const struct btf_type *find(enum btf_kind kind, const char *name, u32 *id)
{
	s32 found = btf_find(btf, kind, name);

	*id = found > 0 ? (u32)found : 0;
	return found > 0 ? btf_type_by_id(btf, (u32)found) : NULL;
}

static void test_no_trace(void)
{
	u32 keepers = 0, linked = 0, twice = 0;

	for (u32 id = 1; id < btf_type_cnt(btf); id++) {
		const struct btf_type *t = btf_type_by_id(btf, id);
		const char *name = btf_name(btf, t);
		enum btf_kind kind = btf_kind(t);

		keepers += kind == BTF_KIND_VAR && !strncmp(name, "keep_", 5);
		keepers += !strncmp(name, "wide_func__", 11);
		linked += kind == BTF_KIND_FUNC && btf_vlen(t) != BTF_FUNC_STATIC;
		if (kind == BTF_KIND_FWD && !btf_kflag(t))
			twice += btf_find(btf, BTF_KIND_STRUCT, name) > 0;
		if (kind == BTF_KIND_STRUCT && *name)
			twice += btf_find(btf, kind, name) != (s32)id;
	}
	check(!keepers);
	check(!linked);
	check(!twice);
}

static void test_types(void)
{
	u32 id;
	const struct btf_type *t = find(BTF_KIND_STRUCT, "bpf_iter_num", &id);

	check(t && t->size == 8);
	t = find(BTF_KIND_STRUCT, "list_head", &id);
	check(t && btf_vlen(t) == 2);
	t = find(BTF_KIND_ENUM, "bpf_prog_type", &id);
	check(t && btf_vlen(t) > 30);
}

static void test_functions(void)
{
	const struct btf_type *func, *proto;
	u32 id, tag;

	func = find(BTF_KIND_FUNC, "bpf_dynptr_slice", &id);
	proto = func ? btf_type_by_id(btf, func->type) : NULL;
	check(proto && btf_vlen(proto) == 4 &&
	      !strcmp(btf_str(btf, ((const struct btf_param *)btf_tail(proto))[3].name_off),
		      "buffer__szk"));
	tag = id;
	check(func && btf_next_decl_tag(btf, id, -1, "bpf_kfunc", &tag));
	func = find(BTF_KIND_FUNC, "bpf_modify_return_test2", &id);
	proto = func ? btf_type_by_id(btf, func->type) : NULL;
	check(proto && btf_vlen(proto) == 7);
	tag = id;
	check(func && !btf_next_decl_tag(btf, id, -1, "bpf_kfunc", &tag));
}

static void test_parse(void)
{
	struct err err = {0};

	if (kernel_btf_size)
		check_eq(btf_parse(&mem_libc, kernel_btf_data, kernel_btf_size, NULL, &btf, NULL,
				   &err),
			 0);
	else
		tap_skip("built without clang");
}

int main(void)
{
	run_test(test_parse);
	if (btf) {
		run_test(test_no_trace);
		run_test(test_types);
		run_test(test_functions);
	}
	btf_free(btf);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel's own BTF, the largest there is: every query over it. */
#include "tap.h"

#include <errno.h>
#include <time.h>

#include "btf/btf.h"

#define VMLINUX "/sys/kernel/btf/vmlinux"

static u8 *read_all(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1u << 20, len = 0, n;
	u8 *data;

	if (!f)
		return NULL;
	data = malloc(cap);
	while (data && (n = fread(data + len, 1, cap - len, f)) > 0) {
		len += n;
		if (len == cap)
			data = realloc(data, cap *= 2);
	}
	fclose(f);
	*size = len;
	return data;
}

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* Each named type is found by its name, though not as itself where a name occurs twice. */
static void test_find(const struct btf *btf)
{
	u64 start = now_ns();
	u32 n = 0;

	for (u32 id = 1; id < btf_type_cnt(btf); id++) {
		const struct btf_type *t = btf_type_by_id(btf, id);
		const char *name = btf_name(btf, t);
		s32 found;

		if (!*name)
			continue;
		found = btf_find(btf, btf_kind(t), name);
		n++;
		if (found <= 0 || found > (s32)id ||
		    strcmp(btf_name(btf, btf_type_by_id(btf, (u32)found)), name))
			tap_fail("%s (%u) is found as %d", name, id, found);
	}
	printf("# %u names found in %" PRIu64 " us\n", n, (now_ns() - start) / 1000);
	check_eq(btf_find(btf, BTF_KIND_STRUCT, "no such struct"), -ENOENT);
}

static void test_layout(const struct btf *btf)
{
	s32 id = btf_find(btf, BTF_KIND_STRUCT, "list_head");

	check(id > 0);
	check_eq(btf_size(btf, (u32)id), 16);
	check_eq(btf_align(btf, (u32)id), 8);
	for (u32 i = 0; i < btf_type_cnt(btf); i++) {
		s64 size = btf_size(btf, i), align = btf_align(btf, i);

		if (size > 0 && align > 0 && size % align)
			tap_fail("type %u of %" PRId64 " bytes is aligned to %" PRId64, i, size,
				 align);
	}
}

static void test_parse(const u8 *data, size_t size, struct btf **btf)
{
	struct err err = {0};
	u64 start = now_ns();

	if (btf_parse(&mem_libc, data, size, NULL, btf, NULL, &err)) {
		tap_fail("%s", err.text);
		return;
	}
	printf("# %zu bytes, %u types, parsed in %" PRIu64 " us\n", size, btf_type_cnt(*btf),
	       (now_ns() - start) / 1000);
}

int main(void)
{
	struct btf *btf = NULL;
	size_t size = 0;
	u8 *data = read_all(VMLINUX, &size);

	if (!data) {
		tap_begin("parse");
		tap_skip("there is no " VMLINUX);
		tap_end();
		return tap_done();
	}
	tap_begin("parse");
	test_parse(data, size, &btf);
	tap_end();
	if (btf) {
		tap_begin("find");
		test_find(btf);
		tap_end();
		tap_begin("layout");
		test_layout(btf);
		tap_end();
	}
	btf_free(btf);
	free(data);
	return tap_done();
}

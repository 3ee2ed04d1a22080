/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields of map values and objects. The cases are fields.txt: a name,
 * the types (see text.h), and behind "=>" what is found in the last of them,
 * as a map's value, or the error; behind "objects" what BTF_LOAD says of all.
 * The kernel has the structures task_struct and file.
 */
#include "btf/fields.h"

#include <errno.h>

#include "text.h"

static const struct {
	const char *name;
	int code;
} errors[] = {
	{"EINVAL", EINVAL}, {"E2BIG", E2BIG},	{"EEXIST", EEXIST},
	{"ENOENT", ENOENT}, {"EFAULT", EFAULT}, {"ELOOP", ELOOP},
};

static struct btf *kernel;

static bool make_btf(struct text_btf *b, struct btf **btf)
{
	struct err err = {0};

	text_end(b);
	if (!btf_parse(&mem_libc, b->raw, b->size, NULL, btf, NULL, &err))
		return true;
	tap_fail("%s", err.text);
	return false;
}

static void make_kernel(void)
{
	static const char *const types[] = {
		"INT int 4 32 SIGNED", "STRUCT task_struct 4", ". pid 1 0",
		"STRUCT file 4",       ". flags 1 0",
	};
	static struct text_btf b;

	text_begin(&b);
	for (u32 i = 0; i < ARRAY_SIZE(types); i++)
		if (!text_line(&b, types[i]))
			tap_fail("%s", types[i]);
	if (!make_btf(&b, &kernel))
		kernel = NULL;
}

static const char *error_name(int err)
{
	for (u32 i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == -err)
			return errors[i].name;
	return err ? "an unknown error" : "OK";
}

/* "4 bpf_spin_lock, 8 kptr task_struct of the kernel" */
static void describe(const struct btf_fields *fields, char *text, size_t size)
{
	size_t len = 0;

	text[0] = 0;
	for (u32 i = 0; i < fields->cnt && len < size; i++) {
		const struct btf_field *f = &fields->at[i];

		len += (size_t)snprintf(text + len, size - len, "%s%u %s", i ? ", " : "", f->offset,
					btf_field_name(f->kind));
		if (f->btf && len < size)
			len += (size_t)snprintf(
				text + len, size - len, " %s%s",
				btf_name(f->btf, btf_type_by_id(f->btf, f->type_id)),
				f->btf == kernel ? " of the kernel" : "");
		if (f->kind & BTF_FIELD_GRAPH_ROOT && len < size)
			len += (size_t)snprintf(text + len, size - len, "+%u", f->node_offset);
	}
	if (!fields->cnt)
		snprintf(text, size, "none");
}

static void check_value(const struct btf *btf, const char *want)
{
	struct btf_fields fields;
	u32 id = btf_type_cnt(btf) - 1;
	char got[512];
	int err;

	/* Tags stand behind what they are about. */
	while (btf_kind(btf_type_by_id(btf, id)) == BTF_KIND_DECL_TAG)
		id--;
	err = btf_find_fields(btf, kernel, id, BTF_FIELDS_OF_MAPS, (u32)btf_size(btf, id), &fields);
	if (err)
		snprintf(got, sizeof(got), "%s", error_name(err));
	else
		describe(&fields, got, sizeof(got));
	if (strcmp(got, want))
		tap_fail("found %s, not %s", got, want);
}

static void run_case(const char *name, struct text_btf *b, const char *want)
{
	struct btf *btf;
	int err;

	tap_begin(name);
	if (make_btf(b, &btf)) {
		err = btf_add_struct_fields(btf, kernel);
		if (strncmp(want, "objects ", 8))
			check_value(btf, want);
		else if (strcmp(error_name(err), want + 8))
			tap_fail("got %s, not %s", error_name(err), want + 8);
		btf_free(btf);
	}
	tap_end();
}

/* Structs that hold each other many times over must not keep the search busy for ever. */
static void test_wide(void)
{
	static struct text_btf b;
	struct btf_fields fields;
	struct btf *btf;
	char line[64];

	tap_begin("structs in structs, 100 times at each of 30 levels");
	text_begin(&b);
	text_line(&b, "STRUCT s1 0");
	for (u32 level = 2; level <= 30; level++) {
		snprintf(line, sizeof(line), "STRUCT s%u 0", level);
		text_line(&b, line);
		snprintf(line, sizeof(line), ". - %u 0", level - 1);
		for (u32 i = 0; i < 100; i++)
			text_line(&b, line);
	}
	if (make_btf(&b, &btf)) {
		int err = btf_find_fields(btf, NULL, 30, BTF_FIELDS_OF_MAPS, 0, &fields);

		if (err != -E2BIG)
			tap_fail("got %s", error_name(err));
		btf_free(btf);
	}
	tap_end();
}

int main(void)
{
	static struct text_btf b;
	char line[512], name[256] = "";
	FILE *f = text_open("fields.txt");

	if (!f)
		return tap_done();
	make_kernel();
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		if (line[0] != '\t') {
			snprintf(name, sizeof(name), "%.255s", line);
			text_begin(&b);
		} else if (!strncmp(line, "\t=> ", 4)) {
			run_case(name, &b, line + 4);
		} else if (!text_line(&b, line + 1)) {
			tap_fail("%s: %s", name, line);
		}
	}
	fclose(f);
	test_wide();
	btf_free(kernel);
	return tap_done();
}

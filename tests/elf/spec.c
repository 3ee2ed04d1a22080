/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is read of objects, against the comments in their sources: each line
 * `// map ...`, `// slot ...`, `// func ...`, `// reloc ...`, `// license ...`
 * and `// version ...` must be found, and no other map, slot or function. In
 * errors.bpf.c `// error N text` is what CASE N must be refused with.
 */
#include "elf/spec.h"

#include "base/buf.h"
#include "map/map.h"
#include "objects.h"

/* ---- a spec as lines of text ---- */

static const char *type_name(u32 type)
{
	const char *name = map_type_name(type);

	return name ? name : "unknown";
}

static void print_map(struct buf *out, const struct spec_map *map)
{
	buf_printf(out, "%s %s key %u value %u max %u flags %u", map->name, type_name(map->type),
		   map->key_size, map->value_size, map->max_entries, map->map_flags);
	if (map->numa_node)
		buf_printf(out, " node %u", map->numa_node);
	if (map->map_extra)
		buf_printf(out, " extra %llu", (unsigned long long)map->map_extra);
	if (map->pinning)
		buf_puts(out, " pinned");
	if (map->data != DATA_NONE)
		buf_printf(out, " data %u", map->data);
	if (map->inner) {
		buf_puts(out, " inner ");
		print_map(out, map->inner);
	}
}

static void print_func(struct buf *out, const struct spec_func *func)
{
	buf_printf(out, "func %s %s %s", func->name, func->section,
		   func->is_global ? "global" : "static");
	if (func->is_hidden)
		buf_puts(out, " hidden");
	if (func->is_weak)
		buf_puts(out, " weak");
	if (func->def)
		buf_printf(out, " type %u attach %u", func->def->type, func->def->attach_type);
	if (func->attach_target)
		buf_printf(out, " target %s", func->attach_target);
	if (!func->autoload)
		buf_puts(out, " noload");
	buf_putc(out, '\n');
}

static void print_reloc(struct buf *out, const struct spec *spec, const struct spec_func *func,
			const struct spec_reloc *reloc)
{
	static const char *const kinds[] = {
		[RELOC_MAP] = "map",	   [RELOC_MAP_VALUE] = "value",
		[RELOC_CALL] = "call",	   [RELOC_SUBPROG_ADDR] = "func",
		[RELOC_EXTERN] = "extern", [RELOC_EXTERN_CALL] = "extern_call",
		[RELOC_CORE] = "core",
	};

	buf_printf(out, "reloc %s %s ", func->name, kinds[reloc->kind]);
	if (reloc->kind == RELOC_MAP_VALUE)
		buf_printf(out, "%s+%lld", spec->maps[reloc->target].name,
			   (long long)reloc->addend);
	else
		buf_puts(out, reloc->symbol);
	buf_puts(out, reloc->weak ? " weak\n" : "\n");
}

static void print_spec(struct buf *out, const struct spec *spec)
{
	for (u32 i = 0; i < spec->map_cnt; i++) {
		const struct spec_map *map = &spec->maps[i];

		buf_puts(out, "map ");
		print_map(out, map);
		buf_putc(out, '\n');
		for (u32 k = 0; k < map->slot_cnt; k++)
			buf_printf(out, "slot %s %u %s\n", map->name, map->slots[k].index,
				   map->type == BPF_MAP_TYPE_PROG_ARRAY
					   ? spec->funcs[map->slots[k].target].name
					   : spec->maps[map->slots[k].target].name);
	}
	for (u32 i = 0; i < spec->func_cnt; i++) {
		print_func(out, &spec->funcs[i]);
		for (u32 k = 0; k < spec->funcs[i].reloc_cnt; k++)
			print_reloc(out, spec, &spec->funcs[i], &spec->funcs[i].relocs[k]);
	}
	if (*spec->license)
		buf_printf(out, "license %s\n", spec->license);
	if (spec->kern_version)
		buf_printf(out, "version %u\n", spec->kern_version);
}

/* ---- the lines that are wanted ---- */

static const char *const kinds[] = {"map ", "slot ", "func ", "reloc ", "license ", "version "};

static bool is_wanted_line(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strncmp(line, kinds[i], strlen(kinds[i])))
			return true;
	}
	return false;
}

/* The comments of @source that are expectations, a line each. */
static void read_wanted(const char *source, struct buf *out)
{
	char line[256];
	FILE *file = fopen(data_path(source), "r");

	if (!file) {
		tap_fail("%s cannot be read", data_path(source));
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		char *text = line + strspn(line, "\t ");

		if (!strncmp(text, "// ", 3) && is_wanted_line(text + 3))
			buf_puts(out, text + 3);
	}
	fclose(file);
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");

		if (n == len && !strncmp(at, line, len))
			return true;
		at += n + (at[n] == '\n');
	}
	return false;
}

/* Every line of @a is in @b. */
static void check_lines(const char *a, const char *b, const char *complaint)
{
	while (*a) {
		size_t n = strcspn(a, "\n");

		if (!has_line(b, a, n))
			tap_fail("%s: %.*s; read was:\n%s", complaint, (int)n, a, b);
		a += n + (a[n] == '\n');
	}
}

static void check_infos(const struct spec *spec)
{
	for (u32 i = 0; i < spec->func_cnt; i++) {
		const struct spec_func *func = &spec->funcs[i];

		check_eq(func->func_info_cnt, spec->btf ? 1 : 0);
		check(!func->func_info_cnt || !func->func_info[0].insn_off);
		check(!spec->btf || func->line_info_cnt);
		check(!func->line_info_cnt || !func->line_info[0].insn_off);
		for (u32 k = 1; k < func->line_info_cnt; k++)
			check(func->line_info[k].insn_off > func->line_info[k - 1].insn_off &&
			      func->line_info[k].insn_off < func->insn_cnt);
	}
}

static void test_object(const char *source, const char *object)
{
	struct buf wanted, got;
	struct spec *spec;
	struct err err = {0};

	tap_begin(object);
	if (!have_object(object)) {
		tap_end();
		return;
	}
	buf_init(&wanted, &mem_libc);
	buf_init(&got, &mem_libc);
	if (spec_parse_file(&mem_libc, object_path(object), &spec, &err)) {
		tap_fail("%s", err.text);
	} else {
		read_wanted(source, &wanted);
		print_spec(&got, spec);
		check_lines(buf_str(&wanted), buf_str(&got), "not found");
		check_lines(buf_str(&got), buf_str(&wanted), "not wanted");
		check_infos(spec);
		spec_free(spec);
	}
	buf_free(&wanted);
	buf_free(&got);
	tap_end();
}

/* An object and the one of the other byte order have the same instructions. */
static void test_foreign(const char *native, const char *foreign)
{
	struct spec *a = NULL, *b = NULL;
	struct err err = {0};

	tap_begin(foreign);
	if (have_object(foreign)) {
		if (spec_parse_file(&mem_libc, object_path(native), &a, &err) ||
		    spec_parse_file(&mem_libc, object_path(foreign), &b, &err))
			tap_fail("%s", err.text);
	}
	if (a && b) {
		check(a->big_endian != b->big_endian);
		check_eq(a->func_cnt, b->func_cnt);
		for (u32 i = 0; i < a->func_cnt && i < b->func_cnt; i++) {
			const struct spec_func *x = &a->funcs[i], *y = &b->funcs[i];

			check_str(x->name, y->name);
			check_eq(x->insn_cnt, y->insn_cnt);
			check(x->insn_cnt != y->insn_cnt ||
			      !memcmp(x->insns, y->insns, x->insn_cnt * sizeof(*x->insns)));
		}
	}
	spec_free(a);
	spec_free(b);
	tap_end();
}

static void test_error(int number, const char *text)
{
	char object[64];
	struct spec *spec = NULL;
	struct err err = {0};

	snprintf(object, sizeof(object), "errors%d.bpf.o", number);
	tap_begin(text);
	if (have_object(object)) {
		if (!spec_parse_file(&mem_libc, object_path(object), &spec, &err))
			tap_fail("%s was taken", object);
		else if (!strstr(err.text, text))
			tap_fail("\"%s\"", err.text);
		else
			check(err.code == -22 || err.code == -95);
	}
	spec_free(spec);
	tap_end();
}

static void test_errors(void)
{
	char line[256];
	FILE *file = fopen(data_path("objects/errors.bpf.c"), "r");
	int number, at;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "// error %d %n", &number, &at) == 1)
			test_error(number, line + at);
	}
	if (file)
		fclose(file);
}

static void test_no_btf(void)
{
	struct spec *spec = NULL;
	struct err err = {0};

	if (!have_object("nobtf.bpf.o"))
		return;
	check(spec_parse_file(&mem_libc, object_path("nobtf.bpf.o"), &spec, &err) == -22);
	if (!strstr(err.text, "section \".maps\" needs BTF, which is missing: compile with -g"))
		tap_fail("\"%s\"", err.text);
	spec_free(spec);
}

static void test_no_file(void)
{
	struct spec *spec = NULL;
	struct err err = {0};

	check(spec_parse_file(&mem_libc, "/no/such/file.o", &spec, &err) == -2);
	check_str(err.text, "/no/such/file.o: No such file or directory");
	check(!spec);
}

int main(void)
{
	test_object("objects/maps.bpf.c", "maps.bpf.o");
	test_object("objects/data.bpf.c", "data.bpf.o");
	test_object("objects/calls.bpf.c", "calls.bpf.o");
	test_object("objects/externs.bpf.c", "externs.bpf.o");
	test_object("objects/core.bpf.c", "core.bpf.o");
	test_object("objects/run.bpf.c", "run.bpf.o");
	test_object("objects/long.bpf.c", "long.bpf.o");
	test_object("objects/plain.bpf.c", "plain.bpf.o");
	test_object("objects/maps.bpf.c", "maps.foreign.o");
	test_object("objects/data.bpf.c", "data.foreign.o");
	test_foreign("maps.bpf.o", "maps.foreign.o");
	test_foreign("data.bpf.o", "data.foreign.o");
	test_foreign("calls.bpf.o", "calls.foreign.o");
	test_errors();
	run_test(test_no_btf);
	run_test(test_no_file);
	return tap_done();
}

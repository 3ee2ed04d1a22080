/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Broken objects: each row of corrupt.txt breaks one thing and says with which
 * words it must be refused. Then cuts, flipped bits and failing allocations at
 * every place: whatever comes out, an error has a text and nothing is lost.
 */
#include <elf.h>

#include "elf/spec.h"
#include "objects.h"

struct object {
	u8 *data;
	size_t size;
};

/* ---- places in a good object of the host's byte order ---- */

static Elf64_Ehdr *elf_header(struct object *o)
{
	return (Elf64_Ehdr *)(void *)o->data;
}

static Elf64_Shdr *section_headers(struct object *o)
{
	return (Elf64_Shdr *)(void *)(o->data + elf_header(o)->e_shoff);
}

static const char *section_name(struct object *o, u32 i)
{
	Elf64_Shdr *headers = section_headers(o);

	return (char *)o->data + headers[elf_header(o)->e_shstrndx].sh_offset + headers[i].sh_name;
}

static Elf64_Shdr *find_section(struct object *o, const char *name)
{
	for (u32 i = 1; i < elf_header(o)->e_shnum; i++) {
		if (!strcmp(section_name(o, i), name))
			return &section_headers(o)[i];
	}
	tap_fail("no section %s", name);
	return NULL;
}

static Elf64_Sym *find_symbol(struct object *o, const char *name, u32 *index)
{
	Elf64_Shdr *table = find_section(o, ".symtab");
	Elf64_Sym *syms = (Elf64_Sym *)(void *)(o->data + table->sh_offset);
	const char *strings = (char *)o->data + section_headers(o)[table->sh_link].sh_offset;

	for (u32 i = 1; i < table->sh_size / sizeof(*syms); i++) {
		if (strcmp(strings + syms[i].st_name, name))
			continue;
		if (index)
			*index = i;
		return &syms[i];
	}
	tap_fail("no symbol %s", name);
	return NULL;
}

/* The @n-th relocation of a section, in order of offsets, which is that of the file. */
static Elf64_Rel *find_reloc(struct object *o, const char *section, u32 n)
{
	Elf64_Shdr *headers = section_headers(o), *target = find_section(o, section);

	for (u32 i = 1; target && i < elf_header(o)->e_shnum; i++) {
		if (headers[i].sh_type == SHT_REL && &headers[headers[i].sh_info] == target &&
		    n < headers[i].sh_size / sizeof(Elf64_Rel))
			return (Elf64_Rel *)(void *)(o->data + headers[i].sh_offset) + n;
	}
	tap_fail("no relocation %u of section %s", n, section);
	return NULL;
}

/* ---- edits ---- */

struct field {
	const char *name;
	size_t off, size;
};

#define FIELD(type, member)                                                                        \
	{                                                                                          \
#member, offsetof(type, member), sizeof(((type *)0)->member)                       \
	}

static const struct field header_fields[] = {
	{"magic", 0, 1},
	{"class", EI_CLASS, 1},
	{"data", EI_DATA, 1},
	FIELD(Elf64_Ehdr, e_type),
	FIELD(Elf64_Ehdr, e_machine),
	FIELD(Elf64_Ehdr, e_shoff),
	FIELD(Elf64_Ehdr, e_shnum),
	FIELD(Elf64_Ehdr, e_shentsize),
	FIELD(Elf64_Ehdr, e_shstrndx),
};

static const struct field section_fields[] = {
	FIELD(Elf64_Shdr, sh_name),    FIELD(Elf64_Shdr, sh_type), FIELD(Elf64_Shdr, sh_offset),
	FIELD(Elf64_Shdr, sh_size),    FIELD(Elf64_Shdr, sh_link), FIELD(Elf64_Shdr, sh_info),
	FIELD(Elf64_Shdr, sh_entsize),
};

static const struct field symbol_fields[] = {
	FIELD(Elf64_Sym, st_name),
	FIELD(Elf64_Sym, st_shndx),
	FIELD(Elf64_Sym, st_value),
	FIELD(Elf64_Sym, st_size),
};

static void put(void *at, const struct field *fields, size_t n, const char *name, u64 value)
{
	u8 v8 = (u8)value;
	u16 v16 = (u16)value;
	u32 v32 = (u32)value;

	for (size_t i = 0; at && i < n; i++) {
		if (strcmp(fields[i].name, name))
			continue;
		memcpy((u8 *)at + fields[i].off,
		       fields[i].size == 1   ? (void *)&v8
		       : fields[i].size == 2 ? (void *)&v16
		       : fields[i].size == 4 ? (void *)&v32
					     : (void *)&value,
		       fields[i].size);
		return;
	}
	tap_fail("no field %s", name);
}

static void put_reloc(struct object *o, Elf64_Rel *rel, const char *field, const char *value)
{
	u64 number = strtoull(value, NULL, 0);
	u32 type, sym;

	if (!rel)
		return;
	type = (u32)ELF64_R_TYPE(rel->r_info);
	sym = (u32)ELF64_R_SYM(rel->r_info);
	if (!strcmp(field, "offset"))
		rel->r_offset = number;
	else if (!strcmp(field, "type"))
		type = (u32)number;
	else if (!strcmp(field, "sym"))
		sym = (u32)number;
	else if (!strcmp(field, "symbol"))
		find_symbol(o, value, &sym);
	else
		tap_fail("no field %s", field);
	rel->r_info = ELF64_R_INFO((u64)sym, type);
}

static void edit(struct object *o, char words[6][64], int n)
{
	const char *what = words[0];
	Elf64_Shdr *sec;

	if (!strcmp(what, "truncate") && n == 2) {
		o->size = strtoull(words[1], NULL, 0);
	} else if (!strcmp(what, "header") && n == 3) {
		put(o->data, header_fields, ARRAY_SIZE(header_fields), words[1],
		    strtoull(words[2], NULL, 0));
	} else if (!strcmp(what, "section") && n == 4) {
		put(find_section(o, words[1]), section_fields, ARRAY_SIZE(section_fields), words[2],
		    strtoull(words[3], NULL, 0));
	} else if (!strcmp(what, "symbol") && n == 4) {
		put(find_symbol(o, words[1], NULL), symbol_fields, ARRAY_SIZE(symbol_fields),
		    words[2], strtoull(words[3], NULL, 0));
	} else if (!strcmp(what, "reloc") && n == 5) {
		put_reloc(o, find_reloc(o, words[1], (u32)atoi(words[2])), words[3], words[4]);
	} else if (!strcmp(what, "bytes") && n == 4) {
		sec = find_section(o, words[1]);
		if (sec)
			o->data[sec->sh_offset + strtoull(words[2], NULL, 0)] =
				(u8)strtoul(words[3], NULL, 16);
	} else {
		tap_fail("bad line");
	}
}

static bool load_object(struct object *o, const char *name)
{
	if (!have_object(name))
		return false;
	o->data = read_object(object_path(name), &o->size);
	return o->data;
}

static void test_row(char *line, const char *want)
{
	char name[64], words[6][64];
	struct object o;
	struct spec *spec = NULL;
	struct err err = {0};
	int n = sscanf(line, "%63s %63s %63s %63s %63s %63s", name, words[0], words[1], words[2],
		       words[3], words[4]);

	if (!load_object(&o, name))
		return;
	edit(&o, words, n - 1);
	if (!spec_parse(&mem_libc, o.data, o.size, name, &spec, &err))
		tap_fail("it was taken");
	else if (strncmp(err.text, name, strlen(name)) || !strstr(err.text, want))
		tap_fail("\"%s\", not \"%s\"", err.text, want);
	spec_free(spec);
	free(o.data);
}

static void test_rows(void)
{
	char line[250];
	FILE *file = fopen(data_path("corrupt.txt"), "r");

	tap_begin("corrupt.txt is there");
	check(file);
	tap_end();
	while (file && fgets(line, sizeof(line), file)) {
		char *want = strstr(line, " => ");

		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#')
			continue;
		tap_begin(line);
		if (want) {
			*want = 0;
			test_row(line, want + 4);
		} else {
			tap_fail("no \"=>\"");
		}
		tap_end();
	}
	if (file)
		fclose(file);
}

/* ---- everywhere ---- */

/* Parses a copy of exactly its size, so that a sanitizer sees what is read beyond. */
static void parse_anyhow(const u8 *data, size_t size)
{
	struct spec *spec = NULL;
	struct err err = {0};
	u8 *copy = malloc(size ? size : 1);
	int ret;

	memcpy(copy, data, size);
	ret = spec_parse(&mem_libc, copy, size, "x", &spec, &err);
	free(copy);
	if (ret ? spec || err.code != ret || strlen(err.text) < 4 : !spec)
		tap_fail("returned %d with \"%s\"", ret, err.text);
	spec_free(spec);
}

static void test_cuts(void)
{
	struct object o;

	if (!load_object(&o, "run.bpf.o"))
		return;
	for (size_t size = 0; size <= o.size; size += size < 64 ? 1 : 37)
		parse_anyhow(o.data, size);
	free(o.data);
}

static void test_flips(void)
{
	struct object o;

	if (!load_object(&o, "maps.bpf.o"))
		return;
	for (size_t i = 0; i < o.size; i += 3) {
		u8 old = o.data[i];

		o.data[i] = (u8)(old ^ (1u << i % 8));
		parse_anyhow(o.data, o.size);
		o.data[i] = 0xff;
		parse_anyhow(o.data, o.size);
		o.data[i] = old;
	}
	free(o.data);
}

/* Fails the n-th allocation and counts what is still held. */
struct failing {
	s64 left, held;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;

	if (!size) {
		f->held -= p != NULL;
		free(p);
		return NULL;
	}
	if (!f->left--)
		return NULL;
	f->held += !p;
	return realloc(p, size);
}

static void test_allocations(void)
{
	struct object o;
	int ret = -12;

	if (!load_object(&o, "maps.bpf.o"))
		return;
	for (s64 n = 0; ret == -12 && n < 100000; n++) {
		struct failing f = {.left = n};
		struct mem mem = {.realloc = failing_realloc, .ctx = &f};
		struct spec *spec = NULL;
		struct err err = {0};

		ret = spec_parse(&mem, o.data, o.size, "x", &spec, &err);
		if (ret && ret != -12)
			tap_fail("allocation %lld: %d, %s", (long long)n, ret, err.text);
		spec_free(spec);
		check_eq(f.held, 0);
	}
	check_eq(ret, 0);
	free(o.data);
}

int main(void)
{
	test_rows();
	run_test(test_cuts);
	run_test(test_flips);
	run_test(test_allocations);
	return tap_done();
}

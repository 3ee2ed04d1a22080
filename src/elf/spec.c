/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Object file to spec: reads the file, tells what each section is for and
 * calls the parts of the parser in order.
 */
#include "elf/spec.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "elf/parse.h"

/* Data maps have 32-bit sizes, and no kernel takes one of this size. */
#define SECTION_SIZE_MAX (1u << 30)

static const struct section_name {
	const char *name;
	enum section_kind kind;
	bool is_prefix;		 /* "<name>.something" as well */
	const char *unsupported; /* why it is refused, or NULL */
} section_names[] = {
	{".maps", SECTION_MAPS, false, NULL},
	{".data", SECTION_DATA, true, NULL},
	{".rodata", SECTION_RODATA, true, NULL},
	{".bss", SECTION_BSS, true, NULL},
	{"license", SECTION_LICENSE, false, NULL},
	{"version", SECTION_VERSION, false, NULL},
	{".BTF", SECTION_BTF, false, NULL},
	{".BTF.ext", SECTION_BTF_EXT, false, NULL},
	{"maps", SECTION_OTHER, false,
	 "legacy map definitions are not supported; define maps with BTF in SEC(\".maps\")"},
	{".struct_ops", SECTION_OTHER, false, "struct_ops maps are not supported yet"},
	{".struct_ops.link", SECTION_OTHER, false, "struct_ops maps are not supported yet"},
	{"?.struct_ops", SECTION_OTHER, false, "struct_ops maps are not supported yet"},
	{"?.struct_ops.link", SECTION_OTHER, false, "struct_ops maps are not supported yet"},
	{".addr_space.1", SECTION_OTHER, false, "variables in an arena are not supported yet"},
};

static bool section_name_matches(const struct section_name *row, const char *name)
{
	size_t len = strlen(row->name);

	return !strncmp(name, row->name, len) &&
	       (!name[len] || (row->is_prefix && name[len] == '.'));
}

static int classify_section(struct parser *p, u32 i)
{
	const struct image_section *sec = &p->image.sections[i];

	if (sec->type != SHT_PROGBITS && sec->type != SHT_NOBITS)
		return 0;
	if (sec->flags & SHF_COMPRESSED)
		return 0;
	if (sec->flags & SHF_EXECINSTR) {
		if (sec->data && sec->size)
			p->sections[i].kind = SECTION_CODE;
		return 0;
	}
	for (size_t k = 0; k < ARRAY_SIZE(section_names); k++) {
		const struct section_name *row = &section_names[k];

		if (!section_name_matches(row, sec->name) || !sec->size)
			continue;
		if (row->unsupported)
			return err_set(p->err, -EOPNOTSUPP, "section \"%s\": %s", sec->name,
				       row->unsupported);
		if (!sec->data && row->kind != SECTION_BSS && row->kind != SECTION_DATA)
			return err_set(p->err, -EINVAL,
				       "section \"%s\" has no contents (SHT_NOBITS)", sec->name);
		if (sec->size > SECTION_SIZE_MAX)
			return err_set(p->err, -EINVAL, "section \"%s\": %llu bytes are too many",
				       sec->name, (unsigned long long)sec->size);
		p->sections[i].kind = row->kind;
		return 0;
	}
	return 0;
}

/* Keeps the section for @slot; there is at most one of its kind. */
static int keep_section(struct parser *p, const struct image_section **slot, u32 i)
{
	if (*slot)
		return err_set(p->err, -EINVAL, "sections %u and %u are both \"%s\"",
			       image_section_index(&p->image, *slot), i, (*slot)->name);
	*slot = &p->image.sections[i];
	return 0;
}

static int read_license(struct parser *p, const struct image_section *sec)
{
	if (sec->data[sec->size - 1])
		return err_set(p->err, -EINVAL, "section \"license\" does not end with a NUL");
	p->spec->license = (const char *)sec->data;
	return 0;
}

static int read_version(struct parser *p, const struct image_section *sec)
{
	if (sec->size != sizeof(u32))
		return err_set(p->err, -EINVAL, "section \"version\" has %llu bytes, not 4",
			       (unsigned long long)sec->size);
	p->spec->kern_version = image_u32(&p->image, sec->data);
	return 0;
}

int parse_sections(struct parser *p)
{
	int ret = 0;

	p->spec->license = "";
	p->sections = parser_alloc(p, p->image.section_cnt, sizeof(*p->sections));
	if (!p->sections)
		return -ENOMEM;
	for (u32 i = 1; i < p->image.section_cnt && !ret; i++) {
		const struct image_section *sec = &p->image.sections[i];

		ret = classify_section(p, i);
		if (ret)
			break;
		switch (p->sections[i].kind) {
		case SECTION_MAPS:
			ret = keep_section(p, &p->maps, i);
			break;
		case SECTION_BTF:
			ret = keep_section(p, &p->btf, i);
			break;
		case SECTION_BTF_EXT:
			ret = keep_section(p, &p->btf_ext, i);
			break;
		case SECTION_LICENSE:
			ret = read_license(p, sec);
			break;
		case SECTION_VERSION:
			ret = read_version(p, sec);
			break;
		default:
			break;
		}
	}
	return ret;
}

static int parse_all(struct parser *p, const void *data, size_t size)
{
	static int (*const parts[])(struct parser *) = {
		parse_sections, parse_btf, parse_maps, parse_funcs, parse_ext, parse_relocs,
	};
	/* Names and contents are used in place, and the caller's memory may go away. */
	void *copy = arena_dup(&p->spec->arena, data, size);
	int ret;

	if (!copy)
		return err_set(p->err, -ENOMEM, "out of memory");
	ret = image_parse(&p->image, &p->spec->arena, copy, size, p->err);
	p->spec->big_endian = p->image.big_endian;
	for (size_t i = 0; i < ARRAY_SIZE(parts) && !ret; i++)
		ret = parts[i](p);
	return ret;
}

int spec_parse(const struct mem *mem, const void *data, size_t size, const char *name,
	       struct spec **spec, struct err *err)
{
	struct parser p = {.mem = mem, .err = err};
	int ret;

	*spec = NULL;
	p.spec = mem_zalloc(mem, sizeof(*p.spec));
	if (!p.spec)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	arena_init(&p.spec->arena, mem);
	ret = parse_all(&p, data, size);
	if (ret) {
		err_prefix(err, "%s", name);
		spec_free(p.spec);
		return ret;
	}
	*spec = p.spec;
	return 0;
}

int spec_parse_file(const struct mem *mem, const char *path, struct spec **spec, struct err *err)
{
	size_t size;
	void *data;
	int ret;

	*spec = NULL;
	ret = os_read_file(mem, path, &data, &size);
	if (ret)
		return err_set(err, ret, "%s: %s", path, strerror(-ret));
	ret = spec_parse(mem, data, size, path, spec, err);
	mem_free(mem, data);
	return ret;
}

void spec_free(struct spec *spec)
{
	const struct mem *mem;

	if (!spec)
		return;
	mem = spec->arena.mem;
	btf_free(spec->btf);
	arena_free(&spec->arena);
	mem_free(mem, spec);
}

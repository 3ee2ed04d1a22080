/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the ELF header, section headers, symbols and relocations. Nothing
 * here knows what sections mean to BPF. Every offset of the file is checked
 * once, where it is read.
 */
#include "elf/image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

u16 image_u16(const struct image *image, const void *p)
{
	return image->big_endian ? get_be16(p) : get_le16(p);
}

u32 image_u32(const struct image *image, const void *p)
{
	return image->big_endian ? get_be32(p) : get_le32(p);
}

u64 image_u64(const struct image *image, const void *p)
{
	return image->big_endian ? get_be64(p) : get_le64(p);
}

/* A field of one of the file's structures at @p. */
#define FIELD(image, p, type, field)                                                               \
	_Generic(((type *)0)->field, u16                                                           \
		 : image_u16, u32                                                                  \
		 : image_u32, u64                                                                  \
		 : image_u64)(image, (p) + offsetof(type, field))

static int check_ident(struct image *image, struct err *err)
{
	const u8 *id = image->data;

	if (image->size < SELFMAG || memcmp(id, ELFMAG, SELFMAG))
		return err_set(err, -EINVAL, "not an ELF file");
	if (image->size < EI_NIDENT)
		return err_set(err, -EINVAL, "truncated: the ELF header needs %zu bytes, not %zu",
			       sizeof(Elf64_Ehdr), image->size);
	if (id[EI_CLASS] == ELFCLASS32)
		return err_set(err, -EINVAL, "a 32-bit ELF file; BPF objects are 64-bit");
	if (id[EI_CLASS] != ELFCLASS64)
		return err_set(err, -EINVAL, "unknown ELF class %u", id[EI_CLASS]);
	if (id[EI_DATA] != ELFDATA2LSB && id[EI_DATA] != ELFDATA2MSB)
		return err_set(err, -EINVAL, "unknown ELF byte order %u", id[EI_DATA]);
	if (image->size < sizeof(Elf64_Ehdr))
		return err_set(err, -EINVAL, "truncated: the ELF header needs %zu bytes, not %zu",
			       sizeof(Elf64_Ehdr), image->size);
	image->big_endian = id[EI_DATA] == ELFDATA2MSB;
	return 0;
}

static const struct number_name {
	u16 number;
	const char *name;
} machine_names[] =
	{
		{EM_386, "i386"},	 {EM_X86_64, "x86-64"}, {EM_ARM, "arm"},
		{EM_AARCH64, "arm64"},	 {EM_S390, "s390"},	{EM_RISCV, "RISC-V"},
		{EM_PPC64, "powerpc64"},
},
  type_names[] = {
	  {ET_NONE, "none"},
	  {ET_EXEC, "executable"},
	  {ET_DYN, "shared object"},
	  {ET_CORE, "core dump"},
};

static const char *number_name(const struct number_name *names, size_t n, u16 number)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return "unknown";
}

static int check_kind(struct image *image, struct err *err)
{
	u16 machine = FIELD(image, image->data, Elf64_Ehdr, e_machine);
	u16 type = FIELD(image, image->data, Elf64_Ehdr, e_type);

	/* Compilers from before BPF had its number wrote 0. */
	if (machine != EM_BPF && machine != EM_NONE)
		return err_set(err, -EINVAL, "made for machine %u (%s), not for BPF", machine,
			       number_name(machine_names, ARRAY_SIZE(machine_names), machine));
	if (type != ET_REL)
		return err_set(err, -EINVAL, "ELF type %u (%s), not a relocatable object file",
			       type, number_name(type_names, ARRAY_SIZE(type_names), type));
	return 0;
}

static bool in_file(const struct image *image, u64 off, u64 size)
{
	return off <= image->size && size <= image->size - off;
}

/* Finds the section headers; more than 65,279 are counted in the first of them. */
static int find_headers(struct image *image, const u8 **headers, u32 *strndx, struct err *err)
{
	u64 off = FIELD(image, image->data, Elf64_Ehdr, e_shoff);
	u16 size = FIELD(image, image->data, Elf64_Ehdr, e_shentsize);
	u64 cnt = FIELD(image, image->data, Elf64_Ehdr, e_shnum);

	*strndx = FIELD(image, image->data, Elf64_Ehdr, e_shstrndx);
	if (!off)
		return err_set(err, -EINVAL, "no section headers");
	if (size != sizeof(Elf64_Shdr))
		return err_set(err, -EINVAL, "section headers of %u bytes, not %zu", size,
			       sizeof(Elf64_Shdr));
	if (!in_file(image, off, size))
		goto truncated;
	*headers = image->data + off;
	if (!cnt)
		cnt = FIELD(image, *headers, Elf64_Shdr, sh_size);
	if (*strndx == SHN_XINDEX)
		*strndx = FIELD(image, *headers, Elf64_Shdr, sh_link);
	if (cnt > (image->size - off) / size)
		goto truncated;
	if (cnt >= SHN_LORESERVE)
		return err_set(err, -EOPNOTSUPP, "%llu sections; at most %u are supported",
			       (unsigned long long)cnt, SHN_LORESERVE - 1);
	if (*strndx >= cnt)
		return err_set(err, -EINVAL,
			       "section names are in section %u, which is out of range", *strndx);
	image->section_cnt = (u32)cnt;
	return 0;
truncated:
	return err_set(err, -EINVAL,
		       "truncated: the section headers, at offset 0x%llx, reach beyond the file's "
		       "%zu bytes",
		       (unsigned long long)off, image->size);
}

static int read_section(struct image *image, const u8 *header, u32 i, struct err *err)
{
	struct image_section *sec = &image->sections[i];
	u64 off = FIELD(image, header, Elf64_Shdr, sh_offset);

	sec->name = "";
	sec->type = FIELD(image, header, Elf64_Shdr, sh_type);
	sec->flags = FIELD(image, header, Elf64_Shdr, sh_flags);
	sec->link = FIELD(image, header, Elf64_Shdr, sh_link);
	sec->info = FIELD(image, header, Elf64_Shdr, sh_info);
	sec->entsize = FIELD(image, header, Elf64_Shdr, sh_entsize);
	/* The null section's size counts sections in huge files. */
	if (!i || sec->type == SHT_NULL)
		return 0;
	sec->size = FIELD(image, header, Elf64_Shdr, sh_size);
	if (sec->type == SHT_NOBITS)
		return 0;
	if (!in_file(image, off, sec->size))
		return err_set(err, -EINVAL,
			       "truncated: section %u, %llu bytes at offset 0x%llx, reaches beyond "
			       "the file's %zu bytes",
			       i, (unsigned long long)sec->size, (unsigned long long)off,
			       image->size);
	sec->data = image->data + off;
	return 0;
}

/* A string of a string table, or NULL when it is not terminated inside. */
static const char *table_string(const struct image_section *table, u64 off)
{
	if (!off)
		return "";
	if (!table->data || off >= table->size ||
	    !memchr(table->data + off, 0, (size_t)(table->size - off)))
		return NULL;
	return (const char *)table->data + off;
}

static int name_sections(struct image *image, const u8 *headers, u32 strndx, struct err *err)
{
	const struct image_section *table = &image->sections[strndx];

	if (strndx && table->type != SHT_STRTAB)
		return err_set(err, -EINVAL,
			       "section names are in section %u, which is no string "
			       "table",
			       strndx);
	for (u32 i = 1; i < image->section_cnt; i++) {
		u32 off = FIELD(image, headers + i * sizeof(Elf64_Shdr), Elf64_Shdr, sh_name);
		const char *name = table_string(table, off);

		if (!name)
			return err_set(err, -EINVAL,
				       "section %u: its name, at offset 0x%x, is not in the string "
				       "table",
				       i, off);
		image->sections[i].name = name;
	}
	return 0;
}

static int read_sections(struct image *image, struct err *err)
{
	const u8 *headers = NULL;
	u64 total = 0;
	u32 strndx;
	int ret = find_headers(image, &headers, &strndx, err);

	if (ret)
		return ret;
	image->sections =
		arena_zalloc_array(image->arena, image->section_cnt, sizeof(*image->sections));
	if (!image->sections)
		return err_set(err, -ENOMEM, "out of memory");
	for (u32 i = 0; i < image->section_cnt; i++) {
		ret = read_section(image, headers + i * sizeof(Elf64_Shdr), i, err);
		if (ret)
			return ret;
		/* Else a small file could ask for the same bytes thousands of times. */
		if (image->sections[i].data)
			total += image->sections[i].size;
		if (total > image->size)
			return err_set(err, -EINVAL,
				       "sections overlap: the first %u have %llu "
				       "bytes, the file %zu",
				       i + 1, (unsigned long long)total, image->size);
	}
	return name_sections(image, headers, strndx, err);
}

static int read_symbol(struct image *image, const struct image_section *strings, u32 i,
		       struct err *err)
{
	const u8 *p = image->sections[image->symtab].data + i * sizeof(Elf64_Sym);
	struct image_symbol *sym = &image->symbols[i];
	u32 name = FIELD(image, p, Elf64_Sym, st_name);
	u8 info = p[offsetof(Elf64_Sym, st_info)];

	sym->value = FIELD(image, p, Elf64_Sym, st_value);
	sym->size = FIELD(image, p, Elf64_Sym, st_size);
	sym->section = FIELD(image, p, Elf64_Sym, st_shndx);
	sym->type = ELF64_ST_TYPE(info);
	sym->bind = ELF64_ST_BIND(info);
	sym->visibility = ELF64_ST_VISIBILITY(p[offsetof(Elf64_Sym, st_other)]);
	sym->name = table_string(strings, name);
	if (!sym->name)
		return err_set(err, -EINVAL,
			       "symbol %u: its name, at offset 0x%x, is not in the string table", i,
			       name);
	if (sym->section >= image->section_cnt && sym->section != SHN_ABS &&
	    sym->section != SHN_COMMON)
		return err_set(err, -EINVAL, "symbol %u (%s): section index %u is out of range", i,
			       sym->name, sym->section);
	if (sym->type == STT_SECTION && sym->section < image->section_cnt)
		sym->name = image->sections[sym->section].name;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct image_symbol *x = *(const struct image_symbol *const *)a;
	const struct image_symbol *y = *(const struct image_symbol *const *)b;
	int order = strcmp(x->name, y->name);

	/* The first in the table comes first. */
	return order ? order : (x > y) - (x < y);
}

static int index_symbols(struct image *image, struct err *err)
{
	image->by_name =
		arena_zalloc_array(image->arena, image->symbol_cnt + 1, sizeof(*image->by_name));
	if (!image->by_name)
		return err_set(err, -ENOMEM, "out of memory");
	for (u32 i = 1; i < image->symbol_cnt; i++) {
		const struct image_symbol *sym = &image->symbols[i];

		if (sym->bind != STB_LOCAL && sym->section != SHN_UNDEF)
			image->by_name[image->by_name_cnt++] = sym;
	}
	qsort(image->by_name, image->by_name_cnt, sizeof(*image->by_name), compare_names);
	return 0;
}

static int check_symtab(const struct image *image, const struct image_section *table,
			struct err *err)
{
	u32 i = image_section_index(image, table);

	if (table->entsize != sizeof(Elf64_Sym) || table->size % sizeof(Elf64_Sym))
		return err_set(err, -EINVAL,
			       "section %u \"%s\": symbols of %llu bytes in a table of %llu bytes",
			       i, table->name, (unsigned long long)table->entsize,
			       (unsigned long long)table->size);
	if (table->link >= image->section_cnt || image->sections[table->link].type != SHT_STRTAB)
		return err_set(err, -EINVAL,
			       "section %u \"%s\": names are in section %u, which is no string "
			       "table",
			       i, table->name, table->link);
	return 0;
}

static int read_symbols(struct image *image, struct err *err)
{
	const struct image_section *table;
	int ret;

	for (u32 i = 1; i < image->section_cnt; i++) {
		if (image->sections[i].type != SHT_SYMTAB)
			continue;
		if (image->symtab)
			return err_set(err, -EINVAL, "sections %u and %u are both symbol tables",
				       image->symtab, i);
		image->symtab = i;
	}
	if (!image->symtab)
		return err_set(err, -EINVAL, "no symbol table: a stripped object cannot be loaded");
	table = &image->sections[image->symtab];
	ret = check_symtab(image, table, err);
	if (ret)
		return ret;
	image->symbol_cnt = (u32)u64_min(table->size / sizeof(Elf64_Sym), UINT32_MAX);
	image->symbols =
		arena_zalloc_array(image->arena, image->symbol_cnt, sizeof(*image->symbols));
	if (!image->symbols)
		return err_set(err, -ENOMEM, "out of memory");
	for (u32 i = 0; i < image->symbol_cnt; i++) {
		ret = read_symbol(image, &image->sections[table->link], i, err);
		if (ret)
			return ret;
	}
	return index_symbols(image, err);
}

int image_parse(struct image *image, struct arena *arena, const void *data, size_t size,
		struct err *err)
{
	int ret;

	*image = (struct image){.arena = arena, .data = data, .size = size};
	/* Offsets in sections are kept in 32 bits. */
	if (size > UINT32_MAX)
		return err_set(err, -EINVAL, "%zu bytes are too many for an object file", size);
	ret = check_ident(image, err);
	if (!ret)
		ret = check_kind(image, err);
	if (!ret)
		ret = read_sections(image, err);
	if (!ret)
		ret = read_symbols(image, err);
	return ret;
}

static int compare_relocs(const void *a, const void *b)
{
	const struct image_reloc *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int check_reloc_section(const struct image *image, u32 section, struct err *err)
{
	const struct image_section *sec = &image->sections[section];

	if (sec->type != SHT_REL)
		return err_set(err, -EOPNOTSUPP,
			       "section %u \"%s\": relocations with addends (SHT_RELA) are not "
			       "supported",
			       section, sec->name);
	if (sec->entsize != sizeof(Elf64_Rel) || sec->size % sizeof(Elf64_Rel))
		return err_set(err, -EINVAL,
			       "section %u \"%s\": relocations of %llu bytes in a table of %llu "
			       "bytes",
			       section, sec->name, (unsigned long long)sec->entsize,
			       (unsigned long long)sec->size);
	if (sec->link != image->symtab)
		return err_set(err, -EINVAL,
			       "section %u \"%s\": symbols are in section %u, which is no symbol "
			       "table",
			       section, sec->name, sec->link);
	return 0;
}

int image_relocs(const struct image *image, u32 section, struct image_reloc **out, u32 *cnt,
		 struct err *err)
{
	const struct image_section *sec = &image->sections[section];
	const char *target = sec->info < image->section_cnt ? image->sections[sec->info].name : "";
	struct image_reloc *relocs;
	int ret = check_reloc_section(image, section, err);

	if (ret)
		return ret;
	*cnt = (u32)u64_min(sec->size / sizeof(Elf64_Rel), UINT32_MAX);
	*out = relocs = arena_zalloc_array(image->arena, *cnt, sizeof(*relocs));
	if (!relocs)
		return err_set(err, -ENOMEM, "out of memory");
	for (u32 i = 0; i < *cnt; i++) {
		const u8 *p = sec->data + i * sizeof(Elf64_Rel);
		u64 info = FIELD(image, p, Elf64_Rel, r_info);

		relocs[i].offset = FIELD(image, p, Elf64_Rel, r_offset);
		relocs[i].type = ELF64_R_TYPE(info);
		relocs[i].symbol = (u32)ELF64_R_SYM(info);
		relocs[i].number = i;
		if (relocs[i].symbol >= image->symbol_cnt)
			return err_set(err, -EINVAL,
				       "section \"%s\": relocation %u at offset 0x%llx: symbol "
				       "index %u is out of range",
				       target, i, (unsigned long long)relocs[i].offset,
				       relocs[i].symbol);
	}
	qsort(relocs, *cnt, sizeof(*relocs), compare_relocs);
	return 0;
}

const struct image_section *image_section(const struct image *image, const char *name)
{
	for (u32 i = 1; i < image->section_cnt; i++) {
		if (!strcmp(image->sections[i].name, name))
			return &image->sections[i];
	}
	return NULL;
}

const struct image_symbol *image_symbol(const struct image *image, const char *name)
{
	u32 low = 0, high = image->by_name_cnt;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (strcmp(image->by_name[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == image->by_name_cnt || strcmp(image->by_name[low]->name, name))
		return NULL;
	return image->by_name[low];
}

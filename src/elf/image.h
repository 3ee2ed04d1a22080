/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounds-checked reader of 64-bit relocatable ELF files, of either byte
 * order. Of our own rather than libelf's: it reads hostile bytes, allocates
 * through struct mem as everything does, and needs a small part of the format.
 *
 * After image_parse() every section lies in the file (or has no bytes there),
 * no two sections share bytes, and every name is terminated; all values are in
 * the host's byte order, contents of sections are as in the file.
 */
#ifndef ANYBPF_ELF_IMAGE_H
#define ANYBPF_ELF_IMAGE_H

#include "base/arena.h"
#include "base/err.h"

struct image_section {
	const char *name;
	u32 type, link, info;
	u64 flags, size, entsize;
	const u8 *data; /* NULL when it has no bytes in the file */
};

struct image_symbol {
	const char *name; /* of a section's symbol: the section's name */
	u64 value, size;
	u32 section; /* an index below section_cnt, or SHN_UNDEF, SHN_ABS, SHN_COMMON */
	u8 type, bind, visibility;
};

struct image_reloc {
	u64 offset; /* in the section that is relocated */
	u32 type, symbol;
	u32 number; /* position in its section, for messages */
};

struct image {
	struct arena *arena;
	const u8 *data;
	size_t size;
	bool big_endian; /* the file's byte order */
	struct image_section *sections;
	u32 section_cnt;
	struct image_symbol *symbols;
	u32 symbol_cnt;
	u32 symtab;			     /* index of the symbol table, 0 without */
	const struct image_symbol **by_name; /* the defined, non-local symbols, sorted by name */
	u32 by_name_cnt;
};

/* @data must stay valid while the image is used. 0, -EINVAL, -ENOMEM, -EOPNOTSUPP. */
int image_parse(struct image *image, struct arena *arena, const void *data, size_t size,
		struct err *err);

/* The entries of a SHT_REL section, sorted by offset; every symbol index is below symbol_cnt. */
int image_relocs(const struct image *image, u32 section, struct image_reloc **relocs, u32 *cnt,
		 struct err *err);

/* The first section of that name, or NULL. */
const struct image_section *image_section(const struct image *image, const char *name);

/* A defined global or weak symbol, or NULL. */
const struct image_symbol *image_symbol(const struct image *image, const char *name);

static inline u32 image_section_index(const struct image *image, const struct image_section *sec)
{
	return (u32)(sec - image->sections);
}

/* Values of the file at @p, in the host's byte order. */
u16 image_u16(const struct image *image, const void *p);
u32 image_u32(const struct image *image, const void *p);
u64 image_u64(const struct image *image, const void *p);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the parser share. spec.c calls them in this order; each
 * may rely on those before it:
 *
 *	parse_sections	kinds, license, version
 *	parse_btf	spec->btf with section sizes and offsets filled in
 *	parse_maps	spec->maps, without the initial contents of .maps
 *	parse_funcs	spec->funcs with their instructions
 *	parse_ext	func_info, line_info and CO-RE records of each function
 *	parse_relocs	relocs of each function, slots of maps
 */
#ifndef ANYBPF_ELF_PARSE_H
#define ANYBPF_ELF_PARSE_H

#include <errno.h>

#include "base/vec.h"
#include "elf/image.h"
#include "elf/spec.h"

enum section_kind {
	SECTION_OTHER, /* debug information, string tables ... */
	SECTION_CODE,
	SECTION_DATA,
	SECTION_RODATA,
	SECTION_BSS,
	SECTION_MAPS,
	SECTION_LICENSE,
	SECTION_VERSION,
	SECTION_BTF,
	SECTION_BTF_EXT,
};

/* By section index. */
struct section_state {
	enum section_kind kind;
	u32 first_func, func_cnt; /* code: a range of spec->funcs, sorted by offset */
	u32 data_map;		  /* data: its map, an index in spec->maps */
	bool relocated;		  /* a relocation section for it was seen */
	u8 ext_seen;		  /* kinds of .BTF.ext records that were seen for it */
	/* code: CO-RE records, sorted, insn_off in bytes of the section */
	struct bpf_core_relo *core_relos;
	u32 core_relo_cnt;
};

/* By map: where the pointers of a `values` array are in .maps. */
struct map_slots {
	u32 off, cnt;
};

struct parser {
	const struct mem *mem;
	struct err *err;
	struct spec *spec;
	struct image image;
	struct section_state *sections;
	const struct image_section *maps, *btf, *btf_ext; /* NULL without */
	struct map_slots *slots;
	u32 declared_cnt; /* maps of .maps, which come first in spec->maps */
};

int parse_sections(struct parser *p);
int parse_btf(struct parser *p);
int parse_maps(struct parser *p);
int parse_funcs(struct parser *p);
int parse_ext(struct parser *p);
int parse_relocs(struct parser *p);

/* The function that starts at @off of a section, or that contains it; its index or -1. */
s64 parser_func_at(const struct parser *p, u32 section, u64 off);
s64 parser_func_containing(const struct parser *p, u32 section, u64 off);
/* The map declared at @off of .maps; its index or -1. */
s64 parser_map_at(const struct parser *p, u64 off);

static inline void *parser_alloc(struct parser *p, u64 n, size_t size)
{
	void *mem = n > SIZE_MAX ? NULL : arena_zalloc_array(&p->spec->arena, (size_t)n, size);

	if (!mem)
		err_set(p->err, -ENOMEM, "out of memory");
	return mem;
}

#endif

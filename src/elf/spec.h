/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An object file, understood: programs, maps, data and relocations as plain
 * data. Pure and deterministic: bytes in, spec out, no engine.
 */
#ifndef ANYBPF_ELF_SPEC_H
#define ANYBPF_ELF_SPEC_H

#include "base/arena.h"
#include "base/err.h"
#include "btf/btf.h"
#include "elf/sections.h"

enum spec_reloc_kind {
	RELOC_MAP,	    /* wide load of a map */
	RELOC_MAP_VALUE,    /* wide load of an address in a data map; addend is the offset */
	RELOC_CALL,	    /* call of a function in .text or another section */
	RELOC_SUBPROG_ADDR, /* wide load of a function's address: a callback */
	RELOC_EXTERN,	    /* extern variable */
	RELOC_EXTERN_CALL,  /* extern function: a kfunc */
	RELOC_CORE,	    /* from .BTF.ext; an instruction may have another one as well */
};

struct spec_reloc {
	enum spec_reloc_kind kind;
	u32 insn;   /* index in the function's own instructions */
	u32 target; /* index of map, function or CO-RE relocation; externs have their name only */
	s64 addend; /* byte offset in the target */
	bool weak;  /* of an extern: it may be missing */
	const char *symbol;
};

/* A function of the object: an entry program or a subprogram. */
struct spec_func {
	const char *name;
	const char *section;
	u32 section_index;
	u32 section_off;	       /* bytes */
	const struct section_def *def; /* NULL: a subprogram (.text) */
	const char *attach_target;     /* what follows the section's prefix, or NULL */
	bool is_global, is_hidden, is_weak;
	bool autoload; /* false for SEC("?...") */
	struct bpf_insn *insns;
	u32 insn_cnt;
	struct spec_reloc *relocs; /* by insn */
	u32 reloc_cnt;
	/* .BTF.ext records of these instructions, insn_off relative and in instructions */
	struct bpf_func_info *func_info;
	u32 func_info_cnt;
	struct bpf_line_info *line_info;
	u32 line_info_cnt;
};

enum spec_data_kind {
	DATA_NONE, /* a map of the program's own */
	DATA_DATA,
	DATA_RODATA,
	DATA_BSS,
	DATA_KCONFIG,
};

/* An initial element of a map of maps or of programs. */
struct spec_slot {
	u32 index;
	u32 target; /* index of a map, or of a function in a map of programs */
};

struct spec_map {
	const char *name; /* as declared; data maps: the section's name */
	u32 section_index, section_off;
	u32 type, key_size, value_size, max_entries, map_flags;
	u64 map_extra;
	u32 numa_node;
	u32 btf_key_type_id, btf_value_type_id;
	u32 pinning;		 /* 0 none, 1 by name */
	struct spec_map *inner;	 /* or NULL */
	struct spec_slot *slots; /* by index */
	u32 slot_cnt;
	enum spec_data_kind data;
	const void *initial; /* contents of a data map, value_size bytes, or NULL for zeros */
	u32 datasec_id;	     /* BTF id of the section's DATASEC, or 0 */
};

struct spec {
	struct arena arena;  /* owns everything below */
	const char *license; /* "" without */
	u32 kern_version;
	bool big_endian;
	struct spec_func *funcs;
	u32 func_cnt;
	struct spec_map *maps;
	u32 map_cnt;
	/* RELOC_CORE's target indexes it; insn_off is in bytes of the function */
	struct bpf_core_relo *core_relos;
	u32 core_relo_cnt;
	struct btf *btf; /* NULL without; DATASEC sizes and offsets are filled in */
	const char *btf_error; /* why there is BTF but none is used, or NULL */
	const void *btf_ext_raw;
	u32 btf_ext_size;
};

/* @name is used in messages. 0, -EINVAL, -ENOMEM, -EOPNOTSUPP (valid, not supported yet: @err says
 * what). */
int spec_parse(const struct mem *mem, const void *data, size_t size, const char *name,
	       struct spec **spec, struct err *err);
int spec_parse_file(const struct mem *mem, const char *path, struct spec **spec, struct err *err);
void spec_free(struct spec *spec);

#endif

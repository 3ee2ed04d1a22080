/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The section .anybpf of a file of code: what the code was made from, what it
 * asks of the library and of the processor, and where it is. Written and read
 * as these structures: files are for machines of the same byte order as the
 * one that makes them. All offsets but those of code count from the section's
 * start; tables start at multiples of 8.
 *
 * In the file come first headers and this section, then the code of all
 * programs on pages of its own, to be mapped as it is, then the pool, which
 * takes no room in the file: addresses that code loads, at a fixed distance.
 */
#ifndef ANYBPF_JIT_AOT_FORMAT_H
#define ANYBPF_JIT_AOT_FORMAT_H

#include "base/sha1.h"
#include "isa/uapi.h"

#define AOT_SECTION ".anybpf"
#define AOT_MAGIC   0x4650424179416e61ull
/* Of this description. What the code relies on in the library is in aot_header.abi. */
#define AOT_FORMAT 1

#define AOT_ALIGN 16 /* of a program's code */

struct aot_range {
	u32 off, cnt;
};

struct aot_header {
	u64 magic;
	u32 format;
	u32 size;		/* of the section */
	u8 checksum[SHA1_SIZE]; /* of the section from here on */
	u32 version;		/* of the library; a string, as are the next two */
	u32 machine;
	u32 features;		  /* names with a space in front of each */
	u8 abi[SHA1_SIZE];	  /* see digest.h */
	struct aot_range strings; /* bytes, the last 0; a string is an offset in it */
	struct aot_range progs;	  /* struct aot_prog */
};

/* Behind the checksum: what it is of. */
#define AOT_SUMMED_FROM offsetof(struct aot_header, version)

#define AOT_LIMITED BIT(0) /* the code counts steps, see object/budget.h */
#define AOT_BLIND   BIT(1) /* constants do not appear in it */
#define AOT_FLAGS   (AOT_LIMITED | AOT_BLIND)

struct aot_prog {
	u64 text; /* where its code is, in the file and in memory */
	u64 pool; /* where its addresses are in memory */
	u32 text_size;
	u32 name;
	u32 type, attach_type;
	u32 insn_cnt, subprog_cnt;
	u32 flags; /* AOT_LIMITED, ... */
	u8 tag[8];
	u8 facts[SHA1_SIZE]; /* see digest.h */
	u8 code[SHA1_SIZE];
	struct aot_range maps, entries, fixups, lines, funcs, frames;
	u32 zero;
};

/* A map of the program, in its order: all that the code may rely on. */
struct aot_map {
	u32 name;
	u32 type, key_size, value_size, max_entries, map_flags;
	u32 fields; /* kinds of special fields in the value */
	u32 zero;
	u64 map_extra;
	u64 stride, cpu_stride; /* from element to element of an array, from CPU to CPU */
};

/* An entry of the pool. */
struct aot_entry {
	u32 kind; /* enum ir_sym_kind */
	u32 name; /* of a C function: of the helper, of runtime.def */
	u32 index;
	u32 zero;
	s64 addend;
};

struct aot_fixup {
	u32 at, resume, zero_reg;
};

struct aot_line {
	u32 offset, pc;
};

struct aot_frame {
	u32 offset, depth, nsaved;
};

#define AOT_MAX_SAVED 16

struct aot_func {
	u32 subprog, start, end, prologue_end, frame_size, nsaved;
	struct {
		u32 dwarf_reg, cfa_offset;
	} saved[AOT_MAX_SAVED];
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that does to one map what the requests in its packet say. */
#ifndef ANYBPF_TESTS_SYS_MAPDIFF_H
#define ANYBPF_TESTS_SYS_MAPDIFF_H

#include "isa/uapi_structs.h"

#define REQUEST_KEY   48
#define REQUEST_VALUE 64
#define REQUESTS      16 /* at most in a packet, which is a page with what Linux needs */

/* What the program finds in its packet and leaves there. */
struct request {
	u64 op; /* BPF_FUNC_map_*'s number */
	u64 flags; /* or the CPU */
	u8 key[REQUEST_KEY];
	u8 value[REQUEST_VALUE];
	u64 result;
	u8 found[REQUEST_VALUE];
};

#define MAX_PROGRAM 512

/* A map of maps of hashes with keys of 4 and values of 8 bytes: those are used, with .value as key.
 */
struct mapdiff_map {
	u32 type, value_size;
	bool of_maps;
	s32 fd;
};

/* Number of instructions of an XDP program. */
u32 mapdiff_program(const struct mapdiff_map *map, struct bpf_insn *insns);

#endif

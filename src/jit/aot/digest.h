/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What code in a file was made from, so short that it can be kept: two
 * digests and a description of each map. Equal ones mean that the compiler
 * would make the same code again, but for the processor.
 */
#ifndef ANYBPF_JIT_AOT_DIGEST_H
#define ANYBPF_JIT_AOT_DIGEST_H

#include "jit/aot/format.h"
#include "jit/jit.h"
#include "map/map.h"

/* Of this library as code sees it: its version, abi.def, the helpers, runtime.def. */
void aot_digest_abi(u8 digest[SHA1_SIZE]);
/*
 * Of a program: its prepared form with numbers of maps for addresses, its
 * subprograms, and what the verifier proved of each instruction. What was
 * proven holds what read-only maps contain.
 */
void aot_digest_facts(const struct prog *prog, const struct jit_options *options,
		      u8 digest[SHA1_SIZE]);
/* All but the name. */
struct aot_map aot_describe_map(struct map *map);

#endif

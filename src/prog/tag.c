/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's tag: the first 8 bytes of the SHA-1 of its instructions with map
 * references zeroed, so that it is the same on every load.
 */
#include <string.h>

#include "base/sha1.h"
#include "prog/internal.h"

static bool is_map_load(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE);
}

void prog_tag(const struct bpf_insn *insns, u32 insn_cnt, u8 tag[BPF_TAG_SIZE])
{
	struct sha1 sha1;
	u8 digest[SHA1_SIZE];

	sha1_init(&sha1);
	for (u32 i = 0; i < insn_cnt; i++) {
		struct bpf_insn insn = insns[i];

		if (is_map_load(&insns[i]) || (i && is_map_load(&insns[i - 1])))
			insn.imm = 0;
		sha1_add(&sha1, &insn, sizeof(insn));
	}
	sha1_final(&sha1, digest);
	memcpy(tag, digest, BPF_TAG_SIZE);
}

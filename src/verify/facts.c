/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts: what was proven at each instruction, joined over all paths. Kinds of
 * memory, maps and helpers are what the prepared form is made from, so where
 * paths disagree in what it needs, the program is rejected. Ranges are only
 * for speed and explanation: they are dropped where they may depend on the
 * numbers of a pruned path that were not within those of the path that it was
 * compared with (lost.c). What a speculative path does is no fact but the kind of memory that it
 * reaches.
 */
#include "verify/verifier.h"

static enum mem_kind kind_of(u32 type)
{
	switch (type & REG_KIND_MASK) {
	case PTR_TO_STACK:
		return MEM_STACK;
	case PTR_TO_CTX:
		return MEM_CTX;
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MAP_KEY:
		return MEM_MAP_VALUE;
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
		return MEM_PACKET;
	case PTR_TO_SOCKET:
	case PTR_TO_SOCK_COMMON:
		return MEM_SOCK;
	case PTR_TO_TCP_SOCK:
		return MEM_TCP_SOCK;
	case PTR_TO_XDP_SOCK:
		return MEM_XDP_SOCK;
	case PTR_TO_BTF_ID:
		return type & MEM_ALLOC && !(type & PTR_UNTRUSTED) ? MEM_OBJECT : MEM_BTF;
	case PTR_TO_ARENA:
		return MEM_ARENA;
	case PTR_TO_MEM:
	case PTR_TO_FLOW_KEYS:
		return MEM_HELPER;
	default:
		return MEM_KERNEL;
	}
}

static bool is_plain(enum mem_kind kind)
{
	return kind == MEM_STACK || kind == MEM_MAP_VALUE || kind == MEM_PACKET ||
	       kind == MEM_HELPER || kind == MEM_MIXED;
}

/* Linux loads from it as it is; one of them decides that the program cannot run here. */
static bool is_flat(enum mem_kind kind)
{
	return is_plain(kind) || kind == MEM_KERNEL;
}

int fact_access(struct verifier *v, u32 insn, u32 type)
{
	struct insn_fact *fact = &v->result->facts[insn];
	enum mem_kind kind = kind_of(type);

	/* Loads of data in the context; the pointer's own type is checked by the caller. */
	if (fact->mem == MEM_NONE || fact->mem == kind) {
		fact->mem = (u8)kind;
		return 0;
	}
	/* A load from either is one that may fault; what stores has no other. */
	if ((fact->mem == MEM_OBJECT && kind == MEM_BTF) ||
	    (fact->mem == MEM_BTF && kind == MEM_OBJECT)) {
		fact->mem = MEM_BTF;
		return 0;
	}
	if (is_plain((enum mem_kind)fact->mem) && is_plain(kind)) {
		fact->mem = MEM_MIXED;
		return 0;
	}
	if (is_flat((enum mem_kind)fact->mem) && is_flat(kind)) {
		fact->mem = MEM_KERNEL;
		return 0;
	}
	return reject(v, -EINVAL, "same insn cannot be used with different pointers");
}

void fact_flags(struct verifier *v, u8 flags)
{
	if (!v->cur->speculative)
		v->result->facts[v->insn].flags |= flags;
}

void fact_result(struct verifier *v, u32 insn, const struct reg *reg)
{
	struct insn_fact *fact = &v->result->facts[insn];
	bool number = reg->type == SCALAR_VALUE;
	u64 min = number ? reg->s.umin : 0;
	u64 max = number ? reg->s.umax : UINT64_MAX;

	if (v->cur->speculative)
		return;
	if (min < fact->umin)
		fact->umin = min;
	if (max > fact->umax)
		fact->umax = max;
}

void fact_map(struct verifier *v, u32 insn, u32 map_index)
{
	struct insn_aux *aux = &v->aux[insn];
	struct insn_fact *fact = &v->result->facts[insn];

	if (!aux->map_seen) {
		aux->map_seen = true;
		fact->map = (u16)map_index;
	} else if (fact->map != map_index) {
		fact->map = FACT_NO_MAP;
		aux->maps_differ = true;
	}
}

void facts_start(struct verifier *v)
{
	for (u32 i = 0; i < v->insn_cnt; i++) {
		struct insn_fact *fact = &v->result->facts[i];

		fact->map = FACT_NO_MAP;
		fact->umin = UINT64_MAX;
		fact->umax = 0;
	}
}

int facts_finish(struct verifier *v)
{
	int err = facts_carry_lost(v);

	for (u32 i = 0; i < v->insn_cnt; i++) {
		struct insn_fact *fact = &v->result->facts[i];

		fact->subprog = (u16)subprog_of(v, i);
		if (fact->umin > fact->umax) {
			fact->umin = 0;
			fact->umax = UINT64_MAX;
		} else if (fact->umin == fact->umax) {
			fact->flags |= FACT_CONST;
		}
	}
	return err;
}

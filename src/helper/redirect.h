/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a program asked to redirect its packet: helpers note it in the slot's
 * scratch memory, the hook reads it when the verdict says "redirect". Pointers
 * are good until the execution ends, so who acts on it clears it before.
 */
#ifndef ANYBPF_HELPER_REDIRECT_H
#define ANYBPF_HELPER_REDIRECT_H

#include "object/host.h"

struct map;

enum redirect_kind {
	REDIRECT_NONE,
	REDIRECT_DEV,	/* to an interface's output, or input with BPF_F_INGRESS in flags */
	REDIRECT_NEIGH, /* routed, next hop looked up */
	REDIRECT_PEER,	/* to the input of a veth's peer */
	REDIRECT_MAP,	/* to .target of .map, or all of them with BPF_F_BROADCAST in flags */
};

struct redirect {
	enum redirect_kind kind;
	u32 ifindex;
	u64 flags;
	struct map *map;
	void *target; /* as target_find() gives it */
	/* With REDIRECT_NEIGH: the next hop, of family 0 when the packet's address tells. */
	u32 nh_family;
	u8 nh[16];
};

static inline struct redirect *run_redirect(struct run *run)
{
	u8 *scratch = run->slot->scratch;

	/* The memory is of bytes: from the first place on where such a structure may lie. */
	scratch += -(uintptr_t)scratch & (_Alignof(struct redirect) - 1);
	return (struct redirect *)(void *)scratch;
}

#endif

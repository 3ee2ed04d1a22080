/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a program asked to redirect its packet: helpers note it in the slot's
 * scratch memory, the hook reads it when the verdict says "redirect".
 */
#ifndef ANYBPF_HELPER_REDIRECT_H
#define ANYBPF_HELPER_REDIRECT_H

#include "object/host.h"

enum redirect_kind {
	REDIRECT_NONE,
	REDIRECT_DEV,	/* to an interface's output, or input with BPF_F_INGRESS in flags */
	REDIRECT_NEIGH, /* routed, next hop looked up */
	REDIRECT_PEER,	/* to the input of a veth's peer */
};

struct redirect {
	enum redirect_kind kind;
	u32 ifindex;
	u64 flags;
};

static inline struct redirect *run_redirect(struct run *run)
{
	return (struct redirect *)(void *)run->slot->scratch;
}

#endif

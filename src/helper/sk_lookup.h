/* SPDX-License-Identifier: BSD-2-Clause */
/* What the prepared form of an sk_lookup program has in R1. */
#ifndef ANYBPF_HELPER_SK_LOOKUP_H
#define ANYBPF_HELPER_SK_LOOKUP_H

#include "kernel/sock.h"

struct sk_lookup {
	struct bpf_sk_lookup
		view; /* what programs see; .sk is the host's socket that is selected */
	bool no_reuseport;
};

/* NULL when none is; it stays while the run that selected it lasts. */
static inline struct sock *sk_lookup_selected(const struct sk_lookup *lookup)
{
	return (struct sock *)(void *)lookup->view.sk;
}

#endif

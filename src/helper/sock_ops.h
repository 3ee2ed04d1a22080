/* SPDX-License-Identifier: BSD-2-Clause */
/* What the prepared form of a sock_ops program has in R1. */
#ifndef ANYBPF_HELPER_SOCK_OPS_H
#define ANYBPF_HELPER_SOCK_OPS_H

#include "kernel/sock.h"

/* What programs see is filled from the socket before each run; .sk is the host's. */
struct sock_ops {
	struct bpf_sock_ops view;
};

static inline struct sock *sock_ops_sk(const struct sock_ops *ops)
{
	return (struct sock *)(void *)ops->view.sk;
}

#endif

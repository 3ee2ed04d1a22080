/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the prepared form of an sk_msg program has in R1: a message on its way
 * out of a socket. It is one piece of memory, which helpers may make anew; in
 * Linux it is a list of pieces, and a program sees no more than one of them.
 */
#ifndef ANYBPF_HELPER_SK_MSG_H
#define ANYBPF_HELPER_SK_MSG_H

#include "kernel/sock.h"

struct sk_msg {
	u8 *data, *data_end; /* what the program may reach */
	u32 size;
	u32 family;
	u32 remote_ip4, local_ip4;
	u32 remote_ip6[4], local_ip6[4];
	u32 remote_port; /* network byte order, in the upper half as Linux has it */
	u32 local_port;
	struct sock *sk;

	u8 *buf; /* .size bytes of .room, from the host's mem */
	u32 room;
	u32 apply_bytes, cork_bytes;
	struct sock *sk_redir; /* a reference, or NULL */
	u64 redir_flags;
};

/* Messages do not grow beyond this. */
#define SK_MSG_MAX (1u << 20)

/* Whether a map's socket may get what is redirected: Linux's sock_map_redirect_allowed(). */
static inline bool sk_redirect_allowed(const struct sock *sk)
{
	u8 state = sk->__sk_common.skc_state;

	return sk_is_tcp(sk) ? state != BPF_TCP_LISTEN : state == BPF_TCP_ESTABLISHED;
}

/* A socket's addresses as contexts have them. */
#define SOCK_ADDRESSES(ctx, sk_)                                                                   \
	do {                                                                                       \
		const struct sock_common *skc_ = &(sk_)->__sk_common;                              \
                                                                                                   \
		(ctx)->family = skc_->skc_family;                                                  \
		(ctx)->remote_ip4 = skc_->skc_daddr;                                               \
		(ctx)->local_ip4 = skc_->skc_rcv_saddr;                                            \
		memcpy((ctx)->remote_ip6, &skc_->skc_v6_daddr, sizeof((ctx)->remote_ip6));         \
		memcpy((ctx)->local_ip6, &skc_->skc_v6_rcv_saddr, sizeof((ctx)->local_ip6));       \
		(ctx)->remote_port =                                                               \
			HOST_BIG_ENDIAN ? skc_->skc_dport : (u32)skc_->skc_dport << 16;            \
		(ctx)->local_port = skc_->skc_num;                                                 \
	} while (0)

#endif

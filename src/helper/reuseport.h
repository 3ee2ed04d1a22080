/* SPDX-License-Identifier: BSD-2-Clause */
/* What the prepared form of an sk_reuseport program has in R1. */
#ifndef ANYBPF_HELPER_REUSEPORT_H
#define ANYBPF_HELPER_REUSEPORT_H

#include "kernel/sock.h"
#include "object/packet.h"

struct sk_reuseport {
	u8 *data, *data_end; /* from the header of TCP or UDP on */
	u32 len;
	u32 eth_protocol; /* network byte order */
	u32 ip_protocol;
	u32 bind_inany;
	u32 hash;
	struct sock *sk;	   /* whose group it is about */
	struct sock *migrating_sk; /* or NULL */

	struct sk_buff *skb;
	struct sock *selected_sk; /* a reference, or NULL */
};

#endif

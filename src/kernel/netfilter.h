/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a packet is on its way through netfilter. */
#ifndef ANYBPF_KERNEL_NETFILTER_H
#define ANYBPF_KERNEL_NETFILTER_H

#include "kernel/net.h"

#define NFPROTO_IPV4 2
#define NFPROTO_IPV6 10

enum nf_inet_hooks {
	NF_INET_PRE_ROUTING,
	NF_INET_LOCAL_IN,
	NF_INET_FORWARD,
	NF_INET_LOCAL_OUT,
	NF_INET_POST_ROUTING,
	NF_INET_NUMHOOKS,
};

#define NF_DROP	  0
#define NF_ACCEPT 1

struct net_device;
struct sk_buff;
struct sock;

struct nf_hook_state {
	u8 hook; /* enum nf_inet_hooks */
	u8 pf;	 /* NFPROTO_* */
	struct net_device *in;
	struct net_device *out;
	struct sock *sk;
	struct net *net;
	int (*okfn)(struct net *net, struct sock *sk, struct sk_buff *skb);
};

#endif

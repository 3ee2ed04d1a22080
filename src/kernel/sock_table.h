/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up sockets as Linux does for a packet: connections, then listeners, by score. */
#ifndef ANYBPF_KERNEL_SOCK_TABLE_H
#define ANYBPF_KERNEL_SOCK_TABLE_H

#include "kernel/sock.h"

/* A packet's addresses: the remote end is its source. */
struct sock_key {
	const struct net *net;
	u16 family;	   /* AF_INET or AF_INET6 */
	u16 protocol;	   /* IPPROTO_TCP or IPPROTO_UDP */
	const void *saddr; /* 4 or 16 bytes, network byte order */
	const void *daddr;
	u16 sport; /* network byte order */
	u16 dport; /* the host's byte order */
	s32 dif;   /* device that it came in by, 0: none */
	s32 sdif;  /* of that device's master, or 0 */
};

/* A reference, or NULL. What is found may be no full socket. */
struct sock *sock_lookup(struct host *host, const struct sock_key *key);

/*
 * Sockets that share an address and a port. Its members are in one bucket of a table; it ends with
 * the last, when no program sees it.
 */
struct sock_reuseport {
	struct deferred deferred;
	u32 num_socks;
	u32 reuseport_id; /* unique in the host */
	bool bind_inany;
};

/* The member of @sk's group that a hash chooses, or @sk: a reference, or NULL. */
struct sock *sock_reuseport_pick(struct sock *sk, u32 hash);

#endif

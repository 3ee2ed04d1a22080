/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a socket has besides while it is in a map of sockets: the places where
 * it is, and the programs that its data goes through (sk_psock in Linux). All
 * of it is changed under the host's one lock for maps of sockets; references
 * are given back after it, since the last one takes the socket out of tables.
 */
#ifndef ANYBPF_KERNEL_PSOCK_H
#define ANYBPF_KERNEL_PSOCK_H

#include "base/sync.h"
#include "kernel/sock.h"
#include "object/prog.h"

struct sk_psock_progs {
	struct prog *msg_parser;     /* sk_msg: sees what is sent */
	struct prog *stream_parser;  /* sk_skb: says where messages end */
	struct prog *stream_verdict; /* sk_skb: says where they go */
	struct prog *skb_verdict;    /* likewise, without a parser */
};

/*
 * A place in a map, the beginning of memory that was allocated. It holds a
 * reference of its socket, but in an array of reuseport sockets.
 */
struct sock_link {
	struct sock_link *next; /* of the socket's */
	struct sock *sk;
	/* The socket is closed: the map forgets the place. With the lock held. */
	void (*forget)(struct sock_link *link);
	bool weak;
};

struct sk_psock {
	u32 refs; /* by links and users */
	struct sk_psock_progs progs;
	struct spinlock lock; /* of what is below */
	u32 apply_bytes;      /* so many go where the last verdict said */
	u32 cork_bytes;	      /* nothing goes on before so many are there */
	u32 verdict;
	struct sock *redirect; /* with a verdict that says so: a reference */
	u64 redirect_flags;
	u8 *held; /* corked bytes, to send */
	u32 held_len;
	u8 *stream; /* bytes that have arrived of a message that is not complete */
	u32 stream_len;
};

void psock_lock(struct host *host);
void psock_unlock(struct host *host);

/*
 * With the lock held, @link->forget set: puts @sk there and takes references of
 * the programs, which are NULL where there are none. 0, -ENOMEM, -EBUSY when the
 * socket has such programs already or is used otherwise, -EOPNOTSUPP.
 */
int psock_link(struct sock *sk, const struct sk_psock_progs *progs, struct sock_link *link);
/* The same for a place without programs that holds no reference, and that closing the port empties.
 */
int psock_link_weak(struct sock *sk, struct sock_link *link);

/* What is left to be let go of once the lock is given back. */
struct psock_gone {
	struct sock_link *link;
	struct sock *sk;
	struct sk_psock *psock;
};

/* With the lock held, of a link that its map has forgotten. */
struct psock_gone psock_unlink(struct sock_link *link);
/* Without it. */
void psock_let_go(struct host *host, struct psock_gone gone);

/* A reference that keeps the psock, or NULL; and its end. */
struct sk_psock *psock_get(struct sock *sk);
void psock_put(struct host *host, struct sk_psock *psock);

/* What happens when user space closes its last descriptor: it leaves tables and maps, and ends. */
void sock_close(struct sock *sk);

#endif

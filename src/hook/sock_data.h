/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data on its way through sockets that are in maps: what is sent goes through
 * sk_msg programs, what arrives through sk_skb programs. What they let pass is
 * found in the sockets' queues (kernel/sock.h): in .host_sent of the socket
 * that sends, in .host_received of the one that it has arrived for.
 */
#ifndef ANYBPF_HOOK_SOCK_DATA_H
#define ANYBPF_HOOK_SOCK_DATA_H

#include "kernel/sock.h"

/* As send(): the bytes that went on, or wait; -EACCES when a program drops what is first, -ENOMEM.
 */
s64 sock_send(struct sock *sk, const void *data, u32 len);
/* Bytes of the peer's arrive: 0, -ENOMEM, or what a parser answered that is negative. */
int sock_receive(struct sock *sk, const void *data, u32 len);

/*
 * An event in the life of a TCP socket for a sock_ops program. The program's
 * reply goes to *@reply. 0 when it refuses (returns 0), else 1.
 */
u32 sock_ops_event(const struct prog *prog, struct sock *sk, u32 op, const u32 args[4], s32 *reply);

/*
 * Which socket of @sk's group gets a packet that starts with its transport
 * header, by the program: a reference, NULL when it drops it; *@chosen tells
 * whether the program chose at all.
 */
struct sock *sock_reuseport_choose(const struct prog *prog, struct sock *sk, const void *data,
				   u32 len, u32 hash, bool *chosen);

#endif

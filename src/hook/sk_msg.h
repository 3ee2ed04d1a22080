/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts of programs on data of sockets, as the data's path and test runs make them. */
#ifndef ANYBPF_HOOK_SK_MSG_H
#define ANYBPF_HOOK_SK_MSG_H

#include "helper/sk_msg.h"
#include "object/packet.h"

/* An empty message of the socket. */
void sk_msg_init(struct sk_msg *msg, struct sock *sk);
/* @len bytes at @off of a buffer of @size. */
void sk_skb_init(struct sk_buff *skb, struct sock *sk, u8 *buf, u32 off, u32 len, u32 size);

#endif

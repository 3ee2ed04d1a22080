/* SPDX-License-Identifier: BSD-2-Clause */
/* What hooks whose programs see a struct __sk_buff share. */
#ifndef ANYBPF_HOOK_SKB_H
#define ANYBPF_HOOK_SKB_H

#include "hook/internal.h"
#include "object/packet.h"

/* One row of a field table: @flags are CTX_*, both structures call the field the same. */
#define SKB_FIELD(name, flags) SKB_FIELD_AS(name, flags, CTX_SCALAR)
#define SKB_FIELD_AS(name, flags, kind)                                                            \
	{                                                                                          \
#name, offsetof(struct __sk_buff, name), sizeof(((struct __sk_buff *)0)->name),    \
			sizeof(((struct __sk_buff *)0)->name), flags, kind,                        \
			offsetof(struct sk_buff, name), sizeof(((struct sk_buff *)0)->name), 0, 0, \
			NULL,                                                                      \
	}
/* An array of u32. */
#define SKB_FIELD_ARRAY(name, flags)                                                               \
	{                                                                                          \
#name, offsetof(struct __sk_buff, name), sizeof(((struct __sk_buff *)0)->name),    \
			sizeof(u32), flags, CTX_SCALAR, offsetof(struct sk_buff, name),            \
			sizeof(u32), 0, 0, NULL,                                                   \
	}

/* A type whose programs see packets from the network header on, in test runs alone. */
#define SKB_HOOK(symbol, id, rules_)                                                               \
	const struct hook hook_##symbol = {                                                        \
		.type = BPF_PROG_TYPE_##id,                                                        \
		.name = #symbol,                                                                   \
		.rules = &(rules_),                                                                \
		.test_run = skb_test_run_l3,                                                       \
	}

/* A frame that starts with its Ethernet header becomes an skb with data there. */
void skb_from_frame(struct sk_buff *skb, struct hook_frame *frame);
struct net_device;
/* It came in by @dev, whose address the frame may be for. */
void skb_set_device(struct sk_buff *skb, const struct net_device *dev);
/* Data at the MAC header; what each frame's program left goes back into the frame. */
void skb_run_frames(struct run *run, const struct prog *prog, struct hook_frame *frames, u32 n);
/* For run->legacy_load: BPF_ABS and BPF_IND on the skb that is the run's context. */
s64 skb_legacy_load(struct run *run, s32 off, u32 size);

/*
 * BPF_PROG_TEST_RUN. With @at_mac programs see the packet from its Ethernet
 * header on, else from the network header on, as their places in Linux do.
 */
int skb_test_run(struct host *host, struct prog *prog, union bpf_attr *attr, bool at_mac);
int skb_test_run_l3(struct host *host, struct prog *prog, union bpf_attr *attr);

#endif

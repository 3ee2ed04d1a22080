/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames on their way through the host's devices, after the program whose
 * verdict sent them there. Each step (out by a device, in by another, on to a
 * CPU) happens in an execution slot of its own, so that programs of maps and
 * devices run as the first one did, and no step waits for another.
 */
#ifndef ANYBPF_HOOK_DELIVER_H
#define ANYBPF_HOOK_DELIVER_H

#include "kernel/netdev.h"

struct xdp_buff;

/* Before a program runs whose redirect will be acted upon. */
void deliver_reset(struct run *run);
/* As if the program had asked for it: by the device with that number. */
void deliver_note_device(struct run *run, u32 ifindex);
/*
 * In the execution of a program that said XDP_REDIRECT: the frame, which is taken
 * over, goes where the program's helper noted. 0 or what Linux's tracepoint tells:
 * -EINVAL no such device, -ENETDOWN, -EMSGSIZE, -EOPNOTSUPP, -EBADRQC nothing noted.
 */
int deliver_redirect(struct run *run, struct net_frame *frame);
/* The same for TC_ACT_REDIRECT; the packet is copied. */
int deliver_redirect_skb(struct run *run, const struct sk_buff *skb);
/* In by @dev, behind its XDP program; takes the frame over. */
void deliver_to_stack(struct net_device *dev, struct net_frame *frame);
/* A frame from the packet of @xdp, or NULL. */
struct net_frame *deliver_frame(struct run *run, const struct xdp_buff *xdp);

/* Until nothing is on its way any more. The caller is in no execution. */
void deliver_all(struct host *host);

#endif

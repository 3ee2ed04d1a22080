/* SPDX-License-Identifier: BSD-2-Clause */
/* Classic BPF on the host's own packets: for filters that run without a verifier in between. */
#ifndef ANYBPF_HELPER_CLASSIC_H
#define ANYBPF_HELPER_CLASSIC_H

#include "isa/cbpf.h"

/* struct sk_buff of object/packet.h; what is translated for it is in prepared form. */
extern const struct cbpf_context cbpf_host_skb;

#endif

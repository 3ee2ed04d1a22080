/* SPDX-License-Identifier: BSD-2-Clause */
/* What the prepared form of a flow dissector has in R1. */
#ifndef ANYBPF_HELPER_FLOW_H
#define ANYBPF_HELPER_FLOW_H

#include "object/packet.h"

struct bpf_flow_dissector {
	struct bpf_flow_keys *flow_keys;
	const struct sk_buff *skb; /* NULL where there are bytes only */
	u8 *data;
	u8 *data_end;
};

#endif

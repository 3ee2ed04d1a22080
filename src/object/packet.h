/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets: the host's own sk_buff and xdp_buff. One linear buffer with head
 * and tail room; helpers move its borders. Programs see struct __sk_buff and
 * struct xdp_md; the hooks' field tables map those onto these structures
 * field by field, and each field here is laid out so that one load or store
 * of the same or a wider size is the whole conversion.
 */
#ifndef ANYBPF_OBJECT_PACKET_H
#define ANYBPF_OBJECT_PACKET_H

#include "isa/uapi_structs.h"

/* What the prepared form of an XDP program has in R1. */
struct xdp_buff {
	u8 *data;
	u8 *data_end;
	u8 *data_meta;
	u8 *data_hard_start; /* lowest address that data_meta may take */
	u8 *frame_end;	     /* end of the buffer: limit of tail growth */
	u32 ingress_ifindex;
	u32 rx_queue_index;
	u32 egress_ifindex;
};

/* What the prepared form of an skb program has in R1. The packet is linear: data_end = data + len.
 */
struct sk_buff {
	u8 *data;
	u8 *data_end;
	u8 *data_meta;
	u8 *head; /* start of the buffer */
	u8 *end;  /* its end: limit of tail growth */

	u32 len;
	u32 pkt_type;
	u32 mark;
	u32 queue_mapping;
	u32 protocol; /* network byte order, as in __sk_buff */
	u32 vlan_present;
	u32 vlan_tci;
	u32 vlan_proto;
	u32 priority;
	u32 ingress_ifindex;
	u32 ifindex;
	u32 tc_index;
	u32 cb[5];
	u32 hash;
	u32 tc_classid;
	u32 napi_id;
	u32 family;
	u32 remote_ip4, local_ip4;
	u32 remote_ip6[4], local_ip6[4];
	u32 remote_port, local_port;
	u64 tstamp;
	u64 hwtstamp;
	u32 wire_len;
	u32 gso_segs;
	u32 gso_size;
	u32 tstamp_type;
	void *sk; /* struct bpf_sock * of the host, or NULL */
	void *flow_keys;

	/* not visible to programs */
	u32 mac_header, network_header; /* offsets from data; set by the hook */
	u32 ip_summed;
	bool l4_hash;
};

#endif

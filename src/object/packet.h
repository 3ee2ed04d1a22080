/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets: the host's own sk_buff and xdp_buff. One linear buffer with head
 * and tail room; helpers move its borders. Programs see struct __sk_buff and
 * struct xdp_md; the hooks' field tables map those onto these structures
 * field by field, and each field here is laid out so that one load or store
 * of the host field's size is the whole conversion.
 *
 * A field that is 8 or 16 bits wide in Linux is so here, with zeros beside it
 * up to 32 bits that nobody writes. So stores are cut as in Linux, and a load
 * of a smaller part finds those zeros beyond the field. A load of the field's
 * own size gives the field whatever part it asked for, as in Linux. On a
 * big-endian host the zeros come first, so that byte i of the program's four
 * is at field + host_size - 4 + i there, and at field + i else.
 */
#ifndef ANYBPF_OBJECT_PACKET_H
#define ANYBPF_OBJECT_PACKET_H

#include "base/bytes.h"
#include "isa/uapi_structs.h"

#define ETH_ALEN 6
#define ETH_HLEN 14
#define VLAN_LEN 4

/* Host byte order; the first two are what frames with a length in place of a type count as. */
#define ETH_P_802_3  0x0001
#define ETH_P_802_2  0x0004
#define ETH_P_IP     0x0800
#define ETH_P_8021Q  0x8100
#define ETH_P_IPV6   0x86dd
#define ETH_P_8021AD 0x88a8

static inline u16 host_to_be16(u16 v)
{
	return HOST_BIG_ENDIAN ? v : __builtin_bswap16(v);
}

static inline u16 be16_to_host(u16 v)
{
	return host_to_be16(v);
}

/* What a packet that is longer than a buffer has behind it, in order. */
#define XDP_MAX_FRAGS 17

struct xdp_frag {
	u8 *data;
	u32 len;
};

struct xdp_frags {
	u32 nr;
	u32 room; /* that each may grow to; 0: the device does not say, and none may */
	struct xdp_frag frag[XDP_MAX_FRAGS];
};

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
	u32 frags_size;		 /* bytes of all fragments */
	struct xdp_frags *frags; /* NULL: all of the packet is linear */
};

enum pkt_type {
	PACKET_HOST,
	PACKET_BROADCAST,
	PACKET_MULTICAST,
	PACKET_OTHERHOST,
};

enum ip_summed {
	CHECKSUM_NONE,
	CHECKSUM_UNNECESSARY,
	CHECKSUM_COMPLETE,
};

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FIELD8_(name)  u8 name##_zero[3], name
#define FIELD16_(name) u16 name##_zero, name
#else
#define FIELD8_(name)  u8 name, name##_zero[3]
#define FIELD16_(name) u16 name, name##_zero
#endif

struct skb_metadata;

/* What the prepared form of an skb program has in R1. The packet is linear: data_end = data + len.
 */
struct sk_buff {
	u8 *data;
	u8 *data_end;
	u8 *data_meta;
	u8 *head; /* start of the buffer */
	u8 *end;  /* its end: limit of tail growth */

	u32 len;
	FIELD8_(pkt_type);
	u32 mark;
	FIELD16_(queue_mapping);
	FIELD16_(protocol); /* network byte order, as in __sk_buff */
	u32 vlan_present;
	FIELD16_(vlan_tci);
	FIELD16_(vlan_proto); /* network byte order */
	u32 priority;
	u32 ingress_ifindex;
	u32 ifindex;
	FIELD16_(tc_index);
	u32 cb[5];
	u32 hash;
	FIELD16_(tc_classid);
	u32 napi_id;
	u32 family;
	u32 remote_ip4, local_ip4;
	u32 remote_ip6[4], local_ip6[4];
	u32 remote_port, local_port;
	u64 tstamp;
	u64 hwtstamp;
	u32 wire_len;
	FIELD16_(gso_segs);
	FIELD16_(gso_size);
	u8 tstamp_type;
	void *sk; /* struct sock *, or NULL */
	void *flow_keys;

	/* Of tunnels, see helper/tunnel.h: room for it, or NULL, and what is there. */
	struct skb_metadata *metadata;
	u8 metadata_kind;

	/* not visible to programs, but dev_type to classic ones */
	u16 dev_type;			/* ARPHRD_* */
	u32 mac_header, network_header; /* offsets from head */
	u32 mac_len;			/* 0 until a helper has moved the headers */
	u32 ip_summed;			/* enum ip_summed */
	u32 csum;			/* with CHECKSUM_COMPLETE: sum from the network header on */
	u32 csum_level;
	bool l4_hash, sw_hash;
	bool at_ingress; /* a program of tc sees it as it comes in */
	bool owns_sk;	 /* .sk is a reference of its own, by bpf_sk_assign() */
	void *sk_redir;	 /* struct sock * that an sk_skb program redirects to, a reference */
	u64 redir_flags;
	bool encapsulation; /* bpf_skb_adjust_room() has made an outer header */
};

#undef FIELD8_
#undef FIELD16_

static inline u8 *skb_mac_header(const struct sk_buff *skb)
{
	return skb->head + skb->mac_header;
}

static inline u8 *skb_network_header(const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}

#endif

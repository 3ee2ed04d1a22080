/* SPDX-License-Identifier: BSD-2-Clause */
/* Metadata of packets: what tunnel devices read and write; bits as in Linux's if_tunnel.h. */
#ifndef ANYBPF_HELPER_TUNNEL_H
#define ANYBPF_HELPER_TUNNEL_H

#include "object/packet.h"

#define TUNNEL_OPTIONS_MAX  255u
#define IPV6_FLOWLABEL_MASK 0xfffffu

/* Bits of ip_tunnel_info.flags. */
enum {
	TUNNEL_CSUM,
	TUNNEL_KEY = 2,
	TUNNEL_SEQ,
	TUNNEL_DONT_FRAGMENT = 8,
	TUNNEL_GENEVE_OPT = 11,
	TUNNEL_VXLAN_OPT,
	TUNNEL_NOCACHE,
	TUNNEL_ERSPAN_OPT,
	TUNNEL_GTP_OPT,
};
#define TUNNEL_OPTIONS_PRESENT                                                                     \
	(BIT(TUNNEL_GENEVE_OPT) | BIT(TUNNEL_VXLAN_OPT) | BIT(TUNNEL_ERSPAN_OPT) |                 \
	 BIT(TUNNEL_GTP_OPT))

enum {
	FOU_BPF_ENCAP_FOU,
	FOU_BPF_ENCAP_GUE,
};

enum {
	TUNNEL_ENCAP_NONE,
	TUNNEL_ENCAP_FOU,
	TUNNEL_ENCAP_GUE,
};

struct ip_tunnel_info {
	u16 flags;
	bool ipv6;
	u8 tos, ttl;
	u8 options_len;
	u32 tun_id;
	u32 label;
	u32 src[4], dst[4]; /* IPv4: one word, the host's byte order; IPv6 as in packets */
	u8 encap_type;	    /* TUNNEL_ENCAP_* */
	u16 encap_sport, encap_dport;
	u8 options[TUNNEL_OPTIONS_MAX + 1];
};

struct bpf_xfrm_info {
	u32 if_id;
	int link;
};

enum {
	SKB_METADATA_NONE,
	SKB_METADATA_TUNNEL,
	SKB_METADATA_XFRM,
};

/* Of sk_buff.metadata; .metadata_kind says which. */
struct skb_metadata {
	union {
		struct ip_tunnel_info tunnel;
		struct bpf_xfrm_info xfrm;
	};
};

#endif

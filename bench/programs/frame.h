/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers on the wire, and where they are in PACKET_FRAMES. */
#ifndef ANYBPF_BENCH_FRAME_H
#define ANYBPF_BENCH_FRAME_H

#include "bench.h"

#define FRAMES	   16
#define FRAME_SIZE 128

#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8
#define PROTO_TCP 6
#define PROTO_UDP 17

struct eth_header {
	__u8 dest[6], source[6];
	__be16 type;
};

struct vlan_header {
	__be16 tci;
	__be16 type;
};

struct ipv4_header {
	__u8 version_ihl, tos;
	__be16 length, id, fragment;
	__u8 ttl, protocol;
	__u16 check;
	__be32 source, dest;
};

struct ipv6_header {
	__be32 version_flow;
	__be16 length;
	__u8 next, hops;
	__be32 source[4], dest[4];
};

struct port_header {
	__be16 source, dest;
};

struct tcp_header {
	__be16 source, dest;
	__be32 seq, ack;
	__u8 offset, flags;
	__be16 window, check, urgent;
};

#endif

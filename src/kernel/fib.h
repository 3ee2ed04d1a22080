/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes, rules that choose tables of routes, neighbours, and addresses of
 * devices: what bpf_fib_lookup() looks at, under Linux's meaning (ip-route(8),
 * ip-rule(8), RFC 6724 for source addresses). Numbers are those of Linux's
 * rtnetlink. The tables are replaced as a whole: who looks takes no lock, and in
 * an execution what was found stays until its end.
 */
#ifndef ANYBPF_KERNEL_FIB_H
#define ANYBPF_KERNEL_FIB_H

#include "kernel/netdev.h"

#define FIB_ADDR     16 /* bytes; IPv4 has its 4 first, the others are zero */
#define FIB_NEXTHOPS 16

#define RT_TABLE_DEFAULT 253u
#define RT_TABLE_MAIN	 254u
#define RT_TABLE_LOCAL	 255u

/* fib_route.type */
enum rtn_type {
	RTN_UNSPEC,
	RTN_UNICAST,
	RTN_LOCAL,
	RTN_BROADCAST,
	RTN_ANYCAST,
	RTN_MULTICAST,
	RTN_BLACKHOLE,
	RTN_UNREACHABLE,
	RTN_PROHIBIT,
	RTN_THROW,
};

/* fib_rule.action */
enum fr_action {
	FR_ACT_UNSPEC,
	FR_ACT_TO_TBL,
	FR_ACT_GOTO, /* not here: such rules are passed over */
	FR_ACT_NOP,
	FR_ACT_BLACKHOLE = 6,
	FR_ACT_UNREACHABLE,
	FR_ACT_PROHIBIT,
};

struct fib_nexthop {
	u32 ifindex;
	u8 gw_family; /* AF_INET, AF_INET6 or 0: the packet's own address is on the link */
	u8 gw[FIB_ADDR];
	u32 weight; /* 0 counts as 1 */
	bool encap; /* it would be encapsulated */
};

struct fib_route {
	u8 family, prefix_len, tos;
	u8 type;   /* enum rtn_type; 0 is RTN_UNICAST */
	u32 table; /* 0 is RT_TABLE_MAIN */
	u32 metric;
	u32 mtu; /* that is locked, or 0 */
	u8 dst[FIB_ADDR];
	bool has_prefsrc;
	u8 prefsrc[FIB_ADDR];
	u32 nexthop_cnt;
	struct fib_nexthop nexthop[FIB_NEXTHOPS];
};

struct fib_rule {
	u8 family, action, tos;
	bool invert;
	u32 priority, table;
	u8 src_len, dst_len;
	u8 src[FIB_ADDR], dst[FIB_ADDR];
	u32 iif, oif; /* 0: any */
	u32 mark, mask;
};

struct fib_neighbour {
	u8 family;
	u32 ifindex;
	u8 addr[FIB_ADDR];
	u8 lladdr[ETH_ALEN];
	bool invalid; /* known, but not where it is */
};

struct fib_address {
	u8 family, prefix_len;
	bool secondary;
	u32 ifindex;
	u8 addr[FIB_ADDR];
};

/*
 * All copy what they get: 0, -EINVAL, -ENOMEM. Until the first rule of a family
 * is given it has Linux's own: local, main and, with IPv4, default.
 */
int fib_add_route(struct network *net, const struct fib_route *route);
int fib_add_rule(struct network *net, const struct fib_rule *rule);
int fib_add_neighbour(struct network *net, const struct fib_neighbour *neighbour);
int fib_add_address(struct network *net, const struct fib_address *address);

/* ---- in an execution ---- */

struct fib_flow {
	u8 family, tos;
	bool no_src;  /* rules about sources do not match */
	u32 iif, oif; /* oif 0: any */
	u32 mark;
	u8 src[FIB_ADDR], dst[FIB_ADDR];
};

struct fib_result {
	const struct fib_route *route;
	const struct fib_nexthop *nexthop; /* of RTN_UNICAST */
	struct net_device *dev;		   /* of the next hop */
};

/*
 * By the rules. 0, or as Linux says it: -ENETUNREACH, -EINVAL (black hole),
 * -EHOSTUNREACH (unreachable), -EACCES (prohibited).
 */
int fib_lookup(struct network *net, const struct fib_flow *flow, struct fib_result *result);
/* In one table; -EAGAIN: go on with the next rule. */
int fib_table_lookup(struct network *net, u32 table, const struct fib_flow *flow,
		     struct fib_result *result);
bool fib_has_table(struct network *net, u8 family, u32 table);
/* The neighbour's link address, or NULL. */
const u8 *fib_find_neighbour(struct network *net, const struct net_device *dev, u8 family,
			     const u8 *addr);
/* The address that a packet to @dst by @dev has as source: false where there is none. */
bool fib_source_address(struct network *net, const struct net_device *dev, u8 family, const u8 *dst,
			u8 *src);
/* With the network. */
void fib_free(struct host *host, struct fib *fib);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network as the environment tells it, in rtnetlink's messages: devices,
 * addresses, routes, rules, neighbours. Messages are not trusted: what does not
 * fit is left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/fib_internal.h"
#include "kernel/netdev_internal.h"
#include "kernel/sock.h"

/* Requests; a message that answers has the number before the last bits of its kind. */
enum {
	MSG_LINK = 16,
	MSG_ADDR = 20,
	MSG_ROUTE = 24,
	MSG_NEIGH = 28,
	MSG_RULE = 32,
};
#define REQUEST_ALL 2 /* above the message's number */

#define ATTR_MOST 48

/* Attributes of a message by number; those that are nested likewise. */
struct attrs {
	struct {
		const u8 *data;
		u32 len;
	} at[ATTR_MOST];
};

static void parse_attrs(struct attrs *attrs, const u8 *p, size_t len)
{
	memset(attrs, 0, sizeof(*attrs));
	while (len >= 4) {
		u32 size = get_u16(p), type = get_u16(p + 2) & 0x3fff;

		if (size < 4 || size > len)
			return;
		if (type < ATTR_MOST) {
			attrs->at[type].data = p + 4;
			attrs->at[type].len = size - 4;
		}
		size = ROUND_UP(size, 4u);
		if (size > len)
			return;
		p += size;
		len -= size;
	}
}

static u32 attr_u32(const struct attrs *attrs, u32 type, u32 otherwise)
{
	return attrs->at[type].len >= 4 ? get_u32(attrs->at[type].data) : otherwise;
}

/* Bytes of an address, at most @size. */
static bool attr_bytes(const struct attrs *attrs, u32 type, u8 *to, u32 size)
{
	u32 len = attrs->at[type].len;

	if (!len)
		return false;
	memcpy(to, attrs->at[type].data, len < size ? len : size);
	return true;
}

static void nested(const struct attrs *attrs, u32 type, struct attrs *inner)
{
	parse_attrs(inner, attrs->at[type].data, attrs->at[type].len);
}

struct filling {
	struct network *net;
	struct fib_lists lists;
	int err;
};

/* ---- devices ---- */

enum {
	IFLA_ADDRESS_ = 1,
	IFLA_IFNAME_ = 3,
	IFLA_MTU_ = 4,
	IFLA_LINK_ = 5,
	IFLA_LINKINFO_ = 18,
	IFLA_AF_SPEC_ = 26,
	IFLA_NUM_RX_QUEUES_ = 32,
	IFLA_LINK_NETNSID_ = 37,
	IFLA_INFO_KIND_ = 1,
	IFLA_INET_CONF_ = 1,
	IFLA_INET6_CONF_ = 2,
};
#define LINK_HEAD 16

/* The first word of each family's settings: whether it forwards. */
static void set_forwarding(struct net_device *dev, const struct attrs *attrs)
{
	struct attrs families, conf;

	nested(attrs, IFLA_AF_SPEC_, &families);
	nested(&families, AF_INET, &conf);
	dev->host_forward4 = attr_u32(&conf, IFLA_INET_CONF_, 0);
	nested(&families, AF_INET6, &conf);
	dev->host_forward6 = attr_u32(&conf, IFLA_INET6_CONF_, 0);
}

static void find_peer(struct network *net, struct net_device *dev, const struct attrs *attrs)
{
	struct net_device *peer = net_device_find_locked(net, attr_u32(attrs, IFLA_LINK_, 0));
	struct attrs info;

	nested(attrs, IFLA_LINKINFO_, &info);
	if (!peer || attrs->at[IFLA_LINK_NETNSID_].len || info.at[IFLA_INFO_KIND_].len < 4 ||
	    memcmp(info.at[IFLA_INFO_KIND_].data, "veth", 4))
		return;
	dev->host_peer = peer;
	peer->host_peer = dev;
}

static int take_link(struct filling *f, const u8 *msg, const struct attrs *attrs)
{
	char name[IFNAMSIZ] = {0};
	struct net_device_options opts = {
		.name = name,
		.type = get_u16(msg + 2),
		.ifindex = get_u32(msg + 4),
		.flags = get_u32(msg + 8),
		.mtu = attr_u32(attrs, IFLA_MTU_, 0),
		.rx_queues = attr_u32(attrs, IFLA_NUM_RX_QUEUES_, 1),
	};
	struct net_device *dev;
	int err;

	attr_bytes(attrs, IFLA_IFNAME_, (u8 *)name, sizeof(name) - 1);
	attr_bytes(attrs, IFLA_ADDRESS_, opts.addr, sizeof(opts.addr));
	if (opts.ifindex == LOOPBACK_IFINDEX) {
		f->net->loopback->mtu = opts.mtu;
		f->net->loopback->flags = opts.flags;
		set_forwarding(f->net->loopback, attrs);
		return 0;
	}
	err = net_device_add_locked(f->net, &opts, &dev);
	if (err)
		return err == -ENOMEM ? err : 0;
	set_forwarding(dev, attrs);
	find_peer(f->net, dev, attrs);
	return 0;
}

/* ---- addresses and neighbours ---- */

enum {
	IFA_ADDRESS_ = 1,
	IFA_LOCAL_ = 2,
	NDA_DST_ = 1,
	NDA_LLADDR_ = 2,
};
#define ADDR_HEAD	8
#define NEIGH_HEAD	12
#define IFA_F_SECONDARY 1
#define NUD_VALID	0xde

static int take_addr(struct filling *f, const u8 *msg, const struct attrs *attrs)
{
	struct fib_address a = {.family = msg[0],
				.prefix_len = msg[1],
				.secondary = msg[2] & IFA_F_SECONDARY,
				.ifindex = get_u32(msg + 4)};

	if (!attr_bytes(attrs, IFA_LOCAL_, a.addr, sizeof(a.addr)) &&
	    !attr_bytes(attrs, IFA_ADDRESS_, a.addr, sizeof(a.addr)))
		return 0;
	return fib_list_address(&f->lists, &a);
}

static int take_neigh(struct filling *f, const u8 *msg, const struct attrs *attrs)
{
	struct fib_neighbour n = {.family = msg[0],
				  .ifindex = get_u32(msg + 4),
				  .invalid = !(get_u16(msg + 8) & NUD_VALID)};

	if (!attr_bytes(attrs, NDA_DST_, n.addr, sizeof(n.addr)))
		return 0;
	attr_bytes(attrs, NDA_LLADDR_, n.lladdr, sizeof(n.lladdr));
	return fib_list_neighbour(&f->lists, &n);
}

/* ---- routes ---- */

enum {
	RTA_DST_ = 1,
	RTA_OIF_ = 4,
	RTA_GATEWAY_ = 5,
	RTA_PRIORITY_ = 6,
	RTA_PREFSRC_ = 7,
	RTA_METRICS_ = 8,
	RTA_MULTIPATH_ = 9,
	RTA_TABLE_ = 15,
	RTA_VIA_ = 18,
	RTA_ENCAP_TYPE_ = 21,
	RTAX_LOCK_ = 1,
	RTAX_MTU_ = 2,
};
#define ROUTE_HEAD   12
#define NEXTHOP_HEAD 8
#define RTNH_F_GONE  (1 | 16) /* the device is down, or its link */
#define RTM_F_CLONED 0x200

static void add_nexthop(struct fib_route *route, u32 ifindex, u32 weight, const struct attrs *attrs)
{
	struct fib_nexthop *nexthop;

	if (route->nexthop_cnt == FIB_NEXTHOPS || !ifindex)
		return;
	nexthop = &route->nexthop[route->nexthop_cnt++];
	nexthop->ifindex = ifindex;
	nexthop->weight = weight;
	nexthop->encap = attrs->at[RTA_ENCAP_TYPE_].len;
	if (attr_bytes(attrs, RTA_GATEWAY_, nexthop->gw, sizeof(nexthop->gw)))
		nexthop->gw_family = route->family;
	if (attrs->at[RTA_VIA_].len > 2) {
		nexthop->gw_family = (u8)get_u16(attrs->at[RTA_VIA_].data);
		memcpy(nexthop->gw, attrs->at[RTA_VIA_].data + 2,
		       u64_min(attrs->at[RTA_VIA_].len - 2, sizeof(nexthop->gw)));
	}
}

static void add_nexthops(struct fib_route *route, const u8 *p, u32 len)
{
	while (len >= NEXTHOP_HEAD) {
		u32 size = get_u16(p);
		struct attrs attrs;

		if (size < NEXTHOP_HEAD || size > len)
			return;
		parse_attrs(&attrs, p + NEXTHOP_HEAD, size - NEXTHOP_HEAD);
		if (!(p[2] & RTNH_F_GONE))
			add_nexthop(route, get_u32(p + 4), p[3] + 1u, &attrs);
		size = ROUND_UP(size, 4u);
		if (size > len)
			return;
		p += size;
		len -= size;
	}
}

static int take_route(struct filling *f, const u8 *msg, const struct attrs *attrs)
{
	struct fib_route route = {.family = msg[0],
				  .prefix_len = msg[1],
				  .tos = msg[3],
				  .type = msg[7],
				  .table = attr_u32(attrs, RTA_TABLE_, msg[4]),
				  .metric = attr_u32(attrs, RTA_PRIORITY_, 0)};
	struct attrs metrics;

	/* Routes from certain sources only, which are rare, and copies in a cache. */
	if (msg[2] || get_u32(msg + 8) & RTM_F_CLONED)
		return 0;
	attr_bytes(attrs, RTA_DST_, route.dst, sizeof(route.dst));
	route.has_prefsrc = attr_bytes(attrs, RTA_PREFSRC_, route.prefsrc, sizeof(route.prefsrc));
	nested(attrs, RTA_METRICS_, &metrics);
	if (attr_u32(&metrics, RTAX_LOCK_, 0) & BIT(RTAX_MTU_))
		route.mtu = attr_u32(&metrics, RTAX_MTU_, 0);
	if (attrs->at[RTA_MULTIPATH_].len)
		add_nexthops(&route, attrs->at[RTA_MULTIPATH_].data, attrs->at[RTA_MULTIPATH_].len);
	else if (!(get_u32(msg + 8) & RTNH_F_GONE))
		add_nexthop(&route, attr_u32(attrs, RTA_OIF_, 0), 1, attrs);
	if (route.type == RTN_UNICAST && !route.nexthop_cnt)
		return 0;
	return fib_list_route(&f->lists, &route);
}

/* ---- rules ---- */

enum {
	FRA_DST_ = 1,
	FRA_SRC_ = 2,
	FRA_IIFNAME_ = 3,
	FRA_PRIORITY_ = 6,
	FRA_FWMARK_ = 10,
	FRA_TABLE_ = 15,
	FRA_FWMASK_ = 16,
	FRA_OIFNAME_ = 17,
};
#define RULE_HEAD	12
#define FIB_RULE_INVERT 2
/* A device that is not there: no packet comes from it. */
#define NO_DEVICE UINT32_MAX

static u32 ifindex_of(struct filling *f, const struct attrs *attrs, u32 type)
{
	char name[IFNAMSIZ] = {0};
	u32 ifindex;

	if (!attr_bytes(attrs, type, (u8 *)name, sizeof(name) - 1))
		return 0;
	ifindex = net_device_number_locked(f->net, name);
	return ifindex ? ifindex : NO_DEVICE;
}

static int take_rule(struct filling *f, const u8 *msg, const struct attrs *attrs)
{
	struct fib_rule rule = {.family = msg[0],
				.dst_len = msg[1],
				.src_len = msg[2],
				.tos = msg[3],
				.table = attr_u32(attrs, FRA_TABLE_, msg[4]),
				.action = msg[7],
				.invert = get_u32(msg + 8) & FIB_RULE_INVERT,
				.priority = attr_u32(attrs, FRA_PRIORITY_, 0),
				.mark = attr_u32(attrs, FRA_FWMARK_, 0),
				.iif = ifindex_of(f, attrs, FRA_IIFNAME_),
				.oif = ifindex_of(f, attrs, FRA_OIFNAME_)};

	rule.mask = attr_u32(attrs, FRA_FWMASK_, rule.mark ? UINT32_MAX : 0);
	attr_bytes(attrs, FRA_DST_, rule.dst, sizeof(rule.dst));
	attr_bytes(attrs, FRA_SRC_, rule.src, sizeof(rule.src));
	return fib_list_rule(&f->lists, &rule);
}

/* ---- all of it ---- */

static const struct {
	u16 type;
	u16 head; /* bytes before the attributes */
	int (*take)(struct filling *f, const u8 *msg, const struct attrs *attrs);
} kinds[] = {
	{MSG_LINK, LINK_HEAD, take_link},    {MSG_ADDR, ADDR_HEAD, take_addr},
	{MSG_ROUTE, ROUTE_HEAD, take_route}, {MSG_NEIGH, NEIGH_HEAD, take_neigh},
	{MSG_RULE, RULE_HEAD, take_rule},
};

static int take_message(void *arg, u16 type, const u8 *msg, size_t len)
{
	struct filling *f = arg;
	struct attrs attrs;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].type != type || len < kinds[i].head)
			continue;
		parse_attrs(&attrs, msg + kinds[i].head, len - kinds[i].head);
		return kinds[i].take(f, msg, &attrs);
	}
	return 0;
}

void net_take_machine(struct network *net)
{
	const struct environment *env = &net->host->env;
	struct filling f = {.net = net, .lists = {.mem = net->host->mem}};

	pthread_mutex_lock(&net->lock);
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && env->rtnetlink && !net->given; i++)
		env->rtnetlink(env->ctx, (u16)(kinds[i].type + REQUEST_ALL), take_message, &f);
	if (!net->given)
		fib_fill_locked(net, &f.lists);
	fib_lists_free(&f.lists);
	__atomic_store_n(&net->given, true, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&net->lock);
}

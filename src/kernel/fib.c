/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of routes and what belongs to them. Routes are in order of family,
 * table, prefix length (longest first), prefix, tos and metric, so that a search
 * for each length that is there finds the best first. A change copies all.
 */
#include "kernel/fib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "kernel/fib_internal.h"
#include "kernel/netdev_internal.h"
#include "kernel/sock.h"

struct fib {
	struct deferred deferred;
	const struct mem *mem;
	struct fib_route *routes;
	struct fib_rule *rules; /* by priority */
	struct fib_neighbour *neighbours;
	struct fib_address *addresses;
	u32 route_cnt, rule_cnt, neighbour_cnt, address_cnt;
	/* Prefix lengths that routes of a family have; bit 128 is beside. */
	u64 lengths[2][3];
};

/* ---- addresses ---- */

static bool is_ip(u8 family)
{
	return family == AF_INET || family == AF_INET6;
}

static u32 addr_bits(u8 family)
{
	return family == AF_INET ? 32 : 128;
}

static bool same_prefix(const u8 *a, const u8 *b, u32 bits)
{
	u32 bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes))
		return false;
	return !rest || !((a[bytes] ^ b[bytes]) >> (8 - rest));
}

static u32 common_bits(const u8 *a, const u8 *b, u32 most)
{
	u32 n = 0;

	while (n < most && same_prefix(a, b, n + 1))
		n++;
	return n;
}

static void cut_prefix(u8 *addr, u32 bits)
{
	for (u32 i = 0; i < FIB_ADDR; i++) {
		u32 keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			addr[i] &= (u8)(0xff00 >> keep);
	}
}

/* ---- changing ---- */

static struct fib *current(struct network *net)
{
	return atomic_load_explicit(&net->fib, memory_order_acquire);
}

/* For those who look: the machine's, if the owner has given nothing. */
static const struct fib *fib_of(struct network *net)
{
	net_know(net);
	return current(net);
}

void fib_free(struct host *host __unused, struct fib *fib)
{
	if (!fib)
		return;
	mem_free(fib->mem, fib->routes);
	mem_free(fib->mem, fib->rules);
	mem_free(fib->mem, fib->neighbours);
	mem_free(fib->mem, fib->addresses);
	mem_free(fib->mem, fib);
}

static void free_deferred(struct host *host, struct deferred *deferred)
{
	fib_free(host, container_of(deferred, struct fib, deferred));
}

/* An array with one more place at @at, which gets @item; NULL when out of memory. */
static void *with_item(const struct mem *mem, const void *items, u32 cnt, size_t size, u32 at,
		       const void *item)
{
	u8 *copy = mem_zalloc_array(mem, (size_t)cnt + 1, size);

	if (!copy)
		return NULL;
	if (at)
		memcpy(copy, items, at * size);
	memcpy(copy + at * size, item, size);
	if (cnt > at)
		memcpy(copy + (at + 1) * size, (const u8 *)items + at * size, (cnt - at) * size);
	return copy;
}

static void *copied(const struct mem *mem, const void *items, u32 cnt, size_t size, bool *ok)
{
	void *copy = cnt ? mem_dup(mem, items, cnt * size) : NULL;

	*ok &= copy || !cnt;
	return copy;
}

static struct fib *fib_copy(const struct mem *mem, const struct fib *old)
{
	struct fib *fib = mem_zalloc(mem, sizeof(*fib));
	bool ok = true;

	if (!fib || !old) {
		if (fib)
			fib->mem = mem;
		return fib;
	}
	*fib = *old;
	fib->routes = copied(mem, old->routes, old->route_cnt, sizeof(*fib->routes), &ok);
	fib->rules = copied(mem, old->rules, old->rule_cnt, sizeof(*fib->rules), &ok);
	fib->neighbours =
		copied(mem, old->neighbours, old->neighbour_cnt, sizeof(*fib->neighbours), &ok);
	fib->addresses =
		copied(mem, old->addresses, old->address_cnt, sizeof(*fib->addresses), &ok);
	if (ok)
		return fib;
	fib_free(NULL, fib);
	return NULL;
}

/* Copies, changes, publishes: 0 or -ENOMEM. */
static int change(struct network *net, int (*fn)(struct fib *fib, const void *item),
		  const void *item)
{
	struct fib *old, *fib;
	int err = -ENOMEM;

	pthread_mutex_lock(&net->lock);
	net->given = true;
	old = current(net);
	fib = fib_copy(net->host->mem, old);
	if (fib)
		err = fn(fib, item);
	if (err) {
		fib_free(net->host, fib);
	} else {
		atomic_store_explicit(&net->fib, fib, memory_order_release);
		if (old)
			net_defer(net, &old->deferred, free_deferred);
	}
	pthread_mutex_unlock(&net->lock);
	return err;
}

/* Puts the item into fib->items, at @at: 0 or -ENOMEM. */
#define INSERT(fib, items, cnt, at, item)                                                          \
	({                                                                                         \
		void *with_ = with_item((fib)->mem, (fib)->items, (fib)->cnt,                      \
					sizeof(*(fib)->items), (at), (item));                      \
                                                                                                   \
		if (with_) {                                                                       \
			mem_free((fib)->mem, (fib)->items);                                        \
			(fib)->items = with_;                                                      \
			(fib)->cnt++;                                                              \
		}                                                                                  \
		with_ ? 0 : -ENOMEM;                                                               \
	})

static int order(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

/* By all that a search is for; what is equal is in the order of tos and metric. */
static int compare_place(const struct fib_route *r, u8 family, u32 table, u32 len, const u8 *dst)
{
	int c = order(r->family, family);

	if (!c)
		c = order(r->table, table);
	if (!c)
		c = order(len, r->prefix_len);
	return c ? c : memcmp(r->dst, dst, FIB_ADDR);
}

static int compare_routes(const struct fib_route *a, const struct fib_route *b)
{
	int c = compare_place(a, b->family, b->table, b->prefix_len, b->dst);

	if (!c)
		c = order(b->tos, a->tos);
	return c ? c : order(a->metric, b->metric);
}

static void note_length(struct fib *fib, const struct fib_route *route)
{
	fib->lengths[route->family == AF_INET6][route->prefix_len / 64] |=
		BIT_ULL(route->prefix_len % 64);
}

static int insert_route(struct fib *fib, const void *item)
{
	const struct fib_route *route = item;
	u32 at = 0;

	while (at < fib->route_cnt && compare_routes(&fib->routes[at], route) <= 0)
		at++;
	note_length(fib, route);
	return INSERT(fib, routes, route_cnt, at, route);
}

static int complete_route(struct fib_route *route)
{
	if (!is_ip(route->family) || route->prefix_len > addr_bits(route->family) ||
	    route->nexthop_cnt > FIB_NEXTHOPS || route->type > RTN_THROW)
		return -EINVAL;
	if (!route->type)
		route->type = RTN_UNICAST;
	if (!route->table)
		route->table = RT_TABLE_MAIN;
	cut_prefix(route->dst, route->prefix_len);
	return 0;
}

int fib_add_route(struct network *net, const struct fib_route *given)
{
	struct fib_route route = *given;
	int err = complete_route(&route);

	return err ? err : change(net, insert_route, &route);
}

static int insert_rule(struct fib *fib, const void *item)
{
	const struct fib_rule *rule = item;
	u32 at = 0;

	while (at < fib->rule_cnt && fib->rules[at].priority <= rule->priority)
		at++;
	return INSERT(fib, rules, rule_cnt, at, rule);
}

static bool rule_ok(const struct fib_rule *rule)
{
	return is_ip(rule->family) && rule->src_len <= addr_bits(rule->family) &&
	       rule->dst_len <= addr_bits(rule->family);
}

int fib_add_rule(struct network *net, const struct fib_rule *rule)
{
	return rule_ok(rule) ? change(net, insert_rule, rule) : -EINVAL;
}

/* The last one that is told counts. */
static int insert_neighbour(struct fib *fib, const void *item)
{
	return INSERT(fib, neighbours, neighbour_cnt, 0, item);
}

int fib_add_neighbour(struct network *net, const struct fib_neighbour *neighbour)
{
	return is_ip(neighbour->family) ? change(net, insert_neighbour, neighbour) : -EINVAL;
}

static int insert_address(struct fib *fib, const void *item)
{
	return INSERT(fib, addresses, address_cnt, fib->address_cnt, item);
}

static bool address_ok(const struct fib_address *address)
{
	return is_ip(address->family) && address->prefix_len <= addr_bits(address->family);
}

int fib_add_address(struct network *net, const struct fib_address *address)
{
	return address_ok(address) ? change(net, insert_address, address) : -EINVAL;
}

/* ---- many at once ---- */

int fib_list_route(struct fib_lists *lists, const struct fib_route *given)
{
	struct fib_route route = *given;

	return complete_route(&route) || vec_push(&lists->routes, lists->mem, route) ? 0 : -ENOMEM;
}

int fib_list_rule(struct fib_lists *lists, const struct fib_rule *rule)
{
	return !rule_ok(rule) || vec_push(&lists->rules, lists->mem, *rule) ? 0 : -ENOMEM;
}

int fib_list_neighbour(struct fib_lists *lists, const struct fib_neighbour *n)
{
	return !is_ip(n->family) || vec_push(&lists->neighbours, lists->mem, *n) ? 0 : -ENOMEM;
}

int fib_list_address(struct fib_lists *lists, const struct fib_address *a)
{
	return !address_ok(a) || vec_push(&lists->addresses, lists->mem, *a) ? 0 : -ENOMEM;
}

static int compare_for_sort(const void *a, const void *b)
{
	return compare_routes(a, b);
}

/* Moves a list's array over. */
#define TAKE(fib, items, cnt, list)                                                                \
	do {                                                                                       \
		(fib)->items = (list)->at;                                                         \
		(fib)->cnt = (u32)(list)->len;                                                     \
		(list)->at = NULL;                                                                 \
		(list)->len = (list)->cap = 0;                                                     \
	} while (0)

void fib_fill_locked(struct network *net, struct fib_lists *lists)
{
	struct fib *fib = mem_zalloc(lists->mem, sizeof(*fib)), *old;

	if (!fib)
		return;
	fib->mem = lists->mem;
	TAKE(fib, routes, route_cnt, &lists->routes);
	TAKE(fib, rules, rule_cnt, &lists->rules);
	TAKE(fib, neighbours, neighbour_cnt, &lists->neighbours);
	TAKE(fib, addresses, address_cnt, &lists->addresses);
	if (fib->route_cnt)
		qsort(fib->routes, fib->route_cnt, sizeof(*fib->routes), compare_for_sort);
	for (u32 i = 0; i < fib->route_cnt; i++)
		note_length(fib, &fib->routes[i]);
	old = atomic_exchange(&net->fib, fib);
	if (old)
		net_defer(net, &old->deferred, free_deferred);
}

void fib_lists_free(struct fib_lists *lists)
{
	vec_free(&lists->routes, lists->mem);
	vec_free(&lists->rules, lists->mem);
	vec_free(&lists->neighbours, lists->mem);
	vec_free(&lists->addresses, lists->mem);
}

/* ---- routes ---- */

static u32 first_route(const struct fib *fib, u8 family, u32 table, u32 len, const u8 *dst)
{
	u32 lo = 0, hi = fib->route_cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (compare_place(&fib->routes[mid], family, table, len, dst) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct net_device *usable(struct network *net, const struct fib_nexthop *nexthop)
{
	struct net_device *dev = net_device_find(net, nexthop->ifindex);

	return dev && __atomic_load_n(&dev->flags, __ATOMIC_RELAXED) & IFF_UP ? dev : NULL;
}

static u32 weight_of(const struct fib_nexthop *nexthop)
{
	return nexthop->weight ? nexthop->weight : 1;
}

/* Of those that can be used, by their weights and a hash of the addresses. */
static bool choose_nexthop(struct network *net, const struct fib_route *route,
			   const struct fib_flow *flow, struct fib_result *result)
{
	bool strict = flow->oif && flow->family == AF_INET;
	struct net_device *dev[FIB_NEXTHOPS];
	u64 total = 0, pick;

	for (u32 i = 0; i < route->nexthop_cnt; i++) {
		const struct fib_nexthop *nexthop = &route->nexthop[i];

		dev[i] = strict && nexthop->ifindex != flow->oif ? NULL : usable(net, nexthop);
		if (dev[i])
			total += weight_of(nexthop);
	}
	if (!total)
		return false;
	pick = (hash_bytes(flow->src, FIB_ADDR, 0) ^ hash_bytes(flow->dst, FIB_ADDR, 1)) % total;
	for (u32 i = 0; i < route->nexthop_cnt; i++) {
		if (!dev[i])
			continue;
		result->nexthop = &route->nexthop[i];
		result->dev = dev[i];
		if (pick < weight_of(result->nexthop))
			break;
		pick -= weight_of(result->nexthop);
	}
	return true;
}

static int reject_error(u8 type)
{
	switch (type) {
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_THROW:
		return -EAGAIN;
	default:
		return 0;
	}
}

static bool tos_matches(const struct fib_route *route, const struct fib_flow *flow)
{
	return flow->family == AF_INET6 || !route->tos || route->tos == flow->tos;
}

/* Among IPv6 routes that are equally good the one by the wanted device is better. */
static bool is_better(const struct fib_route *route, const struct fib_result *than,
		      const struct fib_result *it, const struct fib_flow *flow)
{
	u32 oif = flow->oif ? flow->oif : flow->iif;

	return flow->family == AF_INET6 && route->metric == than->route->metric && than->dev &&
	       (u32)than->dev->ifindex != oif && it->dev && (u32)it->dev->ifindex == oif;
}

/* The routes of one prefix, from @at on: 1 none is right, 0 or an error. */
static int match_prefix(struct network *net, const struct fib *fib, u32 at,
			const struct fib_flow *flow, struct fib_result *result)
{
	const struct fib_route *first = &fib->routes[at];
	bool found = false;

	for (; at < fib->route_cnt; at++) {
		const struct fib_route *route = &fib->routes[at];
		struct fib_result it = {.route = route};
		int err = reject_error(route->type);

		if (compare_place(route, first->family, first->table, first->prefix_len,
				  first->dst))
			break;
		if (!tos_matches(route, flow))
			continue;
		if (!found && err)
			return err;
		if (err || (!choose_nexthop(net, route, flow, &it) && route->nexthop_cnt))
			continue;
		if (!found || is_better(route, result, &it, flow))
			*result = it;
		found = true;
		if (flow->family == AF_INET)
			break;
	}
	return found ? 0 : 1;
}

bool fib_has_table(struct network *net, u8 family, u32 table)
{
	const struct fib *fib = fib_of(net);

	for (u32 i = 0; fib && i < fib->route_cnt; i++)
		if (fib->routes[i].family == family && fib->routes[i].table == table)
			return true;
	return table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL;
}

int fib_table_lookup(struct network *net, u32 table, const struct fib_flow *flow,
		     struct fib_result *result)
{
	const struct fib *fib = fib_of(net);
	u32 at;

	for (u32 len = addr_bits(flow->family) + 1; fib && len--;) {
		u8 dst[FIB_ADDR];
		int err;

		if (!(fib->lengths[flow->family == AF_INET6][len / 64] >> len % 64 & 1))
			continue;
		memcpy(dst, flow->dst, FIB_ADDR);
		cut_prefix(dst, len);
		at = first_route(fib, flow->family, table, len, dst);
		if (at == fib->route_cnt ||
		    compare_place(&fib->routes[at], flow->family, table, len, dst))
			continue;
		err = match_prefix(net, fib, at, flow, result);
		if (err <= 0)
			return err;
	}
	return -EAGAIN;
}

/* ---- rules ---- */

static bool rule_matches(const struct fib_rule *rule, const struct fib_flow *flow)
{
	bool ok = rule->family == flow->family;

	ok = ok && same_prefix(rule->src, flow->src, rule->src_len) &&
	     !(rule->src_len && flow->no_src);
	ok = ok && same_prefix(rule->dst, flow->dst, rule->dst_len);
	ok = ok && (!rule->iif || rule->iif == flow->iif);
	ok = ok && (!rule->oif || rule->oif == flow->oif);
	ok = ok && !((rule->mark ^ flow->mark) & rule->mask);
	ok = ok && (!rule->tos || rule->tos == flow->tos);
	return rule->family == flow->family && ok != rule->invert;
}

/* Of IPv6's rules Linux tells no more than that there is no way. */
static int apply_rule(struct network *net, const struct fib_rule *rule, const struct fib_flow *flow,
		      struct fib_result *result)
{
	switch (rule->action) {
	case FR_ACT_TO_TBL:
		return fib_table_lookup(net, rule->table, flow, result);
	case FR_ACT_BLACKHOLE:
		return flow->family == AF_INET ? -EINVAL : -ENETUNREACH;
	case FR_ACT_UNREACHABLE:
		return -ENETUNREACH;
	case FR_ACT_PROHIBIT:
		return flow->family == AF_INET ? -EACCES : -ENETUNREACH;
	default:
		return -EAGAIN;
	}
}

static int lookup_default(struct network *net, const struct fib_flow *flow,
			  struct fib_result *result)
{
	static const u32 tables[] = {RT_TABLE_LOCAL, RT_TABLE_MAIN, RT_TABLE_DEFAULT};
	int err = -EAGAIN;

	for (u32 i = 0; i < ARRAY_SIZE(tables) && err == -EAGAIN; i++)
		err = fib_table_lookup(net, tables[i], flow, result);
	return err;
}

int fib_lookup(struct network *net, const struct fib_flow *flow, struct fib_result *result)
{
	const struct fib *fib = fib_of(net);
	int err = -EAGAIN;
	bool any = false;

	for (u32 i = 0; fib && i < fib->rule_cnt && err == -EAGAIN; i++) {
		any |= fib->rules[i].family == flow->family;
		if (rule_matches(&fib->rules[i], flow))
			err = apply_rule(net, &fib->rules[i], flow, result);
	}
	if (!any)
		err = lookup_default(net, flow, result);
	return err == -EAGAIN ? -ENETUNREACH : err;
}

/* ---- neighbours and addresses ---- */

const u8 *fib_find_neighbour(struct network *net, const struct net_device *dev, u8 family,
			     const u8 *addr)
{
	const struct fib *fib = fib_of(net);

	for (u32 i = 0; fib && i < fib->neighbour_cnt; i++) {
		const struct fib_neighbour *n = &fib->neighbours[i];

		if (n->family == family && n->ifindex == (u32)dev->ifindex &&
		    same_prefix(n->addr, addr, addr_bits(family)))
			return n->invalid ? NULL : n->lladdr;
	}
	return NULL;
}

static bool is_link_local(const u8 *addr)
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

/* How good an address is as source, RFC 6724 section 5: rules 1, 2, 5 and 8. 0: not at all. */
static u32 score6(const struct fib_address *a, const struct net_device *dev, const u8 *dst)
{
	bool same = !memcmp(a->addr, dst, FIB_ADDR);
	bool scope = is_link_local(a->addr) == is_link_local(dst);
	bool on_dev = a->ifindex == (u32)dev->ifindex;
	u32 common = common_bits(a->addr, dst, a->prefix_len);

	if (is_link_local(a->addr) && !on_dev)
		return 0;
	return 1u + (same ? 1u << 12 : 0) + (scope ? 1u << 11 : 0) + (on_dev ? 1u << 10 : 0) +
	       common;
}

/* Linux: the first one whose network the other end is in, else the device's first. */
static u32 score4(const struct fib_address *a, const struct net_device *dev, const u8 *dst)
{
	if (a->ifindex != (u32)dev->ifindex || a->secondary)
		return 0;
	return same_prefix(a->addr, dst, a->prefix_len) ? 2 : 1;
}

bool fib_source_address(struct network *net, const struct net_device *dev, u8 family, const u8 *dst,
			u8 *src)
{
	const struct fib *fib = fib_of(net);
	u32 best = 0;

	for (u32 i = 0; fib && i < fib->address_cnt; i++) {
		const struct fib_address *a = &fib->addresses[i];
		u32 score;

		if (a->family != family)
			continue;
		score = family == AF_INET ? score4(a, dev, dst) : score6(a, dev, dst);
		if (score <= best)
			continue;
		best = score;
		memcpy(src, a->addr, family == AF_INET ? 4 : FIB_ADDR);
	}
	return best;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network that an environment tells in rtnetlink's messages: whole ones become
 * devices and routes, and whatever else comes does no harm. Devices come and go
 * while somebody holds them.
 */
#include <errno.h>
#include <string.h>

#include "tap.h"

#include "kernel/fib.h"
#include "kernel/sock.h"

#define MESSAGES 4
#define SIZE	 128

/* What an environment answers to each kind of request. */
struct script {
	struct {
		u16 type;
		u32 len;
		u8 bytes[SIZE];
	} message[MESSAGES];
};

static int tell(void *ctx, u16 request, int (*fn)(void *arg, u16 type, const u8 *msg, size_t len),
		void *arg)
{
	const struct script *script = ctx;

	for (u32 i = 0; i < MESSAGES; i++) {
		u8 *exact;
		int err;

		if (script->message[i].type + 2 != request)
			continue;
		/* With nothing readable behind it, where a sanitizer watches. */
		exact = mem_dup(&mem_libc, script->message[i].bytes, script->message[i].len);
		err = exact ? fn(arg, script->message[i].type, exact, script->message[i].len)
			    : -ENOMEM;
		mem_free(&mem_libc, exact);
		if (err)
			return err;
	}
	return 0;
}

static void put_attr(u8 *msg, u32 *len, u16 type, const void *data, u16 size)
{
	put_u16(msg + *len, (u16)(size + 4));
	put_u16(msg + *len + 2, type);
	memcpy(msg + *len + 4, data, size);
	*len += ROUND_UP(size + 4u, 4u);
}

static void put_number(u8 *msg, u32 *len, u16 type, u32 value)
{
	put_attr(msg, len, type, &value, sizeof(value));
}

/* A device of number 7, a neighbour there and a route by way of it. */
static void write_script(struct script *s)
{
	static const u8 neighbour[4] = {10, 0, 0, 9}, lladdr[6] = {2, 1, 1, 1, 1, 9};
	u8 *link = s->message[0].bytes, *neigh = s->message[1].bytes, *route = s->message[2].bytes;
	u32 *len;

	memset(s, 0, sizeof(*s));
	s->message[0].type = 16;
	len = &s->message[0].len;
	*len = 16;
	put_u16(link + 2, ARPHRD_ETHER);
	put_u32(link + 4, 7);
	put_u32(link + 8, IFF_UP);
	put_attr(link, len, 3, "wan", 4);
	put_number(link, len, 4, 1400);
	s->message[1].type = 28;
	len = &s->message[1].len;
	*len = 12;
	neigh[0] = AF_INET;
	put_u32(neigh + 4, 7);
	put_u16(neigh + 8, 0x80);
	put_attr(neigh, len, 1, neighbour, 4);
	put_attr(neigh, len, 2, lladdr, 6);
	s->message[2].type = 24;
	len = &s->message[2].len;
	*len = 12;
	route[0] = AF_INET;
	route[4] = RT_TABLE_MAIN;
	route[7] = RTN_UNICAST;
	put_attr(route, len, 5, neighbour, 4);
	put_number(route, len, 4, 7);
	put_number(route, len, 6, 99);
	s->message[3].type = 32;
	s->message[3].len = 12;
	s->message[3].bytes[0] = AF_INET6;
	s->message[3].bytes[7] = FR_ACT_PROHIBIT;
	put_attr(s->message[3].bytes, &s->message[3].len, 3, "wan", 4);
}

static struct host *host_told(struct script *script)
{
	struct host_options opts;
	struct environment env;
	struct host *host;

	host_options_init(&opts);
	environment_init(&env);
	env.rtnetlink = tell;
	env.ctx = script;
	opts.env = &env;
	check_eq(host_new(&opts, &host), 0);
	return host;
}

static void look_around(struct network *net, u8 family, struct fib_result *result, int *err)
{
	struct fib_flow flow = {.family = family, .iif = 7, .dst = {192, 168, 1, 1}};
	struct run run;

	run_begin(&run, net->host);
	*err = fib_lookup(net, &flow, result);
	run_end(&run);
}

static void test_told(void)
{
	struct fib_result result;
	struct script script;
	struct net_device *dev;
	struct network *net;
	struct host *host;
	int err;

	write_script(&script);
	host = host_told(&script);
	net = network_of(host);
	dev = net_device_get(net, 7);
	check(dev && !strcmp(dev->name, "wan") && dev->mtu == 1400);
	check(!net_device_get(net, 8));
	look_around(net, AF_INET, &result, &err);
	check_eq(err, 0);
	check_eq(result.route->metric, 99);
	check(result.dev == dev);
	check(fib_find_neighbour(net, dev, AF_INET, result.nexthop->gw) != NULL);
	look_around(net, AF_INET6, &result, &err);
	check_eq(err, -ENETUNREACH);
	net_device_put(dev);
	host_free(host);
}

static u64 state = 1;

static u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((state >> 33) % n);
}

static void test_hostile(void)
{
	for (u32 i = 0; i < 3000; i++) {
		struct fib_result result;
		struct script script;
		struct network *net;
		struct host *host;
		int err;

		write_script(&script);
		for (u32 n = below(8); n--;)
			script.message[below(MESSAGES)].bytes[below(SIZE)] = (u8)below(256);
		script.message[below(MESSAGES)].len = below(SIZE + 1);
		host = host_told(&script);
		net = network_of(host);
		net_device_put(net_device_get(net, 7));
		look_around(net, below(2) ? AF_INET : AF_INET6, &result, &err);
		host_free(host);
	}
}

static void test_devices(void)
{
	struct net_device *a, *b, *held;
	struct network *net;
	struct host *host;

	check_eq(host_new(NULL, &host), 0);
	net = network_of(host);
	check_eq(net_device_add(net, &(struct net_device_options){.name = "a", .ifindex = 5}, &a),
		 0);
	check_eq(net_device_add(net, &(struct net_device_options){.name = "a"}, &b), -EEXIST);
	check_eq(net_device_add(net, &(struct net_device_options){.ifindex = 5}, &b), -EEXIST);
	check_eq(net_device_add(net, &(struct net_device_options){.name = ""}, &b), -EINVAL);
	check_eq(net_device_add(net, &(struct net_device_options){.name = "b%d"}, &b), 0);
	check(!strcmp(b->name, "b0"));
	held = net_device_get(net, 5);
	check(held == a);
	net_device_remove(a);
	check(!net_device_get(net, 5));
	check(!(held->flags & IFF_UP));
	check(!strcmp(held->name, "a"));
	net_device_put(held);
	check_eq(net_device_add(net, &(struct net_device_options){.name = "a", .ifindex = 5}, &a),
		 0);
	host_free(host);
}

int main(void)
{
	run_test(test_told);
	run_test(test_hostile);
	run_test(test_devices);
	return tap_done();
}

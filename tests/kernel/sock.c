/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets are found as Linux finds them: connections first, then who fits best. */
/* The system has a structure of that name, too. */
#define in6_addr system_in6_addr
#include <arpa/inet.h>
#undef in6_addr
#include <errno.h>
#include <string.h>

#include "kernel/sock_table.h"
#include "tap.h"

static struct host *host;

static void to_bytes(u16 family, const char *text, u8 *bytes)
{
	memset(bytes, 0, 16);
	if (text && inet_pton(family, text, bytes) != 1)
		tap_fail("%s is no address", text);
}

static struct sock *make(u16 family, u16 type, u8 state, const char *local, u16 port,
			 const char *remote, u16 rport, struct sock_spec more)
{
	struct sock *sk = NULL;

	more.family = family;
	more.type = type;
	more.state = state;
	more.local_port = port;
	more.remote_port = rport;
	to_bytes(family, local, more.local);
	to_bytes(family, remote, more.remote);
	check_eq(sock_create(host, &more, &sk), 0);
	check_eq(sock_hash(sk), 0);
	check_eq(sock_hash(sk), -EEXIST);
	return sk;
}

/* Whether a packet from @src to @dst finds @want. */
static bool finds(const struct sock *want, u16 family, u16 protocol, const char *src, u16 sport,
		  const char *dst, u16 dport, s32 dif)
{
	u8 from[16], to[16];
	struct sock_key key = {.net = net_init_ns(host),
			       .family = family,
			       .protocol = protocol,
			       .saddr = from,
			       .daddr = to,
			       .sport = htons(sport),
			       .dport = dport,
			       .dif = dif};
	struct sock *sk;

	to_bytes(family, src, from);
	to_bytes(family, dst, to);
	sk = sock_lookup(host, &key);
	sock_put(sk);
	return sk == want;
}

#define TCP4(want, src, sport, dst, dport, dif)                                                    \
	check(finds(want, AF_INET, IPPROTO_TCP, src, sport, dst, dport, dif))
#define TCP6(want, src, sport, dst, dport)                                                         \
	check(finds(want, AF_INET6, IPPROTO_TCP, src, sport, dst, dport, 0))
#define UDP4(want, src, sport, dst, dport, dif)                                                    \
	check(finds(want, AF_INET, IPPROTO_UDP, src, sport, dst, dport, dif))

static void test_tcp(void)
{
	struct sock_spec none = {0}, dev = {.bound_dev_if = 7}, v6only = {.ipv6only = true};
	struct sock *any4 = make(AF_INET, SOCK_STREAM, BPF_TCP_LISTEN, NULL, 80, NULL, 0, none);
	struct sock *one =
		make(AF_INET, SOCK_STREAM, BPF_TCP_LISTEN, "10.0.0.1", 80, NULL, 0, none);
	struct sock *dev7 = make(AF_INET, SOCK_STREAM, BPF_TCP_LISTEN, NULL, 80, NULL, 0, dev);
	struct sock *dual = make(AF_INET6, SOCK_STREAM, BPF_TCP_LISTEN, NULL, 81, NULL, 0, none);
	struct sock *six = make(AF_INET6, SOCK_STREAM, BPF_TCP_LISTEN, NULL, 82, NULL, 0, v6only);
	struct sock *conn = make(AF_INET, SOCK_STREAM, BPF_TCP_ESTABLISHED, "10.0.0.1", 80,
				 "10.0.0.2", 999, none);

	TCP4(conn, "10.0.0.2", 999, "10.0.0.1", 80, 1);
	TCP4(one, "10.0.0.2", 998, "10.0.0.1", 80, 1);
	TCP4(one, "10.0.0.2", 998, "10.0.0.1", 80, 7);
	TCP4(any4, "10.0.0.2", 999, "10.0.0.9", 80, 1);
	TCP4(dev7, "10.0.0.2", 999, "10.0.0.9", 80, 7);
	TCP4(dual, "10.0.0.2", 999, "10.0.0.9", 81, 1);
	TCP6(dual, "::2", 999, "::9", 81);
	TCP4(NULL, "10.0.0.2", 999, "10.0.0.9", 82, 1);
	TCP6(six, "::2", 999, "::9", 82);
	TCP4(NULL, "10.0.0.2", 999, "10.0.0.9", 83, 1);
	UDP4(NULL, "10.0.0.2", 999, "10.0.0.1", 80, 1);
	sock_unhash(one);
	TCP4(any4, "10.0.0.2", 998, "10.0.0.1", 80, 1);
	sock_put(conn);
	TCP4(any4, "10.0.0.2", 999, "10.0.0.1", 80, 1);
	sock_put(any4);
	sock_put(one);
	sock_put(dev7);
	sock_put(dual);
	sock_put(six);
}

static void test_udp(void)
{
	struct sock_spec none = {0};
	struct sock *any4 = make(AF_INET, SOCK_DGRAM, 0, NULL, 53, NULL, 0, none);
	struct sock *peer =
		make(AF_INET, SOCK_DGRAM, BPF_TCP_ESTABLISHED, NULL, 53, "10.0.0.2", 999, none);

	UDP4(peer, "10.0.0.2", 999, "10.0.0.1", 53, 0);
	UDP4(any4, "10.0.0.2", 998, "10.0.0.1", 53, 0);
	UDP4(any4, "10.0.0.3", 999, "10.0.0.1", 53, 0);
	sock_put(any4);
	UDP4(NULL, "10.0.0.3", 999, "10.0.0.1", 53, 0);
	sock_put(peer);
}

static void test_shared_port(void)
{
	struct sock_spec shared = {.reuseport = true};
	struct sock *sk[4];
	u32 hits[4] = {0};

	for (u32 i = 0; i < 4; i++)
		sk[i] = make(AF_INET, SOCK_DGRAM, 0, NULL, 53, NULL, 0, shared);
	check(sk[0]->sk_reuseport_cb && sk[0]->sk_reuseport_cb == sk[3]->sk_reuseport_cb);
	check_eq(sk[0]->sk_reuseport_cb->num_socks, 4);
	check(sk[0]->sk_reuseport_cb->bind_inany);
	for (u32 i = 0; i < 256; i++) {
		struct sock *got = sock_reuseport_pick(sk[0], i << 24);

		for (u32 j = 0; j < 4; j++)
			hits[j] += got == sk[j];
		sock_put(got);
	}
	for (u32 j = 0; j < 4; j++)
		check_eq(hits[j], 64);
	for (u32 i = 0; i < 3; i++)
		sock_put(sk[i]);
	UDP4(sk[3], "10.0.0.3", 999, "10.0.0.1", 53, 0);
	sock_put(sk[3]);
}

static void test_namespaces(void)
{
	struct net *other = net_create(host, 5), *found = net_by_id(host, 5);
	struct sock_spec there = {.net = other};
	struct sock *sk = make(AF_INET, SOCK_DGRAM, 0, NULL, 53, NULL, 0, there);

	check(found == other);
	check(other->net_cookie != net_init_ns(host)->net_cookie);
	check_eq(net_init_ns(host)->net_cookie, INIT_NET_COOKIE);
	UDP4(NULL, "10.0.0.3", 999, "10.0.0.1", 53, 0);
	net_put(found);
	net_put(other);
	check(sk->__sk_common.skc_net.net == other);
	sock_put(sk);
}

static void test_handles(void)
{
	struct sock_spec spec = {.family = AF_UNIX, .path = "/tmp/x"}, bad = {.path = "/x"};
	struct sock *sk, *again;
	u64 cookie;
	int fd;

	check_eq(sock_create(host, &bad, &sk), -EINVAL);
	check_eq(sock_create(host, &spec, &sk), 0);
	check_eq(sock_hash(sk), -EINVAL);
	check(!strcmp(unix_sk(sk)->addr->name[0].sun_path, "/tmp/x"));
	cookie = sock_gen_cookie(sk);
	check(cookie && cookie == sock_gen_cookie(sk));
	fd = sock_open(sk);
	check_eq(sock_from_handle(host, fd + 1, &again), -EBADF);
	check_eq(sock_from_handle(host, fd, &again), 0);
	check(again == sk);
	sock_put(again);
	check_eq(handle_close(host, fd), 0);
}

/* One that is forgotten in a table and waits to be freed when the host ends. */
static void test_end(void)
{
	struct sock_spec none = {0};

	sock_put(make(AF_INET, SOCK_DGRAM, 0, NULL, 53, NULL, 0, none));
}

int main(void)
{
	check_eq(host_new(NULL, &host), 0);
	run_test(test_tcp);
	run_test(test_udp);
	run_test(test_shared_port);
	run_test(test_namespaces);
	run_test(test_handles);
	run_test(test_end);
	host_free(host);
	return tap_done();
}

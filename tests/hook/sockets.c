/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that programs look up: the same ones are made here and, in a network
 * namespace of the test's own, in the kernel. Each lookup must find the same
 * socket, which is known by its mark, and see the same fields.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare() */
#endif
/* The system has structures of these names, too. */
#define in6_addr    system_in6_addr
#define sockaddr_un system_sockaddr_un
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#undef in6_addr
#undef sockaddr_un

#include "tap.h"

#include "base/bytes.h"
#include "hook/pair.h"
#include "kernel/sock.h"

#define LO 1

struct row {
	u16 family, type;
	const char *local, *remote; /* NULL: any, none */
	u16 port, rport;
	bool listens, v6only, on_lo, shared;
};

static const struct row sockets[] = {
	{AF_INET, SOCK_STREAM, NULL, NULL, 1000, .listens = true},
	{AF_INET, SOCK_STREAM, "127.0.0.1", NULL, 1001, .listens = true},
	{AF_INET, SOCK_STREAM, "127.0.0.2", NULL, 1001, .listens = true},
	{AF_INET, SOCK_STREAM, NULL, NULL, 1002, .listens = true, .on_lo = true},
	{AF_INET6, SOCK_STREAM, NULL, NULL, 1003, .listens = true},
	{AF_INET6, SOCK_STREAM, NULL, NULL, 1004, .listens = true, .v6only = true},
	{AF_INET, SOCK_STREAM, NULL, NULL, 1004, .listens = true},
	{AF_INET6, SOCK_STREAM, "::1", NULL, 1005, .listens = true},
	{AF_INET, SOCK_DGRAM, NULL, NULL, 1000},
	{AF_INET, SOCK_DGRAM, "127.0.0.1", NULL, 1001},
	{AF_INET, SOCK_DGRAM, "127.0.0.1", "127.0.0.3", 1002, 7000},
	{AF_INET, SOCK_DGRAM, "127.0.0.3", NULL, 1002},
	{AF_INET6, SOCK_DGRAM, NULL, NULL, 1003},
	{AF_INET6, SOCK_DGRAM, "::1", NULL, 1004},
	{AF_INET, SOCK_DGRAM, NULL, NULL, 1005, .on_lo = true},
	{AF_INET, SOCK_DGRAM, NULL, NULL, 1006, .shared = true},
};

static const char *const names4[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3", "10.1.2.3"};
static const char *const names6[] = {"::1", "::", "fe80::1"};
static const u16 remote_ports[] = {7000, 7001};

/* ---- in the kernel ---- */

static bool set_int(int fd, int level, int name, int value)
{
	return !setsockopt(fd, level, name, &value, sizeof(value));
}

static socklen_t address(u16 family, const char *text, u16 port, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (void *)to;
	struct sockaddr_in6 *v6 = (void *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = family;
	v4->sin_port = htons(port); /* at the same place in both */
	if (text)
		inet_pton(family, text,
			  family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr);
	return family == AF_INET ? sizeof(*v4) : sizeof(*v6);
}

static bool open_there(const struct row *row, u32 mark)
{
	struct sockaddr_storage addr;
	int fd = socket(row->family, row->type, 0);
	socklen_t len = address(row->family, row->local, row->port, &addr);

	if (fd < 0 || !set_int(fd, SOL_SOCKET, SO_MARK, (int)mark))
		return false;
	if (row->family == AF_INET6 && !set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, row->v6only))
		return false;
	if (row->on_lo && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3))
		return false;
	if (row->shared && !set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return false;
	if (bind(fd, (void *)&addr, len))
		return false;
	if (row->listens)
		return !listen(fd, 1);
	if (!row->remote)
		return true;
	len = address(row->family, row->remote, row->rport, &addr);
	return !connect(fd, (void *)&addr, len);
}

/* Into a namespace where nothing else is. */
static bool open_kernel(void)
{
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (!kernel_usable() || unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &req))
		return false;
	close(fd);
	for (u32 i = 0; i < ARRAY_SIZE(sockets); i++)
		if (!open_there(&sockets[i], i + 1)) {
			printf("# the kernel would not make socket %u\n", i);
			return false;
		}
	return true;
}

/* ---- here ---- */

static struct sock *open_here(struct host *host, const struct row *row, u32 mark)
{
	struct sock_spec spec = {.family = row->family,
				 .type = row->type,
				 .state = row->listens	? BPF_TCP_LISTEN
					  : row->remote ? BPF_TCP_ESTABLISHED
							: 0,
				 .local_port = row->port,
				 .remote_port = row->rport,
				 .bound_dev_if = row->on_lo ? LO : 0,
				 .mark = mark,
				 .reuseport = row->shared,
				 .ipv6only = row->v6only};
	struct sock *sk = NULL;

	if (row->local)
		inet_pton(row->family, row->local, spec.local);
	if (row->remote)
		inet_pton(row->family, row->remote, spec.remote);
	if (sock_create(host, &spec, &sk) || sock_hash(sk))
		abort();
	return sk;
}

/* ---- the program ---- */

struct query {
	u16 family, type;
	const char *src, *dst;
	u16 sport, dport;
	s32 netns;
	u32 flags;
};

#define TUPLE (-40)

static u32 add_tuple(struct pair_prog *p, const struct query *q)
{
	struct bpf_sock_tuple tuple = {0};
	bool v4 = q->family == AF_INET;
	u32 len = v4 ? sizeof(tuple.ipv4) : sizeof(tuple.ipv6);
	u32 words[sizeof(tuple) / sizeof(u32)];

	inet_pton(q->family, q->src, v4 ? (void *)&tuple.ipv4.saddr : (void *)tuple.ipv6.saddr);
	inet_pton(q->family, q->dst, v4 ? (void *)&tuple.ipv4.daddr : (void *)tuple.ipv6.daddr);
	*(v4 ? &tuple.ipv4.sport : &tuple.ipv6.sport) = htons(q->sport);
	*(v4 ? &tuple.ipv4.dport : &tuple.ipv6.dport) = htons(q->dport);
	memcpy(words, &tuple, sizeof(tuple));
	for (u32 i = 0; i < len / 4; i++)
		PAIR_ADD(p, STORE_IMM(BPF_W, 10, TUPLE + (s32)(4 * i), (s32)words[i]));
	return len;
}

static void add_note(struct pair_prog *p, u32 size, u32 off, u32 at)
{
	PAIR_ADD(p, LOAD(pair_size_code(size), 1, 7, off), STORE(BPF_DW, 9, 8 * at, 1));
}

#define S(field) offsetof(struct bpf_sock, field)

/* Everything that it may read, and in parts. */
static void add_fields(struct pair_prog *p)
{
	static const u32 words[] = {S(mark),	     S(bound_dev_if), S(family),   S(type),
				    S(protocol),     S(priority),     S(src_ip4),  S(src_ip6),
				    S(src_ip6) + 12, S(src_port),     S(dst_port), S(dst_ip4),
				    S(dst_ip6) + 12, S(state)};
	u32 at = 1;

	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		add_note(p, 4, words[i], at++);
	/* Linux gives -1 in 64 bits, of which its verifier knows nothing: 32 are compared. */
	PAIR_ADD(p, LOAD(BPF_W, 1, 7, S(rx_queue_mapping)), STORE(BPF_W, 9, 8 * at, 1));
	at++;
	add_note(p, 1, S(family), at++);
	add_note(p, 2, S(type), at++);
	add_note(p, 2, S(dst_port), at++);
	add_note(p, 1, S(dst_port) + 1, at++);
	add_note(p, 1, S(state), at++);
	add_note(p, 2, S(src_ip4) + 2, at++);
	add_note(p, 1, S(src_ip6) + 15, at++);
}

/* Whether the socket is a TCP one, listens, and is whole. */
static void add_kinds(struct pair_prog *p)
{
	static const u32 helpers[] = {BPF_FUNC_tcp_sock, BPF_FUNC_get_listener_sock,
				      BPF_FUNC_sk_fullsock};

	for (u32 i = 0; i < ARRAY_SIZE(helpers); i++)
		PAIR_ADD(p, MOV_REG(1, 7), CALL(helpers[i]), MOV_IMM(1, 1),
			 JUMP_IMM(BPF_JNE, 0, 0, 1), MOV_IMM(1, 2),
			 STORE(BPF_DW, 9, 8 * (30 + i), 1));
}

static void make_program(struct pair_prog *p, const struct query *q)
{
	u32 len, skip;

	memset(p, 0, sizeof(*p));
	p->type = BPF_PROG_TYPE_SCHED_CLS;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(p, 9);
	len = add_tuple(p, q);
	PAIR_ADD(p, MOV_REG(1, PAIR_CTX), MOV_REG(2, 10), ALU_IMM(BPF_ADD, 2, TUPLE),
		 MOV_IMM(3, len), MOV_IMM(4, q->netns), MOV_IMM(5, q->flags),
		 CALL(q->type == SOCK_STREAM ? BPF_FUNC_sk_lookup_tcp : BPF_FUNC_sk_lookup_udp),
		 STORE_IMM(BPF_DW, 9, 0, 1), MOV_REG(7, 0));
	skip = p->cnt;
	PAIR_ADD(p, JUMP_IMM(BPF_JEQ, 7, 0, 0));
	add_fields(p);
	add_kinds(p);
	/* Its packet did not come in: there is nothing to assign. */
	PAIR_ADD(p, MOV_REG(1, PAIR_CTX), MOV_REG(2, 7), MOV_IMM(3, 0), CALL(BPF_FUNC_sk_assign),
		 STORE(BPF_DW, 9, 8 * 40, 0), MOV_REG(1, PAIR_CTX), MOV_REG(2, 7), MOV_IMM(3, 1),
		 CALL(BPF_FUNC_sk_assign), STORE(BPF_DW, 9, 8 * 41, 0), MOV_REG(1, 7),
		 CALL(BPF_FUNC_sk_release), STORE(BPF_DW, 9, 8 * 42, 0));
	p->insns[skip].off = (s16)(p->cnt - skip - 1);
	PAIR_ADD(p, MOV_REG(1, PAIR_CTX), CALL(BPF_FUNC_get_socket_uid),
		 STORE(BPF_DW, 9, 8 * 43, 0), MOV_IMM(0, 0), EXIT());
}

static void make_attr(union bpf_attr *attr, const u8 *packet, u32 size)
{
	memset(attr, 0, sizeof(*attr));
	attr->test.data_in = ptr_to_u64(packet);
	attr->test.data_size_in = size;
}

static char log_text[65536];

static u64 ask(struct host *host, const struct query *q, bool with_kernel)
{
	static const u8 packet[64] = {0};
	u64 here[PAIR_RESULTS] = {0}, kernel[PAIR_RESULTS] = {0};
	struct pair_prog prog;
	union bpf_attr attr;
	int error;

	make_program(&prog, q);
	make_attr(&attr, packet, sizeof(packet));
	error = pair_run_here(host, &prog, here, &attr, log_text, sizeof(log_text));
	if (error)
		tap_fail("error %d: %s", error, log_text);
	if (!with_kernel)
		return here[1];
	make_attr(&attr, packet, sizeof(packet));
	check_eq(pair_run_kernel(&prog, kernel, &attr, log_text, sizeof(log_text)), 0);
	for (u32 i = 0; i < PAIR_RESULTS; i++)
		if (here[i] != kernel[i])
			tap_fail("family %u type %u %s:%u to %s:%u: result %u is %#" PRIx64
				 ", the kernel's %#" PRIx64,
				 q->family, q->type, q->src, q->sport, q->dst, q->dport, i, here[i],
				 kernel[i]);
	return here[1];
}

static void ask_all(struct host *host, u16 family, u16 type, const char *const *names, u32 cnt,
		    bool with_kernel, u32 *found)
{
	struct query q = {.family = family, .type = type, .netns = -1};

	for (u32 i = 0; i < cnt * cnt * ARRAY_SIZE(remote_ports); i++)
		for (q.dport = 1000; q.dport < 1008; q.dport++) {
			u64 mark;

			q.src = names[i % cnt];
			q.dst = names[i / cnt % cnt];
			q.sport = remote_ports[i / cnt / cnt];
			mark = ask(host, &q, with_kernel);
			if (mark && mark <= ARRAY_SIZE(sockets))
				found[mark - 1]++;
		}
}

/* Flags, and namespaces that there are not. */
static void ask_odd(struct host *host, bool with_kernel)
{
	struct query q = {AF_INET, SOCK_STREAM, "127.0.0.1", "127.0.0.1", 7000, 1000, -1, 0};

	tap_begin("odd lookups");
	check_eq(ask(host, &q, with_kernel), 1);
	q.flags = 1;
	check_eq(ask(host, &q, with_kernel), 0);
	q.flags = 0;
	q.netns = 12345;
	check_eq(ask(host, &q, with_kernel), 0);
	q.netns = -5;
	check_eq(ask(host, &q, with_kernel), 1);
	tap_end();
}

static void test_all(struct host *host, bool with_kernel)
{
	u32 found[ARRAY_SIZE(sockets)] = {0};

	tap_begin("TCP, IPv4");
	ask_all(host, AF_INET, SOCK_STREAM, names4, ARRAY_SIZE(names4), with_kernel, found);
	tap_end();
	tap_begin("UDP, IPv4");
	ask_all(host, AF_INET, SOCK_DGRAM, names4, ARRAY_SIZE(names4), with_kernel, found);
	tap_end();
	tap_begin("TCP, IPv6");
	ask_all(host, AF_INET6, SOCK_STREAM, names6, ARRAY_SIZE(names6), with_kernel, found);
	tap_end();
	tap_begin("UDP, IPv6");
	ask_all(host, AF_INET6, SOCK_DGRAM, names6, ARRAY_SIZE(names6), with_kernel, found);
	tap_end();
	ask_odd(host, with_kernel);
	tap_begin("each socket was found");
	for (u32 i = 0; i < ARRAY_SIZE(sockets); i++)
		if (!found[i])
			tap_fail("nobody found socket %u", i);
	tap_end();
}

int main(void)
{
	struct sock *open[ARRAY_SIZE(sockets)];
	bool with_kernel = open_kernel();
	struct host *host;

	if (!with_kernel)
		printf("# no kernel to compare with\n");
	if (host_new(NULL, &host))
		abort();
	for (u32 i = 0; i < ARRAY_SIZE(sockets); i++)
		open[i] = open_here(host, &sockets[i], i + 1);
	test_all(host, with_kernel);
	for (u32 i = 0; i < ARRAY_SIZE(sockets); i++)
		sock_put(open[i]);
	host_free(host);
	return tap_done();
}

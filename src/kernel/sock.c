/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and freeing sockets, their cookies and handles. */
#include "kernel/sock.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "kernel/psock.h"
#include "kernel/sockets.h"
#include "kernel/xdp.h"
#include "object/packet.h"

/* Linux's defaults: net.core.rmem_default and so on. */
#define SOCK_MEM_DEFAULT 212992
#define TCP_RCVBUF	 131072
#define TCP_SNDBUF	 16384
#define NO_QUEUE	 UINT16_MAX

static size_t size_of(u16 family, u16 type)
{
	bool v6 = family == AF_INET6;

	switch (family) {
	case AF_INET:
	case AF_INET6:
		if (type == SOCK_STREAM)
			return v6 ? sizeof(struct tcp6_sock) : sizeof(struct tcp_sock);
		if (type == SOCK_DGRAM)
			return v6 ? sizeof(struct udp6_sock) : sizeof(struct udp_sock);
		return sizeof(struct udp6_sock);
	case AF_UNIX:
		return sizeof(struct unix_sock);
	case AF_XDP:
		return sizeof(struct xdp_sock);
	default:
		return sizeof(struct sock);
	}
}

static void sock_unlink(struct kernel_object *kobj)
{
	sock_unhash((struct sock *)(void *)sock_common_of(kobj));
}

static void sock_free(struct kernel_object *kobj)
{
	struct sock *sk = (struct sock *)(void *)sock_common_of(kobj);

	net_put(sk->__sk_common.skc_net.net);
	if (sk->__sk_common.skc_family == AF_UNIX)
		sock_put(unix_sk(sk)->peer);
	if (sk->__sk_common.skc_family == AF_XDP)
		xdp_sock_drop(container_of(sk, struct xdp_sock, sk));
	mem_free(kobj->obj.host->mem, sk->host_sent.bytes);
	mem_free(kobj->obj.host->mem, sk->host_received.bytes);
	mem_free(kobj->obj.host->mem, sk);
}

/* As Linux's close(), whoever still holds the socket. */
static void sock_closed(struct object *obj)
{
	sock_close((struct sock *)(void *)sock_common_of(
		container_of(obj, struct kernel_object, obj)));
}

static const struct kernel_object_ops sock_ops = {
	.object = {.kind = OBJECT_SOCKET, .free = kernel_object_release, .closed = sock_closed},
	.unlink = sock_unlink,
	.free = sock_free,
};

/* What Linux has as IPv4 address of a socket that has an IPv6 one: 127.0.0.6, or the mapped one. */
static u32 stand_in(const u8 *address)
{
	static const u8 mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const u8 any[16], loopback[4] = {127, 0, 0, 6};

	if (!memcmp(address, any, sizeof(any)))
		return 0;
	return get_u32(memcmp(address, mapped, sizeof(mapped)) ? loopback : address + 12);
}

static void set_addresses(struct sock_common *skc, const struct sock_spec *spec)
{
	skc->skc_num = spec->local_port;
	skc->skc_dport = host_to_be16(spec->remote_port);
	if (spec->family == AF_INET) {
		skc->skc_rcv_saddr = get_u32(spec->local);
		skc->skc_daddr = get_u32(spec->remote);
	} else if (spec->family == AF_INET6) {
		memcpy(&skc->skc_v6_rcv_saddr, spec->local, 16);
		memcpy(&skc->skc_v6_daddr, spec->remote, 16);
		skc->skc_rcv_saddr = stand_in(spec->local);
		skc->skc_daddr = stand_in(spec->remote);
	}
}

static void set_common(struct sock_common *skc, const struct sock_spec *spec)
{
	skc->skc_family = spec->family;
	skc->skc_state = spec->state ? spec->state : BPF_TCP_CLOSE;
	skc->skc_reuseport = spec->reuseport;
	skc->skc_ipv6only = spec->ipv6only;
	skc->skc_bound_dev_if = spec->bound_dev_if;
	skc->skc_incoming_cpu = -1;
	skc->skc_tx_queue_mapping = NO_QUEUE;
	skc->skc_rx_queue_mapping = NO_QUEUE;
	skc->host_rx_queue_mapping = -1;
	skc->skc_refcnt.refs.counter = 1;
	set_addresses(skc, spec);
}

static void set_sock(struct sock *sk, const struct sock_spec *spec, u16 type, u16 protocol)
{
	sk->sk_type = type;
	sk->sk_protocol = protocol;
	sk->sk_mark = spec->mark;
	sk->sk_priority = spec->priority;
	sk->sk_uid.val = spec->uid;
	sk->sk_rcvbuf = type == SOCK_STREAM ? TCP_RCVBUF : SOCK_MEM_DEFAULT;
	sk->sk_sndbuf = type == SOCK_STREAM ? TCP_SNDBUF : SOCK_MEM_DEFAULT;
	sk->sk_rcvlowat = 1;
	sk->sk_wmem_alloc.refs.counter = 1;
	sk->sk_max_pacing_rate = UINT64_MAX;
	sk->sk_pacing_rate = UINT64_MAX;
	sk->sk_rcvtimeo = INT64_MAX;
	sk->sk_sndtimeo = INT64_MAX;
}

static void set_inet(struct sock *sk, const struct sock_spec *spec)
{
	struct inet_sock *inet = inet_sk(sk);

	inet->inet_saddr = sk->__sk_common.skc_rcv_saddr;
	inet->inet_sport = host_to_be16(spec->local_port);
	inet->uc_ttl = -1;
	if (spec->family != AF_INET6)
		return;
	inet->pinet6 =
		sk->sk_type == SOCK_STREAM
			? &container_of(sk, struct tcp6_sock, tcp.inet_conn.icsk_inet.sk)->inet6
			: &container_of(sk, struct udp6_sock, udp.inet.sk)->inet6;
	inet->pinet6->saddr = sk->__sk_common.skc_v6_rcv_saddr;
	inet->pinet6->hop_limit = -1;
}

/* As a connection of Linux begins: RFC 6928's window, no round trip measured. */
static void set_tcp(struct tcp_sock *tp)
{
	memcpy(tp->inet_conn.host_ca_name, "cubic", sizeof("cubic"));
	tp->inet_conn.icsk_rto = 1000;
	tp->snd_cwnd = 10;
	tp->snd_cwnd_clamp = UINT32_MAX;
	tp->snd_ssthresh = INT32_MAX;
	tp->mss_cache = 536;
	tp->reordering = 3;
	tp->rtt_min.s[0].v = UINT32_MAX;
}

static void set_unix(struct unix_sock *u, const char *path)
{
	size_t len = strlen(path);

	u->addr = &u->host_addr;
	u->host_addr.refcnt.refs.counter = 1;
	u->host_addr.name[0].sun_family = AF_UNIX;
	memcpy(u->host_addr.name[0].sun_path, path, len);
	u->host_addr.len = (s32)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

static u16 default_protocol(u16 family, u16 type)
{
	if (family != AF_INET && family != AF_INET6)
		return 0;
	return type == SOCK_STREAM ? IPPROTO_TCP : type == SOCK_DGRAM ? IPPROTO_UDP : 0;
}

static struct net *net_for(struct host *host, const struct sock_spec *spec)
{
	struct net *net = spec->net ? spec->net : net_init_ns(host);

	if (net)
		kernel_object_get(&net->host_object);
	return net;
}

int sock_create(struct host *host, const struct sock_spec *spec, struct sock **out)
{
	u16 type = spec->type ? spec->type : spec->family ? SOCK_STREAM : 0;
	u16 protocol = spec->protocol ? spec->protocol : default_protocol(spec->family, type);
	struct sock *sk;

	if (spec->path && (spec->family != AF_UNIX ||
			   strlen(spec->path) >= sizeof(((struct sockaddr_un *)0)->sun_path)))
		return -EINVAL;
	sk = mem_zalloc(host->mem, size_of(spec->family, type));
	if (!sk)
		return -ENOMEM;
	sk->__sk_common.skc_net.net = net_for(host, spec);
	if (!sk->__sk_common.skc_net.net) {
		mem_free(host->mem, sk);
		return -ENOMEM;
	}
	kernel_object_init(sock_object(sk), &sock_ops, host);
	set_common(&sk->__sk_common, spec);
	set_sock(sk, spec, type, protocol);
	if (sk_is_inet(sk))
		set_inet(sk, spec);
	if (sk_is_tcp(sk))
		set_tcp(tcp_sk(sk));
	if (spec->path)
		set_unix(unix_sk(sk), spec->path);
	*out = sk;
	return 0;
}

/* ---- queues ---- */

static bool make_room(struct host *host, struct sock_queue *queue, u32 more)
{
	u64 size = (u64)queue->len + more;
	u8 *bytes;

	if (size <= queue->room)
		return true;
	bytes = size > UINT32_MAX ? NULL : mem_realloc(host->mem, queue->bytes, size);
	if (!bytes)
		return false;
	queue->bytes = bytes;
	queue->room = (u32)size;
	return true;
}

int sock_queue_add(struct host *host, struct sock_queue *queue, const void *data, u32 len)
{
	bool room;

	if (!len)
		return 0;
	spin_lock(&queue->lock);
	room = make_room(host, queue, len);
	if (room) {
		memcpy(queue->bytes + queue->len, data, len);
		queue->len += len;
	}
	spin_unlock(&queue->lock);
	return room ? 0 : -ENOMEM;
}

u32 sock_queue_take(struct sock_queue *queue, void *to, u32 size)
{
	u32 n;

	spin_lock(&queue->lock);
	n = queue->len < size ? queue->len : size;
	if (n) {
		memcpy(to, queue->bytes, n);
		memmove(queue->bytes, queue->bytes + n, queue->len - n);
		queue->len -= n;
	}
	spin_unlock(&queue->lock);
	return n;
}

/* ---- cookies and handles ---- */

u64 sock_gen_cookie(struct sock *sk)
{
	s64 *cookie = &sk->__sk_common.skc_cookie.counter, none = 0, fresh;
	struct sockets *sockets = host_sockets(sock_host(sk));
	s64 seen = __atomic_load_n(cookie, __ATOMIC_RELAXED);

	if (seen)
		return (u64)seen;
	fresh = (s64)atomic_fetch_add(&sockets->next_cookie, 1);
	if (__atomic_compare_exchange_n(cookie, &none, fresh, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return (u64)fresh;
	return (u64)none;
}

int sock_open(struct sock *sk)
{
	return handle_open(&sock_object(sk)->obj);
}

int sock_from_handle(struct host *host, int handle, struct sock **sk)
{
	struct object *obj = handle_get(host, handle);

	if (!obj)
		return -EBADF;
	if (obj->ops->kind != OBJECT_SOCKET) {
		object_put(obj);
		return -ENOTSOCK;
	}
	*sk = (struct sock *)(void *)sock_common_of(container_of(obj, struct kernel_object, obj));
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that find sockets, let go of them, and take them for what they are.
 * A reference is struct kernel_object's: listening sockets have one like all
 * others, where Linux counts none.
 */
#include <string.h>

#include "base/bytes.h"
#include "helper/flow.h"
#include "helper/functions.h"
#include "helper/kobj.h"
#include "helper/sk_lookup.h"
#include "helper/skb.h"
#include "kernel/sock_table.h"

/* What Linux answers where a packet has no socket with an owner. */
#define OVERFLOW_UID 65534

static struct sock *sock_at(u64 r)
{
	return u64_to_ptr(r);
}

static u64 sock_result(const struct sock *sk)
{
	return ptr_to_u64(sk);
}

/* With a reference. */
static u64 sock_found(struct run *run, struct sock *sk)
{
	return sk ? give_kernel_object(run, sk, sock_object(sk)) : 0;
}

/* ---- lookups ---- */

/* The namespace that is asked for: negative numbers mean the packet's own. NULL: none. */
static struct net *find_net(struct host *host, struct net *own, u64 netns)
{
	if ((s32)netns >= 0)
		return netns > INT32_MAX ? NULL : net_by_id(host, (u32)netns);
	if (own)
		kernel_object_get(&own->host_object);
	return own;
}

static bool read_tuple(struct sock_key *key, const struct bpf_sock_tuple *tuple, u64 len)
{
	if (len == sizeof(tuple->ipv4)) {
		key->family = AF_INET;
		key->saddr = &tuple->ipv4.saddr;
		key->daddr = &tuple->ipv4.daddr;
		key->sport = tuple->ipv4.sport;
		key->dport = be16_to_host(tuple->ipv4.dport);
		return true;
	}
	if (len == sizeof(tuple->ipv6)) {
		key->family = AF_INET6;
		key->saddr = tuple->ipv6.saddr;
		key->daddr = tuple->ipv6.daddr;
		key->sport = tuple->ipv6.sport;
		key->dport = be16_to_host(tuple->ipv6.dport);
		return true;
	}
	return false;
}

/* Where a packet is: its namespace and the device that it came in by. */
struct place {
	struct net *net;
	s32 dif;
};

static struct sock *look_up(struct run *run, const struct place *place, u16 protocol, u64 tuple,
			    u64 len, u64 netns, u64 flags)
{
	struct sock_key key = {.protocol = protocol, .dif = place->dif};
	struct sock *sk;
	struct net *net;

	if (!read_tuple(&key, u64_to_ptr(tuple), len) || flags)
		return NULL;
	net = find_net(run->host, place->net, netns);
	if (!net)
		return NULL;
	key.net = net;
	sk = sock_lookup(run->host, &key);
	net_put(net);
	return sk;
}

/* A request stands for the socket that listens; the reference is exchanged. */
static struct sock *to_full(struct sock *sk)
{
	struct sock *full = sk ? sk_to_full_sk(sk) : NULL;

	if (full == sk && (!sk || sk_fullsock(sk)))
		return sk;
	if (full == sk || !kernel_object_try_get(sock_object(full)))
		full = NULL;
	sock_put(sk);
	return full;
}

static struct place place_of_skb(struct run *run, const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	if (skb->ifindex || !sk)
		return (struct place){net_init_ns(run->host), (s32)skb->ifindex};
	return (struct place){sk->__sk_common.skc_net.net, 0};
}

static struct place place_of_xdp(struct run *run, const struct xdp_buff *xdp)
{
	return (struct place){net_init_ns(run->host), (s32)xdp->ingress_ifindex};
}

DEFINE_HELPER(helper_sk_lookup_tcp)
{
	struct place place = place_of_skb(run, u64_to_ptr(r1));

	return sock_found(run, to_full(look_up(run, &place, IPPROTO_TCP, r2, r3, r4, r5)));
}

DEFINE_HELPER(helper_sk_lookup_udp)
{
	struct place place = place_of_skb(run, u64_to_ptr(r1));

	return sock_found(run, to_full(look_up(run, &place, IPPROTO_UDP, r2, r3, r4, r5)));
}

DEFINE_HELPER(helper_skc_lookup_tcp)
{
	struct place place = place_of_skb(run, u64_to_ptr(r1));

	return sock_found(run, look_up(run, &place, IPPROTO_TCP, r2, r3, r4, r5));
}

DEFINE_HELPER(helper_xdp_sk_lookup_tcp)
{
	struct place place = place_of_xdp(run, u64_to_ptr(r1));

	return sock_found(run, to_full(look_up(run, &place, IPPROTO_TCP, r2, r3, r4, r5)));
}

DEFINE_HELPER(helper_xdp_sk_lookup_udp)
{
	struct place place = place_of_xdp(run, u64_to_ptr(r1));

	return sock_found(run, to_full(look_up(run, &place, IPPROTO_UDP, r2, r3, r4, r5)));
}

DEFINE_HELPER(helper_xdp_skc_lookup_tcp)
{
	struct place place = place_of_xdp(run, u64_to_ptr(r1));

	return sock_found(run, look_up(run, &place, IPPROTO_TCP, r2, r3, r4, r5));
}

DEFINE_HELPER(helper_sk_release)
{
	take_kernel_object(run, sock_object(sock_at(r1)));
	return 0;
}

/* ---- where a packet goes ---- */

DEFINE_HELPER(helper_sk_assign)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	struct sock *sk = sock_at(r2);

	if (!sk || r3)
		return helper_error(-EINVAL);
	if (!skb->at_ingress)
		return helper_error(-EOPNOTSUPP);
	if (sk->__sk_common.skc_net.net != place_of_skb(run, skb).net)
		return helper_error(-ENETUNREACH);
	if (!sk->__sk_common.host_bucket)
		return helper_error(-EOPNOTSUPP);
	if (!kernel_object_try_get(sock_object(sk)))
		return helper_error(-ENOENT);
	if (skb->owns_sk)
		sock_put(skb->sk);
	skb->sk = sk;
	skb->owns_sk = true;
	return 0;
}

/* Linux takes no sockets here whose references it counts: connections, sockets without a port. */
static bool may_select(const struct sock *sk)
{
	u8 state = sk->__sk_common.skc_state;

	if (!sk_fullsock(sk) || !sk->__sk_common.host_bucket)
		return false;
	return sk_is_tcp(sk) ? state == BPF_TCP_LISTEN : sk_is_udp(sk) && state == BPF_TCP_CLOSE;
}

DEFINE_HELPER(helper_lookup_sk_assign)
{
	struct sk_lookup *lookup = u64_to_ptr(r1);
	struct sock *sk = sock_at(r2);
	u16 family;

	if (r3 & ~(u64)(BPF_SK_LOOKUP_F_REPLACE | BPF_SK_LOOKUP_F_NO_REUSEPORT))
		return helper_error(-EINVAL);
	if (sk && !may_select(sk))
		return helper_error(-ESOCKTNOSUPPORT);
	if (sk && sk->sk_protocol != (u16)lookup->view.protocol)
		return helper_error(-EPROTOTYPE);
	family = sk ? sk->__sk_common.skc_family : 0;
	if (sk && family != (u16)lookup->view.family &&
	    (family == AF_INET || sk->__sk_common.skc_ipv6only))
		return helper_error(-EAFNOSUPPORT);
	if (lookup->view.sk && !(r3 & BPF_SK_LOOKUP_F_REPLACE))
		return helper_error(-EEXIST);
	lookup->view.sk = (struct bpf_sock *)(void *)sk;
	lookup->no_reuseport = r3 & BPF_SK_LOOKUP_F_NO_REUSEPORT;
	return 0;
}

/* ---- what a socket is; all give the pointer itself, or NULL ---- */

DEFINE_HELPER(helper_sk_fullsock)
{
	return sk_fullsock(sock_at(r1)) ? r1 : 0;
}

DEFINE_HELPER(helper_tcp_sock)
{
	struct sock *sk = sk_to_full_sk(sock_at(r1));

	return sk_fullsock(sk) && sk_is_tcp(sk) ? sock_result(sk) : 0;
}

DEFINE_HELPER(helper_get_listener_sock)
{
	struct sock *sk = sk_to_full_sk(sock_at(r1));

	return sk->__sk_common.skc_state == BPF_TCP_LISTEN ? sock_result(sk) : 0;
}

DEFINE_HELPER(helper_skc_to_tcp_sock)
{
	const struct sock *sk = sock_at(r1);

	return sk && sk_fullsock(sk) && sk_is_tcp(sk) ? r1 : 0;
}

DEFINE_HELPER(helper_skc_to_tcp6_sock)
{
	const struct sock *sk = sock_at(r1);

	return sk && sk_fullsock(sk) && sk_is_tcp(sk) && sk->__sk_common.skc_family == AF_INET6 ? r1
												: 0;
}

DEFINE_HELPER(helper_skc_to_udp6_sock)
{
	const struct sock *sk = sock_at(r1);

	return sk && sk_fullsock(sk) && sk_is_udp(sk) && sk->__sk_common.skc_family == AF_INET6 ? r1
												: 0;
}

DEFINE_HELPER(helper_skc_to_tcp_timewait_sock)
{
	const struct sock *sk = sock_at(r1);

	return sk && sk_is_inet(sk) && sk->__sk_common.skc_state == BPF_TCP_TIME_WAIT ? r1 : 0;
}

DEFINE_HELPER(helper_skc_to_tcp_request_sock)
{
	const struct sock *sk = sock_at(r1);

	return sk && sk_is_inet(sk) && sk->__sk_common.skc_state == BPF_TCP_NEW_SYN_RECV ? r1 : 0;
}

DEFINE_HELPER(helper_skc_to_unix_sock)
{
	const struct sock *sk = sock_at(r1);

	return sk && sk_fullsock(sk) && sk_is_unix(sk) ? r1 : 0;
}

/* The host has no MPTCP, as kernels may. */
DEFINE_HELPER(helper_skc_to_mptcp_sock)
{
	return 0;
}

/* ---- whose it is ---- */

DEFINE_HELPER(helper_get_socket_cookie)
{
	const struct sk_buff *skb = u64_to_ptr(r1);

	return skb->sk ? sock_gen_cookie(skb->sk) : 0;
}

DEFINE_HELPER(helper_ptr_get_socket_cookie)
{
	struct sock *sk = sock_at(r1);

	return sk ? sock_gen_cookie(sk) : 0;
}

DEFINE_HELPER(helper_get_socket_uid)
{
	const struct sk_buff *skb = u64_to_ptr(r1);
	struct sock *sk = skb->sk ? sk_to_full_sk(skb->sk) : NULL;

	return sk && sk_fullsock(sk) ? sk->sk_uid.val : OVERFLOW_UID;
}

/* A flow dissector may have bytes only, which its own context leads to. */
DEFINE_HELPER(helper_flow_load_bytes)
{
	const struct bpf_flow_dissector *ctx = u64_to_ptr(r1);
	u32 offset = (u32)r2, len = (u32)r4;
	void *to = u64_to_ptr(r3);

	if (ctx->skb && offset <= 0xffff)
		return helper_error(skb_load(ctx->skb, offset, to, len));
	memset(to, 0, len);
	return helper_error(-EFAULT);
}

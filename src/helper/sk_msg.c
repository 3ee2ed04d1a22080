/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on messages and streams of sockets that are in maps: where they go, what they say. */
#include "helper/sk_msg.h"

#include <string.h>

#include "helper/functions.h"
#include "helper/skb.h"
#include "helper/sock_ops.h"
#include "map/sock_map.h"

static struct sk_msg *msg_at(u64 r)
{
	return u64_to_ptr(r);
}

static void show_all(struct sk_msg *msg)
{
	msg->data = msg->buf;
	msg->data_end = msg->buf + msg->size;
}

/* ---- how much a verdict is for ---- */

DEFINE_HELPER(helper_msg_apply_bytes)
{
	msg_at(r1)->apply_bytes = (u32)r2;
	return 0;
}

DEFINE_HELPER(helper_msg_cork_bytes)
{
	msg_at(r1)->cork_bytes = (u32)r2;
	return 0;
}

/* ---- what the message says ---- */

DEFINE_HELPER(helper_msg_pull_data)
{
	struct sk_msg *msg = msg_at(r1);
	u32 start = (u32)r2, end = (u32)r3;

	if (r4 || end <= start || end > msg->size)
		return helper_error(-EINVAL);
	msg->data = msg->buf + start;
	msg->data_end = msg->buf + end;
	return 0;
}

static bool make_room(struct run *run, struct sk_msg *msg, u32 more)
{
	u8 *buf;

	if (more <= msg->room - msg->size)
		return true;
	if (more > SK_MSG_MAX - msg->size)
		return false;
	buf = mem_realloc(run->host->mem, msg->buf, msg->size + more);
	if (!buf)
		return false;
	msg->buf = buf;
	msg->room = msg->size + more;
	return true;
}

/* What is new is zero, where Linux leaves what was in its page. */
DEFINE_HELPER(helper_msg_push_data)
{
	struct sk_msg *msg = msg_at(r1);
	u32 start = (u32)r2, len = (u32)r3;

	if (r4)
		return helper_error(-EINVAL);
	if (!len)
		return 0;
	if (start > msg->size)
		return helper_error(-EINVAL);
	if (!make_room(run, msg, len))
		return helper_error(-ENOMEM);
	memmove(msg->buf + start + len, msg->buf + start, msg->size - start);
	memset(msg->buf + start, 0, len);
	msg->size += len;
	show_all(msg);
	return 0;
}

DEFINE_HELPER(helper_msg_pop_data)
{
	struct sk_msg *msg = msg_at(r1);
	u32 start = (u32)r2, len = (u32)r3;

	if (r4)
		return helper_error(-EINVAL);
	if (!len)
		return 0;
	if (start >= msg->size || len > msg->size - start)
		return helper_error(-EINVAL);
	memmove(msg->buf + start, msg->buf + start + len, msg->size - start - len);
	msg->size -= len;
	show_all(msg);
	return 0;
}

/* ---- where it goes ---- */

/* A reference of the socket that may have it, or NULL. */
static struct sock *find_target(struct map *map, const void *key, u64 flags, bool message)
{
	struct sock *sk;

	if (flags & ~(u64)BPF_F_INGRESS)
		return NULL;
	sk = sock_map_get(map, key);
	if (!sk)
		return NULL;
	if (sk_redirect_allowed(sk) && (!message || flags & BPF_F_INGRESS || sk_is_tcp(sk)))
		return sk;
	sock_put(sk);
	return NULL;
}

static u64 redirect_msg(struct sk_msg *msg, struct map *map, const void *key, u64 flags)
{
	struct sock *sk = find_target(map, key, flags, true);

	if (!sk)
		return SK_DROP;
	sock_put(msg->sk_redir);
	msg->sk_redir = sk;
	msg->redir_flags = flags;
	return SK_PASS;
}

DEFINE_HELPER(helper_msg_redirect_map)
{
	u32 key = (u32)r3;

	return redirect_msg(msg_at(r1), u64_to_ptr(r2), &key, r4);
}

DEFINE_HELPER(helper_msg_redirect_hash)
{
	return redirect_msg(msg_at(r1), u64_to_ptr(r2), u64_to_ptr(r3), r4);
}

static u64 redirect_skb(struct sk_buff *skb, struct map *map, const void *key, u64 flags)
{
	struct sock *sk = find_target(map, key, flags, false);

	if (!sk)
		return SK_DROP;
	sock_put(skb->sk_redir);
	skb->sk_redir = sk;
	skb->redir_flags = flags;
	return SK_PASS;
}

DEFINE_HELPER(helper_sk_redirect_map)
{
	u32 key = (u32)r3;

	return redirect_skb(u64_to_ptr(r1), u64_to_ptr(r2), &key, r4);
}

DEFINE_HELPER(helper_sk_redirect_hash)
{
	return redirect_skb(u64_to_ptr(r1), u64_to_ptr(r2), u64_to_ptr(r3), r4);
}

/* ---- streams ---- */

DEFINE_HELPER(helper_sk_skb_adjust_room)
{
	struct sk_buff *skb = u64_to_ptr(r1);
	s32 diff = (s32)r2;
	u32 len = (u32)(diff < 0 ? -(s64)diff : diff);

	if (r4 || (u32)r3)
		return helper_error(-EINVAL);
	if (len > 0xfff)
		return helper_error(-EFAULT);
	if (diff < 0) {
		if (len > skb->len)
			return helper_error(-ENOMEM);
		skb_pull(skb, len);
		return 0;
	}
	if (skb_make_room(skb, len, 0))
		return helper_error(-ENOMEM);
	skb_push(skb, len);
	/* Linux leaves what was before the packet. */
	memset(skb->data, 0, len);
	return 0;
}

/* ---- sockets that events are of ---- */

static bool may_enter_map(const struct sock_ops *ops)
{
	u32 op = ops->view.op;

	return op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB ||
	       op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB || op == BPF_SOCK_OPS_TCP_LISTEN_CB;
}

static u64 enter_map(struct sock_ops *ops, struct map *map, const void *key, u64 flags)
{
	if (!may_enter_map(ops))
		return helper_error(-EOPNOTSUPP);
	return helper_error(sock_map_update(map, key, sock_ops_sk(ops), flags));
}

DEFINE_HELPER(helper_sock_map_update)
{
	return enter_map(u64_to_ptr(r1), u64_to_ptr(r2), u64_to_ptr(r3), r4);
}

DEFINE_HELPER(helper_sock_hash_update)
{
	return enter_map(u64_to_ptr(r1), u64_to_ptr(r2), u64_to_ptr(r3), r4);
}

DEFINE_HELPER(helper_ops_get_socket_cookie)
{
	return sock_gen_cookie(sock_ops_sk(u64_to_ptr(r1)));
}

DEFINE_HELPER(helper_ops_get_netns_cookie)
{
	struct sock_ops *ops = u64_to_ptr(r1);

	return ops ? sock_ops_sk(ops)->__sk_common.skc_net.net->net_cookie : INIT_NET_COOKIE;
}

DEFINE_HELPER(helper_msg_get_netns_cookie)
{
	const struct sk_msg *msg = u64_to_ptr(r1);

	return msg ? msg->sk->__sk_common.skc_net.net->net_cookie : INIT_NET_COOKIE;
}

DEFINE_HELPER(helper_sock_ops_cb_flags_set)
{
	struct sock_ops *ops = u64_to_ptr(r1);
	struct sock *sk = sock_ops_sk(ops);
	u32 flags = (u32)r2, known = flags & BPF_SOCK_OPS_ALL_CB_FLAGS;

	if (!sk_fullsock(sk) || !sk_is_tcp(sk))
		return helper_error(-EINVAL);
	tcp_sk(sk)->bpf_sock_ops_cb_flags = (u8)known;
	ops->view.bpf_sock_ops_cb_flags = known;
	return flags & ~(u32)BPF_SOCK_OPS_ALL_CB_FLAGS;
}

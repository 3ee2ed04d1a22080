/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that choose a socket of a group that shares a port. */
#include "helper/reuseport.h"

#include "helper/functions.h"
#include "helper/skb.h"
#include "kernel/sock_table.h"
#include "map/reuseport_array.h"
#include "map/sock_map.h"

static int check_group(const struct sock *own, const struct sock *sk, bool array)
{
	if (!sk->sk_reuseport_cb)
		return array ? -ENOENT : -EINVAL;
	if (sk->sk_reuseport_cb == own->sk_reuseport_cb)
		return 0;
	if (sk->sk_protocol != own->sk_protocol)
		return -EPROTOTYPE;
	if (sk->__sk_common.skc_family != own->__sk_common.skc_family)
		return -EAFNOSUPPORT;
	return -EBADFD;
}

DEFINE_HELPER(helper_sk_select_reuseport)
{
	struct sk_reuseport *ctx = u64_to_ptr(r1);
	struct map *map = u64_to_ptr(r2);
	bool array = map->desc.type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY;
	const void *key = u64_to_ptr(r3);
	struct sock *sk = array ? reuseport_array_get(map, key) : sock_map_get(map, key);
	int err = sk ? check_group(ctx->sk, sk, array) : -ENOENT;

	if (err) {
		sock_put(sk);
		return helper_error(err);
	}
	sock_put(ctx->selected_sk);
	ctx->selected_sk = sk;
	return 0;
}

DEFINE_HELPER(helper_reuseport_load_bytes)
{
	const struct sk_reuseport *ctx = u64_to_ptr(r1);

	return helper_error(skb_load(ctx->skb, (u32)r2, u64_to_ptr(r3), (u32)r4));
}

DEFINE_HELPER(helper_reuseport_load_bytes_relative)
{
	const struct sk_reuseport *ctx = u64_to_ptr(r1);

	return helper_skb_load_bytes_relative(ptr_to_u64(ctx->skb), r2, r3, r4, r5, run);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of control groups; group_types.c says what they get and must give. */
#include "runs.h"

#include <bpf/bpf_endian.h>

__u64 seen[16];
char name[32], base[16], current_value[8], new_value[8];

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} of_sock SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, __u64);
} of_group SEC(".maps");

SEC("cgroup/sock_create") int sock_create(struct bpf_sock *ctx)
{
	__u64 *count = bpf_get_local_storage(&of_group, 0);
	__u64 *value = bpf_sk_storage_get(&of_sock, ctx, 0, BPF_SK_STORAGE_GET_F_CREATE);

	seen[0] = ctx->family | ctx->type << 8 | ctx->protocol << 16;
	seen[1] = ctx->mark + ctx->priority;
	seen[2] = bpf_get_socket_cookie(ctx) != 0;
	seen[3] = ++*count;
	if (value)
		seen[4] = ++*value;
	ctx->mark = 77;
	ctx->priority += 1;
	ctx->bound_dev_if = 3;
	return bpf_get_retval() == 0;
}

SEC("cgroup/post_bind4") int post_bind(struct bpf_sock *ctx)
{
	seen[0] = ctx->src_ip4;
	seen[1] = ctx->src_port;
	seen[2] = ctx->dst_port;
	seen[3] = *((__u8 *)&ctx->src_ip4 + 3);
	bpf_set_retval(-13);
	return 0;
}

SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	seen[0] = ctx->user_ip4;
	seen[1] = bpf_ntohs(ctx->user_port);
	seen[2] = sk ? sk->family | sk->type << 8 | sk->protocol << 16 : 0;
	ctx->user_ip4 = bpf_htonl(0x7f000001);
	ctx->user_port = bpf_htons(4242);
	return 1;
}

SEC("cgroup/sendmsg6") int sendmsg6(struct bpf_sock_addr *ctx)
{
	seen[0] = ctx->user_ip6[3];
	ctx->msg_src_ip6[0] = 1;
	ctx->msg_src_ip6[3] = ctx->user_ip6[3];
	return 0;
}

SEC("cgroup/getsockopt") int getsockopt(volatile struct bpf_sockopt *ctx)
{
	__u8 *value = ctx->optval, *end = ctx->optval_end;

	seen[0] = ctx->level;
	seen[1] = ctx->optname;
	seen[2] = ctx->optlen;
	seen[3] = (__u64)(__s64)bpf_get_retval();
	seen[4] = end - value;
	if (value + 2 > end)
		return 0;
	value[0] = value[0] + value[1];
	ctx->optlen = 1;
	ctx->retval = 0;
	seen[5] = (__u64)(__s64)bpf_get_retval();
	return 1;
}

SEC("cgroup/setsockopt") int setsockopt(volatile struct bpf_sockopt *ctx)
{
	ctx->level = 6;
	ctx->optname = 1;
	ctx->optlen = -1;
	seen[0] = ctx->sk ? ctx->sk->protocol : 0;
	return 1;
}

SEC("cgroup/sysctl") int sysctl(struct bpf_sysctl *ctx)
{
	static const char other[] = "12 34";

	seen[0] = ctx->write;
	seen[1] = ctx->file_pos;
	seen[2] = (__u64)bpf_sysctl_get_name(ctx, name, sizeof(name), 0);
	seen[3] = (__u64)bpf_sysctl_get_name(ctx, base, sizeof(base), BPF_F_SYSCTL_BASE_NAME);
	seen[4] = (__u64)bpf_sysctl_get_name(ctx, base, 4, BPF_F_SYSCTL_BASE_NAME);
	seen[5] = (__u64)bpf_sysctl_get_current_value(ctx, current_value, sizeof(current_value));
	seen[6] = (__u64)bpf_sysctl_get_new_value(ctx, new_value, sizeof(new_value));
	seen[7] = (__u64)bpf_sysctl_get_current_value(ctx, current_value, 3);
	seen[8] = (__u64)bpf_sysctl_set_new_value(ctx, other, sizeof(other) - 1);
	ctx->file_pos = 9;
	return 1;
}

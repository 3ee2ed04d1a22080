/* SPDX-License-Identifier: BSD-2-Clause */
/* Program types that take no packet, or see it from the network header on. */
#include "runs.h"

#include <bpf/bpf_endian.h>

__u64 seen[64];

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("raw_tp/sched_switch") int raw_args(struct bpf_raw_tracepoint_args *ctx)
{
	seen[0] = ctx->args[0] + 2 * ctx->args[1];
	seen[1] = ctx->args[3];
	return 0;
}

struct args {
	__u64 a, b;
	__u32 c;
};

SEC("syscall") int writes_context(struct args *ctx)
{
	__u64 one = 1, *count;
	__u32 key = ctx->c & 3;

	MUST(ctx->a == 0x0706050403020100ull);
	MUST(!bpf_map_update_elem(&counts, &key, &one, BPF_ANY));
	count = bpf_map_lookup_elem(&counts, &key);
	MUST(count);
	__sync_fetch_and_add(count, 41);
	ctx->b = *count;
	ctx->c = (__u32)bpf_get_current_pid_tgid() != 0;
	seen[2] = ctx->b + ctx->c;
	return 0;
}

static __always_inline int look(struct __sk_buff *skb, __u32 at)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u8 *byte = data;

	seen[at & 63] = skb->len;
	seen[(at + 1) & 63] = skb->protocol;
	MUST(data + 4 <= end);
	seen[(at + 2) & 63] = byte[0] | byte[1] << 8 | byte[3] << 16;
	skb->mark = at;
	skb->cb[1] = 5;
	seen[(at + 3) & 63] = skb->mark + skb->cb[1] + skb->ifindex;
	return 0;
}

SEC("cgroup_skb/ingress") int group_packet(struct __sk_buff *skb)
{
	look(skb, 8);
	seen[12] = skb->family;
	seen[13] = skb->remote_ip4;
	seen[14] = skb->local_ip4;
	seen[15] = skb->local_port;
	return 0;
}

SEC("lwt_in") int tunnel_in(struct __sk_buff *skb)
{
	return look(skb, 16);
}

SEC("lwt_out") int tunnel_out(struct __sk_buff *skb)
{
	return look(skb, 24);
}

SEC("lwt_xmit") int tunnel_xmit(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u8 *byte = data;
	int line = look(skb, 32);

	MUST(!line);
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	byte = data;
	MUST(data + 16 <= end);
	byte[8] = 7;
	seen[36] = byte[8] + byte[9];
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) int f8(struct xdp_md *ctx)
{
	return ctx->rx_queue_index;
}

static __attribute__((noinline)) int f7(struct xdp_md *ctx)
{
	return f8(ctx) + 1;
}

static __attribute__((noinline)) int f6(struct xdp_md *ctx)
{
	return f7(ctx) + 1;
}

static __attribute__((noinline)) int f5(struct xdp_md *ctx)
{
	return f6(ctx) + 1;
}

static __attribute__((noinline)) int f4(struct xdp_md *ctx)
{
	return f5(ctx) + 1;
}

static __attribute__((noinline)) int f3(struct xdp_md *ctx)
{
	return f4(ctx) + 1;
}

static __attribute__((noinline)) int f2(struct xdp_md *ctx)
{
	return f3(ctx) + 1;
}

static __attribute__((noinline)) int f1(struct xdp_md *ctx)
{
	return f2(ctx) + 1;
}

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	return f1(ctx) + 1;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	return f2(ctx) + 1;
}

char LICENSE[] SEC("license") = "GPL";

/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("cgroup/dev")
int bad(struct bpf_cgroup_dev_ctx *ctx)
{
	return ctx->major == 1 ? 2 : 0;
}

SEC("cgroup/dev")
int fixed(struct bpf_cgroup_dev_ctx *ctx)
{
	return ctx->major == 1 ? 1 : 0;
}

char LICENSE[] SEC("license") = "GPL";

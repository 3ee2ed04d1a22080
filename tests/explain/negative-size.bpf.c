/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct registers {
	unsigned long words[21];
};

char copy[64];

static long (*read_kernel)(void *to, long len, const void *from) = (void *)BPF_FUNC_probe_read_kernel;

SEC("kprobe/do_nothing")
int bad(struct registers *ctx)
{
	long len = ctx->words[13];

	if (len > 64)
		return 0;
	read_kernel(copy, len, (void *)ctx->words[14]);
	return 0;
}

SEC("kprobe/do_nothing")
int fixed(struct registers *ctx)
{
	unsigned long len = ctx->words[13];

	if (len > 64)
		return 0;
	read_kernel(copy, len, (void *)ctx->words[14]);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct pt_regs_part {
	unsigned long words[21];
};

SEC("kprobe/do_nothing")
int bad(struct pt_regs_part *ctx)
{
	__u32 *object = (void *)ctx->words[14];

	return *object;
}

SEC("kprobe/do_nothing")
int fixed(struct pt_regs_part *ctx)
{
	__u32 *object = (void *)ctx->words[14], value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), object);
	return value;
}

char LICENSE[] SEC("license") = "GPL";

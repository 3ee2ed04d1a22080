/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("kprobe/do_nothing")
int bad(void *ctx)
{
	__u32 value = 0;

	bpf_copy_from_user(&value, sizeof(value), (void *)4096);
	return value;
}

SEC("kprobe/do_nothing")
int fixed(void *ctx)
{
	__u32 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)4096);
	return value;
}

char LICENSE[] SEC("license") = "GPL";

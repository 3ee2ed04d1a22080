/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tracepoint/syscalls/sys_enter_getpid")
int bad(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, 32);
	return comm[0] == 'x';
}

SEC("tracepoint/syscalls/sys_enter_getpid")
int fixed(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == 'x';
}

char LICENSE[] SEC("license") = "GPL";

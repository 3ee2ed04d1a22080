/* SPDX-License-Identifier: BSD-2-Clause */
/* options: --profile no-perfmon */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
__attribute__((naked)) int bad(void)
{
	asm volatile("r0 = *(u64 *)(r10 - 8);"
		     "exit;"
		     :
		     :
		     : "memory");
}

SEC("socket")
__attribute__((naked)) int fixed(void)
{
	asm volatile("*(u64 *)(r10 - 8) = 0;"
		     "r0 = *(u64 *)(r10 - 8);"
		     "exit;"
		     :
		     :
		     : "memory");
}

char LICENSE[] SEC("license") = "GPL";

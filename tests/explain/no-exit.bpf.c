/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
__attribute__((naked)) int bad(void)
{
	asm volatile("r0 = 0;" : : : "memory");
}

SEC("socket")
__attribute__((naked)) int fixed(void)
{
	asm volatile("r0 = 0;"
		     "exit;"
		     :
		     :
		     : "memory");
}

char LICENSE[] SEC("license") = "GPL";

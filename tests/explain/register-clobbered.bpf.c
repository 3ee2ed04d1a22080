/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
__attribute__((naked)) int bad(void)
{
	asm volatile("r6 = r1;"
		     "call 7;"
		     "r0 = *(u32 *)(r1 + 0);"
		     "exit;"
		     :
		     :
		     : "memory");
}

SEC("socket")
__attribute__((naked)) int fixed(void)
{
	asm volatile("r6 = r1;"
		     "call 7;"
		     "r0 = *(u32 *)(r6 + 0);"
		     "exit;"
		     :
		     :
		     : "memory");
}

char LICENSE[] SEC("license") = "GPL";

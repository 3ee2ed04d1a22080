/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
__attribute__((naked)) int bad(void)
{
	asm volatile("r2 = *(u32 *)(r1 + 0);"
		     "r3 = r10;"
		     "if r2 == 0 goto 1f;"
		     "r1 = r3;"
		     "r1 += -8;"
		     "*(u64 *)(r1 + 0) = 0;"
		     "1: r0 = *(u32 *)(r1 + 0);"
		     "exit;"
		     :
		     :
		     : "memory");
}

SEC("socket")
__attribute__((naked)) int fixed(void)
{
	asm volatile("r0 = *(u32 *)(r1 + 0);"
		     "exit;"
		     :
		     :
		     : "memory");
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: BSD-2-Clause
// For what is asked of the compiler: a program that takes long, and a number that stands out.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

// map .bss array key 4 value 4 max 1 flags 1024 data 3
__u32 sum;

// func turn .text static
// reloc turn value .bss+0
static int turn(__u32 i, void *unused)
{
	sum = (sum ^ i) * 33;
	return 0;
}

// func work xdp global type 6 attach 37
// reloc work func turn
SEC("xdp")
int work(struct xdp_md *ctx)
{
	bpf_loop(1 << 20, turn, NULL, 0);
	return XDP_PASS;
}

// func number xdp global type 6 attach 37
SEC("xdp")
int number(struct xdp_md *ctx)
{
	return 0x41424344;
}

// license GPL
char _license[] SEC("license") = "GPL";

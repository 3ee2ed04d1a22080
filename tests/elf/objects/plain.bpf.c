// SPDX-License-Identifier: BSD-2-Clause
// Compiled without -g: programs need no BTF.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

// map .bss array key 4 value 8 max 1 flags 0 data 3
__u64 count;

// func add .text global
__attribute__((noinline)) int add(int x)
{
	barrier_var(x);
	return x + 1;
}

// func plain xdp global type 6 attach 37
// reloc plain value .bss+0
// reloc plain call add
SEC("xdp")
int plain(struct xdp_md *ctx)
{
	count++;
	return add(1);
}

// license GPL
char _license[] SEC("license") = "GPL";

// SPDX-License-Identifier: BSD-2-Clause
// Global data: its maps, and addresses in it by symbol, by section and with addends.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

// map .data array key 4 value 28 max 1 flags 1024 data 1
int initial = 5;
static volatile int local = 7;
int list[4] = {1, 2, 3, 4};
volatile int tail = -1;

// map .rodata array key 4 value 16 max 1 flags 1152 data 2
const volatile int limit = 3;
static const volatile char text[12] = "hello world";

// map .bss array key 4 value 16 max 1 flags 1024 data 3
__u64 zero;
static volatile __u32 local_zero[2];

// Without a global variable it cannot be mapped.
// map .data.private array key 4 value 4 max 1 flags 0 data 1
static volatile int private SEC(".data.private") = 1;

// map .bss.more array key 4 value 8 max 1 flags 1024 data 3
volatile __u64 more SEC(".bss.more");

// map .rodata.more array key 4 value 4 max 1 flags 1152 data 2
const volatile int fixed SEC(".rodata.more") = 9;

// Hidden variables are of no interest to others.
// map .data.hidden array key 4 value 4 max 1 flags 0 data 1
__hidden int out_of_sight SEC(".data.hidden") = 4;

// func use xdp global type 6 attach 37
// reloc use value .data+0
// reloc use value .data+4
// reloc use value .data+20
// reloc use value .data+24
// reloc use value .rodata+0
// reloc use value .rodata+4
// reloc use value .bss+0
// reloc use value .bss+8
// reloc use value .data.private+0
// reloc use value .bss.more+0
// reloc use value .rodata.more+0
// reloc use value .data.hidden+0
SEC("xdp")
int use(struct xdp_md *ctx)
{
	int *second = &list[2];
	int sum;

	sum = initial + local + text[4];
	barrier_var(second);
	sum += *second + limit + fixed;
	zero += (__u64)sum;
	local_zero[1]++;
	private++;
	out_of_sight++;
	more++;
	tail++;
	return sum + tail;
}

// license GPL
char _license[] SEC("license") = "GPL";
// version 7
__u32 _version SEC("version") = 7;

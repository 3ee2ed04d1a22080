// SPDX-License-Identifier: BSD-2-Clause
// Small programs that the loader's tests load and run: maps, data, calls, tail calls.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

// map counts array key 4 value 8 max 4 flags 0
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

// map per_cpu percpu_array key 4 value 4 max 1 flags 0
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} per_cpu SEC(".maps");

int drop(struct xdp_md *ctx);

// map jumps prog_array key 4 value 4 max 1 flags 0
// slot jumps 0 drop
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = {[0] = (void *)&drop},
};

// map .bss array key 4 value 8 max 1 flags 1024 data 3
__u64 bytes;
// map .data array key 4 value 4 max 1 flags 1024 data 1
__u32 factor = 3;
// map .rodata array key 4 value 4 max 1 flags 1152 data 2
const volatile __u32 bonus = 4;

// func scale .text static
// reloc scale value .data+0
static __noinline __u64 scale(__u64 x)
{
	return x * factor;
}

// func total .text global
// reloc total value .rodata+0
// reloc total call scale
__noinline __u64 total(__u64 x)
{
	return scale(x) + bonus;
}

// func count xdp global type 6 attach 37
// reloc count map counts
// reloc count map per_cpu
// reloc count value .bss+0
// reloc count call total
SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 2, zero = 0;
	__u64 *value = bpf_map_lookup_elem(&counts, &key);
	__u32 *mine = bpf_map_lookup_elem(&per_cpu, &zero);

	if (!value || !mine)
		return XDP_ABORTED;
	*value += total(10);
	*mine += 1;
	bytes += (__u64)((long)ctx->data_end - (long)ctx->data);
	return XDP_TX;
}

// func drop xdp global type 6 attach 37
SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

// func jump xdp global type 6 attach 37
// reloc jump map jumps
SEC("xdp")
int jump(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 0);
	return XDP_ABORTED;
}

// Reads beyond what it checked: no verifier takes it.
// func bad ?xdp global type 6 attach 37 noload
SEC("?xdp")
int bad(struct xdp_md *ctx)
{
	return *(__u32 *)(long)ctx->data;
}

// license GPL
char _license[] SEC("license") = "GPL";

/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf_for_each_map_elem() over an array. */
#include "bench.h"

#define ENTRIES 128

BENCH_MAP(numbers, BPF_MAP_TYPE_ARRAY, ENTRIES, __u32, __u64);

SETUP(each)
{
	for (__u32 i = 0; i < ENTRIES; i++) {
		__u32 key = i;
		__u64 value = (i + 1) * 0x9e3779b97f4a7c15;

		bpf_map_update_elem(&numbers, &key, &value, 0);
	}
	return 0;
}

struct state {
	__u64 sum;
	__u32 above;
};

static long visit(void *map, const void *key, void *value, void *arg)
{
	struct state *state = arg;
	__u64 v = *(__u64 *)value;

	(void)map;
	state->sum += v ^ *(__u32 *)key;
	if (v >> 63)
		state->above++;
	return 0;
}

BENCH(each, PACKET_BYTES, "bpf_for_each_map_elem() over an array of 128")
{
	struct state state = {0, 0};

	bpf_for_each_map_elem(&numbers, visit, &state, 0);
	return (int)(fold(state.sum) + state.above);
}

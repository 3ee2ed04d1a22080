/* SPDX-License-Identifier: BSD-2-Clause */
/* Look-ups and updates of the kinds of maps, as programs use them. */
#include "bench.h"

#define ENTRIES 256
#define ROUNDS	64

BENCH_MAP(values, BPF_MAP_TYPE_ARRAY, ENTRIES, __u32, __u64);

SETUP(array)
{
	for (__u32 i = 0; i < ENTRIES; i++) {
		__u32 key = i;
		__u64 *value = bpf_map_lookup_elem(&values, &key);

		if (value)
			*value = i * 0x9e3779b97f4a7c15;
	}
	return 0;
}

BENCH(array, PACKET_BYTES, "64 look-ups in an array, by bytes of the packet")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 0;

	for (int i = 0; i < ROUNDS; i++, p++) {
		__u64 *value;
		__u32 key;

		if (p + 1 > end)
			break;
		key = *p;
		value = bpf_map_lookup_elem(&values, &key);
		if (value)
			sum += *value;
	}
	return (int)fold(sum);
}

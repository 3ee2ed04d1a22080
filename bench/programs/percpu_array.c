/* SPDX-License-Identifier: BSD-2-Clause */
/* A per-CPU array: the usual way to count. */
#include "bench.h"

BENCH_MAP(counts, BPF_MAP_TYPE_PERCPU_ARRAY, 256, __u32, __u64);

BENCH(percpu_array, PACKET_BYTES, "64 counts in a per-CPU array, by bytes of the packet")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 found = 0;

	for (int i = 0; i < 64; i++, p++) {
		__u64 *count;
		__u32 key;

		if (p + 1 > end)
			break;
		key = *p;
		count = bpf_map_lookup_elem(&counts, &key);
		if (count) {
			*count += 1;
			found++;
		}
	}
	return (int)found;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A per-CPU hash table: counts by a key that is not known before. */
#include "bench.h"

BENCH_MAP(by_id, BPF_MAP_TYPE_PERCPU_HASH, 512, __u32, __u64);

BENCH(percpu_hash, PACKET_BYTES, "32 counts in a per-CPU hash table")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 sum = 0;

	for (int i = 0; i < 32; i++, p += 2) {
		__u64 one = 1, *count;
		__u32 key;

		if (p + 2 > end)
			break;
		key = *(__u16 *)p;
		count = bpf_map_lookup_elem(&by_id, &key);
		if (count)
			*count += 1;
		else
			bpf_map_update_elem(&by_id, &key, &one, BPF_NOEXIST);
		sum += key;
	}
	return (int)sum;
}

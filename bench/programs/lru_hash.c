/* SPDX-License-Identifier: BSD-2-Clause */
/* A table that forgets what was used longest ago; there is room for all here. */
#include "bench.h"

BENCH_MAP(recent, BPF_MAP_TYPE_LRU_HASH, 4096, __u32, __u64);

BENCH(lru_hash, PACKET_BYTES, "32 look-ups in an LRU table")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 0;

	for (int i = 0; i < 32; i++, p += 2) {
		__u64 value = 5, *found;
		__u32 key;

		if (p + 2 > end)
			break;
		key = *(__u16 *)p;
		found = bpf_map_lookup_elem(&recent, &key);
		if (!found)
			bpf_map_update_elem(&recent, &key, &value, BPF_ANY);
		sum += found ? *found : value;
	}
	return (int)fold(sum);
}

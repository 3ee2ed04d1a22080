/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash tables with keys of several sizes, half of the look-ups in vain. */
#include "bench.h"

#define ENTRIES 512

struct key4 {
	__u32 id;
};

struct key8 {
	__u32 id, port;
};

struct key16 {
	__u32 id, other;
	__u64 more;
};

struct key40 {
	__u32 id;
	__u32 more[9];
};

/* One program for each size; the key's other words follow from the first. */
#define HASH_BENCH(size, text, fill_rest)                                                          \
	BENCH_MAP(table##size, BPF_MAP_TYPE_HASH, ENTRIES, struct key##size, __u64);               \
	static __always_inline void fill##size(struct key##size *key, __u32 id)                    \
	{                                                                                          \
		key->id = id;                                                                      \
		fill_rest;                                                                         \
	}                                                                                          \
	SETUP(hash##size)                                                                          \
	{                                                                                          \
		for (__u32 i = 0; i < ENTRIES / 2; i++) {                                          \
			struct key##size key;                                                      \
			__u64 value = i * 3 + 1;                                                   \
                                                                                                   \
			fill##size(&key, i * 2);                                                   \
			bpf_map_update_elem(&table##size, &key, &value, 0);                        \
		}                                                                                  \
		return 0;                                                                          \
	}                                                                                          \
	BENCH(hash##size, PACKET_BYTES, text)                                                      \
	{                                                                                          \
		__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);                                 \
		__u64 sum = 0;                                                                     \
                                                                                                   \
		for (int i = 0; i < 32; i++, p += 2) {                                             \
			struct key##size key;                                                      \
			__u64 *value;                                                              \
                                                                                                   \
			if (p + 2 > end)                                                           \
				break;                                                             \
			fill##size(&key, *(__u16 *)p % ENTRIES);                                   \
			value = bpf_map_lookup_elem(&table##size, &key);                           \
			sum = sum * 3 + (value ? *value : 7);                                      \
		}                                                                                  \
		return (int)fold(sum);                                                             \
	}

HASH_BENCH(4, "32 look-ups in a hash table, keys of 4 bytes", (void)0)
HASH_BENCH(8, "32 look-ups, keys of 8 bytes", key->port = 443)
HASH_BENCH(16, "32 look-ups, keys of 16 bytes", (key->other = id ^ 5, key->more = id * 7ull))
HASH_BENCH(40, "32 look-ups, keys of 40 bytes",
	   for (int i = 0; i < 9; i++) key->more[i] = id + (__u32)i)

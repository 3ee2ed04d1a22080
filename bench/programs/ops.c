/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one operation on a map costs inside a program: loops that differ in
 * nothing but the operation, whose times are compared with that of the loop
 * without any.
 */
#include "bench.h"

#define ENTRIES 256 /* all bytes are keys */

/* Goes through the packet: @key is the next byte, @sum what the program returns. */
#define EACH_BYTE(action)                                                                          \
	do {                                                                                       \
		__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);                                 \
		__u64 sum = 0;                                                                     \
                                                                                                   \
		for (int i = 0; i < OPS; i++, p++) {                                               \
			__u32 key;                                                                 \
                                                                                                   \
			if (p + 1 > end)                                                           \
				break;                                                             \
			key = *p;                                                                  \
			action;                                                                    \
		}                                                                                  \
		return (int)fold(sum);                                                             \
	} while (0)

BENCH_OP(op_none, "nothing, in the same loop")
{
	EACH_BYTE({
		opaque(key);
		sum += key;
	});
}

#define FILL(map, key_type)                                                                        \
	do {                                                                                       \
		for (__u32 i = 0; i < ENTRIES; i++) {                                              \
			key_type key = {.id = i};                                                  \
			__u64 value = i * 3 + 1;                                                   \
                                                                                                   \
			bpf_map_update_elem(&map, &key, &value, 0);                                \
		}                                                                                  \
		return 0;                                                                          \
	} while (0)

/* Look-ups that all find something. */
#define LOOK_UP(name, map_type, key_type, what)                                                    \
	BENCH_MAP(name##_map, map_type, ENTRIES, key_type, __u64);                                 \
	SETUP(name)                                                                                \
	{                                                                                          \
		FILL(name##_map, key_type);                                                        \
	}                                                                                          \
	BENCH_OP(name, what)                                                                       \
	{                                                                                          \
		EACH_BYTE({                                                                        \
			key_type full = {.id = key};                                               \
			__u64 *value = bpf_map_lookup_elem(&name##_map, &full);                    \
                                                                                                   \
			if (value)                                                                 \
				sum += *value;                                                     \
		});                                                                                \
	}

/* Updates of what is there. */
#define UPDATE(name, map_type, key_type, what)                                                     \
	BENCH_MAP(name##_map, map_type, ENTRIES, key_type, __u64);                                 \
	SETUP(name)                                                                                \
	{                                                                                          \
		FILL(name##_map, key_type);                                                        \
	}                                                                                          \
	BENCH_OP(name, what)                                                                       \
	{                                                                                          \
		EACH_BYTE({                                                                        \
			key_type full = {.id = key};                                               \
			__u64 value = key;                                                         \
                                                                                                   \
			sum += key;                                                                \
			bpf_map_update_elem(&name##_map, &full, &value, BPF_ANY);                  \
		});                                                                                \
	}

struct key4 {
	__u32 id;
};

struct key8 {
	__u64 id;
};

struct key16 {
	__u64 id, other;
};

struct key40 {
	__u64 id, other[4];
};

LOOK_UP(op_array, BPF_MAP_TYPE_ARRAY, struct key4, "array, look-up")
LOOK_UP(op_percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, struct key4, "per-CPU array, look-up")
LOOK_UP(op_hash4, BPF_MAP_TYPE_HASH, struct key4, "hash, look-up, key of 4 bytes")
LOOK_UP(op_hash8, BPF_MAP_TYPE_HASH, struct key8, "hash, look-up, key of 8 bytes")
LOOK_UP(op_hash16, BPF_MAP_TYPE_HASH, struct key16, "hash, look-up, key of 16 bytes")
LOOK_UP(op_hash40, BPF_MAP_TYPE_HASH, struct key40, "hash, look-up, key of 40 bytes")
LOOK_UP(op_percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, struct key4, "per-CPU hash, look-up, 4 bytes")
LOOK_UP(op_lru_hash, BPF_MAP_TYPE_LRU_HASH, struct key4, "LRU hash, look-up, 4 bytes")
UPDATE(op_array_update, BPF_MAP_TYPE_ARRAY, struct key4, "array, update")
UPDATE(op_hash_update, BPF_MAP_TYPE_HASH, struct key4, "hash, update, key of 4 bytes")
UPDATE(op_lru_update, BPF_MAP_TYPE_LRU_HASH, struct key4, "LRU hash, update, 4 bytes")

struct event {
	__u64 kind, value;
};

BENCH_RINGBUF(op_events, 1 << 17);

BENCH_OP(op_ringbuf, "ring buffer, 16 bytes reserved and submitted")
{
	EACH_BYTE({
		struct event *event = bpf_ringbuf_reserve(&op_events, sizeof(*event), 0);

		if (event) {
			event->kind = key;
			event->value = key;
			bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
			sum += key;
		}
	});
}

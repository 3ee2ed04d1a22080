/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_BLOOM_FILTER: a set of bits, in which each value that was pushed
 * has set as many as map_extra says. Nothing is ever taken back.
 *
 * The hash is Bob Jenkins' lookup3 as Linux uses it, so that with
 * BPF_F_ZERO_SEED the very same values are taken for others.
 */
#include "map/types.h"

#define BLOOM_FLAGS	     (BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | MAP_ACCESS_FLAGS)
#define BLOOM_HASHES	     0xfu /* what map_extra may say */
#define BLOOM_DEFAULT_HASHES 5u
#define BLOOM_MAX_BITS	     (1u << 31) /* more are 2^32 */

struct bloom_map {
	struct map map;
	_Atomic u64 *words; /* the region */
	u32 mask;	    /* number of bits - 1 */
	u32 hashes;
	u32 seed;
	size_t size;
};

static struct bloom_map *bloom_of(struct map *map)
{
	return container_of(map, struct bloom_map, map);
}

static int bloom_check(const union bpf_attr *attr)
{
	if (attr->value_size > MAP_KMALLOC_MAX)
		return -E2BIG;
	if (!attr->max_entries || attr->key_size || !attr->value_size ||
	    !map_flags_ok(attr, BLOOM_FLAGS) || attr->map_extra & ~(u64)BLOOM_HASHES)
		return -EINVAL;
	return 0;
}

static int bloom_check_btf(const struct map *map, const struct btf *btf __unused)
{
	return map->desc.btf_key_type_id ? -EINVAL : 0;
}

/* About hashes / ln 2 for each entry, a power of two. */
static u32 bloom_mask(u32 entries, u32 hashes)
{
	u64 bits = (u64)entries * hashes;

	if (bits <= UINT32_MAX)
		bits = bits / 5 * 7;
	if (bits > BLOOM_MAX_BITS)
		return UINT32_MAX;
	return bits <= 64 ? 63 : (1u << (32 - __builtin_clz((u32)bits - 1))) - 1;
}

static int bloom_init(struct map *map, const union bpf_attr *attr)
{
	const struct environment *env = &map->obj.host->env;
	struct bloom_map *bloom = bloom_of(map);

	bloom->hashes = attr->map_extra ? (u32)attr->map_extra : BLOOM_DEFAULT_HASHES;
	bloom->mask = bloom_mask(attr->max_entries, bloom->hashes);
	bloom->size = (bloom->mask + 1ull) / 8;
	if (!(attr->map_flags & BPF_F_ZERO_SEED))
		bloom->seed = env->random_u32(env->ctx);
	bloom->words = os_pages_alloc(bloom->size);
	return bloom->words ? 0 : -ENOMEM;
}

static void bloom_exit(struct map *map)
{
	os_pages_free(bloom_of(map)->words, bloom_of(map)->size);
}

/* ---- the hash ---- */

static u32 rotate(u32 x, u32 by)
{
	return x << by | x >> (32 - by);
}

struct state {
	u32 a, b, c;
};

/* By values, so that all of it stays in registers. */
static inline u32 mix_step(u32 x, u32 *z, u32 y, u32 by)
{
	x = (x - *z) ^ rotate(*z, by);
	*z += y;
	return x;
}

static inline struct state mix(struct state s)
{
	s.a = mix_step(s.a, &s.c, s.b, 4);
	s.b = mix_step(s.b, &s.a, s.c, 6);
	s.c = mix_step(s.c, &s.b, s.a, 8);
	s.a = mix_step(s.a, &s.c, s.b, 16);
	s.b = mix_step(s.b, &s.a, s.c, 19);
	s.c = mix_step(s.c, &s.b, s.a, 4);
	return s;
}

static inline u32 last_step(u32 x, u32 y, u32 by)
{
	return (x ^ y) - rotate(y, by);
}

static inline u32 mix_last(struct state s)
{
	s.c = last_step(s.c, s.b, 14);
	s.a = last_step(s.a, s.c, 11);
	s.b = last_step(s.b, s.a, 25);
	s.c = last_step(s.c, s.b, 16);
	s.a = last_step(s.a, s.c, 4);
	s.b = last_step(s.b, s.a, 14);
	return last_step(s.c, s.b, 24);
}

/* What is left at a value's end, at most four bytes at a time. */
static u32 some_bytes(const u8 *p, u32 size)
{
	u32 word = 0;

	if (size >= 4)
		return get_u32(p);
	for (u32 i = 0; i < size; i++)
		word |= (u32)p[i] << 8 * i;
	return word;
}

static u32 bloom_hash(const u8 *p, u32 size, u32 seed)
{
	u32 start = 0xdeadbeef + size + seed;
	struct state s = {start, start, start};

	for (; size > 12; size -= 12, p += 12) {
		s.a += get_u32(p);
		s.b += get_u32(p + 4);
		s.c += get_u32(p + 8);
		s = mix(s);
	}
	s.a += some_bytes(p, size);
	s.b += size > 4 ? some_bytes(p + 4, size - 4) : 0;
	s.c += size > 8 ? some_bytes(p + 8, size - 8) : 0;
	return mix_last(s);
}

static u32 bit_of(const struct bloom_map *bloom, const void *value, u32 i)
{
	return bloom_hash(value, bloom->map.desc.value_size, bloom->seed + i) & bloom->mask;
}

/* ---- functions of the type ---- */

static int bloom_push(struct map *map, const void *value, u64 flags)
{
	struct bloom_map *bloom = bloom_of(map);

	if (flags != BPF_ANY)
		return -EINVAL;
	for (u32 i = 0; i < bloom->hashes; i++) {
		u32 bit = bit_of(bloom, value, i);

		atomic_fetch_or_explicit(&bloom->words[bit / 64], BIT_ULL(bit % 64),
					 memory_order_relaxed);
	}
	return 0;
}

/* Whether the value may have been pushed. */
static int bloom_peek(struct map *map, void *value)
{
	struct bloom_map *bloom = bloom_of(map);

	for (u32 i = 0; i < bloom->hashes; i++) {
		u32 bit = bit_of(bloom, value, i);

		if (!(atomic_load_explicit(&bloom->words[bit / 64], memory_order_relaxed) >>
			      bit % 64 &
		      1))
			return -ENOENT;
	}
	return 0;
}

static int bloom_read(struct map *map, const void *key __unused, void *value, u64 flags __unused)
{
	return bloom_peek(map, value);
}

static int bloom_write(struct map *map, const void *key __unused, const void *value, u64 flags)
{
	return bloom_push(map, value, flags);
}

static int bloom_delete(struct map *map __unused, const void *key __unused)
{
	return -EOPNOTSUPP;
}

static int bloom_next_key(struct map *map __unused, const void *key __unused, void *next __unused)
{
	return -EOPNOTSUPP;
}

static u64 bloom_mem_usage(const struct map *map)
{
	const struct bloom_map *bloom = (const struct bloom_map *)(const void *)map;

	return sizeof(*bloom) + bloom->size;
}

const struct map_ops map_ops_bloom_filter = {
	.type = BPF_MAP_TYPE_BLOOM_FILTER,
	.reads_by_value = true,
	.size = sizeof(struct bloom_map),
	.check = bloom_check,
	.check_btf = bloom_check_btf,
	.init = bloom_init,
	.exit = bloom_exit,
	.push = bloom_push,
	.peek = bloom_peek,
	.delete = bloom_delete,
	.read = bloom_read,
	.write = bloom_write,
	.next_key = bloom_next_key,
	.mem_usage = bloom_mem_usage,
};

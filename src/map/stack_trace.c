/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_STACK_TRACE: stacks by an id, which is a hash of their
 * addresses. An id has one place, so that a second stack with the same id is
 * refused or takes it. User space reads and deletes by id; programs only add.
 *
 * Region: struct stacks_shared and a place for each id, a power of two of
 * them. Linux has as many stacks as max_entries to give to these places, and
 * takes a free one before it puts the old one back; .used counts for that.
 */
#include "map/stack_trace.h"

#include <string.h>

#include "base/hash.h"
#include "map/types.h"

#define STACK_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID)

/* The same for every map, so that an id tells stacks apart wherever it is seen; not 0. */
#define SEED 1

struct stack_place {
	u32 hash;
	u32 n; /* frames; 0: free */
	u8 frames[];
};

struct stacks_shared {
	struct spinlock lock;
	u32 used; /* places */
	_Alignas(MAP_CACHE_LINE) u8 places[];
};

struct stack_trace_map {
	struct map map;
	struct stacks_shared *shared; /* the region */
	u32 nr_ids;		      /* a power of two */
	u32 frame_size;
	size_t stride; /* of places */
	size_t size;   /* of the region */
};

static struct stack_trace_map *stack_map_of(const struct map *map)
{
	return container_of(map, struct stack_trace_map, map);
}

static u32 frame_size(u32 map_flags)
{
	return map_flags & BPF_F_STACK_BUILD_ID ? (u32)sizeof(struct stack_build_id)
						: (u32)sizeof(u64);
}

static int stack_check(const union bpf_attr *attr)
{
	u32 frame = frame_size(attr->map_flags);

	if (!map_flags_ok(attr, STACK_FLAGS) || !attr->max_entries || attr->key_size != 4 ||
	    attr->value_size < sizeof(u64) || attr->value_size % frame ||
	    attr->value_size / frame > STACK_MAX_FRAMES)
		return -EINVAL;
	return attr->max_entries > 1u << 31 ? -E2BIG : 0;
}

static u32 round_up_pow2(u32 n)
{
	return n <= 1 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

static int stack_init(struct map *map, const union bpf_attr *attr)
{
	struct stack_trace_map *stacks = stack_map_of(map);

	stacks->nr_ids = round_up_pow2(attr->max_entries);
	stacks->frame_size = frame_size(attr->map_flags);
	stacks->stride = sizeof(struct stack_place) + attr->value_size;
	stacks->size = sizeof(struct stacks_shared) + stacks->nr_ids * stacks->stride;
	stacks->shared = os_pages_alloc(stacks->size);
	return stacks->shared ? 0 : -ENOMEM;
}

static void stack_exit(struct map *map)
{
	struct stack_trace_map *stacks = stack_map_of(map);

	os_pages_free(stacks->shared, stacks->size);
}

static struct stack_place *place_of(const struct stack_trace_map *stacks, u32 id)
{
	return (struct stack_place *)(void *)(stacks->shared->places + id * stacks->stride);
}

/* ---- adding ---- */

u32 stack_trace_depth(const struct map *map)
{
	return map->desc.value_size / stack_map_of(map)->frame_size;
}

static bool same_stack(const struct stack_place *place, u32 hash, const void *frames, u32 n,
		       size_t size)
{
	return place->n == n && place->hash == hash && !memcmp(place->frames, frames, size);
}

/* What is kept may have to be made before it is compared, and takes a free stack. */
static bool takes_stack_first(const struct map *map)
{
	return map->desc.map_flags & BPF_F_STACK_BUILD_ID;
}

static s64 put_locked(struct stack_trace_map *stacks, u32 hash, const void *frames, u32 n,
		      u64 flags)
{
	u32 id = hash & (stacks->nr_ids - 1);
	struct stack_place *place = place_of(stacks, id);
	bool full = stacks->shared->used == stacks->map.desc.max_entries;
	size_t size = n * (size_t)stacks->frame_size;

	if (place->n && place->hash == hash && (flags & BPF_F_FAST_STACK_CMP))
		return id;
	if (full && takes_stack_first(&stacks->map))
		return -ENOMEM;
	if (same_stack(place, hash, frames, n, size))
		return id;
	if (place->n && !(flags & BPF_F_REUSE_STACKID))
		return -EEXIST;
	if (full)
		return -ENOMEM;
	stacks->shared->used += !place->n;
	place->hash = hash;
	place->n = n;
	memcpy(place->frames, frames, size);
	return id;
}

s64 stack_trace_put(struct map *map, const u64 *ips, const void *frames, u32 n, u64 flags)
{
	struct stack_trace_map *stacks = stack_map_of(map);
	u32 hash = hash_bytes(ips, n * sizeof(*ips), SEED);
	s64 id;

	spin_lock(&stacks->shared->lock);
	id = put_locked(stacks, hash, frames, n, flags);
	spin_unlock(&stacks->shared->lock);
	return id;
}

/* ---- user space ---- */

/* The place of an id that has a stack, and the lock; NULL and no lock without. */
static struct stack_place *lock_place(struct stack_trace_map *stacks, u32 id)
{
	struct stack_place *place = place_of(stacks, id);

	spin_lock(&stacks->shared->lock);
	if (place->n)
		return place;
	spin_unlock(&stacks->shared->lock);
	return NULL;
}

static void free_place(struct stack_trace_map *stacks, struct stack_place *place)
{
	place->n = 0;
	stacks->shared->used--;
}

static int take(struct map *map, const void *key, void *value, bool delete)
{
	struct stack_trace_map *stacks = stack_map_of(map);
	u32 id = get_u32(key);
	struct stack_place *place = id < stacks->nr_ids ? lock_place(stacks, id) : NULL;
	size_t size;

	if (!place)
		return -ENOENT;
	size = place->n * (size_t)stacks->frame_size;
	memcpy(value, place->frames, size);
	memset((u8 *)value + size, 0, map->desc.value_size - size);
	if (delete)
		free_place(stacks, place);
	spin_unlock(&stacks->shared->lock);
	return 0;
}

static int stack_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	return take(map, key, value, false);
}

/* Linux has it since 6.18. */
static int stack_read_and_delete(struct map *map, const void *key, void *value, u64 flags __unused)
{
	return take(map, key, value, true);
}

static int stack_write(struct map *map __unused, const void *key __unused,
		       const void *value __unused, u64 flags __unused)
{
	return -EINVAL;
}

static int stack_update(struct map *map __unused, const void *key __unused,
			const void *value __unused, u64 flags __unused, u32 cpu __unused)
{
	return -EINVAL;
}

static int stack_delete(struct map *map, const void *key)
{
	struct stack_trace_map *stacks = stack_map_of(map);
	u32 id = get_u32(key);
	struct stack_place *place;

	if (id >= stacks->nr_ids)
		return -E2BIG;
	place = lock_place(stacks, id);
	if (!place)
		return -ENOENT;
	free_place(stacks, place);
	spin_unlock(&stacks->shared->lock);
	return 0;
}

static int stack_next_key(struct map *map, const void *key, void *next)
{
	struct stack_trace_map *stacks = stack_map_of(map);
	u32 id = key ? get_u32(key) : UINT32_MAX;

	/* Unlike elsewhere, a key that cannot be starts anew, whether it has a stack or not. */
	id = id >= stacks->nr_ids ? 0 : id + 1;
	for (; id < stacks->nr_ids; id++) {
		if (!lock_place(stacks, id))
			continue;
		spin_unlock(&stacks->shared->lock);
		put_u32(next, id);
		return 0;
	}
	return -ENOENT;
}

static u64 stack_mem_usage(const struct map *map)
{
	const struct stack_trace_map *stacks = stack_map_of(map);

	return sizeof(*stacks) + stacks->size;
}

const struct map_ops map_ops_stack_trace = {
	.type = BPF_MAP_TYPE_STACK_TRACE,
	.size = sizeof(struct stack_trace_map),
	.check = stack_check,
	.check_btf = map_check_no_btf,
	.init = stack_init,
	.exit = stack_exit,
	.update = stack_update,
	.delete = stack_delete,
	.read = stack_read,
	.write = stack_write,
	.next_key = stack_next_key,
	.read_and_delete = stack_read_and_delete,
	.mem_usage = stack_mem_usage,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying values that hold special fields or that have a copy per CPU. A
 * bpf_spin_lock is 0 free, 1 held, which is also how a struct spinlock looks.
 * Its word, like what other fields hold, belongs to whoever uses the value and
 * is never copied.
 */
#include <string.h>

#include "map/types.h"

static struct spinlock *value_lock(const struct map *map, void *value)
{
	const struct btf_field *field = btf_fields_kind(&map->fields, BTF_FIELD_SPIN_LOCK);

	return (struct spinlock *)(void *)((u8 *)value + field->offset);
}

/* Calls @copy for each stretch of a value between its special fields. */
static void copy_around(const struct map *map, u8 *dst, const u8 *src,
			void (*copy)(void *, const void *, size_t))
{
	const struct btf_fields *fields = &map->fields;
	u32 at = 0;

	for (u32 i = 0; i < fields->cnt; i++) {
		copy(dst + at, src + at, fields->at[i].offset - at);
		at = fields->at[i].offset + fields->at[i].size;
	}
	copy(dst + at, src + at, map->desc.value_size - at);
}

void map_copy_special_in(struct map *map, void *shared, const void *value, u64 flags)
{
	struct spinlock *lock = flags & BPF_F_LOCK ? value_lock(map, shared) : NULL;

	if (lock)
		spin_lock(lock);
	copy_around(map, shared, value, sync_copy_to_shared);
	if (lock)
		spin_unlock(lock);
}

void map_copy_special_out(struct map *map, void *value, void *shared, u64 flags)
{
	struct spinlock *lock = flags & BPF_F_LOCK ? value_lock(map, shared) : NULL;

	if (lock)
		spin_lock(lock);
	copy_around(map, value, shared, sync_copy_from_shared);
	if (lock)
		spin_unlock(lock);
	for (u32 i = 0; i < map->fields.cnt; i++)
		memset((u8 *)value + map->fields.at[i].offset, 0, map->fields.at[i].size);
}

/*
 * Like Linux these move whole 8-byte units: the padding that user space gave
 * comes back. Not so where there are special fields to go around.
 */
void map_copy_percpu_in(struct map *map, void *first, size_t cpu_stride, const void *values)
{
	u32 size = map_value_stride(map);

	for (u32 cpu = 0; cpu < map_nr_cpus(map); cpu++) {
		u8 *to = (u8 *)first + cpu * cpu_stride;
		const u8 *from = (const u8 *)values + (size_t)cpu * size;

		if (unlikely(map->fields.mask))
			map_copy_special_in(map, to, from, 0);
		else
			sync_copy_to_shared(to, from, size);
	}
}

void map_copy_percpu_out(struct map *map, void *values, void *first, size_t cpu_stride)
{
	u32 size = map_value_stride(map);

	for (u32 cpu = 0; cpu < map_nr_cpus(map); cpu++) {
		u8 *to = (u8 *)values + (size_t)cpu * size, *from = (u8 *)first + cpu * cpu_stride;

		if (unlikely(map->fields.mask)) {
			map_copy_special_out(map, to, from, 0);
			memset(to + map->desc.value_size, 0, size - map->desc.value_size);
		} else {
			sync_copy_from_shared(to, from, size);
		}
	}
}

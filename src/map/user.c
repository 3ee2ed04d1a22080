/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What user space does with a map: the element commands with Linux's checks,
 * in Linux's order, freezing and mapping. A frozen map is one whose count of
 * writers has gone negative, so that "nobody writes" and "nobody may write any
 * more" are decided by one atomic.
 */
#include "map/types.h"

size_t map_user_value_size(const struct map *map)
{
	if (map->ops->percpu)
		return (size_t)map_value_stride(map) * map_nr_cpus(map);
	return map->desc.value_size;
}

static bool may_read(const struct map *map)
{
	return !(map->file_flags & BPF_F_WRONLY);
}

static bool write_begin(struct map *map)
{
	s64 writers = atomic_load_explicit(&map->user_writers, memory_order_relaxed);

	if (map->file_flags & BPF_F_RDONLY)
		return false;
	while (writers >= 0) {
		if (atomic_compare_exchange_weak(&map->user_writers, &writers, writers + 1))
			return true;
	}
	return false;
}

static void write_end(struct map *map)
{
	atomic_fetch_sub(&map->user_writers, 1);
}

static bool lock_flag_ok(const struct map *map, u64 flags)
{
	return !(flags & BPF_F_LOCK) || map_has_lock(map);
}

int map_user_lookup(struct map *map, const void *key, void *value, u64 flags)
{
	if (flags & MAP_FLAGS_UNLOCK)
		return -EINVAL;
	if (!may_read(map))
		return -EPERM;
	if (!lock_flag_ok(map, flags))
		return -EINVAL;
	return map->ops->read ? map->ops->read(map, key, value, flags) : -ENOTSUPP;
}

int map_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	int err = -ENOTSUPP;

	if (!write_begin(map))
		return -EPERM;
	if (!lock_flag_ok(map, flags))
		err = -EINVAL;
	else if (map->ops->write)
		err = map->ops->write(map, key, value, flags);
	write_end(map);
	return err;
}

int map_user_delete(struct map *map, const void *key)
{
	int err = -ENOTSUPP;

	if (!write_begin(map))
		return -EPERM;
	if (map->ops->delete)
		err = map->ops->delete (map, key);
	write_end(map);
	return err;
}

int map_user_next_key(struct map *map, const void *key, void *next)
{
	if (!may_read(map))
		return -EPERM;
	return map->ops->next_key ? map->ops->next_key(map, key, next) : -ENOTSUPP;
}

int map_user_lookup_and_delete(struct map *map, const void *key, void *value, u64 flags)
{
	int err = -ENOTSUPP;

	if (flags & MAP_FLAGS_UNLOCK)
		return -EINVAL;
	if (!may_read(map) || !write_begin(map))
		return -EPERM;
	if (!lock_flag_ok(map, flags))
		err = -EINVAL;
	else if (map->ops->read_and_delete)
		err = map->ops->read_and_delete(map, key, value, flags);
	write_end(map);
	return err;
}

int map_user_begin(struct map *map, bool read, bool write)
{
	if ((read && !may_read(map)) || (write && !write_begin(map)))
		return -EPERM;
	return 0;
}

void map_user_end(struct map *map, bool write)
{
	if (write)
		write_end(map);
}

int map_user_check_lock_flag(const struct map *map, u64 flags)
{
	return flags & MAP_FLAGS_UNLOCK || !lock_flag_ok(map, flags) ? -EINVAL : 0;
}

/* The verifier may fold loads from what neither user space nor programs can change. */
static void publish_frozen(struct map *map)
{
	void *value = NULL;

	if ((map->desc.map_flags & BPF_F_RDONLY_PROG) && map->ops->direct_value)
		map->ops->direct_value(map, 0, &value);
	__atomic_store_n(&map->desc.frozen_value, value, __ATOMIC_RELEASE);
	__atomic_store_n(&map->desc.frozen, true, __ATOMIC_RELEASE);
}

int map_freeze(struct map *map)
{
	s64 idle = 0;

	if (map->fields.mask)
		return -ENOTSUPP;
	/* Nobody can keep the other processes from writing. */
	if (map->share)
		return -EOPNOTSUPP;
	if (map->file_flags & BPF_F_RDONLY)
		return -EPERM;
	if (!atomic_compare_exchange_strong(&map->user_writers, &idle, INT64_MIN))
		return idle < 0 ? -EPERM : -EBUSY; /* frozen already: nobody may write, as above */
	publish_frozen(map);
	return 0;
}

int map_user_mmap(struct map *map, u64 offset, size_t size, bool writable, void **addr)
{
	int err;

	if (!map->ops->mmap || map->fields.mask)
		return -ENOTSUPP;
	if (!size || size > SIZE_MAX - os_page_size() || offset % os_page_size())
		return -EINVAL;
	if (writable && (map->desc.map_flags & BPF_F_RDONLY_PROG))
		return map_is_frozen(map) ? -EPERM : -EACCES;
	if (writable && !write_begin(map))
		return -EPERM;
	err = map->ops->mmap(map, offset, ROUND_UP(size, os_page_size()), writable, addr);
	if (err && writable)
		write_end(map);
	return err;
}

void map_user_munmap(struct map *map, bool writable)
{
	if (writable)
		write_end(map);
}

u64 map_mem_usage(const struct map *map)
{
	return map->ops->mem_usage(map);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

bool map_is_per_cpu(const struct anybpf_map *map)
{
	switch (anybpf_map_type(map)) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return true;
	default:
		return false;
	}
}

bool map_has_entries(const struct anybpf_map *map)
{
	switch (anybpf_map_type(map)) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
		return true;
	default:
		return map_is_per_cpu(map);
	}
}

size_t map_copy_size(const struct anybpf_map *map)
{
	size_t size = anybpf_map_value_size(map);

	return map_is_per_cpu(map) ? ROUND_UP(size, 8) * anybpf_nr_cpus(map->object->ctx) : size;
}

/* Small keys in the order of their numbers, others in that of their bytes. */
static int compare_keys(const void *a, const void *b, void *arg)
{
	size_t size = *(const size_t *)arg;
	u64 x = 0, y = 0;

	if (size > 8 || HOST_BIG_ENDIAN)
		return memcmp(a, b, size);
	memcpy(&x, a, size);
	memcpy(&y, b, size);
	return x < y ? -1 : x > y;
}

int entries_read(const struct anybpf_map *map, struct entries *e, struct err *err)
{
	struct buf data;
	void *key = NULL, *value = NULL;
	int ret = 0;

	*e = (struct entries){
		.key_size = anybpf_map_key_size(map),
		.value_size = map_copy_size(map),
	};
	buf_init(&data, &mem_libc);
	key = malloc(e->key_size);
	value = malloc(e->value_size);
	if (!key || !value)
		ret = -ENOMEM;
	for (const void *prev = NULL; !ret; prev = key) {
		ret = anybpf_map_next_key(map, prev, key, e->key_size);
		if (ret)
			break;
		/* It may have gone since; the next key then starts over, so stop at the map's size.
		 */
		if (anybpf_map_lookup(map, key, e->key_size, value, e->value_size, 0))
			continue;
		buf_add(&data, key, e->key_size);
		buf_add(&data, value, e->value_size);
		if (++e->cnt >= anybpf_map_max_entries(map))
			break;
	}
	free(key);
	free(value);
	if (ret == -ENOENT)
		ret = 0;
	if (!ret)
		ret = buf_error(&data);
	if (ret) {
		buf_free(&data);
		return err_set(err, ret, "map '%s': cannot read its entries: %s",
			       anybpf_map_name(map), strerror(-ret));
	}
	e->data = (u8 *)buf_take(&data);
	if (e->data && e->cnt)
		qsort_r(e->data, e->cnt, e->key_size + e->value_size, compare_keys, &e->key_size);
	return 0;
}

void entries_free(struct entries *e)
{
	mem_free(&mem_libc, e->data);
	e->data = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A snapshot of a map's entries, sorted by key. */
#ifndef ANYBPF_TOOL_ENTRIES_H
#define ANYBPF_TOOL_ENTRIES_H

#include "tool.h"

struct entries {
	u8 *data; /* .cnt times key and user-side value */
	size_t cnt;
	size_t key_size, value_size; /* value_size of all copies */
};

static inline const u8 *entry_key(const struct entries *e, size_t i)
{
	return e->data + i * (e->key_size + e->value_size);
}

static inline const u8 *entry_value(const struct entries *e, size_t i)
{
	return entry_key(e, i) + e->key_size;
}

bool map_is_per_cpu(const struct anybpf_map *map);
/* Whether the map has keys and values that can be read one by one. */
bool map_has_entries(const struct anybpf_map *map);
/* Size of the value as the engine copies it: all per-CPU copies. */
size_t map_copy_size(const struct anybpf_map *map);

int entries_read(const struct anybpf_map *map, struct entries *entries, struct err *err);
void entries_free(struct entries *entries);

#endif

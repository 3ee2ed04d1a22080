/* SPDX-License-Identifier: BSD-2-Clause */
/* How array and percpu_array lie in memory, for compilers that look elements up themselves. */
#ifndef ANYBPF_MAP_ARRAY_H
#define ANYBPF_MAP_ARRAY_H

#include "map/map.h"

/* Element i of CPU c: values + c * cpu_stride + i * stride, for i below desc.max_entries. */
struct array_map {
	struct map map;
	u8 *values;
	u64 stride;	/* the value's size rounded up to 8 */
	u64 cpu_stride; /* 0 for a plain array */
	size_t size;	/* of the region */
};

static inline struct array_map *array_map_of(struct map *map)
{
	return container_of(map, struct array_map, map);
}

#endif

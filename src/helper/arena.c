/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions on arenas: pages of memory, taken and given back. */
#include "helper/kfunc_functions.h"
#include "map/arena.h"

/* bpf_arena_alloc_pages(map, addr, pages, node, flags) */
DEFINE_HELPER(kfunc_arena_alloc_pages)
{
	struct map *map = u64_to_ptr(r1);

	if (map->desc.type != BPF_MAP_TYPE_ARENA || r5)
		return 0;
	return arena_alloc_pages(map, r2, (u32)r3, (s32)r4);
}

/* bpf_arena_free_pages(map, addr, pages) */
DEFINE_HELPER(kfunc_arena_free_pages)
{
	struct map *map = u64_to_ptr(r1);

	if (map->desc.type == BPF_MAP_TYPE_ARENA && r2)
		arena_free_pages(map, r2, (u32)r3);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas as programs see them. */
#ifndef ANYBPF_MAP_ARENA_H
#define ANYBPF_MAP_ARENA_H

#include "map/map.h"

/*
 * Where the arena is in this process: what a program adds an address's lower
 * half to, and the upper half of addresses in user space (0: the map wants no
 * casts to them). 0 or -ENOMEM when 4 GiB of address space are not to be had.
 */
int arena_window(struct map *map, u64 *base, u64 *user);
/*
 * Memory for @n pages, at @addr or anywhere when that is 0: their address in
 * user space, or 0.
 */
u64 arena_alloc_pages(struct map *map, u64 addr, u32 n, s32 node);
void arena_free_pages(struct map *map, u64 addr, u32 n);

#endif

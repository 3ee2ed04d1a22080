/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_MAP_TYPE_CGROUP_ARRAY for helpers: control groups that a task or packet may be under. */
#ifndef ANYBPF_MAP_CGROUP_ARRAY_H
#define ANYBPF_MAP_CGROUP_ARRAY_H

#include "kernel/cgroup.h"
#include "map/map.h"

/*
 * Whether @cgrp is under the group at that index: 0 or 1, -E2BIG beyond the end,
 * -EAGAIN where there is none.
 */
int cgroup_array_has_above(struct map *map, u32 index, const struct cgroup *cgrp);

#endif

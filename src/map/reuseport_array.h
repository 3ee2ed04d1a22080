/* SPDX-License-Identifier: BSD-2-Clause */
/* The array of sockets that share a port, as the helper that chooses sees it. */
#ifndef ANYBPF_MAP_REUSEPORT_ARRAY_H
#define ANYBPF_MAP_REUSEPORT_ARRAY_H

#include "kernel/sock.h"
#include "map/map.h"

/* What is there: a reference, or NULL. */
struct sock *reuseport_array_get(struct map *map, const void *key);

#endif

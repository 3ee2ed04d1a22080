/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of sockets: sockmap by index, sockhash by key. Their values are pointers
 * with references, so the map belongs to one process. Programs attached to the
 * map are given to the sockets that are put in afterwards. What user space puts
 * in is a socket's handle, what it reads is the socket's cookie.
 */
#ifndef ANYBPF_MAP_SOCK_MAP_H
#define ANYBPF_MAP_SOCK_MAP_H

#include "kernel/psock.h"
#include "map/map.h"

/* What both types begin with. */
struct sock_map {
	struct map map;
	struct sk_psock_progs progs; /* references; changed with psock_lock() held */
};

static inline struct sock_map *sock_map_of(struct map *map)
{
	return container_of(map, struct sock_map, map);
}

static inline bool map_is_sock_map(const struct map *map)
{
	return map->desc.type == BPF_MAP_TYPE_SOCKMAP || map->desc.type == BPF_MAP_TYPE_SOCKHASH;
}

/*
 * BPF_PROG_ATTACH and BPF_PROG_DETACH: @prog takes the place of what @which
 * says (BPF_SK_MSG_VERDICT and so on); NULL takes away @old. As Linux answers.
 */
int sock_map_attach(struct map *map, struct prog *prog, struct prog *old, u32 which);
/* The id of the program there, 0 for none: BPF_PROG_QUERY. */
int sock_map_query(struct map *map, u32 which, u32 *id);

/* Puts a socket there: from a program. @sk needs no reference of its own. */
int sock_map_update(struct map *map, const void *key, struct sock *sk, u64 flags);
/* What is there: a reference, or NULL. */
struct sock *sock_map_get(struct map *map, const void *key);

/* ---- inside map/ ---- */

/* Linux's checks of a handle as value: a reference, or -EINVAL, -EBADF, -ENOTSOCK. */
int sock_map_value(const struct map *map, const void *value, struct sock **sk);
/* The cookie as value: -ENOENT without @sk, -ENOSPC where it has no room. Releases @sk. */
int sock_map_cookie(const struct map *map, struct sock *sk, void *value);
void sock_map_drop_progs(struct map *map);
int sock_map_check(const union bpf_attr *attr);
/* The map_ops that both types share. */
void *sock_map_lookup(struct map *map, const void *key, u32 cpu);
int sock_map_program_update(struct map *map, const void *key, const void *value, u64 flags,
			    u32 cpu);
int sock_map_read(struct map *map, const void *key, void *value, u64 flags);
int sock_map_write(struct map *map, const void *key, const void *value, u64 flags);

int sock_array_put(struct map *map, const void *key, struct sock *sk, u64 flags);
int sock_hash_put(struct map *map, const void *key, struct sock *sk, u64 flags);
struct sock *sock_array_find(struct map *map, const void *key);
struct sock *sock_hash_get(struct map *map, const void *key);

#endif

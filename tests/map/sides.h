/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same map operations on two sides: this library and, where it lets us,
 * the running kernel. Tests state what must happen once and try it on both,
 * or do something at random and compare.
 */
#ifndef ANYBPF_TESTS_MAP_SIDES_H
#define ANYBPF_TESTS_MAP_SIDES_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "map/map.h"

struct side {
	const char *name;
	struct host *host; /* NULL: the kernel */
	struct map *map;
	int fd;
};

static inline int kernel_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static inline bool kernel_allows_maps(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};
	int fd = kernel_bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static inline int side_create(struct side *s, const union bpf_attr *attr)
{
	union bpf_attr copy = *attr;

	if (s->host)
		return map_create(s->host, attr, NULL, &s->map, NULL);
	s->fd = kernel_bpf(BPF_MAP_CREATE, &copy);
	return s->fd < 0 ? s->fd : 0;
}

static inline void side_close(struct side *s)
{
	if (s->map)
		object_put(&s->map->obj);
	if (s->fd > 0)
		close(s->fd);
	s->map = NULL;
	s->fd = -1;
}

static inline int side_elem(struct side *s, enum bpf_cmd cmd, const void *key, void *value,
			    u64 flags)
{
	union bpf_attr attr = {
		.map_fd = (u32)s->fd,
		.key = ptr_to_u64(key),
		.value = ptr_to_u64(value),
		.flags = flags,
	};

	return kernel_bpf(cmd, &attr);
}

static inline int side_lookup(struct side *s, const void *key, void *value, u64 flags)
{
	return s->host ? map_user_lookup(s->map, key, value, flags)
		       : side_elem(s, BPF_MAP_LOOKUP_ELEM, key, value, flags);
}

static inline int side_update(struct side *s, const void *key, void *value, u64 flags)
{
	return s->host ? map_user_update(s->map, key, value, flags)
		       : side_elem(s, BPF_MAP_UPDATE_ELEM, key, value, flags);
}

static inline int side_delete(struct side *s, const void *key)
{
	return s->host ? map_user_delete(s->map, key)
		       : side_elem(s, BPF_MAP_DELETE_ELEM, key, NULL, 0);
}

static inline int side_next(struct side *s, const void *key, void *next)
{
	return s->host ? map_user_next_key(s->map, key, next)
		       : side_elem(s, BPF_MAP_GET_NEXT_KEY, key, next, 0);
}

static inline int side_take(struct side *s, const void *key, void *value, u64 flags)
{
	return s->host ? map_user_lookup_and_delete(s->map, key, value, flags)
		       : side_elem(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, value, flags);
}

static inline int side_freeze(struct side *s)
{
	return s->host ? map_freeze(s->map) : side_elem(s, BPF_MAP_FREEZE, NULL, NULL, 0);
}

/* Possible CPUs of the machine, which is how many copies the kernel gives. */
static inline u32 possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	u32 from = 0, to = 0;
	int n = f ? fscanf(f, "%u-%u", &from, &to) : 0;

	if (f)
		fclose(f);
	return n == 2 ? to + 1 : 1;
}

#endif

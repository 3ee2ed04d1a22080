/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The structures of functions that are known here. bpf_dummy_ops is there for test
 * runs of its members, and a map of it cannot be written; tcp_congestion_ops get a
 * place in the host's list of them, by name.
 */
#include <string.h>

#include "kernel/types/struct_ops.h"
#include "map/struct_ops.h"
#include "map/types.h"

/* ---- bpf_dummy_ops ---- */

static int dummy_init_member(const char *member __unused, void *to __unused,
			     const void *from __unused, u32 off __unused, u32 size __unused)
{
	return -EOPNOTSUPP;
}

static int dummy_reg(struct map *map __unused)
{
	return -EOPNOTSUPP;
}

static void dummy_unreg(struct map *map __unused)
{
}

const struct struct_ops_type struct_ops_type_bpf_dummy_ops = {
	.name = "bpf_dummy_ops",
	.init_member = dummy_init_member,
	.reg = dummy_reg,
	.unreg = dummy_unreg,
};

/* ---- tcp_congestion_ops ---- */

#define TCP_CONG_MASK 0x3 /* TCP_CONG_NON_RESTRICTED, TCP_CONG_NEEDS_ECN */

/* Those that are registered, by name: of a host. */
struct congestion_controls {
	struct host_part part;
	pthread_mutex_t lock;
	VEC(struct map *) maps; /* what registered them keeps them */
};

static void part_free(struct host *host, struct host_part *part)
{
	struct congestion_controls *all = container_of(part, struct congestion_controls, part);
	struct map *map;

	/* Only those are left that registered themselves and were never deleted. */
	while (all->maps.len) {
		map = all->maps.at[--all->maps.len];
		object_put(&map->obj);
	}
	vec_free(&all->maps, host->mem);
	pthread_mutex_destroy(&all->lock);
	mem_free(host->mem, all);
}

static struct host_part *part_make(struct host *host)
{
	struct congestion_controls *all = mem_zalloc(host->mem, sizeof(*all));

	if (!all)
		return NULL;
	all->part.free = part_free;
	pthread_mutex_init(&all->lock, NULL);
	return &all->part;
}

static struct congestion_controls *controls_of(struct host *host)
{
	struct host_part *part = host_part(host, HOST_PART_STRUCT_OPS, part_make);

	return part ? container_of(part, struct congestion_controls, part) : NULL;
}

static const char *name_of(const struct map *map)
{
	return ((const struct tcp_congestion_ops *)struct_ops_data(map))->name;
}

static s64 find_control(const struct congestion_controls *all, const char *name)
{
	for (size_t i = 0; i < all->maps.len; i++)
		if (!strcmp(name_of(all->maps.at[i]), name))
			return (s64)i;
	return -ENOENT;
}

/* A name ends within its room, and has at least one character. */
static bool name_is_plain(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		      (name[i] >= '0' && name[i] <= '9') || name[i] == '_' || name[i] == '.'))
			return false;
	return true;
}

static int take_name(char *to, const char *from, u32 size)
{
	size_t len = strnlen(from, size);

	if (!len || len == size || !name_is_plain(from, len))
		return -EINVAL;
	memcpy(to, from, len);
	return 1;
}

static int tcp_init_member(const char *member, void *to, const void *from, u32 off, u32 size)
{
	u32 flags;

	if (!strcmp(member, "flags")) {
		memcpy(&flags, (const u8 *)from + off, sizeof(flags));
		if (flags & ~(u32)TCP_CONG_MASK)
			return -EINVAL;
		memcpy((u8 *)to + off, &flags, sizeof(flags));
		return 1;
	}
	if (!strcmp(member, "name"))
		return take_name((char *)to + off, (const char *)from + off, size);
	return 0;
}

static int tcp_validate(const struct map *map)
{
	bool grows = struct_ops_member(map, "cong_avoid") || struct_ops_member(map, "cong_control");

	return struct_ops_member(map, "ssthresh") && struct_ops_member(map, "undo_cwnd") && grows
		       ? 0
		       : -EINVAL;
}

static int tcp_reg(struct map *map)
{
	struct congestion_controls *all = controls_of(map->obj.host);
	int err = 0;

	if (!all)
		return -ENOMEM;
	pthread_mutex_lock(&all->lock);
	if (find_control(all, name_of(map)) >= 0)
		err = -EEXIST;
	else if (!vec_push(&all->maps, map->obj.host->mem, map))
		err = -ENOMEM;
	pthread_mutex_unlock(&all->lock);
	return err;
}

static void tcp_unreg(struct map *map)
{
	struct congestion_controls *all = controls_of(map->obj.host);

	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->maps.len; i++) {
		if (all->maps.at[i] != map)
			continue;
		all->maps.at[i] = all->maps.at[--all->maps.len];
		break;
	}
	pthread_mutex_unlock(&all->lock);
}

/* Under the same name, as one that is there. */
static int tcp_update(struct map *new, struct map *old)
{
	struct congestion_controls *all = controls_of(new->obj.host);
	s64 at;

	pthread_mutex_lock(&all->lock);
	at = find_control(all, name_of(new));
	if (at < 0 || all->maps.at[at] != old)
		at = -EINVAL;
	else
		all->maps.at[at] = new;
	pthread_mutex_unlock(&all->lock);
	return at < 0 ? (int)at : 0;
}

const struct struct_ops_type struct_ops_type_tcp_congestion_ops = {
	.name = "tcp_congestion_ops",
	.init_member = tcp_init_member,
	.validate = tcp_validate,
	.reg = tcp_reg,
	.unreg = tcp_unreg,
	.update = tcp_update,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions: making and finding them, and who uses them; see share.h. Repairing
 * what the dead have left is recover.c's.
 */
#include "map/share.h"

#include <errno.h>
#include <string.h>

#include "base/os_share.h"
#include "map/types.h"

static size_t header_size(void)
{
	return ROUND_UP(sizeof(struct share_header), os_page_size());
}

static struct map_share *share_alloc(const struct mem *mem)
{
	struct map_share *share = mem_zalloc(mem, sizeof(*share));

	if (!share)
		return NULL;
	share->mem = mem;
	share->fd = share->life = -1;
	share->self = os_pages_alloc_wiped(os_page_size());
	if (!share->self) {
		mem_free(mem, share);
		return NULL;
	}
	return share;
}

int share_new(const struct mem *mem, struct map_share **share)
{
	*share = share_alloc(mem);
	return *share ? 0 : -ENOMEM;
}

/* ---- a new one ---- */

static void describe(struct share_header *header, const struct map *map, size_t size)
{
	const struct map_desc *desc = &map->desc;

	header->magic = SHARE_MAGIC;
	header->version = SHARE_VERSION;
	header->page_size = (u32)os_page_size();
	header->type = desc->type;
	header->key_size = desc->key_size;
	header->value_size = desc->value_size;
	header->max_entries = map->share->max_entries;
	header->map_flags = desc->map_flags;
	header->map_extra = desc->map_extra;
	header->nr_cpus = map_nr_cpus(map);
	header->size = size;
}

static int make_region(struct map *map, size_t size)
{
	struct map_share *share = map->share;

	share->fd = os_share_create(header_size() + size);
	if (share->fd < 0)
		return share->fd;
	share->header = os_share_map(share->fd, 0, header_size());
	if (!share->header)
		return -ENOMEM;
	describe(share->header, map, size);
	return share_join(share);
}

/* The map's memory is there, and must be as much as there should be. */
static int find_region(struct map_share *share, size_t size)
{
	return share->size == size ? share_join(share) : -EINVAL;
}

static int region(struct map *map, size_t size)
{
	struct map_share *share = map->share;

	share->err = share->attached ? find_region(share, size) : make_region(map, size);
	return share->err;
}

void *share_pages(struct map *map, size_t size)
{
	size_t whole = ROUND_UP(size, os_page_size());

	return region(map, whole) ? NULL : os_share_map(map->share->fd, header_size(), size);
}

void *share_pages_mirrored(struct map *map, size_t head, size_t body)
{
	if (region(map, head + body))
		return NULL;
	return os_share_map_mirrored(map->share->fd, header_size(), head, body);
}

bool share_attached(const struct map *map)
{
	return map->share && map->share->attached;
}

void share_ready(struct map *map)
{
	struct share_header *header = map->share->header;

	if (map->share->attached)
		return;
	memcpy(header->name, map->desc.name, sizeof(header->name));
	atomic_store_explicit(&header->ready, 1, memory_order_release);
}

int map_region(const struct map *map)
{
	return map->share ? map->share->fd : -EINVAL;
}

/* ---- one that is there ---- */

/* What a header must be for anything to be made of it. */
static int check_header(const struct share_header *header, u64 file_size, struct err *err)
{
	if (header->magic != SHARE_MAGIC)
		return err_set(err, -EINVAL, "this is no map's region");
	if (header->version != SHARE_VERSION || header->page_size != os_page_size())
		return err_set(err, -EINVAL, "the region is of another version of this library");
	if (!atomic_load_explicit(&header->ready, memory_order_acquire))
		return err_set(err, -EAGAIN, "the region is being made");
	if (header->size != file_size - header_size())
		return err_set(err, -EINVAL, "the region has %llu bytes and should have %llu",
			       (unsigned long long)(file_size - header_size()),
			       (unsigned long long)header->size);
	return 0;
}

static int map_header(struct map_share *share, int fd, struct err *err)
{
	u64 size;
	int ret = os_share_size(fd, &size);

	if (ret)
		return err_set(err, ret, "this is no map's region: its size is not sealed");
	if (size < header_size())
		return err_set(err, -EINVAL, "this is no map's region: it is too short");
	share->size = size - header_size();
	share->fd = os_share_reopen(fd);
	if (share->fd < 0)
		return err_set(err, share->fd, "the region cannot be opened: %s",
			       strerror(-share->fd));
	share->header = os_share_map(share->fd, 0, header_size());
	if (!share->header)
		return err_set(err, -ENOMEM, "out of memory");
	return check_header(share->header, size, err);
}

static void attr_of(const struct share_header *header, union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->map_type = header->type;
	attr->key_size = header->key_size;
	attr->value_size = header->value_size;
	attr->max_entries = header->max_entries;
	attr->map_flags = header->map_flags;
	attr->map_extra = header->map_extra;
	memcpy(attr->map_name, header->name, sizeof(attr->map_name) - 1);
}

int share_open(const struct mem *mem, int fd, struct map_share **out, union bpf_attr *attr,
	       struct err *err)
{
	struct map_share *share = share_alloc(mem);
	int ret;

	if (!share)
		return err_set(err, -ENOMEM, "out of memory");
	share->attached = true;
	ret = map_header(share, fd, err);
	if (ret) {
		share_free(share);
		return ret;
	}
	attr_of(share->header, attr);
	*out = share;
	return 0;
}

/* ---- users ---- */

static u32 in_use(u32 state)
{
	return state & 1;
}

/* The slot is ours as long as its byte is. */
static void occupy(struct map_share *share, u32 user)
{
	struct share_slot *slot = &share->header->slot[user];
	u32 state = atomic_load_explicit(&slot->state, memory_order_relaxed);
	u32 top = atomic_load_explicit(&share->header->top, memory_order_relaxed);
	u64 start = os_process_start();

	share->self->space = start ? os_process_space() : 0;
	while (top < user && !atomic_compare_exchange_weak(&share->header->top, &top, user))
		;
	atomic_store_explicit(&slot->pid, os_process_id(), memory_order_relaxed);
	atomic_store_explicit(&slot->start, start, memory_order_relaxed);
	atomic_store_explicit(&slot->space, share->self->space, memory_order_relaxed);
	atomic_store_explicit(&slot->state, state | 1, memory_order_release);
	atomic_store_explicit(&share->self->user, user, memory_order_release);
}

static bool is_free(const struct share_slot *slot)
{
	return !in_use(atomic_load_explicit(&slot->state, memory_order_acquire));
}

static int claim_slot(struct map_share *share)
{
	for (u32 user = 1; user <= SHARE_USERS; user++) {
		struct share_slot *slot = &share->header->slot[user];

		if (!is_free(slot) || os_share_claim(share->life, user))
			continue;
		if (is_free(slot)) {
			occupy(share, user);
			return 0;
		}
		/* Somebody had it in between, and died. */
		os_share_unclaim(share->life, user);
	}
	return -EUSERS;
}

int share_join(struct map_share *share)
{
	int life = os_share_reopen(share->fd);

	if (life < 0)
		return life;
	if (share->life >= 0)
		os_close(share->life);
	share->life = life;
	return claim_slot(share);
}

static void leave(struct map_share *share)
{
	u32 user = atomic_load_explicit(&share->self->user, memory_order_acquire);

	/* A child that never used the map has no number. */
	if (user)
		atomic_fetch_add_explicit(&share->header->slot[user].state, 1,
					  memory_order_release);
	if (share->life >= 0)
		os_close(share->life);
}

void share_free(struct map_share *share)
{
	if (!share)
		return;
	leave(share);
	os_pages_free(share->header, header_size());
	if (share->fd >= 0)
		os_close(share->fd);
	os_pages_free(share->self, os_page_size());
	mem_free(share->mem, share);
}

u32 share_join_again(struct map_share *share)
{
	struct share_self *self = share->self;
	u32 user;

	spin_lock(&self->joining);
	/* Whatever it fails for, descriptors or slots, may pass. */
	while (!(user = atomic_load_explicit(&self->user, memory_order_acquire)))
		if (share_join(share))
			os_yield();
	spin_unlock(&self->joining);
	return user;
}

/* Whether the process is, wherever its descriptors may live on. */
static bool process_gone(const struct map_share *share, const struct share_slot *slot)
{
	u64 space = atomic_load_explicit(&slot->space, memory_order_relaxed);

	return space && space == share->self->space &&
	       os_process_gone(atomic_load_explicit(&slot->pid, memory_order_relaxed),
			       atomic_load_explicit(&slot->start, memory_order_relaxed));
}

static bool is_dead(struct map_share *share, u32 user, bool glance)
{
	const struct share_slot *slot = &share->header->slot[user];
	u32 state = atomic_load_explicit(&slot->state, memory_order_acquire);

	if (!user || !in_use(state) || user == share_user(share))
		return false;
	if (os_share_claimed(share->life, user) && (glance || !process_gone(share, slot)))
		return false;
	/* All of this was told of the same one. */
	return atomic_load_explicit(&slot->state, memory_order_acquire) == state;
}

bool share_dead(struct map_share *share, u32 user)
{
	return is_dead(share, user, false);
}

bool share_dead_at_a_glance(struct map_share *share, u32 user)
{
	return is_dead(share, user, true);
}

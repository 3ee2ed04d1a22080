/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_ARENA: memory that programs and user space share. A window of
 * 4 GiB address space, with guards on both sides, is where a program gets with
 * any offset of 32 bits and the distance in an instruction: whatever it
 * calculates, it reaches nothing else. Pages of the map are somewhere in the
 * window; a page has memory or cannot be touched at all.
 *
 * A program's access where there is no memory loads 0 and stores nothing. User
 * space, which here is the rest of the process, gets memory where it touches
 * pages of the map, or the signal that it would get (BPF_F_SEGV_ON_FAULT).
 *
 * The window is reserved when somebody needs it first: a map of a host that
 * only verifies has no memory but what a loader maps.
 */
#include "map/arena.h"

#include "base/fault.h"
#include "map/types.h"

#define ARENA_FLAGS   (BPF_F_MMAPABLE | BPF_F_SEGV_ON_FAULT | BPF_F_NO_USER_CONV)
#define WINDOW_SIZE   (1ull << 32)
#define GUARD_SIZE    (64ull << 10) /* more than the distance in an instruction */
#define LOWER_HALF(a) ((a) & (WINDOW_SIZE - 1))
#define BITS	      64u

struct arena_map {
	struct map map;
	struct fault_window touched; /* .start: of the first page; size 0 without a window */
	struct spinlock lock;
	u8 *window;	/* NULL: not reserved yet */
	u64 first;	/* offset of the map's pages in the window */
	u64 user;	/* address of the first page in user space */
	u32 nr_pages;	/* what user space has mapped, or else max_entries */
	u32 free_from;	/* no page before it is free */
	bool displaced; /* the window is not where user space wants it */
	bool is_mapped;
	u64 *used;   /* bits of pages with memory */
	void *plain; /* of a host that only verifies: what a loader has mapped */
};

static struct arena_map *arena_of(const struct map *map)
{
	return container_of(map, struct arena_map, map);
}

static u64 pages_size(u64 n)
{
	return n * os_page_size();
}

static int arena_map_check(const union bpf_attr *attr)
{
	u64 size = pages_size(attr->max_entries), start = attr->map_extra;

	if (attr->key_size || attr->value_size || !attr->max_entries ||
	    !(attr->map_flags & BPF_F_MMAPABLE) || attr->map_flags & ~(u32)ARENA_FLAGS)
		return -EINVAL;
	if (start % os_page_size())
		return -EINVAL;
	if (size > WINDOW_SIZE)
		return -E2BIG;
	return start >> 32 == (start + size - 1) >> 32 ? 0 : -ERANGE;
}

static u32 bit_words(u32 pages)
{
	return (pages + BITS - 1) / BITS;
}

static int arena_map_init(struct map *map, const union bpf_attr *attr)
{
	struct arena_map *arena = arena_of(map);

	arena->user = attr->map_extra;
	arena->nr_pages = attr->max_entries;
	map->desc.direct_size = (u32)u64_min(pages_size(attr->max_entries), UINT32_MAX);
	arena->used = mem_zalloc_array(map->obj.host->mem, bit_words(attr->max_entries),
				       sizeof(*arena->used));
	return arena->used ? 0 : -ENOMEM;
}

static void arena_map_exit(struct map *map)
{
	struct arena_map *arena = arena_of(map);

	if (arena->window) {
		fault_window_remove(&arena->touched);
		os_pages_free(arena->window - GUARD_SIZE, WINDOW_SIZE + 2 * GUARD_SIZE);
	}
	if (arena->plain)
		os_pages_free(arena->plain, pages_size(map->desc.max_entries));
	mem_free(map->obj.host->mem, arena->used);
}

/* ---- pages ---- */

static bool is_used(const struct arena_map *arena, u32 page)
{
	return arena->used[page / BITS] >> page % BITS & 1;
}

static u8 *page_address(const struct arena_map *arena, u32 page)
{
	return arena->window + arena->first + pages_size(page);
}

/* Pages of the same state from @page on, at most @n. */
static u32 same_from(const struct arena_map *arena, u32 page, u32 n)
{
	bool used = is_used(arena, page);
	u32 i = 1;

	while (i < n && is_used(arena, page + i) == used)
		i++;
	return i;
}

static void mark(struct arena_map *arena, u32 page, u32 n, bool used)
{
	for (u32 i = page; i < page + n; i++) {
		u64 bit = BIT_ULL(i % BITS);

		if (used)
			arena->used[i / BITS] |= bit;
		else
			arena->used[i / BITS] &= ~bit;
	}
	if (used && arena->free_from == page)
		arena->free_from = page + n;
	if (!used && page < arena->free_from)
		arena->free_from = page;
}

/* The first free page from @page on, in steps of words. */
static u32 next_free(const struct arena_map *arena, u32 page)
{
	while (page < arena->nr_pages && is_used(arena, page)) {
		u64 rest = ~arena->used[page / BITS] >> page % BITS;

		page += rest ? (u32)__builtin_ctzll(rest) : BITS - page % BITS;
	}
	return page;
}

/* The lowest @n free pages in a row; nr_pages when there are none. */
static u32 find_free(struct arena_map *arena, u32 n)
{
	u32 page = arena->free_from = next_free(arena, arena->free_from);

	while (n <= arena->nr_pages && page <= arena->nr_pages - n) {
		u32 got = same_from(arena, page, n);

		if (got == n)
			return page;
		page = next_free(arena, page + got);
	}
	return arena->nr_pages;
}

/* The user sees its pages in the window, or behind the offset that it has asked for. */
static bool fill_touched(struct fault_window *touched, uintptr_t at)
{
	struct arena_map *arena = container_of(touched, struct arena_map, touched);
	u32 page = (u32)((at - touched->start) / os_page_size());
	bool there;

	if (arena->map.desc.map_flags & BPF_F_SEGV_ON_FAULT || page >= arena->nr_pages)
		return false;
	spin_lock(&arena->lock);
	there = is_used(arena, page) || !os_window_fill(page_address(arena, page), os_page_size());
	if (there)
		mark(arena, page, 1, true);
	spin_unlock(&arena->lock);
	return there;
}

/* ---- the window ---- */

/* Where user space has its pages if it may: their first one has an address whose lower half is
 * not 0, which a program could not tell from NULL. */
static u64 first_page(const struct arena_map *arena)
{
	u64 page = os_page_size();

	if (arena->user)
		return LOWER_HALF(arena->user);
	return pages_size(arena->map.desc.max_entries) + page > WINDOW_SIZE ? 0 : page;
}

static u8 *reserve(struct arena_map *arena)
{
	const size_t size = WINDOW_SIZE + 2 * GUARD_SIZE;
	u64 at = arena->user - LOWER_HALF(arena->user);
	u8 *p = NULL;

	if (at)
		p = os_window_reserve(u64_to_ptr(at - GUARD_SIZE), size, 0);
	if (p)
		return p + GUARD_SIZE;
	arena->displaced = arena->user;
	/* Aligned behind the guard, so that the lower half is an offset in the window. */
	p = os_window_reserve(NULL, size + WINDOW_SIZE, WINDOW_SIZE);
	if (!p)
		return NULL;
	os_pages_free(p, WINDOW_SIZE - GUARD_SIZE);
	os_pages_free(p + 2 * WINDOW_SIZE + GUARD_SIZE, GUARD_SIZE);
	return p + WINDOW_SIZE;
}

static int open_locked(struct arena_map *arena)
{
	if (arena->window)
		return 0;
	arena->window = reserve(arena);
	if (!arena->window)
		return -ENOMEM;
	arena->first = first_page(arena);
	if (!arena->user)
		arena->user = ptr_to_u64(arena->window + arena->first);
	arena->touched = (struct fault_window){
		.start = (uintptr_t)page_address(arena, 0),
		.size = pages_size(arena->map.desc.max_entries),
		.touch = fill_touched,
	};
	fault_window_add(&arena->touched);
	return 0;
}

static int open_window(struct arena_map *arena)
{
	int err;

	spin_lock(&arena->lock);
	err = open_locked(arena);
	spin_unlock(&arena->lock);
	return err;
}

int arena_window(struct map *map, u64 *base, u64 *user)
{
	struct arena_map *arena = arena_of(map);
	int err = open_window(arena);

	if (err)
		return err;
	*base = ptr_to_u64(arena->window);
	*user = map->desc.map_flags & BPF_F_NO_USER_CONV ? 0
							 : arena->user - LOWER_HALF(arena->user);
	return 0;
}

/* ---- programs ---- */

static u64 user_address(const struct arena_map *arena, u32 page)
{
	return arena->user + pages_size(page);
}

/* The page at an address of either kind; one that is none of the map's when that is elsewhere. */
static u64 page_of(const struct arena_map *arena, u64 addr)
{
	return LOWER_HALF(addr - arena->user) / os_page_size();
}

static u64 alloc_locked(struct arena_map *arena, u64 addr, u32 n)
{
	u64 page;

	if (addr) {
		page = page_of(arena, addr);
		if (n > arena->nr_pages || page > arena->nr_pages - n ||
		    is_used(arena, (u32)page) || same_from(arena, (u32)page, n) < n)
			return 0;
	} else {
		page = find_free(arena, n);
		if (page == arena->nr_pages)
			return 0;
	}
	if (os_window_fill(page_address(arena, (u32)page), pages_size(n)))
		return 0;
	mark(arena, (u32)page, n, true);
	return user_address(arena, (u32)page);
}

u64 arena_alloc_pages(struct map *map, u64 addr, u32 n, s32 node)
{
	struct arena_map *arena = arena_of(map);
	u64 at = 0;

	/* There is one node, number 0. */
	if (!n || addr % os_page_size() || (node != -1 && node))
		return 0;
	spin_lock(&arena->lock);
	if (!open_locked(arena))
		at = alloc_locked(arena, addr, n);
	spin_unlock(&arena->lock);
	return at;
}

static void free_locked(struct arena_map *arena, u32 page, u32 n)
{
	while (n) {
		u32 run = same_from(arena, page, n);

		if (is_used(arena, page) &&
		    !os_window_empty(page_address(arena, page), pages_size(run)))
			mark(arena, page, run, false);
		page += run;
		n -= run;
	}
}

void arena_free_pages(struct map *map, u64 addr, u32 n)
{
	struct arena_map *arena = arena_of(map);
	u64 page = page_of(arena, addr);

	if (page >= arena->nr_pages || !n)
		return;
	spin_lock(&arena->lock);
	if (arena->window)
		free_locked(arena, (u32)page, (u32)u64_min(n, arena->nr_pages - page));
	spin_unlock(&arena->lock);
}

/* ---- user space ---- */

/* Of a host that only verifies: memory to put initial values into. */
static int map_plain(struct arena_map *arena, size_t size, void **addr)
{
	if (size != pages_size(arena->map.desc.max_entries))
		return -EINVAL;
	if (!arena->plain)
		arena->plain = os_pages_alloc(size);
	*addr = arena->plain;
	return arena->plain ? 0 : -ENOMEM;
}

static int map_locked(struct arena_map *arena, u64 pages, void **addr)
{
	int err = open_locked(arena);

	if (err)
		return err;
	if (arena->displaced)
		return -EBUSY;
	if ((arena->is_mapped || arena->map.desc.map_extra) && pages != arena->nr_pages)
		return -EINVAL;
	/* Programs may have pages behind what is mapped now: those stay theirs. */
	arena->nr_pages = (u32)pages;
	arena->is_mapped = true;
	*addr = page_address(arena, 0);
	return 0;
}

static int arena_map_mmap(struct map *map, u64 offset, size_t size, bool writable __unused,
			  void **addr)
{
	struct arena_map *arena = arena_of(map);
	u64 pages = size / os_page_size();
	int err;

	if (offset)
		return -EINVAL;
	if (pages > map->desc.max_entries)
		return -E2BIG;
	if (map->obj.host->verify_only)
		return map_plain(arena, size, addr);
	spin_lock(&arena->lock);
	err = map_locked(arena, pages, addr);
	spin_unlock(&arena->lock);
	return err;
}

static int arena_map_direct_value(struct map *map, u32 off, void **addr)
{
	struct arena_map *arena = arena_of(map);
	int err;

	if (off > pages_size(arena->nr_pages))
		return -ERANGE;
	err = open_window(arena);
	if (!err)
		*addr = u64_to_ptr(arena->user + off);
	return err;
}

static int arena_map_read(struct map *map __unused, const void *key __unused, void *value __unused,
			  u64 flags __unused)
{
	return -EINVAL;
}

static int arena_map_write(struct map *map __unused, const void *key __unused,
			   const void *value __unused, u64 flags __unused)
{
	return -EOPNOTSUPP;
}

static int arena_map_update(struct map *map __unused, const void *key __unused,
			    const void *value __unused, u64 flags __unused, u32 cpu __unused)
{
	return -EOPNOTSUPP;
}

static int arena_map_delete(struct map *map __unused, const void *key __unused)
{
	return -EOPNOTSUPP;
}

static int arena_map_next_key(struct map *map __unused, const void *key __unused,
			      void *next __unused)
{
	return -EOPNOTSUPP;
}

static u64 arena_map_mem_usage(const struct map *map __unused)
{
	return 0; /* as Linux says */
}

const struct map_ops map_ops_arena = {
	.type = BPF_MAP_TYPE_ARENA,
	.size = sizeof(struct arena_map),
	.check = arena_map_check,
	.check_btf = map_check_no_btf,
	.init = arena_map_init,
	.exit = arena_map_exit,
	.update = arena_map_update,
	.delete = arena_map_delete,
	.read = arena_map_read,
	.write = arena_map_write,
	.next_key = arena_map_next_key,
	.direct_value = arena_map_direct_value,
	.mmap = arena_map_mmap,
	.mem_usage = arena_map_mem_usage,
};

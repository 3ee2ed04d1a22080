/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of operations cannot say: maps as programs see them, memory
 * that user space maps, programs in arrays, ring buffer layout, eviction
 * order, and creation when memory runs out.
 */
#include <errno.h>

#include "base/bytes.h"
#include "map/prog_array.h"
#include "map/ringbuf.h"
#include "object/prog.h"
#include "tap.h"

static struct host *host;

static struct map *new_map(u32 type, u32 key_size, u32 value_size, u32 entries, u32 flags)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = entries,
		.map_flags = flags,
		.map_name = "test",
	};
	struct map *map = NULL;

	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	return map;
}

static void put_map(struct map *map)
{
	object_put(&map->obj);
}

static void types(void)
{
	check_str(map_type_name(BPF_MAP_TYPE_LRU_PERCPU_HASH), "lru_percpu_hash");
	check_str(map_type_name(BPF_MAP_TYPE_ARENA), "arena");
	check(!map_type_name(__MAX_BPF_MAP_TYPE));
	check(!map_type_name(UINT32_MAX));
	check_eq(map_type_by_name("ringbuf"), BPF_MAP_TYPE_RINGBUF);
	check_eq(map_type_by_name("no such"), -1);
	for (u32 i = 0; i < __MAX_BPF_MAP_TYPE; i++) {
		const struct map_ops *ops = map_type_ops(i);

		check_eq(map_type_by_name(map_type_name(i)), i);
		check(!ops || ops->type == i);
		check(!ops || (ops->check && ops->init && ops->exit && ops->mem_usage));
	}
}

/* What is not here yet says so. */
static void unsupported_type(void)
{
	for (u32 type = 1; type < __MAX_BPF_MAP_TYPE; type++) {
		union bpf_attr attr = {.map_type = type, .max_entries = 1};
		struct err err = {0};
		char text[128];
		struct map *map;

		if (map_type_ops(type))
			continue;
		snprintf(text, sizeof(text), "map type %s is not supported yet",
			 map_type_name(type));
		check_eq(map_create(host, &attr, NULL, &map, &err), -EOPNOTSUPP);
		check_str(err.text, text);
	}
}

static void description(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_ARRAY, 4, 24, 1, BPF_F_RDONLY_PROG | BPF_F_RDONLY);

	check_eq(map->desc.type, BPF_MAP_TYPE_ARRAY);
	check_eq(map->desc.key_size, 4);
	check_eq(map->desc.value_size, 24);
	check_eq(map->desc.max_entries, 1);
	check_eq(map->desc.map_flags, BPF_F_RDONLY_PROG); /* the other is the descriptor's */
	check_eq(map->desc.direct_size, 24);
	check_str(map->desc.name, "test");
	check(map->desc.id && map->desc.id == map->obj.id);
	check(map_mem_usage(map) >= 24);
	put_map(map);
	map = new_map(BPF_MAP_TYPE_ARRAY, 4, 24, 2, 0);
	check_eq(map->desc.direct_size, 0);
	put_map(map);
}

/* Programs get addresses: stable, 8-byte aligned, one per element and CPU. */
static void program_addresses(void)
{
	static const u32 kinds[] = {BPF_MAP_TYPE_ARRAY,	   BPF_MAP_TYPE_PERCPU_ARRAY,
				    BPF_MAP_TYPE_HASH,	   BPF_MAP_TYPE_PERCPU_HASH,
				    BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH};

	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct map *map = new_map(kinds[k], 4, 9, 64, 0);
		u8 value[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
		u8 *seen[64][2];

		for (u32 key = 0; key < 64; key++) {
			check_eq(map->ops->update(map, &key, value, BPF_ANY, 1), 0);
			for (u32 cpu = 0; cpu < 2; cpu++) {
				u8 *v = seen[key][cpu] = map->ops->lookup(map, &key, cpu);

				check(v && (uintptr_t)v % 8 == 0);
				check(v == map->ops->lookup(map, &key, cpu));
				/* A program's update is of its own CPU's copy alone. */
				check_eq(memcmp(v, value, 9) == 0, !map->ops->percpu || cpu == 1);
			}
			check_eq(seen[key][0] == seen[key][1], !map->ops->percpu);
			for (u32 i = 0; i < key; i++)
				check(seen[i][0] != seen[key][0]);
		}
		put_map(map);
	}
}

/* Who holds a value's address still reads the old value after an update. */
static void update_makes_a_new_element(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_HASH, 4, 8, 4, 0);
	u32 key = 1;
	u64 v = 10, *old, *now;

	check_eq(map->ops->update(map, &key, &v, BPF_ANY, 0), 0);
	old = map->ops->lookup(map, &key, 0);
	v = 11;
	check_eq(map->ops->update(map, &key, &v, BPF_ANY, 0), 0);
	now = map->ops->lookup(map, &key, 0);
	check(old != now);
	check_eq(*old, 10);
	check_eq(*now, 11);
	put_map(map);
}

/* An iteration that updates what it finds sees each key once. */
static void iterate_and_update(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_HASH, 4, 8, 256, 0);
	u32 n = 0, key;
	u64 v = 1;

	for (key = 0; key < 256; key++)
		check_eq(map_user_update(map, &key, &v, BPF_NOEXIST), 0);
	for (int err = map_user_next_key(map, NULL, &key); !err && n < 1000;
	     err = map_user_next_key(map, &key, &key)) {
		check_eq(map_user_update(map, &key, &v, BPF_EXIST), 0);
		n++;
	}
	check_eq(n, 256);
	put_map(map);
}

struct visit {
	struct map *map;
	u32 n, stop_after;
	bool delete_all;
	u8 seen[200];
};

static long visit(void *arg, void *key, void *value)
{
	struct visit *v = arg;
	u32 k = get_u32(key);

	check(value && k < ARRAY_SIZE(v->seen));
	v->seen[k]++;
	v->n++;
	for (k = 0; v->delete_all && k < ARRAY_SIZE(v->seen); k++)
		v->map->ops->delete (v->map, &k);
	return v->n == v->stop_after;
}

static void for_each(void)
{
	static const u32 kinds[] = {BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY,
				    BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH,
				    BPF_MAP_TYPE_LRU_HASH};

	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct map *map = new_map(kinds[k], 4, 8, 200, 0);
		struct visit v = {.map = map}, stop = {.map = map, .stop_after = 7};
		u64 value = 1;

		for (u32 key = 0; key < 200; key++)
			check_eq(map->ops->update(map, &key, &value, BPF_ANY, 0), 0);
		check_eq(map->ops->for_each(map, 0, visit, &v), 200);
		for (u32 i = 0; i < 200; i++)
			check_eq(v.seen[i], 1);
		check_eq(map->ops->for_each(map, 0, visit, &stop), 7);
		put_map(map);
	}
}

static void for_each_deleting(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_HASH, 4, 8, 200, 0);
	struct visit v = {.map = map, .delete_all = true};
	u64 value = 1;

	for (u32 key = 0; key < 200; key++)
		check_eq(map->ops->update(map, &key, &value, BPF_ANY, 0), 0);
	check_eq(map->ops->for_each(map, 0, visit, &v), 1);
	put_map(map);
}

/* ---- mapping and freezing ---- */

static void mapping(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_MMAPABLE);
	size_t page = os_page_size();
	u32 key = 2;
	u64 *mem, v = 7;
	void *addr;

	check_eq(map_user_mmap(map, 0, 32, true, &addr), 0);
	check_eq((uintptr_t)addr % page, 0);
	mem = addr;
	check_eq(map_user_update(map, &key, &v, 0), 0);
	check_eq(mem[2], 7);
	mem[2] = 8;
	check_eq(map_user_lookup(map, &key, &v, 0), 0);
	check_eq(v, 8);
	check_eq(map_user_mmap(map, page, 1, false, &addr), -EINVAL);
	check_eq(map_user_mmap(map, 0, page + 1, false, &addr), -EINVAL);
	check_eq(map_user_mmap(map, 1, 1, false, &addr), -EINVAL);
	check_eq(map_user_mmap(map, 0, 0, false, &addr), -EINVAL);
	check_eq(map_user_mmap(map, 0, SIZE_MAX, false, &addr), -EINVAL);
	check_eq(map_freeze(map), -EBUSY); /* while somebody can write */
	map_user_munmap(map, true);
	check_eq(map_freeze(map), 0);
	check_eq(map_user_mmap(map, 0, 32, true, &addr), -EPERM);
	check_eq(map_user_mmap(map, 0, 32, false, &addr), 0);
	put_map(map);
	map = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0);
	check_eq(map_user_mmap(map, 0, 32, false, &addr), -EINVAL);
	put_map(map);
	map = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG);
	check_eq(map_user_mmap(map, 0, 32, true, &addr), -EACCES);
	put_map(map);
	map = new_map(BPF_MAP_TYPE_HASH, 4, 8, 4, 0);
	check_eq(map_user_mmap(map, 0, 32, false, &addr), -ENOTSUPP);
	put_map(map);
}

static void frozen_value(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_RDONLY_PROG);
	u32 key = 0;
	u64 v = 42;
	void *addr;

	check_eq(map_user_update(map, &key, &v, 0), 0);
	check(!map->desc.frozen && !map->desc.frozen_value && !map_is_frozen(map));
	check_eq(map_freeze(map), 0);
	check(map->desc.frozen && map_is_frozen(map));
	check(map->desc.frozen_value && get_u64(map->desc.frozen_value) == 42);
	check_eq(map->ops->direct_value(map, 7, &addr), 0);
	check(addr == (const u8 *)map->desc.frozen_value + 7);
	check_eq(map->ops->direct_value(map, 8, &addr), -EINVAL);
	put_map(map);
	/* Programs may still write this one: nothing is known of its contents. */
	map = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	check_eq(map_freeze(map), 0);
	check(map->desc.frozen && !map->desc.frozen_value);
	put_map(map);
}

/* ---- arrays of programs ---- */

static void prog_free(struct object *obj)
{
	struct prog *prog = prog_of(obj);

	for (u32 i = 0; i < prog->map_cnt; i++)
		object_put(&prog->maps[i]->obj);
	mem_free(obj->host->mem, prog->maps);
	mem_free(obj->host->mem, prog);
}

static const struct object_ops prog_ops = {.kind = OBJECT_PROG, .free = prog_free};

static struct prog *new_prog(enum bpf_prog_type type)
{
	struct prog *prog = mem_zalloc(host->mem, sizeof(*prog));

	object_init(&prog->obj, &prog_ops, host);
	prog->type = type;
	check_eq(object_publish(&prog->obj), 0);
	return prog;
}

static void prog_array(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0);
	struct prog *xdp = new_prog(BPF_PROG_TYPE_XDP), *other = new_prog(BPF_PROG_TYPE_XDP);
	struct prog *filter = new_prog(BPF_PROG_TYPE_SOCKET_FILTER);
	struct prog *dev = new_prog(BPF_PROG_TYPE_XDP);
	u32 zero = 0, two = 2, got;
	int xdp_fd = handle_open(&xdp->obj), other_fd = handle_open(&other->obj);
	int filter_fd = handle_open(&filter->obj), dev_fd, map_fd;

	dev->expected_attach_type = BPF_XDP_DEVMAP;
	dev_fd = handle_open(&dev->obj);
	object_get(&map->obj);
	map_fd = handle_open(&map->obj);

	check(!prog_array_target(map, 0));
	check_eq(map_user_update(map, &zero, &xdp_fd, BPF_ANY), 0);
	check(prog_array_target(map, 0) == xdp);
	check(!prog_array_target(map, 1) && !prog_array_target(map, 2));
	check_eq(map_user_lookup(map, &zero, &got, 0), 0);
	check_eq(got, xdp->obj.id);
	/* The first one has fixed what may follow. */
	check_eq(map_user_update(map, &zero, &filter_fd, BPF_ANY), -EINVAL);
	check_eq(map_user_update(map, &zero, &dev_fd, BPF_ANY), -EINVAL);
	check_eq(map_user_update(map, &zero, &map_fd, BPF_ANY), -EINVAL);
	check_eq(map_user_update(map, &two, &xdp_fd, BPF_ANY), -E2BIG);
	check(!prog_array_compatible(map, filter) && prog_array_compatible(map, other));
	/* It is the array's reference that keeps the program now. */
	check_eq(handle_close(host, xdp_fd), 0);
	check_eq(xdp->obj.refs, 1);
	check_eq(map_user_update(map, &zero, &other_fd, BPF_ANY), 0);
	check(prog_array_target(map, 0) == other);
	check_eq(other->obj.refs, 2);
	check_eq(map_user_delete(map, &zero), 0);
	check_eq(map_user_delete(map, &zero), -ENOENT);
	check_eq(other->obj.refs, 1);
	check_eq(map_user_update(map, &zero, &other_fd, BPF_ANY), 0);
	handle_close(host, map_fd);
	put_map(map);
	check_eq(other->obj.refs, 1);
	handle_close(host, other_fd);
	handle_close(host, filter_fd);
	handle_close(host, dev_fd);
}

/* An array and a program that is in it and uses it: both go when user space lets go. */
static void prog_array_cycle(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0);
	struct prog *prog = new_prog(BPF_PROG_TYPE_XDP);
	int map_fd, fd = handle_open(&prog->obj);
	u32 one = 1, map_id = map->obj.id, prog_id = prog->obj.id;

	object_get(&map->obj); /* the program's */
	prog->maps = mem_dup(host->mem, &map, sizeof(map));
	prog->map_cnt = 1;
	map_fd = handle_open(&map->obj);
	check_eq(map_user_update(map, &one, &fd, BPF_ANY), 0);
	handle_close(host, fd);
	check(prog_array_target(map, 1) == prog);
	handle_close(host, map_fd);
	check(!object_by_id(host, OBJECT_MAP, map_id));
	check(!object_by_id(host, OBJECT_PROG, prog_id));
}

/* ---- ring buffer ---- */

struct got {
	u32 n, bytes;
	u8 first;
	int answer;
};

static int take(void *arg, const void *data, u32 size)
{
	struct got *got = arg;

	if (!got->n++)
		got->first = size ? *(const u8 *)data : 0;
	got->bytes += size;
	return got->answer;
}

static void ringbuf_layout(void)
{
	size_t page = os_page_size();
	struct map *map = new_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (u32)page, 0);
	u8 *consumer, *producer, *data, *payload;
	void *addr;

	check_eq(map_user_mmap(map, 0, page, true, &addr), 0);
	consumer = addr;
	check_eq(map_user_mmap(map, page, 3 * page, false, &addr), 0);
	producer = addr;
	data = producer + page;
	check_eq(map_user_mmap(map, 0, 2 * page, true, &addr), -EPERM);
	check_eq(map_user_mmap(map, page, page, true, &addr), -EPERM);
	check_eq(map_user_mmap(map, page, 4 * page, false, &addr), -EINVAL);

	payload = ringbuf_reserve(map, 5);
	check(payload == data + 8);
	check_eq(get_u32(data), 5 | BPF_RINGBUF_BUSY_BIT);
	check_eq(get_u64(producer), 16);
	check_eq(get_u64(consumer), 0);
	ringbuf_commit(payload, 0, false);
	check_eq(get_u32(data), 5);
	payload = ringbuf_reserve(map, 8);
	ringbuf_commit(payload, 0, true);
	check_eq(get_u32(data + 16), 8 | BPF_RINGBUF_DISCARD_BIT);
	/* The second view is the same memory. */
	data[page + 40] = 77;
	check_eq(data[40], 77);
	check_eq(ringbuf_query(map, BPF_RB_AVAIL_DATA), 32);
	check_eq(ringbuf_query(map, BPF_RB_RING_SIZE), page);
	check_eq(ringbuf_query(map, BPF_RB_CONS_POS), 0);
	check_eq(ringbuf_query(map, BPF_RB_PROD_POS), 32);
	check_eq(ringbuf_query(map, 4), 0);
	map_user_munmap(map, true);
	put_map(map);
}

static void ringbuf_records(void)
{
	u32 size = (u32)os_page_size();
	struct map *map = new_map(BPF_MAP_TYPE_RINGBUF, 0, 0, size, 0);
	struct got got = {0};
	void *a, *b;

	check_eq(ringbuf_wait(map, 0), 0);
	check_eq(ringbuf_wait(map, 5), 0);
	check(!ringbuf_reserve(map, size - 8)); /* one byte must stay free */
	check(!ringbuf_reserve(map, size));
	check(!ringbuf_reserve(map, UINT32_MAX / 4 + 1ull));
	check(!ringbuf_reserve(map, UINT64_MAX));
	check_eq(ringbuf_output(map, "x", 1, 4), -EINVAL);
	a = ringbuf_reserve(map, size / 2);
	b = ringbuf_reserve(map, 3);
	check(a && b);
	check_eq(ringbuf_output(map, "x", size / 2, 0), -EAGAIN);
	memset(b, 2, 3);
	ringbuf_commit(b, 0, false);
	/* The consumer stops at the first that is being written. */
	check_eq(ringbuf_consume(map, take, &got), 0);
	check_eq(ringbuf_wait(map, 0), 1);
	memset(a, 1, size / 2);
	ringbuf_commit(a, 0, false);
	check_eq(ringbuf_consume(map, take, &got), 2);
	check_eq(got.first, 1);
	check_eq(got.bytes, size / 2 + 3);
	check_eq(ringbuf_wait(map, 0), 0);
	put_map(map);
}

/* Many times around, with records that pass the end, and callbacks that stop. */
static void ringbuf_wraps(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (u32)os_page_size(), 0);
	struct got got = {0}, stop = {.answer = -EINTR};
	u8 data[1000];

	for (u32 i = 0; i < 1000; i++) {
		memset(data, (int)(i % 256), sizeof(data));
		got = (struct got){0};
		check_eq(ringbuf_output(map, data, i, 0), 0);
		check_eq(ringbuf_output(map, data, 1, BPF_RB_NO_WAKEUP), 0);
		check_eq(ringbuf_consume(map, take, &got), 2);
		check_eq(got.bytes, i + 1);
		check_eq(got.first, i ? i % 256 : 0);
	}
	check_eq(ringbuf_output(map, data, 1, 0), 0);
	check_eq(ringbuf_output(map, data, 1, 0), 0);
	check_eq(ringbuf_consume(map, take, &stop), -EINTR);
	check_eq(ringbuf_consume(map, take, &got), 1);
	put_map(map);
}

/* Positions that somebody has written nonsense to lead nowhere. */
static void ringbuf_forged(void)
{
	struct map *map = new_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (u32)os_page_size(), 0);
	struct got got = {0};
	void *consumer;

	check_eq(map_user_mmap(map, 0, os_page_size(), true, &consumer), 0);
	check_eq(ringbuf_output(map, "abc", 3, 0), 0);
	put_u64(consumer, 1);
	check_eq(ringbuf_consume(map, take, &got), -EINVAL);
	put_u64(consumer, 1u << 20);
	check_eq(ringbuf_consume(map, take, &got), -EINVAL);
	check_eq(ringbuf_output(map, "abc", 3, 0), -EAGAIN);
	put_u64(consumer, 0ull - 2 * os_page_size());
	check_eq(ringbuf_consume(map, take, &got), -EINVAL);
	put_u64(consumer, 8); /* the record's payload taken for a header */
	check_eq(ringbuf_consume(map, take, &got), -EINVAL);
	check_eq(got.n, 0);
	put_u64(consumer, 0);
	check_eq(ringbuf_consume(map, take, &got), 1);
	map_user_munmap(map, true);
	put_map(map);
}

/* ---- LRU ---- */

/* With one CPU everything is determined: what was looked up stays. */
static void lru_order(void)
{
	struct host *one;
	struct host_options opts;
	struct environment env;
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_LRU_HASH,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 64,
	};
	struct map *map;
	u64 value = 1, v;
	u32 kept = 0;

	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = 1;
	opts.env = &env;
	check_eq(host_new(&opts, &one), 0);
	check_eq(map_create(one, &attr, NULL, &map, NULL), 0);
	for (u32 key = 0; key < 64; key++)
		check_eq(map->ops->update(map, &key, &value, BPF_ANY, 0), 0);
	for (u32 key = 0; key < 16; key++)
		check(map->ops->lookup(map, &key, 0));
	for (u32 key = 100; key < 116; key++)
		check_eq(map->ops->update(map, &key, &value, BPF_ANY, 0), 0);
	for (u32 key = 0; key < 16; key++)
		kept += !map_user_lookup(map, &key, &v, 0);
	check_eq(kept, 16);
	for (u32 key = 100; key < 116; key++)
		check_eq(map_user_lookup(map, &key, &v, 0), 0);
	object_put(&map->obj);
	host_free(one);
}

/* ---- out of memory ---- */

/* ---- maps of maps ---- */

static int handle_of(struct map *map)
{
	object_get(&map->obj);
	return handle_open(&map->obj);
}

static int put_inner(struct map *outer, u32 key, const struct map *inner, u64 flags)
{
	int handle = inner ? handle_of((struct map *)(uintptr_t)inner) : 9999, err;
	u32 value = (u32)handle;

	err = map_user_update(outer, &key, &value, flags);
	if (inner)
		check_eq(handle_close(host, handle), 0);
	return err;
}

static struct map *new_outer(u32 type, struct map *model, u32 entries)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = 4,
		.value_size = 4,
		.max_entries = entries,
		.inner_map_fd = (u32)handle_of(model),
	};
	struct map *map = NULL;

	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	check_eq(handle_close(host, (int)attr.inner_map_fd), 0);
	return map;
}

static void map_of_type_holds(u32 type)
{
	struct map *a = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0);
	struct map *b = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0);
	struct map *other = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0);
	struct map *outer = new_outer(type, a, 2);
	bool hash = type == BPF_MAP_TYPE_HASH_OF_MAPS;
	u32 key = 1, value = 0, id = b->obj.id;

	check_eq(outer->desc.inner->max_entries, 3);
	check(!outer->ops->lookup(outer, &key, 0));
	check_eq(map_user_lookup(outer, &key, &value, 0), -ENOENT);
	check_eq(map_user_delete(outer, &key), -ENOENT);
	check_eq(put_inner(outer, 1, NULL, BPF_ANY), -EBADF);
	check_eq(put_inner(outer, 1, other, BPF_ANY), -EINVAL);
	check_eq(put_inner(outer, 1, outer, BPF_ANY), -EINVAL);
	check_eq(put_inner(outer, 1, a, BPF_ANY), 0);
	check_eq(put_inner(outer, 1, a, BPF_NOEXIST), hash ? -EEXIST : -EINVAL);
	check_eq(put_inner(outer, 0, a, BPF_EXIST), hash ? -ENOENT : -EINVAL);
	check(outer->ops->lookup(outer, &key, 0) == a);
	check_eq(map_user_lookup(outer, &key, &value, 0), 0);
	check_eq(value, a->obj.id);
	check_eq(put_inner(outer, 1, b, BPF_ANY), 0);
	check_eq(put_inner(outer, 0, b, BPF_ANY), 0);
	check_eq(put_inner(outer, 2, b, BPF_ANY), -E2BIG);
	check_eq(put_inner(outer, 1, a, BPF_ANY), 0);
	check_eq(put_inner(outer, 1, b, BPF_ANY), 0);
	check(outer->ops->lookup(outer, &key, 0) == b);
	/* The map outlives everybody else's references. */
	object_put(&b->obj);
	check(outer->ops->lookup(outer, &key, 0) == b);
	check_eq(map_user_delete(outer, &key), 0);
	check(!outer->ops->lookup(outer, &key, 0));
	check_eq(id, object_next_id(host, OBJECT_MAP, id - 1));
	object_put(&outer->obj);
	check(id != object_next_id(host, OBJECT_MAP, id - 1));
	object_put(&other->obj);
	object_put(&a->obj);
}

static void maps_of_maps(void)
{
	map_of_type_holds(BPF_MAP_TYPE_ARRAY_OF_MAPS);
	map_of_type_holds(BPF_MAP_TYPE_HASH_OF_MAPS);
}

/* Arrays of any size, where the model says so. */
static void inner_size(void)
{
	struct map *model = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 3, BPF_F_INNER_MAP);
	struct map *larger = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 300, BPF_F_INNER_MAP);
	struct map *plain = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0);
	struct map *outer = new_outer(BPF_MAP_TYPE_ARRAY_OF_MAPS, model, 1);

	check_eq(put_inner(outer, 0, larger, BPF_ANY), 0);
	check_eq(put_inner(outer, 0, plain, BPF_ANY), -EINVAL);
	object_put(&model->obj);
	object_put(&larger->obj);
	object_put(&plain->obj);
	object_put(&outer->obj);
}

struct failing {
	u32 left; /* allocations that succeed */
	s64 live;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;

	if (!size) {
		f->live -= p != NULL;
		free(p);
		return NULL;
	}
	if (!f->left)
		return NULL;
	f->left--;
	f->live += p == NULL;
	return realloc(p, size);
}

/* The lowest handle of a host. */
#define FIRST_HANDLE 3

/* What a small map of the type is made of; the first handle is an array's. */
static union bpf_attr small_map(u32 type)
{
	bool memory = type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF ||
		      type == BPF_MAP_TYPE_ARENA;
	bool keyless = memory || type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK ||
		       type == BPF_MAP_TYPE_BLOOM_FILTER;
	bool lpm = type == BPF_MAP_TYPE_LPM_TRIE;

	return (union bpf_attr){
		.map_type = type,
		.key_size = keyless ? 0
			    : lpm   ? 8
				    : 4,
		.map_flags = lpm			  ? BPF_F_NO_PREALLOC
			     : type == BPF_MAP_TYPE_ARENA ? BPF_F_MMAPABLE
							  : 0,
		.value_size = memory				 ? 0
			      : type == BPF_MAP_TYPE_STACK_TRACE ? 8
								 : 4,
		.max_entries = (u32)os_page_size(),
		.inner_map_fd = FIRST_HANDLE,
	};
}

static void out_of_memory(void)
{
	for (u32 type = 1; type < __MAX_BPF_MAP_TYPE; type++) {
		union bpf_attr attr = small_map(type), inner_attr = small_map(BPF_MAP_TYPE_ARRAY);
		bool of_maps =
			type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
		u32 n = 0;
		int ret;

		/* Local storage and structures of functions need BTF: storage.c, sys/struct_ops.c. */
		if (!map_type_ops(type) || strstr(map_type_name(type), "_storage") ||
		    type == BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		do {
			struct failing f = {.left = 1000};
			struct mem mem = {.realloc = failing_realloc, .ctx = &f};
			struct host_options opts;
			struct host *h;
			struct map *map = NULL;
			struct err err = {0};

			host_options_init(&opts);
			opts.mem = &mem;
			check_eq(host_new(&opts, &h), 0);
			if (of_maps) {
				check_eq(map_create(h, &inner_attr, NULL, &map, NULL), 0);
				check_eq(handle_open(&map->obj), FIRST_HANDLE);
			}
			f.left = n;
			ret = map_create(h, &attr, NULL, &map, &err);
			check(!ret || (ret == -ENOMEM && err.code == -ENOMEM && err.text[0]));
			if (!ret)
				object_put(&map->obj);
			host_free(h);
			check_eq(f.live, 0);
		} while (ret && n++ < 100);
		check_eq(ret, 0);
		check(n >= (of_maps ? 1 : 2)); /* the map and its id */
	}
}

int main(void)
{
	struct host_options opts;
	struct environment env;

	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = 4;
	opts.env = &env;
	if (host_new(&opts, &host))
		return 1;
	run_test(types);
	run_test(unsupported_type);
	run_test(description);
	run_test(program_addresses);
	run_test(update_makes_a_new_element);
	run_test(iterate_and_update);
	run_test(for_each);
	run_test(for_each_deleting);
	run_test(mapping);
	run_test(frozen_value);
	run_test(prog_array);
	run_test(prog_array_cycle);
	run_test(ringbuf_layout);
	run_test(ringbuf_records);
	run_test(ringbuf_wraps);
	run_test(ringbuf_forged);
	run_test(lru_order);
	run_test(maps_of_maps);
	run_test(inner_size);
	run_test(out_of_memory);
	host_free(host);
	return tap_done();
}

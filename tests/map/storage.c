/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local storage: what user space does with it, here and in Linux; how long
 * values live; threads that look up, make and delete values while their objects
 * and maps come and go.
 */
#include "sides.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "map/cgroup_storage.h"
#include "map/local_storage.h"
#include "object/btf_object.h"
#include "tap.h"

/* ---- types: int, u64, { u32 a; struct bpf_spin_lock lock; u64 b; } ---- */

#define KIND(kind, vlen) ((u32)(kind) << 24 | (vlen))

enum { T_INT = 1, T_U64, T_LOCK, T_LOCKED, T_SHORT };

static const char names[] = "\0int\0u64\0bpf_spin_lock\0val\0locked\0a\0lock\0b\0short";

#define NAME_INT    1
#define NAME_U64    5
#define NAME_LOCK   9
#define NAME_VAL    23
#define NAME_LOCKED 27
#define NAME_A	    34
#define NAME_FIELD  36
#define NAME_B	    41
#define NAME_SHORT  43

static const u32 types[] = {
	NAME_INT,    KIND(BTF_KIND_INT, 0),
	4,	     32 | 1u << 24,
	NAME_U64,    KIND(BTF_KIND_INT, 0),
	8,	     64,
	NAME_LOCK,   KIND(BTF_KIND_STRUCT, 1),
	4,	     NAME_VAL,
	T_INT,	     0,
	NAME_LOCKED, KIND(BTF_KIND_STRUCT, 3),
	16,	     NAME_A,
	T_INT,	     0,
	NAME_FIELD,  T_LOCK,
	32,	     NAME_B,
	T_U64,	     64,
	NAME_SHORT,  KIND(BTF_KIND_INT, 0),
	2,	     16,
};

struct locked {
	u32 a, lock;
	u64 b;
};

static u32 btf_bytes(u8 *data)
{
	struct btf_header hdr = {
		.magic = BTF_MAGIC,
		.version = 1,
		.hdr_len = sizeof(hdr),
		.type_len = sizeof(types),
		.str_off = sizeof(types),
		.str_len = sizeof(names),
	};

	memcpy(data, &hdr, sizeof(hdr));
	memcpy(data + sizeof(hdr), types, sizeof(types));
	memcpy(data + sizeof(hdr) + sizeof(types), names, sizeof(names));
	return sizeof(hdr) + sizeof(types) + sizeof(names);
}

static struct btf_object *own_btf(struct host *host)
{
	struct btf_object *obj = NULL;
	struct btf *btf;
	u8 data[512];
	u32 size = btf_bytes(data);

	check_eq(btf_load(host->mem, data, size, &btf, NULL), 0);
	check_eq(btf_object_new(host, btf, &obj), 0);
	return obj;
}

static int kernel_btf(void)
{
	union bpf_attr attr = {0};
	u8 data[512];

	attr.btf_size = btf_bytes(data);
	attr.btf = ptr_to_u64(data);
	return kernel_bpf(BPF_BTF_LOAD, &attr);
}

/* ---- objects ---- */

struct thing {
	struct kernel_object kobj;
	struct host *host;
	_Atomic u32 *gone;
};

static void thing_free(struct kernel_object *kobj)
{
	struct thing *thing = container_of(kobj, struct thing, kobj);

	if (thing->gone)
		(*thing->gone)++;
	free(thing);
}

#define THING_OPS(object_kind)                                                                     \
	{                                                                                          \
		.object = {.kind = OBJECT_##object_kind, .free = kernel_object_release},           \
		.free = thing_free                                                                 \
	}

static const struct kernel_object_ops thing_ops[OBJECT_KINDS] = {
	[OBJECT_TASK] = THING_OPS(TASK),
	[OBJECT_CGROUP] = THING_OPS(CGROUP),
	[OBJECT_SOCKET] = THING_OPS(SOCKET),
	[OBJECT_FILE] = THING_OPS(FILE),
};

static struct thing *new_thing(struct host *host, enum object_kind kind)
{
	struct thing *thing = calloc(1, sizeof(*thing));

	kernel_object_init(&thing->kobj, &thing_ops[kind], host);
	return thing;
}

static const struct kind {
	const char *name;
	enum bpf_map_type type;
	enum object_kind kind, other;
} kinds[] = {
	{"task_storage", BPF_MAP_TYPE_TASK_STORAGE, OBJECT_TASK, OBJECT_CGROUP},
	{"cgrp_storage", BPF_MAP_TYPE_CGRP_STORAGE, OBJECT_CGROUP, OBJECT_TASK},
	{"sk_storage", BPF_MAP_TYPE_SK_STORAGE, OBJECT_SOCKET, OBJECT_FILE},
	{"inode_storage", BPF_MAP_TYPE_INODE_STORAGE, OBJECT_FILE, OBJECT_CGROUP},
};

static union bpf_attr attr_of(u32 type, u32 value_id, u32 value_size)
{
	return (union bpf_attr){
		.map_type = type,
		.key_size = 4,
		.value_size = value_size,
		.map_flags = BPF_F_NO_PREALLOC,
		.btf_key_type_id = T_INT,
		.btf_value_type_id = value_id,
	};
}

/* ---- the same on both sides ---- */

static int kernel_fd_of(enum object_kind kind)
{
	switch (kind) {
	case OBJECT_TASK:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	case OBJECT_CGROUP: {
		/* Where both versions are in use, and where it is the second alone. */
		int fd = open("/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY);

		return fd >= 0 ? fd : open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY);
	}
	case OBJECT_SOCKET:
		return socket(AF_INET, SOCK_DGRAM, 0);
	default:
		return open("/", O_RDONLY | O_DIRECTORY);
	}
}

static int fd_of(const struct side *s, enum object_kind kind)
{
	return s->host ? handle_open(&new_thing(s->host, kind)->kobj.obj) : kernel_fd_of(kind);
}

static int create(struct side *s, union bpf_attr attr, struct btf_object *btf, int btf_fd)
{
	attr.btf_fd = (u32)btf_fd;
	if (s->host)
		return map_create(s->host, &attr, btf, &s->map, NULL);
	s->fd = kernel_bpf(BPF_MAP_CREATE, &attr);
	return s->fd < 0 ? s->fd : 0;
}

static void check_creation(struct side *s, u32 type, struct btf_object *btf, int btf_fd)
{
	union bpf_attr good = attr_of(type, T_U64, 8), attr;

#define BAD(error, ...)                                                                            \
	do {                                                                                       \
		attr = good;                                                                       \
		__VA_ARGS__;                                                                       \
		check_eq(create(s, attr, btf, btf_fd), error);                                     \
	} while (0)
	BAD(-EINVAL, attr.map_flags = 0);
	BAD(-EINVAL, attr.map_flags |= BPF_F_RDONLY_PROG);
	BAD(-EINVAL, attr.max_entries = 1);
	BAD(-EINVAL, attr.key_size = 8);
	BAD(-EINVAL, attr.value_size = 0);
	BAD(-E2BIG, attr.value_size = 65536);
	BAD(-EINVAL, attr.btf_key_type_id = 0);
	BAD(-EINVAL, attr.btf_value_type_id = 0);
	BAD(-EINVAL, attr.btf_key_type_id = T_U64);
	BAD(-EINVAL, attr.btf_key_type_id = T_SHORT);
#undef BAD
}

static int side_op(struct side *s, enum bpf_cmd cmd, int key, void *value, u64 flags)
{
	union bpf_attr attr = {0};

	if (!s->host) {
		attr.map_fd = (u32)s->fd;
		attr.key = ptr_to_u64(&key);
		attr.value = ptr_to_u64(value);
		attr.flags = flags;
		return kernel_bpf(cmd, &attr);
	}
	switch (cmd) {
	case BPF_MAP_LOOKUP_ELEM:
		return map_user_lookup(s->map, &key, value, flags);
	case BPF_MAP_UPDATE_ELEM:
		return map_user_update(s->map, &key, value, flags);
	case BPF_MAP_DELETE_ELEM:
		return map_user_delete(s->map, &key);
	default:
		return map_user_next_key(s->map, &key, value);
	}
}

static void check_elements(struct side *s, const struct kind *kind)
{
	int fd = fd_of(s, kind->kind), other = fd_of(s, kind->other);
	int wrong = kind->type == BPF_MAP_TYPE_SK_STORAGE ? -ENOTSOCK : -EBADF;
	u64 one = 1, two = 2, got = 0;

	check(fd >= 0);
	check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, fd, &got, 0), -ENOENT);
	check_eq(side_op(s, BPF_MAP_DELETE_ELEM, fd, NULL, 0), -ENOENT);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &one, BPF_EXIST), -ENOENT);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &one, BPF_NOEXIST), 0);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &two, BPF_NOEXIST), -EEXIST);
	check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, fd, &got, 0), 0);
	check_eq(got, 1);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &two, BPF_EXIST), 0);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &two, BPF_F_LOCK), -EINVAL);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &two, 3), -EINVAL);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &one, 8), -EINVAL);
	check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, fd, &got, BPF_F_LOCK), -EINVAL);
	check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, fd, &got, 0), 0);
	check_eq(got, 2);
	check_eq(side_op(s, BPF_MAP_GET_NEXT_KEY, fd, &got, 0), -ENOTSUPP);
	if (kind->type == BPF_MAP_TYPE_SK_STORAGE || kind->kind == OBJECT_TASK)
		check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, other, &got, 0), wrong);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, -1, &one, 0), -EBADF);
	check_eq(side_op(s, BPF_MAP_DELETE_ELEM, 9999, NULL, 0), -EBADF);
	check_eq(side_op(s, BPF_MAP_DELETE_ELEM, fd, NULL, 0), 0);
	check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, fd, &got, 0), -ENOENT);
	if (!s->host) {
		close(fd);
		close(other);
	}
}

/* A value with a lock is written in place where it is asked for, and around the lock. */
static void check_locked(struct side *s, const struct kind *kind)
{
	int fd = fd_of(s, kind->kind);
	struct locked in = {1, 7, 2}, out = {0};

	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &in, BPF_F_LOCK | BPF_EXIST), -ENOENT);
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &in, BPF_F_LOCK | BPF_NOEXIST), 0);
	in.a = 3;
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &in, BPF_F_LOCK), 0);
	check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, fd, &out, BPF_F_LOCK), 0);
	check_eq(out.a, 3);
	check_eq(out.lock, 0);
	check_eq(out.b, 2);
	in.b = 4;
	check_eq(side_op(s, BPF_MAP_UPDATE_ELEM, fd, &in, 0), 0);
	check_eq(side_op(s, BPF_MAP_LOOKUP_ELEM, fd, &out, 0), 0);
	check_eq(out.b, 4);
	if (!s->host)
		close(fd);
}

static void check_side(struct side *s, const struct kind *kind, struct btf_object *btf, int btf_fd)
{
	int err;

	check_creation(s, kind->type, btf, btf_fd);
	err = create(s, attr_of(kind->type, T_U64, 8), btf, btf_fd);
	check_eq(err, 0);
	if (err)
		return;
	check_elements(s, kind);
	side_close(s);
	check_eq(create(s, attr_of(kind->type, T_LOCKED, 16), btf, btf_fd), 0);
	check_locked(s, kind);
	side_close(s);
}

static void test_kind(const struct kind *kind)
{
	struct side own = {.name = "here"}, linux_side = {.name = "Linux"};
	struct btf_object *btf;
	int fd;

	tap_begin(kind->name);
	check_eq(host_new(NULL, &own.host), 0);
	btf = own_btf(own.host);
	check_side(&own, kind, btf, 0);
	object_put(&btf->obj);
	host_free(own.host);
	tap_end();

	snprintf(tap.name, sizeof(tap.name), "%s in Linux", kind->name);
	tap.ok = true;
	fd = kernel_btf();
	if (fd < 0)
		tap_skip("there is no bpf() here");
	else if (create(&linux_side, attr_of(kind->type, T_U64, 8), NULL, fd))
		tap_skip("the kernel was built without it");
	if (!tap.skip) {
		side_close(&linux_side);
		check_side(&linux_side, kind, NULL, fd);
	}
	tap_end();
	if (fd >= 0)
		close(fd);
}

/* ---- how long values live ---- */

static struct map *new_map(struct host *host, struct btf_object *btf, u32 flags)
{
	union bpf_attr attr = attr_of(BPF_MAP_TYPE_TASK_STORAGE, T_U64, 8);
	struct map *map = NULL;

	attr.map_flags |= flags;
	check_eq(map_create(host, &attr, btf, &map, NULL), 0);
	return map;
}

static void test_lives(void)
{
	struct host *host;
	struct btf_object *btf;
	struct thing *a, *b;
	struct map *map;
	struct run run;
	u64 init = 5, *value;

	check_eq(host_new(NULL, &host), 0);
	btf = own_btf(host);
	map = new_map(host, btf, 0);
	a = new_thing(host, OBJECT_TASK);
	b = new_thing(host, OBJECT_TASK);
	run_begin(&run, host);
	check(!local_storage_find(map, &a->kobj));
	value = local_storage_get(map, &a->kobj, &init);
	check(value && *value == 5);
	check(local_storage_get(map, &a->kobj, NULL) == value);
	check(local_storage_find(map, &a->kobj) == value);
	check(!*(u64 *)local_storage_get(map, &b->kobj, NULL));
	/* A program still sees what has been deleted. */
	check_eq(local_storage_delete(map, &a->kobj), 0);
	check_eq(*value, 5);
	check(!local_storage_find(map, &a->kobj));
	value = local_storage_get(map, &a->kobj, &init);
	/* The object goes, and its value with it; nobody can give it one any more. */
	kernel_object_put(&a->kobj);
	check(!local_storage_find(map, &a->kobj));
	check(!local_storage_get(map, &a->kobj, &init));
	check_eq(*value, 5);
	run_end(&run);
	object_put(&map->obj);
	map = new_map(host, btf, 0);
	check(!local_storage_find(map, &b->kobj));
	object_put(&map->obj);
	kernel_object_put(&b->kobj);
	object_put(&btf->obj);
	host_free(host);
}

/* More maps than the cache has places, at one object. */
static void test_many_maps(void)
{
	struct map *maps[3 * STORAGE_SLOTS];
	struct host *host;
	struct btf_object *btf;
	struct thing *thing;
	struct run run;

	check_eq(host_new(NULL, &host), 0);
	btf = own_btf(host);
	thing = new_thing(host, OBJECT_TASK);
	run_begin(&run, host);
	for (u64 i = 0; i < ARRAY_SIZE(maps); i++) {
		maps[i] = new_map(host, btf, 0);
		check(local_storage_get(maps[i], &thing->kobj, &i));
	}
	for (u32 round = 0; round < 2; round++)
		for (u32 i = 0; i < ARRAY_SIZE(maps); i++)
			check_eq(*(u64 *)local_storage_find(maps[i], &thing->kobj), i);
	run_end(&run);
	for (u32 i = 0; i < ARRAY_SIZE(maps); i += 2)
		object_put(&maps[i]->obj);
	for (u32 i = 1; i < ARRAY_SIZE(maps); i += 2) {
		check_eq(*(u64 *)local_storage_find(maps[i], &thing->kobj), i);
		check_eq(local_storage_delete(maps[i], &thing->kobj), 0);
		object_put(&maps[i]->obj);
	}
	kernel_object_put(&thing->kobj);
	object_put(&btf->obj);
	host_free(host);
}

/* Of a socket that is accepted: values of maps that want it. */
static void test_clone(void)
{
	struct map *cloned, *plain;
	struct host *host;
	struct btf_object *btf;
	struct thing *a, *b;
	u64 init = 5;

	check_eq(host_new(NULL, &host), 0);
	btf = own_btf(host);
	cloned = new_map(host, btf, BPF_F_CLONE);
	plain = new_map(host, btf, 0);
	a = new_thing(host, OBJECT_TASK);
	b = new_thing(host, OBJECT_TASK);
	check_eq(local_storage_clone(&a->kobj, &b->kobj), 0);
	check(local_storage_get(cloned, &a->kobj, &init) &&
	      local_storage_get(plain, &a->kobj, &init));
	check_eq(local_storage_clone(&a->kobj, &b->kobj), 0);
	check(!local_storage_find(plain, &b->kobj));
	check_eq(*(u64 *)local_storage_find(cloned, &b->kobj), 5);
	check(local_storage_find(cloned, &a->kobj) != local_storage_find(cloned, &b->kobj));
	kernel_object_put(&a->kobj);
	kernel_object_put(&b->kobj);
	object_put(&cloned->obj);
	object_put(&plain->obj);
	object_put(&btf->obj);
	host_free(host);
}

/* ---- values of control groups ---- */

static void check_group_creation(struct side *s, u32 type, int percpu)
{
	union bpf_attr good = {.map_type = type, .key_size = 16, .value_size = 8}, attr;

#define BAD(error, ...)                                                                            \
	do {                                                                                       \
		attr = good;                                                                       \
		__VA_ARGS__;                                                                       \
		check_eq(side_create(s, &attr), error);                                            \
		if ((error) == 0)                                                                  \
			side_close(s);                                                             \
	} while (0)
	BAD(0, (void)0);
	BAD(0, attr.key_size = 8);
	BAD(0, attr.map_flags = BPF_F_RDONLY_PROG);
	BAD(-EINVAL, attr.key_size = 4);
	BAD(-EINVAL, attr.key_size = 12);
	BAD(-EINVAL, attr.value_size = 0);
	BAD(-EINVAL, attr.max_entries = 1);
	BAD(-EINVAL, attr.map_flags = BPF_F_NO_PREALLOC);
	BAD(0, attr.value_size = 32768);
	BAD(percpu ? -E2BIG : 0, attr.value_size = 32769);
	BAD(-E2BIG, attr.value_size = 4 << 20);
#undef BAD
}

static void check_empty_group_map(struct side *s, u32 type, u32 key_size)
{
	union bpf_attr attr = {.map_type = type, .key_size = key_size, .value_size = 8};
	struct bpf_cgroup_storage_key key = {1, BPF_CGROUP_INET_INGRESS}, next;
	u64 values[512] = {0};
	union bpf_attr op = {0};

	check_eq(side_create(s, &attr), 0);
	if (s->host) {
		check_eq(map_user_next_key(s->map, NULL, &next), -ENOENT);
		check_eq(map_user_next_key(s->map, &key, &next), -ENOENT);
		check_eq(map_user_lookup(s->map, &key, values, 0), -ENOENT);
		check_eq(map_user_update(s->map, &key, values, BPF_NOEXIST), -EINVAL);
		check_eq(map_user_update(s->map, &key, values, BPF_EXIST), -ENOENT);
		check_eq(map_user_update(s->map, &key, values, BPF_F_LOCK), -EINVAL);
		check_eq(map_user_delete(s->map, &key), -EINVAL);
	} else {
		op.map_fd = (u32)s->fd;
		op.next_key = ptr_to_u64(&next);
		check_eq(kernel_bpf(BPF_MAP_GET_NEXT_KEY, &op), -ENOENT);
		op.key = ptr_to_u64(&key);
		check_eq(kernel_bpf(BPF_MAP_GET_NEXT_KEY, &op), -ENOENT);
		op.value = ptr_to_u64(values);
		check_eq(kernel_bpf(BPF_MAP_LOOKUP_ELEM, &op), -ENOENT);
		op.flags = BPF_NOEXIST;
		check_eq(kernel_bpf(BPF_MAP_UPDATE_ELEM, &op), -EINVAL);
		op.flags = BPF_EXIST;
		check_eq(kernel_bpf(BPF_MAP_UPDATE_ELEM, &op), -ENOENT);
		op.flags = BPF_F_LOCK;
		check_eq(kernel_bpf(BPF_MAP_UPDATE_ELEM, &op), -EINVAL);
		op.flags = 0;
		op.value = 0;
		check_eq(kernel_bpf(BPF_MAP_DELETE_ELEM, &op), -EINVAL);
	}
	side_close(s);
}

static void test_groups_on(struct side *s)
{
	const u32 map_types[] = {BPF_MAP_TYPE_CGROUP_STORAGE, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE};

	for (int percpu = 0; percpu < 2; percpu++) {
		check_group_creation(s, map_types[percpu], percpu);
		check_empty_group_map(s, map_types[percpu], 8);
		check_empty_group_map(s, map_types[percpu], 16);
	}
}

static void test_groups(void)
{
	struct side s = {.name = "here"};

	check_eq(host_new(NULL, &s.host), 0);
	test_groups_on(&s);
	host_free(s.host);
}

static void test_groups_in_linux(void)
{
	struct side s = {.name = "Linux"};

	if (kernel_allows_maps())
		test_groups_on(&s);
	else
		tap_skip("there is no bpf() here");
}

static struct host *small_host(u32 cpus)
{
	struct host_options opts;
	struct environment env;
	struct host *host = NULL;

	environment_init(&env);
	env.nr_cpus = cpus;
	host_options_init(&opts);
	opts.env = &env;
	check_eq(host_new(&opts, &host), 0);
	return host;
}

/* What programs of two groups and attach types see, by key. */
static void group_values(u32 key_size)
{
	struct host *host = small_host(2);
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_CGROUP_STORAGE, .key_size = key_size, .value_size = 8};
	struct bpf_cgroup_storage_key key = {7, BPF_CGROUP_INET_EGRESS}, next = {0};
	struct cgroup_storage *in, *out, *other, *storages[2] = {0};
	bool split = key_size == 16;
	struct map *map = NULL;
	u64 value = 5, *seen;
	struct run run;

	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	in = cgroup_storage_of(map, 7, BPF_CGROUP_INET_INGRESS);
	out = cgroup_storage_of(map, 7, BPF_CGROUP_INET_EGRESS);
	other = cgroup_storage_of(map, 9, BPF_CGROUP_INET_EGRESS);
	check_eq(in == out, !split);
	check(cgroup_storage_of(map, 9, BPF_CGROUP_INET_EGRESS) == other);
	run_begin(&run, host);
	storages[0] = out;
	seen = cgroup_storage_value(map, storages, run.cpu);
	*seen = 1;
	/* A new value does not change the one that is looked at. */
	check_eq(map_user_update(map, &key, &value, BPF_ANY), 0);
	check_eq(*seen, 1);
	check_eq(*(u64 *)cgroup_storage_value(map, storages, run.cpu), 5);
	check_eq(*(u64 *)cgroup_storage_value(map, NULL, run.cpu), 0);
	run_end(&run);
	key.attach_type = BPF_CGROUP_INET_INGRESS;
	check_eq(map_user_lookup(map, &key, &value, 0), 0);
	check_eq(value, split ? 0 : 5);
	check_eq(map_user_next_key(map, NULL, &next), 0);
	check(next.cgroup_inode_id == 7 && !next.attach_type);
	check_eq(map_user_next_key(map, &next, &key), 0);
	check_eq(key.cgroup_inode_id, split ? 7 : 9);
	cgroup_storage_forget(map, 7);
	check_eq(map_user_lookup(map, &next, &value, 0), -ENOENT);
	check_eq(map_user_next_key(map, NULL, &next), 0);
	check_eq(next.cgroup_inode_id, 9);
	check_eq(map_user_next_key(map, &next, &key), -ENOENT);
	object_put(&map->obj);
	host_free(host);
}

static void test_group_values(void)
{
	group_values(8);
	group_values(16);
}

static void test_group_values_percpu(void)
{
	struct host *host = small_host(3);
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, .key_size = 8, .value_size = 12};
	struct cgroup_storage *storages[2] = {0};
	u8 values[3 * 16], got[3 * 16];
	struct map *map = NULL;
	u64 key = 7;

	check_eq(map_create(host, &attr, NULL, &map, NULL), 0);
	storages[1] = cgroup_storage_of(map, key, 0);
	for (u32 i = 0; i < sizeof(values); i++)
		values[i] = (u8)i;
	check_eq(map_user_value_size(map), sizeof(values));
	check_eq(map_user_update(map, &key, values, BPF_EXIST), 0);
	for (u32 cpu = 0; cpu < 3; cpu++)
		check(!memcmp(cgroup_storage_value(map, storages, cpu), values + 16 * cpu, 12));
	memset(cgroup_storage_value(map, storages, 1), 0xff, 12);
	check_eq(map_user_lookup(map, &key, got, 0), 0);
	check(got[16] == 0xff && got[27] == 0xff && got[11] == 11 && got[32] == 32);
	object_put(&map->obj);
	host_free(host);
}

/* ---- out of memory ---- */

struct failing {
	u32 left; /* allocations that still succeed */
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
	f->live += !p;
	return realloc(p, size);
}

/* Makes a map with a lock in its values, and values in both ways: how many of the steps went well.
 */
static u32 make_all(struct host *host, struct btf_object *btf, struct thing *thing)
{
	union bpf_attr attr = attr_of(BPF_MAP_TYPE_TASK_STORAGE, T_LOCKED, 16);
	struct locked value = {1, 0, 2};
	struct map *map = NULL;
	struct err err = {0};
	u32 done = 0;
	int handle, ret;

	ret = map_create(host, &attr, btf, &map, &err);
	if (ret) {
		check(ret == -ENOMEM && err.text[0]);
		return 0;
	}
	done = 1 + (local_storage_get(map, &thing->kobj, &value) != NULL);
	kernel_object_get(&thing->kobj);
	handle = handle_open(&thing->kobj.obj);
	if (handle >= 0) {
		ret = map_user_update(map, &handle, &value, BPF_ANY);
		check(!ret || ret == -ENOMEM);
		done += !ret;
		handle_close(host, handle);
	}
	object_put(&map->obj);
	return done;
}

static void test_out_of_memory(void)
{
	u32 done = 0;

	for (u32 n = 0; done < 3 && n < 100; n++) {
		struct failing f = {.left = 1000};
		struct mem mem = {.realloc = failing_realloc, .ctx = &f};
		struct host_options opts;
		struct btf_object *btf;
		struct thing *thing;
		struct host *host;

		host_options_init(&opts);
		opts.mem = &mem;
		check_eq(host_new(&opts, &host), 0);
		btf = own_btf(host);
		thing = new_thing(host, OBJECT_TASK);
		f.left = n;
		done = make_all(host, btf, thing);
		kernel_object_put(&thing->kobj);
		object_put(&btf->obj);
		host_free(host);
		check_eq(f.live, 0);
	}
	check_eq(done, 3);
}

/* ---- threads ---- */

#define THREADS 4
#define THINGS	3
#define MAPS	2
#define ROUNDS	3000

struct shared {
	struct host *host;
	struct btf_object *btf;
	pthread_mutex_t lock; /* of what follows: references are taken under it */
	struct thing *things[THINGS];
	struct map *maps[MAPS];
	_Atomic u32 seed, wrong;
};

static struct thing *take_thing(struct shared *s, u32 i)
{
	struct thing *thing;

	pthread_mutex_lock(&s->lock);
	thing = s->things[i];
	kernel_object_get(&thing->kobj);
	pthread_mutex_unlock(&s->lock);
	return thing;
}

static struct map *take_map(struct shared *s, u32 i)
{
	struct map *map;

	pthread_mutex_lock(&s->lock);
	map = s->maps[i];
	object_get(&map->obj);
	pthread_mutex_unlock(&s->lock);
	return map;
}

static void renew(struct shared *s, bool thing, u32 i)
{
	struct thing *old_thing = NULL, *new = new_thing(s->host, OBJECT_TASK);
	struct map *old_map = NULL, *map = new_map(s->host, s->btf, BPF_F_CLONE);

	pthread_mutex_lock(&s->lock);
	if (thing) {
		old_thing = s->things[i];
		s->things[i] = new;
		new = NULL;
	} else {
		old_map = s->maps[i];
		s->maps[i] = map;
		map = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	kernel_object_put(old_thing ? &old_thing->kobj : &new->kobj);
	object_put(old_map ? &old_map->obj : &map->obj);
}

/* A value belongs to its object and map: it says so. */
static void use(struct shared *s, u32 action, struct thing *thing, struct map *map)
{
	u64 mark = ptr_to_u64(thing) ^ ptr_to_u64(map), *value, copy;
	struct run run;
	int handle;

	switch (action) {
	case 0:
		kernel_object_get(&thing->kobj); /* the handle's */
		handle = handle_open(&thing->kobj.obj);
		map_user_update(map, &handle, &mark, BPF_ANY);
		if (!map_user_lookup(map, &handle, &copy, 0))
			s->wrong += copy != mark;
		handle_close(s->host, handle);
		return;
	case 1:
		run_begin(&run, s->host);
		local_storage_delete(map, &thing->kobj);
		run_end(&run);
		return;
	default:
		run_begin(&run, s->host);
		value = local_storage_get(map, &thing->kobj, &mark);
		if (value)
			s->wrong += __atomic_load_n(value, __ATOMIC_RELAXED) != mark;
		value = local_storage_find(map, &thing->kobj);
		if (value)
			s->wrong += __atomic_load_n(value, __ATOMIC_RELAXED) != mark;
		run_end(&run);
	}
}

static void *thread(void *arg)
{
	struct shared *s = arg;
	u32 random = ++s->seed * 2654435761u;

	for (u32 i = 0; i < ROUNDS; i++) {
		struct thing *thing;
		struct map *map;

		random = random * 1664525 + 1013904223;
		if (random >> 28 == 0) {
			renew(s, random >> 27 & 1, 0);
			continue;
		}
		thing = take_thing(s, (random >> 20) % THINGS);
		map = take_map(s, (random >> 16) % MAPS);
		use(s, random >> 24 & 7, thing, map);
		/* Either may be the last, in either order. */
		if (random >> 12 & 1) {
			kernel_object_put(&thing->kobj);
			object_put(&map->obj);
		} else {
			object_put(&map->obj);
			kernel_object_put(&thing->kobj);
		}
	}
	return NULL;
}

static void test_threads(void)
{
	struct shared s = {.lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[THREADS];

	check_eq(host_new(NULL, &s.host), 0);
	s.btf = own_btf(s.host);
	for (u32 i = 0; i < THINGS; i++)
		s.things[i] = new_thing(s.host, OBJECT_TASK);
	for (u32 i = 0; i < MAPS; i++)
		s.maps[i] = new_map(s.host, s.btf, 0);
	for (u32 i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, thread, &s);
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	check_eq(s.wrong, 0);
	for (u32 i = 0; i < THINGS; i++)
		kernel_object_put(&s.things[i]->kobj);
	for (u32 i = 0; i < MAPS; i++)
		object_put(&s.maps[i]->obj);
	object_put(&s.btf->obj);
	host_free(s.host);
}

int main(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		test_kind(&kinds[i]);
	run_test(test_lives);
	run_test(test_many_maps);
	run_test(test_clone);
	run_test(test_groups);
	run_test(test_groups_in_linux);
	run_test(test_group_values);
	run_test(test_group_values_percpu);
	run_test(test_out_of_memory);
	run_test(test_threads);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches where Linux's answers hang on its own hash: going through a table in
 * small steps gives each element once. What can be compared with Linux is in
 * mapdiff.c. And allocations that fail, one after the other.
 */
#include "tap.h"

#include <errno.h>

#include "map/map.h"
#include "sys/engine.h"

#define ENTRIES 500

struct failing {
	u32 left; /* allocations that still succeed */
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;

	if (size && !f->left)
		return NULL;
	if (size)
		f->left--;
	else
		free(p);
	return size ? realloc(p, size) : NULL;
}

static struct failing plenty = {UINT32_MAX};
static struct engine *engine;

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(engine, cmd, attr, sizeof(*attr));
}

static int new_map(u32 type, u32 flags)
{
	union bpf_attr attr = {.map_type = type,
			       .key_size = 4,
			       .value_size = 8,
			       .max_entries = ENTRIES,
			       .map_flags = flags};

	return call(BPF_MAP_CREATE, &attr);
}

static int batch(enum bpf_cmd cmd, int fd, const void *in, void *out, void *keys, void *values,
		 u32 *count)
{
	union bpf_attr attr = {0};
	int ret;

	attr.batch.map_fd = (u32)fd;
	attr.batch.in_batch = ptr_to_u64(in);
	attr.batch.out_batch = ptr_to_u64(out);
	attr.batch.keys = ptr_to_u64(keys);
	attr.batch.values = ptr_to_u64(values);
	attr.batch.count = *count;
	ret = call(cmd, &attr);
	*count = attr.batch.count;
	return ret;
}

static void fill(int fd)
{
	static u32 keys[ENTRIES];
	static u64 values[ENTRIES];
	u32 n = ENTRIES;

	for (u32 i = 0; i < ENTRIES; i++) {
		keys[i] = i;
		values[i] = 3ull * i;
	}
	check_eq(batch(BPF_MAP_UPDATE_BATCH, fd, NULL, NULL, keys, values, &n), 0);
	check_eq(n, ENTRIES);
}

/* From the start to the end with room for as little as the buckets allow. */
static void go_through(enum bpf_cmd cmd, int fd)
{
	u8 seen[ENTRIES] = {0};
	u32 cursor = 0, room = 1, keys[ENTRIES], small = 0;
	u64 values[ENTRIES];
	bool first = true;
	int ret;

	do {
		u32 n = room;

		ret = batch(cmd, fd, first ? NULL : &cursor, &cursor, keys, values, &n);
		check(!ret || ret == -ENOENT || ret == -ENOSPC);
		small += ret == -ENOSPC;
		room += ret == -ENOSPC;
		first = false;
		check(ret != -ENOSPC || !n);
		for (u32 i = 0; i < n; i++) {
			check(keys[i] < ENTRIES && values[i] == 3ull * keys[i]);
			seen[keys[i] % ENTRIES]++;
		}
	} while (tap.ok && ret != -ENOENT);
	for (u32 i = 0; i < ENTRIES; i++)
		check_eq(seen[i], 1);
	/* Some bucket has more than one. */
	check(small);
}

static void small_steps(void)
{
	int fd = new_map(BPF_MAP_TYPE_HASH, 0);
	union bpf_attr attr = {.map_fd = (u32)fd};
	u32 next;

	attr.next_key = ptr_to_u64(&next);
	fill(fd);
	go_through(BPF_MAP_LOOKUP_BATCH, fd);
	go_through(BPF_MAP_LOOKUP_AND_DELETE_BATCH, fd);
	check_eq(call(BPF_MAP_GET_NEXT_KEY, &attr), -ENOENT);
	fill(fd);
	go_through(BPF_MAP_LOOKUP_BATCH, fd);
	engine->ops->close(engine, fd);
}

static void refused(void)
{
	int hash = new_map(BPF_MAP_TYPE_HASH, 0), array = new_map(BPF_MAP_TYPE_ARRAY, 0);
	int rdonly = new_map(BPF_MAP_TYPE_HASH, BPF_F_RDONLY);
	int wronly = new_map(BPF_MAP_TYPE_HASH, BPF_F_WRONLY);
	u32 keys[ENTRIES] = {0}, cursor, n;
	u64 values[ENTRIES] = {0};

	fill(hash);
	n = ENTRIES;
	check_eq(batch(BPF_MAP_LOOKUP_BATCH, hash, NULL, NULL, keys, values, &n), -EFAULT);
	n = 1;
	check_eq(batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, array, NULL, &cursor, keys, values, &n),
		 -ENOTSUPP);
	check_eq(n, 1);
	check_eq(batch(BPF_MAP_DELETE_BATCH, array, NULL, &cursor, keys, values, &n), -ENOTSUPP);
	check_eq(batch(BPF_MAP_UPDATE_BATCH, rdonly, NULL, &cursor, keys, values, &n), -EPERM);
	check_eq(batch(BPF_MAP_LOOKUP_BATCH, wronly, NULL, &cursor, keys, values, &n), -EPERM);
	check_eq(batch(BPF_MAP_UPDATE_BATCH, 9999, NULL, &cursor, keys, values, &n), -EBADF);
	cursor = UINT32_MAX;
	check_eq(batch(BPF_MAP_LOOKUP_BATCH, hash, &cursor, &cursor, keys, values, &n), -ENOENT);
	check_eq(n, 0);
	check_eq(batch(BPF_MAP_LOOKUP_BATCH, hash, NULL, &cursor, keys, values, &n), 0);
	n = 2;
	check_eq(batch(BPF_MAP_UPDATE_BATCH, hash, NULL, NULL, NULL, values, &n), -EFAULT);
	check_eq(n, 0);
	engine->ops->close(engine, hash);
	engine->ops->close(engine, array);
	engine->ops->close(engine, rdonly);
	engine->ops->close(engine, wronly);
}

static void out_of_memory(void)
{
	static const enum bpf_cmd cmds[] = {BPF_MAP_UPDATE_BATCH, BPF_MAP_LOOKUP_BATCH,
					    BPF_MAP_LOOKUP_AND_DELETE_BATCH, BPF_MAP_DELETE_BATCH};
	static const u32 types[] = {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY};

	for (u32 i = 0; i < ARRAY_SIZE(cmds) * ARRAY_SIZE(types); i++) {
		int fd = new_map(types[i % 2], 0), ret;
		u32 keys[2] = {0, 1}, cursor, n;
		u64 values[2] = {0};

		for (u32 allowed = 0;; allowed++) {
			n = 2;
			plenty.left = allowed;
			ret = batch(cmds[i / 2], fd, NULL, &cursor, keys, values, &n);
			plenty.left = UINT32_MAX;
			if (ret != -ENOMEM)
				break;
			check(allowed < 10);
		}
		check(!ret || ret == -ENOENT || ret == -ENOTSUPP);
		engine->ops->close(engine, fd);
	}
}

int main(void)
{
	struct mem mem = {.realloc = failing_realloc, .ctx = &plenty};
	struct host_options opts;
	struct host *host;

	host_options_init(&opts);
	opts.mem = &mem;
	if (host_new(&opts, &host) || engine_user_new(host, &engine))
		return 1;
	run_test(small_steps);
	run_test(refused);
	run_test(out_of_memory);
	engine_free(engine);
	return tap_done();
}

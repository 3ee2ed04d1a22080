/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The batch commands: many elements in one call. A client says how many there
 * is room for and learns how many there were, also when the call ends early.
 *
 * Where it goes on is a key for most types and a bucket's number for hash
 * tables, which hand out whole buckets.
 */
#include <errno.h>

#include "sys/command.h"

struct batch {
	struct call *call;
	struct map *map;
	size_t key_size, value_size; /* of an element as user space sees it */
	u32 room;		     /* elements that the client has or wants at most */
	u32 done;
};

static u64 batch_key(const struct batch *b)
{
	return b->call->attr.batch.keys + b->done * b->key_size;
}

static u64 batch_value(const struct batch *b)
{
	return b->call->attr.batch.values + b->done * b->value_size;
}

static u64 elem_flags(const struct batch *b)
{
	return b->call->attr.batch.elem_flags;
}

/* ---- keys and values in private memory ---- */

struct elem {
	void *key, *before, *value;
};

static void elem_free(const struct batch *b, struct elem *e)
{
	const struct mem *mem = b->call->host->mem;

	mem_free(mem, e->value);
	mem_free(mem, e->before);
	mem_free(mem, e->key);
}

static int elem_alloc(const struct batch *b, struct elem *e)
{
	const struct mem *mem = b->call->host->mem;

	e->key = mem_alloc(mem, b->key_size);
	e->before = mem_alloc(mem, b->key_size);
	e->value = mem_zalloc(mem, b->value_size);
	return e->key && e->before && e->value ? 0 : -ENOMEM;
}

/* ---- update and delete ---- */

static int update_one(const struct batch *b, struct elem *e)
{
	int err = client_read(e->key, batch_key(b), b->key_size);

	if (!err)
		err = client_read(e->value, batch_value(b), b->value_size);
	return err ? err : b->map->ops->write(b->map, e->key, e->value, elem_flags(b));
}

static int delete_one(const struct batch *b, struct elem *e)
{
	int err = client_read(e->key, batch_key(b), b->key_size);

	return err ? err : b->map->ops->delete (b->map, e->key);
}

static int change(struct batch *b, int (*one)(const struct batch *b, struct elem *e))
{
	struct elem e;
	int err = elem_alloc(b, &e);

	for (; !err && b->done < b->room; b->done += !err)
		err = one(b, &e);
	call_result(b->call, batch.count, b->done);
	elem_free(b, &e);
	return err;
}

static int batch_update(struct batch *b)
{
	return change(b, update_one);
}

static int batch_delete(struct batch *b)
{
	return change(b, delete_one);
}

/* ---- lookup by keys ---- */

/* -ENOENT: it has gone meanwhile, or there is none. */
static int lookup_one(struct batch *b, struct elem *e)
{
	int err = b->map->ops->read(b->map, e->key, e->value, elem_flags(b));

	if (!err)
		err = client_write(batch_key(b), e->key, b->key_size);
	return err ? err : client_write(batch_value(b), e->value, b->value_size);
}

/* From the key behind e->before on, or the first; -ENOENT at the end. */
static int lookup_from(struct batch *b, struct elem *e, bool first)
{
	int err = 0;

	while (b->done < b->room) {
		void *swap = e->before;

		err = b->map->ops->next_key(b->map, first ? NULL : e->before, e->key);
		if (err)
			return err;
		err = lookup_one(b, e);
		if (err && err != -ENOENT)
			return err;
		b->done += !err;
		e->before = e->key;
		e->key = swap;
		first = false;
	}
	return 0;
}

static int lookup_by_key(struct batch *b)
{
	u64 in = b->call->attr.batch.in_batch;
	struct elem e;
	int err = elem_alloc(b, &e), fault = 0;

	if (!err && in)
		err = client_read(e.before, in, b->key_size);
	if (!err)
		err = lookup_from(b, &e, !in);
	if (!err || err == -ENOENT) {
		call_result(b->call, batch.count, b->done);
		if (b->done)
			fault = client_write(b->call->attr.batch.out_batch, e.before, b->key_size);
	}
	elem_free(b, &e);
	return fault ? fault : err;
}

/* ---- lookup by buckets ---- */

#define BUCKET_ROOM 8

struct bucket {
	u32 at;
	u32 room; /* elements that there is memory for */
	void *keys, *values;
};

static void bucket_free(const struct batch *b, struct bucket *bucket)
{
	mem_free(b->call->host->mem, bucket->keys);
	mem_free(b->call->host->mem, bucket->values);
	bucket->keys = bucket->values = NULL;
}

static int bucket_alloc(const struct batch *b, struct bucket *bucket, u32 room)
{
	const struct mem *mem = b->call->host->mem;

	bucket_free(b, bucket);
	bucket->room = room;
	bucket->keys = mem_zalloc_array(mem, room, b->key_size);
	bucket->values = mem_zalloc_array(mem, room, b->value_size);
	return bucket->keys && bucket->values ? 0 : -ENOMEM;
}

/* One bucket to the client; -ENOENT after the last. *@full: it has no room for this one. */
static int lookup_bucket(struct batch *b, struct bucket *bucket, bool take, bool *full)
{
	u32 left = b->room - b->done;
	s64 n = b->map->ops->read_bucket(b->map, &bucket->at,
					 left < bucket->room ? left : bucket->room, bucket->keys,
					 bucket->values, elem_flags(b), take);
	int err;

	if (!n)
		return -ENOENT;
	*full = n > left;
	if (*full)
		return b->done ? 0 : -ENOSPC;
	if (n > bucket->room)
		return bucket_alloc(b, bucket, (u32)n);
	err = client_write(batch_key(b), bucket->keys, (size_t)n * b->key_size);
	if (!err)
		err = client_write(batch_value(b), bucket->values, (size_t)n * b->value_size);
	if (err)
		return err;
	b->done += (u32)n;
	bucket->at++;
	return 0;
}

static int lookup_by_bucket(struct batch *b, bool take)
{
	struct bucket bucket = {0};
	u64 in = b->call->attr.batch.in_batch;
	bool full = false;
	int err = in ? client_read(&bucket.at, in, sizeof(bucket.at)) : 0;
	if (!err)
		err = bucket_alloc(b, &bucket, BUCKET_ROOM);
	while (!err && !full)
		err = lookup_bucket(b, &bucket, take, &full);
	bucket_free(b, &bucket);
	if (err && err != -ENOENT && err != -ENOSPC)
		return err;
	if (client_write(b->call->attr.batch.out_batch, &bucket.at, sizeof(bucket.at)))
		return -EFAULT;
	call_result(b->call, batch.count, b->done);
	return err;
}

static int batch_lookup(struct batch *b)
{
	return b->map->ops->read_bucket ? lookup_by_bucket(b, false) : lookup_by_key(b);
}

static int batch_take(struct batch *b)
{
	return lookup_by_bucket(b, true);
}

/* ---- the commands ---- */

static int run(struct batch *b, u8 what, int (*fn)(struct batch *b))
{
	int err;

	if (!(b->map->ops->batch & what))
		return -ENOTSUPP;
	err = map_user_check_lock_flag(b->map, elem_flags(b));
	if (err)
		return err;
	/* As in Linux a hash table looks at its flags first. */
	if (b->map->ops->read_bucket && what & (MAP_BATCH_LOOKUP | MAP_BATCH_TAKE) &&
	    b->call->attr.batch.flags)
		return -EINVAL;
	if (!b->room)
		return 0;
	call_result(b->call, batch.count, 0);
	return fn(b);
}

static int do_batch(struct call *call, u8 what, int (*fn)(struct batch *b))
{
	struct batch b = {.call = call, .room = call->attr.batch.count};
	bool read = what & (MAP_BATCH_LOOKUP | MAP_BATCH_TAKE), write = what != MAP_BATCH_LOOKUP;
	struct object *obj;
	int err = handle_get_kind(call->host, (int)call->attr.batch.map_fd, OBJECT_MAP, &obj);

	if (err)
		return err;
	b.map = map_of(obj);
	b.key_size = b.map->desc.key_size;
	b.value_size = map_user_value_size(b.map);
	err = map_user_begin(b.map, read, write);
	if (!err) {
		err = run(&b, what, fn);
		map_user_end(b.map, write);
	}
	object_put(obj);
	return err;
}

int sys_map_lookup_batch(struct call *call)
{
	return do_batch(call, MAP_BATCH_LOOKUP, batch_lookup);
}

int sys_map_lookup_and_delete_batch(struct call *call)
{
	return do_batch(call, MAP_BATCH_TAKE, batch_take);
}

int sys_map_update_batch(struct call *call)
{
	return do_batch(call, MAP_BATCH_UPDATE, batch_update);
}

int sys_map_delete_batch(struct call *call)
{
	return do_batch(call, MAP_BATCH_DELETE, batch_delete);
}

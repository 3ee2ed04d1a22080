/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References, ids and handles. Ids and handles of a host are guarded by its
 * lock; the id table holds no reference, so that an id disappears with the
 * object.
 */
#include "object/object.h"

#include <errno.h>

#include "object/host.h"

#define FIRST_HANDLE 3 /* 0 to 2 look like standard streams to people and to libbpf */
#define MAX_HANDLES  (1u << 20)

void object_init(struct object *obj, const struct object_ops *ops, struct host *host)
{
	obj->ops = ops;
	obj->host = host;
	obj->id = 0;
	atomic_init(&obj->refs, 1);
	atomic_init(&obj->handles, 0);
}

void object_get(struct object *obj)
{
	atomic_fetch_add_explicit(&obj->refs, 1, memory_order_relaxed);
}

bool object_get_unless_zero(struct object *obj)
{
	u32 refs = atomic_load_explicit(&obj->refs, memory_order_relaxed);

	while (refs) {
		if (atomic_compare_exchange_weak_explicit(&obj->refs, &refs, refs + 1,
							  memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	}
	return false;
}

static void object_unpublish(struct object *obj)
{
	struct host *host = obj->host;

	if (!obj->id)
		return;
	pthread_mutex_lock(&host->lock);
	host->ids[obj->ops->kind].objects.at[obj->id - 1] = NULL;
	pthread_mutex_unlock(&host->lock);
}

void object_put(struct object *obj)
{
	if (!obj || atomic_fetch_sub_explicit(&obj->refs, 1, memory_order_acq_rel) != 1)
		return;
	object_unpublish(obj);
	obj->ops->free(obj);
}

int object_publish(struct object *obj)
{
	struct host *host = obj->host;
	struct id_table *table = &host->ids[obj->ops->kind];
	bool pushed;

	/* Ids only grow: a stale one never names another object. */
	pthread_mutex_lock(&host->lock);
	pushed = vec_push(&table->objects, host->mem, obj);
	if (pushed)
		obj->id = (u32)table->objects.len;
	pthread_mutex_unlock(&host->lock);
	return pushed ? 0 : -ENOMEM;
}

struct object *object_by_id(struct host *host, enum object_kind kind, u32 id)
{
	struct id_table *table = &host->ids[kind];
	struct object *obj = NULL;

	pthread_mutex_lock(&host->lock);
	if (id && id <= table->objects.len)
		obj = table->objects.at[id - 1];
	if (obj && !object_get_unless_zero(obj))
		obj = NULL;
	pthread_mutex_unlock(&host->lock);
	return obj;
}

u32 object_next_id(struct host *host, enum object_kind kind, u32 after)
{
	struct id_table *table = &host->ids[kind];
	u32 id = 0;

	pthread_mutex_lock(&host->lock);
	for (size_t i = after; i < table->objects.len && !id; i++)
		if (table->objects.at[i])
			id = (u32)i + 1;
	pthread_mutex_unlock(&host->lock);
	return id;
}

static int lowest_free_handle(struct host *host)
{
	for (size_t i = 0; i < host->handles.len; i++)
		if (!host->handles.at[i])
			return (int)i;
	if (host->handles.len >= MAX_HANDLES)
		return -EMFILE;
	if (!vec_push(&host->handles, host->mem, NULL))
		return -ENOMEM;
	return (int)host->handles.len - 1;
}

int handle_open(struct object *obj)
{
	struct host *host = obj->host;
	int slot;

	pthread_mutex_lock(&host->lock);
	slot = lowest_free_handle(host);
	if (slot >= 0) {
		host->handles.at[slot] = obj;
		atomic_fetch_add_explicit(&obj->handles, 1, memory_order_relaxed);
	}
	pthread_mutex_unlock(&host->lock);
	if (slot >= 0)
		return slot + FIRST_HANDLE;
	object_put(obj);
	return slot;
}

struct object *handle_get(struct host *host, int handle)
{
	struct object *obj = NULL;

	pthread_mutex_lock(&host->lock);
	if (handle >= FIRST_HANDLE && (size_t)(handle - FIRST_HANDLE) < host->handles.len)
		obj = host->handles.at[handle - FIRST_HANDLE];
	if (obj)
		object_get(obj);
	pthread_mutex_unlock(&host->lock);
	return obj;
}

int handle_get_kind(struct host *host, int handle, enum object_kind kind, struct object **out)
{
	struct object *obj = handle_get(host, handle);

	if (!obj)
		return -EBADF;
	if (obj->ops->kind != kind) {
		object_put(obj);
		return -EINVAL;
	}
	*out = obj;
	return 0;
}

int handle_close(struct host *host, int handle)
{
	struct object *obj = NULL;

	pthread_mutex_lock(&host->lock);
	if (handle >= FIRST_HANDLE && (size_t)(handle - FIRST_HANDLE) < host->handles.len) {
		obj = host->handles.at[handle - FIRST_HANDLE];
		host->handles.at[handle - FIRST_HANDLE] = NULL;
	}
	pthread_mutex_unlock(&host->lock);
	if (!obj)
		return -EBADF;
	if (atomic_fetch_sub_explicit(&obj->handles, 1, memory_order_acq_rel) == 1 &&
	    obj->ops->closed)
		obj->ops->closed(obj);
	object_put(obj);
	return 0;
}

void handle_close_all(struct host *host)
{
	for (size_t i = 0; i < host->handles.len; i++)
		handle_close(host, (int)i + FIRST_HANDLE);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* References of kernel objects: memory that programs may see is given back by host_defer(). */
#include "kernel/storage.h"

static void free_unseen(struct host *host, struct deferred *deferred)
{
	struct kernel_object *kobj = container_of(deferred, struct kernel_object, deferred);

	mem_free(host->mem, atomic_load(&kobj->storage));
	kobj->ops->free(kobj);
}

void kernel_object_release(struct object *obj)
{
	struct kernel_object *kobj = container_of(obj, struct kernel_object, obj);

	if (kobj->ops->unlink)
		kobj->ops->unlink(kobj);
	storage_drop(kobj);
	host_defer(obj->host, 0, &kobj->deferred, free_unseen);
}

void kernel_object_init(struct kernel_object *kobj, const struct kernel_object_ops *ops,
			struct host *host)
{
	object_init(&kobj->obj, &ops->object, host);
	kobj->ops = ops;
	atomic_init(&kobj->storage, NULL);
}

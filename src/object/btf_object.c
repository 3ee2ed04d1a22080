/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/btf_object.h"

#include <errno.h>

#include "object/host.h"

static void btf_object_free(struct object *obj)
{
	struct btf_object *btf = btf_object_of(obj);
	struct host *host = obj->host;

	btf_free(btf->btf);
	mem_free(host->mem, btf);
}

static const struct object_ops btf_object_ops = {
	.kind = OBJECT_BTF,
	.free = btf_object_free,
};

int btf_object_new(struct host *host, struct btf *btf, struct btf_object **out)
{
	struct btf_object *obj = mem_zalloc(host->mem, sizeof(*obj));
	int err;

	if (!obj) {
		btf_free(btf);
		return -ENOMEM;
	}
	obj->btf = btf;
	object_init(&obj->obj, &btf_object_ops, host);
	err = object_publish(&obj->obj);
	if (err) {
		object_put(&obj->obj);
		return err;
	}
	*out = obj;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/btf_object.h"

#include <errno.h>
#include <stdio.h>

#include "base/os.h"
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

static int parse_vmlinux(struct host *host, struct btf **btf)
{
	size_t size;
	void *data;
	int err;

	if (!host->vmlinux_path)
		return btf_parse(host->mem, host->own_btf, host->own_btf_size, NULL, btf, NULL,
				 NULL);
	err = os_read_file(host->mem, host->vmlinux_path, &data, &size);
	if (err)
		return err;
	err = btf_parse(host->mem, data, size, NULL, btf, NULL, NULL);
	mem_free(host->mem, data);
	return err;
}

static int read_vmlinux(struct host *host)
{
	struct btf *btf;
	int err = parse_vmlinux(host, &btf);

	if (!err)
		err = btf_object_new(host, btf, &host->vmlinux);
	if (err)
		return err;
	host->vmlinux->kernel_btf = true;
	snprintf(host->vmlinux->name, sizeof(host->vmlinux->name), "vmlinux");
	return 0;
}

int host_vmlinux(struct host *host, struct btf_object **btf)
{
	int err = 0;

	if (!host->vmlinux_path && !host->own_btf_size)
		return -ENOENT;
	pthread_mutex_lock(&host->vmlinux_lock);
	if (!host->vmlinux)
		err = read_vmlinux(host);
	pthread_mutex_unlock(&host->vmlinux_lock);
	*btf = host->vmlinux;
	return err;
}

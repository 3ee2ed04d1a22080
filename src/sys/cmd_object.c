/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF_LOAD, ids, and OBJ_GET_INFO_BY_FD. */
#include <errno.h>
#include <string.h>

#include "btf/fields.h"
#include "sys/info.h"

#define BTF_MAX_SIZE (16 * 1024 * 1024) /* before it is copied; btf_load() says the same */

/* What programs may allocate, and what the kernel owns in it. */
static int find_struct_fields(struct host *host, struct btf *btf)
{
	struct btf_object *kernel = NULL;
	int err = btf_has_kptrs(btf) ? host_vmlinux(host, &kernel) : 0;

	if (err && err != -ENOENT)
		return err;
	return btf_add_struct_fields(btf, kernel ? kernel->btf : NULL);
}

static int do_btf_load(struct call *call, struct log *log)
{
	const union bpf_attr *attr = &call->attr;
	const struct mem *mem = call->host->mem;
	struct btf_object *obj;
	struct btf *btf;
	void *data;
	int err;

	if (attr->btf_size > BTF_MAX_SIZE)
		return -E2BIG;
	data = mem_alloc(mem, attr->btf_size);
	if (!data)
		return -ENOMEM;
	err = client_read(data, attr->btf, attr->btf_size);
	if (!err)
		err = btf_load(mem, data, attr->btf_size, &btf, log);
	mem_free(mem, data);
	if (err)
		return err;
	err = find_struct_fields(call->host, btf);
	if (err) {
		btf_free(btf);
		return err;
	}
	err = btf_object_new(call->host, btf, &obj);
	return err ? err : handle_open(&obj->obj);
}

int sys_btf_load(struct call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct log log;
	u32 true_size;
	int fd, err;

	if (attr->btf_flags & ~(u32)BPF_F_TOKEN_FD)
		return -EINVAL;
	if (attr->btf_flags & BPF_F_TOKEN_FD)
		return -EOPNOTSUPP;
	if (!host_capable(call->host, HOST_CAP_BPF))
		return -EPERM;
	err = log_attr_check(attr->btf_log_level, attr->btf_log_buf, attr->btf_log_size);
	if (err)
		return err;
	log_init(&log, call->host->mem, attr->btf_log_level);
	log.limit = attr->btf_log_size;
	fd = do_btf_load(call, &log);
	err = log_copy_out(&log, attr->btf_log_buf, attr->btf_log_size, &true_size);
	call_result(call, btf_log_true_size, true_size);
	log_free(&log);
	if (err && fd >= 0)
		handle_close(call->host, fd);
	return err ? err : fd;
}

/* ---- ids ---- */

static int next_id(struct call *call, enum object_kind kind)
{
	u32 id;

	if (call->attr.start_id >= INT32_MAX)
		return -EINVAL;
	if (!host_capable(call->host, HOST_CAP_SYS_ADMIN))
		return -EPERM;
	id = object_next_id(call->host, kind, call->attr.start_id);
	if (!id)
		return -ENOENT;
	call_result(call, next_id, id);
	return 0;
}

static int open_by_id(struct call *call, enum object_kind kind)
{
	struct object *obj;

	if (!host_capable(call->host, HOST_CAP_SYS_ADMIN))
		return -EPERM;
	obj = object_by_id(call->host, kind, call->attr.start_id);
	return obj ? handle_open(obj) : -ENOENT;
}

int sys_prog_next_id(struct call *call)
{
	return next_id(call, OBJECT_PROG);
}

int sys_map_next_id(struct call *call)
{
	return next_id(call, OBJECT_MAP);
}

int sys_btf_next_id(struct call *call)
{
	return next_id(call, OBJECT_BTF);
}

int sys_link_next_id(struct call *call)
{
	return next_id(call, OBJECT_LINK);
}

int sys_link_by_id(struct call *call)
{
	return open_by_id(call, OBJECT_LINK);
}

int sys_prog_by_id(struct call *call)
{
	return open_by_id(call, OBJECT_PROG);
}

int sys_map_by_id(struct call *call)
{
	if (call->attr.open_flags)
		return call->attr.open_flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY) ? -EINVAL
										   : -EOPNOTSUPP;
	return open_by_id(call, OBJECT_MAP);
}

int sys_btf_by_id(struct call *call)
{
	return open_by_id(call, OBJECT_BTF);
}

/* ---- information ---- */

int info_read(const struct call *call, void *info, u32 size)
{
	u32 len = call->attr.info.info_len;
	u8 from[4096];

	if (len > sizeof(from))
		return -E2BIG;
	if (client_read(from, call->attr.info.info, len))
		return -EFAULT;
	for (u32 i = size; i < len; i++)
		if (from[i])
			return -E2BIG;
	memcpy(info, from, len < size ? len : size);
	return 0;
}

int info_write(struct call *call, const void *info, u32 size)
{
	u32 len = call->attr.info.info_len;

	if (len > size)
		len = size;
	call_result(call, info.info_len, len);
	return client_write(call->attr.info.info, info, len);
}

int info_put_dump(u64 addr, u32 *len, const void *data, size_t size)
{
	u32 room = *len;

	*len = (u32)size;
	if (!room)
		return 0;
	return client_write(addr, data, room < size ? room : size);
}

static int map_info(struct call *call, struct map *map)
{
	struct bpf_map_info info = {0};
	int err = info_read(call, &info, sizeof(info));

	if (err)
		return err;
	info = (struct bpf_map_info){
		.type = map->desc.type,
		.id = map->obj.id,
		.key_size = map->desc.key_size,
		.value_size = map->desc.value_size,
		.max_entries = map->desc.max_entries,
		.map_flags = map->desc.map_flags,
		.map_extra = map->desc.map_extra,
		.btf_id = map->btf ? map->btf->obj.id : 0,
		.btf_key_type_id = map->desc.btf_key_type_id,
		.btf_value_type_id = map->desc.btf_value_type_id,
	};
	memcpy(info.name, map->desc.name, sizeof(info.name));
	return info_write(call, &info, sizeof(info));
}

static int btf_info(struct call *call, struct btf_object *btf)
{
	struct bpf_btf_info info = {0};
	const void *raw;
	u32 size;
	int err = info_read(call, &info, sizeof(info));

	if (err)
		return err;
	raw = btf_raw(btf->btf, &size);
	info.id = btf->obj.id;
	info.kernel_btf = btf->kernel_btf;
	err = info_put_dump(info.btf, &info.btf_size, raw, size);
	if (!err && info.name && info.name_len)
		err = client_write(info.name, btf->name,
				   info.name_len < sizeof(btf->name) ? info.name_len
								     : sizeof(btf->name));
	info.name_len = (u32)strlen(btf->name);
	return err ? err : info_write(call, &info, sizeof(info));
}

int sys_info(struct call *call)
{
	struct object *obj = handle_get(call->host, (int)call->attr.info.bpf_fd);
	int err;

	if (!obj)
		return -EBADFD; /* Linux's choice for this command alone */
	switch (obj->ops->kind) {
	case OBJECT_PROG:
		err = sys_prog_info(call, prog_of(obj));
		break;
	case OBJECT_MAP:
		err = map_info(call, map_of(obj));
		break;
	case OBJECT_BTF:
		err = btf_info(call, btf_object_of(obj));
		break;
	case OBJECT_LINK:
		err = sys_link_info(call, link_of(obj));
		break;
	default:
		err = -EOPNOTSUPP;
	}
	object_put(obj);
	return err;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map's value: what user space wrote, with ids of programs where it had
 * handles, and the structure that callers see, with the programs themselves.
 * States are Linux's: INIT, then INUSE (registered by the map itself, until the
 * element is deleted: TOBEFREE) or, with BPF_F_LINK, READY for links to register.
 */
#include "map/struct_ops.h"

#include <string.h>

#include "kernel/types/struct_ops.h"
#include "map/types.h"
#include "object/btf_object.h"
#include "object/prog.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#define STRUCT_OPS(name) extern const struct struct_ops_type struct_ops_type_##name;
#include "map/struct_ops.def"
#undef STRUCT_OPS

static const struct struct_ops_type *const types[] = {
#define STRUCT_OPS(name) &struct_ops_type_##name,
#include "map/struct_ops.def"
#undef STRUCT_OPS
};

struct struct_ops_map {
	struct map map;
	const struct struct_ops_type *type;
	struct btf_object *btf; /* the kernel's: a reference */
	u32 value_id, data_id, data_off;
	pthread_mutex_t lock;
	_Atomic u32 state; /* enum bpf_struct_ops_state */
	u8 *user;	   /* the value as user space reads it */
	u8 *data; /* the structure; 8-byte members that are functions hold a struct prog * */
	VEC(struct prog *) progs;
};

static struct struct_ops_map *ops_of(const struct map *map)
{
	return container_of((struct map *)(uintptr_t)map, struct struct_ops_map, map);
}

/* ---- types ---- */

static const struct btf_member *members_of(const struct btf_type *t)
{
	return btf_tail(t);
}

/* The structure that a value type holds, and where; NULL: it is none of ours. */
static const struct struct_ops_type *find_type(const struct btf *btf, u32 value_id, u32 *data_id,
					       u32 *data_off)
{
	static const char prefix[] = "bpf_struct_ops_";
	const struct btf_type *t = btf_type_by_id(btf, value_id);
	const char *name = t ? btf_name(btf, t) : "";
	const struct btf_type *data;

	if (!t || btf_kind(t) != BTF_KIND_STRUCT || btf_vlen(t) != 2 ||
	    strncmp(name, prefix, sizeof(prefix) - 1))
		return NULL;
	data = btf_skip_mods(btf, members_of(t)[1].type, data_id);
	*data_off = btf_member_bit_offset(t, 1) / 8;
	for (u32 i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i]->name, name + sizeof(prefix) - 1) &&
		    !strcmp(types[i]->name, btf_name(btf, data)))
			return types[i];
	return NULL;
}

static bool is_function(const struct btf *btf, u32 type)
{
	const struct btf_type *t = btf_skip_mods(btf, type, NULL);

	return btf_kind(t) == BTF_KIND_PTR &&
	       btf_kind(btf_skip_mods(btf, t->type, NULL)) == BTF_KIND_FUNC_PROTO;
}

static bool all_zero(const u8 *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

/* What is between members must be zero. */
static int check_holes(const struct btf *btf, u32 id, const u8 *data)
{
	const struct btf_type *t = btf_type_by_id(btf, id);
	u32 end = 0;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 off = btf_member_bit_offset(t, i) / 8;
		s64 size = btf_size(btf, members_of(t)[i].type);

		if (size < 0)
			return (int)size;
		if (off > end && !all_zero(data + end, off - end))
			return -EINVAL;
		end = off + (u32)size;
	}
	return t->size > end && !all_zero(data + end, t->size - end) ? -EINVAL : 0;
}

/* ---- creating ---- */

static int struct_ops_check(const union bpf_attr *attr)
{
	if (attr->key_size != sizeof(u32) || attr->max_entries != 1 ||
	    attr->map_flags & ~(u32)(BPF_F_LINK | BPF_F_VTYPE_BTF_OBJ_FD) ||
	    !attr->btf_vmlinux_value_type_id)
		return -EINVAL;
	return 0;
}

/* Structures of modules: there are none. */
static int find_btf(struct host *host, const union bpf_attr *attr, struct btf_object **btf)
{
	struct object *obj;
	int err;

	if (attr->map_flags & BPF_F_VTYPE_BTF_OBJ_FD) {
		err = handle_get_kind(host, attr->value_type_btf_obj_fd, OBJECT_BTF, &obj);
		if (err)
			return err;
		object_put(obj);
		return -EINVAL;
	}
	err = host_vmlinux(host, btf);
	return err == -ENOENT ? -ENOTSUPP : err;
}

static int struct_ops_init(struct map *map, const union bpf_attr *attr)
{
	struct struct_ops_map *ops = ops_of(map);
	struct host *host = map->obj.host;
	struct btf_object *btf;
	int err = find_btf(host, attr, &btf);

	if (err)
		return err;
	ops->value_id = attr->btf_vmlinux_value_type_id;
	/* Another kernel's structures are not what is called here. */
	if (host_types_are_own(host))
		ops->type = find_type(btf->btf, ops->value_id, &ops->data_id, &ops->data_off);
	if (!ops->type)
		return -ENOTSUPP;
	if (btf_size(btf->btf, ops->value_id) != attr->value_size)
		return -EINVAL;
	ops->user = mem_zalloc(host->mem, attr->value_size);
	ops->data = mem_zalloc(host->mem, attr->value_size);
	if (!ops->user || !ops->data) {
		mem_free(host->mem, ops->user);
		mem_free(host->mem, ops->data);
		return -ENOMEM;
	}
	object_get(&btf->obj);
	ops->btf = btf;
	pthread_mutex_init(&ops->lock, NULL);
	return 0;
}

static void drop_progs(struct struct_ops_map *ops)
{
	vec_each (&ops->progs, prog)
		object_put(&(*prog)->obj);
	vec_free(&ops->progs, ops->map.obj.host->mem);
}

static void struct_ops_exit(struct map *map)
{
	struct struct_ops_map *ops = ops_of(map);

	drop_progs(ops);
	pthread_mutex_destroy(&ops->lock);
	object_put(&ops->btf->obj);
	mem_free(map->obj.host->mem, ops->user);
	mem_free(map->obj.host->mem, ops->data);
}

/* ---- the value ---- */

static const struct btf_type *data_type(const struct struct_ops_map *ops)
{
	return btf_type_by_id(ops->btf->btf, ops->data_id);
}

/* A handle becomes a program that has to be that member. */
static int take_program(struct struct_ops_map *ops, u32 member, u32 off)
{
	u8 *user = ops->user + ops->data_off + off;
	struct host *host = ops->map.obj.host;
	struct object *obj;
	struct prog *prog;
	u64 value;
	int err;

	memcpy(&value, user, sizeof(value));
	if (!(int)value)
		return 0;
	err = handle_get_kind(host, (int)value, OBJECT_PROG, &obj);
	if (err)
		return err;
	prog = prog_of(obj);
	if (prog->type != BPF_PROG_TYPE_STRUCT_OPS || prog->attach_btf_id != ops->data_id ||
	    (u32)prog->expected_attach_type != member)
		err = -EINVAL;
	else if (!vec_push(&ops->progs, host->mem, prog))
		err = -ENOMEM;
	if (err) {
		object_put(obj);
		return err;
	}
	value = ptr_to_u64(prog);
	memcpy(ops->data + off, &value, sizeof(value));
	value = prog->obj.id;
	memcpy(user, &value, sizeof(value));
	return 0;
}

static int take_member(struct struct_ops_map *ops, u32 i)
{
	const struct btf *btf = ops->btf->btf;
	const struct btf_member *member = &members_of(data_type(ops))[i];
	const u8 *user = ops->user + ops->data_off;
	u32 off = btf_member_bit_offset(data_type(ops), i) / 8;
	s64 size = btf_size(btf, member->type);
	int ret;

	if (size < 0)
		return (int)size;
	ret = ops->type->init_member(btf_str(btf, member->name_off), ops->data, user, off,
				     (u32)size);
	if (ret)
		return ret < 0 ? ret : 0;
	if (is_function(btf, member->type))
		return take_program(ops, i, off);
	return all_zero(user + off, (size_t)size) ? 0 : -EINVAL;
}

static int take_value(struct struct_ops_map *ops, const void *value)
{
	int err = 0;

	memcpy(ops->user, value, ops->map.desc.value_size);
	for (u32 i = 0; i < btf_vlen(data_type(ops)) && !err; i++)
		err = take_member(ops, i);
	if (!err && ops->type->validate)
		err = ops->type->validate(&ops->map);
	if (err)
		return err;
	if (ops->map.desc.map_flags & BPF_F_LINK) {
		atomic_store(&ops->state, BPF_STRUCT_OPS_STATE_READY);
		return 0;
	}
	err = ops->type->reg(&ops->map);
	if (err)
		return err;
	/* It stays until it is deleted, whoever else lets go of it. */
	object_get(&ops->map.obj);
	atomic_store(&ops->state, BPF_STRUCT_OPS_STATE_INUSE);
	return 0;
}

static int struct_ops_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct struct_ops_map *ops = ops_of(map);
	const struct btf *btf = ops->btf->btf;
	const struct bpf_struct_ops_common_value *common = value;
	u32 size = map->desc.value_size;
	int err;

	if (flags)
		return -EINVAL;
	if (get_u32(key))
		return -E2BIG;
	err = check_holes(btf, ops->value_id, value);
	if (!err)
		err = check_holes(btf, ops->data_id, (const u8 *)value + ops->data_off);
	if (err)
		return err;
	if (!all_zero((const u8 *)common, sizeof(*common)))
		return -EINVAL;
	pthread_mutex_lock(&ops->lock);
	err = atomic_load(&ops->state) == BPF_STRUCT_OPS_STATE_INIT ? take_value(ops, value)
								    : -EBUSY;
	if (err && err != -EBUSY) {
		drop_progs(ops);
		memset(ops->user, 0, size);
		memset(ops->data, 0, size);
	}
	pthread_mutex_unlock(&ops->lock);
	return err;
}

static int struct_ops_read(struct map *map, const void *key, void *value, u64 flags __unused)
{
	struct struct_ops_map *ops = ops_of(map);
	struct bpf_struct_ops_common_value *common = value;
	u32 state = atomic_load(&ops->state);
	s64 refs;

	if (get_u32(key))
		return -ENOENT;
	memset(value, 0, map->desc.value_size);
	if (state == BPF_STRUCT_OPS_STATE_INIT)
		return 0;
	memcpy(value, ops->user, map->desc.value_size);
	common->state = (enum bpf_struct_ops_state)state;
	refs = (s64)atomic_load(&map->obj.refs) - atomic_load(&map->obj.handles);
	/* One of them is that of who asks. */
	common->refcnt.refs.counter = refs > 1 ? (int)refs - 1 : 0;
	return 0;
}

static int struct_ops_delete(struct map *map, const void *key __unused)
{
	struct struct_ops_map *ops = ops_of(map);
	u32 state = BPF_STRUCT_OPS_STATE_INUSE;

	if (map->desc.map_flags & BPF_F_LINK)
		return -EOPNOTSUPP;
	if (atomic_compare_exchange_strong(&ops->state, &state, BPF_STRUCT_OPS_STATE_TOBEFREE)) {
		ops->type->unreg(map);
		host_synchronize(map->obj.host);
		object_put(&map->obj);
		return 0;
	}
	return state == BPF_STRUCT_OPS_STATE_TOBEFREE ? -EINPROGRESS : -ENOENT;
}

static int struct_ops_next_key(struct map *map __unused, const void *key, void *next)
{
	if (key && !get_u32(key))
		return -ENOENT;
	put_u32(next, 0);
	return 0;
}

static u64 struct_ops_mem_usage(const struct map *map)
{
	return sizeof(struct struct_ops_map) + 2 * (u64)map->desc.value_size;
}

const struct map_ops map_ops_struct_ops = {
	.type = BPF_MAP_TYPE_STRUCT_OPS,
	.check = struct_ops_check,
	.check_btf = map_check_no_btf,
	.init = struct_ops_init,
	.exit = struct_ops_exit,
	.size = sizeof(struct struct_ops_map),
	.read = struct_ops_read,
	.write = struct_ops_write,
	.delete = struct_ops_delete,
	.next_key = struct_ops_next_key,
	.mem_usage = struct_ops_mem_usage,
};

/* ---- for those who call its functions ---- */

const void *struct_ops_data(const struct map *map)
{
	return ops_of(map)->data;
}

const struct struct_ops_type *struct_ops_type_of(const struct map *map)
{
	return ops_of(map)->type;
}

const struct prog *struct_ops_member(const struct map *map, const char *name)
{
	const struct struct_ops_map *ops = ops_of(map);
	const struct btf *btf = ops->btf->btf;
	const struct btf_type *t = data_type(ops);
	u64 value;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		if (strcmp(btf_str(btf, members_of(t)[i].name_off), name) ||
		    !is_function(btf, members_of(t)[i].type))
			continue;
		memcpy(&value, ops->data + btf_member_bit_offset(t, i) / 8, sizeof(value));
		return u64_to_ptr(value);
	}
	return NULL;
}

/* ---- links ---- */

struct struct_ops_link {
	struct link link;
	pthread_mutex_t lock;
	struct map *map; /* a reference; NULL: detached */
};

static struct struct_ops_link *link_to(struct link *link)
{
	return container_of(link, struct struct_ops_link, link);
}

static bool may_register(const struct map *map)
{
	return map->desc.type == BPF_MAP_TYPE_STRUCT_OPS && map->desc.map_flags & BPF_F_LINK &&
	       atomic_load(&ops_of(map)->state) == BPF_STRUCT_OPS_STATE_READY;
}

static int struct_ops_link_detach(struct link *link)
{
	struct struct_ops_link *l = link_to(link);
	struct map *map;

	pthread_mutex_lock(&l->lock);
	map = l->map;
	l->map = NULL;
	pthread_mutex_unlock(&l->lock);
	if (!map)
		return 0;
	ops_of(map)->type->unreg(map);
	host_synchronize(link->obj.host);
	object_put(&map->obj);
	return 0;
}

static void struct_ops_link_free(struct link *link)
{
	struct struct_ops_link *l = link_to(link);

	struct_ops_link_detach(link);
	pthread_mutex_destroy(&l->lock);
	mem_free(link->obj.host->mem, l);
}

/* With the link's lock held. */
static int replace_map(struct struct_ops_link *l, struct map *new, const struct map *old)
{
	const struct struct_ops_type *type = ops_of(new)->type;
	int err;

	if (!l->map)
		return -ENOLINK;
	if (old && l->map != old)
		return -EPERM;
	if (ops_of(l->map)->type != type)
		return -EINVAL;
	err = type->update(new, l->map);
	if (err)
		return err;
	host_synchronize(new->obj.host);
	object_get(&new->obj);
	object_put(&l->map->obj);
	l->map = new;
	return 0;
}

static int struct_ops_link_update(struct link *link, struct map *new, const struct map *old)
{
	struct struct_ops_link *l = link_to(link);
	int err;

	if (!may_register(new))
		return -EINVAL;
	if (!ops_of(new)->type->update)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&l->lock);
	err = replace_map(l, new, old);
	pthread_mutex_unlock(&l->lock);
	return err;
}

static int struct_ops_link_info(const struct link *link, struct bpf_link_info *info)
{
	struct struct_ops_link *l = link_to((struct link *)(uintptr_t)link);

	pthread_mutex_lock(&l->lock);
	if (l->map)
		info->struct_ops.map_id = l->map->obj.id;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

static const struct link_ops struct_ops_link_ops = {
	.free = struct_ops_link_free,
	.detach = struct_ops_link_detach,
	.update_map = struct_ops_link_update,
	.fill_info = struct_ops_link_info,
};

int struct_ops_link(struct host *host, struct map *map, struct link **link)
{
	struct struct_ops_link *l;
	int err;

	if (!may_register(map))
		return -EINVAL;
	l = mem_zalloc(host->mem, sizeof(*l));
	if (!l)
		return -ENOMEM;
	err = ops_of(map)->type->reg(map);
	if (err) {
		mem_free(host->mem, l);
		return err;
	}
	pthread_mutex_init(&l->lock, NULL);
	l->map = map;
	object_get(&map->obj);
	link_init(&l->link, BPF_LINK_TYPE_STRUCT_OPS, &struct_ops_link_ops, host, NULL);
	*link = &l->link;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of map types, and creating maps: the checks that all types share,
 * in Linux's order, then the type's own, then BTF.
 */
#include "map/map.h"

#include <string.h>

#include "map/types.h"
#include "object/btf_object.h"

static const struct map_type {
	const char *name;
	u32 caps;
	const struct map_ops *ops;
} map_types[] = {
#define MAP_TYPE(number, type_name, needs, type_ops) [number] = {type_name, needs, type_ops},
#include "map/map.def"
#undef MAP_TYPE
};

const struct map_ops *map_type_ops(u32 type)
{
	return type < ARRAY_SIZE(map_types) ? map_types[type].ops : NULL;
}

const char *map_type_name(u32 type)
{
	return type < ARRAY_SIZE(map_types) ? map_types[type].name : NULL;
}

int map_type_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(map_types); i++)
		if (!strcmp(map_types[i].name, name))
			return (int)i;
	return -1;
}

u32 map_type_caps(u32 type)
{
	return type < ARRAY_SIZE(map_types) ? map_types[type].caps : 0;
}

static const struct map_ops *ops_for(const struct host *host, u32 type)
{
	/* Of another kernel, there may be structures of functions that are not known here. */
	if (host->verify_only && map_is_described(type))
		return &map_ops_described;
	return map_type_ops(type);
}

/* ---- checks ---- */

static int check_type(const struct host *host, const union bpf_attr *attr, struct err *err)
{
	if (attr->map_type == BPF_MAP_TYPE_UNSPEC || !map_type_name(attr->map_type))
		return err_set(err, -EINVAL, "there is no map type %u", attr->map_type);
	if (!ops_for(host, attr->map_type))
		return err_set(err, -EOPNOTSUPP, "map type %s is not supported yet",
			       map_type_name(attr->map_type));
	return 0;
}

static int check_common(const union bpf_attr *attr, struct err *err)
{
	const u32 nobody = BPF_F_RDONLY | BPF_F_WRONLY;

	if (attr->btf_vmlinux_value_type_id && attr->map_type != BPF_MAP_TYPE_STRUCT_OPS)
		return err_set(err, -EINVAL, "only struct_ops maps have a kernel type as value");
	if (attr->btf_key_type_id && !attr->btf_value_type_id)
		return err_set(err, -EINVAL, "a BTF type for the key but none for the value");
	if (attr->map_extra && attr->map_type != BPF_MAP_TYPE_BLOOM_FILTER &&
	    attr->map_type != BPF_MAP_TYPE_ARENA)
		return err_set(err, -EINVAL, "map_extra has no meaning for this type");
	if ((attr->map_flags & nobody) == nobody)
		return err_set(err, -EINVAL, "BPF_F_RDONLY and BPF_F_WRONLY exclude each other");
	if (map_wants_node(attr) && attr->numa_node)
		return err_set(err, -EINVAL, "there is no NUMA node %u", attr->numa_node);
	return 0;
}

static int check_attr(const struct host *host, const union bpf_attr *attr, struct err *err)
{
	int ret = check_type(host, attr, err);

	if (!ret)
		ret = check_common(attr, err);
	if (ret)
		return ret;
	ret = ops_for(host, attr->map_type)->check(attr);
	if (!ret && attr->map_ifindex)
		ret = -EINVAL;
	if (ret)
		return err_set(err, ret,
			       "map type %s cannot have key size %u, value size %u, %u entries, "
			       "flags %#x, network device %u",
			       map_type_name(attr->map_type), attr->key_size, attr->value_size,
			       attr->max_entries, attr->map_flags, attr->map_ifindex);
	return 0;
}

static bool name_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

static int copy_name(char *dst, const char *src, struct err *err)
{
	u32 i = 0;

	for (; i < BPF_OBJ_NAME_LEN && src[i]; i++) {
		if (!name_char_ok(src[i]))
			return err_set(err, -EINVAL,
				       "character %u of the map's name is none of "
				       "letters, digits, '_' and '.'",
				       i + 1);
		dst[i] = src[i];
	}
	if (i == BPF_OBJ_NAME_LEN)
		return err_set(err, -EINVAL, "the map's name is longer than %u characters",
			       BPF_OBJ_NAME_LEN - 1);
	return 0;
}

/* ---- BTF ---- */

static int check_btf_size(const struct btf *btf, const char *what, u32 id, u32 size,
			  struct err *err)
{
	s64 btf_bytes = btf_type_by_id(btf, id) ? btf_size(btf, id) : -EINVAL;

	if (btf_bytes < 0)
		return err_set(err, -EINVAL, "BTF type %u of the %s has no size", id, what);
	if (btf_bytes != size)
		return err_set(err, -EINVAL, "the %s has %u bytes, its BTF type %u has %lld", what,
			       size, id, (long long)btf_bytes);
	return 0;
}

int map_check_no_btf(const struct map *map __unused, const struct btf *btf __unused)
{
	return -ENOTSUPP;
}

static int check_btf(struct map *map, const struct btf *btf, struct err *err)
{
	u32 key_id = map->desc.btf_key_type_id, value_id = map->desc.btf_value_type_id;
	int ret = 0;

	if (key_id)
		ret = check_btf_size(btf, "key", key_id, map->desc.key_size, err);
	if (!ret)
		ret = check_btf_size(btf, "value", value_id, map->desc.value_size, err);
	if (!ret)
		ret = map_find_fields(map, err);
	if (!ret && map->ops->check_btf)
		ret = map->ops->check_btf(map, btf);
	else if (!ret && !key_id)
		ret = -EINVAL;
	if (ret && err && !err->code)
		err_set(err, ret, "map type %s does not take these BTF types",
			map_type_name(map->desc.type));
	return ret;
}

static int attach_btf(struct map *map, const union bpf_attr *attr, struct btf_object *btf,
		      struct err *err)
{
	if (!attr->btf_key_type_id && !attr->btf_value_type_id)
		return 0;
	if (!btf)
		return err_set(err, -EBADF, "BTF types without BTF");
	if (btf->kernel_btf)
		return err_set(err, -EACCES, "the kernel's own BTF cannot describe a map");
	object_get(&btf->obj);
	map->btf = btf;
	map->desc.btf = btf->btf;
	map->desc.btf_key_type_id = attr->btf_key_type_id;
	map->desc.btf_value_type_id = attr->btf_value_type_id;
	return check_btf(map, btf->btf, err);
}

/* ---- life ---- */

static void free_struct(struct map *map)
{
	if (map->btf)
		object_put(&map->btf->obj);
	share_free(map->share);
	mem_free(map->obj.host->mem, map);
}

static void drop_fields(struct map *map, u32 kinds)
{
	if (map->fields.mask & kinds && map->ops->drop_fields)
		map->ops->drop_fields(map, kinds);
}

static void exit_and_free(struct host *host __unused, struct deferred *deferred)
{
	struct map *map = container_of(deferred, struct map, deferred);

	map->ops->exit(map);
	free_struct(map);
}

static void map_object_free(struct object *obj)
{
	struct map *map = map_of(obj);

	drop_fields(map, BTF_FIELDS_HOLDING);
	/*
	 * A callback may be under way; it keeps its program, which need not know an
	 * inner map. Waiting for it is not possible here: this may be in a program.
	 */
	if (map->fields.mask & BTF_FIELD_ASYNC)
		host_defer(obj->host, 0, &map->deferred, exit_and_free);
	else
		exit_and_free(obj->host, &map->deferred);
}

static void map_object_closed(struct object *obj)
{
	struct map *map = map_of(obj);

	/* Their callbacks keep programs, which keep the map. */
	drop_fields(map, BTF_FIELD_ASYNC);
	if (map->ops->closed)
		map->ops->closed(map);
}

static const struct object_ops map_object_ops = {
	.kind = OBJECT_MAP,
	.free = map_object_free,
	.closed = map_object_closed,
};

static void describe(struct map *map, const union bpf_attr *attr)
{
	const u32 file_flags = BPF_F_RDONLY | BPF_F_WRONLY;

	map->file_flags = attr->map_flags & file_flags;
	map->desc.type = (enum bpf_map_type)attr->map_type;
	map->desc.key_size = attr->key_size;
	map->desc.value_size = attr->value_size;
	map->desc.max_entries = attr->max_entries;
	map->desc.map_flags = attr->map_flags & ~file_flags;
	map->desc.map_extra = attr->map_extra;
	map->desc.sleepable_ok = true;
}

static struct map *map_alloc(struct host *host, const struct map_ops *ops)
{
	struct map *map = mem_zalloc(host->mem, ops->size);

	if (map) {
		object_init(&map->obj, &map_object_ops, host);
		map->ops = ops;
	}
	return map;
}

/* What is said of a map besides its memory. */
static int complete(struct map *map, const union bpf_attr *attr, struct btf_object *btf,
		    struct err *err)
{
	int ret = copy_name(map->desc.name, attr->map_name, err);

	if (!ret)
		ret = attach_btf(map, attr, btf, err);
	if (!ret && map->share && map->fields.mask)
		ret = err_set(err, -EOPNOTSUPP,
			      "values with locks, timers or pointers belong to one process");
	if (ret)
		return ret;
	if (map->ops->ready)
		ret = map->ops->ready(map);
	if (ret)
		return err_set(err, ret, "cannot keep the map's fields: %s", strerror(-ret));
	ret = object_publish(&map->obj);
	return ret ? err_set(err, ret, "no id for the map: %s", strerror(-ret)) : 0;
}

/* Takes @share, also when it fails. */
static int create(struct host *host, const union bpf_attr *attr, struct btf_object *btf,
		  struct map_share *share, struct map **out, struct err *err)
{
	struct map *map = map_alloc(host, ops_for(host, attr->map_type));
	int ret;

	if (!map) {
		share_free(share);
		return err_set(err, -ENOMEM, "out of memory");
	}
	map->share = share;
	describe(map, attr);
	if (share)
		share->max_entries = attr->max_entries;
	ret = map->ops->init(map, attr);
	if (ret && share && share->err)
		ret = share->err;
	if (ret) {
		err_set(err, ret, "cannot make a map of %u entries: %s", attr->max_entries,
			strerror(-ret));
		free_struct(map);
		return ret;
	}
	ret = complete(map, attr, btf, err);
	if (ret) {
		object_put(&map->obj);
		return ret;
	}
	map->desc.id = map->obj.id;
	*out = map;
	return 0;
}

int map_create(struct host *host, const union bpf_attr *attr, struct btf_object *btf,
	       struct map **map, struct err *err)
{
	int ret = check_attr(host, attr, err);

	return ret ? ret : create(host, attr, btf, NULL, map, err);
}

/* ---- maps that processes share ---- */

static int check_shared(const struct host *host, const union bpf_attr *attr, struct err *err)
{
	int ret = check_attr(host, attr, err);

	if (!ret && !ops_for(host, attr->map_type)->repair)
		ret = err_set(err, -EOPNOTSUPP, "maps of type %s belong to one process",
			      map_type_name(attr->map_type));
	return ret;
}

int map_create_shared(struct host *host, const union bpf_attr *attr, struct btf_object *btf,
		      struct map **map, struct err *err)
{
	struct map_share *share;
	int ret = check_shared(host, attr, err);

	if (ret)
		return ret;
	ret = share_new(host->mem, &share);
	if (ret)
		return err_set(err, ret, "out of memory");
	ret = create(host, attr, btf, share, map, err);
	if (!ret)
		share_ready(*map);
	return ret;
}

/* Whether the map of a region is what somebody wants. */
static int check_wanted(const union bpf_attr *there, const union bpf_attr *wanted, struct err *err)
{
	const u32 file_flags = BPF_F_RDONLY | BPF_F_WRONLY;

	if (there->map_type == wanted->map_type && there->key_size == wanted->key_size &&
	    there->value_size == wanted->value_size && there->map_extra == wanted->map_extra &&
	    there->max_entries == wanted->max_entries &&
	    there->map_flags == (wanted->map_flags & ~file_flags))
		return 0;
	return err_set(err, -EINVAL,
		       "the region's map is of type %u with keys of %u bytes, values of %u, %u "
		       "entries and flags %#x",
		       there->map_type, there->key_size, there->value_size, there->max_entries,
		       there->map_flags);
}

static int attach(struct host *host, struct map_share *share, const union bpf_attr *attr,
		  struct btf_object *btf, struct map **map, struct err *err)
{
	int ret;

	if (share->header->nr_cpus != host->env.nr_cpus) {
		share_free(share);
		return err_set(err, -EINVAL, "the region's map is for another number of CPUs");
	}
	ret = create(host, attr, btf, share, map, err);
	if (!ret)
		share_recover(*map);
	return ret;
}

int map_attach(struct host *host, int region, const union bpf_attr *attr, struct btf_object *btf,
	       struct map **map, struct err *err)
{
	union bpf_attr there;
	struct map_share *share;
	int ret = share_open(host->mem, region, &share, &there, err);

	if (ret)
		return ret;
	ret = check_shared(host, &there, err);
	if (!ret && attr)
		ret = check_wanted(&there, attr, err);
	if (ret) {
		share_free(share);
		return ret;
	}
	return attach(host, share, attr ? attr : &there, btf, map, err);
}

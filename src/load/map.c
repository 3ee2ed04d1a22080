/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of an object: creation, initial contents, and access by clients. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/os_share.h"
#include "load/object.h"
#include "map/map.h"

/* ---- creation ---- */

/* What libbpf calls a data map: as much of the object's name as leaves 7 characters or more. */
static void set_data_name(struct anybpf_map *map, const char *object, const char *section)
{
	const int room = BPF_OBJ_NAME_LEN - 1;
	int suffix = (int)strlen(section) > 7 ? (int)strlen(section) : 7;
	int prefix;

	if (suffix > room)
		suffix = room;
	prefix = room - suffix;
	/* A custom section, ".data.something", keeps its own name. */
	if (strchr(section + 1, '.'))
		prefix = 0;
	snprintf(map->name, sizeof(map->name), "%.*s%.*s", prefix, object, suffix, section);
	for (char *c = map->name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.')
			*c = '_';
	}
}

void map_init(struct anybpf_map *map, struct anybpf_object *obj, const struct spec_map *spec)
{
	map->object = obj;
	map->spec = spec;
	map->fd = map->region = map->attach = -1;
	map->max_entries = spec->max_entries;
	if (spec->data == DATA_NONE)
		snprintf(map->name, sizeof(map->name), "%s", spec->name);
	else
		set_data_name(map, obj->name, spec->name);
}

static bool is_ringbuf(u32 type)
{
	return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF;
}

/* The kernel takes whole pages by powers of two; anything else is rounded up as libbpf does. */
static u32 ringbuf_size(u32 size)
{
	u64 rounded = os_page_size();

	if (!size)
		return 0;
	while (rounded < size)
		rounded *= 2;
	return rounded <= UINT32_MAX ? (u32)rounded : size;
}

static u32 effective_max_entries(const struct anybpf_object *obj, const struct spec_map *spec,
				 u32 max_entries)
{
	if (is_ringbuf(spec->type))
		return ringbuf_size(max_entries);
	if (spec->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !max_entries)
		return obj->ctx->nr_cpus;
	return max_entries;
}

/* Types whose keys and values the kernel does not want described. */
static bool takes_btf(u32 type)
{
	switch (type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_STACK_TRACE:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_ARENA:
		return false;
	default:
		return true;
	}
}

static void copy_name(char to[BPF_OBJ_NAME_LEN], const char *name)
{
	size_t len = strnlen(name, BPF_OBJ_NAME_LEN - 1);

	memcpy(to, name, len);
	memset(to + len, 0, BPF_OBJ_NAME_LEN - len);
}

/* What MAP_CREATE gets, with BTF where that may be. */
static union bpf_attr create_attr(struct anybpf_object *obj, const struct spec_map *spec,
				  const char *name, u32 max_entries)
{
	union bpf_attr attr = {0};

	attr.map_type = spec->type;
	attr.key_size = spec->key_size;
	attr.value_size = spec->value_size;
	attr.max_entries = effective_max_entries(obj, spec, max_entries);
	attr.map_flags = spec->map_flags;
	attr.map_extra = spec->map_extra;
	attr.numa_node = spec->numa_node;
	copy_name(attr.map_name, name);
	if (obj->btf_fd >= 0 && takes_btf(spec->type)) {
		attr.btf_fd = (u32)obj->btf_fd;
		attr.btf_key_type_id = spec->btf_key_type_id;
		attr.btf_value_type_id = spec->btf_value_type_id;
	}
	return attr;
}

/* One MAP_CREATE; without BTF when the engine does not like it. The fd or -errno. */
static int create(struct anybpf_object *obj, const struct spec_map *spec, const char *name,
		  u32 max_entries, int inner_fd)
{
	struct engine *engine = obj->ctx->engine;
	union bpf_attr attr = create_attr(obj, spec, name, max_entries);
	int fd;

	if (inner_fd >= 0)
		attr.inner_map_fd = (u32)inner_fd;
	fd = engine_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0 && fd != -EPERM && (attr.btf_key_type_id || attr.btf_value_type_id)) {
		attr.btf_fd = attr.btf_key_type_id = attr.btf_value_type_id = 0;
		fd = engine_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr));
	}
	return fd;
}

static int create_failed(struct anybpf_object *obj, const struct spec_map *spec, u32 max_entries,
			 int code)
{
	const char *type = map_type_name(spec->type);
	char number[24];

	snprintf(number, sizeof(number), "type %u", spec->type);
	return object_fail(obj, code,
			   "map \"%s\" (%s, key %u bytes, value %u bytes, %u entries, flags 0x%x) "
			   "cannot be created: %s",
			   spec->name, type ? type : number, spec->key_size, spec->value_size,
			   effective_max_entries(obj, spec, max_entries), spec->map_flags,
			   strerror(-code));
}

/* In a region: a new one, or the one to attach. */
static int create_shared(struct anybpf_map *map)
{
	struct anybpf_object *obj = map->object;
	union bpf_attr attr = create_attr(obj, map->spec, map->name, map->max_entries);
	int region = map->attach;
	struct err err = {0};
	int fd = engine_map_share(obj->ctx->engine, &attr, sizeof(attr), &region, &err);

	if (fd < 0)
		return object_fail(obj, fd, "map \"%s\" cannot be shared: %s", map->spec->name,
				   err.code ? err.text : strerror(-fd));
	map->fd = fd;
	map->region = region;
	map->direct = engine_user_map(obj->ctx->engine, fd);
	return 0;
}

static int create_map(struct anybpf_map *map)
{
	struct anybpf_object *obj = map->object;
	const struct spec_map *spec = map->spec;
	struct engine *engine = obj->ctx->engine;
	int inner_fd = -1;

	if (spec->pinning)
		return object_fail(obj, -EOPNOTSUPP,
				   "map \"%s\": pinning (LIBBPF_PIN_BY_NAME) is not supported yet",
				   spec->name);
	if (!spec->inner &&
	    (spec->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || spec->type == BPF_MAP_TYPE_HASH_OF_MAPS))
		return object_fail(obj, -EINVAL,
				   "map \"%s\": no inner map is given by __array(values, T)",
				   spec->name);
	if (map->shared)
		return create_shared(map);
	if (spec->inner) {
		inner_fd =
			create(obj, spec->inner, spec->inner->name, spec->inner->max_entries, -1);
		if (inner_fd < 0)
			return create_failed(obj, spec->inner, spec->inner->max_entries, inner_fd);
	}
	map->fd = create(obj, spec, map->name, map->max_entries, inner_fd);
	if (inner_fd >= 0)
		engine->ops->close(engine, inner_fd);
	map->direct = engine_user_map(engine, map->fd);
	if (map->fd >= 0)
		return 0;
	inner_fd = map->fd;
	map->fd = -1;
	return create_failed(obj, spec, map->max_entries, inner_fd);
}

/* ---- contents ---- */

static int update(struct anybpf_map *map, u32 index, const void *value)
{
	struct engine *engine = map->object->ctx->engine;
	union bpf_attr attr = {0};

	attr.map_fd = (u32)map->fd;
	attr.key = ptr_to_u64(&index);
	attr.value = ptr_to_u64(value);
	return engine_bpf(engine, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static int freeze(struct anybpf_map *map)
{
	union bpf_attr attr = {0};
	int ret;

	attr.map_fd = (u32)map->fd;
	ret = engine_bpf(map->object->ctx->engine, BPF_MAP_FREEZE, &attr, sizeof(attr));
	/* Without it the verifier knows less of the contents, and that is all. */
	return ret == -EINVAL || ret == -EPERM ? 0 : ret;
}

/* Sharing a data map's memory is a convenience: without it there are lookups. */
static void share(struct anybpf_map *map)
{
	struct engine *engine = map->object->ctx->engine;
	size_t page = os_page_size(), size = ROUND_UP((size_t)map->spec->value_size, page);

	if (!(map->spec->map_flags & BPF_F_MMAPABLE))
		return;
	if (!engine->ops->mmap(engine, map->fd, 0, size, map->spec->data != DATA_RODATA,
			       &map->mapped))
		map->mapped_size = size;
	else
		map->mapped = NULL;
}

/* Both sides share it, and the kernel wants to know where before programs are loaded. */
static int map_arena(struct anybpf_map *map)
{
	struct engine *engine = map->object->ctx->engine;
	size_t size = map->max_entries * os_page_size();
	int ret = engine->ops->mmap(engine, map->fd, 0, size, true, &map->mapped);

	if (ret) {
		map->mapped = NULL;
		return object_fail(map->object, ret, "map \"%s\": the arena cannot be mapped: %s",
				   map->spec->name, strerror(-ret));
	}
	map->mapped_size = size;
	return 0;
}

static int fill_data(struct anybpf_map *map)
{
	int ret = 0;

	/* What is attached has contents, and nobody can freeze what others may write to. */
	if (map->spec->initial && map->attach < 0)
		ret = update(map, 0, map->spec->initial);
	if (!ret && map->spec->data == DATA_RODATA && !map->shared)
		ret = freeze(map);
	if (ret)
		return object_fail(map->object, ret, "map \"%s\" cannot be filled: %s",
				   map->spec->name, strerror(-ret));
	share(map);
	return 0;
}

static int fill_maps(struct anybpf_map *map)
{
	struct anybpf_object *obj = map->object;

	for (u32 i = 0; i < map->spec->slot_cnt; i++) {
		const struct spec_slot *slot = &map->spec->slots[i];
		u32 fd = (u32)obj->maps[slot->target].fd;
		int ret = update(map, slot->index, &fd);

		if (ret)
			return object_fail(obj, ret,
					   "map \"%s\": element %u cannot be set to map \"%s\": %s",
					   map->spec->name, slot->index,
					   obj->maps[slot->target].spec->name, strerror(-ret));
	}
	return 0;
}

int map_create_all(struct anybpf_object *obj)
{
	int ret = 0;

	for (u32 i = 0; i < obj->map_cnt && !ret; i++) {
		if (obj->maps[i].fd >= 0)
			continue;
		ret = create_map(&obj->maps[i]);
		if (!ret && obj->maps[i].spec->type == BPF_MAP_TYPE_ARENA) {
			ret = map_arena(&obj->maps[i]);
			if (ret)
				map_destroy(&obj->maps[i]);
		}
		if (!ret && obj->maps[i].spec->data != DATA_NONE) {
			ret = fill_data(&obj->maps[i]);
			/* Who tries again later must not find it there without its contents. */
			if (ret)
				map_destroy(&obj->maps[i]);
		}
	}
	for (u32 i = 0; i < obj->map_cnt && !ret; i++) {
		if (obj->maps[i].spec->type != BPF_MAP_TYPE_PROG_ARRAY)
			ret = fill_maps(&obj->maps[i]);
	}
	return ret;
}

static int fill_prog_array(struct anybpf_map *map)
{
	struct anybpf_object *obj = map->object;

	for (u32 i = 0; i < map->spec->slot_cnt; i++) {
		const struct spec_slot *slot = &map->spec->slots[i];
		const char *name = obj->spec->funcs[slot->target].name;
		s32 index = obj->prog_of_func[slot->target];
		u32 fd = index < 0 ? UINT32_MAX : (u32)obj->progs[index].fd;
		int ret = (s32)fd < 0 ? -EBADF : update(map, slot->index, &fd);

		if (ret)
			return object_fail(
				obj, ret,
				"map \"%s\": element %u cannot be set to program \"%s\": %s",
				map->spec->name, slot->index, name,
				(s32)fd < 0 ? "it is not loaded" : strerror(-ret));
	}
	return 0;
}

int object_fill_prog_arrays(struct anybpf_object *obj)
{
	int ret = 0;

	for (u32 i = 0; i < obj->map_cnt && !ret; i++) {
		if (obj->maps[i].spec->type == BPF_MAP_TYPE_PROG_ARRAY)
			ret = fill_prog_array(&obj->maps[i]);
	}
	return ret;
}

void map_destroy(struct anybpf_map *map)
{
	struct engine *engine = map->object->ctx->engine;

	if (map->mapped)
		engine->ops->munmap(engine, map->mapped, map->mapped_size);
	if (map->direct)
		object_put(&map->direct->obj);
	map->direct = NULL;
	if (map->fd >= 0)
		engine->ops->close(engine, map->fd);
	map->mapped = NULL;
	map->fd = map->region = -1;
}

void map_exit(struct anybpf_map *map)
{
	map_destroy(map);
	if (map->attach >= 0)
		os_close(map->attach);
}

/* ---- what clients ask ---- */

const char *anybpf_map_name(const struct anybpf_map *map)
{
	return map->spec->name;
}

uint32_t anybpf_map_type(const struct anybpf_map *map)
{
	return map->spec->type;
}

uint32_t anybpf_map_key_size(const struct anybpf_map *map)
{
	return map->spec->key_size;
}

uint32_t anybpf_map_value_size(const struct anybpf_map *map)
{
	return map->spec->value_size;
}

uint32_t anybpf_map_max_entries(const struct anybpf_map *map)
{
	return effective_max_entries(map->object, map->spec, map->max_entries);
}

int anybpf_map_set_max_entries(struct anybpf_map *map, uint32_t max_entries)
{
	if (map->fd >= 0)
		return -EBUSY;
	map->max_entries = max_entries;
	return 0;
}

int anybpf_map_fd(const struct anybpf_map *map)
{
	return map->fd;
}

int anybpf_map_share(struct anybpf_map *map)
{
	if (map->fd >= 0)
		return -EBUSY;
	map->shared = true;
	return 0;
}

int anybpf_map_attach(struct anybpf_map *map, int region)
{
	int own;

	if (map->fd >= 0)
		return -EBUSY;
	own = os_share_reopen(region);
	if (own < 0)
		return own;
	if (map->attach >= 0)
		os_close(map->attach);
	map->attach = own;
	map->shared = true;
	return 0;
}

int anybpf_map_region(const struct anybpf_map *map)
{
	if (map->fd < 0)
		return -EBADF;
	return map->shared ? map->region : -EINVAL;
}

void *anybpf_map_data(const struct anybpf_map *map, size_t *size)
{
	bool arena = map->spec->type == BPF_MAP_TYPE_ARENA;

	if (size && !map->mapped)
		*size = 0;
	else if (size)
		*size = arena ? map->mapped_size : map->spec->value_size;
	return map->mapped;
}

static bool is_percpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static size_t user_value_size(const struct anybpf_map *map)
{
	size_t size = map->spec->value_size;

	return is_percpu(map->spec->type) ? ROUND_UP(size, 8) * map->object->ctx->nr_cpus : size;
}

static int element(const struct anybpf_map *map, enum bpf_cmd cmd, const void *key,
		   const void *value, u64 flags)
{
	union bpf_attr attr = {0};
	int ret;

	if (map->fd < 0)
		return -EBADF;
	attr.map_fd = (u32)map->fd;
	attr.key = ptr_to_u64(key);
	attr.value = ptr_to_u64(value);
	attr.flags = flags;
	ret = engine_bpf(map->object->ctx->engine, cmd, &attr, sizeof(attr));
	return ret < 0 ? ret : 0;
}

int anybpf_map_lookup(const struct anybpf_map *map, const void *key, size_t key_size, void *value,
		      size_t value_size, uint64_t flags)
{
	if (key_size != map->spec->key_size || value_size != user_value_size(map))
		return -EINVAL;
	if (likely(map->direct && key))
		return map_user_lookup(map->direct, key, value, flags);
	return element(map, BPF_MAP_LOOKUP_ELEM, key, value, flags);
}

int anybpf_map_update(const struct anybpf_map *map, const void *key, size_t key_size,
		      const void *value, size_t value_size, uint64_t flags)
{
	if (key_size != map->spec->key_size || value_size != user_value_size(map))
		return -EINVAL;
	if (likely(map->direct && key))
		return map_user_update(map->direct, key, value, flags);
	return element(map, BPF_MAP_UPDATE_ELEM, key, value, flags);
}

int anybpf_map_delete(const struct anybpf_map *map, const void *key, size_t key_size)
{
	if (key_size != map->spec->key_size)
		return -EINVAL;
	if (likely(map->direct && key))
		return map_user_delete(map->direct, key);
	return element(map, BPF_MAP_DELETE_ELEM, key, NULL, 0);
}

int anybpf_map_next_key(const struct anybpf_map *map, const void *key, void *next_key,
			size_t key_size)
{
	if (key_size != map->spec->key_size)
		return -EINVAL;
	return element(map, BPF_MAP_GET_NEXT_KEY, key, next_key, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps. A type is a row in map.def and a const table of functions in its own
 * file. A map's elements live in one contiguous region that holds indexes and
 * never pointers, so that it can live in shared memory. Elements are never
 * unmapped while the map lives and may be reused at once after deletion, as
 * Linux's preallocated maps do: a program that kept a pointer to a deleted
 * value sees another value, never unmapped memory.
 *
 * Everything here is safe for use by any number of threads at once. Keys and
 * values that a caller passes are private to it.
 *
 * All functions return 0 or a negative errno with Linux's meaning: ENOENT no
 * such key, EEXIST with BPF_NOEXIST, E2BIG full or index out of range, EINVAL
 * bad flags, EOPNOTSUPP the type cannot do it, ENOMEM, EBUSY.
 */
#ifndef ANYBPF_MAP_MAP_H
#define ANYBPF_MAP_MAP_H

#include "base/err.h"
#include "btf/btf.h"
#include "btf/fields.h"
#include "isa/uapi_structs.h"
#include "object/host.h"
#include "object/object.h"

struct map;

/*
 * What the verifier may know of a map: a value, no functions. It outlives the
 * verification only by being copied.
 */
struct map_desc {
	enum bpf_map_type type;
	u32 id;
	u32 key_size, value_size, max_entries, map_flags;
	u64 map_extra;
	char name[BPF_OBJ_NAME_LEN];
	const struct btf *btf; /* NULL without */
	u32 btf_key_type_id, btf_value_type_id;
	const struct btf_fields *fields; /* NULL when the value has none */
	bool frozen;			 /* user space cannot write any more */
	const void *frozen_value; /* contents of a frozen read-only array of one element, or NULL */
	const struct map_desc *inner; /* of a map of maps */
	/* Direct value access (BPF_PSEUDO_MAP_VALUE) reaches this many bytes; 0: not allowed. */
	u32 direct_size;
	bool sleepable_ok; /* may be used by sleepable programs */
};

/* The batch commands that a type has. */
#define MAP_BATCH_LOOKUP BIT(0)
#define MAP_BATCH_UPDATE BIT(1)
#define MAP_BATCH_DELETE BIT(2)
#define MAP_BATCH_TAKE	 BIT(3) /* lookup and delete */
#define MAP_BATCH_ARRAY	 (MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE)
#define MAP_BATCH_HASH	 (MAP_BATCH_ARRAY | MAP_BATCH_DELETE | MAP_BATCH_TAKE)

struct map_ops {
	enum bpf_map_type type;
	bool percpu;	     /* user space sees one copy of a value per CPU */
	u8 batch;	     /* MAP_BATCH_* */
	bool reads_by_value; /* what user space looks up is the value that it passes */

	/* What Linux checks of MAP_CREATE before it allocates; common checks are done already. */
	int (*check)(const union bpf_attr *attr);
	/*
	 * Whether the BTF types of key and value, in map->desc, suit the type; their
	 * sizes are checked already. NULL: any do, but the key must have one.
	 */
	int (*check_btf)(const struct map *map, const struct btf *btf);
	/* Fills in a zeroed map of .size bytes whose .desc and .obj are set. */
	int (*init)(struct map *map, const union bpf_attr *attr);
	/* NULL, or called when the special fields are known, before anybody sees the map. */
	int (*ready)(struct map *map);
	/* Undoes init(); the struct itself is freed by the caller. */
	void (*exit)(struct map *map);
	/* NULL, or called when user space has closed its last handle of the map. */
	void (*closed)(struct map *map);
	size_t size; /* of the type's own struct, which starts with a struct map */

	/*
	 * For programs, in a slot: run->cpu selects per-CPU copies. lookup gives
	 * the value's address or NULL.
	 */
	void *(*lookup)(struct map *map, const void *key, u32 cpu);
	int (*update)(struct map *map, const void *key, const void *value, u64 flags, u32 cpu);
	int (*delete)(struct map *map, const void *key);

	/*
	 * For programs and user space alike: types whose values have no keys.
	 * pop and peek fill in @value also when they fail.
	 */
	int (*push)(struct map *map, const void *value, u64 flags);
	int (*pop)(struct map *map, void *value);
	int (*peek)(struct map *map, void *value);

	/*
	 * For bpf() and the C API: values are copied. A per-CPU value is the
	 * concatenation of nr_cpus copies, each rounded up to 8 bytes.
	 */
	int (*read)(struct map *map, const void *key, void *value, u64 flags);
	int (*write)(struct map *map, const void *key, const void *value, u64 flags);
	/* @key NULL or unknown: the first. -ENOENT after the last. */
	int (*next_key)(struct map *map, const void *key, void *next);
	int (*read_and_delete)(struct map *map, const void *key, void *value, u64 flags);

	/*
	 * For batches from hash tables, which hand out whole buckets: copies the
	 * elements of the first bucket from *@bucket on that has any, and takes
	 * them out. Their number, 0 when there is none; nothing happens when it is
	 * more than @room. *@bucket is then the bucket's number.
	 */
	s64 (*read_bucket)(struct map *map, u32 *bucket, u32 room, void *keys, void *values,
			   u64 flags, bool take);

	/* Address of byte @off of an array's first value, for BPF_PSEUDO_MAP_VALUE; -EINVAL. */
	int (*direct_value)(struct map *map, u32 off, void **addr);
	/* bpf_for_each_map_elem(): calls @fn until it returns non-zero; number of calls or -errno.
	 */
	long (*for_each)(struct map *map, u32 cpu, long (*fn)(void *arg, void *key, void *value),
			 void *arg);
	/* The key of the element that @value is in; @index is room for one that is computed. */
	const void *(*key_of)(const struct map *map, const void *value, u32 *index);
	/* Drops what the special fields of @kinds hold in all elements; free ones may have some,
	 * too. */
	void (*drop_fields)(struct map *map, u32 kinds);
	/* Memory that clients may map: start and size for bpf()'s mmap; -EOPNOTSUPP by default. */
	int (*mmap)(struct map *map, u64 offset, size_t size, bool writable, void **addr);
	/* Bytes of memory for bpf_map_info and fdinfo. */
	u64 (*mem_usage)(const struct map *map);

	/*
	 * Of types that processes can share, see share.h; NULL for others. repair
	 * makes whole what @dead had locked, and unlocks it; sweep, which may be
	 * NULL, gives back what it had in hand.
	 */
	void (*repair)(struct map *map, u32 dead);
	void (*sweep)(struct map *map, u32 dead);
};

struct map {
	struct object obj; /* first: a map is an object */
	const struct map_ops *ops;
	struct map_desc desc;	 /* programs know where it is: struct bpf_map of kernel/types/bpf.h */
	struct map_share *share; /* of a map that processes share; NULL */
	struct btf_object *btf; /* holds a reference; desc.btf points into it */
	struct btf_fields fields;
	u32 file_flags; /* BPF_F_RDONLY or BPF_F_WRONLY: what user space may do */
	/* Writes under way and writable mappings, which keep it from being frozen; negative:
	 * frozen. */
	_Atomic s64 user_writers;
	struct deferred deferred; /* of a map whose values have timers, at its end */
};

static inline bool map_is_frozen(const struct map *map)
{
	return atomic_load_explicit(&map->user_writers, memory_order_acquire) < 0;
}

static inline struct map *map_of(struct object *obj)
{
	return container_of(obj, struct map, obj);
}

/* NULL for a number that is no map type or one that is not here yet. */
const struct map_ops *map_type_ops(u32 type);
/* "hash", ... for every type of Linux 6.12, NULL beyond. */
const char *map_type_name(u32 type);
/* HOST_CAP_*: what it takes to create a map of the type where unprivileged users may. */
u32 map_type_caps(u32 type);
/* The number for bpftool's name, or -1. */
int map_type_by_name(const char *name);

/*
 * BPF_MAP_CREATE apart from attribute size and permissions. @btf may be NULL;
 * a reference is taken. @err gets a line that says what was wrong where
 * Linux gives only a number.
 */
int map_create(struct host *host, const union bpf_attr *attr, struct btf_object *btf,
	       struct map **map, struct err *err);

/*
 * The same in a region that other processes can map: map_region() is a
 * descriptor of it, for as long as the map lives; -EINVAL for another map.
 * -EOPNOTSUPP for types, and values, that belong to one process.
 */
int map_create_shared(struct host *host, const union bpf_attr *attr, struct btf_object *btf,
		      struct map **map, struct err *err);
int map_region(const struct map *map);
/*
 * The map of a region. @attr, unless NULL, says what it has to be like, and
 * gives its name and BTF: -EINVAL when it is not, or when this is no region.
 * The descriptor remains the caller's. -EUSERS when all slots are taken.
 */
int map_attach(struct host *host, int region, const union bpf_attr *attr, struct btf_object *btf,
	       struct map **map, struct err *err);

/* Bytes that user space sees per value: value_size, or nr_cpus copies of it rounded up to 8. */
size_t map_user_value_size(const struct map *map);

/* The element commands of bpf(), with Linux's checks of flags, freezing and access modes. */
int map_user_lookup(struct map *map, const void *key, void *value, u64 flags);
int map_user_update(struct map *map, const void *key, const void *value, u64 flags);
int map_user_delete(struct map *map, const void *key);
int map_user_next_key(struct map *map, const void *key, void *next);
int map_user_lookup_and_delete(struct map *map, const void *key, void *value, u64 flags);
int map_freeze(struct map *map);

/* Around several accesses at once: -EPERM when the map may not be read or written; 0, then end. */
int map_user_begin(struct map *map, bool read, bool write);
void map_user_end(struct map *map, bool write);
/* What may be asked of elements in a batch: BPF_F_LOCK where the value has a lock; -EINVAL. */
int map_user_check_lock_flag(const struct map *map, u64 flags);

/*
 * mmap() of a map: the memory itself, which stays where it is while the map
 * lives. A writable mapping keeps the map from being frozen until
 * map_user_munmap().
 */
int map_user_mmap(struct map *map, u64 offset, size_t size, bool writable, void **addr);
void map_user_munmap(struct map *map, bool writable);
u64 map_mem_usage(const struct map *map);

#endif

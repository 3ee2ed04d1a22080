/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps that are described and no more: types whose elements are not here yet,
 * for hosts that only verify (host_options.verify_only). Creating one checks
 * everything that Linux checks; programs that use it verify as on Linux. It
 * has no elements: what user space writes is dropped and nothing can be read.
 *
 * One row of described.def per type has the facts of its Linux check function.
 */
#include <string.h>

#include "map/types.h"

#define READ_WRITE (BPF_F_RDONLY | BPF_F_WRONLY)
#define MAX_SIZE   INT32_MAX

enum entries {
	ENTRIES_SOME,
	ENTRIES_NONE,
	ENTRIES_ONE,
};

struct limits {
	enum bpf_map_type type;
	u32 key_min, key_max;
	u32 value_min, value_max; /* beyond it: -EINVAL, */
	u32 value_big;		  /* ... or -E2BIG from here on; 0: none */
	u32 flags, must;	  /* flags that may and that must be set */
	enum entries entries;
	u64 extra; /* bits that map_extra may have */
	int (*check)(const union bpf_attr *attr);
	int (*check_btf)(const struct map *map, const struct btf *btf);
};

/* ---- what a row cannot say ---- */

static int check_struct_ops(const union bpf_attr *attr)
{
	return attr->btf_vmlinux_value_type_id ? 0 : -EINVAL;
}

/* ---- the types ---- */

static const struct limits limits[] = {
#define DESCRIBED(map_type, kmin, kmax, vmin, vmax, vbig, may, need, n, bits, fn, btf_fn)          \
	{                                                                                          \
		.type = BPF_MAP_TYPE_##map_type,                                                   \
		.key_min = kmin,                                                                   \
		.key_max = kmax,                                                                   \
		.value_min = vmin,                                                                 \
		.value_max = vmax,                                                                 \
		.value_big = vbig,                                                                 \
		.flags = may,                                                                      \
		.must = need,                                                                      \
		.entries = n,                                                                      \
		.extra = bits,                                                                     \
		.check = fn,                                                                       \
		.check_btf = btf_fn,                                                               \
	},
#include "map/described.def"
#undef DESCRIBED
};

static const struct limits *limits_of(u32 type)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].type == type)
			return &limits[i];
	return NULL;
}

static bool entries_ok(enum entries want, u32 n)
{
	switch (want) {
	case ENTRIES_NONE:
		return !n;
	default:
		return n;
	}
}

bool map_is_described(u32 type)
{
	return limits_of(type);
}

static int described_check(const union bpf_attr *attr)
{
	const struct limits *l = limits_of(attr->map_type);
	int err;

	if (!map_flags_ok(attr, l->flags) || (attr->map_flags & l->must) != l->must)
		return -EINVAL;
	if (attr->key_size < l->key_min || attr->key_size > l->key_max ||
	    attr->value_size < l->value_min || attr->value_size > l->value_max ||
	    !entries_ok(l->entries, attr->max_entries) || attr->map_extra & ~l->extra)
		return -EINVAL;
	err = l->check ? l->check(attr) : 0;
	if (err)
		return err;
	return l->value_big && attr->value_size >= l->value_big ? -E2BIG : 0;
}

static int described_check_btf(const struct map *map, const struct btf *btf)
{
	const struct limits *l = limits_of(map->desc.type);

	return l->check_btf(map, btf);
}

/* ---- life ---- */

static int described_init(struct map *map __unused, const union bpf_attr *attr __unused)
{
	return 0;
}

static void described_exit(struct map *map __unused)
{
}

static int described_write(struct map *map __unused, const void *key __unused,
			   const void *value __unused, u64 flags __unused)
{
	return 0;
}

static int described_read(struct map *map __unused, const void *key __unused, void *value __unused,
			  u64 flags __unused)
{
	return -EOPNOTSUPP;
}

static int described_delete(struct map *map __unused, const void *key __unused)
{
	return -EOPNOTSUPP;
}

static int described_next_key(struct map *map __unused, const void *key __unused,
			      void *next __unused)
{
	return -EOPNOTSUPP;
}

const struct map_ops map_ops_described = {
	.type = BPF_MAP_TYPE_UNSPEC,
	.check = described_check,
	.check_btf = described_check_btf,
	.init = described_init,
	.exit = described_exit,
	.size = sizeof(struct map),
	.read = described_read,
	.write = described_write,
	.delete = described_delete,
	.next_key = described_next_key,
};

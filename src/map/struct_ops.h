/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_MAP_TYPE_STRUCT_OPS: a map of one value, a kernel's structure of functions
 * whose members are programs. Written once, it is registered with who calls
 * such functions here; one row of struct_ops.def and a const struct struct_ops_type
 * for each structure.
 */
#ifndef ANYBPF_MAP_STRUCT_OPS_H
#define ANYBPF_MAP_STRUCT_OPS_H

#include "map/map.h"
#include "object/link.h"

struct prog;

struct struct_ops_type {
	const char *name; /* "tcp_congestion_ops"; the value is a struct bpf_struct_ops_NAME */
	/*
	 * A member that is no function: 1 when it was taken from @from to @to, structures
	 * of the kernel's BTF, 0 when it has to be zero, or a negative errno. Asked of
	 * functions too, where 1 means that no program is looked for.
	 */
	int (*init_member)(const char *member, void *to, const void *from, u32 off, u32 size);
	/* Whether all that has to be there is; functions are struct prog *. NULL: yes. */
	int (*validate)(const struct map *map);
	/* From now on, until unreg, it may be called. */
	int (*reg)(struct map *map);
	void (*unreg)(struct map *map);
	/* @new takes the place of @old. NULL: -EOPNOTSUPP. */
	int (*update)(struct map *new, struct map *old);
};

/* The structure as its functions' callers know it: programs where pointers to functions are. */
const void *struct_ops_data(const struct map *map);
/* The program that is the member of that name, or NULL. */
const struct prog *struct_ops_member(const struct map *map, const char *name);
const struct struct_ops_type *struct_ops_type_of(const struct map *map);

/* BPF_LINK_CREATE of BPF_STRUCT_OPS: registers it until the link goes. 0, -EINVAL, ... */
int struct_ops_link(struct host *host, struct map *map, struct link **link);

#endif

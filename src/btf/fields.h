/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special fields: members of map values and of objects that programs allocate
 * which the kernel owns, told by the name of their type or by a tag on a
 * pointer (bpf_spin_lock, bpf_timer, kptr ...). Linux's struct btf_record.
 */
#ifndef ANYBPF_BTF_FIELDS_H
#define ANYBPF_BTF_FIELDS_H

#include "btf/btf.h"

enum btf_field_kind {
	BTF_FIELD_SPIN_LOCK = BIT(0),
	BTF_FIELD_TIMER = BIT(1),
	BTF_FIELD_KPTR_UNREF = BIT(2),
	BTF_FIELD_KPTR_REF = BIT(3),
	BTF_FIELD_KPTR_PERCPU = BIT(4),
	BTF_FIELD_LIST_HEAD = BIT(5),
	BTF_FIELD_LIST_NODE = BIT(6),
	BTF_FIELD_RB_ROOT = BIT(7),
	BTF_FIELD_RB_NODE = BIT(8),
	BTF_FIELD_REFCOUNT = BIT(9),
	BTF_FIELD_WORKQUEUE = BIT(10),
	BTF_FIELD_UPTR = BIT(11), /* of newer kernels */
};

#define BTF_FIELD_KPTR	     (BTF_FIELD_KPTR_UNREF | BTF_FIELD_KPTR_REF | BTF_FIELD_KPTR_PERCPU)
#define BTF_FIELD_GRAPH_ROOT (BTF_FIELD_LIST_HEAD | BTF_FIELD_RB_ROOT)
#define BTF_FIELD_ASYNC	     (BTF_FIELD_TIMER | BTF_FIELD_WORKQUEUE)
#define BTF_FIELD_GRAPH_NODE (BTF_FIELD_LIST_NODE | BTF_FIELD_RB_NODE)

/* What refers to something that has to be let go with the value. */
#define BTF_FIELDS_HOLDING (BTF_FIELD_KPTR | BTF_FIELD_GRAPH_ROOT | BTF_FIELD_ASYNC)

/* What is looked for in map values, and in structures that programs allocate. */
#define BTF_FIELDS_OF_MAPS                                                                         \
	(BTF_FIELD_SPIN_LOCK | BTF_FIELD_TIMER | BTF_FIELD_KPTR | BTF_FIELD_GRAPH_ROOT |           \
	 BTF_FIELD_REFCOUNT | BTF_FIELD_WORKQUEUE)
#define BTF_FIELDS_OF_OBJECTS                                                                      \
	(BTF_FIELD_SPIN_LOCK | BTF_FIELD_GRAPH_ROOT | BTF_FIELD_GRAPH_NODE | BTF_FIELD_REFCOUNT |  \
	 BTF_FIELD_KPTR)

struct btf_field {
	enum btf_field_kind kind;
	u32 offset, size; /* bytes in the value */
	/* What a kptr points to, what a list or tree holds: */
	u32 type_id;
	const struct btf *btf; /* of .type_id: the kernel's, or the one that it was found in */
	/*
	 * Where the node is in a list's or tree's element; where an object of the host's
	 * kernel that a kptr points to has its reference, see btf_object_offset().
	 */
	u32 node_offset;
};

#define BTF_MAX_FIELDS 11 /* Linux allows no more per value */

struct btf_fields {
	u32 mask; /* or of all kinds */
	u32 cnt;
	struct btf_field at[BTF_MAX_FIELDS]; /* by offset */
};

/* "bpf_spin_lock", as Linux names the kind in messages. */
const char *btf_field_name(enum btf_field_kind kind);

/* The first field of one of the kinds in @mask, the one at @offset; NULL, also where @fields is. */
const struct btf_field *btf_fields_kind(const struct btf_fields *fields, u32 mask);
const struct btf_field *btf_fields_at(const struct btf_fields *fields, u32 offset, u32 mask);

/*
 * The fields of kinds @mask in the struct or section @id, whose values have
 * @size bytes. @kernel, which may be NULL, says which types are the kernel's;
 * all others are the program's own. 0 (with .cnt 0 when there are none),
 * -EINVAL, -E2BIG too many or one that may be there once only, -EEXIST
 * overlapping, -ENOENT a kernel type that cannot be kept in a map, -ENOMEM.
 */
int btf_find_fields(const struct btf *btf, const struct btf *kernel, u32 id, u32 mask, u32 size,
		    struct btf_fields *fields);
/* Where a struct of the host's own kernel has its struct kernel_object; 0: it is not in it. */
u32 btf_object_offset(const struct btf *kernel, u32 id);
/* After btf_find_fields() of a value: what its lists and trees hold can be held: 0 or -EFAULT. */
int btf_check_roots(const struct btf *btf, const struct btf_fields *fields);

/* Whether a type of the BTF points to what may be the kernel's: @kernel below makes a difference.
 */
bool btf_has_kptrs(const struct btf *btf);

/*
 * Finds the fields of all structures in @btf, as BTF_LOAD does, before anyone
 * else sees it: 0, what btf_find_fields() says, -ELOOP when objects own each
 * other too deep.
 */
int btf_add_struct_fields(struct btf *btf, const struct btf *kernel);
/* The fields of the structure, NULL where it has none. */
const struct btf_fields *btf_struct_fields(const struct btf *btf, u32 id);

#endif

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
	BTF_FIELD_UPTR = BIT(11),
};

#define BTF_FIELD_KPTR (BTF_FIELD_KPTR_UNREF | BTF_FIELD_KPTR_REF | BTF_FIELD_KPTR_PERCPU)

struct btf_field {
	enum btf_field_kind kind;
	u32 offset, size; /* bytes in the value */
	u32 type_id;	  /* what a kptr points to, what a list or tree holds */
	u32 node_offset;  /* of a list's or tree's element */
};

#define BTF_MAX_FIELDS 11 /* Linux allows no more per value */

struct btf_fields {
	u32 mask; /* or of all kinds */
	u32 cnt;
	struct btf_field at[BTF_MAX_FIELDS]; /* by offset */
};

#endif

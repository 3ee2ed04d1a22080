/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects that programs own: structures of their own BTF, made by
 * bpf_obj_new(), kept in pointers (kptrs), lists and trees that are special
 * fields of map values and of other objects. The memory of one that is dropped
 * stays until every program that runs has ended. Layouts of fields are the
 * host's own, their sizes are ABI; behaviour is Linux's.
 */
#ifndef ANYBPF_OBJECT_OWNED_H
#define ANYBPF_OBJECT_OWNED_H

#include "base/rbtree.h"
#include "btf/fields.h"
#include "object/prog.h"

/* Nobody's when .prev is NULL: as in Linux fields begin as zeros. */
struct list_link {
	struct list_link *next, *prev;
};

struct list_node { /* struct bpf_list_node */
	struct list_link link;
	_Atomic(void *) owner; /* the list that it is in */
};

struct tree_node { /* struct bpf_rb_node */
	struct rb_node rb;
	_Atomic(void *) owner;
};

/*
 * All functions take the number of the CPU at hand, see host_defer().
 *
 * A new object, all zero but for its reference count of 1; NULL without
 * memory. @percpu: as many copies as the host has CPUs.
 */
void *owned_new(struct host *host, const struct obj_type *type, bool percpu);
/* Gives a reference back; the last one drops what the object's own fields hold, too. */
void owned_drop(struct host *host, u32 cpu, void *object, const struct btf_fields *fields);
/* One more reference, or NULL where there is none left to share. */
void *owned_get(void *object, const struct btf_fields *fields);
/* The copy of a CPU, or NULL. */
void *owned_cpu(const struct host *host, void *object, u64 cpu);
/* Drops all that fields of @kinds hold in the value or object at @base, and leaves them empty. */
void owned_drop_fields(struct host *host, u32 cpu, void *base, const struct btf_fields *fields,
		       u32 kinds);
/*
 * For executions with a budget, which must be able to drop what they hold: the
 * fields of the object's type, which outlive the execution.
 */
void owned_note(void *object, const struct btf_fields *fields);
const struct btf_fields *owned_noted(void *object);
/* Whether there are functions here for all that the fields may hold; @btf: of the value. */
bool owned_fields_known(const struct btf *btf, const struct btf_fields *fields);

#endif

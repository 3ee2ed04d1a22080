/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and dropping what programs own. Objects may own each other to any
 * depth: what is dropped with an object waits in a list, not on the stack.
 */
#include "object/owned.h"

#include "base/mem.h"

/* Before each object, which so is aligned as malloc() aligns. */
struct owned {
	struct deferred deferred;
	const struct btf_fields *fields; /* while it waits to be dropped, or is noted */
	size_t stride;			 /* from one CPU's copy to the next */
};

static struct owned *owned_of(void *object)
{
	return (struct owned *)object - 1;
}

static _Atomic u32 *refcount_of(void *object, const struct btf_fields *fields)
{
	const struct btf_field *field = btf_fields_kind(fields, BTF_FIELD_REFCOUNT);

	return field ? (_Atomic u32 *)(void *)((u8 *)object + field->offset) : NULL;
}

void *owned_new(struct host *host, const struct obj_type *type, bool percpu)
{
	size_t stride = ROUND_UP((size_t)type->size, 8u);
	struct owned *o =
		mem_zalloc(host->mem, sizeof(*o) + stride * (percpu ? host->env.nr_cpus : 1));
	_Atomic u32 *refs;

	if (!o)
		return NULL;
	o->stride = stride;
	refs = refcount_of(o + 1, type->fields);
	if (refs)
		atomic_init(refs, 1);
	return o + 1;
}

void *owned_cpu(const struct host *host, void *object, u64 cpu)
{
	return cpu < host->env.nr_cpus ? (u8 *)object + cpu * owned_of(object)->stride : NULL;
}

void *owned_get(void *object, const struct btf_fields *fields)
{
	_Atomic u32 *refs = refcount_of(object, fields);
	u32 n = atomic_load_explicit(refs, memory_order_relaxed);

	do {
		if (!n || n == UINT32_MAX)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(refs, &n, n + 1, memory_order_relaxed,
							memory_order_relaxed));
	return object;
}

void owned_note(void *object, const struct btf_fields *fields)
{
	owned_of(object)->fields = fields;
}

const struct btf_fields *owned_noted(void *object)
{
	return owned_of(object)->fields;
}

/* ---- dropping ---- */

struct dropping {
	struct host *host;
	u32 cpu;
	struct owned *todo; /* by .deferred.next */
};

static void drop_later(struct dropping *d, void *object, const struct btf_fields *fields)
{
	struct owned *o = owned_of(object);
	_Atomic u32 *refs = refcount_of(object, fields);

	if (refs && atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) != 1)
		return;
	o->fields = fields;
	o->deferred.next = d->todo ? &d->todo->deferred : NULL;
	d->todo = o;
}

static void drop_kptr(struct dropping *d, u8 *base, const struct btf_field *field)
{
	void *object = __atomic_exchange_n((void **)(void *)(base + field->offset), NULL,
					   __ATOMIC_ACQ_REL);

	if (!object || field->kind == BTF_FIELD_KPTR_UNREF)
		return;
	if (field->node_offset) /* the kernel's */
		object_put((struct object *)(void *)((u8 *)object + field->node_offset));
	else
		drop_later(d, object, btf_struct_fields(field->btf, field->type_id));
}

static void drop_list(struct dropping *d, u8 *base, const struct btf_field *field)
{
	const struct btf_fields *fields = btf_struct_fields(field->btf, field->type_id);
	struct list_link *head = (void *)(base + field->offset), *next;

	for (struct list_link *at = head->next; at && at != head; at = next) {
		next = at->next;
		drop_later(d, (u8 *)at - field->node_offset, fields);
	}
	*head = (struct list_link){0};
}

static void drop_tree(struct dropping *d, u8 *base, const struct btf_field *field)
{
	const struct btf_fields *fields = btf_struct_fields(field->btf, field->type_id);
	struct rb_root *root = (void *)(base + field->offset);
	struct rb_node *next;

	/* In order: where the next one is has been found before this one goes. */
	for (struct rb_node *at = root->least; at; at = next) {
		next = rb_next(at);
		rb_erase(root, at);
		drop_later(d, (u8 *)at - field->node_offset, fields);
	}
}

static void drop_fields(struct dropping *d, u8 *base, const struct btf_fields *fields, u32 kinds)
{
	const struct btf_field *lock = btf_fields_kind(fields, BTF_FIELD_SPIN_LOCK);
	struct spinlock *held = NULL;

	if (lock && fields->mask & kinds & BTF_FIELD_GRAPH_ROOT) {
		held = (struct spinlock *)(void *)(base + lock->offset);
		spin_lock(held);
	}
	for (u32 i = 0; i < fields->cnt; i++) {
		const struct btf_field *field = &fields->at[i];

		if (!(field->kind & kinds))
			continue;
		if (field->kind & BTF_FIELD_KPTR)
			drop_kptr(d, base, field);
		else if (field->kind == BTF_FIELD_LIST_HEAD)
			drop_list(d, base, field);
		else if (field->kind == BTF_FIELD_RB_ROOT)
			drop_tree(d, base, field);
		else if (field->kind & BTF_FIELD_ASYNC)
			async_drop(d->host, (struct async_field *)(void *)(base + field->offset));
	}
	if (held)
		spin_unlock(held);
}

static void free_owned(struct host *host, struct deferred *deferred)
{
	mem_free(host->mem, container_of(deferred, struct owned, deferred));
}

static void drop_all(struct dropping *d)
{
	while (d->todo) {
		struct owned *o = d->todo;

		d->todo = o->deferred.next ? container_of(o->deferred.next, struct owned, deferred)
					   : NULL;
		if (o->fields)
			drop_fields(d, (u8 *)(o + 1), o->fields, BTF_FIELDS_HOLDING);
		host_defer(d->host, d->cpu, &o->deferred, free_owned);
	}
}

void owned_drop(struct host *host, u32 cpu, void *object, const struct btf_fields *fields)
{
	struct dropping d = {.host = host, .cpu = cpu};

	drop_later(&d, object, fields);
	drop_all(&d);
}

void owned_drop_fields(struct host *host, u32 cpu, void *base, const struct btf_fields *fields,
		       u32 kinds)
{
	struct dropping d = {.host = host, .cpu = cpu};

	drop_fields(&d, base, fields, kinds);
	drop_all(&d);
}

bool owned_fields_known(const struct btf *btf, const struct btf_fields *fields)
{
	for (u32 i = 0; fields && i < fields->cnt; i++) {
		const struct btf_field *field = &fields->at[i];

		/* Objects of the kernel that are not known to be dropped as the host's are. */
		if (field->kind & (BTF_FIELD_KPTR_REF | BTF_FIELD_KPTR_PERCPU) &&
		    field->btf != btf && !field->node_offset)
			return false;
		if (field->kind == BTF_FIELD_UPTR)
			return false;
	}
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel functions on objects that programs own, and on the lists and trees
 * that these are in, and bpf_kptr_xchg(). The program holds the lock that
 * protects a list or tree; an object with a reference count may be in several
 * at once. What comes from the loader: the object's type, the node's place.
 */
#include "helper/kobj.h"
#include "helper/kfunc_functions.h"
#include "object/owned.h"

/* ---- what an execution holds ---- */

static void put_held(struct run *run __unused, void *object)
{
	object_put(object);
}

u64 give_object(struct run *run, void *what, struct object *object)
{
	if (likely(!run->budget.limited) || budget_hold(run, object, put_held))
		return ptr_to_u64(what);
	object_put(object);
	return 0;
}

static void drop_held(struct run *run, void *object)
{
	owned_drop(run->host, run->cpu, object, owned_noted(object));
}

/* Notes an object that the program has got; NULL where it may not have it. */
static void *hold(struct run *run, void *object, const struct obj_type *type)
{
	if (likely(!run->budget.limited) || !object)
		return object;
	owned_note(object, type->fields);
	if (budget_hold(run, object, drop_held))
		return object;
	owned_drop(run->host, run->cpu, object, type->fields);
	return NULL;
}

static void let_go(struct run *run, const void *object)
{
	if (unlikely(run->budget.nheld))
		budget_release(run, object);
}

static void drop(struct run *run, void *object, const struct obj_type *type)
{
	let_go(run, object);
	owned_drop(run->host, run->cpu, object, type->fields);
}

/* ---- objects ---- */

DEFINE_HELPER(kfunc_obj_new)
{
	const struct obj_type *type = u64_to_ptr(r2);

	return ptr_to_u64(hold(run, owned_new(run->host, type, false), type));
}

DEFINE_HELPER(kfunc_percpu_obj_new)
{
	const struct obj_type *type = u64_to_ptr(r2);

	return ptr_to_u64(hold(run, owned_new(run->host, type, true), type));
}

DEFINE_HELPER(kfunc_obj_drop)
{
	drop(run, u64_to_ptr(r1), u64_to_ptr(r2));
	return 0;
}

DEFINE_HELPER(kfunc_refcount_acquire)
{
	const struct obj_type *type = u64_to_ptr(r2);

	return ptr_to_u64(hold(run, owned_get(u64_to_ptr(r1), type->fields), type));
}

/* The pointer in a map's value or an object, for the one that was there. */
DEFINE_HELPER(kfunc_kptr_xchg)
{
	const struct obj_type *type = u64_to_ptr(r3);
	u8 *object = u64_to_ptr(r2), *old;

	if (object)
		let_go(run, object + type->object_off);
	old = __atomic_exchange_n((u8 **)u64_to_ptr(r1), object, __ATOMIC_ACQ_REL);
	if (type->object_off && old)
		return give_object(run, old, (struct object *)(void *)(old + type->object_off));
	return ptr_to_u64(hold(run, old, u64_to_ptr(r3)));
}

/* Never called: the prepared form has a call with the object's type for it. */
DEFINE_HELPER(helper_kptr_xchg)
{
	return 0;
}

DEFINE_HELPER(helper_per_cpu_ptr)
{
	return r1 ? ptr_to_u64(owned_cpu(run->host, u64_to_ptr(r1), (u32)r2)) : 0;
}

DEFINE_HELPER(helper_this_cpu_ptr)
{
	return ptr_to_u64(owned_cpu(run->host, u64_to_ptr(r1), run->cpu));
}

/* ---- lists ---- */

static void begin_list(struct list_link *head)
{
	if (unlikely(!head->next))
		head->next = head->prev = head;
}

static void link_between(struct list_link *link, struct list_link *prev, struct list_link *next)
{
	link->prev = prev;
	link->next = next;
	prev->next = next->prev = link;
}

/* An object that is in a list or tree already is dropped, as in Linux. */
static bool take_node(struct run *run, _Atomic(void *) *owner, void *of, void *object,
		      const struct obj_type *type)
{
	void *nobody = NULL;

	if (atomic_compare_exchange_strong(owner, &nobody, of)) {
		let_go(run, object);
		return true;
	}
	drop(run, object, type);
	return false;
}

static u64 push(struct run *run, struct list_link *head, struct list_node *node,
		const struct obj_type *type, u64 node_off, bool front)
{
	begin_list(head);
	if (!take_node(run, &node->owner, head, (u8 *)node - node_off, type))
		return helper_error(-EINVAL);
	if (front)
		link_between(&node->link, head, head->next);
	else
		link_between(&node->link, head->prev, head);
	return 0;
}

DEFINE_HELPER(kfunc_list_push_front)
{
	return push(run, u64_to_ptr(r1), u64_to_ptr(r2), u64_to_ptr(r3), r4, true);
}

DEFINE_HELPER(kfunc_list_push_back)
{
	return push(run, u64_to_ptr(r1), u64_to_ptr(r2), u64_to_ptr(r3), r4, false);
}

/* The program gets the node's address, and its reference is the object's. */
static u64 give_node(struct run *run, void *node, const struct obj_type *type, u64 node_off)
{
	void *object = hold(run, (u8 *)node - node_off, type);

	return object ? ptr_to_u64(node) : 0;
}

static u64 pop(struct run *run, struct list_link *head, const struct obj_type *type, u64 node_off,
	       bool front)
{
	struct list_link *link;
	struct list_node *node;

	begin_list(head);
	link = front ? head->next : head->prev;
	if (link == head)
		return 0;
	node = container_of(link, struct list_node, link);
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = link;
	atomic_store(&node->owner, NULL);
	return give_node(run, node, type, node_off);
}

DEFINE_HELPER(kfunc_list_pop_front)
{
	return pop(run, u64_to_ptr(r1), u64_to_ptr(r2), r3, true);
}

DEFINE_HELPER(kfunc_list_pop_back)
{
	return pop(run, u64_to_ptr(r1), u64_to_ptr(r2), r3, false);
}

/* ---- trees ---- */

DEFINE_HELPER(kfunc_rbtree_add)
{
	struct rb_root *root = u64_to_ptr(r1);
	struct tree_node *node = u64_to_ptr(r2);
	struct rb_node *at = root->top, *parent = NULL;
	enum rb_side side = RB_LEFT;

	/* No other call of this function is under way: its lock is held. */
	if (!take_node(run, &node->owner, root, (u8 *)node - r5, u64_to_ptr(r4)))
		return helper_error(-EINVAL);
	while (at) {
		parent = at;
		side = run->invoke(run, u64_to_ptr(r3), r2, ptr_to_u64(at), 0, 0, 0) ? RB_LEFT
										     : RB_RIGHT;
		at = at->child[side];
	}
	rb_insert(root, &node->rb, parent, side);
	return 0;
}

DEFINE_HELPER(kfunc_rbtree_remove)
{
	struct rb_root *root = u64_to_ptr(r1);
	struct tree_node *node = u64_to_ptr(r2);

	if (atomic_load(&node->owner) != root)
		return 0;
	rb_erase(root, &node->rb);
	atomic_store(&node->owner, NULL);
	return give_node(run, node, u64_to_ptr(r3), r4);
}

DEFINE_HELPER(kfunc_rbtree_first)
{
	return ptr_to_u64(((struct rb_root *)u64_to_ptr(r1))->least);
}

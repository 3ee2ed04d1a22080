/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that programs own: lists, trees, reference counts, pointers in maps. */
#include "runs.h"

#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))
#define private(name) SEC(".bss." #name) __attribute__((aligned(8)))
#define __kptr	      __attribute__((btf_type_tag("kptr")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define NEW(type)     ((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_core_type_id_local(type)                                                               \
	__builtin_btf_type_id(*(typeof(type) *)0, 0 /* BPF_TYPE_ID_LOCAL */)
#define holder(ptr, type, member) ((type *)((void *)(ptr) - __builtin_offsetof(type, member)))
#define NULL			  ((void *)0)

/* Newer than the headers of some machines. */
struct bpf_list_head {
	__u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_list_node {
	__u64 opaque[3];
} __attribute__((aligned(8)));
struct bpf_rb_root {
	__u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_rb_node {
	__u64 opaque[4];
} __attribute__((aligned(8)));
struct bpf_refcount {
	__u32 opaque[1];
} __attribute__((aligned(4)));

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void *bpf_percpu_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;
extern void bpf_percpu_obj_drop_impl(void *object, void *meta) __ksym;
extern void *bpf_refcount_acquire_impl(void *object, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node,
				    void *meta, __u64 off) __ksym;
extern int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node,
				   void *meta, __u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;
extern struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			       bool (*less)(struct bpf_rb_node *a, const struct bpf_rb_node *b),
			       void *meta, __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root,
					     struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct item {
	__u64 key;
	struct bpf_list_node link;
	__u64 twice;
};

struct leaf {
	struct bpf_rb_node node;
	__u64 key;
};

/* In a list and a tree at once. */
struct shared {
	__u64 key;
	struct bpf_refcount refs;
	struct bpf_list_node link;
	struct bpf_rb_node node;
};

/* A map's value owns one, which owns another. */
struct owner {
	struct item __kptr *item;
	__u64 key;
};

struct value {
	struct owner __kptr *owner;
	struct bpf_spin_lock lock;
	struct bpf_list_head items __contains(item, link);
};

struct counter {
	__u64 hits, bytes;
};

struct percpu_value {
	struct counter __percpu_kptr *counter;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, struct value);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, struct value);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct percpu_value);
} counters SEC(".maps");

private(a) struct bpf_spin_lock list_lock;
private(a) struct bpf_list_head list __contains(item, link);
private(b) struct bpf_spin_lock tree_lock;
private(b) struct bpf_rb_root tree __contains(leaf, node);
private(c) struct bpf_spin_lock both_lock;
private(c) struct bpf_list_head both_list __contains(shared, link);
private(c) struct bpf_rb_root both_tree __contains(shared, node);

__u64 seen[64], compared;

static __always_inline int add_item(__u64 key, bool front)
{
	struct item *item = NEW(struct item);

	MUST(item);
	item->key = key;
	item->twice = 2 * key;
	bpf_spin_lock(&list_lock);
	if (front)
		bpf_list_push_front_impl(&list, &item->link, NULL, 0);
	else
		bpf_list_push_back_impl(&list, &item->link, NULL, 0);
	bpf_spin_unlock(&list_lock);
	return 0;
}

static __always_inline __s64 take_item(bool front)
{
	struct bpf_list_node *node;
	struct item *item;
	__s64 key;

	bpf_spin_lock(&list_lock);
	node = front ? bpf_list_pop_front(&list) : bpf_list_pop_back(&list);
	bpf_spin_unlock(&list_lock);
	if (!node)
		return -1;
	item = holder(node, struct item, link);
	key = item->key * 1000 + item->twice;
	bpf_obj_drop_impl(item, NULL);
	return key;
}

SEC("tc") int lists(struct __sk_buff *skb)
{
	MUST(take_item(true) == -1 && take_item(false) == -1);
	MUST(!add_item(1, true) && !add_item(2, true) && !add_item(3, false));
	MUST(take_item(true) == 2004);
	MUST(take_item(false) == 3006);
	MUST(!add_item(4, false));
	MUST(take_item(false) == 4008);
	MUST(take_item(true) == 1002);
	MUST(take_item(true) == -1);
	/* What stays is dropped with the map. */
	MUST(!add_item(5, true));
	return 0;
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	compared++;
	return holder(a, struct leaf, node)->key < holder(b, struct leaf, node)->key;
}

static __always_inline int add_leaf(__u64 key)
{
	struct leaf *leaf = NEW(struct leaf);

	MUST(leaf);
	leaf->key = key;
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add_impl(&tree, &leaf->node, less, NULL, 0);
	bpf_spin_unlock(&tree_lock);
	return 0;
}

static __always_inline __s64 take_first(void)
{
	struct bpf_rb_node *node;
	struct leaf *leaf;
	__s64 key;

	bpf_spin_lock(&tree_lock);
	node = bpf_rbtree_first(&tree);
	if (!node) {
		bpf_spin_unlock(&tree_lock);
		return -1;
	}
	node = bpf_rbtree_remove(&tree, node);
	bpf_spin_unlock(&tree_lock);
	if (!node)
		return -2;
	leaf = holder(node, struct leaf, node);
	key = leaf->key;
	bpf_obj_drop_impl(leaf, NULL);
	return key;
}

/* How often elements are compared tells the shape of the tree. */
SEC("tc") int trees(struct __sk_buff *skb)
{
	__u32 key = 12345;
	__s64 last = -1;

	for (int i = 0; i < 60; i++) {
		key = key * 1103515245 + 12345;
		MUST(!add_leaf(key >> 20));
	}
	seen[0] = compared;
	for (int i = 0; i < 30; i++) {
		__s64 first = take_first();

		MUST(first >= last);
		last = first;
		seen[1] = seen[1] * 31 + first;
	}
	for (int i = 0; i < 30; i++) {
		key = key * 1103515245 + 12345;
		MUST(!add_leaf(key >> 20));
	}
	seen[2] = compared;
	for (int i = 0; i < 50; i++)
		seen[3] = seen[3] * 31 + take_first();
	return 0;
}

static bool less_shared(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return holder(a, struct shared, node)->key < holder(b, struct shared, node)->key;
}

SEC("tc") int counted(struct __sk_buff *skb)
{
	struct shared *s = NEW(struct shared), *again;
	struct bpf_list_node *link;
	struct bpf_rb_node *node;
	__u64 key;

	MUST(s);
	s->key = 77;
	again = bpf_refcount_acquire_impl(s, NULL);
	bpf_spin_lock(&both_lock);
	seen[8] = bpf_rbtree_add_impl(&both_tree, &s->node, less_shared, NULL, 0);
	bpf_spin_unlock(&both_lock);
	bpf_spin_lock(&both_lock);
	seen[9] = bpf_list_push_back_impl(&both_list, &again->link, NULL, 0);
	bpf_spin_unlock(&both_lock);
	bpf_spin_lock(&both_lock);
	link = bpf_list_pop_front(&both_list);
	bpf_spin_unlock(&both_lock);
	MUST(link);
	s = holder(link, struct shared, link);
	/* It is in the tree still: it cannot be put in again, and is given back. */
	bpf_spin_lock(&both_lock);
	seen[10] = bpf_rbtree_add_impl(&both_tree, &s->node, less_shared, NULL, 0);
	bpf_spin_unlock(&both_lock);
	bpf_spin_lock(&both_lock);
	node = bpf_rbtree_first(&both_tree);
	if (!node) {
		bpf_spin_unlock(&both_lock);
		return __LINE__;
	}
	key = holder(node, struct shared, node)->key;
	bpf_spin_unlock(&both_lock);
	MUST(key == 77 && !seen[8] && !seen[9] && seen[10] == -22);
	return 0;
}

static __always_inline int put(struct value *v, __u64 key)
{
	struct owner *owner = NEW(struct owner), *old;
	struct item *item;

	MUST(owner);
	item = NEW(struct item);
	if (!item) {
		bpf_obj_drop_impl(owner, NULL);
		return __LINE__;
	}
	owner->key = key;
	item->key = key + 1;
	item = bpf_kptr_xchg(&owner->item, item);
	if (item)
		bpf_obj_drop_impl(item, NULL);
	old = bpf_kptr_xchg(&v->owner, owner);
	if (old) {
		seen[16] = seen[16] * 31 + old->key;
		bpf_obj_drop_impl(old, NULL);
	}
	return 0;
}

SEC("tc") int pointers(struct __sk_buff *skb)
{
	struct value *v, zero = {};
	struct owner *owner;
	int key = 1;

	v = bpf_map_lookup_elem(&array, &key);
	MUST(v && !put(v, 10) && !put(v, 20) && !put(v, 30));
	MUST(seen[16] == 10 * 31 + 20);
	bpf_rcu_read_lock();
	owner = v->owner;
	if (!owner) {
		bpf_rcu_read_unlock();
		return __LINE__;
	}
	seen[17] = owner->key;
	bpf_rcu_read_unlock();
	MUST(seen[17] == 30);
	/* An update leaves nothing of what the old value owned. */
	MUST(!bpf_map_update_elem(&array, &key, &zero, BPF_ANY));
	owner = bpf_kptr_xchg(&v->owner, NULL);
	if (owner) {
		bpf_obj_drop_impl(owner, NULL);
		return __LINE__;
	}
	MUST(!put(v, 40));
	for (int i = 0; i < 20; i++) {
		key = i % 6;
		seen[20 + i] = bpf_map_update_elem(&hash, &key, &zero, BPF_ANY);
		v = bpf_map_lookup_elem(&hash, &key);
		if (v)
			put(v, i);
		key = i % 4;
		if (i % 3 == 0)
			seen[40 + i] = bpf_map_delete_elem(&hash, &key);
	}
	return 0;
}

SEC("tc") int percpu(struct __sk_buff *skb)
{
	struct counter *c, *mine;
	struct percpu_value *v;
	int key = 0;

	v = bpf_map_lookup_elem(&counters, &key);
	MUST(v);
	c = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct counter), NULL);
	MUST(c);
	c = bpf_kptr_xchg(&v->counter, c);
	if (c) {
		bpf_percpu_obj_drop_impl(c, NULL);
		return __LINE__;
	}
	bpf_rcu_read_lock();
	c = v->counter;
	if (!c) {
		bpf_rcu_read_unlock();
		return __LINE__;
	}
	mine = bpf_this_cpu_ptr(c);
	mine->hits++;
	mine->bytes += 64;
	seen[60] = mine->hits + mine->bytes;
	mine = bpf_per_cpu_ptr(c, 0);
	if (mine)
		seen[61] = mine->hits < 2;
	mine = bpf_per_cpu_ptr(c, 100000);
	seen[62] = !mine;
	bpf_rcu_read_unlock();
	MUST(seen[60] == 65 && seen[61] == 1 && seen[62] == 1);
	return 0;
}

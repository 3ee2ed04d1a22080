/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that run out of their budget while they hold something; see stopped.c. */
#include "runs.h"

#define __kptr __attribute__((btf_type_tag("kptr")))
#define NULL   ((void *)0)

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;

struct item {
	__u64 key;
};

struct value {
	struct item __kptr *item;
	struct bpf_spin_lock lock;
	__u32 turns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct value);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

static __always_inline struct item *new_item(void)
{
	return bpf_obj_new_impl(__builtin_btf_type_id(*(struct item *)0, 0), NULL);
}

static int turn(__u32 i, void *ctx)
{
	return 0;
}

/* In a loop with an object of its own, one from a map and a record in hand. */
SEC("tc") int holds_objects(struct __sk_buff *skb)
{
	struct bpf_dynptr record;
	struct item *item, *old;
	struct value *v;
	int key = 0;

	v = bpf_map_lookup_elem(&array, &key);
	item = new_item();
	if (!v || !item) {
		if (item)
			bpf_obj_drop_impl(item, NULL);
		return 1;
	}
	old = bpf_kptr_xchg(&v->item, item);
	item = new_item();
	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &record);
	bpf_loop(1 << 23, turn, NULL, 0);
	bpf_ringbuf_submit_dynptr(&record, 0);
	if (item)
		bpf_obj_drop_impl(item, NULL);
	if (old)
		bpf_obj_drop_impl(old, NULL);
	return 0;
}

SEC("tc") int holds_lock(struct __sk_buff *skb)
{
	struct value *v;
	int key = 0;

	v = bpf_map_lookup_elem(&array, &key);
	if (!v)
		return 1;
	bpf_spin_lock(&v->lock);
	for (int i = 0; i < 60000; i++)
		(*(volatile __u32 *)&v->turns)++;
	bpf_spin_unlock(&v->lock);
	return 0;
}

/* More than can be noted at a time. */
SEC("tc") int holds_many(struct __sk_buff *skb)
{
	struct item *items[24];
	int n = 0;

#pragma unroll
	for (int i = 0; i < 24; i++)
		items[i] = new_item();
#pragma unroll
	for (int i = 0; i < 24; i++) {
		if (items[i]) {
			bpf_obj_drop_impl(items[i], NULL);
			n++;
		}
	}
	return n;
}

/* Nothing is locked, no record is on its way. */
SEC("tc") int free_again(struct __sk_buff *skb)
{
	struct value *v;
	int key = 0;

	v = bpf_map_lookup_elem(&array, &key);
	MUST(v);
	bpf_spin_lock(&v->lock);
	v->turns = 0;
	bpf_spin_unlock(&v->lock);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks in map values, and sections. */
#include "runs.h"

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;

struct value {
	struct bpf_spin_lock lock;
	__u32 count;
	__u64 sum;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct value);
} table SEC(".maps");

__u64 seen[8];

SEC("tc") int locked(struct __sk_buff *skb)
{
	struct value fresh = {.count = 7, .sum = 9}, *v;
	__u32 key = 1;

	for (int i = 0; i < 100; i++) {
		v = bpf_map_lookup_elem(&values, &key);
		MUST(v);
		bpf_spin_lock(&v->lock);
		v->count++;
		v->sum += v->count;
		bpf_spin_unlock(&v->lock);
	}
	seen[0] = v->sum;
	MUST(!bpf_map_update_elem(&table, &key, &fresh, BPF_NOEXIST));
	v = bpf_map_lookup_elem(&table, &key);
	MUST(v);
	bpf_spin_lock(&v->lock);
	seen[1] = v->sum + v->count;
	v->count = 1;
	bpf_spin_unlock(&v->lock);
	fresh.sum = 100;
	MUST(!bpf_map_update_elem(&table, &key, &fresh, BPF_F_LOCK));
	seen[2] = v->sum + v->count;
	MUST(seen[0] == 5050 && seen[1] == 16 && seen[2] == 107);
	return 0;
}

SEC("tc") int sections(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	seen[3]++;
	bpf_rcu_read_unlock();
	bpf_preempt_disable();
	seen[3]++;
	bpf_preempt_enable();
	return 0;
}

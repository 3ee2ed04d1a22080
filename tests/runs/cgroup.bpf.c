/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control groups as objects; storage of the one that a program runs for, which
 * begins as zeros in a test run.
 */
#include "runs.h"

__u64 wrong_line;

/* Programs of control groups may return 0 and 1 alone. */
#define CLAIM(claim)                                                                               \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			wrong_line = __LINE__;                                                     \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

struct value {
	__u64 packets;
	__u32 bytes[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct value);
} shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct value);
} percpu SEC(".maps");

SEC("cgroup_skb/ingress") int both_kinds(struct __sk_buff *skb)
{
	struct value *one = bpf_get_local_storage(&shared, 0);
	struct value *two = bpf_get_local_storage(&percpu, 0);

	CLAIM(one->packets == 0 && two->packets == 0);
	__sync_fetch_and_add(&one->packets, 1);
	one->bytes[2] = skb->len;
	two->packets += 2;
	two->bytes[0] = 5;
	one = bpf_get_local_storage(&shared, 0);
	two = bpf_get_local_storage(&percpu, 0);
	CLAIM(one->packets == 1 && one->bytes[2] == skb->len && !one->bytes[0]);
	CLAIM(two->packets == 2 && two->bytes[0] == 5 && !two->bytes[2]);
	return 0;
}

/* Another program, another test run: nothing is left of the one before. */
SEC("cgroup_skb/egress") int again(struct __sk_buff *skb)
{
	struct value *one = bpf_get_local_storage(&shared, 0);

	CLAIM(one->packets == 0 && one->bytes[2] == 0);
	one->packets = 9;
	return 0;
}

static __noinline __u64 count(void)
{
	struct value *two = bpf_get_local_storage(&percpu, 0);

	return ++two->packets;
}

SEC("cgroup_skb/ingress") int in_subprogram(struct __sk_buff *skb)
{
	CLAIM(count() == 1);
	CLAIM(count() == 2);
	return 0;
}

/* ---- control groups as objects ---- */

struct cgroup;

/* Younger than the kernel's header. */
#define MAP_TYPE_CGRP_STORAGE 32

struct cgroup_subsys_state;

struct bpf_iter_css {
	__u64 opaque[3];
} __attribute__((aligned(8)));

extern struct cgroup *bpf_cgroup_from_id(__u64 id) __ksym;
extern struct cgroup *bpf_cgroup_acquire(struct cgroup *cgrp) __ksym;
extern struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgrp, int level) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgrp) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start,
			    unsigned int flags) __ksym;
extern struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it) __ksym;
extern void bpf_iter_css_destroy(struct bpf_iter_css *it) __ksym;

struct {
	__uint(type, MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct value);
} of_group SEC(".maps");

struct {
	__uint(type, MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} counts SEC(".maps");

__u64 ids[4];

static __always_inline int store(struct cgroup *cgrp)
{
	struct value init = {7, {1, 2, 3}}, *value;
	__u64 *count;

	MUST(!bpf_cgrp_storage_get(&of_group, cgrp, 0, 0));
	MUST(bpf_cgrp_storage_delete(&of_group, cgrp) == -2 /* ENOENT */);
	MUST(!bpf_cgrp_storage_get(&of_group, cgrp, &init, 2));
	value = bpf_cgrp_storage_get(&of_group, cgrp, &init, BPF_LOCAL_STORAGE_GET_F_CREATE);
	MUST(value && value->packets == 7 && value->bytes[2] == 3);
	value->packets++;
	value = bpf_cgrp_storage_get(&of_group, cgrp, &init, BPF_LOCAL_STORAGE_GET_F_CREATE);
	MUST(value && value->packets == 8);
	count = bpf_cgrp_storage_get(&counts, cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	MUST(count && !*count);
	MUST(!bpf_cgrp_storage_delete(&of_group, cgrp));
	MUST(!bpf_cgrp_storage_get(&of_group, cgrp, 0, 0));
	MUST(bpf_cgrp_storage_get(&counts, cgrp, 0, 0) == count);
	MUST(!bpf_cgrp_storage_delete(&counts, cgrp));
	return 0;
}

SEC("syscall") int storage_of_group(void *ctx)
{
	struct cgroup *cgrp = bpf_cgroup_from_id(bpf_get_current_cgroup_id());
	int line;

	MUST(cgrp);
	line = store(cgrp);
	bpf_cgroup_release(cgrp);
	return line;
}

/* The level is where the ancestor is the group itself. */
static __always_inline int level_of(__u64 id)
{
	int level = 0;

	for (int i = 0; i < 64; i++)
		if (bpf_get_current_ancestor_cgroup_id(i) == id)
			level = i;
	return level;
}

static __always_inline bool has_ancestor(struct cgroup *cgrp, int level)
{
	struct cgroup *above = bpf_cgroup_ancestor(cgrp, level);

	if (!above)
		return false;
	bpf_cgroup_release(above);
	return true;
}

static __always_inline int relatives(struct cgroup *cgrp, int level)
{
	struct cgroup *again = bpf_cgroup_acquire(cgrp);

	if (!again)
		return __LINE__;
	bpf_cgroup_release(again);
	MUST(!bpf_get_current_ancestor_cgroup_id(level + 1));
	MUST(has_ancestor(cgrp, 0));
	MUST(has_ancestor(cgrp, level));
	MUST(!has_ancestor(cgrp, level + 1));
	MUST(!has_ancestor(cgrp, -1));
	return 0;
}

SEC("syscall") int relatives_of_group(void *ctx)
{
	struct cgroup *cgrp, *none = bpf_cgroup_from_id(~0ull);
	int line;

	if (none) {
		bpf_cgroup_release(none);
		return __LINE__;
	}
	ids[0] = bpf_get_current_cgroup_id();
	cgrp = bpf_cgroup_from_id(ids[0]);
	MUST(cgrp);
	line = relatives(cgrp, level_of(ids[0]));
	bpf_cgroup_release(cgrp);
	return line;
}

/* From the group up to the root: as many as it is deep, and one. */
SEC("syscall") int walks_up(void *ctx)
{
	__u64 id = bpf_get_current_cgroup_id();
	struct cgroup *cgrp = bpf_cgroup_from_id(id);
	struct cgroup_subsys_state *self = (void *)cgrp;
	struct bpf_iter_css it;
	int ret;

	MUST(cgrp);
	bpf_rcu_read_lock();
	bpf_iter_css_new(&it, self, 4 /* BPF_CGROUP_ITER_ANCESTORS_UP */);
	while (bpf_iter_css_next(&it))
		ids[1]++;
	bpf_iter_css_destroy(&it);
	ret = bpf_iter_css_new(&it, self, 1 /* BPF_CGROUP_ITER_SELF_ONLY */);
	bpf_iter_css_destroy(&it);
	bpf_rcu_read_unlock();
	bpf_cgroup_release(cgrp);
	MUST(ids[1] == level_of(id) + 1);
	MUST(ret == -22 /* EINVAL */);
	return 0;
}

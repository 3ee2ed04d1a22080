/* SPDX-License-Identifier: BSD-2-Clause */
/* Storage of the control group that a program runs for: in a test run it begins as zeros. */
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

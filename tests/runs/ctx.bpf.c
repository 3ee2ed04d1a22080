/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that get their arguments as bytes: security hooks, tracepoints, functions. */
#include "runs.h"

#include <linux/errno.h>

#include <bpf/bpf_tracing.h>

struct bpf_fentry_test_t {
	struct bpf_fentry_test_t *a;
};

/* As the host has it. */
struct bpf_map {
	__u64 host_object[4], host_ops;
	__u32 map_type, id, key_size, value_size, max_entries, map_flags;
};

unsigned int denied, commands, finished, triggered;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 7);
	__type(key, __u32);
	__type(value, __u64);
} array SEC(".maps");

SEC("lsm/bpf")
int BPF_PROG(deny, int cmd, union bpf_attr *attr, unsigned int size, int ret)
{
	if (ret)
		return ret;
	if ((unsigned int)cmd == denied && attr->map_type == BPF_MAP_TYPE_QUEUE && size >= 4)
		return -EPERM;
	commands++;
	return 0;
}

SEC("lsm/bpf_map")
int BPF_PROG(map_size, struct bpf_map *map, unsigned int mode)
{
	return map->max_entries == 7 && mode == 2 ? 0 : -EACCES;
}

SEC("lsm/msg_msg_alloc_security")
int absent(unsigned long long *ctx)
{
	return 0;
}

SEC("fentry/bpf_fentry_test8")
int BPF_PROG(chain, struct bpf_fentry_test_t *arg)
{
	struct bpf_fentry_test_t *next = arg->a;

	triggered = next && next->a == arg ? 2 : next ? 1 : 0;
	return 0;
}

SEC("fmod_ret/bpf_modify_return_test")
int BPF_PROG(add, int a, int *b, int ret)
{
	return a + ret;
}

SEC("tp_btf/bpf_test_finish")
int BPF_PROG(finish, int *err)
{
	int value = -1;

	bpf_probe_read_kernel(&value, sizeof(value), err);
	finished += value == 0;
	return 0;
}

SEC("raw_tracepoint.w/bpf_test_finish")
int fail(unsigned long long *ctx)
{
	int *err = (int *)ctx[0];

	if (*err)
		return 1;
	*err = -EOVERFLOW;
	return 0;
}

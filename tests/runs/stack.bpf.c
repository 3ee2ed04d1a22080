/* SPDX-License-Identifier: BSD-2-Clause */
/* Stacks: what maps keep of them, and what is refused. */
#include "runs.h"

#define EFAULT 14
#define EEXIST 17
#define EINVAL 22
#define ENOMEM 12

#define FRAMES 16

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8 * FRAMES);
} one SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1000);
	__uint(key_size, 4);
	__uint(value_size, 8 * FRAMES);
} many SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_STACK_BUILD_ID);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct bpf_stack_build_id) * FRAMES);
} build_ids SEC(".maps");

static __u64 stack[FRAMES + 1], again[FRAMES];

SEC("raw_tp") int kept(void *ctx)
{
	MUST(bpf_get_stackid(ctx, &one, 0) == 0);
	/* There is one id, and the stack with a frame less is another. */
	MUST(bpf_get_stackid(ctx, &one, 1) == -EEXIST);
	/* What is to take its place needs one first. */
	MUST(bpf_get_stackid(ctx, &one, 1 | BPF_F_REUSE_STACKID) == -ENOMEM);
	return 0;
}

SEC("raw_tp") int same(void *ctx)
{
	long ids[3];

	/* Without the program's own frame, for each call is another place in it. */
	for (int i = 0; i < 3; i++)
		ids[i] = bpf_get_stackid(ctx, &many, 1 | (i ? BPF_F_FAST_STACK_CMP : 0));
	MUST(ids[0] >= 0 && ids[0] < 1024);
	MUST(ids[1] == ids[0] && ids[2] == ids[0]);
	return 0;
}

SEC("raw_tp") int refused(void *ctx)
{
	MUST(bpf_get_stackid(ctx, &one, BPF_F_USER_BUILD_ID) == -EINVAL);
	MUST(bpf_get_stackid(ctx, &one, 1 << 12) == -EINVAL);
	MUST(bpf_get_stackid(ctx, &one, BPF_F_SKIP_FIELD_MASK) == -EFAULT);
	MUST(bpf_get_stack(ctx, stack, sizeof(stack), BPF_F_FAST_STACK_CMP) == -EINVAL);
	MUST(bpf_get_stack(ctx, stack, sizeof(stack), BPF_F_USER_BUILD_ID) == -EINVAL);
	MUST(bpf_get_stack(ctx, stack, 12, 0) == -EINVAL);
	MUST(bpf_get_stack(ctx, stack, 8, BPF_F_USER_STACK | BPF_F_USER_BUILD_ID) == -EINVAL);
	stack[0] = 1;
	MUST(bpf_get_stack(ctx, stack, 8, BPF_F_SKIP_FIELD_MASK) == -EFAULT && !stack[0]);
	MUST(bpf_get_stack(ctx, stack, 0, 0) == 0);
	return 0;
}

SEC("raw_tp") int copied(void *ctx)
{
	long n;

	for (int i = 0; i < 2; i++) {
		n = bpf_get_stack(ctx, i ? again : stack, sizeof(again), 0);
		MUST(n >= 16 && n <= sizeof(again) && n % 8 == 0);
	}
	/* The program's caller and what called that. */
	for (int i = 1; i < FRAMES; i++)
		MUST(stack[i] == again[i]);
	stack[1] = 5;
	MUST(bpf_get_stack(ctx, stack, 8, 0) == 8 && stack[0] && stack[1] == 5);
	/* What the kernel knows has no build ids. */
	MUST(bpf_get_stackid(ctx, &build_ids, 0) == 0);
	/* Addresses are each engine's own. */
	__builtin_memset(stack, 0, sizeof(stack));
	__builtin_memset(again, 0, sizeof(again));
	return 0;
}

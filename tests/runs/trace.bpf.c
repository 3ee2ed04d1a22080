/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Around the functions that test runs call: what programs see before and after,
 * and what they change. Each sets bits of `seen` that say what held.
 */
#include "runs.h"

#include <linux/errno.h>

#include <bpf/bpf_tracing.h>

struct bpf_fentry_test_t {
	struct bpf_fentry_test_t *a;
};

unsigned long long seen[16];
unsigned int order, entry_order, exit_order;
int modify;

#define SAW(i, claim) (seen[i] |= (claim) ? 1 : 2)

SEC("fentry/bpf_fentry_test1")
int BPF_PROG(entry1, int a)
{
	unsigned long long value = 77, result = 78;

	SAW(0, a == 1 && bpf_get_func_arg_cnt(ctx) == 1 && bpf_get_attach_cookie(ctx) == 11 &&
		       bpf_get_func_ip(ctx));
	SAW(1, !bpf_get_func_arg(ctx, 0, &value) && (int)value == 1 &&
		       bpf_get_func_arg(ctx, 1, &value) == -EINVAL);
	SAW(2, bpf_get_func_ret(ctx, &result) == -EOPNOTSUPP);
	entry_order = ++order;
	return 0;
}

SEC("fexit/bpf_fentry_test1")
int BPF_PROG(exit1, int a, int ret)
{
	unsigned long long result;

	SAW(3, a == 1 && ret == 2);
	SAW(4, !bpf_get_func_ret(ctx, &result) && (int)result == 2);
	exit_order = ++order;
	return 0;
}

SEC("fentry/bpf_fentry_test5")
int BPF_PROG(entry5, __u64 a, void *b, short c, int d, __u64 e)
{
	SAW(5, a == 11 && (unsigned long)b == 12 && c == 13 && d == 14 && e == 15);
	return 0;
}

SEC("fexit/bpf_fentry_test6")
int exit6(unsigned long long *ctx)
{
	SAW(6, ctx[0] == 16 && ctx[1] == 17 && (short)ctx[2] == 18 && (int)ctx[3] == 19 &&
		       ctx[4] == 20 && ctx[5] == 21 && (int)ctx[6] == 111);
	return 0;
}

SEC("fentry/bpf_fentry_test7")
int BPF_PROG(entry7, struct bpf_fentry_test_t *arg)
{
	struct bpf_fentry_test_t *same = arg;

	/* Null is read like any bad address: as 0. */
	asm volatile("" : "+r"(same));
	SAW(7, !same->a);
	SAW(7, !arg);
	return 0;
}

SEC("fexit/bpf_fentry_test8")
int BPF_PROG(exit8, struct bpf_fentry_test_t *arg, int ret)
{
	SAW(8, arg && !arg->a && !ret);
	return 0;
}

SEC("fmod_ret/bpf_modify_return_test")
int BPF_PROG(modify1, int a, int *b, int ret)
{
	SAW(9, a == 1 && !ret);
	return modify;
}

SEC("fmod_ret/bpf_modify_return_test2")
int BPF_PROG(modify2, int a)
{
	SAW(10, a == 1 && bpf_get_func_arg_cnt(ctx) == 7);
	return modify;
}

SEC("fexit/bpf_modify_return_test")
int BPF_PROG(modified, int a, int *b, int ret)
{
	SAW(11, ret == (modify ? modify : 4));
	return 0;
}

SEC("fentry/bpf_fentry_test10")
int BPF_PROG(not_here, const void *a)
{
	return 0;
}

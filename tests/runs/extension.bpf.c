/* SPDX-License-Identifier: BSD-2-Clause */
/* What is attached to the functions of extend.bpf.c. */
#include "runs.h"

#include <bpf/bpf_tracing.h>

struct {
	unsigned long long entries, exits, sum, arg, main_result;
} seen;

SEC("freplace/answer")
int new_answer(int number)
{
	seen.sum += number;
	return number * 100;
}

SEC("freplace/with_context")
int new_with_context(struct xdp_md *ctx)
{
	return ctx->data_end > ctx->data ? 1000 : 2000;
}

SEC("freplace/answer")
int wrong_type(long long *number)
{
	return 0;
}

/* More than callers give. */
struct pair {
	char bytes[4096];
};

SEC("freplace/difference")
int wrong_size(struct pair *pair)
{
	return pair ? pair->bytes[4095] : 0;
}

SEC("fentry/answer")
int BPF_PROG(before_answer, int number)
{
	seen.entries++;
	seen.arg = number;
	return 0;
}

SEC("fexit/answer")
int BPF_PROG(after_answer, int number, int ret)
{
	if (ret == number + 1)
		seen.exits++;
	return 0;
}

SEC("fexit/base")
int after_base(unsigned long long *ctx)
{
	seen.main_result = ctx[1];
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A program with functions that others replace and trace. */
#include "runs.h"

int result;

__attribute__((noinline)) int answer(int number)
{
	asm volatile("" : "+r"(number));
	return number + 1;
}

/* Sees more of the call than the compiler would leave of it. */
static __attribute__((noinline)) int inner(struct xdp_md *ctx, int a, long b)
{
	asm volatile("" : "+r"(a), "+r"(b));
	return a + (int)b + (int)ctx->rx_queue_index;
}

__attribute__((noinline)) int with_context(struct xdp_md *ctx)
{
	return inner(ctx, 3, 4);
}

struct pair {
	int a, b;
};

__attribute__((noinline)) int difference(struct pair *pair)
{
	return pair ? pair->a - pair->b : 0;
}

SEC("xdp")
int base(struct xdp_md *ctx)
{
	struct pair pair = {5, 5};

	result = answer(10) + with_context(ctx) + answer(20) + difference(&pair);
	return result == 10 ? XDP_DROP : XDP_PASS;
}

/* Has one of these functions, too. */
SEC("tc")
int other_base(struct __sk_buff *skb)
{
	return answer(1);
}

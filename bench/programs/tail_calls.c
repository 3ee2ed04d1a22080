/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that go on as other programs. What they hand on is in the packet. */
#include "bench.h"

STEP(step1);
STEP(step2);
STEP(step3);
STEP(last);

BENCH_STEPS(steps, 4, (void *)&step1, (void *)&step2, (void *)&step3, (void *)&last);

/* Changes the first word and tells which step comes next, or 0 without a packet. */
static __always_inline __u32 advance(struct xdp_md *ctx, __u32 multiplier)
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 *word = (__u32 *)p;

	if (p + 8 > end)
		return 0;
	word[0] = word[0] * multiplier + 1;
	return ++word[1];
}

STEP(step1)
{
	__u32 n = advance(ctx, 33);

	bpf_tail_call(ctx, &steps, n < 29 ? 1 : 3);
	return -1;
}

STEP(step2)
{
	advance(ctx, 65599);
	bpf_tail_call(ctx, &steps, 2);
	return -1;
}

STEP(step3)
{
	advance(ctx, 31);
	bpf_tail_call(ctx, &steps, 0);
	return -1;
}

STEP(last)
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);

	return p + 4 > end ? 0 : *(int *)p;
}

BENCH(tail_calls, PACKET_BYTES, "30 tail calls")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);

	if (p + 8 > end)
		return 0;
	((__u32 *)p)[0] = 1;
	((__u32 *)p)[1] = 0;
	bpf_tail_call(ctx, &steps, 0);
	return -1;
}

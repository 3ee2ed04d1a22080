/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf_loop(): a loop whose body is a function that Linux calls. */
#include "bench.h"

struct state {
	__u64 sum, last;
};

static long body(__u64 i, void *arg)
{
	struct state *state = arg;

	state->last = state->last * 5 + i;
	state->sum ^= state->last >> 3;
	return 0;
}

BENCH(callback, PACKET_BYTES, "bpf_loop() of 256 turns")
{
	struct state state = {0, 1};
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);

	if (p + 4 > end)
		return 0;
	state.last = *(__u32 *)p;
	bpf_loop(256, body, &state, 0);
	return (int)fold(state.sum + state.last);
}

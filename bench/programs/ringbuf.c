/* SPDX-License-Identifier: BSD-2-Clause */
/* Records for user space: reserved, filled and submitted. */
#include "bench.h"

struct event {
	__u32 kind, length;
	__u64 value;
};

BENCH_RINGBUF(events, 1 << 17);

BENCH(ringbuf, PACKET_BYTES, "16 records of 16 bytes through a ring buffer")
{
	__u8 *p = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u32 sent = 0;

	for (__u32 i = 0; i < 16; i++, p += 8) {
		struct event *event;

		if (p + 8 > end)
			break;
		event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
		if (!event)
			break;
		event->kind = i;
		event->length = 8;
		event->value = *(__u64 *)p;
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
		sent++;
	}
	return (int)sent;
}

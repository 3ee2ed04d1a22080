/* SPDX-License-Identifier: BSD-2-Clause */
/* Drains samples of user space; user_ring.c says what must come. */
#include "runs.h"

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	long drained;	  /* result of the last drain */
	__u64 stop_after; /* samples; 0: never */
	__u64 seen, sum, bytes, inner, flags;
} g;

static long again(struct bpf_dynptr *dynptr, void *ctx)
{
	return 0;
}

static long count(struct bpf_dynptr *dynptr, void *ctx)
{
	__u64 value = 0;
	__u64 *data;

	g.seen++;
	/* Reads of more than there is are refused. */
	if (!bpf_dynptr_read(&value, sizeof(value), dynptr, 0, 0))
		g.sum += value;
	data = bpf_dynptr_data(dynptr, 8, sizeof(*data));
	if (data) {
		g.bytes += *data;
		*data = 77; /* in the ring itself */
	}
	g.inner = bpf_user_ringbuf_drain(&ring, again, NULL, 0);
	return g.stop_after && g.seen >= g.stop_after;
}

SEC("raw_tp") int drain(void *ctx)
{
	g.drained = bpf_user_ringbuf_drain(&ring, count, NULL, g.flags);
	return 0;
}

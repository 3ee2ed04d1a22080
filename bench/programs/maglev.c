/* SPDX-License-Identifier: BSD-2-Clause */
/* A load balancer's choice of a backend: Maglev (Eisenbud and others, 2016). */
#include "frame.h"
#include "jhash.h"

#define TABLE	 4099 /* a prime */
#define BACKENDS 64

struct backend {
	__u32 address;
	__u32 weight;
	__u64 mac;
};

BENCH_MAP(table, BPF_MAP_TYPE_ARRAY, TABLE, __u32, __u32);
BENCH_MAP(backends, BPF_MAP_TYPE_ARRAY, BACKENDS, __u32, struct backend);

static long fill_slot(__u64 i, void *arg)
{
	__u32 key = (__u32)i, backend = (key * 2654435761u >> 13) % BACKENDS;

	(void)arg;
	bpf_map_update_elem(&table, &key, &backend, 0);
	return 0;
}

static long fill_backend(__u64 i, void *arg)
{
	struct backend backend = {0x0a000001 + (__u32)i, 1, 0x020000000000 + i};
	__u32 key = (__u32)i;

	(void)arg;
	bpf_map_update_elem(&backends, &key, &backend, 0);
	return 0;
}

SETUP(maglev)
{
	bpf_loop(TABLE, fill_slot, 0, 0);
	bpf_loop(BACKENDS, fill_backend, 0, 0);
	return 0;
}

static __always_inline struct backend *choose(const struct ipv4_header *ip)
{
	const __u32 *ports = (const __u32 *)(ip + 1);
	__u32 words[3] = {ip->source, ip->dest, *ports}, slot, *index, key;

	slot = jhash_words(words, 3, ip->protocol) % TABLE;
	index = bpf_map_lookup_elem(&table, &slot);
	if (!index)
		return 0;
	key = *index;
	return bpf_map_lookup_elem(&backends, &key);
}

BENCH(maglev, PACKET_FRAMES, "16 frames: hash of the flow, slot, backend")
{
	__u8 *frame = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 sum = 0;

	for (int i = 0; i < FRAMES; i++, frame += FRAME_SIZE) {
		struct backend *backend;

		if (frame + FRAME_SIZE > end)
			break;
		backend = choose((struct ipv4_header *)(frame + sizeof(struct eth_header)));
		if (backend)
			sum = sum * 3 + (backend->address ^ backend->mac);
	}
	return (int)fold(sum);
}

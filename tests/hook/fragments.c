/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in several pieces: random calls of the helpers that move borders and
 * copy bytes, on packets of all sizes. Every result, and the packet at the end,
 * must be the kernel's.
 */
#include <string.h>

#include "tap.h"

#include "hook/pair.h"

#define RUNS  300
#define CALLS 12
#define MOST  (3520 + 17 * 4096)
#define PIECE 64 /* bytes that are loaded or stored at once, at most */

static u64 state;

static u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((state >> 33) % n);
}

/* Mostly near where something ends. */
static u32 choose_offset(u32 size, u32 linear)
{
	const u32 places[] = {0, linear, linear + 4096, size, 0xffff, below(size + 1)};

	return places[below(ARRAY_SIZE(places))] + below(9) - 4;
}

static s32 choose_move(void)
{
	static const s32 moves[] = {0,	  1,	 -1,	4,    -8,    -60, 100,
				    -300, -4095, -4096, 4096, -9000, 320, 2000};

	return moves[below(ARRAY_SIZE(moves))] * (below(8) ? 1 : 3);
}

static void note(struct pair_prog *p, u32 *n)
{
	PAIR_ADD(p, STORE(BPF_DW, 9, *n * 8, 0));
	*n += 1;
}

static void add_call(struct pair_prog *p, u32 size, u32 linear, u32 *n)
{
	static const u32 moving[] = {BPF_FUNC_xdp_adjust_tail, BPF_FUNC_xdp_adjust_tail,
				     BPF_FUNC_xdp_adjust_head, BPF_FUNC_xdp_adjust_meta};
	u32 len = 1 + below(PIECE), id;

	PAIR_ADD(p, MOV_REG(1, PAIR_CTX));
	switch (below(4)) {
	case 0:
		PAIR_ADD(p, CALL(BPF_FUNC_xdp_get_buff_len));
		break;
	case 1:
		PAIR_ADD(p, MOV_IMM(2, choose_move()), CALL(moving[below(4)]));
		break;
	default:
		id = below(2) ? BPF_FUNC_xdp_load_bytes : BPF_FUNC_xdp_store_bytes;
		PAIR_ADD(p, MOV_IMM(2, choose_offset(size, linear)), MOV_REG(3, 10),
			 ALU_IMM(BPF_ADD, 3, -PIECE), MOV_IMM(4, len), CALL(id));
	}
	note(p, n);
	/* What was loaded, as far as eight bytes tell. */
	PAIR_ADD(p, LOAD(BPF_DW, 0, 10, -PIECE + (s32)(below(PIECE / 8) * 8)));
	note(p, n);
}

static void make_program(struct pair_prog *p, u32 size, u32 linear)
{
	u32 n = 0;

	memset(p, 0, sizeof(*p));
	p->type = BPF_PROG_TYPE_XDP;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(p, 9);
	for (s32 at = -PIECE; at < 0; at += 8)
		PAIR_ADD(p, STORE_IMM(BPF_DW, 10, at, 0x5a5a0000 - at));
	for (u32 i = 0; i < CALLS; i++)
		add_call(p, size, linear, &n);
	PAIR_ADD(p, MOV_IMM(0, XDP_PASS), EXIT());
}

struct outcome {
	int error;
	u64 results[PAIR_RESULTS];
	struct xdp_md md;
	u32 size;
	u8 data[MOST + 4096];
};

static u8 packet[MOST];

static void ask(struct host *host, const struct pair_prog *p, const struct xdp_md *md, u32 size,
		struct outcome *o)
{
	static char log[65536];
	union bpf_attr attr;

	memset(o, 0, sizeof(*o));
	memset(&attr, 0, sizeof(attr));
	attr.test.data_in = ptr_to_u64(packet);
	attr.test.data_size_in = size;
	attr.test.data_out = ptr_to_u64(o->data);
	attr.test.data_size_out = sizeof(o->data);
	attr.test.ctx_in = ptr_to_u64(md);
	attr.test.ctx_size_in = sizeof(*md);
	attr.test.ctx_out = ptr_to_u64(&o->md);
	attr.test.ctx_size_out = sizeof(o->md);
	if (host)
		o->error = pair_run_here(host, p, o->results, &attr, log, sizeof(log));
	else
		o->error = pair_run_kernel(p, o->results, &attr, log, sizeof(log));
	o->size = attr.test.data_size_out;
	if (log[0])
		tap_fail("%s", log);
}

static void test_run(struct host *host, u64 seed, bool with_kernel)
{
	static struct outcome here, kernel;
	u32 size = 14 + below(below(2) ? 9000 : MOST - 14), linear = size;
	struct xdp_md md = {0};
	struct pair_prog p;

	if (below(2))
		linear = below(size);
	if (below(4) == 0)
		md.data = linear < 40 ? 0 : 8;
	md.data_end = linear;
	if (linear > 3520)
		linear = 3520;
	make_program(&p, size, linear);
	ask(host, &p, &md, size, &here);
	if (!with_kernel)
		return;
	ask(NULL, &p, &md, size, &kernel);
	check_eq(here.error, kernel.error);
	check_eq(here.size, kernel.size);
	check_eq(here.md.data_end, kernel.md.data_end);
	for (u32 i = 0; i < CALLS * 2; i++)
		if (here.results[i] != kernel.results[i])
			tap_fail("seed %llu, %u bytes, %u linear: result %u is %#llx, the "
				 "kernel's %#llx",
				 (unsigned long long)seed, size, linear, i,
				 (unsigned long long)here.results[i],
				 (unsigned long long)kernel.results[i]);
	check(!memcmp(here.data, kernel.data, sizeof(here.data)));
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	bool with_kernel = kernel_usable();
	struct host *host;

	if (host_new(NULL, &host))
		abort();
	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)(i * 7 + i / 256);
	tap_begin("the helpers of packets in pieces do as Linux's");
	if (!with_kernel)
		tap_skip("bpf() is refused");
	for (u32 i = 0; i < RUNS; i++) {
		state = (seed + i) * 1000003;
		test_run(host, seed + i, with_kernel);
	}
	tap_end();
	host_free(host);
	return tap_done();
}

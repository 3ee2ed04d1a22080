/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that nobody wrote: changed bytes in legal ones, and memory that
 * runs out at every allocation in turn. The verifier must come to a verdict,
 * touch nothing outside and give everything back; run with sanitizers.
 */
#include "verify/generate.h"

struct counting {
	s64 left; /* allocations until they fail; negative: never */
	s64 live;
};

static void *counting_realloc(void *ctx, void *p, size_t size)
{
	struct counting *c = ctx;
	void *q;

	if (!size) {
		c->live -= p ? 1 : 0;
		free(p);
		return NULL;
	}
	if (!c->left)
		return NULL;
	if (c->left > 0)
		c->left--;
	q = realloc(p, size);
	c->live += q && !p ? 1 : 0;
	return q;
}

static int run(const struct gen *g, struct counting *c, u32 level, u32 caps)
{
	struct mem mem = {counting_realloc, c};
	struct verify_result result;
	struct log log;
	struct verify_input input = {
		.mem = &mem,
		.insns = g->insns,
		.insn_cnt = g->cnt,
		.type = types[g->xdp ? 0 : 1].type,
		.rules = &types[g->xdp ? 0 : 1].rules,
		.gpl_compatible = true,
		.caps = caps,
		.resolve_map = resolve_map,
		.log = &log,
	};
	int err;

	log_init(&log, &mem, level);
	err = verify(&input, &result);
	if (!err && result.error && !result.message[0])
		tap_fail("rejected without a word: %d", result.error);
	if (!err)
		err = result.error;
	verify_result_free(&result);
	log_free(&log);
	return err;
}

static void mutate(struct gen *g)
{
	for (u32 n = 1 + rnd(g, 4); n; n--) {
		struct bpf_insn *insn = &g->insns[rnd(g, g->cnt)];
		u8 *byte = (u8 *)insn + rnd(g, sizeof(*insn));

		switch (rnd(g, 4)) {
		case 0:
			*byte = (u8)rnd(g, 256);
			break;
		case 1:
			*byte ^= (u8)(1u << rnd(g, 8));
			break;
		case 2:
			*insn = g->insns[rnd(g, g->cnt)];
			break;
		default:
			insn->off = (s16)((s32)rnd(g, 32) - 16);
		}
	}
}

static void test_mutated(void)
{
	struct counting c = {.left = -1};
	struct gen g;

	for (u64 seed = 1; seed <= 4000; seed++) {
		generate(&g, seed);
		mutate(&g);
		run(&g, &c, seed % 16 ? 0 : seed % 32 ? LOG_LEVEL2 : LOG_LEVEL1,
		    seed % 3 ? HOST_CAP_ALL : seed % 2 ? 0 : HOST_CAP_BPF);
		if (c.live) {
			tap_fail("seed %llu: %lld allocations are left",
				 (unsigned long long)seed, (long long)c.live);
			return;
		}
	}
}

static void test_out_of_memory(void)
{
	for (u64 seed = 1; seed <= 20; seed++) {
		struct gen g;
		int err;

		generate(&g, seed);
		for (s64 n = 0;; n++) {
			struct counting c = {.left = n};

			err = run(&g, &c, LOG_LEVEL1, HOST_CAP_ALL);
			if (c.live)
				tap_fail("seed %llu, allocation %lld: %lld are left",
					 (unsigned long long)seed, (long long)n,
					 (long long)c.live);
			if (c.left)
				break;
			if (err != -ENOMEM && err)
				continue; /* the log is what there was no memory for */
		}
	}
}

int main(void)
{
	run_test(test_mutated);
	run_test(test_out_of_memory);
	return tap_done();
}

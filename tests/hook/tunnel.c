/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tunnel keys and options of a packet: random calls, wrong ones among them, have
 * the kernel's answers and leave the kernel's bytes. What kernel functions do
 * besides is asked here alone.
 */
#include <string.h>

#include "tap.h"

#include "helper/kfunc_functions.h"
#include "helper/tunnel.h"
#include "hook/pair.h"

#define RUNS  400
#define CALLS 6
#define ROOM  64 /* of the stack that a call gets */

static u64 state;

static u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((state >> 33) % n);
}

/* A key with little in the fields that must be zero for most calls. */
static void fill(struct pair_prog *p)
{
	struct bpf_tunnel_key key = {0};
	u32 words[ROOM / 4] = {0};
	u8 *bytes = (u8 *)&key;

	for (u32 i = 0; i < sizeof(key); i++)
		bytes[i] = (u8)below(256);
	if (below(8))
		key.tunnel_ext = 0;
	if (below(2))
		key.tunnel_label = 0;
	memcpy(words, &key, sizeof(key));
	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		PAIR_ADD(p, STORE_IMM(BPF_W, 10, -ROOM + (s32)i * 4, (s32)words[i]));
}

static s32 choose_flags(u32 id)
{
	static const s32 often[] = {0, 0, 1, 1, 2, 4, 8, 16};

	if (!below(8))
		return (s32)below(64);
	return often[below(id == BPF_FUNC_skb_get_tunnel_key ? 4 : 8)] |
	       (id == BPF_FUNC_skb_get_tunnel_key && below(2) ? 16 : 0);
}

static void add_call(struct pair_prog *p, u32 *n)
{
	static const s32 sizes[] = {44, 44, 44, 44, 44, 28, 24, 22, 8, 43, 12, 64};
	static const u32 ids[] = {BPF_FUNC_skb_set_tunnel_key, BPF_FUNC_skb_get_tunnel_key,
				  BPF_FUNC_skb_get_tunnel_key, BPF_FUNC_skb_set_tunnel_opt,
				  BPF_FUNC_skb_get_tunnel_opt};
	u32 id = ids[below(ARRAY_SIZE(ids))];
	bool key = id == BPF_FUNC_skb_set_tunnel_key || id == BPF_FUNC_skb_get_tunnel_key;

	fill(p);
	PAIR_ADD(p, MOV_REG(1, PAIR_CTX), MOV_REG(2, 10), ALU_IMM(BPF_ADD, 2, -ROOM),
		 MOV_IMM(3, key ? sizes[below(ARRAY_SIZE(sizes))] : (s32)(1 + below(ROOM))),
		 MOV_IMM(4, choose_flags(id)), CALL(id), STORE(BPF_DW, 9, (s32)*n * 8, 0));
	*n += 1;
	for (s32 i = 0; i < ROOM / 8; i++, *n += 1)
		PAIR_ADD(p, LOAD(BPF_DW, 1, 10, -ROOM + i * 8), STORE(BPF_DW, 9, (s32)*n * 8, 1));
}

static void test_random(bool with_kernel)
{
	static char log[65536];
	static u8 packet[64];
	struct host *host;

	check_eq(host_new(NULL, &host), 0);
	for (u32 i = 0; i < RUNS; i++) {
		u64 here[PAIR_RESULTS] = {0}, kernel[PAIR_RESULTS] = {0};
		struct pair_prog p = {.type = BPF_PROG_TYPE_SCHED_CLS};
		union bpf_attr attr = {0};
		u32 n = 0;

		PAIR_ADD(&p, MOV_REG(PAIR_CTX, 1));
		pair_add_results(&p, 9);
		for (u32 c = 0; c < CALLS; c++)
			add_call(&p, &n);
		PAIR_ADD(&p, MOV_IMM(0, 0), EXIT());
		attr.test.data_in = ptr_to_u64(packet);
		attr.test.data_size_in = sizeof(packet);
		check_eq(pair_run_here(host, &p, here, &attr, log, sizeof(log)), 0);
		if (!with_kernel)
			continue;
		check_eq(pair_run_kernel(&p, kernel, &attr, log, sizeof(log)), 0);
		for (u32 at = 0; at < n; at++)
			if (here[at] != kernel[at])
				tap_fail("run %u, result %u: %#llx here, %#llx in Linux", i, at,
					 (unsigned long long)here[at],
					 (unsigned long long)kernel[at]);
	}
	host_free(host);
}

#define KFUNC(fn, a, b, c) ((s64)fn(ptr_to_u64(a), ptr_to_u64(b), (c), 0, 0, NULL))

static void test_fou(void)
{
	struct skb_metadata room;
	struct sk_buff skb = {.metadata = &room};
	const struct bpf_tunnel_key key = {.tunnel_id = 5};
	u16 ports[2] = {host_to_be16(1000), host_to_be16(2000)}, got[2] = {0};

	check_eq(KFUNC(kfunc_skb_set_fou_encap, &skb, ports, FOU_BPF_ENCAP_GUE), -EINVAL);
	check_eq(KFUNC(kfunc_skb_get_fou_encap, &skb, got, 0), -EINVAL);
	check_eq((s64)helper_skb_set_tunnel_key(ptr_to_u64(&skb), ptr_to_u64(&key), sizeof(key), 0,
						0, NULL),
		 0);
	check_eq(KFUNC(kfunc_skb_set_fou_encap, &skb, ports, FOU_BPF_ENCAP_GUE), 0);
	check_eq(KFUNC(kfunc_skb_get_fou_encap, &skb, got, 0), 0);
	check_eq(got[0], ports[0]);
	check_eq(got[1], ports[1]);
	check_eq(room.tunnel.encap_type, TUNNEL_ENCAP_GUE);
}

static void test_xfrm(void)
{
	struct skb_metadata room;
	struct sk_buff skb = {.metadata = &room};
	struct bpf_xfrm_info info = {7, 8}, got = {0};
	const struct bpf_tunnel_key key = {0};

	check_eq(KFUNC(kfunc_skb_get_xfrm_info, &skb, &got, 0), -EINVAL);
	check_eq(KFUNC(kfunc_skb_set_xfrm_info, &skb, &info, 0), 0);
	check_eq(KFUNC(kfunc_skb_set_xfrm_info, &skb, &info, 0), -EINVAL);
	check_eq(KFUNC(kfunc_skb_get_xfrm_info, &skb, &got, 0), 0);
	check_eq(got.if_id, 7);
	check_eq(got.link, 8);
	/* A tunnel's key takes its place. */
	check_eq((s64)helper_skb_set_tunnel_key(ptr_to_u64(&skb), ptr_to_u64(&key), sizeof(key), 0,
						0, NULL),
		 0);
	check_eq(KFUNC(kfunc_skb_get_xfrm_info, &skb, &got, 0), -EINVAL);
}

int main(int argc, char **argv)
{
	bool with_kernel = kernel_usable();

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	tap_begin("tunnel keys and options are Linux's");
	if (!with_kernel)
		tap_skip("bpf() is refused");
	test_random(with_kernel);
	tap_end();
	run_test(test_fou);
	run_test(test_xfrm);
	return tap_done();
}

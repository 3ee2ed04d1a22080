/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as no network makes them: empty ones, with less than an Ethernet
 * header, without room before or behind, in memory of just their size. Random
 * sequences of the helpers that move borders and of those that read and write
 * run over them; borders must stay in the buffer, and built with sanitizers
 * nothing may be touched beyond it.
 */
#include "tap.h"

#include "base/bytes.h"
#include "hook/pair.h"
#include "object/packet.h"

#define PROGRAMS 300
#define STEPS	 5

static u64 state = 1;

static u32 random_below(u32 n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (u32)(state >> 33) % n;
}

#define PICK(...)                                                                                  \
	({                                                                                         \
		s64 of_[] = {__VA_ARGS__};                                                         \
		of_[random_below(ARRAY_SIZE(of_))];                                                \
	})

static s64 delta(void)
{
	return PICK(0, 1, -1, 2, 4, -4, 14, -14, 20, -20, 40, -40, 64, -64, 255, 300, -300, 4095,
		    -4095, 16064, 0x7fffffff, -0x80000000ll);
}

static s64 offset(void)
{
	return PICK(0, 1, 2, 10, 12, 13, 14, 24, 34, 63, 0xffff, 0x10000, 0x7fffffff, 0xfffffffe);
}

/* With 16 bytes of the stack in r3. */
static void call_memory(struct pair_prog *p, u32 id, s64 r5)
{
	PAIR_ADD(p, STORE_IMM(BPF_DW, 10, -16, 1), STORE_IMM(BPF_DW, 10, -8, 2),
		 MOV_REG(1, PAIR_CTX));
	pair_add_imm(p, 2, (u64)offset());
	PAIR_ADD(p, MOV_REG(3, 10), ALU_IMM(BPF_ADD, 3, -16), MOV_IMM(4, 1 + random_below(16)));
	pair_add_imm(p, 5, (u64)r5);
	PAIR_ADD(p, CALL(id));
}

static void call(struct pair_prog *p, u32 id, s64 r2, s64 r3, s64 r4, s64 r5)
{
	PAIR_ADD(p, MOV_REG(1, PAIR_CTX));
	pair_add_imm(p, 2, (u64)r2);
	pair_add_imm(p, 3, (u64)r3);
	pair_add_imm(p, 4, (u64)r4);
	pair_add_imm(p, 5, (u64)r5);
	PAIR_ADD(p, CALL(id));
}

static void xdp_step(struct pair_prog *p)
{
	switch (random_below(6)) {
	case 0:
		call(p, BPF_FUNC_xdp_adjust_head, delta(), 0, 0, 0);
		break;
	case 1:
		call(p, BPF_FUNC_xdp_adjust_tail, delta(), 0, 0, 0);
		break;
	case 2:
		call(p, BPF_FUNC_xdp_adjust_meta, delta(), 0, 0, 0);
		break;
	case 3:
		call_memory(p, BPF_FUNC_xdp_load_bytes, 0);
		break;
	case 4:
		call_memory(p, BPF_FUNC_xdp_store_bytes, 0);
		break;
	default:
		call(p, BPF_FUNC_xdp_get_buff_len, 0, 0, 0, 0);
	}
}

static void skb_move(struct pair_prog *p)
{
	switch (random_below(6)) {
	case 0:
		call(p, BPF_FUNC_skb_vlan_push, PICK(0, 0x81, 0xa888), random_below(65536), 0, 0);
		break;
	case 1:
		call(p, BPF_FUNC_skb_vlan_pop, 0, 0, 0, 0);
		break;
	case 2:
		call(p, BPF_FUNC_skb_change_tail, offset(), 0, 0, 0);
		break;
	case 3:
		call(p, BPF_FUNC_skb_change_head, delta(), 0, 0, 0);
		break;
	case 4:
		call(p, BPF_FUNC_skb_change_proto, PICK(0x8, 0xdd86), 0, 0, 0);
		break;
	default:
		call(p, BPF_FUNC_skb_adjust_room, delta(), random_below(2),
		     PICK(0, 0, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6,
			  BPF_F_ADJ_ROOM_DECAP_L3_IPV4, BPF_F_ADJ_ROOM_DECAP_L3_IPV6),
		     0);
	}
}

static void skb_use(struct pair_prog *p)
{
	switch (random_below(8)) {
	case 0:
		call_memory(p, BPF_FUNC_skb_load_bytes, 0);
		break;
	case 1:
		call_memory(p, BPF_FUNC_skb_load_bytes_relative, random_below(2));
		break;
	case 2:
		call_memory(p, BPF_FUNC_skb_store_bytes, random_below(4));
		break;
	case 3:
		call(p, BPF_FUNC_l3_csum_replace, offset(), 1, 2, PICK(2, 4));
		break;
	case 4:
		call(p, BPF_FUNC_l4_csum_replace, offset(), 1, 2, PICK(2, 4, 18, 0x34));
		break;
	case 5:
		call(p, BPF_FUNC_skb_ecn_set_ce, 0, 0, 0, 0);
		break;
	case 6:
		call(p, BPF_FUNC_get_hash_recalc, 0, 0, 0, 0);
		call(p, BPF_FUNC_set_hash_invalid, 0, 0, 0, 0);
		break;
	default:
		PAIR_ADD(p, INSN(BPF_LD | BPF_ABS | BPF_W, 0, 0, 0,
				 PICK(0, 12, 60, 0x7fffffff, -0x100000, -0x100000 + 20, -0x200000,
				      -0x200000 + 13, -1)));
	}
}

static void make_program(struct pair_prog *p, enum bpf_prog_type type)
{
	memset(p, 0, sizeof(*p));
	p->type = type;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	for (u32 i = 0; i < STEPS; i++) {
		if (type == BPF_PROG_TYPE_XDP) {
			xdp_step(p);
		} else {
			skb_move(p);
			skb_use(p);
		}
	}
	PAIR_ADD(p, MOV_IMM(0, 0), EXIT());
}

/* Memory of just the frame's size, with something like a packet in it. */
static void run_one(const struct prog *prog, u32 head, u32 len, u32 tail, u16 protocol)
{
	u32 size = head + len + tail;
	struct hook_frame frame = {
		.buf = malloc(size ? size : 1), .size = size, .off = head, .len = len};
	struct run run;

	memset(frame.buf, 0x45, size);
	if (len >= ETH_HLEN)
		put_be16(frame.buf + head + 12, protocol);
	run_begin(&run, prog->obj.host);
	prog->hook->run_frames(&run, prog, &frame, 1);
	run_end(&run);
	if (frame.off > size || frame.len > size - frame.off)
		tap_fail("%u + %u + %u bytes: %u bytes at %u", head, len, tail, frame.len,
			 frame.off);
	free(frame.buf);
}

static void run_all(const struct prog *prog)
{
	static const u32 heads[] = {0, 1, 4, 39, 44, 256}, tails[] = {0, 3, 64};
	static const u32 lens[] = {0, 1, 12, 13, 14, 15, 18, 33, 34, 54, 128};
	static const u16 protocols[] = {0x0800, 0x86dd, 0x8100};

	for (u32 i = 0; i < ARRAY_SIZE(heads) * ARRAY_SIZE(tails) * ARRAY_SIZE(lens); i++)
		run_one(prog, heads[i % ARRAY_SIZE(heads)],
			lens[i / ARRAY_SIZE(heads) % ARRAY_SIZE(lens)],
			tails[i / ARRAY_SIZE(heads) / ARRAY_SIZE(lens)],
			protocols[random_below(ARRAY_SIZE(protocols))]);
}

static void test_type(enum bpf_prog_type type)
{
	static char log[1 << 17];
	struct pair_prog p;
	struct host *host;
	struct map *map;

	if (host_new(NULL, &host) || pair_map_create(host, &map))
		abort();
	for (u32 i = 0; i < PROGRAMS; i++) {
		struct prog *prog = NULL;

		make_program(&p, type);
		if (pair_load_here(host, &p, map, &prog, log, sizeof(log))) {
			tap_fail("program %u: %s", i, log);
			continue;
		}
		run_all(prog);
		object_put(&prog->obj);
	}
	object_put(&map->obj);
	host_free(host);
}

int main(void)
{
	tap_begin("xdp");
	test_type(BPF_PROG_TYPE_XDP);
	tap_end();
	tap_begin("skb");
	test_type(BPF_PROG_TYPE_SCHED_CLS);
	tap_end();
	return tap_done();
}

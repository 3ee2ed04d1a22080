/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random sequences of packet helpers on random packets. Those that stay within
 * the packet, and XDP's, are compared with the kernel: results, packet and
 * context must be the same. Those that move an skb's borders only run here,
 * where the borders must stay in order: Linux 6.18 has a BUG() that such
 * sequences can hit in BPF_PROG_TEST_RUN with BPF_F_TEST_SKB_CHECKSUM_COMPLETE
 * (a network header that ends up behind the packet), and a test must never
 * bring a kernel down. scripts.txt compares chosen sequences of them.
 *
 * The seed of a failure is in its name; ANYBPF_SEED=N runs that one alone,
 * ANYBPF_ROUNDS=N so many from 1 on.
 */
#include "tap.h"

#include "base/bytes.h"
#include "hook/pair.h"

#define ROUNDS	   400
#define MAX_PACKET 200
#define MAX_OUT	   40000

static u64 state;

static u32 random_below(u32 n)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (u32)((state * 0x2545f4914f6cdd1dull) >> 33) % n;
}

#define PICK(...)                                                                                  \
	({                                                                                         \
		s64 of_[] = {__VA_ARGS__};                                                         \
		of_[random_below(ARRAY_SIZE(of_))];                                                \
	})

/* ---- packets ---- */

static u8 packet[MAX_PACKET];
static u32 packet_len;

static void make_packet(void)
{
	static const u8 macs[][12] = {
		{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1},
		{0},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1},
		{1, 0, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 1},
	};
	u32 at = 12;
	u16 type = (u16)PICK(0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x0100, 0x8100);

	packet_len = 60 + random_below(MAX_PACKET - 60);
	for (u32 i = 0; i < packet_len; i++)
		packet[i] = (u8)random_below(256);
	memcpy(packet, macs[random_below(4)], 12);
	for (u32 tags = random_below(3); tags; tags--) {
		put_be16(packet + at, (u16)PICK(0x8100, 0x88a8));
		at += 4;
	}
	put_be16(packet + at, type);
	packet[at + 2] = type == 0x86dd ? 0x60 : 0x45;
}

/* ---- programs ---- */

#define RESULTS	 9
#define BYTES_AT -64

struct maker {
	struct pair_prog prog;
	u32 results;
	bool moves, complete;
};

static void add_result(struct maker *m)
{
	PAIR_ADD(&m->prog, STORE(BPF_DW, RESULTS, m->results * 8, 0));
	m->results++;
}

static void call(struct maker *m, u32 id, s64 r2, s64 r3, s64 r4, s64 r5)
{
	PAIR_ADD(&m->prog, MOV_REG(1, PAIR_CTX));
	pair_add_imm(&m->prog, 2, (u64)r2);
	pair_add_imm(&m->prog, 3, (u64)r3);
	pair_add_imm(&m->prog, 4, (u64)r4);
	pair_add_imm(&m->prog, 5, (u64)r5);
	PAIR_ADD(&m->prog, CALL(id));
	add_result(m);
}

/* With 16 bytes of memory in r3, which the helper reads or fills; they are a result after. */
static void call_memory(struct maker *m, u32 id, s64 offset, s64 r5)
{
	u32 size = (u32)PICK(1, 2, 4, 6, 15, 16);

	for (int i = 0; i < 16; i += 4)
		PAIR_ADD(&m->prog,
			 STORE_IMM(BPF_W, 10, BYTES_AT + i, (s32)random_below(0x7fffffff)));
	PAIR_ADD(&m->prog, MOV_REG(1, PAIR_CTX));
	pair_add_imm(&m->prog, 2, (u64)offset);
	PAIR_ADD(&m->prog, MOV_REG(3, 10), ALU_IMM(BPF_ADD, 3, BYTES_AT), MOV_IMM(4, size));
	pair_add_imm(&m->prog, 5, (u64)r5);
	PAIR_ADD(&m->prog, CALL(id));
	add_result(m);
	PAIR_ADD(&m->prog, LOAD(BPF_DW, 0, 10, BYTES_AT));
	add_result(m);
}

static s64 offset(void)
{
	return PICK(0, random_below(20), random_below(MAX_PACKET), random_below(MAX_PACKET),
		    packet_len - 1, packet_len, -1, 0xffff, 0x10000, 0x7fffffff, 0x80000000);
}

static s64 even_offset(void)
{
	return PICK(offset(), random_below(MAX_PACKET / 2) * 2, random_below(30) * 2);
}

static s64 delta(void)
{
	return PICK(0, 1, -1, 4, -4, 14, -14, 20, -20, 40, -40, random_below(300),
		    -(s64)random_below(300), 4000, -4000, 0x7fffffff, -0x80000000ll);
}

static void xdp_step(struct maker *m)
{
	switch (random_below(6)) {
	case 0:
		call(m, BPF_FUNC_xdp_adjust_head, delta(), 0, 0, 0);
		break;
	case 1:
		call(m, BPF_FUNC_xdp_adjust_tail, delta(), 0, 0, 0);
		break;
	case 2:
		call(m, BPF_FUNC_xdp_adjust_meta, delta(), 0, 0, 0);
		break;
	case 3:
		call(m, BPF_FUNC_xdp_get_buff_len, 0, 0, 0, 0);
		break;
	case 4:
		call_memory(m, BPF_FUNC_xdp_load_bytes, offset(), 0);
		break;
	default:
		call_memory(m, BPF_FUNC_xdp_store_bytes, offset(), 0);
	}
}

static void skb_move(struct maker *m)
{
	switch (random_below(6)) {
	case 0:
		call(m, BPF_FUNC_skb_vlan_push, PICK(0x0081, 0xa888, 0x1234), random_below(0x10000),
		     0, 0);
		break;
	case 1:
		call(m, BPF_FUNC_skb_vlan_pop, 0, 0, 0, 0);
		break;
	case 2:
		call(m, BPF_FUNC_skb_change_proto, PICK(0x0008, 0xdd86, 0x0608), PICK(0, 0, 0, 1),
		     0, 0);
		break;
	case 3:
		call(m, BPF_FUNC_skb_change_tail,
		     PICK(random_below(400), random_below(60), 10000, 16064, 16065, -1),
		     PICK(0, 0, 0, 0, 1), 0, 0);
		break;
	case 4:
		call(m, BPF_FUNC_skb_change_head, PICK(0, 14, random_below(100), 10000, -1),
		     PICK(0, 0, 0, 0, 1), 0, 0);
		break;
	default:
		call(m, BPF_FUNC_skb_adjust_room, delta(), PICK(0, 1, 1, 2),
		     PICK(0, 0, 0, 1, 2, 4, 6, 0xa, 0x12, 0x20, 0x80, 0x100, 0x180, 0x200,
			  0x0e00000000000042, 0x0200000000000042),
		     0);
	}
}

static void skb_touch(struct maker *m)
{
	switch (random_below(8)) {
	case 0:
		call_memory(m, BPF_FUNC_skb_load_bytes, offset(), 0);
		break;
	case 1:
		call_memory(m, BPF_FUNC_skb_load_bytes_relative, offset(), PICK(0, 1, 2));
		break;
	case 2:
		call_memory(m, BPF_FUNC_skb_store_bytes, offset(), PICK(0, 1, 2, 3, 4));
		break;
	case 3:
		call(m, BPF_FUNC_l3_csum_replace, even_offset(), PICK(0, random_below(0x7fffffff)),
		     random_below(0x7fffffff), PICK(0, 2, 4, 4, 3, 0x10));
		break;
	case 4:
		call(m, BPF_FUNC_l4_csum_replace, even_offset(), PICK(0, random_below(0x7fffffff)),
		     random_below(0x7fffffff),
		     PICK(0, 2, 4, 0x10, 0x12, 0x14, 0x20, 0x22, 0x32, 0x62, 0x90, 0x94, 0x3,
			  0x100));
		break;
	case 5:
		call(m, BPF_FUNC_csum_level, random_below(5), 0, 0, 0);
		break;
	case 6:
		call(m, BPF_FUNC_skb_ecn_set_ce, 0, 0, 0, 0);
		break;
	default:
		call(m, BPF_FUNC_skb_pull_data, offset(), 0, 0, 0);
	}
}

/* All of the context that a classifier sees and that is no address or chance. */
static void read_context(struct maker *m)
{
	static const u16 fields[] = {
		offsetof(struct __sk_buff, len),      offsetof(struct __sk_buff, pkt_type),
		offsetof(struct __sk_buff, protocol), offsetof(struct __sk_buff, vlan_present),
		offsetof(struct __sk_buff, vlan_tci), offsetof(struct __sk_buff, vlan_proto),
		offsetof(struct __sk_buff, hash),     offsetof(struct __sk_buff, wire_len),
		offsetof(struct __sk_buff, gso_segs),
	};

	for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
		PAIR_ADD(&m->prog, LOAD(BPF_W, 0, PAIR_CTX, fields[i]));
		add_result(m);
	}
}

static void make_program(struct maker *m)
{
	bool moves = random_below(2);
	u32 steps = 1 + random_below(12);

	memset(m, 0, sizeof(*m));
	m->prog.type = random_below(4) ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP;
	PAIR_ADD(&m->prog, MOV_REG(PAIR_CTX, 1));
	pair_add_results(&m->prog, RESULTS);
	for (u32 i = 0; i < steps; i++) {
		if (m->prog.type == BPF_PROG_TYPE_XDP)
			xdp_step(m);
		else if (moves && random_below(2))
			skb_move(m);
		else
			skb_touch(m);
	}
	if (m->prog.type != BPF_PROG_TYPE_XDP) {
		m->moves = moves;
		m->complete = moves && !random_below(4);
		read_context(m);
	}
	PAIR_ADD(&m->prog, MOV_IMM(0, 0), EXIT());
}

/* ---- both ---- */

struct outcome {
	int error;
	u32 len;
	u64 results[PAIR_RESULTS];
	u8 out[MAX_OUT];
};

static char log_text[65536];

static void run(struct host *host, const struct maker *m, bool kernel, struct outcome *o)
{
	union bpf_attr attr;

	memset(o, 0, sizeof(*o));
	memset(&attr, 0, sizeof(attr));
	attr.test.data_in = ptr_to_u64(packet);
	attr.test.data_size_in = packet_len;
	attr.test.data_out = ptr_to_u64(o->out);
	attr.test.data_size_out = sizeof(o->out);
	attr.test.flags = m->complete ? BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0;
	o->error = kernel ? pair_run_kernel(&m->prog, o->results, &attr, log_text, sizeof(log_text))
			  : pair_run_here(host, &m->prog, o->results, &attr, log_text,
					  sizeof(log_text));
	o->len = attr.test.data_size_out;
}

static void compare(const struct maker *m, const struct outcome *here, const struct outcome *kernel)
{
	if (here->error != kernel->error)
		tap_fail("error %d, the kernel's %d %s", here->error, kernel->error, log_text);
	if (kernel->error)
		return;
	for (u32 i = 0; i < m->results; i++) {
		if (here->results[i] != kernel->results[i])
			tap_fail("result %u of %u is %#" PRIx64 ", the kernel's %#" PRIx64, i,
				 m->results, here->results[i], kernel->results[i]);
	}
	if (here->len != kernel->len)
		tap_fail("length %u, the kernel's %u", here->len, kernel->len);
	for (u32 i = 0; i < here->len; i++) {
		if (here->out[i] != kernel->out[i])
			tap_fail("byte %u of %u is %02x, the kernel's %02x", i, here->len,
				 here->out[i], kernel->out[i]);
	}
}

static void print_program(const struct maker *m)
{
	for (u32 i = 0; i < m->prog.cnt; i++) {
		const struct bpf_insn *insn = &m->prog.insns[i];

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
			printf("# r%u = %#x\n", insn->dst_reg, (u32)insn->imm);
		else if (insn->code == (BPF_JMP | BPF_CALL))
			printf("# call %s\n", helper_name((u32)insn->imm));
	}
}

static void test_seed(struct host *host, u64 seed, bool kernel)
{
	static struct outcome here, there;
	static struct maker m;
	char name[64];

	snprintf(name, sizeof(name), "seed %llu", (unsigned long long)seed);
	tap_begin(name);
	state = seed * 0x9e3779b97f4a7c15ull;
	make_packet();
	make_program(&m);
	run(host, &m, false, &here);
	if (kernel && !m.moves) {
		run(host, &m, true, &there);
		compare(&m, &here, &there);
	} else {
		/* Alone it must at least not fail: every program is one that can run. */
		if (here.error != -EBADMSG)
			check_eq(here.error, 0);
	}
	if (getenv("ANYBPF_SEED"))
		print_program(&m);
	tap_end();
}

int main(void)
{
	const char *seed = getenv("ANYBPF_SEED"), *rounds = getenv("ANYBPF_ROUNDS");
	bool kernel = kernel_usable();
	u64 n = rounds ? strtoull(rounds, NULL, 0) : ROUNDS;
	struct host *host;

	if (host_new(NULL, &host))
		abort();
	tap_begin("the kernel agrees");
	if (!kernel)
		tap_skip("bpf() is refused");
	tap_end();
	if (seed)
		test_seed(host, strtoull(seed, NULL, 0), kernel);
	else
		for (u64 i = 1; i <= n; i++)
			test_seed(host, i, kernel);
	host_free(host);
	return tap_done();
}

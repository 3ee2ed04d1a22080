/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs over frames in place: verdicts, borders, contents, and what the context says. */
#include "tap.h"

#include "base/bytes.h"
#include "object/packet.h"
#include "helper/redirect.h"
#include "hook/pair.h"

#define BUF (HOOK_HEADROOM + 128 + HOOK_TAILROOM)

struct world {
	struct host *host;
	struct map *map;
	struct prog *prog;
	struct run run;
	u64 results[PAIR_RESULTS];
};

static void open_world(struct world *w, const struct pair_prog *p, bool interpret)
{
	static char log[65536];
	struct host_options opts;

	memset(w, 0, sizeof(*w));
	host_options_init(&opts);
	opts.interpret = interpret;
	if (host_new(&opts, &w->host) || pair_map_create(w->host, &w->map))
		abort();
	if (pair_load_here(w->host, p, w->map, &w->prog, log, sizeof(log)))
		tap_fail("%s", log);
}

static void run_world(struct world *w, struct hook_frame *frames, u32 n)
{
	u32 key = 0;

	if (!w->prog)
		return;
	run_begin(&w->run, w->host);
	w->prog->hook->run_frames(&w->run, w->prog, frames, n);
	run_end(&w->run);
	if (map_user_lookup(w->map, &key, w->results, 0))
		abort();
}

static void close_world(struct world *w)
{
	if (w->prog)
		object_put(&w->prog->obj);
	object_put(&w->map->obj);
	host_free(w->host);
}

/* A frame of @len bytes 0, 1, 2 ... with an Ethernet type of IPv4. */
static void make_frame(struct hook_frame *frame, u8 *buf, u32 len)
{
	*frame = (struct hook_frame){.buf = buf,
				     .size = HOOK_HEADROOM + len + HOOK_TAILROOM,
				     .off = HOOK_HEADROOM,
				     .len = len,
				     .ifindex = 3,
				     .rx_queue = 2,
				     .tstamp = 0x1122334455ull,
				     .verdict = 99};
	memset(buf, 0xee, frame->size);
	for (u32 i = 0; i < len; i++)
		buf[frame->off + i] = (u8)i;
	if (len >= 14)
		put_be16(buf + frame->off + 12, 0x0800);
}

static void begin(struct pair_prog *p, enum bpf_prog_type type)
{
	memset(p, 0, sizeof(*p));
	p->type = type;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
}

/* Verdict: the frame's second byte; and four bytes more in front when it is long enough. */
static void test_xdp(bool interpret)
{
	static u8 bufs[3][BUF];
	struct hook_frame frames[3];
	struct pair_prog p;
	struct world w;

	begin(&p, BPF_PROG_TYPE_XDP);
	PAIR_ADD(&p, LOAD(BPF_W, 2, PAIR_CTX, offsetof(struct xdp_md, data)),
		 LOAD(BPF_W, 3, PAIR_CTX, offsetof(struct xdp_md, data_end)), MOV_IMM(0, XDP_DROP),
		 MOV_REG(4, 2), ALU_IMM(BPF_ADD, 4, 20), JUMP_REG(BPF_JGT, 4, 3, 8),
		 LOAD(BPF_B, 7, 2, 1),
		 LOAD(BPF_W, 0, PAIR_CTX, offsetof(struct xdp_md, ingress_ifindex)),
		 STORE(BPF_B, 2, 0, 0), MOV_REG(1, PAIR_CTX), MOV_IMM(2, -4),
		 CALL(BPF_FUNC_xdp_adjust_head), MOV_REG(0, 7), EXIT(), EXIT());
	open_world(&w, &p, interpret);
	make_frame(&frames[0], bufs[0], 64);
	make_frame(&frames[1], bufs[1], 19);
	make_frame(&frames[2], bufs[2], 20);
	run_world(&w, frames, 3);
	check_eq(frames[0].verdict, 1);
	check_eq(frames[0].off, HOOK_HEADROOM - 4);
	check_eq(frames[0].len, 68);
	check_eq(bufs[0][HOOK_HEADROOM], 3);
	check_eq(bufs[0][HOOK_HEADROOM + 1], 1);
	check_eq(frames[1].verdict, XDP_DROP);
	check_eq(frames[1].len, 19);
	check_eq(frames[1].off, HOOK_HEADROOM);
	check_eq(frames[2].verdict, 1);
	check_eq(frames[2].len, 24);
	close_world(&w);
}

static void test_xdp_jit(void)
{
	test_xdp(false);
}

static void test_xdp_interpreter(void)
{
	test_xdp(true);
}

/* Without head room nothing moves, and no byte before the buffer is touched. */
static void test_xdp_no_room(void)
{
	static u8 buf[BUF];
	struct hook_frame frame;
	struct pair_prog p;
	struct world w;

	begin(&p, BPF_PROG_TYPE_XDP);
	PAIR_ADD(&p, MOV_IMM(2, -1), CALL(BPF_FUNC_xdp_adjust_head), MOV_REG(7, 0),
		 MOV_REG(1, PAIR_CTX), MOV_IMM(2, 1), CALL(BPF_FUNC_xdp_adjust_tail),
		 ALU_REG(BPF_ADD, 0, 7), EXIT());
	open_world(&w, &p, false);
	make_frame(&frame, buf, 64);
	frame.buf = buf + HOOK_HEADROOM;
	frame.off = 0;
	frame.size = 64;
	run_world(&w, &frame, 1);
	check_eq(frame.verdict, (u32)(-EINVAL - EINVAL));
	check_eq(frame.off, 0);
	check_eq(frame.len, 64);
	close_world(&w);
}

static void add_field(struct pair_prog *p, u32 i, u32 size_code, size_t off)
{
	PAIR_ADD(p, LOAD(size_code, 1, PAIR_CTX, off), STORE(BPF_DW, 9, i * 8, 1));
}

static void test_skb_context(void)
{
	static u8 buf[BUF];
	struct hook_frame frame;
	struct pair_prog p;
	struct world w;

	begin(&p, BPF_PROG_TYPE_SCHED_CLS);
	pair_add_results(&p, 9);
	add_field(&p, 0, BPF_W, offsetof(struct __sk_buff, len));
	add_field(&p, 1, BPF_W, offsetof(struct __sk_buff, protocol));
	add_field(&p, 2, BPF_W, offsetof(struct __sk_buff, ifindex));
	add_field(&p, 3, BPF_W, offsetof(struct __sk_buff, queue_mapping));
	add_field(&p, 4, BPF_DW, offsetof(struct __sk_buff, tstamp));
	add_field(&p, 5, BPF_W, offsetof(struct __sk_buff, wire_len));
	PAIR_ADD(&p, MOV_IMM(0, 2), EXIT());
	open_world(&w, &p, false);
	make_frame(&frame, buf, 64);
	frame.wire_len = 1500;
	run_world(&w, &frame, 1);
	check_eq(frame.verdict, 2);
	check_eq(w.results[0], 64);
	check_eq(w.results[1], host_to_be16(ETH_P_IP));
	check_eq(w.results[2], 3);
	check_eq(w.results[3], 3);
	check_eq(w.results[4], 0x1122334455);
	check_eq(w.results[5], 1500);
	close_world(&w);
}

/* Frames shorter than an Ethernet header pass through everything. */
static void test_skb_runt(void)
{
	static u8 buf[BUF];
	struct pair_prog p;
	struct world w;

	begin(&p, BPF_PROG_TYPE_SCHED_CLS);
	PAIR_ADD(&p, CALL(BPF_FUNC_skb_vlan_pop), MOV_REG(1, PAIR_CTX), MOV_IMM(2, 0x81),
		 MOV_IMM(3, 1), CALL(BPF_FUNC_skb_vlan_push), MOV_REG(1, PAIR_CTX),
		 MOV_IMM(2, 0x81), MOV_IMM(3, 1), CALL(BPF_FUNC_skb_vlan_push),
		 MOV_REG(1, PAIR_CTX), CALL(BPF_FUNC_get_hash_recalc), MOV_REG(1, PAIR_CTX),
		 CALL(BPF_FUNC_skb_ecn_set_ce), MOV_REG(1, PAIR_CTX), MOV_IMM(2, 5), MOV_IMM(3, 0),
		 CALL(BPF_FUNC_skb_change_tail), MOV_IMM(0, 0), EXIT());
	open_world(&w, &p, false);
	for (u32 len = 0; len < 14; len++) {
		struct hook_frame frame;

		make_frame(&frame, buf, len);
		run_world(&w, &frame, 1);
		check_eq(frame.verdict, 0);
		check(frame.off + frame.len <= frame.size);
	}
	close_world(&w);
}

static void test_skb_moves(void)
{
	static u8 buf[BUF];
	struct hook_frame frame;
	struct pair_prog p;
	struct world w;

	begin(&p, BPF_PROG_TYPE_SCHED_CLS);
	PAIR_ADD(&p, MOV_IMM(2, 8), MOV_IMM(3, BPF_ADJ_ROOM_MAC), MOV_IMM(4, 0),
		 CALL(BPF_FUNC_skb_adjust_room), MOV_REG(7, 0), MOV_REG(1, PAIR_CTX),
		 MOV_IMM(2, 100), MOV_IMM(3, 0), CALL(BPF_FUNC_skb_change_tail),
		 ALU_REG(BPF_OR, 0, 7), EXIT());
	open_world(&w, &p, false);
	make_frame(&frame, buf, 64);
	run_world(&w, &frame, 1);
	check_eq(frame.verdict, 0);
	check_eq(frame.off, HOOK_HEADROOM - 8);
	check_eq(frame.len, 100);
	check_eq(buf[HOOK_HEADROOM - 8 + 3], 3);
	check_eq(buf[HOOK_HEADROOM - 8 + 14], 0);
	check_eq(buf[HOOK_HEADROOM + 14], 14);
	check_eq(buf[HOOK_HEADROOM + 63], 63);
	check_eq(buf[HOOK_HEADROOM + 64], 0);
	check_eq(buf[HOOK_HEADROOM + 92], 0xee);
	close_world(&w);
}

/* A packet socket's filter: the Ethernet header is part of the packet. */
static void test_socket_filter(void)
{
	static u8 buf[BUF];
	struct hook_frame frame;
	struct pair_prog p;
	struct world w;

	begin(&p, BPF_PROG_TYPE_SOCKET_FILTER);
	PAIR_ADD(&p, INSN(BPF_LD | BPF_ABS | BPF_H, 0, 0, 0, 12), MOV_REG(7, 0),
		 INSN(BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, -0x100000), ALU_REG(BPF_ADD, 0, 7),
		 EXIT());
	open_world(&w, &p, false);
	make_frame(&frame, buf, 64);
	run_world(&w, &frame, 1);
	check_eq(frame.verdict, 0x0800 + 14);
	/* A load behind the end ends the program with 0. */
	make_frame(&frame, buf, 13);
	run_world(&w, &frame, 1);
	check_eq(frame.verdict, 0);
	close_world(&w);
}

int main(void)
{
	run_test(test_xdp_jit);
	run_test(test_xdp_interpreter);
	run_test(test_xdp_no_room);
	run_test(test_skb_context);
	run_test(test_skb_runt);
	run_test(test_skb_moves);
	run_test(test_socket_filter);
	return tap_done();
}

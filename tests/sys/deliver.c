/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that programs redirect arrive where the map, the number or the helper
 * says: in devices, on CPUs, in AF_XDP sockets; what programs of maps and devices
 * do to them on the way; and what is dropped.
 */
#include <errno.h>
#include <string.h>

#include "tap.h"

#include "base/bytes.h"
#include "helper/asm.h"
#include "helper/helper.h"
#include "hook/deliver.h"
#include "kernel/fib.h"
#include "kernel/sock.h"
#include "kernel/xdp.h"
#include "sys/engine.h"

#define DEVICES 4
#define CPUS	4

static struct {
	struct host *host;
	struct engine *engine;
	struct network *net;
	struct net_device *dev[DEVICES + 1]; /* by ifindex - 1: lo, then eth0 ... */
} w;

#define DEV(ifindex) w.dev[(ifindex)-1]

static void open_world(void)
{
	struct host_options opts;
	struct environment env;

	memset(&w, 0, sizeof(w));
	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = CPUS;
	opts.env = &env;
	if (host_new(&opts, &w.host) || engine_user_new(w.host, &w.engine))
		abort();
	w.net = network_of(w.host);
	w.dev[0] = w.net->loopback;
	for (u32 i = 1; i <= DEVICES; i++)
		check_eq(net_device_add(w.net, &(struct net_device_options){0}, &w.dev[i]), 0);
	check_eq(DEV(5)->ifindex, 5);
	check(!strcmp(DEV(3)->name, "eth1"));
}

static void close_world(void)
{
	engine_free(w.engine);
}

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(w.engine, cmd, attr, sizeof(*attr));
}

static int load(u32 type, u32 attach, const struct bpf_insn *insns, u32 n)
{
	static char log[65536];
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = n;
	attr.license = ptr_to_u64("GPL");
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = call(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		tap_fail("load: %d: %s", fd, log);
	return fd;
}
#define LOAD_XDP(attach, ...)                                                                      \
	({                                                                                         \
		const struct bpf_insn insns_[] = {__VA_ARGS__};                                    \
		load(BPF_PROG_TYPE_XDP, attach, insns_, ARRAY_SIZE(insns_));                       \
	})

static int create(u32 type, u32 value_size, u32 entries)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = value_size;
	attr.max_entries = entries;
	return call(BPF_MAP_CREATE, &attr);
}

static void put(int map, u32 key, u32 first, int prog)
{
	u32 value[2] = {first, (u32)prog};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map;
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(value);
	check_eq(call(BPF_MAP_UPDATE_ELEM, &attr), 0);
}

static int redirect_prog(int map, u32 key, u32 flags)
{
	return LOAD_XDP(0, LOAD_IMM64(1, BPF_PSEUDO_MAP_FD, map, 0), MOV_IMM(2, key),
			MOV_IMM(3, flags), CALL(BPF_FUNC_redirect_map), EXIT());
}

static u8 packet[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0, 0x45};

/* @n live frames that come in by a device; what the call answers. */
static int run_live(int prog, u32 ifindex, u32 n)
{
	struct xdp_md md = {.data_end = sizeof(packet), .ingress_ifindex = ifindex};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = ptr_to_u64(packet);
	attr.test.data_size_in = sizeof(packet);
	attr.test.ctx_in = ptr_to_u64(&md);
	attr.test.ctx_size_in = sizeof(md);
	attr.test.repeat = n;
	attr.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
	return call(BPF_PROG_TEST_RUN, &attr);
}

/* Frames that wait in a device; each as it was sent but for the first @changed bytes. */
static u32 count(struct net_device *dev, bool sent, u32 from, u32 changed)
{
	struct net_frame *frame;
	u32 n = 0;

	while ((frame = sent ? net_device_take_sent(dev) : net_device_take_received(dev))) {
		check_eq(frame->len, sizeof(packet));
		check_eq(frame->ifindex, from);
		check(!memcmp(frame->data + changed, packet + changed, sizeof(packet) - changed));
		net_frame_free(frame);
		n++;
	}
	return n;
}
#define SENT(ifindex, from)	count(DEV(ifindex), true, from, 0)
#define RECEIVED(ifindex, from) count(DEV(ifindex), false, from, 0)

static void nothing_else(void)
{
	for (u32 i = 0; i <= DEVICES; i++) {
		check(!w.dev[i]->host_sent.len);
		check(!w.dev[i]->host_received.len);
	}
}

static void test_devmap(void)
{
	int map, prog, drop, empty;

	open_world();
	map = create(BPF_MAP_TYPE_DEVMAP, 4, 8);
	put(map, 3, 4, 0);
	prog = redirect_prog(map, 3, 0);
	drop = redirect_prog(map, 2, XDP_DROP);
	empty = redirect_prog(map, 2, XDP_PASS);
	check_eq(run_live(prog, 2, 100), 0);
	check_eq(SENT(4, 2), 100);
	check_eq(DEV(4)->stats.tx_packets, 100);
	check_eq(DEV(4)->stats.tx_bytes, 100 * sizeof(packet));
	nothing_else();
	/* Where there is no element the flags say what happens. */
	check_eq(run_live(drop, 2, 1), 0);
	nothing_else();
	check_eq(run_live(empty, 2, 1), 0);
	check_eq(RECEIVED(2, 2), 1);
	nothing_else();
	/* The element's device has gone. */
	net_device_remove(DEV(4));
	w.dev[3] = w.dev[4];
	check_eq(run_live(prog, 2, 1), 0);
	nothing_else();
	close_world();
}

static void test_broadcast(u32 type)
{
	int map, all, others;

	open_world();
	map = create(type, 8, 100);
	for (u32 i = 2; i <= 5; i++)
		put(map, i * 7, i, 0);
	all = redirect_prog(map, 0, BPF_F_BROADCAST);
	others = redirect_prog(map, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
	check_eq(run_live(all, 3, 2), 0);
	for (u32 i = 2; i <= 5; i++)
		check_eq(SENT(i, 3), 2);
	check_eq(run_live(others, 3, 2), 0);
	for (u32 i = 2; i <= 5; i++)
		check_eq(SENT(i, 3), i == 3 ? 0 : 2);
	/* Not to those that cannot take it. */
	DEV(2)->flags &= ~(u32)IFF_UP;
	DEV(5)->mtu = 40;
	check_eq(run_live(others, 3, 1), 0);
	check_eq(SENT(4, 3), 1);
	nothing_else();
	close_world();
}

static void test_broadcasts(void)
{
	test_broadcast(BPF_MAP_TYPE_DEVMAP);
	test_broadcast(BPF_MAP_TYPE_DEVMAP_HASH);
}

/* Writes the two interfaces' numbers into the packet. */
static int marking_prog(u32 attach, u32 verdict)
{
	return LOAD_XDP(attach, LOAD(BPF_W, 2, 1, offsetof(struct xdp_md, data)),
			LOAD(BPF_W, 3, 1, offsetof(struct xdp_md, data_end)), MOV_REG(4, 2),
			ALU_IMM(BPF_ADD, 4, 14), JUMP_REG(BPF_JGT, 4, 3, 4),
			LOAD(BPF_W, 5, 1, offsetof(struct xdp_md, ingress_ifindex)),
			STORE(BPF_B, 2, 0, 5),
			attach == BPF_XDP_DEVMAP
				? LOAD(BPF_W, 5, 1, offsetof(struct xdp_md, egress_ifindex))
				: MOV_IMM(5, 77),
			STORE(BPF_B, 2, 1, 5), MOV_IMM(0, verdict), EXIT());
}

static void test_devmap_program(void)
{
	int map, prog;
	struct net_frame *frame;

	open_world();
	map = create(BPF_MAP_TYPE_DEVMAP_HASH, 8, 8);
	put(map, 1000, 4, marking_prog(BPF_XDP_DEVMAP, XDP_PASS));
	put(map, 1001, 4, marking_prog(BPF_XDP_DEVMAP, XDP_DROP));
	put(map, 1002, 4, marking_prog(BPF_XDP_DEVMAP, XDP_TX));
	prog = redirect_prog(map, 1000, 0);
	check_eq(run_live(prog, 3, 1), 0);
	frame = net_device_take_sent(DEV(4));
	check(frame);
	if (frame) {
		check_eq(frame->data[0], 3);
		check_eq(frame->data[1], 4);
		net_frame_free(frame);
	}
	check_eq(run_live(redirect_prog(map, 1001, 0), 3, 1), 0);
	check_eq(run_live(redirect_prog(map, 1002, 0), 3, 1), 0);
	nothing_else();
	close_world();
}

static void test_cpumap(void)
{
	int map, plain, marked, short_queue;
	struct net_frame *frame;

	open_world();
	map = create(BPF_MAP_TYPE_CPUMAP, 8, CPUS);
	put(map, 3, 192, 0);
	put(map, 2, 192, marking_prog(BPF_XDP_CPUMAP, XDP_PASS));
	put(map, 1, 10, 0);
	plain = redirect_prog(map, 3, 0);
	marked = redirect_prog(map, 2, 0);
	short_queue = redirect_prog(map, 1, 0);
	check_eq(run_live(plain, 2, 100), 0);
	for (u32 i = 0; i < 100 && (frame = net_device_take_received(DEV(2))); i++) {
		check_eq(frame->cpu, 3);
		net_frame_free(frame);
	}
	check_eq(DEV(2)->stats.rx_packets, 100);
	nothing_else();
	check_eq(run_live(marked, 4, 1), 0);
	frame = net_device_take_received(DEV(4));
	check(frame);
	if (frame) {
		check_eq(frame->cpu, 2);
		check_eq(frame->data[0], 4);
		check_eq(frame->data[1], 77);
		net_frame_free(frame);
	}
	/* What comes at once and does not fit is dropped. */
	check_eq(run_live(short_queue, 2, 64), 0);
	check_eq(RECEIVED(2, 2), 10);
	nothing_else();
	close_world();
}

/* On the CPU a program redirects further. */
static void test_cpumap_redirect(void)
{
	int cpus, devs, onward;

	open_world();
	cpus = create(BPF_MAP_TYPE_CPUMAP, 8, CPUS);
	devs = create(BPF_MAP_TYPE_DEVMAP, 8, CPUS);
	put(devs, 0, 5, 0);
	onward = LOAD_XDP(BPF_XDP_CPUMAP, LOAD_IMM64(1, BPF_PSEUDO_MAP_FD, devs, 0), MOV_IMM(2, 0),
			  MOV_IMM(3, 0), CALL(BPF_FUNC_redirect_map), EXIT());
	put(cpus, 1, 64, onward);
	check_eq(run_live(redirect_prog(cpus, 1, 0), 2, 5), 0);
	check_eq(SENT(5, 2), 5);
	nothing_else();
	close_world();
}

static void test_xskmap(void)
{
	struct xdp_sock *xs, *small;
	struct net_frame *frame;
	int map, prog;

	open_world();
	check_eq(xdp_sock_new(w.net, 99, 0, 0, &xs), -ENODEV);
	check_eq(xdp_sock_new(w.net, 2, 1, 0, &xs), -EINVAL);
	check_eq(xdp_sock_new(w.net, 2, 0, 0, &xs), 0);
	check_eq(xdp_sock_new(w.net, 2, 0, 3, &small), 0);
	sock_hold(&xs->sk);
	sock_hold(&small->sk);
	map = create(BPF_MAP_TYPE_XSKMAP, 4, 4);
	put(map, 1, (u32)sock_open(&xs->sk), 0);
	put(map, 2, (u32)sock_open(&small->sk), 0);
	prog = redirect_prog(map, 1, XDP_PASS);
	check_eq(run_live(prog, 2, 7), 0);
	for (u32 i = 0; i < 7; i++) {
		frame = xdp_sock_take(xs);
		check(frame && frame->len == sizeof(packet));
		net_frame_free(frame);
	}
	check(!xdp_sock_take(xs));
	/* Frames of another device are not for this socket. */
	check_eq(run_live(prog, 3, 1), 0);
	check(!xdp_sock_take(xs));
	check_eq(run_live(redirect_prog(map, 2, 0), 2, 5), 0);
	check_eq(small->host_received.len, 3);
	check_eq(small->rx_dropped, 2);
	/* What programs see of a socket is its queue. */
	prog = LOAD_XDP(0, STORE_IMM(BPF_W, 10, -4, 1), MOV_REG(2, 10), ALU_IMM(BPF_ADD, 2, -4),
			LOAD_IMM64(1, BPF_PSEUDO_MAP_FD, map, 0), CALL(BPF_FUNC_map_lookup_elem),
			JUMP_IMM(BPF_JEQ, 0, 0, 4), LOAD(BPF_W, 0, 0, 0),
			JUMP_IMM(BPF_JNE, 0, 0, 2), MOV_IMM(0, XDP_TX), EXIT(),
			MOV_IMM(0, XDP_DROP), EXIT());
	check_eq(run_live(prog, 2, 1), 0);
	check_eq(SENT(2, 2), 1);
	/* No socket there: the flags' verdict. */
	check_eq(run_live(redirect_prog(map, 3, XDP_PASS), 2, 1), 0);
	check_eq(RECEIVED(2, 2), 1);
	nothing_else();
	xdp_sock_put(xs);
	xdp_sock_put(small);
	close_world();
}

/* What programs read of a map's elements. */
static void test_lookup(void)
{
	int map, prog;
	union bpf_attr attr;

	open_world();
	map = create(BPF_MAP_TYPE_DEVMAP, 8, 4);
	put(map, 1, 5, 0);
	prog = LOAD_XDP(0, STORE_IMM(BPF_W, 10, -4, 1), MOV_REG(2, 10), ALU_IMM(BPF_ADD, 2, -4),
			LOAD_IMM64(1, BPF_PSEUDO_MAP_FD, map, 0), CALL(BPF_FUNC_map_lookup_elem),
			JUMP_IMM(BPF_JEQ, 0, 0, 1), LOAD(BPF_W, 0, 0, 0), EXIT());
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = ptr_to_u64(packet);
	attr.test.data_size_in = sizeof(packet);
	check_eq(call(BPF_PROG_TEST_RUN, &attr), 0);
	check_eq(attr.test.retval, 5);
	close_world();
}

static int by_number(u32 ifindex)
{
	return LOAD_XDP(0, MOV_IMM(1, ifindex), MOV_IMM(2, 0), CALL(BPF_FUNC_redirect), EXIT());
}

static void test_by_number(void)
{
	open_world();
	check_eq(run_live(by_number(4), 2, 3), 0);
	check_eq(SENT(4, 2), 3);
	check_eq(run_live(by_number(44), 2, 1), 0);
	check_eq(run_live(by_number(1), 2, 1), 0); /* Linux's lo takes none either */
	nothing_else();
	/* XDP_TX goes back by the device that the frame came in by. */
	check_eq(run_live(LOAD_XDP(0, MOV_IMM(0, XDP_TX), EXIT()), 5, 2), 0);
	check_eq(SENT(5, 5), 2);
	/* XDP_REDIRECT without a word where to. */
	check_eq(run_live(LOAD_XDP(0, MOV_IMM(0, XDP_REDIRECT), EXIT()), 5, 2), 0);
	nothing_else();
	close_world();
}

static struct prog *prog_behind(int fd)
{
	return prog_of(handle_get(w.host, fd));
}

/* What is sent by one end of a cable comes in by the other, where a program may see it. */
static void test_cable(void)
{
	struct prog *prog;
	struct net_frame *frame;

	open_world();
	net_device_connect(DEV(4), DEV(5));
	check_eq(run_live(by_number(4), 2, 2), 0);
	check_eq(RECEIVED(5, 5), 2);
	prog = prog_behind(marking_prog(0, XDP_PASS));
	check_eq(net_device_set_xdp(DEV(5), prog), 0);
	check_eq(run_live(by_number(4), 2, 1), 0);
	frame = net_device_take_received(DEV(5));
	check(frame && frame->data[0] == 5);
	net_frame_free(frame);
	object_put(&prog->obj);
	/* A program for devmaps is no program for devices. */
	prog = prog_behind(marking_prog(BPF_XDP_DEVMAP, XDP_PASS));
	check_eq(net_device_set_xdp(DEV(5), prog), -EINVAL);
	object_put(&prog->obj);
	/* Back by XDP_TX, on by a redirect. */
	prog = prog_behind(LOAD_XDP(0, MOV_IMM(0, XDP_TX), EXIT()));
	check_eq(net_device_set_xdp(DEV(5), prog), 0);
	object_put(&prog->obj);
	check_eq(run_live(by_number(4), 2, 1), 0);
	check_eq(RECEIVED(4, 4), 1);
	prog = prog_behind(by_number(3));
	check_eq(net_device_set_xdp(DEV(5), prog), 0);
	object_put(&prog->obj);
	check_eq(run_live(by_number(4), 2, 1), 0);
	check_eq(SENT(3, 5), 1);
	/* Two programs that play ball come to an end. */
	prog = prog_behind(LOAD_XDP(0, MOV_IMM(0, XDP_TX), EXIT()));
	check_eq(net_device_set_xdp(DEV(4), prog), 0);
	check_eq(net_device_set_xdp(DEV(5), prog), 0);
	object_put(&prog->obj);
	check_eq(run_live(by_number(4), 2, 1), 0);
	nothing_else();
	close_world();
}

static int run_tc(int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = ptr_to_u64(packet);
	attr.test.data_size_in = sizeof(packet);
	check_eq(call(BPF_PROG_TEST_RUN, &attr), 0);
	return (int)attr.test.retval;
}

static int clone_prog(u32 ifindex, u32 flags)
{
	const struct bpf_insn insns[] = {MOV_IMM(2, ifindex), MOV_IMM(3, flags),
					 CALL(BPF_FUNC_clone_redirect), EXIT()};

	return load(BPF_PROG_TYPE_SCHED_CLS, 0, insns, ARRAY_SIZE(insns));
}

static void test_clone_redirect(void)
{
	/* From the skb's place after the Ethernet header's 14 bytes the packet is IPv4. */
	packet[12] = 0x88;
	packet[13] = 0xb5;
	open_world();
	check_eq(run_tc(clone_prog(3, 0)), 0);
	check_eq(SENT(3, 1), 1);
	check_eq(run_tc(clone_prog(3, BPF_F_INGRESS)), 0);
	check_eq(RECEIVED(3, 3), 1);
	check_eq(run_tc(clone_prog(33, 0)), -EINVAL);
	check_eq(run_tc(clone_prog(3, 2)), -EINVAL);
	nothing_else();
	close_world();
	packet[12] = 8;
	packet[13] = 0;
}

/* With a new link header, towards the next hop that the routes tell. */
static void test_neigh(struct hook_frame *frame)
{
	const struct bpf_insn neigh[] = {MOV_IMM(1, 3),
					 MOV_IMM(2, 0),
					 MOV_IMM(3, 0),
					 MOV_IMM(4, 0),
					 CALL(BPF_FUNC_redirect_neigh),
					 EXIT()};
	struct fib_route route = {.family = AF_INET, .nexthop_cnt = 1};
	struct fib_neighbour to = {.family = AF_INET,
				   .ifindex = 3,
				   .addr = {10, 0, 0, 9},
				   .lladdr = {2, 9, 9, 9, 9, 9}};
	int fd = load(BPF_PROG_TYPE_SCHED_CLS, 0, neigh, ARRAY_SIZE(neigh));
	struct net_frame *sent;

	route.nexthop[0] =
		(struct fib_nexthop){.ifindex = 3, .gw_family = AF_INET, .gw = {10, 0, 0, 9}};
	check_eq(w.engine->ops->run_frames(w.engine, fd, frame, 1, NULL), 0);
	check_eq(fib_add_route(w.net, &route), 0);
	check_eq(w.engine->ops->run_frames(w.engine, fd, frame, 1, NULL), 0);
	nothing_else();
	check_eq(fib_add_neighbour(w.net, &to), 0);
	check_eq(w.engine->ops->run_frames(w.engine, fd, frame, 1, NULL), 0);
	sent = net_device_take_sent(DEV(3));
	check(sent && !memcmp(sent->data, to.lladdr, ETH_ALEN) &&
	      !memcmp(sent->data + ETH_ALEN, DEV(3)->dev_addr, ETH_ALEN) &&
	      !memcmp(sent->data + 12, packet + 12, sizeof(packet) - 12));
	net_frame_free(sent);
	memcpy(frame->buf + frame->off, packet, sizeof(packet));
}

/* A redirect of traffic control happens where packets are no test run's. */
static void test_tc_frames(void)
{
	const struct bpf_insn out[] = {MOV_IMM(1, 3), MOV_IMM(2, 0), CALL(BPF_FUNC_redirect),
				       EXIT()};
	const struct bpf_insn in[] = {MOV_IMM(1, 3), MOV_IMM(2, BPF_F_INGRESS),
				      CALL(BPF_FUNC_redirect), EXIT()};
	const struct bpf_insn peer[] = {MOV_IMM(1, 4), MOV_IMM(2, 0), CALL(BPF_FUNC_redirect_peer),
					EXIT()};
	u8 buf[HOOK_HEADROOM + sizeof(packet) + HOOK_TAILROOM] = {0};
	struct hook_frame frame = {.buf = buf,
				   .size = sizeof(buf),
				   .off = HOOK_HEADROOM,
				   .len = sizeof(packet),
				   .ifindex = 2};
	const struct engine_ops *ops;
	int fd;

	open_world();
	ops = w.engine->ops;
	net_device_connect(DEV(4), DEV(5));
	memcpy(buf + HOOK_HEADROOM, packet, sizeof(packet));
	fd = load(BPF_PROG_TYPE_SCHED_CLS, 0, out, ARRAY_SIZE(out));
	check_eq(ops->run_frames(w.engine, fd, &frame, 1, NULL), 0);
	check_eq(SENT(3, 2), 1);
	fd = load(BPF_PROG_TYPE_SCHED_CLS, 0, in, ARRAY_SIZE(in));
	check_eq(ops->run_frames(w.engine, fd, &frame, 1, NULL), 0);
	check_eq(RECEIVED(3, 3), 1);
	fd = load(BPF_PROG_TYPE_SCHED_CLS, 0, peer, ARRAY_SIZE(peer));
	check_eq(ops->run_frames(w.engine, fd, &frame, 1, NULL), 0);
	check_eq(RECEIVED(5, 5), 1);
	test_neigh(&frame);
	/* XDP likewise. */
	check_eq(ops->run_frames(w.engine, by_number(3), &frame, 1, NULL), 0);
	check_eq(frame.verdict, XDP_REDIRECT);
	check_eq(SENT(3, 2), 1);
	nothing_else();
	close_world();
}

/* A queue that nobody reads keeps so many frames and no more. */
static void test_full_queue(void)
{
	open_world();
	DEV(4)->tx_queue_len = 10;
	check_eq(run_live(by_number(4), 2, 25), 0);
	check_eq(DEV(4)->stats.tx_dropped, 15);
	check_eq(SENT(4, 2), 10);
	close_world();
}

int main(void)
{
	run_test(test_devmap);
	run_test(test_broadcasts);
	run_test(test_devmap_program);
	run_test(test_cpumap);
	run_test(test_cpumap_redirect);
	run_test(test_xskmap);
	run_test(test_lookup);
	run_test(test_by_number);
	run_test(test_cable);
	run_test(test_clone_redirect);
	run_test(test_tc_frames);
	run_test(test_full_queue);
	return tap_done();
}

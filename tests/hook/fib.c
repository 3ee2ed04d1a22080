/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_fib_lookup() and bpf_check_mtu() against the kernel's: a namespace of its
 * own is set up with ip(8), the host takes the network from it, and random
 * questions, wrong ones among them, must have the kernel's answers. Without the
 * kernel a network that the test gives is asked a few things.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "hook/pair.h"
#include "kernel/fib.h"
#include "kernel/sock.h"

#define QUESTIONS 1500
#define PARAMS	  ((s32)sizeof(struct bpf_fib_lookup))

/* What may fail (a module that is missing) is asked all the same: nothing has it then. */
static const char *const setup[] = {
	"ip link set lo up",
	"ip link add v0 address 02:00:00:00:00:10 type veth peer name v1",
	"ip link add v2 address 02:00:00:00:00:12 type veth peer name v3",
	"ip link add v4 type veth peer name v5",
	"ip link set v0 up",
	"ip link set v1 up",
	"ip link set v2 mtu 1400 up",
	"ip link set v3 up",
	"sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
	"sysctl -qw net.ipv4.conf.v3.forwarding=0 net.ipv6.conf.v3.forwarding=0",
	"ip addr add 10.0.0.1/24 dev v0",
	"ip addr add 10.0.1.1/24 dev v2",
	"ip addr add 10.0.1.2/24 dev v2",
	"ip addr add 10.0.2.1/30 dev v2",
	"ip -6 addr add fd00::1/64 dev v0 nodad",
	"ip -6 addr add fd00:1::1/64 dev v2 nodad",
	"ip -6 addr add fd00:2::1/48 dev v2 nodad",
	"ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0 nud permanent",
	"ip neigh add 10.0.1.9 lladdr 02:00:00:00:00:09 dev v2 nud permanent",
	"ip neigh add 10.0.0.4 lladdr 02:00:00:00:00:04 dev v0 nud stale",
	"ip neigh add 10.0.0.3 dev v0 nud failed",
	"ip -6 neigh add fd00::2 lladdr 02:00:00:00:00:22 dev v0 nud permanent",
	"ip -6 neigh add fd00:1::9 lladdr 02:00:00:00:00:29 dev v2 nud permanent",
	"ip route add 10.1.0.0/16 via 10.0.0.2",
	"ip route add 10.1.2.0/24 via 10.0.1.9 metric 5",
	"ip route add 10.1.2.0/24 via 10.0.0.2 metric 7",
	"ip route add blackhole 10.2.0.0/16",
	"ip route add unreachable 10.3.0.0/16",
	"ip route add prohibit 10.4.0.0/16",
	"ip route add throw 10.5.0.0/16",
	"ip route add 10.6.0.0/16 via 10.0.0.2 mtu lock 900",
	"ip route add 10.7.0.0/16 via inet6 fd00::2 dev v0",
	"ip route add 10.8.0.0/16 dev v0 src 10.0.1.1",
	"ip route add 10.9.0.0/16 via 10.0.0.2",
	"ip route add 10.9.0.0/16 tos 0x10 via 10.0.1.9",
	"ip route add 10.10.0.0/16 via 10.0.0.3",
	"ip route add 10.11.0.0/16 encap ip id 1 dst 10.0.0.2 dev v0",
	"ip route add default via 10.0.0.2",
	"ip route add default via 10.0.1.9 table 100",
	"ip route add 10.5.0.0/16 via 10.0.1.9 table 253",
	"ip rule add from 10.0.9.0/24 table 100",
	"ip rule add fwmark 7 table 100",
	"ip rule add iif v1 to 10.12.0.0/16 prohibit",
	"ip rule add to 10.13.0.0/16 unreachable",
	"ip rule add to 10.14.0.0/16 blackhole",
	"ip -6 route add fd01::/16 via fd00::2",
	"ip -6 route add fd01:2::/32 via fd00:1::9 metric 5",
	"ip -6 route add blackhole fd02::/16",
	"ip -6 route add unreachable fd03::/16",
	"ip -6 route add prohibit fd04::/16",
	"ip -6 route add fd06::/16 via fd00::2 mtu lock 1300",
	"ip -6 route add fd08::/16 dev v0 src fd00:1::1",
	"ip -6 route add default via fd00:1::9 table 100",
	"ip -6 rule add from fd09::/16 table 100",
	"ip -6 rule add fwmark 7 table 100",
	"ip -6 rule add to fd0d::/16 prohibit",
};

static u64 state;

static u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((state >> 33) % n);
}

static void choose_address4(u32 *addr)
{
	u8 a[4] = {10, (u8)below(16), (u8)below(4), (u8)(1 + below(10))};

	if (!below(12)) {
		a[0] = below(2) ? 127 : 192;
		a[3] = (u8)(below(2) ? 255 : 1);
	} else if (below(2)) {
		a[1] = 0;
		a[2] = (u8)below(3);
	}
	memcpy(addr, a, sizeof(a));
}

static void choose_address6(u32 *addr)
{
	u8 a[16] = {0xfd, (u8)below(15)};

	a[3] = (u8)below(4);
	a[15] = (u8)(1 + below(10));
	if (below(3) == 0)
		a[1] = 0;
	if (!below(20))
		a[0] = 0xfe, a[1] = 0x80;
	if (!below(20))
		a[0] = 0xff;
	memcpy(addr, a, sizeof(a));
}

static void choose_params(struct bpf_fib_lookup *p, u32 flags)
{
	static const u16 lengths[] = {0,    0,	  64,	900,  901,  1280, 1300,
				      1301, 1400, 1401, 1500, 1501, 9000, 65535};
	static const u32 tables[] = {254, 255, 253, 100, 77, 0};
	static const u8 families[] = {AF_INET,	AF_INET,  AF_INET6, AF_INET,
				      AF_INET6, AF_INET6, 0,	    5};

	memset(p, 0, sizeof(*p));
	p->family = families[below(below(10) ? 6 : 8)];
	p->l4_protocol = (u8)below(20);
	p->sport = (u16)below(65536);
	p->tot_len = lengths[below(ARRAY_SIZE(lengths))];
	p->ifindex = below(20) ? 1 + below(7) : below(100);
	if (p->family == AF_INET6) {
		p->flowinfo = below(2) ? 0 : below(1u << 20);
		choose_address6(p->ipv6_src);
		choose_address6(p->ipv6_dst);
	} else {
		p->tos = below(3) ? 0 : (u8)(0x10 + below(4));
		choose_address4(&p->ipv4_src);
		choose_address4(&p->ipv4_dst);
		if (!below(6))
			memcpy(&p->ipv4_src, (u8[]){10, 0, 9, 1}, 4);
	}
	if (flags & 8)
		p->tbid = tables[below(ARRAY_SIZE(tables))];
	p->mark = below(3) ? 0 : 7;
}

static u32 choose_flags(void)
{
	u32 flags = below(64) & below(64);

	return below(30) ? flags : flags | 64u << below(8);
}

/* The answer, then what became of the parameters. */
static void add_question(struct pair_prog *p, const struct bpf_fib_lookup *params, u32 flags,
			 s32 size)
{
	u32 words[sizeof(*params) / 4];

	memcpy(words, params, sizeof(words));
	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		PAIR_ADD(p, STORE_IMM(BPF_W, 10, -PARAMS + (s32)i * 4, (s32)words[i]));
	PAIR_ADD(p, MOV_REG(1, PAIR_CTX), MOV_REG(2, 10), ALU_IMM(BPF_ADD, 2, -PARAMS),
		 MOV_IMM(3, size), MOV_IMM(4, flags), CALL(BPF_FUNC_fib_lookup),
		 STORE(BPF_DW, 9, 0, 0));
	for (s32 i = 0; i < PARAMS / 8; i++)
		PAIR_ADD(p, LOAD(BPF_DW, 1, 10, -PARAMS + i * 8), STORE(BPF_DW, 9, 8 + i * 8, 1));
	PAIR_ADD(p, MOV_IMM(0, 0), EXIT());
}

static void add_mtu_question(struct pair_prog *p)
{
	static const s32 lengths[] = {0, 0, 1, 1386, 1400, 1401, 1500, 1501, 9000, 65536};
	static const s32 diffs[] = {0,	  0,	10,   -10,  -60,    1300,
				    1336, 1337, 1436, 1437, 100000, -100000};
	u32 ifindex = below(10) ? below(6) : 99;

	PAIR_ADD(p, STORE_IMM(BPF_W, 10, -8, lengths[below(ARRAY_SIZE(lengths))]),
		 MOV_REG(1, PAIR_CTX), MOV_IMM(2, ifindex), MOV_REG(3, 10), ALU_IMM(BPF_ADD, 3, -8),
		 MOV_IMM(4, diffs[below(ARRAY_SIZE(diffs))]), MOV_IMM(5, below(6) ? 0 : below(3)),
		 CALL(BPF_FUNC_check_mtu), STORE(BPF_DW, 9, 0, 0), LOAD(BPF_W, 1, 10, -8),
		 STORE(BPF_DW, 9, 8, 1), MOV_IMM(0, 0), EXIT());
}

static void begin(struct pair_prog *p)
{
	memset(p, 0, sizeof(*p));
	p->type = below(2) ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(p, 9);
}

static u8 packet[3000];
static char log_text[65536];

static void make_attr(const struct pair_prog *p, union bpf_attr *attr, u32 size,
		      struct __sk_buff *skb)
{
	memset(attr, 0, sizeof(*attr));
	attr->test.data_in = ptr_to_u64(packet);
	attr->test.data_size_in = size;
	if (p->type == BPF_PROG_TYPE_XDP)
		return;
	attr->test.ctx_in = ptr_to_u64(skb);
	attr->test.ctx_size_in = sizeof(*skb);
}

static void print_question(const struct bpf_fib_lookup *params, u32 flags)
{
	const u8 *bytes = (const u8 *)params;

	printf("# flags %#x, parameters", flags);
	for (s32 i = 0; i < PARAMS; i++)
		printf("%s%02x", i % 4 ? "" : " ", bytes[i]);
	printf("\n");
}

static void ask_both(struct host *host, const struct pair_prog *p,
		     const struct bpf_fib_lookup *params, u32 flags)
{
	u64 here[PAIR_RESULTS] = {0}, kernel[PAIR_RESULTS] = {0};
	struct __sk_buff skb = {.gso_size = below(8) ? 0 : 100};
	u32 size = below(2) ? 64 : below(2) ? 1514 + below(10) : 1400 + below(20);
	union bpf_attr attr;

	make_attr(p, &attr, size, &skb);
	check_eq(pair_run_here(host, p, here, &attr, log_text, sizeof(log_text)), 0);
	make_attr(p, &attr, size, &skb);
	check_eq(pair_run_kernel(p, kernel, &attr, log_text, sizeof(log_text)), 0);
	if (!memcmp(here, kernel, sizeof(here)))
		return;
	tap_fail("type %u, %u bytes: %lld here, %lld in Linux", p->type, size, (long long)here[0],
		 (long long)kernel[0]);
	if (!params)
		return;
	print_question(params, flags);
	print_question((const void *)(here + 1), (u32)here[0]);
	print_question((const void *)(kernel + 1), (u32)kernel[0]);
}

static void test_lookups(struct host *host)
{
	for (u32 i = 0; i < QUESTIONS; i++) {
		struct bpf_fib_lookup params;
		u32 flags = choose_flags();
		struct pair_prog p;

		begin(&p);
		choose_params(&params, flags);
		add_question(&p, &params, flags, below(20) ? PARAMS : PARAMS - 1);
		ask_both(host, &p, &params, flags);
	}
}

static void test_mtus(struct host *host)
{
	for (u32 i = 0; i < QUESTIONS / 4; i++) {
		struct pair_prog p;

		begin(&p);
		add_mtu_question(&p);
		ask_both(host, &p, NULL, 0);
	}
}

static bool set_up(void)
{
	if (system("ip -V >/dev/null 2>&1") || unshare(CLONE_NEWNET))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(setup); i++) {
		char line[256];

		snprintf(line, sizeof(line), "%s >/dev/null 2>&1", setup[i]);
		if (system(line))
			printf("# failed: %s\n", setup[i]);
	}
	return true;
}

static void test_kernel(void)
{
	struct host *host;

	tap_begin("lookups in the machine's own network are Linux's");
	if (!kernel_usable() || !set_up()) {
		tap_skip("bpf() or a network namespace is refused");
		tap_end();
		return;
	}
	check_eq(host_new(NULL, &host), 0);
	test_lookups(host);
	tap_end();
	tap_begin("checks of the MTU are Linux's");
	test_mtus(host);
	tap_end();
	host_free(host);
}

/* ---- a network that is given ---- */

static s64 look_up(struct host *host, struct bpf_fib_lookup *params, u32 flags)
{
	struct pair_prog p = {.type = BPF_PROG_TYPE_XDP};
	u64 results[PAIR_RESULTS] = {0};
	struct __sk_buff skb = {0};
	union bpf_attr attr;

	PAIR_ADD(&p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(&p, 9);
	add_question(&p, params, flags, PARAMS);
	make_attr(&p, &attr, 64, &skb);
	check_eq(pair_run_here(host, &p, results, &attr, log_text, sizeof(log_text)), 0);
	memcpy(params, results + 1, sizeof(*params));
	return (s64)results[0];
}

static void test_given(void)
{
	const struct net_device_options opts = {.forward = true, .addr = {2, 0, 0, 0, 0, 7}};
	struct fib_route route = {.family = AF_INET,
				  .prefix_len = 8,
				  .dst = {10, 1, 2, 3},
				  .metric = 40,
				  .nexthop_cnt = 1};
	struct fib_neighbour neighbour = {
		.family = AF_INET, .addr = {192, 168, 0, 1}, .lladdr = {2, 0, 0, 0, 0, 9}};
	struct bpf_fib_lookup params, asked = {.family = AF_INET, .tot_len = 100};
	struct net_device *in, *out;
	struct network *net;
	struct host *host;

	check_eq(host_new(NULL, &host), 0);
	net = network_of(host);
	check_eq(net_device_add(net, &opts, &in), 0);
	check_eq(net_device_add(net, &opts, &out), 0);
	route.nexthop[0] = (struct fib_nexthop){
		.ifindex = (u32)out->ifindex, .gw_family = AF_INET, .gw = {192, 168, 0, 1}};
	check_eq(fib_add_route(net, &route), 0);
	route.prefix_len = 33;
	check_eq(fib_add_route(net, &route), -EINVAL);
	asked.ifindex = (u32)in->ifindex;
	memcpy(&asked.ipv4_dst, (u8[]){10, 9, 9, 9}, 4);
	params = asked;
	check_eq(look_up(host, &params, 0), 7); /* no neighbour */
	neighbour.ifindex = (u32)out->ifindex;
	check_eq(fib_add_neighbour(net, &neighbour), 0);
	params = asked;
	check_eq(look_up(host, &params, 0), 0);
	check_eq(params.ifindex, out->ifindex);
	check_eq(params.rt_metric, 40);
	check(!memcmp(params.smac, opts.addr, 6));
	check(!memcmp(params.dmac, neighbour.lladdr, 6));
	check(!memcmp(&params.ipv4_dst, neighbour.addr, 4));
	memcpy(&asked.ipv4_dst, (u8[]){11, 9, 9, 9}, 4);
	params = asked;
	check_eq(look_up(host, &params, 0), 4); /* not forwarded */
	host_free(host);
}

int main(int argc, char **argv)
{
	state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	run_test(test_given);
	test_kernel();
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Headers that lightweight tunnels put before a packet. Where Linux's test runs
 * can do it too (IP headers on the way in) random ones have its results; it has
 * no route for a packet of a test run elsewhere, and those are compared with what
 * RFC 8754 and RFC 791 say.
 */
#include <string.h>

#include "tap.h"

#include "helper/csum.h"
#include "helper/functions.h"
#include "hook/pair.h"
#include "kernel/fib.h"
#include "kernel/sock.h"

#define RUNS 300
#define ROOM 80

static u64 state;

static u32 below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((state >> 33) % n);
}

static void store(struct pair_prog *p, const u8 *bytes)
{
	for (s32 i = 0; i < ROOM; i += 4)
		PAIR_ADD(p, STORE_IMM(BPF_W, 10, -ROOM + i, (s32)get_u32(bytes + i)));
}

static void make_program(struct pair_prog *p)
{
	static const u8 versions[] = {0x45, 0x45, 0x46, 0x4f, 0x60, 0x60, 0x50, 0};
	static const s32 sizes[] = {20, 20, 24, 28, 40, 40, 48, 47, 19, 60, 80};
	u8 bytes[ROOM];

	memset(p, 0, sizeof(*p));
	p->type = BPF_PROG_TYPE_LWT_IN;
	for (u32 i = 0; i < ROOM; i++)
		bytes[i] = (u8)below(256);
	bytes[0] = versions[below(ARRAY_SIZE(versions))];
	if (below(2))
		put_u16(bytes + 10, 0);
	if (below(3) == 0)
		bytes[9] = bytes[6] = 17;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(p, 9);
	store(p, bytes);
	PAIR_ADD(p, MOV_REG(1, PAIR_CTX), MOV_IMM(2, below(10) ? 2 : 3 + below(3)), MOV_REG(3, 10),
		 ALU_IMM(BPF_ADD, 3, -ROOM), MOV_IMM(4, sizes[below(ARRAY_SIZE(sizes))]),
		 CALL(BPF_FUNC_lwt_push_encap), STORE(BPF_DW, 9, 0, 0),
		 LOAD(BPF_W, 1, PAIR_CTX, offsetof(struct __sk_buff, len)), STORE(BPF_DW, 9, 8, 1),
		 LOAD(BPF_W, 1, PAIR_CTX, offsetof(struct __sk_buff, protocol)),
		 STORE(BPF_DW, 9, 16, 1), MOV_IMM(0, 0), EXIT());
}

static u8 packet[128];
static char log_text[65536];

static void make_attr(union bpf_attr *attr, u8 *out)
{
	memset(attr, 0, sizeof(*attr));
	memset(out, 0, 512);
	attr->test.data_in = ptr_to_u64(packet);
	attr->test.data_size_in = sizeof(packet);
	attr->test.data_out = ptr_to_u64(out);
	attr->test.data_size_out = 512;
}

static void test_ip(bool with_kernel)
{
	struct host *host;

	check_eq(host_new(NULL, &host), 0);
	for (u32 i = 0; i < RUNS; i++) {
		u64 here[PAIR_RESULTS] = {0}, kernel[PAIR_RESULTS] = {0};
		u8 out_here[512], out_kernel[512];
		struct pair_prog p;
		union bpf_attr attr;

		make_program(&p);
		make_attr(&attr, out_here);
		check_eq(pair_run_here(host, &p, here, &attr, log_text, sizeof(log_text)), 0);
		if (!with_kernel)
			continue;
		make_attr(&attr, out_kernel);
		check_eq(pair_run_kernel(&p, kernel, &attr, log_text, sizeof(log_text)), 0);
		if (memcmp(here, kernel, sizeof(here)))
			tap_fail("run %u: %lld, %llu bytes here, %lld, %llu bytes in Linux", i,
				 (long long)here[0], (unsigned long long)here[1],
				 (long long)kernel[0], (unsigned long long)kernel[1]);
		check(!memcmp(out_here, out_kernel, sizeof(out_here)));
	}
	host_free(host);
}

/* ---- segment routing ---- */

static const u8 segments[2][16] = {{0xfd, 9, [15] = 1}, {0xfd, 9, [15] = 2}};

static u32 make_srh(u8 *srh)
{
	memset(srh, 0, 40);
	srh[0] = 59;
	srh[1] = 4; /* words of 8 bytes behind the first */
	srh[2] = 4;
	srh[3] = 1;
	srh[4] = 1;
	memcpy(srh + 8, segments, sizeof(segments));
	return 40;
}

struct world {
	struct host *host;
	struct run run;
	struct sk_buff skb;
	u8 buf[512];
};

/* An IPv6 packet of 60 bytes, at its network header. */
static void open_world(struct world *w, bool route)
{
	struct fib_route to = {
		.family = AF_INET6, .prefix_len = 8, .dst = {0xfd}, .nexthop_cnt = 1};
	struct net_device *dev;
	u8 *ip = w->buf + 200;

	memset(w, 0, sizeof(*w));
	check_eq(host_new(NULL, &w->host), 0);
	check_eq(net_device_add(network_of(w->host), &(struct net_device_options){0}, &dev), 0);
	to.nexthop[0].ifindex = (u32)dev->ifindex;
	if (route)
		check_eq(fib_add_route(network_of(w->host), &to), 0);
	ip[0] = 0x6a;
	put_be16(ip + 4, 20);
	ip[6] = 17;
	ip[7] = 33;
	ip[24] = 0xfe;
	w->skb = (struct sk_buff){.head = w->buf,
				  .end = w->buf + sizeof(w->buf),
				  .data = ip,
				  .data_end = ip + 60,
				  .len = 60,
				  .ifindex = (u32)dev->ifindex,
				  .mac_header = 186,
				  .network_header = 200,
				  .protocol = host_to_be16(ETH_P_IPV6)};
	run_begin(&w->run, w->host);
}

static s64 encap(struct world *w, u32 type, const u8 *hdr, u32 len)
{
	return (s64)helper_lwt_in_push_encap(ptr_to_u64(&w->skb), type, ptr_to_u64(hdr), len, 0,
					     &w->run);
}

static void close_world(struct world *w)
{
	run_end(&w->run);
	host_free(w->host);
}

static void test_inline(void)
{
	struct world w;
	u8 srh[40], *ip;
	u32 len = make_srh(srh);

	open_world(&w, true);
	check_eq(encap(&w, 1, srh, len), 0);
	ip = w.skb.data;
	check_eq(w.skb.len, 100);
	check_eq(get_be16(ip + 4), 60);
	check_eq(ip[6], 43);
	check_eq(ip[40], 17);
	check(!memcmp(ip + 24, segments[1], 16));
	check_eq(ip[48], 0xfe);
	close_world(&w);
}

static void test_outer(void)
{
	struct world w;
	u8 srh[40], *ip;
	u32 len = make_srh(srh);

	open_world(&w, true);
	check_eq(encap(&w, 0, srh, len), 0);
	ip = w.skb.data;
	check_eq(w.skb.len, 140);
	check_eq(get_be16(ip + 4), 100);
	check_eq(ip[0], 0x6a);
	check_eq(ip[7], 33);
	check_eq(ip[40], 41);
	check_eq(ip[80], 0x6a);
	check(!memcmp(ip + 24, segments[1], 16));
	close_world(&w);
}

static void test_refused(void)
{
	struct world w;
	u8 srh[40];
	u32 len = make_srh(srh);

	open_world(&w, false);
	check_eq(encap(&w, 1, srh, len - 1), -EINVAL);
	check_eq(encap(&w, 3, srh, len), -EINVAL);
	srh[2] = 3;
	check_eq(encap(&w, 1, srh, len), -EINVAL);
	srh[2] = 4;
	srh[4] = 2; /* beyond its end */
	check_eq(encap(&w, 1, srh, len), -EINVAL);
	srh[4] = 0; /* 16 bytes of TLVs then, which begin with 0xfd */
	check_eq(encap(&w, 1, srh, len), -EINVAL);
	srh[4] = 1;
	w.skb.protocol = host_to_be16(ETH_P_IP);
	check_eq(encap(&w, 1, srh, len), -EBADMSG);
	check_eq(w.skb.len, 60);
	w.skb.protocol = host_to_be16(ETH_P_IPV6);
	check_eq(encap(&w, 1, srh, len), -ENETUNREACH);
	close_world(&w);
}

int main(int argc, char **argv)
{
	bool with_kernel = kernel_usable();

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)i;
	memcpy(packet + 12, "\x08\x00\x45", 3);
	tap_begin("IP headers are put before packets as Linux does");
	if (!with_kernel)
		tap_skip("bpf() is refused");
	test_ip(with_kernel);
	tap_end();
	run_test(test_inline);
	run_test(test_outer);
	run_test(test_refused);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_PROG_TEST_RUN of programs that see a struct __sk_buff. */
#include <string.h>

#include "helper/csum.h"
#include "helper/skb.h"
#include "helper/tunnel.h"
#include "hook/skb.h"
#include "kernel/netdev.h"
#include "kernel/sock.h"

#define TEST_HEADROOM 64u /* Linux's NET_SKB_PAD; counts against the page */
#define GSO_MAX_SEGS  65535u
#define WIRE_LEN_MAX  65536u

/* Linux reallocates where helpers need room; this much they may ever need. */
#define BUFFER_SIZE (2u * SKB_MAX_LEN + TEST_PAGE)

struct test {
	struct __sk_buff ctx;
	bool has_ctx;
	struct sock *sk; /* the packet's: a reference */
	struct skb_metadata metadata;
	struct sk_buff skb;
};

/* Fields of the context that the caller may set; all others must be zero. */
static const struct {
	u16 off, size;
} settable[] = {
#define SETTABLE(first, last)                                                                      \
	{                                                                                          \
		offsetof(struct __sk_buff, first), offsetof(struct __sk_buff, last) +              \
							   sizeof(((struct __sk_buff *)0)->last) - \
							   offsetof(struct __sk_buff, first)       \
	}
	SETTABLE(mark, mark),	    SETTABLE(priority, ifindex),  SETTABLE(cb, cb),
	SETTABLE(tstamp, gso_segs), SETTABLE(gso_size, gso_size), SETTABLE(hwtstamp, hwtstamp),
#undef SETTABLE
};

static bool only_settable(const struct __sk_buff *ctx)
{
	struct __sk_buff rest = *ctx;
	const u8 *p = (const u8 *)&rest;

	for (size_t i = 0; i < ARRAY_SIZE(settable); i++)
		memset((u8 *)&rest + settable[i].off, 0, settable[i].size);
	for (size_t i = 0; i < sizeof(rest); i++) {
		if (p[i])
			return false;
	}
	return true;
}

static int ctx_to_skb(struct test *test)
{
	const struct __sk_buff *ctx = &test->ctx;
	struct sk_buff *skb = &test->skb;

	if (!test->has_ctx)
		return 0;
	if (!only_settable(ctx))
		return -EINVAL;
	if (ctx->wire_len && (ctx->wire_len < skb->len || ctx->wire_len > WIRE_LEN_MAX))
		return -EINVAL;
	if (ctx->gso_segs > GSO_MAX_SEGS)
		return -EINVAL;
	skb->mark = ctx->mark;
	skb->priority = ctx->priority;
	skb->ingress_ifindex = ctx->ingress_ifindex;
	skb->tstamp = ctx->tstamp;
	memcpy(skb->cb, ctx->cb, sizeof(skb->cb));
	skb->wire_len = ctx->wire_len ? ctx->wire_len : skb->len;
	skb->gso_segs = (u16)ctx->gso_segs;
	skb->gso_size = (u16)ctx->gso_size;
	skb->hwtstamp = ctx->hwtstamp;
	return 0;
}

static void skb_to_ctx(struct test *test)
{
	struct __sk_buff *ctx = &test->ctx;
	const struct sk_buff *skb = &test->skb;

	ctx->mark = skb->mark;
	ctx->priority = skb->priority;
	ctx->ingress_ifindex = skb->ingress_ifindex;
	ctx->ifindex = skb->ifindex;
	ctx->tstamp = skb->tstamp;
	memcpy(ctx->cb, skb->cb, sizeof(ctx->cb));
	ctx->wire_len = skb->wire_len;
	ctx->gso_segs = skb->gso_segs;
	ctx->hwtstamp = skb->hwtstamp;
}

/* -EINVAL without an IP header. */
static int describe_socket(const struct sk_buff *skb, struct sock_spec *spec)
{
	const u8 *ip = skb_network_header(skb);
	u64 len = (u64)(skb->data_end - ip);

	switch (be16_to_host(skb->protocol)) {
	case ETH_P_IP:
		if (len < 20)
			return -EINVAL;
		spec->family = AF_INET;
		memcpy(spec->local, ip + 12, 4);
		memcpy(spec->remote, ip + 16, 4);
		return 0;
	case ETH_P_IPV6:
		if (len < 40)
			return -EINVAL;
		spec->family = AF_INET6;
		memcpy(spec->local, ip + 8, 16);
		memcpy(spec->remote, ip + 24, 16);
		return 0;
	default:
		return 0;
	}
}

/* The packet's socket: unconnected, of no type, with the packet's addresses. */
static int set_socket(struct host *host, struct test *test)
{
	struct sock_spec spec = {.type = SOCK_RAW};
	struct sk_buff *skb = &test->skb;
	int error = describe_socket(skb, &spec);

	if (!error)
		error = sock_create(host, &spec, &test->sk);
	if (error)
		return error;
	test->sk->sk_type = 0;
	skb->sk = test->sk;
	skb->family = spec.family;
	if (spec.family == AF_INET) {
		skb->local_ip4 = get_u32(spec.local);
		skb->remote_ip4 = get_u32(spec.remote);
	} else {
		memcpy(skb->local_ip6, spec.local, sizeof(skb->local_ip6));
		memcpy(skb->remote_ip6, spec.remote, sizeof(skb->remote_ip6));
	}
	return 0;
}

static int check_attr(const union bpf_attr *attr)
{
	u32 size = attr->test.data_size_in;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.flags & ~BPF_F_TEST_SKB_CHECKSUM_COMPLETE || attr->test.cpu ||
	    attr->test.batch_size)
		return -EINVAL;
	if (size < ETH_HLEN || size > TEST_PAGE - TEST_HEADROOM - TEST_TAILROOM)
		return -EINVAL;
	return 0;
}

static u32 network_sum(const struct sk_buff *skb)
{
	const u8 *start = skb_network_header(skb);

	/* A program may have moved the header beyond the end of what it left. */
	return start < skb->data_end ? csum_bytes(start, (size_t)(skb->data_end - start), 0) : 0;
}

/* The device that the packet comes in by, if it is another than the loopback one. */
static int set_device(struct host *host, struct test *test)
{
	struct network *net;
	struct net_device *dev;

	if (test->ctx.ifindex <= TEST_LOOPBACK)
		return 0;
	net = network_of(host);
	dev = net ? net_device_get(net, test->ctx.ifindex) : NULL;
	if (!dev)
		return net ? -ENODEV : -ENOMEM;
	skb_set_device(&test->skb, dev);
	net_device_put(dev);
	return 0;
}

/* From the frame in @buf to the skb as the program shall see it. */
static int prepare(struct host *host, const union bpf_attr *attr, struct test *test, u8 *buf,
		   bool at_mac)
{
	struct hook_frame frame = {.buf = buf,
				   .size = BUFFER_SIZE,
				   .off = SKB_MAX_LEN,
				   .len = attr->test.data_size_in,
				   .ifindex = TEST_LOOPBACK};
	struct sk_buff *skb = &test->skb;
	int error = test_copy_data(attr, buf + frame.off, frame.len);

	if (!error)
		error = test_copy_ctx(attr, &test->ctx, sizeof(test->ctx), &test->has_ctx);
	if (error)
		return error;
	skb_from_frame(skb, &frame);
	skb->metadata = &test->metadata;
	error = set_device(host, test);
	if (error)
		return error;
	skb->ingress_ifindex = 0;
	skb->queue_mapping = 0;
	skb->wire_len = 0;
	error = set_socket(host, test);
	if (error)
		return error;
	if (!at_mac)
		skb_pull(skb, ETH_HLEN);
	error = ctx_to_skb(test);
	if (!error && attr->test.flags & BPF_F_TEST_SKB_CHECKSUM_COMPLETE) {
		skb->csum = network_sum(skb);
		skb->ip_summed = CHECKSUM_COMPLETE;
	}
	return error;
}

static int finish(union bpf_attr *attr, struct test *test, bool at_mac, u32 retval, u32 duration)
{
	struct sk_buff *skb = &test->skb;
	int error;

	if (!at_mac) {
		if (skb_make_room(skb, ETH_HLEN, 0))
			return -ENOMEM;
		skb_push(skb, ETH_HLEN);
		memset(skb->data, 0, ETH_HLEN);
	}
	if (attr->test.flags & BPF_F_TEST_SKB_CHECKSUM_COMPLETE &&
	    csum_fold(skb->csum) != csum_fold(network_sum(skb)))
		return -EBADMSG;
	skb_to_ctx(test);
	error = test_finish(attr, skb->data, skb->len, retval, duration);
	if (!error)
		error = test_finish_ctx(attr, test->has_ctx ? &test->ctx : NULL, sizeof(test->ctx));
	return error;
}

int skb_test_run(struct host *host, struct prog *prog, union bpf_attr *attr, bool at_mac)
{
	struct test test = {0};
	u32 retval = 0, duration = 0;
	u8 *buf;
	int error = check_attr(attr);

	if (error)
		return error;
	buf = mem_zalloc(host->mem, BUFFER_SIZE);
	if (!buf)
		return -ENOMEM;
	error = prepare(host, attr, &test, buf, at_mac);
	if (!error)
		error = test_repeat(host, prog, &test.skb, attr->test.repeat, skb_legacy_load,
				    &retval, &duration);
	if (!error)
		error = finish(attr, &test, at_mac, retval, duration);
	sock_put(test.sk);
	mem_free(host->mem, buf);
	return error;
}

int skb_test_run_l3(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	return skb_test_run(host, prog, attr, false);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets on their way through netfilter, as kernel objects. */
#include <string.h>

#include "helper/skb.h"
#include "hook/rules.h"
#include "hook/skb.h"
#include "kernel/netfilter.h"

struct bpf_nf_ctx {
	u64 state; /* struct nf_hook_state * */
	u64 skb;   /* struct sk_buff * */
};

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_nf_ctx, state, CTX_READ, .value = CTX_BTF, .btf = "nf_hook_state"),
	RULE_FIELD(bpf_nf_ctx, skb, CTX_READ, .value = CTX_BTF, .btf = "sk_buff"),
};

/* To drop or to accept. */
static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_NETFILTER,
	.name = "netfilter",
	.ctx_name = "bpf_nf_ctx",
	.ctx_size = sizeof(struct bpf_nf_ctx),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.ctx_plain = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.attach_types = ATTACH(NETFILTER),
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

static const struct verdict_name verdicts[] = {
	{NF_DROP, "NF_DROP", false},
	{NF_ACCEPT, "NF_ACCEPT", true},
};

/* ---- BPF_PROG_TEST_RUN ---- */

#define TEST_HEADROOM 64u /* Linux's NET_SKB_PAD; counts against the page */
#define IPV4_HLEN     20u
#define IPV6_HLEN     40u

/* The caller says the family and the place, and may say nothing else. */
static int copy_state(struct nf_hook_state *state, const struct nf_hook_state *given)
{
	if (given->in || given->out || given->net || given->sk || given->okfn)
		return -EINVAL;
	if (given->pf != NFPROTO_IPV4 && given->pf != NFPROTO_IPV6)
		return -EINVAL;
	state->pf = given->pf;
	state->hook = given->hook;
	return 0;
}

/* What comes in has its Ethernet header, which must tell the family that was said. */
static int set_incoming(struct sk_buff *skb, u8 pf, u32 size)
{
	if (size < ETH_HLEN + IPV4_HLEN)
		return -EINVAL;
	switch (be16_to_host(skb->protocol)) {
	case ETH_P_IP:
		if (pf != NFPROTO_IPV4)
			return -EINVAL;
		break;
	case ETH_P_IPV6:
		if (size < ETH_HLEN + IPV6_HLEN || pf != NFPROTO_IPV6)
			return -EINVAL;
		break;
	default:
		return -EPROTO;
	}
	skb_pull(skb, ETH_HLEN);
	return 0;
}

/* What goes out is an IP packet, whatever its bytes say. */
static void set_outgoing(struct sk_buff *skb, u8 pf)
{
	skb->protocol = host_to_be16(pf == NFPROTO_IPV4 ? ETH_P_IP : ETH_P_IPV6);
	skb->pkt_type = PACKET_HOST;
	skb->network_header = skb->mac_header;
}

static int check_attr(const union bpf_attr *attr)
{
	u32 size = attr->test.data_size_in;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.flags || attr->test.cpu || attr->test.batch_size || size < IPV4_HLEN ||
	    size > TEST_PAGE - TEST_HEADROOM - TEST_TAILROOM)
		return -EINVAL;
	return 0;
}

static int prepare(const union bpf_attr *attr, struct nf_hook_state *state, struct sk_buff *skb,
		   u8 *buf)
{
	struct hook_frame frame = {.buf = buf,
				   .size = TEST_PAGE,
				   .off = TEST_HEADROOM,
				   .len = attr->test.data_size_in,
				   .ifindex = TEST_LOOPBACK};
	struct nf_hook_state given = {0};
	bool has_ctx;
	int error = test_copy_data(attr, buf + frame.off, frame.len);

	if (!error)
		error = test_copy_ctx(attr, &given, sizeof(given), &has_ctx);
	if (!error && has_ctx)
		error = copy_state(state, &given);
	if (error)
		return error;
	skb_from_frame(skb, &frame);
	if (state->hook != NF_INET_LOCAL_OUT)
		return set_incoming(skb, state->pf, frame.len);
	set_outgoing(skb, state->pf);
	return 0;
}

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct nf_hook_state state = {.hook = NF_INET_LOCAL_OUT, .pf = NFPROTO_IPV4};
	struct sk_buff skb;
	struct bpf_nf_ctx ctx = {.state = ptr_to_u64(&state), .skb = ptr_to_u64(&skb)};
	u8 buf[TEST_PAGE] = {0};
	u32 retval = 0, duration = 0;
	int error = check_attr(attr);

	if (!error)
		error = prepare(attr, &state, &skb, buf);
	if (!error)
		error = test_repeat(host, prog, &ctx, attr->test.repeat, NULL, &retval, &duration);
	return error ? error : test_finish(attr, NULL, 0, retval, duration);
}

const struct hook hook_netfilter = {
	.type = BPF_PROG_TYPE_NETFILTER,
	.name = "netfilter",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = NF_DROP,
	.test_run = test_run,
};

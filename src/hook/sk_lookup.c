/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which socket a new connection or datagram goes to. What programs see is the
 * beginning of the host's struct sk_lookup.
 */
#include <string.h>

#include "base/bytes.h"
#include "helper/sk_lookup.h"
#include "hook/rules.h"

#define PART (CTX_READ | CTX_NARROW)

/* 16 bits in Linux: what loads as many bytes gets them, whichever half it asks for. */
#define SHORT(field)                                                                               \
	{                                                                                          \
		.name = #field, .off = offsetof(struct bpf_sk_lookup, field), .size = sizeof(u32), \
		.elem = sizeof(u32), .flags = PART,                                                \
		.host_off = offsetof(struct bpf_sk_lookup, field) + (HOST_BIG_ENDIAN ? 2 : 0),     \
		.host_size = sizeof(u16)                                                           \
	}

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sk_lookup, sk, CTX_READ, .value = CTX_SOCK_OR_NULL),
	SHORT(family),
	SHORT(protocol),
	RULE_FIELD(bpf_sk_lookup, remote_ip4, PART),
	RULE_ARRAY(bpf_sk_lookup, remote_ip6, PART),
	/* With the zeros behind it, which were part of it once. */
	{.name = "remote_port",
	 .off = offsetof(struct bpf_sk_lookup, remote_port),
	 .size = sizeof(u32),
	 .elem = sizeof(u32),
	 .flags = PART,
	 .host_off = offsetof(struct bpf_sk_lookup, remote_port),
	 .host_size = sizeof(u32)},
	RULE_FIELD(bpf_sk_lookup, local_ip4, PART),
	RULE_ARRAY(bpf_sk_lookup, local_ip6, PART),
	SHORT(local_port),
	RULE_FIELD(bpf_sk_lookup, ingress_ifindex, PART),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SK_LOOKUP,
	.name = "sk_lookup",
	.ctx_name = "bpf_sk_lookup",
	.ctx_size = sizeof(struct bpf_sk_lookup),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF,
	.attach_types = ATTACH(SK_LOOKUP),
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

static const struct verdict_name verdicts[] = {
	{SK_DROP, "SK_DROP", false},
	{SK_PASS, "SK_PASS", true},
};

/* ---- BPF_PROG_TEST_RUN ---- */

struct test {
	const struct prog *prog;
	struct sk_lookup lookup;
	u64 cookie;    /* of the socket that was selected, or 0 */
	bool by_group; /* it shares its port, and the group would have to choose */
};

/* The socket is looked at while nothing that the program saw can go. */
static u32 look_up(struct run *run, void *arg)
{
	struct test *test = arg;
	struct sock *sk;
	u32 verdict;

	test->lookup.view.sk = NULL;
	verdict = (u32)prog_run_in(run, test->prog, &test->lookup);
	sk = verdict == SK_PASS ? sk_lookup_selected(&test->lookup) : NULL;
	test->by_group = sk && sk->__sk_common.skc_reuseport && !test->lookup.no_reuseport;
	test->cookie = sk ? sock_gen_cookie(sk) : 0;
	return verdict;
}

static int check_ctx(const struct bpf_sk_lookup *ctx)
{
	if (ctx->cookie || ctx->ingress_ifindex)
		return -EINVAL;
	if (ctx->local_port > UINT16_MAX)
		return -ERANGE;
	return 0;
}

/* What a lookup of Linux would say; addresses of the other family are not looked at. */
static int set_addresses(struct bpf_sk_lookup *to, const struct bpf_sk_lookup *ctx)
{
	to->family = (u16)ctx->family;
	to->protocol = (u16)ctx->protocol;
	to->local_port = ctx->local_port;
	to->remote_port = ctx->remote_port;
	switch (to->family) {
	case AF_INET:
		to->local_ip4 = ctx->local_ip4;
		to->remote_ip4 = ctx->remote_ip4;
		return 0;
	case AF_INET6:
		memcpy(to->local_ip6, ctx->local_ip6, sizeof(to->local_ip6));
		memcpy(to->remote_ip6, ctx->remote_ip6, sizeof(to->remote_ip6));
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

static int take(struct test *test, struct bpf_sk_lookup *ctx, const union bpf_attr *attr)
{
	bool has_ctx = false;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.flags || attr->test.cpu || attr->test.batch_size || attr->test.data_in ||
	    attr->test.data_size_in || attr->test.data_out || attr->test.data_size_out)
		return -EINVAL;
	error = test_copy_ctx(attr, ctx, sizeof(*ctx), &has_ctx);
	if (!error && !has_ctx)
		error = -EINVAL;
	if (!error)
		error = check_ctx(ctx);
	return error ? error : set_addresses(&test->lookup.view, ctx);
}

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct test test = {.prog = prog};
	struct bpf_sk_lookup ctx = {0};
	u32 retval = 0, duration = 0;
	int error = take(&test, &ctx, attr);

	if (!error)
		error = test_repeat_by(host, attr->test.repeat, look_up, &test, &retval, &duration);
	if (!error && test.by_group)
		error = -EOPNOTSUPP;
	if (error)
		return error;
	ctx.cookie = test.cookie;
	error = test_finish(attr, NULL, 0, retval, duration);
	return error ? error : test_finish_ctx(attr, &ctx, sizeof(ctx));
}

const struct hook hook_sk_lookup = {
	.type = BPF_PROG_TYPE_SK_LOOKUP,
	.name = "sk_lookup",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = SK_DROP,
	.test_run = test_run,
};

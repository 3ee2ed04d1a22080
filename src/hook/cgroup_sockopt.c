/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket options that a control group's tasks get and set. The option's value is
 * what a packet is to others; a test run takes it as data, a TCP socket with it.
 */
#include "hook/cgroup_test.h"
#include "hook/rules.h"
#include "kernel/sock.h"

#define GET ATTACH(CGROUP_GETSOCKOPT)
#define SET ATTACH(CGROUP_SETSOCKOPT)

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sockopt, sk, CTX_READ, .value = CTX_SOCK),
	RULE_FIELD(bpf_sockopt, optval, CTX_READ, .value = CTX_PACKET),
	RULE_FIELD(bpf_sockopt, optval_end, CTX_READ, .value = CTX_PACKET_END),
	RULE_FIELD(bpf_sockopt, level, CTX_READ | CTX_WRITE, .attach_write = SET),
	RULE_FIELD(bpf_sockopt, optname, CTX_READ | CTX_WRITE, .attach_write = SET),
	RULE_FIELD(bpf_sockopt, optlen, CTX_READ | CTX_WRITE),
	RULE_FIELD(bpf_sockopt, retval, CTX_READ | CTX_WRITE, .attach = GET),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_SOCKOPT,
	.name = "cgroup_sockopt",
	.ctx_name = "bpf_sockopt",
	.ctx_size = sizeof(struct bpf_sockopt),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.packet_write = true,
	.packet_any_helper = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.attach_types = GET | SET,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

/* Both copies that programs see: the option's value, and what Linux has behind the context. */
struct test {
	struct bpf_sockopt ctx;
	u8 value[TEST_PAGE];
};

static int run_on(struct host *host, struct prog *prog, union bpf_attr *attr, struct test *test)
{
	struct bpf_sockopt *ctx = &test->ctx;
	u32 size = attr->test.data_size_in;
	struct sock *sk;
	int error = group_test_sock(host, AF_INET, SOCK_STREAM, IPPROTO_TCP, &sk);

	if (error)
		return error;
	ctx->sk = (void *)sk;
	ctx->optval = test->value;
	ctx->optval_end = test->value + size;
	error = group_test_repeat(host, prog, ctx, attr, &ctx->retval);
	ctx->sk = NULL;
	ctx->optval = ctx->optval_end = NULL;
	sock_put(sk);
	if (error)
		return error;
	error = test_finish(attr, test->value, size, attr->test.retval, attr->test.duration);
	return error ? error : test_finish_ctx(attr, ctx, sizeof(*ctx));
}

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct test *test = mem_zalloc(host->mem, sizeof(*test));
	int error;

	if (!test)
		return -ENOMEM;
	error = group_test_ctx(attr, &test->ctx, sizeof(test->ctx), true);
	if (!error && (test->ctx.sk || test->ctx.optval || test->ctx.optval_end))
		error = -EINVAL;
	if (!error)
		error = test_copy_data(attr, test->value, attr->test.data_size_in);
	if (!error)
		error = run_on(host, prog, attr, test);
	mem_free(host->mem, test);
	return error;
}

GROUP_HOOK(cgroup_sockopt, CGROUP_SOCKOPT, rules, test_run);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that a control group's tasks bind, connect, send and receive: checked
 * and changed. What programs see is what a test run hands in, with a socket of
 * its family, type and protocol.
 */
#include "hook/cgroup_test.h"
#include "hook/rules.h"
#include "kernel/sock.h"

#define USER_IP4                                                                                   \
	(ATTACH(CGROUP_INET4_BIND) | ATTACH(CGROUP_INET4_CONNECT) |                                \
	 ATTACH(CGROUP_INET4_GETPEERNAME) | ATTACH(CGROUP_INET4_GETSOCKNAME) |                     \
	 ATTACH(CGROUP_UDP4_SENDMSG) | ATTACH(CGROUP_UDP4_RECVMSG))
#define USER_IP6                                                                                   \
	(ATTACH(CGROUP_INET6_BIND) | ATTACH(CGROUP_INET6_CONNECT) |                                \
	 ATTACH(CGROUP_INET6_GETPEERNAME) | ATTACH(CGROUP_INET6_GETSOCKNAME) |                     \
	 ATTACH(CGROUP_UDP6_SENDMSG) | ATTACH(CGROUP_UDP6_RECVMSG))
#define USER_UNIX                                                                                  \
	(ATTACH(CGROUP_UNIX_CONNECT) | ATTACH(CGROUP_UNIX_GETPEERNAME) |                           \
	 ATTACH(CGROUP_UNIX_GETSOCKNAME) | ATTACH(CGROUP_UNIX_SENDMSG) |                           \
	 ATTACH(CGROUP_UNIX_RECVMSG))
#define BIND (ATTACH(CGROUP_INET4_BIND) | ATTACH(CGROUP_INET6_BIND))
/* What tells an address cannot be refused. */
#define TELL                                                                                       \
	(ATTACH(CGROUP_UDP4_RECVMSG) | ATTACH(CGROUP_UDP6_RECVMSG) | ATTACH(CGROUP_UNIX_RECVMSG) | \
	 ATTACH(CGROUP_INET4_GETPEERNAME) | ATTACH(CGROUP_INET6_GETPEERNAME) |                     \
	 ATTACH(CGROUP_UNIX_GETPEERNAME) | ATTACH(CGROUP_INET4_GETSOCKNAME) |                      \
	 ATTACH(CGROUP_INET6_GETSOCKNAME) | ATTACH(CGROUP_UNIX_GETSOCKNAME))

#define CHANGED (CTX_READ | CTX_WRITE | CTX_NARROW)

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sock_addr, user_family, CTX_READ),
	RULE_FIELD(bpf_sock_addr, user_ip4, CHANGED, .attach = USER_IP4),
	RULE_ARRAY(bpf_sock_addr, user_ip6, CHANGED | CTX_WIDE, .attach = USER_IP6),
	RULE_FIELD(bpf_sock_addr, user_port, CHANGED),
	RULE_FIELD(bpf_sock_addr, family, CTX_READ),
	RULE_FIELD(bpf_sock_addr, type, CTX_READ),
	RULE_FIELD(bpf_sock_addr, protocol, CTX_READ),
	RULE_FIELD(bpf_sock_addr, msg_src_ip4, CHANGED, .attach = ATTACH(CGROUP_UDP4_SENDMSG)),
	RULE_ARRAY(bpf_sock_addr, msg_src_ip6, CHANGED | CTX_WIDE,
		   .attach = ATTACH(CGROUP_UDP6_SENDMSG)),
	RULE_FIELD(bpf_sock_addr, sk, CTX_READ, .value = CTX_SOCK),
};

static const struct ret_rule rets[] = {
	{TELL, {1, 1}},
	{BIND, {0, 3}},
	RET_BOOL,
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	.name = "cgroup_sock_addr",
	.ctx_name = "bpf_sock_addr",
	.ctx_size = sizeof(struct bpf_sock_addr),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.attach_types = USER_IP4 | USER_IP6 | USER_UNIX,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct bpf_sock_addr ctx = {0};
	struct sock *sk;
	int error = group_test_ctx(attr, &ctx, sizeof(ctx), false);

	if (!error && ctx.sk)
		error = -EINVAL;
	if (!error)
		error = group_test_sock(host, ctx.family, ctx.type, ctx.protocol, &sk);
	if (error)
		return error;
	ctx.sk = (void *)sk;
	error = group_test_repeat(host, prog, &ctx, attr, NULL);
	ctx.sk = NULL;
	sock_put(sk);
	return error ? error : test_finish_ctx(attr, &ctx, sizeof(ctx));
}

GROUP_HOOK(cgroup_sock_addr, CGROUP_SOCK_ADDR, rules, test_run);

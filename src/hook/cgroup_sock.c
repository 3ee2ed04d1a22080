/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of a control group: when they are made, bound and closed. Programs see
 * the socket itself. A test run makes one from the struct bpf_sock that it is
 * given, and gives back what has become of it.
 */
#include <string.h>

#include "hook/cgroup_test.h"
#include "hook/rules.h"
#include "kernel/sock.h"
#include "object/packet.h"

#define CREATE (ATTACH(CGROUP_INET_SOCK_CREATE) | ATTACH(CGROUP_INET_SOCK_RELEASE))
#define BIND4  ATTACH(CGROUP_INET4_POST_BIND)
#define BIND6  ATTACH(CGROUP_INET6_POST_BIND)

/* struct bpf_sock's field is the socket's member. */
#define MEMBER(field, access, member, ...)                                                         \
	{                                                                                          \
		.name = #field, .off = offsetof(struct bpf_sock, field),                           \
		.size = SIZE_OF(bpf_sock, field), .elem = sizeof(u32),                             \
		.flags = CTX_READ | (access), .host_off = offsetof(struct sock, member),           \
		.host_size = sizeof(((struct sock *)0)->member), ##__VA_ARGS__                     \
	}
#define SKC(name) __sk_common.skc_##name

static const struct ctx_field fields[] = {
	MEMBER(bound_dev_if, CTX_WRITE, SKC(bound_dev_if), .attach = CREATE),
	MEMBER(family, CTX_NARROW_FIRST, SKC(family)),
	MEMBER(type, CTX_NARROW_FIRST, sk_type),
	MEMBER(protocol, CTX_NARROW_FIRST, sk_protocol),
	MEMBER(mark, CTX_WRITE, sk_mark, .attach = CREATE),
	MEMBER(priority, CTX_WRITE, sk_priority, .attach = CREATE),
	MEMBER(src_ip4, CTX_NARROW, SKC(rcv_saddr), .attach = BIND4),
	MEMBER(src_ip6, CTX_NARROW, SKC(v6_rcv_saddr.in6_u.u6_addr32[0]), .attach = BIND6),
	MEMBER(src_port, CTX_NARROW_FIRST, SKC(num), .attach = BIND4 | BIND6),
	/* With the zeros behind it, which were part of it once. */
	{.name = "dst_port",
	 .off = offsetof(struct bpf_sock, dst_port),
	 .size = sizeof(u32),
	 .elem = sizeof(u32),
	 .flags = CTX_READ | CTX_NARROW_HALF,
	 .host_off = offsetof(struct sock, SKC(dport)),
	 .host_size = sizeof(u16)},
	MEMBER(dst_ip4, CTX_NARROW, SKC(daddr)),
	MEMBER(dst_ip6, CTX_NARROW, SKC(v6_daddr.in6_u.u6_addr32[0])),
	MEMBER(state, CTX_NARROW_FIRST, SKC(state)),
	MEMBER(rx_queue_mapping, CTX_NARROW_FIRST, __sk_common.host_rx_queue_mapping),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_SOCK,
	.name = "cgroup_sock",
	.ctx_name = "bpf_sock",
	.ctx_size = sizeof(struct bpf_sock),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.attach_types = CREATE | BIND4 | BIND6,
	.attach_default = BPF_CGROUP_INET_SOCK_CREATE,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

/* ---- BPF_PROG_TEST_RUN ---- */

static struct sock_spec spec_of(const struct bpf_sock *view)
{
	struct sock_spec spec = {
		.family = (u16)view->family,
		.type = (u16)view->type,
		.protocol = (u16)view->protocol,
		.state = (u8)view->state,
		.local_port = (u16)view->src_port,
		.remote_port = be16_to_host(view->dst_port),
		.bound_dev_if = (s32)view->bound_dev_if,
		.mark = view->mark,
		.priority = view->priority,
	};

	if (spec.family == AF_INET6) {
		memcpy(spec.local, view->src_ip6, 16);
		memcpy(spec.remote, view->dst_ip6, 16);
	} else {
		put_u32(spec.local, view->src_ip4);
		put_u32(spec.remote, view->dst_ip4);
	}
	return spec;
}

static struct bpf_sock view_of(const struct sock *sk)
{
	const struct sock_common *skc = &sk->__sk_common;
	struct bpf_sock view = {
		.bound_dev_if = (u32)skc->skc_bound_dev_if,
		.family = skc->skc_family,
		.type = sk->sk_type,
		.protocol = sk->sk_protocol,
		.mark = sk->sk_mark,
		.priority = sk->sk_priority,
		.src_ip4 = skc->skc_rcv_saddr,
		.src_port = skc->skc_num,
		.dst_port = skc->skc_dport,
		.dst_ip4 = skc->skc_daddr,
		.state = skc->skc_state,
		.rx_queue_mapping = skc->host_rx_queue_mapping,
	};

	memcpy(view.src_ip6, &skc->skc_v6_rcv_saddr, 16);
	memcpy(view.dst_ip6, &skc->skc_v6_daddr, 16);
	return view;
}

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct bpf_sock view = {0};
	struct sock_spec spec;
	struct sock *sk;
	int error = group_test_ctx(attr, &view, sizeof(view), false);

	if (error)
		return error;
	spec = spec_of(&view);
	error = sock_create(host, &spec, &sk);
	if (error)
		return error;
	error = group_test_repeat(host, prog, sk, attr, NULL);
	view = view_of(sk);
	sock_put(sk);
	return error ? error : test_finish_ctx(attr, &view, sizeof(view));
}

GROUP_HOOK(cgroup_sock, CGROUP_SOCK, rules, test_run);

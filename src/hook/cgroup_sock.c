/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of a cgroup: when they are made, bound and closed. */
#include "hook/rules.h"

#define CREATE (ATTACH(CGROUP_INET_SOCK_CREATE) | ATTACH(CGROUP_INET_SOCK_RELEASE))
#define BIND4  ATTACH(CGROUP_INET4_POST_BIND)
#define BIND6  ATTACH(CGROUP_INET6_POST_BIND)

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sock, bound_dev_if, CTX_READ | CTX_WRITE, .attach = CREATE),
	RULE_FIELD(bpf_sock, family, CTX_READ | CTX_NARROW_FIRST),
	RULE_FIELD(bpf_sock, type, CTX_READ | CTX_NARROW_FIRST),
	RULE_FIELD(bpf_sock, protocol, CTX_READ | CTX_NARROW_FIRST),
	RULE_FIELD(bpf_sock, mark, CTX_READ | CTX_WRITE, .attach = CREATE),
	RULE_FIELD(bpf_sock, priority, CTX_READ | CTX_WRITE, .attach = CREATE),
	RULE_FIELD(bpf_sock, src_ip4, CTX_READ | CTX_NARROW, .attach = BIND4),
	RULE_ARRAY(bpf_sock, src_ip6, CTX_READ | CTX_NARROW, .attach = BIND6),
	RULE_FIELD(bpf_sock, src_port, CTX_READ | CTX_NARROW_FIRST, .attach = BIND4 | BIND6),
	{.name = "dst_port",
	 .off = offsetof(struct bpf_sock, dst_port),
	 .size = sizeof(u32),
	 .elem = sizeof(u32),
	 .flags = CTX_READ | CTX_NARROW_HALF,
	 .host_off = offsetof(struct bpf_sock, dst_port),
	 .host_size = sizeof(u32)},
	RULE_FIELD(bpf_sock, dst_ip4, CTX_READ | CTX_NARROW),
	RULE_ARRAY(bpf_sock, dst_ip6, CTX_READ | CTX_NARROW),
	RULE_FIELD(bpf_sock, state, CTX_READ | CTX_NARROW_FIRST),
	RULE_FIELD(bpf_sock, rx_queue_mapping, CTX_READ | CTX_NARROW_FIRST),
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

RULES_ONLY(cgroup_sock, CGROUP_SOCK, rules);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which socket of a group that shares a port gets a packet. */
#include "helper/reuseport.h"
#include "hook/rules.h"
#include "hook/sock_test.h"

#define REUSE(field, access, ...)                                                                  \
	HOST_FIELD(sk_reuseport_md, field, access, sk_reuseport, field, ##__VA_ARGS__)

static const struct ctx_field fields[] = {
	REUSE(data, CTX_READ, .value = CTX_PACKET),
	REUSE(data_end, CTX_READ, .value = CTX_PACKET_END),
	REUSE(len, CTX_READ | CTX_NARROW),
	REUSE(eth_protocol, CTX_READ | CTX_NARROW_16),
	REUSE(ip_protocol, CTX_READ | CTX_NARROW),
	REUSE(bind_inany, CTX_READ | CTX_NARROW),
	REUSE(hash, CTX_READ),
	REUSE(sk, CTX_READ, .value = CTX_SOCK),
	REUSE(migrating_sk, CTX_READ, .value = CTX_SOCK_COMMON_OR_NULL),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SK_REUSEPORT,
	.name = "sk_reuseport",
	.ctx_name = "sk_reuseport_md",
	.ctx_size = sizeof(struct sk_reuseport_md),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.caps = HOST_CAP_BPF,
	.attach_types = ATTACH(SK_REUSEPORT_SELECT) | ATTACH(SK_REUSEPORT_SELECT_OR_MIGRATE),
	.attach_default = BPF_SK_REUSEPORT_SELECT,
};

static const struct verdict_name verdicts[] = {
	{SK_DROP, "SK_DROP", false},
	{SK_PASS, "SK_PASS", true},
};

const struct hook hook_sk_reuseport = {
	.type = BPF_PROG_TYPE_SK_REUSEPORT,
	.name = "sk_reuseport",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = SK_DROP,
	.test_run = sk_reuseport_test_run,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that sockets in a map send; hook/sock_data.c is where they go through programs. */
#include "hook/sk_msg.h"

#include "hook/rules.h"
#include "hook/sock_test.h"

#define MSG(field, ...) HOST_FIELD(sk_msg_md, field, CTX_READ, sk_msg, field, ##__VA_ARGS__)
#define MSG_ADDRESS(field)                                                                         \
	{                                                                                          \
		.name = #field, .off = offsetof(struct sk_msg_md, field),                          \
		.size = SIZE_OF(sk_msg_md, field), .elem = sizeof(u32), .flags = CTX_READ,         \
		.host_off = offsetof(struct sk_msg, field), .host_size = sizeof(u32)               \
	}

static const struct ctx_field fields[] = {
	MSG(data, .value = CTX_PACKET),
	MSG(data_end, .value = CTX_PACKET_END),
	MSG(family),
	MSG(remote_ip4),
	MSG(local_ip4),
	MSG_ADDRESS(remote_ip6),
	MSG_ADDRESS(local_ip6),
	MSG(remote_port),
	MSG(local_port),
	MSG(size),
	MSG(sk, .value = CTX_SOCK),
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_SK_MSG,
	.name = "sk_msg",
	.ctx_name = "sk_msg_md",
	.ctx_size = sizeof(struct sk_msg_md),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.packet_write = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
};

static const struct verdict_name verdicts[] = {
	{SK_DROP, "SK_DROP", false},
	{SK_PASS, "SK_PASS", true},
};

const struct hook hook_sk_msg = {
	.type = BPF_PROG_TYPE_SK_MSG,
	.name = "sk_msg",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = SK_DROP,
	.test_run = sk_msg_test_run,
};

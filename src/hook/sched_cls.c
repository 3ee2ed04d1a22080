/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traffic control: classifiers and actions, which see packets at a queueing
 * discipline or at TCX and may change them. Both types have the same rules.
 */
#include "hook/skb.h"

static const struct ctx_field fields[] = {
	SKB_FIELD(len, CTX_READ | CTX_NARROW),
	SKB_FIELD(pkt_type, CTX_READ | CTX_NARROW),
	SKB_FIELD(mark, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD(queue_mapping, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD(protocol, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_present, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_tci, CTX_READ | CTX_NARROW),
	SKB_FIELD(vlan_proto, CTX_READ | CTX_NARROW),
	SKB_FIELD(priority, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD(ingress_ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(ifindex, CTX_READ | CTX_NARROW),
	SKB_FIELD(tc_index, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD_ARRAY(cb, CTX_READ | CTX_WRITE | CTX_NARROW | CTX_WIDE | CTX_BYTES),
	SKB_FIELD(hash, CTX_READ | CTX_NARROW),
	SKB_FIELD(tc_classid, CTX_READ | CTX_WRITE | CTX_NARROW),
	SKB_FIELD_AS(data, CTX_READ, CTX_PACKET),
	SKB_FIELD_AS(data_end, CTX_READ, CTX_PACKET_END),
	SKB_FIELD(napi_id, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(data_meta, CTX_READ, CTX_PACKET_META),
	SKB_FIELD(tstamp, CTX_READ | CTX_WRITE),
	SKB_FIELD(wire_len, CTX_READ | CTX_NARROW),
	SKB_FIELD(gso_segs, CTX_READ | CTX_NARROW),
	SKB_FIELD_AS(sk, CTX_READ, CTX_SOCK_COMMON_OR_NULL),
	SKB_FIELD(gso_size, CTX_READ | CTX_NARROW),
	SKB_FIELD(tstamp_type, CTX_READ),
	SKB_FIELD(hwtstamp, CTX_READ),
};

#define TC_RULES(id, name_)                                                                        \
	{                                                                                          \
		.type = BPF_PROG_TYPE_##id, .name = name_, .ctx_name = "__sk_buff",                \
		.ctx_size = sizeof(struct __sk_buff), .fields = fields,                            \
		.field_cnt = ARRAY_SIZE(fields), .packet_read = true, .packet_write = true,        \
		.legacy_loads = true, .caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,                   \
	}
static const struct prog_rules cls_rules = TC_RULES(SCHED_CLS, "sched_cls");
static const struct prog_rules act_rules = TC_RULES(SCHED_ACT, "sched_act");

static const struct verdict_name verdicts[] = {
	{(u32)-1, "TC_ACT_UNSPEC", true}, {0, "TC_ACT_OK", true},
	{1, "TC_ACT_RECLASSIFY", true},	  {2, "TC_ACT_SHOT", false},
	{3, "TC_ACT_PIPE", true},	  {4, "TC_ACT_STOLEN", false},
	{5, "TC_ACT_QUEUED", false},	  {6, "TC_ACT_REPEAT", true},
	{7, "TC_ACT_REDIRECT", true},	  {8, "TC_ACT_TRAP", false},
};

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	return skb_test_run(host, prog, attr, true);
}

const struct hook hook_sched_cls = {
	.type = BPF_PROG_TYPE_SCHED_CLS,
	.name = "sched_cls",
	.rules = &cls_rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = 2, /* TC_ACT_SHOT */
	.run_frames = skb_run_frames,
	.test_run = test_run,
};

const struct hook hook_sched_act = {
	.type = BPF_PROG_TYPE_SCHED_ACT,
	.name = "sched_act",
	.rules = &act_rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = 2, /* TC_ACT_SHOT */
	.run_frames = skb_run_frames,
	.test_run = test_run,
};

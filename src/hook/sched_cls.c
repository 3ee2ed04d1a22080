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

static const u16 own_helpers[] = {
	HELPER_skb_store_bytes,
	HELPER_skb_load_bytes,
	HELPER_skb_load_bytes_relative,
	HELPER_skb_pull_data,
	HELPER_csum_diff,
	HELPER_csum_update,
	HELPER_csum_level,
	HELPER_l3_csum_replace,
	HELPER_l4_csum_replace,
	HELPER_clone_redirect,
	HELPER_get_cgroup_classid,
	HELPER_skb_vlan_push,
	HELPER_skb_vlan_pop,
	HELPER_skb_change_proto,
	HELPER_skb_change_type,
	HELPER_skb_adjust_room,
	HELPER_skb_change_tail,
	HELPER_skb_change_head,
	HELPER_skb_get_tunnel_key,
	HELPER_skb_set_tunnel_key,
	HELPER_skb_get_tunnel_opt,
	HELPER_skb_set_tunnel_opt,
	HELPER_redirect,
	HELPER_redirect_neigh,
	HELPER_redirect_peer,
	HELPER_get_route_realm,
	HELPER_get_hash_recalc,
	HELPER_set_hash_invalid,
	HELPER_set_hash,
	HELPER_skb_event_output,
	HELPER_get_smp_processor_id,
	HELPER_skb_under_cgroup,
	HELPER_get_socket_cookie,
	HELPER_get_socket_uid,
	HELPER_skb_fib_lookup,
	HELPER_skb_check_mtu,
	HELPER_sk_fullsock,
	HELPER_sk_storage_get,
	HELPER_sk_storage_delete,
	HELPER_skb_get_xfrm_state,
	HELPER_skb_cgroup_classid,
	HELPER_skb_cgroup_id,
	HELPER_skb_ancestor_cgroup_id,
	HELPER_sk_lookup_tcp,
	HELPER_sk_lookup_udp,
	HELPER_sk_release,
	HELPER_tcp_sock,
	HELPER_get_listener_sock,
	HELPER_skc_lookup_tcp,
	HELPER_tcp_check_syncookie,
	HELPER_skb_ecn_set_ce,
	HELPER_tcp_gen_syncookie,
	HELPER_sk_assign,
	HELPER_skb_set_tstamp,
	HELPER_tcp_raw_gen_syncookie_ipv4,
	HELPER_tcp_raw_gen_syncookie_ipv6,
	HELPER_tcp_raw_check_syncookie_ipv4,
	HELPER_tcp_raw_check_syncookie_ipv6,
	HELPER_skc_to_tcp6_sock,
	HELPER_skc_to_tcp_sock,
	HELPER_skc_to_tcp_timewait_sock,
	HELPER_skc_to_tcp_request_sock,
	HELPER_skc_to_udp6_sock,
	HELPER_skc_to_unix_sock,
	HELPER_skc_to_mptcp_sock,
	HELPER_ktime_get_coarse_ns,
};
static const struct helper_set own_set = {own_helpers, ARRAY_SIZE(own_helpers)};
static const struct helper_set *const helpers[] = {&own_set, &helper_set_base, NULL};

#define TC_RULES(type_name)                                                                        \
	{                                                                                          \
		.name = type_name, .ctx_name = "__sk_buff", .ctx_size = sizeof(struct __sk_buff),  \
		.fields = fields, .field_cnt = ARRAY_SIZE(fields), .helpers = helpers,             \
		.packet_read = true, .packet_write = true, .ret_range = rule_any_return,           \
		.check_attach = rule_any_attach, .legacy_loads = true,                             \
	}
static const struct prog_rules cls_rules = TC_RULES("sched_cls");
static const struct prog_rules act_rules = TC_RULES("sched_act");

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
	.run_frames = skb_run_frames,
	.test_run = test_run,
};

const struct hook hook_sched_act = {
	.type = BPF_PROG_TYPE_SCHED_ACT,
	.name = "sched_act",
	.rules = &act_rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.run_frames = skb_run_frames,
	.test_run = test_run,
};

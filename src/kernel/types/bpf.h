/* SPDX-License-Identifier: BSD-2-Clause */
/* Types of the eBPF system itself that kernel functions take: iterators, sets of CPUs. */
#ifndef ANYBPF_KERNEL_TYPES_BPF_H
#define ANYBPF_KERNEL_TYPES_BPF_H

#include "isa/uapi_structs.h"
#include "kernel/types/base.h"

struct bpf_iter_num {
	u64 __opaque[1];
} __attribute__((aligned(8)));

struct bpf_iter_bits {
	u64 __opaque[2];
} __attribute__((aligned(8)));

struct bpf_iter_task_vma {
	u64 __opaque[1];
} __attribute__((aligned(8)));

struct bpf_iter_css_task {
	u64 __opaque[1];
} __attribute__((aligned(8)));

struct bpf_iter_css {
	u64 __opaque[3];
} __attribute__((aligned(8)));

struct bpf_iter_task {
	u64 __opaque[3];
} __attribute__((aligned(8)));

struct bpf_crypto_params {
	char type[14];
	u8 reserved[2];
	char algo[128];
	u8 key[256];
	u32 key_len;
	u32 authsize;
};

struct bpf_tcp_req_attrs {
	u32 rcv_tsval;
	u32 rcv_tsecr;
	u16 mss;
	u8 rcv_wscale;
	u8 snd_wscale;
	u8 ecn_ok;
	u8 wscale_ok;
	u8 sack_ok;
	u8 tstamp_ok;
	u8 usec_ts_ok;
	u8 reserved[3];
};

/* The beginning of struct map (map/map.h): a map's address is that of one of these. */
struct bpf_map {
	u64 host_object[4]; /* struct object */
	u64 host_ops;
	enum bpf_map_type map_type;
	u32 id;
	u32 key_size;
	u32 value_size;
	u32 max_entries;
	u32 map_flags;
	u64 map_extra;
	char name[16];
};

/* What maps of each type are to programs: nothing but that. */
struct bpf_htab {
	struct bpf_map map;
};

struct bpf_array {
	struct bpf_map map;
};

struct bpf_stack_map {
	struct bpf_map map;
};

struct lpm_trie {
	struct bpf_map map;
};

struct bpf_dtab {
	struct bpf_map map;
};

struct bpf_stab {
	struct bpf_map map;
};

struct bpf_cpu_map {
	struct bpf_map map;
};

struct xsk_map {
	struct bpf_map map;
};

struct bpf_shtab {
	struct bpf_map map;
};

struct bpf_cgroup_storage_map {
	struct bpf_map map;
};

struct reuseport_array {
	struct bpf_map map;
};

struct bpf_queue_stack {
	struct bpf_map map;
};

struct bpf_local_storage_map {
	struct bpf_map map;
};

struct bpf_struct_ops_map {
	struct bpf_map map;
};

struct bpf_ringbuf_map {
	struct bpf_map map;
};

struct bpf_bloom_filter {
	struct bpf_map map;
};

struct bpf_arena {
	struct bpf_map map;
};

/* ---- what kernel functions take by number ---- */

enum xdp_rss_hash_type {
	XDP_RSS_L3_IPV4 = 1,
	XDP_RSS_L3_IPV6 = 2,
	XDP_RSS_L3_DYNHDR = 4,
	XDP_RSS_L4 = 8,
	XDP_RSS_L4_TCP = 16,
	XDP_RSS_L4_UDP = 32,
	XDP_RSS_L4_SCTP = 64,
	XDP_RSS_L4_IPSEC = 128,
	XDP_RSS_L4_ICMP = 256,
	XDP_RSS_TYPE_NONE = 0,
	XDP_RSS_TYPE_L2 = 0,
	XDP_RSS_TYPE_L3_IPV4 = 1,
	XDP_RSS_TYPE_L3_IPV6 = 2,
	XDP_RSS_TYPE_L3_IPV4_OPT = 5,
	XDP_RSS_TYPE_L3_IPV6_EX = 6,
	XDP_RSS_TYPE_L4_ANY = 8,
	XDP_RSS_TYPE_L4_IPV4_TCP = 25,
	XDP_RSS_TYPE_L4_IPV4_UDP = 41,
	XDP_RSS_TYPE_L4_IPV4_SCTP = 73,
	XDP_RSS_TYPE_L4_IPV4_IPSEC = 137,
	XDP_RSS_TYPE_L4_IPV4_ICMP = 265,
	XDP_RSS_TYPE_L4_IPV6_TCP = 26,
	XDP_RSS_TYPE_L4_IPV6_UDP = 42,
	XDP_RSS_TYPE_L4_IPV6_SCTP = 74,
	XDP_RSS_TYPE_L4_IPV6_IPSEC = 138,
	XDP_RSS_TYPE_L4_IPV6_ICMP = 266,
	XDP_RSS_TYPE_L4_IPV6_TCP_EX = 30,
	XDP_RSS_TYPE_L4_IPV6_UDP_EX = 46,
	XDP_RSS_TYPE_L4_IPV6_SCTP_EX = 78,
};

enum tcp_ca_event {
	CA_EVENT_TX_START = 0,
	CA_EVENT_CWND_RESTART = 1,
	CA_EVENT_COMPLETE_CWR = 2,
	CA_EVENT_LOSS = 3,
	CA_EVENT_ECN_NO_CE = 4,
	CA_EVENT_ECN_IS_CE = 5,
};

/* ---- iterator programs ---- */

struct seq_file;

/* What is first of every iterator program's context. */
struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

/* An argument of functions that are there to be traced by tests. */
struct bpf_fentry_test_t {
	struct bpf_fentry_test_t *a;
};

#endif

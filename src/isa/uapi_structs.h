/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The structures of Linux 6.12's eBPF interface that programs and clients
 * see: contexts of program types, arguments of helpers, information about
 * objects. See isa/uapi.h.
 */
#ifndef ANYBPF_ISA_UAPI_STRUCTS_H
#define ANYBPF_ISA_UAPI_STRUCTS_H

#include "isa/uapi.h"

/* ---- flags of helpers ---- */

enum {
	BPF_F_RECOMPUTE_CSUM = (1ULL << 0),
	BPF_F_INVALIDATE_HASH = (1ULL << 1),
};

enum {
	BPF_F_HDR_FIELD_MASK = 0xfULL,
};

enum {
	BPF_F_PSEUDO_HDR = (1ULL << 4),
	BPF_F_MARK_MANGLED_0 = (1ULL << 5),
	BPF_F_MARK_ENFORCE = (1ULL << 6),
	BPF_F_IPV6 = (1ULL << 7),
};

enum {
	BPF_F_TUNINFO_IPV6 = (1ULL << 0),
};

enum {
	BPF_F_SKIP_FIELD_MASK = 0xffULL,
	BPF_F_USER_STACK = (1ULL << 8),
	BPF_F_FAST_STACK_CMP = (1ULL << 9),
	BPF_F_REUSE_STACKID = (1ULL << 10),
	BPF_F_USER_BUILD_ID = (1ULL << 11),
};

enum {
	BPF_F_ZERO_CSUM_TX = (1ULL << 1),
	BPF_F_DONT_FRAGMENT = (1ULL << 2),
	BPF_F_SEQ_NUMBER = (1ULL << 3),
	BPF_F_NO_TUNNEL_KEY = (1ULL << 4),
};

enum {
	BPF_F_TUNINFO_FLAGS = (1ULL << 4),
};

enum {
	BPF_F_INDEX_MASK = 0xffffffffULL,
	BPF_F_CURRENT_CPU = BPF_F_INDEX_MASK,
	BPF_F_CTXLEN_MASK = (0xfffffULL << 32),
};

enum {
	BPF_F_CURRENT_NETNS = (-1L),
};

enum {
	BPF_CSUM_LEVEL_QUERY,
	BPF_CSUM_LEVEL_INC,
	BPF_CSUM_LEVEL_DEC,
	BPF_CSUM_LEVEL_RESET,
};

enum {
	BPF_F_ADJ_ROOM_FIXED_GSO = (1ULL << 0),
	BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 = (1ULL << 1),
	BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 = (1ULL << 2),
	BPF_F_ADJ_ROOM_ENCAP_L4_GRE = (1ULL << 3),
	BPF_F_ADJ_ROOM_ENCAP_L4_UDP = (1ULL << 4),
	BPF_F_ADJ_ROOM_NO_CSUM_RESET = (1ULL << 5),
	BPF_F_ADJ_ROOM_ENCAP_L2_ETH = (1ULL << 6),
	BPF_F_ADJ_ROOM_DECAP_L3_IPV4 = (1ULL << 7),
	BPF_F_ADJ_ROOM_DECAP_L3_IPV6 = (1ULL << 8),
};

enum {
	BPF_ADJ_ROOM_ENCAP_L2_MASK = 0xff,
	BPF_ADJ_ROOM_ENCAP_L2_SHIFT = 56,
};

enum {
	BPF_F_SYSCTL_BASE_NAME = (1ULL << 0),
};

enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = (1ULL << 0),
	BPF_SK_STORAGE_GET_F_CREATE = BPF_LOCAL_STORAGE_GET_F_CREATE,
};

enum {
	BPF_F_GET_BRANCH_RECORDS_SIZE = (1ULL << 0),
};

enum {
	BPF_RB_NO_WAKEUP = (1ULL << 0),
	BPF_RB_FORCE_WAKEUP = (1ULL << 1),
};

enum {
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE = 1,
	BPF_RB_CONS_POS = 2,
	BPF_RB_PROD_POS = 3,
};

enum {
	BPF_RINGBUF_BUSY_BIT = (1U << 31),
	BPF_RINGBUF_DISCARD_BIT = (1U << 30),
	BPF_RINGBUF_HDR_SZ = 8,
};

enum {
	BPF_SK_LOOKUP_F_REPLACE = (1ULL << 0),
	BPF_SK_LOOKUP_F_NO_REUSEPORT = (1ULL << 1),
};

enum bpf_adj_room_mode {
	BPF_ADJ_ROOM_NET,
	BPF_ADJ_ROOM_MAC,
};

enum bpf_hdr_start_off {
	BPF_HDR_START_MAC,
	BPF_HDR_START_NET,
};

enum bpf_lwt_encap_mode {
	BPF_LWT_ENCAP_SEG6,
	BPF_LWT_ENCAP_SEG6_INLINE,
	BPF_LWT_ENCAP_IP,
};

enum {
	BPF_F_BPRM_SECUREEXEC = (1ULL << 0),
};

enum {
	BPF_F_INGRESS = (1ULL << 0),
	BPF_F_BROADCAST = (1ULL << 3),
	BPF_F_EXCLUDE_INGRESS = (1ULL << 4),
};

/* ---- contexts as programs see them ---- */

#define __bpf_md_ptr(type, name)                                                                   \
	union {                                                                                    \
		type name;                                                                         \
		u64 : 64;                                                                          \
	} __attribute__((aligned(8)))

struct __sk_buff {
	u32 len;
	u32 pkt_type;
	u32 mark;
	u32 queue_mapping;
	u32 protocol;
	u32 vlan_present;
	u32 vlan_tci;
	u32 vlan_proto;
	u32 priority;
	u32 ingress_ifindex;
	u32 ifindex;
	u32 tc_index;
	u32 cb[5];
	u32 hash;
	u32 tc_classid;
	u32 data;
	u32 data_end;
	u32 napi_id;
	u32 family;
	u32 remote_ip4;
	u32 local_ip4;
	u32 remote_ip6[4];
	u32 local_ip6[4];
	u32 remote_port;
	u32 local_port;
	u32 data_meta;
	__bpf_md_ptr(struct bpf_flow_keys *, flow_keys);
	u64 tstamp;
	u32 wire_len;
	u32 gso_segs;
	__bpf_md_ptr(struct bpf_sock *, sk);
	u32 gso_size;
	u8 tstamp_type;
	u32 : 24;
	u64 hwtstamp;
};

struct bpf_tunnel_key {
	u32 tunnel_id;
	union {
		u32 remote_ipv4;
		u32 remote_ipv6[4];
	};
	u8 tunnel_tos;
	u8 tunnel_ttl;
	union {
		u16 tunnel_ext;
		u16 tunnel_flags;
	};
	u32 tunnel_label;
	union {
		u32 local_ipv4;
		u32 local_ipv6[4];
	};
};

struct bpf_xfrm_state {
	u32 reqid;
	u32 spi;
	u16 family;
	u16 ext;
	union {
		u32 remote_ipv4;
		u32 remote_ipv6[4];
	};
};

struct xdp_md {
	u32 data;
	u32 data_end;
	u32 data_meta;
	u32 ingress_ifindex;
	u32 rx_queue_index;
	u32 egress_ifindex;
};

struct bpf_sock {
	u32 bound_dev_if;
	u32 family;
	u32 type;
	u32 protocol;
	u32 mark;
	u32 priority;
	u32 src_ip4;
	u32 src_ip6[4];
	u32 src_port;
	u16 dst_port;
	u16 : 16;
	u32 dst_ip4;
	u32 dst_ip6[4];
	u32 state;
	s32 rx_queue_mapping;
};

struct bpf_tcp_sock {
	u32 snd_cwnd;
	u32 srtt_us;
	u32 rtt_min;
	u32 snd_ssthresh;
	u32 rcv_nxt;
	u32 snd_nxt;
	u32 snd_una;
	u32 mss_cache;
	u32 ecn_flags;
	u32 rate_delivered;
	u32 rate_interval_us;
	u32 packets_out;
	u32 retrans_out;
	u32 total_retrans;
	u32 segs_in;
	u32 data_segs_in;
	u32 segs_out;
	u32 data_segs_out;
	u32 lost_out;
	u32 sacked_out;
	u64 bytes_received;
	u64 bytes_acked;
	u32 dsack_dups;
	u32 delivered;
	u32 delivered_ce;
	u32 icsk_retransmits;
};

struct bpf_xdp_sock {
	u32 queue_id;
};

struct bpf_flow_keys {
	u16 nhoff;
	u16 thoff;
	u16 addr_proto;
	u8 is_frag;
	u8 is_first_frag;
	u8 is_encap;
	u8 ip_proto;
	u16 n_proto;
	u16 sport;
	u16 dport;
	union {
		struct {
			u32 ipv4_src;
			u32 ipv4_dst;
		};
		struct {
			u32 ipv6_src[4];
			u32 ipv6_dst[4];
		};
	};
	u32 flags;
	u32 flow_label;
};

struct bpf_sock_addr {
	u32 user_family;
	u32 user_ip4;
	u32 user_ip6[4];
	u32 user_port;
	u32 family;
	u32 type;
	u32 protocol;
	u32 msg_src_ip4;
	u32 msg_src_ip6[4];
	__bpf_md_ptr(struct bpf_sock *, sk);
};

struct bpf_sock_ops {
	u32 op;
	union {
		u32 args[4];
		u32 reply;
		u32 replylong[4];
	};
	u32 family;
	u32 remote_ip4;
	u32 local_ip4;
	u32 remote_ip6[4];
	u32 local_ip6[4];
	u32 remote_port;
	u32 local_port;
	u32 is_fullsock;
	u32 snd_cwnd;
	u32 srtt_us;
	u32 bpf_sock_ops_cb_flags;
	u32 state;
	u32 rtt_min;
	u32 snd_ssthresh;
	u32 rcv_nxt;
	u32 snd_nxt;
	u32 snd_una;
	u32 mss_cache;
	u32 ecn_flags;
	u32 rate_delivered;
	u32 rate_interval_us;
	u32 packets_out;
	u32 retrans_out;
	u32 total_retrans;
	u32 segs_in;
	u32 data_segs_in;
	u32 segs_out;
	u32 data_segs_out;
	u32 lost_out;
	u32 sacked_out;
	u32 sk_txhash;
	u64 bytes_received;
	u64 bytes_acked;
	__bpf_md_ptr(struct bpf_sock *, sk);
	__bpf_md_ptr(void *, skb_data);
	__bpf_md_ptr(void *, skb_data_end);
	u32 skb_len;
	u32 skb_tcp_flags;
	u64 skb_hwtstamp;
};

struct sk_msg_md {
	__bpf_md_ptr(void *, data);
	__bpf_md_ptr(void *, data_end);
	u32 family;
	u32 remote_ip4;
	u32 local_ip4;
	u32 remote_ip6[4];
	u32 local_ip6[4];
	u32 remote_port;
	u32 local_port;
	u32 size;
	__bpf_md_ptr(struct bpf_sock *, sk);
};

struct sk_reuseport_md {
	__bpf_md_ptr(void *, data);
	__bpf_md_ptr(void *, data_end);
	u32 len;
	u32 eth_protocol;
	u32 ip_protocol;
	u32 bind_inany;
	u32 hash;
	__bpf_md_ptr(struct bpf_sock *, sk);
	__bpf_md_ptr(struct bpf_sock *, migrating_sk);
};

struct bpf_sk_lookup {
	union {
		__bpf_md_ptr(struct bpf_sock *, sk);
		u64 cookie;
	};
	u32 family;
	u32 protocol;
	u32 remote_ip4;
	u32 remote_ip6[4];
	u16 remote_port;
	u16 : 16;
	u32 local_ip4;
	u32 local_ip6[4];
	u32 local_port;
	u32 ingress_ifindex;
};

struct bpf_cgroup_dev_ctx {
	u32 access_type;
	u32 major;
	u32 minor;
};

struct bpf_cgroup_storage_key {
	u64 cgroup_inode_id;
	u32 attach_type; /* enum bpf_attach_type */
};

struct bpf_sysctl {
	u32 write;
	u32 file_pos;
};

struct bpf_sockopt {
	__bpf_md_ptr(struct bpf_sock *, sk);
	__bpf_md_ptr(void *, optval);
	__bpf_md_ptr(void *, optval_end);
	s32 level;
	s32 optname;
	s32 optlen;
	s32 retval;
};

struct bpf_sock_tuple {
	union {
		struct {
			u32 saddr;
			u32 daddr;
			u16 sport;
			u16 dport;
		} ipv4;
		struct {
			u32 saddr[4];
			u32 daddr[4];
			u16 sport;
			u16 dport;
		} ipv6;
	};
};

enum bpf_ret_code {
	BPF_OK = 0,
	BPF_DROP = 2,
	BPF_REDIRECT = 7,
	BPF_LWT_REROUTE = 128,
	BPF_FLOW_DISSECTOR_CONTINUE = 129,
};

enum {
	BPF_SOCK_OPS_RTO_CB_FLAG = (1 << 0),
	BPF_SOCK_OPS_RETRANS_CB_FLAG = (1 << 1),
	BPF_SOCK_OPS_STATE_CB_FLAG = (1 << 2),
	BPF_SOCK_OPS_RTT_CB_FLAG = (1 << 3),
	BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG = (1 << 4),
	BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG = (1 << 5),
	BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG = (1 << 6),
	BPF_SOCK_OPS_ALL_CB_FLAGS = 0x7F,
};

enum {
	BPF_SOCK_OPS_VOID,
	BPF_SOCK_OPS_TIMEOUT_INIT,
	BPF_SOCK_OPS_RWND_INIT,
	BPF_SOCK_OPS_TCP_CONNECT_CB,
	BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB,
	BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB,
	BPF_SOCK_OPS_NEEDS_ECN,
	BPF_SOCK_OPS_BASE_RTT,
	BPF_SOCK_OPS_RTO_CB,
	BPF_SOCK_OPS_RETRANS_CB,
	BPF_SOCK_OPS_STATE_CB,
	BPF_SOCK_OPS_TCP_LISTEN_CB,
	BPF_SOCK_OPS_RTT_CB,
	BPF_SOCK_OPS_PARSE_HDR_OPT_CB,
	BPF_SOCK_OPS_HDR_OPT_LEN_CB,
	BPF_SOCK_OPS_WRITE_HDR_OPT_CB,
};

enum {
	BPF_TCP_ESTABLISHED = 1,
	BPF_TCP_SYN_SENT,
	BPF_TCP_SYN_RECV,
	BPF_TCP_FIN_WAIT1,
	BPF_TCP_FIN_WAIT2,
	BPF_TCP_TIME_WAIT,
	BPF_TCP_CLOSE,
	BPF_TCP_CLOSE_WAIT,
	BPF_TCP_LAST_ACK,
	BPF_TCP_LISTEN,
	BPF_TCP_CLOSING,
	BPF_TCP_NEW_SYN_RECV,
	BPF_TCP_BOUND_INACTIVE,
	BPF_TCP_MAX_STATES,
};

enum sk_action {
	SK_DROP = 0,
	SK_PASS,
};

enum xdp_action {
	XDP_ABORTED = 0,
	XDP_DROP,
	XDP_PASS,
	XDP_TX,
	XDP_REDIRECT,
};

enum tcx_action_base {
	TCX_NEXT = -1,
	TCX_PASS = 0,
	TCX_DROP = 2,
	TCX_REDIRECT = 7,
};

/* ---- information about objects ---- */

struct bpf_prog_info {
	u32 type;
	u32 id;
	u8 tag[BPF_TAG_SIZE];
	u32 jited_prog_len;
	u32 xlated_prog_len;
	u64 jited_prog_insns;
	u64 xlated_prog_insns;
	u64 load_time;
	u32 created_by_uid;
	u32 nr_map_ids;
	u64 map_ids;
	char name[BPF_OBJ_NAME_LEN];
	u32 ifindex;
	u32 gpl_compatible : 1;
	u32 : 31;
	u64 netns_dev;
	u64 netns_ino;
	u32 nr_jited_ksyms;
	u32 nr_jited_func_lens;
	u64 jited_ksyms;
	u64 jited_func_lens;
	u32 btf_id;
	u32 func_info_rec_size;
	u64 func_info;
	u32 nr_func_info;
	u32 nr_line_info;
	u64 line_info;
	u64 jited_line_info;
	u32 nr_jited_line_info;
	u32 line_info_rec_size;
	u32 jited_line_info_rec_size;
	u32 nr_prog_tags;
	u64 prog_tags;
	u64 run_time_ns;
	u64 run_cnt;
	u64 recursion_misses;
	u32 verified_insns;
	u32 attach_btf_obj_id;
	u32 attach_btf_id;
	u32 : 32;
} __attribute__((aligned(8)));

struct bpf_map_info {
	u32 type;
	u32 id;
	u32 key_size;
	u32 value_size;
	u32 max_entries;
	u32 map_flags;
	char name[BPF_OBJ_NAME_LEN];
	u32 ifindex;
	u32 btf_vmlinux_value_type_id;
	u64 netns_dev;
	u64 netns_ino;
	u32 btf_id;
	u32 btf_key_type_id;
	u32 btf_value_type_id;
	u32 btf_vmlinux_id;
	u64 map_extra;
} __attribute__((aligned(8)));

struct bpf_btf_info {
	u64 btf;
	u32 btf_size;
	u32 id;
	u64 name;
	u32 name_len;
	u32 kernel_btf;
} __attribute__((aligned(8)));

/* What an iterator's link goes through, in BPF_LINK_CREATE. */
union bpf_iter_link_info {
	struct {
		u32 map_fd;
	} map;
	struct {
		u32 order; /* enum bpf_cgroup_iter_order */
		u32 cgroup_fd;
		u64 cgroup_id;
	} cgroup;
	struct {
		u32 tid;
		u32 pid;
		u32 pid_fd;
	} task;
};

struct bpf_link_info {
	u32 type;
	u32 id;
	u32 prog_id;
	union {
		struct {
			u64 tp_name;
			u32 tp_name_len;
		} raw_tracepoint;
		struct {
			u32 attach_type;
			u32 target_obj_id;
			u32 target_btf_id;
		} tracing;
		struct {
			u64 cgroup_id;
			u32 attach_type;
		} cgroup;
		struct {
			u64 target_name;
			u32 target_name_len;
			union {
				struct {
					u32 map_id;
				} map;
			};
			union {
				struct {
					u64 cgroup_id;
					u32 order;
				} cgroup;
				struct {
					u32 tid;
					u32 pid;
				} task;
			};
		} iter;
		struct {
			u32 netns_ino;
			u32 attach_type;
		} netns;
		struct {
			u32 ifindex;
		} xdp;
		struct {
			u32 map_id;
		} struct_ops;
		struct {
			u32 pf;
			u32 hooknum;
			s32 priority;
			u32 flags;
		} netfilter;
		struct {
			u64 addrs;
			u32 count;
			u32 flags;
			u64 missed;
			u64 cookies;
		} kprobe_multi;
		struct {
			u64 path;
			u64 offsets;
			u64 ref_ctr_offsets;
			u64 cookies;
			u32 path_size;
			u32 count;
			u32 flags;
			u32 pid;
		} uprobe_multi;
		struct {
			u32 type;
			u32 : 32;
			union {
				struct {
					u64 file_name;
					u32 name_len;
					u32 offset;
					u64 cookie;
				} uprobe;
				struct {
					u64 func_name;
					u32 name_len;
					u32 offset;
					u64 addr;
					u64 missed;
					u64 cookie;
				} kprobe;
				struct {
					u64 tp_name;
					u32 name_len;
					u32 : 32;
					u64 cookie;
				} tracepoint;
				struct {
					u64 config;
					u32 type;
					u32 : 32;
					u64 cookie;
				} event;
			};
		} perf_event;
		struct {
			u32 ifindex;
			u32 attach_type;
		} tcx;
		struct {
			u32 ifindex;
			u32 attach_type;
		} netkit;
		struct {
			u32 map_id;
			u32 attach_type;
		} sockmap;
	};
} __attribute__((aligned(8)));

struct bpf_func_info {
	u32 insn_off;
	u32 type_id;
};

struct bpf_line_info {
	u32 insn_off;
	u32 file_name_off;
	u32 line_off;
	u32 line_col;
};

struct bpf_spin_lock {
	u32 val;
};

struct bpf_timer {
	u64 __opaque[2];
} __attribute__((aligned(8)));

struct bpf_wq {
	u64 __opaque[2];
} __attribute__((aligned(8)));

struct bpf_dynptr {
	u64 __opaque[2];
} __attribute__((aligned(8)));

struct bpf_list_head {
	u64 __opaque[2];
} __attribute__((aligned(8)));

struct bpf_list_node {
	u64 __opaque[3];
} __attribute__((aligned(8)));

struct bpf_rb_root {
	u64 __opaque[2];
} __attribute__((aligned(8)));

struct bpf_rb_node {
	u64 __opaque[4];
} __attribute__((aligned(8)));

struct bpf_refcount {
	u32 __opaque[1];
} __attribute__((aligned(4)));

struct bpf_lpm_trie_key_u8 {
	u32 prefixlen;
	u8 data[];
};

enum bpf_core_relo_kind {
	BPF_CORE_FIELD_BYTE_OFFSET = 0,
	BPF_CORE_FIELD_BYTE_SIZE = 1,
	BPF_CORE_FIELD_EXISTS = 2,
	BPF_CORE_FIELD_SIGNED = 3,
	BPF_CORE_FIELD_LSHIFT_U64 = 4,
	BPF_CORE_FIELD_RSHIFT_U64 = 5,
	BPF_CORE_TYPE_ID_LOCAL = 6,
	BPF_CORE_TYPE_ID_TARGET = 7,
	BPF_CORE_TYPE_EXISTS = 8,
	BPF_CORE_TYPE_SIZE = 9,
	BPF_CORE_ENUMVAL_EXISTS = 10,
	BPF_CORE_ENUMVAL_VALUE = 11,
	BPF_CORE_TYPE_MATCHES = 12,
};

struct bpf_core_relo {
	u32 insn_off;
	u32 type_id;
	u32 access_str_off;
	enum bpf_core_relo_kind kind;
};

struct bpf_perf_event_value {
	u64 counter, enabled, running;
};

struct bpf_pidns_info {
	u32 pid;
	u32 tgid;
};

/* Values of devmaps and cpumaps; those without a program are their first 4 bytes. */
struct bpf_devmap_val {
	u32 ifindex;
	union {
		int fd; /* written */
		u32 id; /* read */
	} bpf_prog;
};

struct bpf_cpumap_val {
	u32 qsize;
	union {
		int fd;
		u32 id;
	} bpf_prog;
};

struct bpf_redir_neigh {
	u32 nh_family;
	union {
		u32 ipv4_nh;
		u32 ipv6_nh[4];
	};
};

struct bpf_fib_lookup {
	u8 family;
	u8 l4_protocol;
	u16 sport;
	u16 dport;
	union {
		u16 tot_len;
		u16 mtu_result;
	} __attribute__((packed, aligned(2)));
	u32 ifindex;
	union {
		u8 tos;
		u32 flowinfo;
		u32 rt_metric;
	};
	union {
		u32 ipv4_src;
		u32 ipv6_src[4];
	};
	union {
		u32 ipv4_dst;
		u32 ipv6_dst[4];
	};
	union {
		struct {
			u16 h_vlan_proto;
			u16 h_vlan_TCI;
		};
		u32 tbid;
	};
	union {
		struct {
			u32 mark;
		};
		struct {
			u8 smac[6];
			u8 dmac[6];
		};
	};
};

struct btf_ptr {
	void *ptr;
	u32 type_id;
	u32 flags;
};

#define BPF_LINE_INFO_LINE_NUM(line_col) ((line_col) >> 10)
#define BPF_LINE_INFO_LINE_COL(line_col) ((line_col)&0x3ff)

#endif

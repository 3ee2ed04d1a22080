/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets, as programs see them: through struct bpf_sock and struct
 * bpf_tcp_sock, whose fields are one load each from these structures, and
 * through their BTF. Every kind begins with a struct sock_common, in which the
 * kernel object is: references, handles and local storage are the same for all.
 *
 * Nothing here talks to a network: a test makes sockets with sock_create() and
 * puts them where lookups find them with sock_hash(). The tables hold no
 * reference; a socket leaves them with its last one, or by sock_unhash().
 */
#ifndef ANYBPF_KERNEL_SOCK_H
#define ANYBPF_KERNEL_SOCK_H

#include "base/sync.h"
#include "isa/uapi_structs.h"
#include "base/sync.h"
#include "kernel/net.h"
#include "kernel/types.h"

/* Linux's numbers, on every machine; a system's headers must come first where both are used. */
#ifndef AF_INET
#define AF_UNSPEC  0
#define AF_UNIX	   1
#define AF_INET	   2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_VSOCK   40
#define AF_XDP	   44
#endif
#ifndef SOCK_STREAM
#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#endif
#ifndef IPPROTO_TCP
#define IPPROTO_ICMP   1
#define IPPROTO_TCP    6
#define IPPROTO_UDP    17
#define IPPROTO_IPV6   41
#define IPPROTO_GRE    47
#define IPPROTO_ICMPV6 58
#define IPPROTO_SCTP   132
#endif

struct sock;
struct sock_bucket;
struct sock_reuseport;
struct sk_psock;
struct sock_link;
struct socket;
struct file;
struct inode;

/* Network byte order. */
struct in6_addr {
	union {
		u8 u6_addr8[16];
		u16 u6_addr16[8];
		u32 u6_addr32[4];
	} in6_u;
};

/* What every socket has, also one of a connection that is not yet made or is closing. */
struct sock_common {
	union {
		u64 skc_addrpair;
		struct {
			u32 skc_daddr;	   /* network byte order */
			u32 skc_rcv_saddr; /* likewise */
		};
	};
	u32 skc_hash;
	union {
		u32 skc_portpair;
		struct {
			u16 skc_dport; /* network byte order */
			u16 skc_num;   /* the host's */
		};
	};
	u16 skc_family;
	volatile u8 skc_state; /* BPF_TCP_* */
	u8 skc_reuse : 4;
	u8 skc_reuseport : 1;
	u8 skc_ipv6only : 1;
	u8 skc_net_refcnt : 1;
	s32 skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie; /* 0: not asked for yet */
	union {
		u64 skc_flags;
		struct sock *skc_listener; /* of a request: a reference */
	};
	s32 skc_incoming_cpu;
	u16 skc_tx_queue_mapping;
	u16 skc_rx_queue_mapping;
	refcount_t skc_refcnt;

	struct kernel_object host_object;
	s32 host_rx_queue_mapping;     /* as programs see it: -1 for none */
	struct sock_common *host_next; /* in its bucket of the host's tables, see sock_table.c */
	struct sock_bucket *host_bucket;
};

/* Bytes that wait for whoever takes them: sent and not on the wire yet, or received and not read.
 */
struct sock_queue {
	struct spinlock lock;
	u32 len, room;
	u8 *bytes;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct sk_buff_list {
	u32 qlen;
};

struct sock {
	struct sock_common __sk_common;
	atomic_t sk_drops;
	s32 sk_peek_off;
	struct sk_buff_list sk_error_queue;
	struct sk_buff_list sk_receive_queue;
	struct {
		atomic_t rmem_alloc;
		s32 len;
	} sk_backlog;
	s32 sk_rcvbuf;
	s32 sk_rcvlowat;
	s32 sk_sndbuf;
	s32 sk_wmem_queued;
	refcount_t sk_wmem_alloc;
	s32 sk_forward_alloc;
	u32 sk_reserved_mem;
	u32 sk_napi_id;
	u32 sk_ll_usec;
	s64 sk_rcvtimeo;
	s64 sk_sndtimeo;
	s64 sk_lingertime;
	u32 sk_pacing_status;
	u64 sk_pacing_rate;
	u64 sk_max_pacing_rate;
	u32 sk_txhash;
	u32 sk_priority;
	u32 sk_mark;
	kuid_t sk_uid;
	u16 sk_type;
	u16 sk_protocol;
	u16 sk_gso_max_segs;
	u32 sk_gso_max_size;
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
	s32 sk_err;
	s32 sk_err_soft;
	u8 sk_shutdown;
	u8 sk_userlocks;
	u8 sk_txrehash;
	struct socket *sk_socket;
	void *sk_user_data;
	struct sock_cgroup_data sk_cgrp_data;
	struct sock_reuseport *sk_reuseport_cb;

	struct sk_psock *host_psock;  /* while it is in a map of sockets, see psock.h */
	struct sock_link *host_links; /* its places in maps */
	struct sock_queue host_sent, host_received;
};

enum socket_state {
	SS_FREE,
	SS_UNCONNECTED,
	SS_CONNECTING,
	SS_CONNECTED,
	SS_DISCONNECTING,
};

/* What a file descriptor of a socket leads to. */
struct socket {
	u32 state; /* enum socket_state */
	s16 type;
	u64 flags;
	struct file *file;
	struct sock *sk;
};

struct ipv6_pinfo {
	struct in6_addr saddr;
	s16 hop_limit;
	u8 tclass;
	u8 autoflowlabel;
	u8 recvopt;
};

struct inet_sock {
	struct sock sk;
	struct ipv6_pinfo *pinet6;
	u32 inet_saddr; /* network byte order */
	s16 uc_ttl;
	u16 inet_sport; /* network byte order */
	atomic_t inet_id;
	u8 tos;
	u8 min_ttl;
	s32 uc_index;
};

#define TCP_CA_NAME_MAX 16

struct tcp_congestion_ops;

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	u64 icsk_timeout;
	u32 icsk_rto;
	u32 icsk_rto_min;
	u32 icsk_delack_max;
	u32 icsk_pmtu_cookie;
	const struct tcp_congestion_ops *icsk_ca_ops;
	u8 icsk_ca_state : 5;
	u8 icsk_ca_initialized : 1;
	u8 icsk_ca_setsockopt : 1;
	u8 icsk_ca_dst_locked : 1;
	u8 icsk_retransmits;
	u8 icsk_pending;
	u8 icsk_backoff;
	u8 icsk_syn_retries;
	u8 icsk_probes_out;
	u16 icsk_ext_hdr_len;
	struct {
		u8 pending;
		u8 quick;
		u8 pingpong;
		u8 retry;
		u32 ato;
		u32 lrcvtime;
		u16 last_seg_size;
		u16 rcv_mss;
	} icsk_ack;
	u32 icsk_probes_tstamp;
	u32 icsk_user_timeout;
	u64 icsk_ca_priv[104 / sizeof(u64)];
	char host_ca_name[TCP_CA_NAME_MAX];
};

struct minmax_sample {
	u32 t;
	u32 v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct tcp_options_received {
	s32 ts_recent_stamp;
	u32 ts_recent;
	u32 rcv_tsval;
	u32 rcv_tsecr;
	u16 saw_tstamp : 1;
	u16 tstamp_ok : 1;
	u16 dsack : 1;
	u16 wscale_ok : 1;
	u16 sack_ok : 3;
	u16 smc_ok : 1;
	u16 snd_wscale : 4;
	u16 rcv_wscale : 4;
	u8 num_sacks;
	u16 user_mss;
	u16 mss_clamp;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u32 max_window;
	u32 rcv_ssthresh;
	u32 reordering;
	u32 notsent_lowat;
	u16 gso_segs;
	u32 window_clamp;
	u32 copied_seq;
	u32 rcv_tstamp;
	u32 snd_wl1;
	u32 tlp_high_seq;
	u32 rttvar_us;
	u32 retrans_out;
	u16 advmss;
	u16 urg_data;
	u32 lost;
	u16 tcp_header_len;
	u8 nonagle : 4;
	u8 rate_app_limited : 1;
	u32 packets_out;
	u32 snd_up;
	u32 delivered;
	u32 delivered_ce;
	u32 app_limited;
	u32 rcv_wnd;
	struct tcp_options_received rx_opt;
	u32 tsoffset;
	u32 snd_wnd;
	u32 mss_cache;
	u32 snd_cwnd;
	u32 prr_out;
	u32 lost_out;
	u32 sacked_out;
	u64 tcp_mstamp;
	u64 bytes_received;
	u32 segs_in;
	u32 data_segs_in;
	u32 rcv_nxt;
	u32 rcv_wup;
	u32 max_packets_out;
	u32 cwnd_usage_seq;
	u32 rate_delivered;
	u32 rate_interval_us;
	u64 first_tx_mstamp;
	u64 delivered_mstamp;
	u64 bytes_acked;
	u32 segs_out;
	u32 data_segs_out;
	u64 bytes_sent;
	u64 bytes_retrans;
	u32 total_retrans;
	u32 snd_nxt;
	u32 snd_una;
	u32 write_seq;
	u32 pushed_seq;
	u32 lsndtime;
	u32 mdev_us;
	u32 mdev_max_us;
	u32 srtt_us;
	u32 rtt_seq;
	u32 dsack_dups;
	u32 snd_ssthresh;
	u32 snd_cwnd_cnt;
	u32 snd_cwnd_clamp;
	u32 snd_cwnd_used;
	u32 snd_cwnd_stamp;
	u32 prior_cwnd;
	u32 prior_ssthresh;
	u32 high_seq;
	u32 retrans_stamp;
	u32 keepalive_time;
	u32 keepalive_intvl;
	u8 keepalive_probes;
	s32 linger2;
	struct minmax rtt_min;
	u8 ecn_flags;
	u8 save_syn : 2;
	u8 repair : 1;
	u8 thin_lto : 1;
	u8 bpf_sock_ops_cb_flags;
	u32 rcv_rtt_last_tsecr;
	u32 snd_sml;
	u32 urg_seq;
	struct {
		u32 probe_seq_start;
		u32 probe_seq_end;
	} mtu_probe;
};

struct udp_sock {
	struct inet_sock inet;
	u64 udp_flags;
	s32 pending;
	u8 encap_type;
	u16 len;
	u16 gso_size;
	s32 forward_deficit;
};

struct tcp6_sock {
	struct tcp_sock tcp;
	struct ipv6_pinfo inet6;
};

struct udp6_sock {
	struct udp_sock udp;
	struct ipv6_pinfo inet6;
};

struct raw_sock {
	struct inet_sock inet;
};

/* As in struct sockaddr_un; an address may be abstract, with zeros in it. */
struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	refcount_t refcnt;
	s32 len; /* of family and path */
	struct sockaddr_un name[1];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr; /* NULL: unnamed */
	struct sock *peer;	   /* a reference, or NULL */
	u64 inflight;
	struct unix_address host_addr;
};

/* A socket that AF_XDP made; see kernel/xdp.h. */
struct net_device;

struct xdp_sock {
	struct sock sk;
	struct net_device *dev; /* that it is bound to: a reference, or NULL */
	u16 queue_id;
	bool zc;
	u64 rx_dropped;

	struct spinlock host_lock;
	struct net_queue host_received;
	u32 host_ring; /* frames that wait at most */
};

struct request_sock {
	struct sock_common __req_common;
	u16 mss;
	u8 num_retrans;
	u8 syncookie : 1;
	u8 num_timeout : 7;
	u32 ts_recent;
	struct sock *sk;
	u32 timeout;
};

struct inet_request_sock {
	struct request_sock req;
	u16 snd_wscale : 4;
	u16 rcv_wscale : 4;
	u16 tstamp_ok : 1;
	u16 sack_ok : 1;
	u16 wscale_ok : 1;
	u16 ecn_ok : 1;
	u16 acked : 1;
	u16 no_srccheck : 1;
	u32 ir_mark;
};

struct tcp_request_sock {
	struct inet_request_sock req;
	u64 snt_synack;
	bool tfo_listener;
	bool req_usec_ts;
	u32 txhash;
	u32 rcv_isn;
	u32 snt_isn;
	u32 ts_off;
	u32 rcv_nxt;
	u8 syn_tos;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;
	u32 tw_mark;
	u8 tw_substate;
	u8 tw_rcv_wscale;
	u16 tw_sport; /* network byte order */
	u32 tw_priority;
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
	u32 tw_rcv_wnd;
	u32 tw_ts_offset;
	u32 tw_ts_recent;
	u32 tw_last_oow_ack_time;
	s32 tw_ts_recent_stamp;
	u32 tw_rcv_nxt;
	u32 tw_snd_nxt;
};

/* ---- making sockets ---- */

/* What a socket is at first; all zeros is allowed: an unconnected one of no family. */
struct sock_spec {
	u16 family, type, protocol;  /* type and protocol 0: the family's usual ones */
	u8 state;		     /* BPF_TCP_*; 0: closed */
	u8 local[16], remote[16];    /* 4 bytes or 16, network byte order */
	u16 local_port, remote_port; /* the host's byte order */
	s32 bound_dev_if;
	u32 mark, priority, uid;
	bool reuseport, ipv6only;
	const char *path; /* AF_UNIX: its name, or NULL */
	struct net *net;  /* NULL: the initial one */
};

/* One reference; not found by lookups yet. 0, -ENOMEM or -EINVAL. */
int sock_create(struct host *host, const struct sock_spec *spec, struct sock **sk);

/*
 * Puts it where lookups of its kind find it: listening TCP sockets, all others of
 * TCP, or UDP. Its addresses must not change any more. With .reuseport it joins
 * the group of those of equal local address. 0, -EINVAL for other kinds, -EEXIST
 * when it is there already, -ENOMEM.
 */
int sock_hash(struct sock *sk);
void sock_unhash(struct sock *sk);

static inline struct sock_common *sock_common_of(struct kernel_object *kobj)
{
	return container_of(kobj, struct sock_common, host_object);
}

static inline struct kernel_object *sock_object(struct sock *sk)
{
	return &sk->__sk_common.host_object;
}

static inline struct host *sock_host(const struct sock *sk)
{
	return sk->__sk_common.host_object.obj.host;
}

/* Each holds a reference of its own. */
static inline void sock_hold(struct sock *sk)
{
	kernel_object_get(sock_object(sk));
}

static inline void sock_put(struct sock *sk)
{
	if (sk)
		kernel_object_put(sock_object(sk));
}

/* Whether it is more than a struct sock_common. */
static inline bool sk_fullsock(const struct sock *sk)
{
	u8 state = sk->__sk_common.skc_state;

	return state != BPF_TCP_TIME_WAIT && state != BPF_TCP_NEW_SYN_RECV;
}

static inline bool sk_is_inet(const struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return family == AF_INET || family == AF_INET6;
}

static inline bool sk_is_tcp(const struct sock *sk)
{
	return sk_is_inet(sk) && sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

static inline bool sk_is_udp(const struct sock *sk)
{
	return sk_is_inet(sk) && sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP;
}

static inline bool sk_is_unix(const struct sock *sk)
{
	return sk->__sk_common.skc_family == AF_UNIX;
}

static inline struct tcp_sock *tcp_sk(struct sock *sk)
{
	return container_of(sk, struct tcp_sock, inet_conn.icsk_inet.sk);
}

static inline struct inet_sock *inet_sk(struct sock *sk)
{
	return container_of(sk, struct inet_sock, sk);
}

static inline struct unix_sock *unix_sk(struct sock *sk)
{
	return container_of(sk, struct unix_sock, sk);
}

/* Adds bytes: 0 or -ENOMEM. */
int sock_queue_add(struct host *host, struct sock_queue *queue, const void *data, u32 len);
/* Takes up to @size bytes out; their number. */
u32 sock_queue_take(struct sock_queue *queue, void *to, u32 size);

/* Of a request, the socket that listens; else @sk. No reference is taken. */
static inline struct sock *sk_to_full_sk(struct sock *sk)
{
	struct sock_common *skc = &sk->__sk_common;

	return skc->skc_state == BPF_TCP_NEW_SYN_RECV && skc->skc_listener ? skc->skc_listener : sk;
}

/* The number that stands for the socket as long as the host lives, never 0. */
u64 sock_gen_cookie(struct sock *sk);

/* A handle of a socket for user space; takes over the reference. As handle_open(). */
int sock_open(struct sock *sk);
/* What is behind a handle: a reference; 0, -EBADF or -ENOTSOCK. */
int sock_from_handle(struct host *host, int handle, struct sock **sk);

#endif

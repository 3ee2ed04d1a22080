/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets and flow keys: what programs may read of a socket that a context, a
 * map or a helper gave them. As contexts, they are seen through a structure
 * that is not the host's own (kernel/sock.h), and only at the offsets listed here.
 */
#include "kernel/sock.h"
#include "verify/verifier.h"

#define SIZE(type, member) sizeof(((struct type *)0)->member)

/* struct view's field is struct host's member. */
#define FIELD(view, field, access, host, member)                                                   \
	{                                                                                          \
		.name = #field, .off = offsetof(struct view, field), .size = SIZE(view, field),    \
		.elem = SIZE(view, field), .flags = CTX_READ | (access),                           \
		.host_off = offsetof(struct host, member), .host_size = SIZE(host, member)         \
	}
#define SOCK(field, access, member) FIELD(bpf_sock, field, access, sock, member)
#define SKC(field, access, member)  FIELD(bpf_sock, field, access, sock_common, member)
/* An array of u32, each of which may be read in part. */
#define ADDRESS(field, member)                                                                     \
	{                                                                                          \
		.name = #field, .off = offsetof(struct bpf_sock, field),                           \
		.size = SIZE(bpf_sock, field), .elem = sizeof(u32),                                \
		.flags = CTX_READ | CTX_NARROW, .host_off = offsetof(struct sock_common, member),  \
		.host_size = sizeof(u32)                                                           \
	}

/* What every socket has, also one of a connection that is not yet made or is closing. */
#define COMMON                                                                                     \
	SKC(bound_dev_if, 0, skc_bound_dev_if), SKC(family, CTX_NARROW_FIRST, skc_family),         \
		ADDRESS(src_ip4, skc_rcv_saddr), ADDRESS(src_ip6, skc_v6_rcv_saddr),               \
		SKC(src_port, CTX_NARROW_FIRST, skc_num),                                          \
		{.name = "dst_port",                                                               \
		 .off = offsetof(struct bpf_sock, dst_port),                                       \
		 .size = sizeof(u32),                                                              \
		 .elem = sizeof(u32),                                                              \
		 .flags = CTX_READ | CTX_NARROW_HALF,                                              \
		 .host_off = offsetof(struct sock_common, skc_dport),                              \
		 .host_size = sizeof(u16)},                                                        \
		ADDRESS(dst_ip4, skc_daddr), ADDRESS(dst_ip6, skc_v6_daddr),                       \
		SKC(state, CTX_NARROW_FIRST, skc_state),                                           \
		SKC(rx_queue_mapping, CTX_NARROW_FIRST, host_rx_queue_mapping)

static const struct ctx_field common_fields[] = {COMMON};

static const struct ctx_field sock_fields[] = {
	COMMON,
	SOCK(type, CTX_NARROW_FIRST, sk_type),
	SOCK(protocol, CTX_NARROW_FIRST, sk_protocol),
	SOCK(mark, 0, sk_mark),
	SOCK(priority, 0, sk_priority),
};

#define TCP_AS(field, member) FIELD(bpf_tcp_sock, field, 0, tcp_sock, member)
#define TCP(field)	      TCP_AS(field, field)

static const struct ctx_field tcp_fields[] = {
	TCP(snd_cwnd),
	TCP(srtt_us),
	TCP_AS(rtt_min, rtt_min.s[0].v),
	TCP(snd_ssthresh),
	TCP(rcv_nxt),
	TCP(snd_nxt),
	TCP(snd_una),
	TCP(mss_cache),
	TCP(ecn_flags),
	TCP(rate_delivered),
	TCP(rate_interval_us),
	TCP(packets_out),
	TCP(retrans_out),
	TCP(total_retrans),
	TCP(segs_in),
	TCP(data_segs_in),
	TCP(segs_out),
	TCP(data_segs_out),
	TCP(lost_out),
	TCP(sacked_out),
	TCP(bytes_received),
	TCP(bytes_acked),
	TCP(dsack_dups),
	TCP(delivered),
	TCP(delivered_ce),
	TCP_AS(icsk_retransmits, inet_conn.icsk_retransmits),
};

static const struct ctx_field xdp_fields[] = {FIELD(bpf_xdp_sock, queue_id, 0, xdp_sock, queue_id)};

static const struct {
	const struct ctx_field *fields;
	u32 cnt;
} layouts[REG_KINDS] = {
	[PTR_TO_SOCK_COMMON] = {common_fields, ARRAY_SIZE(common_fields)},
	[PTR_TO_SOCKET] = {sock_fields, ARRAY_SIZE(sock_fields)},
	[PTR_TO_TCP_SOCK] = {tcp_fields, ARRAY_SIZE(tcp_fields)},
	[PTR_TO_XDP_SOCK] = {xdp_fields, ARRAY_SIZE(xdp_fields)},
};

const struct ctx_field *sock_field_find(enum mem_kind mem, u32 off, u32 size)
{
	enum reg_kind kind = mem == MEM_TCP_SOCK   ? PTR_TO_TCP_SOCK
			     : mem == MEM_XDP_SOCK ? PTR_TO_XDP_SOCK
						   : PTR_TO_SOCKET;

	return ctx_field_in(layouts[kind].fields, layouts[kind].cnt, off, size);
}

static bool is_field(enum reg_kind kind, s32 off, u32 size)
{
	const struct ctx_field *field;

	if (off < 0 || (u32)off % size)
		return false;
	field = ctx_field_in(layouts[kind].fields, layouts[kind].cnt, (u32)off, size);
	return field && ctx_size_allowed(field, (u32)off, size, false);
}

int check_sock_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);

	if (a->kind == ACCESS_WRITE)
		return reject(v, -EACCES, "R%u cannot write into %s", a->regno,
			      TYPE_NAME(reg->type));
	if (reg->s.smin < 0)
		return reject(v, -EACCES,
			      "R%u min value is negative, either use unsigned index or do a if "
			      "(index >=0) check.",
			      a->regno);
	if (!is_field(reg_kind(reg), off, a->size))
		return reject(v, -EACCES, "R%u invalid %s access off=%d size=%u", a->regno,
			      TYPE_NAME(reg->type), off, a->size);
	if (a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return 0;
}

int check_flow_keys_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	if (off < 0 || (u64)off + a->size > sizeof(struct bpf_flow_keys))
		return reject(v, -EACCES, "invalid access to flow keys off=%d size=%u", off,
			      a->size);
	if (a->kind == ACCESS_READ && a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return 0;
}

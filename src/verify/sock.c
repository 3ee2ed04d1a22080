/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets and flow keys: what programs may read of a socket that a context, a
 * map or a helper gave them. As contexts, they are seen through a structure
 * that is not the host's own, and only at the offsets listed here.
 */
#include "verify/verifier.h"

#define FIELD(type, field, access)                                                                 \
	{                                                                                          \
		.name = #field, .off = offsetof(struct type, field),                               \
		.size = sizeof(((struct type *)0)->field),                                         \
		.elem = sizeof(((struct type *)0)->field), .flags = CTX_READ | (access)            \
	}
/* An array of u32, each of which may be read in part. */
#define ADDRESS(field)                                                                             \
	{                                                                                          \
		.name = #field, .off = offsetof(struct bpf_sock, field),                           \
		.size = sizeof(((struct bpf_sock *)0)->field), .elem = sizeof(u32),                \
		.flags = CTX_READ | CTX_NARROW                                                     \
	}
/* Fields [from, to] of four bytes each. */
#define WORDS(type, from, to)                                                                      \
	{                                                                                          \
		.name = #from, .off = offsetof(struct type, from),                                 \
		.size = offsetof(struct type, to) + sizeof(u32) - offsetof(struct type, from),     \
		.elem = sizeof(u32), .flags = CTX_READ                                             \
	}

/* What every socket has, also one of a connection that is not yet made or is closing. */
#define COMMON                                                                                     \
	FIELD(bpf_sock, bound_dev_if, 0), FIELD(bpf_sock, family, CTX_NARROW_FIRST),               \
		ADDRESS(src_ip4), ADDRESS(src_ip6), FIELD(bpf_sock, src_port, CTX_NARROW_FIRST),   \
		{.name = "dst_port",                                                               \
		 .off = offsetof(struct bpf_sock, dst_port),                                       \
		 .size = sizeof(u32),                                                              \
		 .elem = sizeof(u32),                                                              \
		 .flags = CTX_READ | CTX_NARROW_HALF},                                             \
		ADDRESS(dst_ip4), ADDRESS(dst_ip6), FIELD(bpf_sock, state, CTX_NARROW_FIRST),      \
		FIELD(bpf_sock, rx_queue_mapping, CTX_NARROW_FIRST)

static const struct ctx_field common_fields[] = {COMMON};

static const struct ctx_field sock_fields[] = {
	COMMON,
	FIELD(bpf_sock, type, CTX_NARROW_FIRST),
	FIELD(bpf_sock, protocol, CTX_NARROW_FIRST),
	FIELD(bpf_sock, mark, 0),
	FIELD(bpf_sock, priority, 0),
};

static const struct ctx_field tcp_fields[] = {
	WORDS(bpf_tcp_sock, snd_cwnd, sacked_out),
	FIELD(bpf_tcp_sock, bytes_received, 0),
	FIELD(bpf_tcp_sock, bytes_acked, 0),
	WORDS(bpf_tcp_sock, dsack_dups, icsk_retransmits),
};

static const struct ctx_field xdp_fields[] = {FIELD(bpf_xdp_sock, queue_id, 0)};

static const struct {
	const struct ctx_field *fields;
	u32 cnt;
} layouts[REG_KINDS] = {
	[PTR_TO_SOCK_COMMON] = {common_fields, ARRAY_SIZE(common_fields)},
	[PTR_TO_SOCKET] = {sock_fields, ARRAY_SIZE(sock_fields)},
	[PTR_TO_TCP_SOCK] = {tcp_fields, ARRAY_SIZE(tcp_fields)},
	[PTR_TO_XDP_SOCK] = {xdp_fields, ARRAY_SIZE(xdp_fields)},
};

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

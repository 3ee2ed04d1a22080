/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packet pointers. How many bytes are there is learnt from comparisons with
 * the end of the packet (branch.c); here it is used.
 */
#include "verify/verifier.h"

bool packet_access_allowed(struct verifier *v, const struct helper_proto *proto, enum access kind)
{
	const struct prog_rules *rules = v->rules;

	if (kind == ACCESS_WRITE ? !rules->packet_write : !rules->packet_read)
		return false;
	if (proto && !rules->packet_any_helper)
		return proto->flags & HELPER_PKT_ACCESS;
	if (kind == ACCESS_WRITE)
		v->seen_direct_write = true;
	return true;
}

static int check_bytes(struct verifier *v, u32 regno, s32 off, s64 size, bool zero_ok)
{
	const struct reg *reg = cur_reg(v, regno);

	if (reg->range < 0)
		return -EINVAL;
	if (off >= 0 && (s64)off + size <= reg->range && (size > 0 || (zero_ok && !size)))
		return 0;
	return reject(v, -EACCES,
		      "invalid access to packet, off=%d size=%d, R%u(id=%u,off=%d,r=%d)", off,
		      (s32)size, regno, reg->id, off, reg->range);
}

int check_packet_access(struct verifier *v, u32 regno, s32 off, s64 size, bool zero_ok)
{
	const struct reg *reg = cur_reg(v, regno);
	int err;

	if (reg->s.smin < 0)
		return reject(v, -EACCES,
			      "R%u min value is negative, either use unsigned index or do a if "
			      "(index >=0) check.",
			      regno);
	err = check_bytes(v, regno, off, size, zero_ok);
	if (err)
		return reject(v, err, "R%u offset is outside of the packet", regno);
	return 0;
}

int check_packet_load_store(struct verifier *v, const struct mem_access *a, s32 off)
{
	int err;

	if (a->kind == ACCESS_WRITE) {
		if (!packet_access_allowed(v, NULL, ACCESS_WRITE))
			return reject(v, -EACCES, "cannot write into packet");
		if (a->value >= 0 && leaks_pointer(v, cur_reg(v, (u32)a->value)))
			return reject(v, -EACCES, "R%d leaks addr into packet", a->value);
	}
	err = check_packet_access(v, a->regno, off, a->size, false);
	if (!err && a->kind == ACCESS_READ && a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return err;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The context: only at the offsets that the program type's field table lists. */
#include "verify/verifier.h"

static bool is_power_of_two(u32 n)
{
	return n && !(n & (n - 1));
}

/* Whole elements, parts of them where the field allows it, or two neighbours as one. */
static bool size_allowed(const struct ctx_field *field, u32 off, u32 size)
{
	u32 in_elem = (off - field->off) % field->elem;

	if (field->flags & CTX_BYTES)
		return is_power_of_two(size) && size <= 8;
	if (size == field->elem && !in_elem)
		return true;
	if (size < field->elem && field->flags & CTX_NARROW)
		return is_power_of_two(size) && in_elem % size == 0 &&
		       in_elem + size <= field->elem;
	return size == 2u * field->elem && field->flags & CTX_WIDE && !in_elem &&
	       (off - field->off) % size == 0;
}

static const struct ctx_field *find_field(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct ctx_field *field;
	bool write = a->kind == ACCESS_WRITE;

	if (off < 0 || (u32)off + a->size > v->rules->ctx_size || (u32)off % a->size)
		return NULL;
	field = ctx_field_find(v->rules, (u32)off, a->size);
	if (!field || !(field->flags & (write ? CTX_WRITE : CTX_READ)))
		return NULL;
	if (field->flags & CTX_CAP_BPF && !v->bpf_capable)
		return NULL;
	if (field->attach && field->attach != 1 + (u32)v->info.attach_type)
		return NULL;
	if (write && a->size < field->elem && !(field->flags & CTX_BYTES))
		return NULL;
	/* A pointer is loaded as a whole. */
	if (field->value != CTX_SCALAR && (a->size != field->elem || write || a->sign_extend))
		return NULL;
	return size_allowed(field, (u32)off, a->size) ? field : NULL;
}

static u32 type_of_value(enum ctx_value value)
{
	switch (value) {
	case CTX_PACKET:
		return PTR_TO_PACKET;
	case CTX_PACKET_META:
		return PTR_TO_PACKET_META;
	case CTX_PACKET_END:
		return PTR_TO_PACKET_END;
	case CTX_SOCK_COMMON_OR_NULL:
		return PTR_TO_SOCK_COMMON | PTR_MAYBE_NULL;
	case CTX_FLOW_KEYS:
		return PTR_TO_FLOW_KEYS;
	default:
		return SCALAR_VALUE;
	}
}

int check_ctx_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	const struct ctx_field *field;
	struct reg *dst;
	int err = check_ptr_off(v, reg, a->regno, false);

	if (err)
		return err;
	field = find_field(v, a, off);
	if (!field) {
		err = reject(v, -EACCES, "invalid bpf_context access off=%d size=%u", off, a->size);
		log_source_line(v, a->insn, "; ");
		return err;
	}
	if (a->kind != ACCESS_READ || a->value < 0)
		return 0;
	dst = cur_reg(v, (u32)a->value);
	if (field->value == CTX_SCALAR) {
		reg_set_unknown(dst);
		return 0;
	}
	reg_set_pointer(dst, type_of_value(field->value));
	if (reg_maybe_null(dst))
		dst->id = ++v->id_gen;
	return 0;
}

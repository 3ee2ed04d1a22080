/* SPDX-License-Identifier: BSD-2-Clause */
/* The context: only at the offsets that the program type's field table lists. */
#include "verify/attach.h"

static bool kind_allowed(const struct verifier *v, const struct ctx_field *field, bool write)
{
	u32 attach = v->info.attach_type;

	if (!(field->flags & (write ? CTX_WRITE : CTX_READ)))
		return false;
	if (field->flags & (CTX_CAP_BPF | (write ? CTX_WRITE_CAP_BPF : 0)) && !v->bpf_capable)
		return false;
	if (field->attach && !set_has(field->attach, attach))
		return false;
	return !write || !field->attach_write || set_has(field->attach_write, attach);
}

/* The kernel's BTF is only looked at for what is beyond the machines that are known here. */
static bool in_ctx_struct(struct verifier *v, u32 end)
{
	const struct btf *btf = v->rules->ctx_struct ? kernel_btf(v) : NULL;
	s32 id = btf ? btf_find(btf, BTF_KIND_STRUCT, v->rules->ctx_struct) : -ENOENT;

	return id > 0 && end <= CTX_MOST && end <= btf_type_by_id(btf, (u32)id)->size;
}

static const struct ctx_field *field_at(struct verifier *v, u32 off, u32 size)
{
	if (off + size <= v->rules->ctx_size)
		return ctx_field_find(v->rules, off, size);
	return in_ctx_struct(v, off + size) ? v->rules->fields : NULL;
}

static const struct ctx_field *find_field(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct ctx_field *field;
	bool write = a->kind == ACCESS_WRITE;

	if (off < 0 || (u32)off % a->size)
		return NULL;
	field = field_at(v, (u32)off, a->size);
	if (!field || !kind_allowed(v, field, write))
		return NULL;
	/* A pointer is loaded as a whole. */
	if (field->value != CTX_SCALAR && (a->size != field->elem || write || a->sign_extend))
		return NULL;
	return ctx_size_allowed(field, (u32)off, a->size, write) ? field : NULL;
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
	case CTX_SOCK:
		return PTR_TO_SOCKET;
	case CTX_SOCK_OR_NULL:
		return PTR_TO_SOCKET | PTR_MAYBE_NULL;
	case CTX_TP_BUFFER:
		return PTR_TO_TP_BUFFER;
	case CTX_BTF:
		return PTR_TO_BTF_ID | PTR_TRUSTED;
	case CTX_FLOW_KEYS:
		return PTR_TO_FLOW_KEYS;
	default:
		return SCALAR_VALUE;
	}
}

static int reject_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	int err = reject(v, -EACCES, "invalid bpf_context access off=%d size=%u", off, a->size);

	log_source_line(v, a->insn, "; ");
	return err;
}

/* The structure that the kernel knows by this name; -ENOENT when it does not. */
static int set_btf_type(struct verifier *v, struct reg *reg, const char *name)
{
	s32 id = kernel_btf(v) ? btf_find(kernel_btf(v), BTF_KIND_STRUCT, name) : -ENOENT;

	if (id < 0)
		return -ENOENT;
	reg->btf = kernel_btf(v);
	reg->btf_id = (u32)id;
	return 0;
}

int check_ctx_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	const struct ctx_field *field;
	struct reg *dst;
	int err = check_ptr_off(v, reg, a->regno, false);

	if (err)
		return err;
	if (v->rules->ctx_by_btf) {
		err = check_btf_ctx_access(v, a, off);
		if (err)
			log_source_line(v, a->insn, "; ");
		return err;
	}
	field = find_field(v, a, off);
	if (!field)
		return reject_access(v, a, off);
	if (a->kind != ACCESS_READ || a->value < 0)
		return 0;
	dst = cur_reg(v, (u32)a->value);
	if (field->value == CTX_SCALAR) {
		reg_set_unknown(dst);
		return 0;
	}
	reg_set_pointer(dst, type_of_value(field->value));
	if (field->value == CTX_BTF && set_btf_type(v, dst, field->btf))
		return reject_access(v, a, off);
	if (reg_maybe_null(dst))
		dst->id = ++v->id_gen;
	return 0;
}

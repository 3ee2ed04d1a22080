/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pointers to objects in map values and in allocated objects (kptr): loads
 * and stores of them, and bpf_kptr_xchg(), which alone moves owners.
 */
#include <stdio.h>

#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

/* Objects that readers may go on with while others drop them. */
static const char *const rcu_types[] = {
	"prog_test_ref_kfunc", "cgroup", "bpf_cpumask", "task_struct", "bpf_crypto_ctx",
};

static bool is_rcu_type(const struct verifier *v, const struct btf_field *field)
{
	const char *name = btf_id_name(field->btf, field->type_id);

	if (!btf_is_kernel(v, field->btf))
		return true;
	for (u32 i = 0; i < ARRAY_SIZE(rcu_types); i++)
		if (!strcmp(rcu_types[i], name))
			return true;
	return false;
}

/* ---- what fits ---- */

static u32 allowed_flags(const struct verifier *v, const struct btf_field *field,
			 const struct reg *reg)
{
	if (btf_is_kernel(v, reg->btf))
		return PTR_MAYBE_NULL | PTR_TRUSTED | MEM_RCU |
		       (field->kind == BTF_FIELD_KPTR_UNREF ? PTR_UNTRUSTED : 0);
	return PTR_MAYBE_NULL | MEM_ALLOC | (field->kind == BTF_FIELD_KPTR_PERCPU ? MEM_PERCPU : 0);
}

static int reject_kptr(struct verifier *v, const struct btf_field *field, const struct reg *reg,
		       u32 regno, const char *name)
{
	const char *want = btf_id_name(field->btf, field->type_id);

	if (field->kind == BTF_FIELD_KPTR_UNREF)
		return reject(v, -EACCES,
			      "invalid kptr access, R%u type=%s%s expected=%s%s or %s%s", regno,
			      TYPE_NAME(reg->type), name, TYPE_NAME(PTR_TO_BTF_ID), want,
			      TYPE_NAME(PTR_TO_BTF_ID | PTR_UNTRUSTED), want);
	return reject(v, -EACCES, "invalid kptr access, R%u type=%s%s expected=%s%s", regno,
		      TYPE_NAME(reg->type), name, TYPE_NAME(PTR_TO_BTF_ID), want);
}

int check_kptr_value(struct verifier *v, const struct btf_field *field, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	struct btf_match m = {
		.need_btf = field->btf,
		.need_id = field->type_id,
		.strict = field->kind != BTF_FIELD_KPTR_UNREF,
		.flexible = !(reg->type & MEM_ALLOC),
	};
	const char *name;
	int err;

	if (reg_kind(reg) != PTR_TO_BTF_ID ||
	    reg->type & ~(REG_KIND_MASK | allowed_flags(v, field, reg)) ||
	    (field->kind == BTF_FIELD_KPTR_PERCPU) != !!(reg->type & MEM_PERCPU))
		return reject_kptr(v, field, reg, regno, "");
	name = btf_id_name(reg->btf, reg->btf_id);
	err = check_ptr_off(v, reg, regno, true);
	if (err)
		return -EACCES;
	m.btf = reg->btf;
	m.id = reg->btf_id;
	m.off = reg->off;
	return btf_struct_ids_match(v, &m) ? 0 : reject_kptr(v, field, reg, regno, name);
}

/* ---- loads and stores ---- */

/* An owner stays where it is: what is loaded is valid as long as RCU keeps it, if at all. */
static u32 loaded_flags(const struct verifier *v, const struct btf_field *field)
{
	const struct btf_fields *fields;
	u32 flags = PTR_MAYBE_NULL;

	if (!in_rcu_section(v) || field->kind == BTF_FIELD_KPTR_UNREF ||
	    (field->kind == BTF_FIELD_KPTR_REF && !is_rcu_type(v, field)))
		return flags | PTR_UNTRUSTED;
	flags |= MEM_RCU;
	if (field->kind == BTF_FIELD_KPTR_PERCPU)
		flags |= MEM_PERCPU;
	else if (!btf_is_kernel(v, field->btf))
		flags |= MEM_ALLOC;
	fields =
		btf_is_kernel(v, field->btf) ? NULL : btf_struct_fields(field->btf, field->type_id);
	if (btf_fields_kind(fields, BTF_FIELD_GRAPH_NODE))
		flags |= NON_OWN_REF;
	return flags;
}

static int check_kptr_store(struct verifier *v, const struct btf_field *field, s32 value)
{
	if (field->kind != BTF_FIELD_KPTR_UNREF)
		return reject(v, -EACCES, "store to referenced kptr disallowed");
	if (BPF_CLASS(cur_insn(v)->code) == BPF_ST) {
		if (cur_insn(v)->imm)
			return reject(v, -EACCES,
				      "BPF_ST imm must be 0 when storing to kptr at off=%u",
				      field->offset);
		return 0;
	}
	/* It is zero on this path: what is like it must be so, too. */
	if (reg_is_null(cur_reg(v, (u32)value)))
		return mark_precise(v, (u32)value);
	return check_kptr_value(v, field, (u32)value);
}

int check_kptr_access(struct verifier *v, const struct mem_access *a, const struct btf_field *field)
{
	if (BPF_MODE(cur_insn(v)->code) != BPF_MEM)
		return reject(v, -EACCES,
			      "kptr in map can only be accessed using BPF_MEM instruction mode");
	if (a->kind == ACCESS_WRITE)
		return check_kptr_store(v, field, a->value);
	reg_set_btf(v, cur_reg(v, (u32)a->value), field->btf, field->type_id,
		    loaded_flags(v, field));
	return 0;
}

/* ---- fields that an access may touch ---- */

/* A kptr is loaded and stored as a whole, by instructions. */
static int check_whole_kptr(struct verifier *v, const struct btf_field *field,
			    const struct reg *reg, s64 off, s64 size, bool by_insn)
{
	if (!by_insn)
		return reject(v, -EACCES, "kptr cannot be accessed indirectly by helper");
	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EACCES, "kptr access cannot have variable offset");
	if (field->offset != off + (s64)reg->s.var_off.value)
		return reject(v, -EACCES, "kptr access misaligned expected=%u off=%llu",
			      field->offset, (unsigned long long)(off + (s64)reg->s.var_off.value));
	if (size != 8)
		return reject(v, -EACCES, "kptr access size must be BPF_DW");
	return 0;
}

int check_value_fields(struct verifier *v, const struct reg *reg, s64 off, s64 size, bool by_insn)
{
	const struct btf_fields *fields = reg->map->fields;
	s64 low = reg->s.smin + off, high = (s64)reg->s.umax + off + size;

	for (u32 i = 0; fields && i < fields->cnt; i++) {
		const struct btf_field *field = &fields->at[i];
		int err;

		if (low >= (s64)field->offset + field->size || field->offset >= high)
			continue;
		if (!(field->kind & (BTF_FIELD_KPTR | BTF_FIELD_UPTR)))
			return reject(v, -EACCES, "%s cannot be accessed directly by load/store",
				      btf_field_name(field->kind));
		err = check_whole_kptr(v, field, reg, off, size, by_insn);
		if (err)
			return err;
	}
	return 0;
}

const struct btf_field *kptr_at(const struct reg *reg, s64 off)
{
	if (!tnum_is_const(reg->s.var_off))
		return NULL;
	return btf_fields_at(reg->map->fields, (u32)(off + (s64)reg->s.var_off.value),
			     BTF_FIELD_KPTR);
}

/* ---- bpf_kptr_xchg() ---- */

int check_kptr_dest(struct verifier *v, u32 regno, struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	const struct btf_fields *fields = reg_fields(reg);
	const struct btf_field *field;
	u32 off;

	if (reg_kind(reg) == PTR_TO_MAP_VALUE) {
		if (!reg->map->btf)
			return reject(v, -EINVAL,
				      "map '%s' has to have BTF in order to use bpf_kptr_xchg",
				      reg->map->name);
		args->map = reg->map;
		args->map_index = reg->map_index;
		args->map_uid = reg->map_uid;
	}
	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EINVAL,
			      "R%u doesn't have constant offset. kptr has to be at the constant "
			      "offset",
			      regno);
	if (!btf_fields_kind(fields, BTF_FIELD_KPTR))
		return reject(v, -EINVAL, "R%u has no valid kptr", regno);
	off = (u32)reg->off + (u32)reg->s.var_off.value;
	field = btf_fields_at(fields, off, BTF_FIELD_KPTR);
	if (!field)
		return reject(v, -EACCES, "off=%d doesn't point to kptr", (s32)off);
	if (field->kind == BTF_FIELD_KPTR_UNREF)
		return reject(v, -EACCES, "off=%d kptr isn't referenced kptr", (s32)off);
	args->kptr = field;
	return 0;
}

struct given {
	u32 ref;
	bool in_rcu;
};

/* The map owns it now. A per-CPU object stays for readers in the section. */
static int give(struct verifier *v, struct reg *reg, void *arg)
{
	const struct given *given = arg;
	const u32 percpu = MEM_ALLOC | MEM_PERCPU;

	if (reg->ref_id != given->ref)
		return 0;
	if (given->in_rcu && (reg->type & percpu) == percpu) {
		reg->ref_id = 0;
		reg->type = (reg->type & ~MEM_ALLOC) | MEM_RCU;
	} else if (v->ptr_leaks) {
		reg_set_unknown(reg);
	} else {
		reg_set_not_init(reg);
	}
	return 0;
}

int release_kptr(struct verifier *v, u32 ref)
{
	struct given given = {ref, in_rcu_section(v)};
	int err = forget_ref(v, ref);

	return err ? err : each_reg(v, v->cur, give, &given);
}

void set_kptr_result(struct verifier *v, struct reg *r0, const struct btf_field *field, u32 flags)
{
	if (!btf_is_kernel(v, field->btf)) {
		flags |= MEM_ALLOC;
		if (field->kind == BTF_FIELD_KPTR_PERCPU)
			flags |= MEM_PERCPU;
	}
	reg_set_btf(v, r0, field->btf, field->type_id, flags);
}

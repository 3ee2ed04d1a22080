/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that programs allocate: structures of their own BTF, by bpf_obj_new(). */
#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

#define PERCPU_OBJ_MAX 512

const struct btf_fields *reg_fields(const struct reg *reg)
{
	switch (reg_kind(reg)) {
	case PTR_TO_MAP_VALUE:
		return reg->map->fields;
	case PTR_TO_BTF_ID:
		return reg->type & MEM_ALLOC ? btf_struct_fields(reg->btf, reg->btf_id) : NULL;
	default:
		return NULL;
	}
}

bool reg_has_lock(const struct reg *reg)
{
	return btf_fields_kind(reg_fields(reg), BTF_FIELD_SPIN_LOCK);
}

static int check_percpu(struct verifier *v, const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf_type_by_id(btf, id);

	if (t->size > PERCPU_OBJ_MAX)
		return reject(v, -EINVAL, "bpf_percpu_obj_new type size (%u) is greater than %u",
			      t->size, PERCPU_OBJ_MAX);
	if (!is_scalar_struct(v, btf, t))
		return reject(v, -EINVAL,
			      "bpf_percpu_obj_new type ID argument must be of a struct of scalars");
	if (btf_struct_fields(btf, id))
		return reject(
			v, -EINVAL,
			"bpf_percpu_obj_new type ID argument must not contain special fields");
	return 0;
}

int set_new_object(struct verifier *v, struct reg *r0, struct kfunc_args *args)
{
	bool percpu = kfunc_is(args, KFUNC_bpf_percpu_obj_new_impl);
	const struct btf *btf = v->in->btf;
	const struct btf_type *t;
	u32 id = (u32)args->constant;
	int err;

	if (args->constant > UINT32_MAX)
		return reject(v, -EINVAL, "local type ID argument must be in range [0, U32_MAX]");
	if (!btf)
		return reject(v, -EINVAL, "bpf_obj_new/bpf_percpu_obj_new requires prog BTF");
	t = btf_type_by_id(btf, id);
	if (!t || btf_kind(t) != BTF_KIND_STRUCT)
		return reject(
			v, -EINVAL,
			"bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct");
	if (percpu) {
		err = check_percpu(v, btf, id);
		if (err)
			return err;
	}
	args->obj_btf = btf;
	args->obj_id = id;
	reg_set_btf(v, r0, btf, id, MEM_ALLOC | (percpu ? MEM_PERCPU : 0));
	return 0;
}

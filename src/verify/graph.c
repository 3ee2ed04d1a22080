/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists and trees of objects that the program owns. What is put into one
 * belongs to it; the program keeps a pointer that does not own, until it
 * gives the lock back.
 */
#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

static const char *kind_name(enum btf_field_kind kind)
{
	return btf_field_name(kind);
}

/* ---- where the path is ---- */

bool in_tree_callback(const struct verifier *v)
{
	for (u32 i = v->cur->curframe; i; i--) {
		const struct frame *frame = v->cur->frame[i];

		if (frame->in_callback &&
		    insn_calls_kfunc(v, frame->callsite, KFUNC_bpf_rbtree_add_impl))
			return true;
	}
	return false;
}

/* ---- registers ---- */

void set_graph_node(struct verifier *v, struct reg *reg, const struct btf_field *root)
{
	reg_set_btf(v, reg, root->btf, root->type_id, MEM_ALLOC);
	reg->off = (s32)root->node_offset;
}

int set_non_owning(struct verifier *v, struct reg *reg)
{
	if (!v->cur->lock_origin)
		return reject(v, -EFAULT,
			      "verifier internal error: ref_set_non_owning w/o active lock");
	if (reg->type & NON_OWN_REF)
		return reject(v, -EFAULT, "verifier internal error: NON_OWN_REF already set");
	reg->type |= NON_OWN_REF;
	/* Others may drop it, and then it stays for readers. */
	if (btf_fields_kind(reg_fields(reg), BTF_FIELD_REFCOUNT))
		reg->type |= MEM_RCU;
	return 0;
}

/* ---- arguments ---- */

static int reject_variable(struct verifier *v, u32 regno, enum btf_field_kind kind)
{
	return reject(v, -EINVAL,
		      "R%u doesn't have constant offset. %s has to be at the constant offset",
		      regno, kind_name(kind));
}

int check_graph_root(struct verifier *v, u32 regno, enum btf_field_kind kind,
		     struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	const struct btf_fields *fields = reg_fields(reg);
	const struct btf_field *field, *lock;
	u32 off;
	int err;

	if (!tnum_is_const(reg->s.var_off))
		return reject_variable(v, regno, kind);
	off = (u32)reg->off + (u32)reg->s.var_off.value;
	field = btf_fields_at(fields, off, kind);
	if (!field)
		return reject(v, -EINVAL, "%s not found at offset=%u", kind_name(kind), off);
	err = check_locked(v, reg);
	if (err) {
		lock = btf_fields_kind(fields, BTF_FIELD_SPIN_LOCK);
		return reject(v, -EINVAL, "bpf_spin_lock at off=%d must be held for %s",
			      lock ? (s32)lock->offset : -EINVAL, kind_name(kind));
	}
	args->root = field;
	return 0;
}

static enum btf_field_kind root_kind(enum btf_field_kind node)
{
	return node == BTF_FIELD_LIST_NODE ? BTF_FIELD_LIST_HEAD : BTF_FIELD_RB_ROOT;
}

int check_graph_node(struct verifier *v, u32 regno, enum btf_field_kind kind,
		     struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	const struct btf_field *root = args->root;
	struct btf_match m = {.btf = reg->btf, .id = reg->btf_id, .strict = true};
	u32 off;

	if (!tnum_is_const(reg->s.var_off))
		return reject_variable(v, regno, kind);
	off = (u32)reg->off + (u32)reg->s.var_off.value;
	if (!btf_fields_at(reg_fields(reg), off, kind))
		return reject(v, -EINVAL, "%s not found at offset=%u", kind_name(kind), off);
	if (!root || root->kind != root_kind(kind))
		return reject(v, -EFAULT, "verifier internal error: %s without a root",
			      kind_name(kind));
	m.need_btf = root->btf;
	m.need_id = root->type_id;
	m.flexible = !(reg->type & MEM_ALLOC);
	if (!btf_struct_ids_match(v, &m))
		return reject(v, -EINVAL,
			      "operation on %s expects arg#1 %s at offset=%u in struct %s, but arg "
			      "is at offset=%u in struct %s",
			      kind_name(root->kind), kind_name(kind), root->node_offset,
			      btf_id_name(root->btf, root->type_id), off,
			      btf_id_name(reg->btf, reg->btf_id));
	args->obj_btf = reg->btf;
	args->obj_id = reg->btf_id;
	if (off != root->node_offset)
		return reject(v, -EINVAL,
			      "arg#1 offset=%u, but expected %s at offset=%u in struct %s", off,
			      kind_name(kind), root->node_offset,
			      btf_id_name(root->btf, root->type_id));
	return 0;
}

/* less(a, b): two elements of the tree in r1, which the call does not own. */
int set_less_args(struct verifier *v, struct frame *callee, const struct frame *caller,
		  const struct call_args *args)
{
	const struct reg *tree = &caller->regs[BPF_REG_1];
	const struct btf_field *root =
		btf_fields_at(reg_fields(tree), (u32)tree->off, BTF_FIELD_RB_ROOT);
	int err = 0;

	(void)args;
	if (!root)
		return -EFAULT;
	for (u32 i = BPF_REG_1; i <= BPF_REG_2 && !err; i++) {
		set_graph_node(v, &callee->regs[i], root);
		err = set_non_owning(v, &callee->regs[i]);
	}
	return err;
}

/* ---- insertion ---- */

static int disown(struct verifier *v, struct reg *reg, void *arg)
{
	if (reg->ref_id != *(const u32 *)arg)
		return 0;
	reg->ref_id = 0;
	return set_non_owning(v, reg);
}

static int reject_insert(struct verifier *v, int err, const struct kfunc *kfunc)
{
	if (err == -ENOMEM)
		return err;
	return reject(v, err, "kfunc %s#%u conversion of owning ref to non-owning failed",
		      kfunc->name, kfunc->id);
}

int check_graph_insert(struct verifier *v, struct kfunc_args *args)
{
	const struct kfunc *kfunc = args->kfunc;
	u32 ref = cur_reg(v, BPF_REG_2)->ref_id;
	int err;

	if (kfunc->kind != KFUNC_bpf_list_push_front_impl &&
	    kfunc->kind != KFUNC_bpf_list_push_back_impl &&
	    kfunc->kind != KFUNC_bpf_rbtree_add_impl)
		return 0;
	if (!ref) {
		err = reject(v, -EFAULT,
			     "verifier internal error: ref_obj_id is zero for owning -> non-owning "
			     "conversion");
		return reject_insert(v, err, kfunc);
	}
	err = each_reg(v, v->cur, disown, &ref);
	if (err)
		return reject_insert(v, err, kfunc);
	err = release_ref(v, ref);
	if (err == -EINVAL)
		return reject(v, err, "kfunc %s#%u reference has not been acquired before",
			      kfunc->name, kfunc->id);
	return err;
}

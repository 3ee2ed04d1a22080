/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks and sections: bpf_spin_lock, bpf_rcu_read_lock, bpf_preempt_disable.
 * What a path holds is in its state; what may be done there is said here.
 */
#include <inttypes.h>

#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

bool in_sleepable(const struct verifier *v)
{
	return v->info.sleepable || v->cur->in_sleepable;
}

/* ---- spin locks ---- */

/* Which memory the lock is in: the map or the BTF of the object, and the id of its pointer. */
static const void *lock_origin(const struct reg *reg)
{
	return reg_kind(reg) == PTR_TO_MAP_VALUE ? (const void *)reg->map : (const void *)reg->btf;
}

static bool is_non_owning(const struct reg *reg, u32 arg)
{
	(void)arg;
	return reg_kind(reg) == PTR_TO_BTF_ID && reg->type & MEM_ALLOC && reg->type & NON_OWN_REF;
}

static int take_lock(struct verifier *v, const struct reg *reg)
{
	if (v->cur->lock_origin)
		return reject(v, -EINVAL, "Locking two bpf_spin_locks are not allowed");
	v->cur->lock_origin = lock_origin(reg);
	v->cur->lock_id = reg->id;
	return 0;
}

static int drop_lock(struct verifier *v, const struct reg *reg)
{
	int err;

	if (!v->cur->lock_origin)
		return reject(v, -EINVAL, "bpf_spin_unlock without taking a lock");
	if (v->cur->lock_origin != lock_origin(reg) || v->cur->lock_id != reg->id)
		return reject(v, -EINVAL, "bpf_spin_unlock of different lock");
	err = invalidate_regs(v, is_non_owning, 0);
	v->cur->lock_origin = NULL;
	v->cur->lock_id = 0;
	return err;
}

int check_spin_lock(struct verifier *v, u32 regno, bool lock)
{
	const struct reg *reg = cur_reg(v, regno);
	const struct map_desc *map = reg->type == PTR_TO_MAP_VALUE ? reg->map : NULL;
	const struct btf_field *field;
	s64 off;

	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EINVAL,
			      "R%u doesn't have constant offset. bpf_spin_lock has to be at the "
			      "constant offset",
			      regno);
	if (map && !map->btf)
		return reject(v, -EINVAL, "map '%s' has to have BTF in order to use bpf_spin_lock",
			      map->name);
	field = btf_fields_kind(reg_fields(reg), BTF_FIELD_SPIN_LOCK);
	if (!field)
		return reject(v, -EINVAL, "%s '%s' has no valid bpf_spin_lock",
			      map ? "map" : "local", map ? map->name : "kptr");
	off = (s64)reg->s.var_off.value + reg->off;
	if (off != field->offset)
		return reject(v, -EINVAL,
			      "off %" PRId64
			      " doesn't point to 'struct bpf_spin_lock' that is at %u",
			      off, field->offset);
	return lock ? take_lock(v, reg) : drop_lock(v, reg);
}

int check_locked(struct verifier *v, const struct reg *reg)
{
	if (!v->cur->lock_origin)
		return -EINVAL;
	if (v->cur->lock_origin != lock_origin(reg) || v->cur->lock_id != reg->id)
		return reject(v, -EINVAL, "held lock and object are not in the same allocation");
	return 0;
}

static bool is_graph_function(const struct kfunc *kfunc)
{
	switch (kfunc ? kfunc->kind : KFUNC_UNKNOWN) {
	case KFUNC_bpf_list_push_front_impl:
	case KFUNC_bpf_list_push_back_impl:
	case KFUNC_bpf_list_pop_front:
	case KFUNC_bpf_list_pop_back:
	case KFUNC_bpf_rbtree_add_impl:
	case KFUNC_bpf_rbtree_remove:
	case KFUNC_bpf_rbtree_first:
	case KFUNC_bpf_refcount_acquire_impl:
		return true;
	default:
		return false;
	}
}

int check_call_locked(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	bool allowed = true;

	if (!v->cur->lock_origin)
		return 0;
	if (isa_is_helper_call(insn))
		allowed = insn->imm == BPF_FUNC_spin_unlock;
	else if (isa_is_kfunc_call(insn))
		allowed = is_graph_function(insn_kfunc(v, v->insn));
	if (!allowed)
		return reject(v, -EINVAL, "function calls are not allowed while holding a lock");
	return 0;
}

/* ---- sections ---- */

static int untrust(struct verifier *v, struct reg *reg, void *arg)
{
	(void)v;
	(void)arg;
	if (reg->type & MEM_RCU) {
		reg->type &= ~(MEM_RCU | PTR_MAYBE_NULL);
		reg->type |= PTR_UNTRUSTED;
	}
	return 0;
}

static int end_rcu(struct verifier *v)
{
	int err = each_reg(v, v->cur, untrust, NULL);

	v->cur->rcu_locked = false;
	return err ? err : end_rcu_iters(v);
}

static int check_rcu(struct verifier *v, const struct kfunc *kfunc)
{
	bool lock = kfunc->kind == KFUNC_bpf_rcu_read_lock;
	bool unlock = kfunc->kind == KFUNC_bpf_rcu_read_unlock;

	if (!v->cur->rcu_locked) {
		if (unlock)
			return reject(v, -EINVAL, "unmatched rcu read unlock (kernel function %s)",
				      kfunc->name);
		if (lock)
			v->cur->rcu_locked = true;
		return 0;
	}
	if ((lock || unlock) && in_tree_callback(v))
		return reject(v, -EACCES,
			      "Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback");
	if (lock)
		return reject(v, -EINVAL, "nested rcu read lock (kernel function %s)", kfunc->name);
	if (unlock)
		return end_rcu(v);
	if (kfunc->flags & KF_SLEEPABLE)
		return reject(v, -EACCES, "kernel func %s is sleepable within rcu_read_lock region",
			      kfunc->name);
	return 0;
}

static int check_preempt(struct verifier *v, const struct kfunc *kfunc)
{
	switch (kfunc->kind) {
	case KFUNC_bpf_preempt_disable:
		v->cur->preempt_locked++;
		return 0;
	case KFUNC_bpf_preempt_enable:
		if (!v->cur->preempt_locked)
			return reject(v, -EINVAL,
				      "unmatched attempt to enable preemption (kernel function %s)",
				      kfunc->name);
		v->cur->preempt_locked--;
		return 0;
	default:
		if (v->cur->preempt_locked && kfunc->flags & KF_SLEEPABLE)
			return reject(v, -EACCES,
				      "kernel func %s is sleepable within non-preemptible region",
				      kfunc->name);
		return 0;
	}
}

int check_kfunc_sections(struct verifier *v, struct kfunc_args *args)
{
	int err = check_rcu(v, args->kfunc);

	return err ? err : check_preempt(v, args->kfunc);
}

int check_helper_sections(struct verifier *v, const struct helper_proto *proto)
{
	if (!(proto->flags & HELPER_MIGHT_SLEEP))
		return 0;
	if (v->cur->rcu_locked)
		return reject(v, -EINVAL, "sleepable helper %s#%u in rcu_read_lock region",
			      func_name(v, proto->id), proto->id);
	if (v->cur->preempt_locked)
		return reject(v, -EINVAL, "sleepable helper %s#%u in non-preemptible region",
			      func_name(v, proto->id), proto->id);
	return 0;
}

int check_sections_closed(struct verifier *v, bool exception)
{
	const struct vstate *state = v->cur;
	u32 depth = state->preempt_locked;

	if (!exception && state->curframe)
		return 0;
	if (state->lock_origin)
		return reject(v, -EINVAL, "%s",
			      exception ? "bpf_throw cannot be used inside bpf_spin_lock-ed region"
					: "bpf_spin_unlock is missing");
	if (state->rcu_locked)
		return reject(
			v, -EINVAL, "%s",
			exception ? "bpf_throw cannot be used inside bpf_rcu_read_lock-ed region"
				  : "bpf_rcu_read_unlock is missing");
	if (!depth)
		return 0;
	if (exception)
		return reject(v, -EINVAL,
			      "bpf_throw cannot be used inside bpf_preempt_disable-ed region");
	return reject(v, -EINVAL, "%u bpf_preempt_enable%s missing", depth,
		      depth == 1 ? " is" : "(s) are");
}

/* What leaves the program at once: nothing may be held. @what names it. */
int check_nothing_held(struct verifier *v, const char *what)
{
	const struct vstate *state = v->cur;

	if (state->lock_origin)
		return reject(v, -EINVAL, "%s cannot be used inside bpf_spin_lock-ed region", what);
	if (state->rcu_locked)
		return reject(v, -EINVAL, "%s cannot be used inside bpf_rcu_read_lock-ed region",
			      what);
	if (state->preempt_locked)
		return reject(v, -EINVAL, "%s cannot be used inside bpf_preempt_disable-ed region",
			      what);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel functions: which ones a program names, found before any path is
 * followed, and each call of one.
 */
#include <ctype.h>
#include <stdio.h>

#include "verify/kfunc.h"

/* ---- which functions a program calls ---- */

const struct kfunc *insn_kfunc(const struct verifier *v, u32 insn)
{
	return v->aux[insn].kfunc;
}

bool insn_calls_kfunc(const struct verifier *v, u32 insn, enum kfunc_id kind)
{
	const struct kfunc *kfunc = v->aux[insn].kfunc;

	return kfunc && kfunc->kind == kind;
}

static int check_first(struct verifier *v)
{
	if (!kernel_btf(v))
		return reject(v, -ENOTSUPP,
			      "calling kernel function is not supported without "
			      "CONFIG_DEBUG_INFO_BTF");
	if (!v->in->gpl_compatible)
		return reject(v, -EINVAL,
			      "cannot call kernel function from non-GPL compatible program");
	return 0;
}

static int reject_btf(struct verifier *v, int err)
{
	switch (err) {
	case -EPROTO:
		(void)reject(v, err, "kfunc offset > 0 without fd_array is invalid");
		break;
	case -EINVAL:
		(void)reject(v, err, "BTF fd for kfunc is not a module BTF");
		break;
	default:
		(void)reject(v, err, "invalid module BTF fd specified");
	}
	return reject(v, err, "failed to find BTF for kernel function");
}

static int find_btf(struct verifier *v, s16 off, const struct btf **btf)
{
	u32 modules = 0;
	int err;

	*btf = kernel_btf(v);
	if (!off)
		return 0;
	if (off < 0) {
		(void)reject(v, -EINVAL,
			     "negative offset disallowed for kernel module function call");
		return reject(v, -EINVAL, "failed to find BTF for kernel function");
	}
	for (const struct kfunc *k = v->kfuncs; k; k = k->next) {
		if (k->off == off) {
			*btf = k->btf;
			return 0;
		}
		modules += k->new_btf;
	}
	if (modules == MAX_KFUNC_BTFS) {
		(void)reject(v, -E2BIG, "too many different module BTFs");
		return reject(v, -E2BIG, "failed to find BTF for kernel function");
	}
	err = v->in->resolve_btf ? v->in->resolve_btf(v->in->resolve_arg, off, true, btf) : -EPROTO;
	if (!err && *btf == kernel_btf(v))
		err = -EINVAL;
	return err ? reject_btf(v, err) : 0;
}

static int find_proto(struct verifier *v, struct kfunc *kfunc)
{
	const struct btf_type *func = btf_type_by_id(kfunc->btf, kfunc->id);

	if (!func || btf_kind(func) != BTF_KIND_FUNC)
		return reject(v, -EINVAL, "kernel btf_id %u is not a function", kfunc->id);
	kfunc->name = btf_name(kfunc->btf, func);
	kfunc->proto = btf_type_by_id(kfunc->btf, func->type);
	if (!kfunc->proto || btf_kind(kfunc->proto) != BTF_KIND_FUNC_PROTO)
		return reject(v, -EINVAL,
			      "kernel function btf_id %u does not have a valid func_proto",
			      kfunc->id);
	return 0;
}

/* Functions that a driver has its own body for. */
static int check_device(struct verifier *v, const struct kfunc *kfunc)
{
	switch (kfunc->kind) {
	case KFUNC_bpf_xdp_metadata_rx_timestamp:
	case KFUNC_bpf_xdp_metadata_rx_hash:
	case KFUNC_bpf_xdp_metadata_rx_vlan_tag:
		if (!(v->in->prog_flags & BPF_F_XDP_DEV_BOUND_ONLY))
			return reject(v, -EINVAL, "metadata kfuncs require device-bound program");
		return 0;
	default:
		return 0;
	}
}

static int fill(struct verifier *v, struct kfunc *kfunc)
{
	int err = find_proto(v, kfunc);

	if (err)
		return err;
	kfunc->kind = kfunc_id_by_name(kfunc->name);
	kfunc->row = kfunc_row(kfunc->name, v->info.type, v->info.attach_type);
	kfunc->flags = kfunc->row ? kfunc->row->flags : 0;
	err = check_device(v, kfunc);
	return err ? err : fill_kfunc_params(v, kfunc);
}

int add_kfunc(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	struct kfunc *kfunc;
	const struct btf *btf;
	int err = v->kfunc_seen ? 0 : check_first(v);

	if (err)
		return err;
	v->kfunc_seen = true;
	/* Calls of nothing are legal where the path never goes: see check_kfunc_ids(). */
	if (!insn->imm && !insn->off)
		return 0;
	err = find_btf(v, insn->off, &btf);
	if (err)
		return err;
	for (kfunc = v->kfuncs; kfunc; kfunc = kfunc->next)
		if (kfunc->id == (u32)insn->imm && kfunc->off == insn->off) {
			v->aux[i].kfunc = kfunc;
			return 0;
		}
	if (v->kfunc_cnt == MAX_KFUNCS)
		return reject(v, -E2BIG, "too many different kernel function calls");
	kfunc = arena_zalloc(&v->arena, sizeof(*kfunc));
	if (!kfunc)
		return -ENOMEM;
	kfunc->btf = btf;
	kfunc->id = (u32)insn->imm;
	kfunc->off = insn->off;
	kfunc->new_btf = insn->off != 0;
	for (const struct kfunc *k = v->kfuncs; k && kfunc->new_btf; k = k->next)
		kfunc->new_btf = k->off != insn->off;
	err = fill(v, kfunc);
	if (err)
		return err;
	kfunc->next = v->kfuncs;
	v->kfuncs = kfunc;
	v->kfunc_cnt++;
	v->aux[i].kfunc = kfunc;
	return 0;
}

int check_kfunc_ids(struct verifier *v)
{
	for (u32 i = 0; v->kfunc_seen && i < v->insn_cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];

		if (!isa_is_kfunc_call(insn) || insn->imm ||
		    !(v->result->facts[i].flags & FACT_SEEN))
			continue;
		v->insn = i;
		return reject(v, -EINVAL,
			      "invalid kernel function call not eliminated in verifier pass");
	}
	return 0;
}

/* ---- a call ---- */

static int check_callable(struct verifier *v, const struct kfunc *kfunc)
{
	if (!kfunc->row)
		return reject(v, -EACCES, "calling kernel function %s is not allowed", kfunc->name);
	if (kfunc->flags & KF_DESTRUCTIVE && !(v->in->caps & HOST_CAP_SYS_ADMIN))
		return reject(v, -EACCES,
			      "destructive kfunc calls require CAP_SYS_BOOT capability");
	if (kfunc->flags & KF_SLEEPABLE && !in_sleepable(v))
		return reject(v, -EACCES, "program must be sleepable to call sleepable kfunc %s",
			      kfunc->name);
	return 0;
}

static int check_callback(struct verifier *v, const struct kfunc_args *args)
{
	const struct call_args map = {
		.map = args->map,
		.map_index = args->map_index,
		.map_uid = args->map_uid,
	};
	const struct callback cb = {
		.subprog = args->subprog,
		.async = kfunc_calls_async_callback(args->kfunc),
		.sleepable = kfunc_calls_async_callback(args->kfunc),
		.set_args = kfunc_calls_callback(args->kfunc) ? set_less_args : set_timer_args,
	};
	int err;

	if (!kfunc_calls_callback(args->kfunc) && !cb.async)
		return 0;
	err = push_callback(v, &cb, &map);
	if (err && err != -ENOMEM)
		return reject(v, err, "kfunc %s#%u failed callback verification", args->kfunc->name,
			      args->kfunc->id);
	return err;
}

static int release_arg(struct verifier *v, const struct kfunc_args *args)
{
	int err = 0;

	if (args->release_reg)
		err = release_ref(v, cur_reg(v, args->release_reg)->ref_id);
	if (err == -EINVAL)
		return reject(v, err, "kfunc %s#%u reference has not been acquired before",
			      args->kfunc->name, args->kfunc->id);
	return err;
}

/* ---- what the calls need when they run ---- */

static bool same_use(const struct kfunc_use *a, const struct kfunc_use *b)
{
	return a->id == b->id && a->obj_btf == b->obj_btf && a->obj_id == b->obj_id &&
	       a->node_off == b->node_off && !strcmp(a->name, b->name);
}

/* 1 more than the use's index, or 0 when out of memory. */
static u32 find_use(struct verify_result *result, const struct kfunc_use *use)
{
	u32 n = result->kfunc_use_cnt;
	struct kfunc_use *grown;

	for (u32 i = 0; i < n; i++)
		if (same_use(&result->kfunc_uses[i], use))
			return i + 1;
	/* Powers of two; what is outgrown stays in the arena. */
	if (!(n & (n - 1))) {
		grown = arena_zalloc_array(&result->arena, n ? 2 * n : 1, sizeof(*grown));
		if (!grown)
			return 0;
		if (n)
			memcpy(grown, result->kfunc_uses, n * sizeof(*grown));
		result->kfunc_uses = grown;
	}
	result->kfunc_uses[n] = *use;
	return ++result->kfunc_use_cnt;
}

/* Where paths differ in the type of object, the program is legal and nothing here runs it. */
static int note_use(struct verifier *v, const struct kfunc_use *use)
{
	struct insn_fact *fact = &v->result->facts[v->insn];
	u32 found;

	if (v->cur->speculative)
		return 0;
	found = find_use(v->result, use);
	if (!found)
		return -ENOMEM;
	if (found >= FACT_KFUNC_SEVERAL || (fact->kfunc_use && fact->kfunc_use != found))
		found = FACT_KFUNC_SEVERAL;
	fact->kfunc_use = (u16)found;
	return 0;
}

static int note_kfunc_use(struct verifier *v, const struct kfunc_args *args)
{
	struct kfunc_use use = {
		.id = args->kfunc->kind,
		.name = args->kfunc->name,
		.param_cnt = (u8)args->kfunc->param_cnt,
		.obj_btf = args->obj_btf,
		.obj_id = args->obj_id,
	};

	if (args->root) {
		use.obj_btf = args->root->btf;
		use.obj_id = args->root->type_id;
		use.node_off = args->root->node_offset;
	}
	return note_use(v, &use);
}

int note_kptr_use(struct verifier *v, const struct btf_field *field)
{
	struct kfunc_use use = {
		.id = KFUNC_bpf_kptr_xchg,
		.name = "bpf_kptr_xchg",
		.param_cnt = 2,
		.obj_btf = field->btf,
		.obj_id = field->type_id,
	};

	return note_use(v, &use);
}

int check_kfunc_call(struct verifier *v)
{
	struct kfunc_args args = {.kfunc = v->aux[v->insn].kfunc};
	int err;

	if (!args.kfunc)
		return 0; /* a call of nothing */
	err = check_callable(v, args.kfunc);
	if (!err)
		err = check_kfunc_args(v, &args);
	if (!err)
		err = check_callback(v, &args);
	if (!err)
		err = check_kfunc_sections(v, &args);
	if (!err)
		err = release_arg(v, &args);
	if (!err)
		err = check_graph_insert(v, &args);
	if (!err && kfunc_is(&args, KFUNC_bpf_throw))
		err = check_throw(v, &args);
	if (err)
		return err;
	clobber_caller_saved(v);
	err = set_kfunc_result(v, &args);
	if (!err)
		err = note_kfunc_use(v, &args);
	if (err)
		return err;
	/* Before the paths part: here is where there is an element or none. */
	fact_result(v, v->insn, cur_reg(v, BPF_REG_0));
	return args.kfunc->flags & KF_ITER_NEXT ? follow_iter_next(v, &args.iter) : 0;
}

/* ---- what a context is behind its projection ---- */

s32 kernel_ctx_type(struct verifier *v)
{
	const struct btf *btf = kernel_btf(v);
	s32 id = btf_find(btf, BTF_KIND_STRUCT, "bpf_ctx_convert");
	const struct btf_type *t = id < 0 ? NULL : btf_type_by_id(btf, (u32)id);
	const struct btf_member *member = t ? btf_tail(t) : NULL;
	char name[64];
	u32 len;

	len = (u32)snprintf(name, sizeof(name), "BPF_PROG_TYPE_%s", v->rules->name);
	for (u32 i = 0; i < len; i++)
		name[i] = (char)toupper((unsigned char)name[i]);
	snprintf(name + len, sizeof(name) - len, "_kern");
	for (u32 i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf_str(btf, member[i].name_off), name))
			return (s32)member[i].type;
	return -ENOENT;
}

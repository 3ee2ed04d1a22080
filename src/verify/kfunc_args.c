/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of kernel functions: what the prototype demands of each register,
 * told by the parameter's type and the end of its name.
 */
#include "verify/btf_ptr.h"
#include "verify/global.h"
#include "verify/kfunc.h"

/* ---- what a parameter is ---- */

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && !strcmp(name + len - n, suffix);
}

static const struct {
	const char *suffix;
	u32 flag;
} param_flags[] = {
	{"__sz", PARAM_F_SIZE},	      {"__szk", PARAM_F_CONST_SIZE},
	{"__k", PARAM_F_CONST},	      {"__opt", PARAM_F_OPTIONAL},
	{"__uninit", PARAM_F_UNINIT}, {"__nullable", PARAM_F_NULLABLE},
};

static u32 flags_by_name(const char *name)
{
	u32 flags = 0;

	for (u32 i = 0; i < ARRAY_SIZE(param_flags); i++)
		if (has_suffix(name, param_flags[i].suffix))
			flags |= param_flags[i].flag;
	if (!strcmp(name, "rdonly_buf_size"))
		flags |= PARAM_F_RDONLY_SIZE;
	if (!strcmp(name, "rdwr_buf_size"))
		flags |= PARAM_F_RDWR_SIZE;
	return flags;
}

/* The program's context, or what the kernel has behind it. */
static bool is_ctx(const struct verifier *v, const struct kfunc_param *p)
{
	const char *ctx = v->rules->ctx_name;

	if (!btf_is_struct(p->to) || !ctx || !ctx[0])
		return false;
	return !strcmp(ctx, p->to_name) || is_projection_of(ctx, p->to_name);
}

/* The struct that a parameter points to, where its name decides. */
static const struct {
	const char *name;
	enum kfunc_param_kind kind;
} by_struct[] = {
	{"bpf_dynptr", PARAM_DYNPTR},	    {"bpf_list_head", PARAM_LIST_HEAD},
	{"bpf_list_node", PARAM_LIST_NODE}, {"bpf_rb_root", PARAM_RB_ROOT},
	{"bpf_rb_node", PARAM_RB_NODE},	    {"bpf_wq", PARAM_WQ},
};

static enum kfunc_param_kind kind_by_struct(const struct kfunc_param *p)
{
	if (btf_kind(p->to) != BTF_KIND_STRUCT)
		return PARAM_BY_REG;
	for (u32 i = 0; i < ARRAY_SIZE(by_struct); i++)
		if (!strcmp(by_struct[i].name, p->to_name))
			return by_struct[i].kind;
	return PARAM_BY_REG;
}

static enum kfunc_param_kind pointer_kind(const struct verifier *v, const struct kfunc *kfunc,
					  u32 i, const char *name)
{
	const u32 iters = KF_ITER_NEW | KF_ITER_NEXT | KF_ITER_DESTROY;
	const struct kfunc_param *p = &kfunc->params[i];
	enum kfunc_param_kind kind;

	if (kfunc->kind == KFUNC_bpf_cast_to_kern_ctx || is_ctx(v, p))
		return PARAM_CTX;
	if (has_suffix(name, "__alloc"))
		return PARAM_ALLOC_OBJ;
	if (has_suffix(name, "__refcounted_kptr"))
		return PARAM_REFCOUNTED;
	kind = kind_by_struct(p);
	if (kind == PARAM_DYNPTR)
		return kind;
	if (kfunc->flags & iters ? !i : has_suffix(name, "__iter"))
		return PARAM_ITER;
	if (kind != PARAM_BY_REG && kind != PARAM_WQ)
		return kind;
	if (has_suffix(name, "__str"))
		return PARAM_STR;
	if (has_suffix(name, "__map"))
		return PARAM_MAP;
	return kind;
}

static void fill_param(const struct verifier *v, struct kfunc *kfunc, u32 i,
		       const struct btf_param *param)
{
	const char *name = btf_str(kfunc->btf, param->name_off);
	struct kfunc_param *p = &kfunc->params[i];

	p->type = btf_skip_mods(kfunc->btf, param->type, NULL);
	p->flags = flags_by_name(name);
	/* Newer kernels have a name of its own for what they fill in themselves. */
	if (has_suffix(name, "__ign") || has_suffix(name, "__prog")) {
		p->kind = PARAM_IGNORED;
	} else if (is_scalar_type(p->type)) {
		p->kind = PARAM_SCALAR;
	} else if (btf_kind(p->type) != BTF_KIND_PTR) {
		p->kind = PARAM_NO_VALUE;
	} else {
		p->to = btf_skip_mods(kfunc->btf, p->type->type, &p->to_id);
		p->to_name = btf_name(kfunc->btf, p->to);
		if (btf_kind(p->to) == BTF_KIND_FUNC_PROTO)
			p->flags |= PARAM_F_FUNC;
		p->kind = pointer_kind(v, kfunc, i, name);
	}
}

int fill_kfunc_params(struct verifier *v, struct kfunc *kfunc)
{
	const struct btf_param *param = btf_tail(kfunc->proto);

	kfunc->param_cnt = btf_vlen(kfunc->proto);
	for (u32 i = 0; i < kfunc->param_cnt && i < ARRAY_SIZE(kfunc->params); i++)
		fill_param(v, kfunc, i, &param[i]);
	return 0;
}

/* ---- numbers ---- */

static int take_constant(struct verifier *v, u32 regno, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	int err;

	if (args->has_constant)
		return reject(v, -EFAULT,
			      "verifier internal error: only one constant argument permitted");
	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EINVAL, "R%u must be a known constant", regno);
	args->has_constant = true;
	args->constant = reg->s.var_off.value;
	err = mark_precise(v, regno);
	return err;
}

static int take_result_size(struct verifier *v, u32 regno, u32 flags, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, regno);

	if (flags & PARAM_F_RDONLY_SIZE)
		args->ret_rdonly = true;
	if (args->ret_size)
		return reject(v, -EINVAL, "2 or more rdonly/rdwr_buf_size parameters for kfunc");
	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EINVAL, "R%u is not a const", regno);
	args->ret_size = reg->s.var_off.value;
	if (args->ret_size > UINT32_MAX)
		return reject(v, -EINVAL, "R%u rdonly/rdwr_buf_size exceeds u32 max", regno);
	return mark_precise(v, regno);
}

static int check_scalar_arg(struct verifier *v, u32 regno, const struct kfunc_param *p,
			    struct kfunc_args *args)
{
	if (cur_reg(v, regno)->type != SCALAR_VALUE)
		return reject(v, -EINVAL, "R%u is not a scalar", regno);
	if (p->flags & PARAM_F_CONST)
		return take_constant(v, regno, args);
	if (p->flags & (PARAM_F_RDONLY_SIZE | PARAM_F_RDWR_SIZE))
		return take_result_size(v, regno, p->flags, args);
	return 0;
}

/* ---- pointers of each kind ---- */

static int check_ctx_arg(struct verifier *v, u32 arg, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, arg + 1);
	s32 id;

	if (reg->type != PTR_TO_CTX)
		return reject(v, -EINVAL, "arg#%u expected pointer to ctx, but got %s", arg,
			      TYPE_NAME(reg->type));
	if (!kfunc_is(args, KFUNC_bpf_cast_to_kern_ctx))
		return 0;
	id = kernel_ctx_type(v);
	if (id < 0 || !btf_is_struct(btf_type_by_id(kernel_btf(v), (u32)id)))
		return reject(v, -EINVAL, "kern ctx type id %d is not a struct", id);
	args->ret_btf_id = (u32)id;
	return 0;
}

static int check_alloc_obj_arg(struct verifier *v, u32 arg, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, arg + 1);

	if (reg->type == (PTR_TO_BTF_ID | MEM_ALLOC)) {
		if (!kfunc_is(args, KFUNC_bpf_obj_drop_impl))
			return reject(v, -EINVAL, "arg#%u expected for bpf_obj_drop_impl()", arg);
	} else if (reg->type == (PTR_TO_BTF_ID | MEM_ALLOC | MEM_PERCPU)) {
		if (!kfunc_is(args, KFUNC_bpf_percpu_obj_drop_impl))
			return reject(v, -EINVAL, "arg#%u expected for bpf_percpu_obj_drop_impl()",
				      arg);
	} else {
		return reject(v, -EINVAL, "arg#%u expected pointer to allocated object", arg);
	}
	if (!reg->ref_id)
		return reject(v, -EINVAL, "allocated object must be referenced");
	args->obj_btf = reg->btf;
	args->obj_id = reg->btf_id;
	return 0;
}

static int check_refcounted_arg(struct verifier *v, u32 arg, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, arg + 1);
	const struct btf_fields *fields;

	if (reg_kind(reg) != PTR_TO_BTF_ID || !(reg->type & MEM_ALLOC))
		return reject(v, -EINVAL, "arg#%u is neither owning or non-owning ref", arg);
	if (!(reg->type & NON_OWN_REF) && reg->ref_id)
		args->owning_ref = true;
	fields = reg_fields(reg);
	if (!fields)
		return reject(v, -EFAULT, "verifier internal error: Couldn't find btf_record");
	if (!(fields->mask & BTF_FIELD_REFCOUNT))
		return reject(v, -EINVAL, "arg#%u doesn't point to a type with bpf_refcount field",
			      arg);
	args->obj_btf = reg->btf;
	args->obj_id = reg->btf_id;
	return 0;
}

static int check_dynptr(struct verifier *v, u32 arg, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, arg + 1);
	u32 flags = reg->type == CONST_PTR_TO_DYNPTR ? MEM_RDONLY : 0, clone_ref = 0;
	const struct reg *dynptr;
	int err;

	if (args->kfunc->params[arg].flags & PARAM_F_UNINIT)
		flags |= MEM_UNINIT;
	if (kfunc_is(args, KFUNC_bpf_dynptr_from_skb)) {
		flags |= DYNPTR_SKB;
	} else if (kfunc_is(args, KFUNC_bpf_dynptr_from_xdp)) {
		flags |= DYNPTR_XDP;
	} else if (kfunc_is(args, KFUNC_bpf_dynptr_clone) && flags & MEM_UNINIT) {
		if (args->dynptr.type == DYNPTR_TYPE_INVALID)
			return reject(
				v, -EFAULT,
				"verifier internal error: no dynptr type for parent of clone");
		flags |= dynptr_type_flag(args->dynptr.type);
		clone_ref = args->dynptr.ref_id;
	}
	err = check_dynptr_arg(v, arg + 1, flags, clone_ref);
	if (err || flags & MEM_UNINIT)
		return err;
	dynptr = dynptr_of(v, arg + 1);
	args->dynptr.id = dynptr->id;
	args->dynptr.type = dynptr->dynptr.type;
	args->dynptr.ref_id = dynptr->ref_id;
	return 0;
}

static enum iter_use iter_use(const struct kfunc *kfunc)
{
	if (kfunc->flags & KF_ITER_NEW)
		return ITER_USE_NEW;
	if (kfunc->flags & KF_ITER_NEXT)
		return ITER_USE_NEXT;
	return kfunc->flags & KF_ITER_DESTROY ? ITER_USE_DESTROY : ITER_USE_ARG;
}

static int check_iter(struct verifier *v, u32 arg, struct kfunc_args *args)
{
	const struct kfunc *kfunc = args->kfunc;
	bool anywhere =
		v->info.type == BPF_PROG_TYPE_LSM ||
		(v->info.type == BPF_PROG_TYPE_TRACING && v->info.attach_type == BPF_TRACE_ITER) ||
		in_sleepable(v);
	int err;

	if (kfunc->kind == KFUNC_bpf_iter_css_task_new && !anywhere)
		return reject(v, -EINVAL,
			      "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable "
			      "progs");
	args->iter = (struct iter_arg){
		.btf = kfunc->btf,
		.btf_id = kfunc->params[arg].to_id,
		.size = kfunc->params[arg].to->size,
		.use = iter_use(kfunc),
		.rcu_protected = kfunc->flags & KF_RCU_PROTECTED,
		.func = kfunc->name,
	};
	err = check_iter_arg(v, arg + 1, &args->iter);
	/* Memory that it gives is its own. */
	args->ref_id = args->iter.ref_id;
	return err;
}

static int check_root_arg(struct verifier *v, u32 arg, enum btf_field_kind kind,
			  struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, arg + 1);
	bool object = reg->type == (PTR_TO_BTF_ID | MEM_ALLOC);

	if (reg->type != PTR_TO_MAP_VALUE && !object)
		return reject(v, -EINVAL,
			      "arg#%u expected pointer to map value or allocated object", arg);
	if (object && !reg->ref_id)
		return reject(v, -EINVAL, "allocated object must be referenced");
	return check_graph_root(v, arg + 1, kind, args);
}

static int check_node_arg(struct verifier *v, u32 arg, enum btf_field_kind kind,
			  struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, arg + 1);

	if (kfunc_is(args, KFUNC_bpf_rbtree_remove)) {
		if (!(reg->type & NON_OWN_REF) || reg->ref_id)
			return reject(v, -EINVAL,
				      "rbtree_remove node input must be non-owning ref");
		if (in_tree_callback(v))
			return reject(v, -EINVAL, "rbtree_remove not allowed in rbtree cb");
	} else {
		if (reg->type != (PTR_TO_BTF_ID | MEM_ALLOC))
			return reject(v, -EINVAL, "arg#%u expected pointer to allocated object",
				      arg);
		if (!reg->ref_id)
			return reject(v, -EINVAL, "allocated object must be referenced");
	}
	return check_graph_node(v, arg + 1, kind, args);
}

static int check_str(struct verifier *v, u32 arg)
{
	if (cur_reg(v, arg + 1)->type != PTR_TO_MAP_VALUE)
		return reject(v, -EINVAL, "arg#%u doesn't point to a const string", arg);
	return check_const_str(v, arg + 1);
}

static void keep_map(struct kfunc_args *args, const struct call_args *map)
{
	args->map = map->map;
	args->map_index = map->map_index;
	args->map_uid = map->map_uid;
}

/* A work queue and the map that it is in must go together. */
static int take_map(struct verifier *v, u32 regno, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	struct call_args map = {.map = args->map, .map_uid = args->map_uid};
	const char *object = NULL;
	int err;

	if (reg_kind(reg) == PTR_TO_BTF_ID)
		return 0; /* a map of an iterator, say: its type decides */
	if (reg_kind(reg) != CONST_PTR_TO_MAP && reg_kind(reg) != PTR_TO_MAP_VALUE &&
	    reg_kind(reg) != PTR_TO_MAP_KEY)
		return reject(v, -EINVAL, "pointer in R%u isn't map pointer", regno);
	if (reg->map->fields && reg->map->fields->mask & BTF_FIELD_WORKQUEUE)
		object = "workqueue";
	err = take_map_arg(v, reg, object, &map);
	keep_map(args, &map);
	return err;
}

static int check_wq(struct verifier *v, u32 arg, struct kfunc_args *args)
{
	struct call_args map = {0};
	int err;

	if (cur_reg(v, arg + 1)->type != PTR_TO_MAP_VALUE)
		return reject(v, -EINVAL, "arg#%u doesn't point to a map value", arg);
	err = check_wq_arg(v, arg + 1, &map);
	keep_map(args, &map);
	return err;
}

static int check_callback_arg(struct verifier *v, u32 arg, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, arg + 1);

	if (reg->type != PTR_TO_FUNC)
		return reject(v, -EINVAL, "arg%u expected pointer to func", arg);
	args->subprog = reg->subprog;
	return 0;
}

static int check_pointer(struct verifier *v, enum kfunc_param_kind kind, u32 arg,
			 struct kfunc_args *args)
{
	switch (kind) {
	case PARAM_CTX:
		return check_ctx_arg(v, arg, args);
	case PARAM_ALLOC_OBJ:
		return check_alloc_obj_arg(v, arg, args);
	case PARAM_REFCOUNTED:
		return check_refcounted_arg(v, arg, args);
	case PARAM_DYNPTR:
		return check_dynptr(v, arg, args);
	case PARAM_ITER:
		return check_iter(v, arg, args);
	case PARAM_LIST_HEAD:
		return check_root_arg(v, arg, BTF_FIELD_LIST_HEAD, args);
	case PARAM_RB_ROOT:
		return check_root_arg(v, arg, BTF_FIELD_RB_ROOT, args);
	case PARAM_LIST_NODE:
		return check_node_arg(v, arg, BTF_FIELD_LIST_NODE, args);
	case PARAM_RB_NODE:
		return check_node_arg(v, arg, BTF_FIELD_RB_NODE, args);
	case PARAM_STR:
		return check_str(v, arg);
	case PARAM_MAP:
	case PARAM_OBJ:
		return check_kfunc_obj(v, args, arg);
	case PARAM_WQ:
		return check_wq(v, arg, args);
	case PARAM_MEM:
		return check_kfunc_mem(v, args->kfunc, arg);
	case PARAM_MEM_SIZE:
		return check_kfunc_mem_size(v, args, arg);
	case PARAM_CALLBACK:
		return check_callback_arg(v, arg, args);
	default:
		return -EFAULT;
	}
}

/* ---- what holds for pointers of all kinds ---- */

/* What is released must be as valid as what must be trusted. */
static bool wants_trusted(const struct kfunc *kfunc)
{
	return kfunc->flags & (KF_TRUSTED_ARGS | KF_RELEASE | KF_RCU);
}

static int check_not_null(struct verifier *v, u32 arg, const struct kfunc *kfunc)
{
	const struct reg *reg = cur_reg(v, arg + 1);

	if (!wants_trusted(kfunc) || kfunc->params[arg].flags & PARAM_F_NULLABLE)
		return 0;
	if (reg_is_null(reg) || reg_maybe_null(reg))
		return reject(v, -EACCES, "Possibly NULL pointer passed to trusted arg%u", arg);
	return 0;
}

static int note_reference(struct verifier *v, u32 regno, struct kfunc_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	bool releases = args->kfunc->flags & KF_RELEASE;

	if (!reg->ref_id)
		return 0;
	if (releases && args->ref_id)
		return reject(
			v, -EFAULT,
			"verifier internal error: more than one arg with ref_obj_id R%u %u %u",
			regno, reg->ref_id, args->ref_id);
	args->ref_id = reg->ref_id;
	if (releases)
		args->release_reg = regno;
	return 0;
}

static int check_trust(struct verifier *v, u32 regno, enum kfunc_param_kind kind,
		       const struct kfunc *kfunc)
{
	const struct reg *reg = cur_reg(v, regno);

	if (kind != PARAM_MAP && kind != PARAM_ALLOC_OBJ && kind != PARAM_OBJ)
		return 0;
	if (!wants_trusted(kfunc) || reg_is_trusted(reg))
		return 0;
	if (!(kfunc->flags & KF_RCU))
		return reject(v, -EINVAL, "R%u must be referenced or trusted", regno);
	if (!reg_is_rcu(reg))
		return reject(v, -EINVAL, "R%u must be a rcu pointer", regno);
	return 0;
}

static int check_arg(struct verifier *v, u32 arg, struct kfunc_args *args, bool *skip_next)
{
	const struct kfunc *kfunc = args->kfunc;
	const struct kfunc_param *p = &kfunc->params[arg];
	u32 regno = arg + 1;
	bool releases;
	int kind, err;

	if (p->kind == PARAM_IGNORED)
		return 0;
	if (p->kind == PARAM_SCALAR)
		return check_scalar_arg(v, regno, p, args);
	if (p->kind == PARAM_NO_VALUE)
		return reject(v, -EINVAL, "Unrecognized arg#%u type %s", arg,
			      btf_kind_name(p->type));
	err = check_not_null(v, arg, kfunc);
	if (!err)
		err = note_reference(v, regno, args);
	if (err)
		return err;
	kind = kfunc_pointer_kind(v, kfunc, arg);
	/* A path with another number must not be taken for this one. */
	if (kind < 0 || kind == PARAM_NULL)
		return kind < 0 ? kind : mark_precise(v, regno);
	if (kind == PARAM_MAP)
		err = take_map(v, regno, args);
	if (!err)
		err = check_trust(v, regno, (enum kfunc_param_kind)kind, kfunc);
	releases = kfunc->flags & KF_RELEASE && cur_reg(v, regno)->ref_id;
	if (!err)
		err = check_arg_offset(v, regno, releases ? OBJ_RELEASE : 0);
	if (err)
		return err;
	*skip_next = kind == PARAM_MEM_SIZE;
	return check_pointer(v, (enum kfunc_param_kind)kind, arg, args);
}

/* Linux marks what a prototype has as read, whether it is looked at or not. */
static void mark_args_read(struct verifier *v, const struct kfunc *kfunc)
{
	for (u32 i = 0; i < kfunc->param_cnt; i++)
		mark_reg_read(v, v->cur->curframe, i + 1);
}

int check_kfunc_args(struct verifier *v, struct kfunc_args *args)
{
	const struct kfunc *kfunc = args->kfunc;

	if (kfunc->param_cnt > ARRAY_SIZE(kfunc->params))
		return reject(v, -EINVAL, "Function %s has %u > %zu args", kfunc->name,
			      kfunc->param_cnt, ARRAY_SIZE(kfunc->params));
	mark_args_read(v, kfunc);
	for (u32 i = 0; i < kfunc->param_cnt; i++) {
		bool skip_next = false;
		int err = check_arg(v, i, args, &skip_next);

		if (err)
			return err;
		i += skip_next;
	}
	if (kfunc->flags & KF_RELEASE && !args->release_reg)
		return reject(v, -EINVAL,
			      "release kernel function %s expects refcounted PTR_TO_BTF_ID",
			      kfunc->name);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of helpers: whether they may be called, and what they leave behind. */
#include <stdio.h>

#include "helper/format.h"
#include "verify/attach.h"
#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

#define MAX_ERRNO 4095

const char *func_name(struct verifier *v, u32 id)
{
	const char *name = helper_name(id);

	if (!name)
		return "unknown";
	snprintf(v->call_name, sizeof(v->call_name), "bpf_%s", name);
	return v->call_name;
}

void clobber_caller_saved(struct verifier *v)
{
	struct frame *frame = cur_frame(v);

	for (u32 i = BPF_REG_0; i <= BPF_REG_5; i++) {
		reg_set_not_init(&frame->regs[i]);
		frame->reg_written |= (u16)BIT(i);
		v->scratched_regs |= BIT(i);
	}
}

static int hold_ref(struct verifier *v, struct reg *reg)
{
	int err = acquire_ref(v, &reg->ref_id);

	reg->id = reg->ref_id;
	return err;
}

static int release_args(struct verifier *v, const struct call_args *args)
{
	int err = -EINVAL;

	if (!args->release_reg)
		return 0;
	if (ARG_BASE(args->proto->arg[args->release_reg - 1]) == ARG_PTR_TO_DYNPTR)
		err = release_dynptr(v, args->release_reg);
	else if (args->ref_id && args->kptr)
		err = release_kptr(v, args->ref_id);
	else if (args->ref_id)
		err = release_ref(v, args->ref_id);
	else if (reg_is_null(cur_reg(v, args->release_reg)))
		err = 0;
	if (err == -EINVAL)
		return reject(v, err, "func %s#%u reference has not been acquired before",
			      func_name(v, args->proto->id), args->proto->id);
	return err;
}

/* ---- may it be called ---- */

static int check_callable(struct verifier *v, const struct helper_proto **proto)
{
	s32 id = cur_insn(v)->imm;

	if (id < 0 || id >= __BPF_FUNC_MAX_ID)
		return reject(v, -EINVAL, "invalid func %s#%d", func_name(v, (u32)id), id);
	*proto = rules_helper(v->rules, &v->info, (u32)id);
	if (!*proto || (id == BPF_FUNC_override_return && !kernel_injects_errors(v)))
		return reject(v, -EINVAL, "program of this type cannot use helper %s#%d",
			      func_name(v, (u32)id), id);
	if (!v->in->gpl_compatible && (*proto)->flags & HELPER_GPL)
		return reject(v, -EINVAL,
			      "cannot call GPL-restricted function from non-GPL compatible "
			      "program");
	if ((*proto)->flags & HELPER_RESTRICTED &&
	    !(v->rules->allows_helper && v->rules->allows_helper(&v->info, *proto)))
		return reject(v, -EINVAL, "helper call is not allowed in probe");
	if ((*proto)->flags & HELPER_MIGHT_SLEEP && !v->cur->in_sleepable)
		return reject(v, -EINVAL, "helper call might sleep in a non-sleepable prog");
	return 0;
}

bool helper_changes_packet(const struct verifier *v, u32 id)
{
	const struct helper_proto *proto = rules_helper(v->rules, &v->info, id);

	return proto && proto->flags & HELPER_CHANGES_PKT;
}

/* ---- helpers with rules of their own ---- */

static int check_tail_call(struct verifier *v, const struct call_args *args)
{
	const struct reg *index = cur_reg(v, BPF_REG_3);
	int err = 0;

	if (args->map->type != BPF_MAP_TYPE_PROG_ARRAY)
		return reject(v, -EINVAL, "kernel subsystem misconfigured verifier");
	if (reg_is_const(index) && index->s.var_off.value < args->map->max_entries)
		err = mark_precise(v, BPF_REG_3);
	if (!err && v->cur->lock_origin)
		err = check_nothing_held(v, "tail_call");
	if (err)
		return err;
	err = check_ref_leaks(v, false);
	if (err)
		return reject(v, err, "tail_call would lead to reference leak");
	return check_nothing_held(v, "tail_call");
}

static int check_loop(struct verifier *v, const struct call_args *args)
{
	int err = reg_is_null(cur_reg(v, BPF_REG_4)) ? mark_precise(v, BPF_REG_4) : 0;

	if (!err)
		err = mark_precise(v, BPF_REG_1);
	if (err)
		return err;
	note_loop(v, args->subprog, reg_is_null(cur_reg(v, BPF_REG_4)));
	if (cur_frame(v)->callback_depth < cur_reg(v, BPF_REG_1)->s.umax)
		return push_helper_callback(v, args);
	cur_frame(v)->callback_depth = 0;
	if (v->log_level & LOG_LEVEL2)
		note(v, "frame%u bpf_loop iteration limit reached\n", v->cur->curframe);
	return 0;
}

/* The arguments are an array of 64-bit numbers, as many as the format takes. */
static int check_snprintf(struct verifier *v)
{
	const struct reg *fmt = cur_reg(v, BPF_REG_3);
	const struct map_desc *map = fmt->map;
	u64 size = cur_reg(v, BPF_REG_5)->s.var_off.value;
	u32 off = (u32)(fmt->off + (s64)fmt->s.var_off.value);

	if (size % 8)
		return -EINVAL;
	/* The argument's own rule has made sure that the value is constant and ends. */
	if (format_check((const char *)map->frozen_value + off, map->value_size - off,
			 (u32)(size / 8)))
		return reject(v, -EINVAL, "Invalid format string");
	return 0;
}

/* The register of the dynptr among the arguments: helpers take one at most. */
static const struct reg *dynptr_arg(struct verifier *v, const struct call_args *args)
{
	for (u32 i = 0; i < ARRAY_SIZE(args->proto->arg); i++)
		if (ARG_BASE(args->proto->arg[i]) == ARG_PTR_TO_DYNPTR)
			return dynptr_of(v, BPF_REG_1 + i);
	return NULL;
}

static int check_dynptr_from_mem(struct verifier *v)
{
	const struct reg *mem = cur_reg(v, BPF_REG_1);

	if (mem->type != PTR_TO_MAP_VALUE)
		return reject(v, -EACCES, "Unsupported reg type %s for bpf_dynptr_from_mem data",
			      TYPE_NAME(mem->type));
	return 0;
}

/* Memory had from a dynptr lives as long as that. */
static int note_slice(struct verifier *v, struct call_args *args)
{
	const struct reg *dynptr = dynptr_arg(v, args);

	if (!dynptr)
		return -EFAULT;
	args->dynptr_id = dynptr->id;
	args->ref_id = dynptr->ref_id;
	return 0;
}

static int check_dynptr_write(struct verifier *v, struct call_args *args)
{
	const struct reg *dynptr = dynptr_arg(v, args);

	if (!dynptr)
		return -EFAULT;
	/* It may have to make the packet writable, which moves it. */
	args->changes_packet = dynptr->dynptr.type == DYNPTR_TYPE_SKB;
	return 0;
}

/* It cannot fail: there is nothing that a flag could ask for. */
static int check_local_storage(struct verifier *v)
{
	if (!reg_is_null(cur_reg(v, BPF_REG_2)))
		return reject(v, -EINVAL, "get_local_storage() doesn't support non-zero flags");
	return mark_precise(v, BPF_REG_2);
}

static int check_set_retval(struct verifier *v)
{
	if (v->rules->type == BPF_PROG_TYPE_LSM && v->info.attach_type == BPF_LSM_CGROUP &&
	    v->info.target_void)
		return reject(v, -EINVAL,
			      "BPF_LSM_CGROUP that attach to void LSM hooks can't modify return "
			      "value!");
	return 0;
}

/* Where there is a function that the program is in. */
static int check_func_ip(struct verifier *v)
{
	const u32 id = BPF_FUNC_get_func_ip;

	switch (v->rules->type) {
	case BPF_PROG_TYPE_KPROBE:
		return 0;
	case BPF_PROG_TYPE_TRACING:
		if (v->info.attach_type == BPF_TRACE_FENTRY ||
		    v->info.attach_type == BPF_TRACE_FEXIT ||
		    v->info.attach_type == BPF_MODIFY_RETURN)
			return 0;
		return reject(v, -ENOTSUPP,
			      "func %s#%u supported only for fentry/fexit/fmod_ret programs",
			      func_name(v, id), id);
	default:
		return reject(v, -ENOTSUPP, "func %s#%u not supported for program type %d",
			      func_name(v, id), id, v->rules->type);
	}
}

static int check_special(struct verifier *v, struct call_args *args)
{
	switch (args->proto->id) {
	case BPF_FUNC_tail_call:
		return check_tail_call(v, args);
	case BPF_FUNC_loop:
		return check_loop(v, args);
	case BPF_FUNC_for_each_map_elem:
	case BPF_FUNC_find_vma:
	case BPF_FUNC_user_ringbuf_drain:
	case BPF_FUNC_timer_set_callback:
		return push_helper_callback(v, args);
	case BPF_FUNC_get_local_storage:
		return check_local_storage(v);
	case BPF_FUNC_set_retval:
		return check_set_retval(v);
	case BPF_FUNC_snprintf:
		return check_snprintf(v);
	case BPF_FUNC_dynptr_from_mem:
		return check_dynptr_from_mem(v);
	case BPF_FUNC_dynptr_data:
		return note_slice(v, args);
	case BPF_FUNC_dynptr_write:
		return check_dynptr_write(v, args);
	default:
		return 0;
	}
}

/* Helpers that fill memory on the stack: what was there is gone. */
static int fill_raw(struct verifier *v, const struct call_args *args)
{
	struct mem_access a = {
		.insn = v->insn,
		.regno = args->raw_reg,
		.size = 1,
		.kind = ACCESS_WRITE,
		.value = -1,
	};

	for (u32 i = 0; i < args->raw_size; i++) {
		int err;

		a.off = (s32)i;
		err = check_stack_access(v, &a, a.off + cur_reg(v, a.regno)->off);
		if (err)
			return err;
	}
	return 0;
}

/* ---- the result ---- */

static void limit_result(struct reg *r0, s64 min, s64 max)
{
	r0->s.smin = min;
	r0->s.smax = max;
	r0->s.s32_min = (s32)min;
	r0->s.s32_max = (s32)max;
	scalar_sync(&r0->s);
}

/* Numbers that are known to lie within bounds. */
static void refine_result(struct verifier *v, const struct call_args *args)
{
	struct reg *r0 = cur_reg(v, BPF_REG_0);

	if (args->proto->ret != RET_INTEGER)
		return;
	switch (args->proto->id) {
	case BPF_FUNC_get_stack:
	case BPF_FUNC_get_task_stack:
	case BPF_FUNC_probe_read_str:
	case BPF_FUNC_probe_read_kernel_str:
	case BPF_FUNC_probe_read_user_str:
		limit_result(r0, -MAX_ERRNO, (s64)args->max_size);
		break;
	case BPF_FUNC_get_smp_processor_id:
		if (v->in->cpus)
			limit_result(r0, 0, (s64)v->in->cpus - 1);
		break;
	default:
		break;
	}
}

static int set_map_value(struct verifier *v, const struct call_args *args, u32 flags)
{
	struct reg *r0 = cur_reg(v, BPF_REG_0);

	if (!args->map)
		return reject(v, -EINVAL, "kernel subsystem misconfigured verifier");
	reg_set_pointer(r0, PTR_TO_MAP_VALUE | flags);
	r0->map = args->map;
	r0->map_index = args->map_index;
	r0->map_uid = args->map_uid;
	/* Which one a lock is in is told by the id. */
	if (!(flags & PTR_MAYBE_NULL) && args->map->fields &&
	    args->map->fields->mask & BTF_FIELD_SPIN_LOCK)
		r0->id = ++v->id_gen;
	return 0;
}

static int set_btf_result(struct verifier *v, const struct call_args *args, u32 flags)
{
	const struct helper_proto *proto = args->proto;
	const struct btf *vmlinux = kernel_btf(v);
	s32 id = vmlinux && proto->ret_btf ? btf_find(vmlinux, BTF_KIND_STRUCT, proto->ret_btf)
					   : -ENOENT;

	if (args->kptr) {
		set_kptr_result(v, cur_reg(v, BPF_REG_0), args->kptr, flags);
		return 0;
	}
	if (id <= 0)
		return reject(v, -EINVAL, "invalid return type %u of func %s#%u",
			      proto->ret & REG_KIND_MASK, func_name(v, proto->id), proto->id);
	reg_set_btf(v, cur_reg(v, BPF_REG_0), vmlinux, (u32)id, flags);
	return 0;
}

static int set_kind(struct verifier *v, const struct call_args *args)
{
	static const u8 sockets[] = {
		[RET_PTR_TO_SOCKET] = PTR_TO_SOCKET,
		[RET_PTR_TO_SOCK_COMMON] = PTR_TO_SOCK_COMMON,
		[RET_PTR_TO_TCP_SOCK] = PTR_TO_TCP_SOCK,
	};
	const struct helper_proto *proto = args->proto;
	u32 kind = proto->ret & REG_KIND_MASK, flags = proto->ret & ~REG_KIND_MASK;
	struct reg *r0 = cur_reg(v, BPF_REG_0);

	switch (kind) {
	case RET_INTEGER:
		reg_set_unknown(r0);
		return 0;
	case RET_PTR_TO_MAP_VALUE:
		return set_map_value(v, args, flags);
	case RET_PTR_TO_SOCKET:
	case RET_PTR_TO_SOCK_COMMON:
	case RET_PTR_TO_TCP_SOCK:
		reg_set_pointer(r0, sockets[kind] | flags);
		return 0;
	case RET_PTR_TO_MEM:
		reg_set_pointer(r0, PTR_TO_MEM | flags);
		r0->mem_size = args->mem_size;
		r0->dynptr_id = args->dynptr_id;
		if (args->dynptr_id)
			r0->ref_id = args->ref_id;
		return 0;
	case RET_PTR_TO_MEM_OR_BTF_ID:
		return set_percpu_result(v, args, flags);
	case RET_PTR_TO_BTF_ID:
		return set_btf_result(v, args, flags);
	default:
		return reject(v, -EOPNOTSUPP, "func %s#%u returns what is not supported yet",
			      func_name(v, proto->id), proto->id);
	}
}

/* Looking up a socket in a map takes a reference of it. */
static bool acquires(const struct call_args *args)
{
	if (args->proto->flags & HELPER_ACQUIRES)
		return true;
	return args->proto->id == BPF_FUNC_map_lookup_elem && args->map &&
	       (args->map->type == BPF_MAP_TYPE_SOCKMAP ||
		args->map->type == BPF_MAP_TYPE_SOCKHASH);
}

static int set_result(struct verifier *v, const struct call_args *args)
{
	struct reg *r0 = cur_reg(v, BPF_REG_0);
	int err;

	if (args->proto->ret == RET_VOID)
		return 0;
	err = set_kind(v, args);
	if (err)
		return err;
	if (reg_maybe_null(r0) && !r0->id)
		r0->id = ++v->id_gen;
	if (acquires(args))
		return hold_ref(v, r0);
	if (args->proto->flags & HELPER_CASTS)
		r0->ref_id = args->ref_id;
	refine_result(v, args);
	return 0;
}

int check_helper_call(struct verifier *v)
{
	struct insn_fact *fact = &v->result->facts[v->insn];
	struct call_args args = {0};
	int err = check_callable(v, &args.proto);

	if (!err)
		err = check_helper_sections(v, args.proto);
	if (!err)
		err = check_args(v, &args);
	if (!err)
		err = check_map_change(v, args.map, args.proto->id);
	if (err)
		return err;
	err = args.kptr ? note_kptr_use(v, args.kptr) : 0;
	if (err)
		return err;
	if (!args.kptr)
		fact->helper = (u16)helper_index(args.proto);
	if (args.map)
		fact_map(v, v->insn, args.map_index);
	err = fill_raw(v, &args);
	if (!err)
		err = release_args(v, &args);
	if (!err)
		err = check_special(v, &args);
	if (err)
		return err;
	clobber_caller_saved(v);
	err = set_result(v, &args);
	if (!err)
		err = check_map_helper(v, args.map, args.proto->id);
	if (!err && args.proto->id == BPF_FUNC_get_func_ip)
		err = check_func_ip(v);
	if (!err && (args.changes_packet || args.proto->flags & HELPER_CHANGES_PKT))
		err = invalidate_packet(v);
	if (!err)
		fact_result(v, v->insn, cur_reg(v, BPF_REG_0));
	return err;
}

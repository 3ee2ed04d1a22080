/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of helpers, by what the prototype's row demands of each: which
 * registers fit is a table, what is then required of the value a function.
 */
#include <inttypes.h>

#include "base/bytes.h"
#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

#define MAX_TYPES 10

struct arg_types {
	u32 types[MAX_TYPES]; /* NOT_INIT ends it */
};

static const struct arg_types mem_types = {{
	PTR_TO_STACK,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_MEM | MEM_RINGBUF,
	PTR_TO_BUF,
	PTR_TO_BTF_ID | PTR_TRUSTED,
}};
static const struct arg_types scalar_types = {{SCALAR_VALUE}};
static const struct arg_types map_ptr_types = {{CONST_PTR_TO_MAP}};
static const struct arg_types ctx_types = {{PTR_TO_CTX}};
static const struct arg_types sock_types = {
	{PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK, PTR_TO_XDP_SOCK}};
static const struct arg_types btf_types = {
	{PTR_TO_BTF_ID, PTR_TO_BTF_ID | PTR_TRUSTED, PTR_TO_BTF_ID | MEM_RCU}};
static const struct arg_types btf_sock_types = {{PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK,
						 PTR_TO_XDP_SOCK, PTR_TO_BTF_ID,
						 PTR_TO_BTF_ID | PTR_TRUSTED}};
static const struct arg_types field_types = {{PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC}};
static const struct arg_types percpu_types = {{PTR_TO_BTF_ID | MEM_PERCPU,
					       PTR_TO_BTF_ID | MEM_PERCPU | MEM_RCU,
					       PTR_TO_BTF_ID | MEM_PERCPU | PTR_TRUSTED}};
static const struct arg_types fullsock_types = {{PTR_TO_SOCKET}};
static const struct arg_types ringbuf_types = {{PTR_TO_MEM | MEM_RINGBUF}};
static const struct arg_types func_types = {{PTR_TO_FUNC}};
static const struct arg_types stack_types = {{PTR_TO_STACK}};
static const struct arg_types const_str_types = {{PTR_TO_MAP_VALUE}};
static const struct arg_types dynptr_types = {{PTR_TO_STACK, CONST_PTR_TO_DYNPTR}};
static const struct arg_types timer_types = {{PTR_TO_MAP_VALUE}};

static const struct arg_types *const arg_types[] = {
	[ARG_PTR_TO_MAP_KEY] = &mem_types,
	[ARG_PTR_TO_MAP_VALUE] = &mem_types,
	[ARG_PTR_TO_MEM] = &mem_types,
	[ARG_CONST_SIZE] = &scalar_types,
	[ARG_CONST_SIZE_OR_ZERO] = &scalar_types,
	[ARG_CONST_ALLOC_SIZE_OR_ZERO] = &scalar_types,
	[ARG_CONST_MAP_PTR] = &map_ptr_types,
	[ARG_PTR_TO_CTX] = &ctx_types,
	[ARG_PTR_TO_SOCK_COMMON] = &sock_types,
	[ARG_PTR_TO_SOCKET] = &fullsock_types,
	[ARG_PTR_TO_BTF_ID_SOCK_COMMON] = &btf_sock_types,
	[ARG_PTR_TO_BTF_ID] = &btf_types,
	[ARG_PTR_TO_SPIN_LOCK] = &field_types,
	[ARG_KPTR_XCHG_DEST] = &field_types,
	[ARG_PTR_TO_PERCPU_BTF_ID] = &percpu_types,
	[ARG_PTR_TO_RINGBUF_MEM] = &ringbuf_types,
	[ARG_PTR_TO_FUNC] = &func_types,
	[ARG_PTR_TO_STACK] = &stack_types,
	[ARG_PTR_TO_CONST_STR] = &const_str_types,
	[ARG_PTR_TO_DYNPTR] = &dynptr_types,
	[ARG_PTR_TO_TIMER] = &timer_types,
};

/* ---- memory that a helper uses ---- */

static int reject_memory(struct verifier *v, u32 regno)
{
	return reject(v, -EACCES, "R%u type=%s expected=%s", regno,
		      TYPE_NAME(cur_reg(v, regno)->type), TYPE_NAME(PTR_TO_STACK));
}

/* A context that is memory: its last byte tells whether it is large enough. */
static int check_ctx_bytes(struct verifier *v, u32 regno, s64 size, enum access kind, bool zero_ok)
{
	const struct mem_access a = {
		.insn = v->insn,
		.regno = regno,
		.off = (s32)(size - 1),
		.size = 1,
		.kind = kind,
		.value = -1,
	};

	if (!size)
		return zero_ok ? 0 : -EACCES;
	return check_access(v, &a);
}

static int check_object_bytes(struct verifier *v, u32 regno, s64 size)
{
	const struct mem_access a = {
		.insn = v->insn,
		.regno = regno,
		.size = (u32)size,
		.kind = ACCESS_READ,
		.value = -1,
	};

	return check_btf_access(v, &a, cur_reg(v, regno)->off);
}

int check_helper_mem(struct verifier *v, u32 regno, s64 size, enum access kind, bool zero_ok,
		     struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	int err;

	switch (reg_kind(reg)) {
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
		return check_packet_access(v, regno, reg->off, size, zero_ok);
	case PTR_TO_MAP_KEY:
		if (kind == ACCESS_WRITE)
			return reject(v, -EACCES, "R%u cannot write into %s", regno,
				      TYPE_NAME(reg->type));
		return check_region(v, regno, reg->off, size, reg->map->key_size, false);
	case PTR_TO_MAP_VALUE:
		err = check_map_perm(v, reg, reg->off, size, kind);
		return err ? err : check_map_access(v, regno, reg->off, size, zero_ok, false);
	case PTR_TO_MEM:
		if (kind == ACCESS_WRITE && reg->type & MEM_RDONLY)
			return reject(v, -EACCES, "R%u cannot write into %s", regno,
				      TYPE_NAME(reg->type));
		return check_region(v, regno, reg->off, size, reg->mem_size, zero_ok);
	case PTR_TO_STACK:
		return check_stack_range(v, regno, reg->off, size, zero_ok, true, args);
	case PTR_TO_BTF_ID:
		return check_object_bytes(v, regno, size);
	case PTR_TO_CTX:
		if (v->rules->ctx_plain)
			return check_ctx_bytes(v, regno, size, kind, zero_ok);
		return reject_memory(v, regno);
	case PTR_TO_BUF:
		if (kind == ACCESS_WRITE && reg->type & MEM_RDONLY)
			return reject(v, -EACCES, "R%u cannot write into %s", regno,
				      TYPE_NAME(reg->type));
		return check_buf(v, regno, reg->off, size);
	default:
		if (zero_ok && !size && reg_is_null(reg))
			return 0;
		return reject_memory(v, regno);
	}
}

static enum access arg_access(u32 arg)
{
	return arg & MEM_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

/* The size of the memory that the register before it points to. */
static int check_size(struct verifier *v, u32 regno, struct call_args *args, bool zero_ok)
{
	const struct reg *reg = cur_reg(v, regno);
	u32 mem = args->proto->arg[regno - 2];
	bool known = tnum_is_const(reg->s.var_off);
	int err;

	args->max_size = reg->s.umax;
	if (reg->s.smin < 0)
		return reject(v, -EACCES,
			      "R%u min value is negative, either use unsigned or 'var &= const'",
			      regno);
	if (!reg->s.umin && !zero_ok)
		return reject(v, -EACCES,
			      "R%u invalid zero-sized read: u64=[%" PRId64 ",%" PRId64 "]", regno,
			      (s64)reg->s.umin, (s64)reg->s.umax);
	if (reg->s.umax >= MAX_VAR_SIZ)
		return reject(v, -EACCES,
			      "R%u unbounded memory access, use 'var &= const' or 'if (var < "
			      "const)'",
			      regno);
	/* A helper that may fill only part of it leaves the rest as it was. */
	err = check_helper_mem(v, regno - 1, (s64)reg->s.umax, arg_access(mem), zero_ok,
			       known ? args : NULL);
	return err ? err : mark_precise(v, regno);
}

/* ---- what type fits ---- */

static int reject_type(struct verifier *v, u32 regno, const struct arg_types *fit)
{
	char list[MAX_TYPES * TYPE_NAME_LEN] = "";
	size_t len = 0;

	for (u32 i = 0; i < MAX_TYPES && fit->types[i] != NOT_INIT; i++) {
		const char *name = TYPE_NAME(fit->types[i]);
		size_t n = strlen(name);

		if (i) {
			memcpy(list + len, ", ", 2);
			len += 2;
		}
		memcpy(list + len, name, n);
		len += n;
	}
	list[len] = 0;
	return reject(v, -EACCES, "R%u type=%s expected=%s", regno,
		      TYPE_NAME(cur_reg(v, regno)->type), list);
}

/* The structure that the prototype names; sockets of all kinds begin with what they have in common.
 */
static const char *wanted_struct(const struct helper_proto *proto, u32 regno)
{
	if (ARG_BASE(proto->arg[regno - 1]) == ARG_PTR_TO_BTF_ID)
		return proto->arg_btf[regno - 1];
	return "sock_common";
}

static int check_struct(struct verifier *v, u32 regno, u32 arg, const struct call_args *args)
{
	const struct helper_proto *proto = args->proto;
	const struct reg *reg = cur_reg(v, regno);
	const struct btf *vmlinux = kernel_btf(v);
	const char *name = wanted_struct(proto, regno);
	s32 id = vmlinux && name ? btf_find(vmlinux, BTF_KIND_STRUCT, name) : -ENOENT;
	struct btf_match match = {
		.btf = reg->btf,
		.id = reg->btf_id,
		.off = reg->off,
		.need_btf = vmlinux,
		.need_id = (u32)id,
		.strict = arg & OBJ_RELEASE && proto->id != BPF_FUNC_sk_release,
		.flexible = !(reg->type & MEM_ALLOC),
	};

	if (!(reg->type & MEM_ALLOC) && reg_maybe_null(reg) &&
	    (!(arg & PTR_MAYBE_NULL) || arg & OBJ_RELEASE))
		return reject(v, -EACCES, "Possibly NULL pointer passed to helper arg%u", regno);
	if (reg->type & MEM_ALLOC && reg_maybe_null(reg))
		return reject(v, -EFAULT,
			      "verifier internal error: invalid PTR_TO_BTF_ID register for type "
			      "match");
	if (args->kptr)
		return check_kptr_value(v, args->kptr, regno);
	if (id > 0 && btf_struct_ids_match(v, &match))
		return 0;
	return reject(v, -EACCES, "R%u is of type %s but %s is expected", regno,
		      btf_id_name(reg->btf, reg->btf_id), name ? name : "(none)");
}

/* A pointer to a kernel object: of the right type, or memory that is only read. */
static int check_object(struct verifier *v, u32 regno, u32 arg, const struct arg_types *fit,
			const struct call_args *args)
{
	if (fit == &field_types || fit == &percpu_types)
		return 0;
	if (fit != &mem_types)
		return check_struct(v, regno, arg, args);
	if (arg & MEM_RDONLY)
		return 0;
	return reject(v, -EACCES, "%s() may write into memory pointed by R%u type=%s",
		      func_name(v, args->proto->id), regno, TYPE_NAME(cur_reg(v, regno)->type));
}

static int check_type(struct verifier *v, u32 regno, u32 arg, const struct call_args *args)
{
	const struct arg_types *fit = NULL;
	u32 type = cur_reg(v, regno)->type;

	if (ARG_BASE(arg) < ARRAY_SIZE(arg_types))
		fit = arg_types[ARG_BASE(arg)];
	if (!fit)
		return reject(v, -EOPNOTSUPP, "helper arguments of kind %u are not supported yet",
			      ARG_BASE(arg));
	if (arg & MEM_RDONLY)
		type &= ~MEM_RDONLY;
	if (arg & PTR_MAYBE_NULL)
		type &= ~PTR_MAYBE_NULL;
	if (ARG_BASE(arg) == ARG_PTR_TO_MEM)
		type &= ~(DYNPTR_LOCAL | DYNPTR_RINGBUF | DYNPTR_SKB | DYNPTR_XDP);
	/* Objects of the program go into the fields that are for them. */
	if (args->kptr && type & MEM_ALLOC && regno == BPF_REG_2)
		type &= ~(MEM_ALLOC | MEM_PERCPU);
	for (u32 i = 0; i < MAX_TYPES && fit->types[i] != NOT_INIT; i++)
		if (type == fit->types[i])
			return reg_kind(cur_reg(v, regno)) == PTR_TO_BTF_ID
				       ? check_object(v, regno, arg, fit, args)
				       : 0;
	return reject_type(v, regno, fit);
}

int check_arg_offset(struct verifier *v, u32 regno, u32 arg)
{
	const struct reg *reg = cur_reg(v, regno);

	if (arg & OBJ_RELEASE) {
		/* The stack holds what is released, which need not be at its end. */
		if (ARG_BASE(arg) == ARG_PTR_TO_DYNPTR && reg->type == PTR_TO_STACK)
			return 0;
		if (reg->off)
			return reject(v, -EINVAL,
				      "R%u must have zero offset when passed to release func or "
				      "trusted arg to kfunc",
				      regno);
		return check_ptr_off(v, reg, regno, false);
	}
	switch (reg->type) {
	case PTR_TO_STACK:
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
	case PTR_TO_MAP_KEY:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MEM:
	case PTR_TO_MEM | MEM_RDONLY:
	case PTR_TO_MEM | MEM_RINGBUF:
	case PTR_TO_BUF:
	case PTR_TO_BUF | MEM_RDONLY:
	case PTR_TO_ARENA:
	case SCALAR_VALUE:
		return 0;
	case PTR_TO_BTF_ID:
	case PTR_TO_BTF_ID | MEM_ALLOC:
	case PTR_TO_BTF_ID | PTR_TRUSTED:
	case PTR_TO_BTF_ID | MEM_RCU:
	case PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF:
	case PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF | MEM_RCU:
		return check_ptr_off(v, reg, regno, true);
	default:
		return check_ptr_off(v, reg, regno, false);
	}
}

static int note_reference(struct verifier *v, u32 regno, u32 arg, struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	int err;

	if (arg & OBJ_RELEASE) {
		if (ARG_BASE(arg) == ARG_PTR_TO_DYNPTR) {
			err = check_dynptr_release(v, regno);
			if (err)
				return err;
		} else if (!reg->ref_id && !reg_is_null(reg))
			return reject(v, -EINVAL,
				      "R%u must be referenced when passed to release function",
				      regno);
		args->release_reg = regno;
	}
	if (!reg->ref_id || ARG_BASE(arg) == ARG_KPTR_XCHG_DEST)
		return 0;
	if (args->ref_id)
		return reject(v, -EFAULT, "more than one arg with ref_obj_id R%u %u %u", regno,
			      reg->ref_id, args->ref_id);
	args->ref_id = reg->ref_id;
	return 0;
}

/* ---- what is required of the value ---- */

int check_const_str(struct verifier *v, u32 regno)
{
	const struct reg *reg = cur_reg(v, regno);
	const struct map_desc *map = reg->map;
	const u8 *text;
	s64 off;
	int err;

	if (!(map->map_flags & BPF_F_RDONLY_PROG) || !map->frozen)
		return reject(v, -EACCES, "R%u does not point to a readonly map'", regno);
	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EACCES, "R%u is not a constant address'", regno);
	if (!map->frozen_value)
		return reject(v, -EACCES, "no direct value access support for this map type");
	err = check_map_access(v, regno, reg->off, (s64)map->value_size - reg->off, false, false);
	if (err)
		return err;
	off = reg->off + (s64)reg->s.var_off.value;
	text = (const u8 *)map->frozen_value + off;
	if (!memchr(text, 0, map->value_size - (size_t)off))
		return reject(v, -EINVAL, "string is not zero-terminated");
	return 0;
}

static int check_map_value_arg(struct verifier *v, u32 regno, u32 arg, struct call_args *args)
{
	if (arg & PTR_MAYBE_NULL && reg_is_null(cur_reg(v, regno)))
		return 0;
	if (!args->map)
		return reject(v, -EACCES, "invalid map_ptr to access map->value");
	args->raw = arg & MEM_UNINIT;
	return check_helper_mem(v, regno, args->map->value_size, arg_access(arg), false, args);
}

static int check_mem_arg(struct verifier *v, u32 regno, u32 arg, struct call_args *args)
{
	u32 size = args->proto->arg_size[regno - 1];
	int err;

	args->raw = arg & MEM_UNINIT;
	if (!(arg & MEM_FIXED_SIZE))
		return 0; /* with its size, the next argument */
	err = check_helper_mem(v, regno, size, arg_access(arg), false, args);
	if (!err && arg & MEM_ALIGNED)
		err = check_alignment(v, cur_reg(v, regno), 0, size, true);
	return err;
}

static int check_alloc_size(struct verifier *v, u32 regno, struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);

	if (!tnum_is_const(reg->s.var_off))
		return reject(v, -EACCES, "R%u is not a known constant'", regno);
	args->mem_size = (u32)reg->s.var_off.value;
	return mark_precise(v, regno);
}

static int check_value(struct verifier *v, u32 regno, u32 arg, struct call_args *args)
{
	switch (ARG_BASE(arg)) {
	case ARG_CONST_MAP_PTR:
		return take_map_arg(v, cur_reg(v, regno), "timer", args);
	case ARG_PTR_TO_MAP_KEY:
		if (!args->map)
			return reject(v, -EACCES, "invalid map_ptr to access map->key");
		return check_helper_mem(v, regno, args->map->key_size, ACCESS_READ, false, NULL);
	case ARG_PTR_TO_MAP_VALUE:
		return check_map_value_arg(v, regno, arg, args);
	case ARG_PTR_TO_FUNC:
		args->subprog = cur_reg(v, regno)->subprog;
		return 0;
	case ARG_PTR_TO_MEM:
		return check_mem_arg(v, regno, arg, args);
	case ARG_CONST_SIZE:
		return check_size(v, regno, args, false);
	case ARG_CONST_SIZE_OR_ZERO:
		return check_size(v, regno, args, true);
	case ARG_CONST_ALLOC_SIZE_OR_ZERO:
		return check_alloc_size(v, regno, args);
	case ARG_PTR_TO_CONST_STR:
		return check_const_str(v, regno);
	case ARG_PTR_TO_PERCPU_BTF_ID:
		return check_percpu_arg(v, regno, args);
	case ARG_PTR_TO_DYNPTR:
		return check_dynptr_arg(v, regno, arg, 0);
	case ARG_PTR_TO_TIMER:
		return check_timer_arg(v, regno, args);
	case ARG_PTR_TO_SPIN_LOCK:
		if (in_tree_callback(v))
			return reject(v, -EACCES, "can't spin_{lock,unlock} in rbtree cb");
		return check_spin_lock(v, regno, args->proto->id == BPF_FUNC_spin_lock);
	case ARG_KPTR_XCHG_DEST:
		return check_kptr_dest(v, regno, args);
	default:
		return 0;
	}
}

/* Maps whose values programs do not see as memory; filters are only asked about a value. */
static int resolve_map_value(struct verifier *v, const struct call_args *args, u32 *arg)
{
	if (!args->map)
		return reject(v, -EACCES, "invalid map_ptr to access map->type");
	switch (args->map->type) {
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
		if (*arg != ARG_PTR_TO_MAP_VALUE)
			return reject(v, -EINVAL, "invalid arg_type for sockmap/sockhash");
		*arg = ARG_PTR_TO_BTF_ID_SOCK_COMMON;
		return 0;
	case BPF_MAP_TYPE_BLOOM_FILTER:
		if (args->proto->id == BPF_FUNC_map_peek_elem)
			*arg = ARG_PTR_TO_MAP_VALUE;
		return 0;
	default:
		return 0;
	}
}

static int check_arg(struct verifier *v, u32 regno, struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	u32 arg = args->proto->arg[regno - 1];
	int err;

	if (ARG_BASE(arg) == ARG_DONTCARE)
		return 0;
	err = use_reg(v, regno);
	if (err)
		return err;
	if (ARG_BASE(arg) == ARG_ANYTHING) {
		if (leaks_pointer(v, reg))
			return reject(v, -EACCES, "R%u leaks addr into helper function", regno);
		return 0;
	}
	if (reg_is_packet(reg) && !packet_access_allowed(v, args->proto, ACCESS_READ))
		return reject(v, -EACCES, "helper access to the packet is not allowed");
	if (ARG_BASE(arg) == ARG_PTR_TO_MAP_VALUE) {
		err = resolve_map_value(v, args, &arg);
		if (err)
			return err;
	}
	if (reg_is_null(reg) && arg & PTR_MAYBE_NULL) {
		err = mark_precise(v, regno);
	} else {
		err = check_type(v, regno, arg, args);
		if (!err)
			err = check_arg_offset(v, regno, arg);
	}
	if (!err)
		err = note_reference(v, regno, arg, args);
	return err ? err : check_value(v, regno, arg, args);
}

int check_args(struct verifier *v, struct call_args *args)
{
	for (u32 regno = BPF_REG_1; regno <= BPF_REG_5; regno++) {
		int err = check_arg(v, regno, args);

		if (err)
			return err;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads, stores and atomics: what the address may point to decides which
 * rules hold. Each kind of memory has one row in `regions`.
 */
#include <inttypes.h>

#include "base/bytes.h"
#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

/* ---- bounds ---- */

static int check_in_region(struct verifier *v, u32 regno, s64 off, s64 size, u32 region,
			   bool zero_ok)
{
	const struct reg *reg = cur_reg(v, regno);

	if (off >= 0 && (u64)off + (u64)size <= region && (size > 0 || (zero_ok && !size)))
		return 0;
	switch (reg_kind(reg)) {
	case PTR_TO_MAP_KEY:
		return reject(v, -EACCES, "invalid access to map key, key_size=%u off=%d size=%d",
			      region, (s32)off, (s32)size);
	case PTR_TO_MAP_VALUE:
		return reject(v, -EACCES,
			      "invalid access to map value, value_size=%u off=%d size=%d", region,
			      (s32)off, (s32)size);
	case PTR_TO_PACKET:
	case PTR_TO_PACKET_META:
	case PTR_TO_PACKET_END:
		return reject(v, -EACCES,
			      "invalid access to packet, off=%d size=%d, R%u(id=%u,off=%d,r=%u)",
			      (s32)off, (s32)size, regno, reg->id, (s32)off, region);
	default:
		return reject(v, -EACCES, "invalid access to memory, mem_size=%u off=%d size=%d",
			      region, (s32)off, (s32)size);
	}
}

static int reject_negative(struct verifier *v, u32 regno)
{
	return reject(v, -EACCES,
		      "R%u min value is negative, either use unsigned index or do a if (index "
		      ">=0) check.",
		      regno);
}

int check_region(struct verifier *v, u32 regno, s32 off, s64 size, u32 region, bool zero_ok)
{
	const struct scalar *s = &cur_reg(v, regno)->s;
	s64 low = off + (s->smin == INT64_MIN ? 0 : s->smin);
	int err;

	if (s->smin < 0 && (s->smin == INT64_MIN || low != (s32)low || low < 0))
		return reject_negative(v, regno);
	err = check_in_region(v, regno, (s32)low, size, region, zero_ok);
	if (err)
		return reject(v, err, "R%u min value is outside of the allowed memory range",
			      regno);
	if (s->umax >= MAX_VAR_OFF)
		return reject(v, -EACCES,
			      "R%u unbounded memory access, make sure to bounds check any such "
			      "access",
			      regno);
	err = check_in_region(v, regno, (s32)((s64)s->umax + off), size, region, zero_ok);
	if (err)
		return reject(v, err, "R%u max value is outside of the allowed memory range",
			      regno);
	return 0;
}

int check_ptr_off(struct verifier *v, const struct reg *reg, u32 regno, bool fixed_ok)
{
	if (reg->off < 0)
		return reject(v, -EACCES, "negative offset %s ptr R%u off=%d disallowed",
			      TYPE_NAME(reg->type), regno, reg->off);
	if (!fixed_ok && reg->off)
		return reject(v, -EACCES, "dereference of modified %s ptr R%u off=%d disallowed",
			      TYPE_NAME(reg->type), regno, reg->off);
	if (!tnum_is_const(reg->s.var_off) || reg->s.var_off.value)
		return reject(v, -EACCES, "variable %s access var_off=%s disallowed",
			      TYPE_NAME(reg->type), TNUM_STR(reg->s.var_off));
	return 0;
}

/* ---- alignment ---- */

static const char *const aligned_names[REG_KINDS] = {
	[PTR_TO_FLOW_KEYS] = "flow keys ",
	[PTR_TO_MAP_KEY] = "key ",
	[PTR_TO_MAP_VALUE] = "value ",
	[PTR_TO_CTX] = "context ",
	[PTR_TO_STACK] = "stack ",
	[PTR_TO_SOCKET] = "sock ",
	[PTR_TO_SOCK_COMMON] = "sock_common ",
	[PTR_TO_TCP_SOCK] = "tcp_sock ",
	[PTR_TO_XDP_SOCK] = "xdp_sock ",
};

int check_alignment(struct verifier *v, const struct reg *reg, s32 off, u32 size, bool strict)
{
	const char *name = aligned_names[reg_kind(reg)];
	/* Where unaligned packets matter, headers are two bytes off a word. */
	int ip_align = 2;
	struct tnum at;

	if (reg->type == PTR_TO_ARENA)
		return 0;
	/* Spilled registers are whole slots: the stack is always strict. */
	if (reg->type == PTR_TO_STACK)
		strict = true;
	if ((!strict && !v->strict_align) || size == 1)
		return 0;
	if (reg_is_packet(reg)) {
		at = tnum_add(reg->s.var_off, tnum_const((u64)(s64)(ip_align + reg->off + off)));
		if (tnum_is_aligned(at, size))
			return 0;
		return reject(v, -EACCES, "misaligned packet access off %d+%s+%d+%d size %u",
			      ip_align, TNUM_STR(reg->s.var_off), reg->off, off, size);
	}
	at = tnum_add(reg->s.var_off, tnum_const((u64)((s64)reg->off + off)));
	if (tnum_is_aligned(at, size))
		return 0;
	return reject(v, -EACCES, "misaligned %saccess off %s+%d+%d size %u", name ? name : "",
		      TNUM_STR(reg->s.var_off), reg->off, off, size);
}

/* ---- numbers that loads give ---- */

void reg_fit(struct reg *reg, u32 size, bool sign_extend)
{
	if (reg->type != SCALAR_VALUE || size == 8)
		return;
	reg->s = sign_extend ? scalar_sext(reg->s, (u8)size, true) : scalar_zext(reg->s, (u8)size);
}

/* ---- map values ---- */

int check_map_perm(struct verifier *v, const struct reg *reg, s32 off, s64 size, enum access kind)
{
	const struct map_desc *map = reg->map;

	if (kind == ACCESS_WRITE && map->map_flags & BPF_F_RDONLY_PROG)
		return reject(v, -EACCES, "write into map forbidden, value_size=%u off=%d size=%d",
			      map->value_size, off, (s32)size);
	if (kind == ACCESS_READ && map->map_flags & BPF_F_WRONLY_PROG)
		return reject(v, -EACCES, "read from map forbidden, value_size=%u off=%d size=%d",
			      map->value_size, off, (s32)size);
	return 0;
}

int check_map_access(struct verifier *v, u32 regno, s32 off, s64 size, bool zero_ok, bool by_insn)
{
	const struct reg *reg = cur_reg(v, regno);
	int err = check_region(v, regno, off, size, reg->map->value_size, zero_ok);

	return err ? err : check_value_fields(v, reg, off, size, by_insn);
}

/* A value that nobody can change any more is a constant. */
static bool load_frozen(const struct mem_access *a, const struct reg *reg, s32 off,
			struct reg *value)
{
	const struct map_desc *map = reg->map;
	u8 bytes[8] = {0};
	u64 n = 0;

	if (!tnum_is_const(reg->s.var_off) || !map->frozen_value || !map->frozen ||
	    !(map->map_flags & BPF_F_RDONLY_PROG))
		return false;
	memcpy(bytes, (const u8 *)map->frozen_value + off + (s64)reg->s.var_off.value, a->size);
	for (u32 i = 0; i < a->size; i++) {
		u32 shift = 8 * (HOST_BIG_ENDIAN ? a->size - 1 - i : i);

		n |= (u64)bytes[i] << shift;
	}
	if (a->sign_extend)
		n = (u64)((s64)(n << (64 - 8 * a->size)) >> (64 - 8 * a->size));
	reg_set_const(value, n);
	return true;
}

static int access_map_value(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	const struct btf_field *kptr;
	struct reg address = *reg;
	int err;

	err = check_map_perm(v, reg, off, a->size, a->kind);
	if (!err)
		err = check_map_access(v, a->regno, off, a->size, false, true);
	if (err)
		return err;
	kptr = kptr_at(&address, off);
	if (kptr)
		return check_kptr_access(v, a, kptr);
	if (a->kind != ACCESS_READ || a->value < 0)
		return 0;
	if (!load_frozen(a, &address, off, cur_reg(v, (u32)a->value)))
		set_reg_unknown(v, (u32)a->value);
	return 0;
}

static int access_map_key(struct verifier *v, const struct mem_access *a, s32 off)
{
	int err;

	if (a->kind == ACCESS_WRITE)
		return reject(v, -EACCES, "write to change key R%u not allowed", a->regno);
	err = check_region(v, a->regno, off, a->size, cur_reg(v, a->regno)->map->key_size, false);
	if (!err && a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return err;
}

/* ---- memory of known size ---- */

static int access_mem(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	int err;

	if (reg_maybe_null(reg))
		return reject(v, -EACCES, "R%u invalid mem access '%s'", a->regno,
			      TYPE_NAME(reg->type));
	if (a->kind == ACCESS_WRITE && reg->type & MEM_RDONLY)
		return reject(v, -EACCES, "R%u cannot write into %s", a->regno,
			      TYPE_NAME(reg->type));
	if (a->kind == ACCESS_WRITE && a->value >= 0 && leaks_pointer(v, cur_reg(v, (u32)a->value)))
		return reject(v, -EACCES, "R%d leaks addr into mem", a->value);
	err = check_region(v, a->regno, off, a->size, reg->mem_size, false);
	if (!err && a->kind == ACCESS_READ && a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return err;
}

/* ---- by kind ---- */

struct region {
	int (*access)(struct verifier *v, const struct mem_access *a, s32 off);
	const char *leak; /* what an address must not be stored into */
};

static const struct region regions[REG_KINDS] = {
	[PTR_TO_MAP_KEY] = {access_map_key, NULL},
	[PTR_TO_MAP_VALUE] = {access_map_value, "map"},
	[PTR_TO_MEM] = {access_mem, NULL},
	[PTR_TO_CTX] = {check_ctx_access, "ctx"},
	[PTR_TO_STACK] = {check_stack_access, NULL},
	[PTR_TO_FLOW_KEYS] = {check_flow_keys_access, "flow keys"},
	[PTR_TO_SOCKET] = {check_sock_access, NULL},
	[PTR_TO_SOCK_COMMON] = {check_sock_access, NULL},
	[PTR_TO_TCP_SOCK] = {check_sock_access, NULL},
	[PTR_TO_XDP_SOCK] = {check_sock_access, NULL},
	[PTR_TO_ARENA] = {check_arena_access, NULL},
	[PTR_TO_PACKET] = {check_packet_load_store, NULL},
	[PTR_TO_PACKET_META] = {check_packet_load_store, NULL},
	[PTR_TO_BTF_ID] = {check_btf_access, NULL},
	[PTR_TO_BUF] = {check_buf_access, NULL},
	[PTR_TO_TP_BUFFER] = {check_tp_buffer_access, NULL},
	[CONST_PTR_TO_MAP] = {check_map_ptr_access, NULL},
};

static int reject_access(struct verifier *v, const struct mem_access *a, const struct reg *reg)
{
	return reject(v, -EACCES, "R%u invalid mem access '%s'", a->regno, TYPE_NAME(reg->type));
}

/* Flags other than those of memory and objects make it no address: it may be null. */
static bool is_address(const struct reg *reg)
{
	switch (reg_kind(reg)) {
	case PTR_TO_MEM:
		return true;
	case PTR_TO_BTF_ID:
	case PTR_TO_BUF:
		return !reg_maybe_null(reg);
	default:
		return reg->type == (u32)reg_kind(reg);
	}
}

int check_access(struct verifier *v, const struct mem_access *a)
{
	const struct reg *reg = cur_reg(v, a->regno);
	const struct region *region = &regions[reg_kind(reg)];
	s32 off = a->off + reg->off;
	u32 type = reg->type; /* which the value that is loaded may replace */
	int err;

	err = check_alignment(v, reg, a->off, a->size, a->strict_once);
	if (err)
		return err;
	if (!region->access || !is_address(reg))
		return reject_access(v, a, reg);
	if (region->leak && a->kind == ACCESS_WRITE && a->value >= 0 &&
	    leaks_pointer(v, cur_reg(v, (u32)a->value)))
		return reject(v, -EACCES, "R%d leaks addr into %s", a->value, region->leak);
	err = region->access(v, a, off);
	if (!err)
		err = fact_access(v, a->insn, type);
	if (err || a->kind != ACCESS_READ || a->value < 0)
		return err;
	reg_fit(cur_reg(v, (u32)a->value), a->size, a->sign_extend);
	return 0;
}

static struct mem_access access_of(const struct verifier *v, u32 regno, enum access kind, s32 value)
{
	const struct bpf_insn *insn = cur_insn(v);

	return (struct mem_access){
		.insn = v->insn,
		.regno = regno,
		.off = insn->off,
		.size = isa_access_size(insn),
		.kind = kind,
		.value = value,
	};
}

/* ---- instructions ---- */

/* Pointers that loads and stores are made for in ways of their own. */
static bool is_special(u32 type)
{
	switch (type & REG_KIND_MASK) {
	case PTR_TO_CTX:
	case PTR_TO_SOCKET:
	case PTR_TO_SOCK_COMMON:
	case PTR_TO_TCP_SOCK:
	case PTR_TO_XDP_SOCK:
	case PTR_TO_BTF_ID:
	case PTR_TO_ARENA:
		return true;
	default:
		return false;
	}
}

/* The prepared form of an instruction has room for one kind of access. */
static int check_same_kind(struct verifier *v, u32 type, bool probed)
{
	struct insn_aux *aux = &v->aux[v->insn];

	if (!aux->ptr_type) {
		aux->ptr_type = type;
		return 0;
	}
	if (aux->ptr_type == type || (!is_special(type) && !is_special(aux->ptr_type)))
		return 0;
	/* A load that can fail is good for an object that cannot be gone, too. */
	if (probed && (type & REG_KIND_MASK) == PTR_TO_BTF_ID &&
	    (aux->ptr_type & REG_KIND_MASK) == PTR_TO_BTF_ID) {
		aux->ptr_type = PTR_TO_BTF_ID | PTR_UNTRUSTED;
		return 0;
	}
	return reject(v, -EINVAL, "same insn cannot be used with different pointers");
}

int check_load(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct mem_access a = access_of(v, insn->src_reg, ACCESS_READ, insn->dst_reg);
	u32 type;
	int err = use_reg(v, insn->src_reg);

	if (!err)
		err = define_reg(v, insn->dst_reg);
	if (err)
		return err;
	a.sign_extend = BPF_MODE(insn->code) == BPF_MEMSX;
	type = cur_reg(v, insn->src_reg)->type;
	err = check_access(v, &a);
	if (err)
		return err;
	fact_result(v, v->insn, cur_reg(v, insn->dst_reg));
	return check_same_kind(v, type, true);
}

int check_store_reg(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct mem_access a = access_of(v, insn->dst_reg, ACCESS_WRITE, insn->src_reg);
	u32 type;
	int err = use_reg(v, insn->src_reg);

	if (!err)
		err = use_reg(v, insn->dst_reg);
	if (err)
		return err;
	type = cur_reg(v, insn->dst_reg)->type;
	err = check_access(v, &a);
	return err ? err : check_same_kind(v, type, false);
}

int check_store_imm(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct mem_access a = access_of(v, insn->dst_reg, ACCESS_WRITE, -1);
	u32 type;
	int err = use_reg(v, insn->dst_reg);

	if (err)
		return err;
	type = cur_reg(v, insn->dst_reg)->type;
	err = check_access(v, &a);
	return err ? err : check_same_kind(v, type, false);
}

static bool atomics_allowed(const struct bpf_insn *insn, const struct reg *reg)
{
	if (reg->type == PTR_TO_ARENA)
		return arena_takes_atomic(insn);
	return reg->type != PTR_TO_CTX && !reg_is_packet(reg) && reg->type != PTR_TO_FLOW_KEYS &&
	       !reg_is_sock(reg);
}

static int check_atomic_operands(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	const struct reg *address = cur_reg(v, insn->dst_reg);
	int err = use_reg(v, insn->src_reg);

	if (!err)
		err = use_reg(v, insn->dst_reg);
	if (!err && insn->imm == BPF_CMPXCHG) {
		err = use_reg(v, BPF_REG_0);
		if (!err && leaks_pointer(v, cur_reg(v, BPF_REG_0)))
			return reject(v, -EACCES, "R0 leaks addr into mem");
	}
	if (err)
		return err;
	if (leaks_pointer(v, cur_reg(v, insn->src_reg)))
		return reject(v, -EACCES, "R%u leaks addr into mem", insn->src_reg);
	if (!atomics_allowed(insn, address))
		return reject(v, -EACCES, "BPF_ATOMIC stores into R%u %s is not allowed",
			      insn->dst_reg, TYPE_NAME(address->type));
	return 0;
}

int check_atomic(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct mem_access a = access_of(v, insn->dst_reg, ACCESS_READ, -1);
	s32 into = -1;
	int err = check_atomic_operands(v);

	if (!err && insn->imm & BPF_FETCH) {
		into = insn->imm == BPF_CMPXCHG ? BPF_REG_0 : insn->src_reg;
		err = define_reg(v, (u32)into);
	}
	if (err)
		return err;
	/* It is a read that may load, then a write of something. */
	a.strict_once = true;
	err = check_access(v, &a);
	if (!err && into >= 0) {
		a.value = into;
		err = check_access(v, &a);
	}
	if (!err)
		err = check_same_kind(v, cur_reg(v, insn->dst_reg)->type, false);
	if (err)
		return err;
	if (into >= 0)
		fact_result(v, v->insn, cur_reg(v, (u32)into));
	a.kind = ACCESS_WRITE;
	a.value = -1;
	return check_access(v, &a);
}

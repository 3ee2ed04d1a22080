/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic: numbers through scalar.h, pointers here. */
#include <inttypes.h>

#include "verify/verifier.h"

static bool is_alu64(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU64;
}

/* ---- pointers ---- */

static int check_sane_offset(struct verifier *v, const struct reg *reg, u32 type)
{
	const char *name = TYPE_NAME(type);
	s64 known = (s64)reg->s.var_off.value;

	if (tnum_is_const(reg->s.var_off) && (known >= MAX_VAR_OFF || known <= -MAX_VAR_OFF))
		return reject(v, -EINVAL, "math between %s pointer and %" PRId64 " is not allowed",
			      name, known);
	/* Of a number it is the distance to those that it is linked with; Linux asks all the same.
	 */
	if (reg->off >= MAX_VAR_OFF || reg->off <= -MAX_VAR_OFF)
		return reject(v, -EINVAL, "%s pointer offset %d is not allowed", name, reg->off);
	if (reg->s.smin == INT64_MIN)
		return reject(v, -EINVAL,
			      "math between %s pointer and register with unbounded min value is "
			      "not allowed",
			      name);
	if (reg->s.smin >= MAX_VAR_OFF || reg->s.smin <= -MAX_VAR_OFF)
		return reject(v, -EINVAL, "value %" PRId64 " makes %s pointer be out of bounds",
			      reg->s.smin, name);
	return 0;
}

/* Which pointers may be moved, and by what. */
static bool may_move(const struct reg *ptr, const struct scalar *by, u8 op)
{
	bool known = tnum_is_const(by->var_off);

	switch (reg_kind(ptr)) {
	case PTR_TO_CTX:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MAP_KEY:
	case PTR_TO_STACK:
	case PTR_TO_PACKET_META:
	case PTR_TO_PACKET:
	case PTR_TO_TP_BUFFER:
	case PTR_TO_BTF_ID:
	case PTR_TO_MEM:
	case PTR_TO_BUF:
	case PTR_TO_FUNC:
	case CONST_PTR_TO_DYNPTR:
		return true;
	case PTR_TO_FLOW_KEYS:
		return known;
	case CONST_PTR_TO_MAP:
		return known && by->smin == 0 && op == BPF_ADD;
	default:
		return false;
	}
}

static void forget_32(struct scalar *s)
{
	s->s32_min = INT32_MIN;
	s->s32_max = INT32_MAX;
	s->u32_min = 0;
	s->u32_max = UINT32_MAX;
}

/* The variable part after adding (or subtracting) an unknown number. */
static struct scalar moved(const struct scalar *ptr, const struct scalar *by, u8 op)
{
	struct scalar s;
	bool sub = op == BPF_SUB;

	s.var_off = sub ? tnum_sub(ptr->var_off, by->var_off) : tnum_add(ptr->var_off, by->var_off);
	if (sub ? __builtin_sub_overflow(ptr->smin, by->smax, &s.smin) ||
			    __builtin_sub_overflow(ptr->smax, by->smin, &s.smax)
		: __builtin_add_overflow(ptr->smin, by->smin, &s.smin) ||
			    __builtin_add_overflow(ptr->smax, by->smax, &s.smax)) {
		s.smin = INT64_MIN;
		s.smax = INT64_MAX;
	}
	if (sub ? ptr->umin < by->umax
		: __builtin_add_overflow(ptr->umin, by->umin, &s.umin) ||
			    __builtin_add_overflow(ptr->umax, by->umax, &s.umax)) {
		s.umin = 0;
		s.umax = UINT64_MAX;
	} else if (sub) {
		s.umin = ptr->umin - by->umax;
		s.umax = ptr->umax - by->umin;
	}
	forget_32(&s);
	return s;
}

/* dst = ptr +- by */
static void move_pointer(struct verifier *v, struct reg *dst, const struct reg *ptr,
			 const struct scalar *by, u8 op)
{
	s64 off = op == BPF_ADD ? ptr->off + by->smin : ptr->off - by->smin;

	if (tnum_is_const(by->var_off) && off == (s32)off) {
		dst->off = (s32)off;
		forget_32(&dst->s);
	} else {
		dst->s = moved(&ptr->s, by, op);
		if (reg_is_packet(ptr)) {
			/* A new base: what was compared before tells nothing of it. */
			dst->id = ++v->id_gen;
			if (op == BPF_ADD || by->smin < 0)
				dst->range = 0;
		}
	}
	scalar_sync(&dst->s);
}

/* Without CAP_PERFMON offsets must be in bounds at once, not only when used. */
static int check_moved_bounds(struct verifier *v, const struct reg *dst, u32 regno)
{
	s32 off;

	if (v->ptr_leaks)
		return 0;
	if (dst->type == PTR_TO_MAP_VALUE) {
		int err = check_map_access(v, regno, dst->off, 1, false, false);

		if (err)
			return reject(v, -EACCES,
				      "R%u pointer arithmetic of map value goes out of range, "
				      "prohibited for !root",
				      regno);
		return 0;
	}
	if (dst->type != PTR_TO_STACK)
		return 0;
	off = dst->off + (s32)dst->s.var_off.value;
	if (!tnum_is_const(dst->s.var_off))
		return reject(v, -EACCES,
			      "R%u variable stack access prohibited for !root, var_off=%s off=%d",
			      regno, TNUM_STR(dst->s.var_off), off);
	if (off >= 0 || off < -MAX_BPF_STACK)
		return reject(v, -EACCES,
			      "R%u stack pointer arithmetic goes out of range, prohibited for "
			      "!root; off=%d",
			      regno, off);
	return 0;
}

static int check_pointer_op(struct verifier *v, const struct reg *ptr, const struct scalar *by)
{
	const struct bpf_insn *insn = cur_insn(v);
	u32 dst = insn->dst_reg;
	u8 op = BPF_OP(insn->code);

	if (!is_alu64(insn))
		return reject(v, -EACCES, "R%u 32-bit pointer arithmetic prohibited", dst);
	if (reg_maybe_null(ptr))
		return reject(v, -EACCES,
			      "R%u pointer arithmetic on %s prohibited, null-check it first", dst,
			      TYPE_NAME(ptr->type));
	if (!may_move(ptr, by, op))
		return reject(v, -EACCES, "R%u pointer arithmetic on %s prohibited", dst,
			      TYPE_NAME(ptr->type));
	return 0;
}

/* After the offsets are known to be sane, as in Linux's order of checks. */
static int check_pointer_op_kind(struct verifier *v, const struct reg *ptr, bool ptr_is_dst)
{
	const struct bpf_insn *insn = cur_insn(v);
	u8 op = BPF_OP(insn->code);

	switch (op) {
	case BPF_ADD:
		return 0;
	case BPF_SUB:
		if (!ptr_is_dst)
			return reject(v, -EACCES, "R%u tried to subtract pointer from scalar",
				      insn->dst_reg);
		if (ptr->type == PTR_TO_STACK)
			return reject(v, -EACCES, "R%u subtraction from stack pointer prohibited",
				      insn->dst_reg);
		return 0;
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return reject(v, -EACCES, "R%u bitwise operator %s on pointer prohibited",
			      insn->dst_reg, alu_op_name(op));
	default:
		return reject(v, -EACCES, "R%u pointer arithmetic with %s operator prohibited",
			      insn->dst_reg, alu_op_name(op));
	}
}

/* What a path that cannot be taken has made of a number: Linux calls no such pointer bad. */
static bool is_confused(const struct scalar *by)
{
	if (tnum_is_const(by->var_off) && (by->smin != by->smax || by->umin != by->umax))
		return true;
	return by->smin > by->smax || by->umin > by->umax;
}

/* dst = ptr +- by; @ptr is the register of either operand, @by a copy of the other. */
static int pointer_alu(struct verifier *v, const struct reg *ptr, const struct reg *by)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = cur_reg(v, insn->dst_reg);
	bool ptr_is_dst = ptr == dst;
	struct spec_move move = {.to_left = false};
	struct reg from;
	int err;

	if (is_confused(&by->s)) {
		reg_set_unknown(dst);
		return 0;
	}
	if (!is_alu64(insn) && BPF_OP(insn->code) == BPF_SUB && v->ptr_leaks) {
		reg_set_unknown(dst);
		return 0;
	}
	err = check_pointer_op(v, ptr, &by->s);
	if (err)
		return err;
	from = *dst = *ptr;
	err = check_sane_offset(v, by, from.type);
	if (!err)
		err = check_sane_offset(v, &from, from.type);
	if (!err)
		err = spec_check_move(v, &by->s, ptr_is_dst, &move);
	if (!err)
		err = check_pointer_op_kind(v, &from, ptr_is_dst);
	if (err)
		return err;
	move_pointer(v, dst, &from, &by->s, BPF_OP(insn->code));
	err = check_sane_offset(v, dst, from.type);
	if (!err)
		err = check_moved_bounds(v, dst, insn->dst_reg);
	return err ? err : spec_check_moved(v, &move);
}

/* ---- numbers ---- */

/* r1 = r2; r1 += 4: r1 is narrowed with r2 as long as the distance is known. */
static void link_distance(struct verifier *v, struct reg *dst, const struct reg *src)
{
	const struct bpf_insn *insn = cur_insn(v);
	bool same = BPF_SRC(insn->code) == BPF_X && insn->src_reg == insn->dst_reg;

	if (v->bpf_capable && BPF_OP(insn->code) == BPF_ADD && is_alu64(insn) && dst->id &&
	    reg_is_const(src) && !same && !(dst->id & ID_ADD_CONST) &&
	    src->s.var_off.value <= INT32_MAX) {
		dst->id |= ID_ADD_CONST;
		dst->off = (s32)src->s.var_off.value;
		return;
	}
	scalar_unlink(dst);
}

/*
 * A mask made of a sign bit: the two values that it can have are followed one
 * by one. The path with 0 waits and then does the instruction again.
 */
static int split_sign(struct verifier *v, struct reg *dst, const struct reg *src)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct scalar zero, ones;
	struct vstate *state;
	int err;

	if (!scalar_split(BPF_OP(insn->code), &dst->s, &src->s, &zero, &ones))
		return 0;
	state = push_path(v, v->insn, v->insn, &err);
	if (!state)
		return err;
	state_frame(state)->regs[insn->dst_reg].s = zero;
	dst->s = ones;
	return 0;
}

static int scalar_op(struct verifier *v, struct reg *dst, const struct reg *src)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg by = *src;
	int err = spec_check_number(v);

	if (!err)
		err = split_sign(v, dst, &by);
	if (err)
		return err;
	dst->s = scalar_alu(BPF_OP(insn->code), is_alu64(insn), insn->off, dst->s, by.s);
	link_distance(v, dst, &by);
	return 0;
}

static int two_operands(struct verifier *v, const struct reg *src, u32 src_regno)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = cur_reg(v, insn->dst_reg);
	struct reg by;
	int err;

	/* Any address will do. */
	if (dst->type == PTR_TO_ARENA)
		return 0;
	if (src->type == PTR_TO_ARENA) {
		*dst = *src;
		return 0;
	}
	if (src->type != SCALAR_VALUE && dst->type != SCALAR_VALUE) {
		if (BPF_OP(insn->code) == BPF_SUB && v->ptr_leaks) {
			reg_set_unknown(dst);
			return 0;
		}
		return reject(v, -EACCES, "R%u pointer %s pointer prohibited", insn->dst_reg,
			      alu_op_name(BPF_OP(insn->code)));
	}
	if (src->type != SCALAR_VALUE) {
		err = mark_precise(v, insn->dst_reg);
		by = *dst;
		return err ? err : pointer_alu(v, src, &by);
	}
	if (dst->type != SCALAR_VALUE) {
		err = BPF_SRC(insn->code) == BPF_X ? mark_precise(v, src_regno) : 0;
		by = *src;
		return err ? err : pointer_alu(v, dst, &by);
	}
	return scalar_op(v, dst, src);
}

static int check_binary(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg imm;
	const struct reg *src = &imm;
	int err = 0;

	if (BPF_SRC(insn->code) == BPF_X)
		err = use_reg(v, insn->src_reg);
	if (!err)
		err = use_reg(v, insn->dst_reg);
	if (!err)
		err = check_insn_operands(v);
	if (!err)
		err = define_reg(v, insn->dst_reg);
	if (err)
		return err;
	if (BPF_SRC(insn->code) == BPF_X)
		src = cur_reg(v, insn->src_reg);
	else
		reg_set_const(&imm, (u64)(s64)insn->imm);
	return two_operands(v, src, insn->src_reg);
}

static int check_unary(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = cur_reg(v, insn->dst_reg);
	int err = use_reg(v, insn->dst_reg);

	if (err)
		return err;
	if (leaks_pointer(v, dst))
		return reject(v, -EACCES, "R%u pointer arithmetic prohibited", insn->dst_reg);
	err = define_reg(v, insn->dst_reg);
	if (err)
		return err;
	/* Linux 6.12 follows neither a negation nor a swap. */
	reg_set_unknown(dst);
	return 0;
}

/* Copies a number that still fits what the move keeps of it: the copies are equal. */
static void copy_scalar(struct verifier *v, struct reg *dst, struct reg *src, bool equal)
{
	if (equal)
		scalar_link(v, src);
	*dst = *src;
	if (!equal)
		scalar_unlink(dst);
}

static int move_part(struct verifier *v, struct reg *dst, struct reg *src)
{
	const struct bpf_insn *insn = cur_insn(v);
	bool wide = is_alu64(insn);
	bool sext = insn->off;

	if (leaks_pointer(v, src))
		return reject(v, -EACCES,
			      wide ? "R%u sign-extension part of pointer"
				   : "R%u partial copy of pointer",
			      insn->src_reg);
	if (src->type != SCALAR_VALUE) {
		reg_set_unknown(dst);
	} else if (!sext) {
		copy_scalar(v, dst, src, reg_width(src) <= 32);
	} else {
		copy_scalar(v, dst, src, src->s.umax < BIT_ULL(insn->off - 1));
		dst->s = scalar_sext(dst->s, (u8)(insn->off / 8), wide);
	}
	if (!wide)
		dst->s = scalar_mov32(dst->s);
	return 0;
}

static int check_move(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = cur_reg(v, insn->dst_reg);
	struct reg *src = cur_reg(v, insn->src_reg);
	bool reg = BPF_SRC(insn->code) == BPF_X;
	int err;

	if (reg && is_alu64(insn) && insn->imm)
		return check_arena_cast(v);
	err = reg ? use_reg(v, insn->src_reg) : 0;
	if (!err)
		err = define_reg(v, insn->dst_reg);
	if (err)
		return err;
	if (!reg) {
		reg_set_const(dst, is_alu64(insn) ? (u64)(s64)insn->imm : (u64)(u32)insn->imm);
		return 0;
	}
	if (!is_alu64(insn) || insn->off)
		return move_part(v, dst, src);
	scalar_link(v, src);
	*dst = *src;
	return 0;
}

int check_alu(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = cur_reg(v, insn->dst_reg);
	int err;

	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		err = check_move(v);
		break;
	case BPF_NEG:
	case BPF_END:
		err = check_unary(v);
		break;
	default:
		err = check_binary(v);
	}
	if (err)
		return err;
	err = check_invariants(v, &dst->s, "alu");
	if (err)
		return err;
	fact_result(v, v->insn, dst);
	return 0;
}

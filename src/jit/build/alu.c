/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic, moves, byte orders and wide loads. */
#include "base/bytes.h"
#include "isa/isa.h"
#include "jit/build/internal.h"
#include "map/map.h"

static u8 width_of(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU64 ? 8 : 4;
}

/* ---- arithmetic ---- */

/* The operation, and whether its first operand comes with a sign. */
static enum ir_op operation(const struct bpf_insn *insn)
{
	bool is_signed = insn->off == 1;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		return IR_ADD;
	case BPF_SUB:
		return IR_SUB;
	case BPF_MUL:
		return IR_MUL;
	case BPF_DIV:
		return is_signed ? IR_SDIV : IR_UDIV;
	case BPF_MOD:
		return is_signed ? IR_SMOD : IR_UMOD;
	case BPF_OR:
		return IR_OR;
	case BPF_AND:
		return IR_AND;
	case BPF_XOR:
		return IR_XOR;
	case BPF_LSH:
		return IR_SHL;
	case BPF_RSH:
		return IR_SHR;
	case BPF_ARSH:
		return IR_SAR;
	default:
		return IR_UNDEF;
	}
}

static bool is_division(enum ir_op op)
{
	return op == IR_UDIV || op == IR_UMOD || op == IR_SDIV || op == IR_SMOD;
}

/* Whether dividing by the constant needs no care. */
static bool divides_safely(enum ir_op op, u8 width, u64 by)
{
	u64 minus_one = width == 4 ? UINT32_MAX : UINT64_MAX;

	by &= minus_one;
	return by && (by != minus_one || op == IR_UDIV || op == IR_UMOD);
}

/* A known distance from the frame's end is an address in the frame; 0: it is not. */
static ir_ref frame_address(struct body *body, enum ir_op op, ir_ref a, ir_ref b)
{
	struct ir_fn *fn = body->b->fn;
	s64 distance;

	if (op == IR_ADD && ir_at(fn, b)->op == IR_FRAME) {
		ir_ref swap = a;

		a = b;
		b = swap;
	}
	if ((op != IR_ADD && op != IR_SUB) || ir_at(fn, a)->op != IR_FRAME || !ir_is_const(fn, b))
		return 0;
	distance = ir_at(fn, b)->imm;
	if (distance != (s32)distance)
		return 0;
	distance = ir_at(fn, a)->imm + (op == IR_ADD ? distance : -distance);
	if (distance != (s32)distance)
		return 0;
	return emit(body, (struct ir_insn){.op = IR_FRAME, .imm = distance});
}

static int build_arithmetic(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	enum ir_op op = operation(insn);
	ir_ref a = get_reg(body, insn->dst_reg), b = get_source(body), result = 0;
	struct ir_insn ir;

	if (op == IR_UNDEF || (is_division(op) && insn->off & ~1))
		return cannot(body, "operation");
	if (is_masked(body) && (op == IR_ADD || op == IR_SUB))
		mask_operands(body, &op, &a, &b);
	ir = ir_binary(op, width_of(insn), a, b);
	if (is_division(op) && ir_is_const(body->b->fn, b) &&
	    divides_safely(op, ir.width, (u64)body_at(body, b)->imm))
		ir.flags |= IR_SAFE_DIV;
	if (ir.width == 8)
		result = frame_address(body, op, a, b);
	set_reg(body, insn->dst_reg, result ? result : emit_result(body, ir));
	return 0;
}

static int build_neg(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	ir_ref a = get_reg(body, insn->dst_reg);

	set_reg(body, insn->dst_reg, emit_result(body, ir_unary(IR_NEG, width_of(insn), a)));
	return 0;
}

/* ---- moves ---- */

static int build_move_imm(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	u64 value = width_of(insn) == 8 ? (u64)(s64)insn->imm : (u32)insn->imm;

	set_reg(body, insn->dst_reg, constant(body, value));
	return 0;
}

/* The low @bits of @value with their sign, or all of them; a move of 32 bits cuts the result. */
static int extend(struct body *body, ir_ref value, u8 width, s16 bits, ir_ref *result)
{
	bool plain = !bits || (width == 4 && bits == 32);

	if (plain && width == 8)
		*result = value;
	else if (plain && ir_upper_zero(body->b->fn, value))
		*result = value;
	else if (plain)
		*result = emit_result(body, ir_unary(IR_ZEXT32, 8, value));
	else if (bits == 8)
		*result = emit_result(body, ir_unary(IR_SEXT8, width, value));
	else if (bits == 16)
		*result = emit_result(body, ir_unary(IR_SEXT16, width, value));
	else if (bits == 32)
		*result = emit_result(body, ir_unary(IR_SEXT32, 8, value));
	else
		return cannot(body, "move");
	return 0;
}

static int build_move(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	const struct insn_fact *fact = unit_fact(body->b->unit, body->pc);
	ir_ref value;
	int ret;

	if (BPF_SRC(insn->code) == BPF_K)
		return build_move_imm(body);
	ret = extend(body, get_reg(body, insn->src_reg), width_of(insn), insn->off, &value);
	if (!ret && fact->flags & FACT_CONST)
		value = constant(body, fact->umin);
	if (!ret)
		set_reg(body, insn->dst_reg, value);
	return ret;
}

/* ---- byte order ---- */

static ir_ref cut(struct body *body, ir_ref value, s32 bits)
{
	if (bits == 16)
		return emit_result(body, ir_unary(IR_ZEXT16, 8, value));
	if (bits == 32)
		return emit_result(body, ir_unary(IR_ZEXT32, 8, value));
	return value;
}

static ir_ref swap(struct body *body, ir_ref value, s32 bits)
{
	enum ir_op op = bits == 16 ? IR_BSWAP16 : bits == 32 ? IR_BSWAP32 : IR_BSWAP64;

	return emit_result(body, ir_unary(op, 8, value));
}

static int build_end(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	bool always = BPF_CLASS(insn->code) == BPF_ALU64;
	bool to_big = BPF_SRC(insn->code) == BPF_TO_BE;
	ir_ref value = get_reg(body, insn->dst_reg);

	if (insn->imm != 16 && insn->imm != 32 && insn->imm != 64)
		return cannot(body, "byte order");
	if (always || to_big != HOST_BIG_ENDIAN)
		value = swap(body, value, insn->imm);
	else
		value = cut(body, value, insn->imm);
	set_reg(body, insn->dst_reg, value);
	return 0;
}

/* 0 stays; else the lower half is behind the upper half of the arena's addresses. */
static int build_arena_user(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);
	ir_ref zero = constant(body, 0), low, user;

	if (body->b->unit->aot)
		return cannot(body, ARENA_ELSEWHERE);
	low = emit(body, ir_unary(IR_ZEXT32, 8, get_reg(body, insn->src_reg)));
	body_at(body, low)->umax = UINT32_MAX;
	user = emit(body,
		    ir_binary(IR_OR, 8, low, constant(body, body->b->unit->prog->arena_user)));
	set_reg(body, insn->dst_reg, emit(body, ir_select(IR_EQ, 8, low, zero, zero, user)));
	return 0;
}

int build_alu(struct body *body)
{
	if (body_insn(body)->code == (BPF_ALU64 | BPF_ARENA_USER | BPF_X))
		return build_arena_user(body);
	switch (BPF_OP(body_insn(body)->code)) {
	case BPF_MOV:
		return build_move(body);
	case BPF_NEG:
		return build_neg(body);
	case BPF_END:
		return build_end(body);
	default:
		return build_arithmetic(body);
	}
}

/* ---- wide loads ---- */

/* 0: it is of none. */
static ir_ref subprog_address(struct body *body, u64 value)
{
	const struct prog *prog = body->b->unit->prog;
	u64 at = value - ptr_to_u64(prog->subprogs);
	u64 index = at / sizeof(*prog->subprogs);

	if (index >= prog->subprog_cnt || at % sizeof(*prog->subprogs))
		return 0;
	return ir_addr(body->b->fn, SYM_SUBPROG, (u32)index, 0, value);
}

/* Which of the program's maps the wide load is of; FACT_NO_MAP when none fits. */
static u32 map_of_load(struct body *body, u64 value, bool is_value, u32 off)
{
	const struct jit_options *options = body->b->unit->options;
	const struct prog *prog = body->b->unit->prog;
	u32 first = 0, cnt = prog->map_cnt;

	if (options && options->facts && options->facts[body->pc].map < cnt) {
		first = options->facts[body->pc].map;
		cnt = first + 1;
	}
	for (u32 i = first; i < cnt; i++) {
		struct map *map = prog->maps[i];
		void *addr = map;

		if (is_value &&
		    (!map->ops->direct_value || map->ops->direct_value(map, off, &addr)))
			continue;
		if (ptr_to_u64(addr) == value)
			return i;
	}
	return FACT_NO_MAP;
}

static ir_ref map_address(struct body *body, u64 value, bool is_value, u32 off)
{
	u32 index = map_of_load(body, value, is_value, off);

	if (index == FACT_NO_MAP)
		return 0;
	return ir_addr(body->b->fn, is_value ? SYM_MAP_VALUE : SYM_MAP, index, is_value ? off : 0,
		       value);
}

/* The number is final; the program as it was loaded tells what it is the address of. */
int build_wide(struct body *body)
{
	const struct prog *prog = body->b->unit->prog;
	const struct bpf_insn *insn = body_insn(body);
	const struct bpf_insn *orig = prog->orig ? &prog->orig[body->pc] : insn;
	u64 value = isa_wide_imm(insn);
	ir_ref ref = 0;

	switch (orig->src_reg) {
	case 0:
		ref = constant(body, value);
		break;
	case BPF_PSEUDO_FUNC:
		ref = subprog_address(body, value);
		break;
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX:
		ref = map_address(body, value, false, 0);
		break;
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		ref = map_address(body, value, true, (u32)orig[1].imm);
		break;
	}
	if (!ref && body->b->unit->aot) /* it is another one elsewhere */
		return cannot(body, "address");
	if (!ref)
		ref = constant(body, value);
	set_reg(body, insn->dst_reg, ref);
	return 0;
}

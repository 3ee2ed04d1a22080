/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as rows of bytes, see bytes.h. */
#include "jit/pass/bytes.h"

#include <errno.h>
#include <string.h>

int bytes_init(struct bytes *b, struct ir_fn *fn)
{
	const struct mem *mem = fn->arena->mem;

	*b = (struct bytes){.fn = fn, .ninsns = fn->next};
	b->made = mem_zalloc_array(mem, b->ninsns, sizeof(*b->made));
	b->epoch = mem_zalloc_array(mem, b->ninsns, sizeof(*b->epoch));
	b->place = mem_zalloc_array(mem, b->ninsns, sizeof(*b->place));
	b->replaced = mem_zalloc_array(mem, b->ninsns, sizeof(*b->replaced));
	if (b->made && b->epoch && b->place && b->replaced)
		return 0;
	bytes_free(b);
	return -ENOMEM;
}

void bytes_free(struct bytes *b)
{
	const struct mem *mem = b->fn->arena->mem;

	mem_free(mem, b->made);
	mem_free(mem, b->epoch);
	mem_free(mem, b->place);
	mem_free(mem, b->replaced);
}

/* ---- taking apart ---- */

static void set_number(struct value_bytes *v, u32 i, u8 number)
{
	v->of[i] = 0;
	v->byte[i] = number;
}

static void clear_from(struct value_bytes *v, u32 first)
{
	for (u32 i = first; i < 8; i++)
		set_number(v, i, 0);
}

/* Its own bytes; those are 0 that its range says to be. */
static void own_bytes(const struct bytes *b, ir_ref ref, struct value_bytes *v)
{
	const struct ir_insn *insn = ir_at(b->fn, ref);

	v->shared = false;
	for (u32 i = 0; i < 8; i++) {
		v->of[i] = ref;
		v->byte[i] = (u8)i;
		if (insn->op == IR_CONST)
			set_number(v, i, (u8)((u64)insn->imm >> (8 * i)));
		else if (insn->umax >> (8 * i) == 0)
			set_number(v, i, 0);
	}
	if (insn->op == IR_LOAD && !(insn->flags & IR_SEXT))
		clear_from(v, insn->size);
	else if (ir_upper_zero(b->fn, ref))
		clear_from(v, 4);
}

void bytes_of(const struct bytes *b, ir_ref ref, struct value_bytes *out)
{
	if (ref < b->ninsns && b->made[ref])
		*out = *b->made[ref];
	else
		own_bytes(b, ref, out);
}

static void operand_bytes(const struct bytes *b, ir_ref ref, struct value_bytes *v)
{
	bytes_of(b, ref, v);
	v->shared |= !ir_is_literal(b->fn, ref) && ir_at(b->fn, ref)->uses > 1;
}

/* By whole bytes, towards the upper end (@by > 0) or the lower one. */
static void move_bytes(struct value_bytes *v, s32 by)
{
	struct value_bytes from = *v;

	for (s32 i = 0; i < 8; i++) {
		if (i - by < 0 || i - by >= 8) {
			set_number(v, (u32)i, 0);
			continue;
		}
		v->of[i] = from.of[i - by];
		v->byte[i] = from.byte[i - by];
	}
}

static bool shift_bytes(const struct bytes *b, const struct ir_insn *insn, struct value_bytes *v)
{
	u64 count;

	if (!ir_is_const(b->fn, insn->arg[1]))
		return false;
	count = (u64)ir_at(b->fn, insn->arg[1])->imm & (insn->width == 4 ? 31 : 63);
	if (count % 8)
		return false;
	operand_bytes(b, insn->arg[0], v);
	if (insn->width == 4)
		clear_from(v, 4);
	move_bytes(v, insn->op == IR_SHL ? (s32)count / 8 : -(s32)count / 8);
	return true;
}

/* "or", and what is the same where one of two bytes is 0. */
static bool or_bytes(const struct bytes *b, const struct ir_insn *insn, struct value_bytes *v)
{
	struct value_bytes other;

	operand_bytes(b, insn->arg[0], v);
	operand_bytes(b, insn->arg[1], &other);
	for (u32 i = 0; i < 8; i++) {
		if (!other.of[i] && !other.byte[i])
			continue;
		if (v->of[i] || v->byte[i])
			return false;
		v->of[i] = other.of[i];
		v->byte[i] = other.byte[i];
	}
	v->shared |= other.shared;
	return true;
}

static bool and_bytes(const struct bytes *b, const struct ir_insn *insn, struct value_bytes *v)
{
	u64 mask;

	if (!ir_is_const(b->fn, insn->arg[1]))
		return false;
	mask = (u64)ir_at(b->fn, insn->arg[1])->imm;
	operand_bytes(b, insn->arg[0], v);
	for (u32 i = 0; i < 8; i++, mask >>= 8) {
		if ((mask & 0xff) == 0)
			set_number(v, i, 0);
		else if ((mask & 0xff) != 0xff)
			return false;
	}
	return true;
}

static void swap_bytes(struct value_bytes *v, u32 n)
{
	struct value_bytes from = *v;

	for (u32 i = 0; i < n; i++) {
		v->of[i] = from.of[n - 1 - i];
		v->byte[i] = from.byte[n - 1 - i];
	}
	clear_from(v, n);
}

/* Whether the instruction only moves bytes: then where they come from. */
static bool find_bytes(const struct bytes *b, ir_ref ref, struct value_bytes *v)
{
	const struct ir_insn *insn = ir_at(b->fn, ref);
	bool known = true;

	switch (insn->op) {
	case IR_SHL:
	case IR_SHR:
		known = shift_bytes(b, insn, v);
		break;
	case IR_OR:
	case IR_XOR:
	case IR_ADD:
		known = or_bytes(b, insn, v);
		break;
	case IR_AND:
		known = and_bytes(b, insn, v);
		break;
	case IR_ZEXT8:
	case IR_ZEXT16:
	case IR_ZEXT32:
		operand_bytes(b, insn->arg[0], v);
		clear_from(v, insn->op == IR_ZEXT8 ? 1 : insn->op == IR_ZEXT16 ? 2 : 4);
		break;
	case IR_BSWAP16:
	case IR_BSWAP32:
	case IR_BSWAP64:
		operand_bytes(b, insn->arg[0], v);
		swap_bytes(v, insn->op == IR_BSWAP16 ? 2 : insn->op == IR_BSWAP32 ? 4 : 8);
		break;
	default:
		return false;
	}
	if (known && ir_flags(insn) & IR_OP_W && insn->width == 4)
		clear_from(v, 4);
	return known;
}

void bytes_note(struct bytes *b, ir_ref ref)
{
	struct value_bytes v;

	if (!find_bytes(b, ref, &v))
		return;
	b->made[ref] = arena_dup(b->fn->arena, &v, sizeof(v));
	if (!b->made[ref])
		b->fn->failed = true;
}

/* ---- putting together ---- */

static ir_ref emit(struct bytes *b, ir_ref before, struct ir_insn insn, u64 umax)
{
	insn.umax = umax;
	insn.pc = ir_at(b->fn, before)->pc;
	return ir_insert(b->fn, before, insn);
}

static u64 low_bits(u32 bytes)
{
	return bytes >= 8 ? UINT64_MAX : BIT_ULL(8 * bytes) - 1;
}

static ir_ref make_swap(struct bytes *b, ir_ref value, u32 n, ir_ref before)
{
	enum ir_op op = n == 2 ? IR_BSWAP16 : n == 4 ? IR_BSWAP32 : IR_BSWAP64;

	return emit(b, before, ir_unary(op, 8, value), low_bits(n));
}

static ir_ref make_number(struct bytes *b, const struct value_bytes *v, u32 n)
{
	u64 value = 0;

	for (u32 i = 0; i < n; i++) {
		if (v->of[i])
			return 0;
		value |= (u64)v->byte[i] << (8 * i);
	}
	return ir_const(b->fn, value);
}

/* Bytes that follow each other in one value, up or down. */
static ir_ref make_part(struct bytes *b, const struct value_bytes *v, u32 n, bool exact,
			ir_ref before)
{
	s32 step = v->byte[1] - v->byte[0];
	u32 low = step > 0 ? v->byte[0] : v->byte[n - 1];
	ir_ref value = v->of[0];

	if ((step != 1 && step != -1) || (value < b->ninsns && b->replaced[value]))
		return 0;
	for (u32 i = 1; i < n; i++)
		if (v->of[i] != value || v->byte[i] != v->byte[i - 1] + step)
			return 0;
	if (low)
		value = emit(b, before, ir_binary(IR_SHR, 8, value, ir_const(b->fn, 8 * low)),
			     low_bits(8 - low));
	if (step < 0)
		return make_swap(b, value, n, before);
	if (!exact || low + n == 8)
		return value;
	return n == 4 ? emit(b, before, ir_unary(IR_ZEXT32, 8, value), low_bits(4))
		      : emit(b, before, ir_unary(IR_ZEXT16, 8, value), low_bits(2));
}

/* Loads of the same memory by the same pointer, so that their distance is known. */
static bool are_neighbours(const struct bytes *b, ir_ref r, ir_ref s)
{
	const struct ir_insn *x = ir_at(b->fn, r), *y = ir_at(b->fn, s);
	const u8 other = IR_SEXT | IR_PROBE;

	return x->op == IR_LOAD && y->op == IR_LOAD && r < b->ninsns && s < b->ninsns &&
	       b->epoch[r] && b->epoch[r] == b->epoch[s] && x->arg[0] == y->arg[0] &&
	       x->arg[1] == y->arg[1] && x->scale == y->scale && x->mem == y->mem &&
	       x->flags == y->flags && !(x->flags & other);
}

static s64 load_byte_at(const struct bytes *b, const struct value_bytes *v, u32 i)
{
	return (s64)ir_at(b->fn, v->of[i])->disp + v->byte[i];
}

/* Whether the bytes lie in memory one behind the other: 1 up, -1 down, else 0. */
static s32 load_order(const struct bytes *b, const struct value_bytes *v, u32 n)
{
	s64 step = 0;

	for (u32 i = 0; i < n; i++) {
		if (!v->of[i] || !are_neighbours(b, v->of[0], v->of[i]))
			return 0;
		if (i == 1)
			step = load_byte_at(b, v, 1) - load_byte_at(b, v, 0);
		if (i && load_byte_at(b, v, i) - load_byte_at(b, v, i - 1) != step)
			return 0;
	}
	return step == 1 || step == -1 ? (s32)step : 0;
}

static ir_ref make_load(struct bytes *b, const struct value_bytes *v, u32 n, ir_ref before)
{
	s32 order = load_order(b, v, n);
	struct ir_insn load = *ir_at(b->fn, v->of[0]);
	s64 disp = order ? load_byte_at(b, v, order > 0 ? 0 : n - 1) : 0;
	ir_ref last = v->of[0], value;

	if (!order || disp != (s32)disp || (v->shared && load.flags & IR_VOLATILE))
		return 0;
	for (u32 i = 1; i < n; i++)
		if (b->place[v->of[i]] > b->place[last])
			last = v->of[i];
	for (u32 i = 0; i < n && load.flags & IR_VOLATILE; i++)
		b->replaced[v->of[i]] = true;
	load.disp = (s32)disp;
	load.size = (u8)n;
	load.umin = 0;
	load.umax = low_bits(n);
	load.uses = 0;
	value = ir_insert_after(b->fn, last, load);
	return order > 0 ? value : make_swap(b, value, n, before);
}

ir_ref bytes_make(struct bytes *b, const struct value_bytes *v, u32 n, bool exact, ir_ref before)
{
	ir_ref value = v->of[0] ? make_part(b, v, n, exact, before) : make_number(b, v, n);

	return value || !v->of[0] ? value : make_load(b, v, n, before);
}

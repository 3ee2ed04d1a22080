/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack: registers spilled and filled again, and bytes. An access at a
 * fixed offset keeps what is known of a spilled register; one at a variable
 * offset may touch any slot in its range.
 */
#include "base/bytes.h"
#include "verify/verifier.h"

static u32 slot_of(s32 off)
{
	return (u32)(-off - 1) / SLOT_SIZE;
}

static u8 *byte_at(struct frame *frame, s32 off)
{
	u32 at = (u32)(-off - 1);

	return &frame->slots[at / SLOT_SIZE].type[at % SLOT_SIZE];
}

static u16 access_mark(const struct frame *frame, u32 slot)
{
	return (u16)(STEP_STACK | (u32)frame->frameno << 6 | slot);
}

static void scratch_slot(struct verifier *v, u32 slot)
{
	v->scratched_slots |= BIT_ULL(slot);
}

int stack_grow(struct verifier *v, struct frame *frame, u32 bytes)
{
	struct subprog_info *sub = &v->subprogs[frame->subprog];
	u32 depth = ROUND_UP(bytes, SLOT_SIZE);

	frame_grow(frame, depth / SLOT_SIZE);
	if (sub->stack_depth < depth)
		sub->stack_depth = sub->counted_depth = depth;
	return 0;
}

/* ---- bounds ---- */

static int check_bounds(struct verifier *v, u32 regno, s32 off, s64 size, bool by_helper,
			enum access kind)
{
	const struct reg *reg = cur_reg(v, regno);
	struct frame *frame = reg_frame(v, reg);
	const char *what = by_helper		 ? " indirect access to"
			   : kind == ACCESS_READ ? " read from"
						 : " write to";
	bool fixed = tnum_is_const(reg->s.var_off);
	s64 low, high, lowest = -MAX_BPF_STACK;
	int err = 0;

	if (!fixed && (reg->s.smax >= MAX_VAR_OFF || reg->s.smin <= -MAX_VAR_OFF))
		return reject(v, -EACCES, "invalid unbounded variable-offset%s stack R%u", what,
			      regno);
	low = (fixed ? (s64)reg->s.var_off.value : reg->s.smin) + off;
	high = (fixed ? (s64)reg->s.var_off.value : reg->s.smax) + off + size;
	if (kind == ACCESS_READ && !v->ptr_leaks)
		lowest = -(s64)frame->slot_cnt * SLOT_SIZE;
	if (low < lowest || low > -1)
		err = -EACCES;
	else if (high > 0)
		err = -EINVAL;
	else if (size < 0)
		err = -EFAULT;
	if (!err)
		return stack_grow(v, frame, (u32)-low);
	if (fixed)
		return reject(v, err, "invalid%s stack R%u off=%d size=%d", what, regno, off,
			      (s32)size);
	return reject(v, err, "invalid variable-offset%s stack R%u var_off=%s off=%d size=%d", what,
		      regno, TNUM_STR(reg->s.var_off), off, (s32)size);
}

/* ---- stores ---- */

/* What lies above a spill of less than 8 bytes is some number. */
static void scrub_byte(u8 *type)
{
	if (*type != STACK_ZERO && *type != STACK_INVALID)
		*type = STACK_MISC;
}

static int spill(struct verifier *v, struct frame *frame, u32 i, const struct reg *reg, u32 size)
{
	struct stack_slot *slot = &frame->slots[i];
	int err = slot_store(v, slot, reg);

	if (err)
		return err;
	if (size == SLOT_SIZE)
		frame->slot_written |= BIT_ULL(i);
	for (u32 b = 0; b < SLOT_SIZE; b++) {
		if (b >= SLOT_SIZE - size)
			slot->type[b] = STACK_SPILL;
		else
			scrub_byte(&slot->type[b]);
	}
	trace_access(v, access_mark(frame, i));
	return 0;
}

static bool is_special(const struct stack_slot *slot)
{
	u8 type = slot->type[SLOT_SIZE - 1];

	return type == STACK_SPILL || type == STACK_DYNPTR || type == STACK_ITER;
}

/* The slot no longer holds a register as a whole. */
static void scrub_spill(struct stack_slot *slot)
{
	if (is_special(slot))
		for (u32 b = 0; b < SLOT_SIZE; b++)
			if (slot->type[b] != STACK_INVALID)
				slot->type[b] = STACK_MISC;
	slot->spill = NULL;
}

static bool stores_zero(const struct verifier *v, const struct mem_access *a)
{
	const struct bpf_insn *insn = cur_insn(v);

	if (a->value >= 0)
		return reg_is_null(cur_reg(v, (u32)a->value));
	return BPF_CLASS(insn->code) == BPF_ST && !insn->imm;
}

static int store_bytes(struct verifier *v, const struct mem_access *a, struct frame *frame, s32 off)
{
	u32 i = slot_of(off);
	u8 type = STACK_MISC;

	scrub_spill(&frame->slots[i]);
	/* Only a write of all 8 bytes ends what was there before. */
	if (a->size == SLOT_SIZE)
		frame->slot_written |= BIT_ULL(i);
	if (stores_zero(v, a)) {
		type = STACK_ZERO;
		if (a->value >= 0) {
			int err = mark_precise(v, (u32)a->value);

			if (err)
				return err;
		}
	}
	for (u32 b = 0; b < a->size; b++)
		*byte_at(frame, off + (s32)b) = type;
	return 0;
}

static int spill_scalar(struct verifier *v, const struct mem_access *a, struct frame *frame,
			s32 off, struct reg *reg)
{
	bool fits = reg_width(reg) <= 8 * a->size;
	struct reg copy;

	if (fits)
		scalar_link(v, reg);
	copy = *reg;
	if (!fits)
		scalar_unlink(&copy);
	return spill(v, frame, slot_of(off), &copy, a->size);
}

static int spill_pointer(struct verifier *v, const struct mem_access *a, struct frame *frame,
			 s32 off, const struct reg *reg)
{
	if (a->size != SLOT_SIZE) {
		log_source_line(v, a->insn, "; ");
		return reject(v, -EACCES, "invalid size of register spill");
	}
	if (frame != cur_frame(v) && reg->type == PTR_TO_STACK)
		return reject(v, -EINVAL,
			      "cannot spill pointers to stack into stack frame of the caller");
	return spill(v, frame, slot_of(off), reg, SLOT_SIZE);
}

static bool is_spillable(const struct reg *reg)
{
	switch (reg_kind(reg)) {
	case SCALAR_VALUE:
	case NOT_INIT:
	case CONST_PTR_TO_DYNPTR:
	case PTR_TO_TP_BUFFER:
		return false;
	default:
		return true;
	}
}

static int store_fixed(struct verifier *v, const struct mem_access *a, struct frame *frame, s32 off)
{
	struct stack_slot *slot = &frame->slots[slot_of(off)];
	struct reg *reg = a->value >= 0 ? cur_reg(v, (u32)a->value) : NULL;
	bool aligned = off % SLOT_SIZE == 0;
	bool imm = !reg && BPF_CLASS(cur_insn(v)->code) == BPF_ST;
	int err;

	if (!v->ptr_leaks && slot_is_spill(slot) && !slot_is_scalar_spill(slot) &&
	    a->size != SLOT_SIZE)
		return reject(v, -EACCES, "attempt to corrupt spilled pointer on stack");
	spec_note_store(v, reg, byte_at(frame, off + (s32)a->size - 1), a->size);
	err = overwrite_dynptr(v, frame, slot_of(off));
	if (err)
		return err;
	note_stack_use(v, frame, off);
	scratch_slot(v, slot_of(off));
	if (reg && aligned && reg->type == SCALAR_VALUE && v->bpf_capable)
		return spill_scalar(v, a, frame, off, reg);
	if (imm && aligned && v->bpf_capable) {
		struct reg value;

		reg_set_const(&value, (u64)(s64)cur_insn(v)->imm);
		return spill(v, frame, slot_of(off), &value, a->size);
	}
	if (reg && is_spillable(reg))
		return spill_pointer(v, a, frame, off, reg);
	return store_bytes(v, a, frame, off);
}

static int store_variable_byte(struct verifier *v, struct frame *frame, s32 off, bool zero,
			       bool *zero_used)
{
	struct stack_slot *slot = &frame->slots[slot_of(off)];
	u8 *type = byte_at(frame, off);
	u8 new_type = STACK_MISC;

	scratch_slot(v, slot_of(off));
	if (!v->ptr_leaks && *type != STACK_MISC && *type != STACK_ZERO)
		return reject(
			v, -EINVAL,
			"spilled ptr in range of var-offset stack write; insn %u, ptr off: %d",
			v->insn, off);
	if (zero && *type == STACK_SPILL && slot_is_scalar_spill(slot) &&
	    reg_is_null(slot->spill)) {
		*zero_used = true;
		return 0;
	}
	scrub_spill(slot);
	if (zero && *type == STACK_ZERO) {
		new_type = STACK_ZERO;
		*zero_used = true;
	}
	*type = new_type;
	return 0;
}

static int store_variable(struct verifier *v, const struct mem_access *a, struct frame *frame,
			  s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	s32 low = (s32)reg->s.smin + off, high = (s32)reg->s.smax + off + (s32)a->size;
	bool zero = stores_zero(v, a), zero_used = false;

	for (s32 i = low; i < high; i++) {
		int err = overwrite_dynptr(v, frame, slot_of(i));

		if (err)
			return err;
	}
	note_stack_use(v, frame, low);
	for (s32 i = low; i < high; i++) {
		int err = store_variable_byte(v, frame, i, zero, &zero_used);

		if (err)
			return err;
	}
	return zero_used && a->value >= 0 ? mark_precise(v, (u32)a->value) : 0;
}

/* ---- loads ---- */

static int reject_uninit(struct verifier *v, s32 off, u32 at, u32 size)
{
	return reject(v, -EACCES, "invalid read from stack off %d+%u size %u", off, at, size);
}

static bool readable(const struct verifier *v, u8 type)
{
	return type == STACK_MISC || type == STACK_ZERO || (type == STACK_INVALID && v->ptr_leaks);
}

/* Zero when all bytes are, else unknown. */
static void load_bytes(struct verifier *v, struct frame *frame, s32 low, s32 high, u32 into)
{
	bool zero = true;

	for (s32 i = low; i < high; i++) {
		scratch_slot(v, slot_of(i));
		if (*byte_at(frame, i) != STACK_ZERO)
			zero = false;
	}
	if (zero)
		reg_set_const(cur_reg(v, into), 0);
	else
		set_reg_unknown(v, into);
}

static u32 spill_size(const struct stack_slot *slot)
{
	u32 n = 0;

	while (n < SLOT_SIZE && slot->type[SLOT_SIZE - 1 - n] == STACK_SPILL)
		n++;
	return n;
}

/* Whether the load covers the low bytes of the number that was spilled. */
static bool low_bytes(s32 off, u32 size, u32 spilled)
{
	u32 in_slot = (u32)((off % SLOT_SIZE + SLOT_SIZE) % SLOT_SIZE);

	return HOST_BIG_ENDIAN ? in_slot == spilled - size : in_slot == 0;
}

/* Part of a spilled number, or some of its bytes together with others. */
static int load_mixed(struct verifier *v, const struct mem_access *a, struct frame *frame, s32 off)
{
	const struct reg *spilled = frame->slots[slot_of(off)].spill;
	u32 spills = 0, zeros = 0;
	struct reg *dst = cur_reg(v, (u32)a->value);

	for (u32 b = 0; b < a->size; b++) {
		u8 type = *byte_at(frame, off + (s32)b);

		spills += type == STACK_SPILL;
		zeros += type == STACK_ZERO;
		if (type != STACK_SPILL && !readable(v, type))
			return reject_uninit(v, off, b, a->size);
	}
	if (spills == a->size && reg_is_null(spilled)) {
		reg_set_const(dst, 0);
		trace_access(v, access_mark(frame, slot_of(off)));
	} else if (zeros == a->size) {
		reg_set_const(dst, 0);
	} else {
		reg_set_unknown(dst);
	}
	return 0;
}

/* Whether the load gives the number itself: then the two are equal from here on. */
static bool fits_load(const struct reg *reg, const struct mem_access *a)
{
	return reg_width(reg) <= 8 * a->size - (a->sign_extend ? 1 : 0);
}

static int fill(struct verifier *v, const struct mem_access *a, struct frame *frame, s32 off)
{
	u32 i = slot_of(off);
	const struct stack_slot *slot = &frame->slots[i];
	u32 spilled = spill_size(slot);
	struct reg *dst = a->value >= 0 ? cur_reg(v, (u32)a->value) : NULL;
	bool whole = a->size == SLOT_SIZE && spilled == SLOT_SIZE;

	if (!whole && slot->spill->type != SCALAR_VALUE) {
		log_source_line(v, a->insn, "; ");
		return reject(v, -EACCES, "invalid size of register fill");
	}
	mark_slot_read(v, frame->frameno, i);
	if (!dst) {
		if (whole && leaks_pointer(v, slot->spill))
			return reject(v, -EACCES, "leaking pointer from stack off %d", off);
		if (whole)
			trace_access(v, access_mark(frame, i));
		return 0;
	}
	if (!whole && (a->size > spilled || !low_bytes(off, a->size, spilled)))
		return load_mixed(v, a, frame, off);
	*dst = *slot->spill;
	if (!whole && !fits_load(dst, a))
		scalar_unlink(dst);
	trace_access(v, access_mark(frame, i));
	return 0;
}

static int load_fixed(struct verifier *v, const struct mem_access *a, struct frame *frame, s32 off)
{
	const struct stack_slot *slot = &frame->slots[slot_of(off)];

	scratch_slot(v, slot_of(off));
	note_stack_use(v, frame, off);
	if (slot_is_spill(slot) && slot->spill)
		return fill(v, a, frame, off);
	for (u32 b = 0; b < a->size; b++)
		if (!readable(v, *byte_at(frame, off + (s32)b)))
			return reject_uninit(v, off, b, a->size);
	mark_slot_read(v, frame->frameno, slot_of(off));
	if (a->value >= 0)
		load_bytes(v, frame, off, off + (s32)a->size, (u32)a->value);
	return 0;
}

static int load_variable(struct verifier *v, const struct mem_access *a, struct frame *frame,
			 s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	s32 low = (s32)reg->s.smin + off, high = (s32)reg->s.smax + off + (s32)a->size;
	int err;

	if (a->value < 0)
		return reject(v, -EACCES,
			      "variable offset stack pointer cannot be passed into helper "
			      "function; var_off=%s off=%d size=%u",
			      TNUM_STR(reg->s.var_off), off, a->size);
	err = check_stack_range(v, a->regno, off, a->size, false, false, NULL);
	if (err)
		return err;
	load_bytes(v, frame, low, high, (u32)a->value);
	note_stack_use(v, frame, low);
	return 0;
}

int check_stack_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	struct frame *frame = reg_frame(v, reg);
	bool fixed = tnum_is_const(reg->s.var_off);
	int err = check_bounds(v, a->regno, off, a->size, false, a->kind);

	if (err)
		return err;
	if (fixed)
		off += (s32)reg->s.var_off.value;
	if (a->kind == ACCESS_READ)
		return fixed ? load_fixed(v, a, frame, off) : load_variable(v, a, frame, off);
	return fixed ? store_fixed(v, a, frame, off) : store_variable(v, a, frame, off);
}

/* ---- ranges that helpers use ---- */

/* Whether a byte may be read; a helper may also write it. */
static bool use_byte(struct verifier *v, struct frame *frame, s32 off, bool clobber)
{
	struct stack_slot *slot = &frame->slots[slot_of(off)];
	u8 *type = byte_at(frame, off);

	if (readable(v, *type)) {
		if (clobber)
			*type = STACK_MISC;
		return true;
	}
	if (!slot_is_spill(slot) || !slot->spill ||
	    (slot->spill->type != SCALAR_VALUE && !v->ptr_leaks))
		return false;
	if (clobber)
		scrub_spill(slot);
	return true;
}

static int reject_bytes(struct verifier *v, u32 regno, s32 low, s32 at, s64 size, bool by_helper)
{
	const struct reg *reg = cur_reg(v, regno);
	const char *what = by_helper ? " indirect" : "";

	if (tnum_is_const(reg->s.var_off))
		return reject(v, -EACCES, "invalid%s read from stack R%u off %d+%d size %d", what,
			      regno, low, at - low, (s32)size);
	return reject(v, -EACCES, "invalid%s read from stack R%u var_off %s+%d size %d", what,
		      regno, TNUM_STR(reg->s.var_off), at - low, (s32)size);
}

int check_stack_range(struct verifier *v, u32 regno, s32 off, s64 size, bool zero_ok,
		      bool by_helper, struct call_args *args)
{
	const struct reg *reg = cur_reg(v, regno);
	struct frame *frame = reg_frame(v, reg);
	bool fixed = tnum_is_const(reg->s.var_off);
	s32 low, high;
	int err;

	if (!size && !zero_ok)
		return reject(v, -EACCES, "invalid zero-sized read");
	err = check_bounds(v, regno, off, size, by_helper, by_helper ? ACCESS_WRITE : ACCESS_READ);
	if (err)
		return err;
	if (!fixed && !v->ptr_leaks)
		return reject(v, -EACCES,
			      "R%u%s variable offset stack access prohibited for !root, var_off=%s",
			      regno, by_helper ? " indirect" : "", TNUM_STR(reg->s.var_off));
	low = (s32)(fixed ? (s64)reg->s.var_off.value : reg->s.smin) + off;
	high = (s32)((fixed ? (s64)reg->s.var_off.value : reg->s.smax) + off + size);
	if (fixed && args && args->raw) {
		for (s32 i = low; i < high; i++)
			if (*byte_at(frame, i) == STACK_DYNPTR)
				return reject(v, -EACCES,
					      "potential write to dynptr at off=%d disallowed", i);
		args->raw_reg = regno;
		args->raw_size = (u32)size;
		return 0;
	}
	for (s32 i = low; i < high; i++) {
		if (!use_byte(v, frame, i, by_helper))
			return reject_bytes(v, regno, low, i, size, by_helper);
		mark_slot_read(v, frame->frameno, slot_of(i));
	}
	return 0;
}

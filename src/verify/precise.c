/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Precision. Most numbers do not matter to whether a program is safe, and two
 * states that differ only in those are equal. So scalars count as imprecise
 * until one decides something: a branch, a pointer's offset, a size. Then the
 * trace is walked back from there and everything that made the number is
 * marked in the checkpoints on the way.
 *
 * The trace is the list of the instructions executed on the path. Whatever the walk does not
 * understand ends in marking all scalars of all checkpoints of the path, which is always right.
 */
#include "verify/verifier.h"

#define ARG_REGS 0x3eu /* r1 to r5 */

#define BACK_ALWAYS BIT(15)

/* Registers that an instruction must be looked at for, walking back, or BACK_ALWAYS. */
static u16 back_regs(const struct bpf_insn *insn)
{
	u16 dst = (u16)BIT(insn->dst_reg), src = (u16)BIT(insn->src_reg);

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
	case BPF_LDX:
	case BPF_ST:
		return dst;
	case BPF_STX:
		return BPF_MODE(insn->code) == BPF_ATOMIC ? BACK_ALWAYS : dst;
	case BPF_LD:
		return isa_is_wide(insn) ? dst : BACK_ALWAYS;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_CALL:
	case BPF_EXIT:
		return BACK_ALWAYS;
	case BPF_JA:
	case BPF_JCOND:
		return 0;
	}
	return BPF_SRC(insn->code) == BPF_X ? dst | src : 0;
}

/* So that most instructions are passed over at a glance. */
int trace_prepare(struct verifier *v)
{
	v->back_regs = arena_alloc(&v->arena, v->insn_cnt * sizeof(*v->back_regs));
	if (!v->back_regs)
		return -ENOMEM;
	for (u32 i = 0; i < v->insn_cnt; i++)
		v->back_regs[i] = back_regs(&v->insns[i]);
	return 0;
}

int trace_step(struct verifier *v)
{
	if (!vec_push(&v->trace, v->mem, (struct step){.insn = v->insn & 0xfffff}))
		return -ENOMEM;
	v->cur->step = (u32)v->trace.len;
	v->in_insn = true;
	if (v->aux[v->insn].flags & AUX_JUMP_POINT)
		v->cur->hist_cnt++;
	return 0;
}

static struct step *last_step(struct verifier *v)
{
	return &v->trace.at[v->trace.len - 1];
}

void trace_return(struct verifier *v, const struct pending *p)
{
	u32 len = p->state.step, linked = p->linked;

	/* The instruction that both paths start from may have got its record after they parted. */
	if (len && v->trace.at[len - 1].linked > linked)
		linked = v->trace.at[len - 1].linked;
	v->trace.len = len;
	v->linked.len = linked;
}

static void count_history(struct verifier *v, const struct step *step)
{
	if (!(v->aux[v->insn].flags & AUX_JUMP_POINT) && !step->access && !step->linked)
		v->cur->hist_cnt++;
}

void trace_access(struct verifier *v, u16 access)
{
	struct step *step = last_step(v);

	count_history(v, step);
	step->access = (step->access | access) & 0xffff;
}

int trace_linked(struct verifier *v, const struct linked_regs *linked)
{
	struct step *step = last_step(v);

	count_history(v, step);
	if (!vec_push(&v->linked, v->mem, *linked))
		return -ENOMEM;
	step->linked = v->linked.len & 0xfffffff;
	return 0;
}

/* ---- the set of what must be precise ---- */

static bool bt_has_reg(const struct backtrack *bt, u32 reg)
{
	return bt->regs[bt->frame] & BIT(reg);
}

static void bt_set_reg(struct backtrack *bt, u32 reg)
{
	if (reg != BPF_REG_FP)
		bt->regs[bt->frame] |= (u16)BIT(reg);
}

static void bt_clear_reg(struct backtrack *bt, u32 reg)
{
	bt->regs[bt->frame] &= (u16)~BIT(reg);
}

static bool bt_empty(const struct backtrack *bt)
{
	for (u32 i = 0; i <= bt->frame; i++)
		if (bt->regs[i] || bt->slots[i])
			return false;
	return true;
}

static bool bt_has_linked(const struct backtrack *bt, const struct linked_reg *reg)
{
	if (reg->is_reg)
		return bt->regs[reg->frame] & BIT(reg->index);
	return bt->slots[reg->frame] & BIT_ULL(reg->index);
}

/* Registers that a comparison narrowed together are precise together. */
static void bt_sync_linked(struct verifier *v, const struct step *step)
{
	struct backtrack *bt = &v->bt;
	const struct linked_regs *linked;
	bool any = false;

	if (!step->linked)
		return;
	linked = &v->linked.at[step->linked - 1];
	for (u32 i = 0; i < linked->cnt; i++)
		any |= bt_has_linked(bt, &linked->at[i]);
	for (u32 i = 0; any && i < linked->cnt; i++) {
		const struct linked_reg *reg = &linked->at[i];

		if (reg->is_reg)
			bt->regs[reg->frame] |= (u16)BIT(reg->index);
		else
			bt->slots[reg->frame] |= BIT_ULL(reg->index);
	}
}

/* ---- one instruction back; non-zero when the walk cannot go on ---- */

static int back_alu(struct backtrack *bt, const struct bpf_insn *insn)
{
	u8 op = BPF_OP(insn->code);

	if (!bt_has_reg(bt, insn->dst_reg) || op == BPF_END || op == BPF_NEG)
		return 0;
	if (op == BPF_MOV)
		bt_clear_reg(bt, insn->dst_reg);
	if (BPF_SRC(insn->code) == BPF_X)
		bt_set_reg(bt, insn->src_reg);
	return 0;
}

static u64 *bt_slots_of(struct backtrack *bt, const struct step *step)
{
	return &bt->slots[(step->access & STEP_ACCESS_MASK) >> 6];
}

static int back_load(struct backtrack *bt, const struct step *step, u32 into)
{
	if (!bt_has_reg(bt, into))
		return 0;
	bt_clear_reg(bt, into);
	if (step->access & STEP_STACK)
		*bt_slots_of(bt, step) |= BIT_ULL(step->access & 63);
	return 0;
}

static int back_store(struct backtrack *bt, const struct step *step, const struct bpf_insn *insn)
{
	u64 bit = BIT_ULL(step->access & 63);

	/* An address that is tracked as a number: a difference of pointers. */
	if (bt_has_reg(bt, insn->dst_reg))
		return -ENOTSUP;
	if (!(step->access & STEP_STACK) || !(*bt_slots_of(bt, step) & bit))
		return 0;
	*bt_slots_of(bt, step) &= ~bit;
	if (BPF_CLASS(insn->code) == BPF_STX)
		bt_set_reg(bt, insn->src_reg);
	return 0;
}

/* From a subprogram's first instruction back to its call. */
static int back_to_caller(struct backtrack *bt, bool pass_args)
{
	u16 regs = bt->regs[bt->frame];

	if (!bt->frame || regs & ~ARG_REGS || bt->slots[bt->frame])
		return -ENOTSUP;
	bt->regs[bt->frame] = 0;
	bt->frame--;
	if (pass_args)
		bt->regs[bt->frame] |= regs;
	return 0;
}

static int back_exit(struct backtrack *bt, const struct step *step)
{
	bool r0 = bt_has_reg(bt, BPF_REG_0) && !(step->access & STEP_CALLBACK);

	if (bt->frame + 1 >= MAX_CALL_FRAMES)
		return -ENOTSUP;
	if (!(step->access & STEP_CALLBACK) && bt->regs[bt->frame] & ARG_REGS)
		return -ENOTSUP;
	bt_clear_reg(bt, BPF_REG_0);
	bt->frame++;
	bt->regs[bt->frame] = 0;
	bt->slots[bt->frame] = 0;
	if (r0)
		bt_set_reg(bt, BPF_REG_0);
	return 0;
}

static int back_call(struct verifier *v, const struct step *step, u32 next)
{
	const struct bpf_insn *insn = &v->insns[step->insn];
	struct backtrack *bt = &v->bt;

	if (next != (u32)step->insn + 1)
		return back_to_caller(bt, isa_is_local_call(insn));
	bt_clear_reg(bt, BPF_REG_0);
	return bt->regs[bt->frame] & ARG_REGS ? -ENOTSUP : 0;
}

static int back_jump(struct verifier *v, const struct step *step, u32 next)
{
	const struct bpf_insn *insn = &v->insns[step->insn];
	struct backtrack *bt = &v->bt;

	switch (BPF_OP(insn->code)) {
	case BPF_CALL:
		return back_call(v, step, next);
	case BPF_EXIT:
		return back_exit(bt, step);
	case BPF_JA:
	case BPF_JCOND:
		return 0;
	}
	if (BPF_SRC(insn->code) != BPF_X)
		return 0;
	if (!bt_has_reg(bt, insn->dst_reg) && !bt_has_reg(bt, insn->src_reg))
		return 0;
	if (!(step->access & STEP_SRC_PTR))
		bt_set_reg(bt, insn->src_reg);
	if (!(step->access & STEP_DST_PTR))
		bt_set_reg(bt, insn->dst_reg);
	return 0;
}

static int back_legacy_load(struct backtrack *bt, const struct step *step, u32 next)
{
	if (bt_has_reg(bt, BPF_REG_0))
		return -ENOTSUP;
	/* The way out of the program that such a load has when it fails. */
	if (next != (u32)step->insn + 1)
		return back_exit(bt, step);
	return 0;
}

static int back_insn(struct verifier *v, const struct step *step, u32 next)
{
	const struct bpf_insn *insn = &v->insns[step->insn];
	struct backtrack *bt = &v->bt;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return back_alu(bt, insn);
	case BPF_LDX:
		return back_load(bt, step, insn->dst_reg);
	case BPF_STX:
		if (BPF_MODE(insn->code) == BPF_ATOMIC && insn->imm & BPF_FETCH)
			return back_load(bt, step,
					 insn->imm == BPF_CMPXCHG ? BPF_REG_0 : insn->src_reg);
		return back_store(bt, step, insn);
	case BPF_ST:
		return back_store(bt, step, insn);
	case BPF_LD:
		if (!isa_is_wide(insn))
			return back_legacy_load(bt, step, next);
		bt_clear_reg(bt, insn->dst_reg);
		return 0;
	default:
		return back_jump(v, step, next);
	}
}

/* ---- marking checkpoints ---- */

static u16 scalar_regs(const struct frame *frame)
{
	u16 mask = 0;

	for (u32 i = 0; i < BPF_REG_FP; i++)
		if (frame->regs[i].type == SCALAR_VALUE)
			mask |= (u16)BIT(i);
	return mask;
}

static u64 scalar_slots(const struct frame *frame)
{
	u64 mask = 0;

	for (u32 i = 0; i < frame->slot_cnt; i++)
		if (slot_is_scalar_spill(&frame->slots[i]))
			mask |= BIT_ULL(i);
	return mask;
}

static bool mark_frame_precise(struct frame *frame)
{
	u16 regs = scalar_regs(frame);
	u64 slots = scalar_slots(frame);
	bool more = frame->reg_precise != regs || frame->slot_precise != slots;

	frame->reg_precise = regs;
	frame->slot_precise = slots;
	return more;
}

static void mark_all_precise(struct verifier *v)
{
	for (struct vstate *st = v->cur->parent; st; st = st->parent)
		for (u32 i = 0; i <= st->curframe; i++)
			if (mark_frame_precise(st->frame[i]))
				note_loop_mark(v, st, true);
	if (v->log_level & LOG_LEVEL2)
		note(v, "mark_precise: frame%u: falling back to forcing all scalars precise\n",
		     v->cur->curframe);
}

static void log_masks(struct verifier *v, u16 regs, u64 slots)
{
	const char *sep = "";

	note(v, "regs=");
	for (u32 i = 0; i < 16; i++) {
		if (!(regs & BIT(i)))
			continue;
		note(v, "%sr%u", sep, i);
		sep = ",";
	}
	note(v, " stack=");
	sep = "";
	for (s32 i = 0; i < MAX_SLOTS; i++) {
		if (!(slots & BIT_ULL(i)))
			continue;
		note(v, "%s%d", sep, -(i + 1) * 8);
		sep = ",";
	}
}

/* What still has to be made precise before the checkpoint remains in the set. */
static void mark_checkpoint(struct verifier *v, struct vstate *st)
{
	struct backtrack *bt = &v->bt;

	for (u32 i = bt->frame + 1; i-- > 0;) {
		struct frame *frame = st->frame[i];

		bt->regs[i] &= scalar_regs(frame) & (u16)~frame->reg_precise;
		frame->reg_precise |= bt->regs[i];
		bt->slots[i] &= scalar_slots(frame) & ~frame->slot_precise;
		frame->slot_precise |= bt->slots[i];
		if (bt->regs[i] || bt->slots[i])
			note_loop_mark(v, st, true);
		if (v->log_level & LOG_LEVEL2) {
			note(v, "mark_precise: frame%u: parent state ", i);
			log_masks(v, bt->regs[i], bt->slots[i]);
			note(v, ": ");
			log_state(v, st, i, true);
		}
	}
}

static void log_segment(struct verifier *v, u32 last, u32 first, s64 next)
{
	if (v->log_level & LOG_LEVEL2)
		note(v, "mark_precise: frame%u: last_idx %d first_idx %d subseq_idx %d \n",
		     v->bt.frame, (s32)last, (s32)first, (s32)next);
}

static void log_back(struct verifier *v, u32 insn)
{
	if (!(v->log_level & LOG_LEVEL2))
		return;
	note(v, "mark_precise: frame%u: ", v->bt.frame);
	log_masks(v, v->bt.regs[v->bt.frame], v->bt.slots[v->bt.frame]);
	note(v, " before ");
	log_insn_text(v, insn);
}

/* Makes v->bt precise; it names registers and slots as they are before the current instruction. */
static int walk_back(struct verifier *v)
{
	struct backtrack *bt = &v->bt;
	struct vstate *st = v->cur->parent;
	u32 at = v->cur->step, next = v->insn, first = v->cur->first_insn;

	bt->frame = v->cur->curframe;
	if (bt_empty(bt))
		return 0;
	if (v->in_insn)
		at--;
	log_segment(v, v->insn, first, -1);
	for (;;) {
		const struct step *step;

		while (st && st->step == at) {
			if (bt->frame > st->curframe)
				goto all;
			mark_checkpoint(v, st);
			if (bt_empty(bt))
				return 0;
			log_segment(v, st->last_insn, st->first_insn, first);
			first = st->first_insn;
			st = st->parent;
		}
		if (at == v->cur->root_step)
			break;
		step = &v->trace.at[--at];
		if (!step->access && !step->linked && !(v->log_level & LOG_LEVEL2) &&
		    !(v->back_regs[step->insn] & (bt->regs[bt->frame] | BACK_ALWAYS))) {
			next = step->insn;
			continue;
		}
		log_back(v, step->insn);
		bt_sync_linked(v, step);
		if (back_insn(v, step, next))
			goto all;
		bt_sync_linked(v, step);
		if (bt_empty(bt))
			return 0;
		next = step->insn;
	}
	/* The arguments of a function that is verified on its own are its callers' business. */
	if (!bt->frame && !bt->slots[0] && !(bt->regs[0] & ~ARG_REGS))
		return 0;
all:
	mark_all_precise(v);
	return 0;
}

int mark_precise(struct verifier *v, u32 regno)
{
	struct backtrack *bt = &v->bt;

	/* Without the privilege all scalars are precise anyway. */
	if (!v->bpf_capable || cur_reg(v, regno)->type != SCALAR_VALUE)
		return 0;
	memset(bt, 0, sizeof(*bt));
	bt->frame = v->cur->curframe;
	bt_set_reg(bt, regno);
	return walk_back(v);
}

static void log_propagated(struct verifier *v, u32 curframe)
{
	const struct backtrack *bt = &v->bt;

	for (u32 f = curframe + 1; f-- > 0;) {
		const char *sep = "frame %d: propagating ";
		bool level2 = v->log_level & LOG_LEVEL2;

		if (!bt->regs[f] && !bt->slots[f])
			continue;
		for (u32 i = 0; level2 && i < BPF_REG_FP; i++) {
			if (!(bt->regs[f] & BIT(i)))
				continue;
			note(v, sep, f);
			note(v, "r%u", i);
			sep = ",";
		}
		for (s32 i = 0; level2 && i < MAX_SLOTS; i++) {
			if (!(bt->slots[f] & BIT_ULL(i)))
				continue;
			note(v, sep, f);
			note(v, "fp%d", -(i + 1) * SLOT_SIZE);
			sep = ",";
		}
		note(v, "\n");
	}
}

/* What was precise in an equal state that was explored is so on this path, too. */
int propagate_precision(struct verifier *v, const struct vstate *old)
{
	struct backtrack *bt = &v->bt;

	if (!v->bpf_capable)
		return 0;
	memset(bt, 0, sizeof(*bt));
	for (u32 i = 0; i <= old->curframe; i++) {
		const struct frame *frame = old->frame[i];

		bt->regs[i] = frame->reg_precise & frame->reg_read;
		bt->slots[i] = frame->slot_precise & frame->slot_read;
	}
	log_propagated(v, old->curframe);
	return walk_back(v);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts that pruning makes unsure. A path ends where an equal state has been
 * explored, and equal is said of numbers that decide nothing whatever they
 * are: what follows was then worked out for other numbers. At such a place
 * the registers and slots whose numbers are not covered are noted; when all
 * paths are done, this is carried forward over the instructions, and only what
 * is computed from such a number loses its range.
 *
 * The walk knows the slots of the frame at work by their address when that is
 * r10 and a constant, else takes any for all. Registers that a comparison
 * narrows together are lost together, from where they are noted; where a lost
 * number narrows another one, all are lost.
 */
#include "verify/verifier.h"

#define LOST_OUTER   BIT(0) /* a slot of a calling function */
#define LOST_ESCAPED BIT(1) /* all that the calling functions hold */
#define CALLEE_SAVED 0x3c0u /* r6 to r9 */
#define ARGS	     0x3eu  /* r1 to r5 */
#define ANY_REG	     0x3ffu

struct lost {
	u64 slots;
	u16 regs;
	u8 flags;
	bool queued;
};

/* ---- where a path was cut ---- */

struct frame_loss {
	u64 slots;
	u16 regs;
};

struct loss {
	struct frame_loss at[MAX_CALL_FRAMES];
	u32 ids[ID_MAP_SIZE]; /* of numbers that are lost: all that share one are */
	u32 id_cnt;
	bool any;
};

/* Whether every number that @cur allows is allowed by @old. */
static bool number_covered(struct verifier *v, const struct reg *old, const struct reg *cur)
{
	if (old->type != SCALAR_VALUE || (cur && cur->type != SCALAR_VALUE))
		return true;
	return scalar_safe(old, cur ? cur : &reg_unknown, &v->ids);
}

static void note_lost(struct loss *loss, const struct reg *old)
{
	loss->any = true;
	if (old->id && loss->id_cnt < ID_MAP_SIZE)
		loss->ids[loss->id_cnt++] = old->id & ~ID_ADD_CONST;
}

static bool shares_lost_id(const struct loss *loss, const struct reg *old)
{
	for (u32 i = 0; old->id && i < loss->id_cnt; i++)
		if (loss->ids[i] == (old->id & ~ID_ADD_CONST))
			return old->type == SCALAR_VALUE;
	return false;
}

static void compare_frame(struct verifier *v, struct loss *loss, u32 f, const struct frame *old,
			  const struct frame *cur)
{
	for (u32 i = 0; i < BPF_REG_FP; i++) {
		if (!(old->reg_read & BIT(i)) || number_covered(v, &old->regs[i], &cur->regs[i]))
			continue;
		loss->at[f].regs |= (u16)BIT(i);
		note_lost(loss, &old->regs[i]);
	}
	for (u32 i = 0; i < old->slot_cnt; i++) {
		const struct stack_slot *slot = &old->slots[i];
		bool spilled = i < cur->slot_cnt && slot_is_scalar_spill(&cur->slots[i]);

		if (!(old->slot_read & BIT_ULL(i)) || !slot_is_scalar_spill(slot) ||
		    number_covered(v, slot->spill, spilled ? cur->slots[i].spill : NULL))
			continue;
		loss->at[f].slots |= BIT_ULL(i);
		note_lost(loss, slot->spill);
	}
}

static void add_linked(struct loss *loss, u32 f, const struct frame *old)
{
	for (u32 i = 0; i < BPF_REG_FP; i++)
		if (shares_lost_id(loss, &old->regs[i]))
			loss->at[f].regs |= (u16)BIT(i);
	for (u32 i = 0; i < old->slot_cnt; i++)
		if (slot_is_scalar_spill(&old->slots[i]) &&
		    shares_lost_id(loss, old->slots[i].spill))
			loss->at[f].slots |= BIT_ULL(i);
}

/*
 * The numbers of each frame are lost from where it goes on; from a call they
 * reach the functions that are called, too.
 */
static void note_loss(struct verifier *v, const struct loss *loss, const struct vstate *cur)
{
	for (u32 f = 0; f <= cur->curframe; f++) {
		struct lost *lost =
			&v->lost[f == cur->curframe ? v->insn : cur->frame[f + 1]->callsite];

		lost->regs |= loss->at[f].regs;
		lost->slots |= loss->at[f].slots;
	}
}

int facts_pruned(struct verifier *v, const struct vstate *old, const struct vstate *cur)
{
	struct loss loss;

	memset(loss.at, 0, sizeof(loss.at));
	loss.id_cnt = 0;
	loss.any = false;
	for (u32 f = 0; f <= old->curframe; f++)
		compare_frame(v, &loss, f, old->frame[f], cur->frame[f]);
	if (!loss.any)
		return 0;
	if (!v->lost)
		v->lost = arena_zalloc_array(&v->arena, v->insn_cnt, sizeof(*v->lost));
	if (!v->lost)
		return -ENOMEM;
	for (u32 f = 0; f <= old->curframe; f++)
		add_linked(&loss, f, old->frame[f]);
	note_loss(v, &loss, cur);
	return 0;
}

/* ---- what it reaches ---- */

struct walk {
	struct verifier *v;
	u32 *queue;
	u32 cnt;
	u8 returned; /* LOST_ESCAPED, of any function that has returned */
	bool returned_r0;
};

static bool is_stack(const struct verifier *v, u32 insn)
{
	u8 kind = v->result->facts[insn].mem;

	return kind == MEM_STACK || kind == MEM_MIXED;
}

/* The slots of the frame at work that an access by @reg touches. */
static u64 touched(u32 reg, const struct bpf_insn *insn)
{
	s32 first = insn->off, last = first + (s32)isa_access_size(insn) - 1;

	if (reg != BPF_REG_FP || first < -MAX_BPF_STACK || last >= 0)
		return UINT64_MAX;
	return BIT_ULL((u32)(-first - 1) / SLOT_SIZE) | BIT_ULL((u32)(-last - 1) / SLOT_SIZE);
}

static void set_reg(struct lost *lost, u32 reg, bool is_lost)
{
	lost->regs &= (u16)~BIT(reg);
	if (is_lost)
		lost->regs |= (u16)BIT(reg);
}

static bool has_reg(const struct lost *lost, u32 reg)
{
	return lost->regs & BIT(reg);
}

static void lose_all(struct lost *lost)
{
	*lost = (struct lost){
		.slots = UINT64_MAX, .regs = ANY_REG, .flags = LOST_OUTER | LOST_ESCAPED};
}

static void step_alu(struct lost *lost, const struct bpf_insn *insn)
{
	bool from_src = BPF_OP(insn->code) != BPF_END && BPF_OP(insn->code) != BPF_NEG &&
			BPF_SRC(insn->code) == BPF_X;
	bool is_lost = from_src && has_reg(lost, insn->src_reg);

	if (BPF_OP(insn->code) != BPF_MOV)
		is_lost |= has_reg(lost, insn->dst_reg);
	set_reg(lost, insn->dst_reg, is_lost);
}

static bool loads_lost(const struct walk *w, const struct lost *lost, u32 at, u32 base)
{
	const struct bpf_insn *insn = &w->v->insns[at];

	if (!is_stack(w->v, at))
		return false;
	return lost->slots & touched(base, insn) ||
	       (base != BPF_REG_FP && lost->flags & LOST_OUTER);
}

static void step_store(const struct walk *w, struct lost *lost, u32 at)
{
	const struct bpf_insn *insn = &w->v->insns[at];
	bool is_lost = BPF_CLASS(insn->code) == BPF_STX && has_reg(lost, insn->src_reg);

	if (!is_stack(w->v, at))
		return;
	if (!is_lost) {
		if (insn->dst_reg == BPF_REG_FP && isa_access_size(insn) == SLOT_SIZE &&
		    !(insn->off % SLOT_SIZE))
			lost->slots &= ~touched(BPF_REG_FP, insn);
		return;
	}
	lost->slots |= touched(insn->dst_reg, insn);
	if (insn->dst_reg != BPF_REG_FP)
		lost->flags |= LOST_OUTER | LOST_ESCAPED;
}

/* What is stored is some number, which nothing is known of. */
static void step_atomic(const struct walk *w, struct lost *lost, u32 at)
{
	const struct bpf_insn *insn = &w->v->insns[at];

	if (insn->imm & BPF_FETCH)
		set_reg(lost, insn->imm == BPF_CMPXCHG ? BPF_REG_0 : insn->src_reg,
			loads_lost(w, lost, at, insn->dst_reg));
}

/* A comparison of two numbers narrows each by the other, and what is linked with it. */
static void step_jump(struct lost *lost, const struct bpf_insn *insn)
{
	if (BPF_SRC(insn->code) == BPF_X && BPF_OP(insn->code) != BPF_JA &&
	    BPF_OP(insn->code) != BPF_JCOND &&
	    has_reg(lost, insn->dst_reg) != has_reg(lost, insn->src_reg))
		lose_all(lost);
}

/* After a call, in the function that called. */
static void step_call(const struct walk *w, struct lost *lost, bool followed)
{
	lost->regs &= CALLEE_SAVED;
	if (followed && w->returned_r0)
		lost->regs |= (u16)BIT(BPF_REG_0);
	if (w->returned & LOST_ESCAPED)
		lose_all(lost);
}

/* What is lost behind the instruction, in its function. */
static void step_insn(const struct walk *w, struct lost *lost, u32 at)
{
	const struct bpf_insn *insn = &w->v->insns[at];

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		step_alu(lost, insn);
		return;
	case BPF_LDX:
		set_reg(lost, insn->dst_reg, loads_lost(w, lost, at, insn->src_reg));
		return;
	case BPF_LD:
		if (isa_is_wide(insn))
			set_reg(lost, insn->dst_reg, false);
		else
			lost->regs &= CALLEE_SAVED;
		return;
	case BPF_STX:
		if (BPF_MODE(insn->code) == BPF_ATOMIC)
			step_atomic(w, lost, at);
		else
			step_store(w, lost, at);
		return;
	case BPF_ST:
		step_store(w, lost, at);
		return;
	}
	if (BPF_OP(insn->code) == BPF_CALL)
		step_call(w, lost, isa_is_local_call(insn));
	else
		step_jump(lost, insn);
}

static void reach(struct walk *w, u32 to, const struct lost *from)
{
	struct lost *lost;

	if (to >= w->v->insn_cnt || !(w->v->result->facts[to].flags & FACT_SEEN))
		return;
	lost = &w->v->lost[to];
	if (!(from->slots & ~lost->slots) && !(from->regs & ~lost->regs) &&
	    !(from->flags & ~lost->flags))
		return;
	lost->slots |= from->slots;
	lost->regs |= from->regs;
	lost->flags |= from->flags;
	if (!lost->queued)
		w->queue[w->cnt++] = to;
	lost->queued = true;
}

/* Into a function: it sees the arguments and, through pointers, the frames that are there. */
static void enter(struct walk *w, u32 to, const struct lost *from, bool any_arg)
{
	struct lost in = {.regs = from->regs & ARGS};

	if (any_arg && in.regs)
		in.regs = ARGS;
	if (from->slots || from->flags & LOST_OUTER)
		in.flags = LOST_OUTER;
	reach(w, to, &in);
}

/* An asynchronous callback is entered with nothing of the function that asks for it. */
static void enter_callees(struct walk *w, u32 at, const struct lost *lost)
{
	struct verifier *v = w->v;

	if (isa_is_local_call(&v->insns[at])) {
		enter(w, (u32)((s64)at + 1 + v->insns[at].imm), lost, false);
		return;
	}
	if (!(v->aux[at].flags & AUX_CALLS_CALLBACK))
		return;
	for (u32 i = 1; i < v->subprog_cnt; i++)
		if (v->subprogs[i].is_callback)
			enter(w, v->subprogs[i].start, lost, true);
}

/* All calls are where any function returns to. */
static void leave(struct walk *w, const struct lost *lost)
{
	bool r0 = has_reg(lost, BPF_REG_0);
	u8 flags = lost->flags & LOST_ESCAPED;

	if ((!r0 || w->returned_r0) && !(flags & ~w->returned))
		return;
	w->returned_r0 |= r0;
	w->returned |= flags;
	for (u32 i = 0; i < w->v->insn_cnt; i++) {
		struct lost *call = &w->v->lost[i];

		if (isa_is_call(&w->v->insns[i]) && w->v->result->facts[i].flags & FACT_SEEN &&
		    !call->queued) {
			call->queued = true;
			w->queue[w->cnt++] = i;
		}
	}
}

static void visit(struct walk *w, u32 at)
{
	const struct bpf_insn *insn = &w->v->insns[at];
	struct lost out = w->v->lost[at];

	if (isa_is_exit(insn)) {
		leave(w, &out);
		return;
	}
	/* A callback is called again with what it has left behind. */
	if (w->v->aux[at].flags & AUX_CALLS_CALLBACK && w->returned)
		lose_all(&out);
	if (isa_is_call(insn))
		enter_callees(w, at, &out);
	step_insn(w, &out, at);
	/* A legacy load that fails leaves its function with zero. */
	if (BPF_CLASS(insn->code) == BPF_LD && !isa_is_wide(insn))
		leave(w, &out);
	if (isa_is_jump(insn))
		reach(w, (u32)isa_target(insn, at), &out);
	if (!isa_is_goto(insn))
		reach(w, at + (isa_is_wide(insn) ? 2 : 1), &out);
}

/* Takes the ranges from the facts that are not sure. */
static void forget(struct walk *w)
{
	for (u32 i = 0; i < w->v->insn_cnt; i++) {
		struct insn_fact *fact = &w->v->result->facts[i];
		struct lost out = w->v->lost[i];

		step_insn(w, &out, i);
		if (out.regs & isa_regs_written(&w->v->insns[i])) {
			fact->umin = 0;
			fact->umax = UINT64_MAX;
		}
	}
}

int facts_carry_lost(struct verifier *v)
{
	struct walk w = {.v = v};

	if (!v->lost)
		return 0;
	w.queue = arena_alloc(&v->arena, v->insn_cnt * sizeof(*w.queue));
	if (!w.queue)
		return -ENOMEM;
	for (u32 i = 0; i < v->insn_cnt; i++) {
		v->lost[i].queued = v->lost[i].regs || v->lost[i].slots || v->lost[i].flags;
		if (v->lost[i].queued)
			w.queue[w.cnt++] = i;
	}
	while (w.cnt) {
		u32 at = w.queue[--w.cnt];

		v->lost[at].queued = false;
		visit(&w, at);
	}
	forget(&w);
	return 0;
}

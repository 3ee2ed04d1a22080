/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditional jumps: whether the outcome is known, and what each outcome says
 * of the registers that were compared and of all that are tied to them.
 */
#include "verify/btf_ptr.h"
#include "verify/kfunc.h"

#define MAX_PACKET_OFF 0xffff

static bool is_jmp32(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP32;
}

/* `b flip(op) a` says what `a op b` says. */
static u8 flip(u8 op)
{
	switch (op) {
	case BPF_JGT:
		return BPF_JLT;
	case BPF_JLT:
		return BPF_JGT;
	case BPF_JGE:
		return BPF_JLE;
	case BPF_JLE:
		return BPF_JGE;
	case BPF_JSGT:
		return BPF_JSLT;
	case BPF_JSLT:
		return BPF_JSGT;
	case BPF_JSGE:
		return BPF_JSLE;
	case BPF_JSLE:
		return BPF_JSGE;
	default:
		return op;
	}
}

static bool is_packet_any(const struct reg *reg)
{
	return reg_is_packet(reg) || reg->type == PTR_TO_PACKET_END;
}

static bool never_null(const struct reg *reg)
{
	/* An offset without bounds could lead around to 0. */
	if (reg_maybe_null(reg) || reg->s.smin <= -MAX_VAR_OFF || reg->s.smax >= MAX_VAR_OFF)
		return false;
	switch (reg_kind(reg)) {
	case PTR_TO_SOCKET:
	case PTR_TO_TCP_SOCK:
	case PTR_TO_XDP_SOCK:
	case PTR_TO_SOCK_COMMON:
	case PTR_TO_BUF:
	case PTR_TO_MAP_VALUE:
	case PTR_TO_MAP_KEY:
	case PTR_TO_MEM:
	case CONST_PTR_TO_MAP:
		return true;
	case PTR_TO_BTF_ID:
		return reg_is_trusted(reg);
	default:
		return false;
	}
}

/* ---- is the outcome known: 1 taken, 0 not, -1 open ---- */

static int packet_outcome(const struct reg *dst, const struct reg *src, u8 op)
{
	const struct reg *packet = dst;

	if (dst->type == PTR_TO_PACKET_END) {
		packet = src;
		op = flip(op);
	} else if (src->type != PTR_TO_PACKET_END) {
		return -1;
	}
	if (packet->range >= 0)
		return -1;
	if (packet->range == BEYOND_PKT_END && (op == BPF_JLE || op == BPF_JGT))
		return op == BPF_JGT;
	if (op == BPF_JLT || op == BPF_JGE)
		return op == BPF_JGE;
	return -1;
}

static int outcome(const struct reg *dst, const struct reg *src, u8 op, bool is64)
{
	const struct reg *ptr = dst, *number = src;

	if (is_packet_any(dst) && is_packet_any(src))
		return is64 ? packet_outcome(dst, src, op) : -1;
	if (dst->type == SCALAR_VALUE && src->type == SCALAR_VALUE)
		return scalar_branch(op, is64, &dst->s, &src->s);
	if (!reg_is_const(number)) {
		ptr = src;
		number = dst;
	}
	/* A valid pointer compared with zero; its low half alone may be zero. */
	if (!is64 || !reg_is_null(number) || !never_null(ptr))
		return -1;
	return op == BPF_JEQ ? 0 : op == BPF_JNE ? 1 : -1;
}

/* ---- packet ranges ---- */

struct good_range {
	const struct reg *packet;
	u32 type;
	s32 range;
};

static int extend_range(struct verifier *v, struct reg *reg, void *arg)
{
	const struct good_range *good = arg;

	(void)v;
	if (reg->type == good->type && reg->id == good->packet->id && reg->range < good->range)
		reg->range = good->range;
	return 0;
}

/* In @state the packet reaches up to @packet, and one byte further when @open. */
static int packet_reaches(struct verifier *v, struct vstate *state, const struct reg *packet,
			  bool open)
{
	struct reg copy = *packet;
	struct good_range good = {.packet = &copy, .type = packet->type};

	if (packet->off < 0 || (!packet->off && open))
		return 0;
	/* A sum that may wrap around would be below the end without being in the packet. */
	if (packet->s.umax > MAX_PACKET_OFF || packet->s.umax + (u64)packet->off > MAX_PACKET_OFF)
		return 0;
	good.range = packet->off + (open ? 1 : 0);
	return each_reg(v, state, extend_range, &good);
}

static void packet_ends(struct vstate *state, u32 regno, bool beyond)
{
	struct reg *reg = &state_frame(state)->regs[regno];

	if (reg->type == PTR_TO_PACKET)
		reg->range = beyond ? BEYOND_PKT_END : AT_PKT_END;
}

/* Start of the packet: the end of its metadata. */
static bool is_packet_start(const struct reg *reg)
{
	return reg->type == PTR_TO_PACKET && !reg->id && !reg->off &&
	       tnum_is_const(reg->s.var_off) && !reg->s.var_off.value;
}

static bool is_bounded_by(const struct reg *packet, const struct reg *end)
{
	return (packet->type == PTR_TO_PACKET && end->type == PTR_TO_PACKET_END) ||
	       (packet->type == PTR_TO_PACKET_META && is_packet_start(end));
}

/* 1 when it was a comparison of a packet pointer with an end, 0, or an error. */
static int learn_packet(struct verifier *v, struct vstate *next, struct vstate *jump)
{
	const struct bpf_insn *insn = cur_insn(v);
	u8 op = BPF_OP(insn->code);
	u32 regno = insn->dst_reg;
	struct reg *packet = cur_reg(v, regno), *end = cur_reg(v, insn->src_reg);
	struct vstate *inside, *outside;
	bool open;
	int err;

	if (BPF_SRC(insn->code) != BPF_X || is_jmp32(insn))
		return 0;
	if (!is_bounded_by(packet, end)) {
		if (!is_bounded_by(end, packet))
			return 0;
		regno = insn->src_reg;
		packet = end;
		op = flip(op);
	}
	if (op != BPF_JGT && op != BPF_JGE && op != BPF_JLT && op != BPF_JLE)
		return 0;
	open = op == BPF_JGE || op == BPF_JLT;
	inside = op == BPF_JGT || op == BPF_JGE ? next : jump;
	outside = inside == next ? jump : next;
	err = packet_reaches(v, inside, packet, open);
	packet_ends(outside, regno, !open);
	return err ? err : 1;
}

/* ---- null ---- */

struct null_check {
	u32 id;
	bool is_null;
};

static bool has_timers(const struct map_desc *map)
{
	return map->fields && map->fields->mask & (BTF_FIELD_TIMER | BTF_FIELD_WORKQUEUE);
}

void reg_set_not_null(struct reg *reg)
{
	const struct map_desc *map = reg->map;

	reg->type &= ~PTR_MAYBE_NULL;
	if (reg_kind(reg) != PTR_TO_MAP_VALUE)
		return;
	if (map->inner) {
		reg->type = CONST_PTR_TO_MAP;
		reg->map = map->inner;
		reg->map_index = FACT_NO_MAP;
		/* Timers must be set up with the very map that they are in. */
		reg->map_uid = has_timers(map->inner) ? reg->id : 0;
	} else if (map->type == BPF_MAP_TYPE_XSKMAP) {
		reg->type = PTR_TO_XDP_SOCK;
	} else if (map->type == BPF_MAP_TYPE_SOCKMAP || map->type == BPF_MAP_TYPE_SOCKHASH) {
		reg->type = PTR_TO_SOCKET;
	}
}

static int apply_null(struct verifier *v, struct reg *reg, void *arg)
{
	const struct null_check *check = arg;

	(void)v;
	if (!reg_maybe_null(reg) || reg->id != check->id)
		return 0;
	if (check->is_null) {
		/* Not an address any more: the number zero. */
		reg_set_const(reg, 0);
		return 0;
	}
	reg_set_not_null(reg);
	/* Which one a lock is in is told by the id of its pointer. */
	if (!reg_has_lock(reg))
		reg->id = 0;
	return 0;
}

static int learn_null(struct verifier *v, struct vstate *state, u32 regno, bool is_null)
{
	const struct reg *reg = &state_frame(state)->regs[regno];
	struct null_check check = {.id = reg->id, .is_null = is_null};

	/* What was not given out need not be given back. */
	if (is_null && reg->ref_id && reg->ref_id == reg->id)
		state_drop_ref(state, reg->id);
	return each_reg(v, state, apply_null, &check);
}

/* Equal to a pointer that is not null. */
static void learn_equal_pointers(struct verifier *v, struct vstate *equal)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = &state_frame(equal)->regs[insn->dst_reg];
	struct reg *src = &state_frame(equal)->regs[insn->src_reg];

	if (dst->type == SCALAR_VALUE || src->type == SCALAR_VALUE)
		return;
	/* A pointer to an object may be null without saying so. */
	if (reg_kind(dst) == PTR_TO_BTF_ID || reg_kind(src) == PTR_TO_BTF_ID)
		return;
	if (!reg_maybe_null(dst) && reg_maybe_null(src))
		reg_set_not_null(src);
	else if (!reg_maybe_null(src) && reg_maybe_null(dst))
		reg_set_not_null(dst);
}

/* ---- numbers ---- */

static void collect_one(struct linked_regs *set, const struct reg *reg, u32 id, u32 frame,
			u32 index, bool is_reg, bool *overflow)
{
	if (reg->type != SCALAR_VALUE || (reg->id & ~ID_ADD_CONST) != id)
		return;
	if (set->cnt == MAX_LINKED) {
		*overflow = true;
		return;
	}
	set->at[set->cnt++] = (struct linked_reg){(u8)frame, (u8)index, is_reg};
}

/* All scalars of an id; those that do not fit lose it. */
static int collect_linked(struct verifier *v, u32 id, struct linked_regs *set)
{
	id &= ~ID_ADD_CONST;
	for (u32 f = v->cur->curframe + 1; f-- > 0;) {
		struct frame *frame = v->cur->frame[f];

		for (u32 i = 0; i < BPF_REG_FP; i++) {
			bool overflow = false;

			collect_one(set, &frame->regs[i], id, f, i, true, &overflow);
			if (overflow)
				scalar_unlink(&frame->regs[i]);
		}
		for (u32 i = 0; i < frame->slot_cnt; i++) {
			struct stack_slot *slot = &frame->slots[i];
			bool overflow = false;

			if (!slot_is_scalar_spill(slot))
				continue;
			collect_one(set, slot->spill, id, f, i, false, &overflow);
			if (overflow) {
				struct reg alone = *slot->spill;
				int err;

				scalar_unlink(&alone);
				err = slot_store(v, slot, &alone);
				if (err)
					return err;
			}
		}
	}
	return 0;
}

/* What is known of one is known of those that equal it, or are at a known distance from it. */
static void follow_known(struct reg *reg, const struct reg *known)
{
	struct reg old = *reg;

	*reg = *known;
	if ((!(old.id & ID_ADD_CONST) && !(known->id & ID_ADD_CONST)) || old.off == known->off)
		return;
	reg->off = old.off;
	reg->id = old.id;
	reg->s = scalar_at_distance(&known->s, old.off - known->off);
}

static int sync_linked(struct verifier *v, struct vstate *state, const struct reg *known_,
		       const struct linked_regs *set)
{
	struct reg known = *known_;

	for (u32 i = 0; i < set->cnt; i++) {
		const struct linked_reg *at = &set->at[i];
		struct frame *frame = state->frame[at->frame];
		struct stack_slot *slot = at->is_reg ? NULL : &frame->slots[at->index];
		struct reg reg = at->is_reg ? frame->regs[at->index] : *slot->spill;

		if (reg.type != SCALAR_VALUE ||
		    (reg.id & ~ID_ADD_CONST) != (known.id & ~ID_ADD_CONST))
			continue;
		if (at->is_reg && &frame->regs[at->index] == known_)
			continue;
		follow_known(&reg, &known);
		if (at->is_reg) {
			frame->regs[at->index] = reg;
		} else {
			int err = slot_store(v, slot, &reg);

			if (err)
				return err;
		}
	}
	return 0;
}

/*
 * Narrows the numbers compared in the state where the comparison has this
 * outcome. What contradicts itself stays for check_narrowed().
 */
static void narrow(struct verifier *v, struct vstate *state, struct reg *imm, bool taken)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = &state_frame(state)->regs[insn->dst_reg];
	struct reg *src = imm ? imm : &state_frame(state)->regs[insn->src_reg];

	if (dst->type != SCALAR_VALUE || src->type != SCALAR_VALUE)
		return;
	(void)scalar_refine(BPF_OP(insn->code), !is_jmp32(insn), taken, &dst->s, &src->s);
}

static int check_narrowed(struct verifier *v, struct vstate *state, struct reg *imm,
			  const char *name1, const char *name2)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = &state_frame(state)->regs[insn->dst_reg];
	struct reg *src = imm ? imm : &state_frame(state)->regs[insn->src_reg];
	int err;

	if (dst->type != SCALAR_VALUE || src->type != SCALAR_VALUE)
		return 0;
	err = check_invariants(v, &dst->s, name1);
	return err ? err : check_invariants(v, &src->s, name2);
}

static int sync_compared(struct verifier *v, struct vstate *state, bool imm,
			 const struct linked_regs *set)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct reg *dst = &state_frame(state)->regs[insn->dst_reg];
	struct reg *src = &state_frame(state)->regs[insn->src_reg];
	int err = 0;

	if (!imm && src->type == SCALAR_VALUE && src->id)
		err = sync_linked(v, state, src, set);
	if (!err && dst->type == SCALAR_VALUE && dst->id)
		err = sync_linked(v, state, dst, set);
	return err;
}

static int learn_numbers(struct verifier *v, struct vstate *jump, const struct reg *imm,
			 const struct linked_regs *set)
{
	struct reg imms[2], *in_cur = NULL, *in_jump = NULL;
	int err;

	if (imm) {
		imms[0] = imms[1] = *imm;
		in_cur = &imms[0];
		in_jump = &imms[1];
	}
	narrow(v, v->cur, in_cur, false);
	narrow(v, jump, in_jump, true);
	err = check_narrowed(v, jump, in_jump, "true_reg1", "true_reg2");
	if (!err)
		err = check_narrowed(v, v->cur, in_cur, "false_reg1", "false_reg2");
	if (!err)
		err = sync_compared(v, v->cur, imm, set);
	return err ? err : sync_compared(v, jump, imm, set);
}

/* ---- the instruction ---- */

static int check_operands(struct verifier *v, struct reg *imm)
{
	const struct bpf_insn *insn = cur_insn(v);
	const struct reg *dst, *src;
	u16 mark = 0;
	int err = use_reg(v, insn->dst_reg);

	if (err)
		return err;
	dst = cur_reg(v, insn->dst_reg);
	if (dst->type != SCALAR_VALUE)
		mark |= STEP_DST_PTR;
	if (BPF_SRC(insn->code) != BPF_X) {
		reg_set_const(imm, (u64)(s64)insn->imm);
		return 0;
	}
	err = use_reg(v, insn->src_reg);
	if (err)
		return err;
	src = cur_reg(v, insn->src_reg);
	if (!(is_packet_any(dst) && is_packet_any(src)) && leaks_pointer(v, src))
		return reject(v, -EACCES, "R%u pointer comparison prohibited", insn->src_reg);
	if (src->type != SCALAR_VALUE)
		mark |= STEP_SRC_PTR;
	if (mark)
		trace_access(v, mark);
	return 0;
}

static int take_known(struct verifier *v, bool taken)
{
	const struct bpf_insn *insn = cur_insn(v);
	u32 target = (u32)isa_target(insn, v->insn);
	int err = mark_precise(v, insn->dst_reg);

	if (!err && BPF_SRC(insn->code) == BPF_X)
		err = mark_precise(v, insn->src_reg);
	if (err)
		return err;
	fact_flags(v, taken ? FACT_TAKEN : FACT_NOT_TAKEN);
	err = spec_check_branch(v, taken ? v->insn + 1 : target);
	if (err)
		return err;
	if (taken)
		v->next = target;
	log_effect(v);
	return 0;
}

static int link_compared(struct verifier *v, const struct reg *imm, struct linked_regs *set)
{
	const struct bpf_insn *insn = cur_insn(v);
	const struct reg *dst = cur_reg(v, insn->dst_reg), *src = cur_reg(v, insn->src_reg);
	int err = 0;

	if (!imm && src->type == SCALAR_VALUE && src->id)
		err = collect_linked(v, src->id, set);
	if (!err && dst->type == SCALAR_VALUE && dst->id)
		err = collect_linked(v, dst->id, set);
	if (!err && set->cnt > 1)
		err = trace_linked(v, set);
	return err;
}

static int learn_pointers(struct verifier *v, struct vstate *jump)
{
	const struct bpf_insn *insn = cur_insn(v);
	u8 op = BPF_OP(insn->code);
	const struct reg *dst = cur_reg(v, insn->dst_reg);
	bool reg = BPF_SRC(insn->code) == BPF_X, equality = op == BPF_JEQ || op == BPF_JNE;
	int ret;

	if (!is_jmp32(insn) && reg && equality)
		learn_equal_pointers(v, op == BPF_JEQ ? jump : v->cur);
	if (!is_jmp32(insn) && !reg && !insn->imm && equality && reg_maybe_null(dst)) {
		ret = learn_null(v, jump, insn->dst_reg, op == BPF_JEQ);
		return ret ? ret : learn_null(v, v->cur, insn->dst_reg, op == BPF_JNE);
	}
	ret = learn_packet(v, v->cur, jump);
	if (ret)
		return ret < 0 ? ret : 0;
	if (leaks_pointer(v, dst))
		return reject(v, -EACCES, "R%u pointer comparison prohibited", insn->dst_reg);
	return 0;
}

static int check_condition(struct verifier *v)
{
	const struct bpf_insn *insn = cur_insn(v);
	struct linked_regs set = {.cnt = 0};
	struct reg imm_reg, *imm = BPF_SRC(insn->code) == BPF_X ? NULL : &imm_reg;
	struct vstate *jump;
	int known, err;

	err = check_operands(v, &imm_reg);
	if (err)
		return err;
	known = outcome(cur_reg(v, insn->dst_reg), imm ? imm : cur_reg(v, insn->src_reg),
			BPF_OP(insn->code), !is_jmp32(insn));
	if (known >= 0)
		return take_known(v, known);
	err = link_compared(v, imm, &set);
	if (err)
		return err;
	jump = push_path(v, (u32)isa_target(insn, v->insn), v->insn, &err);
	if (!jump)
		return err;
	fact_flags(v, FACT_TAKEN | FACT_NOT_TAKEN);
	err = learn_numbers(v, jump, imm, &set);
	if (!err)
		err = learn_pointers(v, jump);
	if (!err)
		log_effect(v);
	return err;
}

/* ---- may_goto: a loop that the machine ends some time ---- */

struct vstate *find_previous_entry(struct verifier *v, u32 insn, u32 below)
{
	for (struct explored *e = *explored_head(v, insn); e; e = e->next)
		if (e->state.insn == insn && e->state.branches &&
		    same_callsites(&e->state, v->cur) && e->state.depth < below)
			return &e->state;
	return NULL;
}

static void widen(struct reg *cur, const struct reg *old, bool precise)
{
	if (old->type != SCALAR_VALUE || cur->type != SCALAR_VALUE || precise ||
	    !memcmp(old, cur, REG_EXACT_PART))
		return;
	reg_set_unknown(cur);
}

/* Numbers that change from round to round and decided nothing so far are forgotten. */
int widen_imprecise(struct verifier *v, const struct vstate *old, struct vstate *cur)
{
	for (u32 f = 0; f <= old->curframe; f++) {
		const struct frame *a = old->frame[f];
		struct frame *b = cur->frame[f];

		for (u32 i = 0; i < BPF_REG_FP; i++)
			widen(&b->regs[i], &a->regs[i], !v->bpf_capable || a->reg_precise & BIT(i));
		for (u32 i = 0; i < a->slot_cnt && i < b->slot_cnt; i++) {
			struct reg reg;
			int err;

			if (!slot_is_spill(&a->slots[i]) || !slot_is_spill(&b->slots[i]))
				continue;
			reg = *b->slots[i].spill;
			widen(&reg, a->slots[i].spill,
			      !v->bpf_capable || a->slot_precise & BIT_ULL(i));
			err = slot_store(v, &b->slots[i], &reg);
			if (err)
				return err;
		}
	}
	return 0;
}

static int check_may_goto(struct verifier *v)
{
	struct vstate *parent = v->cur->parent, *next;
	struct vstate *old = parent ? find_previous_entry(v, v->insn, parent->depth) : NULL;
	int err;

	next = push_path(v, v->insn + 1, v->insn, &err);
	if (!next)
		return err;
	next->may_goto_depth++;
	fact_flags(v, FACT_TAKEN | FACT_NOT_TAKEN);
	v->next = (u32)isa_target(cur_insn(v), v->insn);
	return old ? widen_imprecise(v, old, next) : 0;
}

int check_branch(struct verifier *v)
{
	return BPF_OP(cur_insn(v)->code) == BPF_JCOND ? check_may_goto(v) : check_condition(v);
}

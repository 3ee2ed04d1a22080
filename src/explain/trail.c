/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "explain/trail.h"

#define NO_SLOT INT32_MAX

/* ---- the path's call depth ---- */

const struct bpf_insn *path_insn(const struct path *path, u32 step)
{
	return &path->in->insns[path->log->steps.at[step].insn];
}

/* The frame that the log names for what is known at a step, if it does. */
static bool frame_in_log(const struct vlog *log, u32 step, size_t *state, u32 *frame)
{
	while (*state < log->states.len && log->states.at[*state].step < step)
		++*state;
	if (*state == log->states.len || log->states.at[*state].step != step)
		return false;
	*frame = log->states.at[*state].frame;
	return true;
}

static u32 next_frame(const struct path *path, u32 step, u32 frame)
{
	const struct bpf_insn *insn = path_insn(path, step);
	u32 at = path->log->steps.at[step].insn, next = path->log->steps.at[step + 1].insn;

	if (isa_is_exit(insn))
		return frame ? frame - 1 : 0;
	if (isa_is_call(insn) && next != at + 1)
		return frame + 1;
	return frame;
}

int path_init(struct path *path, const struct explain_input *in, const struct vlog *log,
	      struct arena *arena)
{
	u32 frame = 0, named;
	size_t state = 0;

	*path = (struct path){.in = in, .log = log};
	/* a log of another program than the input's */
	while (path->cnt < log->steps.len && log->steps.at[path->cnt].insn < in->insn_cnt)
		path->cnt++;
	path->frame = arena_zalloc_array(arena, path->cnt + 1, 1);
	if (!path->frame)
		return -ENOMEM;
	if (frame_in_log(log, 0, &state, &named))
		frame = named;
	for (u32 i = 0; i < path->cnt; i++) {
		path->frame[i] = (u8)(frame < 255 ? frame : 255);
		if (i + 1 < path->cnt)
			frame = next_frame(path, i, frame);
	}
	return 0;
}

bool path_last(const struct path *path, u32 step, u32 insn, u32 *found)
{
	while (step--) {
		if (path->log->steps.at[step].insn == insn) {
			*found = step;
			return true;
		}
	}
	return false;
}

/* ---- following a value ---- */

struct walk {
	const struct path *path;
	struct trail *trail;
	u32 reg;
	s32 slot; /* of the stack, in place of a register; NO_SLOT */
	u8 frame;
};

static bool origin(struct walk *w, u32 step, enum origin origin)
{
	w->trail->origin = origin;
	w->trail->step = step;
	w->trail->reg = w->reg;
	return true;
}

static bool writes(const struct bpf_insn *insn, u32 reg)
{
	return isa_regs_written(insn) & BIT(reg);
}

static bool is_stack_access(const struct bpf_insn *insn, u8 base)
{
	return base == BPF_REG_FP && BPF_SIZE(insn->code) == BPF_DW &&
	       BPF_MODE(insn->code) == BPF_MEM && insn->off % 8 == 0;
}

/* A store to the slot that is followed. */
static bool step_slot(struct walk *w, u32 step, const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code);

	if ((class != BPF_STX && class != BPF_ST) || insn->dst_reg != BPF_REG_FP ||
	    insn->off < w->slot || insn->off >= w->slot + 8)
		return false;
	if (!is_stack_access(insn, insn->dst_reg))
		return origin(w, step, ORIGIN_UNKNOWN);
	if (class == BPF_ST)
		return origin(w, step, ORIGIN_CONST);
	w->slot = NO_SLOT;
	w->reg = insn->src_reg;
	return false;
}

static bool step_load(struct walk *w, u32 step, const struct bpf_insn *insn)
{
	if (!is_stack_access(insn, insn->src_reg))
		return origin(w, step, ORIGIN_LOAD);
	w->slot = insn->off;
	return false;
}

static bool is_pointer_before(const struct walk *w, u32 step, u32 reg)
{
	struct span value;

	return vlog_reg(w->path->log, step, w->frame, reg, &value) &&
	       !span_is(vlog_type(value), "scalar");
}

/* dst op= src: what is followed is the pointer of the two, or dst. */
static bool step_alu(struct walk *w, u32 step, const struct bpf_insn *insn, enum isa_kind kind)
{
	struct trail *t = w->trail;

	if (kind == ISA_KIND_MOV) {
		if (BPF_SRC(insn->code) == BPF_K)
			return origin(w, step, ORIGIN_CONST);
		w->reg = insn->src_reg;
		return false;
	}
	if (t->arith_cnt < TRAIL_STEPS)
		t->arith[t->arith_cnt++] = step;
	if (BPF_SRC(insn->code) == BPF_X && BPF_OP(insn->code) == BPF_ADD &&
	    !is_pointer_before(w, step, insn->dst_reg) && is_pointer_before(w, step, insn->src_reg))
		w->reg = insn->src_reg;
	return false;
}

static bool step_call(struct walk *w, u32 step)
{
	return origin(w, step, w->reg == BPF_REG_0 ? ORIGIN_CALL : ORIGIN_CLOBBERED);
}

/* An instruction of the frame at work; true when the origin was found. */
static bool step_insn(struct walk *w, u32 step)
{
	const struct bpf_insn *insn = path_insn(w->path, step);
	const struct isa_row *row = isa_row(insn);
	struct trail *t = w->trail;

	if (!row)
		return origin(w, step, ORIGIN_UNKNOWN);
	if (w->slot != NO_SLOT)
		return step_slot(w, step, insn);
	if (row->kind == ISA_KIND_IF && isa_regs_read(insn) & BIT(w->reg) &&
	    t->check_cnt < TRAIL_STEPS)
		t->checks[t->check_cnt++] = step;
	if (!writes(insn, w->reg))
		return false;
	switch ((enum isa_kind)row->kind) {
	case ISA_KIND_LOAD:
		return step_load(w, step, insn);
	case ISA_KIND_WIDE:
		return origin(w, step, ORIGIN_WIDE);
	case ISA_KIND_CALL:
		return step_call(w, step);
	case ISA_KIND_ALU:
	case ISA_KIND_MOV:
	case ISA_KIND_NEG:
	case ISA_KIND_END:
	case ISA_KIND_CAST:
		return step_alu(w, step, insn, (enum isa_kind)row->kind);
	default:
		return origin(w, step, ORIGIN_OTHER);
	}
}

/* The step before is in a function that was called: followed only for what it returns. */
static bool enter_callee(struct walk *w, u32 step)
{
	if (w->slot != NO_SLOT || w->reg > BPF_REG_5)
		return false;
	if (w->reg != BPF_REG_0)
		return origin(w, step, ORIGIN_CLOBBERED);
	w->frame = w->path->frame[step];
	return false;
}

/* The step before is the call of the function that the walk is in. */
static bool leave_callee(struct walk *w, u32 step)
{
	const struct bpf_insn *insn = path_insn(w->path, step);

	if (w->slot != NO_SLOT)
		return origin(w, step, ORIGIN_UNKNOWN);
	if (!isa_is_local_call(insn) || w->reg < BPF_REG_1 || w->reg > BPF_REG_5)
		return origin(w, step, ORIGIN_ARGUMENT);
	w->frame = w->path->frame[step];
	return false;
}

static bool step_back(struct walk *w, u32 step)
{
	u8 frame = w->path->frame[step];

	if (frame < w->frame)
		return leave_callee(w, step);
	if (frame > w->frame) {
		/* only its last instruction tells what it returned */
		if (w->path->frame[step + 1] != w->frame)
			return false;
		return enter_callee(w, step);
	}
	if (isa_is_local_call(path_insn(w->path, step)) && w->path->frame[step + 1] > frame)
		return false; /* gone through already */
	return step_insn(w, step);
}

void trail_follow(const struct path *path, u32 step, u32 reg, struct trail *trail)
{
	struct walk w = {.path = path, .trail = trail, .reg = reg, .slot = NO_SLOT};

	*trail = (struct trail){.origin = ORIGIN_UNKNOWN};
	if (step >= path->cnt)
		return;
	w.frame = path->frame[step];
	if (reg == BPF_REG_FP)
		return;
	while (step--)
		if (step_back(&w, step))
			return;
	/* the first instruction of the function */
	if (w.slot == NO_SLOT && w.reg >= BPF_REG_1 && w.reg <= BPF_REG_5)
		origin(&w, 0, ORIGIN_ARGUMENT);
}

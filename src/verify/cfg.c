/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control flow graph, walked depth first: every instruction must be
 * reachable, and without CAP_BPF there may be no loops. On the way the points
 * are marked where paths meet and states are worth comparing.
 */
#include "verify/kfunc.h"

enum visit {
	UNSEEN,
	OPEN, /* on the stack */
	DONE,
};

struct walk {
	struct verifier *v;
	u8 *visit;
	u8 *edge; /* edges of the instruction that are done */
	u32 *stack;
	u32 depth;
};

static void mark(struct verifier *v, u32 insn, u16 flags)
{
	if (insn < v->insn_cnt)
		v->aux[insn].flags |= flags;
}

/* Follows an edge: 1 when its target is to be visited first. */
static int follow(struct walk *w, u32 from, s64 to)
{
	struct verifier *v = w->v;

	if (to < 0 || to >= v->insn_cnt) {
		v->insn = from;
		log_source_line(v, from, "; ");
		return reject(v, -EINVAL, "jump out of range from insn %u to %d", from, (int)to);
	}
	switch (w->visit[to]) {
	case UNSEEN:
		w->visit[to] = OPEN;
		w->stack[w->depth++] = (u32)to;
		return 1;
	case OPEN:
		if (v->bpf_capable)
			return 0;
		v->insn = from;
		log_source_line(v, from, "; ");
		log_source_line(v, (u32)to, "; ");
		return reject(v, -EINVAL, "back-edge from insn %u to %d", from, (int)to);
	default:
		return 0;
	}
}

/* Where an instruction can go: the next one and, or, another. */
struct edges {
	s64 to[2];
	u32 cnt;
};

#define JOIN (AUX_PRUNE_POINT | AUX_JUMP_POINT)

static void call_edges(struct verifier *v, u32 i, u32 size, bool enters, struct edges *e)
{
	e->to[e->cnt++] = (s64)i + size;
	/* Returning is a jump. */
	mark(v, i + size, JOIN);
	if (enters) {
		s64 to = (s64)i + v->insns[i].imm + 1;

		mark(v, i, AUX_PRUNE_POINT);
		e->to[e->cnt++] = to;
		mark(v, (u32)to, JOIN);
	}
}

static void jump_edges(struct verifier *v, u32 i, struct edges *e)
{
	const struct bpf_insn *insn = &v->insns[i];
	bool wide = BPF_CLASS(insn->code) == BPF_JMP32 && BPF_OP(insn->code) == BPF_JA;
	s64 to = (s64)i + 1 + (wide ? insn->imm : insn->off);

	if (BPF_OP(insn->code) != BPF_JA) {
		mark(v, i, AUX_PRUNE_POINT);
		if (isa_is_may_goto(insn))
			mark(v, i, AUX_FORCE_CHECKPOINT);
		e->to[e->cnt++] = (s64)i + 1;
	}
	e->to[e->cnt++] = to;
	mark(v, (u32)to, JOIN);
}

/* Where the paths of callbacks and loops meet. */
static void mark_call(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	const struct kfunc *kfunc = insn_kfunc(v, i);
	bool helper = isa_is_helper_call(insn);

	if ((helper && helper_calls_async_callback((u32)insn->imm)) ||
	    kfunc_calls_async_callback(kfunc))
		mark(v, i, AUX_PRUNE_POINT);
	if ((helper && helper_calls_callback((u32)insn->imm)) || kfunc_calls_callback(kfunc))
		mark(v, i, AUX_CALLS_CALLBACK | AUX_FORCE_CHECKPOINT | JOIN);
	if (kfunc && kfunc->flags & KF_ITER_NEXT)
		mark(v, i, AUX_ITER_NEXT | AUX_FORCE_CHECKPOINT | AUX_PRUNE_POINT);
}

static struct edges edges_of(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	u8 class = BPF_CLASS(insn->code);
	struct edges e = {.cnt = 0};

	if (isa_is_func_ref(insn)) {
		call_edges(v, i, 2, true, &e);
		return e;
	}
	if (class != BPF_JMP && class != BPF_JMP32) {
		e.to[e.cnt++] = (s64)i + (isa_is_wide(insn) ? 2 : 1);
		return e;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_EXIT:
		break;
	case BPF_CALL:
		mark_call(v, i);
		call_edges(v, i, 1, isa_is_local_call(insn), &e);
		break;
	default:
		jump_edges(v, i, &e);
	}
	return e;
}

static int walk(struct walk *w, u32 from)
{
	w->visit[from] = OPEN;
	w->stack[w->depth++] = from;
	while (w->depth) {
		u32 i = w->stack[w->depth - 1];
		struct edges e = edges_of(w->v, i);
		int ret = 0;

		while (w->edge[i] < e.cnt && !ret)
			ret = follow(w, i, e.to[w->edge[i]++]);
		if (ret < 0)
			return ret;
		if (!ret) {
			w->visit[i] = DONE;
			w->depth--;
		}
	}
	return 0;
}

static int check_reached(struct walk *w)
{
	struct verifier *v = w->v;

	for (u32 i = 0; i < v->insn_cnt; i++) {
		v->insn = i;
		if (w->visit[i] != DONE)
			return reject(v, -EINVAL, "unreachable insn %u", i);
		if (!isa_is_wide(&v->insns[i]))
			continue;
		if (i + 1 < v->insn_cnt && w->visit[i + 1] != UNSEEN)
			return reject(v, -EINVAL, "jump into the middle of ldimm64 insn %u", i);
		i++;
	}
	return 0;
}

int check_cfg(struct verifier *v)
{
	struct walk w = {
		.v = v,
		.visit = arena_zalloc_array(&v->arena, v->insn_cnt, 1),
		.edge = arena_zalloc_array(&v->arena, v->insn_cnt, 1),
		.stack = arena_zalloc_array(&v->arena, v->insn_cnt, sizeof(u32)),
	};
	int err;

	if (!w.visit || !w.edge || !w.stack)
		return -ENOMEM;
	err = walk(&w, 0);
	if (!err && v->exception_callback)
		err = walk(&w, v->subprogs[v->exception_callback].start);
	return err ? err : check_reached(&w);
}

/* Marks that a subprogram has if it calls one that has them, or does it itself. */
struct effects {
	bool changes_packet, writes_dynptr, throws;
};

static struct effects effects_of(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	struct effects e = {.throws = insn_calls_kfunc(v, i, KFUNC_bpf_throw)};
	s32 callee;

	if (isa_is_helper_call(insn)) {
		e.changes_packet = helper_changes_packet(v, (u32)insn->imm);
		e.writes_dynptr = insn->imm == BPF_FUNC_dynptr_write;
		return e;
	}
	if (!isa_is_local_call(insn) && !isa_is_func_ref(insn))
		return e;
	callee = subprog_at(v, (u32)isa_target(insn, i));
	if (callee >= 0) {
		e.changes_packet = v->subprogs[callee].changes_packet;
		e.writes_dynptr = v->subprogs[callee].writes_dynptr;
		e.throws = v->subprogs[callee].throws;
	}
	return e;
}

/* Which subprograms move the packet's borders, or may when given a dynptr of one. */
int find_packet_changes(struct verifier *v)
{
	bool again = true;

	while (again) {
		again = false;
		for (u32 i = 0; i < v->insn_cnt; i++) {
			struct subprog_info *sub = &v->subprogs[subprog_of(v, i)];
			struct effects e;

			e = effects_of(v, i);
			again |= (e.changes_packet && !sub->changes_packet) ||
				 (e.writes_dynptr && !sub->writes_dynptr) ||
				 (e.throws && !sub->throws);
			sub->changes_packet |= e.changes_packet;
			sub->writes_dynptr |= e.writes_dynptr;
			sub->throws |= e.throws;
		}
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that scratch fewer registers than others (clang's bpf_fastcall). For
 * kernels that do not know of that clang puts spills before such a call and
 * fills after it, in slots below all others. Linux takes them out of calls
 * that it inlines, and then counts the stack without those slots, as long as
 * nothing else touches them. Only the count is ours to follow: programs keep
 * their spills here, and the stack for them. The same holds of the counters
 * of loops that Linux puts in place of calls.
 */
#include "verify/verifier.h"

#define SCRATCHED 0x3fu /* r0 to r5 */

/* The registers that a call of the helper scratches by its prototype. */
static u32 scratched_by(const struct helper_proto *proto)
{
	u32 mask = proto->ret != RET_VOID ? BIT(BPF_REG_0) : 0;

	for (u32 i = 0; i < ARRAY_SIZE(proto->arg); i++)
		if (proto->arg[i] != ARG_DONTCARE)
			mask |= BIT(BPF_REG_1 + i);
	return mask;
}

/* Whether Linux on x86-64 puts code in the call's place. */
static bool is_inlined(const struct verifier *v, u32 id)
{
	return id == BPF_FUNC_get_smp_processor_id && !v->in->interpreter;
}

static bool is_spill(const struct bpf_insn *insn)
{
	return insn->code == (BPF_STX | BPF_MEM | BPF_DW) && insn->dst_reg == BPF_REG_FP;
}

static bool is_fill(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LDX | BPF_MEM | BPF_DW) && insn->src_reg == BPF_REG_FP;
}

/* Whether the @n-th instruction before the call and the @n-th after it are a pair. */
static bool is_pair(const struct verifier *v, u32 call, u32 n, s32 off, u32 kept)
{
	const struct bpf_insn *spill, *fill;

	if (call < n || call + n >= v->insn_cnt)
		return false;
	/* All of them are passed one after the other, or none. */
	if (v->aux[call - n + 1].flags & AUX_JUMP_TARGET ||
	    v->aux[call + n].flags & AUX_JUMP_TARGET)
		return false;
	spill = &v->insns[call - n];
	fill = &v->insns[call + n];
	return is_spill(spill) && is_fill(fill) && spill->src_reg == fill->dst_reg &&
	       kept & BIT(spill->src_reg) && spill->off == off && fill->off == off;
}

static void mark_call(struct verifier *v, struct subprog_info *sub, u32 call, s32 lowest)
{
	u32 id = (u32)v->insns[call].imm, kept, n;
	const struct helper_proto *proto;
	s32 off = lowest;

	if (!isa_is_helper_call(&v->insns[call]))
		return;
	proto = rules_helper(v->rules, &v->info, id);
	if (!proto)
		return;
	kept = ~scratched_by(proto) & SCRATCHED;
	for (n = 1; n <= 6 && is_pair(v, call, n, off, kept); n++, off += SLOT_SIZE) {
		kept &= ~BIT(v->insns[call - n].src_reg);
		v->aux[call - n].flags |= AUX_FASTCALL;
		v->aux[call + n].flags |= AUX_FASTCALL;
	}
	if (n == 1)
		return;
	if (is_inlined(v, id))
		sub->fastcalls = true;
	else
		sub->keeps_fastcalls = true;
	sub->fastcall_off = off < sub->fastcall_off ? off : sub->fastcall_off;
}

static void mark_jump_targets(struct verifier *v)
{
	for (u32 i = 0; i < v->insn_cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];
		u8 class = BPF_CLASS(insn->code);
		s64 to;

		if (class != BPF_JMP && class != BPF_JMP32 && !isa_is_func_ref(insn))
			continue;
		if (BPF_OP(insn->code) == BPF_EXIT ||
		    (isa_is_call(insn) && !isa_is_local_call(insn)))
			continue;
		to = isa_target(insn, i);
		if (to >= 0 && to < v->insn_cnt)
			v->aux[to].flags |= AUX_JUMP_TARGET;
	}
}

int mark_fastcalls(struct verifier *v)
{
	mark_jump_targets(v);
	for (u32 s = 0; s < v->subprog_cnt; s++) {
		struct subprog_info *sub = &v->subprogs[s];
		u32 end = subprog_end(v, s);
		s32 lowest = 0;

		for (u32 i = sub->start; i < end; i++)
			if (is_spill(&v->insns[i]) && v->insns[i].off < lowest)
				lowest = v->insns[i].off;
		for (u32 i = sub->start; i < end; i++)
			mark_call(v, sub, i, lowest);
	}
	return 0;
}

void note_stack_use(struct verifier *v, const struct frame *frame, s32 off)
{
	struct subprog_info *sub = &v->subprogs[frame->subprog];

	if (sub->fastcall_off <= off || v->aux[v->insn].flags & AUX_FASTCALL)
		return;
	/* Something else lies there: the spills stay. */
	sub->fastcall_off = INT32_MIN;
	sub->fastcalls = false;
	for (u32 i = sub->start; i < subprog_end(v, frame->subprog); i++)
		v->aux[i].flags &= (u16)~AUX_FASTCALL;
}

int count_stacks(struct verifier *v)
{
	for (u32 i = 0; i < v->subprog_cnt; i++) {
		struct subprog_info *sub = &v->subprogs[i];

		if (sub->fastcalls && !sub->keeps_fastcalls)
			sub->counted_depth = (u32)-sub->fastcall_off;
	}
	return 0;
}

/* ---- loops that Linux makes of calls and of may_goto ---- */

void note_loop(struct verifier *v, u32 callback, bool no_flags)
{
	struct insn_aux *aux = &v->aux[v->insn];
	struct insn_fact *fact = &v->result->facts[v->insn];

	if (!aux->loop_seen && no_flags)
		fact->flags |= FACT_INLINE;
	else if (!no_flags || aux->loop_callback != callback)
		fact->flags &= (u8)~FACT_INLINE;
	if (!aux->loop_seen)
		aux->loop_callback = (u16)callback;
	aux->loop_seen = true;
}

/* They keep counters on the stack, which come on top of what was checked. */
int count_inlined(struct verifier *v)
{
	for (u32 s = 0; s < v->subprog_cnt; s++) {
		struct subprog_info *sub = &v->subprogs[s];
		u32 loops = 0, may_gotos = 0;

		for (u32 i = sub->start; i < subprog_end(v, s); i++) {
			u8 flags = v->result->facts[i].flags;

			if (flags & FACT_INLINE)
				loops = 3 * SLOT_SIZE;
			if (flags & FACT_SEEN && isa_is_may_goto(&v->insns[i]))
				may_gotos = SLOT_SIZE;
		}
		sub->counted_depth += loops + may_gotos;
	}
	return 0;
}

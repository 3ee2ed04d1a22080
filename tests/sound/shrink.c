/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions become jumps to the next one, in large pieces first; what is
 * left of those is then taken out. Constants become 0 or 1, conditional jumps
 * plain ones.
 */
#include "sound/shrink.h"

#include <string.h>

static const struct bpf_insn nothing = {.code = BPF_JMP | BPF_JA};

static bool is_nothing(const struct bpf_insn *insn)
{
	return !memcmp(insn, &nothing, sizeof(nothing));
}

/* Whether the instruction is the second slot of a wide load. */
static bool is_second(const struct gen *g, u32 at)
{
	return at && isa_is_wide(&g->insns[at - 1]);
}

/* Takes @n instructions from @at on away; false where there was nothing to take. */
static bool blank(struct gen *g, u32 at, u32 n)
{
	bool any = false;

	if (is_second(g, at))
		return false;
	for (u32 i = at; i < at + n && i + 1 < g->cnt; i++) {
		any |= !is_nothing(&g->insns[i]);
		if (i + 1 == at + n && isa_is_wide(&g->insns[i]))
			n++;
		g->insns[i] = nothing;
	}
	return any;
}

static bool try_blanks(struct gen *g, u32 n, bool (*has)(void *arg, const struct gen *g), void *arg)
{
	static struct gen next;
	bool progress = false;

	for (s64 at = (s64)g->cnt - 1; at >= 0; at -= n) {
		next = *g;
		if (!blank(&next, (u32)at, n) || !has(arg, &next))
			continue;
		*g = next;
		progress = true;
	}
	return progress;
}

static bool refers(const struct bpf_insn *insn)
{
	return isa_is_local_call(insn) || isa_is_func_ref(insn);
}

/* Without the jumps to the next instruction. */
static void compact(struct gen *g)
{
	u32 place[ARRAY_SIZE(g->insns) + 1], n = 0;
	static struct gen old;

	old = *g;
	for (u32 i = 0; i < g->cnt; i++) {
		place[i] = n;
		n += is_second(g, i) || !is_nothing(&g->insns[i]);
	}
	place[g->cnt] = n;
	for (u32 i = 0; i < old.cnt; i++) {
		struct bpf_insn insn = old.insns[i];
		s64 target = isa_target(&insn, i);

		if (place[i + 1] == place[i])
			continue;
		if (!is_second(&old, i) && target >= 0 && target <= old.cnt) {
			s32 off = (s32)place[target] - (s32)place[i] - 1;

			if (refers(&insn) || insn.code == (BPF_JMP32 | BPF_JA))
				insn.imm = off;
			else if (isa_is_jump(&insn))
				insn.off = (s16)off;
		}
		g->insns[place[i]] = insn;
	}
	g->cnt = n;
}

static bool simpler(struct bpf_insn *insn, u32 way)
{
	struct bpf_insn was = *insn;
	u8 class = BPF_CLASS(insn->code);
	bool alu = class == BPF_ALU || class == BPF_ALU64, jump = isa_is_jump(insn);

	switch (way) {
	case 0:
		if (jump && !isa_is_goto(insn))
			*insn = (struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = insn->off};
		break;
	case 1:
	case 2:
		if ((alu && BPF_SRC(insn->code) == BPF_K) || class == BPF_ST || jump)
			insn->imm = way == 1 ? 0 : 1;
		break;
	default: /* a constant in place of what was computed */
		if (alu || class == BPF_LDX)
			*insn = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K,
						  .dst_reg = insn->dst_reg,
						  .imm = 1};
	}
	return memcmp(&was, insn, sizeof(was));
}

static bool try_simpler(struct gen *g, bool (*has)(void *arg, const struct gen *g), void *arg)
{
	static struct gen next;
	bool progress = false;

	for (u32 i = 0; i < g->cnt; i++) {
		/* What is a constant or a jump already has nothing to gain by the last way. */
		bool constant = g->insns[i].code == (BPF_ALU64 | BPF_MOV | BPF_K);

		for (u32 way = 0; way < (constant ? 3 : 4); way++) {
			if (is_second(g, i) || (constant && g->insns[i].imm <= 1 && way == 2))
				continue;
			next = *g;
			if (!simpler(&next.insns[i], way) || !has(arg, &next))
				continue;
			*g = next;
			progress = true;
			break;
		}
	}
	return progress;
}

void shrink(struct gen *g, bool (*has)(void *arg, const struct gen *g), void *arg)
{
	static struct gen next;
	bool progress = true;

	for (u32 round = 0; round < 4 && progress; round++) {
		progress = false;
		for (u32 n = 64; n; n /= 2)
			progress |= try_blanks(g, n, has, arg);
		progress |= try_simpler(g, has, arg);
		next = *g;
		compact(&next);
		if (has(arg, &next))
			*g = next;
	}
}

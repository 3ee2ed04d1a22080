/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads of the program itself; what helpers read is theirs. See reads.h. */
#include "sound/reads.h"

#include <stdio.h>
#include <string.h>

#include "../jit/ir_eval.h"
#include "interp/interp.h"

void reads_start(struct reads *r, const struct fast *fast)
{
	memset(r, 0, sizeof(*r));
	r->fast = fast;
}

/* Number of a byte of the maps' memory, or -1. */
static s32 number_of(const struct reads *r, const u8 *at)
{
	const struct hash_map *h = hash_map_of(r->fast->maps[GEN_HASH]);
	u64 distance = ptr_to_u64(at) - ptr_to_u64(h->shared);
	u32 before = 0;

	if (distance < h->size && distance < FAST_HASH)
		return (s32)(FAST_VALUES + distance);
	for (u32 i = 0; i < GEN_MAPS; i++) {
		const struct fast_region *region = &r->fast->arrays[i];

		distance = ptr_to_u64(at) - ptr_to_u64(region->now);
		if (distance < region->size && before + distance < FAST_VALUES)
			return (s32)(before + distance);
		before += region->size;
	}
	return -1;
}

static void note(struct reads *r, const u8 *at, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		s32 number = number_of(r, at + i);

		if (number >= 0)
			r->times[number]++;
	}
}

static void note_insn(void *arg, struct run *run __unused, const struct prog *prog, u32 index,
		      u64 *regs)
{
	const struct bpf_insn *insn = &prog->insns[index];

	if (BPF_CLASS(insn->code) == BPF_LDX)
		note(arg, u64_to_ptr(regs[insn->src_reg] + (u64)(s64)insn->off),
		     isa_access_size(insn));
}

static u64 run_traced(struct run *run, const struct subprog *fn, u64 r1, u64 r2 __unused,
		      u64 r3 __unused, u64 r4 __unused, u64 r5 __unused)
{
	return interp_run_traced(run, fn, r1, run->tracer);
}

u64 reads_interpret(struct reads *r, struct fast *f, const struct fast_prog *p)
{
	const struct interp_tracer tracer = {.insn = note_insn, .arg = r};
	u64 r0;

	f->run.tracer = &tracer;
	r0 = fast_run_by(f, p, run_traced);
	f->run.tracer = NULL;
	return r0;
}

static void note_load(void *arg, const struct ir_fn *fn, const struct ir_insn *load, const void *at)
{
	if (BPF_CLASS(fn->unit->prog->insns[load->pc].code) == BPF_LDX)
		note(arg, at, load->size);
}

u64 reads_evaluate(struct reads *r, struct fast *f, const struct fast_prog *p)
{
	u64 r0;

	eval_watch(note_load, r);
	r0 = fast_run_by(f, p, eval_run);
	eval_watch(NULL, NULL);
	return r0;
}

bool reads_exceed(const struct reads *r, const struct reads *most, char text[READS_TEXT])
{
	for (u32 i = 0; i < ARRAY_SIZE(r->times); i++) {
		if (r->times[i] <= most->times[i])
			continue;
		snprintf(text, READS_TEXT, "byte %u of the maps is read %u times, not %u", i,
			 r->times[i], most->times[i]);
		return true;
	}
	return false;
}

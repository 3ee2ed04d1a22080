/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that are a few instructions: the CPU's number, the length of a
 * frame, the difference of checksums of a few words. What asks the environment
 * stays a call, because the environment may be anybody's.
 */
#include "helper/helper.h"
#include "jit/pass/frame.h"
#include "jit/pass/pass.h"
#include "object/packet.h"

/* Bytes of both sides together that bpf_csum_diff() sums up in place. */
#define DIFF_MAX 40

struct small_call {
	struct ir_fn *fn;
	ir_ref ref;
};

static ir_ref arg(const struct small_call *c, u32 i)
{
	return ir_resolve(c->fn, ir_at(c->fn, c->ref)->arg[i]);
}

static ir_ref emit(const struct small_call *c, struct ir_insn insn)
{
	insn.pc = ir_at(c->fn, c->ref)->pc;
	return ir_insert(c->fn, c->ref, insn);
}

static ir_ref binary(const struct small_call *c, enum ir_op op, ir_ref a, ir_ref b)
{
	return emit(c, ir_binary(op, 8, a, b));
}

static ir_ref cpu_number(const struct small_call *c)
{
	struct ir_insn load =
		ir_load(sizeof(u32), arg(c, 5), (s32)offsetof(struct run, cpu), MEM_KERNEL);

	load.flags |= IR_UNALIASED;
	return emit(c, load);
}

static ir_ref node_number(const struct small_call *c)
{
	return ir_const(c->fn, 0);
}

static ir_ref frame_length(const struct small_call *c)
{
	ir_ref xdp = arg(c, 0), end, start, frags;

	end = emit(c, ir_load(8, xdp, (s32)offsetof(struct xdp_buff, data_end), MEM_CTX));
	start = emit(c, ir_load(8, xdp, (s32)offsetof(struct xdp_buff, data), MEM_CTX));
	frags = emit(c, ir_load(4, xdp, (s32)offsetof(struct xdp_buff, frags_size), MEM_CTX));
	return binary(c, IR_ADD, binary(c, IR_SUB, end, start), frags);
}

/* ---- checksums ---- */

/* The words of one side, added to @sum; of the old bytes what they lack to all ones. */
static ir_ref add_words(const struct small_call *c, ir_ref sum, ir_ref from, u32 size, bool old)
{
	bool stack = frame_address(c->fn, from, NULL);

	for (u32 at = 0; at < size; at += 4) {
		struct ir_insn load = ir_load(4, from, (s32)at, stack ? MEM_STACK : MEM_MIXED);
		ir_ref word;

		if (!stack)
			load.flags |= IR_VOLATILE;
		word = emit(c, load);
		if (old)
			word = emit(c, ir_unary(IR_NOT, 4, word));
		sum = binary(c, IR_ADD, sum, word);
	}
	return sum;
}

static ir_ref fold_once(const struct small_call *c, ir_ref sum)
{
	ir_ref low = emit(c, ir_unary(IR_ZEXT32, 8, sum));

	return binary(c, IR_ADD, low, binary(c, IR_SHR, sum, ir_const(c->fn, 32)));
}

static bool const_size(const struct small_call *c, u32 i, u32 *size)
{
	const struct ir_insn *insn = ir_at(c->fn, arg(c, i));

	*size = (u32)insn->imm;
	return insn->op == IR_CONST && *size % 4 == 0 && *size <= DIFF_MAX;
}

static ir_ref checksum_diff(const struct small_call *c)
{
	u32 from_size, to_size;
	ir_ref sum;

	if (!const_size(c, 1, &from_size) || !const_size(c, 3, &to_size) ||
	    from_size + to_size > DIFF_MAX)
		return 0;
	sum = emit(c, ir_unary(IR_ZEXT32, 8, arg(c, 4)));
	sum = add_words(c, sum, arg(c, 0), from_size, true);
	sum = add_words(c, sum, arg(c, 2), to_size, false);
	return emit(c, ir_unary(IR_ZEXT32, 8, fold_once(c, fold_once(c, sum))));
}

/* ---- the pass ---- */

static const struct {
	u32 helper;
	/* The value that the call has, computed before it, or 0: leave it. */
	ir_ref (*in_place)(const struct small_call *c);
} small_helpers[] = {
	{HELPER_get_smp_processor_id, cpu_number}, {HELPER_get_raw_smp_processor_id, cpu_number},
	{HELPER_get_numa_node_id, node_number},	   {HELPER_xdp_get_buff_len, frame_length},
	{HELPER_csum_diff, checksum_diff},
};

static bool do_in_place(struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(fn, ref);
	const struct small_call c = {fn, ref};
	ir_ref value = 0;

	if (insn->op != IR_CALL || insn->nargs < IR_MAX_ARGS ||
	    fn->syms[insn->sym].kind != SYM_HELPER)
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(small_helpers) && !value; i++)
		if (small_helpers[i].helper == fn->syms[insn->sym].index)
			value = small_helpers[i].in_place(&c);
	if (value)
		ir_replace(fn, ref, value);
	return value;
}

bool pass_helpers(struct ir_fn *fn)
{
	bool changed = false;

	ir_each_block (fn, b)
		ir_each (fn, b, ref)
			changed |= do_in_place(fn, ref);
	return changed;
}

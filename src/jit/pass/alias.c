/* SPDX-License-Identifier: BSD-2-Clause */
/* What writes may change, see alias.h. */
#include "jit/pass/alias.h"

enum alias alias_of(const struct ir_insn *insn)
{
	static const u8 kinds[MEM_KERNEL + 1] = {
		[MEM_NONE] = ALIAS_OTHER,     [MEM_STACK] = ALIAS_STACK,
		[MEM_CTX] = ALIAS_CTX,	      [MEM_MAP_VALUE] = ALIAS_MAP,
		[MEM_PACKET] = ALIAS_PACKET,  [MEM_HELPER] = ALIAS_HELPER,
		[MEM_SOCK] = ALIAS_OTHER,     [MEM_TCP_SOCK] = ALIAS_OTHER,
		[MEM_XDP_SOCK] = ALIAS_OTHER, [MEM_BTF] = ALIAS_OTHER,
		[MEM_ARENA] = ALIAS_OTHER,    [MEM_MIXED] = ALIAS_OTHER,
		[MEM_KERNEL] = ALIAS_OTHER,   [MEM_OBJECT] = ALIAS_OTHER,
	};

	return insn->flags & IR_UNALIASED ? ALIAS_PRIVATE : kinds[insn->mem];
}

/*
 * The kinds that a write may change. Memory of a helper is also what a global
 * function gets: of its caller's stack or context, where it is built in.
 */
u8 alias_written(const struct ir_insn *insn)
{
	static const u8 aliases[ALIAS_CNT] = {
		[ALIAS_STACK] = BIT(ALIAS_STACK) | BIT(ALIAS_HELPER) | BIT(ALIAS_OTHER),
		[ALIAS_CTX] = BIT(ALIAS_CTX) | BIT(ALIAS_HELPER) | BIT(ALIAS_OTHER),
		[ALIAS_PACKET] = BIT(ALIAS_PACKET) | BIT(ALIAS_HELPER) | BIT(ALIAS_OTHER),
		[ALIAS_MAP] = BIT(ALIAS_MAP) | BIT(ALIAS_HELPER) | BIT(ALIAS_OTHER),
		[ALIAS_HELPER] = (BIT(ALIAS_CNT) - 1) & ~BIT(ALIAS_PRIVATE),
		[ALIAS_OTHER] = (BIT(ALIAS_CNT) - 1) & ~BIT(ALIAS_PRIVATE),
		[ALIAS_PRIVATE] = BIT(ALIAS_PRIVATE),
	};
	u16 flags = ir_flags(insn);

	if (!(flags & IR_OP_WRITE))
		return 0;
	if (flags & IR_OP_CALL && insn->flags & IR_PURE_CALL)
		return 0;
	return flags & IR_OP_MEM ? aliases[alias_of(insn)] : BIT(ALIAS_CNT) - 1;
}

static u8 block_writes(const struct ir_fn *fn, u32 block)
{
	u8 kinds = 0;

	ir_each (fn, block, ref)
		kinds |= alias_written(ir_at(fn, ref));
	return kinds;
}

/* Members of a loop come after its header: from the end all are seen before it. */
void alias_loop_writes(const struct ir_fn *fn, u8 *writes)
{
	for (u32 i = fn->norder; i-- > 0;) {
		u32 block = fn->order[i];
		const struct ir_block *b = ir_block(fn, block);

		if (b->loop == IR_NO_LOOP)
			continue;
		writes[b->loop] |= block_writes(fn, block);
		if (b->is_loop_header && b->loop_parent != IR_NO_LOOP)
			writes[b->loop_parent] |= writes[block];
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a function is well-formed; for tests and for finding the pass that broke it. */
#include <errno.h>
#include <string.h>

#include "jit/ir/text.h"

struct check {
	const struct ir_fn *fn;
	struct err *err;
};

static int broken(struct check *c, ir_ref ref, const char *what)
{
	struct buf text;
	int ret;

	buf_init(&text, c->fn->arena->mem);
	ir_print_insn(&text, c->fn, ref);
	ret = err_set(c->err, -EFAULT, "b%u: %s: %s", ir_at(c->fn, ref)->block, what,
		      buf_str(&text));
	buf_free(&text);
	return ret;
}

static int check_edges(struct check *c, u32 block)
{
	const struct ir_fn *fn = c->fn;
	const struct ir_block *b = fn->blocks[block];
	const struct ir_insn *term;
	u32 want;

	if (!b->last || !(ir_flags(ir_term(fn, block)) & IR_OP_TERM))
		return err_set(c->err, -EFAULT, "b%u does not end in a jump", block);
	term = ir_term(fn, block);
	want = term->op == IR_BR ? 2 : term->op == IR_JMP;
	if (b->nsucc != want)
		return err_set(c->err, -EFAULT, "b%u has %u successors, its end %u", block,
			       b->nsucc, want);
	if (want == 2 && b->succ[0] == b->succ[1])
		return err_set(c->err, -EFAULT, "both ways from b%u are the same", block);
	for (u32 i = 0; i < b->nsucc; i++)
		if (ir_pred_index(fn, b->succ[i], block) == UINT32_MAX)
			return err_set(c->err, -EFAULT, "b%u does not know that b%u goes to it",
				       b->succ[i], block);
	for (u32 i = 0; i < b->npreds; i++) {
		const struct ir_block *pred = fn->blocks[b->preds[i]];

		if (!(pred->nsucc > 0 && pred->succ[0] == block) &&
		    !(pred->nsucc > 1 && pred->succ[1] == block))
			return err_set(c->err, -EFAULT, "b%u does not go to b%u", b->preds[i],
				       block);
	}
	return 0;
}

/* Whether @def is there when @block (before @before, or at its end) is reached. */
static bool is_available(const struct ir_fn *fn, ir_ref def, u32 block, ir_ref before)
{
	u32 at = ir_at(fn, def)->block;

	if (ir_is_literal(fn, def))
		return true;
	if (at == UINT32_MAX)
		return false;
	if (at != block || !before)
		return ir_dominates(fn, at, block);
	for (ir_ref ref = ir_at(fn, before)->prev; ref; ref = ir_at(fn, ref)->prev)
		if (ref == def)
			return true;
	return false;
}

static int check_operands(struct check *c, ir_ref ref)
{
	const struct ir_fn *fn = c->fn;
	struct ir_insn *insn = ir_at(fn, ref);
	u32 n = ir_nargs(fn, insn);
	bool optional = ir_flags(insn) & IR_OP_CALL;

	for (u32 i = 0; i < n; i++) {
		ir_ref arg = *ir_arg(insn, i);
		bool phi = insn->op == IR_PHI;
		bool may_miss = optional || (ir_flags(insn) & IR_OP_MEM && i != 0 && i != 2);

		if (!arg && may_miss)
			continue;
		if (!arg || arg >= fn->ninsns)
			return broken(c, ref, "an operand is missing");
		if (ir_flags(ir_at(fn, arg)) & IR_OP_VOID)
			return broken(c, ref, "an operand has no value");
		if (!is_available(fn, arg, phi ? fn->blocks[insn->block]->preds[i] : insn->block,
				  phi ? 0 : ref))
			return broken(c, ref, "an operand is not there yet");
	}
	return 0;
}

static int check_insn(struct check *c, u32 block, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(c->fn, ref);
	u16 flags = ir_flags(insn);

	if (insn->block != block)
		return broken(c, ref, "names another block");
	if (insn->next && ir_at(c->fn, insn->next)->prev != ref)
		return broken(c, ref, "is not linked well");
	if (flags & IR_OP_TERM && insn->next)
		return broken(c, ref, "stands before the end");
	if (insn->op == IR_PHI && insn->prev && ir_at(c->fn, insn->prev)->op != IR_PHI)
		return broken(c, ref, "stands behind what is no phi");
	if (insn->op == IR_COPY || insn->op == IR_CONST || insn->op == IR_ADDR)
		return broken(c, ref, "stands in a block");
	if (flags & IR_OP_W && insn->width != 4 && insn->width != 8)
		return broken(c, ref, "has no width");
	if (flags & IR_OP_CC && insn->cmp_width != 4 && insn->cmp_width != 8)
		return broken(c, ref, "has no width of comparison");
	if (flags & IR_OP_MEM && insn->op != IR_LEA &&
	    (!insn->size || insn->size > 8 || insn->size & (insn->size - 1)))
		return broken(c, ref, "has no size");
	if (insn->umin > insn->umax)
		return broken(c, ref, "has an empty range");
	return check_operands(c, ref);
}

/* Whether what is taken for the order of the blocks still is that. */
static int check_order(struct check *c, struct ir_fn *fn)
{
	u32 n = fn->ordered ? fn->norder : 0;
	u32 *before = mem_dup(fn->arena->mem, fn->order, n * sizeof(*before));
	bool same;

	ir_graph_changed(fn);
	ir_cfg(fn);
	if (!before || fn->failed) {
		mem_free(fn->arena->mem, before);
		return -ENOMEM;
	}
	same = !n || (n == fn->norder && !memcmp(before, fn->order, n * sizeof(*before)));
	mem_free(fn->arena->mem, before);
	return same ? 0 : err_set(c->err, -EFAULT, "edges changed and nobody was told");
}

int ir_check(struct ir_fn *fn, struct err *err)
{
	struct check c = {.fn = fn, .err = err};
	int ret;

	if (fn->failed)
		return -ENOMEM;
	ret = check_order(&c, fn);
	if (ret)
		return ret;
	if (fn->blocks[0]->npreds)
		return err_set(err, -EFAULT, "the entry has a predecessor");
	for (u32 i = 0; i < fn->norder && !ret; i++) {
		ret = check_edges(&c, fn->order[i]);
		if (ret)
			break;
		ir_each (fn, fn->order[i], ref) {
			ret = check_insn(&c, fn->order[i], ref);
			if (ret)
				break;
		}
	}
	return ret;
}

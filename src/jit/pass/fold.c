/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Computes what is known now, simplifies, and merges equal values. One walk
 * over the tree of dominators, children in reverse postorder: every operand but
 * those of phis by back edges has been visited before its use, and what was
 * noted in a block holds in all below it. The range that a branch proves is
 * written into the value itself for that time.
 */
#include <string.h>

#include "jit/pass/fold.h"
#include "jit/pass/pass.h"

/* ---- what is known of bits ---- */

static u64 ones_of_low(const struct fold *f, ir_ref ref, u8 width)
{
	return fold_ones(f, ref) & width_mask(width);
}

static u64 shift_ones(const struct fold *f, const struct ir_insn *insn)
{
	u64 a = ones_of_low(f, insn->arg[0], insn->width), n;

	if (!fold_const(f, insn->arg[1], &n))
		return width_mask(insn->width);
	n &= insn->width * 8u - 1;
	if (insn->op == IR_SHL)
		return a << n & width_mask(insn->width);
	return insn->op == IR_SHR ? a >> n : width_mask(insn->width);
}

static u64 compute_ones(const struct fold *f, const struct ir_insn *insn)
{
	u64 a, b;

	switch (insn->op) {
	case IR_AND:
		return fold_ones(f, insn->arg[0]) & ones_of_low(f, insn->arg[1], insn->width);
	case IR_OR:
	case IR_XOR:
		a = fold_ones(f, insn->arg[0]) | fold_ones(f, insn->arg[1]);
		return a & width_mask(insn->width);
	case IR_ADD: /* low bits that are zero in both stay so */
	case IR_SUB:
	case IR_MUL:
		a = fold_ones(f, insn->arg[0]);
		b = fold_ones(f, insn->arg[1]);
		a = insn->op == IR_MUL ? (a & -a) * (b & -b) : a | b;
		return -(a & -a) & width_mask(insn->width);
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		return shift_ones(f, insn);
	case IR_ZEXT8:
		return fold_ones(f, insn->arg[0]) & UINT8_MAX;
	case IR_ZEXT16:
		return fold_ones(f, insn->arg[0]) & UINT16_MAX;
	case IR_ZEXT32:
		return fold_ones(f, insn->arg[0]) & UINT32_MAX;
	case IR_SELECT:
		return fold_ones(f, insn->arg[2]) | fold_ones(f, insn->arg[3]);
	default:
		return UINT64_MAX;
	}
}

u64 fold_ones(const struct fold *f, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);
	u64 within;

	if (insn->op == IR_CONST)
		return (u64)insn->imm;
	if (insn->op == IR_ADDR)
		return UINT64_MAX;
	within = bits_below(insn->umax);
	return ref < f->ones.len && f->ones.at[ref] ? within & f->ones.at[ref] : within;
}

static void note_ones(struct fold *f, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);
	u64 ones = compute_ones(f, insn);

	if (ones == UINT64_MAX)
		return;
	if (f->ones.len <= ref) {
		size_t more = ref + 1 - f->ones.len;

		if (!vec_reserve(&f->ones, f->mem, more)) {
			f->failed = true;
			return;
		}
		memset(f->ones.at + f->ones.len, 0, more * sizeof(u64));
		f->ones.len += more;
	}
	f->ones.at[ref] = ones;
}

/* What range and bits of an instruction say. */
static void note_result(struct fold *f, ir_ref ref)
{
	struct ir_insn *insn = ir_at(f->fn, ref);

	range_update(f->fn, insn);
	if (!(ir_flags(insn) & IR_OP_PURE))
		return;
	note_ones(f, ref);
	insn->umax = u64_max(insn->umin, u64_min(insn->umax, fold_ones(f, ref)));
}

void fold_refine(struct fold *f, ir_ref ref, struct range range)
{
	struct ir_insn *insn = ir_at(f->fn, ref);
	struct fold_undo undo = {ref, {insn->umin, insn->umax}};

	range = range_both(undo.was, range);
	if (insn->op == IR_CONST || insn->op == IR_ADDR ||
	    (range.min == insn->umin && range.max == insn->umax))
		return;
	if (!vec_push(&f->undos, f->mem, undo)) {
		f->failed = true;
		return;
	}
	insn->umin = range.min;
	insn->umax = range.max;
}

/* ---- equal values ---- */

void fold_add_entry(struct fold *f, u32 hash, ir_ref key, ir_ref value, u32 extra)
{
	u32 *head = &f->heads[hash & f->heads_mask];
	struct fold_entry entry = {hash, *head, key, value, extra};

	if (vec_push(&f->entries, f->mem, entry))
		*head = (u32)f->entries.len - 1;
	else
		f->failed = true;
}

/* The width, where it counts. */
static u8 width_of(const struct ir_insn *insn)
{
	return ir_flags(insn) & IR_OP_W ? insn->width : 8;
}

static u32 value_hash(const struct fold *f, const struct ir_insn *insn)
{
	u32 hash = fold_mix(insn->op | (u32)width_of(insn) << 8 | (u32)insn->scale << 16,
			    insn->cc | (u32)insn->cmp_width << 8);
	u32 n = ir_nargs(f->fn, insn);

	if (insn->op == IR_PHI) {
		hash = fold_mix(hash, insn->block);
		for (u32 i = 0; i < n; i++)
			hash = fold_mix(hash, insn->phi[i]);
		return hash & ~3u;
	}
	for (u32 i = 0; i < n; i++)
		hash = fold_mix(hash, insn->arg[i]);
	return fold_mix(hash, (u32)insn->imm ^ (u32)insn->disp) & ~3u;
}

static bool same_value(const struct fold *f, const struct ir_insn *a, const struct ir_insn *b)
{
	u32 n = ir_nargs(f->fn, a);

	if (a->op != b->op || width_of(a) != width_of(b) || a->cc != b->cc ||
	    a->scale != b->scale || a->cmp_width != b->cmp_width || a->imm != b->imm ||
	    a->disp != b->disp)
		return false;
	if (a->op == IR_PHI)
		return a->block == b->block && !memcmp(a->phi, b->phi, n * sizeof(ir_ref));
	return !memcmp(a->arg, b->arg, n * sizeof(ir_ref));
}

static ir_ref find_value(const struct fold *f, const struct ir_insn *insn, u32 hash)
{
	fold_each (f, hash, e) {
		const struct fold_entry *entry = &f->entries.at[e];

		if (entry->hash == hash && same_value(f, ir_at(f->fn, entry->key), insn))
			return entry->value;
	}
	return 0;
}

/* ---- simplifying ---- */

ir_ref fold_become(struct fold *f, struct ir_insn *insn, enum ir_op op, u8 width, ir_ref a,
		   ir_ref b)
{
	insn->op = (u8)op;
	insn->width = width & 0xfu;
	insn->flags = 0;
	memset(insn->arg, 0, sizeof(insn->arg));
	insn->arg[0] = a;
	insn->arg[1] = b;
	insn->cc = insn->scale = 0;
	insn->cmp_width = 0;
	insn->disp = 0;
	insn->imm = 0;
	return fold_again(f);
}

ir_ref fold_become_by(struct fold *f, struct ir_insn *insn, enum ir_op op, u8 width, ir_ref a,
		      u64 by)
{
	return fold_become(f, insn, op, width, a, fold_number(f, by));
}

ir_ref fold_low(struct fold *f, ir_ref ref, u8 width)
{
	return width == 4 ? fold_unary(f, IR_ZEXT32, 8, ref) : ref;
}

/* Constants stand on the right of all, then addresses. */
static u32 operand_rank(const struct fold *f, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);

	return insn->op == IR_CONST ? 2 : insn->op == IR_ADDR;
}

/* Operands that may be swapped in one order; constants without bits that do not count. */
static void order_operands(struct fold *f, struct ir_insn *insn)
{
	u64 c;

	if (ir_flags(insn) & IR_OP_COMM) {
		ir_ref a = insn->arg[0], b = insn->arg[1];
		u32 rank_a = operand_rank(f, a), rank_b = operand_rank(f, b);

		if (rank_a > rank_b || (rank_a == rank_b && a > b)) {
			insn->arg[0] = b;
			insn->arg[1] = a;
		}
	}
	if (!(ir_flags(insn) & IR_OP_W) || insn->width != 4)
		return;
	for (u32 i = 0; i < ir_ops[insn->op].args; i++)
		if (fold_const(f, insn->arg[i], &c) && c > UINT32_MAX)
			insn->arg[i] = fold_number(f, (u32)c);
}

/* The constant that it is, when all operands are. */
static ir_ref evaluate(struct fold *f, const struct ir_insn *insn)
{
	u32 n = ir_nargs(f->fn, insn);
	u64 args[IR_MAX_ARGS] = {0}, result;

	if (!n || insn->op == IR_PHI || !(ir_flags(insn) & IR_OP_PURE))
		return 0;
	for (u32 i = 0; i < n; i++)
		if (!fold_const(f, insn->arg[i], &args[i]))
			return 0;
	return ir_eval(insn, args, &result) ? fold_number(f, result) : 0;
}

static fold_rule rule_of(enum ir_op op)
{
	if (fold_arith_rules[op])
		return fold_arith_rules[op];
	return fold_bits_rules[op] ? fold_bits_rules[op] : fold_flow_rules[op];
}

ir_ref fold_simplify(struct fold *f, struct ir_insn *insn)
{
	for (u32 round = 0; round < 32; round++) {
		fold_rule rule = rule_of(insn->op);
		ir_ref value;

		f->again = false;
		if (ir_flags(insn) & IR_OP_PURE && ir_ops[insn->op].args <= 2)
			order_operands(f, insn);
		value = evaluate(f, insn);
		if (!value && rule)
			value = rule(f, insn);
		if (value)
			return value;
		if (!f->again)
			return 0;
		f->changed = true;
	}
	return 0;
}

ir_ref fold_make(struct fold *f, struct ir_insn insn)
{
	bool again = f->again;
	ir_ref value;
	u32 hash;

	insn.umin = 0;
	insn.umax = UINT64_MAX;
	value = fold_simplify(f, &insn);
	f->again = again;
	if (value)
		return value;
	hash = value_hash(f, &insn);
	value = find_value(f, &insn, hash);
	if (value)
		return value;
	insn.pc = ir_at(f->fn, f->at)->pc;
	value = ir_insert(f->fn, f->at, insn);
	note_result(f, value);
	fold_add_entry(f, hash, value, value, 0);
	return value;
}

/* ---- the walk ---- */

static void replace(struct fold *f, ir_ref ref, ir_ref by)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);
	struct ir_insn *made = ir_at(f->fn, by);
	struct range range = {insn->umin, insn->umax};

	if (by >= f->fresh && !ir_is_literal(f->fn, by)) { /* it stands at the same place */
		range = range_both(range_of(f->fn, by), range);
		made->umin = range.min;
		made->umax = range.max;
	} else {
		fold_refine(f, by, range);
	}
	ir_replace(f->fn, ref, by);
	f->changed = true;
}

/* A value of which one number is left is that number. */
static ir_ref known(struct fold *f, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(f->fn, ref);

	if (!ref || insn->umin != insn->umax || insn->op == IR_CONST || insn->op == IR_ADDR)
		return ref;
	f->changed = true;
	return fold_number(f, insn->umin);
}

static void resolve_args(struct fold *f, struct ir_insn *insn)
{
	u32 n = ir_nargs(f->fn, insn);

	for (u32 i = 0; i < n; i++) {
		ir_ref *arg = ir_arg(insn, i);

		*arg = ir_resolve(f->fn, *arg);
		if (insn->op != IR_PHI)
			*arg = known(f, *arg);
	}
}

/* A phi that can only be one value is that. */
static ir_ref phi_value(const struct fold *f, ir_ref ref)
{
	const struct ir_insn *phi = ir_at(f->fn, ref);
	u32 n = ir_nargs(f->fn, phi);
	ir_ref one = 0;

	for (u32 i = 0; i < n; i++) {
		if (phi->phi[i] == ref || phi->phi[i] == one)
			continue;
		if (one)
			return 0;
		one = phi->phi[i];
	}
	return one;
}

static bool may_replace(const struct ir_insn *insn)
{
	if (insn->op == IR_LOAD)
		return !(insn->flags & (IR_VOLATILE | IR_PROBE));
	return ir_flags(insn) & IR_OP_PURE;
}

static void visit_value(struct fold *f, ir_ref ref)
{
	struct ir_insn *insn = ir_at(f->fn, ref);
	ir_ref equal;
	u32 hash;

	note_result(f, ref);
	if (insn->umin == insn->umax && may_replace(insn)) {
		replace(f, ref, fold_number(f, insn->umin));
		return;
	}
	if (!(ir_flags(insn) & IR_OP_PURE) || insn->op == IR_UNDEF)
		return;
	hash = value_hash(f, insn);
	equal = find_value(f, insn, hash);
	if (equal)
		replace(f, ref, equal);
	else
		fold_add_entry(f, hash, ref, ref, 0);
}

static void visit(struct fold *f, ir_ref ref)
{
	struct ir_insn *insn = ir_at(f->fn, ref);
	ir_ref value;

	f->at = ref;
	f->fresh = f->fn->next;
	resolve_args(f, insn);
	value = insn->op == IR_PHI ? phi_value(f, ref) : fold_simplify(f, insn);
	if (!value && ir_flags(insn) & (IR_OP_READ | IR_OP_WRITE))
		value = fold_memory_access(f, ref);
	if (value)
		replace(f, ref, value);
	else if (!(ir_flags(insn) & IR_OP_VOID))
		visit_value(f, ref);
}

static void leave_to(struct fold *f, u32 number)
{
	while (f->scopes.len && f->scopes.at[f->scopes.len - 1].last < number) {
		const struct fold_scope *scope = &f->scopes.at[--f->scopes.len];

		while (f->entries.len > scope->entries) {
			const struct fold_entry *entry = &f->entries.at[--f->entries.len];

			f->heads[entry->hash & f->heads_mask] = entry->next;
		}
		while (f->undos.len > scope->undos) {
			const struct fold_undo *undo = &f->undos.at[--f->undos.len];

			ir_at(f->fn, undo->ref)->umin = undo->was.min;
			ir_at(f->fn, undo->ref)->umax = undo->was.max;
		}
	}
}

static void enter(struct fold *f, u32 block)
{
	const struct ir_block *b = ir_block(f->fn, block), *pred;
	struct fold_scope scope = {b->dom_out, f->entries.len, f->undos.len};

	if (!vec_push(&f->scopes, f->mem, scope))
		f->failed = true;
	fold_memory_enter(f, block);
	if (b->npreds != 1)
		return;
	pred = ir_block(f->fn, b->preds[0]);
	if (pred->nsucc == 2)
		fold_assume(f, ir_term(f->fn, b->preds[0]), pred->succ[1] == block);
}

/*
 * Whether only a branch that was decided on this walk led to it. The phis of
 * such a loop have nothing left but what they make themselves.
 */
static bool is_dead(const struct fold *f, u32 block)
{
	const struct ir_block *b = ir_block(f->fn, block);

	for (u32 i = 0; i < b->npreds; i++)
		if (!f->dead[b->preds[i]] && !ir_dominates(f->fn, block, b->preds[i]))
			return false;
	return block;
}

static void visit_block(struct fold *f, u32 block)
{
	leave_to(f, ir_block(f->fn, block)->dom_in);
	enter(f, block);
	f->dead[block] = is_dead(f, block);
	if (f->dead[block])
		return;
	ir_each (f->fn, block, ref) {
		visit(f, ref);
		if (f->failed || f->fn->failed)
			return;
	}
	fold_memory_leave(f, block);
}

static bool open_tables(struct fold *f)
{
	u32 size = 64;

	while (size < f->fn->ninsns && size < 2 * FOLD_WINDOW)
		size *= 2;
	f->heads = mem_zalloc_array(f->mem, size, sizeof(*f->heads));
	f->heads_mask = size - 1;
	f->dead = mem_zalloc_array(f->mem, f->fn->nblocks, sizeof(*f->dead));
	return f->heads && f->dead && vec_push(&f->entries, f->mem, (struct fold_entry){0}) &&
	       fold_memory_open(f);
}

/* Blocks by their number in the tree of dominators. */
static u32 *tree_order(struct fold *f)
{
	u32 *blocks = mem_zalloc_array(f->mem, f->fn->norder, sizeof(*blocks));

	for (u32 i = 0; blocks && i < f->fn->norder; i++)
		blocks[ir_block(f->fn, f->fn->order[i])->dom_in] = f->fn->order[i];
	return blocks;
}

bool pass_fold(struct ir_fn *fn)
{
	struct fold f = {.fn = fn, .mem = fn->arena->mem};
	u32 *blocks = tree_order(&f), n = fn->norder;

	ir_count_uses(fn);
	f.failed = !blocks || !open_tables(&f);
	for (u32 i = 0; i < n && !f.failed; i++)
		visit_block(&f, blocks[i]);
	leave_to(&f, UINT32_MAX);
	fn->failed |= f.failed;
	mem_free(f.mem, blocks);
	mem_free(f.mem, f.heads);
	mem_free(f.mem, f.dead);
	vec_free(&f.entries, f.mem);
	vec_free(&f.undos, f.mem);
	vec_free(&f.scopes, f.mem);
	vec_free(&f.ones, f.mem);
	fold_memory_close(&f);
	return f.changed;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tidying up: what passes leave behind goes. Every walk follows the order of
 * the blocks, which is about the order in which instructions lie in memory:
 * following operands instead would wait for memory at every step in functions
 * larger than the caches.
 */
#include "base/vec.h"
#include "jit/ir/ir.h"

/* ---- blocks ---- */

static void drop_unreachable(struct ir_fn *fn)
{
	for (u32 i = 0; i < fn->nblocks; i++) {
		struct ir_block *b = fn->blocks[i];

		if (b->order != UINT32_MAX || !b->first)
			continue;
		for (u32 s = 0; s < b->nsucc; s++)
			ir_edge_remove(fn, i, b->succ[s]);
		ir_each (fn, i, ref)
			ir_at(fn, ref)->block = UINT32_MAX;
		b->nsucc = 0;
		b->first = b->last = 0;
	}
	fn->ordered = true; /* those edges were in no way that counts */
}

/* ---- phis ---- */

/* A phi that uses another one. */
struct phi_user {
	ir_ref phi;
	u32 next; /* index + 1 */
};

struct phi_users {
	u32 first, last, n;
};

struct phis {
	struct ir_fn *fn;
	struct phi_users *users; /* by value */
	VEC(struct phi_user) pool;
	VEC(ir_ref) work;
	bool failed;
};

#define each_phi(fn, block, ref)                                                                   \
	ir_each (fn, block, ref)                                                                   \
		if (ir_at(fn, ref)->op != IR_PHI)                                                  \
			break;                                                                     \
		else

ir_ref ir_phi_value(const struct ir_fn *fn, ir_ref ref)
{
	const struct ir_insn *phi = ir_at(fn, ref);
	u32 n = fn->blocks[phi->block]->npreds;
	ir_ref one = 0;

	for (u32 i = 0; i < n; i++) {
		ir_ref arg = ir_resolve(fn, phi->phi[i]);

		if (arg == ref || arg == one)
			continue;
		if (one)
			return 0;
		one = arg;
	}
	return one;
}

static bool drop_phi(struct ir_fn *fn, ir_ref ref)
{
	ir_ref one = ir_phi_value(fn, ref);

	if (one)
		ir_replace(fn, ref, one);
	return one;
}

/* Whether a way around a loop leads into the block. */
static bool is_reentered(const struct ir_fn *fn, u32 block)
{
	const struct ir_block *b = fn->blocks[block];

	for (u32 i = 0; i < b->npreds; i++)
		if (fn->blocks[b->preds[i]]->order >= b->order)
			return true;
	return false;
}

/* True when a phi that was looked at before is left with one value by one that went later. */
static bool drop_phis_once(struct phis *p)
{
	struct ir_fn *fn = p->fn;
	bool any = false;

	ir_each_block (fn, b) {
		bool around = ir_at(fn, fn->blocks[b]->first)->op == IR_PHI && is_reentered(fn, b);

		each_phi (fn, b, ref) {
			if (drop_phi(fn, ref))
				any = true;
			else if (around && !vec_push(&p->work, fn->arena->mem, ref))
				p->failed = true;
		}
	}
	for (u32 i = 0; i < p->work.len && any; i++)
		if (ir_phi_value(fn, p->work.at[i]))
			return true;
	return false;
}

static void add_user(struct phis *p, ir_ref value, ir_ref phi)
{
	struct phi_users *users = &p->users[value];

	if (!vec_push(&p->pool, p->fn->arena->mem, (struct phi_user){phi, users->first})) {
		p->failed = true;
		return;
	}
	users->first = (u32)p->pool.len;
	if (!users->n++)
		users->last = users->first;
}

static bool find_users(struct phis *p)
{
	struct ir_fn *fn = p->fn;

	p->users = mem_zalloc_array(fn->arena->mem, fn->ninsns, sizeof(*p->users));
	if (!p->users)
		return false;
	ir_each_block (fn, b) {
		each_phi (fn, b, ref) {
			for (u32 i = 0; i < fn->blocks[b]->npreds; i++) {
				ir_ref arg = ir_resolve(fn, ir_at(fn, ref)->phi[i]);

				if (ir_at(fn, arg)->op == IR_PHI && arg != ref)
					add_user(p, arg, ref);
			}
		}
	}
	return !p->failed;
}

/*
 * @from went and stands for @to. Who uses both may go as well: they are in
 * both lists, so that the shorter one is enough.
 */
static void look_at_users(struct phis *p, ir_ref from, ir_ref to)
{
	struct phi_users *gone = &p->users[from], *users = &p->users[to];
	bool joined = ir_at(p->fn, to)->op == IR_PHI;
	const struct phi_users *fewer = joined && users->n < gone->n ? users : gone;

	for (u32 u = fewer->first; u; u = p->pool.at[u - 1].next)
		if (!vec_push(&p->work, p->fn->arena->mem, p->pool.at[u - 1].phi))
			p->failed = true;
	if (!joined || !gone->n)
		return;
	p->pool.at[gone->last - 1].next = users->first;
	users->first = gone->first;
	if (!users->n)
		users->last = gone->last;
	users->n += gone->n;
}

/* All that the ways around loops bring with them: each that goes, and then what uses it. */
static void drop_phis_around(struct phis *p)
{
	struct ir_fn *fn = p->fn;

	if (!find_users(p)) {
		p->failed = true;
		return;
	}
	while (p->work.len && !p->failed) {
		ir_ref ref = p->work.at[--p->work.len];

		if (ir_at(fn, ref)->op == IR_PHI && drop_phi(fn, ref))
			look_at_users(p, ref, ir_resolve(fn, ref));
	}
}

/*
 * A phi that goes may leave another with one value, before it by way of a loop.
 * None must be left, or one would become a literal after literals have been
 * given registers.
 */
static void drop_phis(struct ir_fn *fn)
{
	struct phis p = {.fn = fn};

	if (drop_phis_once(&p))
		drop_phis_around(&p);
	fn->failed |= p.failed;
	mem_free(fn->arena->mem, p.users);
	vec_free(&p.pool, fn->arena->mem);
	vec_free(&p.work, fn->arena->mem);
}

/* ---- dead values ---- */

struct sweep {
	struct ir_fn *fn;
	u64 *live;	  /* bit set, by value */
	VEC(ir_ref) work; /* live values whose operands are not marked yet */
	u32 dead;
};

static bool has_effect(const struct ir_insn *insn)
{
	u16 flags = ir_flags(insn);

	if (insn->op == IR_MOVE)
		return true;
	if (flags & IR_OP_CALL)
		return !(insn->flags & IR_PURE_CALL);
	return flags & (IR_OP_WRITE | IR_OP_TERM);
}

static bool is_live(const struct sweep *s, ir_ref ref)
{
	return s->live[ref / 64] >> ref % 64 & 1;
}

/* Operands of a live instruction; those that were passed before get their turn later. */
static void mark_args(struct sweep *s, struct ir_insn *insn, bool later, u32 order)
{
	struct ir_fn *fn = s->fn;
	u32 n = ir_nargs(fn, insn);

	for (u32 i = 0; i < n; i++) {
		ir_ref *arg = ir_arg(insn, i);
		const struct ir_insn *def;

		*arg = ir_resolve(fn, *arg);
		if (is_live(s, *arg))
			continue;
		s->live[*arg / 64] |= BIT_ULL(*arg % 64);
		if (!later)
			continue;
		def = ir_at(fn, *arg);
		if (def->block != UINT32_MAX && fn->blocks[def->block]->order >= order &&
		    !vec_push(&s->work, fn->arena->mem, *arg))
			fn->failed = true;
	}
}

/* Uses come before what they use, but for phis of loops. */
static void mark_block(struct sweep *s, u32 block)
{
	const struct ir_block *b = s->fn->blocks[block];

	for (ir_ref ref = b->last; ref; ref = ir_at(s->fn, ref)->prev) {
		struct ir_insn *insn = ir_at(s->fn, ref);

		if (has_effect(insn))
			s->live[ref / 64] |= BIT_ULL(ref % 64);
		if (is_live(s, ref))
			mark_args(s, insn, insn->op == IR_PHI, b->order);
		else
			s->dead++;
	}
}

static void drop_dead(struct ir_fn *fn)
{
	struct sweep s = {.fn = fn};

	s.live = mem_zalloc_array(fn->arena->mem, fn->ninsns / 64 + 1, sizeof(u64));
	if (!s.live) {
		fn->failed = true;
		return;
	}
	for (u32 i = fn->norder; i-- > 0;)
		mark_block(&s, fn->order[i]);
	while (s.work.len)
		mark_args(&s, ir_at(fn, s.work.at[--s.work.len]), true, 0);
	ir_each_block (fn, b) {
		if (!s.dead)
			break;
		ir_each (fn, b, ref)
			if (!is_live(&s, ref))
				ir_remove(fn, ref);
	}
	vec_free(&s.work, fn->arena->mem);
	mem_free(fn->arena->mem, s.live);
}

void ir_clean(struct ir_fn *fn)
{
	ir_order(fn);
	if (!fn->failed)
		drop_unreachable(fn);
	if (!fn->failed)
		drop_phis(fn);
	if (!fn->failed)
		drop_dead(fn);
}

/*
 * A definition comes before its uses, and its count starts there; but phis use
 * what comes behind them by way of loops, and get their turn at the end.
 */
void ir_count_uses(struct ir_fn *fn)
{
	ir_order(fn);
	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			struct ir_insn *insn = ir_at(fn, ref);
			u32 args = insn->op == IR_PHI ? 0 : ir_nargs(fn, insn);

			insn->uses = 0;
			for (u32 i = 0; i < args; i++)
				ir_at(fn, insn->arg[i])->uses++;
		}
	}
	ir_each_block (fn, b)
		each_phi (fn, b, ref)
			for (u32 i = 0; i < fn->blocks[b]->npreds; i++)
				ir_at(fn, ir_at(fn, ref)->phi[i])->uses++;
}

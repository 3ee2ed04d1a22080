/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uses of each value in the order of their positions, and from them, value by
 * value, where it lives: from each use upwards until its definition or a block
 * where it is known to live already. Registers that instructions take for
 * themselves are noted beside.
 */
#include <stdlib.h>
#include <string.h>

#include "jit/regalloc/regalloc.h"

/*
 * By how many edges a value comes into a block, over all of them:
 * programs have a few for each instruction. What has more, and would take
 * minutes, is not compiled.
 */
#define LIVE_MOST (1u << 24)

struct live {
	struct ra *ra;
	u64 total;		 /* see LIVE_MOST */
	struct ra_range *ranges; /* room for those of one value */
	/* For the value at hand: blocks (by index) at whose start it lives, and up to where. */
	u32 *seen; /* the value that saw it */
	u32 *until;
	u32 *list, n;
};

u32 ra_same_arg(const struct ir_insn *insn, const struct jit_constraints *c)
{
	u32 i = c->result.reg;

	if (c->result.place != PLACE_SAME || !insn->arg[i] || c->arg[i].place == PLACE_NONE)
		return IR_MAX_ARGS;
	return i;
}

void ra_constrain(const struct ra *ra, ir_ref ref, struct jit_constraints *c)
{
	const struct ir_insn *insn = ir_at(ra->fn, ref);
	u32 same;

	memset(c, 0, sizeof(*c));
	ra->target->constrain(ra->fn, insn, c);
	if (insn->op == IR_PARAM)
		c->result = (struct jit_operand){PLACE_FIXED, ra->target->arg_regs[insn->imm]};
	if (c->result.place != PLACE_SAME)
		return;
	same = ra_same_arg(insn, c);
	if (same == IR_MAX_ARGS)
		c->result.place = PLACE_REG;
	else if (c->arg[same].place == PLACE_FIXED)
		c->result = c->arg[same];
}

/* ---- uses ---- */

static bool is_remat(const struct ra *ra, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(ra->fn, ref);
	struct jit_constraints c;

	switch (insn->op) {
	case IR_IMM:
	case IR_FRAME:
	case IR_UNDEF:
		return true;
	case IR_LEA:
		ra_constrain(ra, ref, &c);
		return c.arg[0].place == PLACE_NONE && c.arg[1].place == PLACE_NONE &&
		       c.result.place == PLACE_REG && !c.clobbers;
	default:
		return false;
	}
}

static void count_uses(struct ra *ra)
{
	for (u32 i = 0; i < ra->nblocks; i++) {
		ir_each (ra->fn, ra->blocks[i], ref) {
			struct ir_insn *insn = ir_at(ra->fn, ref);
			u32 n = ir_nargs(ra->fn, insn);

			if (!(ir_flags(insn) & IR_OP_VOID))
				ra_value(ra, ref)->remat = is_remat(ra, ref);
			for (u32 k = 0; k < n; k++)
				ra_value(ra, *ir_arg(insn, k))->nuses++;
		}
	}
}

/* Room for all uses, each value's in a row. */
static bool place_uses(struct ra *ra)
{
	struct ra_use *uses;
	size_t n = 0;

	ra->values[0].nuses = 0; /* nobody asks for those */
	for (u32 i = 1; i <= ra->nvalues; i++)
		n += ra->values[i].nuses;
	uses = arena_alloc(&ra->arena, (n + 1) * sizeof(*uses));
	if (!uses)
		return false;
	for (u32 i = 1; i <= ra->nvalues; i++) {
		ra->values[i].uses = uses;
		uses += ra->values[i].nuses;
		ra->values[i].nuses = 0;
	}
	return true;
}

static void add_use(struct ra *ra, ir_ref value, struct ra_use use)
{
	struct ra_value *v = ra_value(ra, value);
	u32 i = v->nuses++;

	for (; i && v->uses[i - 1].pos > use.pos; i--) /* of the same instruction */
		v->uses[i] = v->uses[i - 1];
	v->uses[i] = use;
}

static void add_fixed(struct ra *ra, u32 reg, u32 from, u32 to, ir_ref owner)
{
	struct ra_reg *r = &ra->regs[reg];
	struct ra_fixed *last = r->fixed.len ? &r->fixed.at[r->fixed.len - 1] : NULL;

	ra->used |= BIT(reg);
	if (last && from < last->to)
		from = last->to;
	if (from >= to)
		return;
	if (last && last->to == from && last->owner == owner)
		last->to = to;
	else if (!vec_push(&r->fixed, ra->mem, (struct ra_fixed){from, to, owner}))
		ra->failed = true;
}

/* Operand @i, which the result does not overwrite. */
static void arg_use(struct ra *ra, const struct ir_insn *insn, const struct jit_constraints *c,
		    u32 i, u32 base)
{
	ir_ref arg = insn->arg[i];
	bool late = c->late_args & BIT(i), remat = ra_value(ra, arg)->remat;
	u32 at = base + (late ? AT_DEF : AT_USE);

	if (c->arg[i].place == PLACE_FIXED) {
		if (!remat)
			add_use(ra, arg, (struct ra_use){base - 1, 0, USE_MOVE, c->arg[i].reg});
		add_fixed(ra, c->arg[i].reg, base, at + 1, remat ? 0 : arg);
		return;
	}
	add_use(ra, arg,
		(struct ra_use){at, 0, c->arg[i].place == PLACE_ANY ? USE_ANY : USE_REG, NO_REG});
}

static void define(struct ra *ra, ir_ref ref, const struct jit_constraints *c, u32 same, u32 base)
{
	struct ra_value *v = ra_value(ra, ref);
	const struct ir_insn *insn = ir_at(ra->fn, ref);

	v->start = base + AT_DEF;
	switch (c->result.place) {
	case PLACE_FIXED:
		v->fixed = c->result.reg;
		v->start = base + AT_AFTER;
		add_fixed(ra, v->fixed, insn->op == IR_PARAM ? 0 : base + AT_DEF, base + AT_AFTER,
			  0);
		break;
	case PLACE_SAME:
		v->same = insn->arg[same];
		v->start = base;
		break;
	default:
		break;
	}
}

static void insn_uses(struct ra *ra, ir_ref ref, u32 base)
{
	const struct ir_insn *insn = ir_at(ra->fn, ref);
	u32 n = ir_nargs(ra->fn, insn), same = IR_MAX_ARGS;
	struct jit_constraints c;

	ra_constrain(ra, ref, &c);
	if (c.result.place == PLACE_SAME)
		same = c.result.reg;
	for (u32 i = 0; i < n; i++) {
		ir_ref arg = insn->arg[i];

		if (!arg || c.arg[i].place == PLACE_NONE)
			continue;
		if (same == IR_MAX_ARGS || arg != insn->arg[same] || c.arg[i].place == PLACE_FIXED)
			arg_use(ra, insn, &c, i, base);
		else if (i == same && !ra_value(ra, arg)->remat)
			add_use(ra, arg, (struct ra_use){base - 1, ref, USE_MOVE, NO_REG});
	}
	for (u32 regs = c.clobbers; regs; regs &= regs - 1)
		add_fixed(ra, (u32)__builtin_ctz(regs), base + AT_CLOBBER, base + AT_DEF, 0);
	if (!(ir_flags(insn) & IR_OP_VOID))
		define(ra, ref, &c, same, base);
	if (insn->op == IR_CALL || insn->op == IR_CALL_SUB)
		ra->fn->has_calls = true;
}

static void phi_uses(struct ra *ra, u32 from, u32 to, u32 end)
{
	u32 index = ir_pred_index(ra->fn, to, from);

	ir_each (ra->fn, to, ref) {
		const struct ir_insn *phi = ir_at(ra->fn, ref);

		if (phi->op != IR_PHI)
			break;
		if (!ra_value(ra, phi->phi[index])->remat)
			add_use(ra, phi->phi[index],
				(struct ra_use){end - 1, ref, USE_PHI, NO_REG});
	}
}

static void find_uses(struct ra *ra)
{
	for (u32 unit = 0; unit < ra->nunits; unit++) {
		u32 block = ra->blocks[ra->unit_block[unit]];
		const struct ir_block *b = ir_block(ra->fn, block);
		ir_ref ref = ra->unit_insn[unit];

		if (!ref) {
			for (ref = b->first; ir_at(ra->fn, ref)->op == IR_PHI;
			     ref = ir_at(ra->fn, ref)->next)
				ra_value(ra, ref)->start = unit * UNIT;
			continue;
		}
		insn_uses(ra, ref, unit * UNIT);
		for (u32 i = 0; ref == b->last && i < b->nsucc; i++)
			phi_uses(ra, block, b->succ[i], (unit + 1) * UNIT);
	}
}

/* ---- ranges ---- */

static void live_in(struct live *l, ir_ref ref, u32 block, u32 until)
{
	if (l->seen[block] == ref) {
		if (l->until[block] < until)
			l->until[block] = until;
		return;
	}
	l->seen[block] = ref;
	l->until[block] = until;
	l->list[l->n++] = block;
}

static int by_number(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Upwards from all blocks at whose start it lives; returns how far it lives in its own block. */
static u32 walk_up(struct live *l, ir_ref ref, u32 home, u32 until)
{
	const struct ra *ra = l->ra;

	for (u32 i = 0; i < l->n && l->total <= LIVE_MOST; i++) {
		const struct ir_block *b = ir_block(ra->fn, ra->blocks[l->list[i]]);

		l->total += b->npreds;
		for (u32 k = 0; k < b->npreds; k++) {
			u32 pred;

			if (ir_block(ra->fn, b->preds[k])->order == UINT32_MAX)
				continue;
			pred = ra->index[b->preds[k]];
			if (pred == home)
				until = ra->start[home + 1];
			else
				live_in(l, ref, pred, ra->start[pred + 1]);
		}
	}
	return until;
}

static bool make_ranges(struct live *l, struct ra_value *v, u32 until)
{
	const struct ra *ra = l->ra;
	struct ra_range *r = l->ranges;

	if (l->n)
		qsort(l->list, l->n, sizeof(*l->list), by_number);
	*r = (struct ra_range){v->start, until};
	for (u32 i = 0; i < l->n; i++) {
		u32 from = ra->start[l->list[i]], to = l->until[l->list[i]];

		if (from == r->to)
			r->to = to;
		else
			*++r = (struct ra_range){from, to};
	}
	v->nranges = (u32)(r - l->ranges) + 1;
	v->one = l->ranges[0];
	v->ranges = v->nranges == 1 ? &v->one
				    : arena_dup(&l->ra->arena, l->ranges, v->nranges * sizeof(*r));
	return v->ranges;
}

static bool value_ranges(struct live *l, ir_ref ref)
{
	const struct ra *ra = l->ra;
	struct ra_value *v = ra_value(l->ra, ref);
	u32 home = block_at(ra, v->start), until = v->start + 1;

	if (until < gap_of(v->start) + AT_AFTER && ra->unit_insn[unit_of(v->start)])
		until = gap_of(v->start) +
			AT_AFTER; /* the result is written, whatever becomes of it */
	l->n = 0;
	for (u32 i = 0; i < v->nuses; i++) {
		u32 pos = v->uses[i].pos, block = block_at(ra, pos);

		if (block == home)
			until = pos + 1 > until ? pos + 1 : until;
		else
			live_in(l, ref, block, pos + 1);
	}
	until = walk_up(l, ref, home, until);
	l->ra->too_large |= l->total > LIVE_MOST;
	return !l->ra->too_large && make_ranges(l, v, until);
}

/* ---- intervals ---- */

/* Results of fixed registers and phis come by moves, which can go to memory. */
bool ra_def_needs_reg(const struct ra *ra, ir_ref ref)
{
	return ir_at(ra->fn, ref)->op != IR_PHI && ra_value(ra, ref)->fixed == NO_REG &&
	       !ra_value(ra, ref)->remat;
}

static void add_interval(struct live *l, ir_ref ref)
{
	struct ra *ra = l->ra;
	struct ra_value *v = ra_value(ra, ref);
	struct ra_interval *it;

	if (ra->failed || ir_flags(ir_at(ra->fn, ref)) & IR_OP_VOID ||
	    (!v->nuses && !ra_def_needs_reg(ra, ref)))
		return;
	if (!value_ranges(l, ref)) {
		ra->failed = true;
		return;
	}
	it = &ra->intervals[ra->nintervals++];
	*it = (struct ra_interval){
		.value = ref,
		.start = v->start,
		.end = v->ranges[v->nranges - 1].to,
		.range = v->ranges,
		.at = v->ranges,
		.range_end = v->ranges + v->nranges,
		.use = v->uses,
		.use_end = v->uses + v->nuses,
		.loc = IR_LOC_NONE,
	};
	v->first = it;
}

static bool find_intervals(struct ra *ra)
{
	struct live l = {.ra = ra};

	l.seen = arena_zalloc_array(&ra->arena, ra->nblocks, sizeof(u32));
	l.until = arena_alloc(&ra->arena, ra->nblocks * sizeof(u32));
	l.list = arena_alloc(&ra->arena, ra->nblocks * sizeof(u32));
	l.ranges = arena_alloc(&ra->arena, (ra->nblocks + 1) * sizeof(*l.ranges));
	ra->intervals = arena_alloc(&ra->arena, (ra->nvalues + 1) * sizeof(*ra->intervals));
	if (!l.seen || !l.until || !l.list || !l.ranges || !ra->intervals)
		return false;
	for (u32 i = 0; i < ra->nblocks && !ra->failed; i++)
		ir_each (ra->fn, ra->blocks[i], ref)
			add_interval(&l, ref);
	return !ra->failed;
}

/* ---- operands that may be exchanged ---- */

/* The range that reaches @base, or ends there. */
static struct ra_range *range_to(const struct ra_value *v, u32 base)
{
	u32 low = 0, high = v->nranges;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (v->ranges[mid].to < base)
			low = mid + 1;
		else
			high = mid;
	}
	return &v->ranges[low];
}

static bool lives_on(const struct ra_value *v, u32 base)
{
	return range_to(v, base)->to > base + AT_CLOBBER;
}

static bool goes_to_phi(const struct ra *ra, ir_ref value, ir_ref phi)
{
	const struct ra_value *v = ra_value(ra, value);

	for (u32 i = 0; i < v->nuses && i < 8; i++)
		if (v->uses[i].kind == USE_PHI && v->uses[i].to == phi)
			return true;
	return false;
}

/* Makes the use by the instruction at @base of the value that @it is (part of) another one. */
static void change_use(struct ra *ra, struct ra_interval *it, u32 base, struct ra_use to)
{
	struct ra_range *r = range_to(ra_value(ra, it->value), base);

	*ra_next_use(it, base - 1) = to;
	if (r->to > base + AT_CLOBBER)
		return; /* lives on */
	r->to = to.pos + 1;
	if (it->end <= base + AT_CLOBBER)
		it->end = r->to;
}

void ra_exchange(struct ra *ra, ir_ref ref, struct ra_interval *a, struct ra_interval *b)
{
	struct ra_value *v = ra_value(ra, ref);
	struct ir_insn *insn = ir_at(ra->fn, ref);

	insn->arg[0] = b->value;
	insn->arg[1] = a->value;
	v->same = b->value;
	change_use(ra, a, v->start, (struct ra_use){v->start + AT_USE, 0, USE_REG, NO_REG});
	change_use(ra, b, v->start, (struct ra_use){v->start - 1, ref, USE_MOVE, NO_REG});
}

/*
 * The result overwrites its first operand. Better that which ends here, or
 * that which goes around a loop to become the result again; when both end the
 * scan will know.
 */
static void try_exchange(struct ra *ra, ir_ref ref)
{
	struct ra_value *v = ra_value(ra, ref);
	struct ir_insn *insn = ir_at(ra->fn, ref);
	struct ra_value *a = ra_value(ra, insn->arg[0]), *b = ra_value(ra, insn->arg[1]);

	if (v->same != insn->arg[0] || a == b || !a->first || !b->first || a->remat || b->remat ||
	    ir_nargs(ra->fn, insn) != 2 || lives_on(b, v->start))
		return;
	if (lives_on(a, v->start) ||
	    (goes_to_phi(ra, ref, insn->arg[1]) && !goes_to_phi(ra, ref, insn->arg[0])))
		ra_exchange(ra, ref, a->first, b->first);
	else
		v->either = !goes_to_phi(ra, ref, insn->arg[0]);
}

static void exchange_operands(struct ra *ra)
{
	struct jit_constraints c;

	for (u32 i = 0; i < ra->nintervals; i++) {
		ir_ref ref = ra->intervals[i].value;

		if (!(ir_flags(ir_at(ra->fn, ref)) & IR_OP_COMM) || !ra_value(ra, ref)->same)
			continue;
		ra_constrain(ra, ref, &c);
		if (!c.late_args && c.arg[1].place != PLACE_FIXED && c.arg[1].place != PLACE_NONE)
			try_exchange(ra, ref);
	}
}

/* ---- preferences ---- */

/* The register, and the phi, that most of its uses want it in, directly or through what overwrites
 * it. */
static void find_pref(struct ra *ra, ir_ref ref)
{
	struct ra_value *v = ra_value(ra, ref);
	u32 goal_weight = 0;

	for (u32 i = 0; i < v->nuses && i < 16; i++) {
		const struct ra_use *use = &v->uses[i];
		const struct ra_value *to = ra_value(ra, use->to);
		u32 weight = move_weight(ra, use), reg_weight = weight;
		u8 reg = use->to ? to->pref : use->reg;
		ir_ref goal = use->kind == USE_PHI ? use->to : use->to ? to->goal : 0;

		if (use->to && to->pref_weight < weight)
			reg_weight = to->pref_weight;
		if (reg != NO_REG && reg_weight > v->pref_weight) {
			v->pref_weight = reg_weight;
			v->pref = reg;
		}
		if (goal && weight > goal_weight) {
			goal_weight = weight;
			v->goal = goal;
		}
	}
}

static bool find_prefs(struct ra *ra)
{
	for (u32 i = ra->nintervals; i-- > 0;)
		find_pref(ra, ra->intervals[i].value);
	for (u32 i = 0; i < ra->nintervals; i++) {
		ir_ref ref = ra->intervals[i].value;
		const struct ra_value *v = ra_value(ra, ref);
		struct ra_want want = {v->start, v->pref_weight, ref};

		if (v->pref != NO_REG && !vec_push(&ra->regs[v->pref].wants, ra->mem, want))
			return false;
	}
	return true;
}

bool ra_live(struct ra *ra)
{
	ra->values = arena_zalloc_array(&ra->arena, ra->nvalues + 1, sizeof(*ra->values));
	if (!ra->values)
		return false;
	for (u32 i = 0; i <= ra->nvalues; i++) {
		ra->values[i].slot = IR_LOC_NONE;
		ra->values[i].fixed = ra->values[i].pref = NO_REG;
	}
	ra->values[0].remat = true;
	count_uses(ra);
	if (!place_uses(ra))
		return false;
	find_uses(ra);
	if (ra->failed || !find_intervals(ra))
		return false;
	exchange_operands(ra);
	return ra_webs(ra) && find_prefs(ra);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The budget of object/budget.h in machine code: every edge back pays for the
 * instructions of its loop, every function for its own on being entered (but
 * for the program's first, which a run enters a few times at most), and after
 * whatever may run more of the program it is asked whether the budget has
 * ended meanwhile. Programs that may throw are asked so without a budget, too:
 * an exception is an execution that has ended. Done when all passes are, so that they see loops as
 * they are; nobody can switch it off.
 */
#include "jit/fuel.h"

#include "helper/helper.h"
#include "jit/runtime.h"
#include "jit/unit.h"

#define LEFT	(offsetof(struct run, budget) + offsetof(struct budget, left))
#define STOPPED (offsetof(struct run, budget) + offsetof(struct budget, stopped))

struct fuel {
	struct ir_fn *fn;
	ir_ref run;
	u32 exit;   /* block that leaves the function */
	u32 *costs; /* by header: instructions of the loop without the loops in it */
};

static ir_ref run_of(struct ir_fn *fn)
{
	struct ir_insn param = {.op = IR_PARAM, .imm = 5};

	ir_each (fn, 0, ref)
		if (ir_at(fn, ref)->op == IR_PARAM && ir_at(fn, ref)->imm == 5)
			return ref;
	return ir_insert(fn, fn->blocks[0]->first, param);
}

static u32 exit_of(struct fuel *fuel)
{
	struct ir_fn *fn = fuel->fn;

	if (!fuel->exit) {
		fuel->exit = ir_new_block(fn);
		fn->blocks[fuel->exit]->cold = true;
		ir_ret(fn, fuel->exit, ir_const(fn, 0));
	}
	return fuel->exit;
}

/* The operands that phis of @to have for @like are those for @from, too. */
static void copy_operands(struct ir_fn *fn, u32 to, u32 like, u32 from)
{
	u32 have = ir_pred_index(fn, to, like), want = ir_pred_index(fn, to, from);

	ir_each (fn, to, ref) {
		if (ir_at(fn, ref)->op != IR_PHI)
			break;
		ir_at(fn, ref)->phi[want] = ir_at(fn, ref)->phi[have];
	}
}

/* Replaces the jump that ends @block by paying @cost and going on where it went. */
static void pay(struct fuel *fuel, u32 block, u32 cost)
{
	struct ir_fn *fn = fuel->fn;
	u32 to = fn->blocks[block]->succ[0], slow = ir_new_block(fn);
	ir_ref jump = fn->blocks[block]->last, left, spent;
	struct ir_insn insn = ir_load(8, fuel->run, LEFT, MEM_NONE);

	if (fn->failed)
		return;
	insn.flags = IR_UNALIASED;
	left = ir_insert(fn, jump, insn);
	left = ir_insert(fn, jump, ir_binary(IR_SUB, 8, left, ir_const(fn, cost)));
	insn = ir_store(8, fuel->run, LEFT, left, MEM_NONE);
	insn.flags = IR_UNALIASED;
	ir_insert(fn, jump, insn);

	ir_jump_to_branch(fn, block, IR_SLT, 8, left, ir_const(fn, 0), slow);
	ir_at(fn, jump)->flags = IR_UNLIKELY;
	fn->blocks[slow]->cold = true;
	spent = ir_append(fn, slow,
			  ir_call(ir_runtime(fn, JIT_RUNTIME_BUDGET_SPENT), &fuel->run, 1));
	ir_br(fn, slow, IR_NE, 4, spent, ir_const(fn, 0), exit_of(fuel), to);
	copy_operands(fn, to, block, slow);
}

static void pay_edge(struct fuel *fuel, u32 from, u32 way)
{
	struct ir_fn *fn = fuel->fn;
	u32 to = fn->blocks[from]->succ[way];
	u32 cost = fn->blocks[to]->is_loop_header ? fuel->costs[to] : fuel->costs[from];

	if (fn->blocks[from]->nsucc > 1)
		from = ir_edge_split(fn, from, way);
	if (!fn->failed)
		pay(fuel, from, cost + 1);
}

static bool takes_callback(u32 helper)
{
	for (u32 i = 0; i < ARRAY_SIZE(helper_protos->arg); i++)
		if (helper_protos[helper].arg[i] == ARG_PTR_TO_FUNC)
			return true;
	return false;
}

/* After which the execution may be over: what runs programs, or takes what cannot be noted. */
static bool runs_more(const struct ir_fn *fn, const struct ir_insn *insn)
{
	const struct ir_sym *sym;

	if (insn->op != IR_CALL)
		return insn->op == IR_CALL_SUB;
	sym = &fn->syms[insn->sym];
	return sym->kind == SYM_KFUNC || (sym->kind == SYM_HELPER && takes_callback(sym->index));
}

/* Splits the block behind a call; the rest is run only while the budget lasts. */
static u32 ask(struct fuel *fuel, u32 block, ir_ref call)
{
	struct ir_fn *fn = fuel->fn;
	u32 rest = ir_block_split(fn, block, ir_at(fn, call)->next);
	struct ir_insn load = ir_load(1, fuel->run, STOPPED, MEM_NONE);
	ir_ref stopped;

	if (fn->failed)
		return block;
	load.flags = IR_UNALIASED;
	stopped = ir_insert_after(fn, call, load);
	ir_jump_to_branch(fn, block, IR_NE, 4, stopped, ir_const(fn, 0), exit_of(fuel));
	ir_term(fn, block)->flags = IR_UNLIKELY;
	return rest;
}

static void ask_after_calls(struct fuel *fuel, u32 block)
{
	struct ir_fn *fn = fuel->fn;

	ir_each (fn, block, ref)
		if (runs_more(fn, ir_at(fn, ref)))
			block = ask(fuel, block, ref);
}

static void count(struct fuel *fuel)
{
	struct ir_fn *fn = fuel->fn;

	ir_each_block (fn, b) {
		u32 at = fn->blocks[b]->loop == IR_NO_LOOP ? b : fn->blocks[b]->loop;

		ir_each (fn, b, ref)
			fuel->costs[at]++;
	}
}

/* Instructions outside of all loops. */
static u32 straight_cost(const struct fuel *fuel, u32 nblocks)
{
	u32 cost = 0;

	for (u32 b = 0; b < nblocks; b++)
		if (fuel->fn->blocks[b]->loop == IR_NO_LOOP)
			cost += fuel->costs[b];
	return cost;
}

/* Parameters stay where they are: in the block that the function begins with. */
static void pay_entry(struct fuel *fuel, u32 cost)
{
	struct ir_fn *fn = fuel->fn;
	ir_ref at = fn->blocks[0]->first;

	ir_each (fn, 0, ref)
		if (ir_at(fn, ref)->op == IR_PARAM)
			at = ir_at(fn, ref)->next;
	ir_block_split(fn, 0, at);
	if (!fn->failed)
		pay(fuel, 0, cost);
}

static void pay_jumps_back(struct fuel *fuel, const u32 *order, u32 norder, u32 nblocks)
{
	struct ir_fn *fn = fuel->fn;

	for (u32 i = 0; i < norder && !fn->failed; i++) {
		/* The one way of a block that only goes on becomes two by paying. */
		u32 nsucc = fn->blocks[order[i]]->nsucc;

		for (u32 way = 0; way < nsucc; way++) {
			u32 to = fn->blocks[order[i]]->succ[way];

			if (to < nblocks && fn->blocks[to]->order <= i)
				pay_edge(fuel, order[i], way);
		}
	}
}

void jit_fuel(struct ir_fn *fn)
{
	bool limited = fn->unit->options->limited;
	u32 nblocks = fn->nblocks, norder = fn->norder;
	struct fuel fuel = {.fn = fn, .run = run_of(fn)};
	u32 *order = arena_dup(fn->arena, fn->order, norder * sizeof(*order));

	fuel.costs = arena_zalloc_array(fn->arena, nblocks, sizeof(*fuel.costs));
	if (!fuel.costs || !order) {
		fn->failed = true;
		return;
	}
	count(&fuel);
	if (limited)
		pay_jumps_back(&fuel, order, norder, nblocks);
	for (u32 i = 0; i < norder && !fn->failed; i++)
		ask_after_calls(&fuel, order[i]);
	if (limited && fn->subprog && !fn->failed)
		pay_entry(&fuel, straight_cost(&fuel, nblocks));
}

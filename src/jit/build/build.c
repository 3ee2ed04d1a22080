/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks and variables. Blocks are built in reverse postorder, so that of a
 * block's predecessors only those along back edges are not done yet. What a
 * block begins with is then the variables of its one predecessor, or a phi for
 * each variable that is read later and not the same on all edges. Where edges
 * are missing, all that is live gets a phi whose operands come at the end;
 * those that turn out to stand for one value go again. Nothing recurses: a
 * program may be a million instructions long.
 */
#include "jit/build/build.h"

#include <string.h>

#include "isa/isa.h"
#include "jit/build/internal.h"

/* Rounds over phis of open blocks; inner loops come first, so that two do nearly always. */
#define PHI_ROUNDS 8

int cannot(struct body *body, const char *what)
{
	const struct bpf_insn *insn = body_insn(body);

	return err_set(body->b->unit->err, -EOPNOTSUPP, "insn %u: opcode %#x: no code for this %s",
		       body->pc, insn->code, what);
}

/* ---- values ---- */

ir_ref get_reg(struct body *body, u32 reg)
{
	struct build *b = body->b;

	if (reg != BPF_REG_FP)
		return body->var[reg] ? ir_resolve(b->fn, body->var[reg]) : b->undef;
	if (!body->fp)
		return b->frame;
	return emit(body, (struct ir_insn){.op = IR_FRAME, .imm = body->fp});
}

ir_ref get_source(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);

	if (BPF_SRC(insn->code) == BPF_X)
		return get_reg(body, insn->src_reg);
	return constant(body, (u64)(s64)insn->imm);
}

/* What the operation can give at most, whatever its operands are. */
static u64 natural_max(const struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_ZEXT8:
		return UINT8_MAX;
	case IR_ZEXT16:
	case IR_BSWAP16:
		return UINT16_MAX;
	case IR_ZEXT32:
	case IR_BSWAP32:
		return UINT32_MAX;
	case IR_LOAD:
		return insn->umax ? insn->umax : UINT64_MAX;
	default:
		return ir_flags(insn) & IR_OP_W && insn->width == 4 ? UINT32_MAX : UINT64_MAX;
	}
}

ir_ref emit_result(struct body *body, struct ir_insn insn)
{
	const struct insn_fact *fact = unit_fact(body->b->unit, body->pc);
	ir_ref ref;

	insn.umin = fact->umin;
	insn.umax = u64_min(fact->umax, natural_max(&insn));
	if (insn.umin > insn.umax) { /* that would be a lie */
		insn.umin = 0;
		insn.umax = natural_max(&insn);
	}
	if (!(fact->flags & FACT_CONST))
		return emit(body, insn);
	ref = constant(body, fact->umin);
	if (ir_ops[insn.op].flags & IR_OP_CALL)
		emit(body, insn);
	return ref;
}

/* ---- variables across blocks ---- */

/* Remembers the variables at the end of the current block. */
void end_block(struct body *body)
{
	struct build *b = body->b;
	ir_ref *state = arena_dup(b->fn->arena, body->var, sizeof(body->var));

	if (body->at >= b->state_cap) {
		u32 cap = b->fn->nblocks * 2;
		ir_ref **larger = arena_zalloc_array(b->fn->arena, cap, sizeof(*larger));

		if (larger && b->state_cap)
			memcpy(larger, b->state, b->state_cap * sizeof(*larger));
		if (larger) {
			b->state = larger;
			b->state_cap = cap;
		}
	}
	if (!state || body->at >= b->state_cap) {
		b->fn->failed = true;
		return;
	}
	b->state[body->at] = state;
}

/* What a variable is at the end of the i-th predecessor of a block. */
static ir_ref incoming(const struct build *b, u32 block, u32 i, u32 var)
{
	ir_ref ref = b->state[ir_block(b->fn, block)->preds[i]][var];

	return ref ? ir_resolve(b->fn, ref) : b->undef;
}

static bool same_value(const struct ir_fn *fn, ir_ref a, ir_ref b)
{
	const struct ir_insn *x = ir_at(fn, a), *y = ir_at(fn, b);

	return a == b || (x->op == IR_FRAME && y->op == IR_FRAME && x->imm == y->imm);
}

/* All predecessors are done. */
static ir_ref join(struct body *body, u32 var)
{
	struct build *b = body->b;
	u32 n = ir_block(b->fn, body->at)->npreds;
	ir_ref one = incoming(b, body->at, 0, var), phi;
	bool same = true, identical = true;

	for (u32 i = 1; i < n; i++) {
		ir_ref other = incoming(b, body->at, i, var);

		same &= same_value(b->fn, one, other);
		identical &= one == other;
	}
	if (identical)
		return one;
	if (same)
		return emit(body, (struct ir_insn){.op = IR_FRAME, .imm = ir_at(b->fn, one)->imm});
	phi = ir_phi(b->fn, body->at);
	for (u32 i = 0; phi && i < n; i++)
		ir_at(b->fn, phi)->phi[i] = incoming(b, body->at, i, var);
	return phi;
}

static void join_all(struct body *body, const struct flow_block *block)
{
	ir_ref var[VAR_CNT] = {0};

	for (u32 v = 0; v < VAR_CNT; v++)
		if (block->live & BIT(v))
			var[v] = join(body, v);
	memcpy(body->var, var, sizeof(var));
}

/* Some predecessors are not done: phis, to be filled in by close_blocks(). */
static void open_block(struct body *body, const struct flow_block *block)
{
	struct ir_fn *fn = body->b->fn;
	struct open_block *open = arena_zalloc(fn->arena, sizeof(*open));

	if (!open) {
		fn->failed = true;
		return;
	}
	for (u32 v = 0; v < VAR_CNT; v++)
		if (block->live & BIT(v))
			open->phi[v] = ir_phi(fn, body->at);
	open->next = body->open;
	body->open = open;
	memcpy(body->var, open->phi, sizeof(open->phi));
}

static void begin_block(struct body *body, u32 index)
{
	const struct flow_block *block = &body->flow.blocks[index];
	u32 entries = index ? 0 : 1; /* also from before the first instruction */

	if (body->block[index] == body->at)
		return; /* the first, with no way back to it */
	body->at = body->block[index];
	if (ir_block(body->b->fn, body->at)->npreds != block->npreds + entries)
		open_block(body, block);
	else
		join_all(body, block);
}

static void fill_phi(struct build *b, ir_ref phi, u32 var)
{
	u32 block = ir_at(b->fn, phi)->block;

	for (u32 i = 0; i < ir_block(b->fn, block)->npreds; i++)
		ir_at(b->fn, phi)->phi[i] = incoming(b, block, i, var);
}

/* A phi that stands for one value only is that value. */
static bool drop_phi(struct build *b, ir_ref ref)
{
	struct ir_insn *phi = ir_at(b->fn, ref);
	ir_ref one = 0;

	if (!ref || phi->op != IR_PHI)
		return false;
	for (u32 i = 0; i < ir_block(b->fn, phi->block)->npreds; i++) {
		ir_ref arg = ir_resolve(b->fn, phi->phi[i]);

		if (arg == ref || arg == one)
			continue;
		if (one)
			return false;
		one = arg;
	}
	ir_replace(b->fn, ref, one ? one : b->undef);
	return true;
}

static void close_blocks(struct body *body)
{
	bool changed = !body->b->fn->failed;

	for (struct open_block *open = body->open; open && changed; open = open->next)
		for (u32 v = 0; v < VAR_CNT; v++)
			if (open->phi[v])
				fill_phi(body->b, open->phi[v], v);
	for (u32 round = 0; changed && round < PHI_ROUNDS; round++) {
		changed = false;
		for (struct open_block *open = body->open; open; open = open->next)
			for (u32 v = 0; v < VAR_CNT; v++)
				changed |= drop_phi(body->b, open->phi[v]);
	}
}

/* ---- ends of blocks ---- */

void end_with_return(struct body *body, ir_ref value)
{
	struct body_return *ret;

	if (!body->depth) {
		ir_ret(body->b->fn, body->at, value);
		return;
	}
	ret = arena_alloc(body->b->fn->arena, sizeof(*ret));
	if (!ret) {
		body->b->fn->failed = true;
		return;
	}
	*ret = (struct body_return){body->returns, body->at, value};
	body->returns = ret;
}

static bool condition(u8 op, enum ir_cc *cc)
{
	static const u8 codes[16] = {
		[BPF_JEQ >> 4] = 1 + IR_EQ,    [BPF_JNE >> 4] = 1 + IR_NE,
		[BPF_JGT >> 4] = 1 + IR_UGT,   [BPF_JGE >> 4] = 1 + IR_UGE,
		[BPF_JLT >> 4] = 1 + IR_ULT,   [BPF_JLE >> 4] = 1 + IR_ULE,
		[BPF_JSGT >> 4] = 1 + IR_SGT,  [BPF_JSGE >> 4] = 1 + IR_SGE,
		[BPF_JSLT >> 4] = 1 + IR_SLT,  [BPF_JSLE >> 4] = 1 + IR_SLE,
		[BPF_JSET >> 4] = 1 + IR_TEST,
	};

	*cc = (enum ir_cc)(codes[op >> 4] - 1);
	return codes[op >> 4];
}

/* The count goes down to 0 and on: from then on the jump is always taken, for 2^63 times. */
static void may_goto(struct body *body, u32 taken, u32 next)
{
	ir_ref left = body->var[VAR_LOOPS] ? ir_resolve(body->b->fn, body->var[VAR_LOOPS])
					   : body->b->undef;
	ir_ref less = emit(body, ir_binary(IR_SUB, 8, left, constant(body, 1))), br;

	body->var[VAR_LOOPS] = less;
	end_block(body);
	br = ir_br(body->b->fn, body->at, IR_SLT, 8, less, constant(body, 0), taken, next);
	if (br)
		ir_at(body->b->fn, br)->flags = IR_UNLIKELY;
}

static int end_with_branch(struct body *body, const struct flow_block *block)
{
	const struct bpf_insn *insn = body_insn(body);
	u8 width = BPF_CLASS(insn->code) == BPF_JMP32 ? 4 : 8;
	u32 taken = body->block[block->succ[0]], next = body->block[block->succ[1]];
	enum ir_cc cc;

	if (isa_is_may_goto(insn)) {
		if (insn->src_reg != BPF_MAY_GOTO)
			return cannot(body, "jump");
		may_goto(body, taken, next);
		return 0;
	}
	if (!condition(BPF_OP(insn->code), &cc))
		return cannot(body, "jump");
	end_block(body);
	ir_br(body->b->fn, body->at, cc, width, get_reg(body, insn->dst_reg), get_source(body),
	      taken, next);
	return 0;
}

/* What follows the last instruction of a block. */
static int finish_block(struct body *body, const struct flow_block *block)
{
	struct ir_fn *fn = body->b->fn;

	if (block->nsucc == 2)
		return end_with_branch(body, block);
	if (block->nsucc == 1) {
		end_block(body);
		ir_jmp(fn, body->at, body->block[block->succ[0]]);
	} else if (isa_is_exit(body_insn(body))) {
		end_with_return(body, get_reg(body, BPF_REG_0));
	} else {
		ir_trap(fn, body->at);
		ir_block(fn, body->at)->cold = true;
	}
	return 0;
}

/* ---- instructions ---- */

static int build_jump_class(struct body *body)
{
	switch (BPF_OP(body_insn(body)->code)) {
	case BPF_CALL:
		return build_call(body);
	case BPF_TAIL_CALL:
		return build_tail_call(body);
	default:
		return 0; /* it ends the block */
	}
}

static int build_insn(struct body *body)
{
	const struct bpf_insn *insn = body_insn(body);

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return build_alu(body);
	case BPF_LD:
		if (isa_is_wide(insn))
			return build_wide(body);
		if (BPF_MODE(insn->code) == BPF_ABS || BPF_MODE(insn->code) == BPF_IND)
			return build_legacy_load(body);
		return cannot(body, "load");
	case BPF_LDX:
		return build_load(body);
	case BPF_ST:
	case BPF_STX:
		return build_store(body);
	case BPF_JMP:
		return build_jump_class(body);
	default:
		return 0;
	}
}

static int build_block(struct body *body, u32 index)
{
	const struct flow_block *block = &body->flow.blocks[index];
	const struct bpf_insn *insns = body->b->unit->prog->insns;

	begin_block(body, index);
	for (u32 pc = block->start; pc < block->end; pc += isa_slots(&insns[pc])) {
		int ret;

		body->pc = body->b->fn->pc = pc;
		ret = build_insn(body);
		if (ret)
			return ret;
	}
	return finish_block(body, block);
}

/* ---- bodies ---- */

/* The subprogram's blocks; the first one is written into where we are unless it is jumped to. */
static void make_blocks(struct body *body)
{
	struct ir_fn *fn = body->b->fn;

	body->block = arena_zalloc_array(fn->arena, body->flow.nblocks, sizeof(*body->block));
	if (!body->block) {
		fn->failed = true;
		return;
	}
	for (u32 i = 0; i < body->flow.norder; i++) {
		u32 index = body->flow.order[i];

		if (!index && !body->flow.blocks[0].npreds)
			body->block[index] = body->at;
		else
			body->block[index] = ir_new_block(fn);
	}
	if (body->block[0] != body->at) {
		end_block(body);
		ir_jmp(fn, body->at, body->block[0]);
	}
}

int build_body(struct body *body)
{
	struct ir_fn *fn = body->b->fn;
	int ret = flow_make(body->b->unit, body->subprog, fn->arena, &body->flow);

	if (ret)
		return ret;
	body->var[BPF_REG_0] = constant(body, 0);
	body->var[VAR_LOOPS] = constant(body, BPF_MAX_LOOPS);
	make_blocks(body);
	for (u32 i = 0; i < body->flow.norder && !fn->failed; i++) {
		ret = build_block(body, body->flow.order[i]);
		if (ret)
			return ret;
	}
	close_blocks(body);
	return fn->failed ? -ENOMEM : 0;
}

static ir_ref param(struct ir_fn *fn, u32 i)
{
	return ir_append(fn, 0, (struct ir_insn){.op = IR_PARAM, .imm = i});
}

/* Tells which subprograms the code calls or hands out. */
static void mark_wanted(const struct ir_fn *fn)
{
	struct jit_sub *subs = fn->unit->subs;

	for (u32 b = 0; b < fn->nblocks; b++) {
		ir_each (fn, b, ref) {
			struct ir_insn *insn = ir_at(fn, ref);
			u32 n = ir_nargs(fn, insn);

			if (insn->op == IR_CALL_SUB)
				subs[insn->imm].wanted = true;
			for (u32 i = 0; i < n; i++) {
				const struct ir_insn *arg = ir_at(fn, *ir_arg(insn, i));

				if (arg->op == IR_ADDR && fn->syms[arg->sym].kind == SYM_SUBPROG)
					subs[fn->syms[arg->sym].index].wanted = true;
			}
		}
	}
}

int jit_build(struct jit_unit *unit, u32 subprog, struct ir_fn *fn)
{
	const struct subprog *sub = &unit->prog->subprogs[subprog];
	struct build b = {.unit = unit, .fn = fn};
	struct body body = {.b = &b, .subprog = subprog, .at = 0};
	int ret;

	fn->pc = sub->start;
	fn->frame_size = ROUND_UP(sub->stack_depth, 8);
	for (u32 i = 0; i < unit->subs[subprog].nargs; i++)
		body.var[i + 1] = param(fn, i);
	b.run = param(fn, 5);
	b.frame = ir_append(fn, 0, (struct ir_insn){.op = IR_FRAME});
	b.undef = ir_append(fn, 0, (struct ir_insn){.op = IR_UNDEF});
	ret = build_body(&body);
	if (ret)
		return ret;
	ir_clean(fn);
	mark_wanted(fn);
	return fn->failed ? -ENOMEM : 0;
}

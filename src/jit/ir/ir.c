/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and changing the intermediate form: instructions in chunks, blocks as
 * doubly linked lists of them, literals in a hash table.
 */
#include "jit/ir/ir.h"

#include <errno.h>
#include <string.h>

#define PURE  IR_OP_PURE
#define W     IR_OP_W
#define COMM  IR_OP_COMM
#define CC    IR_OP_CC
#define MEM   IR_OP_MEM
#define READ  IR_OP_READ
#define WRITE IR_OP_WRITE
#define TERM  IR_OP_TERM
#define CALL  IR_OP_CALL
#define VOID  IR_OP_VOID

#define ARGS_CALL IR_ARGS_CALL
#define ARGS_PHI  IR_ARGS_PHI

const struct ir_op_info ir_ops[IR_OP_CNT] = {
#define OP(name, text, operands, flags) [IR_##name] = {text, operands, flags},
#include "jit/ir/ir.def"
#undef OP
};

#undef CALL
#undef VOID

/* ---- memory ---- */

/* A larger copy of an array of the arena's; false (and fn->failed) when out of memory. */
static bool grow(struct ir_fn *fn, void *array, u32 *cap, u32 need, size_t size)
{
	void **at = array, *larger;
	u32 to = *cap ? *cap : 4;

	if (need <= *cap)
		return true;
	while (to < need)
		to *= 2;
	larger = arena_zalloc_array(fn->arena, to, size);
	if (!larger) {
		fn->failed = true;
		return false;
	}
	if (*cap)
		memcpy(larger, *at, *cap * size);
	*at = larger;
	*cap = to;
	return true;
}

static bool new_chunk(struct ir_fn *fn)
{
	struct ir_insn *chunk;
	u32 words = (fn->nchunks + 1) * IR_CHUNK / 64;

	if (!grow(fn, &fn->chunks, &fn->chunks_cap, fn->nchunks + 1, sizeof(*fn->chunks)) ||
	    !grow(fn, &fn->copies, &fn->copies_cap, words, sizeof(*fn->copies)))
		return false;
	chunk = arena_zalloc_array(fn->arena, IR_CHUNK, sizeof(*chunk));
	if (!chunk) {
		fn->failed = true;
		return false;
	}
	fn->chunks[fn->nchunks++] = chunk;
	fn->ninsns = fn->nchunks * IR_CHUNK;
	return true;
}

/* A new number of one of both kinds; 0, the scratch instruction, when out of memory. */
static ir_ref new_number(struct ir_fn *fn, ir_ref *next)
{
	if (*next % IR_CHUNK == 0) {
		if (!new_chunk(fn))
			return 0;
		*next = fn->ninsns - IR_CHUNK;
	}
	return (*next)++;
}

static ir_ref new_insn(struct ir_fn *fn)
{
	return new_number(fn, &fn->next);
}

u32 ir_new_block(struct ir_fn *fn)
{
	u32 block = fn->nblocks;

	if (block % IR_BLOCKS == 0) {
		struct ir_block *more = arena_zalloc_array(fn->arena, IR_BLOCKS, sizeof(*more));

		if (!more || !grow(fn, &fn->blocks, &fn->blocks_cap, block + IR_BLOCKS,
				   sizeof(*fn->blocks))) {
			fn->failed = true;
			return 0;
		}
		for (u32 i = 0; i < IR_BLOCKS; i++)
			fn->blocks[block + i] = &more[i];
	}
	ir_graph_changed(fn);
	fn->blocks[block]->order = UINT32_MAX;
	fn->blocks[block]->loop = IR_NO_LOOP;
	return fn->nblocks++;
}

int ir_fn_init(struct ir_fn *fn, struct jit_unit *unit, struct arena *arena, u32 subprog)
{
	*fn = (struct ir_fn){.unit = unit, .arena = arena, .subprog = subprog, .nsyms = 1};
	new_insn(fn);
	if (!fn->failed)
		ir_new_block(fn);
	if (fn->failed)
		return -ENOMEM;
	*ir_at(fn, 0) = (struct ir_insn){.op = IR_UNDEF, .umax = UINT64_MAX};
	return 0;
}

/* ---- literals ---- */

static u32 literal_hash(u64 value, u32 sym)
{
	u64 h = (value ^ (u64)sym << 32) * 0x9e3779b97f4a7c15ull;

	return (u32)(h >> 32);
}

static struct ir_literal *literal_slot(const struct ir_fn *fn, u64 value, u32 sym)
{
	u32 mask = fn->consts_cap - 1, hash = literal_hash(value, sym);

	for (u32 i = hash & mask;; i = (i + 1) & mask) {
		struct ir_literal *slot = &fn->consts[i];
		const struct ir_insn *insn;

		if (!slot->ref)
			return slot;
		if (slot->hash != hash)
			continue;
		insn = ir_at(fn, slot->ref);
		if ((u64)insn->imm == value && insn->sym == sym)
			return slot;
	}
}

static bool grow_literals(struct ir_fn *fn)
{
	u32 n = fn->consts_cap, cap = n ? n * 2 : 64;
	struct ir_literal *old = fn->consts, *larger;

	if ((fn->nconsts + 1) * 4 <= n * 3)
		return true;
	larger = arena_zalloc_array(fn->arena, cap, sizeof(*larger));
	if (!larger) {
		fn->failed = true;
		return false;
	}
	fn->consts = larger;
	fn->consts_cap = cap;
	for (u32 i = 0; i < n; i++) {
		u32 to = old[i].hash & (cap - 1);

		if (!old[i].ref)
			continue;
		while (larger[to].ref)
			to = (to + 1) & (cap - 1);
		larger[to] = old[i];
	}
	return true;
}

static ir_ref literal(struct ir_fn *fn, enum ir_op op, u64 value, u32 sym)
{
	struct ir_insn insn = {
		.op = (u8)op,
		.width = 8,
		.imm = (s64)value,
		.sym = sym,
		.umin = value,
		.umax = value,
		.block = UINT32_MAX,
		.pc = fn->pc,
	};
	struct ir_literal *slot;

	if (!grow_literals(fn))
		return 0;
	slot = literal_slot(fn, value, sym);
	if (slot->ref)
		return slot->ref;
	if (op == IR_ADDR) { /* another process has another one */
		insn.umin = 1;
		insn.umax = UINT64_MAX;
	}
	*slot = (struct ir_literal){literal_hash(value, sym), new_number(fn, &fn->next_literal)};
	*ir_at(fn, slot->ref) = insn;
	fn->nconsts++;
	return slot->ref;
}

ir_ref ir_const(struct ir_fn *fn, u64 value)
{
	return literal(fn, IR_CONST, value, 0);
}

u32 ir_sym(struct ir_fn *fn, enum ir_sym_kind kind, u32 index, s64 addend, u64 value)
{
	/* Doubles do no harm, so that a look at the newest few is enough. */
	for (u32 i = fn->nsyms - 1; i > 0 && i + 32 >= fn->nsyms; i--) {
		const struct ir_sym *sym = &fn->syms[i];

		if (sym->kind == kind && sym->index == index && sym->addend == addend)
			return i;
	}
	if (!grow(fn, &fn->syms, &fn->syms_cap, fn->nsyms + 1, sizeof(*fn->syms)))
		return 0;
	fn->syms[fn->nsyms] =
		(struct ir_sym){.kind = kind, .index = index, .addend = addend, .addr = value};
	return fn->nsyms++;
}

ir_ref ir_addr(struct ir_fn *fn, enum ir_sym_kind kind, u32 index, s64 addend, u64 value)
{
	return literal(fn, IR_ADDR, value, ir_sym(fn, kind, index, addend, value));
}

/* ---- instructions ---- */

static void define(struct ir_fn *fn, ir_ref ref, struct ir_insn insn, u32 block)
{
	if (!insn.umax)
		insn.umax = insn.umin ? insn.umin : UINT64_MAX;
	if (!insn.width)
		insn.width = 8;
	if (!insn.pc)
		insn.pc = fn->pc;
	insn.block = block;
	insn.prev = insn.next = 0;
	*ir_at(fn, ref) = insn;
}

static ir_ref place(struct ir_fn *fn, struct ir_insn insn, u32 block)
{
	ir_ref ref = new_insn(fn);

	define(fn, ref, insn, block);
	return ref;
}

/* Puts it between two neighbours, either of which may be none. */
static void link_between(struct ir_fn *fn, u32 block, ir_ref before, ir_ref ref, ir_ref after)
{
	struct ir_insn *insn = ir_at(fn, ref);

	insn->block = block;
	insn->prev = before;
	insn->next = after;
	if (before)
		ir_at(fn, before)->next = ref;
	else
		fn->blocks[block]->first = ref;
	if (after)
		ir_at(fn, after)->prev = ref;
	else
		fn->blocks[block]->last = ref;
}

static void unlink_insn(struct ir_fn *fn, ir_ref ref)
{
	struct ir_insn *insn = ir_at(fn, ref);
	struct ir_block *block = fn->blocks[insn->block];

	if (insn->prev)
		ir_at(fn, insn->prev)->next = insn->next;
	else
		block->first = insn->next;
	if (insn->next)
		ir_at(fn, insn->next)->prev = insn->prev;
	else
		block->last = insn->prev;
}

ir_ref ir_append(struct ir_fn *fn, u32 block, struct ir_insn insn)
{
	ir_ref ref = place(fn, insn, block);

	if (ref)
		link_between(fn, block, fn->blocks[block]->last, ref, 0);
	return ref;
}

ir_ref ir_insert(struct ir_fn *fn, ir_ref before, struct ir_insn insn)
{
	u32 block = ir_at(fn, before)->block;
	ir_ref ref = place(fn, insn, block);

	if (ref)
		link_between(fn, block, ir_at(fn, before)->prev, ref, before);
	return ref;
}

ir_ref ir_insert_after(struct ir_fn *fn, ir_ref after, struct ir_insn insn)
{
	u32 block = ir_at(fn, after)->block;
	ir_ref ref = place(fn, insn, block);

	if (ref)
		link_between(fn, block, after, ref, ir_at(fn, after)->next);
	return ref;
}

static void phi_operands(struct ir_fn *fn, u32 block, ir_ref ref)
{
	u32 cap = fn->blocks[block]->preds_cap;

	if (!cap)
		return;
	ir_at(fn, ref)->phi = arena_zalloc_array(fn->arena, cap, sizeof(ir_ref));
	if (!ir_at(fn, ref)->phi)
		fn->failed = true;
}

ir_ref ir_phi(struct ir_fn *fn, u32 block)
{
	struct ir_insn phi = {.op = IR_PHI};
	ir_ref ref = place(fn, phi, block);

	if (!ref)
		return 0;
	link_between(fn, block, 0, ref, fn->blocks[block]->first);
	phi_operands(fn, block, ref);
	return fn->failed ? 0 : ref;
}

ir_ref ir_reserve(struct ir_fn *fn)
{
	return place(fn, (struct ir_insn){.op = IR_UNDEF}, UINT32_MAX);
}

void ir_append_as(struct ir_fn *fn, u32 block, ir_ref ref, struct ir_insn insn)
{
	if (!ref)
		ref = new_insn(fn);
	if (!ref)
		return;
	define(fn, ref, insn, block);
	link_between(fn, block, fn->blocks[block]->last, ref, 0);
	if (insn.op == IR_PHI)
		phi_operands(fn, block, ref);
}

void ir_move_before(struct ir_fn *fn, ir_ref ref, ir_ref before)
{
	struct ir_insn *at = ir_at(fn, before);

	unlink_insn(fn, ref);
	link_between(fn, at->block, at->prev, ref, before);
}

void ir_move_to_end(struct ir_fn *fn, ir_ref ref, u32 block)
{
	ir_move_before(fn, ref, fn->blocks[block]->last);
}

void ir_remove(struct ir_fn *fn, ir_ref ref)
{
	unlink_insn(fn, ref);
	ir_at(fn, ref)->block = UINT32_MAX;
}

void ir_replace(struct ir_fn *fn, ir_ref ref, ir_ref by)
{
	struct ir_insn *insn = ir_at(fn, ref);

	by = ir_resolve(fn, by);
	if (by == ref)
		return;
	if (insn->block != UINT32_MAX)
		ir_remove(fn, ref);
	fn->copies[ref / 64] |= BIT_ULL(ref % 64);
	insn->op = IR_COPY;
	insn->arg[0] = by;
}

ir_ref ir_resolve_copy(const struct ir_fn *fn, ir_ref ref)
{
	while (ir_at(fn, ref)->op == IR_COPY) {
		struct ir_insn *copy = ir_at(fn, ref);
		struct ir_insn *to = ir_at(fn, copy->arg[0]);

		if (to->op == IR_COPY) /* so that chains stay short */
			copy->arg[0] = to->arg[0];
		ref = copy->arg[0];
	}
	return ref;
}

/* ---- short forms ---- */

struct ir_insn ir_unary(enum ir_op op, u8 width, ir_ref a)
{
	return (struct ir_insn){.op = (u8)op, .width = width & 0xfu, .arg = {a}};
}

struct ir_insn ir_binary(enum ir_op op, u8 width, ir_ref a, ir_ref b)
{
	return (struct ir_insn){.op = (u8)op, .width = width & 0xfu, .arg = {a, b}};
}

struct ir_insn ir_load(u8 size, ir_ref base, s32 disp, u8 mem)
{
	return (struct ir_insn){
		.op = IR_LOAD,
		.width = 8,
		.size = size,
		.disp = disp,
		.mem = mem,
		.map = FACT_NO_MAP,
		.arg = {base},
		.umax = size == 8 ? UINT64_MAX : BIT_ULL(size * 8) - 1,
	};
}

struct ir_insn ir_store(u8 size, ir_ref base, s32 disp, ir_ref value, u8 mem)
{
	return (struct ir_insn){
		.op = IR_STORE,
		.width = 8,
		.size = size,
		.disp = disp,
		.mem = mem,
		.map = FACT_NO_MAP,
		.arg = {base, 0, value},
	};
}

struct ir_insn ir_select(enum ir_cc cc, u8 cmp_width, ir_ref a, ir_ref b, ir_ref yes, ir_ref no)
{
	return (struct ir_insn){
		.op = IR_SELECT,
		.width = 8,
		.cc = (u8)cc,
		.cmp_width = cmp_width & 0xfu,
		.arg = {a, b, yes, no},
	};
}

struct ir_insn ir_call(u32 sym, const ir_ref *args, u8 n)
{
	struct ir_insn call = {.op = IR_CALL, .width = 8, .sym = sym, .nargs = n};

	memcpy(call.arg, args, n * sizeof(*args));
	return call;
}

/* ---- edges ---- */

/* Room for one more predecessor in the block and in its phis. */
static bool grow_preds(struct ir_fn *fn, u32 to)
{
	struct ir_block *b = fn->blocks[to];
	u32 cap = b->preds_cap;

	if (!grow(fn, &b->preds, &b->preds_cap, b->npreds + 1, sizeof(*b->preds)))
		return false;
	if (cap == b->preds_cap)
		return true;
	ir_each (fn, to, ref) {
		struct ir_insn *phi = ir_at(fn, ref);
		u32 phi_cap = cap;

		if (phi->op != IR_PHI)
			break;
		if (!grow(fn, &phi->phi, &phi_cap, b->preds_cap, sizeof(ir_ref)))
			return false;
	}
	return true;
}

/* By succ[@way] of @from. Phis of the block there have no operand for it yet. */
static void edge_add(struct ir_fn *fn, u32 from, u32 way)
{
	u32 to = fn->blocks[from]->succ[way];
	struct ir_block *b = fn->blocks[to];

	ir_graph_changed(fn);
	if (!grow_preds(fn, to))
		return;
	ir_each (fn, to, ref) {
		if (ir_at(fn, ref)->op != IR_PHI)
			break;
		ir_at(fn, ref)->phi[b->npreds] = 0;
	}
	fn->blocks[from]->at[way] = b->npreds;
	b->preds[b->npreds++] = from;
}

static void succ_add(struct ir_fn *fn, u32 block, u32 to)
{
	struct ir_block *b = fn->blocks[block];

	b->succ[b->nsucc] = to;
	edge_add(fn, block, b->nsucc++);
}

void ir_jmp(struct ir_fn *fn, u32 block, u32 to)
{
	ir_append(fn, block, (struct ir_insn){.op = IR_JMP});
	succ_add(fn, block, to);
}

ir_ref ir_br(struct ir_fn *fn, u32 block, enum ir_cc cc, u8 cmp_width, ir_ref a, ir_ref b, u32 yes,
	     u32 no)
{
	struct ir_insn br = {
		.op = IR_BR, .cc = (u8)cc, .cmp_width = cmp_width & 0xfu, .arg = {a, b}};
	ir_ref ref;

	if (yes == no) {
		ir_jmp(fn, block, yes);
		return 0;
	}
	ref = ir_append(fn, block, br);
	succ_add(fn, block, yes);
	succ_add(fn, block, no);
	return ref;
}

void ir_ret(struct ir_fn *fn, u32 block, ir_ref value)
{
	ir_append(fn, block, (struct ir_insn){.op = IR_RET, .arg = {value}});
}

void ir_trap(struct ir_fn *fn, u32 block)
{
	ir_append(fn, block, (struct ir_insn){.op = IR_TRAP});
}

u32 ir_pred_index(const struct ir_fn *fn, u32 block, u32 pred)
{
	const struct ir_block *b = fn->blocks[block];
	struct ir_block *p = fn->blocks[pred];
	u32 *hint = &p->at[p->succ[0] != block];
	u32 from = *hint < b->npreds ? *hint + 1 : b->npreds;

	/* Those that go make the ones behind move up, so that most are found soon. */
	for (u32 i = from; i-- > 0;)
		if (b->preds[i] == pred)
			return *hint = i;
	for (u32 i = from; i < b->npreds; i++)
		if (b->preds[i] == pred)
			return *hint = i;
	return UINT32_MAX;
}

/* Drops predecessor @index: of the list and of the phis, keeping the order of the others. */
static void pred_drop(struct ir_fn *fn, u32 block, u32 index)
{
	struct ir_block *b = fn->blocks[block];
	u32 behind = b->npreds - index - 1;

	ir_graph_changed(fn);
	ir_each (fn, block, ref) {
		struct ir_insn *phi = ir_at(fn, ref);

		if (phi->op != IR_PHI)
			break;
		memmove(phi->phi + index, phi->phi + index + 1, behind * sizeof(ir_ref));
	}
	memmove(b->preds + index, b->preds + index + 1, behind * sizeof(u32));
	b->npreds--;
}

void ir_edge_remove(struct ir_fn *fn, u32 from, u32 to)
{
	u32 index = ir_pred_index(fn, to, from);

	if (index != UINT32_MAX)
		pred_drop(fn, to, index);
}

void ir_branch_fold(struct ir_fn *fn, u32 block, u32 way)
{
	struct ir_block *b = fn->blocks[block];
	struct ir_insn *term = ir_term(fn, block);

	ir_edge_remove(fn, block, b->succ[!way]);
	b->succ[0] = b->succ[way];
	b->at[0] = b->at[way];
	b->nsucc = 1;
	term->op = IR_JMP;
	term->flags = 0;
	memset(term->arg, 0, sizeof(term->arg));
}

void ir_jump_to_branch(struct ir_fn *fn, u32 block, enum ir_cc cc, u8 cmp_width, ir_ref a, ir_ref b,
		       u32 yes)
{
	struct ir_block *from = fn->blocks[block];
	struct ir_insn *term = ir_term(fn, block);

	term->op = IR_BR;
	term->cc = (u8)cc;
	term->cmp_width = cmp_width & 0xfu;
	term->arg[0] = a;
	term->arg[1] = b;
	from->succ[1] = from->succ[0];
	from->at[1] = from->at[0];
	from->succ[0] = yes;
	from->nsucc = 2;
	edge_add(fn, block, 0);
}

void ir_edge_redirect(struct ir_fn *fn, u32 from, u32 way, u32 to)
{
	struct ir_block *b = fn->blocks[from];
	u32 other = b->nsucc == 2 ? b->succ[!way] : UINT32_MAX;

	ir_edge_remove(fn, from, b->succ[way]);
	if (other == to) { /* both ways would be one edge */
		struct ir_insn *term = ir_term(fn, from);

		b->succ[0] = to;
		b->at[0] = b->at[!way];
		b->nsucc = 1;
		term->op = IR_JMP;
		term->flags = 0;
		memset(term->arg, 0, sizeof(term->arg));
		return;
	}
	b->succ[way] = to;
	edge_add(fn, from, way);
}

u32 ir_edge_split(struct ir_fn *fn, u32 from, u32 way)
{
	u32 to = fn->blocks[from]->succ[way], index = ir_pred_index(fn, to, from);
	u32 between = ir_new_block(fn);

	if (fn->failed)
		return 0;
	fn->blocks[from]->succ[way] = between;
	edge_add(fn, from, way);
	ir_append(fn, between, (struct ir_insn){.op = IR_JMP, .pc = ir_term(fn, from)->pc});
	fn->blocks[between]->succ[0] = to;
	fn->blocks[between]->at[0] = index;
	fn->blocks[between]->nsucc = 1;
	fn->blocks[between]->cold = fn->blocks[to]->cold;
	fn->blocks[to]->preds[index] = between;
	return between;
}

u32 ir_block_split(struct ir_fn *fn, u32 block, ir_ref at)
{
	u32 rest = ir_new_block(fn);
	struct ir_block *b, *r;

	if (fn->failed)
		return 0;
	b = fn->blocks[block];
	r = fn->blocks[rest];
	r->first = at;
	r->last = b->last;
	b->last = ir_at(fn, at)->prev;
	if (b->last)
		ir_at(fn, b->last)->next = 0;
	else
		b->first = 0;
	ir_at(fn, at)->prev = 0;
	ir_each (fn, rest, ref)
		ir_at(fn, ref)->block = rest;
	memcpy(r->succ, b->succ, sizeof(b->succ));
	memcpy(r->at, b->at, sizeof(b->at));
	r->nsucc = b->nsucc;
	r->cold = b->cold;
	b->nsucc = 0;
	for (u32 i = 0; i < r->nsucc; i++)
		fn->blocks[r->succ[i]]->preds[ir_pred_index(fn, r->succ[i], block)] = rest;
	ir_jmp(fn, block, rest);
	return rest;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows addresses of the frame through a function: which bytes are loaded
 * and stored at places known now, which may be reached by an address that is
 * not, or by a function that got it.
 *
 * One walk in the order of blocks. An address that comes back around a loop is
 * not followed: that and all that is not understood counts as escaped.
 */
#include "jit/pass/frame.h"

#include <errno.h>

#include "helper/helper.h"
#include "jit/unit.h"

/* Compilers add once or twice; who does it more often is not worth it. */
#define MAX_STEPS 8

bool frame_address(const struct ir_fn *fn, ir_ref ref, s64 *off)
{
	u64 sum = 0;

	for (u32 i = 0; i < MAX_STEPS; i++) {
		const struct ir_insn *insn = ir_at(fn, ir_resolve(fn, ref));
		bool add = insn->op == IR_ADD && insn->width == 8;
		ir_ref number = 0;

		if (insn->op == IR_FRAME) {
			if (off)
				*off = (s64)(sum + (u64)insn->imm);
			return true;
		}
		if (add || (insn->op == IR_SUB && insn->width == 8))
			number = ir_resolve(fn, insn->arg[1]);
		if (!number || !ir_is_const(fn, number))
			return false;
		sum += add ? (u64)ir_at(fn, number)->imm : -(u64)ir_at(fn, number)->imm;
		ref = insn->arg[0];
	}
	return false;
}

/* ---- ranges of pointers ---- */

static const struct frame_range nowhere = {1, 0, true};

static struct frame_range range_of(const struct frame_use *use, ir_ref ref)
{
	return ref < use->nranges ? use->ranges[ref] : nowhere;
}

static bool in_frame(struct frame_range r)
{
	return r.lo <= r.hi;
}

static struct frame_range range_join(struct frame_range a, struct frame_range b)
{
	struct frame_range r = in_frame(a) ? a : b;

	if (in_frame(a) && in_frame(b)) {
		r.lo = a.lo < b.lo ? a.lo : b.lo;
		r.hi = a.hi > b.hi ? a.hi : b.hi;
	}
	r.elsewhere = a.elsewhere || b.elsewhere;
	return r;
}

/* Large enough for any frame, small enough that sums do not overflow. */
#define FAR (1 << 24)

static struct frame_range range_add(struct frame_use *use, struct frame_range r, s64 lo, s64 hi)
{
	if (lo < -FAR || hi > FAR || r.lo + lo < -FAR || r.hi + hi > FAR) {
		use->escapes = true;
		return nowhere;
	}
	return (struct frame_range){(s32)(r.lo + lo), (s32)(r.hi + hi), r.elsewhere};
}

/* What a number is within, as signed; of phis by what they may be. */
static void number_range(const struct ir_fn *fn, ir_ref ref, s64 *lo, s64 *hi)
{
	const struct ir_insn *insn = ir_at(fn, ref);
	u64 umin = insn->umin, umax = insn->umax;

	if (insn->op == IR_PHI && umax == UINT64_MAX) {
		u32 n = ir_nargs(fn, insn);

		umin = UINT64_MAX;
		umax = 0;
		for (u32 i = 0; i < n; i++) {
			const struct ir_insn *arg = ir_at(fn, ir_resolve(fn, insn->phi[i]));

			umin = arg->umin < umin ? arg->umin : umin;
			umax = arg->umax > umax ? arg->umax : umax;
		}
	}
	*lo = (s64)umin;
	*hi = (s64)umax;
	if (*lo > *hi) {
		*lo = INT64_MIN;
		*hi = INT64_MAX;
	}
}

/* ---- bytes ---- */

/* Everything from @r's lowest byte to @size behind its highest is used as memory, by @how. */
static void use_bytes(struct frame_use *use, struct frame_range r, u64 size, u8 how)
{
	s64 from = (s64)r.lo + use->size, to = (s64)r.hi + use->size;

	to = size > use->size ? use->size : to + (s64)size;
	if (from < 0)
		from = 0;
	for (s64 i = from; i < to && i < use->size; i++)
		use->in_memory[i] |= how;
}

static void access_at(struct frame_use *use, ir_ref ref, struct frame_range r)
{
	const struct ir_insn *insn = ir_at(use->fn, ref);
	struct frame_access access;
	s64 from;

	r = range_add(use, r, insn->disp, insn->disp);
	if (!in_frame(r))
		return;
	from = (s64)r.lo + use->size;
	if (insn->op == IR_ATOMIC || r.lo != r.hi || r.elsewhere || from < 0 ||
	    from + insn->size > use->size) {
		use_bytes(use, r, insn->size,
			  insn->op == IR_LOAD ? FRAME_READ : FRAME_READ | FRAME_WRITTEN);
		return;
	}
	access = (struct frame_access){ref, (u32)from};
	if (!vec_push(&use->accesses, use->fn->arena->mem, access))
		use->fn->failed = true;
}

static void find_memory(struct frame_use *use, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(use->fn, ref);
	struct frame_range base = range_of(use, ir_resolve(use->fn, insn->arg[0]));

	/* An address that is stored, added to or compared with can be loaded again. */
	for (u32 i = 1; i < ir_nargs(use->fn, insn); i++)
		if (in_frame(range_of(use, ir_resolve(use->fn, insn->arg[i]))))
			use->escapes = true;
	if (!in_frame(base))
		return;
	if (insn->arg[1])
		use->escapes = true;
	else
		access_at(use, ref, base);
}

/* ---- calls ---- */

#define ANY_SIZE UINT64_MAX

/* What a function may do with memory that it gets. */
struct memory_arg {
	u64 size;
	u8 how; /* FRAME_* */
};

static const struct map *map_of_call(const struct ir_fn *fn, const struct ir_insn *call)
{
	const struct ir_insn *map = ir_at(fn, ir_resolve(fn, call->arg[0]));
	const struct ir_sym *sym = &fn->syms[map->op == IR_ADDR ? map->sym : 0];

	return map->op == IR_ADDR && sym->kind == SYM_MAP && sym->index < fn->unit->prog->map_cnt
		       ? fn->unit->prog->maps[sym->index]
		       : NULL;
}

/* False when it might keep the address. */
static bool helper_memory(const struct ir_fn *fn, const struct ir_insn *call, u32 i,
			  struct memory_arg *arg)
{
	const struct helper_proto *proto = &helper_protos[fn->syms[call->sym].index];
	const struct map *map = map_of_call(fn, call);
	s64 lo, hi;

	if (i >= ARRAY_SIZE(proto->arg))
		return false;
	*arg = (struct memory_arg){ANY_SIZE, FRAME_READ};
	if (proto->arg[i] & (MEM_UNINIT | MEM_WRITE))
		arg->how |= FRAME_WRITTEN;
	switch (ARG_BASE(proto->arg[i])) {
	case ARG_PTR_TO_MAP_KEY:
		if (map)
			arg->size = map->desc.key_size;
		return true;
	case ARG_PTR_TO_MAP_VALUE:
		if (map)
			arg->size = map->desc.value_size;
		return true;
	case ARG_PTR_TO_MEM:
		if (!(proto->arg[i] & MEM_RDONLY))
			arg->how |= FRAME_WRITTEN;
		if (proto->arg[i] & MEM_FIXED_SIZE) {
			arg->size = proto->arg_size[i];
		} else if (i + 1 < ARRAY_SIZE(proto->arg) && call->arg[i + 1]) {
			number_range(fn, ir_resolve(fn, call->arg[i + 1]), &lo, &hi);
			if (lo >= 0)
				arg->size = (u64)hi;
		}
		return true;
	default:
		return false;
	}
}

static bool map_op_memory(const struct ir_fn *fn, const struct ir_insn *call, u32 i,
			  struct memory_arg *arg)
{
	const struct map *map = map_of_call(fn, call);
	size_t op = (size_t)fn->syms[call->sym].addend;

	if (!map || (i != 1 && !(i == 2 && op == offsetof(struct map_ops, update))))
		return false;
	*arg = (struct memory_arg){i == 1 ? map->desc.key_size : map->desc.value_size, FRAME_READ};
	return true;
}

static void find_call(struct frame_use *use, const struct ir_insn *call)
{
	const struct ir_fn *fn = use->fn;

	for (u32 i = 0; i < call->nargs; i++) {
		struct frame_range r = range_of(use, ir_resolve(fn, call->arg[i]));
		struct memory_arg arg = {0};
		bool known = false;

		if (!call->arg[i] || !in_frame(r))
			continue;
		if (call->op == IR_CALL && fn->syms[call->sym].kind == SYM_HELPER)
			known = helper_memory(fn, call, i, &arg);
		else if (call->op == IR_CALL && fn->syms[call->sym].kind == SYM_MAP_OP)
			known = map_op_memory(fn, call, i, &arg);
		if (known)
			use_bytes(use, r, arg.size, arg.how);
		else
			use->escapes = true;
	}
}

/* ---- the walk ---- */

/* Where the result of adding points to. */
static struct frame_range find_sum(struct frame_use *use, const struct ir_insn *insn)
{
	const struct ir_fn *fn = use->fn;
	ir_ref a = ir_resolve(fn, insn->arg[0]), b = ir_resolve(fn, insn->arg[1]);
	struct frame_range ra = range_of(use, a), rb = range_of(use, b);
	s64 lo, hi;

	if (!in_frame(ra) && !in_frame(rb))
		return nowhere;
	if ((in_frame(ra) && in_frame(rb)) || insn->width != 8 ||
	    (insn->op == IR_SUB && in_frame(rb))) {
		use->escapes = true;
		return nowhere;
	}
	number_range(fn, in_frame(ra) ? b : a, &lo, &hi);
	if (insn->op == IR_SUB)
		return lo > -FAR && hi < FAR ? range_add(use, ra, -hi, -lo)
					     : range_add(use, ra, INT64_MIN, INT64_MAX);
	return range_add(use, in_frame(ra) ? ra : rb, lo, hi);
}

static struct frame_range find_phi(struct frame_use *use, const struct ir_insn *phi)
{
	const struct ir_fn *fn = use->fn;
	const struct ir_block *b = ir_block(fn, phi->block);
	struct frame_range r = range_of(use, ir_resolve(fn, phi->phi[0]));
	bool around = false;

	for (u32 i = 0; i < b->npreds; i++) {
		ir_ref arg = ir_resolve(fn, phi->phi[i]);

		r = range_join(r, range_of(use, arg));
		around |= ir_block(fn, b->preds[i])->order >= b->order && !ir_is_literal(fn, arg);
	}
	if (in_frame(r) && around)
		use->escapes = true;
	return r;
}

static bool any_operand_in_frame(const struct frame_use *use, struct ir_insn *insn)
{
	u32 n = ir_nargs(use->fn, insn);

	for (u32 i = 0; i < n; i++)
		if (in_frame(range_of(use, ir_resolve(use->fn, *ir_arg(insn, i)))))
			return true;
	return false;
}

static struct frame_range find_insn(struct frame_use *use, ir_ref ref)
{
	struct ir_insn *insn = ir_at(use->fn, ref);

	switch (insn->op) {
	case IR_FRAME:
		return range_add(use, (struct frame_range){0, 0, false}, insn->imm, insn->imm);
	case IR_ADD:
	case IR_SUB:
		return find_sum(use, insn);
	case IR_PHI:
		return find_phi(use, insn);
	case IR_SELECT:
		return range_join(range_of(use, ir_resolve(use->fn, insn->arg[2])),
				  range_of(use, ir_resolve(use->fn, insn->arg[3])));
	case IR_LOAD:
	case IR_STORE:
	case IR_ATOMIC:
		find_memory(use, ref);
		return nowhere;
	case IR_CALL:
	case IR_CALL_SUB:
	case IR_TAIL_CALL:
		find_call(use, insn);
		return nowhere;
	case IR_BR: /* a comparison keeps nothing, and what is returned points to nothing */
	case IR_SET:
	case IR_RET:
		return nowhere;
	default:
		use->escapes |= any_operand_in_frame(use, insn);
		return nowhere;
	}
}

/* Addresses that came to a phi only after it had been looked at. */
static void check_phis(struct frame_use *use)
{
	const struct ir_fn *fn = use->fn;

	ir_each_block (fn, b) {
		ir_each (fn, b, ref) {
			struct ir_insn *phi = ir_at(fn, ref);

			if (phi->op != IR_PHI)
				break;
			if (!in_frame(range_of(use, ref)) && any_operand_in_frame(use, phi))
				use->escapes = true;
		}
	}
}

int frame_use_find(struct frame_use *use, struct ir_fn *fn)
{
	const struct mem *mem = fn->arena->mem;

	*use = (struct frame_use){.fn = fn, .size = fn->frame_size, .nranges = fn->ninsns};
	use->in_memory = mem_zalloc_array(mem, use->size + 1, sizeof(*use->in_memory));
	use->ranges = mem_zalloc_array(mem, use->nranges, sizeof(*use->ranges));
	if (!use->in_memory || !use->ranges) {
		frame_use_free(use);
		return -ENOMEM;
	}
	for (u32 i = 0; i < use->nranges; i++)
		use->ranges[i] = nowhere;
	ir_each_block (fn, b) {
		if (use->escapes)
			break;
		ir_each (fn, b, ref)
			use->ranges[ref] = find_insn(use, ref);
	}
	if (!use->escapes)
		check_phis(use);
	return 0;
}

void frame_use_free(struct frame_use *use)
{
	const struct mem *mem = use->fn->arena->mem;

	mem_free(mem, use->in_memory);
	mem_free(mem, use->ranges);
	vec_free(&use->accesses, mem);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that call back and are loops then: bpf_loop(), and
 * bpf_for_each_map_elem() over arrays. The callback must be known, so that it
 * is called directly or built in (inline.c). Each round ends the loop when the
 * callback gives anything but 0; the result is the number of rounds begun.
 */
#include "helper/helper.h"
#include "jit/build/internal.h"
#include "map/array.h"

/* The subprogram whose address a value is, or UINT32_MAX. */
static u32 subprog_at(const struct body *body, ir_ref ref)
{
	const struct prog *prog = body->b->unit->prog;
	const struct ir_insn *insn = body_at(body, ref);
	u64 at;

	if (!ir_is_literal(body->b->fn, ref))
		return UINT32_MAX;
	at = (u64)insn->imm - ptr_to_u64(prog->subprogs);
	if (at % sizeof(*prog->subprogs) || at / sizeof(*prog->subprogs) >= prog->subprog_cnt)
		return UINT32_MAX;
	return (u32)(at / sizeof(*prog->subprogs));
}

struct loop {
	u32 callback;
	u32 round, done; /* blocks: each turn starts with the one, the other follows the last */
	ir_ref count;	 /* of rounds, at least 1 */
	ir_ref i, next;	 /* rounds done before this one, with this one */
};

/* From here to the first round. */
static void begin_rounds(struct body *body, struct loop *loop, u32 from, u64 most)
{
	struct ir_insn *i;

	body->at = loop->round;
	loop->i = ir_phi(body->b->fn, loop->round);
	i = body_at(body, loop->i);
	i->umax = most - 1;
	if (!body->b->fn->failed)
		i->phi[ir_pred_index(body->b->fn, loop->round, from)] = constant(body, 0);
}

/* Calls back, and goes on with the next round unless that gave something or it was the last. */
static int end_rounds(struct body *body, struct loop *loop, const ir_ref *args, u64 most)
{
	struct ir_fn *fn = body->b->fn;
	struct ir_insn next = ir_binary(IR_ADD, 8, loop->i, constant(body, 1));
	ir_ref given = 0;
	u32 more = ir_new_block(fn);
	int ret = call_subprog(body, loop->callback, args, &given);

	if (ret)
		return ret;
	next.umin = 1;
	next.umax = most;
	loop->next = emit(body, next);
	ir_br(fn, body->at, IR_NE, 8, given, constant(body, 0), loop->done, more);
	ir_br(fn, more, IR_ULT, 8, loop->next, loop->count, loop->round, loop->done);
	if (fn->failed)
		return -ENOMEM;
	ir_at(fn, loop->i)->phi[ir_pred_index(fn, loop->round, more)] = loop->next;
	body->at = loop->done;
	return 0;
}

/* ---- bpf_loop(count, callback, context, flags) ---- */

/* The helper takes 32 bits of its count and refuses too many. Returns where that ends. */
static u32 check_count(struct body *body, struct loop *loop)
{
	struct ir_fn *fn = body->b->fn;
	u32 fits = ir_new_block(fn), refused = ir_new_block(fn);
	ir_ref count = get_reg(body, 1);

	if (!ir_upper_zero(fn, count))
		count = emit(body, (struct ir_insn){.op = IR_ZEXT32,
						    .width = 8,
						    .arg = {count},
						    .umax = UINT32_MAX});
	loop->count = count;
	ir_br(fn, body->at, IR_UGT, 8, count, constant(body, BPF_MAX_LOOPS), refused, fits);
	ir_jmp(fn, refused, loop->done);
	ir_block(fn, refused)->cold = true;
	ir_br(fn, fits, IR_EQ, 8, count, constant(body, 0), loop->done, loop->round);
	body->at = fits;
	return refused;
}

static int build_loop(struct body *body, struct loop *loop)
{
	struct ir_fn *fn = body->b->fn;
	ir_ref args[5] = {0}, zero = constant(body, 0), result;
	u32 refused = check_count(body, loop), fits = body->at;
	int ret;

	args[1] = get_reg(body, 3);
	args[2] = args[3] = args[4] = zero;
	begin_rounds(body, loop, fits, BPF_MAX_LOOPS);
	args[0] = loop->i;
	ret = end_rounds(body, loop, args, BPF_MAX_LOOPS);
	if (ret)
		return ret;
	result = ir_phi(fn, loop->done);
	for (u32 i = 0; result && i < ir_block(fn, loop->done)->npreds; i++)
		ir_at(fn, result)->phi[i] = loop->next;
	if (!result)
		return -ENOMEM;
	ir_at(fn, result)->phi[ir_pred_index(fn, loop->done, refused)] =
		constant(body, (u64)-E2BIG);
	ir_at(fn, result)->phi[ir_pred_index(fn, loop->done, fits)] = zero;
	set_reg(body, BPF_REG_0, result);
	return 0;
}

/* ---- bpf_for_each_map_elem(map, callback, context, flags) ---- */

/* The array that a value is the address of, with its number in the program; or NULL. */
static struct array_map *array_at(const struct body *body, ir_ref ref, u32 *index)
{
	const struct ir_insn *insn = body_at(body, ref);
	const struct ir_sym *sym = &body->b->fn->syms[insn->sym];
	struct map *map;

	if (insn->op != IR_ADDR || sym->kind != SYM_MAP)
		return NULL;
	*index = sym->index;
	map = body->b->unit->prog->maps[sym->index];
	if (map->desc.type != BPF_MAP_TYPE_ARRAY && map->desc.type != BPF_MAP_TYPE_PERCPU_ARRAY)
		return NULL;
	return array_map_of(map);
}

static ir_ref first_element(struct body *body, const struct array_map *array, u32 index)
{
	ir_ref values = ir_addr(body->b->fn, SYM_MAP_VALUE, index, 0, ptr_to_u64(array->values));
	struct ir_insn cpu = ir_load(4, body->b->run, offsetof(struct run, cpu), MEM_NONE);
	ir_ref skip;

	if (!array->cpu_stride)
		return values;
	cpu.flags = IR_UNALIASED;
	skip = emit(body, ir_binary(IR_MUL, 8, emit(body, cpu), constant(body, array->cpu_stride)));
	return emit(body, ir_binary(IR_ADD, 8, skip, values));
}

/* The key lies in a slot of the frame of its own, which the facts call a map's memory. */
static ir_ref key_slot(struct body *body, ir_ref key)
{
	struct ir_fn *fn = body->b->fn;
	s32 at;

	fn->frame_size += 8;
	at = -(s32)fn->frame_size;
	emit(body, ir_store(4, body->b->frame, at, key, MEM_MIXED));
	return emit(body, (struct ir_insn){.op = IR_FRAME, .imm = at});
}

static int build_each(struct body *body, struct loop *loop, const struct array_map *array,
		      u32 index)
{
	struct ir_fn *fn = body->b->fn;
	u64 entries = array->map.desc.max_entries;
	ir_ref first = first_element(body, array, index), value, following;
	ir_ref args[5] = {get_reg(body, 1), 0, 0, get_reg(body, 3), constant(body, 0)};
	u32 from = body->at;
	int ret;

	loop->count = constant(body, entries);
	ir_jmp(fn, from, loop->round);
	value = ir_phi(fn, loop->round);
	begin_rounds(body, loop, from, entries);
	if (body->b->unit->subs[loop->callback].nargs >= 2)
		args[1] = key_slot(body, loop->i);
	args[2] = value;
	following = emit(body, ir_binary(IR_ADD, 8, value, constant(body, array->stride)));
	ret = end_rounds(body, loop, args, entries);
	if (ret)
		return ret;
	for (u32 i = 0; i < 2; i++)
		ir_at(fn, value)->phi[i] =
			ir_block(fn, loop->round)->preds[i] == from ? first : following;
	set_reg(body, BPF_REG_0, loop->next);
	return 0;
}

int build_callback_helper(struct body *body, u32 helper, bool *built)
{
	struct ir_fn *fn = body->b->fn;
	struct loop loop = {.callback = subprog_at(body, get_reg(body, 2))};
	struct array_map *array = NULL;
	u32 index = 0;

	*built = false;
	if (!unit_pass(body->b->unit, JIT_PASS_INLINE) || loop.callback == UINT32_MAX ||
	    !ir_is_const_of(fn, get_reg(body, 4), 0))
		return 0;
	if (helper == BPF_FUNC_for_each_map_elem) {
		array = array_at(body, get_reg(body, 1), &index);
		if (!array || fn->frame_size + 8 > BUILD_FRAME_MOST)
			return 0;
	}
	*built = true;
	loop.round = ir_new_block(fn);
	loop.done = ir_new_block(fn);
	return array ? build_each(body, &loop, array, index) : build_loop(body, &loop);
}

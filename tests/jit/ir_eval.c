/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function's values lie in an array by reference. What cannot be is a fault
 * of the builder or of a pass and ends the test: a trap that is reached, a
 * result that is not within its range.
 */
#include "ir_eval.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "helper/helper.h"
#include "jit/build/build.h"
#include "map/prog_array.h"

struct eval_prog {
	struct eval_prog *next;
	const struct prog *prog;
	struct arena arena;
	struct jit_options options;
	struct jit_unit unit;
	struct ir_fn *fns; /* by subprogram */
};

static struct eval_prog *progs;
static struct {
	eval_load_fn load;
	void *arg;
} watch;
static pthread_mutex_t progs_lock = PTHREAD_MUTEX_INITIALIZER;

void eval_watch(eval_load_fn load, void *arg)
{
	watch.load = load;
	watch.arg = arg;
}

/* ---- programs ---- */

static int build_fn(struct eval_prog *p, u32 subprog, eval_change change, void *arg,
		    struct err *err)
{
	struct ir_fn *fn = &p->fns[subprog];
	int ret = ir_fn_init(fn, &p->unit, &p->arena, subprog);

	if (!ret)
		ret = jit_build(&p->unit, subprog, fn);
	if (!ret)
		ret = ir_check(fn, err);
	if (!ret && change)
		ret = change(fn, arg, err);
	if (!ret && change)
		ret = ir_check(fn, err);
	return ret;
}

static void free_prog(struct eval_prog *p)
{
	mem_free(&mem_libc, p->unit.subs);
	arena_free(&p->arena);
	free(p);
}

int eval_prog_add(const struct prog *prog, const struct jit_options *options, eval_change change,
		  void *arg, struct err *err)
{
	struct eval_prog *p = calloc(1, sizeof(*p));
	int ret;

	p->prog = prog;
	p->options = options ? *options : (struct jit_options){.passes = JIT_PASSES_ALL};
	p->unit = (struct jit_unit){
		.prog = prog, .options = &p->options, .mem = &mem_libc, .err = err};
	arena_init(&p->arena, &mem_libc);
	p->fns = arena_zalloc_array(&p->arena, prog->subprog_cnt, sizeof(*p->fns));
	ret = p->fns ? unit_analyse(&p->unit) : -ENOMEM;
	for (u32 i = 0; i < prog->subprog_cnt && !ret; i++)
		ret = build_fn(p, i, change, arg, err);
	p->unit.err = NULL;
	if (ret) {
		free_prog(p);
		return ret;
	}
	pthread_mutex_lock(&progs_lock);
	p->next = progs;
	progs = p;
	pthread_mutex_unlock(&progs_lock);
	return 0;
}

static struct eval_prog **find_prog(const struct prog *prog)
{
	struct eval_prog **at = &progs;

	while (*at && (*at)->prog != prog)
		at = &(*at)->next;
	return at;
}

void eval_prog_drop(const struct prog *prog)
{
	struct eval_prog **at, *p;

	pthread_mutex_lock(&progs_lock);
	at = find_prog(prog);
	p = *at;
	if (p)
		*at = p->next;
	pthread_mutex_unlock(&progs_lock);
	if (p)
		free_prog(p);
}

/* ---- one function at work ---- */

struct eval {
	const struct ir_fn *fn;
	struct run *run;
	u64 *value; /* by reference */
	u64 params[6];
	u8 *frame_end;
	bool left; /* by a tail call, with .result */
	u64 result;
};

static u64 operand(const struct eval *e, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(e->fn, ref);

	if (!ref)
		return EVAL_UNDEF;
	return insn->op == IR_CONST || insn->op == IR_ADDR ? (u64)insn->imm : e->value[ref];
}

static u8 *address(const struct eval *e, const struct ir_insn *insn)
{
	u64 index = insn->arg[1] ? operand(e, insn->arg[1]) << insn->scale : 0;

	return u64_to_ptr(operand(e, insn->arg[0]) + index + (u64)(s64)insn->disp);
}

static u64 sign_extend(u64 v, u8 size, u8 width)
{
	u32 shift = 64 - 8u * size;

	v = (u64)((s64)(v << shift) >> shift);
	return width == 4 ? (u32)v : v;
}

static u64 eval_load(const struct eval *e, const struct ir_insn *insn)
{
	const u8 *at = address(e, insn);
	u8 bytes[8] = {0};
	u64 v;

	if (watch.load)
		watch.load(watch.arg, e->fn, insn, at);
	if (insn->flags & IR_PROBE) {
		if (fault_read(bytes, at, insn->size))
			return 0;
	} else {
		memcpy(bytes, at, insn->size);
	}
	v = insn->size == 1   ? bytes[0]
	    : insn->size == 2 ? get_u16(bytes)
	    : insn->size == 4 ? get_u32(bytes)
			      : get_u64(bytes);
	return insn->flags & IR_SEXT ? sign_extend(v, insn->size, insn->width) : v;
}

static void eval_store(const struct eval *e, const struct ir_insn *insn)
{
	u8 *at = address(e, insn);
	u64 v = operand(e, insn->arg[2]);

	switch (insn->size) {
	case 1:
		*at = (u8)v;
		break;
	case 2:
		put_u16(at, (u16)v);
		break;
	case 4:
		put_u32(at, (u32)v);
		break;
	default:
		put_u64(at, v);
	}
}

#define ATOMIC(bits)                                                                               \
	static u64 atomic_##bits(u##bits *p, s64 op, u##bits v, u##bits expected)                  \
	{                                                                                          \
		switch (op & ~(s64)BPF_FETCH) {                                                    \
		case BPF_ADD:                                                                      \
			return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                         \
		case BPF_AND:                                                                      \
			return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);                         \
		case BPF_OR:                                                                       \
			return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);                          \
		case BPF_XOR:                                                                      \
			return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);                         \
		case BPF_XCHG & ~BPF_FETCH:                                                        \
			return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                        \
		default:                                                                           \
			__atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_SEQ_CST,      \
						    __ATOMIC_SEQ_CST);                             \
			return expected;                                                           \
		}                                                                                  \
	}

ATOMIC(32)
ATOMIC(64)

static u64 eval_atomic(const struct eval *e, const struct ir_insn *insn)
{
	void *at = address(e, insn);
	u64 v = operand(e, insn->arg[2]), expected = operand(e, insn->arg[3]);

	if (insn->size == 4)
		return atomic_32(at, insn->imm, (u32)v, (u32)expected);
	return atomic_64(at, insn->imm, v, expected);
}

/* ---- calls ---- */

typedef u64 (*c_function)(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

__attribute__((no_sanitize("undefined"))) static u64 eval_call(struct eval *e,
							       const struct ir_insn *insn)
{
	const struct ir_sym *sym = &e->fn->syms[insn->sym];
	u64 a[IR_MAX_ARGS];
	c_function fn;

	for (u32 i = 0; i < IR_MAX_ARGS; i++)
		a[i] = i < insn->nargs ? operand(e, insn->arg[i]) : EVAL_UNDEF;
	if (sym->kind != SYM_HELPER) {
		fn = (c_function)(uintptr_t)sym->addr;
		return fn(a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	return helper_protos[sym->index].fn(a[0], a[1], a[2], a[3], a[4], u64_to_ptr(a[5]));
}

static u64 run_fn(const struct ir_fn *fn, struct run *run, const u64 *params);

static u64 eval_call_sub(struct eval *e, const struct ir_insn *insn)
{
	const struct ir_fn *callee = e->fn - e->fn->subprog + insn->imm;
	u64 params[6];

	for (u32 i = 0; i < 6; i++)
		params[i] = operand(e, insn->arg[i]);
	return run_fn(callee, e->run, params);
}

static void eval_tail_call(struct eval *e, const struct ir_insn *insn)
{
	struct run *run = u64_to_ptr(operand(e, insn->arg[0]));
	struct map *map = u64_to_ptr(operand(e, insn->arg[1]));
	const struct prog *target;

	if (run->tail_calls >= MAX_TAIL_CALL_CNT)
		return;
	target = prog_array_target(map, (u32)operand(e, insn->arg[2]));
	if (!target)
		return;
	run->tail_calls++;
	run->prog = target;
	e->left = true;
	e->result = run_fn(&(*find_prog(target))->fns[0], run,
			   (const u64[6]){operand(e, insn->arg[3]), EVAL_UNDEF, EVAL_UNDEF,
					  EVAL_UNDEF, EVAL_UNDEF, ptr_to_u64(run)});
}

/* ---- instructions and blocks ---- */

static u64 eval_plain(const struct eval *e, const struct ir_insn *insn)
{
	u64 args[IR_MAX_ARGS] = {0}, result = EVAL_UNDEF;

	for (u32 i = 0; i < ir_nargs(e->fn, insn); i++)
		args[i] = insn->arg[i] ? operand(e, insn->arg[i]) : 0;
	ir_eval(insn, args, &result);
	return result;
}

static void check_range(const struct eval *e, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(e->fn, ref);
	u64 v = e->value[ref];

	if (v >= insn->umin && v <= insn->umax)
		return;
	fprintf(stderr, "%%%u is %#" PRIx64 ", not within %#" PRIx64 " to %#" PRIx64 "\n", ref, v,
		insn->umin, insn->umax);
	abort();
}

static void eval_insn(struct eval *e, ir_ref ref)
{
	const struct ir_insn *insn = ir_at(e->fn, ref);
	u64 *to = &e->value[ref];

	switch (insn->op) {
	case IR_PHI:
		return;
	case IR_PARAM:
		*to = e->params[insn->imm];
		break;
	case IR_FRAME:
		*to = ptr_to_u64(e->frame_end) + (u64)insn->imm;
		break;
	case IR_HIDE:
		*to = operand(e, insn->arg[0]);
		break;
	case IR_UNDEF:
		*to = EVAL_UNDEF;
		return;
	case IR_LOAD:
		*to = eval_load(e, insn);
		break;
	case IR_STORE:
		eval_store(e, insn);
		return;
	case IR_ATOMIC:
		*to = eval_atomic(e, insn);
		break;
	case IR_FENCE:
		return;
	case IR_CALL:
		*to = eval_call(e, insn);
		break;
	case IR_CALL_SUB:
		*to = eval_call_sub(e, insn);
		break;
	case IR_TAIL_CALL:
		eval_tail_call(e, insn);
		return;
	default:
		*to = eval_plain(e, insn);
	}
	check_range(e, ref);
}

/* All phis of a block change at once. */
static void enter_block(struct eval *e, u32 from, u32 to)
{
	const struct ir_fn *fn = e->fn;
	u32 way = ir_pred_index(fn, to, from), n = 0;
	u64 *values;

	for (ir_ref ref = ir_block(fn, to)->first; ref && ir_at(fn, ref)->op == IR_PHI;
	     ref = ir_at(fn, ref)->next)
		n++;
	if (!n)
		return;
	values = malloc(n * sizeof(*values));
	n = 0;
	for (ir_ref ref = ir_block(fn, to)->first; ref && ir_at(fn, ref)->op == IR_PHI;
	     ref = ir_at(fn, ref)->next)
		values[n++] = operand(e, ir_at(fn, ref)->phi[way]);
	n = 0;
	for (ir_ref ref = ir_block(fn, to)->first; ref && ir_at(fn, ref)->op == IR_PHI;
	     ref = ir_at(fn, ref)->next)
		e->value[ref] = values[n++];
	free(values);
}

static u64 eval_blocks(struct eval *e)
{
	const struct ir_fn *fn = e->fn;
	u32 block = 0, next;

	for (;;) {
		const struct ir_block *b = ir_block(fn, block);
		const struct ir_insn *term = ir_term(fn, block);

		for (ir_ref ref = b->first; ref != b->last; ref = ir_at(fn, ref)->next) {
			eval_insn(e, ref);
			if (e->left)
				return e->result;
		}
		if (term->op == IR_RET)
			return operand(e, term->arg[0]);
		if (term->op == IR_TRAP) {
			fprintf(stderr, "a trap is reached, b%u\n", block);
			abort();
		}
		next = b->succ[0];
		if (term->op == IR_BR &&
		    !ir_eval_cc(term->cc, term->cmp_width, operand(e, term->arg[0]),
				operand(e, term->arg[1])))
			next = b->succ[1];
		enter_block(e, block, next);
		block = next;
	}
}

static u64 run_fn(const struct ir_fn *fn, struct run *run, const u64 *params)
{
	struct eval e = {.fn = fn, .run = run, .value = calloc(fn->ninsns, sizeof(u64))};
	u8 *frame = aligned_alloc(16, ROUND_UP(fn->frame_size, 16u) + 16);
	u64 result;

	memcpy(e.params, params, sizeof(e.params));
	memset(frame, 0, ROUND_UP(fn->frame_size, 16u) + 16);
	e.frame_end = frame + ROUND_UP(fn->frame_size, 16u);
	result = eval_blocks(&e);
	free(frame);
	free(e.value);
	return result;
}

u64 eval_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const struct prog *before = run->prog;
	const u64 params[6] = {r1, r2, r3, r4, r5, ptr_to_u64(run)};
	struct eval_prog *p;
	u64 r0;

	pthread_mutex_lock(&progs_lock);
	p = *find_prog(fn->prog);
	pthread_mutex_unlock(&progs_lock);
	run->prog = fn->prog;
	r0 = run_fn(&p->fns[fn - fn->prog->subprogs], run, params);
	run->prog = before;
	return r0;
}

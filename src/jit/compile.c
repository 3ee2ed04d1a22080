/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One subprogram after the other goes through all of the compiler, each in an
 * arena of its own, so that memory is bounded by the largest of them.
 */
#include "jit/compile.h"

#include <errno.h>

#include "jit/build/build.h"
#include "jit/fuel.h"
#include "jit/locate.h"
#include "jit/pass/pass.h"
#include "jit/report/report.h"

/* Shows the intermediate form to who asked for it. */
static void dump(const struct ir_fn *fn, const char *when)
{
	const struct jit_options *options = fn->unit->options;

	if (options->dump)
		options->dump(options->dump_arg, when, fn);
}

static int to_code(struct jit_unit *unit, struct jit_code *code, struct ir_fn *fn)
{
	int ret = passes_run(fn);

	if (ret)
		return ret;
	if (unit_may_stop(unit)) {
		jit_fuel(fn);
		ir_cfg(fn);
		dump(fn, "fuel");
	}
	unit->target->lower(fn);
	ir_clean(fn);
	ir_cfg(fn);
	if (fn->failed)
		return -ENOMEM;
	dump(fn, "lower");
	passes_layout(fn);
	if (fn->failed)
		return -ENOMEM;
	fn->reg_names = unit->target->reg_names;
	ret = jit_regalloc(unit->target, fn);
	if (ret)
		return ret;
	dump(fn, "registers");
	return unit->target->emit(code, fn);
}

static int compile_as(struct jit_unit *unit, struct jit_code *code, u32 subprog, bool plain)
{
	struct arena arena;
	struct ir_fn fn;
	int ret;

	unit->plain = plain;
	arena_init(&arena, unit->mem);
	ret = ir_fn_init(&fn, unit, &arena, subprog);
	if (!ret)
		ret = jit_build(unit, subprog, &fn);
	if (!ret) {
		dump(&fn, "build");
		ret = to_code(unit, code, &fn);
	}
	if (!ret && (fn.failed || code->failed || buf_error(&code->buf)))
		ret = -ENOMEM;
	if (!ret && code->buf.len > INT32_MAX / 2)
		ret = err_set(unit->err, -E2BIG, "machine code of more than 1 GiB");
	arena_free(&arena);
	return ret;
}

/*
 * Passes make values live longer: what is computed once must be kept until it
 * is asked for again. Where that takes more of the stack than a function may
 * have, it is compiled as it is written, when few values live at once.
 */
static int compile_subprog(struct jit_unit *unit, struct jit_code *code, u32 subprog)
{
	int ret = compile_as(unit, code, subprog, false);

	if (ret == -EOVERFLOW)
		ret = compile_as(unit, code, subprog, true);
	if (ret == -EOVERFLOW)
		ret = err_set(
			unit->err, -EOPNOTSUPP,
			"values that live at once take a frame of more than %u bytes, or too long",
			JIT_FRAME_MOST);
	return ret;
}

static int link_calls(struct jit_unit *unit, struct jit_code *code)
{
	u32 *starts = mem_zalloc_array(unit->mem, unit->prog->subprog_cnt, sizeof(*starts));

	if (!starts)
		return -ENOMEM;
	vec_each (&code->funcs, func)
		starts[func->subprog] = func->start;
	vec_each (&code->links, link)
		unit->target->link(code, link->at, starts[link->subprog]);
	mem_free(unit->mem, starts);
	return 0;
}

/* Any that is wanted and has no code yet; UINT32_MAX: none. Calls mostly go forward. */
static u32 next_wanted(const struct jit_unit *unit, const bool *done, u32 from)
{
	for (u32 i = 0; i < unit->prog->subprog_cnt; i++) {
		u32 s = (from + i) % unit->prog->subprog_cnt;

		if (unit->subs[s].wanted && !done[s])
			return s;
	}
	return UINT32_MAX;
}

int jit_compile_unit(struct jit_unit *unit, struct jit_code *code)
{
	bool *done = mem_zalloc(unit->mem, unit->prog->subprog_cnt);
	int ret = done ? 0 : -ENOMEM;
	u32 s = 0;

	/* What is built into all of its callers is never wanted. */
	while (!ret && s != UINT32_MAX) {
		done[s] = true;
		ret = compile_subprog(unit, code, s);
		if (!ret) {
			locate_pad(code);
			jitdump_leave_room(code);
			ret = buf_error(&code->buf);
		}
		s = next_wanted(unit, done, s);
	}
	if (!ret && !unit->aot) {
		locate_put_stubs(code, done);
		ret = buf_error(&code->buf);
	}
	mem_free(unit->mem, done);
	return ret ? ret : link_calls(unit, code);
}

#define FEATURES_KNOWN BIT(31)

u32 jit_features(struct host *host, const struct jit_target *target)
{
	u32 features = atomic_load_explicit(&host->jit_features, memory_order_relaxed);

	if (!features) {
		features = target->features() | FEATURES_KNOWN;
		atomic_store_explicit(&host->jit_features, features, memory_order_relaxed);
	}
	return features & ~FEATURES_KNOWN;
}

int unit_init(struct jit_unit *unit, const struct prog *prog, const struct jit_options *options,
	      const struct jit_target *target, struct err *err)
{
	static const struct jit_options defaults = {.passes = JIT_PASSES_ALL};

	*unit = (struct jit_unit){
		.prog = prog,
		.options = options ? options : &defaults,
		.target = target,
		.mem = prog->obj.host->mem,
		.err = err,
	};
	unit->aot = unit->options->aot;
	unit->features =
		unit->aot ? unit->options->features
			  : jit_features(prog->obj.host, target) & ~unit->options->features_off;
	return unit_analyse(unit);
}

void unit_free(struct jit_unit *unit)
{
	mem_free(unit->mem, unit->subs);
}

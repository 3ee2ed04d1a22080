/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which passes there are, which are asked for, and running them. Some run more
 * than once: what one pass leaves behind is for pass_fold to tidy up.
 */
#include <errno.h>
#include <string.h>

#include "jit/pass/pass.h"

const char *const jit_pass_names[JIT_PASS_CNT] = {
#define STEP(NAME, text, what)	   [JIT_PASS_##NAME] = text,
#define PASS(NAME, text, fn, what) [JIT_PASS_##NAME] = text,
#include "jit/pass/pass.def"
#undef STEP
#undef PASS
};

const char *const jit_pass_texts[JIT_PASS_CNT] = {
#define STEP(NAME, text, what)	   [JIT_PASS_##NAME] = what,
#define PASS(NAME, text, fn, what) [JIT_PASS_##NAME] = what,
#include "jit/pass/pass.def"
#undef STEP
#undef PASS
};

const pass_fn pass_functions[JIT_PASS_CNT] = {
#define STEP(NAME, text, what)
#define PASS(NAME, text, fn, what) [JIT_PASS_##NAME] = fn,
#include "jit/pass/pass.def"
#undef STEP
#undef PASS
};

/* What these leave behind is for pass_fold to tidy up, before the next one of those below. */
static const bool leaves_folding[JIT_PASS_CNT] = {
	[JIT_PASS_JUMP] = true,
	[JIT_PASS_SELECT] = true,
	[JIT_PASS_UNROLL] = true,
	[JIT_PASS_DIVIDE] = true,
};

static const bool wants_folded[JIT_PASS_CNT] = {
	[JIT_PASS_LOOP] = true,
	[JIT_PASS_NARROW] = true,
};

/*
 * Functions of more instructions than this go through half of the passes. They
 * are several times larger than the caches, so that each walk over them waits
 * for memory, and an instruction among so many is executed too seldom to earn
 * that back. What saves calls, memory and loops stays.
 */
#define HUGE_FN (1u << 18)

static const bool for_huge[JIT_PASS_CNT] = {
	[JIT_PASS_MAPS] = true, [JIT_PASS_HELPERS] = true, [JIT_PASS_PROMOTE] = true,
	[JIT_PASS_FOLD] = true, [JIT_PASS_MERGE] = true,   [JIT_PASS_LOOP] = true,
};

/* Whether something changed. */
static bool run_one(struct ir_fn *fn, u32 pass)
{
	const struct jit_options *options = fn->unit->options;
	bool changed = pass_functions[pass](fn);

	if (changed && !fn->failed) {
		ir_clean(fn);
		ir_cfg(fn);
	}
	if (options && options->dump && !fn->failed)
		options->dump(options->dump_arg, jit_pass_names[pass], fn);
	return changed && !fn->failed;
}

int passes_run(struct ir_fn *fn)
{
	bool may_fold = unit_pass(fn->unit, JIT_PASS_FOLD), to_fold = false;
	bool huge = fn->ninsns > HUGE_FN;

	ir_cfg(fn);
	for (u32 pass = 0; pass < JIT_PASS_CNT && !fn->failed; pass++) {
		if (!pass_functions[pass] || !unit_pass(fn->unit, pass) || pass == JIT_PASS_LAYOUT)
			continue;
		if (huge && !for_huge[pass])
			continue;
		if (to_fold && may_fold && wants_folded[pass]) {
			run_one(fn, JIT_PASS_FOLD);
			to_fold = false;
		}
		if (!fn->failed && run_one(fn, pass))
			to_fold |= leaves_folding[pass];
	}
	return fn->failed ? -ENOMEM : 0;
}

void passes_layout(struct ir_fn *fn)
{
	if (unit_pass(fn->unit, JIT_PASS_LAYOUT))
		run_one(fn, JIT_PASS_LAYOUT);
}

/* ---- choosing ---- */

bool jit_step_known(const char *name)
{
	static const char *const others[] = {"build", "fuel", "lower", "registers"};

	for (u32 i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(others[i], name))
			return true;
	for (u32 i = 0; i < JIT_PASS_CNT; i++)
		if (pass_functions[i] && !strcmp(jit_pass_names[i], name))
			return true;
	return false;
}

static u64 passes_named(const char *name, size_t len)
{
	if (len == 3 && !strncmp(name, "all", len))
		return JIT_PASSES_ALL;
	for (u32 i = 0; i < JIT_PASS_CNT; i++)
		if (strlen(jit_pass_names[i]) == len && !strncmp(jit_pass_names[i], name, len))
			return BIT_ULL(i);
	return 0;
}

int jit_passes_parse(const char *text, u64 *passes, struct err *err)
{
	u64 chosen = *passes;

	while (*text) {
		size_t len;
		bool off = *text == '-';
		u64 named;

		if (*text == '+' || *text == '-')
			text++;
		len = strcspn(text, ",");
		named = passes_named(text, len);
		if (len == 4 && !strncmp(text, "none", len))
			chosen = off ? JIT_PASSES_ALL : 0;
		else if (!named)
			return err_set(err, -EINVAL, "no pass of the compiler is called '%.*s'",
				       (int)len, text);
		else
			chosen = off ? chosen & ~named : chosen | named;
		text += len;
		text += *text == ',';
	}
	*passes = chosen;
	return 0;
}

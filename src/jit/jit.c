/* SPDX-License-Identifier: BSD-2-Clause */
/* The JIT as its callers see it: programs get machine code, run it, lose it. */
#include "jit/jit.h"

#include <errno.h>

#include "jit/compile.h"
#include "jit/image.h"
#include "jit/report/report.h"
#include "jit/target.h"

/* Bytes of code that an instruction may come to on average; more is tried when it does not do. */
#define CODE_PER_INSN 64
#define CODE_AT_LEAST 65536

/* One try with so many bytes of room; -E2BIG: there must be more. */
static int compile_into(struct jit_unit *unit, struct jit_image *image, size_t room)
{
	struct jit_code code = {.unit = unit};
	int ret = image_reserve(image, room);

	if (ret)
		return err_set(unit->err, ret, "no memory for machine code");
	code.at_base = image->code;
	buf_init(&code.buf, unit->mem);
	ret = jit_compile_unit(unit, &code);
	if (!ret)
		ret = image_finish(image, unit->prog, &code);
	code_free(&code);
	return ret;
}

static int compile(struct prog *prog, struct jit_unit *unit, size_t room)
{
	struct jit_image *image = mem_zalloc(unit->mem, sizeof(*image));
	int ret;

	if (!image)
		return -ENOMEM;
	ret = compile_into(unit, image, room);
	if (ret)
		image_free(unit->mem, image);
	else
		image_install(image, prog);
	return ret;
}

bool jit_present(void)
{
	return jit_native;
}

int jit_compile(struct prog *prog, const struct jit_options *options, struct err *err)
{
	size_t room = (size_t)prog->insn_cnt * CODE_PER_INSN + CODE_AT_LEAST;
	struct jit_unit unit;
	int ret;

	if (!jit_native)
		return err_set(err, -EOPNOTSUPP, "no JIT compiler for this machine");
	ret = unit_init(&unit, prog, options, jit_native, err);
	if (!ret)
		ret = compile(prog, &unit, room);
	if (ret == -E2BIG)
		ret = compile(prog, &unit, room * 16);
	unit_free(&unit);
	return ret;
}

/* Functions that have code in an image alone are interpreted where they are called from outside. */
static void forget_entries(struct prog *prog, const struct jit_image *old)
{
	for (u32 s = 0; s < prog->subprog_cnt; s++) {
		uintptr_t entry = (uintptr_t)prog->subprogs[s].entry;

		if (entry >= (uintptr_t)old->code && entry < (uintptr_t)old->code + old->size)
			prog->subprogs[s].entry = NULL;
	}
}

static void free_image(struct host *host, struct deferred *deferred)
{
	image_free(host->mem, container_of(deferred, struct jit_image, deferred));
}

int jit_compile_again(struct prog *prog, const struct jit_options *options, struct err *err)
{
	struct jit_image *old = prog->jit;
	int ret = jit_compile(prog, options, err);

	if (ret)
		return ret;
	forget_entries(prog, old);
	jit_report_end(prog, old);
	/* It may be what is running, down to the system call that asks for this. */
	host_defer(prog->obj.host, 0, &old->deferred, free_image);
	return 0;
}

void jit_free(struct prog *prog)
{
	struct jit_image *image = prog->jit;

	if (!image)
		return;
	jit_report_end(prog, image);
	for (u32 s = 0; s < prog->subprog_cnt; s++)
		prog->subprogs[s].entry = NULL;
	prog->entry = NULL;
	prog->jit = NULL;
	image_free(prog->obj.host->mem, image);
}

__no_sanitize_function u64 jit_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2,
				   u64 r3, u64 r4, u64 r5)
{
	const struct prog *before = run->prog;
	u64 r0;

	run->prog = fn->prog;
	r0 = fn->entry(r1, r2, r3, r4, r5, run);
	run->prog = before;
	return r0;
}

const void *jit_code(const struct prog *prog, size_t *size)
{
	if (!prog->jit)
		return NULL;
	*size = prog->jit->size;
	return prog->jit->code;
}

const u32 *jit_insn_offsets(const struct prog *prog, u32 *n)
{
	if (!prog->jit)
		return NULL;
	*n = prog->insn_cnt + 1;
	return prog->jit->offsets;
}

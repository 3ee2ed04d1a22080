/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anybpf disasm --jit and --ir: what programs are compiled to. They are loaded
 * for it, so that a program that is rejected has no code; machine code comes
 * from BPF_OBJ_GET_INFO_BY_FD, which the kernel answers as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disasm.h"
#include "jit/jit.h"
#include "sys/engine.h"

/* ---- intermediate form ---- */

/* What the compiler shows, as it comes: the last text of a function, or those that differ. */
struct ir_view {
	const struct disasm_command *opts;
	struct buf last; /* text of the step before */
	bool shown;	 /* something was */
};

static void print_step(struct ir_view *view, const char *step, const char *text)
{
	printf("; %s\n%s\n", step, text);
	view->shown = true;
}

static void see_step(void *arg, const char *step, const char *text)
{
	struct ir_view *view = arg;
	const char *want = view->opts->step ? view->opts->step : "registers";

	if (!strcmp(want, "all")) {
		bool same = !strcmp(buf_str(&view->last), text);

		buf_reset(&view->last);
		buf_puts(&view->last, text);
		if (!same)
			print_step(view, step, text);
	} else if (!strcmp(want, step)) {
		print_step(view, step, text);
	}
}

/* ---- machine code ---- */

static int show_code(const struct disasm_command *opts, const struct anybpf_program *program)
{
	ANYBPF_OPTS(anybpf_program_info, about);
	int ret = anybpf_program_get_info(program, &about);
	u32 size = about.code_bytes;

	if (ret)
		return ret;
	printf("%s (section \"%s\"): %u instructions, ", anybpf_program_name(program),
	       anybpf_program_section(program), about.insns);
	if (!size) {
		printf("no machine code%s%s\n", about.interpreted[0] ? ": " : "",
		       about.interpreted);
		return 0;
	}
	printf("%u bytes of machine code\n", size);
	return disasm_jit(opts, program);
}

static int show_programs(const struct disasm_command *opts, struct anybpf_object *object)
{
	struct anybpf_program *program = NULL;
	u32 shown = 0;

	while ((program = anybpf_object_next_program(object, program))) {
		int ret;

		if (opts->common.prog && strcmp(opts->common.prog, anybpf_program_name(program)))
			continue;
		if (shown++)
			printf("\n");
		ret = show_code(opts, program);
		if (ret) {
			complain("%s: %s", anybpf_program_name(program), strerror(-ret));
			return EXIT_FAILED;
		}
	}
	if (shown)
		return EXIT_OK;
	complain("%s: there is no program '%s'", opts->common.file,
		 opts->common.prog ? opts->common.prog : "");
	return EXIT_FAILED;
}

/* Loads one program, or all; what is not asked for need not be acceptable. */
static int load(const struct disasm_command *opts, struct anybpf *ctx, struct anybpf_object *object)
{
	struct anybpf_program *program = NULL;

	while (opts->common.prog && (program = anybpf_object_next_program(object, program)))
		anybpf_program_set_autoload(
			program, !strcmp(opts->common.prog, anybpf_program_name(program)));
	if (!anybpf_object_load(object))
		return EXIT_OK;
	complain("%s", anybpf_error(ctx));
	return EXIT_FAILED;
}

/* What cannot be, and what would show nothing. */
static int check_code_options(const struct disasm_command *opts)
{
	if (opts->raw)
		return usage_error("disasm", "--raw has no program that could be loaded");
	if (opts->ir && opts->common.engine == ANYBPF_ENGINE_KERNEL)
		return usage_error("disasm", "--ir is for the user engine");
	if (opts->step && strcmp(opts->step, "all") && !jit_step_known(opts->step))
		return usage_error("disasm", "the compiler has no step '%s'", opts->step);
	return check_engine("disasm", &opts->common);
}

/* The step may be switched off, or the compiler itself. */
static int check_shown(const struct ir_view *view)
{
	if (view->shown)
		return EXIT_OK;
	complain("%s: no program came to step '%s' of the compiler", view->opts->common.file,
		 view->opts->step ? view->opts->step : "registers");
	return EXIT_FAILED;
}

int disasm_code(const struct disasm_command *opts)
{
	struct ir_view view = {.opts = opts};
	struct anybpf_object *object = NULL;
	struct anybpf *ctx = NULL;
	int ret = check_code_options(opts);

	if (ret)
		return ret;
	buf_init(&view.last, &mem_libc);
	ANYBPF_OPTS(anybpf_options, ctx_opts, .engine = opts->common.engine,
		    .vmlinux_btf = opts->common.btf, .jit_passes = opts->common.jit_passes,
		    .jit_blind = opts->common.jit_blind);
	if (opts->ir) {
		ctx_opts.jit_dump = see_step;
		ctx_opts.jit_dump_ctx = &view;
	}
	ret = open_context(&ctx_opts, &ctx);
	if (!ret)
		ret = open_object(ctx, &opts->common, &object);
	if (!ret)
		ret = load(opts, ctx, object);
	if (!ret && opts->ir)
		ret = check_shown(&view);
	if (!ret && opts->jit)
		ret = show_programs(opts, object);
	anybpf_object_close(object);
	anybpf_free(ctx);
	buf_free(&view.last);
	return ret;
}

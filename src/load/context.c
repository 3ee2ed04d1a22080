/* SPDX-License-Identifier: BSD-2-Clause */
/* The context: an engine with its options, and the text of the last failure. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "base/version.h"
#include "jit/aot/aot.h"
#include "jit/ir/ir.h"
#include "jit/jit.h"
#include "kernel/btf.h"
#include "load/object.h"

#define MACHINE_BTF "/sys/kernel/btf/vmlinux"
#define OWN_BTF	    "host"

const char *anybpf_version(void)
{
	return LIBRARY_VERSION;
}

static void forward_printk(void *ctx, const char *text, size_t len)
{
	const struct anybpf *bpf = ctx;

	if (bpf->opts.printk)
		bpf->opts.printk(bpf->opts.printk_ctx, text, len);
}

/* From the compiler to who wants to see its intermediate form. */
static void forward_dump(void *arg, const char *when, const struct ir_fn *fn)
{
	const struct anybpf *ctx = arg;
	struct buf text;

	buf_init(&text, ctx->mem);
	ir_print(&text, fn);
	if (!buf_error(&text))
		ctx->opts.jit_dump(ctx->opts.jit_dump_ctx, when, buf_str(&text));
	buf_free(&text);
}

static void warn(const struct anybpf *ctx, const char *text)
{
	if (ctx->opts.warn)
		ctx->opts.warn(ctx->opts.warn_ctx, text);
	else
		fprintf(stderr, "anybpf: %s\n", text);
}

static void forward_warning(void *arg, const char *text)
{
	warn(arg, text);
}

/*
 * The way out for who suspects the compiler and cannot change the program that
 * embeds it: a slip must not go unnoticed.
 */
static bool jit_is_off(const struct anybpf *ctx)
{
	const char *jit = getenv("ANYBPF_JIT");
	struct err err;

	if (!jit || !*jit || !strcmp(jit, "on"))
		return false;
	if (!strcmp(jit, "off"))
		return true;
	err_set(&err, -EINVAL, "ANYBPF_JIT is on or off, not '%s'", jit);
	warn(ctx, err.text);
	return false;
}

/*
 * Whose program it is that embeds the library need not know of profilers. Such
 * a wish writes files: not where the user is not who runs.
 */
static int report_options(struct anybpf *ctx, struct host_jit *jit)
{
	const char *wish = ctx->opts.jit_report;
	struct err err;
	int ret;

	jit->warn = forward_warning;
	jit->warn_arg = ctx;
	if (wish)
		return jit_reports_parse(wish, &jit->report, NULL);
	wish = secure_getenv("ANYBPF_JIT_REPORT");
	ret = wish ? jit_reports_parse(wish, &jit->report, &err) : 0;
	if (ret) {
		err_prefix(&err, "ANYBPF_JIT_REPORT");
		warn(ctx, err.text);
	}
	return 0;
}

static int jit_options(struct anybpf *ctx, struct host_options *opts)
{
	u64 passes = JIT_PASSES_ALL;
	int ret = report_options(ctx, &opts->jit);

	if (ret)
		return ret;
	opts->interpret = ctx->opts.interpret || jit_is_off(ctx);
	opts->limits = (struct host_limits){.steps = ctx->opts.max_steps, .ns = ctx->opts.max_ns};
	if (ctx->opts.jit_passes)
		ret = jit_passes_parse(ctx->opts.jit_passes, &passes, NULL);
	opts->jit.passes_off = ~passes;
	if (ctx->opts.jit_blind)
		opts->jit.harden = 2;
	if (ctx->opts.jit_dump) {
		opts->jit.dump = forward_dump;
		opts->jit.dump_arg = ctx;
	}
	return ret;
}

/*
 * Whose types programs are for: those that run, of the host's own kernel. A
 * verdict is asked for about the machine's, where it has BTF.
 */
static void choose_types(const struct anybpf *ctx, struct host_options *opts)
{
	const char *name = ctx->opts.vmlinux_btf;
	bool machine = ctx->opts.verify_only || !kernel_btf_size;

	opts->own_btf = kernel_btf_data;
	opts->own_btf_size = kernel_btf_size;
	if (name)
		opts->vmlinux = strcmp(name, OWN_BTF) ? name : NULL;
	else if (machine && (!kernel_btf_size || !access(MACHINE_BTF, R_OK)))
		opts->vmlinux = MACHINE_BTF;
}

static int new_user_engine(struct anybpf *ctx)
{
	struct host_options opts;
	struct environment env;
	struct btf_object *btf;
	struct host *host;
	int ret;

	environment_init(&env);
	env.ctx = ctx;
	env.printk = forward_printk;
	if (ctx->opts.nr_cpus)
		env.nr_cpus = ctx->opts.nr_cpus;
	host_options_init(&opts);
	opts.mem = ctx->mem;
	opts.env = &env;
	ret = jit_options(ctx, &opts);
	if (ret)
		return ret;
	opts.verify_only = ctx->opts.verify_only;
	opts.manual_timers = ctx->opts.manual_timers;
	choose_types(ctx, &opts);
	ret = host_new(&opts, &host);
	if (ret)
		return ret;
	/* The machine may have none; what somebody names must be there. */
	ret = ctx->opts.vmlinux_btf ? host_vmlinux(host, &btf) : 0;
	if (ret) {
		host_free(host);
		return ret;
	}
	ret = engine_user_new(host, &ctx->engine);
	if (ret)
		host_free(host);
	if (ret)
		return ret;
	ctx->nr_cpus = host->env.nr_cpus;
	code_open(ctx);
	return 0;
}

/* The kernel sizes per-CPU values by the CPUs that are possible: "0-3" or "0,2-7". */
static u32 kernel_possible_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "re");
	u32 last = 0, n = os_nr_cpus();
	bool found = false;
	int c;

	if (!file)
		return n;
	while ((c = getc(file)) != EOF) {
		if (c >= '0' && c <= '9') {
			last = last * 10 + (u32)(c - '0');
			found = true;
		} else if (c != '\n') {
			last = 0;
		}
	}
	fclose(file);
	return found && last < UINT16_MAX ? last + 1 : n;
}

static int new_engine(struct anybpf *ctx)
{
	switch (ctx->opts.engine) {
	case ANYBPF_ENGINE_USER:
		return new_user_engine(ctx);
	case ANYBPF_ENGINE_KERNEL:
		if (ctx->opts.aot)
			return -EINVAL;
		ctx->nr_cpus = kernel_possible_cpus();
		return engine_kernel_new(ctx->mem, &ctx->engine);
	default:
		return -EINVAL;
	}
}

/* Options of an older or newer caller: what it does not know is zero, what we do not must be. */
static int copy_options(struct anybpf_options *to, const struct anybpf_options *from)
{
	const u8 *bytes = (const u8 *)from;

	*to = (struct anybpf_options){.size = sizeof(*to)};
	if (!from)
		return 0;
	if (from->size < sizeof(from->size))
		return -EINVAL;
	for (size_t i = sizeof(*to); i < from->size; i++) {
		if (bytes[i])
			return -E2BIG;
	}
	memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
	return 0;
}

int anybpf_new(const struct anybpf_options *opts, struct anybpf **out)
{
	struct anybpf_options copy;
	struct mem mem = mem_libc;
	struct anybpf *ctx;
	int ret = copy_options(&copy, opts);

	*out = NULL;
	if (ret)
		return ret;
	if (copy.realloc)
		mem = (struct mem){.realloc = copy.realloc, .ctx = copy.realloc_ctx};
	ctx = mem_zalloc(&mem, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->own_mem = mem;
	ctx->mem = &ctx->own_mem;
	ctx->opts = copy;
	ret = new_engine(ctx);
	if (ret) {
		mem_free(&mem, ctx);
		return ret;
	}
	*out = ctx;
	return 0;
}

void anybpf_free(struct anybpf *ctx)
{
	struct mem mem;

	if (!ctx)
		return;
	mem = ctx->own_mem;
	engine_free(ctx->engine);
	aot_close(ctx->code);
	if (ctx->kernel_btf)
		btf_free(ctx->kernel_btf);
	mem_free(&mem, ctx);
}

uint32_t anybpf_run_timers(struct anybpf *ctx)
{
	struct host *host = engine_user_host(ctx->engine);

	return host ? timers_run(host) : 0;
}

const char *anybpf_error(const struct anybpf *ctx)
{
	return ctx->err.text;
}

uint32_t anybpf_nr_cpus(const struct anybpf *ctx)
{
	return ctx->nr_cpus;
}

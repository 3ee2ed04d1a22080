/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN of programs whose context is nothing but bytes. Linux has
 * it for two of these types, with checks of their own; the others, which it
 * can only run where they are attached, take a context here and give it back.
 */
#include <string.h>

#include "base/fault.h"
#include "hook/internal.h"
#include "hook/rules.h"

/*
 * Zeros behind what the caller gave, as far as the verifier lets programs reach:
 * a machine's registers may be more than those that the rules know.
 */
static int take_ctx(struct host *host, const struct prog *prog, const union bpf_attr *attr,
		    void **ctx)
{
	u32 size = attr->test.ctx_size_in, most = prog->hook->rules->ctx_size;

	if (size > (most < TEST_PAGE ? TEST_PAGE : most))
		return -E2BIG;
	*ctx = mem_zalloc(host->mem, CTX_MOST);
	if (!*ctx)
		return -ENOMEM;
	if (size && fault_read(*ctx, u64_to_ptr(attr->test.ctx_in), size)) {
		mem_free(host->mem, *ctx);
		return -EFAULT;
	}
	return 0;
}

static int run_on(struct host *host, const struct prog *prog, union bpf_attr *attr, void *ctx)
{
	u32 retval = 0, duration = 0;
	int error = test_repeat(host, prog, ctx, attr->test.repeat, NULL, &retval, &duration);

	attr->test.retval = retval;
	attr->test.duration = duration;
	return error;
}

int plain_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	void *ctx;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.data_in || attr->test.data_out || attr->test.flags || attr->test.cpu ||
	    attr->test.batch_size)
		return -EINVAL;
	error = take_ctx(host, prog, attr, &ctx);
	if (error)
		return error;
	error = run_on(host, prog, attr, ctx);
	if (!error)
		error = test_finish_ctx(attr, ctx, attr->test.ctx_size_in);
	mem_free(host->mem, ctx);
	return error;
}

/* What Linux's own test runs of such types have in common; @max: the largest context. */
static int check_small(const struct prog *prog, const union bpf_attr *attr, u32 max)
{
	if (attr->test.data_in || attr->test.data_out || attr->test.ctx_out ||
	    attr->test.duration || attr->test.repeat || attr->test.batch_size)
		return -EINVAL;
	return attr->test.ctx_size_in < prog->max_ctx_offset || attr->test.ctx_size_in > max
		       ? -EINVAL
		       : 0;
}

static int check_cpu(const struct host *host, const union bpf_attr *attr)
{
	bool on_cpu = attr->test.flags & BPF_F_TEST_RUN_ON_CPU;

	if (!on_cpu)
		return attr->test.cpu ? -EINVAL : 0;
	return attr->test.cpu >= host->env.nr_cpus ? -ENXIO : 0;
}

int raw_tp_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	void *ctx;
	int error = check_small(prog, attr, prog->hook->rules->ctx_size);

	if (!error)
		error = check_cpu(host, attr);
	if (!error)
		error = take_ctx(host, prog, attr, &ctx);
	if (error)
		return error;
	error = run_on(host, prog, attr, ctx);
	mem_free(host->mem, ctx);
	return error;
}

/*
 * Linux has none for tracepoints with a buffer. Here the first argument is an
 * offset in the context: the buffer reaches from there to its end.
 */
int raw_tp_writable_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	u32 size = attr->test.ctx_size_in;
	u64 *args, off;
	void *ctx;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.data_in || attr->test.data_out || attr->test.flags || attr->test.cpu ||
	    attr->test.batch_size || size < sizeof(u64) || size > TEST_PAGE)
		return -EINVAL;
	ctx = mem_zalloc(host->mem, CTX_MOST);
	if (!ctx)
		return -ENOMEM;
	args = ctx;
	error = fault_read(ctx, u64_to_ptr(attr->test.ctx_in), size) ? -EFAULT : 0;
	off = *args;
	if (!error &&
	    (off < sizeof(u64) || off % 8 || off > size || size - off < prog->max_tp_access))
		error = -EINVAL;
	if (!error) {
		*args = ptr_to_u64(ctx) + off;
		error = run_on(host, prog, attr, ctx);
		*args = off;
	}
	if (!error)
		error = test_finish_ctx(attr, ctx, size);
	mem_free(host->mem, ctx);
	return error;
}

/* The caller's context is written in place. */
int syscall_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	void *ctx;
	int error = attr->test.flags ? -EINVAL : check_small(prog, attr, UINT16_MAX);

	if (!error)
		error = take_ctx(host, prog, attr, &ctx);
	if (error)
		return error;
	error = run_on(host, prog, attr, ctx);
	if (!error && attr->test.ctx_in)
		memcpy(u64_to_ptr(attr->test.ctx_in), ctx, attr->test.ctx_size_in);
	mem_free(host->mem, ctx);
	return error;
}

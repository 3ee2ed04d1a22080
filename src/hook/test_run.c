/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of BPF_PROG_TEST_RUN that do not depend on the program type.
 * Semantics: Linux's Documentation/bpf/bpf_prog_run.rst. Addresses in the
 * attribute are the calling process's own: what is read may be bad and gives
 * -EFAULT, what is written must be there.
 */
#include <string.h>
#include <time.h>

#include "base/fault.h"
#include "hook/internal.h"
#include "map/cgroup_storage.h"

int test_check_attr(const union bpf_attr *attr)
{
	if (!attr->test.ctx_size_in != !attr->test.ctx_in ||
	    !attr->test.ctx_size_out != !attr->test.ctx_out)
		return -EINVAL;
	return 0;
}

int test_copy_data(const union bpf_attr *attr, u8 *data, u32 size)
{
	return size ? fault_read(data, u64_to_ptr(attr->test.data_in), size) : 0;
}

static bool is_zero(const u8 *p, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (p[i])
			return false;
	}
	return true;
}

int test_copy_ctx(const union bpf_attr *attr, void *ctx, u32 size, bool *used)
{
	const void *in = u64_to_ptr(attr->test.ctx_in);
	u32 given = attr->test.ctx_size_in;
	u8 all[TEST_PAGE];

	*used = in || attr->test.ctx_out;
	if (!in)
		return 0;
	if (given > sizeof(all))
		return -E2BIG;
	if (fault_read(all, in, given))
		return -EFAULT;
	if (given > size && !is_zero(all + size, given - size))
		return -E2BIG;
	memcpy(ctx, all, (size_t)u64_min(given, size));
	return 0;
}

/*
 * What bpf_get_local_storage() gives in a test run is of no group: zeros at the
 * start, kept from one repetition to the next.
 */
struct storages {
	struct cgroup_storage *at[2];
};

static void storages_free(struct storages *storages)
{
	for (u32 i = 0; i < ARRAY_SIZE(storages->at); i++)
		cgroup_storage_free(storages->at[i]);
}

static int storages_new(const struct prog *prog, struct storages *storages)
{
	for (u32 i = 0; i < prog->map_cnt; i++) {
		struct map *map = prog->maps[i];
		struct cgroup_storage **at;

		if (!map_is_cgroup_storage(map->desc.type))
			continue;
		at = &storages->at[cgroup_storage_kind(map->desc.type)];
		*at = cgroup_storage_new(map);
		if (!*at) {
			storages_free(storages);
			return -ENOMEM;
		}
	}
	return 0;
}

/* So many runs keep a slot before others get a chance at it. */
#define RUNS_PER_SLOT 1024

int test_repeat_by(struct host *host, u32 repeat, u32 (*once)(struct run *run, void *arg),
		   void *arg, u32 *retval, u32 *duration)
{
	const struct environment *env = &host->env;
	u64 spent = 0;

	if (!repeat)
		repeat = 1;
	for (u32 done = 0; done < repeat;) {
		u32 n = (u32)u64_min(repeat - done, RUNS_PER_SLOT);
		struct run run;
		u64 start;

		run_begin(&run, host);
		start = env->clock_ns(env->ctx, CLOCK_MONOTONIC);
		for (u32 i = 0; i < n && !run.budget.stopped; i++)
			*retval = once(&run, arg);
		spent += env->clock_ns(env->ctx, CLOCK_MONOTONIC) - start;
		run_end(&run);
		if (run.budget.stopped)
			return -ETIME;
		done += n;
	}
	*duration = (u32)u64_min(spent / repeat, UINT32_MAX);
	return 0;
}

struct plain_run {
	const struct prog *prog;
	void *ctx;
	s64 (*legacy_load)(struct run *run, s32 off, u32 size);
	s32 *sysret; /* NULL: the run's own */
	struct storages storages;
};

static u32 run_plain(struct run *run, void *arg)
{
	const struct plain_run *plain = arg;

	run->legacy_load = plain->legacy_load;
	run->storages = plain->storages.at;
	if (plain->sysret)
		run->retval = plain->sysret;
	return (u32)prog_run_in(run, plain->prog, plain->ctx);
}

static int repeat_plain(struct host *host, struct plain_run *plain, u32 repeat, u32 *retval,
			u32 *duration)
{
	int error = storages_new(plain->prog, &plain->storages);

	if (error)
		return error;
	error = test_repeat_by(host, repeat, run_plain, plain, retval, duration);
	storages_free(&plain->storages);
	return error;
}

int test_repeat(struct host *host, const struct prog *prog, void *ctx, u32 repeat,
		s64 (*legacy_load)(struct run *run, s32 off, u32 size), u32 *retval, u32 *duration)
{
	struct plain_run plain = {.prog = prog, .ctx = ctx, .legacy_load = legacy_load};

	return repeat_plain(host, &plain, repeat, retval, duration);
}

int test_repeat_in_group(struct host *host, const struct prog *prog, void *ctx, u32 repeat,
			 s32 *sysret, u32 *retval, u32 *duration)
{
	struct plain_run plain = {.prog = prog, .ctx = ctx, .sysret = sysret};

	return repeat_plain(host, &plain, repeat, retval, duration);
}

int test_finish(union bpf_attr *attr, const u8 *data, u32 size, u32 retval, u32 duration)
{
	u32 room = attr->test.data_size_out, n = size;
	void *out = u64_to_ptr(attr->test.data_out);
	int error = 0;

	/* Without a size the caller vouches for the room, as it always did. */
	if (room && n > room) {
		n = room;
		error = -ENOSPC;
	}
	if (out)
		memcpy(out, data, n);
	attr->test.data_size_out = size;
	attr->test.retval = retval;
	attr->test.duration = duration;
	return error;
}

int test_finish_ctx(union bpf_attr *attr, const void *ctx, u32 size)
{
	u32 room = attr->test.ctx_size_out;
	void *out = u64_to_ptr(attr->test.ctx_out);

	if (!ctx || !out)
		return 0;
	memcpy(out, ctx, (size_t)u64_min(size, room));
	attr->test.ctx_size_out = size;
	return size > room ? -ENOSPC : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts as bytes: pointers in them are offsets of memory or handles, and
 * nothing that does not fit is taken. And what the engine itself asks of programs.
 */
#include "attach.h"

static int run(const struct test *t, const char *prog, const void *ctx, u32 size, u32 *retval)
{
	union bpf_attr attr = {.test = {.prog_fd = (u32)prog_fd(t, prog),
					.ctx_in = ptr_to_u64(ctx),
					.ctx_size_in = size}};
	int err = call(t, BPF_PROG_TEST_RUN, &attr);

	*retval = attr.test.retval;
	return err;
}

static u32 global(const struct test *t, u32 i)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, ".bss");
	u32 key = 0, values[4] = {0};

	check_eq(anybpf_map_lookup(map, &key, sizeof(key), values, sizeof(values), 0), 0);
	return values[i];
}

static void set_global(const struct test *t, u32 i, u32 value)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, ".bss");
	u32 key = 0, values[4];

	check_eq(anybpf_map_lookup(map, &key, sizeof(key), values, sizeof(values), 0), 0);
	values[i] = value;
	check_eq(anybpf_map_update(map, &key, sizeof(key), values, sizeof(values), 0), 0);
}

static void test_numbers(const struct test *t)
{
	const u64 args[] = {5, 16, 7};
	u32 retval;

	check_eq(run(t, "add", args, sizeof(args), &retval), 0);
	check_eq(retval, 12);
	/* Without a result it is 0. */
	check_eq(run(t, "add", args, 16, &retval), -EINVAL);
	check_eq(run(t, "add", (u64[]){5, 0}, 16, &retval), 0);
	check_eq(retval, 5);
	check_eq(run(t, "add", args, 8, &retval), -EINVAL);
}

static void test_memory(const struct test *t)
{
	u32 retval;

	/* The argument's structure, which points to another or to itself. */
	check_eq(run(t, "chain", (u64[]){8, 16, 8}, 24, &retval), 0);
	check_eq(global(t, 3), 2);
	check_eq(run(t, "chain", (u64[]){8, 16, 0}, 24, &retval), 0);
	check_eq(global(t, 3), 1);
	check_eq(run(t, "chain", (u64[]){8, 8}, 16, &retval), 0);
	check_eq(global(t, 3), 2);
	check_eq(run(t, "chain", (u64[]){0}, 8, &retval), 0);
	check_eq(global(t, 3), 0);
	/* Beyond the end, within the arguments, not aligned. */
	check_eq(run(t, "chain", (u64[]){16, 0}, 16, &retval), -EINVAL);
	check_eq(run(t, "chain", (u64[]){8, 16}, 16, &retval), -EINVAL);
	check_eq(run(t, "chain", (u64[]){UINT64_MAX, 0}, 16, &retval), -EINVAL);
	check_eq(run(t, "chain", (u64[]){4, 0}, 16, &retval), -EINVAL);
	check_eq(run(t, "chain", (u64[]){12, 0, 0}, 24, &retval), -EINVAL);
	check_eq(run(t, "chain", NULL, 0, &retval), 0); /* Linux's test run */
}

static void test_handles(const struct test *t)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, "array");
	u32 retval;

	check_eq(run(t, "map_size", (u64[]){(u64)map->fd, 2}, 16, &retval), 0);
	check_eq(retval, 0);
	check_eq(run(t, "map_size", (u64[]){(u64)map->fd, 3}, 16, &retval), 0);
	check_eq((s32)retval, -EACCES);
	check_eq(run(t, "map_size", (u64[]){(u64)prog_fd(t, "add"), 2}, 16, &retval), -EINVAL);
	check_eq(run(t, "map_size", (u64[]){99999, 2}, 16, &retval), -EBADF);
	check_eq(run(t, "map_size", (u64[]){16, 2, 0, 0, 0}, 40, &retval), -EBADF);
	/* What the host has no objects of may only be NULL. */
	check_eq(run(t, "absent", (u64[]){0, 0}, 16, &retval), 0);
	check(run(t, "absent", (u64[]){16, 0, 0}, 24, &retval) < 0);
}

static int create_map(const struct test *t, u32 type)
{
	union bpf_attr attr = {.map_type = type,
			       .key_size = type == BPF_MAP_TYPE_QUEUE ? 0 : 4,
			       .value_size = 4,
			       .max_entries = 1};

	return call(t, BPF_MAP_CREATE, &attr);
}

/* A program may refuse commands. */
static void test_lsm(const struct test *t)
{
	union bpf_attr attr = {0};
	int link, fd;

	set_global(t, 0, BPF_MAP_CREATE);
	link = open_tracepoint(t, "deny");
	check(link >= 0);
	check_eq(create_map(t, BPF_MAP_TYPE_QUEUE), -EPERM);
	fd = create_map(t, BPF_MAP_TYPE_ARRAY);
	check(fd >= 0);
	check(global(t, 1) > 0);
	close_fd(t, fd);
	close_fd(t, link);
	fd = create_map(t, BPF_MAP_TYPE_QUEUE);
	check(fd >= 0);
	close_fd(t, fd);
	check_eq(open_tracepoint(t, "map_size"), -EOPNOTSUPP);
	check_eq(open_tracepoint(t, "deny") >= 0, 1);
	attr.link_create.prog_fd = (u32)prog_fd(t, "deny");
	attr.link_create.attach_type = BPF_LSM_CGROUP;
	check_eq(call(t, BPF_LINK_CREATE, &attr), -EINVAL);
}

static int open_named(const struct test *t, const char *prog, const char *name)
{
	union bpf_attr attr = {
		.raw_tracepoint = {.prog_fd = (u32)prog_fd(t, prog), .name = ptr_to_u64(name)}};

	return call(t, BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static void test_tracepoints(const struct test *t)
{
	int seen = open_tracepoint(t, "finish"), failing;
	u32 retval, before = global(t, 2);

	check(seen >= 0);
	check_eq(test_run(t, "chain", &retval), 0);
	check_eq(global(t, 2), before + 1);
	check_eq(open_named(t, "fail", "bpf_trigger_tp"), -EINVAL);
	check_eq(open_named(t, "fail", "sched_switch"), -EOPNOTSUPP);
	check_eq(open_named(t, "finish", "bpf_test_finish"), -EINVAL);
	failing = open_named(t, "fail", "bpf_test_finish");
	check(failing >= 0);
	check_eq(test_run(t, "chain", &retval), -EOVERFLOW);
	close_fd(t, failing);
	check_eq(test_run(t, "chain", &retval), 0);
	close_fd(t, seen);
}

static void test_writable(const struct test *t)
{
	s32 out[4] = {0};
	const s32 in[4] = {8, 0, 0, 77};
	union bpf_attr attr = {.test = {.prog_fd = (u32)prog_fd(t, "fail"),
					.ctx_in = ptr_to_u64(in),
					.ctx_size_in = sizeof(in),
					.ctx_out = ptr_to_u64(out),
					.ctx_size_out = sizeof(out)}};

	check_eq(call(t, BPF_PROG_TEST_RUN, &attr), 0);
	check_eq(attr.test.retval, 0);
	check_eq(out[0], 8);
	check_eq(out[2], -EOVERFLOW);
	check_eq(out[3], 77);
	attr.test.ctx_size_in = 8;
	check_eq(call(t, BPF_PROG_TEST_RUN, &attr), -EINVAL);
}

int main(int argc, char **argv)
{
	static const struct named_test tests[] = {
		{"numbers", test_numbers},	   {"memory", test_memory},
		{"handles", test_handles},	   {"security hook", test_lsm},
		{"tracepoints", test_tracepoints}, {"writable", test_writable},
	};

	return run_on_engines(argc, argv, tests, ARRAY_SIZE(tests), false);
}

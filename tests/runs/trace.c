/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing programs: attached by links to the functions that test runs call. What
 * they are given, the order of things, results that are changed, and errors.
 */
#include "attach.h"

struct globals {
	u64 seen[16];
	u32 order, entry_order, exit_order;
	s32 modify;
};

static struct globals *globals_of(const struct test *t)
{
	static struct globals globals;
	const struct anybpf_map *map = anybpf_object_find_map(t->object, ".bss");
	u32 key = 0;

	check(map);
	if (map)
		check_eq(anybpf_map_lookup(map, &key, sizeof(key), &globals, sizeof(globals), 0),
			 0);
	return &globals;
}

static void set_modify(const struct test *t, s32 value)
{
	struct globals globals = *globals_of(t);
	const struct anybpf_map *map = anybpf_object_find_map(t->object, ".bss");
	u32 key = 0;

	globals.modify = value;
	check_eq(anybpf_map_update(map, &key, sizeof(key), &globals, sizeof(globals), 0), 0);
}

static void test_around(const struct test *t)
{
	static const char *const others[] = {"exit1", "entry5", "exit6", "entry7", "exit8"};
	int fds[ARRAY_SIZE(others) + 1];
	const struct globals *globals;
	u32 retval;

	fds[0] = create_link(t, "entry1", BPF_TRACE_FENTRY, 11);
	check(fds[0] >= 0);
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		fds[i + 1] = open_tracepoint(t, others[i]);
		check(fds[i + 1] >= 0);
	}
	check_eq(open_tracepoint(t, "entry1"), -EBUSY);
	check_eq(test_run(t, "entry1", &retval), 0);
	check_eq(retval, 0);
	globals = globals_of(t);
	for (u32 i = 0; i <= 8; i++)
		if (globals->seen[i] != 1)
			tap_fail("what is said of %u is not so", i);
	check_eq(globals->entry_order, 1);
	check_eq(globals->exit_order, 2);
	for (u32 i = 0; i < ARRAY_SIZE(fds); i++)
		close_fd(t, fds[i]);
	/* Detached. */
	check_eq(test_run(t, "exit1", &retval), 0);
	check_eq(globals_of(t)->order, 2);
}

static void test_modify(const struct test *t)
{
	int one = open_tracepoint(t, "modify1"), two = open_tracepoint(t, "modify2");
	int after = open_tracepoint(t, "modified");
	u32 retval;

	check(one >= 0 && two >= 0 && after >= 0);
	/* 1 + 3, and 1 + 3 + 3 + 4 + 5 + 6 + 7; both were called. */
	check_eq(test_run(t, "modify1", &retval), 0);
	check_eq(retval, 2 << 16 | (4 + 29));
	set_modify(t, -22);
	check_eq(test_run(t, "modify1", &retval), 0);
	check_eq(retval, (u16)-44);
	close_fd(t, two);
	check_eq(test_run(t, "modify1", &retval), 0);
	check_eq(retval, 1 << 16 | (u16)(29 - 22));
	check_eq(globals_of(t)->seen[9], 1);
	check_eq(globals_of(t)->seen[10], 1);
	check_eq(globals_of(t)->seen[11], 1);
	close_fd(t, one);
	close_fd(t, after);
}

static void test_links(const struct test *t)
{
	int fd = open_tracepoint(t, "entry1");
	struct bpf_link_info info = {0};
	union bpf_attr attr = {
		.info = {.bpf_fd = (u32)fd, .info = ptr_to_u64(&info), .info_len = sizeof(info)}};
	u32 id;

	check_eq(call(t, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	check_eq(info.type, BPF_LINK_TYPE_TRACING);
	check_eq(info.tracing.attach_type, BPF_TRACE_FENTRY);
	check(info.id && info.prog_id && info.tracing.target_btf_id);
	id = info.id;
	attr = (union bpf_attr){.start_id = id - 1};
	check_eq(call(t, BPF_LINK_GET_NEXT_ID, &attr), 0);
	check_eq(attr.next_id, id);
	attr = (union bpf_attr){.link_detach.link_fd = (u32)fd};
	check_eq(call(t, BPF_LINK_DETACH, &attr), -EOPNOTSUPP);
	attr = (union bpf_attr){
		.link_update = {.link_fd = (u32)fd, .new_prog_fd = (u32)prog_fd(t, "entry5")}};
	check_eq(call(t, BPF_LINK_UPDATE, &attr), -EINVAL);
	attr = (union bpf_attr){.iter_create.link_fd = (u32)fd};
	check_eq(call(t, BPF_ITER_CREATE, &attr), -EINVAL);
	attr = (union bpf_attr){.link_id = id};
	check(call(t, BPF_LINK_GET_FD_BY_ID, &attr) >= 0);
	check_eq(create_link(t, "entry5", BPF_TRACE_FEXIT, 0), -EINVAL);
	check_eq(open_tracepoint(t, "not_here"), -EOPNOTSUPP);
	attr = (union bpf_attr){.raw_tracepoint = {.prog_fd = (u32)prog_fd(t, "entry5"),
						   .name = ptr_to_u64("sched_switch")}};
	check_eq(call(t, BPF_RAW_TRACEPOINT_OPEN, &attr), -EINVAL);
	close_fd(t, fd);
}

int main(int argc, char **argv)
{
	static const struct named_test tests[] = {
		{"around", test_around}, {"modify", test_modify}, {"links", test_links}};

	return run_on_engines(argc, argv, tests, ARRAY_SIZE(tests), false);
}

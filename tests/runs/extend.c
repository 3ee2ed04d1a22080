/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that replace and trace functions of a program: what it computes then, and
 * again when they are detached; what may not be attached at the same time.
 */
#include "attach.h"

static const char *extension_path;

static u32 result_of(const struct test *t)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, ".bss");
	u8 packet[64] = {0};
	ANYBPF_OPTS(anybpf_test_run, run, .data_in = packet, .data_size_in = sizeof(packet));
	u32 key = 0, value = 0;

	check_eq(anybpf_program_test_run(anybpf_object_find_program(t->object, "base"), &run), 0);
	check_eq(anybpf_map_lookup(map, &key, sizeof(key), &value, sizeof(value), 0), 0);
	return value;
}

/* 11 + 7 + 21 */
#define PLAIN 39

/* Loads one program of the other object for a function of the target. */
static void load_for(const struct test *t, struct test *ext, const char *prog, const char *func)
{
	const struct anybpf_program *target = anybpf_object_find_program(t->object, "base");
	struct anybpf_program *p = NULL;
	int err = anybpf_object_open(t->ctx, extension_path, &ext->object);

	ext->ctx = t->ctx;
	while (!err && (p = anybpf_object_next_program(ext->object, p)))
		anybpf_program_set_autoload(p, !strcmp(anybpf_program_name(p), prog));
	if (!err)
		err = anybpf_program_set_attach_target(
			anybpf_object_find_program(ext->object, prog), target, func);
	if (!err)
		err = anybpf_object_load(ext->object);
	if (err)
		tap_fail("%s: %s", prog, anybpf_error(t->ctx));
}

static u64 global(const struct test *t, u32 i)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, ".bss");
	u64 values[5] = {0};
	u32 key = 0;

	check_eq(anybpf_map_lookup(map, &key, sizeof(key), values, sizeof(values), 0), 0);
	return values[i];
}

static void test_replace(const struct test *t)
{
	struct test ext = {0};
	union bpf_attr attr = {0};
	int link;

	check_eq(result_of(t), PLAIN);
	load_for(t, &ext, "new_answer", NULL);
	check_eq(result_of(t), PLAIN);
	link = open_tracepoint(&ext, "new_answer");
	check(link >= 0);
	check_eq(result_of(t), 1000 + 7 + 2000);
	check_eq(global(&ext, 2), 30);
	/* For once without saying where; and not twice. */
	check_eq(open_tracepoint(&ext, "new_answer"), -EINVAL);
	attr.link_create.prog_fd = (u32)prog_fd(&ext, "new_answer");
	attr.link_create.target_fd = (u32)prog_fd(t, "base");
	check_eq(call(t, BPF_LINK_CREATE, &attr), -EINVAL);
	attr.link_create.target_btf_id =
		anybpf_object_find_program(ext.object, "new_answer")->attach_btf_id;
	check_eq(call(t, BPF_LINK_CREATE, &attr), -EBUSY);
	close_fd(t, link);
	check_eq(result_of(t), PLAIN);
	link = call(t, BPF_LINK_CREATE, &attr);
	check(link >= 0);
	check_eq(result_of(t), 3007);
	close_fd(t, link);
	anybpf_object_close(ext.object);
	check_eq(result_of(t), PLAIN);
}

static void test_context(const struct test *t)
{
	u8 packet[64] = {0};
	ANYBPF_OPTS(anybpf_test_run, run, .data_in = packet, .data_size_in = sizeof(packet));
	struct test ext = {0};
	int link;

	load_for(t, &ext, "new_with_context", NULL);
	link = open_tracepoint(&ext, "new_with_context");
	check(link >= 0);
	check_eq(result_of(t), 11 + 1000 + 21);
	/* By itself it runs as an XDP program does. */
	check_eq(anybpf_program_test_run(anybpf_object_find_program(ext.object, "new_with_context"),
					 &run),
		 0);
	check_eq(run.retval, 1000);
	close_fd(t, link);
	anybpf_object_close(ext.object);
}

static void test_trace(const struct test *t)
{
	struct test entry = {0}, exit = {0}, base = {0}, ext = {0};
	int links[3], link;

	load_for(t, &entry, "before_answer", NULL);
	load_for(t, &exit, "after_answer", NULL);
	load_for(t, &base, "after_base", NULL);
	load_for(t, &ext, "new_answer", NULL);
	links[0] = open_tracepoint(&entry, "before_answer");
	links[1] = open_tracepoint(&exit, "after_answer");
	links[2] = open_tracepoint(&base, "after_base");
	check(links[0] >= 0 && links[1] >= 0 && links[2] >= 0);
	check_eq(result_of(t), PLAIN);
	check_eq(global(&entry, 0), 2);
	check_eq(global(&entry, 3), 20);
	check_eq(global(&exit, 1), 2);
	check_eq(global(&base, 4), 2);
	/* What is traced cannot be replaced, and the other way round. */
	check_eq(open_tracepoint(&ext, "new_answer"), -EBUSY);
	check_eq(open_tracepoint(&entry, "before_answer"), -EINVAL);
	close_fd(t, links[0]);
	close_fd(t, links[1]);
	link = open_tracepoint(&ext, "new_answer");
	check(link >= 0);
	check_eq(result_of(t), 3007);
	check_eq(global(&base, 4), 2);
	check_eq(global(&entry, 0), 2);
	close_fd(t, link);
	close_fd(t, links[2]);
	check_eq(result_of(t), PLAIN);
	anybpf_object_close(entry.object);
	anybpf_object_close(exit.object);
	anybpf_object_close(base.object);
	anybpf_object_close(ext.object);
}

/* What it was verified and rewritten for is programs of the first one's type. */
static void test_other_type(const struct test *t)
{
	union bpf_attr attr = {0};
	struct test ext = {0};

	load_for(t, &ext, "new_answer", NULL);
	attr.link_create.prog_fd = (u32)prog_fd(&ext, "new_answer");
	attr.link_create.target_fd = (u32)prog_fd(t, "other_base");
	attr.link_create.target_btf_id =
		anybpf_object_find_program(ext.object, "new_answer")->attach_btf_id;
	check_eq(call(t, BPF_LINK_CREATE, &attr), -EINVAL);
	attr.link_create.target_fd = (u32)prog_fd(t, "base");
	close_fd(t, call(t, BPF_LINK_CREATE, &attr));
	anybpf_object_close(ext.object);
}

static void refuse(const struct test *t, const char *name)
{
	struct anybpf_object *object;
	struct anybpf_program *prog, *p = NULL;

	check_eq(anybpf_object_open(t->ctx, extension_path, &object), 0);
	while ((p = anybpf_object_next_program(object, p)))
		anybpf_program_set_autoload(p, !strcmp(anybpf_program_name(p), name));
	prog = anybpf_object_find_program(object, name);
	check_eq(anybpf_program_set_attach_target(
			 prog, anybpf_object_find_program(t->object, "base"), "nothing"),
		 -ENOENT);
	check_eq(anybpf_program_set_attach_target(
			 prog, anybpf_object_find_program(t->object, "base"), NULL),
		 0);
	check_eq(anybpf_object_load(object), -EINVAL);
	anybpf_object_close(object);
}

static void test_refused(const struct test *t)
{
	refuse(t, "wrong_type");
	refuse(t, "wrong_size");
}

int main(int argc, char **argv)
{
	static const struct named_test tests[] = {
		{"replace", test_replace},	 {"context", test_context}, {"trace", test_trace},
		{"other type", test_other_type}, {"refused", test_refused},
	};

	/* Linux does the same: only programs with machine code have such functions. */
	extension_path = argc > 2 ? argv[2] : "";
	return run_on_engines(argc > 2 ? argc : 0, argv, tests, ARRAY_SIZE(tests), true);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterator programs: what is read of links, in pieces and whole; what may not be
 * iterated over; and as test runs.
 */
#include "attach.h"

static int map_fd(const struct test *t, const char *name)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, name);

	return map ? map->fd : -1;
}

static int link_to(const struct test *t, const char *prog, const char *map)
{
	union bpf_iter_link_info info = {.map.map_fd = map ? (u32)map_fd(t, map) : 0};
	union bpf_attr attr = {.link_create.prog_fd = (u32)prog_fd(t, prog)};

	attr.link_create.attach_type = BPF_TRACE_ITER;
	if (map) {
		attr.link_create.iter_info = ptr_to_u64(&info);
		attr.link_create.iter_info_len = sizeof(info);
	}
	return call(t, BPF_LINK_CREATE, &attr);
}

static int open_iter(const struct test *t, int link)
{
	union bpf_attr attr = {.iter_create.link_fd = (u32)link};

	return call(t, BPF_ITER_CREATE, &attr);
}

/* All of it by reads of @step bytes; the length, or the first error. */
static ssize_t read_all(const struct test *t, int fd, char *text, size_t room, size_t step)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = t->ctx->engine->ops->read(t->ctx->engine, fd, text + len,
					      (size_t)u64_min(step, room - 1 - len));
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < room - 1);
	text[len] = '\0';
	return n < 0 ? n : (ssize_t)len;
}

/* A link's output, once; the link is gone before it is read. */
static ssize_t output(const struct test *t, const char *prog, const char *map, char *text,
		      size_t room)
{
	int link = link_to(t, prog, map), fd = open_iter(t, link);
	ssize_t len;

	close_fd(t, link);
	check(link >= 0 && fd >= 0);
	len = read_all(t, fd, text, room, room);
	close_fd(t, fd);
	return len;
}

static void fill(const struct test *t, const char *name, u32 n)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, name);

	for (u32 key = 0; key < n; key++) {
		u64 value = key * key;

		check_eq(anybpf_map_update(map, &key, sizeof(key), &value, sizeof(value), 0), 0);
	}
}

/* The same value on each CPU. */
static void fill_percpu(const struct test *t, const char *name, u32 n)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, name);
	static u64 values[HOST_MAX_CPUS];

	for (u32 key = 0; key < n; key++) {
		for (u32 cpu = 0; cpu < t->ctx->nr_cpus; cpu++)
			values[cpu] = key * key;
		check_eq(anybpf_map_update(map, &key, sizeof(key), values,
					   t->ctx->nr_cpus * sizeof(values[0]), 0),
			 0);
	}
}

static void set_global(const struct test *t, u32 again, u32 huge)
{
	struct anybpf_map *map = anybpf_object_find_map(t->object, ".bss");
	u32 key = 0, values[2] = {again, huge};

	check_eq(anybpf_map_update(map, &key, sizeof(key), values, sizeof(values), 0), 0);
}

static void test_maps(const struct test *t)
{
	static const char numbers[] = "1 numbers 64\n", squares[] = "2 squares 8\n";
	char text[4096];

	check(output(t, "maps", NULL, text, sizeof(text)) > 0);
	check(!strncmp(text, "0: ", 3));
	check(strstr(text, numbers) && strstr(text, squares));
	check(strstr(text, "\nend "));
}

static void test_elements(const struct test *t)
{
	static const char want[] = "0 0\n1 1\n2 4\n3 9\n4 16\n5 25\n6 36\n7 49\n";
	struct anybpf_map *map = anybpf_object_find_map(t->object, "numbers");
	char text[4096], pieces[4096];
	int link, fd;
	u32 lines = 0;

	fill(t, "squares", 8);
	check_eq(output(t, "elements", "squares", text, sizeof(text)), sizeof(want) - 1);
	check(!strcmp(text, want));
	fill(t, "numbers", 60);
	/* All once, also when read byte by byte; values are changed in place. */
	link = link_to(t, "elements", "numbers");
	fd = open_iter(t, link);
	check(read_all(t, fd, pieces, sizeof(pieces), 1) > 0);
	for (const char *at = pieces; (at = strchr(at, '\n')); at++)
		lines++;
	check_eq(lines, 60);
	close_fd(t, fd);
	for (u32 key = 0; key < 60; key++) {
		u64 value = 0;

		check_eq(anybpf_map_lookup(map, &key, sizeof(key), &value, sizeof(value), 0), 0);
		check_eq(value, 2 * key * key);
	}
	close_fd(t, link);
	fill_percpu(t, "counters", 3);
	check(output(t, "elements", "counters", text, sizeof(text)) > 0);
	check(strstr(text, "2 4\n"));
}

static void test_errors(const struct test *t)
{
	union bpf_attr attr = {0};
	char text[4096];
	int link = link_to(t, "elements", "squares"), fd;

	check_eq(link_to(t, "elements", "queue"), -EINVAL);
	check_eq(link_to(t, "elements", NULL), -EBADF);
	check_eq(link_to(t, "wide", "squares"), -EACCES);
	/* Nor may bytes be seen that are a lock. */
	check_eq(link_to(t, "elements", "locked"), -EACCES);
	/* Nor may a link get there later. */
	attr.link_update.link_fd = (u32)link_to(t, "elements", "squares");
	attr.link_update.new_prog_fd = (u32)prog_fd(t, "wide");
	check_eq(call(t, BPF_LINK_UPDATE, &attr), -EACCES);
	attr.link_update.new_prog_fd = (u32)prog_fd(t, "elements");
	check_eq(call(t, BPF_LINK_UPDATE, &attr), 0);
	close_fd(t, (int)attr.link_update.link_fd);
	/* Once more for the first object, then from there on. */
	set_global(t, 1, 0);
	fd = open_iter(t, link);
	check_eq(read_all(t, fd, text, sizeof(text), sizeof(text)), -EAGAIN);
	check(read_all(t, fd, text, sizeof(text), sizeof(text)) > 0);
	check(!strncmp(text, "0 ", 2));
	close_fd(t, fd);
	close_fd(t, link);
	check_eq(output(t, "bytes", "squares", text, sizeof(text)), 32);
	set_global(t, 0, 1);
	check_eq(output(t, "bytes", "squares", text, sizeof(text)), -E2BIG);
	set_global(t, 0, 0);
}

static void test_links(const struct test *t)
{
	int link = link_to(t, "links", NULL);
	char name[16], text[4096], want[64];
	struct bpf_link_info info = {0}, other = {0};
	union bpf_attr attr = {
		.info = {.bpf_fd = (u32)link, .info = ptr_to_u64(&info), .info_len = sizeof(info)}};

	info.iter.target_name = ptr_to_u64(name);
	info.iter.target_name_len = sizeof(name);
	check_eq(call(t, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	check_eq(info.type, BPF_LINK_TYPE_ITER);
	check(!strcmp(name, "bpf_link"));
	snprintf(want, sizeof(want), "4 %u %u\n", info.id, info.prog_id);
	check(output(t, "links", NULL, text, sizeof(text)) > 0);
	check(strstr(text, want));
	check(output(t, "progs", NULL, text, sizeof(text)) > 0);
	snprintf(want, sizeof(want), "%u %u\n", BPF_PROG_TYPE_TRACING, info.prog_id);
	check(strstr(text, want));
	/* Another program of the same kind. */
	attr = (union bpf_attr){
		.link_update = {.link_fd = (u32)link, .new_prog_fd = (u32)prog_fd(t, "progs")}};
	check_eq(call(t, BPF_LINK_UPDATE, &attr), -EINVAL);
	close_fd(t, link);
	link = link_to(t, "elements", "squares");
	attr = (union bpf_attr){
		.link_update = {.link_fd = (u32)link, .new_prog_fd = (u32)prog_fd(t, "bytes")}};
	check_eq(call(t, BPF_LINK_UPDATE, &attr), 0);
	attr = (union bpf_attr){.info = {.bpf_fd = (u32)link,
					 .info = ptr_to_u64(&other),
					 .info_len = sizeof(other)}};
	check_eq(call(t, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	check(other.prog_id != info.prog_id && other.iter.map.map_id);
	close_fd(t, link);
}

static void test_test_run(const struct test *t)
{
	union bpf_iter_link_info info = {.map.map_fd = (u32)map_fd(t, "squares")};
	char text[64] = "";
	union bpf_attr attr = {.test = {.prog_fd = (u32)prog_fd(t, "bytes"),
					.ctx_in = ptr_to_u64(&info),
					.ctx_size_in = sizeof(info),
					.data_out = ptr_to_u64(text),
					.data_size_out = sizeof(text)}};

	check_eq(call(t, BPF_PROG_TEST_RUN, &attr), 0);
	check_eq(attr.test.data_size_out, 32);
	check_eq(text[4], 1);
	attr.test.data_size_out = 8;
	check_eq(call(t, BPF_PROG_TEST_RUN, &attr), -ENOSPC);
}

int main(int argc, char **argv)
{
	static const struct named_test tests[] = {
		{"maps", test_maps},   {"elements", test_elements}, {"errors", test_errors},
		{"links", test_links}, {"test run", test_test_run},
	};

	return run_on_engines(argc, argv, tests, ARRAY_SIZE(tests), false);
}

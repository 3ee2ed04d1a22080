/* SPDX-License-Identifier: BSD-2-Clause */
/* Mapped maps: the memory outlives the handle, and a map that is mapped to be written stays so. */
#include "tap.h"

#include <errno.h>

#include "base/os.h"
#include "sys/engine.h"

static int call(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(engine, cmd, attr, sizeof(*attr));
}

static int make_array(struct engine *engine, u32 flags)
{
	union bpf_attr attr = {0};

	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	attr.map_flags = flags;
	return call(engine, BPF_MAP_CREATE, &attr);
}

static u32 map_id(struct engine *engine, int fd)
{
	struct bpf_map_info info = {0};
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)fd;
	attr.info.info = ptr_to_u64(&info);
	attr.info.info_len = sizeof(info);
	check_eq(call(engine, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info.id;
}

static int open_id(struct engine *engine, u32 id)
{
	union bpf_attr attr = {0};

	attr.map_id = id;
	return call(engine, BPF_MAP_GET_FD_BY_ID, &attr);
}

static int freeze(struct engine *engine, int fd)
{
	union bpf_attr attr = {0};

	attr.map_fd = (u32)fd;
	return call(engine, BPF_MAP_FREEZE, &attr);
}

static u64 first_value(struct engine *engine, int fd)
{
	union bpf_attr attr = {0};
	u64 value = 0;
	u32 key = 0;

	attr.map_fd = (u32)fd;
	attr.key = ptr_to_u64(&key);
	attr.value = ptr_to_u64(&value);
	check_eq(call(engine, BPF_MAP_LOOKUP_ELEM, &attr), 0);
	return value;
}

static void test_lifetime(struct engine *engine)
{
	int fd = make_array(engine, BPF_F_MMAPABLE);
	u32 id = map_id(engine, fd);
	void *addr = NULL;

	check_eq(engine->ops->mmap(engine, fd, 0, os_page_size(), true, &addr), 0);
	engine->ops->close(engine, fd);
	if (!addr)
		return;
	*(volatile u64 *)addr = 42;
	fd = open_id(engine, id);
	check(fd >= 0);
	check_eq(first_value(engine, fd), 42);
	engine->ops->close(engine, fd);
	check_eq(*(volatile u64 *)addr, 42);
	check_eq(engine->ops->munmap(engine, addr, os_page_size()), 0);
}

static void test_freeze(struct engine *engine)
{
	int fd = make_array(engine, BPF_F_MMAPABLE);
	size_t page = os_page_size();
	void *addr = NULL, *other = NULL;

	check_eq(engine->ops->mmap(engine, fd, 0, page, true, &addr), 0);
	check_eq(engine->ops->mmap(engine, fd, 0, page, false, &other), 0);
	check_eq(freeze(engine, fd), -EBUSY);
	check_eq(engine->ops->munmap(engine, addr, page), 0);
	check_eq(engine->ops->munmap(engine, other, page), 0);
	check_eq(freeze(engine, fd), 0);
	check_eq(engine->ops->mmap(engine, fd, 0, page, true, &addr), -EPERM);
	check_eq(engine->ops->mmap(engine, fd, 0, page, false, &addr), 0);
	engine->ops->munmap(engine, addr, page);
	engine->ops->close(engine, fd);
}

static void test_refused(struct engine *engine)
{
	int plain = make_array(engine, 0), sealed;
	void *addr;

	check(engine->ops->mmap(engine, plain, 0, os_page_size(), false, &addr) < 0);
	sealed = make_array(engine, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG);
	check_eq(engine->ops->mmap(engine, sealed, 0, os_page_size(), true, &addr), -EACCES);
	engine->ops->close(engine, plain);
	engine->ops->close(engine, sealed);
}

/* What is still mapped when the engine goes, goes with it. */
static void test_left_mapped(struct engine *engine)
{
	int fd = make_array(engine, BPF_F_MMAPABLE);
	void *addr;

	check_eq(engine->ops->mmap(engine, fd, 0, os_page_size(), true, &addr), 0);
}

static const struct {
	const char *name;
	void (*test)(struct engine *engine);
} tests[] = {
	{"lifetime", test_lifetime},
	{"freeze", test_freeze},
	{"refused", test_refused},
	{"left mapped", test_left_mapped},
};

static void run_all(struct engine *engine)
{
	for (u32 i = 0; i < ARRAY_SIZE(tests); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s: %s", engine->ops->name, tests[i].name);
		tap_begin(name);
		tests[i].test(engine);
		tap_end();
	}
	engine_free(engine);
}

int main(void)
{
	struct engine *engine;
	struct host *host;

	if (host_new(NULL, &host) || engine_user_new(host, &engine))
		return 1;
	run_all(engine);
	if (engine_kernel_new(&mem_libc, &engine)) {
		tap_begin("kernel");
		tap_skip("this kernel refuses bpf()");
		tap_end();
	} else {
		run_all(engine);
	}
	return tap_done();
}

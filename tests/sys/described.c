/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every map type, in a host that only verifies, created with attributes around
 * the borders of what Linux allows: the same answer as the running kernel's.
 */
#include <unistd.h>

#include "linux_oracle.h"
#include "map/map.h"
#include "sys/engine.h"
#include "tap.h"

static const u32 key_sizes[] = {0, 1, 4, 5, 8, 12, 16, 260, 261, 512, 513};
static const u32 value_sizes[] = {0, 1, 4, 7, 8, 12, 32, 40, 1016, 1024};
static const u32 entries[] = {0, 1, 2, 4096};
static const u32 flags[] = {
	0,
	BPF_F_NO_PREALLOC,
	BPF_F_NO_PREALLOC | BPF_F_CLONE,
	BPF_F_RDONLY,
	BPF_F_WRONLY_PROG,
	BPF_F_RDONLY_PROG | BPF_F_NO_PREALLOC,
	BPF_F_STACK_BUILD_ID,
	BPF_F_ZERO_SEED,
	BPF_F_MMAPABLE,
	BPF_F_MMAPABLE | BPF_F_SEGV_ON_FAULT,
	BPF_F_LINK,
};
static const u64 extras[] = {0, 3, 16, 4096};

/* An answer that is no descriptor. */
static int close_answer(struct engine *engine, int ret)
{
	if (ret < 0)
		return ret;
	if (engine)
		engine->ops->close(engine, ret);
	else
		close(ret);
	return 0;
}

/* Kernels are built for different numbers of CPUs. */
static bool depends_on_machine(const union bpf_attr *attr)
{
	return attr->map_type == BPF_MAP_TYPE_CPUMAP && attr->max_entries > 2;
}

static bool compare(struct engine *engine, union bpf_attr attr, u32 *n)
{
	union bpf_attr copy = attr;
	int ours, linux_says;

	if (depends_on_machine(&attr))
		return true;
	ours = close_answer(engine, engine_bpf(engine, BPF_MAP_CREATE, &attr, sizeof(attr)));
	linux_says = close_answer(NULL, oracle_bpf(BPF_MAP_CREATE, &copy));
	(*n)++;
	if (ours == linux_says)
		return true;
	printf("# %s key %u value %u entries %u flags %#x extra %llu: %d, Linux says %d\n",
	       map_type_name(attr.map_type), attr.key_size, attr.value_size, attr.max_entries,
	       attr.map_flags, (unsigned long long)attr.map_extra, ours, linux_says);
	return false;
}

static bool compare_extras(struct engine *engine, union bpf_attr attr, u32 *n)
{
	bool same = true;

	for (u32 i = 0; i < ARRAY_SIZE(extras); i++) {
		attr.map_extra = extras[i];
		same &= compare(engine, attr, n);
	}
	return same;
}

static void check_type(struct engine *engine, u32 type)
{
	union bpf_attr attr = {.map_type = type, .inner_map_fd = (u32)-1};
	bool same = true;
	u32 n = 0;

	for (u32 k = 0; k < ARRAY_SIZE(key_sizes); k++) {
		for (u32 s = 0; s < ARRAY_SIZE(value_sizes); s++) {
			for (u32 e = 0; e < ARRAY_SIZE(entries); e++) {
				attr.key_size = key_sizes[k];
				attr.value_size = value_sizes[s];
				attr.max_entries = entries[e];
				attr.map_flags = flags[(k * 7 + s * 3 + e) % ARRAY_SIZE(flags)];
				same &= compare(engine, attr, &n);
				attr.map_flags = type == BPF_MAP_TYPE_ARENA ? BPF_F_MMAPABLE : 0;
				same &= compare_extras(engine, attr, &n);
			}
		}
	}
	tap_begin(map_type_name(type));
	if (!same)
		tap_fail("some of %u creations differ from Linux's", n);
	tap_end();
}

int main(void)
{
	union bpf_attr probe = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	struct host_options opts;
	struct engine *engine;
	struct host *host;

	host_options_init(&opts);
	opts.verify_only = true;
	if (close_answer(NULL, oracle_bpf(BPF_MAP_CREATE, &probe))) {
		tap_begin("creations");
		tap_skip("the kernel refuses bpf()");
		return tap_done();
	}
	if (host_new(&opts, &host) || engine_user_new(host, &engine))
		return 1;
	for (u32 type = 1; map_type_name(type); type++)
		check_type(engine, type);
	engine_free(engine);
	return tap_done();
}

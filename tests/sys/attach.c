/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every program type with every expected attach type, sleeping or not: loaded,
 * or refused and with which errno, here and by the running kernel.
 */
#include "tap.h"

#include <errno.h>

#include "sys/engine.h"

static bool is_asked(u32 type)
{
	switch (type) {
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_STRUCT_OPS:
	case BPF_PROG_TYPE_EXT:
		return false; /* there must be something to attach to */
	default:
		return true;
	}
}

static int load(struct engine *engine, u32 type, u32 attach, u32 flags)
{
	/* What every type may return. */
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.prog_flags = flags;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = ptr_to_u64("GPL");
	fd = engine_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		engine->ops->close(engine, fd);
	return fd < 0 ? fd : 0;
}

/* Types that are not built into it: it takes them in no way. */
static bool is_built_in(struct engine *kernel, u32 type)
{
	for (u32 attach = 0; attach < __MAX_BPF_ATTACH_TYPE; attach++)
		if (!load(kernel, type, attach, 0) || !load(kernel, type, attach, BPF_F_SLEEPABLE))
			return true;
	return false;
}

static void test_type(struct engine *here, struct engine *kernel, u32 type, u32 flags)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", prog_type_name(type), flags ? ", sleepable" : "");
	tap_begin(name);
	if (kernel && !is_built_in(kernel, type)) {
		tap_skip("the kernel is built without them");
		kernel = NULL;
	}
	for (u32 attach = 0; attach < __MAX_BPF_ATTACH_TYPE; attach++) {
		int ours = load(here, type, attach, flags), theirs;

		check(ours == 0 || ours == -EINVAL);
		if (!kernel)
			continue;
		theirs = load(kernel, type, attach, flags);
		if (ours != theirs)
			tap_fail("%s: %d, the kernel: %d", attach_type_name(attach), ours, theirs);
	}
	tap_end();
}

static void test_all(struct engine *here, struct engine *kernel)
{
	for (u32 type = 1; type < __MAX_BPF_PROG_TYPE; type++) {
		if (!is_asked(type))
			continue;
		test_type(here, kernel, type, 0);
		test_type(here, kernel, type, BPF_F_SLEEPABLE);
	}
}

int main(void)
{
	struct engine *here, *kernel = NULL;
	struct host_options opts;
	struct host *host;

	host_options_init(&opts);
	opts.verify_only = true;
	if (host_new(&opts, &host) || engine_user_new(host, &here))
		return 1;
	if (engine_kernel_new(&mem_libc, &kernel)) {
		kernel = NULL;
		tap_begin("the running kernel says the same");
		tap_skip("it refuses bpf()");
		tap_end();
	}
	test_all(here, kernel);
	engine_free(here);
	if (kernel)
		engine_free(kernel);
	return tap_done();
}

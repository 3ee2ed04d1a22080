/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executions that are stopped give back what they hold: locks can be taken
 * again, and objects are not lost (which the address sanitizer tells).
 */
#include <string.h>
#include <unistd.h>

#include "anybpf/anybpf.h"
#include "base/types.h"
#include "isa/uapi.h"
#include "tap.h"

#define STOPPED 2 /* TC_ACT_SHOT */

static u32 run(const struct anybpf_object *object, const char *name)
{
	u8 packet[64] = {0};
	ANYBPF_OPTS(anybpf_run, run, .buffer = packet, .buffer_size = sizeof(packet),
		    .data_size = sizeof(packet));
	struct anybpf_program *prog = anybpf_object_find_program(object, name);

	if (!prog) {
		tap_fail("no program %s", name);
		return 0;
	}
	check_eq(anybpf_program_run(prog, &run), 0);
	return run.verdict;
}

static void test_stopped(const char *path, bool interpret)
{
	ANYBPF_OPTS(anybpf_options, opts, .interpret = interpret, .max_steps = 50000);
	struct anybpf_object *object = NULL;
	struct anybpf *ctx;

	check_eq(anybpf_new(&opts, &ctx), 0);
	if (anybpf_object_open(ctx, path, &object) || anybpf_object_load(object)) {
		tap_fail("%s", anybpf_error(ctx));
	} else {
		for (u32 i = 0; i < 3; i++) {
			check_eq(run(object, "holds_objects"), STOPPED);
			check_eq(run(object, "holds_lock"), STOPPED);
			check_eq(run(object, "free_again"), 0);
			check_eq(run(object, "holds_many"), STOPPED);
		}
	}
	anybpf_object_close(object);
	anybpf_free(ctx);
}

int main(int argc, char **argv)
{
	if (argc < 2 || access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("1..0 # SKIP there is no BTF of the kernel, or no compiler for programs\n");
		return 0;
	}
	tap_begin("machine code");
	test_stopped(argv[1], false);
	tap_end();
	tap_begin("interpreter");
	test_stopped(argv[1], true);
	tap_end();
	return tap_done();
}

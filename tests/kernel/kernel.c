/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel object outlives its last reference as long as a program may see it. */
#include "kernel/kernel.h"
#include "tap.h"

struct thing {
	struct kernel_object kobj;
	u32 unlinked, freed;
};

static void thing_unlink(struct kernel_object *kobj)
{
	container_of(kobj, struct thing, kobj)->unlinked++;
}

static void thing_free(struct kernel_object *kobj)
{
	container_of(kobj, struct thing, kobj)->freed++;
}

static const struct kernel_object_ops thing_ops = {
	.object = {.kind = OBJECT_TASK, .free = kernel_object_release},
	.unlink = thing_unlink,
	.free = thing_free,
};

static void test_references(void)
{
	struct thing thing = {0};
	struct host *host;
	struct run run;

	check_eq(host_new(NULL, &host), 0);
	kernel_object_init(&thing.kobj, &thing_ops, host);
	check(kernel_object_try_get(&thing.kobj));
	kernel_object_put(&thing.kobj);
	check_eq(thing.unlinked, 0);
	run_begin(&run, host);
	kernel_object_put(&thing.kobj);
	check_eq(thing.unlinked, 1);
	check_eq(thing.freed, 0);
	check(!kernel_object_try_get(&thing.kobj));
	run_end(&run);
	host_free(host);
	check_eq(thing.freed, 1);
}

int main(void)
{
	run_test(test_references);
	return tap_done();
}

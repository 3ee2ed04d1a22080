/* SPDX-License-Identifier: BSD-2-Clause */
/* References, ids, handles, slots and waiting. */
#include "tap.h"

#include <errno.h>
#include <pthread.h>

#include "object/host.h"

struct thing {
	struct object obj;
	int *freed;
};

static void thing_free(struct object *obj)
{
	struct thing *thing = container_of(obj, struct thing, obj);

	(*thing->freed)++;
	mem_free(obj->host->mem, thing);
}

static const struct object_ops map_thing = {.kind = OBJECT_MAP, .free = thing_free};
static const struct object_ops prog_thing = {.kind = OBJECT_PROG, .free = thing_free};

static struct object *thing_new(struct host *host, const struct object_ops *ops, int *freed)
{
	struct thing *thing = mem_zalloc(host->mem, sizeof(*thing));

	thing->freed = freed;
	object_init(&thing->obj, ops, host);
	return &thing->obj;
}

static void test_references(void)
{
	struct host *host;
	struct object *obj;
	int freed = 0;

	check_eq(host_new(NULL, &host), 0);
	obj = thing_new(host, &map_thing, &freed);
	object_get(obj);
	object_put(obj);
	check_eq(freed, 0);
	object_put(obj);
	check_eq(freed, 1);
	object_put(NULL);
	host_free(host);
}

static void test_ids(void)
{
	struct host *host;
	struct object *a, *b, *p;
	int freed = 0;

	host_new(NULL, &host);
	a = thing_new(host, &map_thing, &freed);
	b = thing_new(host, &map_thing, &freed);
	p = thing_new(host, &prog_thing, &freed);
	check_eq(object_publish(a), 0);
	check_eq(object_publish(b), 0);
	check_eq(object_publish(p), 0);
	check_eq(a->id, 1);
	check_eq(b->id, 2);
	check_eq(p->id, 1); /* kinds count on their own */
	check(object_by_id(host, OBJECT_MAP, 2) == b);
	object_put(b);
	check(!object_by_id(host, OBJECT_MAP, 3));
	check(!object_by_id(host, OBJECT_MAP, 0));
	check_eq(object_next_id(host, OBJECT_MAP, 0), 1);
	object_put(a);
	check_eq(object_next_id(host, OBJECT_MAP, 0), 2);
	check_eq(object_next_id(host, OBJECT_MAP, 2), 0);
	check(!object_by_id(host, OBJECT_MAP, 1));
	object_put(b);
	object_put(p);
	check_eq(freed, 3);
	host_free(host);
}

static void test_handles(void)
{
	struct host *host;
	struct object *obj = NULL;
	int freed = 0;

	host_new(NULL, &host);
	check_eq(handle_open(thing_new(host, &map_thing, &freed)), 3);
	check_eq(handle_open(thing_new(host, &prog_thing, &freed)), 4);
	check_eq(handle_get_kind(host, 3, OBJECT_PROG, &obj), -EINVAL);
	check_eq(handle_get_kind(host, 99, OBJECT_PROG, &obj), -EBADF);
	check_eq(handle_get_kind(host, -1, OBJECT_PROG, &obj), -EBADF);
	check_eq(handle_get_kind(host, 4, OBJECT_PROG, &obj), 0);
	check_eq(handle_close(host, 4), 0);
	check_eq(freed, 0); /* still held */
	object_put(obj);
	check_eq(freed, 1);
	check_eq(handle_close(host, 4), -EBADF);
	check_eq(handle_open(thing_new(host, &map_thing, &freed)), 4);
	host_free(host);
	check_eq(freed, 3);
}

static void test_options(void)
{
	struct environment env;
	struct host_options opts;
	struct host *host;

	environment_init(&env);
	env.nr_cpus = 0;
	host_options_init(&opts);
	opts.env = &env;
	check_eq(host_new(&opts, &host), -EINVAL);
	env.nr_cpus = 3;
	opts.caps = HOST_CAP_BPF;
	check_eq(host_new(&opts, &host), 0);
	check(host_capable(host, HOST_CAP_BPF));
	check(!host_capable(host, HOST_CAP_BPF | HOST_CAP_PERFMON));
	host->caps = HOST_CAP_SYS_ADMIN;
	check(host_capable(host, HOST_CAP_PERFMON));
	host_free(host);
}

struct counter {
	struct host *host;
	u64 *per_cpu; /* not atomic: a slot has one owner at a time */
};

static void *count_runs(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < 20000; i++) {
		struct run run;

		run_begin(&run, c->host);
		c->per_cpu[run.cpu * 8]++;
		run_end(&run);
	}
	return NULL;
}

static void test_slots_exclude(void)
{
	u64 per_cpu[2 * 8] = {0};
	struct environment env;
	struct host_options opts;
	struct counter c = {.per_cpu = per_cpu};
	pthread_t threads[4];

	environment_init(&env);
	env.nr_cpus = 2;
	host_options_init(&opts);
	opts.env = &env;
	host_new(&opts, &c.host);
	for (u32 i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, count_runs, &c);
	for (u32 i = 0; i < 50; i++)
		host_synchronize(c.host);
	for (u32 i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	check_eq(per_cpu[0] + per_cpu[8], 80000);
	host_free(c.host);
}

struct published {
	struct host *host;
	_Atomic(u32 *) value;
	_Atomic bool stop;
	_Atomic u32 bad;
};

static void *read_published(void *arg)
{
	struct published *p = arg;

	while (!atomic_load(&p->stop)) {
		struct run run;

		run_begin(&run, p->host);
		if (*atomic_load(&p->value) != 42)
			atomic_fetch_add(&p->bad, 1);
		run_end(&run);
	}
	return NULL;
}

/* What is replaced may be freed once host_synchronize() returns. */
static void test_synchronize(void)
{
	struct published p = {0};
	pthread_t thread;

	host_new(NULL, &p.host);
	atomic_store(&p.value, malloc(sizeof(u32)));
	*atomic_load(&p.value) = 42;
	pthread_create(&thread, NULL, read_published, &p);
	for (int i = 0; i < 2000; i++) {
		u32 *old, *new = malloc(sizeof(u32));

		*new = 42;
		old = atomic_exchange(&p.value, new);
		host_synchronize(p.host);
		*old = 0;
		free(old);
	}
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	check_eq(atomic_load(&p.bad), 0);
	free(atomic_load(&p.value));
	host_free(p.host);
}

static _Atomic u32 parts_made, parts_freed;

static void free_counting(struct host *host, struct host_part *part)
{
	parts_freed++;
	mem_free(host->mem, part);
}

static struct host_part *make_counting(struct host *host)
{
	struct host_part *part = mem_zalloc(host->mem, sizeof(*part));

	part->free = free_counting;
	parts_made++;
	return part;
}

static void *ask_for_part(void *host)
{
	return host_part(host, HOST_PART_CGROUPS, make_counting);
}

static void test_parts(void)
{
	pthread_t threads[4];
	struct host *host;
	void *part;

	host_new(NULL, &host);
	for (u32 i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, ask_for_part, host);
	part = host_part(host, HOST_PART_CGROUPS, make_counting);
	for (u32 i = 0; i < ARRAY_SIZE(threads); i++) {
		void *other;

		pthread_join(threads[i], &other);
		check(other == part);
	}
	check_eq(parts_made, parts_freed + 1);
	host_free(host);
	check_eq(parts_made, parts_freed);
}

int main(void)
{
	run_test(test_references);
	run_test(test_ids);
	run_test(test_handles);
	run_test(test_options);
	run_test(test_slots_exclude);
	run_test(test_synchronize);
	run_test(test_parts);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What running programs may see is not freed under them: readers in slots
 * look at a thing that writers replace and give away all the time.
 */
#include <pthread.h>

#include "object/host.h"
#include "tap.h"

#define READERS 3
#define CHANGES 20000
#define ALIVE	0x600du
#define DEAD	0xdeadu

struct thing {
	struct deferred deferred;
	_Atomic u32 state;
};

static struct host *host;
static _Atomic(struct thing *) shown;
static _Atomic u32 made, freed, seen_dead;
static _Atomic bool done;

static void thing_free(struct host *h, struct deferred *deferred)
{
	struct thing *thing = container_of(deferred, struct thing, deferred);

	atomic_store(&thing->state, DEAD);
	mem_free(h->mem, thing);
	atomic_fetch_add(&freed, 1);
}

static struct thing *thing_new(void)
{
	struct thing *thing = mem_zalloc(host->mem, sizeof(*thing));

	atomic_store(&thing->state, ALIVE);
	atomic_fetch_add(&made, 1);
	return thing;
}

static void replace(u32 cpu)
{
	struct thing *old = atomic_exchange(&shown, thing_new());

	host_defer(host, cpu, &old->deferred, thing_free);
}

static void *reader(void *arg __unused)
{
	while (!atomic_load(&done)) {
		struct run run;
		const struct thing *thing;

		run_begin(&run, host);
		thing = atomic_load(&shown);
		for (u32 i = 0; i < 20; i++) {
			if (atomic_load(&thing->state) != ALIVE)
				atomic_fetch_add(&seen_dead, 1);
		}
		/* A program may give things away itself. */
		if (run.cpu == 0)
			replace(0);
		run_end(&run);
	}
	return NULL;
}

static void open_host(u32 cpus)
{
	struct environment env;
	struct host_options opts;

	environment_init(&env);
	env.nr_cpus = cpus;
	host_options_init(&opts);
	opts.env = &env;
	check_eq(host_new(&opts, &host), 0);
	made = freed = 0;
	atomic_store(&done, false);
	atomic_store(&shown, thing_new());
}

static void close_host(void)
{
	struct thing *last = atomic_load(&shown);

	host_free(host);
	check_eq(freed, made - 1);
	mem_free(&mem_libc, last);
}

static void test_threads(void)
{
	pthread_t threads[READERS];

	open_host(READERS + 1);
	for (u32 i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, NULL);
	for (u32 i = 0; i < CHANGES; i++)
		replace(i % (READERS + 1));
	atomic_store(&done, true);
	for (u32 i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	check_eq(seen_dead, 0);
	close_host();
}

/* As long as a program runs nothing is freed that was given away since it began. */
static void test_held_back(void)
{
	struct run run;

	open_host(2);
	run_begin(&run, host);
	for (u32 i = 0; i < 1000; i++)
		replace(0);
	check_eq(freed, 0);
	run_end(&run);
	for (u32 i = 0; i < 1000; i++)
		replace(0);
	check(freed >= 1000);
	close_host();
}

int main(void)
{
	run_test(test_threads);
	run_test(test_held_back);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host under load for as long as one likes: threads load objects, run their
 * programs many times, and close them, all in one host, whose timers fire
 * meanwhile. Every program checks itself; what the host holds after each
 * round may not grow from round to round, nor may the process.
 *
 *	soak OBJECT...		for ANYBPF_SOAK_SECONDS (1)
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "load/object.h"
#include "runs/once.h"
#include "tap.h"

#define THREADS 4
#define ROUND	12 /* objects by all threads, then everything is closed and counted */
#define RUNS	10 /* of each program of an object */
/* Sockets of test runs that wait to be freed: as many as it takes to begin an epoch, in three; each
 * of some allocations. */
#define WAITING	 (3 * 64 * 4)
#define SETTLING 3 /* rounds, in which tables grow to what they need */

/* Sanitizers keep what was freed for a while. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEEPS_FREED true
#elif defined(__has_feature)
#define KEEPS_FREED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define KEEPS_FREED false
#endif

static struct soak {
	struct anybpf *ctx;
	char **paths;
	u32 path_cnt;
	pthread_mutex_t lock; /* a context opens and loads for one thread at a time */
	_Atomic u32 left;     /* objects of the round */
	_Atomic u64 random, objects, runs, failed;
	_Atomic s64 held;
} soak = {.lock = PTHREAD_MUTEX_INITIALIZER, .random = 1};

static void *counting_realloc(void *ctx __unused, void *p, size_t size)
{
	void *moved;

	if (!size) {
		soak.held -= p != NULL;
		free(p);
		return NULL;
	}
	moved = realloc(p, size);
	soak.held += !p && moved;
	return moved;
}

static u32 random_below(u32 n)
{
	u64 x = atomic_fetch_add(&soak.random, 0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (u32)((x ^ x >> 31) % n);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static u64 resident_kib(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (u64)sysconf(_SC_PAGESIZE) / 1024;
}

static void run_all(struct anybpf_object *object)
{
	for (struct anybpf_program *prog = NULL;
	     (prog = anybpf_object_next_program(object, prog));) {
		for (u32 i = 0; i < RUNS; i++) {
			u32 retval = 0;
			int ret = run_once(prog, &retval);

			soak.runs++;
			/* A second run finds what the first has left. */
			if ((ret || (retval && !i)) && !soak.failed++)
				printf("# %s: %s, line %u\n", anybpf_program_name(prog),
				       strerror(-ret), retval);
		}
	}
}

static void one_object(const char *path)
{
	struct anybpf_object *object = NULL;
	int ret;

	pthread_mutex_lock(&soak.lock);
	ret = anybpf_object_open(soak.ctx, path, &object);
	if (!ret)
		ret = anybpf_object_load(object);
	if (ret && !soak.failed++)
		printf("# %s: %s\n", path, anybpf_error(soak.ctx));
	pthread_mutex_unlock(&soak.lock);
	if (!ret)
		run_all(object);
	soak.objects++;
	pthread_mutex_lock(&soak.lock);
	anybpf_object_close(object);
	pthread_mutex_unlock(&soak.lock);
}

static void *work(void *arg __unused)
{
	for (;;) {
		u32 left = atomic_load(&soak.left);

		if (!left)
			return NULL;
		if (atomic_compare_exchange_weak(&soak.left, &left, left - 1))
			one_object(soak.paths[random_below(soak.path_cnt)]);
	}
}

static void one_round(void)
{
	pthread_t threads[THREADS];

	soak.left = ROUND;
	for (u32 i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	host_defer_finish(engine_user_host(soak.ctx->engine));
}

static struct figures {
	u32 rounds;
	s64 held_early, held_late; /* allocations, the most after a round */
	u64 kib_early, kib_late;
} figures;

static void soak_for(double seconds)
{
	double end = now() + seconds;

	for (; now() < end || figures.rounds < 2 * SETTLING; figures.rounds++) {
		bool early = figures.rounds < SETTLING;
		s64 *held = early ? &figures.held_early : &figures.held_late;

		one_round();
		if (soak.held > *held)
			*held = soak.held;
		*(early ? &figures.kib_early : &figures.kib_late) = resident_kib();
	}
	check_eq(soak.failed, 0);
	check(figures.held_late <= figures.held_early + 100 + WAITING);
	check(KEEPS_FREED || figures.kib_late <= figures.kib_early + figures.kib_early / 4 + 4096);
}

static void print_figures(void)
{
	printf("# soak: %u rounds, %llu objects, %llu runs, %llu failed; held %lld allocations at "
	       "first and %lld later, %llu and %llu KiB\n",
	       figures.rounds, (unsigned long long)soak.objects, (unsigned long long)soak.runs,
	       (unsigned long long)soak.failed, (long long)figures.held_early,
	       (long long)figures.held_late, (unsigned long long)figures.kib_early,
	       (unsigned long long)figures.kib_late);
}

int main(int argc, char **argv)
{
	ANYBPF_OPTS(anybpf_options, opts, .realloc = counting_realloc);
	const char *seconds = getenv("ANYBPF_SOAK_SECONDS");

	if (argc < 2 || access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("1..0 # SKIP there is no BTF of the kernel\n");
		return 0;
	}
	soak.paths = argv + 1;
	soak.path_cnt = (u32)argc - 1;
	tap_begin("everything is given back");
	check_eq(anybpf_new(&opts, &soak.ctx), 0);
	soak_for(seconds ? atof(seconds) : 1);
	anybpf_free(soak.ctx);
	check_eq(soak.held, 0);
	tap_end();
	print_figures();
	return tap_done();
}

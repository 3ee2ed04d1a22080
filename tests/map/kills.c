/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that use one map and are killed at random moments: what is left is
 * a whole map. test-map-kills [KILLS [SEED]]; the last line is the figures.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "share_check.h"

#define WORKERS	   3
#define CHECK_EACH 10 /* kills */

static u64 kills, checked, broken;

/* In a process of its own, for ever: half of them attach, the others are what a fork makes. */
static __attribute__((noreturn)) void work(struct map *map, const struct kind *kind, u64 seed)
{
	u64 state = seed;

	if (random_below(&state, 2) &&
	    map_attach(share_host(), map_region(map), NULL, NULL, &map, NULL))
		_exit(2);
	for (;;)
		if (random_op(map, kind, &state))
			_exit(1);
}

static pid_t start_worker(struct map *map, const struct kind *kind, u64 *state)
{
	u64 seed = (u64)random_below(state, UINT32_MAX) << 20 | 1;
	pid_t pid = fork();

	if (!pid)
		work(map, kind, seed);
	return pid;
}

static void wait_random(u64 *state)
{
	struct timespec ts = {.tv_nsec = random_below(state, 400000)};

	nanosleep(&ts, NULL);
}

/* Whether it was alive and well until then. */
static bool kill_worker(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	kills++;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void found(const struct kind *kind, const char *wrong)
{
	broken++;
	tap_fail("%s: %s after %llu kills", kind->name, wrong, (unsigned long long)kills);
}

/* The others go on while one is killed; at the end all are, and what is left is looked at. */
static void round_of(struct map *map, const struct kind *kind, u32 rounds, u64 *state)
{
	pid_t pid[WORKERS];
	const char *wrong;

	for (u32 i = 0; i < WORKERS; i++)
		pid[i] = start_worker(map, kind, state);
	for (u32 i = 0; i < rounds; i++) {
		u32 victim = random_below(state, WORKERS);

		wait_random(state);
		if (kind->type == BPF_MAP_TYPE_RINGBUF && (wrong = consume(map)))
			found(kind, wrong);
		if (!kill_worker(pid[victim]))
			found(kind, "a worker saw a torn value, or crashed");
		pid[victim] = start_worker(map, kind, state);
	}
	wait_random(state);
	for (u32 i = 0; i < WORKERS; i++)
		if (!kill_worker(pid[i]))
			found(kind, "a worker saw a torn value, or crashed");
	share_recover(map);
	wrong = check_whole(map, kind);
	if (wrong)
		found(kind, wrong);
	checked++;
}

static void kill_users(const struct kind *kind, u64 count, u64 seed)
{
	u64 until = kills + count, state = seed;
	struct host *host = share_host();
	struct map *map = share_map(host, kind);

	tap_begin(kind->name);
	check(map);
	/* One round more than needed: the map goes on as if nothing had been. */
	while (map && kills < until && tap.ok)
		round_of(map, kind, CHECK_EACH, &state);
	tap_end();
	if (map)
		object_put(&map->obj);
	host_free(host);
}

int main(int argc, char **argv)
{
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 360;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		kill_users(&kinds[i], (count + ARRAY_SIZE(kinds) - 1) / ARRAY_SIZE(kinds),
			   seed * 1000 + i);
	printf("# %llu kills, %llu maps checked, %llu broken\n", (unsigned long long)kills,
	       (unsigned long long)checked, (unsigned long long)broken);
	return tap_done();
}

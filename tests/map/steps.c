/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A user of a map may be killed between any two of its instructions: one is
 * stepped through operations, and after each instruction that changed the map
 * a copy of it is recovered and looked at, as if that instruction had been the
 * last. Some of these recoveries are stepped through as well: whoever recovers
 * may be killed, too.
 *
 * test-map-steps [OPERATIONS [EACH [SEED]]]: how many are stepped through on each
 * kind of map, and of how many states one has its recovery stepped through.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os_share.h"
#include "share_check.h"

/* A map in a region, and all of that in one piece. */
struct view {
	struct host *host;
	struct map *map;
	u8 *all;
	u64 size;
};

static u64 steps, states, broken;

static struct share_header *header_of(const struct view *v)
{
	return (struct share_header *)(void *)v->all;
}

static bool look_at(struct view *v)
{
	if (os_share_size(map_region(v->map), &v->size))
		return false;
	v->all = os_share_map(map_region(v->map), 0, v->size);
	return v->all;
}

static void view_free(struct view *v)
{
	os_pages_free(v->all, v->size);
	if (v->map)
		object_put(&v->map->obj);
	host_free(v->host);
}

/* Another region, like the one that is there. */
static bool view_copy(struct view *to, const struct view *from)
{
	int fd = os_share_create(from->size);
	u8 *all = fd < 0 ? NULL : os_share_map(fd, 0, from->size);
	bool ok = false;

	*to = (struct view){.host = share_host()};
	if (all) {
		memcpy(all, from->all, from->size);
		ok = !map_attach(to->host, fd, NULL, NULL, &to->map, NULL) && look_at(to);
	}
	os_pages_free(all, from->size);
	if (fd >= 0)
		os_close(fd);
	return ok;
}

/* What the map is like now, with all its users, who are dead there. */
static void view_replay(struct view *to, const struct view *from)
{
	struct share_header *a = header_of(to), *b = header_of(from);
	u32 me = share_user(to->map->share);
	size_t skip = ROUND_UP(sizeof(*a), os_page_size());

	memcpy(to->all + skip, from->all + skip, from->size - skip);
	for (u32 i = 1; i <= b->top; i++) {
		if (i == me)
			continue;
		a->slot[i].state = b->slot[i].state;
		a->slot[i].pid = 0;
	}
	a->top = a->top > b->top ? a->top : b->top;
	a->repairer = b->repairer;
	a->sweeper = b->sweeper;
}

/* ---- stepping ---- */

/* Runs @fn in a process that is stepped through; @look is called after each step. */
static bool step_through(struct view *v, void (*fn)(struct view *v, void *arg), void *arg,
			 void (*start)(void *arg), void (*look)(void *arg))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		share_user(v->map->share);
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			_exit(1);
		fn(v, arg);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!WIFSTOPPED(status))
		return false;
	start(arg);
	while (!ptrace(PTRACE_SINGLESTEP, pid, 0, 0) && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status)) {
		steps++;
		look(arg);
	}
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* What is stepped through: a map's user or its recovery, with copies for what it leaves. */
struct stepped {
	struct view *view, copy;
	const struct kind *kind;
	u8 *last; /* what the region was like after the last step */
	u64 op;	  /* the operation's random numbers */
	u32 each; /* of so many states one has its recovery stepped through; 0: none */
	u32 n;
	const char *wrong;
};

static void check_state(struct stepped *s)
{
	const char *wrong;

	view_replay(&s->copy, s->view);
	share_recover(s->copy.map);
	wrong = check_whole(s->copy.map, s->kind);
	if (wrong && !s->wrong) {
		s->wrong = wrong;
		broken++;
	}
	states++;
}

static void stepped_start(void *arg)
{
	struct stepped *s = arg;

	s->last = malloc(s->view->size);
	memcpy(s->last, s->view->all, s->view->size);
	if (!view_copy(&s->copy, s->view))
		s->wrong = "no copy";
}

static bool changed(struct stepped *s)
{
	if (!memcmp(s->last, s->view->all, s->view->size))
		return false;
	memcpy(s->last, s->view->all, s->view->size);
	return true;
}

static void stepped_end(struct stepped *s)
{
	free(s->last);
	view_free(&s->copy);
}

static void recover(struct view *v, void *arg __unused)
{
	share_recover(v->map);
}

static void look_at_recovery(void *arg)
{
	struct stepped *s = arg;

	if (!s->wrong && changed(s))
		check_state(s);
}

/* Recovers the state in a process that is stepped through. */
static void step_recovery(struct stepped *s)
{
	struct stepped inner = {.view = &s->copy, .kind = s->kind};

	view_replay(&s->copy, s->view);
	if (!step_through(&s->copy, recover, &inner, stepped_start, look_at_recovery))
		inner.wrong = "recovery failed";
	stepped_end(&inner);
	if (inner.wrong && !s->wrong)
		s->wrong = inner.wrong;
	share_recover(s->copy.map);
}

static void look_at_operation(void *arg)
{
	struct stepped *s = arg;

	if (s->wrong || !changed(s))
		return;
	if (s->each && ++s->n % s->each == 0)
		step_recovery(s);
	check_state(s);
}

static void operate(struct view *v, void *arg)
{
	struct stepped *s = arg;

	if (random_op(v->map, s->kind, &s->op))
		_exit(2);
}

/* ---- tests ---- */

static void step_kind(const struct kind *kind, u32 operations, u32 each, u64 seed)
{
	struct view v = {.host = share_host()};
	struct stepped s = {.view = &v, .kind = kind, .each = each, .op = seed};

	tap_begin(kind->name);
	v.map = share_map(v.host, kind);
	check(v.map && look_at(&v));
	for (u32 i = 0; i < operations && tap.ok; i++) {
		check(step_through(&v, operate, &s, stepped_start, look_at_operation));
		stepped_end(&s);
		if (s.wrong)
			tap_fail("operation %u: %s", i, s.wrong);
		/* Some more, so that maps are full at times and empty at others. */
		share_recover(v.map);
		for (u32 k = 0; k < 3; k++)
			check(!random_op(v.map, kind, &s.op));
		if (kind->type == BPF_MAP_TYPE_RINGBUF && i % 4 == 0)
			check(!consume(v.map));
	}
	view_free(&v);
	tap_end();
}

static bool can_step(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!WIFSTOPPED(status) || ptrace(PTRACE_SINGLESTEP, pid, 0, 0))
		return false;
	waitpid(pid, &status, 0);
	kill(pid, SIGKILL);
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

int main(int argc, char **argv)
{
	u32 operations = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 12;
	u32 each = argc > 2 ? (u32)strtoul(argv[2], NULL, 0) : 40;
	u64 seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	if (!can_step()) {
		printf("1..0 # SKIP processes cannot be stepped through here\n");
		return 0;
	}
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		step_kind(&kinds[i], operations, each, seed * 1000 + i);
	printf("# %llu instructions, %llu states recovered, %llu broken\n",
	       (unsigned long long)steps, (unsigned long long)states, (unsigned long long)broken);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of control groups: as a test makes it up, groups that come and go,
 * walking, threads; and the machine's own.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "kernel/cgroup.h"
#include "tap.h"

/* ---- an environment of a few groups ---- */

struct world {
	struct host *host;
	struct {
		const char *path;
		_Atomic u64 id; /* 0: not there */
	} groups[8];
	const char *where; /* the current task */
};

static struct world made_up(void)
{
	return (struct world){
		.groups = {{"/", 1},
			   {"/a", 10},
			   {"/a/b", 11},
			   {"/a/b/c", 12},
			   {"/a/d", 13},
			   {"/e", 14}},
		.where = "/a/b",
	};
}

static int world_cgroup(void *ctx, const char *path, struct env_cgroup *cgrp)
{
	struct world *w = ctx;

	for (u32 i = 0; i < ARRAY_SIZE(w->groups); i++) {
		u64 id =
			w->groups[i].path && !strcmp(w->groups[i].path, path) ? w->groups[i].id : 0;

		if (!id)
			continue;
		*cgrp = (struct env_cgroup){.id = id};
		return 0;
	}
	return -ENOENT;
}

/* The name of a child of @path that comes after @after; NULL where the group is none. */
static const char *child_name(struct world *w, u32 i, const char *path, const char *after)
{
	size_t len = strcmp(path, "/") ? strlen(path) : 0;
	const char *child = w->groups[i].path;

	if (!child || !w->groups[i].id || strncmp(child, path, len) || child[len] != '/' ||
	    !child[len + 1] || strchr(child + len + 1, '/'))
		return NULL;
	return strcmp(child + len + 1, after) > 0 ? child + len + 1 : NULL;
}

static int world_next(void *ctx, const char *path, const char *after, char name[ENV_CGROUP_NAME])
{
	const char *best = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(((struct world *)ctx)->groups); i++) {
		const char *child = child_name(ctx, i, path, after);

		if (child && (!best || strcmp(child, best) < 0))
			best = child;
	}
	if (best)
		strcpy(name, best);
	return best ? 0 : -ENOENT;
}

static int world_task(void *ctx, u32 pid, char path[ENV_CGROUP_PATH])
{
	if (pid)
		return -ESRCH;
	strcpy(path, ((struct world *)ctx)->where);
	return 0;
}

static struct host *host_in(struct world *w)
{
	struct environment env;
	struct host_options opts;

	environment_init(&env);
	env.ctx = w;
	env.cgroup = world_cgroup;
	env.next_cgroup = world_next;
	env.task_cgroup = world_task;
	host_options_init(&opts);
	opts.env = &env;
	check_eq(host_new(&opts, &w->host), 0);
	return w->host;
}

static u64 id_at(struct host *host, const char *path)
{
	struct cgroup *cgrp;
	int err = cgroup_by_path(host, path, &cgrp);
	u64 id = err ? (u64)(s64)err : cgroup_id(cgrp);

	if (!err)
		cgroup_put(cgrp);
	return id;
}

static void test_paths(void)
{
	struct world w = made_up();
	struct host *host = host_in(&w);
	struct cgroup *c, *same;

	check_eq(id_at(host, "/"), 1);
	check_eq(id_at(host, "//a///b/"), 11);
	check_eq(id_at(host, "/x"), -ENOENT);
	check_eq(id_at(host, "/a/x/c"), -ENOENT);
	check_eq(id_at(host, "a"), -EINVAL);
	check_eq(id_at(host, ""), -EINVAL);
	check_eq(id_at(host, "/a/../e"), -EINVAL);
	check_eq(cgroup_by_path(host, "/a/b/c", &c), 0);
	check_eq(c->level, 3);
	check_str(c->kn->name, "c");
	check_eq(c->kn->id, 12);
	check_str(c->kn->parent->name, "b");
	check_str(c->ancestors[0]->kn->name, "");
	check_eq(cgroup_id(c->ancestors[1]), 10);
	check(c->ancestors[3] == c && c->self.cgroup == c);
	check(c->self.parent == &c->ancestors[2]->self);
	check_eq(c->ancestors[0]->nr_descendants, 3);
	check(cgroup_ancestor(c, 1) == c->ancestors[1] && !cgroup_ancestor(c, 4));
	check(cgroup_is_descendant(c, c->ancestors[1]) && cgroup_is_descendant(c, c));
	check(!cgroup_is_descendant(c->ancestors[1], c));
	check_eq(cgroup_by_id(host, 12, &same), 0);
	check(c == same);
	cgroup_put(same);
	/* Not yet seen, found all the same. */
	check_eq(cgroup_by_id(host, 14, &same), 0);
	check_str(same->kn->name, "e");
	cgroup_put(same);
	check_eq(cgroup_by_id(host, 99, &same), -ENOENT);
	cgroup_put(c);
	host_free(host);
}

static void test_handles(void)
{
	struct world w = made_up();
	struct host *host = host_in(&w);
	int handle = cgroup_open(host, "/a/d");
	struct cgroup *cgrp;

	check(handle > 0);
	check_eq(cgroup_by_handle(host, handle, &cgrp), 0);
	check_eq(cgroup_id(cgrp), 13);
	cgroup_put(cgrp);
	check_eq(cgroup_by_handle(host, handle + 1, &cgrp), -EBADF);
	check_eq(cgroup_open(host, "/nowhere"), -ENOENT);
	check_eq(handle_close(host, handle), 0);
	host_free(host);
}

/* A group that goes is dying for who has it, and another one of its name is another one. */
static void test_going(void)
{
	struct world w = made_up();
	struct host *host = host_in(&w);
	struct cgroup *old, *child, *new;

	check_eq(cgroup_by_path(host, "/a/b", &old), 0);
	check_eq(cgroup_by_path(host, "/a/b/c", &child), 0);
	w.groups[2].id = 21;
	check_eq(cgroup_by_path(host, "/a/b", &new), 0);
	check(old != new);
	check_eq(cgroup_id(new), 21);
	check_eq(old->self.flags & CSS_DYING, CSS_DYING);
	check_eq(child->self.flags & CSS_DYING, CSS_DYING);
	check_eq(child->ancestors[2] == old, true);
	check_eq(new->self.flags, CSS_ONLINE | CSS_VISIBLE);
	cgroup_put(old);
	cgroup_put(child);
	cgroup_put(new);
	w.groups[2].id = 0;
	check_eq(cgroup_by_id(host, 21, &new), -ENOENT);
	check_eq(id_at(host, "/a/b"), -ENOENT);
	host_free(host);
}

static void check_walk(struct cgroup *top, bool parents_first, const u64 *want)
{
	struct cgroup *pos = NULL;

	while ((pos = cgroup_next_descendant(pos, top, parents_first))) {
		check_eq(cgroup_id(pos), *want);
		want++;
	}
	check_eq(*want, 0);
}

static void test_walking(void)
{
	struct world w = made_up();
	struct host *host = host_in(&w);
	struct cgroup *top, *a, *leaf;
	struct run run;

	check_eq(cgroup_by_path(host, "/", &top), 0);
	check_eq(cgroup_by_path(host, "/a", &a), 0);
	check_eq(cgroup_by_path(host, "/e", &leaf), 0);
	run_begin(&run, host);
	check_walk(top, true, (u64[]){1, 10, 11, 12, 13, 14, 0});
	check_walk(top, false, (u64[]){12, 11, 13, 10, 14, 1, 0});
	check_walk(a, true, (u64[]){10, 11, 12, 13, 0});
	check_walk(a, false, (u64[]){12, 11, 13, 10, 0});
	check_walk(leaf, true, (u64[]){14, 0});
	w.groups[2].id = 0;
	w.groups[6].path = "/a/z";
	w.groups[6].id = 30;
	check_walk(a, true, (u64[]){10, 13, 30, 0});
	run_end(&run);
	cgroup_put(top);
	cgroup_put(a);
	cgroup_put(leaf);
	host_free(host);
}

static void test_tasks(void)
{
	struct world w = made_up();
	struct host *host = host_in(&w);
	struct run run;

	run_begin(&run, host);
	check_eq(cgroup_id(cgroup_of_task(host, 0)), 11);
	w.where = "/e";
	check_eq(cgroup_id(cgroup_of_task(host, 0)), 14);
	w.where = "/gone";
	check_eq(cgroup_id(cgroup_of_task(host, 0)), 1);
	check_eq(cgroup_id(cgroup_of_task(host, 7)), 1);
	run_end(&run);
	host_free(host);
}

/* ---- threads ---- */

static void *look_about(void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 300; i++) {
		struct cgroup *cgrp, *pos = NULL;
		struct run run;

		if (!cgroup_by_path(w->host, "/a/b/c", &cgrp)) {
			run_begin(&run, w->host);
			while ((pos = cgroup_next_descendant(pos, cgrp->ancestors[0], i & 1)))
				if (pos->ancestors[pos->level] != pos)
					w->where = NULL;
			run_end(&run);
			cgroup_put(cgrp);
		}
		/* It goes and comes again as another one. */
		w->groups[2].id = i % 16 ? 100 + i % 3 : 0;
	}
	return NULL;
}

static void test_threads(void)
{
	struct world w = made_up();
	pthread_t threads[4];

	host_in(&w);
	for (u32 i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, look_about, &w);
	for (u32 i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	check(w.where);
	host_free(w.host);
}

/* ---- the machine ---- */

static void test_machine(void)
{
	struct env_cgroup env;
	struct environment real;
	char path[ENV_CGROUP_PATH];
	struct cgroup *top;
	struct host *host;
	struct run run;

	environment_init(&real);
	check_eq(real.task_cgroup(NULL, 0, path), 0);
	check_eq(real.task_cgroup(NULL, UINT32_MAX, path), -ESRCH);
	check_eq(real.cgroup(NULL, "/", &env), 0);
	check_eq(real.cgroup(NULL, "/there is no such group", &env), -ENOENT);
	check_eq(host_new(NULL, &host), 0);
	check_eq(cgroup_by_path(host, "/", &top), 0);
	check_eq(cgroup_id(top), env.id);
	run_begin(&run, host);
	check(cgroup_is_descendant(cgroup_of_task(host, 0), top));
	run_end(&run);
	cgroup_put(top);
	host_free(host);
}

int main(void)
{
	run_test(test_paths);
	run_test(test_handles);
	run_test(test_going);
	run_test(test_walking);
	run_test(test_tasks);
	run_test(test_threads);
	run_test(test_machine);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's table of tasks; see task.h. How one is filled is in task_fill.c. */
#include "kernel/task.h"

#include <errno.h>
#include <string.h>

#include "base/sync.h"
#include "kernel/fs.h"
#include "kernel/task_fill.h"

#define TASK_BUCKETS 256
#define SWEEP_MIN    256
/* More ancestors than a machine has: its numbers have changed while they were followed. */
#define MAX_ABOVE 4096

struct tasks {
	struct host_part part;
	struct spinlock lock;
	struct task_struct *bucket[TASK_BUCKETS]; /* a reference each */
	u32 cnt, sweep_at;
	struct task_struct *first; /* of number 0: a reference */
};

static struct task_struct **bucket_of(struct tasks *tasks, u32 pid)
{
	return &tasks->bucket[pid % TASK_BUCKETS];
}

/* ---- the host's part ---- */

static void tasks_free(struct host *host, struct host_part *part)
{
	struct tasks *tasks = container_of(part, struct tasks, part);

	for (u32 i = 0; i < TASK_BUCKETS; i++) {
		struct task_struct *next;

		for (struct task_struct *t = tasks->bucket[i]; t; t = next) {
			next = t->host_next;
			task_put(t);
		}
	}
	task_put(tasks->first);
	mem_free(host->mem, tasks);
}

static struct host_part *tasks_make(struct host *host)
{
	static const struct env_task first = {.comm = "swapper/0"};
	struct tasks *tasks = mem_zalloc(host->mem, sizeof(*tasks));

	if (!tasks)
		return NULL;
	tasks->part.free = tasks_free;
	tasks->sweep_at = SWEEP_MIN;
	tasks->first = task_make(host, &first);
	if (!tasks->first) {
		mem_free(host->mem, tasks);
		return NULL;
	}
	return &tasks->part;
}

static struct tasks *host_tasks(struct host *host)
{
	struct host_part *part = host_part(host, HOST_PART_TASKS, tasks_make);

	return part ? container_of(part, struct tasks, part) : NULL;
}

/* ---- the table ---- */

/* Under the lock. */
static struct task_struct *find(struct tasks *tasks, u32 pid)
{
	struct task_struct *t = *bucket_of(tasks, pid);

	while (t && (u32)t->pid != pid)
		t = t->host_next;
	return t;
}

static struct task_struct *lookup(struct tasks *tasks, u32 pid)
{
	struct task_struct *task;

	if (!pid) {
		task_get(tasks->first);
		return tasks->first;
	}
	spin_lock(&tasks->lock);
	task = find(tasks, pid);
	if (task)
		task_get(task);
	spin_unlock(&tasks->lock);
	return task;
}

/* Under the lock: the table's reference becomes the caller's. */
static void take_out(struct tasks *tasks, struct task_struct *task)
{
	struct task_struct **at = bucket_of(tasks, (u32)task->pid);

	while (*at != task)
		at = &(*at)->host_next;
	*at = task->host_next;
	tasks->cnt--;
}

static void forget(struct tasks *tasks, struct task_struct *task)
{
	bool in;

	spin_lock(&tasks->lock);
	in = find(tasks, (u32)task->pid) == task;
	if (in)
		take_out(tasks, task);
	spin_unlock(&tasks->lock);
	if (in)
		task_put(task);
}

/*
 * Takes over the caller's reference and gives one to what is in the table in
 * the end: the same task may have been made by somebody else meanwhile.
 */
static struct task_struct *publish(struct tasks *tasks, struct task_struct *task)
{
	struct task_struct *old, *drop = NULL;

	spin_lock(&tasks->lock);
	old = find(tasks, (u32)task->pid);
	if (old && old->start_boottime == task->start_boottime) {
		drop = task;
		task = old;
	} else {
		struct task_struct **bucket = bucket_of(tasks, (u32)task->pid);

		if (old) {
			take_out(tasks, old);
			drop = old;
		}
		task->host_next = *bucket;
		*bucket = task;
		tasks->cnt++;
	}
	task_get(task);
	spin_unlock(&tasks->lock);
	task_put(drop);
	return task;
}

/* ---- what has ended ---- */

static bool is_alive(struct host *host, const struct task_struct *task)
{
	struct env_task now;

	return host->env.task && !host->env.task(host->env.ctx, (u32)task->pid, &now) &&
	       now.start_time == task->start_boottime;
}

/* The smallest number above @after that is in the table: a reference, or NULL. */
static struct task_struct *next_known(struct tasks *tasks, u32 after)
{
	struct task_struct *best = NULL;

	spin_lock(&tasks->lock);
	for (u32 i = 0; i < TASK_BUCKETS; i++)
		for (struct task_struct *t = tasks->bucket[i]; t; t = t->host_next)
			if ((u32)t->pid > after && (!best || t->pid < best->pid))
				best = t;
	if (best)
		task_get(best);
	spin_unlock(&tasks->lock);
	return best;
}

/* Threads come and go: the table must not grow for ever. */
static void sweep(struct host *host, struct tasks *tasks)
{
	struct task_struct *task;
	u32 after = 0;

	if (tasks->cnt < tasks->sweep_at)
		return;
	while ((task = next_known(tasks, after))) {
		after = (u32)task->pid;
		if (!is_alive(host, task))
			forget(tasks, task);
		task_put(task);
	}
	tasks->sweep_at = tasks->cnt * 2 > SWEEP_MIN ? tasks->cnt * 2 : SWEEP_MIN;
}

/* ---- making ---- */

/* The environment may know no more than who is current, which @hint is then, or NULL. */
static int read_task(struct host *host, u32 pid, const struct env_task *hint, struct env_task *spec)
{
	bool known = host->env.task && !host->env.task(host->env.ctx, pid, spec);

	if (!hint || (pid != hint->pid && pid != hint->tgid))
		return known ? 0 : -ESRCH;
	if (known && spec->tgid == hint->tgid &&
	    (pid != hint->pid || spec->start_time == hint->start_time))
		return 0;
	*spec = *hint;
	spec->pid = pid;
	return 0;
}

/* Who keeps a task: its group's leader, or its parent. */
static u32 above(const struct env_task *spec)
{
	return spec->pid == spec->tgid || !spec->tgid ? spec->ppid : spec->tgid;
}

/*
 * Makes those from @pid up that the table does not have yet: the topmost is
 * the first of @made. Who is above it, a reference; NULL when there is no @pid.
 */
static struct task_struct *climb(struct host *host, struct tasks *tasks, u32 pid,
				 const struct env_task *hint, struct task_struct **made)
{
	for (u32 n = 0; n < MAX_ABOVE; n++) {
		struct task_struct *task = lookup(tasks, pid);
		struct env_task spec;

		if (task)
			return task;
		/* What has ended meanwhile leaves its children to the first. */
		if (read_task(host, pid, hint, &spec))
			return *made ? lookup(tasks, 0) : NULL;
		task = task_make(host, &spec);
		if (!task)
			return NULL;
		task->host_next = *made;
		*made = task;
		pid = above(&spec);
	}
	return lookup(tasks, 0);
}

/* @pid and all above it, a reference; NULL when there is none, or no memory. */
static struct task_struct *make(struct host *host, struct tasks *tasks, u32 pid,
				const struct env_task *hint)
{
	struct task_struct *made = NULL, *up = climb(host, tasks, pid, hint, &made);

	while (made) {
		struct task_struct *task = made;

		made = task->host_next;
		task->host_next = NULL;
		if (up) {
			task_link(task, up);
			up = publish(tasks, task);
		} else {
			task_put(task);
		}
	}
	return up;
}

struct task_struct *task_find(struct host *host, u32 pid)
{
	struct tasks *tasks = host_tasks(host);
	struct task_struct *task;

	if (!tasks)
		return NULL;
	task = lookup(tasks, pid);
	if (task && pid && host->env.task && !is_alive(host, task)) {
		forget(tasks, task);
		task_put(task);
		task = NULL;
	}
	if (task)
		return task;
	sweep(host, tasks);
	return make(host, tasks, pid, NULL);
}

struct task_struct *task_current(struct run *run)
{
	struct host *host = run->host;
	struct tasks *tasks = host_tasks(host);
	struct env_task now = {0};
	struct task_struct *task;

	if (!tasks)
		return NULL;
	host->env.current_task(host->env.ctx, &now);
	task = lookup(tasks, now.pid);
	if (task && now.pid && task->start_boottime != now.start_time) {
		forget(tasks, task);
		task_put(task);
		task = NULL;
	}
	if (!task) {
		sweep(host, tasks);
		task = make(host, tasks, now.pid, &now);
	}
	if (!task)
		return NULL;
	task_refresh(task, &now);
	/* The table's reference is enough: this execution began before it can be given back. */
	task_put(task);
	return task;
}

struct task_struct *task_next(struct host *host, u32 tgid, u32 after)
{
	struct tasks *tasks = host_tasks(host);
	struct task_struct *task;

	while (tasks) {
		if (host->env.next_task) {
			after = host->env.next_task(host->env.ctx, tgid, after);
			if (!after)
				return NULL;
			task = task_find(host, after);
		} else {
			task = next_known(tasks, after);
			if (!task)
				return NULL;
			after = (u32)task->pid;
		}
		if (task && (tgid ? (u32)task->tgid == tgid : task->pid == task->tgid))
			return task;
		task_put(task);
	}
	return NULL;
}

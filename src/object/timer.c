/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers and work; see timer.h. */
#include "object/timer.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "object/prog.h"

struct async {
	struct grave grave;
	bool dropped; /* its value is gone */
	struct object *map;
	void *value;
	enum async_kind kind;
	int clock;
	u64 due;		  /* CLOCK_MONOTONIC of the host's environment */
	u32 heap_pos;		  /* 1 more than the index; 0: not under way */
	struct prog *prog;	  /* a reference, or NULL */
	const struct subprog *fn; /* of it; NULL: nothing to call */
	u64 (*invoke)(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4,
		      u64 r5);
	u8 key[]; /* of the value */
};

/* ---- the heap ---- */

static void put_at(struct timers *t, u32 pos, struct async *a)
{
	t->heap.at[pos - 1] = a;
	a->heap_pos = pos;
}

static struct async *at(struct timers *t, u32 pos)
{
	return t->heap.at[pos - 1];
}

static void sift_up(struct timers *t, struct async *a)
{
	u32 pos = a->heap_pos;

	for (; pos > 1 && at(t, pos / 2)->due > a->due; pos /= 2)
		put_at(t, pos, at(t, pos / 2));
	put_at(t, pos, a);
}

static void sift_down(struct timers *t, struct async *a)
{
	u32 pos = a->heap_pos, child;

	for (; (child = 2 * pos) <= t->heap.len; pos = child) {
		if (child < t->heap.len && at(t, child + 1)->due < at(t, child)->due)
			child++;
		if (at(t, child)->due >= a->due)
			break;
		put_at(t, pos, at(t, child));
	}
	put_at(t, pos, a);
}

/* There is room: see async_init(). */
static void heap_add(struct timers *t, struct async *a)
{
	t->heap.len++;
	put_at(t, (u32)t->heap.len, a);
	sift_up(t, a);
}

static void heap_remove(struct timers *t, struct async *a)
{
	u32 pos = a->heap_pos;
	struct async *last = at(t, (u32)t->heap.len);

	t->heap.len--;
	a->heap_pos = 0;
	if (last == a)
		return;
	put_at(t, pos, last);
	sift_up(t, last);
	sift_down(t, last);
}

/* ---- callbacks ---- */

static u64 now_of(const struct host *host, int clock)
{
	return host->env.clock_ns(host->env.ctx, clock);
}

/* The one that is due, taken out of the heap, or NULL. */
static struct async *take_due(struct host *host)
{
	struct timers *t = &host->timers;
	struct async *a;

	if (!t->heap.len)
		return NULL;
	a = at(t, 1);
	if (a->due > now_of(host, CLOCK_MONOTONIC))
		return NULL;
	heap_remove(t, a);
	return a;
}

static void call(struct run *run, const struct async *a, const struct prog *prog,
		 const struct subprog *fn)
{
	run->prog = prog;
	run->ctx = NULL;
	run->invoke = a->invoke;
	budget_begin(run);
	a->invoke(run, fn, ptr_to_u64(a->map), ptr_to_u64(a->key), ptr_to_u64(a->value), 0, 0);
	if (run->budget.stopped)
		budget_release_all(run);
}

static void bury(struct timers *t, struct grave *grave)
{
	grave->next = t->graves;
	t->graves = grave;
}

/*
 * The lock is held, and given back for the call. @run has a slot. The program
 * stays: what replaces or drops it waits in a grave until this is over.
 */
static void run_callback(struct host *host, struct async *a, struct run *run)
{
	struct timers *t = &host->timers;
	const struct prog *prog = a->prog;
	const struct subprog *fn = a->fn;

	if (!fn)
		return;
	t->running = a;
	t->runner = pthread_self();
	pthread_mutex_unlock(&t->lock);
	call(run, a, prog, fn);
	pthread_mutex_lock(&t->lock);
	t->running = NULL;
	if (a->dropped)
		bury(t, &a->grave);
	pthread_cond_broadcast(&t->changed);
}

/* One callback, if one is due. A slot comes first: who waits for the callback may be in one. */
static bool run_next(struct host *host)
{
	struct timers *t = &host->timers;
	struct async *a;
	struct run run;

	run_begin(&run, host);
	pthread_mutex_lock(&t->lock);
	a = take_due(host);
	if (a)
		run_callback(host, a, &run);
	pthread_mutex_unlock(&t->lock);
	run_end(&run);
	return a;
}

/* In no slot: a program that goes may wait for all that run. */
static void let_go(struct host *host)
{
	struct timers *t = &host->timers;
	struct grave *graves, *next;

	pthread_mutex_lock(&t->lock);
	graves = t->graves;
	t->graves = NULL;
	pthread_mutex_unlock(&t->lock);
	for (; graves; graves = next) {
		next = graves->next;
		object_put(graves->obj);
		mem_free(host->mem, graves->memory);
	}
}

u32 timers_run(struct host *host)
{
	u32 n = 0;

	while (run_next(host))
		n++;
	let_go(host);
	return n;
}

/* ---- the thread ---- */

/* Until something is due, or changes; the host's clock may be another than the machine's. */
static void wait_for(struct host *host)
{
	struct timers *t = &host->timers;
	u64 now, left, until;
	struct timespec ts;

	if (!t->heap.len) {
		pthread_cond_wait(&t->changed, &t->lock);
		return;
	}
	now = now_of(host, CLOCK_MONOTONIC);
	left = at(t, 1)->due > now ? at(t, 1)->due - now : 0;
	until = os_clock_ns(CLOCK_MONOTONIC) + u64_min(left, 3600ull * 1000000000);
	ts.tv_sec = (time_t)(until / 1000000000);
	ts.tv_nsec = (long)(until % 1000000000);
	if (left)
		pthread_cond_timedwait(&t->changed, &t->lock, &ts);
}

static bool is_due(struct host *host)
{
	struct timers *t = &host->timers;

	return t->heap.len && at(t, 1)->due <= now_of(host, CLOCK_MONOTONIC);
}

static void *thread_main(void *arg)
{
	struct host *host = arg;
	struct timers *t = &host->timers;

	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		if (!is_due(host) && !t->graves) {
			wait_for(host);
			continue;
		}
		pthread_mutex_unlock(&t->lock);
		timers_run(host);
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int need_thread(struct host *host)
{
	struct timers *t = &host->timers;

	if (t->manual || t->has_thread)
		return 0;
	if (pthread_create(&t->thread, NULL, thread_main, host))
		return -EAGAIN;
	t->has_thread = true;
	return 0;
}

void timers_init(struct timers *t, bool manual)
{
	pthread_condattr_t attr;

	t->manual = manual;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void timers_free(struct host *host)
{
	struct timers *t = &host->timers;

	if (t->has_thread) {
		pthread_mutex_lock(&t->lock);
		t->stop = true;
		pthread_cond_broadcast(&t->changed);
		pthread_mutex_unlock(&t->lock);
		pthread_join(t->thread, NULL);
	}
	let_go(host);
	vec_free(&t->heap, host->mem);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
}

/* ---- what programs do ---- */

static bool has_user(const struct object *map)
{
	return atomic_load(&map->handles);
}

/* Room in the heap for one more, so that starting never fails. */
static int make_room(struct host *host)
{
	struct timers *t = &host->timers;

	return vec_reserve(&t->heap, host->mem, t->count + 1 - t->heap.len) ? 0 : -ENOMEM;
}

static int make(struct async_field *field, struct async *a)
{
	struct host *host = a->map->host;
	struct timers *t = &host->timers;
	int err = 0;

	pthread_mutex_lock(&t->lock);
	if (atomic_load(&field->async))
		err = -EBUSY;
	else if (!has_user(a->map))
		err = -EPERM;
	if (!err)
		err = make_room(host);
	if (!err)
		err = need_thread(host);
	if (!err) {
		atomic_store(&field->async, a);
		t->count++;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

int async_init(struct async_field *field, struct object *map, void *value, const void *key,
	       u32 key_size, enum async_kind kind, int clock)
{
	struct async *a = mem_zalloc(map->host->mem, sizeof(*a) + key_size);
	int err;

	if (!a)
		return -ENOMEM;
	a->grave.memory = a;
	a->map = map;
	a->value = value;
	a->kind = kind;
	a->clock = clock;
	memcpy(a->key, key, key_size);
	err = make(field, a);
	if (err)
		mem_free(map->host->mem, a);
	return err;
}

/* The program of the callback from now on; the one before goes with @old. */
static void set_prog(struct timers *t, struct async *a, struct prog *prog, struct grave *old)
{
	old->obj = NULL;
	if (a->prog != prog) {
		object_get(&prog->obj);
		old->obj = a->prog ? &a->prog->obj : NULL;
		a->prog = prog;
	}
	bury(t, old);
	pthread_cond_broadcast(&t->changed);
}

int async_set_callback(struct async_field *field, struct run *run, const struct subprog *fn)
{
	struct timers *t = &run->host->timers;
	struct grave *old = mem_zalloc(run->host->mem, sizeof(*old));
	struct async *a;
	int err = 0;

	if (!old)
		return -ENOMEM;
	old->memory = old;
	pthread_mutex_lock(&t->lock);
	a = atomic_load(&field->async);
	if (!a)
		err = -EINVAL;
	else if (!has_user(a->map))
		err = -EPERM;
	if (!err) {
		set_prog(t, a, prog_of((struct object *)(uintptr_t)&fn->prog->obj), old);
		a->fn = fn;
		a->invoke = run->invoke;
	}
	pthread_mutex_unlock(&t->lock);
	if (err)
		mem_free(run->host->mem, old);
	return err;
}

static u64 due_at(const struct host *host, const struct async *a, u64 ns, bool absolute)
{
	u64 now = now_of(host, CLOCK_MONOTONIC), left = ns;

	if (absolute) {
		u64 there = now_of(host, a->clock);

		left = ns > there ? ns - there : 0;
	}
	return now + left < now ? UINT64_MAX : now + left;
}

int async_start(struct host *host, struct async_field *field, u64 ns, bool absolute)
{
	struct timers *t = &host->timers;
	struct async *a;

	pthread_mutex_lock(&t->lock);
	a = atomic_load(&field->async);
	if (!a || !a->fn) {
		pthread_mutex_unlock(&t->lock);
		return -EINVAL;
	}
	/* Work that waits already is done once. */
	if (a->heap_pos && a->kind == ASYNC_TIMER)
		heap_remove(t, a);
	if (!a->heap_pos) {
		a->due = due_at(host, a, ns, absolute);
		heap_add(t, a);
	}
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	return 0;
}

/* Takes it out of the heap; there is nothing to call any more. */
static bool stop(struct timers *t, struct async *a)
{
	bool was_active = a->heap_pos;

	if (was_active)
		heap_remove(t, a);
	a->fn = NULL;
	return was_active;
}

static bool runs_here(const struct timers *t, const struct async *a)
{
	return t->running == a && pthread_equal(t->runner, pthread_self());
}

/* The field's, when the lock is held; @a as before. */
static bool still_runs(const struct timers *t, const struct async_field *field,
		       const struct async *a)
{
	return atomic_load(&field->async) == a && t->running == a;
}

int async_cancel(struct host *host, struct async_field *field)
{
	struct timers *t = &host->timers;
	struct async *a;
	int ret;

	pthread_mutex_lock(&t->lock);
	a = atomic_load(&field->async);
	if (!a) {
		ret = -EINVAL;
	} else if (runs_here(t, a)) {
		ret = -EDEADLK;
	} else {
		ret = stop(t, a) || t->running == a;
		while (still_runs(t, field, a))
			pthread_cond_wait(&t->changed, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return ret;
}

void async_drop(struct host *host, struct async_field *field)
{
	struct timers *t = &host->timers;
	struct async *a;

	if (!atomic_load(&field->async))
		return;
	pthread_mutex_lock(&t->lock);
	a = atomic_exchange(&field->async, NULL);
	if (a) {
		stop(t, a);
		t->count--;
		a->dropped = true;
		a->grave.obj = a->prog ? &a->prog->obj : NULL;
		if (t->running != a)
			bury(t, &a->grave);
		pthread_cond_broadcast(&t->changed);
	}
	pthread_mutex_unlock(&t->lock);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "poll.h"

#include <errno.h>
#include <pthread.h>

#define MAX_WATCHED 1024

static struct {
	pthread_mutex_t lock;
	struct watched {
		int epoll, fd;
		struct epoll_event event;
	} of[MAX_WATCHED];
	u32 n;
} watched = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct watched *find(int epoll, int fd)
{
	for (u32 i = 0; i < watched.n; i++)
		if (watched.of[i].epoll == epoll && watched.of[i].fd == fd)
			return &watched.of[i];
	return NULL;
}

static int change(int epoll, int op, int fd, const struct epoll_event *event)
{
	struct watched *is = find(epoll, fd);

	if (op == EPOLL_CTL_ADD) {
		if (is || watched.n == MAX_WATCHED)
			return is ? -EEXIST : -ENOSPC;
		watched.of[watched.n++] = (struct watched){epoll, fd, *event};
		return 0;
	}
	if (!is)
		return -ENOENT;
	if (op == EPOLL_CTL_MOD)
		is->event = *event;
	else
		*is = watched.of[--watched.n];
	return 0;
}

int poll_change(int epoll, int op, int fd, const struct epoll_event *event)
{
	int err;

	pthread_mutex_lock(&watched.lock);
	err = change(epoll, op, fd, event);
	pthread_mutex_unlock(&watched.lock);
	return err;
}

bool poll_watches(int epoll)
{
	bool any = false;

	pthread_mutex_lock(&watched.lock);
	for (u32 i = 0; i < watched.n && !any; i++)
		any = watched.of[i].epoll == epoll;
	pthread_mutex_unlock(&watched.lock);
	return any;
}

int poll_ready(struct preload *preload, int epoll, struct epoll_event *events, int most)
{
	struct engine *engine = preload->engine;
	int n = 0;

	pthread_mutex_lock(&watched.lock);
	for (u32 i = 0; i < watched.n && n < most; i++) {
		struct watched *w = &watched.of[i];
		struct descriptor *descriptor = descriptor_of(w->fd);

		if (w->epoll != epoll || !descriptor)
			continue;
		preload_enter();
		if (engine->ops->poll(engine, descriptor->handle, 0) > 0) {
			events[n] = w->event;
			events[n++].events = EPOLLIN;
		}
		preload_leave();
	}
	pthread_mutex_unlock(&watched.lock);
	return n;
}

void poll_forget(int fd)
{
	pthread_mutex_lock(&watched.lock);
	for (u32 i = 0; i < watched.n; i++)
		if (watched.of[i].epoll == fd || watched.of[i].fd == fd)
			watched.of[i--] = watched.of[--watched.n];
	pthread_mutex_unlock(&watched.lock);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll sets that the engine's maps are in: which, and which have something to read. */
#ifndef ANYBPF_CONFORMANCE_POLL_H
#define ANYBPF_CONFORMANCE_POLL_H

#include <sys/epoll.h>

#include "preload.h"

/* As epoll_ctl() for a descriptor of the engine: 0 or a negative errno. */
int poll_change(int epoll, int op, int fd, const struct epoll_event *event);
bool poll_watches(int epoll);
/* The events of what can be read now; at most @most. */
int poll_ready(struct preload *preload, int epoll, struct epoll_event *events, int most);
/* @fd, a set or in one, is closed. */
void poll_forget(int fd);

#endif

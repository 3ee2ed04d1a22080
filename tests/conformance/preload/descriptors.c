/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of descriptors: which of the process's numbers stand for which handle of the engine. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload.h"

#define MAX_FDS 65536

static struct {
	pthread_mutex_t lock;
	struct descriptor *of[MAX_FDS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct descriptor *descriptor_of(int fd)
{
	return fd >= 0 && fd < MAX_FDS ? __atomic_load_n(&table.of[fd], __ATOMIC_ACQUIRE) : NULL;
}

static struct descriptor *replace(int fd, struct descriptor *with)
{
	struct descriptor *before, *gone = NULL;

	pthread_mutex_lock(&table.lock);
	before = table.of[fd];
	if (with)
		with->numbers++;
	table.of[fd] = with;
	if (before && !--before->numbers)
		gone = before;
	pthread_mutex_unlock(&table.lock);
	return gone;
}

static void free_descriptor(struct descriptor *gone)
{
	struct preload *preload = preload_get();

	if (!gone)
		return;
	if (!gone->borrowed) {
		preload_enter();
		preload->engine->ops->close(preload->engine, gone->handle);
		preload_leave();
	}
	free(gone);
}

void descriptor_forget(int fd)
{
	if (descriptor_of(fd))
		free_descriptor(replace(fd, NULL));
}

void descriptor_same(int fd, struct descriptor *descriptor)
{
	if (fd >= 0 && fd < MAX_FDS)
		free_descriptor(replace(fd, descriptor));
}

int descriptor_new(int handle, u32 map_type)
{
	struct descriptor *descriptor = calloc(1, sizeof(*descriptor));
	int fd;

	if (!descriptor)
		return -ENOMEM;
	fd = memfd_create("anybpf", MFD_CLOEXEC);
	if (fd < 0 || fd >= MAX_FDS) {
		int err = fd < 0 ? -errno : -EMFILE;

		free(descriptor);
		return err;
	}
	*descriptor = (struct descriptor){.handle = handle, .map_type = map_type};
	descriptor_same(fd, descriptor);
	return fd;
}

u32 descriptor_handle(u32 fd)
{
	struct descriptor *descriptor = descriptor_of((int)fd);

	if (!fd)
		return 0;
	return descriptor ? (u32)descriptor->handle : NO_HANDLE;
}

void descriptors_borrow(void)
{
	pthread_mutex_init(&table.lock, NULL);
	for (u32 i = 0; i < MAX_FDS; i++)
		if (table.of[i])
			table.of[i]->borrowed = true;
}

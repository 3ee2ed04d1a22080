/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of libc that are answered instead of it, and the engine behind them. */
#undef _FILE_OFFSET_BITS /* both names of each function are defined here */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "object/host.h"
#include "poll.h"
#include "preload.h"

#define ANSWER __attribute__((visibility("default")))

/* libc's own, found when it is first called. */
#define NEXT(name)                                                                                 \
	({                                                                                         \
		static __typeof__(name) *next_;                                                    \
		if (!next_)                                                                        \
			next_ = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                       \
		next_;                                                                             \
	})

static struct preload preload;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread u32 within;

bool preload_within(void)
{
	return within;
}

void preload_enter(void)
{
	within++;
}

void preload_leave(void)
{
	within--;
}

static void in_child(void)
{
	descriptors_borrow();
}

static u32 possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	u32 from = 0, to = 0;
	int n = f ? fscanf(f, "%u-%u", &from, &to) : 0;

	if (f)
		fclose(f);
	return n == 2 ? to + 1 : 1;
}

static void open_engine(void)
{
	struct host_options options;
	struct environment env;
	struct host *host;

	preload_enter();
	host_options_init(&options);
	environment_init(&env);
	env.nr_cpus = possible_cpus();
	options.env = &env;
	options.vmlinux = getenv("ANYBPF_VMLINUX");
	options.interpret = getenv("ANYBPF_INTERPRET") != NULL;
	options.unprivileged_bpf_disabled = false;
	if (shared_open()) {
		options.mem = &mem_shared;
		if (!host_new(&options, &host) && !engine_user_new(host, &preload.engine))
			pthread_atfork(NULL, NULL, in_child);
	}
	preload_leave();
}

struct preload *preload_get(void)
{
	pthread_once(&once, open_engine);
	return preload.engine ? &preload : NULL;
}

/* As libc: -1 and errno. */
static long answer(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* ---- bpf() and descriptors ---- */

ANSWER long syscall(long number, ...)
{
	struct preload *p;
	va_list list;
	long a[6];

	va_start(list, number);
	for (u32 i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_bpf && !within) {
		p = preload_get();
		return answer(
			p ? preload_bpf(p, (enum bpf_cmd)a[0], (union bpf_attr *)a[1], (u32)a[2])
			  : -ENOSYS);
	}
	if (number == SYS_dup3 && !within)
		return dup3((int)a[0], (int)a[1], (int)a[2]);
	return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ANSWER int close(int fd)
{
	if (!within) {
		poll_forget(fd);
		descriptor_forget(fd);
	}
	return NEXT(close)(fd);
}

static int duplicated(int fd, int copy)
{
	if (copy >= 0 && copy != fd)
		descriptor_same(copy, descriptor_of(fd));
	return copy;
}

ANSWER int dup(int fd)
{
	return duplicated(fd, NEXT(dup)(fd));
}

ANSWER int dup2(int fd, int to)
{
	return duplicated(fd, NEXT(dup2)(fd, to));
}

ANSWER int dup3(int fd, int to, int flags)
{
	return duplicated(fd, NEXT(dup3)(fd, to, flags));
}

static int fcntl_any(int fd, int cmd, long arg)
{
	int result = NEXT(fcntl)(fd, cmd, arg);

	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? duplicated(fd, result) : result;
}

ANSWER int fcntl(int fd, int cmd, ...)
{
	va_list list;
	long arg;

	va_start(list, cmd);
	arg = va_arg(list, long);
	va_end(list);
	return fcntl_any(fd, cmd, arg);
}

ANSWER int fcntl64(int fd, int cmd, ...)
{
	va_list list;
	long arg;

	va_start(list, cmd);
	arg = va_arg(list, long);
	va_end(list);
	return fcntl_any(fd, cmd, arg);
}

/* ---- memory ---- */

/* The pages of a map, at a place that the program has chosen. */
static int map_there(void *addr, void *pages, size_t size, int prot)
{
	if (mremap(pages, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, addr) == MAP_FAILED)
		return -errno;
	return mprotect(addr, size, prot) ? -errno : 0;
}

static void *map_of_engine(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	struct preload *p = preload_get();
	void *pages = NULL;
	long err;

	if (!(flags & MAP_SHARED) || prot & PROT_EXEC)
		err = -EINVAL;
	else
		err = p->engine->ops->mmap(p->engine, descriptor_of(fd)->handle, (u64)offset, size,
					   prot & PROT_WRITE, &pages);
	if (!err && flags & MAP_FIXED) {
		preload_enter();
		err = map_there(addr, pages, size, prot);
		preload_leave();
		pages = addr;
	}
	answer(err);
	return err ? MAP_FAILED : pages;
}

/* What the engine wants of memory that has no place and no file, children are to have as well. */
static bool is_plain(const void *addr, int prot, int flags)
{
	return within && !addr && prot == (PROT_READ | PROT_WRITE) && flags & MAP_PRIVATE &&
	       flags & MAP_ANONYMOUS;
}

static void *mmap_any(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	void *pages;

	if (is_plain(addr, prot, flags)) {
		pages = shared_pages(size);
		return pages ? pages : MAP_FAILED;
	}
	if (!within && !(flags & MAP_ANONYMOUS) && descriptor_of(fd))
		return map_of_engine(addr, size, prot, flags, fd, offset);
	return NEXT(mmap)(addr, size, prot, flags, fd, offset);
}

ANSWER void *mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	return mmap_any(addr, size, prot, flags, fd, offset);
}

ANSWER void *mmap64(void *addr, size_t size, int prot, int flags, int fd, off64_t offset)
{
	return mmap_any(addr, size, prot, flags, fd, offset);
}

ANSWER int munmap(void *addr, size_t size)
{
	if (within && shared_pages_free(addr, size))
		return 0;
	if (!within && preload.engine && !preload.engine->ops->munmap(preload.engine, addr, size))
		return 0;
	return NEXT(munmap)(addr, size);
}

/* What waits for a lock of the engine may be another process. */
ANSWER int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
	pthread_mutexattr_t shared;
	int err;

	if (!within || attr)
		return NEXT(pthread_mutex_init)(mutex, attr);
	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	err = NEXT(pthread_mutex_init)(mutex, &shared);
	pthread_mutexattr_destroy(&shared);
	return err;
}

/* ---- waiting ---- */

ANSWER int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (descriptor_of(fd))
		return (int)answer(poll_change(epoll, op, fd, event));
	return NEXT(epoll_ctl)(epoll, op, fd, event);
}

ANSWER int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	struct timespec end, now;
	int n;

	if (!poll_watches(epoll))
		return NEXT(epoll_wait)(epoll, events, most, timeout);
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (;;) {
		n = poll_ready(preload_get(), epoll, events, most);
		if (n)
			return n;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (timeout >= 0 &&
		    (now.tv_sec - end.tv_sec) * 1000 + (now.tv_nsec - end.tv_nsec) / 1000000 >=
			    timeout)
			return 0;
		n = NEXT(epoll_wait)(epoll, events, most, timeout ? 1 : 0);
		if (n)
			return n;
	}
}

/* ---- files ---- */

static const char *instead_of(const char *path)
{
	const char *btf = getenv("ANYBPF_VMLINUX");

	return btf && !within && path && !strcmp(path, "/sys/kernel/btf/vmlinux") ? btf : path;
}

#define MODE_OF(flags, list) ((flags) & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0)

ANSWER int open(const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = MODE_OF(flags, list);
	va_end(list);
	return NEXT(open)(instead_of(path), flags, mode);
}

ANSWER int open64(const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = MODE_OF(flags, list);
	va_end(list);
	return NEXT(open64)(instead_of(path), flags, mode);
}

ANSWER FILE *fopen(const char *path, const char *mode)
{
	FILE *info = within ? NULL : fdinfo_open(preload.engine, path);

	if (info)
		return info;
	return NEXT(fopen)(instead_of(path), mode);
}

ANSWER FILE *fopen64(const char *path, const char *mode)
{
	FILE *info = within ? NULL : fdinfo_open(preload.engine, path);

	if (info)
		return info;
	return NEXT(fopen64)(instead_of(path), mode);
}

ANSWER int access(const char *path, int mode)
{
	return NEXT(access)(instead_of(path), mode);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

size_t os_page_size(void)
{
	return (size_t)getpagesize(); /* the ring buffer asks for each record; sysconf() is slow */
}

/* @at is a wish. */
static void *map_pages(uintptr_t at, size_t size, int protection)
{
	void *p = mmap((void *)at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * What is larger is looked into all over: in small pages a processor would
 * spend its time on finding out where they are.
 */
#define LARGE_PAGES_FROM (4u << 20)

void *os_pages_alloc(size_t size)
{
	void *p = map_pages(0, size, PROT_READ | PROT_WRITE);

#ifdef MADV_HUGEPAGE
	/* A wish: a system that has none of them is right, too. */
	if (p && size >= LARGE_PAGES_FROM)
		madvise(p, size, MADV_HUGEPAGE);
#endif
	return p;
}

static void *map_pages_near(size_t size, const void *near, int protection)
{
	const uintptr_t least = 64u << 20, span = 512u << 20, reach = least + span;
	uintptr_t to = (uintptr_t)near & ~(uintptr_t)(os_page_size() - 1);

	/* What lies below is mostly free. Places are tried at random: programs are many. */
	for (u32 i = 0; i < 4 && to > 2 * reach; i++) {
		uintptr_t below;
		u32 random;
		void *p;

		os_random(&random, sizeof(random));
		below = least + (uintptr_t)random % (span / os_page_size()) * os_page_size();
		p = map_pages(to - below, size, protection);
		if (p && to - (uintptr_t)p <= reach)
			return p;
		os_pages_free(p, size);
	}
	return map_pages(0, size, protection);
}

void *os_pages_alloc_near(size_t size, const void *near)
{
	return map_pages_near(size, near, PROT_READ | PROT_WRITE);
}

void os_pages_free(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

void *os_pages_alloc_mirrored(size_t head, size_t body)
{
	u8 *p = NULL;
	int fd = memfd_create("anybpf", MFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)(head + body)))
		goto close;
	p = mmap(NULL, head + 2 * body, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED) {
		p = NULL;
		goto close;
	}
	/* The second view replaces the part of the first that lies beyond the file's end. */
	if (mmap(p + head + body, body, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, (off_t)head) == MAP_FAILED) {
		munmap(p, head + 2 * body);
		p = NULL;
	}
close:
	close(fd);
	return p;
}

int os_pages_protect(void *p, size_t size, bool writable)
{
	return mprotect(p, size, PROT_READ | (writable ? PROT_WRITE : 0)) ? -errno : 0;
}

int os_pages_make_executable(void *p, size_t size)
{
	if (mprotect(p, size, PROT_READ | PROT_EXEC))
		return -errno;
	__builtin___clear_cache((char *)p, (char *)p + size);
	return 0;
}

/* Whether nobody else can have prepared it: a link of another name would show in the count. */
static int check_own(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_nlink == 1 ? 0 : -EPERM;
}

int os_open_shared(const char *path, bool fresh)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd, err;

	if (fresh)
		unlink(path); /* where that is not allowed, the file is still there */
	fd = open(path, flags | O_CREAT | O_EXCL, 0644);
	if (fd >= 0)
		return fd;
	if (fresh || errno != EEXIST)
		return -errno;
	fd = open(path, flags);
	if (fd < 0)
		return -errno;
	err = check_own(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int os_write(int fd, const void *data, size_t size)
{
	const u8 *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

void os_close(int fd)
{
	close(fd);
}

int os_map_marker(int fd)
{
	void *p = mmap(NULL, os_page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return p == MAP_FAILED ? -errno : 0;
}

void *os_pages_reserve_near(size_t size, const void *near)
{
	return map_pages_near(size, near, PROT_NONE);
}

int os_pages_map_code(void *at, size_t size, int fd, u64 offset)
{
	void *p = mmap(at, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, (off_t)offset);

	return p == MAP_FAILED ? -errno : 0;
}

/* ---- windows ---- */

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0 /* then it is a wish, and looked at afterwards */
#endif

static void *reserve(void *at, size_t size, int flags)
{
	void *p = mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1,
		       0);

	return p == MAP_FAILED ? NULL : p;
}

void *os_window_reserve(void *at, size_t size, size_t align)
{
	u8 *p, *start;

	if (at) {
		p = reserve(at, size, MAP_FIXED_NOREPLACE);
		if (p && p != at) {
			munmap(p, size);
			p = NULL;
		}
		return p;
	}
	p = reserve(NULL, size + align, 0);
	if (!p)
		return NULL;
	start = (u8 *)(((uintptr_t)p + align - 1) & ~(uintptr_t)(align - 1));
	if (start > p)
		munmap(p, (size_t)(start - p));
	if (start + size < p + size + align)
		munmap(start + size, (size_t)(p + align - start));
	return start;
}

int os_window_fill(void *at, size_t size)
{
	return mprotect(at, size, PROT_READ | PROT_WRITE) ? -errno : 0;
}

/* Mapped anew: what was there is gone, and so is the permission. */
int os_window_empty(void *at, size_t size)
{
	return reserve(at, size, MAP_FIXED) ? 0 : -ENOMEM;
}

u32 os_process_id(void)
{
	return (u32)getpid();
}

u32 os_thread_id(void)
{
	return (u32)syscall(SYS_gettid);
}

int os_file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

u64 os_clock_ns(int clock)
{
	struct timespec ts;

	clock_gettime((clockid_t)clock, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

void os_random(void *p, size_t size)
{
	u8 *at = p;

	while (size) {
		ssize_t n = getrandom(at, size, 0);

		if (n <= 0)
			continue; /* only EINTR is possible for a valid buffer */
		at += n;
		size -= (size_t)n;
	}
}

u32 os_nr_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	return n > 0 ? (u32)n : 1;
}

u32 os_current_cpu(void)
{
	int cpu = sched_getcpu();

	return cpu >= 0 ? (u32)cpu : 0;
}

void os_yield(void)
{
	sched_yield();
}

void os_wait(_Atomic u32 *word, u32 value, int timeout_ms)
{
	struct timespec ts = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000l,
	};

	syscall(SYS_futex, word, FUTEX_WAIT, value, timeout_ms < 0 ? NULL : &ts, NULL, 0);
}

void os_wake(_Atomic u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int os_read_file(const struct mem *mem, const char *path, void **data, size_t *size)
{
	FILE *file = fopen(path, "re");
	size_t cap = 1 << 16, len = 0, n;
	u8 *bytes = file ? mem_alloc(mem, cap) : NULL;
	int err = !file ? -errno : bytes ? 0 : -ENOMEM;

	errno = 0;
	/* The size of a file in /sys is only known when it has been read. */
	while (!err && (n = fread(bytes + len, 1, cap - len, file)) > 0) {
		len += n;
		if (len == cap) {
			u8 *more = mem_realloc(mem, bytes, cap *= 2);

			if (more)
				bytes = more;
			else
				err = -ENOMEM;
		}
	}
	if (!err && ferror(file))
		err = errno ? -errno : -EIO;
	if (file)
		fclose(file);
	if (err) {
		mem_free(mem, bytes);
		return err;
	}
	*data = bytes;
	*size = len;
	return 0;
}

int os_write_file(const char *path, const void *data, size_t size)
{
	char temporary[PATH_MAX];
	int n = snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	int fd, err;

	if (n < 0 || (size_t)n >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	err = os_write(fd, data, size);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

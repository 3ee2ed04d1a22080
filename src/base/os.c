/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "base/os.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

size_t os_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void *os_pages_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void os_pages_free(void *p, size_t size)
{
	if (p)
		munmap(p, size);
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

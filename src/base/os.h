/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one file of the core that asks the operating system for anything: pages,
 * clocks, random bytes, CPUs. Errors are negative errnos.
 */
#ifndef ANYBPF_BASE_OS_H
#define ANYBPF_BASE_OS_H

#include "base/mem.h"

size_t os_page_size(void);

/* Zeroed, page-aligned read-write memory of @size bytes, committed on first touch; NULL on failure.
 */
void *os_pages_alloc(size_t size);
/* The same, within 1 GiB of @near if there is room: where calls of it are short. */
void *os_pages_alloc_near(size_t size, const void *near);
void os_pages_free(void *p, size_t size);

/*
 * The same, with the last @body bytes visible twice in a row: @head + 2 * @body
 * bytes of address space, to be freed with that size. Both page-aligned.
 */
void *os_pages_alloc_mirrored(size_t head, size_t body);

/* Takes write permission away (read only) or gives it back. */
int os_pages_protect(void *p, size_t size, bool writable);

/* From writable to executable; the same pages are never both. Flushes the instruction cache. */
int os_pages_make_executable(void *p, size_t size);

/* Likewise address space that cannot be touched yet, to be filled; freed as pages. */
void *os_pages_reserve_near(size_t size, const void *near);
/*
 * Bytes of a file from @offset on as code that never was writable, at @at of a
 * reservation; all three multiples of the page size. -errno of the system.
 */
int os_pages_map_code(void *at, size_t size, int fd, u64 offset);

/*
 * @size bytes of address space that cannot be touched, at @at where nothing may
 * be yet, or at a multiple of @align anywhere when @at is NULL; NULL on failure.
 */
void *os_window_reserve(void *at, size_t size, size_t align);
/* Zeroed memory for pages of a window, or none again; async-signal-safe. 0 or -errno. */
int os_window_fill(void *at, size_t size);
int os_window_empty(void *at, size_t size);

/* A file to be read or mapped, which programs that are started do not inherit; -errno. */
int os_file_open(const char *path);

/* A whole file, one byte more allocated than it has; the caller frees *@data. -errno of the system.
 */
int os_read_file(const struct mem *mem, const char *path, void **data, size_t *size);

/*
 * Opens a file for adding at its end, in a folder where others may make files
 * too: never through a link, never somebody else's. @fresh: a new file, in
 * place of what an earlier process left. A descriptor or -errno.
 */
int os_open_shared(const char *path, bool fresh);
/* All of it; 0 or -errno. */
int os_write(int fd, const void *data, size_t size);
void os_close(int fd);
/* Maps a file's first page as code, until the process ends: profilers then know of it. 0 or -errno.
 */
int os_map_marker(int fd);

/* Return addresses of the caller's stack, as far as unwind tables tell them: how many. */
u32 os_backtrace(u64 *ips, u32 max);
/* A function of the compiler's run-time library, which backtrace() loads; NULL without. */
void (*os_unwinder_function(const char *name))(void);
/* Of the program or library whose code is at @addr: @size bytes of its build id, the file offset.
 */
bool os_build_id(u64 addr, u8 *id, size_t size, u64 *offset);
/* To the process, or to the calling thread alone: 0 or -errno. */
int os_send_signal(int signal, bool thread);

u32 os_process_id(void);
u32 os_thread_id(void);

/* Writes a file anew; whoever has the one before mapped keeps that. -errno of the system. */
int os_write_file(const char *path, const void *data, size_t size);

/*
 * What the system says of its network, by one of Linux's rtnetlink requests for
 * all of a kind (RTM_GETLINK and so on): calls @fn for each message, with its
 * type and what follows the header, until it returns non-zero. 0, what @fn
 * returned, or a negative errno, also where there is no such thing.
 */
int os_rtnetlink(u16 request, int (*fn)(void *arg, u16 type, const u8 *msg, size_t len), void *arg);

/* Nanoseconds of a POSIX clock (CLOCK_MONOTONIC, ...). */
u64 os_clock_ns(int clock);
void os_random(void *p, size_t size);
u32 os_nr_cpus(void);
u32 os_current_cpu(void);
void os_yield(void);

/*
 * Sleeps while *@word is @value, until os_wake() or @timeout_ms (-1: for ever)
 * are over; may return early. The word may be shared between processes.
 */
void os_wait(_Atomic u32 *word, u32 value, int timeout_ms);
/* Wakes all who wait for the word. */
void os_wake(_Atomic u32 *word);

#endif

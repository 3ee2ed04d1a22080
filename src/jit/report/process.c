/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place of mutable state that belongs to no host, beside the fault
 * handler's: both of what is here is the process's by what others expect of it.
 */
#include "jit/report/process.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/os.h"

/* ---- the dump file ---- */

static struct {
	pthread_mutex_t lock;
	u32 pid; /* whose file it is: a child of fork() makes its own; 0: there is none yet */
	int fd, err;
	_Atomic u64 index;
} dump = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* A file of its own with its beginning; mapped, so that perf hears of it. */
static int open_dump(const char *path, const void *header, size_t size)
{
	int err;

	if (dump.fd >= 0)
		os_close(dump.fd);
	dump.pid = os_process_id();
	dump.fd = os_open_shared(path, true);
	if (dump.fd < 0)
		return dump.fd;
	err = os_write(dump.fd, header, size);
	return err ? err : os_map_marker(dump.fd);
}

int process_dump(const char *path, const void *header, size_t header_size, const void *data,
		 size_t size)
{
	int err;

	pthread_mutex_lock(&dump.lock);
	if (dump.pid != os_process_id())
		dump.err = open_dump(path, header, header_size);
	if (!dump.err)
		dump.err = os_write(dump.fd, data, size);
	err = dump.err;
	pthread_mutex_unlock(&dump.lock);
	return err;
}

u64 process_dump_index(void)
{
	return atomic_fetch_add(&dump.index, 1);
}

/* ---- gdb's list ---- */

/*
 * Both names, and what is behind them, are gdb's ("JIT Compilation Interface"
 * in its manual): it stops in the function and then reads the variable. They are
 * in the dynamic symbol table, or gdb would not find them in a stripped library;
 * that of each library is its own, as gdb wants it.
 */
#define FOR_GDB __attribute__((visibility("protected"), used))

FOR_GDB struct gdb_descriptor __jit_debug_descriptor = {.version = 1};

FOR_GDB __attribute__((noinline)) void __jit_debug_register_code(void)
{
	/* A place to stop at: neither left out nor merged with another. */
	__asm__ volatile("" ::: "memory");
}

static pthread_mutex_t gdb_lock = PTHREAD_MUTEX_INITIALIZER;

static void tell_gdb(enum gdb_action action, struct gdb_code *code)
{
	__jit_debug_descriptor.relevant = code;
	__jit_debug_descriptor.action = action;
	__jit_debug_register_code();
	__jit_debug_descriptor.action = GDB_NOTHING;
	__jit_debug_descriptor.relevant = NULL;
}

void process_gdb_add(struct gdb_code *code)
{
	pthread_mutex_lock(&gdb_lock);
	code->prev = NULL;
	code->next = __jit_debug_descriptor.first;
	if (code->next)
		code->next->prev = code;
	__jit_debug_descriptor.first = code;
	tell_gdb(GDB_REGISTER, code);
	pthread_mutex_unlock(&gdb_lock);
}

void process_gdb_remove(struct gdb_code *code)
{
	pthread_mutex_lock(&gdb_lock);
	if (code->next)
		code->next->prev = code->prev;
	if (code->prev)
		code->prev->next = code->next;
	else
		__jit_debug_descriptor.first = code->next;
	tell_gdb(GDB_UNREGISTER, code);
	pthread_mutex_unlock(&gdb_lock);
}

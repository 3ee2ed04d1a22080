/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fault tables: reading memory that may not be there, as the kernel does it.
 * A SIGSEGV or SIGBUS handler, installed once for the process, looks the
 * faulting instruction up and continues at its fix-up; what is not in a table
 * goes on to the handler that was there before. This is the one process-wide
 * state of the library, because signal handlers are.
 */
#ifndef ANYBPF_BASE_FAULT_H
#define ANYBPF_BASE_FAULT_H

#include "base/types.h"

/* Copies @size bytes from an address that may be bad; 0 or -EFAULT. Async-signal-safe, thread-safe.
 */
int fault_read(void *dst, const void *src, size_t size);

/* The same the other way. */
int fault_write(void *dst, const void *src, size_t size);
/*
 * Calls @fn, which may touch the @size bytes at @at, that may not be there; 0,
 * or -EFAULT when they are not. @fn is left in the middle then, and must not
 * call anything.
 */
int fault_try(const void *at, size_t size, void (*fn)(void *arg), void *arg);

/*
 * Memory that comes when it is touched: @touch is called from the signal handler
 * for addresses that are not there, by code that is not in a table, and tells
 * whether they are now. Few: each fault asks all.
 */
struct fault_window {
	struct fault_window *next; /* the handler's */
	uintptr_t start;
	size_t size;
	bool (*touch)(struct fault_window *window, uintptr_t at);
};

void fault_window_add(struct fault_window *window);
/* Returns when nobody asks it any more. */
void fault_window_remove(struct fault_window *window);

/* One instruction of machine code that may fault. */
struct fault_fixup {
	u32 at;	     /* offset of the faulting instruction in the code */
	u32 resume;  /* offset where to go on */
	u8 zero_reg; /* machine register to clear, in the architecture's numbering; 0xff: none */
};

/*
 * Registers @code's table, sorted by .at; it must stay valid until
 * unregistered. 0 or -ENOMEM. Nothing else in the range is caught.
 */
int fault_register(const void *code, size_t size, const struct fault_fixup *fixups, u32 n);
void fault_unregister(const void *code);

#endif

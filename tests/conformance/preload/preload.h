/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A shared object that is loaded before a program's others (LD_PRELOAD) and gives
 * the user engine to the program's own bpf(): Linux's tests then run against it
 * unchanged. The engine's objects have real descriptors, of files with nothing in
 * them, so that numbers, dup(), fork() and close() are as ever; a table says which
 * handle of the engine is behind each.
 *
 * The engine's memory is shared with the children of the process, which then have
 * the same maps, as with Linux.
 *
 * ANYBPF_VMLINUX	a file with the kernel's BTF: the host's, and what the program sees
 * ANYBPF_INTERPRET	set: programs are interpreted
 */
#ifndef ANYBPF_CONFORMANCE_PRELOAD_H
#define ANYBPF_CONFORMANCE_PRELOAD_H

#include <stdio.h>

#include "sys/engine.h"

struct preload {
	struct engine *engine;
	pid_t owner; /* the process that closes handles: children have them borrowed */
};

/* The engine, made when it is first asked for; NULL where it cannot be made. */
struct preload *preload_get(void);
/* Whether the calling thread is within the engine, whose own calls are not ours to answer. */
bool preload_within(void);
void preload_enter(void);
void preload_leave(void);

/* ---- descriptors.c ---- */

struct descriptor {
	int handle;
	u32 map_type;  /* of a map, else 0 */
	u32 numbers;   /* of the process that stand for it */
	bool borrowed; /* from the parent */
};

#define NO_HANDLE 0x7fffffff

struct descriptor *descriptor_of(int fd);
/* A new number for @handle; a negative errno. */
int descriptor_new(int handle, u32 map_type);
void descriptor_forget(int fd);
/* @fd stands for the same, whatever it stood for before. */
void descriptor_same(int fd, struct descriptor *descriptor);
/* What the engine calls it: none for 0, NO_HANDLE for what is not ours. */
u32 descriptor_handle(u32 fd);
/* In a child. */
void descriptors_borrow(void);

/* bpf() of the program: a result or a negative errno. commands.c */
int preload_bpf(struct preload *preload, enum bpf_cmd cmd, union bpf_attr *attr, u32 size);

/* /proc/PID/fdinfo/FD of a program or a map, as Linux writes it; NULL for other paths. fdinfo.c */
FILE *fdinfo_open(struct engine *engine, const char *path);

/* ---- shared.c ---- */

/* Address space that children share; nothing of it is used before it is asked for. */
bool shared_open(void);
extern const struct mem mem_shared;
/* Zeroed pages; NULL when there are none left. */
void *shared_pages(size_t size);
/* False when @p is not of this memory. */
bool shared_pages_free(void *p, size_t size);

#endif

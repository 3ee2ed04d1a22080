/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that several processes map, and who of them is alive. Errors are
 * negative errnos.
 */
#ifndef ANYBPF_BASE_OS_SHARE_H
#define ANYBPF_BASE_OS_SHARE_H

#include "base/mem.h"

/* Zeroed memory behind a descriptor, which keeps its size for ever. */
int os_share_create(u64 size);
/* Its size; -EINVAL when the descriptor's file could become smaller while it is mapped. */
int os_share_size(int fd, u64 *size);
/* Another descriptor that shares nothing with this one but the memory: locks are its own. */
int os_share_reopen(int fd);
/* Maps a part; NULL on failure. To be freed with os_pages_free(). */
void *os_share_map(int fd, u64 offset, size_t size);
/* As os_pages_alloc_mirrored(), of bytes @offset and following. */
void *os_share_map_mirrored(int fd, u64 offset, size_t head, size_t body);

/*
 * Takes a byte for a descriptor until that is closed, which the system does for
 * processes that die. -EAGAIN when another one has it.
 */
int os_share_claim(int fd, u64 byte);
void os_share_unclaim(int fd, u64 byte);
/* Whether another descriptor has it. */
bool os_share_claimed(int fd, u64 byte);

/* Memory that a forked child finds zeroed; NULL on failure. */
void *os_pages_alloc_wiped(size_t size);

/* When this process started, in a unit of its own; 0: unknown. */
u64 os_process_start(void);
/* Whether the process that had the number and started then has ended, with all its threads. */
bool os_process_gone(u32 pid, u64 start);
/* Tells the name spaces of process numbers apart; 0: unknown. */
u64 os_process_space(void);

#endif

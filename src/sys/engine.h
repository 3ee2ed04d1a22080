/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one seam: bpf(cmd, attr, size) with Linux's structures. Everything
 * above speaks to a struct engine and so works on the user engine and on the
 * kernel alike.
 */
#ifndef ANYBPF_SYS_ENGINE_H
#define ANYBPF_SYS_ENGINE_H

#include <sys/types.h>

#include "hook/hook.h"

struct engine;

struct engine_ops {
	const char *name; /* "user", "kernel" */
	/* As the system call, but errors are returned as negative errnos. */
	int (*bpf)(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr, u32 size);
	int (*close)(struct engine *engine, int fd);
	/* As mmap(2) of a map's fd; -errno by pointer cast is never used: 0 or negative, result in
	 * @addr. */
	int (*mmap)(struct engine *engine, int fd, u64 offset, size_t size, bool writable,
		    void **addr);
	int (*munmap)(struct engine *engine, void *addr, size_t size);
	/* Waits for data in a ring buffer or perf buffer: 1, 0 on timeout, negative errno. */
	int (*poll)(struct engine *engine, int fd, int timeout_ms);
	/* As read(2), of what BPF_ITER_CREATE has made: bytes, 0 at the end, or a negative errno. */
	ssize_t (*read)(struct engine *engine, int fd, void *buf, size_t size);
	/*
	 * Runs a packet program over frames in place. The user engine calls it
	 * directly, the kernel engine through BPF_PROG_TEST_RUN. @duration_ns,
	 * which may be NULL, gets the time spent in the program alone where
	 * that is known, else the time of the whole call.
	 */
	int (*run_frames)(struct engine *engine, int prog_fd, struct hook_frame *frames, u32 n,
			  u64 *duration_ns);
	void (*free)(struct engine *engine);
};

struct engine {
	const struct engine_ops *ops;
};

/* The engine of this library; frees @host with itself. */
int engine_user_new(struct host *host, struct engine **engine);
struct host *engine_user_host(struct engine *engine); /* NULL for another engine */
/*
 * BPF_PROG_LOAD that hands out what the verifier found as well: facts, costs,
 * statistics. The caller frees it with verify_result_free(), also on failure.
 * -EOPNOTSUPP on another engine.
 */
int engine_user_load(struct engine *engine, union bpf_attr *attr, u32 size,
		     struct verify_result *result);
/*
 * BPF_MAP_CREATE of a map in a region that processes share, see map/map.h.
 * *@region negative: a new one, and the descriptor is written there, which is the
 * map's; else that of the one to attach. A handle or -errno, told of in @err;
 * -EOPNOTSUPP on another engine.
 */
int engine_map_share(struct engine *engine, union bpf_attr *attr, u32 size, int *region,
		     struct err *err);
/*
 * Why a program has no machine code: a line of text; "" where it has, and on
 * another engine, which does not tell. 0, -EBADF or -EINVAL.
 */
int engine_why_interpreted(struct engine *engine, int prog_fd, char *text, size_t size);
/*
 * The map behind a handle, for who asks it for elements again and again: a
 * reference, or NULL on another engine and where there is none.
 */
struct map *engine_user_map(struct engine *engine, int fd);
struct jit_code_line;
/*
 * Where each line's code is, see jit_code_lines(), which tells more than
 * BPF_OBJ_GET_INFO_BY_FD has room for: how many were written, 0 on another engine.
 */
u32 engine_code_lines(struct engine *engine, int prog_fd, struct jit_code_line *lines, u32 most);
/* The running kernel. -EPERM or -ENOSYS when it refuses bpf(). */
int engine_kernel_new(const struct mem *mem, struct engine **engine);
void engine_free(struct engine *engine);

static inline int engine_bpf(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr,
			     u32 size)
{
	return engine->ops->bpf(engine, cmd, attr, size);
}

#endif

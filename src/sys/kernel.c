/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel engine: the running kernel's own bpf(). */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/engine.h"

struct kernel_engine {
	struct engine engine;
	const struct mem *mem;
};

static int kernel_bpf(struct engine *engine __unused, enum bpf_cmd cmd, union bpf_attr *attr,
		      u32 size)
{
	long ret = syscall(SYS_bpf, cmd, attr, size);

	return ret < 0 ? -errno : (int)ret;
}

static int kernel_close(struct engine *engine __unused, int fd)
{
	return close(fd) ? -errno : 0;
}

/* An arena that was made for an address can be mapped there alone. */
static void *arena_address(int fd)
{
	struct bpf_map_info info = {0};
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)fd;
	attr.info.info = ptr_to_u64(&info);
	attr.info.info_len = sizeof(info);
	if (kernel_bpf(NULL, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) ||
	    info.type != BPF_MAP_TYPE_ARENA)
		return NULL;
	return u64_to_ptr(info.map_extra);
}

static int kernel_mmap(struct engine *engine __unused, int fd, u64 offset, size_t size,
		       bool writable, void **addr)
{
	void *at = arena_address(fd);
	void *p = mmap(at, size, PROT_READ | (writable ? PROT_WRITE : 0),
		       MAP_SHARED | (at ? MAP_FIXED_NOREPLACE : 0), fd, (off_t)offset);

	if (p == MAP_FAILED)
		return -errno;
	*addr = p;
	return 0;
}

static int kernel_munmap(struct engine *engine __unused, void *addr, size_t size)
{
	return munmap(addr, size) ? -errno : 0;
}

static ssize_t kernel_read(struct engine *engine __unused, int fd, void *buf, size_t size)
{
	ssize_t n = read(fd, buf, size);

	return n < 0 ? -errno : n;
}

static int kernel_poll(struct engine *engine __unused, int fd, int timeout_ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN | POLLOUT};
	int n = poll(&pfd, 1, timeout_ms);

	return n < 0 ? -errno : n;
}

/*
 * BPF_PROG_TEST_RUN copies the frame in and out; where the packet starts in
 * its buffer does not come back, so a frame that grew or shrank is put at the
 * same offset again.
 */
static int kernel_run_frame(struct engine *engine, int prog_fd, struct hook_frame *frame,
			    u64 *duration_ns)
{
	union bpf_attr attr = {0};
	u32 room = frame->size - frame->off;
	int err;

	attr.test.prog_fd = (u32)prog_fd;
	attr.test.data_in = ptr_to_u64(frame->buf + frame->off);
	attr.test.data_size_in = frame->len;
	attr.test.data_out = attr.test.data_in;
	attr.test.data_size_out = room;
	attr.test.repeat = 1;
	err = kernel_bpf(engine, BPF_PROG_TEST_RUN, &attr, sizeof(attr.test));
	if (err < 0)
		return err;
	frame->len = attr.test.data_size_out;
	frame->verdict = attr.test.retval;
	*duration_ns += attr.test.duration;
	return 0;
}

static int kernel_run_frames(struct engine *engine, int prog_fd, struct hook_frame *frames, u32 n,
			     u64 *duration_ns)
{
	u64 total = 0;

	for (u32 i = 0; i < n; i++) {
		int err = kernel_run_frame(engine, prog_fd, &frames[i], &total);

		/* Too short or too long for a test run: a matter of this frame alone. */
		if (err && err != -EINVAL && err != -EMSGSIZE)
			return err;
		frames[i].error = err;
	}
	if (duration_ns)
		*duration_ns = total;
	return 0;
}

static void kernel_free(struct engine *engine)
{
	struct kernel_engine *kernel = container_of(engine, struct kernel_engine, engine);

	mem_free(kernel->mem, kernel);
}

static const struct engine_ops kernel_ops = {
	.name = "kernel",
	.bpf = kernel_bpf,
	.close = kernel_close,
	.mmap = kernel_mmap,
	.munmap = kernel_munmap,
	.poll = kernel_poll,
	.read = kernel_read,
	.run_frames = kernel_run_frames,
	.free = kernel_free,
};

/* The cheapest call that tells whether bpf() is there and allowed: an empty program is too short.
 */
static int probe(void)
{
	union bpf_attr attr = {0};
	int err;

	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	err = kernel_bpf(NULL, BPF_PROG_LOAD, &attr, sizeof(attr));
	return err == -EPERM || err == -ENOSYS || err == -EACCES ? err : 0;
}

int engine_kernel_new(const struct mem *mem, struct engine **engine)
{
	struct kernel_engine *kernel;
	int err = probe();

	if (err)
		return err;
	kernel = mem_zalloc(mem, sizeof(*kernel));
	if (!kernel)
		return -ENOMEM;
	kernel->engine.ops = &kernel_ops;
	kernel->mem = mem;
	*engine = &kernel->engine;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "base/os_share.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

int os_share_create(u64 size)
{
	int fd = memfd_create("anybpf-map", MFD_CLOEXEC | MFD_ALLOW_SEALING), err;

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, (off_t)size) && !fcntl(fd, F_ADD_SEALS, SEALS))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int os_share_size(int fd, u64 *size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EINVAL;
	*size = (u64)st.st_size;
	return 0;
}

int os_share_reopen(int fd)
{
	char path[40];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fcntl(fd, F_GETFD) < 0)
		return -errno;
	again = open(path, O_RDWR | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

static void *map_at(void *at, int fd, u64 offset, size_t size)
{
	void *p = mmap(at, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_NORESERVE | (at ? MAP_FIXED : 0), fd, (off_t)offset);

	return p == MAP_FAILED ? NULL : p;
}

void *os_share_map(int fd, u64 offset, size_t size)
{
	return map_at(NULL, fd, offset, size);
}

void *os_share_map_mirrored(int fd, u64 offset, size_t head, size_t body)
{
	/* The second view replaces the part of the first that may lie beyond the file's end. */
	u8 *p = map_at(NULL, fd, offset, head + 2 * body);

	if (p && !map_at(p + head + body, fd, offset + head, body)) {
		munmap(p, head + 2 * body);
		p = NULL;
	}
	return p;
}

static struct flock byte_lock(u64 byte)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
}

int os_share_claim(int fd, u64 byte)
{
	struct flock lock = byte_lock(byte);

	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

void os_share_unclaim(int fd, u64 byte)
{
	struct flock lock = byte_lock(byte);

	lock.l_type = F_UNLCK;
	fcntl(fd, F_OFD_SETLK, &lock);
}

bool os_share_claimed(int fd, u64 byte)
{
	struct flock lock = byte_lock(byte);

	/* Who cannot be asked about is taken for alive. */
	return fcntl(fd, F_OFD_GETLK, &lock) || lock.l_type != F_UNLCK;
}

void *os_pages_alloc_wiped(size_t size)
{
	void *p = os_pages_alloc(size);

	if (p && madvise(p, size, MADV_WIPEONFORK)) {
		os_pages_free(p, size);
		p = NULL;
	}
	return p;
}

/* The fields of /proc/PID/stat behind the command, which is in parentheses and may hold any. */
static const char *stat_field(const char *text, u32 number)
{
	const char *at = strrchr(text, ')');

	for (u32 i = 2; at && i < number; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at;
}

struct process {
	char state;
	u64 threads, start;
};

static bool look_up(u32 pid, struct process *process)
{
	const char *state, *threads, *start;
	char path[32], text[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	state = stat_field(text, 3);
	threads = stat_field(text, 20);
	start = stat_field(text, 22);
	if (!state || !threads || !start)
		return false;
	*process = (struct process){*state, strtoull(threads, NULL, 10),
				    strtoull(start, NULL, 10) + 1};
	return true;
}

u64 os_process_start(void)
{
	struct process process;

	return look_up(os_process_id(), &process) ? process.start : 0;
}

bool os_process_gone(u32 pid, u64 start)
{
	struct process process;

	/* Not everybody may look at everything. */
	if (!look_up(pid, &process))
		return kill((pid_t)pid, 0) && errno == ESRCH;
	if (process.start != start)
		return true;
	/* A leader that has ended stays as a zombie as long as it has other threads. */
	return (process.state == 'Z' || process.state == 'X') && process.threads <= 1;
}

u64 os_process_space(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : (u64)st.st_ino;
}

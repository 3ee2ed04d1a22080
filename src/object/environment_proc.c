/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks of the real machine, read from /proc (proc(5)). What the system does
 * not let this process see of another is left zero.
 */
#define _GNU_SOURCE
#include "object/environment_proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A name in /proc or its beginning; the kernel's own for threads, which have no entry of theirs. */
#define PROC_NAME 64

static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		n = -errno;
	close(fd);
	text[len] = '\0';
	return n < 0 ? n : (ssize_t)len;
}

/* ---- /proc/PID/stat: numbers by their place, after the name in parentheses ---- */

enum stat_field {
	STAT_STATE = 3,
	STAT_PPID,
	STAT_PGRP,
	STAT_SESSION,
	STAT_FLAGS = 9,
	STAT_MINFLT,
	STAT_MAJFLT = 12,
	STAT_UTIME = 14,
	STAT_STIME,
	STAT_PRIORITY = 18,
	STAT_NICE,
	STAT_THREADS,
	STAT_START = 22,
	STAT_VSIZE,
	STAT_STARTCODE = 26,
	STAT_ENDCODE,
	STAT_STARTSTACK,
	STAT_EXIT_SIGNAL = 38,
	STAT_CPU,
	STAT_RT_PRIORITY,
	STAT_POLICY,
	STAT_STARTDATA = 45,
	STAT_ENDDATA,
	STAT_STARTBRK,
	STAT_ARGSTART,
	STAT_ARGEND,
	STAT_ENVSTART,
	STAT_ENVEND,
	STAT_EXIT_CODE,
	STAT_FIELDS,
};

struct stat_line {
	char text[1024];
	char comm[TASK_COMM_LEN];
	char state;
	u64 field[STAT_FIELDS];
};

static int read_stat(u32 pid, struct stat_line *line)
{
	char path[PROC_NAME], *name, *at;
	ssize_t n;

	*line = (struct stat_line){0};
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	n = read_text(path, line->text, sizeof(line->text));
	name = strchr(line->text, '(');
	at = strrchr(line->text, ')');
	if (n <= 0 || !name || !at || at < name || at[1] != ' ')
		return -ESRCH;
	*at = '\0';
	snprintf(line->comm, sizeof(line->comm), "%s", name + 1);
	at += 2;
	line->state = *at;
	at += *at ? 1 : 0;
	for (u32 i = STAT_PPID; i < STAT_FIELDS && *at; i++)
		line->field[i] = *at == ' ' && at[1] == '-' ? (u64)strtoll(at, &at, 10)
							    : strtoull(at, &at, 10);
	return 0;
}

static u64 ticks_to_ns(u64 ticks)
{
	long hz = sysconf(_SC_CLK_TCK);

	return ticks * (1000000000u / (u64)(hz > 0 ? hz : 100));
}

u64 proc_start_time(u32 pid)
{
	struct stat_line line;

	return read_stat(pid, &line) ? 0 : ticks_to_ns(line.field[STAT_START]);
}

/* As Linux's __state, of the letters that have one. */
static u32 state_of(char letter)
{
	static const char letters[] = {'R', 'S', 'D', 'T', 't', 'X', 'Z'};
	static const u32 states[] = {0, 1, 2, 4, 8, 0x80, 0x80};

	for (u32 i = 0; i < ARRAY_SIZE(letters); i++)
		if (letters[i] == letter)
			return states[i];
	return 0;
}

static void fill_from_stat(struct env_task *task, const struct stat_line *line)
{
	const u64 *f = line->field;

	memcpy(task->comm, line->comm, sizeof(task->comm));
	task->state = state_of(line->state);
	task->ppid = (u32)f[STAT_PPID];
	task->pgid = (u32)f[STAT_PGRP];
	task->sid = (u32)f[STAT_SESSION];
	task->flags = (u32)f[STAT_FLAGS];
	task->min_flt = f[STAT_MINFLT];
	task->maj_flt = f[STAT_MAJFLT];
	task->utime = ticks_to_ns(f[STAT_UTIME]);
	task->stime = ticks_to_ns(f[STAT_STIME]);
	task->prio = (s32)f[STAT_PRIORITY] + 100;
	task->nice = (s32)f[STAT_NICE];
	task->threads = (u32)f[STAT_THREADS];
	task->start_time = ticks_to_ns(f[STAT_START]);
	task->exit_signal = (s32)f[STAT_EXIT_SIGNAL];
	task->exit_code = (s32)f[STAT_EXIT_CODE];
	task->cpu = (u32)f[STAT_CPU];
	task->rt_priority = (u32)f[STAT_RT_PRIORITY];
	task->policy = (u32)f[STAT_POLICY];
	task->mm = (struct env_mm){
		.start_code = f[STAT_STARTCODE],
		.end_code = f[STAT_ENDCODE],
		.start_stack = f[STAT_STARTSTACK],
		.start_data = f[STAT_STARTDATA],
		.end_data = f[STAT_ENDDATA],
		.start_brk = f[STAT_STARTBRK],
		.arg_start = f[STAT_ARGSTART],
		.arg_end = f[STAT_ARGEND],
		.env_start = f[STAT_ENVSTART],
		.env_end = f[STAT_ENVEND],
		.total_vm = f[STAT_VSIZE] / (u64)sysconf(_SC_PAGESIZE),
	};
}

/* ---- /proc/PID/status: lines of "Name:\tvalues" ---- */

static const char *status_line(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, name, len) && at[len] == ':')
			return at + len + 1;
	}
	return NULL;
}

static void status_numbers(const char *text, const char *name, u32 n, u32 *out)
{
	const char *at = status_line(text, name);
	char *end;

	for (u32 i = 0; at && i < n; i++) {
		out[i] = (u32)strtoul(at, &end, 10);
		at = end;
	}
}

static u64 status_number(const char *text, const char *name, int base)
{
	const char *at = status_line(text, name);

	return at ? strtoull(at, NULL, base) : 0;
}

/* The last number: that of the innermost namespace. */
static u32 innermost(const char *text, const char *name)
{
	const char *at = status_line(text, name);
	char *end;
	u32 n = 0;

	while (at && *at != '\n' && *at) {
		n = (u32)strtoul(at, &end, 10);
		if (end == at)
			break;
		at = end;
	}
	return n;
}

static int fill_from_status(struct env_task *task, u32 pid)
{
	char path[PROC_NAME], text[4096];
	u32 uid[4] = {0}, gid[4] = {0};

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (read_text(path, text, sizeof(text)) <= 0)
		return -ESRCH;
	status_numbers(text, "Uid", 4, uid);
	status_numbers(text, "Gid", 4, gid);
	task->tgid = (u32)status_number(text, "Tgid", 10);
	task->uid = uid[0];
	task->euid = uid[1];
	task->suid = uid[2];
	task->fsuid = uid[3];
	task->gid = gid[0];
	task->egid = gid[1];
	task->sgid = gid[2];
	task->fsgid = gid[3];
	task->ns_pid = innermost(text, "NSpid");
	task->ns_tgid = innermost(text, "NStgid");
	task->cap_inheritable = status_number(text, "CapInh", 16);
	task->cap_permitted = status_number(text, "CapPrm", 16);
	task->cap_effective = status_number(text, "CapEff", 16);
	task->cap_bset = status_number(text, "CapBnd", 16);
	task->cap_ambient = status_number(text, "CapAmb", 16);
	task->nvcsw = status_number(text, "voluntary_ctxt_switches", 10);
	task->nivcsw = status_number(text, "nonvoluntary_ctxt_switches", 10);
	return 0;
}

/* ---- the task ---- */

static u32 namespace_of(u32 pid, const char *name)
{
	char path[PROC_NAME], target[PROC_NAME];
	const char *number;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/ns/%s", pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return 0;
	target[n] = '\0';
	number = strchr(target, '[');
	return number ? (u32)strtoul(number + 1, NULL, 10) : 0;
}

int proc_task(void *ctx __unused, u32 pid, struct env_task *task)
{
	static const char *const names[] = {
		[ENV_NS_UTS] = "uts",	    [ENV_NS_IPC] = "ipc",   [ENV_NS_MNT] = "mnt",
		[ENV_NS_PID] = "pid",	    [ENV_NS_NET] = "net",   [ENV_NS_TIME] = "time",
		[ENV_NS_CGROUP] = "cgroup", [ENV_NS_USER] = "user",
	};
	struct stat_line line;

	*task = (struct env_task){.pid = pid};
	if (!pid || read_stat(pid, &line))
		return -ESRCH;
	fill_from_stat(task, &line);
	if (fill_from_status(task, pid))
		return -ESRCH;
	for (u32 i = 0; i < ENV_NS_CNT; i++)
		task->ns[i] = namespace_of(pid, names[i]);
	return 0;
}

/* The smallest number above @after of the folder's entries; 0: none. */
static u32 next_number(const char *path, u32 after)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	u32 best = 0;

	while (dir && (entry = readdir(dir))) {
		u32 n = (u32)strtoul(entry->d_name, NULL, 10);

		if (n > after && (!best || n < best))
			best = n;
	}
	if (dir)
		closedir(dir);
	return best;
}

/* A listing of threads ends early where the one that it is at ends: one of several is whole. */
#define LISTINGS 3

u32 proc_next_task(void *ctx __unused, u32 tgid, u32 after)
{
	char path[PROC_NAME];
	u32 best = 0;

	snprintf(path, sizeof(path), tgid ? "/proc/%u/task" : "/proc", tgid);
	for (u32 i = 0; i < (tgid ? LISTINGS : 1); i++) {
		u32 n = next_number(path, after);

		if (n && (!best || n < best))
			best = n;
	}
	return best;
}

/* ---- files and memory ---- */

static void fill_file(struct env_file *file, const struct stat *st)
{
	file->ino = st->st_ino;
	file->dev = (u32)(major(st->st_dev) << 20 | minor(st->st_dev));
	file->mode = st->st_mode;
	file->uid = st->st_uid;
	file->gid = st->st_gid;
	file->nlink = (u32)st->st_nlink;
	file->rdev = (u32)(major(st->st_rdev) << 20 | minor(st->st_rdev));
	file->size = (u64)st->st_size;
	file->blocks = (u64)st->st_blocks;
	file->blksize = (u32)st->st_blksize;
	file->atime.sec = st->st_atim.tv_sec;
	file->atime.nsec = (u32)st->st_atim.tv_nsec;
	file->mtime.sec = st->st_mtim.tv_sec;
	file->mtime.nsec = (u32)st->st_mtim.tv_nsec;
	file->ctime.sec = st->st_ctim.tv_sec;
	file->ctime.nsec = (u32)st->st_ctim.tv_nsec;
}

static void fill_position(struct env_file *file, u32 pid, s32 fd)
{
	char path[PROC_NAME], text[512];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%u/fdinfo/%d", pid, fd);
	if (read_text(path, text, sizeof(text)) <= 0)
		return;
	file->pos = status_number(text, "pos", 10);
	at = status_line(text, "flags");
	file->flags = at ? (u32)strtoul(at, NULL, 8) : 0;
}

int proc_task_file(void *ctx __unused, u32 pid, s32 fd, struct env_file *file)
{
	char path[PROC_NAME];
	struct stat st;
	ssize_t n;

	*file = (struct env_file){0};
	if (fd == ENV_FD_EXE)
		snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	else
		snprintf(path, sizeof(path), "/proc/%u/fd/%d", pid, fd);
	n = readlink(path, file->path, sizeof(file->path) - 1);
	if (n < 0 || stat(path, &st))
		return -errno;
	file->path[n] = '\0';
	fill_file(file, &st);
	if (fd >= 0)
		fill_position(file, pid, fd);
	return 0;
}

/* "rwxp" as VM_READ, VM_WRITE, VM_EXEC, and VM_SHARED; all may be made what they are. */
static u64 vma_flags(const char *letters)
{
	return (letters[0] == 'r' ? 1u : 0) | (letters[1] == 'w' ? 2u : 0) |
	       (letters[2] == 'x' ? 4u : 0) | (letters[3] == 's' ? 8u : 0) | 0x70;
}

static bool parse_vma(const char *line, struct env_vma *vma)
{
	unsigned int dev_major, dev_minor;
	char letters[5];
	u64 offset;
	int at = 0;

	*vma = (struct env_vma){0};
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &vma->start, &vma->end, letters, &offset, &dev_major, &dev_minor, &vma->ino,
		   &at) < 7)
		return false;
	vma->flags = vma_flags(letters);
	vma->pgoff = offset / (u64)sysconf(_SC_PAGESIZE);
	vma->dev = dev_major << 20 | dev_minor;
	/* "[stack]" is no file. */
	if (at && line[at] == '/')
		snprintf(vma->path, sizeof(vma->path), "%.*s", (int)strcspn(line + at, "\n"),
			 line + at);
	return true;
}

int proc_task_vma(void *ctx __unused, u32 pid, u64 addr, struct env_vma *vma)
{
	char path[PROC_NAME], *line = NULL;
	size_t size = 0;
	int err = -ENOENT;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return errno == ENOENT ? -ESRCH : -errno;
	while (err && getline(&line, &size, maps) > 0)
		if (parse_vma(line, vma) && vma->end > addr)
			err = 0;
	free(line);
	fclose(maps);
	return err;
}

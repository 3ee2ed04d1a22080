/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's control groups: directories of the cgroup2 file system, wherever
 * it is mounted. Without one there is the root alone. A task that is in none
 * that can be seen from here is in the root.
 */
#include "object/environment_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTS_LINE 4096

/* "what where type options ...": where, if the type is cgroup2. */
static bool take_mount(char *line, char *where, size_t size)
{
	char *save = NULL, *at, *type;

	if (!strtok_r(line, " ", &save))
		return false;
	at = strtok_r(NULL, " ", &save);
	type = strtok_r(NULL, " ", &save);
	if (!at || !type || strcmp(type, "cgroup2") || strlen(at) >= size)
		return false;
	strcpy(where, at);
	return true;
}

static int find_mount(char *where, size_t size)
{
	char line[MOUNTS_LINE];
	FILE *f = fopen("/proc/self/mounts", "re");
	bool found = false;

	if (!f)
		return -ENOENT;
	while (!found && fgets(line, sizeof(line), f))
		found = take_mount(line, where, size);
	fclose(f);
	return found ? 0 : -ENOENT;
}

/* Looked for once by each thread: it does not move. */
static const char *mount_point(void)
{
	static _Thread_local char where[128];

	if (!where[0] && find_mount(where, sizeof(where)))
		return NULL;
	return where;
}

static int full_path(const char *path, char full[ENV_CGROUP_PATH])
{
	const char *mount = mount_point();

	if (!mount)
		return -ENOENT;
	return snprintf(full, ENV_CGROUP_PATH, "%s%s", mount, path) < ENV_CGROUP_PATH ? 0 : -ENOENT;
}

int machine_cgroup(void *ctx __unused, const char *path, struct env_cgroup *cgroup)
{
	char full[ENV_CGROUP_PATH];
	struct stat st;

	*cgroup = (struct env_cgroup){.id = 1};
	if (full_path(path, full) || stat(full, &st) || !S_ISDIR(st.st_mode))
		return strcmp(path, "/") ? -ENOENT : 0;
	cgroup->id = st.st_ino;
	return 0;
}

static bool is_group(DIR *dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_name[0] == '.')
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* The least name above the one before, so that nothing has to be kept in between. */
int machine_next_cgroup(void *ctx __unused, const char *path, const char *after,
			char name[ENV_CGROUP_NAME])
{
	char full[ENV_CGROUP_PATH];
	struct dirent *entry;
	DIR *dir;

	name[0] = 0;
	dir = full_path(path, full) ? NULL : opendir(full);
	if (!dir)
		return -ENOENT;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, after) <= 0 || !is_group(dir, entry) ||
		    (name[0] && strcmp(entry->d_name, name) >= 0))
			continue;
		snprintf(name, ENV_CGROUP_NAME, "%s", entry->d_name);
	}
	closedir(dir);
	return name[0] ? 0 : -ENOENT;
}

static ssize_t read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n;
}

/* The line "0::/path"; what is above what can be seen from here begins with "/..". */
int machine_task_cgroup(void *ctx __unused, u32 pid, char path[ENV_CGROUP_PATH])
{
	char text[2 * ENV_CGROUP_PATH], file[64], *line;

	if (pid)
		snprintf(file, sizeof(file), "/proc/%u/cgroup", pid);
	else
		snprintf(file, sizeof(file), "/proc/thread-self/cgroup");
	if (read_small(file, text, sizeof(text)) < 0)
		return -ESRCH;
	strcpy(path, "/");
	line = strncmp(text, "0::/", 4) ? strstr(text, "\n0::/") : text;
	if (!line)
		return 0;
	line = strchr(line, '/');
	line[strcspn(line, "\n")] = 0;
	if (strlen(line) < ENV_CGROUP_PATH && strncmp(line, "/..", 3))
		strcpy(path, line);
	return 0;
}

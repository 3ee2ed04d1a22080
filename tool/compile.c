/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiling BPF C by clang, as the build line of every libbpf project does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

extern char **environ;

bool is_c_file(const char *path)
{
	size_t len = strlen(path);

	return len > 2 && !strcmp(path + len - 2, ".c");
}

/*
 * Debian and its kin keep <asm/types.h> in a folder named after the machine,
 * where clang does not look when it compiles for BPF.
 */
static void machine_include(char *text, size_t size)
{
	struct utsname name;

	uname(&name);
	snprintf(text, size, "-I/usr/include/%s-linux-gnu", name.machine);
}

/* What bpf_tracing.h asks for. */
static void target_define(char *text, size_t size)
{
	struct utsname name;
	const char *arch;

	uname(&name);
	arch = name.machine;
	if (!strcmp(arch, "x86_64"))
		arch = "x86";
	else if (!strcmp(arch, "aarch64"))
		arch = "arm64";
	snprintf(text, size, "-D__TARGET_ARCH_%s", arch);
}

static int read_all(int fd, struct buf *out)
{
	char part[65536];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_add(out, part, (size_t)n);
	return n < 0 ? -errno : buf_error(out);
}

static int spawn_clang(const char *clang, const char **args, int out_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	args[0] = clang;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	err = posix_spawnp(pid, clang, &actions, NULL, (char *const *)(uintptr_t)args, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

/* The compiler asked for, or the first of the usual names that there is; a positive errno. */
static int start_clang(const char *asked, const char **args, int out_fd, pid_t *pid)
{
	static const char *const names[] = {"clang-19", "clang"};
	int err = ENOENT;

	if (!asked)
		asked = getenv("ANYBPF_CLANG");
	if (asked)
		return spawn_clang(asked, args, out_fd, pid);
	for (u32 i = 0; i < ARRAY_SIZE(names) && err == ENOENT; i++)
		err = spawn_clang(names[i], args, out_fd, pid);
	return err;
}

int compile_bpf(const char *path, const char *clang, struct buf *object)
{
	char include[300], define[300];
	const char *args[] = {NULL,   "-O2", "-g", "-target", "bpf", "-mcpu=v3", include,
			      define, "-c",  path, "-o",      "-",   NULL};
	int fds[2], err, status = 0;
	pid_t pid;

	machine_include(include, sizeof(include));
	target_define(define, sizeof(define));
	if (access(path, R_OK) || pipe2(fds, O_CLOEXEC)) {
		complain("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	err = start_clang(clang, args, fds[1], &pid);
	close(fds[1]);
	if (err) {
		close(fds[0]);
		complain("%s: cannot run %s: %s (--clang or ANYBPF_CLANG names another compiler)",
			 path, args[0], strerror(err));
		return EXIT_FAILED;
	}
	err = read_all(fds[0], object);
	close(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err) {
		complain("%s: reading from %s: %s", path, args[0], strerror(-err));
		return EXIT_FAILED;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		complain("%s: %s could not compile it", path, args[0]);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

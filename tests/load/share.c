/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps that processes share, through the public interface: each process has
 * the programs of its own, all count in the same maps, and some are killed.
 */
#define _GNU_SOURCE
#include <anybpf/anybpf.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../elf/objects.h"

#define XDP_PASS 2

static const char *const shared[] = {"flows", "recent", "events", ".data"};

struct user {
	struct anybpf *ctx;
	struct anybpf_object *object;
};

static struct anybpf_map *map_of(const struct user *u, const char *name)
{
	return anybpf_object_find_map(u->object, name);
}

/* A process's own programs with new maps, or with those of @other. */
static int user_init(struct user *u, const struct user *other)
{
	int ret;

	*u = (struct user){0};
	ret = anybpf_new(NULL, &u->ctx);
	if (!ret)
		ret = anybpf_object_open(u->ctx, object_path("share.bpf.o"), &u->object);
	for (u32 i = 0; i < ARRAY_SIZE(shared) && !ret; i++)
		ret = other ? anybpf_map_attach(map_of(u, shared[i]),
						anybpf_map_region(map_of(other, shared[i])))
			    : anybpf_map_share(map_of(u, shared[i]));
	return ret ? ret : anybpf_object_load(u->object);
}

static void user_exit(struct user *u)
{
	anybpf_object_close(u->object);
	anybpf_free(u->ctx);
}

static bool setup(struct user *u)
{
	int ret;

	if (!have_object("share.bpf.o"))
		return false;
	ret = user_init(u, NULL);
	if (ret)
		tap_fail("%d: %s", ret, u->ctx ? anybpf_error(u->ctx) : "no context");
	return !ret;
}

static u32 count(struct user *u, u32 key)
{
	static u8 buffer[64];
	ANYBPF_OPTS(anybpf_run, run, .buffer = buffer, .buffer_size = 64, .data_size = 64);

	memcpy(buffer, &key, sizeof(key));
	return anybpf_program_run(anybpf_object_find_program(u->object, "count_packet"), &run)
		       ? UINT32_MAX
		       : run.verdict;
}

static u64 counted(const struct user *u, const char *map, u32 key)
{
	u64 n = 0;
	int ret = anybpf_map_lookup(map_of(u, map), &key, 4, &n, 8, 0);

	return ret ? (u64)ret : n;
}

/* Two hosts: what one's programs count the other's see. */
static void test_two_users(void)
{
	struct user a, b;
	u64 *total;

	if (!setup(&a))
		return;
	check_eq(user_init(&b, &a), 0);
	check_eq(count(&a, 5), XDP_PASS);
	check_eq(count(&b, 5), XDP_PASS);
	check_eq(count(&b, 7), XDP_PASS);
	check_eq(counted(&a, "flows", 5), 2);
	check_eq(counted(&a, "recent", 7), 1);
	total = anybpf_map_data(map_of(&a, ".data"), NULL);
	/* The second one found it with contents, which it left. */
	check(total && *total == 10);
	user_exit(&a);
	check_eq(counted(&b, "flows", 5), 2);
	check_eq(count(&b, 5), XDP_PASS);
	check_eq(counted(&b, "flows", 5), 3);
	user_exit(&b);
}

static pid_t start(const struct user *with)
{
	pid_t pid = fork();
	struct user u;

	if (pid)
		return pid;
	if (user_init(&u, with))
		_exit(1);
	for (u32 key = 0;; key = (key + 1) % 40)
		if (count(&u, key) != XDP_PASS)
			_exit(2);
}

static void kill_one(pid_t pid, long ns)
{
	struct timespec ts = {.tv_nsec = ns};
	int status = 0;

	nanosleep(&ts, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_killed_users(void)
{
	struct user u, after;
	u64 v = 1;
	u32 fits = 0;

	if (!setup(&u))
		return;
	for (u32 i = 0; i < 20; i++)
		kill_one(start(&u), 2000000 + 300000 * i);
	/* Who joins brings back what they had in hand. */
	check_eq(user_init(&after, &u), 0);
	for (u32 key = 0; key < 40; key++) {
		int ret = anybpf_map_delete(map_of(&u, "flows"), &key, 4);

		check(!ret || ret == -ENOENT);
	}
	for (u32 key = 100; key < 120; key++)
		fits += !anybpf_map_update(map_of(&u, "flows"), &key, 4, &v, 8, 0);
	check_eq(fits, 16);
	check_eq(count(&u, 100), XDP_PASS);
	check_eq(counted(&after, "flows", 100), 2);
	user_exit(&after);
	user_exit(&u);
}

static void test_refused(void)
{
	static const char *const one_process[] = {"locks", "per_cpu"};
	struct user u, other = {0};

	if (!setup(&u))
		return;
	check_eq(anybpf_map_share(map_of(&u, "flows")), (u64)-EBUSY);
	check_eq(anybpf_map_attach(map_of(&u, "flows"), 0), (u64)-EBUSY);
	check_eq(anybpf_map_region(map_of(&u, "locks")), (u64)-EINVAL);
	for (u32 i = 0; i < ARRAY_SIZE(one_process); i++) {
		check_eq(anybpf_new(NULL, &other.ctx), 0);
		check_eq(anybpf_object_open(other.ctx, object_path("share.bpf.o"), &other.object),
			 0);
		check_eq(anybpf_map_region(map_of(&other, one_process[i])), (u64)-EBADF);
		check_eq(anybpf_map_share(map_of(&other, one_process[i])), 0);
		check_eq(anybpf_object_load(other.object), (u64)-EOPNOTSUPP);
		check(strstr(anybpf_error(other.ctx), "belong to one process"));
		user_exit(&other);
	}
	/* Another kind of map, and no map at all. */
	check_eq(anybpf_new(NULL, &other.ctx), 0);
	check_eq(anybpf_object_open(other.ctx, object_path("share.bpf.o"), &other.object), 0);
	check_eq(anybpf_map_attach(map_of(&other, "flows"), 999), (u64)-EBADF);
	check_eq(
		anybpf_map_attach(map_of(&other, "flows"), anybpf_map_region(map_of(&u, "recent"))),
		0);
	check_eq(anybpf_object_load(other.object), (u64)-EINVAL);
	check(strstr(anybpf_error(other.ctx), "\"flows\" cannot be shared"));
	user_exit(&other);
	user_exit(&u);
}

int main(void)
{
	run_test(test_two_users);
	run_test(test_killed_users);
	run_test(test_refused);
	return tap_done();
}

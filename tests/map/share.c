/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions: attaching, forks, what is refused, and headers that somebody has damaged. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os_share.h"
#include "share_check.h"

static struct map *attach(struct host *host, int fd)
{
	struct err err = {0};
	struct map *map = NULL;

	if (map_attach(host, fd, NULL, NULL, &map, &err))
		tap_fail("%s", err.text);
	return map;
}

static int attach_errno(struct host *host, int fd, const union bpf_attr *attr)
{
	struct err err = {0};
	struct map *map = NULL;
	int ret = map_attach(host, fd, attr, NULL, &map, &err);

	if (!ret)
		object_put(&map->obj);
	else
		check(err.code == ret && err.text[0]);
	return ret;
}

/* What one host does to a map the other one sees. */
static void test_two_hosts(void)
{
	const struct kind *kind = &kinds[1];
	struct host *a = share_host(), *b = share_host();
	struct map *first = share_map(a, kind), *second = attach(b, map_region(first));
	struct value v = value_for(3, 1), got;
	u8 key[8];

	key_for(kind, 3, key);
	check_eq(map_user_update(first, key, &v, 0), 0);
	check_eq(map_user_lookup(second, key, &got, 0), 0);
	check(value_ok(&got, 3));
	check_eq(map_user_delete(second, key), 0);
	check_eq(map_user_lookup(first, key, &got, 0), (u64)-ENOENT);
	/* The region lives as long as anybody has it. */
	object_put(&first->obj);
	host_free(a);
	check(!check_whole(second, kind));
	check_eq(map_freeze(second), (u64)-EOPNOTSUPP);
	object_put(&second->obj);
	host_free(b);
}

static void wait_for(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	check(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* A child uses what it inherits, under a number of its own, also when its parent is gone. */
static void test_fork(void)
{
	const struct kind *kind = &kinds[1];
	struct host *host = share_host();
	struct map *map = share_map(host, kind);
	u32 user = share_user(map->share);
	struct value v = value_for(1, 1);
	u8 key[8];
	pid_t pid = fork();

	key_for(kind, 1, key);
	if (!pid) {
		bool ok = !map_user_update(map, key, &v, 0) && share_user(map->share) != user;

		object_put(&map->obj);
		_exit(!ok);
	}
	wait_for(pid);
	check_eq(share_user(map->share), user);
	check_eq(map_user_lookup(map, key, &v, 0), 0);
	check(!share_recover(map)); /* it has left as it should */
	pid = fork();
	if (!pid) {
		/* A child that never used it. */
		object_put(&map->obj);
		_exit(0);
	}
	wait_for(pid);
	check(!share_dead(map->share, user));
	check(!check_whole(map, kind));
	object_put(&map->obj);
	host_free(host);
}

/* A process that is killed while a child of its own lives on with all that it had open. */
static void test_orphan(void)
{
	const struct kind *kind = &kinds[1];
	struct host *host = share_host();
	struct map *map = share_map(host, kind);
	int up[2], down[2];
	char c;
	pid_t pid;

	check(!pipe(up) && !pipe(down));
	pid = fork();
	if (!pid) {
		share_user(map->share);
		if (!fork()) {
			close(down[1]);
			c = write(up[1], "", 1) == 1;
			_exit(read(down[0], &c, 1) < 0); /* until the test closes it */
		}
		pause();
	}
	check_eq(read(up[0], &c, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	check(share_recover(map));
	check(!share_recover(map));
	check(!check_whole(map, kind));
	for (u32 i = 0; i < 2; i++) {
		close(up[i]);
		close(down[i]);
	}
	object_put(&map->obj);
	host_free(host);
}

static u32 waiters(const struct map *map)
{
	u32 n = 0;

	for (u32 i = 1; i <= SHARE_USERS; i++)
		n += map->share->header->slot[i].waits;
	return n;
}

/* A consumer that is killed in its sleep, and a producer with a record in hand. */
static void test_ring(void)
{
	const struct kind *kind = &kinds[ARRAY_SIZE(kinds) - 1];
	struct host *host = share_host();
	struct map *map = share_map(host, kind);
	pid_t waiter = fork(), producer;
	const u64 one = 1; /* as check_record() wants it */

	if (!waiter)
		_exit(ringbuf_wait(map, -1) != 1);
	/* It is asleep, and nobody wakes it who would have done so with the record. */
	while (!waiters(map))
		usleep(1000);
	usleep(1000);
	producer = fork();
	if (!producer)
		_exit(!ringbuf_reserve(map, 1000));
	waitpid(producer, NULL, 0);
	wait_for(waiter);
	/* It is in the way of what comes behind, until somebody gets there. */
	check_eq(ringbuf_output(map, &one, sizeof(one), 0), 0);
	check_eq(ringbuf_query(map, BPF_RB_AVAIL_DATA), 1008 + 16);
	check(!consume(map));
	check_eq(ringbuf_query(map, BPF_RB_AVAIL_DATA), 0);
	waiter = fork();
	if (!waiter)
		_exit(ringbuf_wait(map, -1) != 1);
	while (!waiters(map))
		usleep(1000);
	kill(waiter, SIGKILL);
	waitpid(waiter, NULL, 0);
	check(share_recover(map));
	check_eq(waiters(map), 0);
	check_eq(ringbuf_wait(map, 0), 0);
	check(!check_whole(map, kind));
	object_put(&map->obj);
	host_free(host);
}

/* ---- refused ---- */

static void test_types(void)
{
	struct host *host = share_host();

	for (u32 type = 1; map_type_name(type); type++) {
		union bpf_attr attr = {.map_type = type,
				       .key_size = 4,
				       .value_size = 8,
				       .max_entries = 4,
				       .map_flags = 0};
		const struct map_ops *ops = map_type_ops(type);
		struct err err = {0};
		struct map *map = NULL;

		if (!ops || ops->repair || (ops->check)(&attr))
			continue;
		check_eq(map_create_shared(host, &attr, NULL, &map, &err), (u64)-EOPNOTSUPP);
		check(strstr(err.text, "belong to one process"));
	}
	host_free(host);
}

static void test_other_maps(void)
{
	struct host *host = share_host();
	struct map *map = share_map(host, &kinds[1]);
	union bpf_attr attr = kind_attr(&kinds[1]);

	check_eq(attach_errno(host, map_region(map), &attr), 0);
	attr.max_entries++;
	check_eq(attach_errno(host, map_region(map), &attr), (u64)-EINVAL);
	attr = kind_attr(&kinds[3]);
	check_eq(attach_errno(host, map_region(map), &attr), (u64)-EINVAL);
	object_put(&map->obj);
	host_free(host);
}

static void test_other_files(void)
{
	struct host *host = share_host();
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int null = open("/dev/null", O_RDWR), empty = os_share_create(0),
	    zeros = os_share_create(1 << 20);

	check_eq(attach_errno(host, -1, NULL), (u64)-EBADF);
	check_eq(attach_errno(host, null, NULL), (u64)-EINVAL);
	check(!ftruncate(fd, 1 << 20));
	check_eq(attach_errno(host, fd, NULL), (u64)-EINVAL); /* could be truncated */
	check_eq(attach_errno(host, empty, NULL), (u64)-EINVAL);
	check_eq(attach_errno(host, zeros, NULL), (u64)-EINVAL);
	close(fd);
	close(null);
	close(empty);
	close(zeros);
	host_free(host);
}

/* Every bit of what a header says of the map: refused, or a map. Never worse. */
static void test_damaged(void)
{
	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct host *host = share_host();
		struct map *map = share_map(host, &kinds[k]);
		size_t end = offsetof(struct share_header, ready) + 4;
		u64 size = 0;
		u8 *all;

		check_eq(os_share_size(map_region(map), &size), 0);
		all = os_share_map(map_region(map), 0, size);
		for (u32 bit = 0; bit < 8 * end; bit++) {
			all[bit / 8] ^= (u8)(1u << bit % 8);
			attach_errno(host, map_region(map), NULL);
			all[bit / 8] ^= (u8)(1u << bit % 8);
		}
		check_eq(attach_errno(host, map_region(map), NULL), 0);
		check(!check_whole(map, &kinds[k]));
		os_pages_free(all, size);
		object_put(&map->obj);
		host_free(host);
	}
}

static void test_users(void)
{
	struct host *host = share_host();
	struct map *map = share_map(host, &kinds[0]), *more[SHARE_USERS] = {0};
	u32 n = 0;

	while (n < SHARE_USERS && !map_attach(host, map_region(map), NULL, NULL, &more[n], NULL))
		n++;
	/* As many as fit, or as this process may have files open. */
	check(n == SHARE_USERS - 1 || n > 100);
	if (n == SHARE_USERS - 1)
		check_eq(attach_errno(host, map_region(map), NULL), (u64)-EUSERS);
	object_put(&more[7]->obj);
	check_eq(map_attach(host, map_region(map), NULL, NULL, &more[7], NULL), 0);
	while (n)
		object_put(&more[--n]->obj);
	check_eq(attach_errno(host, map_region(map), NULL), 0);
	object_put(&map->obj);
	host_free(host);
}

int main(void)
{
	run_test(test_two_hosts);
	run_test(test_fork);
	run_test(test_orphan);
	run_test(test_ring);
	run_test(test_types);
	run_test(test_other_maps);
	run_test(test_other_files);
	run_test(test_damaged);
	run_test(test_users);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of sockets: random operations on the same sockets here and, in a network
 * namespace of the test's own, in the kernel. Errors and contents must be equal.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare() */
#endif
/* The system has structures of these names, too. */
#define in6_addr    system_in6_addr
#define sockaddr_un system_sockaddr_un
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#undef in6_addr
#undef sockaddr_un

#include "tap.h"

#include "base/bytes.h"
#include "helper/kernel.h"
#include "kernel/psock.h"
#include "map/map.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

#define SOCKETS 12
#define ENTRIES 5
#define STEPS	3000

enum kind {
	LISTENS,
	CONNECTED,
	TCP_ALONE,
	UDP_ALONE,
	UDP_BOUND,
	UNIX_PAIR,
	UNIX_DGRAM,
	UNIX_ALONE,
	SHARED_UDP,
	SHARED_TCP,
	SHARED_UNBOUND,
	RAW_SOCKET,
};

static const char *const names[SOCKETS] = {
	"listens",    "connected",  "TCP alone",  "UDP alone",	"UDP bound",	  "unix pair",
	"unix dgram", "unix alone", "shared UDP", "shared TCP", "shared unbound", "raw",
};

/* ---- there ---- */

static int bound(int type, u16 port, bool shared)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, type, 0), one = 1;

	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)))
		return -1;
	return bind(fd, (void *)&addr, sizeof(addr)) ? -1 : fd;
}

static int listening(u16 port, bool shared)
{
	int fd = bound(SOCK_STREAM, port, shared);

	return listen(fd, 5) ? -1 : fd;
}

static int connected(u16 port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (void *)&addr, sizeof(addr)) ? -1 : fd;
}

static int paired(int type)
{
	int fd[2];

	/* The other end stays open. */
	return socketpair(AF_UNIX, type, 0, fd) ? -1 : fd[0];
}

static int shared_unbound(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) ? -1 : fd;
}

static bool open_kernel(int *fd)
{
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int any;

	if (!kernel_usable() || unshare(CLONE_NEWNET))
		return false;
	any = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(any, SIOCSIFFLAGS, &req))
		return false;
	close(any);
	fd[LISTENS] = listening(1000, false);
	fd[CONNECTED] = connected(1000);
	/* The other end stays open, also when the listening socket is closed. */
	if (accept(fd[LISTENS], NULL, NULL) < 0)
		return false;
	fd[TCP_ALONE] = socket(AF_INET, SOCK_STREAM, 0);
	fd[UDP_ALONE] = socket(AF_INET, SOCK_DGRAM, 0);
	fd[UDP_BOUND] = bound(SOCK_DGRAM, 1001, false);
	fd[UNIX_PAIR] = paired(SOCK_STREAM);
	fd[UNIX_DGRAM] = paired(SOCK_DGRAM);
	fd[UNIX_ALONE] = socket(AF_UNIX, SOCK_STREAM, 0);
	fd[SHARED_UDP] = bound(SOCK_DGRAM, 1002, true);
	fd[SHARED_TCP] = listening(1003, true);
	fd[SHARED_UNBOUND] = shared_unbound();
	fd[RAW_SOCKET] = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	for (u32 i = 0; i < SOCKETS; i++)
		if (fd[i] < 0)
			return false;
	return true;
}

/* ---- here ---- */

static const struct sock_spec specs[SOCKETS] = {
	[LISTENS] = {.family = AF_INET,
		     .type = SOCK_STREAM,
		     .state = BPF_TCP_LISTEN,
		     .local = {127, 0, 0, 1},
		     .local_port = 1000},
	[CONNECTED] = {.family = AF_INET,
		       .type = SOCK_STREAM,
		       .state = BPF_TCP_ESTABLISHED,
		       .local = {127, 0, 0, 1},
		       .local_port = 40000,
		       .remote = {127, 0, 0, 1},
		       .remote_port = 1000},
	[TCP_ALONE] = {.family = AF_INET, .type = SOCK_STREAM},
	[UDP_ALONE] = {.family = AF_INET, .type = SOCK_DGRAM},
	[UDP_BOUND] = {.family = AF_INET,
		       .type = SOCK_DGRAM,
		       .local = {127, 0, 0, 1},
		       .local_port = 1001},
	[UNIX_PAIR] = {.family = AF_UNIX, .type = SOCK_STREAM, .state = BPF_TCP_ESTABLISHED},
	[UNIX_DGRAM] = {.family = AF_UNIX, .type = SOCK_DGRAM, .state = BPF_TCP_ESTABLISHED},
	[UNIX_ALONE] = {.family = AF_UNIX, .type = SOCK_STREAM},
	[SHARED_UDP] = {.family = AF_INET,
			.type = SOCK_DGRAM,
			.local = {127, 0, 0, 1},
			.local_port = 1002,
			.reuseport = true},
	[SHARED_TCP] = {.family = AF_INET,
			.type = SOCK_STREAM,
			.state = BPF_TCP_LISTEN,
			.local = {127, 0, 0, 1},
			.local_port = 1003,
			.reuseport = true},
	[SHARED_UNBOUND] = {.family = AF_INET, .type = SOCK_DGRAM, .reuseport = true},
	[RAW_SOCKET] = {.family = AF_INET, .type = SOCK_RAW, .protocol = IPPROTO_ICMP},
};

static void open_here(struct host *host, int *fd)
{
	for (u32 i = 0; i < SOCKETS; i++) {
		struct sock *sk;

		if (sock_create(host, &specs[i], &sk))
			abort();
		if (specs[i].local_port && sock_hash(sk))
			abort();
		fd[i] = sock_open(sk);
	}
}

/* ---- both ---- */

struct sides {
	struct host *host;
	bool kernel;
	enum bpf_map_type type;
	u32 key_size;
	struct map *map;
	int there;
	int here_fd[SOCKETS], there_fd[SOCKETS];
	bool closed[SOCKETS];
	u64 here_cookie[SOCKETS], there_cookie[SOCKETS];
};

static u64 random_state = 88172645463325252ull;

static u32 pick(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 33) % n;
}

static int make_there(enum bpf_map_type type, u32 key_size, u32 value_size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = ENTRIES;
	return kernel_bpf(BPF_MAP_CREATE, &attr);
}

static int make_here(struct host *host, enum bpf_map_type type, u32 key_size, u32 value_size,
		     struct map **map)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = ENTRIES;
	return map_create(host, &attr, NULL, map, NULL);
}

static int elem_there(enum bpf_cmd cmd, int map, const void *key, const void *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map;
	attr.key = ptr_to_u64(key);
	attr.value = ptr_to_u64(value);
	attr.flags = flags;
	return kernel_bpf(cmd, &attr);
}

/* The socket whose cookie it is, or the error. */
static int which(const u64 *cookies, int err, u64 cookie)
{
	for (int i = 0; !err && i < SOCKETS; i++)
		if (cookies[i] == cookie)
			return i;
	return err ? err : -1000;
}

static void update(struct sides *s, const u8 *key)
{
	u32 i = pick(SOCKETS + 1);
	u64 here = i < SOCKETS ? (u64)s->here_fd[i] : 12345;
	u64 there = i < SOCKETS ? (u64)s->there_fd[i] : 12345;
	u64 flags = pick(8) ? pick(3) : 3;
	int err, kernel;

	if (i < SOCKETS && s->closed[i])
		return;
	if (!pick(50) && s->map->desc.value_size == 8)
		here = there = UINT64_MAX - pick(3);
	err = map_user_update(s->map, key, &here, flags);
	if (!s->kernel)
		return;
	kernel = elem_there(BPF_MAP_UPDATE_ELEM, s->there, key, &there, flags);
	if (err != kernel)
		tap_fail("update to %s, flags %u: %d, the kernel's %d",
			 i < SOCKETS ? names[i] : "nothing", (u32)flags, err, kernel);
}

static void lookup(struct sides *s, const u8 *key)
{
	u64 here = 0, there = 0;
	int err = map_user_lookup(s->map, key, &here, 0), kernel;

	if (!s->kernel)
		return;
	kernel = elem_there(BPF_MAP_LOOKUP_ELEM, s->there, key, &there, 0);
	err = which(s->here_cookie, err, here);
	kernel = which(s->there_cookie, kernel, there);
	if (err != kernel)
		tap_fail("lookup: %d, the kernel's %d", err, kernel);
}

static void delete (struct sides *s, const u8 *key)
{
	int err = map_user_delete(s->map, key);
	int kernel = s->kernel ? elem_there(BPF_MAP_DELETE_ELEM, s->there, key, NULL, 0) : err;

	if (err != kernel)
		tap_fail("delete: %d, the kernel's %d", err, kernel);
}

/* The order of a hash is its own matter. */
static u32 count_keys_here(struct map *map)
{
	u8 key[8], next[8];
	u32 n = 0;

	for (int err = map_user_next_key(map, NULL, next); !err && n < 100; n++) {
		memcpy(key, next, sizeof(key));
		err = map_user_next_key(map, key, next);
	}
	return n;
}

static u32 count_keys_there(int map)
{
	u8 key[8], next[8];
	u32 n = 0;

	for (int err = elem_there(BPF_MAP_GET_NEXT_KEY, map, NULL, next, 0); !err && n < 100; n++) {
		memcpy(key, next, sizeof(key));
		err = elem_there(BPF_MAP_GET_NEXT_KEY, map, key, next, 0);
	}
	return n;
}

static void step(struct sides *s)
{
	u8 key[8] = {(u8)pick(ENTRIES + 2)};

	switch (pick(8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		update(s, key);
		break;
	case 4:
	case 5:
		lookup(s, key);
		break;
	case 6:
		delete (s, key);
		break;
	default:
		if (s->kernel && count_keys_here(s->map) != count_keys_there(s->there))
			tap_fail("%u keys, %u in the kernel", count_keys_here(s->map),
				 count_keys_there(s->there));
	}
}

static void close_one(struct sides *s)
{
	u32 i = pick(SOCKETS);

	if (s->closed[i])
		return;
	s->closed[i] = true;
	check_eq(handle_close(s->host, s->here_fd[i]), 0);
	close(s->there_fd[i]);
}

static void open_all(struct sides *s)
{
	open_here(s->host, s->here_fd);
	s->kernel = open_kernel(s->there_fd);
	for (u32 i = 0; i < SOCKETS; i++) {
		socklen_t len = sizeof(u64);
		struct sock *sk;

		if (sock_from_handle(s->host, s->here_fd[i], &sk))
			abort();
		s->here_cookie[i] = sock_gen_cookie(sk);
		sock_put(sk);
		if (s->kernel)
			getsockopt(s->there_fd[i], SOL_SOCKET, SO_COOKIE, &s->there_cookie[i],
				   &len);
	}
}

static void test_map(const char *name, enum bpf_map_type type, u32 key_size, u32 value_size)
{
	struct sides s = {.type = type, .key_size = key_size};

	tap_begin(name);
	if (host_new(NULL, &s.host))
		abort();
	open_all(&s);
	check_eq(make_here(s.host, type, key_size, value_size, &s.map), 0);
	s.there = s.kernel ? make_there(type, key_size, value_size) : -1;
	for (u32 i = 0; i < STEPS; i++) {
		step(&s);
		if (i % (STEPS / 8) == STEPS / 8 - 1)
			close_one(&s);
	}
	object_put(&s.map->obj);
	for (u32 i = 0; s.kernel && i < SOCKETS; i++)
		if (!s.closed[i])
			close(s.there_fd[i]);
	close(s.there);
	host_free(s.host);
	if (!s.kernel)
		tap_skip("no kernel to compare with");
	tap_end();
}

static void test_create(void)
{
	static const enum bpf_map_type types[] = {BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_SOCKHASH,
						  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY};
	static const u32 sizes[] = {0, 1, 4, 8, 12, 512, 513};
	bool kernel = kernel_usable();
	struct host *host;

	check_eq(host_new(NULL, &host), 0);
	for (u32 i = 0; i < ARRAY_SIZE(types) * 49; i++) {
		enum bpf_map_type type = types[i / 49];
		u32 key = sizes[i / 7 % 7], value = sizes[i % 7];
		struct map *map;
		int err = make_here(host, type, key, value, &map);
		int there = kernel ? make_there(type, key, value) : err;

		if (!err)
			object_put(&map->obj);
		if (there > 0) {
			close(there);
			there = 0;
		}
		if (err != there)
			tap_fail("type %u key %u value %u: %d, the kernel's %d", type, key, value,
				 err, there);
	}
	host_free(host);
}

int main(void)
{
	run_test(test_create);
	test_map("sockmap", BPF_MAP_TYPE_SOCKMAP, 4, 8);
	test_map("sockmap without room for cookies", BPF_MAP_TYPE_SOCKMAP, 4, 4);
	test_map("sockhash", BPF_MAP_TYPE_SOCKHASH, 7, 8);
	test_map("array of sockets that share a port", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8);
	return tap_done();
}

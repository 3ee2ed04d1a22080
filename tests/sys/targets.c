/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devmap, devmap_hash, cpumap and xskmap through bpf(): random operations, wrong
 * ones among them, here and in the kernel, whose network namespace has a
 * loopback device alone too. Equal results, errno and contents.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "tap.h"

#include "base/os.h"
#include "helper/asm.h"
#include "linux_oracle.h"
#include "sys/engine.h"

#define OPS 4000

enum { PLAIN, DEVMAP, DEVMAP_FRAGS, CPUMAP, FILTER, PROGS };

struct side {
	struct engine *engine;
	int map;
	int fd[PROGS];
	u32 id[PROGS]; /* what a lookup gives */
};

static struct {
	struct side side[2];
	u64 random;
	u32 type, value_size, max_entries;
} t;

static u32 below(u32 n)
{
	t.random = t.random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((t.random >> 33) % n);
}

static int call(struct side *s, enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(s->engine, cmd, attr, sizeof(*attr));
}

static int load(struct side *s, u32 type, u32 attach, u32 flags)
{
	const struct bpf_insn insns[] = {MOV_IMM(0, XDP_PASS), EXIT()};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.prog_flags = flags;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = 2;
	attr.license = ptr_to_u64("GPL");
	return call(s, BPF_PROG_LOAD, &attr);
}

static u32 id_of(struct side *s, int fd)
{
	struct bpf_prog_info info;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = ptr_to_u64(&info);
	check_eq(call(s, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info.id;
}

static void load_all(struct side *s)
{
	s->fd[PLAIN] = load(s, BPF_PROG_TYPE_XDP, 0, 0);
	s->fd[DEVMAP] = load(s, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0);
	s->fd[DEVMAP_FRAGS] = load(s, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, BPF_F_XDP_HAS_FRAGS);
	s->fd[CPUMAP] = load(s, BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, 0);
	s->fd[FILTER] = load(s, BPF_PROG_TYPE_SOCKET_FILTER, 0, 0);
	for (u32 i = 0; i < PROGS; i++) {
		check(s->fd[i] >= 0);
		s->id[i] = id_of(s, s->fd[i]);
	}
}

static int create(struct side *s, u32 key_size, u32 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = t.type;
	attr.key_size = key_size;
	attr.value_size = t.value_size;
	attr.max_entries = t.max_entries;
	attr.map_flags = flags;
	return call(s, BPF_MAP_CREATE, &attr);
}

static void compare(const char *what, s64 here, s64 there)
{
	if (here != there)
		tap_fail("%s: %lld here, %lld in Linux (type %u, value %u, %u entries)", what,
			 (long long)here, (long long)there, t.type, t.value_size, t.max_entries);
}

static int with_key(struct side *s, enum bpf_cmd cmd, const u32 *key, void *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)s->map;
	attr.key = ptr_to_u64(key);
	attr.value = ptr_to_u64(value);
	attr.flags = flags;
	return call(s, cmd, &attr);
}

static u32 choose_key(void)
{
	return below(8) ? below(t.max_entries + 2) : below(1u << 30) * 5;
}

static void update(void)
{
	static const u64 flags[] = {BPF_ANY,	 BPF_ANY, BPF_ANY, BPF_EXIST,
				    BPF_NOEXIST, 3,	  4,	   1ull << 33};
	static const u32 firsts[] = {1, 1, 1, 0, 5, 192, 16384, 16385, 0xffffffff};
	u32 first = firsts[below(ARRAY_SIZE(firsts))], key = choose_key();
	u64 flag = flags[below(ARRAY_SIZE(flags))];
	u32 prog = below(PROGS + 3);
	int got[2];

	for (u32 i = 0; i < 2; i++) {
		struct side *s = &t.side[i];
		u32 value[2] = {first, 0};

		if (t.type == BPF_MAP_TYPE_XSKMAP)
			value[0] = prog < PROGS ? (u32)s->fd[prog] : 100000;
		/* Descriptors of our own are no bpf objects: the numbers differ. */
		if (prog < PROGS)
			value[1] = (u32)s->fd[prog];
		else if (prog == PROGS)
			value[1] = (u32)-1;
		else if (prog == PROGS + 1)
			value[1] = 100000;
		got[i] = with_key(s, BPF_MAP_UPDATE_ELEM, &key, value, flag);
	}
	compare("update", got[0], got[1]);
}

/* A program by its number here. */
static u32 common_id(const struct side *s, u32 id)
{
	for (u32 i = 0; i < PROGS; i++)
		if (s->id[i] == id)
			return t.side[0].id[i];
	return id;
}

static void look_up(u32 key)
{
	u32 value[2][2] = {{0}};
	int got[2];

	for (u32 i = 0; i < 2; i++) {
		got[i] = with_key(&t.side[i], BPF_MAP_LOOKUP_ELEM, &key, value[i], 0);
		value[i][1] = common_id(&t.side[i], value[i][1]);
	}
	compare("lookup", got[0], got[1]);
	compare("first word", value[0][0], value[1][0]);
	compare("program", value[0][1], value[1][1]);
}

static void delete (void)
{
	u32 key = choose_key();

	compare("delete", with_key(&t.side[0], BPF_MAP_DELETE_ELEM, &key, NULL, 0),
		with_key(&t.side[1], BPF_MAP_DELETE_ELEM, &key, NULL, 0));
}

static void next(void)
{
	u32 key = choose_key(), out[2] = {0}, *from = below(4) ? &key : NULL;

	compare("next key", with_key(&t.side[0], BPF_MAP_GET_NEXT_KEY, from, &out[0], 0),
		with_key(&t.side[1], BPF_MAP_GET_NEXT_KEY, from, &out[1], 0));
	compare("the next key", out[0], out[1]);
}

static void close_fd(struct side *s, int fd)
{
	if (fd >= 0)
		s->engine->ops->close(s->engine, fd);
}

static bool make_maps(void)
{
	static const u32 flags[] = {
		0, 0, 0, 0, BPF_F_NO_PREALLOC, BPF_F_RDONLY_PROG, BPF_F_MMAPABLE};
	u32 flag = flags[below(ARRAY_SIZE(flags))], key_size = below(20) ? 4 : below(9);

	t.value_size = below(12) ? 4 + 4 * below(2) : below(13);
	t.max_entries = below(20) ? 1 + below(12) : 0;
	for (u32 i = 0; i < 2; i++)
		t.side[i].map = create(&t.side[i], key_size, flag);
	compare("create", t.side[0].map < 0 ? t.side[0].map : 0,
		t.side[1].map < 0 ? t.side[1].map : 0);
	return t.side[0].map >= 0 && t.side[1].map >= 0;
}

static void test_type(u32 type)
{
	t.type = type;
	for (u32 maps = 0; maps < 40; maps++) {
		bool made = make_maps();

		for (u32 i = 0; made && i < OPS / 40; i++) {
			switch (below(8)) {
			case 0:
				delete ();
				break;
			case 1:
				next();
				break;
			case 2:
			case 3:
				look_up(choose_key());
				break;
			default:
				update();
			}
		}
		for (u32 key = 0; made && key < t.max_entries; key++)
			look_up(key);
		close_fd(&t.side[0], t.side[0].map);
		close_fd(&t.side[1], t.side[1].map);
	}
}

static void test_kernel(const char *name, u32 type, bool with_kernel)
{
	tap_begin(name);
	if (with_kernel)
		test_type(type);
	else
		tap_skip("bpf() or a network namespace is refused");
	tap_end();
}

int main(int argc, char **argv)
{
	/* The kernel's devices are those of this namespace. */
	bool with_kernel = oracle_present() && !unshare(CLONE_NEWNET);
	struct engine *engine[2] = {NULL};
	struct host_options opts;
	struct environment env;
	struct host *host;

	t.random = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	host_options_init(&opts);
	environment_init(&env);
	env.nr_cpus = os_nr_cpus();
	opts.env = &env;
	check_eq(host_new(&opts, &host), 0);
	check_eq(engine_user_new(host, &engine[0]), 0);
	if (with_kernel && engine_kernel_new(&mem_libc, &engine[1]))
		with_kernel = false;
	for (u32 i = 0; i < 2; i++) {
		t.side[i].engine = engine[i];
		if (i == 0 || with_kernel)
			load_all(&t.side[i]);
	}
	test_kernel("devmap", BPF_MAP_TYPE_DEVMAP, with_kernel);
	test_kernel("devmap_hash", BPF_MAP_TYPE_DEVMAP_HASH, with_kernel);
	test_kernel("cpumap", BPF_MAP_TYPE_CPUMAP, with_kernel);
	test_kernel("xskmap", BPF_MAP_TYPE_XSKMAP, with_kernel);
	engine_free(engine[0]);
	engine_free(engine[1]);
	return tap_done();
}

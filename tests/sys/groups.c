/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs attached to control groups: random operations on a chain of groups,
 * wrong ones among them, here and in groups that are made in the kernel for it.
 * Equal results, errno, and programs that run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#include "helper/asm.h"
#include "hook/cgroup_attach.h"
#include "linux_oracle.h"
#include "sys/engine.h"

#define OPS    250
#define PROGS  5
#define GROUPS 3
#define LINKS  4
#define TYPE   BPF_CGROUP_SYSCTL

struct side {
	struct engine *engine;
	char path[GROUPS][512];
	int group[GROUPS], prog[PROGS], link[LINKS]; /* descriptors */
	u32 id[PROGS];
};

static struct side sides[2];
static u64 random_state = 1;

static u32 below(u32 n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((random_state >> 33) % n);
}

static int call(struct side *s, enum bpf_cmd cmd, union bpf_attr *attr)
{
	return engine_bpf(s->engine, cmd, attr, sizeof(*attr));
}

static int load(struct side *s, u32 type, u32 ret)
{
	const struct bpf_insn insns[] = {MOV_IMM(0, (s32)ret), EXIT()};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = 2;
	attr.license = ptr_to_u64("GPL");
	return call(s, BPF_PROG_LOAD, &attr);
}

static u32 id_of(struct side *s, int fd)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info = ptr_to_u64(&info);
	attr.info.info_len = sizeof(info);
	check_eq(call(s, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info.id;
}

static void load_all(struct side *s)
{
	for (u32 i = 0; i < PROGS; i++) {
		s->prog[i] = load(s, BPF_PROG_TYPE_CGROUP_SYSCTL, 1);
		check(s->prog[i] >= 0);
		s->id[i] = id_of(s, s->prog[i]);
	}
	for (u32 i = 0; i < LINKS; i++)
		s->link[i] = -1;
}

/* ---- where groups are ---- */

static int chain_group(void *ctx, const char *path, struct env_cgroup *cgrp)
{
	(void)ctx;
	*cgrp = (struct env_cgroup){.id = 1 + strlen(path)};
	return strspn(path, "/g") == strlen(path) ? 0 : -ENOENT;
}

static void open_here(struct side *s)
{
	struct environment env;
	struct host_options opts;
	struct host *host;

	environment_init(&env);
	env.cgroup = chain_group;
	env.next_cgroup = NULL;
	env.task_cgroup = NULL;
	host_options_init(&opts);
	opts.env = &env;
	check_eq(host_new(&opts, &host), 0);
	check_eq(engine_user_new(host, &s->engine), 0);
	for (u32 i = 0; i < GROUPS; i++) {
		snprintf(s->path[i], sizeof(s->path[i]), "%s/g", i ? s->path[i - 1] : "");
		s->group[i] = cgroup_open(host, s->path[i]);
		check(s->group[i] >= 0);
	}
}

/* False where groups cannot be made. */
static bool open_there(struct side *s)
{
	static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};

	if (engine_kernel_new(&mem_libc, &s->engine))
		return false;
	for (u32 m = 0; m < ARRAY_SIZE(mounts); m++) {
		snprintf(s->path[0], sizeof(s->path[0]), "%s/anybpf-test-%d", mounts[m],
			 (int)getpid());
		if (!mkdir(s->path[0], 0755))
			break;
		s->path[0][0] = 0;
	}
	for (u32 i = 0; i < GROUPS && s->path[0][0]; i++) {
		if (i)
			snprintf(s->path[i], sizeof(s->path[i]), "%.500s/g", s->path[i - 1]);
		if (i && mkdir(s->path[i], 0755))
			return false;
		s->group[i] = open(s->path[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return s->path[0][0] && load(s, BPF_PROG_TYPE_CGROUP_SYSCTL, 1) >= 0;
}

static void close_there(struct side *s)
{
	for (u32 i = GROUPS; i-- > 0;)
		if (s->path[i][0])
			rmdir(s->path[i]);
	engine_free(s->engine);
}

/* ---- operations ---- */

static const u32 flag_choices[] = {
	0,
	0,
	BPF_F_ALLOW_OVERRIDE,
	BPF_F_ALLOW_OVERRIDE,
	BPF_F_ALLOW_MULTI,
	BPF_F_ALLOW_MULTI,
	BPF_F_ALLOW_MULTI,
	BPF_F_ALLOW_MULTI | BPF_F_REPLACE,
	BPF_F_ALLOW_MULTI | BPF_F_ALLOW_OVERRIDE,
	BPF_F_REPLACE,
};

struct op {
	u32 group, prog, other, flags, link;
	bool named;
};

static int attach(struct side *s, const struct op *op)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (u32)s->group[op->group];
	attr.attach_bpf_fd = (u32)s->prog[op->prog];
	attr.attach_type = TYPE;
	attr.attach_flags = op->flags;
	if (op->flags & BPF_F_REPLACE)
		attr.replace_bpf_fd = (u32)s->prog[op->other];
	return call(s, BPF_PROG_ATTACH, &attr);
}

static int detach(struct side *s, const struct op *op)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (u32)s->group[op->group];
	attr.attach_bpf_fd = op->named ? (u32)s->prog[op->prog] : 0;
	attr.attach_type = TYPE;
	return call(s, BPF_PROG_DETACH, &attr);
}

/* A link is made, or the one before goes. */
static int toggle_link(struct side *s, const struct op *op)
{
	int *link = &s->link[op->link], ret;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	if (*link >= 0) {
		ret = s->engine->ops->close(s->engine, *link);
		*link = -1;
		return ret;
	}
	attr.link_create.prog_fd = (u32)s->prog[op->prog];
	attr.link_create.target_fd = (u32)s->group[op->group];
	attr.link_create.attach_type = TYPE;
	*link = call(s, BPF_LINK_CREATE, &attr);
	return *link < 0 ? *link : 0;
}

static u32 number_of(const struct side *s, u32 id)
{
	for (u32 i = 0; i < PROGS; i++)
		if (s->id[i] == id)
			return i + 1;
	return 100;
}

/* Results as text: errno, flags, how many, which. */
static void query(struct side *s, u32 group, bool effective, u32 room, char *out, size_t size)
{
	u32 ids[16] = {0};
	union bpf_attr attr;
	int ret, n;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (u32)s->group[group];
	attr.query.attach_type = TYPE;
	attr.query.query_flags = effective ? BPF_F_QUERY_EFFECTIVE : 0;
	attr.query.prog_cnt = room;
	attr.query.prog_ids = ptr_to_u64(ids);
	ret = call(s, BPF_PROG_QUERY, &attr);
	n = snprintf(out, size, "group %u %s: %d, flags %u, %u:", group, effective ? "runs" : "has",
		     ret, attr.query.attach_flags, attr.query.prog_cnt);
	for (u32 i = 0; i < room && i < attr.query.prog_cnt; i++)
		n += snprintf(out + n, size - (size_t)n, " %u", number_of(s, ids[i]));
}

static bool same_queries(u32 step)
{
	char text[2][512];

	for (u32 i = 0; i < 2 * GROUPS; i++) {
		u32 room = step % 7 ? ARRAY_SIZE(((u32[16]){0})) : 1;

		for (u32 k = 0; k < 2; k++)
			query(&sides[k], i / 2, i % 2, room, text[k], sizeof(text[k]));
		if (!strcmp(text[0], text[1]))
			continue;
		tap_fail("step %u: here %s, in Linux %s", step, text[0], text[1]);
		return false;
	}
	return true;
}

static void test_random(void)
{
	static int (*const ops[])(struct side *, const struct op *) = {attach, attach, attach,
								       detach, detach, toggle_link};
	static const char *const names[] = {"attach", "attach", "attach",
					    "detach", "detach", "link"};
	bool same = true;
	u32 done = 0;

	if (!open_there(&sides[1])) {
		tap_skip("there are no control groups to be had from the kernel");
		return;
	}
	load_all(&sides[0]);
	load_all(&sides[1]);
	for (u32 step = 0; step < OPS && same; step++) {
		struct op op = {
			.group = below(GROUPS),
			.prog = below(PROGS),
			.other = below(PROGS),
			.flags = flag_choices[below(ARRAY_SIZE(flag_choices))],
			.link = below(LINKS),
			.named = below(4),
		};
		u32 kind = below(ARRAY_SIZE(ops));
		int here = ops[kind](&sides[0], &op), there = ops[kind](&sides[1], &op);

		same = here == there;
		done += !here;
		if (!same)
			tap_fail("step %u: %s of program %u to group %u with flags %u (other %u): "
				 "%d here, %d in Linux",
				 step, names[kind], op.prog, op.group, op.flags, op.other, here,
				 there);
		same = same && same_queries(step);
	}
	/* Not all of them were refused. */
	check(!same || done > OPS / 5);
}

/* Who runs, in which order, and what comes of it. */
static void test_run(void)
{
	struct side *s = &sides[0];
	struct host *host = engine_user_host(s->engine);
	int yes = load(s, BPF_PROG_TYPE_CGROUP_SYSCTL, 1),
	    no = load(s, BPF_PROG_TYPE_CGROUP_SYSCTL, 0);
	struct bpf_sysctl ctx = {0};
	struct cgroup *top, *leaf;
	struct object *obj[2];
	struct run run;
	u32 flags;

	check_eq(cgroup_by_path(host, "/g", &top), 0);
	check_eq(cgroup_by_path(host, "/g/g/g", &leaf), 0);
	check_eq(handle_get_kind(host, yes, OBJECT_PROG, &obj[0]), 0);
	check_eq(handle_get_kind(host, no, OBJECT_PROG, &obj[1]), 0);
	while (!group_detach(top, NULL, TYPE) || !group_detach(leaf, NULL, TYPE))
		continue;
#define RESULT(group)                                                                              \
	({                                                                                         \
		s32 ret_;                                                                          \
		run_begin(&run, host);                                                             \
		ret_ = group_run(&run, group, BPF_CGROUP_SYSCTL, &ctx, &flags);                    \
		run_end(&run);                                                                     \
		ret_;                                                                              \
	})
	check_eq(group_attach(top, prog_of(obj[1]), TYPE, BPF_F_ALLOW_OVERRIDE, NULL), 0);
	check_eq(RESULT(leaf), -EPERM);
	check_eq(group_attach(leaf, prog_of(obj[0]), TYPE, 0, NULL), 0);
	check_eq(RESULT(leaf), 0);
	check_eq(RESULT(top), -EPERM);
	check_eq(group_detach(leaf, NULL, TYPE), 0);
	check_eq(group_detach(top, NULL, TYPE), 0);
	check_eq(RESULT(top), 0);
	check_eq(group_attach(top, prog_of(obj[1]), TYPE, BPF_F_ALLOW_MULTI, NULL), 0);
	check_eq(group_attach(leaf, prog_of(obj[0]), TYPE, BPF_F_ALLOW_MULTI, NULL), 0);
	check_eq(RESULT(leaf), -EPERM);
	object_put(obj[0]);
	object_put(obj[1]);
	cgroup_put(top);
	cgroup_put(leaf);
}

int main(void)
{
	open_here(&sides[0]);
	run_test(test_run);
	engine_free(sides[0].engine);
	open_here(&sides[0]);
	run_test(test_random);
	engine_free(sides[0].engine);
	if (sides[1].engine)
		close_there(&sides[1]);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What BPF_OBJ_GET_INFO_BY_FD tells of a program's machine code: the same shape
 * on the user engine and in Linux, which readers such as libbpf and bpftool rely
 * on, the same answers to too little room and to wrong sizes.
 */
#include <errno.h>

#include <anybpf/anybpf.h>

#include "../elf/objects.h"
#include "load/object.h"
#include "sys/command.h"

#define MOST 512

static const char *const engine_names[] = {"user", "kernel"};

/* Programs, and how the compiler is asked to make them. */
static const struct program_case {
	const char *object, *program, *passes;
} cases[] = {
	{"run.bpf.o", "drop", NULL},	       {"run.bpf.o", "count", NULL},
	{"run.bpf.o", "count", "all,-inline"}, {"calls.bpf.o", "one", NULL},
	{"calls.bpf.o", "one", "all,-inline"}, {"calls.bpf.o", "one", "none"},
	{"calls.bpf.o", "two", NULL},
};

/* One program on one engine. */
struct fixture {
	struct anybpf *ctx;
	struct anybpf_object *object;
	int fd;
};

static void teardown(struct fixture *f)
{
	anybpf_object_close(f->object);
	anybpf_free(f->ctx);
}

static bool load_one(struct fixture *f, const struct program_case *c)
{
	struct anybpf_program *p = NULL;

	if (anybpf_object_open(f->ctx, object_path(c->object), &f->object)) {
		tap_fail("%s", anybpf_error(f->ctx));
		return false;
	}
	/* A map of programs in run.bpf.o starts with "drop". */
	while ((p = anybpf_object_next_program(f->object, p)))
		anybpf_program_set_autoload(p, !strcmp(anybpf_program_name(p), c->program) ||
						       !strcmp(anybpf_program_name(p), "drop"));
	if (anybpf_object_load(f->object)) {
		tap_fail("%s", anybpf_error(f->ctx));
		return false;
	}
	p = anybpf_object_find_program(f->object, c->program);
	f->fd = p ? anybpf_program_fd(p) : -1;
	check(f->fd >= 0);
	return f->fd >= 0;
}

static bool setup(struct fixture *f, const struct program_case *c, enum anybpf_engine engine)
{
	ANYBPF_OPTS(anybpf_options, opts, .engine = engine, .jit_passes = c->passes);
	int ret;

	*f = (struct fixture){0};
	if (!have_object(c->object))
		return false;
	ret = anybpf_new(&opts, &f->ctx);
	if (ret == -EPERM || ret == -ENOSYS || ret == -EACCES) {
		tap_skip("the kernel refuses bpf()");
		return false;
	}
	if (ret)
		tap_fail("no context: %d", ret);
	else if (load_one(f, c))
		return true;
	teardown(f);
	return false;
}

static int get(const struct fixture *f, struct bpf_prog_info *info)
{
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)f->fd;
	attr.info.info = ptr_to_u64(info);
	attr.info.info_len = sizeof(*info);
	return engine_bpf(f->ctx->engine, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info));
}

/* ---- the shape ---- */

struct tables {
	struct bpf_prog_info info;
	u64 symbols[MOST], addresses[MOST];
	u32 lens[MOST];
	u8 tags[MOST][BPF_TAG_SIZE];
	struct bpf_line_info lines[MOST];
	struct bpf_func_info funcs[MOST];
	u8 code[65536];
};

static bool get_all(const struct fixture *f, struct tables *t)
{
	memset(t, 0, sizeof(*t));
	t->info = (struct bpf_prog_info){
		.jited_prog_insns = ptr_to_u64(t->code),
		.jited_prog_len = sizeof(t->code),
		.jited_ksyms = ptr_to_u64(t->symbols),
		.nr_jited_ksyms = MOST,
		.jited_func_lens = ptr_to_u64(t->lens),
		.nr_jited_func_lens = MOST,
		.jited_line_info = ptr_to_u64(t->addresses),
		.nr_jited_line_info = MOST,
		.jited_line_info_rec_size = sizeof(u64),
		.line_info = ptr_to_u64(t->lines),
		.nr_line_info = MOST,
		.line_info_rec_size = sizeof(t->lines[0]),
		.func_info = ptr_to_u64(t->funcs),
		.nr_func_info = MOST,
		.func_info_rec_size = sizeof(t->funcs[0]),
		.prog_tags = ptr_to_u64(t->tags),
		.nr_prog_tags = MOST,
	};
	check_eq(get(f, &t->info), 0);
	check(t->info.nr_line_info < MOST && t->info.jited_prog_len < sizeof(t->code));
	return tap.ok;
}

/* The lines of function @i begin where it does, stay inside it and go up. */
static void check_lines(const struct tables *t, u32 i)
{
	u32 end = i + 1 < t->info.nr_func_info ? t->funcs[i + 1].insn_off : UINT32_MAX;
	u64 last = t->symbols[i];
	bool first = true;

	for (u32 l = 0; l < t->info.nr_line_info; l++) {
		if (t->lines[l].insn_off < t->funcs[i].insn_off || t->lines[l].insn_off >= end)
			continue;
		if (first)
			check_eq(t->addresses[l], t->symbols[i]);
		else
			check(t->addresses[l] > last);
		check(t->addresses[l] - t->symbols[i] < t->lens[i]);
		last = t->addresses[l];
		first = false;
	}
	check(!first);
}

static void check_shape(const struct tables *t)
{
	u32 n = t->info.nr_jited_ksyms, sum = 0;

	check(n > 0);
	check_eq(t->info.nr_jited_func_lens, n);
	check_eq(t->info.nr_func_info, n);
	check_eq(t->info.nr_prog_tags, n);
	check_eq(t->info.nr_jited_line_info, t->info.nr_line_info);
	for (u32 i = 0; i < n && tap.ok; i++) {
		check(t->symbols[i] && t->lens[i]);
		for (u32 j = 0; j < n; j++)
			check(j == i || t->symbols[i] - t->symbols[j] >= t->lens[j]);
		sum += t->lens[i];
		check_lines(t, i);
	}
	check_eq(t->info.jited_prog_len, sum);
	for (u32 i = t->info.jited_prog_len; i < sizeof(t->code); i++)
		check(!t->code[i]);
}

/* Here the code is at hand to compare with. */
static void check_code(const struct tables *t)
{
	const u8 *code = t->code;

	for (u32 i = 0; i < t->info.nr_jited_ksyms; i++) {
		check(!memcmp(code, u64_to_ptr(t->symbols[i]), t->lens[i]));
		code += t->lens[i];
	}
}

/* ---- too little room, wrong sizes ---- */

static void check_room(const struct fixture *f, const struct tables *all)
{
	u64 symbols[2] = {0, 1}, addresses[2] = {0, 1};
	u32 lens[2] = {0, 1};
	u8 code[2] = {0, 1};
	struct bpf_prog_info info = {
		.jited_prog_insns = ptr_to_u64(code),
		.jited_prog_len = 1,
		.jited_ksyms = ptr_to_u64(symbols),
		.nr_jited_ksyms = 1,
		.jited_func_lens = ptr_to_u64(lens),
		.nr_jited_func_lens = 1,
		.jited_line_info = ptr_to_u64(addresses),
		.nr_jited_line_info = 1,
		.jited_line_info_rec_size = sizeof(u64),
	};

	check_eq(get(f, &info), 0);
	check_eq(info.jited_prog_len, all->info.jited_prog_len);
	check_eq(info.nr_jited_ksyms, all->info.nr_jited_ksyms);
	check_eq(info.nr_jited_func_lens, all->info.nr_jited_func_lens);
	check_eq(info.nr_jited_line_info, all->info.nr_jited_line_info);
	check(code[0] == all->code[0] && code[1] == 1);
	check(symbols[0] == all->symbols[0] && symbols[1] == 1);
	check(lens[0] == all->lens[0] && lens[1] == 1);
	check(addresses[0] == all->addresses[0] && addresses[1] == 1);

	info = (struct bpf_prog_info){0};
	check_eq(get(f, &info), 0);
	check_eq(info.nr_jited_line_info, all->info.nr_jited_line_info);
	check_eq(info.jited_line_info_rec_size, sizeof(u64));
	check_eq(info.jited_prog_len, all->info.jited_prog_len);
}

static void check_refused(const struct fixture *f)
{
	struct bpf_prog_info info;

	info = (struct bpf_prog_info){.jited_line_info_rec_size = 4};
	check_eq(get(f, &info), -EINVAL);
	info = (struct bpf_prog_info){.nr_jited_line_info = 1};
	check_eq(get(f, &info), -EINVAL);
	info = (struct bpf_prog_info){.nr_jited_line_info = 1, .jited_line_info_rec_size = 8};
	check_eq(get(f, &info), -EFAULT);
	info = (struct bpf_prog_info){.nr_jited_ksyms = 1};
	check_eq(get(f, &info), -EFAULT);
	info = (struct bpf_prog_info){.nr_jited_func_lens = 1};
	check_eq(get(f, &info), -EFAULT);
	info = (struct bpf_prog_info){.jited_prog_len = 1};
	check_eq(get(f, &info), -EFAULT);
	info = (struct bpf_prog_info){.nr_prog_tags = 1};
	check_eq(get(f, &info), -EFAULT);
}

/* ---- both engines ---- */

/* @info of the user engine, to be compared with the kernel's. */
static void run_case(const struct program_case *c, enum anybpf_engine engine,
		     struct bpf_prog_info *user)
{
	static struct tables t;
	struct fixture f;
	char name[128];

	snprintf(name, sizeof(name), "%s of %s%s%s, %s", c->program, c->object,
		 c->passes ? ", " : "", c->passes ? c->passes : "", engine_names[engine]);
	tap_begin(name);
	if (setup(&f, c, engine)) {
		if (get_all(&f, &t)) {
			if (!t.info.jited_prog_len) {
				tap_skip("no JIT");
			} else {
				check_shape(&t);
				check_room(&f, &t);
				check_refused(&f);
			}
		}
		if (!tap.skip && engine == ANYBPF_ENGINE_USER) {
			check_code(&t);
			*user = t.info;
		} else if (!tap.skip && user->nr_jited_ksyms) {
			check_eq(user->nr_jited_ksyms, t.info.nr_jited_ksyms);
			check_eq(user->nr_func_info, t.info.nr_func_info);
			check_eq(user->nr_line_info, t.info.nr_line_info);
			check_eq(user->nr_prog_tags, t.info.nr_prog_tags);
			check_eq(user->xlated_prog_len > 0, t.info.xlated_prog_len > 0);
		}
		teardown(&f);
	}
	tap_end();
}

/* ---- who may see it ---- */

static int get_from(struct host *host, int fd, struct bpf_prog_info *info)
{
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)fd;
	attr.info.info = ptr_to_u64(info);
	attr.info.info_len = sizeof(*info);
	return sys_bpf(host, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}

static void test_privileges(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 2},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_XDP,
			       .insns = ptr_to_u64(insns),
			       .insn_cnt = 2,
			       .license = ptr_to_u64("GPL")};
	u64 symbol = 7;
	u8 code[64] = {0};
	const struct bpf_prog_info ask = {.jited_ksyms = ptr_to_u64(&symbol),
					  .nr_jited_ksyms = 1,
					  .jited_prog_insns = ptr_to_u64(code),
					  .jited_prog_len = sizeof(code)};
	struct bpf_prog_info info = ask;
	struct host *host;
	int fd;

	check_eq(host_new(NULL, &host), 0);
	fd = sys_bpf(host, BPF_PROG_LOAD, &attr, sizeof(attr));
	check(fd >= 0);
	check_eq(get_from(host, fd, &info), 0);
	if (info.jited_prog_len) {
		check(symbol != 7 && code[0]);
		check_eq(info.jited_ksyms, ptr_to_u64(&symbol));

		/* Programs, but no addresses. */
		symbol = 7;
		memset(code, 0, sizeof(code));
		info = ask;
		host->caps = HOST_CAP_BPF;
		check_eq(get_from(host, fd, &info), 0);
		check(info.jited_prog_len > 0 && info.nr_jited_ksyms == 1);
		check(!info.jited_ksyms && !info.jited_prog_insns);
		check(symbol == 7 && !code[0]);
		check_eq(info.xlated_prog_len, sizeof(insns));

		/* Nothing. */
		info = ask;
		host->caps = 0;
		check_eq(get_from(host, fd, &info), 0);
		check(!info.jited_prog_len && !info.nr_jited_ksyms && !info.xlated_prog_len);
		check(symbol == 7 && !code[0]);
		check_eq(info.type, BPF_PROG_TYPE_XDP);
	} else {
		tap_skip("no JIT for this machine");
	}
	host_free(host);
}

int main(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bpf_prog_info user = {0};

		run_case(&cases[i], ANYBPF_ENGINE_USER, &user);
		run_case(&cases[i], ANYBPF_ENGINE_KERNEL, &user);
	}
	run_test(test_privileges);
	return tap_done();
}

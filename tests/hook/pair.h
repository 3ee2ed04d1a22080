/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program, loaded and run here and in the kernel, by BPF_PROG_TEST_RUN with
 * the same attributes. It may refer to one map, an array of u64 for results.
 */
#ifndef ANYBPF_TESTS_HOOK_PAIR_H
#define ANYBPF_TESTS_HOOK_PAIR_H

#include "helper/asm.h"
#include "helper/kernel.h"
#include "hook/hook.h"
#include "map/map.h"

#define PAIR_INSNS   2048
#define PAIR_RESULTS 64

struct pair_prog {
	enum bpf_prog_type type;
	u32 attach; /* enum bpf_attach_type */
	u32 cnt;
	struct bpf_insn insns[PAIR_INSNS];
};

static inline void pair_add(struct pair_prog *p, struct bpf_insn insn)
{
	if (p->cnt < PAIR_INSNS)
		p->insns[p->cnt++] = insn;
}

#define PAIR_ADD(p, ...)                                                                           \
	do {                                                                                       \
		struct bpf_insn add_[] = {__VA_ARGS__};                                            \
		for (size_t add_i_ = 0; add_i_ < ARRAY_SIZE(add_); add_i_++)                       \
			pair_add(p, add_[add_i_]);                                                 \
	} while (0)

/* Loads the address of the results, an array of u64, into a register. */
static inline void pair_add_results(struct pair_prog *p, u8 reg)
{
	PAIR_ADD(p, LOAD_IMM64(reg, BPF_PSEUDO_MAP_VALUE, 0, 0));
}

static inline void pair_add_imm(struct pair_prog *p, u8 reg, u64 value)
{
	PAIR_ADD(p, LOAD_IMM64(reg, 0, (u32)value, (u32)(value >> 32)));
}

static inline u32 pair_size_code(u32 size)
{
	return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

/* Tests keep the context here. */
#define PAIR_CTX 6

static inline int pair_map_create(struct host *host, struct map **map)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = PAIR_RESULTS * sizeof(u64);
	attr.max_entries = 1;
	return map_create(host, &attr, NULL, map, NULL);
}

static inline int pair_map_by_fd(void *arg, s32 fd, bool by_index, struct map **map)
{
	(void)fd;
	(void)by_index;
	*map = arg;
	object_get(&(*map)->obj);
	return 0;
}

/* 0, or what the load answers with its words in @log. */
static inline int pair_load_here(struct host *host, const struct pair_prog *p, struct map *map,
				 struct prog **prog, char *text, u32 size)
{
	const struct hook *hook = hook_find(p->type);
	struct prog_load_args args = {.type = p->type,
				      .expected_attach_type = p->attach,
				      .name = "",
				      .license = "GPL",
				      .insns = p->insns,
				      .insn_cnt = p->cnt,
				      .map_by_fd = pair_map_by_fd,
				      .fd_arg = map,
				      .hook = hook,
				      .rules = hook->rules};
	struct log log;
	int error;

	log_init(&log, &mem_libc, LOG_LEVEL1);
	error = prog_load(host, &args, &log, NULL, prog);
	text[0] = 0;
	if (error)
		snprintf(text, size, "%s", buf_str(&log.text));
	log_free(&log);
	return error;
}

/* Loads it and makes a BPF_PROG_TEST_RUN: what either returns. */
static inline int pair_run_here(struct host *host, const struct pair_prog *p, u64 *results,
				union bpf_attr *attr, char *log, u32 log_size)
{
	struct prog *prog = NULL;
	struct map *map;
	u32 key = 0;
	int error = pair_map_create(host, &map);

	if (error)
		return error;
	error = pair_load_here(host, p, map, &prog, log, log_size);
	if (!error) {
		error = prog->hook->test_run(host, prog, attr);
		if (map_user_lookup(map, &key, results, 0))
			abort();
		object_put(&prog->obj);
	}
	object_put(&map->obj);
	return error;
}

/* The same in the kernel. @log gets the verifier's words when it is refused. */
static inline int pair_run_kernel(const struct pair_prog *p, u64 *results, union bpf_attr *attr,
				  char *log, u32 log_size)
{
	struct bpf_insn insns[PAIR_INSNS];
	int map = kernel_array(PAIR_RESULTS * sizeof(u64), 0), prog, error;

	if (map < 0)
		return map;
	memcpy(insns, p->insns, p->cnt * sizeof(*insns));
	for (u32 i = 0; i < p->cnt; i++) {
		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			insns[i].imm = map;
		i++;
	}
	prog = kernel_load_for(p->type, p->attach, insns, p->cnt, log, log_size);
	error = prog;
	if (prog >= 0) {
		log[0] = 0;
		attr->test.prog_fd = (u32)prog;
		error = kernel_bpf(BPF_PROG_TEST_RUN, attr);
		if (!error)
			error = kernel_array_read(map, results);
		close(prog);
	}
	close(map);
	return error;
}

#endif

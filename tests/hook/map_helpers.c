/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every helper that takes a map with a map of every type: which go together is
 * asked of the kernel, with arguments that fit whatever the map is.
 */
#include "tap.h"

#include "helper/asm.h"
#include "hook/maps.h"

/* Where arguments that are memory point to: zeros, more than any map here has in a value. */
#define MEMORY 128

struct caller {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	bool sleepable;
};

/* Some program that gets the prototype; false when it needs a target. */
static bool find_caller(const struct helper_proto *proto, struct caller *c)
{
	for (u32 i = 0; i < helper_gate_cnt; i++) {
		const struct helper_gate *gate = &helper_gates[i];

		if (gate->index != helper_index(proto))
			continue;
		for (u32 t = 1; t < __MAX_BPF_PROG_TYPE; t++) {
			const struct hook *hook = hook_find((enum bpf_prog_type)t);
			u64 fit = hook->rules->attach_types ? hook->rules->attach_types : 1;

			fit &= gate->attach ? gate->attach : UINT64_MAX;
			if (!set_has(gate->progs, t) || hook->rules->ctx_by_btf || !fit ||
			    t == BPF_PROG_TYPE_EXT || t == BPF_PROG_TYPE_LIRC_MODE2)
				continue;
			c->type = (enum bpf_prog_type)t;
			c->attach = (enum bpf_attach_type)__builtin_ctzll(fit);
			c->sleepable =
				gate->when == HELPER_IF_SLEEPABLE || hook->rules->sleepable_only;
			return true;
		}
	}
	return false;
}

static bool takes_map(const struct helper_proto *proto)
{
	for (u32 i = 0; i < 5; i++)
		if (ARG_BASE(proto->arg[i]) == ARG_CONST_MAP_PTR)
			return true;
	return false;
}

/* What loads argument @reg; 0: no such argument can be made up. */
static u32 make_argument(const struct helper_proto *proto, u8 reg, s32 map, struct bpf_insn *insns)
{
	const struct bpf_insn load_map[] = {LOAD_IMM64(reg, BPF_PSEUDO_MAP_FD, map, 0)};

	switch (ARG_BASE(proto->arg[reg - 1])) {
	case ARG_DONTCARE:
	case ARG_ANYTHING:
		insns[0] = MOV_IMM(reg, 0);
		return 1;
	case ARG_CONST_MAP_PTR:
		memcpy(insns, load_map, sizeof(load_map));
		return ARRAY_SIZE(load_map);
	case ARG_PTR_TO_CTX:
		insns[0] = MOV_REG(reg, 6);
		return 1;
	case ARG_CONST_SIZE:
	case ARG_CONST_SIZE_OR_ZERO:
	case ARG_CONST_ALLOC_SIZE_OR_ZERO:
		insns[0] = MOV_IMM(reg, 8);
		return 1;
	case ARG_PTR_TO_MAP_KEY:
	case ARG_PTR_TO_MAP_VALUE:
	case ARG_PTR_TO_MEM:
		insns[0] = MOV_REG(reg, 10);
		insns[1] = ALU_IMM(BPF_ADD, reg, -MEMORY);
		return 2;
	default:
		return 0;
	}
}

static u32 make_program(const struct helper_proto *proto, s32 map, struct bpf_insn *insns)
{
	u32 n = 0;

	insns[n++] = MOV_REG(6, 1);
	for (s32 off = -MEMORY; off < 0; off += 8)
		insns[n++] = STORE_IMM(BPF_DW, 10, off, 0);
	for (u8 reg = 1; reg <= 5; reg++) {
		u32 more = make_argument(proto, reg, map, insns + n);

		if (!more)
			return 0;
		n += more;
	}
	insns[n++] = CALL(proto->id);
	insns[n++] = MOV_IMM(0, 1);
	insns[n++] = EXIT();
	return n;
}

static int ask_here(const struct caller *c, const struct bpf_insn *insns, u32 cnt, char *words,
		    u32 size)
{
	const struct verify_input input = {
		.mem = &mem_libc,
		.insns = insns,
		.insn_cnt = cnt,
		.type = c->type,
		.attach_type = c->attach,
		.prog_flags = c->sleepable ? BPF_F_SLEEPABLE : 0,
		.rules = hook_find(c->type)->rules,
		.gpl_compatible = true,
		.caps = HOST_CAP_ALL,
		.resolve_map = resolve_map,
		.vmlinux = give_vmlinux,
	};
	struct verify_result result;
	int error;

	if (verify(&input, &result))
		abort();
	error = result.error;
	snprintf(words, size, "%s", result.message);
	verify_result_free(&result);
	return error;
}

static int ask_kernel(const struct caller *c, struct bpf_insn *insns, u32 cnt, char *log, u32 size)
{
	union bpf_attr attr;
	int fd;

	use_kernel_maps(insns, cnt);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = c->type;
	attr.expected_attach_type = c->attach;
	attr.prog_flags = c->sleepable ? BPF_F_SLEEPABLE : 0;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = size;
	attr.log_level = 1;
	log[0] = 0;
	fd = kernel_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static const char *last_lines(const char *log)
{
	size_t len = strlen(log);

	return log + (len > 400 ? len - 400 : 0);
}

/* Our words are the end of Linux's, before the statistics. */
static bool same_words(const char *here, const char *log)
{
	char line[200];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(here, "\n"), here);
	return strstr(log, line);
}

static void test_pair(const struct helper_proto *proto, const struct caller *c,
		      const struct test_map *map)
{
	static char log[1 << 16];
	struct bpf_insn insns[64];
	char words[512];
	u32 cnt = make_program(proto, FAKE_FD + (s32)(map - maps), insns);
	int here, there;

	if (!cnt || map->fd < 0)
		return;
	here = ask_here(c, insns, cnt, words, sizeof(words));
	there = ask_kernel(c, insns, cnt, log, sizeof(log));
	/* Newer kernels say better why a map is none of programs. */
	if (here == there && proto->id == BPF_FUNC_tail_call)
		return;
	if (here != there || (here && !same_words(words, log)))
		tap_fail("%s, %s: %d %.200s; the kernel: %d %s", prog_type_name(c->type), map->name,
			 here, words, there, last_lines(log));
}

int main(void)
{
	bool kernel = kernel_usable();

	for (u32 i = 0; i < HELPER_CNT; i++) {
		const struct helper_proto *proto = &helper_protos[i];
		struct caller c;

		if (!takes_map(proto) || !find_caller(proto, &c))
			continue;
		tap_begin(proto->name);
		/* New ones: some belong to the type of the first program that uses them. */
		if (kernel)
			make_kernel_maps();
		else
			tap_skip("bpf() is refused");
		for (u32 m = 0; kernel && m < ARRAY_SIZE(maps); m++)
			test_pair(proto, &c, &maps[m]);
		tap_end();
	}
	return tap_done();
}

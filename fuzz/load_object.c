/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an object to load, on an engine that takes everything: what is
 * linked is in range, and nothing stays open.
 */
#include <errno.h>
#include <string.h>

#include "elf_mutate.h"
#include "fuzz.h"
#include "load/object.h"

struct fake {
	struct engine engine;
	int next_fd, open;
};

static void check_program(const union bpf_attr *attr)
{
	const struct bpf_insn *insns = u64_to_ptr(attr->insns);
	const struct bpf_func_info *info = u64_to_ptr(attr->func_info);

	fuzz_check(attr->insn_cnt);
	for (u32 i = 0; i < attr->insn_cnt; i++) {
		bool wide = insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
		s64 target = (s64)i + insns[i].imm + 1;

		if (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == BPF_PSEUDO_CALL)
			fuzz_check(target >= 0 && target < attr->insn_cnt);
		i += wide;
	}
	for (u32 i = 0; i < attr->func_info_cnt; i++)
		fuzz_check(info[i].insn_off < attr->insn_cnt);
}

static int fake_bpf(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr,
		    u32 size __unused)
{
	struct fake *fake = container_of(engine, struct fake, engine);

	if (cmd == BPF_PROG_LOAD)
		check_program(attr);
	if (cmd != BPF_PROG_LOAD && cmd != BPF_MAP_CREATE && cmd != BPF_BTF_LOAD)
		return 0;
	fake->open++;
	return fake->next_fd++;
}

static int fake_close(struct engine *engine, int fd __unused)
{
	container_of(engine, struct fake, engine)->open--;
	return 0;
}

static int fake_mmap(struct engine *engine __unused, int fd __unused, u64 offset __unused,
		     size_t size __unused, bool writable __unused, void **addr __unused)
{
	return -EOPNOTSUPP;
}

static const struct engine_ops fake_ops = {.bpf = fake_bpf, .close = fake_close, .mmap = fake_mmap};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake fake = {.engine.ops = &fake_ops, .next_fd = 3};
	struct anybpf ctx = {
		.own_mem = mem_libc, .mem = &mem_libc, .engine = &fake.engine, .nr_cpus = 2};
	struct anybpf_program *prog = NULL;
	struct anybpf_object *object;

	if (anybpf_object_open_mem(&ctx, data, size, "fuzz.o", &object))
		return 0;
	if (object_prepare(object))
		fuzz_check(ctx.err.text[0]);
	while (object->prepared && (prog = anybpf_object_next_program(object, prog))) {
		ctx.err.text[0] = 0;
		if (object_load_program(prog, 0))
			fuzz_check(ctx.err.text[0] && prog->load_error);
	}
	if (object->prepared)
		object_fill_prog_arrays(object);
	anybpf_object_close(object);
	fuzz_check(!fake.open);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's machine code out of the kernel: read back with BPF_OBJ_GET_INFO_BY_FD
 * and copied to memory of this process, where it is timed beside all others
 * without the cost of a test run. Three things in it know where it stood and
 * are changed: calls of its own functions, addresses of global data (which has a
 * copy here) and of functions, and the jump to the kernel's return thunk,
 * which becomes a return. Whatever else leaves the code makes it unfit.
 */
#include "linux_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "x86_length.h"

#define OP_CALL	  0xe8
#define OP_JUMP	  0xe9
#define OP_LEAVE  0xc9
#define OP_RETURN 0xc3
#define OP_GROUP5 0xff
#define FUNC_MAX  64
/* Kernel code starts so many bytes after a multiple of this, and so does its copy. */
#define ALIGNMENT 64

struct image {
	const struct linux_code *copy;
	u8 *code;
	u32 size;
	struct bpf_insn *insns; /* as the kernel has rewritten them */
	u32 insn_cnt;
	u32 func_cnt;
	u64 func_address[FUNC_MAX]; /* in the kernel */
	u32 func_size[FUNC_MAX];
	u8 *target; /* where the code will stand */
	u32 next;   /* in insns: wide loads before it have been met */
	const char *why;
};

static int get_info(const struct anybpf_program *prog, struct bpf_prog_info *info)
{
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)prog->fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = ptr_to_u64(info);
	return engine_bpf(prog->object->ctx->engine, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}

u32 linux_code_size(const struct anybpf_program *prog)
{
	struct bpf_prog_info info = {0};

	return get_info(prog, &info) ? 0 : info.jited_prog_len;
}

static int unfit(struct image *image, const char *why)
{
	image->why = why;
	return -EOPNOTSUPP;
}

static int read_image(const struct anybpf_program *prog, struct image *image)
{
	struct bpf_prog_info info = {0}, want = {0};
	int ret = get_info(prog, &info);

	if (ret)
		return ret;
	image->size = want.jited_prog_len = info.jited_prog_len;
	want.xlated_prog_len = info.xlated_prog_len;
	image->insn_cnt = info.xlated_prog_len / (u32)sizeof(*image->insns);
	image->func_cnt = want.nr_jited_ksyms = want.nr_jited_func_lens = info.nr_jited_ksyms;
	if (!image->size || !image->insn_cnt || !image->func_cnt || image->func_cnt > FUNC_MAX)
		return unfit(image, "the kernel does not show it");
	image->code = calloc(1, image->size);
	image->insns = calloc(1, info.xlated_prog_len);
	if (!image->code || !image->insns)
		return -ENOMEM;
	want.jited_prog_insns = ptr_to_u64(image->code);
	want.xlated_prog_insns = ptr_to_u64(image->insns);
	want.jited_ksyms = ptr_to_u64(image->func_address);
	want.jited_func_lens = ptr_to_u64(image->func_size);
	ret = get_info(prog, &want);
	if (!ret && !image->func_address[0])
		return unfit(image, "the kernel does not show its address");
	return ret;
}

/* Where an address in the kernel's code of the program is in the copy; NULL outside. */
static u8 *copy_of(const struct image *image, u64 address)
{
	u32 offset = 0;

	for (u32 i = 0; i < image->func_cnt; i++) {
		u64 at = address - image->func_address[i];

		if (at < image->func_size[i])
			return image->target + offset + at;
		offset += image->func_size[i];
	}
	return NULL;
}

/* The copy of the data map that has the kernel's id. */
static u8 *data_of_map(const struct image *image, u32 id)
{
	const struct anybpf_object *object = image->copy->object;

	for (u32 i = 0; i < object->map_cnt; i++) {
		struct bpf_map_info info = {0};
		union bpf_attr attr = {0};

		attr.info.bpf_fd = (u32)object->maps[i].fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = ptr_to_u64(&info);
		if (!engine_bpf(object->ctx->engine, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) &&
		    info.id == id)
			return image->copy->data[i];
	}
	return NULL;
}

/* The wide load that a 64-bit constant in the code comes from: they are in the same order. */
static const struct bpf_insn *wide_load(struct image *image, u64 value)
{
	while (image->next + 1 < image->insn_cnt) {
		const struct bpf_insn *insn = &image->insns[image->next++];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		image->next++;
		/* Constants of 32 bits have a shorter form. */
		if (insn->src_reg || ((u64)(u32)insn[1].imm << 32 | (u32)insn->imm) == value)
			return insn;
	}
	return NULL;
}

static int move_constant(struct image *image, u8 *field)
{
	const struct bpf_insn *insn;
	u64 value;
	u8 *here;

	memcpy(&value, field, sizeof(value));
	insn = wide_load(image, value);
	if (!insn)
		return unfit(image, "it has an address that is not the program's");
	here = copy_of(image, value);
	if (!here && insn->src_reg == BPF_PSEUDO_MAP_VALUE) {
		here = data_of_map(image, (u32)insn->imm);
		if (here)
			here += (u32)insn[1].imm;
	}
	if (!here && !insn->src_reg)
		return 0;
	if (!here)
		return unfit(image, "it uses maps");
	value = ptr_to_u64(here);
	memcpy(field, &value, sizeof(value));
	return 0;
}

/* A call or a jump with 32 bits of distance, at @at of a function that starts at @start. */
static int move_branch(struct image *image, u32 func, u32 start, u32 at,
		       const struct x86_insn *insn, bool after_leave)
{
	u8 *field = image->code + at + insn->imm_offset, *to;
	u64 end = image->func_address[func] + (at - start) + insn->length;
	s32 distance;

	memcpy(&distance, field, sizeof(distance));
	to = copy_of(image, end + (u64)(s64)distance);
	if (to) {
		distance = (s32)(to - (image->target + at + insn->length));
		memcpy(field, &distance, sizeof(distance));
		return 0;
	}
	if (insn->opcode == OP_JUMP && after_leave) {
		image->code[at] = OP_RETURN;
		return 0;
	}
	return unfit(image, insn->opcode == OP_CALL ? "it calls helpers" : "it jumps elsewhere");
}

static int move_function(struct image *image, u32 func, u32 start)
{
	bool after_leave = false;

	for (u32 at = start, end = start + image->func_size[func]; at < end;) {
		struct x86_insn insn;
		int ret = 0;

		if (x86_decode(image->code + at, end - at, &insn))
			return unfit(image, "it has an instruction that is not known here");
		if (insn.segment)
			return unfit(image, "it uses the kernel's per-CPU memory");
		if (insn.opcode == OP_GROUP5 && (insn.modrm >> 3 & 7) >= 2 &&
		    (insn.modrm >> 3 & 7) <= 5)
			return unfit(image, "it has an indirect jump");
		if (insn.opcode == OP_CALL || insn.opcode == OP_JUMP)
			ret = move_branch(image, func, start, at, &insn, after_leave);
		else if (insn.imm_size == 8)
			ret = move_constant(image, image->code + at + insn.imm_offset);
		if (ret)
			return ret;
		after_leave = insn.opcode == OP_LEAVE;
		at += insn.length;
	}
	return 0;
}

static int move_image(struct image *image)
{
	u32 start = 0;
	int ret = 0;

	for (u32 i = 0; i < image->func_cnt && !ret; i++) {
		if (image->func_size[i] > image->size - start)
			return unfit(image, "its functions are longer than it is");
		ret = move_function(image, i, start);
		start += image->func_size[i];
	}
	return ret;
}

static int copy_data(struct linux_code *code)
{
	const struct anybpf_object *object = code->object;

	code->data = calloc(object->map_cnt + 1, sizeof(*code->data));
	if (!code->data)
		return -ENOMEM;
	for (u32 i = 0; i < object->map_cnt; i++) {
		const struct spec_map *spec = object->maps[i].spec;

		if (spec->data == DATA_NONE)
			continue;
		code->data[i] = calloc(1, spec->value_size);
		if (!code->data[i])
			return -ENOMEM;
	}
	return linux_code_fill(code);
}

int linux_code_fill(struct linux_code *code)
{
	const u32 key = 0;
	int ret = 0;

	for (u32 i = 0; i < code->object->map_cnt && !ret; i++) {
		if (code->data[i])
			ret = anybpf_map_lookup(&code->object->maps[i], &key, sizeof(key),
						code->data[i],
						code->object->maps[i].spec->value_size, 0);
	}
	return ret;
}

int linux_code_read(const struct anybpf_program *prog, struct linux_code *code, const char **why)
{
	struct image image = {.copy = code};
	int ret = read_image(prog, &image);

	code->object = prog->object;
	if (!ret)
		ret = copy_data(code);
	if (ret)
		goto out;
	code->pages_size = ROUND_UP((size_t)image.size + ALIGNMENT, os_page_size());
	code->pages = os_pages_alloc(code->pages_size);
	if (!code->pages) {
		ret = -ENOMEM;
		goto out;
	}
	image.target = (u8 *)code->pages + image.func_address[0] % ALIGNMENT;
	ret = move_image(&image);
	if (ret)
		goto out;
	memcpy(image.target, image.code, image.size);
	ret = os_pages_make_executable(code->pages, code->pages_size);
	code->entry = (u64(*)(void *))(uintptr_t)image.target;
out:
	*why = image.why;
	if (ret)
		linux_code_free(code);
	free(image.code);
	free(image.insns);
	return ret;
}

void linux_code_free(struct linux_code *code)
{
	for (u32 i = 0; code->data && i < code->object->map_cnt; i++)
		free(code->data[i]);
	free(code->data);
	if (code->pages)
		os_pages_free(code->pages, code->pages_size);
	memset(code, 0, sizeof(*code));
}

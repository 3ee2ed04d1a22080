/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the JIT that is the same for all machines: the passes, the
 * pages, the fault table, the image. Pages are writable while code is written
 * and executable afterwards, never both.
 */
#include "jit/jit.h"

#include <errno.h>

#include "base/os.h"
#include "isa/isa.h"
#include "jit/simple/target.h"

/* Passes that shorten jumps; each finds fewer of them. */
#define SHORTEN_PASSES 2

struct jit_image {
	u8 *code;
	u32 size;
	size_t pages; /* bytes mapped */
	u32 *offsets; /* insn_cnt + 1 */
	struct fault_fixup *fixups;
	u32 fixup_cnt;
};

void jit_fixup(struct jit *jit, u32 at, u32 resume, u8 zero_reg)
{
	if (jit->fixups)
		jit->fixups[jit->fixup_cnt] =
			(struct fault_fixup){.at = at, .resume = resume, .zero_reg = zero_reg};
	jit->fixup_cnt++;
}

bool jit_jump_is_short(struct jit *jit, u32 index, u32 target, bool forward, u32 short_len)
{
	/* Ahead both ends are of the pass before, behind both are of this one. */
	u32 end = forward ? jit->offsets[index + 1] : jit->at + short_len;
	u32 distance = forward ? target - end : end - target;

	if (jit->may_shorten && distance <= (forward ? 127 : 128))
		jit->is_short[index] = true;
	return jit->is_short[index];
}

/* ---- what frames need ---- */

static void scan_insn(const struct bpf_insn *insn, struct jit *jit, struct jit_frame *frame)
{
	bool is_jump = BPF_CLASS(insn->code) == BPF_JMP;
	u8 mode = BPF_MODE(insn->code);

	frame->regs_used |= (u16)BIT(insn->dst_reg);
	frame->regs_used |= (u16)BIT(insn->src_reg);
	if (BPF_CLASS(insn->code) == BPF_LD && (mode == BPF_ABS || mode == BPF_IND))
		frame->calls = frame->needs_run = true;
	if (is_jump && BPF_OP(insn->code) == BPF_CALL)
		frame->calls = frame->needs_run = true;
	if (is_jump && BPF_OP(insn->code) == BPF_TAIL_CALL)
		jit->has_tail_call = frame->needs_run = true;
	if (is_jump && BPF_OP(insn->code) == BPF_JCOND)
		frame->has_may_goto = true;
}

static void scan(struct jit *jit)
{
	const struct prog *prog = jit->prog;

	for (u32 s = 0; s < prog->subprog_cnt; s++) {
		for (u32 i = prog->subprogs[s].start; i < prog->subprogs[s].end; i++) {
			scan_insn(&prog->insns[i], jit, &jit->frames[s]);
			i += isa_slots(&prog->insns[i]) - 1;
		}
	}
}

/* ---- passes ---- */

static int emit_subprog(struct jit *jit)
{
	const struct subprog *sub = jit_subprog(jit);
	int ret;

	jit_frame(jit)->entry = jit->at;
	simple_native->prologue(jit);
	for (u32 i = sub->start; i < sub->end; i++) {
		jit->offsets[i] = jit->at;
		ret = simple_native->insn(jit, i);
		if (ret)
			return ret;
		if (isa_is_wide(&jit->prog->insns[i]))
			jit->offsets[++i] = jit->at;
	}
	jit_frame(jit)->leave = jit->at;
	simple_native->epilogue(jit);
	return 0;
}

static int emit_pass(struct jit *jit)
{
	jit->at = 0;
	jit->fixup_cnt = 0;
	for (u32 s = 0; s < jit->prog->subprog_cnt; s++) {
		int ret;

		jit->subprog = s;
		ret = emit_subprog(jit);
		if (ret)
			return ret;
		if (jit->at > INT32_MAX / 2)
			return err_set(jit->err, -E2BIG, "machine code of more than 1 GiB");
	}
	jit->offsets[jit->prog->insn_cnt] = jit->at;
	return 0;
}

/* Maps pages for at most @size bytes of code, so that the code's place is known. */
static int map_pages(struct jit_image *image, u32 size)
{
	image->pages = ROUND_UP((size_t)size + JIT_SLACK, os_page_size());
	image->code = os_pages_alloc(image->pages);
	return image->code ? 0 : -ENOMEM;
}

/* Gives back what the first measure asked for in vain. */
static void trim_pages(struct jit_image *image)
{
	size_t keep = ROUND_UP((size_t)image->size + JIT_SLACK, os_page_size());

	if (keep == image->pages)
		return;
	os_pages_free(image->code + keep, image->pages - keep);
	image->pages = keep;
}

static int write_code(struct jit *jit, struct jit_image *image)
{
	const struct mem *mem = jit->prog->obj.host->mem;
	int ret;

	image->size = jit->at;
	image->fixup_cnt = jit->fixup_cnt;
	trim_pages(image);
	if (image->fixup_cnt) {
		image->fixups = mem_zalloc_array(mem, image->fixup_cnt, sizeof(*image->fixups));
		if (!image->fixups)
			return -ENOMEM;
	}
	memset(image->code, simple_native->padding, image->pages);
	jit->code = image->code;
	jit->fixups = image->fixups;
	ret = emit_pass(jit);
	if (ret)
		return ret;
	if (jit->at != image->size || jit->fixup_cnt != image->fixup_cnt)
		return err_set(jit->err, -EFAULT, "machine code changed size in its last pass");
	memset(image->code + jit->at, simple_native->padding, image->pages - jit->at);
	return os_pages_make_executable(image->code, image->pages);
}

static int compile(struct jit *jit, struct jit_image *image)
{
	int ret = emit_pass(jit);

	if (ret)
		return ret;
	ret = map_pages(image, jit->at);
	if (ret)
		return ret;
	jit->base = image->code;
	jit->may_shorten = true;
	for (u32 i = 0; i < SHORTEN_PASSES; i++) {
		ret = emit_pass(jit);
		if (ret)
			return ret;
	}
	jit->may_shorten = false;
	ret = write_code(jit, image);
	if (ret || !image->fixup_cnt)
		return ret;
	ret = fault_register(image->code, image->size, image->fixups, image->fixup_cnt);
	if (ret)
		image->fixup_cnt = 0; /* nothing to unregister */
	return ret;
}

/* ---- images ---- */

static void image_free(const struct mem *mem, struct jit_image *image)
{
	if (!image)
		return;
	os_pages_free(image->code, image->pages);
	mem_free(mem, image->offsets);
	mem_free(mem, image->fixups);
	mem_free(mem, image);
}

static void install(struct prog *prog, struct jit_image *image, const struct jit *jit)
{
	for (u32 s = 0; s < prog->subprog_cnt; s++) {
		uintptr_t entry = (uintptr_t)image->code + jit->frames[s].entry;

		prog->subprogs[s].entry = (jit_entry)entry;
	}
	prog->jit = image;
}

int jit_compile(struct prog *prog, const struct jit_options *options __unused, struct err *err)
{
	const struct mem *mem = prog->obj.host->mem;
	struct jit jit = {.prog = prog, .err = err};
	struct jit_image *image;
	int ret = -ENOMEM;

	if (!simple_native)
		return err_set(err, -EOPNOTSUPP, "no JIT compiler for this machine");
	image = mem_zalloc(mem, sizeof(*image));
	if (!image)
		return -ENOMEM;
	image->offsets = mem_zalloc_array(mem, (size_t)prog->insn_cnt + 1, sizeof(u32));
	jit.offsets = image->offsets;
	jit.frames = mem_zalloc_array(mem, prog->subprog_cnt, sizeof(*jit.frames));
	jit.is_short = mem_zalloc_array(mem, prog->insn_cnt, sizeof(*jit.is_short));
	if (!jit.offsets || !jit.frames || !jit.is_short)
		goto out;
	scan(&jit);
	ret = compile(&jit, image);
	if (ret)
		goto out;
	install(prog, image, &jit);
	image = NULL;
out:
	image_free(mem, image);
	mem_free(mem, jit.frames);
	mem_free(mem, jit.is_short);
	return ret;
}

bool jit_present(void)
{
	return simple_native;
}

void jit_free(struct prog *prog)
{
	struct jit_image *image = prog->jit;

	if (!image)
		return;
	for (u32 s = 0; s < prog->subprog_cnt; s++)
		prog->subprogs[s].entry = NULL;
	prog->jit = NULL;
	if (image->fixup_cnt)
		fault_unregister(image->code);
	image_free(prog->obj.host->mem, image);
}

__no_sanitize_function u64 jit_run(struct run *run, const struct subprog *fn, u64 r1, u64 r2,
				   u64 r3, u64 r4, u64 r5)
{
	const struct prog *before = run->prog;
	u64 r0;

	run->prog = fn->prog;
	r0 = fn->entry(r1, r2, r3, r4, r5, run);
	run->prog = before;
	return r0;
}

const void *jit_code(const struct prog *prog, size_t *size)
{
	if (!prog->jit)
		return NULL;
	*size = prog->jit->size;
	return prog->jit->code;
}

const u32 *jit_insn_offsets(const struct prog *prog, u32 *n)
{
	if (!prog->jit)
		return NULL;
	*n = prog->insn_cnt + 1;
	return prog->jit->offsets;
}

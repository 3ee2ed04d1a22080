/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of machine code and the tables beside them. */
#include "jit/image.h"

#include <errno.h>

#include "base/os.h"
#include "jit/report/report.h"
#include "jit/runtime.h"
#include "jit/target.h"

int image_reserve(struct jit_image *image, size_t size)
{
	image->pages = ROUND_UP(size, os_page_size());
	image->code = os_pages_alloc_near(image->pages, (const void *)(uintptr_t)jit_runtime[0].fn);
	image->base = image->code;
	return image->code ? 0 : -ENOMEM;
}

static void trim(struct jit_image *image)
{
	size_t keep = ROUND_UP((size_t)image->size, os_page_size());

	if (keep == image->pages)
		return;
	os_pages_free(image->code + keep, image->pages - keep);
	image->pages = keep;
}

/* Instructions with no code of their own have UINT32_MAX. */
static int make_offsets(struct jit_image *image, const struct prog *prog, const struct mem *mem)
{
	image->offsets = mem_alloc(mem, ((size_t)prog->insn_cnt + 1) * sizeof(u32));
	if (!image->offsets)
		return -ENOMEM;
	for (u32 i = 0; i < prog->insn_cnt; i++)
		image->offsets[i] = UINT32_MAX;
	image->offsets[prog->insn_cnt] = image->size;
	for (u32 i = image->line_cnt; i-- > 0;)
		if (image->lines[i].pc < prog->insn_cnt)
			image->offsets[image->lines[i].pc] = image->lines[i].offset;
	return 0;
}

static int make_executable(struct jit_image *image, struct err *err)
{
	int ret = os_pages_make_executable(image->code, image->pages);

	if (ret)
		err_set(err, ret, "executable memory is refused: %s", strerror(-ret));
	return ret;
}

/* Hands a vector's memory over. */
#define TAKE(vec, array, count)                                                                    \
	((array) = (vec).at, (count) = (u32)(vec).len, (vec).at = NULL, (vec).len = (vec).cap = 0)

int image_finish(struct jit_image *image, const struct prog *prog, struct jit_code *code)
{
	int ret;

	if (code->buf.len > image->pages)
		return -E2BIG;
	image->size = (u32)code->buf.len;
	trim(image);
	memcpy(image->code, code->buf.data, image->size);
	memset(image->code + image->size, code->unit->target->padding, image->pages - image->size);
	TAKE(code->lines, image->lines, image->line_cnt);
	TAKE(code->fixups, image->fixups, image->fixup_cnt);
	TAKE(code->funcs, image->funcs, image->func_cnt);
	TAKE(code->frames, image->frames, image->frame_cnt);
	image->stubs_at = code->stubs_at;
	ret = make_executable(image, code->unit->err);
	return ret ? ret : image_register(image, prog);
}

int image_register(struct jit_image *image, const struct prog *prog)
{
	int ret = make_offsets(image, prog, prog->obj.host->mem);

	if (ret || !image->fixup_cnt)
		return ret;
	ret = fault_register(image->code, image->size, image->fixups, image->fixup_cnt);
	image->registered = !ret;
	return ret;
}

void image_install(struct jit_image *image, struct prog *prog)
{
	for (u32 i = 0; i < image->func_cnt; i++) {
		const struct jit_func *func = &image->funcs[i];
		uintptr_t entry = (uintptr_t)image->code + func->start;

		prog->subprogs[func->subprog].entry = (jit_entry)entry;
	}
	prog->jit = image;
	prog->entry = prog->subprogs[0].entry;
	jit_report(prog, image);
}

void image_free(const struct mem *mem, struct jit_image *image)
{
	if (!image)
		return;
	if (image->registered)
		fault_unregister(image->code);
	os_pages_free(image->base, image->pages);
	mem_free(mem, image->offsets);
	mem_free(mem, image->fixups);
	mem_free(mem, image->lines);
	mem_free(mem, image->funcs);
	mem_free(mem, image->frames);
	mem_free(mem, image);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine code in its pages, with what is known of its places. Pages are
 * writable while code is written and executable afterwards, never both.
 */
#ifndef ANYBPF_JIT_IMAGE_H
#define ANYBPF_JIT_IMAGE_H

#include "jit/code.h"

struct jit_image {
	u8 *code;
	u32 size;
	u8 *base;     /* what is mapped; of compiled programs the code's own address */
	size_t pages; /* bytes of it */
	u32 *offsets; /* insn_cnt + 1, see jit_insn_offsets() */
	struct fault_fixup *fixups;
	u32 fixup_cnt;
	bool registered;	/* with the fault handler */
	struct jit_line *lines; /* by offset */
	u32 line_cnt;
	struct jit_func *funcs;
	u32 func_cnt;
	struct jit_frame *frames; /* by offset */
	u32 frame_cnt;
	u32 stubs_at;		       /* see locate.c */
	void *reports[JIT_REPORT_CNT]; /* what each report keeps as long as the code is there */
	struct deferred deferred;
};

/* Maps @size bytes where code is to stand; 0 or -ENOMEM. */
int image_reserve(struct jit_image *image, size_t size);
/*
 * Takes finished code over: copies it, gives back pages that are left over,
 * makes them executable and registers what may fault. -E2BIG when the
 * reserved pages do not suffice, -ENOMEM, -EACCES or -EPERM when pages may not
 * become executable.
 */
int image_finish(struct jit_image *image, const struct prog *prog, struct jit_code *code);
/* The end of that, for code that is in its place: tables are filled in, .pages not touched. */
int image_register(struct jit_image *image, const struct prog *prog);
/* The program runs it from now on, and it goes with the program. */
void image_install(struct jit_image *image, struct prog *prog);
void image_free(const struct mem *mem, struct jit_image *image);

#endif

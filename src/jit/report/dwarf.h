/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug information of machine code, in DWARF 4: one compilation unit with
 * the functions by their names in the source, and the table of lines. What a
 * program's BTF does not tell (where variables are) is not there.
 */
#ifndef ANYBPF_JIT_REPORT_DWARF_H
#define ANYBPF_JIT_REPORT_DWARF_H

#include "base/buf.h"
#include "jit/image.h"

/* The sections' bytes are appended to @out, which remembers a want of memory. */
void dwarf_put_abbrev(struct buf *out);
/* @image is for machine code of @prog that stands where it says. */
void dwarf_put_info(struct buf *out, const struct prog *prog, const struct jit_image *image);
void dwarf_put_line(struct buf *out, const struct prog *prog, const struct jit_image *image);

#endif

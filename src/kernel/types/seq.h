/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that is written while it is read: what iterator programs print into. */
#ifndef ANYBPF_KERNEL_TYPES_SEQ_H
#define ANYBPF_KERNEL_TYPES_SEQ_H

#include "kernel/types/base.h"

struct seq_file {
	char *buf;
	u64 size;
	u64 from;
	u64 count; /* as much as .size: more was written than there is room for */
	u64 pad_until;
	s64 index;
	s64 read_pos;
	const struct file *file;
	void *private;
};

#endif

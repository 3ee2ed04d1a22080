/* SPDX-License-Identifier: BSD-2-Clause */
/* What iterator programs print: into a file that knows when it is full. */
#include "kernel/types/seq.h"

#include <string.h>

#include "helper/format.h"

static bool is_full(const struct seq_file *seq)
{
	return seq->count >= seq->size;
}

DEFINE_HELPER(helper_seq_write)
{
	struct seq_file *seq = u64_to_ptr(r1);
	u32 len = (u32)r3;

	if (seq->count + len >= seq->size) {
		seq->count = seq->size;
		return helper_error(-EOVERFLOW);
	}
	memcpy(seq->buf + seq->count, u64_to_ptr(r2), len);
	seq->count += len;
	return 0;
}

DEFINE_HELPER(helper_seq_printf)
{
	struct seq_file *seq = u64_to_ptr(r1);
	u32 args_size = (u32)r5;
	u64 room = seq->size - seq->count;
	long len;

	if (args_size % 8 || args_size / 8 > FORMAT_MAX_ARGS || (args_size && !r4))
		return helper_error(-EINVAL);
	len = format_text(run, seq->buf + seq->count, room, u64_to_ptr(r2), (u32)r3, u64_to_ptr(r4),
			  args_size / 8);
	if (len < 0)
		return helper_error((int)len);
	seq->count = (u64)len < room ? seq->count + (u64)len : seq->size;
	return is_full(seq) ? helper_error(-EOVERFLOW) : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a classic filter: refused, or translated to legal instructions. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "isa/cbpf.h"
#include "isa/isa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 len = (u32)(size / sizeof(struct sock_filter)), cnt;
	struct sock_filter *filter = malloc(len ? len * sizeof(*filter) : 1);
	struct bpf_insn *insns;
	struct isa_error wrong;
	struct err err = {0};
	int ret;

	if (!filter)
		return 0;
	memcpy(filter, data, len * sizeof(*filter));
	ret = cbpf_translate(NULL, filter, len, NULL, &insns, &cnt, &err);
	fuzz_check(ret == 0 || ret == -EINVAL || ret == -EOPNOTSUPP);
	fuzz_check(!ret == !err.code);
	if (!ret)
		fuzz_check(isa_check(insns, cnt, &wrong) == 0);
	mem_free(&mem_libc, insns);
	free(filter);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/vec.h"

bool vec_grow_(const struct mem *mem, void **at, size_t *cap, size_t len, size_t more, size_t size)
{
	size_t need, bytes, want = *cap ? *cap : 8;
	void *p;

	if (__builtin_add_overflow(len, more, &need) || need > SIZE_MAX / 4)
		return false;
	if (need <= *cap)
		return true;
	while (want < need)
		want *= 2;
	if (__builtin_mul_overflow(want, size, &bytes))
		return false;
	p = mem_realloc(mem, *at, bytes);
	if (!p)
		return false;
	*at = p;
	*cap = want;
	return true;
}

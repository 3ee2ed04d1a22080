/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed growable arrays:
 *
 *	VEC(struct bpf_insn) insns = {0};
 *	if (!vec_push(&insns, mem, insn))
 *		return -ENOMEM;
 *	vec_each(&insns, p) use(p);
 *	vec_free(&insns, mem);
 */
#ifndef ANYBPF_BASE_VEC_H
#define ANYBPF_BASE_VEC_H

#include "base/mem.h"

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *at;                                                                          \
		size_t len, cap;                                                                   \
	}

/* Makes room for @n more elements; false when out of memory. */
#define vec_reserve(v, mem, n)                                                                     \
	vec_grow_((mem), (void **)&(v)->at, &(v)->cap, (v)->len, (n), sizeof(*(v)->at))

/* Appends a value; false when out of memory. */
#define vec_push(v, mem, ...)                                                                      \
	(vec_reserve(v, mem, 1) && ((v)->at[(v)->len++] = (__VA_ARGS__), true))

#define vec_each(v, p)                                                                             \
	for (__typeof__((v)->at) p = (v)->at; (v)->len && p < (v)->at + (v)->len; p++)

#define vec_free(v, mem)                                                                           \
	(mem_free((mem), (v)->at), (v)->at = NULL, (v)->len = (v)->cap = 0, (void)0)

bool vec_grow_(const struct mem *mem, void **at, size_t *cap, size_t len, size_t more, size_t size);

/* Of @n structs at @array in the order of .member: the first that is @least or more, or @n. */
#define first_from(array, n, member, least)                                                        \
	({                                                                                         \
		u32 lo_ = 0, hi_ = (n);                                                            \
                                                                                                   \
		while (lo_ < hi_) {                                                                \
			u32 mid_ = lo_ + (hi_ - lo_) / 2;                                          \
                                                                                                   \
			if ((array)[mid_].member < (least))                                        \
				lo_ = mid_ + 1;                                                    \
			else                                                                       \
				hi_ = mid_;                                                        \
		}                                                                                  \
		lo_;                                                                               \
	})

#endif

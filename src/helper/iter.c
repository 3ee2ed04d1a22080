/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterators that need nothing but the program: over numbers and over bits.
 * Their state is on the program's stack, in structures whose size is ABI.
 */
#include <string.h>

#include "helper/kfunc_functions.h"

/* ---- numbers ---- */

struct iter_num {
	s32 cur; /* what was given last */
	s32 end;
};

DEFINE_HELPER(kfunc_iter_num_new)
{
	struct iter_num *it = u64_to_ptr(r1);
	s32 start = (s32)r2, end = (s32)r3;
	int error = start > end ? -EINVAL : (s64)end - start > BPF_MAX_LOOPS ? -E2BIG : 0;

	*it = (struct iter_num){0};
	if (!error) {
		/* One less than the least number is fine: it is only compared as one more. */
		it->cur = (s32)((u32)start - 1);
		it->end = end;
	}
	return helper_error(error);
}

DEFINE_HELPER(kfunc_iter_num_next)
{
	struct iter_num *it = u64_to_ptr(r1);
	s32 next = (s32)((u32)it->cur + 1);

	if (next >= it->end) {
		*it = (struct iter_num){0};
		return 0;
	}
	it->cur = next;
	return ptr_to_u64(&it->cur);
}

DEFINE_HELPER(kfunc_iter_num_destroy)
{
	*(struct iter_num *)u64_to_ptr(r1) = (struct iter_num){0};
	return 0;
}

/* ---- bits ---- */

#define BITS_MAX_WORDS 511 /* Linux's limit: with a header it fits in a page */

struct iter_bits {
	union {
		u64 word; /* of one word */
		u64 *words;
	};
	u32 nr_bits;
	s32 bit; /* what was given last */
};

static void free_words(struct run *run, void *words)
{
	mem_free(run->host->mem, words);
}

/* A copy of the words, which the program may change as it goes. */
static int take_words(struct run *run, struct iter_bits *it, u64 from, u32 n)
{
	const struct environment *env = &run->host->env;
	u64 *words;
	int error;

	if (n == 1)
		return env->read_memory(env->ctx, &it->word, from, sizeof(it->word));
	words = mem_alloc(run->host->mem, n * sizeof(*words));
	if (!words)
		return -ENOMEM;
	error = env->read_memory(env->ctx, words, from, n * sizeof(*words));
	if (!error && !budget_hold(run, words, free_words))
		error = -ENOMEM;
	if (error)
		mem_free(run->host->mem, words);
	else
		it->words = words;
	return error;
}

DEFINE_HELPER(kfunc_iter_bits_new)
{
	struct iter_bits *it = u64_to_ptr(r1);
	u32 n = (u32)r3;
	int error;

	*it = (struct iter_bits){.bit = -1};
	if (!r2 || !n)
		return helper_error(-EINVAL);
	if (n > BITS_MAX_WORDS)
		return helper_error(-E2BIG);
	error = take_words(run, it, r2, n);
	if (!error)
		it->nr_bits = n * 64;
	return helper_error(error);
}

DEFINE_HELPER(kfunc_iter_bits_next)
{
	struct iter_bits *it = u64_to_ptr(r1);
	const u64 *words = it->nr_bits > 64 ? it->words : &it->word;
	u32 bit = (u32)(it->bit + 1);

	while (bit < it->nr_bits) {
		u64 rest = words[bit / 64] >> bit % 64;

		if (rest) {
			it->bit = (s32)(bit + (u32)__builtin_ctzll(rest));
			return ptr_to_u64(&it->bit);
		}
		bit = (bit / 64 + 1) * 64;
	}
	it->bit = (s32)it->nr_bits;
	return 0;
}

DEFINE_HELPER(kfunc_iter_bits_destroy)
{
	struct iter_bits *it = u64_to_ptr(r1);

	if (it->nr_bits > 64) {
		if (unlikely(run->budget.nheld))
			budget_release(run, it->words);
		mem_free(run->host->mem, it->words);
	}
	*it = (struct iter_bits){0};
	return 0;
}

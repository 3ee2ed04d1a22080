/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of CPUs that programs make. Bits beyond the host's CPUs are never set. */
#include <string.h>

#include "helper/kfunc_functions.h"
#include "helper/kobj.h"
#include "kernel/types/cpumask.h"

#define BITS_PER_WORD (8 * sizeof(unsigned long))

static void cpumask_free(struct kernel_object *kobj)
{
	mem_free(kobj->obj.host->mem, container_of(kobj, struct bpf_cpumask, host_object));
}

static const struct kernel_object_ops cpumask_ops = {
	.object = {.kind = OBJECT_KINDS, .free = kernel_object_release}, /* it has no number */
	.free = cpumask_free,
};

DEFINE_HELPER(kfunc_cpumask_create)
{
	struct bpf_cpumask *mask = mem_zalloc(run->host->mem, sizeof(*mask));

	if (!mask)
		return 0;
	kernel_object_init(&mask->host_object, &cpumask_ops, run->host);
	return give_kernel_object(run, mask, &mask->host_object);
}

DEFINE_HELPER(kfunc_cpumask_acquire)
{
	struct bpf_cpumask *mask = u64_to_ptr(r1);

	kernel_object_get(&mask->host_object);
	return give_kernel_object(run, mask, &mask->host_object);
}

DEFINE_HELPER(kfunc_cpumask_release)
{
	struct bpf_cpumask *mask = u64_to_ptr(r1);

	take_kernel_object(run, &mask->host_object);
	return 0;
}

/* ---- single CPUs ---- */

static u32 cpus_of(const struct run *run)
{
	return run->host->env.nr_cpus;
}

static unsigned long *word_of(u64 mask, u32 cpu)
{
	return &((struct cpumask *)u64_to_ptr(mask))->bits[cpu / BITS_PER_WORD];
}

static unsigned long bit_of(u32 cpu)
{
	return 1ul << cpu % BITS_PER_WORD;
}

DEFINE_HELPER(kfunc_cpumask_set_cpu)
{
	if ((u32)r1 < cpus_of(run))
		__atomic_fetch_or(word_of(r2, (u32)r1), bit_of((u32)r1), __ATOMIC_RELAXED);
	return 0;
}

DEFINE_HELPER(kfunc_cpumask_clear_cpu)
{
	if ((u32)r1 < cpus_of(run))
		__atomic_fetch_and(word_of(r2, (u32)r1), ~bit_of((u32)r1), __ATOMIC_RELAXED);
	return 0;
}

DEFINE_HELPER(kfunc_cpumask_test_cpu)
{
	return (u32)r1 < cpus_of(run) && *word_of(r2, (u32)r1) & bit_of((u32)r1);
}

DEFINE_HELPER(kfunc_cpumask_test_and_set_cpu)
{
	unsigned long bit = bit_of((u32)r1);

	return (u32)r1 < cpus_of(run) &&
	       __atomic_fetch_or(word_of(r2, (u32)r1), bit, __ATOMIC_SEQ_CST) & bit;
}

DEFINE_HELPER(kfunc_cpumask_test_and_clear_cpu)
{
	unsigned long bit = bit_of((u32)r1);

	return (u32)r1 < cpus_of(run) &&
	       __atomic_fetch_and(word_of(r2, (u32)r1), ~bit, __ATOMIC_SEQ_CST) & bit;
}

/* ---- whole sets, word by word ---- */

static u32 words_of(const struct run *run)
{
	return (u32)((cpus_of(run) + BITS_PER_WORD - 1) / BITS_PER_WORD);
}

/* The bits of a word that stand for CPUs. */
static unsigned long word_mask(const struct run *run, u32 word)
{
	u32 rest = cpus_of(run) - word * (u32)BITS_PER_WORD;

	return rest < BITS_PER_WORD ? bit_of(rest) - 1 : ~0ul;
}

static unsigned long word_at(u64 mask, u32 word)
{
	return __atomic_load_n(word_of(mask, word * (u32)BITS_PER_WORD), __ATOMIC_RELAXED);
}

static void set_word(u64 mask, u32 word, unsigned long bits)
{
	__atomic_store_n(word_of(mask, word * (u32)BITS_PER_WORD), bits, __ATOMIC_RELAXED);
}

DEFINE_HELPER(kfunc_cpumask_setall)
{
	for (u32 i = 0; i < words_of(run); i++)
		set_word(r1, i, word_mask(run, i));
	return 0;
}

DEFINE_HELPER(kfunc_cpumask_clear)
{
	for (u32 i = 0; i < words_of(run); i++)
		set_word(r1, i, 0);
	return 0;
}

DEFINE_HELPER(kfunc_cpumask_and)
{
	unsigned long any = 0;

	for (u32 i = 0; i < words_of(run); i++) {
		unsigned long bits = word_at(r2, i) & word_at(r3, i) & word_mask(run, i);

		set_word(r1, i, bits);
		any |= bits;
	}
	return any != 0;
}

DEFINE_HELPER(kfunc_cpumask_or)
{
	for (u32 i = 0; i < words_of(run); i++)
		set_word(r1, i, (word_at(r2, i) | word_at(r3, i)) & word_mask(run, i));
	return 0;
}

DEFINE_HELPER(kfunc_cpumask_xor)
{
	for (u32 i = 0; i < words_of(run); i++)
		set_word(r1, i, (word_at(r2, i) ^ word_at(r3, i)) & word_mask(run, i));
	return 0;
}

DEFINE_HELPER(kfunc_cpumask_copy)
{
	for (u32 i = 0; i < words_of(run); i++)
		set_word(r1, i, word_at(r2, i) & word_mask(run, i));
	return 0;
}

DEFINE_HELPER(kfunc_cpumask_equal)
{
	for (u32 i = 0; i < words_of(run); i++)
		if ((word_at(r1, i) ^ word_at(r2, i)) & word_mask(run, i))
			return false;
	return true;
}

DEFINE_HELPER(kfunc_cpumask_intersects)
{
	for (u32 i = 0; i < words_of(run); i++)
		if (word_at(r1, i) & word_at(r2, i) & word_mask(run, i))
			return true;
	return false;
}

DEFINE_HELPER(kfunc_cpumask_subset)
{
	for (u32 i = 0; i < words_of(run); i++)
		if (word_at(r1, i) & ~word_at(r2, i) & word_mask(run, i))
			return false;
	return true;
}

DEFINE_HELPER(kfunc_cpumask_empty)
{
	for (u32 i = 0; i < words_of(run); i++)
		if (word_at(r1, i) & word_mask(run, i))
			return false;
	return true;
}

DEFINE_HELPER(kfunc_cpumask_full)
{
	for (u32 i = 0; i < words_of(run); i++)
		if (~word_at(r1, i) & word_mask(run, i))
			return false;
	return true;
}

DEFINE_HELPER(kfunc_cpumask_weight)
{
	u32 n = 0;

	for (u32 i = 0; i < words_of(run); i++)
		n += (u32)__builtin_popcountl(word_at(r1, i) & word_mask(run, i));
	return n;
}

/* ---- the first of a set, from a CPU on; the number of CPUs: there is none ---- */

/* Of the CPUs in both sets, each inverted where its mask is all ones. */
static u32 first_cpu(const struct run *run, u32 from, u64 a, u64 b, unsigned long invert)
{
	for (u32 i = from / (u32)BITS_PER_WORD; i < words_of(run); i++) {
		unsigned long bits = word_at(a, i) & word_at(b, i);

		bits = (bits ^ invert) & word_mask(run, i);
		if (i == from / BITS_PER_WORD)
			bits &= ~(bit_of(from) - 1);
		if (bits)
			return i * (u32)BITS_PER_WORD + (u32)__builtin_ctzl(bits);
	}
	return cpus_of(run);
}

DEFINE_HELPER(kfunc_cpumask_first)
{
	return first_cpu(run, 0, r1, r1, 0);
}

DEFINE_HELPER(kfunc_cpumask_first_zero)
{
	return first_cpu(run, 0, r1, r1, ~0ul);
}

DEFINE_HELPER(kfunc_cpumask_first_and)
{
	return first_cpu(run, 0, r1, r2, 0);
}

/* Another one each time, so that work is spread: here from the program's own CPU on. */
static u32 any_of(const struct run *run, u64 a, u64 b)
{
	u32 cpu = first_cpu(run, (run->cpu + 1) % cpus_of(run), a, b, 0);

	return cpu < cpus_of(run) ? cpu : first_cpu(run, 0, a, b, 0);
}

DEFINE_HELPER(kfunc_cpumask_any_distribute)
{
	return any_of(run, r1, r1);
}

DEFINE_HELPER(kfunc_cpumask_any_and_distribute)
{
	return any_of(run, r1, r2);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Short integer names and the handful of macros that every file uses. */
#ifndef ANYBPF_BASE_TYPES_H
#define ANYBPF_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1u << (n))
#define BIT_ULL(n)	(1ull << (n))
#define ROUND_UP(x, to) ((((x) + (to)-1) / (to)) * (to))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __must_check	    __attribute__((warn_unused_result))
#define __unused	    __attribute__((unused))
#define __packed	    __attribute__((packed))

/*
 * For a function that calls machine code made at run time: clang's function
 * sanitizer would look for a type in front of it, where nothing is mapped.
 */
#ifdef __clang__
#define __no_sanitize_function __attribute__((no_sanitize("function")))
#else
#define __no_sanitize_function
#endif

static inline u64 u64_min(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 u64_max(u64 a, u64 b)
{
	return a > b ? a : b;
}

static inline s64 s64_min(s64 a, s64 b)
{
	return a < b ? a : b;
}

static inline s64 s64_max(s64 a, s64 b)
{
	return a > b ? a : b;
}

/* Bits that a number takes: 0 for 0. */
static inline u32 bit_width(u64 v)
{
	return v ? 64 - (u32)__builtin_clzll(v) : 0;
}

/* Whether a number is what its low bits, extended by sign, are. */
static inline bool fits_s8(s64 v)
{
	return v == (s8)v;
}

static inline bool fits_s32(s64 v)
{
	return v == (s32)v;
}

/* A bpf_attr carries pointers as 64-bit integers. */
static inline u64 ptr_to_u64(const void *p)
{
	return (u64)(uintptr_t)p;
}

static inline void *u64_to_ptr(u64 v)
{
	return (void *)(uintptr_t)v;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Between value.c, which walks a value, and value_scalar.c, which prints what it is made of. */
#ifndef ANYBPF_BTF_VALUE_H
#define ANYBPF_BTF_VALUE_H

#include "btf/impl.h"

#define VALUE_MAX_DEPTH 64

struct printer {
	const struct btf *btf;
	const u8 *data;
	size_t size;
	struct btf_value_options opts;
	struct buf *out;
	u32 level; /* of indentation */
	u32 depth; /* of nesting */
	u64 left;  /* work: hostile types (unions of unions) describe one byte many times */
};

/* Whether bytes @off to @off + @len are there. */
static inline bool value_has(const struct printer *p, u64 off, u64 len)
{
	return off <= p->size && len <= p->size - off;
}

void value_missing(struct printer *p);
/* An INT, ENUM, ENUM64, FLOAT or PTR at byte @off. */
void value_scalar(struct printer *p, const struct btf_type *t, u64 off);
/* @bits of an INT or ENUM that begin at bit @bit_off, counted as BTF counts. */
void value_bitfield(struct printer *p, const struct btf_type *t, u64 bit_off, u32 bits);
bool value_bits_are_zero(const struct printer *p, u64 bit_off, u32 bits);

/* char, as against a byte that is a number. */
bool value_is_char(const struct btf *btf, const struct btf_type *t);
bool value_is_byte(const struct btf *btf, const struct btf_type *t);
/* @n chars that are there: as a string, else as a list of characters. */
void value_chars(struct printer *p, u64 off, u64 n);
void value_bytes(struct printer *p, u64 off, u64 n);
void value_json_string(struct buf *out, const char *s, size_t len);

#endif

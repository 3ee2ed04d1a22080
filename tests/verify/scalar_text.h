/* SPDX-License-Identifier: BSD-2-Clause */
/* Scalars from the text that the verifier's log has of them: the other way of scalar_print(). */
#ifndef ANYBPF_TESTS_VERIFY_SCALAR_TEXT_H
#define ANYBPF_TESTS_VERIFY_SCALAR_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "verify/scalar.h"

struct bound_name {
	const char *name;
	size_t offset;
	bool half;
};

static const struct bound_name bound_names[] = {
	{"smin=", offsetof(struct scalar, smin), false},
	{"smax=", offsetof(struct scalar, smax), false},
	{"umin=", offsetof(struct scalar, umin), false},
	{"umax=", offsetof(struct scalar, umax), false},
	{"smin32=", offsetof(struct scalar, s32_min), true},
	{"smax32=", offsetof(struct scalar, s32_max), true},
	{"umin32=", offsetof(struct scalar, u32_min), true},
	{"umax32=", offsetof(struct scalar, u32_max), true},
};

static inline u64 parse_number(const char **s)
{
	char *end;
	u64 v;

	if (**s == '-')
		v = (u64)strtoll(*s, &end, 0);
	else
		v = strtoull(*s, &end, 0);
	*s = end;
	return v;
}

/* One or more names, then the value of all of them. */
static inline bool parse_bounds(const char **s, struct scalar *a)
{
	const struct bound_name *seen[ARRAY_SIZE(bound_names)];
	size_t cnt = 0, i;
	u64 v;

	do {
		for (i = 0; i < ARRAY_SIZE(bound_names); i++) {
			size_t len = strlen(bound_names[i].name);

			if (!strncmp(*s, bound_names[i].name, len)) {
				seen[cnt++] = &bound_names[i];
				*s += len;
				break;
			}
		}
	} while (i < ARRAY_SIZE(bound_names) && cnt < ARRAY_SIZE(seen));
	if (!cnt)
		return false;
	v = parse_number(s);
	for (i = 0; i < cnt; i++) {
		u32 low = (u32)v;

		if (seen[i]->half)
			memcpy((char *)a + seen[i]->offset, &low, sizeof(low));
		else
			memcpy((char *)a + seen[i]->offset, &v, sizeof(v));
	}
	return true;
}

static inline bool parse_tnum(const char **s, struct tnum *t)
{
	if (**s != '(')
		return false;
	++*s;
	t->value = parse_number(s);
	if (strncmp(*s, "; ", 2))
		return false;
	*s += 2;
	t->mask = parse_number(s);
	return *(*s)++ == ')';
}

/* Of a constant or `scalar(...)`, any precision mark and id aside; false when it is neither. */
static inline bool parse_scalar(const char *s, struct scalar *a)
{
	*a = scalar_unknown();
	if (*s == 'P')
		s++;
	if (*s == '-' || (*s >= '0' && *s <= '9')) {
		*a = scalar_const(parse_number(&s));
		return *s == ' ' || *s == '\n' || *s == 0;
	}
	if (strncmp(s, "scalar(", 7))
		return false;
	s += 7;
	if (!strncmp(s, "id=", 3)) {
		s += strcspn(s, ",)");
		s += *s == ',';
	}
	while (*s != ')') {
		if (!strncmp(s, "var_off=", 8)) {
			s += 8;
			if (!parse_tnum(&s, &a->var_off))
				return false;
		} else if (!parse_bounds(&s, a)) {
			return false;
		}
		s += *s == ',';
	}
	return true;
}

#endif

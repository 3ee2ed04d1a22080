/* SPDX-License-Identifier: BSD-2-Clause */
/* One row per kind: its name, what follows it in memory, and what it demands. */
#ifndef ANYBPF_BTF_KINDS_H
#define ANYBPF_BTF_KINDS_H

#include "btf/impl.h"

/* How the log describes a type of the kind. */
enum btf_details {
	DETAILS_INT,
	DETAILS_TYPE_ID,
	DETAILS_ARRAY,
	DETAILS_SIZE_VLEN,
	DETAILS_SIZE,
	DETAILS_FWD,
	DETAILS_PROTO,
	DETAILS_VAR,
	DETAILS_DECL_TAG,
};

/* What must hold of a type by itself, and what Linux says where it does not. */
struct btf_rule {
	bool (*holds)(const struct btf *btf, const struct btf_type *t);
	const char *text;
	int code; /* 0 is -EINVAL */
};

struct btf_kind_desc {
	const char *name;
	u8 fixed; /* bytes after struct btf_type */
	u8 each;  /* bytes more for each of vlen */
	u8 details;
	const struct btf_rule *rules; /* in Linux's order; a NULL ends them */
	/* Checks what there are vlen of, after the type was logged; or NULL. */
	int (*items)(struct checker *c, const struct btf_type *t);
};

extern const struct btf_kind_desc btf_kinds[BTF_KINDS];

#endif

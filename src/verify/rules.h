/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What distinguishes program types for the verifier: data that hook/ supplies
 * and verify/ checks against. The prepared form is made from the same rows.
 */
#ifndef ANYBPF_VERIFY_RULES_H
#define ANYBPF_VERIFY_RULES_H

#include "helper/helper.h"

/* What a load of a context field gives. */
enum ctx_value {
	CTX_SCALAR,
	CTX_PACKET, /* start of the packet: 32 bits in the context, a pointer in a register */
	CTX_PACKET_META,
	CTX_PACKET_END,
	CTX_SOCK_COMMON_OR_NULL,
	CTX_FLOW_KEYS,
};

#define CTX_READ    BIT(0)
#define CTX_WRITE   BIT(1)
#define CTX_NARROW  BIT(2) /* may be read in part */
#define CTX_WIDE    BIT(3) /* two neighbouring 32-bit fields may be read as one of 64 bits */
#define CTX_CAP_BPF BIT(4) /* only with CAP_BPF: */
#define CTX_BYTES   BIT(5) /* loads and stores of any aligned size, across elements too */

/*
 * One field, or one array of equal fields. Size is that of one access as
 * programs make it; the host's field has its own offset and size, and for an
 * array both advance together.
 */
struct ctx_field {
	const char *name;
	u16 off, size;		 /* in the context as programs see it; size of the whole array */
	u16 elem;		 /* size of one element; equal to size when no array */
	u16 flags;		 /* CTX_* */
	u16 value;		 /* enum ctx_value */
	u16 host_off, host_size; /* of element 0 in the host's structure */
	u16 attach; /* 0: every program; else 1 + the attach type whose programs alone see it */
};

struct ret_range {
	s32 min, max;
};

struct verify_env_info { /* what a rule may depend on */
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	bool sleepable;
	u32 caps; /* HOST_CAP_* */
};

struct prog_rules {
	const char *name;     /* "xdp" */
	const char *ctx_name; /* "xdp_md" */
	u32 ctx_size;
	const struct ctx_field *fields;
	u32 field_cnt;
	/* Searched in order; ends with NULL. Linux's rules for base helpers apply on top. */
	const struct helper_set *const *helpers;
	bool packet_read, packet_write; /* direct access through data pointers */
	/* False when any value may be returned. */
	bool (*ret_range)(const struct verify_env_info *info, struct ret_range *range);
	/* Whether type and attach type go together: 0 or -EINVAL. */
	int (*check_attach)(const struct verify_env_info *info);
	bool legacy_loads; /* LD_ABS and LD_IND are allowed */
};

/* The field that covers [off, off+size), or NULL. */
const struct ctx_field *ctx_field_find(const struct prog_rules *rules, u32 off, u32 size);
/* The prototype that programs of these rules get for a helper id, or NULL. */
const struct helper_proto *rules_helper(const struct prog_rules *rules, u32 id);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What distinguishes program types for the verifier: data that hook/ supplies
 * and verify/ checks against. The prepared form is made from the same rows.
 */
#ifndef ANYBPF_VERIFY_RULES_H
#define ANYBPF_VERIFY_RULES_H

#include "helper/helper.h"
#include "object/fact.h"

/* What a load of a context field gives. */
enum ctx_value {
	CTX_SCALAR,
	CTX_PACKET, /* start of the packet: 32 bits in the context, a pointer in a register */
	CTX_PACKET_META,
	CTX_PACKET_END,
	CTX_SOCK_COMMON_OR_NULL,
	CTX_SOCK,
	CTX_SOCK_OR_NULL,
	CTX_FLOW_KEYS,
	CTX_TP_BUFFER,
	CTX_BTF, /* a trusted pointer to .btf of the kernel's BTF */
};

#define CTX_READ	  BIT(0)
#define CTX_WRITE	  BIT(1)
#define CTX_NARROW	  BIT(2) /* may be read in part */
#define CTX_WIDE	  BIT(3) /* two neighbouring 32-bit fields may be accessed as one of 64 bits */
#define CTX_CAP_BPF	  BIT(4) /* only with CAP_BPF: */
#define CTX_BYTES	  BIT(5) /* loads and stores of any aligned size, across elements too */
#define CTX_NARROW_FIRST  BIT(6) /* parts only from the first byte on */
#define CTX_NARROW_HALF	  BIT(7) /* parts only within the first two bytes */
#define CTX_NARROW_16	  BIT(8) /* parts of at least two bytes */
#define CTX_WRITE_CAP_BPF BIT(9) /* stores only with CAP_BPF */

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
	/* Bits of the attach types whose programs see it, and may write it; 0: all. */
	u64 attach, attach_write;
	const char *btf; /* of CTX_BTF: the structure's name */
};

struct ret_range {
	s32 min, max;
};

/* What programs with these attach types may return. */
struct ret_rule {
	u64 attach; /* bits; 0: all others */
	struct ret_range range;
};

struct verify_env_info { /* what a rule may depend on */
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	bool sleepable;
	u32 caps; /* HOST_CAP_* */
	/*
	 * Of programs that attach by BTF, from their target: the name of the
	 * function, iterator or member of a structure of functions ("release"),
	 * that structure's name ("tcp_congestion_ops"), and whether it returns
	 * nothing. NULL and false for others.
	 */
	const char *target, *target_struct;
	bool target_void;
	bool target_is_prog; /* another BPF program's function */
};

struct prog_rules {
	enum bpf_prog_type type;
	const char *name;     /* "xdp" */
	const char *ctx_name; /* "xdp_md" */
	u32 ctx_size;
	const struct ctx_field *fields;
	u32 field_cnt;
	/*
	 * Of a context that is all one field of bytes: the kernel's structure that
	 * it is. Where that is larger than .ctx_size in the kernel's BTF, so is the
	 * context.
	 */
	const char *ctx_struct;
	bool ctx_by_btf; /* the context is an array of arguments whose types BTF tells */
	bool ctx_plain;	 /* the host's structure is the one that programs see: it is memory */

	bool packet_read, packet_write; /* helpers read packets; the program writes them */
	bool packet_any_helper;		/* helpers need no flag for packets */
	bool legacy_loads;		/* LD_ABS and LD_IND are allowed */

	u32 caps;	    /* HOST_CAP_* that loading takes */
	u64 attach_types;   /* bits of the expected attach types that go with it; 0: not checked */
	u32 attach_default; /* what an attach type of 0 stands for */
	u64 sleepable;	    /* bits of the attach types whose programs may sleep */
	bool sleepable_only;
	bool optional; /* only kernels that were built for it have it */

	/* The first rule that fits; none: any value may be returned. */
	const struct ret_rule *rets;
	u32 ret_cnt;
	/* Instead of .rets, where the range depends on the target. False: any value. */
	bool (*ret_range)(const struct verify_env_info *info, struct ret_range *range);
	bool ret_32bit; /* only the lower half of the value counts */

	/* What helper_gates.def does not say: whether such a program has the helper at all. */
	bool (*has_helper)(const struct verify_env_info *info, const struct helper_proto *proto);
	/* Of HELPER_RESTRICTED ones: whether it may be called where the program attaches. */
	bool (*allows_helper)(const struct verify_env_info *info, const struct helper_proto *proto);
};

#define RULE_ANY_ATTACH UINT64_MAX

/* No context is larger, whatever a kernel's BTF says of the structure behind it. */
#define CTX_MOST UINT16_MAX

/* The field that covers [off, off+size), or NULL. */
const struct ctx_field *ctx_field_in(const struct ctx_field *fields, u32 cnt, u32 off, u32 size);
/* Whether a field may be accessed by @size bytes at @off: whole, in part or with its neighbour. */
bool ctx_size_allowed(const struct ctx_field *field, u32 off, u32 size, bool write);
/* Of a context. */
const struct ctx_field *ctx_field_find(const struct prog_rules *rules, u32 off, u32 size);
/* Of a socket, which is another structure for each of MEM_SOCK, MEM_TCP_SOCK, MEM_XDP_SOCK. */
const struct ctx_field *sock_field_find(enum mem_kind mem, u32 off, u32 size);
/* The prototype that programs of these rules get for a helper id, or NULL. */
const struct helper_proto *rules_helper(const struct prog_rules *rules,
					const struct verify_env_info *info, u32 id);
/* Whether the expected attach type goes with the program type. */
bool rules_fit_attach(const struct prog_rules *rules, u32 attach_type);
/* False when any value may be returned. */
bool rules_ret_range(const struct prog_rules *rules, const struct verify_env_info *info,
		     struct ret_range *range);

#endif

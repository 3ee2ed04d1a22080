/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF, as SO_ATTACH_FILTER takes it: Linux's check and a translation
 * to instructions for a context that programs see as struct __sk_buff, or any
 * other that has the same fields. What is translated passes the verifier as a
 * socket filter; unreachable instructions, which classic BPF may have, are
 * left out.
 */
#ifndef ANYBPF_ISA_CBPF_H
#define ANYBPF_ISA_CBPF_H

#include "base/err.h"
#include "base/mem.h"
#include "isa/uapi.h"

#define BPF_MEMWORDS 16

/* Absolute loads from here on are no packet bytes but facts about the packet. */
#define SKF_AD_OFF (-0x1000)
enum {
	SKF_AD_PROTOCOL = 0,
	SKF_AD_PKTTYPE = 4,
	SKF_AD_IFINDEX = 8,
	SKF_AD_NLATTR = 12,
	SKF_AD_NLATTR_NEST = 16,
	SKF_AD_MARK = 20,
	SKF_AD_QUEUE = 24,
	SKF_AD_HATYPE = 28,
	SKF_AD_RXHASH = 32,
	SKF_AD_CPU = 36,
	SKF_AD_ALU_XOR_X = 40,
	SKF_AD_VLAN_TAG = 44,
	SKF_AD_VLAN_TAG_PRESENT = 48,
	SKF_AD_PAY_OFFSET = 52,
	SKF_AD_RANDOM = 56,
	SKF_AD_VLAN_TPID = 60,
	SKF_AD_MAX = 64,
};
#define SKF_AD_KINDS (SKF_AD_MAX / 4)

/* Where the context has a fact: a load of @size bytes, 0 when it has not. */
struct cbpf_field {
	s16 off;
	u8 size;	 /* 0, 1, 2, 4 */
	bool big_endian; /* in network byte order, 16 bits */
};

struct cbpf_context {
	struct cbpf_field len;
	struct cbpf_field ancillary[SKF_AD_KINDS]; /* by SKF_AD_* / 4 */
	/*
	 * Facts that a helper tells: what the call's imm must hold, 0 when there is
	 * none. It gets the context, A and X; of CPU and RANDOM,
	 * nothing.
	 */
	u16 helper[SKF_AD_KINDS];
};

/* struct __sk_buff as socket filters see it: no HATYPE, NLATTR, NLATTR_NEST, PAY_OFFSET. */
extern const struct cbpf_context cbpf_sk_buff;

/* 0 or -EINVAL, as SO_ATTACH_FILTER; @err names the instruction. */
int cbpf_check(const struct mem *mem, const struct sock_filter *filter, u32 len, struct err *err);

/*
 * Checks and translates. @context NULL: cbpf_sk_buff. 0, -EINVAL, -ENOMEM, or
 * -EOPNOTSUPP for what is legal but that the context has not. *@insns is the
 * caller's to mem_free().
 */
int cbpf_translate(const struct mem *mem, const struct sock_filter *filter, u32 len,
		   const struct cbpf_context *context, struct bpf_insn **insns, u32 *cnt,
		   struct err *err);

#endif

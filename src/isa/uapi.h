/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bpf() ABI of Linux 6.12: numbers and layouts, stated here in full so
 * that the core neither depends on the age of the system's headers nor on the
 * system being Linux. Facts: RFC 9669 for the instruction set, the published
 * user-space interface of Linux 6.12 for the rest. Cannot be included beside
 * <linux/bpf.h>, which says the same.
 */
#ifndef ANYBPF_ISA_UAPI_H
#define ANYBPF_ISA_UAPI_H

#ifdef __LINUX_BPF_H__
#error "include isa/uapi.h instead of <linux/bpf.h>"
#endif
#define __LINUX_BPF_H__

#include "base/types.h"

/* Linux's internal "not supported", which bpf() lets out to user space; libc has no name for it. */
#define ENOTSUPP 524

/* ---- instruction encoding (RFC 9669 section 3) ---- */

struct bpf_insn {
	u8 code;
	u8 dst_reg : 4;
	u8 src_reg : 4;
	s16 off;
	s32 imm;
};

/* Classic BPF, as sockets and seccomp take it. */
struct sock_filter {
	u16 code;
	u8 jt, jf;
	u32 k;
};

/* Instruction classes, RFC 9669 section 3.1 */
#define BPF_CLASS(code) ((code)&0x07)
#define BPF_LD		0x00
#define BPF_LDX		0x01
#define BPF_ST		0x02
#define BPF_STX		0x03
#define BPF_ALU		0x04
#define BPF_JMP		0x05
#define BPF_JMP32	0x06
#define BPF_ALU64	0x07
#define BPF_RET		0x06 /* classic only */
#define BPF_MISC	0x07 /* classic only */

/* Loads and stores: size and mode, section 5 */
#define BPF_SIZE(code) ((code)&0x18)
#define BPF_W	       0x00
#define BPF_H	       0x08
#define BPF_B	       0x10
#define BPF_DW	       0x18
#define BPF_MODE(code) ((code)&0xe0)
#define BPF_IMM	       0x00
#define BPF_ABS	       0x20
#define BPF_IND	       0x40
#define BPF_MEM	       0x60
#define BPF_LEN	       0x80 /* classic only */
#define BPF_MSH	       0xa0 /* classic only */
#define BPF_MEMSX      0x80
#define BPF_ATOMIC     0xc0

/* Arithmetic and jumps: operation and source, section 4 */
#define BPF_OP(code)  ((code)&0xf0)
#define BPF_SRC(code) ((code)&0x08)
#define BPF_K	      0x00
#define BPF_X	      0x08
#define BPF_A	      0x10 /* classic only */
#define BPF_TAX	      0x00 /* classic only */
#define BPF_TXA	      0x80 /* classic only */
#define BPF_ADD	      0x00
#define BPF_SUB	      0x10
#define BPF_MUL	      0x20
#define BPF_DIV	      0x30
#define BPF_OR	      0x40
#define BPF_AND	      0x50
#define BPF_LSH	      0x60
#define BPF_RSH	      0x70
#define BPF_NEG	      0x80
#define BPF_MOD	      0x90
#define BPF_XOR	      0xa0
#define BPF_MOV	      0xb0
#define BPF_ARSH      0xc0
#define BPF_END	      0xd0
#define BPF_TO_LE     0x00
#define BPF_TO_BE     0x08

#define BPF_JA	     0x00
#define BPF_JEQ	     0x10
#define BPF_JGT	     0x20
#define BPF_JGE	     0x30
#define BPF_JSET     0x40
#define BPF_JNE	     0x50
#define BPF_JSGT     0x60
#define BPF_JSGE     0x70
#define BPF_CALL     0x80
#define BPF_EXIT     0x90
#define BPF_JLT	     0xa0
#define BPF_JLE	     0xb0
#define BPF_JSLT     0xc0
#define BPF_JSLE     0xd0
#define BPF_JCOND    0xe0
#define BPF_MAY_GOTO 0 /* src_reg of a BPF_JCOND */

/* Atomics: operation in imm, section 5.3 */
#define BPF_FETCH   0x01
#define BPF_XCHG    (0xe0 | BPF_FETCH)
#define BPF_CMPXCHG (0xf0 | BPF_FETCH)

/* off of a BPF_MOV|BPF_X between address spaces */
#define BPF_ADDR_SPACE_CAST 1

enum {
	BPF_REG_0,
	BPF_REG_1,
	BPF_REG_2,
	BPF_REG_3,
	BPF_REG_4,
	BPF_REG_5,
	BPF_REG_6,
	BPF_REG_7,
	BPF_REG_8,
	BPF_REG_9,
	BPF_REG_10,
	MAX_BPF_REG,
	BPF_REG_FP = BPF_REG_10,
};

#define MAX_BPF_STACK		   512
#define BPF_MAXINSNS		   4096 /* of an unprivileged program */
#define BPF_COMPLEXITY_LIMIT_INSNS 1000000
#define MAX_TAIL_CALL_CNT	   33
#define BPF_MAX_SUBPROGS	   256
#define MAX_CALL_FRAMES		   8
#define BPF_MAX_LOOPS		   (8 * 1024 * 1024)

/* src_reg of a wide load (section 5.4) and of a call (section 4.3) */
#define BPF_PSEUDO_MAP_FD	 1
#define BPF_PSEUDO_MAP_VALUE	 2
#define BPF_PSEUDO_BTF_ID	 3
#define BPF_PSEUDO_FUNC		 4
#define BPF_PSEUDO_MAP_IDX	 5
#define BPF_PSEUDO_MAP_IDX_VALUE 6
#define BPF_PSEUDO_CALL		 1
#define BPF_PSEUDO_KFUNC_CALL	 2

/* ---- commands, types and flags ---- */

enum bpf_cmd {
	BPF_MAP_CREATE,
	BPF_MAP_LOOKUP_ELEM,
	BPF_MAP_UPDATE_ELEM,
	BPF_MAP_DELETE_ELEM,
	BPF_MAP_GET_NEXT_KEY,
	BPF_PROG_LOAD,
	BPF_OBJ_PIN,
	BPF_OBJ_GET,
	BPF_PROG_ATTACH,
	BPF_PROG_DETACH,
	BPF_PROG_TEST_RUN,
	BPF_PROG_RUN = BPF_PROG_TEST_RUN,
	BPF_PROG_GET_NEXT_ID,
	BPF_MAP_GET_NEXT_ID,
	BPF_PROG_GET_FD_BY_ID,
	BPF_MAP_GET_FD_BY_ID,
	BPF_OBJ_GET_INFO_BY_FD,
	BPF_PROG_QUERY,
	BPF_RAW_TRACEPOINT_OPEN,
	BPF_BTF_LOAD,
	BPF_BTF_GET_FD_BY_ID,
	BPF_TASK_FD_QUERY,
	BPF_MAP_LOOKUP_AND_DELETE_ELEM,
	BPF_MAP_FREEZE,
	BPF_BTF_GET_NEXT_ID,
	BPF_MAP_LOOKUP_BATCH,
	BPF_MAP_LOOKUP_AND_DELETE_BATCH,
	BPF_MAP_UPDATE_BATCH,
	BPF_MAP_DELETE_BATCH,
	BPF_LINK_CREATE,
	BPF_LINK_UPDATE,
	BPF_LINK_GET_FD_BY_ID,
	BPF_LINK_GET_NEXT_ID,
	BPF_ENABLE_STATS,
	BPF_ITER_CREATE,
	BPF_LINK_DETACH,
	BPF_PROG_BIND_MAP,
	BPF_TOKEN_CREATE,
	__MAX_BPF_CMD,
};

enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC,
	BPF_MAP_TYPE_HASH,
	BPF_MAP_TYPE_ARRAY,
	BPF_MAP_TYPE_PROG_ARRAY,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	BPF_MAP_TYPE_PERCPU_HASH,
	BPF_MAP_TYPE_PERCPU_ARRAY,
	BPF_MAP_TYPE_STACK_TRACE,
	BPF_MAP_TYPE_CGROUP_ARRAY,
	BPF_MAP_TYPE_LRU_HASH,
	BPF_MAP_TYPE_LRU_PERCPU_HASH,
	BPF_MAP_TYPE_LPM_TRIE,
	BPF_MAP_TYPE_ARRAY_OF_MAPS,
	BPF_MAP_TYPE_HASH_OF_MAPS,
	BPF_MAP_TYPE_DEVMAP,
	BPF_MAP_TYPE_SOCKMAP,
	BPF_MAP_TYPE_CPUMAP,
	BPF_MAP_TYPE_XSKMAP,
	BPF_MAP_TYPE_SOCKHASH,
	BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED,
	BPF_MAP_TYPE_CGROUP_STORAGE = BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE = BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED,
	BPF_MAP_TYPE_QUEUE,
	BPF_MAP_TYPE_STACK,
	BPF_MAP_TYPE_SK_STORAGE,
	BPF_MAP_TYPE_DEVMAP_HASH,
	BPF_MAP_TYPE_STRUCT_OPS,
	BPF_MAP_TYPE_RINGBUF,
	BPF_MAP_TYPE_INODE_STORAGE,
	BPF_MAP_TYPE_TASK_STORAGE,
	BPF_MAP_TYPE_BLOOM_FILTER,
	BPF_MAP_TYPE_USER_RINGBUF,
	BPF_MAP_TYPE_CGRP_STORAGE,
	BPF_MAP_TYPE_ARENA,
	__MAX_BPF_MAP_TYPE
};

enum bpf_prog_type {
	BPF_PROG_TYPE_UNSPEC,
	BPF_PROG_TYPE_SOCKET_FILTER,
	BPF_PROG_TYPE_KPROBE,
	BPF_PROG_TYPE_SCHED_CLS,
	BPF_PROG_TYPE_SCHED_ACT,
	BPF_PROG_TYPE_TRACEPOINT,
	BPF_PROG_TYPE_XDP,
	BPF_PROG_TYPE_PERF_EVENT,
	BPF_PROG_TYPE_CGROUP_SKB,
	BPF_PROG_TYPE_CGROUP_SOCK,
	BPF_PROG_TYPE_LWT_IN,
	BPF_PROG_TYPE_LWT_OUT,
	BPF_PROG_TYPE_LWT_XMIT,
	BPF_PROG_TYPE_SOCK_OPS,
	BPF_PROG_TYPE_SK_SKB,
	BPF_PROG_TYPE_CGROUP_DEVICE,
	BPF_PROG_TYPE_SK_MSG,
	BPF_PROG_TYPE_RAW_TRACEPOINT,
	BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	BPF_PROG_TYPE_LWT_SEG6LOCAL,
	BPF_PROG_TYPE_LIRC_MODE2,
	BPF_PROG_TYPE_SK_REUSEPORT,
	BPF_PROG_TYPE_FLOW_DISSECTOR,
	BPF_PROG_TYPE_CGROUP_SYSCTL,
	BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
	BPF_PROG_TYPE_CGROUP_SOCKOPT,
	BPF_PROG_TYPE_TRACING,
	BPF_PROG_TYPE_STRUCT_OPS,
	BPF_PROG_TYPE_EXT,
	BPF_PROG_TYPE_LSM,
	BPF_PROG_TYPE_SK_LOOKUP,
	BPF_PROG_TYPE_SYSCALL,
	BPF_PROG_TYPE_NETFILTER,
	__MAX_BPF_PROG_TYPE
};

enum bpf_attach_type {
	BPF_CGROUP_INET_INGRESS,
	BPF_CGROUP_INET_EGRESS,
	BPF_CGROUP_INET_SOCK_CREATE,
	BPF_CGROUP_SOCK_OPS,
	BPF_SK_SKB_STREAM_PARSER,
	BPF_SK_SKB_STREAM_VERDICT,
	BPF_CGROUP_DEVICE,
	BPF_SK_MSG_VERDICT,
	BPF_CGROUP_INET4_BIND,
	BPF_CGROUP_INET6_BIND,
	BPF_CGROUP_INET4_CONNECT,
	BPF_CGROUP_INET6_CONNECT,
	BPF_CGROUP_INET4_POST_BIND,
	BPF_CGROUP_INET6_POST_BIND,
	BPF_CGROUP_UDP4_SENDMSG,
	BPF_CGROUP_UDP6_SENDMSG,
	BPF_LIRC_MODE2,
	BPF_FLOW_DISSECTOR,
	BPF_CGROUP_SYSCTL,
	BPF_CGROUP_UDP4_RECVMSG,
	BPF_CGROUP_UDP6_RECVMSG,
	BPF_CGROUP_GETSOCKOPT,
	BPF_CGROUP_SETSOCKOPT,
	BPF_TRACE_RAW_TP,
	BPF_TRACE_FENTRY,
	BPF_TRACE_FEXIT,
	BPF_MODIFY_RETURN,
	BPF_LSM_MAC,
	BPF_TRACE_ITER,
	BPF_CGROUP_INET4_GETPEERNAME,
	BPF_CGROUP_INET6_GETPEERNAME,
	BPF_CGROUP_INET4_GETSOCKNAME,
	BPF_CGROUP_INET6_GETSOCKNAME,
	BPF_XDP_DEVMAP,
	BPF_CGROUP_INET_SOCK_RELEASE,
	BPF_XDP_CPUMAP,
	BPF_SK_LOOKUP,
	BPF_XDP,
	BPF_SK_SKB_VERDICT,
	BPF_SK_REUSEPORT_SELECT,
	BPF_SK_REUSEPORT_SELECT_OR_MIGRATE,
	BPF_PERF_EVENT,
	BPF_TRACE_KPROBE_MULTI,
	BPF_LSM_CGROUP,
	BPF_STRUCT_OPS,
	BPF_NETFILTER,
	BPF_TCX_INGRESS,
	BPF_TCX_EGRESS,
	BPF_TRACE_UPROBE_MULTI,
	BPF_CGROUP_UNIX_CONNECT,
	BPF_CGROUP_UNIX_SENDMSG,
	BPF_CGROUP_UNIX_RECVMSG,
	BPF_CGROUP_UNIX_GETPEERNAME,
	BPF_CGROUP_UNIX_GETSOCKNAME,
	BPF_NETKIT_PRIMARY,
	BPF_NETKIT_PEER,
	BPF_TRACE_KPROBE_SESSION,
	__MAX_BPF_ATTACH_TYPE
};

enum bpf_link_type {
	BPF_LINK_TYPE_UNSPEC = 0,
	BPF_LINK_TYPE_RAW_TRACEPOINT = 1,
	BPF_LINK_TYPE_TRACING = 2,
	BPF_LINK_TYPE_CGROUP = 3,
	BPF_LINK_TYPE_ITER = 4,
	BPF_LINK_TYPE_NETNS = 5,
	BPF_LINK_TYPE_XDP = 6,
	BPF_LINK_TYPE_PERF_EVENT = 7,
	BPF_LINK_TYPE_KPROBE_MULTI = 8,
	BPF_LINK_TYPE_STRUCT_OPS = 9,
	BPF_LINK_TYPE_NETFILTER = 10,
	BPF_LINK_TYPE_TCX = 11,
	BPF_LINK_TYPE_UPROBE_MULTI = 12,
	BPF_LINK_TYPE_NETKIT = 13,
	BPF_LINK_TYPE_SOCKMAP = 14,
	__MAX_BPF_LINK_TYPE,
};

#define MAX_BPF_ATTACH_TYPE __MAX_BPF_ATTACH_TYPE
#define MAX_BPF_LINK_TYPE   __MAX_BPF_LINK_TYPE

/* prog_flags of BPF_PROG_LOAD */
#define BPF_F_STRICT_ALIGNMENT	  (1u << 0)
#define BPF_F_ANY_ALIGNMENT	  (1u << 1)
#define BPF_F_TEST_RND_HI32	  (1u << 2)
#define BPF_F_TEST_STATE_FREQ	  (1u << 3)
#define BPF_F_SLEEPABLE		  (1u << 4)
#define BPF_F_XDP_HAS_FRAGS	  (1u << 5)
#define BPF_F_XDP_DEV_BOUND_ONLY  (1u << 6)
#define BPF_F_TEST_REG_INVARIANTS (1u << 7)

/* flags of bpf_timer_start() */
#define BPF_F_TIMER_ABS	    (1u << 0)
#define BPF_F_TIMER_CPU_PIN (1u << 1)

/* flags of BPF_PROG_TEST_RUN */
#define BPF_F_TEST_RUN_ON_CPU		 (1u << 0)
#define BPF_F_TEST_XDP_LIVE_FRAMES	 (1u << 1)
#define BPF_F_TEST_SKB_CHECKSUM_COMPLETE (1u << 2)

#define BPF_F_QUERY_EFFECTIVE (1u << 0)

#define BPF_OBJ_NAME_LEN    16u
#define BPF_TAG_SIZE	    8
#define BPF_BUILD_ID_SIZE   20
#define XDP_PACKET_HEADROOM 256

/* flags of element updates */
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
	BPF_F_LOCK = 4,
};

/* flags of attaching and of BPF_LINK_UPDATE */
enum {
	BPF_F_ALLOW_OVERRIDE = (1U << 0),
	BPF_F_ALLOW_MULTI = (1U << 1),
	BPF_F_REPLACE = (1U << 2),
	BPF_F_BEFORE = (1U << 3),
	BPF_F_AFTER = (1U << 4),
	BPF_F_ID = (1U << 5),
};

/* map_flags of BPF_MAP_CREATE */
enum {
	BPF_F_NO_PREALLOC = (1U << 0),
	BPF_F_NO_COMMON_LRU = (1U << 1),
	BPF_F_NUMA_NODE = (1U << 2),
	BPF_F_RDONLY = (1U << 3),
	BPF_F_WRONLY = (1U << 4),
	BPF_F_STACK_BUILD_ID = (1U << 5),
	BPF_F_ZERO_SEED = (1U << 6),
	BPF_F_RDONLY_PROG = (1U << 7),
	BPF_F_WRONLY_PROG = (1U << 8),
	BPF_F_CLONE = (1U << 9),
	BPF_F_MMAPABLE = (1U << 10),
	BPF_F_PRESERVE_ELEMS = (1U << 11),
	BPF_F_INNER_MAP = (1U << 12),
	BPF_F_LINK = (1U << 13),
	BPF_F_PATH_FD = (1U << 14),
	BPF_F_VTYPE_BTF_OBJ_FD = (1U << 15),
	BPF_F_TOKEN_FD = (1U << 16),
	BPF_F_SEGV_ON_FAULT = (1U << 17),
	BPF_F_NO_USER_CONV = (1U << 18),
};

union bpf_attr {
	struct {
		u32 map_type;
		u32 key_size;
		u32 value_size;
		u32 max_entries;
		u32 map_flags;
		u32 inner_map_fd;
		u32 numa_node;
		char map_name[BPF_OBJ_NAME_LEN];
		u32 map_ifindex;
		u32 btf_fd;
		u32 btf_key_type_id;
		u32 btf_value_type_id;
		u32 btf_vmlinux_value_type_id;
		u64 map_extra;
		s32 value_type_btf_obj_fd;
		s32 map_token_fd;
	};
	struct {
		u32 map_fd;
		u64 key;
		union {
			u64 value;
			u64 next_key;
		};
		u64 flags;
	};
	struct {
		u64 in_batch;
		u64 out_batch;
		u64 keys;
		u64 values;
		u32 count;
		u32 map_fd;
		u64 elem_flags;
		u64 flags;
	} batch;
	struct {
		u32 prog_type;
		u32 insn_cnt;
		u64 insns;
		u64 license;
		u32 log_level;
		u32 log_size;
		u64 log_buf;
		u32 kern_version;
		u32 prog_flags;
		char prog_name[BPF_OBJ_NAME_LEN];
		u32 prog_ifindex;
		u32 expected_attach_type;
		u32 prog_btf_fd;
		u32 func_info_rec_size;
		u64 func_info;
		u32 func_info_cnt;
		u32 line_info_rec_size;
		u64 line_info;
		u32 line_info_cnt;
		u32 attach_btf_id;
		union {
			u32 attach_prog_fd;
			u32 attach_btf_obj_fd;
		};
		u32 core_relo_cnt;
		u64 fd_array;
		u64 core_relos;
		u32 core_relo_rec_size;
		u32 log_true_size;
		s32 prog_token_fd;
	};
	struct {
		u64 pathname;
		u32 bpf_fd;
		u32 file_flags;
		s32 path_fd;
	};
	struct {
		union {
			u32 target_fd;
			u32 target_ifindex;
		};
		u32 attach_bpf_fd;
		u32 attach_type;
		u32 attach_flags;
		u32 replace_bpf_fd;
		union {
			u32 relative_fd;
			u32 relative_id;
		};
		u64 expected_revision;
	};
	struct {
		u32 prog_fd;
		u32 retval;
		u32 data_size_in;
		u32 data_size_out;
		u64 data_in;
		u64 data_out;
		u32 repeat;
		u32 duration;
		u32 ctx_size_in;
		u32 ctx_size_out;
		u64 ctx_in;
		u64 ctx_out;
		u32 flags;
		u32 cpu;
		u32 batch_size;
	} test;
	struct {
		union {
			u32 start_id;
			u32 prog_id;
			u32 map_id;
			u32 btf_id;
			u32 link_id;
		};
		u32 next_id;
		u32 open_flags;
	};
	struct {
		u32 bpf_fd;
		u32 info_len;
		u64 info;
	} info;
	struct {
		union {
			u32 target_fd;
			u32 target_ifindex;
		};
		u32 attach_type;
		u32 query_flags;
		u32 attach_flags;
		u64 prog_ids;
		union {
			u32 prog_cnt;
			u32 count;
		};
		u32 : 32;
		u64 prog_attach_flags;
		u64 link_ids;
		u64 link_attach_flags;
		u64 revision;
	} query;
	struct {
		u64 name;
		u32 prog_fd;
		u32 : 32;
		u64 cookie;
	} raw_tracepoint;
	struct {
		u64 btf;
		u64 btf_log_buf;
		u32 btf_size;
		u32 btf_log_size;
		u32 btf_log_level;
		u32 btf_log_true_size;
		u32 btf_flags;
		s32 btf_token_fd;
	};
	struct {
		u32 pid;
		u32 fd;
		u32 flags;
		u32 buf_len;
		u64 buf;
		u32 prog_id;
		u32 fd_type;
		u64 probe_offset;
		u64 probe_addr;
	} task_fd_query;
	struct {
		union {
			u32 prog_fd;
			u32 map_fd;
		};
		union {
			u32 target_fd;
			u32 target_ifindex;
		};
		u32 attach_type;
		u32 flags;
		union {
			u32 target_btf_id;
			struct {
				u64 iter_info;
				u32 iter_info_len;
			};
			struct {
				u64 bpf_cookie;
			} perf_event;
			struct {
				u32 flags;
				u32 cnt;
				u64 syms;
				u64 addrs;
				u64 cookies;
			} kprobe_multi;
			struct {
				u32 target_btf_id;
				u64 cookie;
			} tracing;
			struct {
				u32 pf;
				u32 hooknum;
				s32 priority;
				u32 flags;
			} netfilter;
			struct {
				union {
					u32 relative_fd;
					u32 relative_id;
				};
				u64 expected_revision;
			} tcx;
			struct {
				u64 path;
				u64 offsets;
				u64 ref_ctr_offsets;
				u64 cookies;
				u32 cnt;
				u32 flags;
				u32 pid;
			} uprobe_multi;
			struct {
				union {
					u32 relative_fd;
					u32 relative_id;
				};
				u64 expected_revision;
			} netkit;
			struct {
				union {
					u32 relative_fd;
					u32 relative_id;
				};
				u64 expected_revision;
			} cgroup;
		};
	} link_create;
	struct {
		u32 link_fd;
		union {
			u32 new_prog_fd;
			u32 new_map_fd;
		};
		u32 flags;
		union {
			u32 old_prog_fd;
			u32 old_map_fd;
		};
	} link_update;
	struct {
		u32 link_fd;
	} link_detach;
	struct {
		u32 type;
	} enable_stats;
	struct {
		u32 link_fd;
		u32 flags;
	} iter_create;
	struct {
		u32 prog_fd;
		u32 map_fd;
		u32 flags;
	} prog_bind_map;
	struct {
		u32 flags;
		u32 bpffs_fd;
	} token_create;
} __attribute__((aligned(8)));

#endif

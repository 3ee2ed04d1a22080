/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spec to engine: creates the maps, fills data maps, links subprograms into
 * programs, resolves relocations and loads. The public API's anybpf_object,
 * anybpf_program and anybpf_map are these structures.
 */
#ifndef ANYBPF_LOAD_OBJECT_H
#define ANYBPF_LOAD_OBJECT_H

#include <anybpf/anybpf.h>

#include "elf/spec.h"
#include "sys/engine.h"

struct anybpf {
	struct mem own_mem;
	const struct mem *mem; /* &own_mem */
	struct engine *engine;
	struct err err; /* of the last open or load that failed on this context */
	struct anybpf_options opts;
	struct btf *kernel_btf; /* of the running kernel, when the kernel engine needed it */
	bool kernel_btf_missing;
	u32 nr_cpus;	       /* copies in a per-CPU value */
	struct aot_file *code; /* where programs take theirs from, or NULL */
	struct err code_err;   /* why that could not be opened: nothing is loaded then */
};

struct anybpf_map {
	struct anybpf_object *object;
	const struct spec_map *spec;
	char name[64];	    /* as the kernel knows it: data maps "<object>.data" */
	u32 max_entries;    /* the spec's, until it is set */
	int fd;		    /* -1 until loaded */
	bool shared;	    /* with other processes */
	int attach;	    /* our descriptor of the region to attach, or -1 */
	int region;	    /* the map's, once it is loaded */
	struct map *direct; /* a reference: the user engine's map, for elements; NULL elsewhere */
	void *mapped;	    /* a data map's contents when they could be mapped, else NULL */
	size_t mapped_size;
};

/* What a call of a kfunc that may be missing becomes, as in libbpf: no helper has this number. */
#define MISSING_KFUNC 2002000000

struct anybpf_program {
	struct anybpf_object *object;
	const struct spec_func *spec;
	int fd; /* -1 until loaded */
	bool autoload;
	enum bpf_prog_type type; /* UNSPEC when the section's name says nothing */
	enum bpf_attach_type attach_type;
	u32 prog_flags;
	u32 attach_btf_id; /* in the kernel's BTF, or in that of ...; 0: none */
	s32 attach_prog_fd; /* ... this program, whose function it replaces or traces; 0: none */
	/* Linked: own instructions, then each subprogram once. NULL until it is loaded. */
	struct bpf_insn *insns;
	u32 insn_cnt;
	struct bpf_func_info *func_info;
	u32 func_info_cnt;
	struct bpf_line_info *line_info;
	u32 line_info_cnt;
	struct bpf_core_relo *core_relos; /* insn_off in bytes of the linked program */
	u32 core_relo_cnt;
	/* What is called and weak but missing: the call's imm is MISSING_KFUNC and the index. */
	const char **missing_kfuncs;
	u32 missing_kfunc_cnt;
	int load_error; /* of the last attempt; also when the loader itself refused */
	char *log;	/* the verifier's, or NULL */
	/* Set by who wants what the user engine's verifier finds in a load; it is theirs. */
	struct verify_result *result;
};

struct anybpf_object {
	struct anybpf *ctx;
	struct arena arena;
	char name[64];
	struct spec *spec;
	struct anybpf_program *progs; /* entry programs only */
	u32 prog_cnt;
	s32 *prog_of_func;	 /* by index in spec->funcs: index in progs, or -1 */
	struct anybpf_map *maps; /* as spec->maps */
	u32 map_cnt;
	int btf_fd;
	bool prepared;	  /* BTF and maps exist */
	u64 linked_insns; /* of all programs */
};

/* Loads BTF and creates and fills the maps; done once. Loads no program. */
int object_prepare(struct anybpf_object *obj);
/*
 * Links and loads one program of a prepared object; its verdict is in
 * load_error and log. @log_level as in Linux: 0 gives a log on failure only.
 */
int object_load_program(struct anybpf_program *prog, u32 log_level);
/* Puts loaded programs into the program arrays that name them. */
int object_fill_prog_arrays(struct anybpf_object *obj);

/* ---- parts ---- */

/* load/map.c */
void map_init(struct anybpf_map *map, struct anybpf_object *obj, const struct spec_map *spec);
int map_create_all(struct anybpf_object *obj);
void map_destroy(struct anybpf_map *map);
/* Likewise for good. */
void map_exit(struct anybpf_map *map);

/* load/link.c: insns, func_info, line_info and core_relos of @prog. */
int program_link(struct anybpf_program *prog);

/* load/vmlinux.c: the id of PREFIXNAME in the kernel's BTF, or -ENOENT. */
s32 vmlinux_find(struct anybpf *ctx, enum btf_kind kind, const char *prefix, const char *name);
/* Fills attach_btf_id of a program whose section names what it attaches to; 0 or -ENOENT. */
int program_find_target(struct anybpf_program *prog);

/* load/code.c: opens the files that the options or ANYBPF_AOT name; a failure is told at loading.
 */
void code_open(struct anybpf *ctx);

/* load/program.c */
void program_init(struct anybpf_program *prog, struct anybpf_object *obj,
		  const struct spec_func *func);
void program_destroy(struct anybpf_program *prog);

/* Records a failure on the object's context, with the object's name in front. */
int object_fail(struct anybpf_object *obj, int code, const char *fmt, ...) __printf(3, 4);

#endif

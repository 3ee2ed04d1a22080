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
	const struct mem *mem;
	struct engine *engine;
	struct err err; /* of the last call that failed on this context */
	struct anybpf_options opts;
};

struct anybpf_map {
	struct anybpf_object *object;
	const struct spec_map *spec;
	char name[64]; /* as the kernel knows it: data maps "<object>.data" */
	int fd;	       /* -1 until loaded */
	void *mapped;  /* contents when it could be mapped, else NULL */
	size_t mapped_size;
};

struct anybpf_program {
	struct anybpf_object *object;
	const struct spec_func *spec;
	int fd; /* -1 until loaded */
	bool autoload;
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	/* Linked: own instructions, then each subprogram once. */
	struct bpf_insn *insns;
	u32 insn_cnt;
	struct bpf_func_info *func_info;
	u32 func_info_cnt;
	struct bpf_line_info *line_info;
	u32 line_info_cnt;
	int load_error; /* of the last attempt */
	char *log;	/* the verifier's, or NULL */
};

struct anybpf_object {
	struct anybpf *ctx;
	struct arena arena;
	char name[64];
	struct spec *spec;
	struct anybpf_program *progs; /* entry programs only */
	u32 prog_cnt;
	struct anybpf_map *maps;
	u32 map_cnt;
	int btf_fd;
	bool prepared; /* maps exist and programs are linked */
};

/* Creates maps, loads BTF and links programs, but loads none. */
int object_prepare(struct anybpf_object *obj);
/* Loads one program; its verdict is in load_error and log. @log_level as in Linux. */
int object_load_program(struct anybpf_program *prog, u32 log_level);

#endif

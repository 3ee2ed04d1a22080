/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a program was rejected, for people: a headline in plain words, the place
 * in C, the steps that led there, what the verifier said, a remedy. All of it
 * comes from the verifier's log, be it ours or Linux's, the instructions and
 * the BTF line information; what these do not tell is not said. A rejection
 * that no row of class.def knows still gets its place and its steps.
 *
 * Pure: opens no file, asks no engine.
 */
#ifndef ANYBPF_EXPLAIN_EXPLAIN_H
#define ANYBPF_EXPLAIN_EXPLAIN_H

#include "base/arena.h"
#include "base/buf.h"
#include "btf/btf.h"
#include "isa/isa.h"

struct explain_input {
	const struct mem *mem;
	const char *log;     /* log level 1 or 2 */
	const char *message; /* what is known without a log, or NULL */
	const char *type;    /* of the program: "xdp", or NULL */
	const char *license; /* or NULL */
	const struct bpf_insn *insns;
	u32 insn_cnt;
	const struct btf *btf; /* of the program, or NULL */
	const struct bpf_func_info *func_info;
	u32 func_info_cnt;
	const struct bpf_line_info *line_info;
	u32 line_info_cnt;
	/* A line of a source file as it is on disk, without newline, or NULL; valid until the next
	 * call. May be NULL. */
	const char *(*source_line)(void *arg, const char *file, u32 line);
	void *arg;
};

/* Whether a place tells one instruction from others: assembly within C has one for all. */
struct explain_place;
bool place_is_line(const struct explain_place *place);

/* A place in C. Columns count bytes from 1; .column 0: not known. .text is the whole line. */
struct explain_place {
	s64 insn;		      /* -1: none */
	const char *file;	      /* NULL: no line is known */
	u32 line, column, end_column; /* the end is the first column behind */
	const char *text;
};

struct explain_note {
	struct explain_place place;
	const char *insn; /* the instruction's text */
	const char *text;
};

#define EXPLAIN_NOTES 8

struct explanation {
	const char *id; /* "map-value-null"; "other" without a row of its own */
	const char *headline;
	const char *label; /* what is wrong with the marked expression; "" */
	struct explain_place place;
	const char *insn; /* the instruction's text, "" */
	s32 reg;	  /* the register that the message is about; -1: none */
	struct explain_note notes[EXPLAIN_NOTES]; /* in the order in which they happened */
	u32 note_cnt;
	bool by_loader;		   /* the message is not the verifier's, which was not asked */
	const char *linux_message; /* literally, its lines separated by newlines */
	const char *remedy;	   /* lines; "" */
	u64 processed;
	struct arena arena;
};

/* 0 or -ENOMEM. To be freed when it gave 0. */
int explain(const struct explain_input *in, struct explanation *e);
void explanation_free(struct explanation *e);
/* The line information of an instruction, or NULL. */
const struct bpf_line_info *explain_line(const struct explain_input *in, u32 insn);

/* ---- as text ---- */

struct explain_style {
	bool color;
	u32 context; /* lines of source to show before and after the marked one */
	const char *(*short_path)(const char *path); /* or NULL */
};

void explain_print(const struct explain_input *in, const struct explanation *e,
		   const struct explain_style *style, struct buf *out);

#endif

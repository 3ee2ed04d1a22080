/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the selftests' own C code does with a program before it is loaded,
 * where the object file does not say it: its type, or the program that it
 * replaces or traces. The table is the file `setup`.
 */
#ifndef ANYBPF_CONFORMANCE_SETUP_H
#define ANYBPF_CONFORMANCE_SETUP_H

#include <stdio.h>

struct bpf_program;

struct setup {
	char object[64], program[64]; /* globs */
	char section[64];	      /* is of the type of this section; or "" */
	/* Attaches to a function of a program; "" for the one that the section names. */
	char target_object[64], target_program[64], function[64];
};

/* The next row, in @file's order, for a program; false after the last. */
int setup_next(FILE *file, const char *object, const char *program, struct setup *setup);
/* 0 or a negative errno; loads the target. @folder ends with "/". */
int setup_apply(const struct setup *setup, const char *folder, struct bpf_program *program);

#endif

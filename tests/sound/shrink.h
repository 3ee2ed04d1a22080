/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a program smaller that still has some property. */
#ifndef ANYBPF_TESTS_SOUND_SHRINK_H
#define ANYBPF_TESTS_SOUND_SHRINK_H

#include "sound/gen.h"

/* @has is asked of many programs, most of which no verifier would take. */
void shrink(struct gen *g, bool (*has)(void *arg, const struct gen *g), void *arg);

#endif

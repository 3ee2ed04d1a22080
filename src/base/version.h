/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's version; the build's own number is the same (tests/scripts/install checks it). */
#ifndef ANYBPF_BASE_VERSION_H
#define ANYBPF_BASE_VERSION_H

#define LIBRARY_VERSION "0.1.0"

#endif

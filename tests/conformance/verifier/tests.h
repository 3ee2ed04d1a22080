/* SPDX-License-Identifier: BSD-2-Clause */
/* test_verifier.c includes all tests from here; arrays_tests.c takes them file by file instead. */

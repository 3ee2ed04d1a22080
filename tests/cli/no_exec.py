#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs a command that may not make memory executable: PR_SET_MDWE of Linux 6.3. Exits with 77 where it is not there."""
import ctypes
import os
import sys

PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])

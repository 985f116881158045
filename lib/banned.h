/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included before every source file: makes calls of functions without bounds or
 * errors fail to compile.
 */
#ifndef SVCR_BANNED_H
#define SVCR_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison sprintf vsprintf strcpy strcat strncpy strncat strtok atoi atol

#endif

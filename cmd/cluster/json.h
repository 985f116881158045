/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writers of Kubernetes objects share. */
#ifndef CLUSTER_JSON_H
#define CLUSTER_JSON_H

#include "cluster.h"

#define UID_SIZE 37

/* Four spaces a level, as kubectl does; the levels that occur. */
#define I1 "    "
#define I2 I1 I1
#define I3 I2 I1
#define I4 I3 I1
#define I5 I4 I1
#define I6 I5 I1
#define I7 I6 I1
#define I8 I7 I1
#define I9 I8 I1
#define I10 I9 I1

/* A UID that depends on both numbers. */
const char *uid_text(uint64_t a, uint64_t b, char buf[static UID_SIZE]);
/* n letters that Kubernetes makes names of; `buf` takes n + 1 bytes. */
const char *suffix_text(uint64_t x, size_t n, char *buf);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_NGINX_TARGET_H
#define SVCR_NGINX_TARGET_H

#include "rules/target.h"

extern const struct svcr_target svcr_target_nginx;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_FIGURES_H
#define GATEWAY_FIGURES_H

/*
 * What figures.def lists, as numbers: FIGURE_FIELD_READINGS_WAITING and so on. Each is said by its
 * owner only; a message has room for all, so that nobody counts their own from 0.
 */

enum figure_owner {
    FIGURE_OWNER_FIELD,
    FIGURE_OWNER_UPLINK,
    FIGURE_OWNER_ENGINE,
    FIGURE_OWNER_COUNT
};

enum figure {
#define FIGURE(owner, tag, name, type, help) FIGURE_##owner##_##tag,
#include "gateway/figures.def"
#undef FIGURE
    FIGURE_COUNT
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PREMISES_H
#define GATEWAY_PREMISES_H

/*
 * What a running gateway has to itself: two directories, and a user for its components
 *
 * The run directory holds the sockets, the state directory everything that outlives a restart. Each
 * belongs to one `tocsin run` at a time, held by a lock for as long as it lives. Whatever is wrong is
 * logged here, with what it means for the rooms.
 */

#include "gateway/account.h"
#include "gateway/process.h"

/*
 * Whom shall the components become? `name` is what was asked for; NULL: as root `tocsin`, if there is
 * such a user, else whoever we are. False, and told, when the one that was asked for cannot be.
 */
bool premises_user(const char *name, struct account *ret_account);

/*
 * Make and take both directories and give them to `account`; sets the paths in `setup`. A run
 * directory that cannot be had, or a state directory that another gateway has, is told and false. A
 * state directory that cannot be used is only told: the rooms are watched without it. One whose disk hangs
 * is waited for, and told every ten seconds: whoever works in it would be caught in the kernel.
 */
bool premises_take(const char *run_directory, const char *state_directory,
                   const struct account *account, struct process_setup *setup);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_RESERVE_H
#define GATEWAY_JOURNAL_JOURNAL_RESERVE_H

/*
 * The reserve: room on the disk that nobody but the journal can have
 *
 * A file `reserve` in the state directory that holds nothing. When the disk is full it is given up, so
 * that what happens then is still recorded; while that lasts the journal's old activity makes room for
 * what is new, so that the reserve serves the alarms. It is made again, a piece at a time, as soon as
 * there is twice the room that it lacks: it must not itself be what fills the disk. A disk that is full
 * beside it is told within seconds, also where nothing has failed of it yet.
 *
 * Nothing is remembered of it: it is what the directory and the disk say.
 */

#include <stdbool.h>
#include <stdint.h>

/* Some thirty thousand events. On a small disk, at most one part of so many of it. */
#define JOURNAL_RESERVE_BYTES (UINT64_C(32) << 20)
enum { JOURNAL_RESERVE_SHARE = 16 };

/* It grows by so much at once: no commit waits long for it. */
#define JOURNAL_RESERVE_PIECE (UINT64_C(1) << 20)

/* The room that the reserve has on a disk of so many bytes, in whole pieces. */
uint64_t journal_reserve_wanted(uint64_t disk_bytes);

enum journal_reserve_state {
    RESERVE_WHOLE,
    RESERVE_GROWING,
    RESERVE_NO_ROOM, /* the disk does not have the room for it, or does not give it */
};

/* Add a piece in the directory open at `directory`, if one is missing. */
enum journal_reserve_state journal_reserve_grow(int directory, uint64_t *ret_bytes);

/* Give it up. False when there was nothing to give up. */
bool journal_reserve_spend(int directory);

#endif

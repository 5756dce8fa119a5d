/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PROCESS_H
#define GATEWAY_PROCESS_H

/*
 * A process of the gateway
 *
 * What the engine, the field, the uplink and the console have in common: one event loop that owns
 * every object, the sealed site, a clean stop on SIGTERM, and a line to the supervisor. A heartbeat
 * goes down that line each second from the loop itself, so that a loop that hangs is noticed; when
 * the line breaks the supervisor is dead, and the process ends within a second. Before the supervisor
 * stops all of them it says so on each line: whoever leaves from then on is not lost.
 *
 * Workers (one per Modbus bus, the journal's writer, Paho's own) hold copies and pass fixed-size
 * messages through a bounded queue and a wake-up; they never touch an object of the loop.
 */

#include "gateway/clock.h"
#include "gateway/losses.h"
#include "gateway/site.h"

struct event_base;
struct process_line;

enum process_role {
    PROCESS_ENGINE,
    PROCESS_FIELD,
    PROCESS_UPLINK,
    PROCESS_CONSOLE,
    PROCESS_ROLE_COUNT,
};

/* What the supervisor hands a child on their line, before anything else. */
struct process_setup {
    uint32_t role; /* enum process_role */
    uint32_t instance;
    uint32_t language;         /* enum site_language */
    uint32_t site_refused;     /* 1: the site file is wrong, and this is the site before it */
    struct wall site_accepted; /* when this site was */
    uint32_t is_reload;        /* 1: it takes the place of one that watched another site */
    uint32_t reserved;
    struct clock_origin clock;
    char run_directory[108];
    char console_socket[108];
    char assets[4096];    /* where the web app's files are */
    uint64_t number;      /* of the process; see losses.h */
    struct losses losses; /* the engine only: what it is to tell of */
};

/* What is said on the line: by a child, and the last ones by the supervisor. */
enum process_word {
    PROCESS_READY = 'r',
    PROCESS_ALIVE = 'a',
    PROCESS_TOLD = 't',         /* by the engine: losses that it was given are recorded */
    PROCESS_DISK_ANSWERS = 'd', /* by the engine: it has tried */
    PROCESS_CLOSING = 'c',      /* all are about to be stopped, one after the other */
    PROCESS_REFUSED = 'r',      /* to the engine: a changed site was refused */
    PROCESS_MENDED = 'm',     /* to the engine: the file is right again and says what is in force */
    PROCESS_RETIRED = 'o',    /* to a field process: outputs have been added to the retired ones */
    PROCESS_GENERATION = 'g', /* to a field process whose part of a changed site is the same */
    PROCESS_LOSSES = 'l',     /* to the engine: what was lost and is not recorded */
    PROCESS_TRY_DISK = 'd',   /* to the engine: write something, and say when that is over */
};

/* What PROCESS_GENERATION is said with. */
struct process_generation {
    char word;
    char reserved[7];
    uint64_t generation; /* of the site that is in force from now on */
};

/* What PROCESS_TOLD is said with. */
struct process_told {
    char word;
    char reserved[7];
    uint64_t serial; /* of the newest loss that is recorded */
};

/* What PROCESS_LOSSES is said with. */
struct process_losses {
    char word;
    char reserved[7];
    struct losses losses; /* all of them; what was said before is over */
};

/* The descriptors a child finds open; the last one, retired.h's, in a field process only. */
enum { PROCESS_FD_SITE = 3, PROCESS_FD_LINE = 4, PROCESS_FD_RETIRED = 5 };

struct process {
    enum process_role role;
    uint32_t instance;          /* of a field process; else 0 */
    const char *name;           /* "engine", "field-0" … */
    const char *run_directory;  /* sockets; absolute */
    const char *console_socket; /* absolute path */
    const char *assets;         /* directory of the web app */
    enum site_language language;
    uint64_t number; /* of this process; see losses.h */
    struct site site;
    bool site_refused;         /* at the start: see struct process_setup */
    struct wall site_accepted; /* likewise */
    bool is_reload;            /* likewise */
    struct event_base *base;
    struct process_line *line; /* to the supervisor */
    bool renewed;              /* it ends so that another takes its place: no failure */
};

/* The exit code of such a process; the supervisor starts another at once, and tells no loss. */
enum { PROCESS_EXIT_RENEWED = 3 };

/*
 * Tell the supervisor that this process does its work: the engine listens, the field polls. Until
 * then those that come after it are not started.
 */
void process_ready(struct process *process);

/* Tell the supervisor that the losses it handed over are recorded, up to and with this serial. */
void process_told(uint64_t serial);

/* Tell the supervisor that the disk has answered, well or not, since it was said to be tried. */
void process_disk_answers(void);

/*
 * What was lost and is not recorded, as the supervisor last said; only the engine's can be other than
 * none. It looks at the line itself: whoever says hello was started after its predecessor's end was said.
 * Valid until the next call, or until the loop goes on.
 */
const struct losses *process_losses(struct process *process);

/* Has the supervisor begun to stop all processes? */
bool process_is_closing(struct process *process);

/*
 * Call `heard` from the loop each time the supervisor says `word`, PROCESS_REFUSED, PROCESS_MENDED,
 * PROCESS_LOSSES, PROCESS_TRY_DISK, PROCESS_RETIRED or PROCESS_GENERATION. A process has use for
 * PROCESS_WORDS_MAX of them.
 */
enum { PROCESS_WORDS_MAX = 4 };
void process_on_word(struct process *process, enum process_word word, void (*heard)(void *context),
                     void *context);

/* The generation of the site in force: of `site`, or what was last said. */
uint64_t process_generation(const struct process *process);

/* Run the loop until SIGTERM, or until the supervisor is gone. Returns 0 for a clean stop. */
NODISCARD int process_loop(struct process *process);

/* The four, each in its folder. They run until process_loop() ends. */
NODISCARD int engine_run(struct process *process);
NODISCARD int field_run(struct process *process);
NODISCARD int uplink_run(struct process *process);
NODISCARD int console_run(struct process *process);

enum { PROCESS_NAME_SIZE = 32 };

/* Write "engine", "field-0", "uplink" or "console". */
void process_name_format(enum process_role role, uint32_t instance, char ret[PROCESS_NAME_SIZE]);

/*
 * Be a child: take the setup from the line and the site from its descriptor, then run the role.
 * `roles` has one function for each. Returns the exit code: 0 stopped cleanly, 1 failed, 2 not
 * started by a supervisor, 3 to be renewed.
 */
int process_main(int (*const roles[PROCESS_ROLE_COUNT])(struct process *process));

#endif

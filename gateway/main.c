/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tocsin: one binary for the gateway, its tools and its command line
 *
 * `tocsin run` starts this same binary again for each of its children; everything else is a
 * command.
 */
#include <string.h>

#include "gateway/cli/commands.h"
#include "gateway/process.h"

int main(int argc, char **argv) {
    static int (*const roles[PROCESS_ROLE_COUNT])(struct process * process) = {
        [PROCESS_ENGINE] = engine_run,
        [PROCESS_FIELD] = field_run,
        [PROCESS_UPLINK] = uplink_run,
        [PROCESS_CONSOLE] = console_run,
    };
    if (argc == 2 && strcmp(argv[1], "--process") == 0) {
        return process_main(roles);
    }
    return cli_main(argc, argv);
}

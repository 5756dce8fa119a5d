/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/console/authority.h"
#include "gateway/hex.h"

struct names {
    char *text;
    size_t len;
};

/* Add "IP:…" or "DNS:…" once, if it fits. */
static void names_add(struct names *names, const char *kind, const char *value) {
    char entry[300];
    int len = snprintf(entry, sizeof entry, "%s:%s", kind, value);
    if (value[0] == '\0' || len < 0 || (size_t)len >= sizeof entry ||
        names->len + (size_t)len + 2 > AUTHORITY_NAMES_SIZE) {
        return;
    }
    for (const char *at = names->text; (at = strstr(at, entry)) != NULL; at++) {
        char after = at[len];
        if ((at == names->text || at[-1] == ',') && (after == ',' || after == '\0')) {
            return;
        }
    }
    names->len += (size_t)snprintf(names->text + names->len, AUTHORITY_NAMES_SIZE - names->len,
                                   "%s%s", names->len > 0 ? "," : "", entry);
}

/* Letters, digits, dots and dashes: anything else would be read as more than a name. */
static bool name_is_host(const char *text) {
    return text[0] != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
               strlen(text);
}

static void names_add_host(struct names *names, const char *host) {
    struct in6_addr address;
    bool is_address =
        inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
    if (is_address || name_is_host(host)) {
        names_add(names, is_address ? "IP" : "DNS", host);
    }
}

/* The flags of a line of the table: "20010db8… 02 40 00 80     eth0" has them behind index, prefix and scope. */
static unsigned long table_flags(const char *line) {
    for (int field = 0; field < 4; field++) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return strtoul(line, NULL, 16);
}

bool authority_address_is_temporary(FILE *table, const unsigned char address[16]) {
    enum { DIGITS = 32, TEMPORARY = 0x01 }; /* IFA_F_TEMPORARY of rtnetlink(7) */
    char wanted[DIGITS + 1], line[256];
    hex_format(address, DIGITS / 2, wanted);
    rewind(table);
    while (fgets(line, sizeof line, table) != NULL) {
        if (strncmp(line, wanted, DIGITS) == 0) {
            return (table_flags(line) & TEMPORARY) != 0;
        }
    }
    return false;
}

/*
 * An address that another machine can use for long: not one of a link, which needs an interface with it, and
 * none that the machine takes for a day, so that nobody can tell it by its address from outside (RFC 8981).
 */
static void names_add_interface(struct names *names, const struct sockaddr *address, FILE *table) {
    char text[INET6_ADDRSTRLEN];
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *ip = (const struct sockaddr_in *)(const void *)address;
        names_add(names, "IP", inet_ntop(AF_INET, &ip->sin_addr, text, sizeof text) ? text : "");
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ip = (const struct sockaddr_in6 *)(const void *)address;
        if (!IN6_IS_ADDR_LINKLOCAL(&ip->sin6_addr) &&
            (table == NULL || !authority_address_is_temporary(table, ip->sin6_addr.s6_addr))) {
            names_add(names, "IP",
                      inet_ntop(AF_INET6, &ip->sin6_addr, text, sizeof text) ? text : "");
        }
    }
}

void authority_names(const char *host, char ret[AUTHORITY_NAMES_SIZE]) {
    struct names names = {.text = ret};
    char machine[256] = "";
    struct ifaddrs *interfaces = NULL;
    ret[0] = '\0';
    names_add(&names, "DNS", "localhost");
    names_add(&names, "IP", "127.0.0.1");
    names_add(&names, "IP", "::1");
    if (gethostname(machine, sizeof machine - 1) == 0) {
        names_add_host(&names, machine);
    }
    if (strcmp(host, "0.0.0.0") != 0 && strcmp(host, "::") != 0) {
        names_add_host(&names, host);
    }
    if (getifaddrs(&interfaces) != 0) {
        return;
    }
    FILE *table = fopen("/proc/net/if_inet6", "re"); /* there is none without IPv6 */
    for (const struct ifaddrs *at = interfaces; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr != NULL && (at->ifa_flags & IFF_UP) != 0) {
            names_add_interface(&names, at->ifa_addr, table);
        }
    }
    if (table != NULL) {
        (void)fclose(table); /* only read */
    }
    freeifaddrs(interfaces);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/user.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/cli/session.h"
#include "gateway/cli/table.h"

static const struct arguments_words usage = {
    {"用法：tocsin user list\n"
     "      tocsin user add ID ROLE --name NAME\n"
     "      tocsin user change ID [ROLE] [--name NAME] [--password]\n"
     "      tocsin user remove ID\n"
     "      tocsin user key ID\n"
     "      tocsin user unkey ID\n"
     "\n"
     "可登录控制台的用户。密码在终端输入两次，或取自标准输入的第一行，10 个字符以上；网关只保存其散列。\n"
     "角色为 caregiver、security、manager、engineer、auditor；角色为 wall 的是墙上的屏幕：\n"
     "没有密码，只能查看，添加时显示其令牌，仅此一次。\n"
     "删除用户、更改其角色或密码后，其所有登录立即失效。\n"
     "key 为用户生成一把密钥，仅显示一次，用于给经 MQTT 发送的命令签名\n"
     "（站点须设 `mqtt: commands: true`）；原有密钥、用户被删除、更改角色或被重设密码后的密钥即告失效；\n"
     "自行修改密码不影响密钥。\n"
     "unkey 使其失效。\n",
     "Usage: tocsin user list\n"
     "       tocsin user add ID ROLE --name NAME\n"
     "       tocsin user change ID [ROLE] [--name NAME] [--password]\n"
     "       tocsin user remove ID\n"
     "       tocsin user key ID\n"
     "       tocsin user unkey ID\n"
     "\n"
     "Who may sign in to the console. The password is asked for twice on a terminal, or is the first line of\n"
     "standard input; it has 10 characters or more, and only its hash is kept. Roles are caregiver, security,\n"
     "manager, engineer and auditor; a screen on a wall has the role wall and no password: it looks on, and its\n"
     "token is shown when it is added, this once. Whoever is removed, or gets another role or password, is\n"
     "signed out everywhere at once.\n"
     "key makes a key, shown this once, with which commands that are sent by MQTT are signed, where the site says\n"
     "mqtt: commands: true. One from before ends, as does the key of whoever is removed or gets another role or\n"
     "password; who changes their own password keeps it. unkey ends it.\n"}};

static const struct arguments_words closing = {
    {"退出码：0 已完成；1 被拒绝或网关不在线；2 命令有误\n",
     "exit codes: 0 done, 1 refused or the gateway is away, 2 the command is wrong\n"}};

static const struct arguments_words forms = {
    {"需要 list、add ID ROLE、change ID [ROLE]、remove ID、key ID 或 unkey ID",
     "it takes list, add ID ROLE, change ID [ROLE], remove ID, key ID or unkey ID"}};

enum { PASSWORD_SIZE = 512, USER_PATH_SIZE = 256 };

/* ---- passwords ---- */

/* A line without its end; false when there is none, or it is longer than any password. */
static bool password_line(char ret[PASSWORD_SIZE]) {
    if (fgets(ret, PASSWORD_SIZE, stdin) == NULL) {
        return false;
    }
    size_t len = strcspn(ret, "\r\n");
    bool whole = ret[len] != '\0' || feof(stdin) != 0;
    ret[len] = '\0';
    return whole;
}

/* Ask on the terminal, which does not show what is typed. */
static bool password_prompt(const char *words, char ret[PASSWORD_SIZE]) {
    struct termios shown;
    bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    struct termios hidden = shown;
    if (terminal) {
        (void)fputs(words, stderr);
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    bool read = password_line(ret);
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        (void)fputc('\n', stderr);
    }
    return read;
}

static bool password_read(const struct session *session, char ret[PASSWORD_SIZE]) {
    const struct reader *reader = &session->reader;
    char again[PASSWORD_SIZE] = "";
    bool read = password_prompt(reader_text(reader, "密码：", "Password: "), ret);
    bool same = true;
    if (read && isatty(STDIN_FILENO) == 1) {
        same = password_prompt(reader_text(reader, "再输入一次：", "Once more: "), again) &&
               strcmp(ret, again) == 0;
    }
    explicit_bzero(again, sizeof again);
    if (!read || !same) {
        (void)fprintf(
            stderr, "tocsin user: %s\n",
            same ? reader_text(reader, "没有得到密码：请在终端输入，或由标准输入的第一行给出",
                               "no password: type it on a terminal, or give it as the first line "
                               "of standard input")
                 : reader_text(reader, "两次输入不一致，未做任何更改",
                               "those were two different ones; nothing was changed"));
    }
    return read && same;
}

/* ---- the commands ---- */

enum { COLUMNS = 3 };

static void user_add_row(struct table *table, const json_t *user) {
    const char *const texts[COLUMNS] = {member_text(user, "id"), member_text(user, "role"),
                                        member_text(user, "name")};
    table_add(table, TONE_PLAIN, texts);
}

static int user_list(struct session *session) {
    json_t *answer = NULL;
    int r = session_ask(session, "/api/v1/users", NULL, &answer);
    if (r == EXIT_DONE && session->options->json) {
        session_print_json(session, answer);
    } else if (r == EXIT_DONE) {
        struct table table;
        size_t index = 0;
        const json_t *user = NULL;
        table_init(&table, COLUMNS);
        json_array_foreach(json_object_get(answer, "users"), index, user) {
            user_add_row(&table, user);
        }
        table_print(&table, &session->reader);
        table_deinit(&table);
    }
    json_decref(answer);
    return r;
}

/* What was changed, and what of it has to be known. */
static void user_print(const struct session *session, const char *done, const json_t *answer) {
    const struct reader *reader = &session->reader;
    const char *token = member_text(answer, "token");
    const char *key = member_text(answer, "key");
    if (session->options->json) {
        session_print_json(session, answer);
        return;
    }
    (void)fprintf(reader->out, "%s: %s\n", member_text(answer, "id"), done);
    if (token[0] != '\0') {
        (void)fprintf(reader->out, "%s\n%s\n",
                      reader_text(reader, "屏幕的令牌，仅显示这一次：",
                                  "the screen's token, shown this once:"),
                      token);
    }
    if (key[0] != '\0') {
        (void)fprintf(reader->out, "%s\n%s\n",
                      reader_text(reader, "密钥，仅显示这一次：", "the key, shown this once:"),
                      key);
    }
    if (json_is_false(json_object_get(answer, "saved"))) {
        reader_put(reader, TONE_WARNING,
                   reader_text(
                       reader, "磁盘未能写入：下次启动后将失效，请检查状态目录",
                       "the disk did not take it: it is forgotten with the next start; look at the "
                       "state directory"));
        (void)fputc('\n', reader->out);
    }
}

static int user_send(struct session *session, const char *method, const char *path,
                     const json_t *body, const char *done) {
    json_t *answer = NULL;
    int r = session_ask_by(session, method, path, body, &answer);
    if (r == EXIT_DONE) {
        user_print(session, done, answer);
    }
    json_decref(answer);
    return r;
}

static int user_add(struct session *session, const char *id, const char *role) {
    const struct options *options = session->options;
    const struct reader *reader = &session->reader;
    char password[PASSWORD_SIZE] = "";
    bool screen = strcmp(role, "wall") == 0;
    if (!screen && !password_read(session, password)) {
        return EXIT_FAILED;
    }
    json_t *body = json_pack("{s:s, s:s, s:s}", "id", id, "name",
                             options->name == NULL ? id : options->name, "role", role);
    if (!screen) {
        (void)json_object_set_new(body, "password", json_string(password));
    }
    explicit_bzero(password, sizeof password);
    int r = user_send(session, "POST", "/api/v1/users", body,
                      reader_text(reader, "已添加", "may sign in now"));
    json_decref(body);
    return r;
}

static int user_change(struct session *session, const char *path, const char *role) {
    const struct options *options = session->options;
    char password[PASSWORD_SIZE] = "";
    if (options->password && !password_read(session, password)) {
        return EXIT_FAILED;
    }
    json_t *body = json_object();
    if (role != NULL) {
        (void)json_object_set_new(body, "role", json_string(role));
    }
    if (options->name != NULL) {
        (void)json_object_set_new(body, "name", json_string(options->name));
    }
    if (options->password) {
        (void)json_object_set_new(body, "password", json_string(password));
    }
    explicit_bzero(password, sizeof password);
    int r =
        user_send(session, "PUT", path, body, reader_text(&session->reader, "已更改", "changed"));
    json_decref(body);
    return r;
}

static int user_key(struct session *session, const char *method, const char *escaped,
                    const char *done) {
    char path[USER_PATH_SIZE + sizeof "/api/v1/users//key"];
    (void)snprintf(path, sizeof path, "/api/v1/users/%s/key", escaped);
    return user_send(session, method, path, NULL, done);
}

static int user_run(struct session *session) {
    char *const *words = session->options->operands;
    uint32_t count = 0;
    while (words[count] != NULL) {
        count++;
    }
    char escaped[USER_PATH_SIZE], path[USER_PATH_SIZE + sizeof "/api/v1/users/"];
    client_escape(count > 1 ? words[1] : "", escaped, sizeof escaped);
    (void)snprintf(path, sizeof path, "/api/v1/users/%s", escaped);
    if (count == 1 && strcmp(words[0], "list") == 0) {
        return user_list(session);
    } else if (count == 3 && strcmp(words[0], "add") == 0) {
        return user_add(session, words[1], words[2]);
    } else if (count >= 2 && strcmp(words[0], "change") == 0) {
        return user_change(session, path, words[2]);
    } else if (count == 2 && strcmp(words[0], "remove") == 0) {
        return user_send(session, "DELETE", path, NULL,
                         reader_text(&session->reader, "已删除，其登录已失效",
                                     "removed, and signed out everywhere"));
    } else if (count == 2 && strcmp(words[0], "key") == 0) {
        return user_key(session, "POST", escaped,
                        reader_text(&session->reader, "已生成密钥", "may sign commands now"));
    } else if (count == 2 && strcmp(words[0], "unkey") == 0) {
        return user_key(session, "DELETE", escaped,
                        reader_text(&session->reader, "密钥已失效", "the key has ended"));
    }
    return arguments_refuse(session->command, forms, NULL);
}

int user_main(int argc, char **argv) {
    const struct options_form form = {
        .taken = OPTION_NAME | OPTION_PASSWORD | OPTION_JSON,
        .usage = &usage,
        .closing = &closing,
        .operands_min = 1,
        .operands_max = 3,
        .operands = forms,
    };
    return session_main(argc, argv, &form, user_run);
}

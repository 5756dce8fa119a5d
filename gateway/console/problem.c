/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/problem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct texts {
    const char *zh, *en;
};

static const struct {
    int status;
    const char *name;
    const char *title;
    struct texts detail;
} problems[PROBLEM_COUNT] = {
    [PROBLEM_STRANGER] =
        {403,
         "stranger",
         "Not permitted",
         {"此用户不可使用本网关。请以 root 或网关用户运行，或加入 tocsin 用户组后重新登录",
          "This user may not talk to the gateway. Run the command as root or as the "
          "gateway's user, or become a member of group tocsin and log in again"}},
    [PROBLEM_ROLE] = {403,
                      "role",
                      "Not permitted for this role",
                      {"此角色只能查看，不能操作告警",
                       "This role may look at everything and act on nothing"}},
    [PROBLEM_ROLE_UNKNOWN] = {400,
                              "role_unknown",
                              "No such role",
                              {"角色为 caregiver、security、manager、engineer、auditor 之一",
                               "Roles are caregiver, security, manager, engineer and auditor"}},
    [PROBLEM_NOT_FOUND] = {404,
                           "not_found",
                           "Not found",
                           {"没有此项；名称须与站点配置一致",
                            "There is no such thing here; names are those of the site"}},
    [PROBLEM_METHOD] = {405,
                        "method",
                        "Method not allowed",
                        {"此地址不支持该方法", "This address does not answer to that method"}},
    [PROBLEM_PARAMETER] = {400,
                           "parameter",
                           "Bad parameter",
                           {"参数有误", "The parameter has no value that it can have"}},
    [PROBLEM_PARAMETER_UNKNOWN] = {400,
                                   "parameter_unknown",
                                   "Unknown parameter",
                                   {"此地址没有这个参数", "This address has no such parameter"}},
    [PROBLEM_ADDRESS_LONG] = {414,
                              "address_long",
                              "The address is too long",
                              {"请求地址过长：路径与参数合计至多 2048 字节",
                               "The address is too long: path and query take 2048 bytes at most"}},
    [PROBLEM_HEADERS_LONG] = {431,
                              "headers_long",
                              "The headers are too long",
                              {"请求头过长：合计至多 8192 字节",
                               "The headers are too long: together they take 8192 bytes at most"}},
    [PROBLEM_FRAMING] =
        {400,
         "framing",
         "The end of the request is not clear",
         {"请求的长度或 Host 不明确，未执行任何操作",
          "The length of the request, or its Host, can be read in two ways: nothing was done"}},
    [PROBLEM_UNREADABLE] =
        {400,
         "unreadable",
         "The request cannot be read",
         {"无法读懂该请求：它不是 HTTP/1.1，或请求头过长（合计至多 8192 字节）；未执行任何操作",
          "This is no request of HTTP/1.1, or its headers are too long (together they take 8192 bytes "
          "at most): nothing was done"}},
    [PROBLEM_EXPECTATION] =
        {417,
         "expectation",
         "Unknown expectation",
         {"不支持请求头 Expect 的要求，未执行任何操作",
          "What the header Expect asks for is not done here: nothing was done"}},
    [PROBLEM_BODY_LONG] = {413,
                           "body_long",
                           "The body is too long",
                           {"请求内容过长：至多 4096 字节，未执行",
                            "The body is too long: it takes 4096 bytes at most. Nothing was done"}},
    [PROBLEM_BODY] =
        {400,
         "body",
         "Bad request body",
         {"请求内容有误：by 与 second_by 为至多 42 字节的姓名，reason 至多 255 字节，均不含控制字符；"
          "时长用 minutes、seconds（整数）或 until（带时区的将来时刻）之一；second_role 为角色；"
          "disposition 为 genuine、equipment、misuse、test、drill、duplicate、no_answer 之一；"
          "result 为 real 或 false；of_test 为 true 或 false",
          "The body is wrong: by and second_by are names of at most 42 bytes, reason a text of at "
          "most 255, without control characters; how long is one of minutes, seconds (whole "
          "numbers) and until (a time to come, with its zone); second_role is a role; disposition is "
          "genuine, equipment, misuse, test, drill, duplicate or no_answer; result is real or "
          "false; of_test is true or false"}},
    [PROBLEM_ENGINE_AWAY] =
        {503,
         "engine_away",
         "The engine is away",
         {"告警引擎不在线，操作未执行。请稍后重试，并到现场查看",
          "The engine is away and nothing was done. Try again in a moment; until "
          "then go and look at the place"}},
    [PROBLEM_ENGINE_LOST] = {503,
                             "engine_lost",
                             "The engine went away",
                             {"操作途中告警引擎离线，结果未知。请查看告警状态后再决定是否重试",
                              "The engine went away before it answered; whether the command was "
                              "recorded is not known. Look at the alarm, then try again"}},
    [PROBLEM_ENGINE_LATE] = {504,
                             "engine_late",
                             "The engine does not answer",
                             {"告警引擎未在时限内答复，结果未知。请查看告警状态",
                              "The engine did not answer in time; whether the command was recorded "
                              "is not known. Look at the alarm"}},
    [PROBLEM_BUSY] = {503,
                      "busy",
                      "Too much at once",
                      {"请求过多，未执行。请稍后重试",
                       "Too many requests are under way; this one was not done. Try again"}},
    [PROBLEM_JOURNAL] = {503,
                         "journal",
                         "The journal cannot be read",
                         {"目前无法读取事件记录；监测与告警不受影响",
                          "The journal cannot be read at present. Watching goes on; try again"}},
    [PROBLEM_RESEND] =
        {400,
         "resend",
         "Bad request body",
         {"请求内容有误：它是一个 JSON 对象，成员只有 since、until、to、by，各至多一次，since 必填",
          "The body is wrong: it is a JSON object of since, until, to and by, each at most once, and "
          "since has to be there"}},
    [PROBLEM_RESEND_EARLY] =
        {400,
         "resend_early",
         "A time that has not been yet",
         {"since（--since）是将来的时刻或日期，那时起的事件尚未发生，因此未重发任何事件；请给出已过去的时刻，并核对"
          "网关的时钟（tocsin status）",
          "since (--since) lies in the future: nothing of then has happened yet, so nothing is sent again. "
          "Give a time that has been; if it has, see whether the gateway's clock is right (`tocsin "
          "status`)"}},
    [PROBLEM_RESEND_ROLE] =
        {403,
         "resend_role",
         "Not permitted for this role",
         {"重发会使外部系统再次收到旧事件，只有工程师可以要求：请由 engineer 角色操作",
          "What is sent again reaches everybody outside once more, so only an engineer may ask for it: "
          "have one do it (--role engineer)"}},
    [PROBLEM_NO_SINK] = {409,
                         "no_sink",
                         "The site has no such sink",
                         {"站点没有配置此去处，因此未重发任何事件",
                          "The site has no such sink, so nothing is sent again"}},
    [PROBLEM_NO_EVENTS] = {409,
                           "no_events",
                           "Nothing to send again",
                           {"此范围内没有事件记录，因此未重发；可用 tocsin events 查看已有的记录",
                            "Nothing of this range is in the journal, so nothing is sent again; "
                            "`tocsin events` shows what is"}},
    [PROBLEM_HISTORY] =
        {503,
         "history",
         "The history cannot be read",
         {"目前无法读取历史数据；监测与告警不受影响",
          "The history cannot be read at present: its disk does not answer, or its directory cannot be used. "
          "Watching goes on; try again"}},
    [PROBLEM_NO_HISTORY] =
        {404,
         "no_history",
         "No history is kept",
         {"此测点不保存历史：刷卡与巡更点从不保存，gateway.history 为 0 MiB 时全部不保存，站点超过 10000 "
          "个测点时其余不保存",
          "No history is kept of this point: never of card readers and checkpoints, of none while "
          "gateway.history is 0 MiB, and of no more than 10,000 points of a site"}},
    [PROBLEM_SIGNED_OUT] = {401,
                            "signed_out",
                            "Not signed in",
                            {"尚未登录或登录已失效，请重新登录",
                             "Nobody is signed in here, or no longer: sign in"}},
    [PROBLEM_UNCLAIMED] =
        {401,
         "unclaimed",
         "Nobody can sign in yet",
         {"本网关尚无用户：请输入网关日志中的认领码（event=console_claim），或在网关上运行 tocsin user add",
          "This gateway has no users yet: enter the claim code from its log (event=console_claim), or run "
          "`tocsin user add` on it"}},
    [PROBLEM_SIGN_IN] = {401,
                         "sign_in",
                         "Not signed in",
                         {"用户名或密码不正确",
                          "That is not the name and password of anybody here"}},
    [PROBLEM_SIGN_IN_BODY] =
        {400,
         "sign_in_body",
         "Bad request body",
         {"请求内容有误：登录须有 id 与 password（或屏幕的 token）；更改密码须有 old 与 new",
          "The body is wrong: signing in takes id and password, or a screen's token; another password takes "
          "old and new"}},
    [PROBLEM_SIGN_IN_RATE] = {429,
                              "sign_in_rate",
                              "Too many tries",
                              {"尝试次数过多，请稍候再试",
                               "Too many tries: wait a little before the next"}},
    [PROBLEM_CLAIM_CODE] =
        {403,
         "claim_code",
         "Not the claim code",
         {"认领码不正确；它在网关日志中（event=console_claim）",
          "That is not the claim code; it stands in the gateway's log (event=console_claim)"}},
    [PROBLEM_CLAIMED] =
        {409,
         "claimed",
         "Claimed already",
         {"本网关已有用户，认领码已失效：请登录，或请工程师添加用户",
          "This gateway has users and the code is over: sign in, or have an engineer add you"}},
    [PROBLEM_PASSWORD] =
        {400,
         "password",
         "The password will not do",
         {"密码须为 10 个字符以上、至多 256 字节，不能全是同一字符，也不能是用户名",
          "A password has 10 characters or more and at most 256 bytes, is not one character over "
          "and over, and not the id"}},
    [PROBLEM_SECOND_PERSON] =
        {403,
         "second_person",
         "The second person did not sign",
         {"第二人的用户名或密码不正确，未执行任何操作",
          "That is not the name and password of a second person here; nothing was done"}},
    [PROBLEM_MEDIA_TYPE] =
        {415,
         "media_type",
         "Not JSON",
         {"请求须带 Content-Type: application/json，未执行任何操作",
          "The request has to say Content-Type: application/json; nothing was done"}},
    [PROBLEM_USER_BODY] =
        {400,
         "user_body",
         "Bad request body",
         {"未作更改。用户名（id）为 1 至 32 个小写字母、数字或 . _ -；姓名（name）至多 42 字节，即 14 个汉字；角色（role）"
          "为 caregiver、security、manager、engineer、auditor，须有密码；或 wall（墙上屏幕），没有密码",
          "Nothing was changed. A user name (id) is 1 to 32 small letters, digits and . _ -; a name has at most 42 bytes, "
          "which are 14 Chinese characters; a role is caregiver, security, manager, engineer or auditor, who have a "
          "password, or wall (a screen), which has none"}},
    [PROBLEM_USER_TAKEN] = {409,
                            "user_taken",
                            "There is such a user",
                            {"此用户名已被使用", "Somebody has this id already"}},
    [PROBLEM_USER_NAME] =
        {409,
         "user_name",
         "Somebody has this name",
         {"已有同名用户；事件记录以姓名区分操作者，请加以区别（如“王敏 二楼”）",
          "Somebody has this name already, and the journal tells people apart by it: add something to it"}},
    [PROBLEM_USER_UNKNOWN] = {404,
                              "user_unknown",
                              "No such user",
                              {"没有此用户", "There is no such user"}},
    [PROBLEM_USER_LAST] =
        {409,
         "user_last",
         "The last engineer",
         {"这是最后一名工程师，不能删除或改为其他角色：否则无人能再管理用户",
          "This is the last engineer: without one nobody could look after the users"}},
    [PROBLEM_USERS_FULL] = {409,
                            "users_full",
                            "Too many users",
                            {"用户已满 500 个；请先删除不再使用的",
                             "There are 500 users already; remove those that are needed no more"}},
    [PROBLEM_PUSH_BODY] =
        {400,
         "push_body",
         "Bad request body",
         {"请求内容有误：订阅须有 https 的 endpoint、keys.p256dh 和 keys.auth（浏览器给出的原样），回执只有 token",
          "The body is wrong: a subscription has an https endpoint, keys.p256dh and keys.auth as the browser "
          "gives them, a receipt has a token and nothing else"}},
    [PROBLEM_PUSH_PERSON] =
        {403,
         "push_person",
         "Nobody's phone",
         {"手机属于在其上登录的人员：请经 HTTPS 登录后在手机上开启",
          "A phone belongs to who is signed in on it: sign in over HTTPS, on the "
          "phone"}},
    [PROBLEM_PUSH_UNKNOWN] = {404,
                              "push_unknown",
                              "Not known",
                              {"没有这部手机，或此回执已用过、已过期",
                               "There is no such phone, or the receipt was used or is too old"}},
    [PROBLEM_PUSH_FULL] = {409,
                           "push_full",
                           "Too many phones",
                           {"已有 64 部手机接收告警，请先移除不再使用的",
                            "64 phones are called already: take those away that nobody uses"}},
    [PROBLEM_PUSH_KEPT] =
        {503,
         "push_kept",
         "Not kept",
         {"磁盘无法写入：网关重启后将不再呼叫这部手机。请检查状态目录，然后重试",
          "The disk does not take it: this phone is not called after a restart. See to "
          "the state directory, then try again"}},
    [PROBLEM_PUSH_AWAY] = {503,
                           "push_away",
                           "Nobody calls phones",
                           {"负责呼叫手机的进程暂不可用，请稍后重试",
                            "The process that calls phones is away or does not answer. Try again"}},
    [PROBLEM_REMOTE_BODY] =
        {400,
         "command_form",
         "No command",
         {"消息格式有误，未执行：须为 {\"signed\": 文本, \"hmac\": 64 位小写十六进制}；文本是 JSON 对象，含 "
          "user、id（至多 64 个字母、数字或 ._:-）、time（带时区）、command，以及 alarm 或 place",
          "The message has not the form of a command; nothing was done. It is {\"signed\": TEXT, "
          "\"hmac\": 64 lower-case hexadecimal digits}; TEXT is a JSON object with user, id (at most 64 "
          "letters, digits, and ._:-), time (with its zone), command, and alarm or place"}},
    [PROBLEM_REMOTE_LONG] = {413,
                             "command_long",
                             "The message is too long",
                             {"消息过长：至多 2048 字节，未执行",
                              "The message is too long: 2048 bytes at most. Nothing was done"}},
    [PROBLEM_REMOTE_TOPIC] =
        {400,
         "response_topic",
         "No topic for an answer",
         {"此响应主题不可用，未执行：至多 256 字节，不含通配符，不以 $ 开头，不在 Home Assistant 的前缀之下，"
          "在 tocsin/ 之下时只能是本网关的 reply/",
          "No answer goes to this response topic; nothing was done. It has at most 256 bytes, no wildcards, does not "
          "begin with $, and lies neither below Home Assistant's prefix nor below tocsin/, but for reply/ of "
          "this gateway"}},
    [PROBLEM_REMOTE_SIGNATURE] =
        {401,
         "command_signature",
         "Not signed",
         {"签名不符，未执行：没有此用户、此用户没有密钥，或签名所用的密钥或内容不同。密钥由 tocsin user key "
          "生成，更改角色后须重新生成",
          "It is not signed by such a user; nothing was done. There is none of that id, they have no key, or another "
          "key or other bytes were signed. `tocsin user key` makes a key; another role needs a new one"}},
    [PROBLEM_REMOTE_TIME] =
        {409,
         "command_time",
         "Not of now",
         {"time 与网关时钟相差超过 60 秒，未执行；网关时间见 time，请校准发送方的时钟",
          "Its time is more than 60 s from the gateway's clock, which `time` here tells; nothing was done. Set "
          "the clock of what sends it"}},
    [PROBLEM_REMOTE_OLD] =
        {409,
         "command_clock",
         "Not newer than what is forgotten",
         {"网关的时钟曾被拨回，或已执行命令的记录无法读取，无法确认此命令是否执行过，未执行：请以新的 id 和当前 time "
          "稍后重发，或在控制台操作",
          "The gateway's clock was set back, or what was taken before cannot be read, so nobody knows whether this was "
          "carried out already; nothing was done. Send it later, with a new id and time, or use the console"}},
    [PROBLEM_REMOTE_REPEATED] =
        {409,
         "command_repeated",
         "Taken already",
         {"同一用户的同一 id 已收到过，不再执行；如需再次执行，请用新的 id",
          "A command of this user and id was taken already, and is not taken again; what is meant anew has a new "
          "id"}},
    [PROBLEM_REMOTE_FULL] =
        {429,
         "command_rate",
         "Too many commands",
         {"两分钟内命令过多（每人 64 条，合计 256 条），未执行；请稍后重试",
          "Too many commands within two minutes: 64 of one user, 256 of all. Nothing was done; try again later"}},
    [PROBLEM_REMOTE_DISK] =
        {503,
         "command_kept",
         "Not kept",
         {"磁盘无法写入，无法防止重放，未执行。请在控制台操作，并检查状态目录",
          "The disk does not take it, so it could be sent once more; nothing was done. Use the "
          "console, and see to the state directory"}},
    [PROBLEM_PAGE_BODY] =
        {400,
         "page_body",
         "Bad request body",
         {"请求内容有误：须有 page（16 至 40 个字母、数字、- 或 _），以及 gone 或 shown；shown 至多 32 行，每行有 alarm、step "
          "和 run",
          "The body is wrong: it has page, 16 to 40 letters, digits, - or _, and gone or shown; shown is at most 32 rows of "
          "alarm, step and run"}},
    [PROBLEM_PAGE_PERSON] = {403,
                             "page_person",
                             "Nobody's page",
                             {"页面属于在其上登录的人员：请经 HTTPS 登录",
                              "A page belongs to who is signed in on it: sign in over HTTPS"}},
    [PROBLEM_SHIFT_ROLE] = {403,
                            "shift_role",
                            "Not the shift of this role",
                            {"此班次属于其他角色，未记录接班",
                             "The shift is another role's: that it is taken over is not recorded"}},
    [PROBLEM_USERS_UNRECORDED] =
        {503,
         "users_unrecorded",
         "Not recorded yet",
         {"已有 64 项用户更改尚未记入日志，未作更改：请等告警引擎和日志恢复后重试",
          "64 changes of users are not in the journal yet; nothing was changed. Try again when the engine and the "
          "journal are back"}},
    [PROBLEM_USERS_ROLE] = {403,
                            "users_role",
                            "Not permitted for this role",
                            {"只有工程师可以查看和更改用户",
                             "Only an engineer looks after the users"}},
};

/* What a problem is where it is known what it is about: what a member of a body can be, mostly. */
static const struct {
    enum problem problem;
    const char *about;
    struct texts detail;
} details[] = {
    {PROBLEM_PARAMETER, "all", {"all 为 1，或不给出", "all is 1, or not given"}},
    {PROBLEM_PARAMETER, "newest", {"newest 为 1，或不给出", "newest is 1, or not given"}},
    {PROBLEM_PARAMETER,
     "limit",
     {"limit 为 1 至 1000 的整数", "limit is a whole number from 1 to 1000"}},
    {PROBLEM_PARAMETER,
     "after",
     {"after 为事件编号：0 或正整数", "after is the number of an event: 0 or more"}},
    {PROBLEM_PARAMETER,
     "before",
     {"before 为事件编号：0 或正整数", "before is the number of an event: 0 or more"}},
    {PROBLEM_PARAMETER,
     "from",
     {"from 为上一页给出的 next：0 或正整数",
      "from is what the page before said in next: 0 or more"}},
    {PROBLEM_PARAMETER, "step", {"step 为 60 或 900（秒）", "step is 60 or 900 (seconds)"}},
    {PROBLEM_PARAMETER,
     "history_since",
     {"since 为 until 之前、带时区的时刻，如 2026-11-25T18:00:00Z，或 1970 年以来的秒数",
      "since is a time before until, with its zone: 2026-11-25T18:00:00Z, or seconds since 1970"}},
    {PROBLEM_PARAMETER,
     "history_until",
     {"until 为带时区的时刻，如 2026-11-25T18:00:00Z，或 1970 年以来的秒数",
      "until is a time with its zone: 2026-11-25T18:00:00Z, or seconds since 1970"}},
    {PROBLEM_PARAMETER,
     "point",
     {"point 为测点名称；查询历史曲线时可给出 1 至 8 次",
      "point is the id of a point; for a history it is given once to eight times"}},
    {PROBLEM_PARAMETER,
     "place",
     {"place 为地点名称，如 care/day-care", "place is the id of a place: care/day-care"}},
    {PROBLEM_PARAMETER,
     "lane",
     {"lane 为 alarm（告警）或 activity（活动）", "lane is alarm or activity"}},
    {PROBLEM_PARAMETER,
     "type",
     {"type 为事件类型，如 alarm.raised，或一组类型，如 alarm、access",
      "type is a type of event, alarm.raised, or a group of them: alarm, access"}},
    {PROBLEM_PARAMETER,
     "class",
     {"class 为告警类别，如 fire.alarm，或一组类别，如 fire；见 GET /api/v1/rules",
      "class is what an alarm is about, fire.alarm, or a group of it: fire; see GET /api/v1/rules"}},
    {PROBLEM_PARAMETER,
     "priority",
     {"priority 为 emergency、urgent、high、low 或 journal",
      "priority is emergency, urgent, high, low or journal"}},
    {PROBLEM_PARAMETER,
     "since",
     {"since 为带时区的时刻或站点的某一天，如 2026-11-25T18:00:00+08:00（加号在地址中写作 %2B）、2026-11-25",
      "since is a time with its zone or a day of the site: 2026-11-25T18:00:00+08:00 (in an address the "
      "plus is %2B), 2026-11-25"}},
    {PROBLEM_PARAMETER,
     "until",
     {"until 不早于 since，为带时区的时刻或站点的某一天，如 2026-11-25T18:00:00+08:00（加号在地址中写作 %2B）、2026-11-25",
      "until is not before since: a time with its zone or a day of the site, 2026-11-25T18:00:00+08:00 (in an "
      "address the plus is %2B), 2026-11-25"}},
    {PROBLEM_REMOTE_TIME,
     "clock",
     {"网关时钟曾被拨回，不可信，time 与其相差超过 60 秒，未执行。请校准网关的时钟，或在控制台操作",
      "The gateway's clock was set back and is not to be trusted, and its time is more than 60 s from it; nothing "
      "was done. Set the gateway's clock, or use the console"}},
    {PROBLEM_BODY,
     "shift",
     {"shift 为站点文件中的班次，见 GET /api/v1/shifts",
      "shift is a shift of the site file; see GET /api/v1/shifts"}},
    {PROBLEM_BODY,
     "since_of_shift",
     {"since 为带时区的时刻，不晚于现在，也不早于 14 天前",
      "since is a time with its zone, not after now and not more than 14 days ago"}},
    {PROBLEM_BODY,
     "note",
     {"note 至多 255 字节，不含控制字符",
      "note is a text of at most 255 bytes without control characters"}},
    {PROBLEM_BODY,
     "by",
     {"by（--by）为 1 至 42 字节的姓名，不含控制字符",
      "by (--by) is a name of 1 to 42 bytes without control characters"}},
    {PROBLEM_BODY,
     "second_by",
     {"second_by（--second）为 1 至 42 字节的姓名，不含控制字符",
      "second_by (--second) is a name of 1 to 42 bytes without control characters"}},
    {PROBLEM_BODY,
     "reason",
     {"reason（--reason）至多 255 字节，不含控制字符",
      "reason (--reason) is a text of at most 255 bytes without control characters"}},
    {PROBLEM_BODY,
     "minutes",
     {"minutes（--minutes）为 1 至 527040 的整数，站点允许的可能更短；时长只给出一次",
      "minutes (--minutes) is a whole number from 1 to 527040, and the site may allow less; how long is "
      "said once"}},
    {PROBLEM_BODY,
     "seconds",
     {"seconds（--seconds）为 1 至 31622400 的整数；时长只给出一次",
      "seconds (--seconds) is a whole number from 1 to 31622400; how long is said once"}},
    {PROBLEM_BODY,
     "until",
     {"until（--until）为一年以内、带时区的将来时刻，如 2026-11-25T18:00:00+08:00；时长只给出一次",
      "until (--until) is a time to come within a year, with its zone: 2026-11-25T18:00:00+08:00; how "
      "long is said once"}},
    {PROBLEM_BODY,
     "second_role",
     {"second_role（--second-role）为 caregiver、security、manager、engineer、auditor 之一",
      "second_role (--second-role) is caregiver, security, manager, engineer or auditor"}},
    {PROBLEM_BODY,
     "disposition",
     {"处置结论（--as）为 genuine、equipment、misuse、test、drill、duplicate、no_answer 之一",
      "What it was (--as) is genuine, equipment, misuse, test, drill, duplicate or no_answer"}},
    {PROBLEM_BODY, "result", {"核实结果为 real 或 false", "What was found is real or false"}},
    {PROBLEM_RESEND,
     "since",
     {"since（--since）必填，为首个要重发的事件：其序号（自 1 起，可用 tocsin events 查看），或带时区且已过去的时刻，"
      "如 2026-11-25T18:00:00+08:00，或一个日期，如 2026-11-25：自站点当地该日零点起",
      "since (--since) has to be given. It is the number of the first event, from 1 on (`tocsin "
      "events` shows them), or a time that has been, with its zone: 2026-11-25T18:00:00+08:00, or a "
      "day: 2026-11-25, from its midnight at the site"}},
    {PROBLEM_RESEND,
     "until",
     {"until（--until）为最后一个要重发的事件，不早于 since：其序号，或带时区的时刻，如 "
      "2026-11-25T18:00:00+08:00，或一个日期，如 2026-11-25：至站点当地该日结束",
      "until (--until) is the last event, not before since: its number, or a time with its zone: "
      "2026-11-25T18:00:00+08:00, or a day: 2026-11-25, up to its end at the site"}},
    {PROBLEM_RESEND,
     "to",
     {"to（--to）为 broker（缺省）或 database",
      "to (--to) is broker, which it is without it, or database"}},
    {PROBLEM_RESEND,
     "by",
     {"by（--by）为 1 至 42 字节的姓名，不含控制字符",
      "by (--by) is a name of 1 to 42 bytes without control characters"}},
    {PROBLEM_NO_SINK,
     "broker",
     {"站点没有配置消息代理（站点文件中的 mqtt），因此未重发任何事件",
      "The site names no broker (`mqtt` in its file), so nothing is sent again"}},
    {PROBLEM_NO_SINK,
     "database",
     {"站点没有配置数据库（站点文件中的 influx），因此未重发任何事件",
      "The site names no database (`influx` in its file), so nothing is sent again"}},
};

/* Which rule refused, and what to do about it; those that name a time are formatted. */
static const struct texts refusals[COMMAND_REFUSAL_COUNT] = {
    [COMMAND_ACCEPTED] = {"已执行", "Done"},
    [COMMAND_REFUSED_UNKNOWN] = {"没有此告警；名称为 规则/对象，见告警列表（含已恢复正常的）",
                                 "There is no such alarm. Its name is RULE/ENTITY, as the list of "
                                 "alarms has it, with those that are normal"},
    [COMMAND_REFUSED_NORMAL] = {"此告警目前正常，无需操作",
                                "The alarm is normal at present: there is nothing to act on"},
    [COMMAND_REFUSED_ACKED] =
        {"已有人确认此告警。若仍在呼叫他人，须由被呼叫的角色（如护理员）或其上级确认才会停止",
         "Somebody has acknowledged this alarm already. If people are still being called for it, that "
         "stops when one of a role that is called, or above it, acknowledges: a caregiver, for example"},
    [COMMAND_REFUSED_ATTENDED] = {"已记录有人到场，无需再次记录",
                                  "It is recorded already that somebody has been at the place"},
    [COMMAND_REFUSED_ACK_REQUIRED] = {"尚未有人确认此告警，不能复位，也不能登记核实结果：请先确认",
                                      "Nobody has acknowledged this alarm, so it can neither be "
                                      "reset nor investigated: acknowledge it first"},
    [COMMAND_REFUSED_STILL_ACTIVE] =
        {"触发条件仍然存在，不能复位：请先到现场排除。区域火警升级（system_fire_promoted）须先复位该区域的各个火警",
         "Its condition is still true, so it cannot be reset: see to the cause at the place first. For "
         "system_fire_promoted, reset the fire alarms of its zone first"},
    [COMMAND_REFUSED_UNKNOWN_STATE] =
        {"现在还不知道险情是否已解除，不能复位：规则所依据的传感器中有失联或故障的，或刚恢复、刚启动，"
         "规则回看的时间内数据尚不完整。请先修复该地点的故障传感器或线路；若无故障，请稍后再试",
         "It is not known yet whether the danger is over, so it cannot be reset: a sensor that its rule "
         "looks at is lost or at fault, or the rule looks back over a time that is not all known, as "
         "just after a start or after a sensor came back. See to those of the place that are at fault, "
         "or to their lines; if none is, try again a little later"},
    [COMMAND_REFUSED_ATTEND_REQUIRED] =
        {"呼叫须有人到场后才能复位：请到场按下到场按钮，或先记录到场",
         "A call closes only after somebody has been there: attend at "
         "the place first, then reset"},
    [COMMAND_REFUSED_NOT_LATCHED] =
        {"此类告警会自行关闭，无需复位",
         "This alarm closes by itself when its condition is over; it needs "
         "no reset"},
    [COMMAND_REFUSED_UNKNOWN_PLACE] = {"没有此地点；名称须与站点配置一致",
                                       "There is no such place; its name is that of the site"},
    [COMMAND_REFUSED_ROLE] = {"此角色只能查看，不能操作告警；请由护理员、安保、经理或工程师操作",
                              "This role looks and does not act; a caregiver, security, a manager "
                              "or an engineer may"},
    [COMMAND_REFUSED_NOT_FIRE] = {"只有火警需要登记核实结果",
                                  "Only a fire alarm is investigated; attend to this one instead"},
    [COMMAND_REFUSED_INVESTIGATED] = {"已登记相同的核实结果",
                                      "The same result of the investigation is recorded already"},
    [COMMAND_REFUSED_SILENCED] = {"声音已暂停，会自动恢复；无需再次操作",
                                  "Its sound is off already and comes back by itself"},
    [COMMAND_REFUSED_NO_DURATION] = {"须给出时长或截止时间，到时会自动恢复",
                                     "Say for how long or until when; it ends by itself then"},
    [COMMAND_REFUSED_NO_REASON] = {"须说明原因，以便记录", "Say why; it is recorded"},
    [COMMAND_REFUSED_MANAGED] =
        {"火警与呼叫类告警不得搁置；确需检修其传感器时请将其停用，并由两人操作",
         "Fires and calls are never shelved. If its sensor has to be worked "
         "on, take it out of service, with a second person"},
    [COMMAND_REFUSED_SECOND_ROLE] =
        {"停用此类告警、测试设有火灾探测器的地点，都须由两个不同的人、以两个不同的角色共同负责："
         "请给出第二人及其角色，第二人不能就是第一人，角色也不能与第一人相同",
         "It takes two people in two roles to put such an alarm out of service, or a place where "
         "fires are looked for under test: name the second and the role; that must be another "
         "person than the first, in another role"},
    [COMMAND_REFUSED_SHELVED] = {"已搁置；如需更改时间，请先取消搁置",
                                 "It is shelved already; unshelve it first to change the time"},
    [COMMAND_REFUSED_NOT_SHELVED] = {"未被搁置", "It is not shelved"},
    [COMMAND_REFUSED_OUT_OF_SERVICE] =
        {"已停用；如需更改时间，请先恢复使用",
         "It is out of service already; put it in service first to change the time"},
    [COMMAND_REFUSED_IN_SERVICE] = {"未停用，正在使用", "It is in service"},
    [COMMAND_REFUSED_NO_DISPOSITION] =
        {"须给出处置结论：genuine、equipment、misuse、test、drill、duplicate、no_answer 之一",
         "Say what it was: genuine, equipment, misuse, test, drill, duplicate or no_answer"},
    [COMMAND_REFUSED_TESTING] = {"此地点、其上级或下级地点已在测试中；请先结束该测试",
                                 "The place, one around it or one in it is under test already; end "
                                 "that test first"},
    [COMMAND_REFUSED_NOT_TESTING] = {"此地点本身没有测试；若上级地点在测试中，请结束那个测试",
                                     "The place itself is not under test; if a place around it is, "
                                     "end that test"},
    [COMMAND_REFUSED_IN_EARNEST] = {"此告警已不是测试：测试之后又有人呼叫或再次触发，请立即查看",
                                    "The alarm is no test any more: it was raised again after "
                                    "the test; go and look"},
};

static const char *texts_pick(struct texts texts, enum site_language language) {
    return language == LANGUAGE_ZH ? texts.zh : texts.en;
}

static struct texts problem_detail(enum problem problem, const char *about) {
    for (size_t i = 0; about != NULL && i < sizeof details / sizeof details[0]; i++) {
        if (details[i].problem == problem && strcmp(details[i].about, about) == 0) {
            return details[i].detail;
        }
    }
    return problems[problem].detail;
}

static json_t *problem_body(const char *type, const char *title, int status, const char *detail) {
    char uri[64];
    (void)snprintf(uri, sizeof uri, "tocsin:problem/%s", type);
    return json_pack("{s:s, s:s, s:i, s:s}", "type", uri, "title", title, "status", status,
                     "detail", detail);
}

json_t *problem_object(enum problem problem, enum site_language language, const char *about) {
    assert(problem < PROBLEM_COUNT);
    json_t *body =
        problem_body(problems[problem].name, problems[problem].title, problems[problem].status,
                     texts_pick(problem_detail(problem, about), language));
    if (about != NULL) {
        (void)json_object_set_new(body, "about", json_string(about));
    }
    return body;
}

int refusal_status(enum command_refusal refusal) {
    bool unknown = refusal == COMMAND_REFUSED_UNKNOWN || refusal == COMMAND_REFUSED_UNKNOWN_PLACE;
    return unknown ? 404 : 409;
}

json_t *refusal_object(enum command_refusal refusal, const struct alarm_times *times,
                       enum site_language language, const char *about, const char *subject) {
    assert(refusal < COMMAND_REFUSAL_COUNT && refusal != COMMAND_ACCEPTED);
    const char *name = command_refusal_name(refusal);
    char text[PROBLEM_REFUSAL_SIZE];
    problem_refusal_format(refusal, times, language, subject, text);
    json_t *body = problem_body(name, "The command was refused", refusal_status(refusal), text);
    (void)json_object_set_new(body, "refusal", json_string(name));
    (void)json_object_set_new(body, about, json_string(subject));
    return body;
}

const char *problem_name(enum problem problem) {
    assert(problem < PROBLEM_COUNT);
    return problems[problem].name;
}

int problem_status(enum problem problem) {
    assert(problem < PROBLEM_COUNT);
    return problems[problem].status;
}

/* How long things may take at most, in the units that the commands take. */
static void problem_too_long(const struct alarm_times *times, enum site_language language,
                             char ret[PROBLEM_REFUSAL_SIZE]) {
    enum { MINUTE_S = 60, DAY_S = 86400 };
    (void)snprintf(
        ret, PROBLEM_REFUSAL_SIZE,
        language == LANGUAGE_ZH
            ? "时间过长：消音至多 %u 秒，搁置至多 %u 分钟，停用至多 %u 天，测试至多 %u 分钟"
            : "That is too long: a silence lasts at most %u s, a shelving %u min, out of service %u "
              "days, a test %u min",
        times->silence_max_s, times->shelve_max_s / MINUTE_S, times->service_max_s / DAY_S,
        times->test_max_s / MINUTE_S);
}

static void problem_too_late(const struct alarm_times *times, enum site_language language,
                             char ret[PROBLEM_REFUSAL_SIZE]) {
    char span[SITE_SPAN_SIZE];
    site_span_format(times->disposition_s, span);
    (void)snprintf(ret, PROBLEM_REFUSAL_SIZE,
                   language == LANGUAGE_ZH
                       ? "告警关闭已超过 %s，处置结论不能再更改"
                       : "It was closed more than %s ago; what it was stays as it is recorded",
                   span);
}

/* Which point it is stands behind the slash of its alarm's name. */
static void problem_quality(const char *alarm, enum site_language language,
                            char ret[PROBLEM_REFUSAL_SIZE]) {
    const char *slash = strchr(alarm, '/');
    (void)snprintf(
        ret, PROBLEM_REFUSAL_SIZE,
        language == LANGUAGE_ZH
            ? "传感器 %s 的读数不可信，无法确认险情已解除，不能复位：请先修复传感器或线路；"
              "一时修不好的，请先将此告警停用"
            : "The readings of %s are not to be trusted, so nobody knows that the danger is over and it "
              "cannot be reset: repair the sensor or its line; until that is done, take the alarm out "
              "of service",
        slash != NULL ? slash + 1 : alarm);
}

void problem_refusal_format(enum command_refusal refusal, const struct alarm_times *times,
                            enum site_language language, const char *subject,
                            char ret[PROBLEM_REFUSAL_SIZE]) {
    assert(refusal < COMMAND_REFUSAL_COUNT);
    if (refusal == COMMAND_REFUSED_TOO_LONG) {
        problem_too_long(times, language, ret);
    } else if (refusal == COMMAND_REFUSED_TOO_LATE) {
        problem_too_late(times, language, ret);
    } else if (refusal == COMMAND_REFUSED_QUALITY) {
        problem_quality(subject, language, ret);
    } else {
        (void)snprintf(ret, PROBLEM_REFUSAL_SIZE, "%s", texts_pick(refusals[refusal], language));
    }
}

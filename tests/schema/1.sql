-- SPDX-License-Identifier: Apache-2.0
-- A small journal of schema version 1: the tables as commit 32a6633 made them, and rows in each.
CREATE TABLE event( seq INTEGER PRIMARY KEY, boot TEXT NOT NULL, at_wall INTEGER NOT NULL, lane INTEGER NOT NULL, type TEXT NOT NULL, alarm TEXT, place TEXT, point TEXT, body TEXT NOT NULL, digest BLOB NOT NULL);
CREATE INDEX event_alarm ON event(seq, alarm) WHERE lane = 0;
CREATE TABLE first_sent(seq INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE alarm( name TEXT PRIMARY KEY, pending INTEGER NOT NULL, active INTEGER NOT NULL, acked INTEGER NOT NULL, latched INTEGER NOT NULL, attended INTEGER NOT NULL, open INTEGER NOT NULL, occurrence INTEGER NOT NULL, raises INTEGER NOT NULL, condition INTEGER NOT NULL, remaining_ns INTEGER NOT NULL, raised INTEGER NOT NULL, acked_at INTEGER NOT NULL, attended_at INTEGER NOT NULL, at_instant INTEGER NOT NULL, at_wall INTEGER NOT NULL, changed INTEGER NOT NULL, value REAL NOT NULL, quality INTEGER NOT NULL, memories BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE sink(sink TEXT NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(sink, lane)) WITHOUT ROWID;
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('site','gulou-demo');
INSERT INTO meta VALUES('gateway','main');
INSERT INTO meta VALUES('boot','7');
INSERT INTO event VALUES(1,'7',1795651201000000000,1,'access.granted',NULL,'care/day-care',NULL,'{"id":"gulou-demo.main.7.1","type":"tocsin.access.granted"}',x'2f8af7020607445cbf0f47aa49a0efb355d90ba6370e3477f3f916daf9b5ee20');
INSERT INTO event VALUES(2,'7',1795651202000000000,0,'alarm.raised','emergency_call/room-1','care/day-care',NULL,'{"id":"gulou-demo.main.7.2","type":"tocsin.alarm.raised"}',x'268c2f3bd8f351be1e94bb4514acae7a4525099d1eca665198a31da06705db1f');
INSERT INTO event VALUES(3,'7',1795651203000000000,1,'access.granted',NULL,'care/day-care',NULL,'{"id":"gulou-demo.main.7.3","type":"tocsin.access.granted"}',x'982cbfdecbbeaccad181627f5afceb91eb920105117d7c9e8fc14fd3bccbc6cb');
INSERT INTO event VALUES(4,'7',1795651204000000000,0,'alarm.raised','emergency_call/room-1','care/day-care',NULL,'{"id":"gulou-demo.main.7.4","type":"tocsin.alarm.raised"}',x'a94a1b6b6da99ddc51f2bd897eaac86af2b453d89a57655bd6144ed170b1acda');
INSERT INTO event VALUES(5,'7',1795651205000000000,1,'access.granted',NULL,'care/day-care',NULL,'{"id":"gulou-demo.main.7.5","type":"tocsin.access.granted"}',x'8969f98de38df188d44891e1ba646d1208620a12b835ec13bf8c84d1833c47a0');
INSERT INTO event VALUES(6,'7',1795651206000000000,0,'alarm.raised','emergency_call/room-1','care/day-care',NULL,'{"id":"gulou-demo.main.7.6","type":"tocsin.alarm.raised"}',x'37f03bf0c6ce2df45900e4b89f30f8a9669f472b71efc2bde6b6c8cefc6b990f');
INSERT INTO first_sent VALUES(4,1);
INSERT INTO sink VALUES('mqtt',0,4);
INSERT INTO sink VALUES('mqtt',1,5);
INSERT INTO alarm VALUES('emergency_call/room-1',0,1,0,1,0,1,4,2,1,0,1795651204000000000,0,0,44000000000,1795651206000000000,1795651205000000000,1.5,0,x'000000000000000000000000000000000000');
INSERT INTO alarm VALUES('fire_alarm/room-2',0,1,1,1,0,1,5,2,1,0,1795651204000000000,1795651205000000000,0,44000000000,1795651206000000000,1795651205000000000,1.5,0,x'000000000000000000000000000000000000');
PRAGMA application_id=1414480723;
PRAGMA user_version=1;

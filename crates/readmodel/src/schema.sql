-- The read model. Everything in it can be made anew from the account of events and the dead-letter queues; whoever
-- changes this file raises VERSION in store.rs, and the file is made anew.

CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- Words that many rows share: codes, groups, plans, runs, instances.
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE customer (
  id INTEGER PRIMARY KEY,
  company TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  what INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_at ON customer (at);

-- What happened, in the order of the stream; the index is what makes a repeat known.
CREATE TABLE step (
  n INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL,
  id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  program INTEGER NOT NULL,
  event BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX step_of ON step (customer, id);

-- Entries of the audit log that the account of events knows, by their place in it.
CREATE TABLE audit_mark (
  ms INTEGER NOT NULL,
  number INTEGER NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (ms, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE minute (
  minute INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  what INTEGER NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (minute, stage, what)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL) STRICT;
CREATE INDEX run_at ON run (last_at);
CREATE TABLE run_count (
  run INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  what INTEGER NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (run, stage, what)
) STRICT, WITHOUT ROWID;

-- Plans and operations, and each letter that they moved with what has become of it.
CREATE TABLE move (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  stage INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX move_at ON move (last_at);
CREATE TABLE move_letter (
  move INTEGER NOT NULL,
  digits TEXT NOT NULL,
  customer INTEGER NOT NULL,
  way INTEGER NOT NULL,
  at INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  what INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  again TEXT NOT NULL,
  PRIMARY KEY (move, digits)
) STRICT, WITHOUT ROWID;
CREATE INDEX move_letter_of ON move_letter (move, customer);

-- Open letters, oldest first by n. `rank` is the customer behind the six digits of its length, so that it sorts as ids do.
-- whole: 0 known by a move only, 1 with its failure record, 2 as it was seen in its queue, with its body.
CREATE TABLE letter (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  stage INTEGER NOT NULL,
  digits TEXT NOT NULL,
  life TEXT NOT NULL,
  message TEXT NOT NULL,
  rank TEXT NOT NULL,
  code INTEGER NOT NULL,
  vendor INTEGER,
  field INTEGER,
  grp INTEGER NOT NULL,
  said INTEGER NOT NULL,
  plan INTEGER,
  tag INTEGER,
  outcome INTEGER NOT NULL,
  program INTEGER NOT NULL,
  version TEXT NOT NULL,
  restored INTEGER,
  attempts INTEGER NOT NULL,
  replays INTEGER NOT NULL,
  first INTEGER NOT NULL,
  died INTEGER NOT NULL,
  whole INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX letter_key ON letter (stage, digits, life);
CREATE INDEX letter_stage ON letter (stage);
CREATE INDEX letter_message ON letter (stage, message);
CREATE INDEX letter_rank ON letter (stage, rank);
CREATE INDEX letter_code ON letter (stage, code);
CREATE INDEX letter_vendor ON letter (stage, vendor) WHERE vendor IS NOT NULL;
CREATE INDEX letter_field ON letter (stage, field) WHERE field IS NOT NULL;
CREATE INDEX letter_plan ON letter (stage, plan) WHERE plan IS NOT NULL;
CREATE INDEX letter_restored ON letter (stage, restored) WHERE restored IS NOT NULL;
CREATE INDEX letter_group ON letter (stage, grp);
CREATE INDEX letter_group_died ON letter (stage, grp, died);
CREATE INDEX letter_group_first ON letter (stage, grp, first);
CREATE INDEX letter_group_rank ON letter (stage, grp, rank);
CREATE INDEX letter_died ON letter (stage, died);
CREATE INDEX letter_partial ON letter (stage, whole) WHERE whole < 2;

-- The failure record and the body as JSON, masked; the body is there when the letter was seen in its queue.
CREATE TABLE letter_record (n INTEGER PRIMARY KEY, record TEXT NOT NULL, kind TEXT NOT NULL, body TEXT) STRICT;

-- Customers of a letter that carries the records of many, as their ranks.
CREATE TABLE letter_customer (rank TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (rank, n)) STRICT, WITHOUT ROWID;
CREATE INDEX letter_customer_of ON letter_customer (n);

-- Which pieces of text stand in which letter; what it says stands in letter_record.
CREATE VIRTUAL TABLE letter_text USING fts5(
  pieces, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);

CREATE TABLE grp (
  stage INTEGER NOT NULL,
  grp INTEGER NOT NULL,
  code INTEGER NOT NULL,
  field INTEGER,
  said INTEGER NOT NULL,
  letters INTEGER NOT NULL,
  replayed INTEGER NOT NULL,
  PRIMARY KEY (stage, grp)
) STRICT, WITHOUT ROWID;
CREATE TABLE grp_program (
  stage INTEGER NOT NULL,
  grp INTEGER NOT NULL,
  program INTEGER NOT NULL,
  letters INTEGER NOT NULL,
  PRIMARY KEY (stage, grp, program)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER letter_comes AFTER INSERT ON letter BEGIN
  INSERT INTO grp VALUES (new.stage, new.grp, new.code, new.field, new.said, 1, new.replays > 0)
    ON CONFLICT DO UPDATE SET letters = letters + 1, replayed = replayed + excluded.replayed;
  INSERT INTO grp_program VALUES (new.stage, new.grp, new.program, 1)
    ON CONFLICT DO UPDATE SET letters = letters + 1;
END;
CREATE TRIGGER letter_goes AFTER DELETE ON letter BEGIN
  DELETE FROM letter_text WHERE rowid = old.n;
  DELETE FROM letter_record WHERE n = old.n;
  DELETE FROM letter_customer WHERE n = old.n;
  UPDATE grp SET letters = letters - 1, replayed = replayed - (old.replays > 0) WHERE stage = old.stage AND grp = old.grp;
  DELETE FROM grp WHERE stage = old.stage AND grp = old.grp AND letters <= 0;
  UPDATE grp_program SET letters = letters - 1 WHERE stage = old.stage AND grp = old.grp AND program = old.program;
  DELETE FROM grp_program WHERE stage = old.stage AND grp = old.grp AND program = old.program AND letters <= 0;
END;

CREATE TABLE IF NOT EXISTS person (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    hash TEXT NOT NULL,
    role TEXT NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS session (
    digest TEXT PRIMARY KEY,
    person TEXT NOT NULL COLLATE NOCASE REFERENCES person (name) ON DELETE CASCADE,
    begun_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

-- Whom an OpenID provider has signed in: they are who their issuer and subject say, whatever they are called.
CREATE TABLE IF NOT EXISTS identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT;

CREATE TABLE IF NOT EXISTS identity_session (
    digest TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    role TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    FOREIGN KEY (issuer, subject) REFERENCES identity (issuer, subject) ON DELETE CASCADE
) STRICT;

-- Which provider gives which roles, as a digest.
CREATE TABLE IF NOT EXISTS provider (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    digest TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS token (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    digest TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;

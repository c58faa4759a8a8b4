-- A journal as the first release wrote it on PostgreSQL: never changed, every later release must open it.
CREATE TABLE boxes (
    owner text NOT NULL COLLATE pg_catalog."C",
    marbles bigint NOT NULL,
    "position" bigint NOT NULL
);
CREATE TABLE cursors (
    name text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);
CREATE TABLE facts (
    owner text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "position" bigint NOT NULL,
    tag text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    by text NOT NULL COLLATE pg_catalog."C",
    cause text NOT NULL COLLATE pg_catalog."C",
    origin_epoch text COLLATE pg_catalog."C",
    origin_seq bigint,
    recorded_at bigint NOT NULL,
    hash bytea NOT NULL
)
PARTITION BY RANGE (recorded_at);
CREATE TABLE facts_2027_01 (
    owner text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "position" bigint NOT NULL,
    tag text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    by text NOT NULL COLLATE pg_catalog."C",
    cause text NOT NULL COLLATE pg_catalog."C",
    origin_epoch text COLLATE pg_catalog."C",
    origin_seq bigint,
    recorded_at bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE head (
    id integer NOT NULL,
    "position" bigint NOT NULL,
    generation bigint NOT NULL,
    hash_parts integer NOT NULL
);
CREATE TABLE meta (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE notes (
    owner text NOT NULL COLLATE pg_catalog."C",
    note text NOT NULL COLLATE pg_catalog."C",
    text text COLLATE pg_catalog."C"
);
CREATE TABLE outbox (
    key text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    due_at bigint NOT NULL,
    attempts integer NOT NULL,
    last_error text NOT NULL COLLATE pg_catalog."C",
    claimed_until bigint NOT NULL,
    done_at bigint,
    dead integer NOT NULL
);
CREATE TABLE seals (
    day text NOT NULL COLLATE pg_catalog."C",
    after_position bigint NOT NULL,
    to_position bigint NOT NULL,
    digest bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE states (
    owner text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    state bytea NOT NULL,
    head_hash bytea NOT NULL
);
ALTER TABLE ONLY facts ATTACH PARTITION facts_2027_01 FOR VALUES FROM ('1798761600') TO ('1801440000');
INSERT INTO boxes VALUES ('a', 7, 2);
INSERT INTO facts_2027_01 VALUES ('a', 'box', 1, 1, 'box.added.v1', '\x7b2274797065223a22626f782e61646465642e7631222c226174223a313830303030303030302c22636f756e74223a337d', 'operator:test', '', NULL, NULL, 1800000000, '\x918ffc4ac3cbbc11e045f1a9ffa5914942f40350443b77be5f46bf2957004b73');
INSERT INTO facts_2027_01 VALUES ('a', 'box', 2, 2, 'box.added.v1', '\x7b2274797065223a22626f782e61646465642e7631222c226174223a313830303030303030302c22636f756e74223a347d', 'operator:test', '', NULL, NULL, 1800000000, '\x09ff650fc9f05191b2f26d4f9c7704e27c8232822594168a6ed4d87718d645fd');
INSERT INTO head VALUES (1, 2, 1, 0);
INSERT INTO meta VALUES ('schema_version', '1');
INSERT INTO meta VALUES ('inline_views', '070624ea8255d84d5d2f9c145c18f4e7f50a32490dd98a83db6da417b52da9fc');
INSERT INTO states VALUES ('a', 'box', 2, '\x7b226d6172626c6573223a372c226661637473223a327d', '\x09ff650fc9f05191b2f26d4f9c7704e27c8232822594168a6ed4d87718d645fd');
ALTER TABLE ONLY boxes
    ADD CONSTRAINT boxes_pkey PRIMARY KEY (owner);
ALTER TABLE ONLY cursors
    ADD CONSTRAINT cursors_pkey PRIMARY KEY (name);
ALTER TABLE ONLY facts_2027_01
    ADD CONSTRAINT facts_2027_01_pkey PRIMARY KEY (owner, kind, version);
ALTER TABLE ONLY head
    ADD CONSTRAINT head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY meta
    ADD CONSTRAINT meta_pkey PRIMARY KEY (key);
ALTER TABLE ONLY notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (owner, note);
ALTER TABLE ONLY notes
    ADD CONSTRAINT notes_text_key UNIQUE (text);
ALTER TABLE ONLY outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (key);
ALTER TABLE ONLY seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (day);
ALTER TABLE ONLY states
    ADD CONSTRAINT states_pkey PRIMARY KEY (owner, kind);
CREATE INDEX facts_in_position_order ON ONLY facts USING btree ("position");
CREATE INDEX facts_2027_01_position_idx ON facts_2027_01 USING btree ("position");
CREATE INDEX outbox_waiting ON outbox USING btree (due_at) WHERE ((done_at IS NULL) AND (dead = 0));
ALTER INDEX facts_in_position_order ATTACH PARTITION facts_2027_01_position_idx;

-- The catalog's tables. A published step never changes; a new one is added at the end.
-- Each step is a line `--- name` and one statement.
--
-- `release_id` is the distribution key of music. What must be unique across releases (an
-- artist's name, a release's identity) is reserved in a table of its own, `*_key`.

--- artist
CREATE TABLE artist (
    artist_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    musicbrainz_id TEXT,
    cover_id TEXT,
    cover_colour TEXT,
    n_releases BIGINT NOT NULL,
    n_tracks BIGINT NOT NULL,
    n_plays BIGINT NOT NULL,
    added_at_us BIGINT NOT NULL)

--- artist by name
CREATE INDEX artist_by_name ON artist (sort_key, artist_id)

--- artist by age
CREATE INDEX artist_by_age ON artist (added_at_us, artist_id)

--- who an artist is
CREATE TABLE artist_key (
    key TEXT NOT NULL PRIMARY KEY,
    artist_id TEXT NOT NULL)

--- keys of an artist
CREATE INDEX artist_key_of ON artist_key (artist_id)

--- words of artists
CREATE TABLE artist_word (
    word BYTEA NOT NULL,
    artist_id TEXT NOT NULL,
    PRIMARY KEY (word, artist_id))

--- release
CREATE TABLE release (
    release_id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    artist_sort TEXT NOT NULL,
    kind TEXT NOT NULL,
    date TEXT NOT NULL,
    genres TEXT NOT NULL,
    cover_id TEXT,
    cover_colour TEXT,
    n_tracks BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    integrated_lufs DOUBLE PRECISION,
    true_peak_dbtp DOUBLE PRECISION,
    n_plays BIGINT NOT NULL,
    added_at_us BIGINT NOT NULL)

--- release by title
CREATE INDEX release_by_title ON release (sort_key, release_id)

--- release by artist
CREATE INDEX release_by_artist ON release (artist_sort, date, sort_key, release_id)

--- release by date
CREATE INDEX release_by_date ON release (date, sort_key, release_id)

--- release by age
CREATE INDEX release_by_age ON release (added_at_us, release_id)

--- which release it is
CREATE TABLE release_key (
    key TEXT NOT NULL PRIMARY KEY,
    release_id TEXT NOT NULL)

--- keys of a release
CREATE INDEX release_key_of ON release_key (release_id)

--- words of releases
CREATE TABLE release_word (
    word BYTEA NOT NULL,
    release_id TEXT NOT NULL,
    PRIMARY KEY (word, release_id))

--- who a release is by
CREATE TABLE release_artist (
    release_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    artist_id TEXT NOT NULL,
    date TEXT NOT NULL,
    has_cover BIGINT NOT NULL,
    PRIMARY KEY (release_id, position))

--- releases of an artist
CREATE INDEX release_artist_by_date ON release_artist (artist_id, date, release_id)

--- newest cover of an artist
CREATE INDEX release_artist_by_cover
    ON release_artist (artist_id, has_cover, date, release_id)

--- track
CREATE TABLE track (
    release_id TEXT NOT NULL,
    track_id TEXT NOT NULL,
    title TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    artist_sort TEXT NOT NULL,
    release_sort TEXT NOT NULL,
    disc_number BIGINT NOT NULL,
    track_number BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    date TEXT,
    genres TEXT NOT NULL,
    isrc TEXT,
    musicbrainz_id TEXT,
    codec TEXT NOT NULL,
    content_type TEXT NOT NULL,
    sample_rate_hz BIGINT NOT NULL,
    bits_per_sample BIGINT,
    n_channels BIGINT NOT NULL,
    bitrate_bps BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    integrated_lufs DOUBLE PRECISION,
    true_peak_dbtp DOUBLE PRECISION,
    loudness_blocks BYTEA NOT NULL,
    cover_id TEXT,
    cover_colour TEXT,
    album_title TEXT,
    album_artists TEXT NOT NULL,
    is_compilation BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    n_plays BIGINT NOT NULL,
    is_available BIGINT NOT NULL,
    added_at_us BIGINT NOT NULL,
    PRIMARY KEY (release_id, track_id))

--- track by id
CREATE INDEX track_by_id ON track (track_id)

--- track by title
CREATE INDEX track_by_title ON track (sort_key, track_id)

--- track by artist
CREATE INDEX track_by_artist ON track
    (artist_sort, release_sort, disc_number, track_number, track_id)

--- track by release
CREATE INDEX track_by_release ON track
    (release_sort, release_id, disc_number, track_number, track_id)

--- track by duration
CREATE INDEX track_by_duration ON track (duration_ms, track_id)

--- track by age
CREATE INDEX track_by_age ON track (added_at_us, track_id)

--- track by plays
CREATE INDEX track_by_plays ON track (n_plays, track_id)

--- words of tracks
CREATE TABLE track_word (
    word BYTEA NOT NULL,
    track_id TEXT NOT NULL,
    PRIMARY KEY (word, track_id))

--- who a track is by
CREATE TABLE track_artist (
    release_id TEXT NOT NULL,
    track_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    artist_id TEXT NOT NULL,
    credited_as TEXT NOT NULL,
    n_plays BIGINT NOT NULL,
    PRIMARY KEY (release_id, track_id, position))

--- tracks of an artist
CREATE INDEX track_artist_by_release ON track_artist (artist_id, release_id, track_id)

--- most played of an artist
CREATE INDEX track_artist_by_plays ON track_artist (artist_id, n_plays, track_id)

--- play
CREATE TABLE play (
    account_id TEXT NOT NULL,
    play_id TEXT NOT NULL,
    track_id TEXT NOT NULL,
    started_at_us BIGINT NOT NULL,
    listened_ms BIGINT NOT NULL,
    is_counted BIGINT NOT NULL,
    received_at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, play_id))

-- One row per entity, moved to the end with each change: bounded by the catalog's size, and
-- whoever reads it from 0 sees everything once. A removed entity leaves its row behind.

--- outbox of changes
CREATE TABLE catalog_change (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (kind, id))

--- changes in order
CREATE INDEX catalog_change_by_seq ON catalog_change (seq)

--- totals and the last sequence
CREATE TABLE catalog_counter (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL)

--- cover
CREATE TABLE cover (
    cover_id TEXT NOT NULL PRIMARY KEY,
    colour TEXT NOT NULL,
    content_type TEXT NOT NULL,
    width_px BIGINT NOT NULL,
    height_px BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL)

--- sizes of covers
CREATE TABLE cover_rendition (
    cover_id TEXT NOT NULL,
    size_px BIGINT NOT NULL,
    blob_id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (cover_id, size_px))

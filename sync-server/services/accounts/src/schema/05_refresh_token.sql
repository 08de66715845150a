CREATE TABLE session_token (
            account_id TEXT NOT NULL,
            session_id TEXT NOT NULL,
            token_hash TEXT NOT NULL,
            generation BIGINT NOT NULL,
            used_at_us BIGINT,
            PRIMARY KEY (account_id, session_id, token_hash))
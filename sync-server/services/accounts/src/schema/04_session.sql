CREATE TABLE session (
            account_id TEXT NOT NULL,
            session_id TEXT NOT NULL,
            device_name TEXT NOT NULL,
            created_at_us BIGINT NOT NULL,
            used_at_us BIGINT NOT NULL,
            ended_at_us BIGINT,
            end_reason TEXT,
            PRIMARY KEY (account_id, session_id))
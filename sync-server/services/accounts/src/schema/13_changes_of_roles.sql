CREATE TABLE role_change (
            account_id TEXT NOT NULL PRIMARY KEY,
            version BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)
CREATE TABLE subscription (
            account_id TEXT NOT NULL PRIMARY KEY,
            plan_id TEXT,
            standing TEXT NOT NULL,
            until_us BIGINT NOT NULL,
            grace_us BIGINT NOT NULL,
            had_trial BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)
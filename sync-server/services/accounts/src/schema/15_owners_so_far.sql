INSERT INTO role_holder (account_id, role)
         SELECT account_id, 'owner' FROM account WHERE roles LIKE '%owner%'
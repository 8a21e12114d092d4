//! Accounts, logins and API tokens. Secrets come as hashes only.

use crate::connection::{Store, StoreError};
use crate::record::{ApiToken, Session, User, UserChange};
use crate::sql;
use jiff::Timestamp;
use model::ids::{SessionId, TokenId, UserId};
use model::role::Role;
use rusqlite::{OptionalExtension, Row, params};

impl Store {
    /// Writes a new account; [`StoreError::Exists`] if the name is taken.
    pub async fn add_user(&self, user: User) -> Result<(), StoreError> {
        self.write(move |db| {
            let role = user.role.to_string();
            let created_at = sql::ms(user.created_at);
            let id = sql::bytes(user.id.0);
            let values = params![
                id,
                user.name,
                role,
                user.password_hash,
                created_at,
                user.is_disabled
            ];
            let done = db.prepare_cached(sql::USER_ADD)?.execute(values);
            done.map_err(|e| sql::unique(e, "an account with this name"))?;
            Ok(())
        })
        .await
    }

    /// All accounts, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(sql::USERS)?;
            let rows = statement.query_map([], |row| Ok(read_user(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// An account by name, any case.
    pub async fn user_by_name(&self, name: String) -> Result<Option<User>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::USER_BY_NAME)?;
            statement
                .query_row([name], |row| Ok(read_user(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    /// An account by id.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::USER_BY_ID)?;
            let id = sql::bytes(id.0);
            statement
                .query_row([id], |row| Ok(read_user(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    /// Changes an account, and ends its logins where the change asks for that,
    /// all at once. False if there is none.
    pub async fn change_user(&self, id: UserId, change: UserChange) -> Result<bool, StoreError> {
        self.write(move |db| {
            let id = sql::bytes(id.0);
            let role = change.role.map(|role| role.to_string());
            let values = params![id, role, change.password_hash, change.is_disabled];
            let n = db.prepare_cached(sql::USER_CHANGE)?.execute(values)?;
            if change.password_hash.is_some() || change.is_disabled == Some(true) {
                let kept = change.kept.map(|id| sql::bytes(id.0));
                let mut statement = db.prepare_cached(sql::SESSIONS_OF_USER_REMOVE)?;
                statement.execute(params![id, kept])?;
            }
            Ok(n == 1)
        })
        .await
    }

    /// Removes an account with its logins and tokens. False if there is none.
    pub async fn remove_user(&self, id: UserId) -> Result<bool, StoreError> {
        self.remove(sql::USER_REMOVE, sql::bytes(id.0)).await
    }

    /// Writes a login.
    pub async fn add_session(&self, session: Session) -> Result<(), StoreError> {
        self.write(move |db| {
            let values = params![
                sql::bytes(session.id.0),
                sql::bytes(session.user.0),
                session.secret_hash,
                session.csrf,
                sql::ms(session.created_at),
                sql::ms(session.expires_at),
            ];
            db.prepare_cached(sql::SESSION_ADD)?.execute(values)?;
            Ok(())
        })
        .await
    }

    /// The login of a secret, expired or not.
    pub async fn session_by_hash(&self, hash: [u8; 32]) -> Result<Option<Session>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::SESSION_BY_HASH)?;
            statement
                .query_row([hash], |row| Ok(read_session(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    /// Ends a login. False if there is none.
    pub async fn remove_session(&self, id: SessionId) -> Result<bool, StoreError> {
        self.remove(sql::SESSION_REMOVE, sql::bytes(id.0)).await
    }

    /// Forgets logins that ended before `now`.
    pub async fn expire_sessions(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(sql::SESSIONS_EXPIRE)?
                .execute([sql::ms(now)])?;
            Ok(())
        })
        .await
    }

    /// Writes an API token.
    pub async fn add_token(&self, token: ApiToken) -> Result<(), StoreError> {
        self.write(move |db| {
            let values = params![
                sql::bytes(token.id.0),
                sql::bytes(token.user.0),
                token.name,
                token.role.to_string(),
                token.secret_hash,
                sql::ms(token.created_at),
                sql::ms(token.expires_at),
            ];
            db.prepare_cached(sql::TOKEN_ADD)?.execute(values)?;
            Ok(())
        })
        .await
    }

    /// The token of a secret, expired or not.
    pub async fn token_by_hash(&self, hash: [u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::TOKEN_BY_HASH)?;
            statement
                .query_row([hash], |row| Ok(read_token(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    /// All API tokens, oldest first.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(sql::TOKENS)?;
            let rows = statement.query_map([], |row| Ok(read_token(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// Ends an API token. False if there is none.
    pub async fn remove_token(&self, id: TokenId) -> Result<bool, StoreError> {
        self.remove(sql::TOKEN_REMOVE, sql::bytes(id.0)).await
    }

    async fn remove(&self, text: &'static str, id: [u8; 16]) -> Result<bool, StoreError> {
        self.write(move |db| Ok(db.prepare_cached(text)?.execute([id])? == 1))
            .await
    }
}

fn role(text: &str) -> Result<Role, StoreError> {
    text.parse()
        .map_err(|_| StoreError::Corrupt { what: "a role" })
}

fn read_user(row: &Row<'_>) -> Result<User, StoreError> {
    Ok(User {
        id: UserId(sql::id(row.get(0)?)),
        name: row.get(1)?,
        role: role(&row.get::<_, String>(2)?)?,
        password_hash: row.get(3)?,
        created_at: sql::at(row.get(4)?)?,
        is_disabled: row.get(5)?,
    })
}

fn read_session(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId(sql::id(row.get(0)?)),
        user: UserId(sql::id(row.get(1)?)),
        secret_hash: row.get(2)?,
        csrf: row.get(3)?,
        created_at: sql::at(row.get(4)?)?,
        expires_at: sql::at(row.get(5)?)?,
    })
}

fn read_token(row: &Row<'_>) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: TokenId(sql::id(row.get(0)?)),
        user: UserId(sql::id(row.get(1)?)),
        name: row.get(2)?,
        role: role(&row.get::<_, String>(3)?)?,
        secret_hash: row.get(4)?,
        created_at: sql::at(row.get(5)?)?,
        expires_at: sql::at(row.get(6)?)?,
    })
}

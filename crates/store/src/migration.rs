//! The schema, by numbers: `PRAGMA user_version` says how far a file is.

use crate::connection::StoreError;
use rusqlite::Connection;

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
];

/// The schema of this release.
pub const SCHEMA: usize = MIGRATIONS.len();

/// Brings a file to `SCHEMA`; refuses one from a newer release.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found =
        usize::try_from(found).map_err(|_| StoreError::SchemaNewer { found: usize::MAX })?;
    if found > SCHEMA {
        return Err(StoreError::SchemaNewer { found });
    }
    for (number, text) in (1_i64..).zip(MIGRATIONS).skip(found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(text)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::info!(number, "Database schema is at a new number.");
    }
    Ok(())
}

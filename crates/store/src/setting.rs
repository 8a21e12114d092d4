//! Settings: short texts by name.

use crate::connection::{Store, StoreError};
use crate::sql;
use rusqlite::{OptionalExtension, params};

impl Store {
    /// A setting.
    pub async fn setting(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(sql::SETTING)?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Writes a setting.
    pub async fn put_setting(&self, name: &'static str, value: String) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(sql::SETTING_PUT)?
                .execute(params![name, value])?;
            Ok(())
        })
        .await
    }
}

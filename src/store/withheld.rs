//! Rows of withheld results. Their content is sealed before it comes here.

use sqlx::Row as _;

use super::{Store, StoreError};
use crate::ids::now_ms;

/// A withheld result as it is kept.
#[derive(Clone, Debug, serde::Serialize)]
pub struct WithheldRow {
    /// Of the request whose result it is.
    pub reference: String,
    /// Finds the same call by the same caller again.
    #[serde(skip)]
    pub lookup: Vec<u8>,
    /// `kept`, `released` or `taken`.
    pub state: String,
    pub principal: String,
    pub client: String,
    pub run: Option<String>,
    pub method: String,
    pub upstream: String,
    pub target: String,
    /// Why it was withheld.
    pub why: String,
    /// Ids of the rules that matched, separated by spaces.
    pub rules: String,
    /// Of the content, in hexadecimal: what a person signs.
    pub digest: String,
    /// Whether an agent could be given it; a malformed answer is for people alone.
    pub releasable: bool,
    #[serde(skip)]
    pub sealed: Vec<u8>,
    pub created: i64,
    pub expires: i64,
    pub released_by: Option<String>,
    pub released_at: Option<i64>,
    pub proven: Option<bool>,
    /// Until when the same call gets the result.
    pub retry_until: Option<i64>,
    pub taken_at: Option<i64>,
}

/// A person's word that a result may go to its caller.
#[derive(Clone, Debug)]
pub struct ReleaseRow {
    pub by: String,
    pub proven: bool,
    pub retry_until: i64,
}

impl Store {
    /// Keeps a result, and forgets the oldest ones beyond `bytes_max`.
    ///
    /// # Errors
    /// The store failed; the result is not kept then.
    pub async fn keep_withheld(&self, row: &WithheldRow, bytes_max: i64) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO withheld
             (reference, lookup, state, principal, client, run, method, upstream, target, why,
              rules, digest, releasable, sealed, created, expires)
             VALUES (?, ?, 'kept', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&row.reference)
        .bind(&row.lookup)
        .bind(&row.principal)
        .bind(&row.client)
        .bind(&row.run)
        .bind(&row.method)
        .bind(&row.upstream)
        .bind(&row.target)
        .bind(&row.why)
        .bind(&row.rules)
        .bind(&row.digest)
        .bind(row.releasable)
        .bind(&row.sealed)
        .bind(row.created)
        .bind(row.expires)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM withheld WHERE reference IN (
                 SELECT reference FROM (
                     SELECT reference,
                         SUM(LENGTH(sealed)) OVER (ORDER BY created DESC, rowid DESC) AS total
                     FROM withheld)
                 WHERE total > ?)",
        )
        .bind(bytes_max)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// A result that is still kept.
    ///
    /// # Errors
    /// The store failed.
    pub async fn withheld(&self, reference: &str) -> Result<Option<WithheldRow>, StoreError> {
        let query = sqlx::query("SELECT * FROM withheld WHERE reference = ? AND expires > ?");
        let row = query.bind(reference).bind(now_ms()).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Lets the same call have a result. `false`: it was released before, or is not kept any more.
    ///
    /// # Errors
    /// The store failed; nothing is released then.
    pub async fn release_withheld(
        &self,
        reference: &str,
        release: &ReleaseRow,
    ) -> Result<bool, StoreError> {
        let changed = sqlx::query(
            "UPDATE withheld SET state = 'released', released_by = ?2, released_at = ?3,
                 proven = ?4, retry_until = ?5
             WHERE reference = ?1 AND state = 'kept' AND releasable AND expires > ?3",
        )
        .bind(reference)
        .bind(&release.by)
        .bind(now_ms())
        .bind(release.proven)
        .bind(release.retry_until)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() == 1)
    }

    /// Takes the one use of a release. Of any number of takers, one gets it.
    ///
    /// # Errors
    /// The store failed; nobody gets it then.
    pub async fn take_released(&self, lookup: &[u8]) -> Result<Option<WithheldRow>, StoreError> {
        let row = sqlx::query(
            "UPDATE withheld SET state = 'taken', taken_at = ?2
             WHERE reference = (
                 SELECT reference FROM withheld
                 WHERE lookup = ?1 AND state = 'released' AND retry_until > ?2 AND expires > ?2
                 ORDER BY released_at LIMIT 1)
             AND state = 'released' RETURNING *",
        )
        .bind(lookup)
        .bind(now_ms())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// How many released results wait for their call.
    ///
    /// # Errors
    /// The store failed.
    pub async fn released(&self) -> Result<u32, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT COUNT(*) FROM withheld
             WHERE state = 'released' AND retry_until > ?1 AND expires > ?1",
        );
        Ok(query.bind(now_ms()).fetch_one(&self.pool).await?)
    }

    /// Deletes what was kept long enough. Returns how many there were.
    ///
    /// # Errors
    /// The store failed.
    pub async fn expire_withheld(&self) -> Result<u64, StoreError> {
        let query = sqlx::query("DELETE FROM withheld WHERE expires <= ?");
        Ok(query.bind(now_ms()).execute(&self.pool).await?.rows_affected())
    }
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<WithheldRow, sqlx::Error> {
    Ok(WithheldRow {
        reference: row.try_get("reference")?,
        lookup: row.try_get("lookup")?,
        state: row.try_get("state")?,
        principal: row.try_get("principal")?,
        client: row.try_get("client")?,
        run: row.try_get("run")?,
        method: row.try_get("method")?,
        upstream: row.try_get("upstream")?,
        target: row.try_get("target")?,
        why: row.try_get("why")?,
        rules: row.try_get("rules")?,
        digest: row.try_get("digest")?,
        releasable: row.try_get("releasable")?,
        sealed: row.try_get("sealed")?,
        created: row.try_get("created")?,
        expires: row.try_get("expires")?,
        released_by: row.try_get("released_by")?,
        released_at: row.try_get("released_at")?,
        proven: row.try_get("proven")?,
        retry_until: row.try_get("retry_until")?,
        taken_at: row.try_get("taken_at")?,
    })
}
